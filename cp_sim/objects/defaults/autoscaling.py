"""Horizontal pod autoscalers.  Source: pkg/apis/autoscaling/v2/defaults.go."""

from __future__ import annotations

from typing import Any

from cp_sim.objects.defaults.fill import Filler, absent, inside, spec

Object = dict[str, Any]

_CPU = {"type": "Resource", "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}}
_UP = {
    "stabilizationWindowSeconds": 0,
    "selectPolicy": "Max",
    "policies": [
        {"type": "Pods", "value": 4, "periodSeconds": 15},
        {"type": "Percent", "value": 100, "periodSeconds": 15},
    ],
}
_DOWN = {"selectPolicy": "Max", "policies": [{"type": "Percent", "value": 100, "periodSeconds": 15}]}


def _autoscaler(spec: Object) -> Object:
    spec = absent(spec, {"minReplicas": 1})
    if not spec.get("metrics"):
        spec = {**spec, "metrics": [_CPU]}
    return inside(spec, "behavior", _behavior)


def _behavior(behavior: Object) -> Object:
    """A behavior that is given in part is completed; one that is not given stays away."""
    behavior = inside(behavior, "scaleUp", lambda rules: absent(rules, _UP), make=True)
    return inside(behavior, "scaleDown", lambda rules: absent(rules, _DOWN), make=True)


DEFAULTS: dict[str, Filler] = {
    "horizontalpodautoscalers.autoscaling": spec(_autoscaler),
    "horizontalpodautoscalers.v2.autoscaling": spec(_autoscaler),
}
