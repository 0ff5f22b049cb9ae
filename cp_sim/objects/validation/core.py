"""Namespaces, nodes, configuration, events, leases, limits and quotas.

Source: `pkg/apis/core/validation/{validation,events}.go`, `pkg/apis/coordination/validation/validation.go`,
`pkg/apis/scheduling/validation/validation.go`, `pkg/apis/policy/validation/validation.go`.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, not_supported, required, too_long
from cp_sim.objects.quantity import parse
from cp_sim.objects.validation import meta, placement, resources
from cp_sim.objects.validation.common import (
    nonnegative,
    not_over_hundred,
    percent_or_number,
    qualified,
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


def event(obj: Object, causes: Causes) -> None:
    """A core/v1 Event: in the namespace of what it is about; stricter with an eventTime."""
    _event_namespace(obj, "involvedObject", causes)
    if obj.get("eventTime") is not None:
        _new_event(obj, "reportingComponent", "message", causes)


def event_v1(obj: Object, causes: Causes) -> None:
    """An events.k8s.io/v1 Event."""
    _event_namespace(obj, "regarding", causes)
    if obj.get("eventTime") is None:
        causes.append(required("eventTime"))
    _new_event(obj, "reportingController", "note", causes)


def _event_namespace(obj: Object, field: str, causes: Causes) -> None:
    inside = (obj.get("metadata") or {}).get("namespace", "")
    about = (obj.get(field) or {}).get("namespace", "")
    if about != inside and not (about == "" and inside == "default"):
        causes.append(invalid("involvedObject.namespace", about, "does not match event.namespace"))


def _new_event(obj: Object, component: str, note: str, causes: Causes) -> None:
    name = obj.get(component, "")
    if not name:
        causes.append(required(component))
    for problem in names.qualified_name(name):
        causes.append(invalid(component, name, problem))
    instance = obj.get("reportingInstance", "")
    if not instance:
        causes.append(required("reportingInstance"))
    elif len(instance) > 128:
        causes.append(invalid("reportingInstance", "", "can have at most 128 characters"))
    if not obj.get("action"):
        causes.append(required("action"))
    elif len(obj["action"]) > 128:
        causes.append(invalid("action", "", "can have at most 128 characters"))
    if not obj.get("reason"):
        causes.append(required("reason"))
    elif len(obj["reason"]) > 128:
        causes.append(invalid("reason", "", "can have at most 128 characters"))
    if len(obj.get(note) or "") > 1024:
        causes.append(invalid("message", "", "can have at most 1024 characters"))
    if obj.get("type", "") not in ("Normal", "Warning"):
        causes.append(invalid("type", "", f"has invalid value: {obj.get('type', '')}"))


# (wire name in events.k8s.io/v1, name in the sentence)
_EVENT_FIXED = (
    ("regarding", "involvedObject"),
    ("reason", "reason"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("type", "type"),
    ("eventTime", "eventTime"),
    ("action", "action"),
    ("related", "related"),
    ("reportingController", "reportingController"),
    ("reportingInstance", "reportingInstance"),
)


def event_v1_update(new: Object, old: Object, causes: Causes) -> None:
    """Of an events.k8s.io/v1 Event only the series may change."""
    event_v1(new, causes)
    for field, shown in _EVENT_FIXED:
        if new.get(field) != old.get(field):
            causes.append(invalid(shown, new.get(field), meta.IMMUTABLE))


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


def limit_range(obj: Object, causes: Causes) -> None:
    """A LimitRange."""
    seen = set()
    for index, item in enumerate((obj.get("spec") or {}).get("limits") or ()):
        at, type_ = f"spec.limits[{index}]", item.get("type", "")
        qualified(type_, f"{at}.type", causes)
        if type_ in seen:
            causes.append(duplicate(f"{at}.type", type_))
        seen.add(type_)
        _limit_names(item, type_, at, causes)
        _limit_order(item, type_, at, causes)


def _limit_names(item: Object, type_: str, at: str, causes: Causes) -> None:
    for field in ("max", "min"):
        for name in item.get(field) or ():
            _limit_name(type_, name, f"{at}.{field}[{name}]", causes)
    for field in ("default", "defaultRequest"):
        given = item.get(field) or {}
        if type_ == "Pod":
            if given:
                text = "may not be specified when `type` is 'Pod'"
                causes.append(forbidden(f"{at}.{field}", text))
            continue
        for name in given:
            _limit_name(type_, name, f"{at}.{field}[{name}]", causes)
    if type_ == "PersistentVolumeClaim":
        if "storage" not in (item.get("min") or {}) and "storage" not in (item.get("max") or {}):
            text = "either minimum or maximum storage value is required, but neither was provided"
            causes.append(required(f"{at}.limits", text))
    for name in item.get("maxLimitRequestRatio") or ():
        _limit_name(type_, name, f"{at}.maxLimitRequestRatio[{name}]", causes)


def _limit_name(type_: str, name: str, at: str, causes: Causes) -> None:
    if type_ in ("Pod", "Container"):
        resources.container_resource_name(name, at, causes)
    else:
        resources.resource_name(name, at, causes)


def _limit_order(item: Object, type_: str, at: str, causes: Causes) -> None:
    """Min, default request, default and max have to be in that order, the ratio at least one."""
    known: dict[str, None] = {}
    for field in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        known |= dict.fromkeys(item.get(field) or ())
    amounts = {field: item.get(field) or {} for field in ("max", "min", "default", "defaultRequest")}
    pairs = (
        ("min", "max", "min", "min value {} is greater than max value {}"),
        ("min", "defaultRequest", "defaultRequest", "min value {} is greater than default request value {}"),
        ("defaultRequest", "max", "defaultRequest", "default request value {} is greater than max value {}"),
        (
            "defaultRequest",
            "default",
            "defaultRequest",
            "default request value {} is greater than default limit value {}",
        ),
        ("min", "default", "default", "min value {} is greater than default value {}"),
        ("default", "max", "default", "default value {} is greater than max value {}"),
    )
    for name in known:
        for low, high, field, text in pairs:
            one, other = amounts[low].get(name), amounts[high].get(name)
            if one is not None and other is not None and parse(one).nano > parse(other).nano:
                shown = (
                    amounts["min"][name]
                    if text.startswith("min value") and field != "defaultRequest"
                    else amounts[field][name]
                )
                causes.append(invalid(f"{at}.{field}[{name}]", shown, text.format(one, other)))
        _ratio(item, name, amounts, at, causes)


def _ratio(item: Object, name: str, amounts: dict[str, Object], at: str, causes: Causes) -> None:
    ratio = (item.get("maxLimitRequestRatio") or {}).get(name)
    if ratio is None:
        return
    path = f"{at}.maxLimitRequestRatio[{name}]"
    if parse(ratio).nano < 10**9:
        causes.append(invalid(path, ratio, f"ratio {ratio} is less than 1"))
    least, most = amounts["min"].get(name), amounts["max"].get(name)
    if least is not None and most is not None and parse(least).nano:
        limit = parse(most).nano / parse(least).nano
        if parse(ratio).nano / 10**9 > limit:
            causes.append(invalid(path, ratio, f"ratio {ratio} is greater than max/min = {limit:f}"))


_SCOPES = (
    "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass", "Terminating",
    "VolumeAttributesClass",
)  # fmt: skip
_BEST_EFFORT_RESOURCES = frozenset({"pods"})
_COMPUTE_RESOURCES = frozenset(
    {"pods", "cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
)


def _quota_name(name: str, at: str, causes: Causes) -> None:
    resources.resource_name(name, at, causes)
    if "/" not in name and name not in resources.QUOTA and not name.startswith(("hugepages-", "requests.hugepages-")):
        if not name.startswith("count/"):
            causes.append(invalid(at, name, "must be a standard resource for quota"))


def resource_quota(obj: Object, causes: Causes) -> None:
    """A ResourceQuota's spec."""
    spec = obj.get("spec") or {}
    quota_amounts(spec, "spec", ("hard",), causes)
    _scopes(spec, causes)
    _scope_selector(spec, causes)


