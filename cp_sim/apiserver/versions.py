"""One stored object, several versions: Events of two groups, HorizontalPodAutoscalers v1 and v2, custom resources.

*In Kubernetes:* the conversion functions of `pkg/apis`.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.objects.kinds import KINDS, Kind

Object = dict[str, Any]


def convert(kind: Kind, obj: Object) -> Object:
    """The object in the form of `kind`'s version."""
    if obj.get("kind") != kind.kind:
        return obj
    if kind.kind == "Event":
        return _renamed(obj, _TO_NEW if kind.group else _TO_OLD, kind)
    if kind.kind == "HorizontalPodAutoscaler":
        return _autoscaler_v1(obj, kind) if kind.version == "v1" else _autoscaler_v2(obj, kind)
    return {**obj, "apiVersion": kind.api_version}


def to_storage(kind: Kind, obj: Object) -> Object:
    """The object in the form in which it is stored."""
    stored = KINDS.get(kind.storage)
    if stored is None or stored is kind or obj.get("apiVersion") == stored.api_version:
        return obj
    return convert(stored, obj)


_TO_NEW = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
_TO_OLD = {new: old for old, new in _TO_NEW.items()}
# Fields that Go writes although nobody gave them, in each form.
_WRITTEN: dict[str, Object] = {
    "": {
        "involvedObject": {},
        "source": {},
        "firstTimestamp": None,
        "lastTimestamp": None,
        "eventTime": None,
        "reportingComponent": "",
        "reportingInstance": "",
    },
    "events.k8s.io": {
        "eventTime": None,
        "regarding": {},
        "deprecatedSource": {},
        "deprecatedFirstTimestamp": None,
        "deprecatedLastTimestamp": None,
    },
}


def _renamed(obj: Object, names: dict[str, str], kind: Kind) -> Object:
    made = {names.get(key, key): value for key, value in obj.items()}
    made["apiVersion"] = kind.api_version
    for key, value in _WRITTEN[kind.group].items():
        made.setdefault(key, value)
    if kind.group:
        for key in ("reportingController", "reportingInstance"):
            if made.get(key) == "":
                del made[key]
    return made


# -- HorizontalPodAutoscaler -----------------------------------------------------------------------------------------

METRICS = "autoscaling.alpha.kubernetes.io/metrics"
CURRENT_METRICS = "autoscaling.alpha.kubernetes.io/current-metrics"
CONDITIONS = "autoscaling.alpha.kubernetes.io/conditions"
BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"


def _is_cpu(metric: Object) -> bool:
    resource = metric.get("resource") or {}
    target = resource.get("target") or resource.get("current") or {}
    return metric.get("type") == "Resource" and resource.get("name") == "cpu" and "averageUtilization" in target


def _autoscaler_v1(obj: Object, kind: Kind) -> Object:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    annotations = dict(obj["metadata"].get("annotations") or {})
    others = []
    for metric in spec.pop("metrics", None) or ():
        if _is_cpu(metric) and "targetCPUUtilizationPercentage" not in spec:
            spec["targetCPUUtilizationPercentage"] = metric["resource"]["target"]["averageUtilization"]
        else:
            others.append(_metric_v1(metric))
    if others:
        annotations[METRICS] = json.dumps(others, separators=(",", ":"))
    if spec.get("behavior"):
        annotations[BEHAVIOR] = json.dumps(spec.pop("behavior"), separators=(",", ":"))
    current = status.pop("currentMetrics", None) or []
    left = []
    for metric in current:
        if _is_cpu(metric) and "currentCPUUtilizationPercentage" not in status:
            status["currentCPUUtilizationPercentage"] = metric["resource"]["current"]["averageUtilization"]
        else:
            left.append(_current_v1(metric))
    if left:
        annotations[CURRENT_METRICS] = json.dumps(left, separators=(",", ":"))
    conditions = status.pop("conditions", None)
    if conditions:
        annotations[CONDITIONS] = json.dumps(conditions, separators=(",", ":"))
    status.setdefault("currentReplicas", 0)
    status.setdefault("desiredReplicas", 0)
    return _with_annotations({**obj, "apiVersion": kind.api_version, "spec": spec, "status": status}, annotations)


