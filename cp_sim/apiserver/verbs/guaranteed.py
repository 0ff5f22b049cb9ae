"""Writing over what is there: try with what the cache knows, and again with what the store says, until nobody was
faster.

*In Kubernetes:* `GuaranteedUpdate` in `k8s.io/apiserver/pkg/storage/etcd3/store.go`.  A handler gives
`transform(server, work, current)`, which returns the object to store (or `Remove` to delete it, or `Done` to
stop), and `missing(server, work)` for a key that is not there.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import claims, errors, versions
from cp_sim.apiserver.request import ApiError
from cp_sim.apiserver.work import Done, Work
from cp_sim.etcd.store import Delete, Get, KeyValue, Put, StoreAnswer
from cp_sim.sim import immutable

ATTEMPTS = 50


@immutable
class Remove:
    """Delete the object instead; `answer` is what the caller gets, None for the object as the store had it."""

    answer: Any = None


def begin(server: Any, work: Work, handler: Any) -> Any:
    """The first attempt, with what the watch cache knows."""
    call, kind = work.call, work.kind
    assert kind is not None
    cache = server.cache(kind)
    short = f"{call.namespace}/{call.name}" if kind.namespaced else call.name
    current = cache.objects.get(short)
    if current is None or kind.custom:
        return ask(work)
    work.fresh = False
    return attempt(server, work, handler, current, cache.revisions[short])


def ask(work: Work) -> Get:
    """Ask the store for the object as it is now."""
    kind = work.kind
    assert kind is not None
    work.fresh = True
    work.state_is_read = True
    return Get(kind.store_key(work.call.namespace, work.call.name))


def attempt(server: Any, work: Work, handler: Any, current: dict[str, Any], revision: int) -> Any:
    """Transform the current object; what comes of it goes to the store."""
    kind = work.kind
    assert kind is not None
    work.attempts += 1
    stored = current
    if current.get("apiVersion") != kind.api_version:
        current = server.in_version(kind, current)
    gates, warnings = len(work.gates), len(work.warnings)
    try:
        made = handler.transform(server, work, current)
    except ApiError:
        if work.fresh:
            raise
        del work.gates[gates:], work.warnings[warnings:]
        return ask(work)
    if type(made) is Done:
        return made
    key = kind.store_key(work.call.namespace, work.call.name)
    if type(made) is Remove:
        work.object = made
        if work.dry_run:
            return handler.removed(server, work, made, stored, 0)
        return Delete(key, expect=revision)
    if made is current or made == current:
        if not work.fresh:
            del work.gates[gates:], work.warnings[warnings:]
            return ask(work)
        return handler.written(server, work, stored, 0)
    if work.dry_run:
        return handler.written(server, work, made, 0)
    work.object, work.wanted = made, stored
    final = Put(key, undecorated(versions.to_storage(kind, made)), expect=revision)
    return claims.begin(server, work, made, stored, final) if server.shared_store else final


def proceed(server: Any, work: Work, handler: Any, answer: StoreAnswer) -> Any:
    """Go on with what the store says."""
    kind = work.kind
    assert kind is not None
    if claims.under_way(work):
        following = claims.proceed(server, work, answer)
        return following if following is not None else ask(work)
    if work.state_is_read:
        work.state_is_read = False
        if answer.kv is None:
            return handler.missing(server, work)
        return attempt(server, work, handler, server.decorated(kind, answer.kv), answer.kv.mod_revision)
    if answer.succeeded:
        if type(work.object) is Remove:
            kv = answer.kv
            before = server.decorated(kind, kv) if kv is not None else None
            return handler.removed(server, work, work.object, before, answer.revision)
        assert answer.kv is not None
        if server.shared_store:
            claims.release_of(server, work.wanted, work.object)
        return handler.written(server, work, server.decorated(kind, answer.kv), answer.kv.mod_revision)
    claims.give_back(server, work)
    if work.attempts > ATTEMPTS:
        raise errors.conflict(kind.plural, kind.group, work.call.name)
    if answer.kv is None:
        return handler.missing(server, work)
    work.fresh = True
    return attempt(server, work, handler, server.decorated(kind, answer.kv), answer.kv.mod_revision)


def undecorated(obj: dict[str, Any]) -> dict[str, Any]:
    """The object as it is stored: the resourceVersion is the key's revision and not part of it."""
    metadata = obj["metadata"]
    if "resourceVersion" not in metadata:
        return obj
    return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "resourceVersion"}}


def stub(key: str, obj: dict[str, Any], revision: int) -> KeyValue:
    """A key as the store would have it."""
    return KeyValue(key, obj, revision, revision, 1)
