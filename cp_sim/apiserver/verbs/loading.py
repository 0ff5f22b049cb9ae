"""Before the first request: read what the store holds, write what every cluster has, and follow the store from there.

*In Kubernetes:* the reflectors behind the cacher, and the post-start hooks that bootstrap namespaces, RBAC,
priority classes.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import allocation, bootstrap, claims
from cp_sim.apiserver.catalog import DEFINITIONS
from cp_sim.apiserver.readable import is_object
from cp_sim.apiserver.watch_cache import Change
from cp_sim.etcd.store import StoreAnswer


def answered(server: Any, answer: StoreAnswer) -> None:
    """Take over the list; then write what is missing."""
    if answer.token == server.link.list_token:
        if answer.error:
            server.link.load_failed(answer.error)
        else:
            listed(server, answer)
    elif answer.token == server.link.probe_token:
        server.link.probed(answer.error)
    elif server.reconciler.awaits(answer.token):
        server.reconciler.answered(answer)
    elif server.compactor.awaits(answer.token):
        server.compactor.answered(answer)
    elif answer.token in server.releases:
        claims.released(server, answer)
    elif answer.token in server.bootstrapping:
        written(server, answer)


def written(server: Any, answer: StoreAnswer) -> None:
    """One of the objects that every cluster has was written, or another server was faster."""
    if answer.error:
        server.link.put_failed(answer.token)
        return
    del server.bootstrapping[answer.token]
    server.bootstrapped = max(server.bootstrapped, answer.revision)
    server.wrote_first = server.wrote_first or answer.succeeded
    if not server.bootstrapping:
        if server.wrote_first:
            server.loop.record(
                "bootstrap", server.name, "namespaces, roles and bindings, priority classes", actor=server.name
            )
        server.open_when(server.bootstrapped)


def listed(server: Any, answer: StoreAnswer) -> None:
    """Fill the caches and follow the store."""
    server.caches.clear()
    server.allocations = allocation.Allocations()
    server.compacted = answer.revision
    for name, definition in list(server.catalog.definitions.items()):
        server.catalog.learn(DEFINITIONS, Change(answer.revision, name, None, definition))
    for kv in answer.kvs:
        found = server.catalog.cache_of_key(kv.key)
        if found is None or not is_object(kv.value):
            continue
        kind, short = found
        change = Change(kv.mod_revision, short, server.decorated(kind, kv), None)
        cache = server.cache(kind)
        cache.objects[short] = change.object
        cache.revisions[short] = kv.mod_revision
        cache.unsort()
        if kind.storage == "services":
            server.allocations.learn(change)
        if kind.storage in server.catalog.observed:
            server.catalog.learn(kind.storage, change)
    server.forget_written()
    server.authorizer.forget()
    server.revision = answer.revision
    server.link.loaded()
    server.link.follow(answer.revision)
    if server.ready:
        return
    server.bootstrapped = answer.revision
    missing = bootstrap.missing(server)
    for key, obj in missing:
        server.link.put(key, obj)
    if not missing:
        server.open_when(answer.revision)