def _metric_v1(metric: Object) -> Object:
    resource = metric.get("resource")
    if resource is None:
        return metric
    target = resource.get("target") or {}
    made: Object = {"name": resource.get("name")}
    if "averageUtilization" in target:
        made["targetAverageUtilization"] = target["averageUtilization"]
    if "averageValue" in target:
        made["targetAverageValue"] = target["averageValue"]
    return {"type": metric.get("type"), "resource": made}


def _current_v1(metric: Object) -> Object:
    resource = metric.get("resource")
    if resource is None:
        return metric
    current = resource.get("current") or {}
    made: Object = {"name": resource.get("name")}
    if "averageUtilization" in current:
        made["currentAverageUtilization"] = current["averageUtilization"]
    made["currentAverageValue"] = current.get("averageValue", "0")
    return {"type": metric.get("type"), "resource": made}


def _autoscaler_v2(obj: Object, kind: Kind) -> Object:
    spec, status = dict(obj.get("spec") or {}), dict(obj.get("status") or {})
    annotations = dict(obj["metadata"].get("annotations") or {})
    metrics = [_metric_v2(metric) for metric in _loaded(annotations, METRICS)]
    percentage = spec.pop("targetCPUUtilizationPercentage", None)
    if percentage is not None:
        target = {"type": "Utilization", "averageUtilization": percentage}
        metrics.append({"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if metrics:
        spec["metrics"] = metrics
    behavior = _loaded(annotations, BEHAVIOR)
    if behavior:
        spec["behavior"] = behavior
    current = [_current_v2(metric) for metric in _loaded(annotations, CURRENT_METRICS)]
    percentage = status.pop("currentCPUUtilizationPercentage", None)
    if percentage is not None:
        value = {"averageUtilization": percentage}
        current.append({"type": "Resource", "resource": {"name": "cpu", "current": value}})
    status["currentMetrics"] = current or None
    conditions = _loaded(annotations, CONDITIONS)
    if conditions:
        status["conditions"] = conditions
    if not status.get("currentReplicas"):
        status.pop("currentReplicas", None)
    status.setdefault("desiredReplicas", 0)
    return _with_annotations({**obj, "apiVersion": kind.api_version, "spec": spec, "status": status}, annotations)


def _metric_v2(metric: Object) -> Object:
    resource = metric.get("resource")
    if resource is None or "target" in resource:
        return metric
    if "targetAverageUtilization" in resource:
        target: Object = {"type": "Utilization", "averageUtilization": resource["targetAverageUtilization"]}
    else:
        target = {"type": "AverageValue", "averageValue": resource.get("targetAverageValue")}
    return {"type": metric.get("type"), "resource": {"name": resource.get("name"), "target": target}}


def _current_v2(metric: Object) -> Object:
    resource = metric.get("resource")
    if resource is None or "current" in resource:
        return metric
    current: Object = {"averageValue": resource.get("currentAverageValue")}
    if "currentAverageUtilization" in resource:
        current["averageUtilization"] = resource["currentAverageUtilization"]
    return {"type": metric.get("type"), "resource": {"name": resource.get("name"), "current": current}}


def _loaded(annotations: Object, key: str) -> Any:
    text = annotations.pop(key, None)
    if not text:
        return []
    try:
        return json.loads(text)
    except ValueError:
        return []


def _with_annotations(obj: Object, annotations: Object) -> Object:
    metadata = {key: value for key, value in obj["metadata"].items() if key != "annotations"}
    if annotations:
        metadata["annotations"] = annotations
    return {**obj, "metadata": metadata}
