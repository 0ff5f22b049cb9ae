"""delete: at once, gracefully (pods), or only marked until the last finalizer is gone.

*In Kubernetes:* `Store.Delete` in `k8s.io/apiserver/pkg/registry/generic/registry/store.go`,
`pkg/registry/rest/delete.go`, and `CheckGracefulDelete` of `pkg/registry/core/pod/strategy.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import admission, allocation, claims, definitions, errors
from cp_sim.apiserver.deletion import DeleteOptions, parse
from cp_sim.apiserver.verbs import guaranteed
from cp_sim.apiserver.verbs.guaranteed import Remove
from cp_sim.apiserver.work import Done, Work
from cp_sim.etcd.store import Delete, StoreAnswer
from cp_sim.objects.kinds import Kind
from cp_sim.sim.clock import parse_timestamp, timestamp

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


def start(server: Any, work: Work) -> Any:
    """Check the options, then try."""
    work.state = parse(work)
    work.note("decode")
    return guaranteed.begin(server, work, Handler)


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """Go on with what the store says."""
    if isinstance(work.state, _Marked):
        return finish(server, work, answer)
    return guaranteed.proceed(server, work, Handler, answer)


class _Marked:
    """A graceful deletion without grace: marked in one write, removed in the next."""

    def __init__(self, options: DeleteOptions) -> None:
        self.options = options


def transform(server: Any, work: Work, current: dict[str, Any]) -> Any:
    """The object marked for deletion, or its removal."""
    call, kind = work.call, work.kind
    assert kind is not None
    options: DeleteOptions = work.state
    check_preconditions(work, options, current["metadata"])
    asked = admission.Attributes(
        "DELETE",
        kind,
        "",
        call.namespace,
        call.name,
        None,
        current,
        work.user,
        work.dry_run,
        call.options,
        work.warnings,
    )
    admission.mutate(server, asked)
    work.note("mutate")
    admission.validate(server, asked)
    work.note("validate")
    if kind.storage == "namespaces":
        return namespace_deletion(server, kind, current, options)
    if kind.storage == definitions.RESOURCE and not current["metadata"].get("deletionTimestamp"):
        return definitions.marked(server, current)
    now_ms = server.loop.clock.now_ms
    grace, pending = grace_of(kind, current, options, now_ms)
    if pending:
        return Done(answer_of(kind, current, deleted=False))
    made = current
    if kind.storage == definitions.RESOURCE:
        return Done(current) if current["metadata"].get("finalizers") else Remove()
    finalizers = collected(kind, current, options)
    if finalizers is not None:
        made = with_metadata(made, finalizers=finalizers or None)
    if grace is not None:
        return marked(made, now_ms, grace)
    if made["metadata"].get("finalizers"):
        return marked(made, now_ms, 0)
    return Remove()


def grace_of(kind: Kind, obj: dict[str, Any], options: DeleteOptions, now_ms: int) -> tuple[int | None, bool]:
    """(grace period in seconds, already pending); only pods are deleted gracefully, everything else has None."""
    if kind.storage != "pods":
        return None, False
    metadata = obj["metadata"]
    asked = options.grace_s
    if metadata.get("deletionTimestamp"):
        left = metadata.get("deletionGracePeriodSeconds")
        if left is None:
            return None, False
        if asked is None or asked >= left:
            return None, True
        return max(asked, 0) if asked >= 0 else 1, False
    spec = obj.get("spec") or {}
    grace = asked if asked is not None else spec.get("terminationGracePeriodSeconds") or 0
    phase = (obj.get("status") or {}).get("phase")
    if not spec.get("nodeName") or phase in ("Failed", "Succeeded"):
        grace = 0
    return (1 if grace < 0 else grace), False


def marked(obj: dict[str, Any], now_ms: int, grace_s: int) -> dict[str, Any]:
    """The object with a deletion timestamp; the first time its generation rises."""
    metadata = dict(obj["metadata"])
    old = metadata.get("deletionTimestamp")
    if old is None:
        if metadata.get("generation"):
            metadata["generation"] += 1
        metadata["deletionTimestamp"] = timestamp(now_ms + grace_s * 1000)
    elif metadata.get("deletionGracePeriodSeconds") != grace_s or parse_timestamp(old) > now_ms:
        metadata["deletionTimestamp"] = timestamp(now_ms + grace_s * 1000)
    metadata["deletionGracePeriodSeconds"] = grace_s
    return {**obj, "metadata": metadata}


def namespace_deletion(server: Any, kind: Kind, namespace: dict[str, Any], options: DeleteOptions) -> Any:
    """A namespace is first marked and Terminating; it goes when its last finalizer does."""
    finalizers = collected(kind, namespace, options)
    metadata = namespace["metadata"]
    if not metadata.get("deletionTimestamp"):
        made = {**metadata, "deletionTimestamp": server.loop.clock.timestamp()}
        if finalizers:
            made["finalizers"] = finalizers
        status = {**(namespace.get("status") or {}), "phase": "Terminating"}
        return {**namespace, "metadata": made, "status": status}
    if (namespace.get("spec") or {}).get("finalizers") or metadata.get("finalizers"):
        return Done(namespace)
    return Remove()


def collected(kind: Kind, obj: dict[str, Any], options: DeleteOptions) -> list[str] | None:
    """The finalizers that garbage collection asks for, None where they stay as they are."""
    old = obj["metadata"].get("finalizers") or []
    orphan = wants_orphans(kind, old, options)
    foreground = wants_foreground(old, options)
    new = [one for one in old if one not in (ORPHAN, FOREGROUND)]
    if orphan:
        new.append(ORPHAN)
    if foreground:
        new.append(FOREGROUND)
    return None if new == old or sorted(new) == sorted(old) else new


def wants_orphans(kind: Kind, finalizers: list[str], options: DeleteOptions) -> bool:
    """Whether dependents are to be left behind (`shouldOrphanDependents`)."""
    if kind.storage in NOT_COLLECTED:
        return False
    if options.orphan is not None:
        return options.orphan
    if options.policy:
        return options.policy == "Orphan"
    if ORPHAN in finalizers:
        return True
    if FOREGROUND in finalizers:
        return False
    return kind.orphans_by_default


def wants_foreground(finalizers: list[str], options: DeleteOptions) -> bool:
    """Whether the object stays until its dependents are gone (`shouldDeleteDependents`)."""
    if options.orphan is not None:
        return False
    if options.policy:
        return options.policy == "Foreground"
    return FOREGROUND in finalizers and ORPHAN not in finalizers


# Kinds whose strategy says GarbageCollectionUnsupported.
NOT_COLLECTED = frozenset(("events",))


def check_preconditions(work: Work, options: DeleteOptions, metadata: dict[str, Any]) -> None:
    """Refuse the deletion of an object that is not the one meant.

    Raises:
        ApiError: 409.
    """
    kind = work.kind
    assert kind is not None
    for asked, field, what, end in (
        (options.uid, "uid", "UID", "deleted and then recreated"),
        (options.resource_version, "resourceVersion", "ResourceVersion", "modified"),
    ):
        if asked is not None and asked != metadata.get(field) and kind.storage == "namespaces":
            is_now = metadata.get(field, "")
            why = f"Precondition failed: {what} in precondition: {asked}, {what} in object meta: {is_now}"
            raise errors.conflict(kind.plural, kind.group, work.call.name, why)
        if asked is not None and asked != metadata.get(field):
            raise errors.conflict(
                kind.kind,
                kind.group,
                work.call.name,
                f"the {what} in the precondition ({asked}) does not match the {what} in record "
                f"({metadata.get(field, '')}). The object might have been {end}",
            )


def with_metadata(obj: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The object with some fields of its metadata set, or dropped where None."""
    metadata = {**obj["metadata"], **fields}
    return {**obj, "metadata": {key: value for key, value in metadata.items() if value is not None}}


