"""Roles, bindings and priority classes.

Sources: pkg/apis/rbac/v1/defaults.go, pkg/apis/scheduling/v1/defaults.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.defaults.fill import Filler, absent, each, inside

Object = dict[str, Any]

RBAC_GROUP = "rbac.authorization.k8s.io"


def _binding(obj: Object) -> Object:
    obj = inside(obj, "roleRef", lambda role: role if role.get("apiGroup") else {**role, "apiGroup": RBAC_GROUP})
    return each(obj, "subjects", _subject)


def _subject(subject: Object) -> Object:
    if subject.get("kind") in ("User", "Group") and not subject.get("apiGroup"):
        return {**subject, "apiGroup": RBAC_GROUP}
    return subject


DEFAULTS: dict[str, Filler] = {
    "rolebindings.rbac.authorization.k8s.io": _binding,
    "clusterrolebindings.rbac.authorization.k8s.io": _binding,
    "priorityclasses.scheduling.k8s.io": lambda obj: absent(
        obj, {"value": 0, "preemptionPolicy": "PreemptLowerPriority"}
    ),
}
