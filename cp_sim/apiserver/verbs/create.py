"""create: a new object passes defaults, admission, strategy and validation, and is put if its key is free.

*In Kubernetes:* `k8s.io/apiserver/pkg/endpoints/handlers/create.go` and `pkg/registry/rest/create.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import admission, allocation, claims, errors, forms, special, strategies, tracking, versions
from cp_sim.apiserver.verbs import guaranteed
from cp_sim.apiserver.work import Done, Work
from cp_sim.etcd.store import Get, Put, StoreAnswer
from cp_sim.objects import meta, strict
from cp_sim.objects.kinds import KINDS

GENERATE_ATTEMPTS = 8


def start(server: Any, work: Work) -> Any:
    """Take the object through all gates up to the store."""
    call, kind = work.call, work.kind
    assert kind is not None
    answered = special.answer(server, work)
    if answered is not None:
        return answered
    if not isinstance(call.body, dict):
        raise errors.bad_request(f"the body of the request is no {kind.kind}")
    if work.outside is not None or kind.custom:
        return launch(server, work, call.body)
    mould = server.moulds.key_of(server, work)
    if mould is not None:
        work.object = server.moulds.cast(server, work, mould)
        if work.object is not None:
            return put(work)
    begun = len(work.gates)
    # What components send has not been through a decoder yet; stored objects all have the form that one leaves.
    outcome = launch(server, work, strict.decode(kind, call.body, shared=True).object)
    if mould is not None:
        server.moulds.keep(mould, work, tuple(work.gates[begun:]))
    return outcome


def put(work: Work) -> Put:
    """Put a pod that came out of its mould."""
    call, kind = work.call, work.kind
    assert kind is not None
    call.name = work.object["metadata"]["name"]
    work.state = "put"
    return Put(kind.store_key(call.namespace, call.name), work.object, expect=0)


def launch(server: Any, work: Work, body: dict[str, Any], *, tracked: bool = False) -> Any:
    """Create `body`; also the way of a PUT or an apply on a missing object."""
    call, kind = work.call, work.kind
    assert kind is not None
    obj = in_namespace(work, body)
    obj = forms.with_defaults(kind, obj)
    obj = with_type(kind, obj)
    if not tracked:
        obj = tracking.on_create(server, work, obj)
    metadata = obj["metadata"]
    name = metadata.get("name") or ""
    asked = admission.Attributes(
        "CREATE",
        kind,
        "",
        call.namespace,
        name or metadata.get("generateName") or "",
        obj,
        None,
        work.user,
        work.dry_run,
        call.options,
        work.warnings,
    )
    work.note("decode")
    admission.mutate(server, asked)
    work.note("mutate", "changed" if asked.changed_by else "passed", changed=tuple(asked.changed_by))
    work.state = "put"
    return store(server, work, asked)


def store(server: Any, work: Work, asked: admission.Attributes) -> Any:
    """Fill in what the system owns, validate, and put."""
    call, kind = work.call, work.kind
    assert kind is not None
    work.wanted = (asked, asked.object)
    obj = asked.object
    metadata = {key: value for key, value in obj["metadata"].items() if key not in SYSTEM_FIELDS}
    if metadata.get("resourceVersion"):
        raise errors.internal("resourceVersion should not be set on objects to be created")
    metadata.pop("resourceVersion", None)
    if not metadata.get("name") and metadata.get("generateName"):
        metadata["name"] = forms.generated(metadata["generateName"], server.loop.chance)
    if not kind.namespaced:
        metadata.pop("namespace", None)
    metadata["uid"] = server.loop.chance.uid()
    metadata["creationTimestamp"] = server.loop.clock.timestamp()
    generation = strategies.generation_on_create(kind)
    if generation:
        metadata["generation"] = generation
    elif kind.has_status:
        metadata.pop("generation", None)
    obj = strategies.prepare_create(kind, {**obj, "metadata": metadata}, server.loop.clock.timestamp())
    obj = allocation.on_create(server, work, obj)
    forms.check_create(kind, obj, server)
    work.note("validate")
    asked.object = obj
    asked.name = call.name = metadata.get("name", "")
    admission.validate(server, asked)
    work.object = obj
    allocation.reserve(server, work, obj)
    key = kind.store_key(call.namespace, call.name)
    if work.dry_run:
        return Get(key)
    final = Put(key, versions.to_storage(kind, obj), expect=0)
    if asked.writes:
        work.pending = (asked, list(asked.writes), final)
        return next_write(server, work)
    return claims.begin(server, work, obj, None, final)


def next_write(server: Any, work: Work) -> Any:
    """The next of the objects that have to be stored before the new one: quotas with their usage."""
    asked, writes, final = work.pending
    if not writes:
        work.pending = None
        return claims.begin(server, work, work.object, None, final)
    quota = writes[0]
    key = KINDS["resourcequotas"].store_key(asked.namespace, meta.name(quota))
    return Put(key, guaranteed.undecorated(quota), expect=meta.revision(quota))


def counted(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """A quota has its usage; if somebody else was faster, everything is judged again."""
    asked, writes, _ = work.pending
    quota = writes.pop(0)
    if not answer.succeeded:
        work.pending = None
        asked.writes.clear()
        allocation.give_back(server, work.object)
        return store(server, work, asked)
    server.loop.record(
        "update status",
        f"resourcequotas/{asked.namespace}/{meta.name(quota)}",
        f"usage by {work.subject}",
        revision=answer.revision,
        actor=server.name,
    )
    server.loop.caused_by(work.cause)
    return next_write(server, work)


def claimed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """An address or a port is the Service's; if somebody else has it, another one is chosen."""
    following = claims.proceed(server, work, answer)
    if following is not None:
        return following
    allocation.give_back(server, work.object)
    asked, work.wanted = work.wanted
    asked.object = work.wanted
    asked.writes.clear()
    return store(server, work, asked)