def answer_of(kind: Kind, obj: dict[str, Any], deleted: bool) -> dict[str, Any]:
    """What a delete answers: the object, or a `Status` with details, as the kind has it."""
    if kind.delete_returns_object and not kind.orphans_by_default:
        return obj
    metadata = obj["metadata"]
    details = errors.details_of(metadata["name"], kind.group, kind.plural, uid=metadata.get("uid"))
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}


def written(server: Any, work: Work, made: dict[str, Any], revision: int) -> Any:
    """The object is marked; without any grace left it goes in a second write."""
    kind = work.kind
    assert kind is not None
    metadata = made["metadata"]
    if (
        kind.storage == "pods"
        and metadata.get("deletionGracePeriodSeconds") == 0
        and not metadata.get("finalizers")
        and not work.dry_run
    ):
        if revision:
            note_mark(server, work, revision)
        work.state = _Marked(work.state)
        return Delete(kind.store_key(work.call.namespace, work.call.name), expect=None)
    if work.dry_run and kind.storage == "pods" and metadata.get("deletionGracePeriodSeconds") == 0:
        return Done(server.in_version(kind, made))
    return Done(server.in_version(kind, made), 200, revision)


def note_mark(server: Any, work: Work, revision: int) -> None:
    """The record of the first of two writes."""
    server.loop.record(
        "mark for deletion", work.subject, revision=revision, evidence=work.passage(200), actor=server.name
    )
    server.loop.caused_by(work.cause)


def finish(server: Any, work: Work, answer: StoreAnswer) -> Done:
    """The second write of a deletion without grace; if somebody else was faster, that is fine too."""
    kind = work.kind
    assert kind is not None
    if answer.kv is None:
        raise errors.not_found(kind.plural, kind.group, work.call.name)
    before = server.decorated(kind, answer.kv)
    return removed(server, work, Remove(), before, answer.revision)


def removed(server: Any, work: Work, what: Remove, before: dict[str, Any], revision: int) -> Done:
    """The object is gone."""
    kind = work.kind
    assert kind is not None
    if revision:
        allocation.give_back(server, before)
        claims.release_of(server, before)
        before = with_metadata(before, resourceVersion=str(revision))
    return Done(server.in_version(kind, answer_of(kind, before, deleted=True)), 200, revision)


class Handler:
    """How a deletion goes on."""

    transform = staticmethod(transform)
    written = staticmethod(written)
    removed = staticmethod(removed)

    @staticmethod
    def missing(server: Any, work: Work) -> Any:
        """There is nothing to delete."""
        kind = work.kind
        assert kind is not None
        raise errors.not_found(kind.plural, kind.group, work.call.name)
