"""Watches: who wants to know about which keys, from which revision on, and what each has not been told yet.

A watch is told everything once, in order, and never half a revision. One that asks for the past gets it first; one
that asks for what was compacted is made and then cancelled.

*In Kubernetes:* etcd's watchable store (`server/storage/mvcc/watchable_store.go`) and its watch streams.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.store import KeyChange, KeyValue
from cp_sim.sim import immutable

PUT, DELETE = "PUT", "DELETE"
NO_PUT, NO_DELETE = "NOPUT", "NODELETE"


@immutable
class WatchEvent:
    """A change as etcd sends it: `kv` of a DELETE has only its key and `mod_revision`; `prev_kv` only if asked for."""

    type: str
    kv: KeyValue
    prev_kv: KeyValue | None = None


@immutable
class Delivery:
    """What watch `id` is to be told: `changes` up to `revision`, or that it was cancelled because of a compaction."""

    id: Any
    revision: int
    changes: tuple[KeyChange, ...] = ()
    compact_revision: int = 0
    cancelled: bool = False


class Watch:
    """One watch: the range, and the first revision that it has not been told about."""

    __slots__ = ("end", "filters", "id", "key", "next_revision", "prev_kv")

    def __init__(
        self, id_: Any, key: str, end: str | None, next_revision: int, prev_kv: bool, filters: tuple[str, ...]
    ) -> None:
        self.id = id_
        self.key = key
        self.end = end
        self.next_revision = next_revision
        self.prev_kv = prev_kv
        self.filters = filters

    def wants(self, change: KeyChange) -> bool:
        """Whether the change is in the watch's range and not filtered out."""
        if change.key < self.key or (self.end is not None and change.key >= self.end):
            return False
        return not self.filters or (NO_DELETE if change.kv is None else NO_PUT) not in self.filters