# Fields of metadata that only the system writes; what a client sent there is forgotten.
SYSTEM_FIELDS = frozenset(("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"))


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """Created, or the name is taken."""
    if work.pending is not None:
        return counted(server, work, answer)
    if claims.under_way(work):
        return claimed(server, work, answer)
    kind = work.kind
    assert kind is not None
    if work.dry_run:
        if answer.kv is None:
            return Done(server.in_version(kind, work.object), 201)
    elif answer.succeeded:
        assert answer.kv is not None
        made = server.decorated(kind, answer.kv)
        return Done(server.in_version(kind, made), 201, answer.kv.mod_revision)
    metadata = work.object["metadata"]
    if metadata.get("generateName") and work.attempts < GENERATE_ATTEMPTS:
        return again(server, work)
    allocation.give_back(server, work.object)
    claims.give_back(server, work)
    taken = answer.kv.value["metadata"] if answer.kv is not None else {}
    prefix = "object is being deleted: " if taken.get("deletionTimestamp") else ""
    raise errors.already_exists(kind.plural, kind.group, metadata["name"], prefix)


def again(server: Any, work: Work) -> Any:
    """Try another generated name."""
    call, kind = work.call, work.kind
    assert kind is not None
    work.attempts += 1
    metadata = work.object["metadata"]
    name = forms.generated(metadata["generateName"], server.loop.chance)
    work.object = {**work.object, "metadata": {**metadata, "name": name}}
    call.name = name
    key = kind.store_key(call.namespace, name)
    return Get(key) if work.dry_run else Put(key, versions.to_storage(kind, work.object), expect=0)


def in_namespace(work: Work, body: dict[str, Any]) -> dict[str, Any]:
    """The object with the namespace of the request (`EnsureObjectNamespaceMatchesRequestNamespace`).

    Raises:
        ApiError: 400, the object names another one.
    """
    call, kind = work.call, work.kind
    assert kind is not None
    metadata = body.get("metadata") or {}
    given = metadata.get("namespace") or ""
    if not kind.namespaced:
        if given:
            metadata = {key: value for key, value in metadata.items() if key != "namespace"}
            return {**body, "metadata": metadata}
        return body if body.get("metadata") is not None else {**body, "metadata": {}}
    if given == call.namespace:
        return body
    if given:
        raise errors.bad_request(NAMESPACE_MISMATCH)
    return {**body, "metadata": {**metadata, "namespace": call.namespace}}


NAMESPACE_MISMATCH = "the namespace of the provided object does not match the namespace sent on the request"


def with_type(kind: Any, obj: dict[str, Any]) -> dict[str, Any]:
    """The object with `apiVersion` and `kind`."""
    if obj.get("kind") == kind.kind and obj.get("apiVersion") == kind.api_version:
        return obj
    return {**obj, "apiVersion": kind.api_version, "kind": kind.kind}
