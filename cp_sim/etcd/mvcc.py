"""The state machine of etcd: keys with all their versions, one revision per write, and what happened in which revision.

No clock, no I/O, no chance: the same writes in the same order make the same state. What the requests of etcd's API
do with it stands in `requests.py`, who is told about changes in `watch.py`.

*In Kubernetes:* etcd's `mvcc` package (key index and backend), which holds every object of the cluster.

*Simplified:* values are kept as they are handed in, shared and never copied; a request counts once it is applied.

Source: etcd `server/storage/mvcc/{kvstore,kvstore_txn,key_index}.go`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.keyspace import KeySpace, mod_revision
from cp_sim.etcd.quota import VERSION_OVERHEAD_BYTES, value_bytes, version_bytes
from cp_sim.etcd.store import KeyChange, KeyValue


class Mvcc(KeySpace):
    """A versioned key space that is written to; see `KeySpace` for how it is read."""

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
        self._staged = True
        self._take_room(VERSION_OVERHEAD_BYTES + len(key) + self.bytes_of(value))
        return kv

    def stage_delete(self, old: KeyValue) -> None:
        """Delete a key that is there as `old`."""
        revision = self.revision + 1
        self._versions[old.key].append(KeyValue(old.key, None, 0, revision, 0))
        self._live.remove(old.key)
        if old.lease:
            self.lessor.detach(old.lease, old.key)
        self._log.append(KeyChange(old.key, revision, None, self._before(old, revision)))
        self._staged = True
        self._take_room(version_bytes(old.key, None))

    def bytes_of(self, value: Any) -> int:
        """About how many bytes a value takes; one that was measured when it was asked for is not measured again."""
        if value is not self._measured[0]:
            self._measured = (value, value_bytes(value))
        return self._measured[1]

    def _take_room(self, size_bytes: int) -> None:
        # What is given back to the file is used first, before the file grows.
        self.in_use_bytes += size_bytes
        if self.in_use_bytes > self.size_bytes:
            self.size_bytes = self.in_use_bytes

    def _before(self, old: KeyValue | None, revision: int) -> KeyValue | None:
        # What the key was before this write began, also when the write touches it twice.
        if old is None:
            return None
        if old.mod_revision == revision:
            return self.get_at(old.key, revision - 1)
        return old if old.version else None

    def commit(self) -> int:
        """End a write; returns the revision, which is a new one only if anything was staged."""
        if self._staged:
            self._staged = False
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
        return 0 < self._log.first_revision < self.compact_revision

    def scrub(self, limit: int = 0) -> bool:
        """Give back the room of compacted versions, of at most `limit` changes (0: all); returns whether more is
        left.
        """
        # Once a key, however often it was written: cutting a long list at its beginning moves all of the rest.
        last = {change.key: change.revision for change in self._log.take_before(self.compact_revision, limit)}
        for key, revision in last.items():
            self._forget(key, revision)
        if self.has_garbage:
            return True
        # The changes of the compacted revision itself can still be watched, their keys are cut all the same.
        for change in self._log.of(self.compact_revision):
            self._forget(change.key, change.revision)
        return False

    def defragment(self) -> None:
        """Let the file shrink to what is in use."""
        self.size_bytes = self.in_use_bytes

    def _forget(self, key: str, revision: int) -> None:
        """Give back the versions of a key that nobody sees who reads at `revision`, which is not after the compacted
        one.
        """
        versions = self._versions.get(key)
        if versions is None:
            return
        place = bisect_right(versions, revision, key=mod_revision) - 1
        if place >= 0 and not versions[place].version:
            place += 1  # a tombstone that everybody can see need not be kept
        if place > 0:
            for gone in versions[:place]:
                self.in_use_bytes -= version_bytes(key, gone.value)
            del versions[:place]
        if not versions:
            del self._versions[key]
            self._keys.remove(key)

    # -- beginning again ------------------------------------------------------------------------------------------

    @staticmethod
    def restored(versions: tuple[KeyValue, ...], revision: int, compact_revision: int) -> Mvcc:
        """A key space of the versions that `export` gave at `revision`; leases are the caller's."""
        made = Mvcc()
        made.revision, made.compact_revision = revision, compact_revision
        for kv in versions:
            made._restore(kv)
        made.scrub()
        return made

    def _restore(self, kv: KeyValue) -> None:
        versions = self._versions.setdefault(kv.key, [])
        old = versions[-1] if versions else None
        if old is None:
            self._keys.add(kv.key)
        if kv.version and (old is None or not old.version):
            self._live.add(kv.key)
        elif not kv.version and old is not None and old.version:
            self._live.remove(kv.key)
        versions.append(kv)
        self._take_room(version_bytes(kv.key, kv.value if kv.version else None))
        if kv.mod_revision >= self.compact_revision:
            before = self._before(old, kv.mod_revision)
            self._log.append(KeyChange(kv.key, kv.mod_revision, kv if kv.version else None, before))
