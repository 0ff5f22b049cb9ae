"""LimitRanges and ResourceQuotas.

Source: `ValidateLimitRange` and `ValidateResourceQuota` in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, required
from cp_sim.objects.quantity import parse
from cp_sim.objects.validation import meta, resources
from cp_sim.objects.validation.common import (
    qualified,
)

Object = dict[str, Any]


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
