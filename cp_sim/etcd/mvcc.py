"""The state machine of etcd: keys with all their versions, one revision per write, and what happened in which revision.

No clock, no I/O, no chance: the same writes in the same order make the same state. What the requests of etcd's API
do with it stands in `requests.py`, who is told about changes in `watch.py`.

*In Kubernetes:* etcd's `mvcc` package (key index and backend), which holds every object of the cluster.

*Simplified:* values are kept as they are handed in, shared and never copied; a request counts once it is applied.

Source: etcd `server/storage/mvcc/{kvstore,kvstore_txn,key_index}.go`.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.lease import Lessor
from cp_sim.etcd.sortedkeys import SortedKeys
from cp_sim.etcd.store import KeyChange, KeyValue

_mod_revision = attrgetter("mod_revision")
_revision = attrgetter("revision")


class Mvcc:
    """A versioned key space.

    `revision` counts writes and is 1 for an empty store; `compact_revision` is the oldest revision that can still
    be read (-1: nothing was ever compacted). Every key has its versions in order; a version of 0 is a tombstone.
    """

    def __init__(self) -> None:
        self.revision = 1
        self.compact_revision = -1
        self.size_bytes = 0
        self.lessor = Lessor()
        self._versions: dict[str, list[KeyValue]] = {}
        self._keys = SortedKeys()  # every key with a version that can be read
        self._live = SortedKeys()  # every key that is there now
        self._log: list[KeyChange] = []  # all changes of the revisions from compact_revision on
        self._committed = 0  # how much of the log belongs to finished writes

    def __deepcopy__(self, memo: dict[int, Any]) -> Mvcc:
        # Versions and changes are immutable and shared; only the containers are copied.
        made = Mvcc()
        memo[id(self)] = made
        made.revision = self.revision
        made.compact_revision = self.compact_revision
        made.size_bytes = self.size_bytes
        made.lessor = self.lessor.copy()
        made._versions = {key: versions[:] for key, versions in self._versions.items()}
        made._keys = self._keys.copy()
        made._live = self._live.copy()
        made._log = self._log[:]
        made._committed = self._committed
        return made

    # -- reading --------------------------------------------------------------------------------------------------

    @property
    def read_revision(self) -> int:
        """The revision that a read sees: the current one, or the coming one within a write that has changed
        something.
        """
        return self.revision + (len(self._log) > self._committed)

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
            place = bisect_right(versions, revision, key=_mod_revision)
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
        log = self._log
        if not log or log[-1].revision < revision:
            return []
        return log[bisect_left(log, revision, key=_revision) :]

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

    # -- writing --------------------------------------------------------------------------------------------------
    # `stage_*` change the state as part of one write, `commit` ends it: whatever was staged is one revision.

    def put(self, key: str, value: Any, lease: int = 0) -> KeyValue:
        """Write one key as a revision of its own.

        Raises:
            EtcdError: there is no such lease.
        """
        if lease:
            self.lessor.require(lease)
        kv = self.stage_put(key, value, lease)
        self.commit()
        return kv

    def delete(self, key: str) -> KeyValue | None:
        """Delete one key as a revision of its own; returns what it was, None (and no new revision) if it was not
        there.
        """
        old = self.get(key)
        if old is not None:
            self.stage_delete(old)
            self.commit()
        return old

    def stage_put(self, key: str, value: Any, lease: int = 0) -> KeyValue:
        """Write one key; the lease must be there."""
        revision = self.revision + 1
        versions = self._versions.get(key)
        old: KeyValue | None = None
        if versions is None:
            kv = KeyValue(key, value, revision, revision, 1, lease)
            self._versions[key] = [kv]
            self._keys.add(key)
            self._live.add(key)
        else:
            old = versions[-1]
            if old.version:
                kv = KeyValue(old.key, value, old.create_revision, revision, old.version + 1, lease)
                if old.lease and old.lease != lease:
                    self.lessor.detach(old.lease, key)
            else:
                kv = KeyValue(old.key, value, revision, revision, 1, lease)
                self._live.add(key)
            versions.append(kv)
        if lease:
            self.lessor.attach(lease, key)
        self._log.append(KeyChange(kv.key, revision, kv, self._before(old, revision)))
        return kv

    def stage_delete(self, old: KeyValue) -> None:
        """Delete a key that is there as `old`."""
        revision = self.revision + 1
        self._versions[old.key].append(KeyValue(old.key, None, 0, revision, 0))
        self._live.remove(old.key)
        if old.lease:
            self.lessor.detach(old.lease, old.key)
        self._log.append(KeyChange(old.key, revision, None, self._before(old, revision)))

    def _before(self, old: KeyValue | None, revision: int) -> KeyValue | None:
        # What the key was before this write began, also when the write touches it twice.
        if old is None:
            return None
        if old.mod_revision == revision:
            return self.get_at(old.key, revision - 1)
        return old if old.version else None

    def commit(self) -> int:
        """End a write; returns the revision, which is a new one only if anything was staged."""
        if len(self._log) > self._committed:
            self._committed = len(self._log)
            self.revision += 1
        return self.revision

    def revoke(self, lease: int) -> int:
        """End a lease; its keys vanish, in order, in one revision.

        Raises:
            EtcdError: there is no such lease.
        """
        keys = sorted(self.lessor.require(lease).keys)
        for key in keys:
            old = self.get(key)
            if old is not None:
                self.stage_delete(old)
        del self.lessor.leases[lease]
        return self.commit()

    # -- forgetting -----------------------------------------------------------------------------------------------

    def compact(self, revision: int) -> None:
        """Forget what can only be seen before `revision`.

        It counts at once; the room is given back by `scrub`.

        Raises:
            EtcdError: the revision was compacted before, or is still to come.
        """
        if revision <= self.compact_revision:
            raise api.compacted()
        if revision > self.revision:
            raise api.future_revision()
        self.compact_revision = revision

    @property
    def has_garbage(self) -> bool:
        """Whether `scrub` has something to do."""
        return bool(self._log) and self._log[0].revision < self.compact_revision

    def scrub(self, limit: int = 0) -> bool:
        """Give back the room of compacted versions, of at most `limit` changes (0: all); returns whether more is
        left.
        """
        due = bisect_left(self._log, self.compact_revision, key=_revision)
        batch = min(due, limit) if limit else due
        for change in self._log[:batch]:
            self._forget(change.key)
        if batch == due:
            # The changes of the compacted revision itself can still be watched, their keys are cut all the same.
            for change in self._log[due : bisect_right(self._log, self.compact_revision, key=_revision)]:
                self._forget(change.key)
        del self._log[:batch]
        self._committed -= batch
        return batch < due

    def _forget(self, key: str) -> None:
        versions = self._versions.get(key)
        if versions is None:
            return
        place = bisect_right(versions, self.compact_revision, key=_mod_revision) - 1
        if place >= 0 and not versions[place].version:
            place += 1  # a tombstone that everybody can see need not be kept
        if place > 0:
            del versions[:place]
        if not versions:
            del self._versions[key]
            self._keys.remove(key)
