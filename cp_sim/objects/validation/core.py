"""Namespaces, nodes, configuration, events, leases, limits and quotas.

Source: `pkg/apis/core/validation/{validation,events}.go`, `pkg/apis/coordination/validation/validation.go`,
`pkg/apis/scheduling/validation/validation.go`, `pkg/apis/policy/validation/validation.go`.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, forbidden, invalid, not_supported, required, too_long
from cp_sim.objects.validation import meta, placement, resources
from cp_sim.objects.validation.common import (
    nonnegative,
    not_over_hundred,
    percent_or_number,
    selector,
    selector_value,
    strict_cidr,
)

Object = dict[str, Any]

_SECRET_KEYS = {
    "kubernetes.io/dockercfg": (".dockercfg",),
    "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
    "kubernetes.io/tls": ("tls.crt", "tls.key"),
    "kubernetes.io/ssh-auth": ("ssh-privatekey",),
}
_LIMIT = 2**20
_SYSTEM_PRIORITIES = {"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}
_HIGHEST_USER_PRIORITY = 10**9


def namespace(obj: Object, causes: Causes) -> None:
    """A Namespace."""
    for finalizer in (obj.get("spec") or {}).get("finalizers") or ():
        for problem in names.qualified_name(finalizer):
            causes.append(invalid("spec.finalizers", finalizer, problem))
        meta.standard_finalizer(finalizer, "spec.finalizers", causes)


def node(obj: Object, causes: Causes) -> None:
    """A Node."""
    spec = obj.get("spec") or {}
    if spec.get("taints"):
        placement.taints(spec["taints"], "metadata.taints", causes)
    _node_amounts(obj, causes)
    networks = spec.get("podCIDRs") or []
    for index, network in enumerate(networks):
        strict_cidr(network, f"spec.podCIDRs[{index}]", causes)
    if len(networks) > 2:
        causes.append(invalid("spec.podCIDRs", networks, "may specify no more than one CIDR for each IP family"))


def _node_amounts(obj: Object, causes: Causes) -> None:
    status = obj.get("status") or {}
    for field in ("capacity", "allocatable"):
        for name, amount in (status.get(field) or {}).items():
            path = f"status.{field}.{name}"
            resources.amount(name, amount, path, causes)


def node_update(new: Object, old: Object, causes: Causes) -> None:
    """What of a node may not change once it is set."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    _node_amounts(new, causes)
    if before.get("podCIDRs") and now.get("podCIDRs") != before.get("podCIDRs"):
        causes.append(forbidden("spec.podCIDRs", 'node updates may not change podCIDR except from "" to valid'))
    if before.get("providerID") and now.get("providerID", "") != before["providerID"]:
        causes.append(forbidden("spec.providerID", 'node updates may not change providerID except from "" to valid'))
    if now.get("taints"):
        placement.taints(now["taints"], "spec.taints", causes)


def config_map(obj: Object, causes: Causes) -> None:
    """A ConfigMap."""
    data, binary = obj.get("data") or {}, obj.get("binaryData") or {}
    total = 0
    for key in sorted(data):
        for problem in names.config_map_key(key):
            causes.append(invalid(f"data[{key}]", key, problem))
        if key in binary:
            causes.append(invalid(f"data[{key}]", key, "duplicate of key present in binaryData"))
        total += names.size(data[key])
    for key in sorted(binary):
        for problem in names.config_map_key(key):
            causes.append(invalid(f"binaryData[{key}]", key, problem))
        total += len(binary[key]) * 3 // 4
    if total > _LIMIT:
        causes.append(too_long("[]", _LIMIT))  # as Go prints the empty path


def config_map_update(new: Object, old: Object, causes: Causes) -> None:
    """An immutable ConfigMap stays as it is."""
    _immutable_data(new, old, ("data", "binaryData"), causes)
    config_map(new, causes)


def _immutable_data(new: Object, old: Object, fields: tuple[str, ...], causes: Causes) -> None:
    if not old.get("immutable"):
        return
    text = "field is immutable when `immutable` is set"
    if not new.get("immutable"):
        causes.append(forbidden("immutable", text))
    for field in fields:
        if (new.get(field) or {}) != (old.get(field) or {}):
            causes.append(forbidden(field, text))


