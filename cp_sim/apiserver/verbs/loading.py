"""Before the first request: read what the store holds, write what every cluster has, and follow the store from there.

*In Kubernetes:* the reflectors behind the cacher, and the post-start hooks that bootstrap namespaces, RBAC,
priority classes.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import allocation, bootstrap
from cp_sim.apiserver.watch_cache import Change
from cp_sim.etcd.store import REGISTRY, CancelWatch, List, Put, StoreAnswer, StoreRequest
from cp_sim.sim import immutable

LIST_TOKEN = -1
PUT_TOKEN = -2


# How long the server waits before it asks a store again that did not answer.
# Source: k8s.io/client-go/tools/cache/reflector.go, the first pause of its back-off.
AGAIN_MS = 800


@immutable
class ReadAgain:
    """Timer: read the store once more."""


def begin(server: Any) -> None:
    """Ask for everything there is; whoever watches is sent away, for nobody can say what he has missed."""
    server.ready = False
    for cache in server.caches.values():
        for watch in list(cache.watches.values()):
            server.end_watch(watch)
    if server.revision:
        server.loop.send(server.store, CancelWatch(server.name, server.watch_token))
    server.loop.send(server.store, StoreRequest(List(REGISTRY), server.name, LIST_TOKEN))


def answered(server: Any, answer: StoreAnswer) -> None:
    """Take over the list; then write what is missing."""
    if answer.error:
        server.refuse_parked(answer.error)
        if not server.reads_again:
            server.reads_again = True
            server.loop.after(AGAIN_MS, server.name, ReadAgain(), background=True)
    elif answer.token == LIST_TOKEN:
        listed(server, answer)
    elif answer.token == PUT_TOKEN:
        server.bootstrapping -= 1
        if answer.succeeded and answer.revision > server.bootstrapped:
            server.bootstrapped = answer.revision
        if not server.bootstrapping:
            server.loop.record(
                "bootstrap", server.name, "namespaces, roles and bindings, priority classes", actor=server.name
            )
            server.open_when(server.bootstrapped)


def listed(server: Any, answer: StoreAnswer) -> None:
    """Fill the caches and follow the store."""
    server.caches.clear()
    server.allocations = allocation.Allocations()
    server.compacted = answer.revision
    for kv in answer.kvs:
        found = server.catalog.cache_of_key(kv.key)
        if found is None:
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
    server.authorizer.forget()
    server.revision = answer.revision
    server.follow_store(answer.revision)
    missing = bootstrap.missing(server)
    server.bootstrapping = len(missing)
    server.bootstrapped = answer.revision
    for key, obj in missing:
        server.loop.send(server.store, StoreRequest(Put(key, obj, expect=0), server.name, PUT_TOKEN))
    if not missing:
        server.open_when(answer.revision)
