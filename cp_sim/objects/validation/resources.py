"""Amounts of resources in containers, pods, quotas and limit ranges.

Sources: `ValidateContainerResourceRequirements`, `ValidateResourceQuantityValue`, `validateContainerResourceName` in
`pkg/apis/core/validation/validation.go`, `pkg/apis/core/helper/helpers.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, not_found, required
from cp_sim.objects.quantity import parse
from cp_sim.objects.validation.common import NONE

Object = dict[str, Any]

CONTAINER = frozenset({"cpu", "memory", "ephemeral-storage"})
STANDARD = CONTAINER | frozenset(
    {
        "requests.cpu", "requests.memory", "requests.ephemeral-storage", "limits.cpu", "limits.memory",
        "limits.ephemeral-storage", "pods", "resourcequotas", "services", "replicationcontrollers", "secrets",
        "configmaps", "persistentvolumeclaims", "storage", "requests.storage", "services.nodeports",
        "services.loadbalancers",
    }
)  # fmt: skip
QUOTA = STANDARD - {"storage"}
INTEGER = frozenset(
    {
        "pods", "resourcequotas", "services", "replicationcontrollers", "secrets", "configmaps",
        "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    }
)  # fmt: skip
HUGE = "hugepages-"
NOT_QUALIFIED = "must be a standard resource type or fully qualified"


def is_native(name: str) -> bool:
    """Whether a name is Kubernetes' own: without a domain, or in one of kubernetes.io."""
    return "/" not in name or "kubernetes.io/" in name


def is_extended(name: str) -> bool:
    """Whether a name is an extended resource's."""
    if is_native(name) or name.startswith("requests."):
        return False
    return not names.qualified_name("requests." + name)


def resource_name(name: str, at: str, causes: Causes) -> None:
    """A resource's name: qualified, and Kubernetes' own if it has no domain."""
    problems = names.qualified_name(name)
    for problem in problems:
        causes.append(invalid(at, name, problem))
    if problems:
        return
    if "/" not in name and name not in STANDARD and not name.startswith((HUGE, "requests." + HUGE)):
        causes.append(invalid(at, name, NOT_QUALIFIED))


def container_resource_name(name: str, at: str, causes: Causes) -> None:
    """A resource that a container can ask for."""
    before = len(causes)
    resource_name(name, at, causes)
    if "/" not in name:
        if name not in CONTAINER and not name.startswith(HUGE):
            causes.append(invalid(at, name, "must be a standard resource for containers"))
    elif not is_native(name) and not is_extended(name) and len(causes) == before:
        causes.append(invalid(at, name, "doesn't follow extended resource name standard"))


def is_integer(name: str) -> bool:
    """Whether amounts of a resource are whole."""
    return name in INTEGER or is_extended(name)


def amount(name: str, value: str, at: str, causes: Causes) -> None:
    """An amount is not negative, and whole where the resource is counted."""
    parsed = parse(value)
    if parsed.nano < 0:
        causes.append(invalid(at, value, "must be greater than or equal to 0"))
    if is_integer(name) and parsed.milli % 1000 != 0:
        causes.append(invalid(at, value, "must be an integer"))


def amounts(given: Object, at: str, causes: Causes) -> None:
    """Limits and requests in the `resources` of a container."""
    limits, requests = given.get("limits") or NONE, given.get("requests") or NONE
    has_cpu = has_memory = has_huge = False
    for name, value in limits.items():
        path = f"{at}.limits[{name}]"
        container_resource_name(name, path, causes)
        amount(name, value, path, causes)
        if name.startswith(HUGE):
            has_huge = True
            if parse(value).nano % 10**9:
                causes.append(invalid(path, value, "must be an integer"))
        has_cpu, has_memory = has_cpu or name == "cpu", has_memory or name == "memory"
    for name, value in requests.items():
        path = f"{at}.requests[{name}]"
        container_resource_name(name, path, causes)
        amount(name, value, path, causes)
        _request_against_limit(name, value, limits, f"{at}.requests", causes)
        has_huge = has_huge or name.startswith(HUGE)
        has_cpu, has_memory = has_cpu or name == "cpu", has_memory or name == "memory"
    if has_huge and not has_cpu and not has_memory:
        causes.append(forbidden(at, "HugePages require cpu or memory"))


def _request_against_limit(name: str, value: str, limits: Any, at: str, causes: Causes) -> None:
    limit = limits.get(name)
    if limit is None:
        if name.startswith(HUGE) or is_extended(name):
            causes.append(
                required(at.replace(".requests", ".limits"), "Limit must be set for non overcommitable resources")
            )
        return
    asked, allowed = parse(value), parse(limit)
    if (name.startswith(HUGE) or is_extended(name)) and asked.nano != allowed.nano:
        causes.append(invalid(at, value, f"must be equal to {name} limit of {limit}"))
    elif asked.nano > allowed.nano:
        causes.append(invalid(at, value, f"must be less than or equal to {name} limit of {limit}"))


def claims(given: Any, known: tuple[str, ...], at: str, causes: Causes) -> None:
    """The claims in the `resources` of a container, of which the pod must have every one."""
    seen = set()
    for index, claim in enumerate(given):
        name, request = claim.get("name", ""), claim.get("request", "")
        if not name:
            causes.append(required(f"{at}[{index}]"))
            continue
        key = (name, request)
        if key in seen or (name, "") in seen:
            causes.append(duplicate(f"{at}[{index}]", name if not request else f"{name}/{request}"))
        seen.add(key)
        if name not in known:
            causes.append(not_found(f"{at}[{index}]", name))
