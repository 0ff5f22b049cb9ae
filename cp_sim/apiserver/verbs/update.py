"""update: the whole object, or its status, is replaced; only if nobody was faster where the caller says which version
it saw.

*In Kubernetes:* `k8s.io/apiserver/pkg/endpoints/handlers/update.go` and `Store.Update` of the generic registry.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import admission, allocation, claims, errors, forms, strategies, tracking
from cp_sim.apiserver.verbs import create, guaranteed
from cp_sim.apiserver.verbs.guaranteed import Remove
from cp_sim.apiserver.work import Done, Work
from cp_sim.etcd.store import StoreAnswer


def start(server: Any, work: Work) -> Any:
    """Check that the object is the one on the URL, then try."""
    read_body(work)
    return guaranteed.begin(server, work, _MODULE)


def read_body(work: Work) -> None:
    """Check that the object is the one on the URL, and fill in its defaults.

    Raises:
        ApiError: 400.
    """
    call, kind = work.call, work.kind
    assert kind is not None
    body = create.in_namespace(work, call.body)
    metadata = body["metadata"]
    name = metadata.get("name") or ""
    if not name:
        body = {**body, "metadata": {**metadata, "name": call.name}}
    elif name != call.name:
        raise errors.bad_request(f"the name of the object ({name}) does not match the name on the URL ({call.name})")
    call.body = create.with_type(kind, forms.with_defaults(kind, body))
    work.note("decode")
    work.state = call.body


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """Go on with what the store says."""
    if work.handler == "update" and work.state == "put":
        return create.proceed(server, work, answer)
    return guaranteed.proceed(server, work, _MODULE, answer)


def missing(server: Any, work: Work) -> Any:
    """There is nothing to update: some kinds are created then."""
    call, kind = work.call, work.kind
    assert kind is not None
    if kind.put_creates and not call.subresource:
        asked = call.body["metadata"].get("resourceVersion") or ""
        if asked in ("", "0"):
            body = {**call.body, "metadata": {k: v for k, v in call.body["metadata"].items() if k != "resourceVersion"}}
            return create.launch(server, work, body)
    raise errors.not_found(kind.plural, kind.group, call.name)


def transform(server: Any, work: Work, current: dict[str, Any]) -> Any:
    """The new object in place of `current`."""
    return replace(server, work, work.state, current)


def replace(server: Any, work: Work, new: dict[str, Any], current: dict[str, Any], *, tracked: bool = False) -> Any:
    """`new` in place of `current`, through admission, strategy and validation."""
    call, kind = work.call, work.kind
    assert kind is not None
    old_metadata = current["metadata"]
    metadata = new["metadata"]
    if work.handler != "patch":
        check_uid(work, metadata, old_metadata)
    if not tracked:
        new = tracking.on_update(server, work, new, current)
    asked = admission.Attributes(
        "UPDATE",
        kind,
        call.subresource,
        call.namespace,
        call.name,
        new,
        current,
        work.user,
        work.dry_run,
        call.options,
        work.warnings,
    )
    admission.mutate(server, asked)
    work.note("mutate", "changed" if asked.changed_by else "passed", changed=tuple(asked.changed_by))
    new = asked.object
    check_version(work, new["metadata"], old_metadata)
    new = with_system_fields(new, old_metadata)
    if call.subresource == "status":
        new = strategies.prepare_status_update(kind, new, current)
        forms.check_update(kind, new, current, "status", server)
    else:
        new = strategies.prepare_update(kind, new, current)
        new = allocation.on_update(server, work, new, current)
        forms.check_update(kind, new, current, call.subresource, server)
    work.note("validate")
    asked.object = new
    admission.validate(server, asked)
    allocation.reserve(server, work, new)
    if should_delete(kind, new, current):
        return Remove(new)
    return new


def check_uid(work: Work, new: dict[str, Any], old: dict[str, Any]) -> None:
    """Refuse the update of an object that merely has the same name.

    Raises:
        ApiError: 409.
    """
    kind = work.kind
    assert kind is not None
    given = new.get("uid")
    if given and given != old.get("uid"):
        key = kind.store_key(work.call.namespace, work.call.name)
        why = (
            f"StorageError: invalid object, Code: 4, Key: {key}, ResourceVersion: 0, AdditionalErrorMsg: "
            f"Precondition failed: UID in precondition: {given}, UID in object meta: {old.get('uid', '')}"
        )
        raise errors.conflict(kind.plural, kind.group, work.call.name, why)


def check_version(work: Work, new: dict[str, Any], old: dict[str, Any]) -> None:
    """Refuse an update that was made from an older state.

    Raises:
        ApiError: 409, or 422 where the kind insists on a resourceVersion, or 500 for one that is no number.
    """
    kind, call = work.kind, work.call
    assert kind is not None
    asked = new.get("resourceVersion") or ""
    if asked == old["resourceVersion"]:
        return
    if asked and not asked.isdigit():
        raise errors.internal(f'strconv.ParseUint: parsing "{asked}": invalid syntax')
    if asked in ("", "0"):
        if kind.put_needs_resource_version and work.handler in ("update", "finalize"):
            cause = {
                "reason": "FieldValueInvalid",
                "message": f"Invalid value: {int(asked or 0)}: must be specified for an update",
                "field": "metadata.resourceVersion",
            }
            raise errors.invalid(kind.plural, kind.group, call.name, [cause])
        return
    raise errors.conflict(kind.plural, kind.group, call.name)


def with_system_fields(new: dict[str, Any], old: dict[str, Any]) -> dict[str, Any]:
    """The new object with what only the system may write, as it was (`rest.BeforeUpdate`)."""
    metadata = dict(new["metadata"])
    for field in KEPT:
        if field in ("uid", "creationTimestamp") and metadata.get(field):
            continue
        if field in old:
            metadata[field] = old[field]
        else:
            metadata.pop(field, None)
    return {**new, "metadata": metadata}


KEPT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
    "selfLink",
    "resourceVersion",
    "namespace",
)


def should_delete(kind: Any, new: dict[str, Any], old: dict[str, Any]) -> bool:
    """Whether the update took away the last finalizer of an object that is being deleted
    (`ShouldDeleteDuringUpdate`).
    """
    metadata = new["metadata"]
    if not metadata.get("deletionTimestamp") or metadata.get("finalizers"):
        return False
    if kind.storage == "namespaces":
        return not (new.get("spec") or {}).get("finalizers")
    return metadata.get("deletionGracePeriodSeconds") == 0 or "deletionGracePeriodSeconds" not in metadata


def written(server: Any, work: Work, made: dict[str, Any], revision: int) -> Done:
    """The update is stored (or there was nothing to change)."""
    assert work.kind is not None
    return Done(server.in_version(work.kind, made), 200, revision)


def removed(server: Any, work: Work, what: Remove, before: Any, revision: int) -> Done:
    """The update was the end of the object."""
    assert work.kind is not None
    allocation.give_back(server, before)
    claims.release_of(server, before)
    return Done(server.in_version(work.kind, what.answer), 200, revision)


class _Handler:
    transform = staticmethod(transform)
    missing = staticmethod(missing)
    written = staticmethod(written)
    removed = staticmethod(removed)


_MODULE = _Handler