class Watches:
    """All watches of one store member.

    `create` and `cancel` are requests; `poll` gives what is to be delivered now, in the order in which the watches
    were made. A change is held against the watches of its own branch of the key space only: a watch hangs below the
    part of its range's first key that all keys of the range share, up to a slash.
    """

    def __init__(self) -> None:
        self._watches: dict[Any, Watch] = {}
        self._behind: dict[Any, None] = {}  # made but not told the past yet
        self._ended: dict[Any, None] = {}  # cancelled by compaction; etcd still knows their ids
        self._by_branch: dict[str, dict[Any, None]] = {}
        self._listening: dict[str, tuple[Watch, ...]] = {}  # directory of a key -> whose branch it lies in
        self._told = 1  # the revision up to which everybody who is not behind was told

    def __len__(self) -> int:
        return len(self._watches)

    def __contains__(self, id_: Any) -> bool:
        return id_ in self._watches

    def all(self) -> list[Watch]:
        """The watches, oldest first."""
        return list(self._watches.values())

    def create(
        self,
        mvcc: Mvcc,
        id_: Any,
        key: str,
        range_end: str = "",
        start_revision: int = 0,
        prev_kv: bool = False,
        filters: tuple[str, ...] = (),
    ) -> str:
        """Make a watch from `start_revision` on (0: from the next revision); returns why it was rejected, empty if
        it was not.
        """
        key = key or "\0"
        end = api.end_of(range_end) if range_end else key + "\0"
        if end is not None and end <= key:
            return api.EMPTY_WATCH_RANGE
        if id_ in self._watches or id_ in self._ended:
            return api.DUPLICATE_WATCH_ID
        if not self._watches:
            self._told = mvcc.revision
        watch = Watch(id_, key, end, start_revision or mvcc.revision + 1, prev_kv, filters)
        self._watches[id_] = watch
        if watch.next_revision <= mvcc.revision:
            self._behind[id_] = None
        self._by_branch.setdefault(_branch(watch), {})[id_] = None
        self._listening.clear()
        return ""

    def cancel(self, id_: Any) -> bool:
        """End a watch; returns whether there was one, be it that a compaction ended it already."""
        if id_ in self._ended:
            del self._ended[id_]
            return True
        watch = self._watches.pop(id_, None)
        if watch is None:
            return False
        self._behind.pop(id_, None)
        self._listening.clear()
        branch = self._by_branch[_branch(watch)]
        del branch[id_]
        if not branch:
            del self._by_branch[_branch(watch)]
        return True

    def rewind(self, mvcc: Mvcc) -> None:
        """Other data, which reach further, took the place of those that were watched: look for what is missing."""
        for watch in self._watches.values():
            watch.next_revision = max(watch.next_revision, self._told + 1)
            if watch.next_revision <= mvcc.revision:
                self._behind[watch.id] = None

    def poll(self, mvcc: Mvcc) -> list[Delivery]:
        """What has to be delivered so that every watch knows everything up to now."""
        if mvcc.compact_revision > self._told + 1:
            # Somebody who looks seldom: what happened since may be gone.
            for id_, watch in self._watches.items():
                watch.next_revision = max(watch.next_revision, self._told + 1)
                if watch.next_revision <= mvcc.revision:
                    self._behind[id_] = None
        deliveries = self._catch_up_all(mvcc) if self._behind else []
        if mvcc.revision > self._told and self._watches:
            deliveries += self._live(mvcc)
        self._told = mvcc.revision
        return deliveries

    def _catch_up_all(self, mvcc: Mvcc) -> list[Delivery]:
        deliveries = [self._catch_up(mvcc, self._watches[id_]) for id_ in self._behind]
        self._behind.clear()
        for delivery in deliveries:
            if delivery.cancelled:
                self.cancel(delivery.id)
                self._ended[delivery.id] = None
        return [delivery for delivery in deliveries if delivery.changes or delivery.compact_revision]

    def _catch_up(self, mvcc: Mvcc, watch: Watch) -> Delivery:
        if watch.next_revision < mvcc.compact_revision:
            # Cancelled by a compaction at revision 0 a watch just falls silent, as in etcd: nobody is told.
            return Delivery(watch.id, 0, compact_revision=mvcc.compact_revision, cancelled=True)
        # A watch from a negative revision has no past, as in etcd, where that number sorts behind all revisions.
        past = mvcc.changes_from(watch.next_revision) if watch.next_revision >= 0 else ()
        changes = tuple(change for change in past if watch.wants(change))
        watch.next_revision = mvcc.revision + 1
        return Delivery(watch.id, mvcc.revision, changes)

    def _live(self, mvcc: Mvcc) -> list[Delivery]:
        found: dict[Any, list[KeyChange]] = {}
        for change in mvcc.changes_from(self._told + 1):
            directory = change.key[: change.key.rfind("/") + 1]
            listening = self._listening.get(directory)
            if listening is None:
                listening = self._listening[directory] = self._listening_in(directory)
            for watch in listening:
                if change.revision >= watch.next_revision and watch.wants(change):
                    found.setdefault(watch.id, []).append(change)
        deliveries = []
        for id_, changes in found.items():
            self._watches[id_].next_revision = mvcc.revision + 1
            deliveries.append(Delivery(id_, mvcc.revision, tuple(changes)))
        return deliveries

    def _listening_in(self, directory: str) -> tuple[Watch, ...]:
        ids = [id_ for branch in _branches(directory) for id_ in self._by_branch.get(branch, ())]
        return tuple(self._watches[id_] for id_ in ids)


def _branch(watch: Watch) -> str:
    """The part of the key space, up to a slash, in which every key of the watch lies; empty for all of it."""
    if watch.end is None:
        return ""
    shared = 0
    for left, right in zip(watch.key, watch.end):
        if left != right:
            break
        shared += 1
    branch = watch.key[: watch.key.rfind("/", 0, shared) + 1]
    # [/a/, /a0) shares only "/a" with its end, but all of it begins with "/a/".
    if watch.key.endswith("/") and watch.end == watch.key[:-1] + "0":
        branch = watch.key
    return branch


def _branches(key: str) -> list[str]:
    """Every branch in which a key, or a directory of keys, lies, from the whole key space down."""
    branches = [""]
    place = key.find("/")
    while place >= 0:
        branches.append(key[: place + 1])
        place = key.find("/", place + 1)
    return branches


def event(change: KeyChange, prev_kv: bool, compact_revision: int) -> WatchEvent:
    """A change as etcd sends it when `compact_revision` is what was compacted last."""
    if change.kv is None:
        type_, kv = DELETE, KeyValue(change.key, "", 0, change.revision, 0, 0)
    else:
        type_, kv = PUT, change.kv
    created = kv.create_revision == kv.mod_revision
    previous = change.previous if prev_kv and not created and change.revision - 1 >= compact_revision else None
    return WatchEvent(type_, kv, previous)
