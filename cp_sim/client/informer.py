"""Caches of what a component watches, shared by everybody inside it."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable
from typing import Any

from cp_sim.apiserver.request import Call, Response, WatchChange
from cp_sim.client.client import Component
from cp_sim.client.workqueue import FOREGROUND_LIMIT_MS
from cp_sim.objects import meta
from cp_sim.objects.kinds import KINDS
from cp_sim.sim import immutable
from cp_sim.sim.connection import REFUSED

Object = dict[str, Any]
IndexFunction = Callable[[Object], Iterable[str]]

# Source: k8s.io/client-go/tools/cache/reflector.go: the pauses after failures, each up to twice as long by chance; who
# has not failed for two minutes begins with the first one again.
RETRY_MS = 800
RETRY_CAP_MS = 30_000
RESET_MS = 120_000
# A watch that ends sooner, without any change, counts as a failure ("very short watch").
SHORT_WATCH_MS = 1_000


@immutable
class Relist:
    """The timer message that lets an informer try again: list anew, or (`watch`) only watch."""

    resource: str
    watch: bool = False


def by_namespace(obj: Object) -> Iterable[str]:
    """Index: the namespace."""
    return (meta.namespace(obj),)


def by_node(pod: Object) -> Iterable[str]:
    """Index: the node a pod is bound to; pods that are not bound are under the empty name."""
    return (meta.node_name(pod),)


def by_owner(obj: Object) -> Iterable[str]:
    """Index: the uids of all owners."""
    return [owner["uid"] for owner in meta.owners(obj)]


def by_controller(obj: Object) -> Iterable[str]:
    """Index: the uid of the controlling owner, if there is one."""
    owner = meta.controller_of(obj)
    return (owner["uid"],) if owner else ()


class Informer:
    """A cache of one resource: listed once, then kept by a watch; listed anew when the watch cannot go on.

    The objects are the store's own and must not be edited.  Handlers hear of changes in order, as
    `method(type, old, new)` with type ADDED, MODIFIED or DELETED (then `new` is the last state).

    A watch that ends is opened again at once, from the last revision that was heard of (bookmarks count); while the
    server refuses connections, with pauses.  When the history is gone (410) or the server is behind (`Too large
    resource version`) everything is listed anew, at least as new as what is known: a cache never goes back in time.

    *In Kubernetes:* k8s.io/client-go/tools/cache, `Reflector` and `sharedIndexInformer`.  *Simplified:* a list where
    v1.36 streams the initial state (WatchListClient); both give a consistent state.
    """

    def __init__(
        self, owner: Component, resource: str, namespace: str = "", options: dict[str, str] | None = None
    ) -> None:
        self.owner = owner
        self.resource = resource
        self.namespace = namespace
        self.options = options or {}
        self.objects: dict[str, Object] = {}
        self.revision = 0
        self.synced = False
        self.started = False
        self.relists = 0
        self._failures = 0
        self._failed_ms = 0
        self._watch: int | None = None
        self._watched_ms = 0  # since when, and whether anything came
        self._heard = False
        self._unavailable = False  # the last revision cannot be had: list the latest state
        self._kind = KINDS[resource]
        self._indexes: dict[str, tuple[IndexFunction, dict[str, dict[str, Object]]]] = {}
        self._handlers: list[tuple[Any, str]] = []

    # -- reading ---------------------------------------------------------------------------------------------------

    def get(self, key: str) -> Object | None:
        """The object `namespace/name` (or `name`), or None."""
        return self.objects.get(key)

    def list(self, namespace: str = "") -> builtins.list[Object]:
        """All objects, or those of one namespace (indexed)."""
        return self.where("namespace", namespace) if namespace else list(self.objects.values())

    def where(self, index: str, value: str) -> builtins.list[Object]:
        """The objects that an index files under `value`, in the order in which they came."""
        return list(self._indexes[index][1].get(value, {}).values())

    # -- setting up ------------------------------------------------------------------------------------------------

    def index(self, name: str, function: IndexFunction) -> Informer:
        """Keep an index; `function` is a plain function of a module.  Asking twice for the same name is fine."""
        if name not in self._indexes:
            table: dict[str, dict[str, Object]] = {}
            self._indexes[name] = (function, table)
            for key, obj in self.objects.items():
                for value in function(obj):
                    table.setdefault(value, {})[key] = obj
        return self

    def on_change(self, receiver: Any, method: str) -> Informer:
        """Call `receiver.<method>(type, old, new)` for every change from now on, and for what is cached already."""
        self._handlers.append((receiver, method))
        for obj in list(self.objects.values()):
            getattr(receiver, method)("ADDED", None, obj)
        return self

    def start(self) -> None:
        """List, then watch."""
        self.started = True
        options = dict(self.options)
        if self.revision and not self._unavailable:
            options["resourceVersion"] = str(self.revision)
        self.owner.api.send(Call("list", self.resource, self.namespace, options=options), "listed", None, self)

    def stop(self) -> None:
        """Close the watch; the cache stays as it is."""
        if self._watch is not None:
            self.owner.api.stop(self._watch)
            self._watch = None

    # -- what the API server says ------------------------------------------------------------------------------------

    def listed(self, _context: Any, response: Response) -> None:
        """Take over a list: what is new is added, what differs modified, what is missing deleted."""
        if not response.ok:
            behind = response.status == 410 or _is_too_large(response)
            if behind and not self._unavailable:
                self._unavailable = True
                self.start()
            else:
                self._again_later()
            return
        self._unavailable = False
        seen: dict[str, Object] = {}
        for item in response.body["items"]:
            if "kind" not in item:
                item = {"apiVersion": self._kind.api_version, "kind": self._kind.kind, **item}
            seen[meta.key(item)] = item
        for key in [key for key in self.objects if key not in seen]:
            self._apply("DELETED", key, self.objects[key])
        for key, item in seen.items():
            old = self.objects.get(key)
            if old is None or meta.resource_version(old) != meta.resource_version(item):
                self._apply("MODIFIED" if old else "ADDED", key, item)
        self.revision = int(response.body["metadata"]["resourceVersion"])
        self.open_watch()
        if not self.synced:
            self.synced = True
            self.owner.loop.wake(self.owner)

    def watching(self, _context: Any, response: Response) -> None:
        """The watch was opened, refused, or has ended."""
        if response.watching:
            return
        self._watch = None
        if response.status == 410:
            self._relist()
        elif response.ok:
            self._ended()
        else:
            refused = response.status == 429 or (not response.status and REFUSED in response.body["message"])
            self._again_later(watch=refused)

    def changed(self, _context: Any, change: WatchChange) -> None:
        """Apply one change of the watch."""
        if change.type == "ERROR":
            self.stop()
            if change.object.get("code") == 429:
                self._again_later(watch=True)
            else:
                self._relist()
            return
        if change.type == "CLOSED":
            self._watch = None
            self._ended()
            return
        self._heard = True
        self.revision = meta.revision(change.object)
        kind = change.type
        if kind != "BOOKMARK":
            key = meta.key(change.object)
            if kind != "DELETED":
                kind = "MODIFIED" if key in self.objects else "ADDED"
            self._apply(kind, key, change.object)

    def _ended(self) -> None:
        """The watch has ended without an error: go on where it ended."""
        if not self._heard and self.owner.loop.clock.now_ms - self._watched_ms < SHORT_WATCH_MS:
            self._again_later()
        else:
            self.open_watch()

    def open_watch(self) -> None:
        """Watch from the last revision on."""
        self._watched_ms, self._heard = self.owner.loop.clock.now_ms, False
        options = {**self.options, "resourceVersion": str(self.revision), "allowWatchBookmarks": "true"}
        call = Call("watch", self.resource, self.namespace, options=options)
        self._watch = self.owner.api.watch(call, "watching", "changed", None, self)

    def _relist(self) -> None:
        self.relists += 1
        self.start()

    def _again_later(self, watch: bool = False) -> None:
        loop = self.owner.loop
        if loop.clock.now_ms - self._failed_ms > RESET_MS:
            self._failures = 0
        delay_ms = min(RETRY_MS << min(self._failures, 10), RETRY_CAP_MS)
        delay_ms += int(delay_ms * loop.chance.stream(f"reflector/{self.owner.name}").random())
        self._failures += 1
        self._failed_ms = loop.clock.now_ms
        loop.after(delay_ms, self.owner.name, Relist(self.resource, watch), delay_ms > FOREGROUND_LIMIT_MS)

    def _apply(self, change: str, key: str, obj: Object) -> None:
        old = self.objects.get(key)
        if change == "DELETED":
            if self.objects.pop(key, None) is None:
                return
        else:
            self.objects[key] = obj
        for function, table in self._indexes.values():
            before = function(old) if old is not None else ()
            after = function(obj) if change != "DELETED" else ()
            for value in before:
                if value not in after:
                    filed = table[value]
                    del filed[key]
                    if not filed:
                        del table[value]
            for value in after:
                table.setdefault(value, {})[key] = obj
        for receiver, method in self._handlers:
            getattr(receiver, method)(change, old, obj)


class Informers:
    """The caches of one component, one per resource."""

    def __init__(self, owner: Component) -> None:
        self.owner = owner
        self._informers: dict[str, Informer] = {}
        self._synced = False

    def of(self, resource: str) -> Informer:
        """The cache of `resource` (`pods`, `deployments.apps`), made and started when it is first asked for."""
        found = self._informers.get(resource)
        if found is None:
            found = self._informers[resource] = Informer(self.owner, resource)
            self._synced = False
            found.index("namespace", by_namespace)
            if hasattr(self.owner, "loop"):
                found.start()
        return found

    def start(self) -> None:
        """Start the caches that were asked for before their owner joined the loop."""
        for informer in self._informers.values():
            if not informer.started:
                informer.start()

    @property
    def synced(self) -> bool:
        """Whether every cache has had its first list; one that has had it stays synced."""
        if not self._synced:
            self._synced = all(informer.synced for informer in self._informers.values())
        return self._synced

    def notice(self, message: Relist) -> None:
        """Let an informer try again."""
        informer = self._informers[message.resource]
        if message.watch:
            informer.open_watch()
        else:
            informer.start()

    def __iter__(self) -> Any:
        return iter(self._informers.values())


def _is_too_large(response: Response) -> bool:
    """Whether the server has not seen the revision yet that was asked for."""
    if response.status != 504 or not isinstance(response.body, dict):
        return False
    causes = (response.body.get("details") or {}).get("causes") or ()
    return any(cause.get("reason") == "ResourceVersionTooLarge" for cause in causes)