def quota_amounts(holder: Object, at: str, fields: tuple[str, ...], causes: Causes) -> None:
    """Amounts of counted resources."""
    for field in fields:
        given = holder.get(field) or {}
        for name in sorted(given):
            path = f"{at}.{field}[{name}]"
            _quota_name(name, path, causes)
            resources.amount(name, given[name], path, causes)


def _supports(scope: str, name: str) -> bool:
    if scope == "BestEffort":
        return name in _BEST_EFFORT_RESOURCES
    if scope in ("Terminating", "NotTerminating", "NotBestEffort", "PriorityClass", "CrossNamespacePodAffinity"):
        return name in _COMPUTE_RESOURCES or name in (
            "ephemeral-storage",
            "requests.ephemeral-storage",
            "limits.ephemeral-storage",
        )
    return True


def _scopes(spec: Object, causes: Causes) -> None:
    scopes = spec.get("scopes") or []
    if not scopes:
        return
    seen = set()
    for scope in scopes:
        if scope not in _SCOPES:
            causes.append(invalid("spec.scopes", scopes, "unsupported scope"))
        for name in sorted(spec.get("hard") or {}):
            if scope in _SCOPES and name in resources.STANDARD and not _supports(scope, name):
                causes.append(invalid("spec.scopes", scopes, "unsupported scope applied to resource"))
        seen.add(scope)
    for pair in (("BestEffort", "NotBestEffort"), ("Terminating", "NotTerminating")):
        if seen.issuperset(pair):
            causes.append(invalid("spec.scopes", scopes, "conflicting scopes"))


def _scope_selector(spec: Object, causes: Causes) -> None:
    chosen = spec.get("scopeSelector")
    if chosen is None:
        return
    for one in chosen.get("matchExpressions") or ():
        at = "spec.scopeSelector.matchExpressions"
        scope, operator, values = one.get("scopeName", ""), one.get("operator", ""), one.get("values") or []
        if scope not in _SCOPES:
            causes.append(invalid(f"{at}.scopeName", scope, "unsupported scope"))
        if scope not in ("PriorityClass", "VolumeAttributesClass") and operator != "Exists":
            text = "must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, "
            text += "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
            text += "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
            causes.append(invalid(f"{at}.operator", operator, text))
        if operator in ("In", "NotIn"):
            if not values:
                text = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"
                causes.append(required(f"{at}.values", text))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                text = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"
                causes.append(invalid(f"{at}.values", values, text))
        else:
            causes.append(invalid(f"{at}.operator", operator, "not a valid selector operator"))


def resource_quota_update(new: Object, old: Object, causes: Causes) -> None:
    """Scopes never change."""
    now, before = (new.get("spec") or {}).get("scopes") or [], (old.get("spec") or {}).get("scopes") or []
    resource_quota(new, causes)
    if sorted(now) != sorted(before):
        causes.append(invalid("spec.scopes", now, meta.IMMUTABLE))


def resource_quota_status(new: Object, old: Object, causes: Causes) -> None:
    """The status of a quota."""
    quota_amounts(new.get("status") or {}, "status", ("hard", "used"), causes)
