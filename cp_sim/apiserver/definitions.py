"""What happens to a CustomResourceDefinition after it was written: its names are accepted, it is established, or it
goes.

*In Kubernetes:* the naming, establishing and finalizing controllers of the apiextensions-apiserver, which run
inside kube-apiserver. They write through the API like anybody else, as `system:apiserver`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call, Request
from cp_sim.apiserver.watch_cache import Change
from cp_sim.objects import edit, meta
from cp_sim.sim import immutable

Object = dict[str, Any]
RESOURCE = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
CLEANUP_MS = 2_000


@immutable
class CleanedUp:
    """Timer: the custom objects of definition `name` should be gone by now."""

    name: str


def new_status(obj: Object) -> Object:
    """The definition with the status of a new one."""
    stored = [one["name"] for one in (obj.get("spec") or {}).get("versions") or () if one.get("storage")]
    status = {"conditions": None, "acceptedNames": {"plural": "", "kind": ""}, "storedVersions": stored}
    return {**obj, "status": status}


def follow(server: Any, change: Change) -> None:
    """A definition was written: do what is next."""
    definition = change.object
    if definition is None:
        return
    if meta.is_deleting(definition):
        if CLEANUP in meta.finalizers(definition):
            _clean_up(server, definition, change)
    elif meta.condition(definition, "Established") is None:
        _update(server, established(server, definition), "status")


def established(server: Any, definition: Object) -> Object:
    """The definition with its names accepted, or with the conflict that prevents it."""
    names = definition["spec"]["names"]
    conflict = name_conflict(server, definition)
    now = server.loop.clock.timestamp()
    if conflict:
        conditions = [
            _condition("NamesAccepted", "False", *conflict, now),
            _condition("Established", "False", "NotAccepted", "not all names are accepted", now),
        ]
        accepted: Object = {"plural": "", "kind": ""}
    else:
        conditions = [
            _condition("NamesAccepted", "True", "NoConflicts", "no conflicts found", now),
            _condition("Established", "True", "InitialNamesAccepted", "the initial names have been accepted", now),
        ]
        accepted = dict(names)
    status = {**(definition.get("status") or {}), "conditions": conditions, "acceptedNames": accepted}
    return {**definition, "status": status}


def name_conflict(server: Any, definition: Object) -> tuple[str, str] | None:
    """(reason, message) where another definition of the group has a name already."""
    spec = definition["spec"]
    names = spec["names"]
    for other in server.catalog.definitions.values():
        if meta.name(other) == meta.name(definition) or other["spec"]["group"] != spec["group"]:
            continue
        taken = (other.get("status") or {}).get("acceptedNames") or {}
        for field, reason in (
            ("kind", "KindConflict"),
            ("listKind", "ListKindConflict"),
            ("singular", "SingularConflict"),
        ):
            if names.get(field) and names[field] in (taken.get("kind"), taken.get("listKind"), taken.get("singular")):
                return reason, f'"{names[field]}" is already in use'
        for short in names.get("shortNames") or ():
            if short in (taken.get("shortNames") or ()):
                return "ShortNamesConflict", f'"{short}" is already in use'
    return None


def _condition(type_: str, status: str, reason: str, message: str, now: str) -> Object:
    return {"type": type_, "status": status, "lastTransitionTime": now, "reason": reason, "message": message}


def with_condition(definition: Object, condition: Object) -> Object:
    """The definition with a condition in place of the one of its type."""
    conditions = (definition.get("status") or {}).get("conditions") or []
    kept = [one for one in conditions if one["type"] != condition["type"]]
    return edit.put(definition, "status.conditions", [*kept, condition])


def marked(server: Any, definition: Object) -> Object:
    """The definition as a deletion marks it: its objects go first."""
    now = server.loop.clock.timestamp()
    metadata = {**definition["metadata"], "deletionTimestamp": now}
    finalizers = meta.finalizers(definition)
    metadata["finalizers"] = [*finalizers, *([] if CLEANUP in finalizers else [CLEANUP])]
    message = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    condition = _condition("Terminating", "True", "InstanceDeletionPending", message, now)
    return with_condition({**definition, "metadata": metadata}, condition)


def _clean_up(server: Any, definition: Object, change: Change) -> None:
    previous = meta.condition(definition, "Terminating") or {}
    if previous.get("reason") == "InstanceDeletionPending":
        now = server.loop.clock.timestamp()
        message = "CustomResource deletion is in progress"
        condition = _condition("Terminating", "True", "InstanceDeletionInProgress", message, now)
        _update(server, with_condition(definition, condition), "status")
        _delete_objects(server, definition)
        server.loop.after(CLEANUP_MS, server.name, CleanedUp(meta.name(definition)))


def _delete_objects(server: Any, definition: Object) -> None:
    resource = f"{definition['spec']['names']['plural']}.{definition['spec']['group']}"
    cache = server.caches.get(resource)
    for key in list(cache.keys()) if cache is not None else ():
        namespace, name = meta.split_key(key)
        _send(server, Call("delete", resource, namespace, name))


def cleaned_up(server: Any, message: CleanedUp) -> None:
    """The objects are gone: so may the definition."""
    definition = server.catalog.definitions.get(message.name)
    if definition is None or CLEANUP not in meta.finalizers(definition):
        return
    left = [one for one in meta.finalizers(definition) if one != CLEANUP]
    metadata = {key: value for key, value in definition["metadata"].items() if key != "finalizers"}
    if left:
        metadata["finalizers"] = left
    _update(server, {**definition, "metadata": metadata}, "")


def _update(server: Any, definition: Object, subresource: str) -> None:
    _send(server, Call("update", RESOURCE, "", meta.name(definition), subresource, definition))


def _send(server: Any, call: Call) -> None:
    server.loop.send(server.name, Request(server.name, 0, "system:apiserver", call))