def secret(obj: Object, causes: Causes) -> None:
    """A Secret: what has to be in it depends on its type."""
    data = obj.get("data") or {}
    total = 0
    for key in sorted(data):
        for problem in names.config_map_key(key):
            causes.append(invalid(f"data[{key}]", key, problem))
        total += len(data[key]) * 3 // 4
    if total > _LIMIT:
        causes.append(too_long("data", _LIMIT))
    type_ = obj.get("type", "")
    if type_ == "kubernetes.io/service-account-token":
        if not ((obj.get("metadata") or {}).get("annotations") or {}).get("kubernetes.io/service-account.name"):
            causes.append(required("metadata.annotations[kubernetes.io/service-account.name]"))
    elif type_ == "kubernetes.io/basic-auth":
        if "username" not in data and "password" not in data:
            causes.append(required("data[username]"))
            causes.append(required("data[password]"))
    for key in _SECRET_KEYS.get(type_, ()):
        if key not in data:
            causes.append(required(f"data[{key}]"))
        elif key.startswith(".docker"):
            problem = _json_problem(data[key])
            if problem:
                causes.append(invalid(f"data[{key}]", "<secret contents redacted>", problem))


def _json_problem(encoded: str) -> str:
    """What Go's JSON decoder says of a base64 text that should be a JSON object."""
    raw = base64.b64decode(encoded).decode(errors="replace")
    try:
        value = json.loads(raw)
    except ValueError:
        if not raw.strip():
            return "unexpected end of JSON input"
        return f"invalid character '{raw.strip()[0]}' looking for beginning of value"
    if isinstance(value, dict):
        return ""
    name = {list: "array", str: "string", bool: "bool"}.get(type(value), "number")
    return f"json: cannot unmarshal {name} into Go value of type map[string]interface {{}}"


def secret_update(new: Object, old: Object, causes: Causes) -> None:
    """A Secret keeps its type, an immutable one also its data."""
    if new.get("type") != old.get("type"):
        causes.append(invalid("type", new.get("type", ""), meta.IMMUTABLE))
    _immutable_data(new, old, ("data",), causes)
    secret(new, causes)


def lease(obj: Object, causes: Causes) -> None:
    """A Lease."""
    spec = obj.get("spec") or {}
    seconds = spec.get("leaseDurationSeconds")
    if seconds is not None and seconds <= 0:
        causes.append(invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0"))
    nonnegative(spec, "leaseTransitions", "spec", causes)


def priority_class(obj: Object, causes: Causes) -> None:
    """A PriorityClass."""
    name, value = (obj.get("metadata") or {}).get("name", ""), obj.get("value", 0)
    if name.startswith("system-"):
        known = _SYSTEM_PRIORITIES.get(name)
        head = "priority class names with 'system-' prefix are reserved for system use only. error: "
        if known is None:
            causes.append(forbidden("metadata.name", f"{head}{name} is not a known system priority class"))
        elif value != known:
            causes.append(forbidden("metadata.name", f"{head}value of {name} PriorityClass must be {known}"))
    elif value > _HIGHEST_USER_PRIORITY:
        text = f"maximum allowed value of a user defined priority is {_HIGHEST_USER_PRIORITY}"
        causes.append(forbidden("value", text))
    policy = obj.get("preemptionPolicy")
    if policy is not None and policy not in ("PreemptLowerPriority", "Never"):
        if not policy:
            causes.append(required("preemptionPolicy"))
        else:
            causes.append(not_supported("preemptionPolicy", policy, ("PreemptLowerPriority", "Never")))


def priority_class_update(new: Object, old: Object, causes: Causes) -> None:
    """A PriorityClass keeps its value and policy."""
    if new.get("value", 0) != old.get("value", 0):
        causes.append(forbidden("value", "may not be changed in an update."))
    if new.get("preemptionPolicy") != old.get("preemptionPolicy"):
        causes.append(invalid("preemptionPolicy", new.get("preemptionPolicy"), meta.IMMUTABLE))


def disruption_budget(obj: Object, causes: Causes) -> None:
    """A PodDisruptionBudget."""
    spec = obj.get("spec") or {}
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        shown = {
            "MinAvailable": least,
            "Selector": selector_value(spec["selector"]) if spec.get("selector") is not None else None,
            "MaxUnavailable": most,
            "UnhealthyPodEvictionPolicy": spec.get("unhealthyPodEvictionPolicy"),
        }
        causes.append(invalid("spec", shown, "minAvailable and maxUnavailable cannot be both set"))
    for field, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            percent_or_number(value, f"spec.{field}", causes)
            not_over_hundred(value, f"spec.{field}", causes)
    if spec.get("selector") is not None:
        selector(spec["selector"], "spec.selector", causes)
    policy = spec.get("unhealthyPodEvictionPolicy")
    if policy is not None and policy not in ("AlwaysAllow", "IfHealthyBudget"):
        supported = ("AlwaysAllow", "IfHealthyBudget")
        causes.append(not_supported("spec.unhealthyPodEvictionPolicy", policy, supported))


def disruption_budget_status(new: Object, old: Object, causes: Causes) -> None:
    """The status of a PodDisruptionBudget."""
    for field in ("disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"):
        nonnegative(new.get("status") or {}, field, "status", causes)


# --- limits and quotas --------------------------------------------------------------------------------------------
