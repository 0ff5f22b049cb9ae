"""HorizontalPodAutoscalers and Scale.

Source: `pkg/apis/autoscaling/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, forbidden, invalid, not_supported, required
from cp_sim.objects.quantity import parse
from cp_sim.objects.validation.common import selector

Object = dict[str, Any]

_TYPES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}


def autoscaler(obj: Object, causes: Causes) -> None:
    """A HorizontalPodAutoscaler (autoscaling/v2)."""
    spec = obj.get("spec") or {}
    least, most, metrics = spec.get("minReplicas"), spec.get("maxReplicas", 0), spec.get("metrics") or []
    if least is not None and least < 1:
        causes.append(invalid("spec.minReplicas", least, "must be greater than or equal to 1"))
    if most < 1:
        causes.append(
            required("spec.maxReplicas", "must be set and greater than 0")
            if most == 0
            else (invalid("spec.maxReplicas", most, "must be greater than or equal to 1"))
        )
    if least is not None and most < least:
        causes.append(invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`"))
    _reference(spec.get("scaleTargetRef") or {}, "spec.scaleTargetRef", causes)
    _metrics(metrics, least, causes)
    behavior = spec.get("behavior")
    if behavior is not None:
        for field in ("scaleUp", "scaleDown"):
            if behavior.get(field) is not None:
                _rules(behavior[field], f"spec.behavior.{field}", causes)


def _reference(given: Object, at: str, causes: Causes, group: bool = True) -> None:
    for field in ("kind", "name"):
        if not given.get(field):
            causes.append(required(f"{at}.{field}"))
        else:
            for problem in names.path_segment(given[field]):
                causes.append(invalid(f"{at}.{field}", given[field], problem))
    version = given.get("apiVersion", "")
    if group and version.count("/") > 1:
        causes.append(invalid(f"{at}.apiVersion", version, f"unexpected GroupVersion string: {version}"))
    elif (group and not version and given.get("kind") not in ("ReplicationController",)) or (
        group and version == "v1" and given.get("kind") != "ReplicationController"
    ):
        causes.append(invalid(f"{at}.apiVersion", version, "apiVersion must specify API group"))


def _metrics(given: list[Object], least: Any, causes: Causes) -> None:
    scalable = False
    for index, metric in enumerate(given):
        at = f"spec.metrics[{index}]"
        _metric(metric, at, causes)
        scalable = scalable or metric.get("type") in ("Object", "External")
    if least == 0 and not scalable:
        text = "must specify at least one Object or External metric to support scaling to zero replicas"
        causes.append(forbidden("spec.metrics", text))


def _metric(given: Object, at: str, causes: Causes) -> None:
    type_ = given.get("type", "")
    if not type_:
        causes.append(required(f"{at}.type", "must specify a metric source type"))
    elif type_ not in _TYPES:
        causes.append(not_supported(f"{at}.type", type_, tuple(_TYPES)))
    populated = []
    for field in ("object", "external", "pods", "resource", "containerResource"):
        if given.get(field) is None:
            continue
        populated.append(field)
        if len(populated) == 1:
            _source(field, given[field], f"{at}.{field}", causes)
    expected = _TYPES.get(type_)
    if expected is None:
        causes.append(not_supported(f"{at}.type", type_, tuple(_TYPES)))
        return
    if expected not in populated:
        causes.append(required(f"{at}.{expected}", "must populate information for the given metric source"))
    if len(populated) != 1:
        for field in populated:
            if field != expected:
                text = "must populate the given metric source only"
                causes.append(forbidden(f"{at}.{field}", text))


def _source(field: str, given: Object, at: str, causes: Causes) -> None:
    target = given.get("target") or {}
    if field == "object":
        _reference(given.get("describedObject") or {}, f"{at}.describedObject", causes, group=False)
    if field in ("object", "external", "pods"):
        _identifier(given.get("metric") or {}, f"{at}.metric", causes)
    else:
        if field == "containerResource" and not given.get("container"):
            causes.append(required(f"{at}.container", "must specify a container"))
        if not given.get("name"):
            causes.append(required(f"{at}.name", "must specify a resource name"))
    _target(target, f"{at}.target", causes)
    value, average, percent = target.get("value"), target.get("averageValue"), target.get("averageUtilization")
    if field in ("resource", "containerResource"):
        if percent is None and average is None:
            text = "must set either a target raw value or a target utilization"
            causes.append(required(f"{at}.target.averageUtilization", text))
        if percent is not None and average is not None:
            text = "may not set both a target raw value and a target utilization"
            causes.append(forbidden(f"{at}.target.averageValue", text))
    elif field == "pods":
        if average is None or parse(average).nano <= 0:
            causes.append(required(f"{at}.target.averageValue", "must specify a positive target averageValue"))
    elif value is None and average is None:
        causes.append(required(f"{at}.target.averageValue", "must set either a target value or averageValue"))
    elif field == "external" and value is not None and average is not None:
        text = "may not set both a target value for metric and a per-pod target"
        causes.append(forbidden(f"{at}.target.value", text))


def _identifier(given: Object, at: str, causes: Causes) -> None:
    if not given.get("name"):
        causes.append(required(f"{at}.name"))
    else:
        for problem in names.path_segment(given["name"]):
            causes.append(invalid(f"{at}.name", given["name"], problem))
    if given.get("selector") is not None:
        selector(given["selector"], f"{at}.selector", causes)


def _target(given: Object, at: str, causes: Causes) -> None:
    type_ = given.get("type", "")
    if not type_:
        causes.append(required(f"{at}.type", "must specify a metric target type"))
    elif type_ not in ("Utilization", "Value", "AverageValue"):
        text = "must be either Utilization, Value, or AverageValue"
        causes.append(invalid(f"{at}.type", type_, text))
    for field in ("value", "averageValue"):
        amount = given.get(field)
        if amount is not None and parse(amount).nano <= 0:
            causes.append(invalid(f"{at}.{field}", amount, "must be positive"))
    percent = given.get("averageUtilization")
    if percent is not None and percent < 1:
        causes.append(invalid(f"{at}.averageUtilization", percent, "must be greater than 0"))


def _rules(given: Object, at: str, causes: Causes) -> None:
    window = given.get("stabilizationWindowSeconds")
    if window is not None and window < 0:
        causes.append(invalid(f"{at}.stabilizationWindowSeconds", window, "must be greater than or equal to zero"))
    if window is not None and window > 3600:
        causes.append(invalid(f"{at}.stabilizationWindowSeconds", window, "must be less than or equal to 3600"))
    chosen = given.get("selectPolicy")
    if chosen is not None and chosen not in ("Disabled", "Max", "Min"):
        causes.append(not_supported(f"{at}.selectPolicy", chosen, ("Disabled", "Max", "Min")))
    policies = given.get("policies") or []
    if not policies:
        causes.append(required(f"{at}.policies", "must specify at least one Policy"))
    for index, policy in enumerate(policies):
        path = f"{at}.policies[{index}]"
        if policy.get("type") not in ("Percent", "Pods"):
            causes.append(not_supported(f"{path}.type", policy.get("type", ""), ("Percent", "Pods")))
        if policy.get("value", 0) <= 0:
            causes.append(invalid(f"{path}.value", policy.get("value", 0), "must be greater than zero"))
        seconds = policy.get("periodSeconds", 0)
        if seconds <= 0:
            causes.append(invalid(f"{path}.periodSeconds", seconds, "must be greater than zero"))
        if seconds > 1800:
            causes.append(invalid(f"{path}.periodSeconds", seconds, "must be less than or equal to 1800"))
