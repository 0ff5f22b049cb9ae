"""One stored object, several versions: Events of two groups, HorizontalPodAutoscalers v1 and v2, custom resources.

*In Kubernetes:* the conversion functions of `pkg/apis`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.kinds import Kind

Object = dict[str, Any]


def convert(kind: Kind, obj: Object) -> Object:
    """The object in the form of `kind`'s version."""
    if obj.get("kind") != kind.kind:
        return obj
    return {**obj, "apiVersion": kind.api_version}
