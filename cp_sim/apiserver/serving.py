"""The part of the API server that serves from its watch caches: what it knows, and who wants to hear of changes.

The store's changes come in, the caches take them, and every watch that wants one is told. One watch of the store feeds
all caches.

*In Kubernetes:* `k8s.io/apiserver/pkg/storage/cacher`, one `Cacher` per resource.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import allocation, definitions, moulds, rest, verbs, versions
from cp_sim.apiserver.authorization import Authorizer
from cp_sim.apiserver.catalog import Catalog
from cp_sim.apiserver.readable import is_object
from cp_sim.apiserver.request import WatchChange, WatchClosed
from cp_sim.apiserver.watch_cache import Change, ResourceCache, Watch
from cp_sim.etcd.store import KeyChange, KeyValue, WatchChanges
from cp_sim.objects.kinds import Kind
from cp_sim.sim import Actor, immutable


@immutable
class EndWatch:
    """Timer: watch `watch` of `resource` has had its timeoutSeconds."""

    resource: str
    watch: int


class Serving(Actor):
    """Keeps the caches, by resource, and the watches of the server's clients."""

    ready = False

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.caches: dict[str, ResourceCache] = {}
        self.catalog = Catalog()
        self.authorizer = Authorizer()
        self.allocations = allocation.Allocations()
        self.moulds = moulds.Moulds()
        self.revision = 0  # the watch caches have seen everything up to here
        self.compacted = 0  # the store's history begins after this
        self._watches: dict[tuple[str, int], tuple[str, int]] = {}
        self._fresh: dict[str, tuple[int, dict[str, Any]]] = {}  # objects just written, until the watch tells of them

    # -- objects ---------------------------------------------------------------------------------------------------

    def cache(self, kind: Kind) -> ResourceCache:
        """The watch cache of a kind (versions of one resource share theirs)."""
        found = self.caches.get(kind.storage)
        if found is None:
            trigger = "spec.nodeName" if kind.storage == "pods" else ""
            found = self.caches[kind.storage] = ResourceCache(kind.storage, trigger, self.compacted)
        return found

    def known(self, resource: str, key: str) -> dict[str, Any] | None:
        """What the watch cache knows of one object (`pods`, `default/web-1`)."""
        cache = self.caches.get(resource)
        return cache.objects.get(key) if cache is not None else None

    def decorated(self, kind: Kind, kv: KeyValue) -> dict[str, Any]:
        """The object of a key with its resourceVersion, the same dict for everybody."""
        key = kv.key
        fresh = self._fresh.get(key)
        if fresh is not None and fresh[0] == kv.mod_revision:
            return fresh[1]
        cache = self.caches.get(kind.storage)
        if cache is not None:
            short = key[len(kind.store_prefix) + 1 :]
            if cache.revisions.get(short) == kv.mod_revision:
                return cache.objects[short]
        made = decorate(kv)
        if kv.mod_revision > self.revision:
            self._fresh[key] = (kv.mod_revision, made)
        return made

    def in_version(self, kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
        """A stored object as the version of `kind` shows it."""
        if obj.get("apiVersion") == kind.api_version:
            return obj
        return versions.convert(kind, obj)

    # -- changes and watches -----------------------------------------------------------------------------------------

    def take_changes(self, message: WatchChanges) -> None:
        """The store has changed: let the caches take it, and tell who watches."""
        loop, observed = self.loop, self.catalog.observed
        for key_change in message.changes:
            found = self.catalog.cache_of_key(key_change.key)
            if found is None:
                continue
            kind, short = found
            cache = self.caches.get(kind.storage) or self.cache(kind)
            change = self._change(cache, short, key_change)
            if change is None:
                continue
            cache.take(change)
            if kind.storage in observed or kind.storage == "services":
                self._learn(kind, change)
            if cache.watches:
                record = loop.trace.of_revision(key_change.revision)
                if record is not None:
                    loop.caused_by(record.id)
                verbs.watch.fan_out(self, kind, cache, change)
        if message.revision > self.revision:
            self.revision = message.revision

    def _change(self, cache: ResourceCache, short: str, key_change: KeyChange) -> Change | None:
        """What a change of the store means for a cache, None if nothing."""
        kv = key_change.kv
        if key_change.revision <= cache.oldest and kv is None:
            return None
        if kv is not None and not is_object(kv.value):
            if short not in cache.objects:
                return None
            kv = None  # it has taken an object's place
        made = None
        if kv is not None:
            fresh = self._fresh.pop(kv.key, None)
            made = fresh[1] if fresh is not None and fresh[0] == kv.mod_revision else decorate(kv)
        return Change(key_change.revision, short, made, cache.objects.get(short))

    def _learn(self, kind: Kind, change: Change) -> None:
        """What the server itself draws from a change: kinds, access rules, what Services have."""
        if kind.storage in self.catalog.observed:
            self.catalog.learn(kind.storage, change)
            self.authorizer.learn(kind.storage)
            if kind.storage == definitions.RESOURCE and self.ready:
                definitions.follow(self, change)
        if kind.storage == "services":
            self.allocations.learn(change)

    def forget_written(self) -> None:
        """Everything was read anew: what was written before is no news any more."""
        self._fresh.clear()
        self.moulds.forget()

    def add_watch(self, cache: ResourceCache, watch: Watch) -> None:
        """Enter a watch."""
        cache.add_watch(watch)
        self._watches[(watch.reply_to, watch.token)] = (cache.resource, watch.id)

    def stop_watch(self, reply_to: str, token: int) -> None:
        """The caller does not want any more of a watch."""
        found = self._watches.pop((reply_to, token), None)
        if found is not None:
            self.caches[found[0]].remove_watch(found[1])

    def time_is_up(self, message: EndWatch) -> None:
        """A watch has had its time."""
        watch = self.caches[message.resource].watches.get(message.watch)
        if watch is not None:
            verbs.watch.ending(self, self.caches[message.resource], watch)
            self.end_watch(watch)

    def end_watch(self, watch: Watch) -> None:
        """Close a watch and tell its caller so."""
        self.stop_watch(watch.reply_to, watch.token)
        self.loop.send(watch.reply_to, WatchClosed(watch.token))

    def send_change(self, watch: Watch, type_: str, obj: dict[str, Any]) -> None:
        """Send one change to a watcher, in the form it asked for."""
        if watch.outside is not None:
            obj = rest.watched(self, watch, type_, obj)
        watch.sent += 1
        self.loop.send(watch.reply_to, WatchChange(watch.token, type_, obj))

    def forget_watcher(self, caller: str) -> None:
        """A client is gone: its watches end."""
        for reply_to, token in [watch for watch in self._watches if watch[0] == caller]:
            self.stop_watch(reply_to, token)

    def watchers(self) -> dict[str, None]:
        """The actors that watch something."""
        return dict.fromkeys(reply_to for reply_to, _ in self._watches)

    def end_all_watches(self) -> None:
        """The caches are not to be relied on any more: every watch of a client ends."""
        for cache in list(self.caches.values()):
            for watch in list(cache.watches.values()):
                self.end_watch(watch)


def decorate(kv: KeyValue) -> dict[str, Any]:
    """A stored value with `metadata.resourceVersion`, which the store keeps as the key's revision."""
    value = kv.value
    return {**value, "metadata": {**value["metadata"], "resourceVersion": str(kv.mod_revision)}}
