"""Keys with all their versions, to be read: now, as of a revision, in order, as a whole.

How versions come and go stands in `mvcc.py`.

Source: etcd `server/storage/mvcc/{kvstore_txn,key_index,hash}.go`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Any, Self
from zlib import crc32

from cp_sim.etcd import api
from cp_sim.etcd.changelog import ChangeLog
from cp_sim.etcd.lease import Lessor
from cp_sim.etcd.quota import EMPTY_BYTES, value_data
from cp_sim.etcd.sortedkeys import SortedKeys
from cp_sim.etcd.store import KeyChange, KeyValue

mod_revision = attrgetter("mod_revision")


class KeySpace:
    """A versioned key space.

    `revision` counts writes and is 1 for an empty store; `compact_revision` is the oldest revision that can still
    be read (-1: nothing was ever compacted). Every key has its versions in order; a version of 0 is a tombstone.
    `in_use_bytes` is about what all of it takes in etcd's file, `size_bytes` how large the file has become: room that
    is given back stays with the file until `defragment`.
    """

    def __init__(self) -> None:
        self.revision = 1
        self.compact_revision = -1
        self.in_use_bytes = EMPTY_BYTES
        self.size_bytes = EMPTY_BYTES
        self.lessor = Lessor()
        self._versions: dict[str, list[KeyValue]] = {}
        self._keys = SortedKeys()  # every key with a version that can be read
        self._live = SortedKeys()  # every key that is there now
        self._log = ChangeLog()  # all changes of the revisions from compact_revision on
        self._staged = False  # whether the last revision of the log belongs to a write that is not finished
        self._measured: tuple[Any, int] = ((), 0)  # the value that was measured last, and its bytes

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Versions and changes are immutable and shared; only the containers are copied.
        made = type(self)()
        memo[id(self)] = made
        made.revision = self.revision
        made.compact_revision = self.compact_revision
        made.in_use_bytes = self.in_use_bytes
        made.size_bytes = self.size_bytes
        made.lessor = self.lessor.copy()
        made._versions = {key: versions[:] for key, versions in self._versions.items()}
        made._keys = self._keys.copy()
        made._live = self._live.copy()
        made._log = self._log.copy()
        made._staged = self._staged
        return made

    # -- reading --------------------------------------------------------------------------------------------------

    @property
    def read_revision(self) -> int:
        """The revision that a read sees: the current one, or the coming one within a write that has changed
        something.
        """
        return self.revision + self._staged

    def __len__(self) -> int:
        """How many keys there are now."""
        return len(self._live)

    def get(self, key: str) -> KeyValue | None:
        """The key as it is now."""
        versions = self._versions.get(key)
        if versions is None:
            return None
        last = versions[-1]
        return last if last.version else None

    def get_at(self, key: str, revision: int) -> KeyValue | None:
        """The key as it was at `revision`, which must not be compacted."""
        versions = self._versions.get(key)
        if versions is None:
            return None
        last = versions[-1]
        if last.mod_revision > revision:
            place = bisect_right(versions, revision, key=mod_revision)
            if not place:
                return None
            last = versions[place - 1]
        return last if last.version else None

    def scan(self, key: str, range_end: str, revision: int = 0, limit: int = 0) -> tuple[list[KeyValue], int]:
        """The keys of a range in order, at most `limit` (0: all), and how many there are without the limit.

        `revision` of 0 or less means now.

        Raises:
            EtcdError: the revision is compacted or still to come.
        """
        current = self.read_revision
        if revision > current:
            raise api.future_revision()
        if revision <= 0:
            revision = current
        if revision < self.compact_revision:
            raise api.compacted()
        if not range_end:
            found = self.get_at(key, revision)
            return ([found], 1) if found else ([], 0)
        end = api.end_of(range_end)
        if revision == current:
            versions = self._versions
            kvs = [versions[name][-1] for name in self._live.between(key, end, limit)]
            return kvs, self._live.count(key, end) if limit else len(kvs)
        return self._scan_past(key, end, revision, limit)

    def _scan_past(self, key: str, end: str | None, revision: int, limit: int) -> tuple[list[KeyValue], int]:
        # Near the present it is cheaper to undo what has changed since than to ask every key for its past.
        since = self.changes_from(revision + 1)
        if len(since) * 4 > self._keys.count(key, end):
            all_ = [self.get_at(name, revision) for name in self._keys.between(key, end)]
            kvs = [kv for kv in all_ if kv is not None]
            return kvs[:limit] if limit else kvs, len(kvs)
        past = {}
        for change in since:
            if key <= change.key and (end is None or change.key < end) and change.key not in past:
                past[change.key] = self.get_at(change.key, revision)
        live = self._live.between(key, end, limit + len(past) if limit else 0)
        count = self._live.count(key, end)
        for name, kv in past.items():
            count += (kv is not None) - (self.get(name) is not None)
        names = sorted({*live, *past})
        found = [past[name] if name in past else self._versions[name][-1] for name in names]
        kvs = [kv for kv in found if kv is not None]
        return kvs[:limit] if limit else kvs, count

    def range_at(self, prefix: str, revision: int = 0) -> list[KeyValue]:
        """The keys that begin with `prefix` as of `revision` (0: now), in order.

        Raises:
            EtcdError: the revision is compacted or still to come.
        """
        return self.scan(prefix or "\0", api.prefix_end(prefix), revision)[0]

    def changes_from(self, revision: int) -> list[KeyChange]:
        """All changes of the revisions from `revision` on, in order; those before `compact_revision` are gone."""
        return self._log.since(revision)

    def versions(self, key: str) -> list[KeyValue]:
        """The versions of a key that can be read, oldest first; one with `version` 0 says that the key was deleted."""
        return list(self._versions.get(key, ()))

    def keys(self) -> list[str]:
        """Every key that is there now or was at a revision which can be read, in order."""
        return list(self._keys)

    def all_values(self) -> Iterator[Any]:
        """Every value that the store holds, past ones included; some more than once."""
        for versions in self._versions.values():
            for kv in versions:
                yield kv.value
        for change in self._log:
            if change.previous is not None:
                yield change.previous.value

    # -- the whole ------------------------------------------------------------------------------------------------

    def export(self, revision: int = 0) -> tuple[KeyValue, ...]:
        """Every version that can be read up to `revision` (0: now), in the order in which they came.

        The same for every member that holds the same data, however much of what was compacted it still keeps.
        """
        last = revision or self.revision
        past = []
        for versions in self._versions.values():
            place = bisect_right(versions, self.compact_revision - 1, key=mod_revision)
            if place and (place == len(versions) or versions[place].mod_revision > self.compact_revision):
                past.append(versions[place - 1])  # what the key was before the compacted revision, and in it
        past.sort(key=mod_revision)
        changes = [change for change in self._log.since(max(0, self.compact_revision)) if change.revision <= last]
        recent = [change.kv or KeyValue(change.key, None, 0, change.revision, 0) for change in changes]
        return (*(kv for kv in past if kv.version and kv.mod_revision <= last), *recent)

    def hash_kv(self, revision: int = 0) -> tuple[int, int, int]:
        """A checksum of all that can be read up to `revision` (0: now), the compacted and the hashed revision.

        Members that agree have the same. *Simplified:* not the number that a real etcd has for the same data.

        Raises:
            EtcdError: the revision is compacted or still to come.
        """
        if 0 < revision < self.compact_revision:
            raise api.compacted()
        if revision > self.revision:
            raise api.future_revision()
        crc = 0
        for kv in self.export(revision):
            crc = crc32(f"{kv.key}\0{kv.create_revision} {kv.mod_revision} {kv.version} {kv.lease}\0".encode(), crc)
            crc = crc32(value_data(kv.value), crc)
        return crc, max(0, self.compact_revision), revision or self.revision
