"""The watch cache: what the server knows of one resource without asking the store, and who watches it.

*In Kubernetes:* `k8s.io/apiserver/pkg/storage/cacher`.  One cache per resource is fed by the store's watch; it
answers lists and serves every watcher from a window of past changes.  The objects in it are shared with everybody
and never copied.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from typing import Any

from cp_sim.sim import immutable

# The real window grows from 100 up to 102,400 changes with the rate of changes.
WINDOW = 10_000


@immutable
class Change:
    """One change of one key: `object` is None after a delete, `previous` is None before a create.

    After a delete `previous` carries the resourceVersion of the deletion, as the DELETED change of a watch does.
    """

    revision: int
    key: str
    object: dict[str, Any] | None
    previous: dict[str, Any] | None


@dataclass(slots=True)
class Watch:
    """One watcher: where its changes go and which it wants."""

    id: int
    reply_to: str
    token: int
    namespace: str = ""
    name: str = ""
    labels: Any = None  # objects/selectors: has matches(labels)
    fields: Any = None  # has matches(mapping)
    bookmarks: bool = False
    outside: Any = None
    trigger: str | None = None
    sent: int = 0
    user: str = ""
    resource: str = ""
    api_version: str = ""
    plural: str = ""

    def __deepcopy__(self, memo: dict[int, Any]) -> Watch:
        made = Watch(*(getattr(self, slot) for slot in self.__slots__))
        memo[id(self)] = made
        return made


class ResourceCache:
    """All objects of one resource, its latest changes, and its watchers."""

    def __init__(self, resource: str, trigger_field: str = "", oldest: int = 0) -> None:
        self.resource = resource
        self.trigger_field = trigger_field
        self.objects: dict[str, dict[str, Any]] = {}
        self.revisions: dict[str, int] = {}
        self.window: deque[Change] = deque()
        self.changes = 0  # how many it has taken
        self.oldest = oldest  # every change after this revision is in the window
        self.watches: dict[int, Watch] = {}
        self.triggered: dict[str, dict[int, Watch]] = {}
        self._sorted: list[str] | None = []

    def __deepcopy__(self, memo: dict[int, Any]) -> ResourceCache:
        made = ResourceCache(self.resource, self.trigger_field, self.oldest)
        made.changes = self.changes
        made.objects = dict(self.objects)
        made.revisions = dict(self.revisions)
        made.window = deque(self.window)
        made.watches = {id_: watch.__deepcopy__(memo) for id_, watch in self.watches.items()}
        made.triggered = {value: {id_: made.watches[id_] for id_ in group} for value, group in self.triggered.items()}
        made._sorted = None
        memo[id(self)] = made
        return made

    # -- objects -------------------------------------------------------------------------------------------------

    def take(self, change: Change) -> None:
        """Learn of a change."""
        self.changes += 1
        key = change.key
        if change.object is None:
            self.objects.pop(key, None)
            self.revisions.pop(key, None)
            self._sorted = None
        else:
            if self._sorted is not None and key not in self.objects:
                if self._sorted and key < self._sorted[-1]:
                    self._sorted = None
                else:
                    self._sorted.append(key)
            self.objects[key] = change.object
            self.revisions[key] = change.revision
        self.window.append(change)
        if len(self.window) > WINDOW:
            self.oldest = self.window.popleft().revision

    def unsort(self) -> None:
        """Forget the order of the keys: some were put in from outside."""
        self._sorted = None

    def keys(self, prefix: str = "") -> list[str]:
        """The keys in order, those that begin with `prefix`."""
        if self._sorted is None:
            self._sorted = sorted(self.objects)
        if not prefix:
            return self._sorted
        return within(self._sorted, prefix)

    def at(self, revision: int) -> dict[str, dict[str, Any]] | None:
        """The objects as of `revision`, by undoing the changes since; None if the window does not reach back that
        far.
        """
        if revision < self.oldest:
            return None
        objects = dict(self.objects)
        for change in reversed(self.window):
            if change.revision <= revision:
                break
            if change.previous is None:
                objects.pop(change.key, None)
            else:
                objects[change.key] = change.previous
        return objects

    def since(self, revision: int) -> list[Change] | None:
        """The changes after `revision`, oldest first; None if the window does not reach back that far."""
        if revision < self.oldest:
            return None
        changes: list[Change] = []
        for change in reversed(self.window):
            if change.revision <= revision:
                break
            changes.append(change)
        changes.reverse()
        return changes

    # -- watchers ------------------------------------------------------------------------------------------------

    def add_watch(self, watch: Watch) -> None:
        """Let `watch` hear of changes from now on."""
        self.watches[watch.id] = watch
        if watch.trigger is not None:
            self.triggered.setdefault(watch.trigger, {})[watch.id] = watch

    def remove_watch(self, watch_id: int) -> None:
        """Forget a watcher."""
        watch = self.watches.pop(watch_id, None)
        if watch is not None and watch.trigger is not None:
            group = self.triggered[watch.trigger]
            del group[watch_id]
            if not group:
                del self.triggered[watch.trigger]


def within(keys: list[str], prefix: str) -> list[str]:
    """Those of the sorted `keys` that begin with `prefix`."""
    return keys[bisect_left(keys, prefix) : bisect_left(keys, prefix + "\U0010ffff")]
