"""What is wrong with an object: `on_create`, `on_update`.

*In Kubernetes:* `Validate` and `ValidateUpdate` of the strategies in `pkg/registry`, which call
`pkg/apis/*/validation/validation.go`.  Both expect objects that were decoded, defaulted and prepared by the registry.
The order of causes is the server's.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.causes import Cause, Causes, summary
from cp_sim.objects.kinds import Kind
from cp_sim.objects.validation import definitions, meta
from cp_sim.objects.validation.table import CREATE, META_LAST, META_ONCE, UPDATE, UPDATE_CHECKS_ALL

Object = dict[str, Any]

# The strategies of these groups give their messages another kind than their own.
_TITLES = {"authorization.k8s.io": ".authorization.k8s.io", "events.k8s.io": "Event"}


def on_create(kind: Kind, obj: Object) -> list[Cause]:
    """What is wrong with an object about to be created."""
    causes: Causes = []
    check = CREATE.get(kind.resource)
    metadata = obj.get("metadata") or {}
    if kind.resource in META_LAST:
        if check is not None:
            check(obj, causes)
        if not causes:
            meta.on_create(kind, metadata, causes)
        return causes
    if kind.store_prefix:
        meta.on_create(kind, metadata, causes, definitions.only_name(kind, obj))
    if check is not None:
        check(obj, causes)
    return causes


def on_update(kind: Kind, new: Object, old: Object, subresource: str = "") -> list[Cause]:
    """What is wrong with replacing `old` by `new`, by a write to the object itself or to one of its subresources.

    Metadata is judged twice, by the registry and by the kind's own validation, so that its causes stand twice.
    """
    causes: Causes = []
    meta.on_update(kind, new.get("metadata") or {}, old.get("metadata") or {}, causes)
    if causes and kind.resource not in META_ONCE and not kind.custom:
        causes = causes + causes
    if not subresource and kind.resource in UPDATE_CHECKS_ALL:
        CREATE[kind.resource](new, causes)
    check = UPDATE.get((kind.resource, subresource))
    if check is not None:
        check(new, old, causes)
    return causes


def message(kind: Kind, name: str, causes: list[Cause]) -> str:
    """The message of the Status that refuses an object: `Deployment.apps "web" is invalid: ...`."""
    title = _TITLES.get(kind.group, kind.title)
    return summary(title, name, causes)
