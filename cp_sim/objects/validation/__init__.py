"""What is wrong with an object: `on_create`, `on_update`.

*In Kubernetes:* `Validate` and `ValidateUpdate` of the strategies in `pkg/registry`, which call
`pkg/apis/*/validation/validation.go`.  Both expect objects that were decoded, defaulted and prepared by the registry.
The order of causes is the server's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cp_sim.objects.kinds import Kind
from cp_sim.objects.validation import meta, pods
from cp_sim.objects.validation.causes import Cause, Causes

Object = dict[str, Any]
Create = Callable[[Object, Causes], None]

_CREATE: dict[str, Create] = {
    "pods": pods.create,
}


def on_create(kind: Kind, obj: Object) -> list[Cause]:
    """What is wrong with an object about to be created."""
    causes: Causes = []
    if kind.store_prefix:
        meta.on_create(kind, obj.get("metadata") or {}, causes)
    check = _CREATE.get(kind.resource)
    if check is not None:
        check(obj, causes)
    return causes


def on_update(kind: Kind, new: Object, old: Object, subresource: str = "") -> list[Cause]:
    """What is wrong with replacing `old` by `new`, by a write to the object itself or to one of its subresources."""
    causes: Causes = []
    meta.on_update(kind, new.get("metadata") or {}, old.get("metadata") or {}, causes)
    return causes
