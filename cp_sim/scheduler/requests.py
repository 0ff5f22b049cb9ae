"""How much a pod asks for.

*In Kubernetes:* `PodRequests` in k8s.io/component-helpers/resource/helpers.go and `calculateResource` in
pkg/scheduler/framework/types.go: app containers and sidecars add up, plain init containers count by their maximum on
top of the sidecars started before them, pod-level requests replace the sum, overhead comes on top.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import quantity

# What a container without any request counts for when nodes are scored (pkg/scheduler/util/pod_resources.go).
DEFAULT_CPU_NANO = 100 * 10**6
DEFAULT_MEMORY_NANO = 200 * 1024 * 1024 * 10**9
DEFAULTS = {"cpu": DEFAULT_CPU_NANO, "memory": DEFAULT_MEMORY_NANO}

Amounts = dict[str, int]  # resource name -> billionths


def amounts(resource_list: dict[str, Any] | None) -> Amounts:
    """A resource list of the wire in exact billionths."""
    return {name: quantity.parse(text).nano for name, text in (resource_list or {}).items()}


def in_units(total: Amounts) -> dict[str, int]:
    """cpu in thousandths, everything else in whole units, rounded up."""
    units = {name: -(-nano // 10**9) for name, nano in total.items() if name != "cpu"}
    if "cpu" in total:
        units["cpu"] = -(-total["cpu"] // 10**6)
    return units


def is_pod_level(resource: str) -> bool:
    """Whether `spec.resources` of a pod may speak of this resource."""
    return resource in ("cpu", "memory") or resource.startswith("hugepages-")


def _add(total: Amounts, more: Amounts) -> None:
    for name, nano in more.items():
        total[name] = total.get(name, 0) + nano


def _raise_to(total: Amounts, least: Amounts) -> None:
    for name, nano in least.items():
        total[name] = max(total.get(name, nano), nano)


def _of_container(container: dict[str, Any], missing: Amounts) -> Amounts:
    found = amounts((container.get("resources") or {}).get("requests"))
    for name, nano in missing.items():
        found.setdefault(name, nano)
    return found


def pod_level(spec: dict[str, Any]) -> Amounts:
    """The requests of the pod as a whole (`spec.resources.requests`), where it has any."""
    found = amounts((spec.get("resources") or {}).get("requests"))
    return {name: nano for name, nano in found.items() if is_pod_level(name)}


def of_spec(spec: dict[str, Any], missing: Amounts | None = None, whole_pod: bool = True) -> Amounts:
    """All that a pod with this spec asks for; `missing` stands in where a container does not say.

    Without `whole_pod` the pod-level requests are left aside, as NodeResourcesFit does when it scores the pod to place.
    """
    missing = missing or {}
    total: Amounts = {}
    for container in spec.get("containers") or ():
        _add(total, _of_container(container, missing))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in spec.get("initContainers") or ():
        own = _of_container(container, missing)
        if container.get("restartPolicy") == "Always":
            _add(total, own)
            _add(sidecars, own)
            own = sidecars
        else:
            own = dict(own)
            _add(own, sidecars)
        _raise_to(peak, own)
    _raise_to(total, peak)
    if whole_pod:
        total.update(pod_level(spec))
    _add(total, amounts(spec.get("overhead")))
    return total


def non_zero(spec: dict[str, Any], total: Amounts) -> dict[str, int]:
    """cpu and memory that a pod counts for when nodes are scored on a node (`NonZeroRequested`)."""
    missing = DEFAULTS
    if pod_level(spec):
        missing = {name: nano for name, nano in DEFAULTS.items() if name not in total}
    return in_units(of_spec(spec, missing))
