"""What outlives a member: its write-ahead log with an explicit fsync, and the data that were applied.

A member writes what it must not forget (term, vote, entries of the log) and may not speak of it before the disk has
confirmed it. A crash loses what was written and not yet confirmed. The data of the store (the *backend*) stand beside
the log with the index of the last entry that went into them; a restart opens them and applies the rest of the log.

*In Kubernetes:* `/var/lib/etcd/member` of a control-plane node: `wal` (the log), `snap/db` (the backend, bbolt).

*Simplified:* what is applied is kept at once. The real backend is written every 100 ms and may fall behind by that
after a crash; replaying the log brings back the same.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.applier import Applier
from cp_sim.etcd.cluster_api import MemberInfo
from cp_sim.raft.messages import Entry, HardState, Members, Ready, Snapshot

NO_SPACE = "no space left on device"


class DiskFull(Exception):
    """The disk takes nothing more."""


class Disk:
    """The disk of one member.

    `fsync_ms` is how long it takes until it confirms a write (None: 0 for a member that is alone, else 1); while `full`
    it refuses every write. `hard_state`, `snapshot`, `entries` are the log, `backend` the data after entry `applied`,
    when `members` were the group. `boots` counts how often a member has started on it.
    """

    def __init__(self, fsync_ms: int | None = None, backend: Applier | None = None) -> None:
        self.fsync_ms = fsync_ms
        self.full = False
        self.boots = 0
        self.hard_state = HardState()
        self.snapshot: Snapshot | None = None
        self.entries: list[Entry] = []
        self.first_index = 1  # the index of entries[0]
        self.backend = backend or Applier()
        self.applied = 0
        self.members: Members | None = None
        self.roster: dict[str, MemberInfo] = {}  # what is known of each member
        self.removed: dict[str, None] = {}
        self._written: list[Ready] = []  # not confirmed yet

    def __deepcopy__(self, memo: dict[int, Any]) -> Disk:
        # Entries and what was written are immutable and shared.
        made = Disk.__new__(Disk)
        memo[id(self)] = made
        made.__dict__.update(self.__dict__)
        made.entries, made._written = self.entries[:], self._written[:]
        made.roster, made.removed = dict(self.roster), dict(self.removed)
        made.backend = copy_of(self.backend)
        memo[id(self.backend)] = made.backend
        return made

    def found(self, members: Members, joins: bool = False) -> Members:
        """A member begins on a new disk, one of `members`, which are returned.

        Data that are there already were restored from a snapshot: the log goes on after them, so that whoever joins
        later is sent them and not only what came after.
        """
        self.members = members
        if not joins and self.backend.mvcc.revision > 1:
            self.snapshot = Snapshot(1, 1, members)
            self.hard_state = HardState(1, "", 1)
            self.applied, self.first_index = 1, 2
        return members

    @property
    def writes(self) -> int:
        """How many writes the disk has not confirmed yet."""
        return len(self._written)

    def write(self, ready: Ready) -> None:
        """Take what a `Ready` wants to be kept; it is safe only after `sync`.

        Raises:
            DiskFull: there is no room.
        """
        if self.full:
            raise DiskFull(NO_SPACE)
        if ready.must_sync:
            self._written.append(ready)
        elif ready.hard_state is not None:
            # Only the commit index has moved; the entries tell it anew, so nobody waits for it.
            self.hard_state = ready.hard_state

    def sync(self) -> None:
        """The disk confirms everything that was written."""
        for ready in self._written:
            self._keep(ready)
        self._written.clear()

    def crash(self) -> None:
        """The power fails: what was not confirmed is lost."""
        self._written.clear()

    def _keep(self, ready: Ready) -> None:
        snapshot, entries = ready.snapshot, ready.entries
        if ready.hard_state is not None:
            self.hard_state = ready.hard_state
        if snapshot is not None:
            self.entries.clear()
            self.first_index = snapshot.index + 1
            self.snapshot = snapshot
            self.install(snapshot)
        if entries:
            del self.entries[entries[0].index - self.first_index :]
            self.entries.extend(entries)

    def install(self, snapshot: Snapshot) -> None:
        """Let the data of a leader's snapshot take the place of one's own."""
        data = snapshot.data
        self.backend = copy_of(data.backend)
        self.roster, self.removed = dict(data.roster), dict(data.removed)
        self.applied = snapshot.index
        self.members = snapshot.members

    def compact(self, index: int, snapshot: Snapshot) -> None:
        """Drop the entries up to `index`, for which `snapshot` stands."""
        self.snapshot = snapshot
        if index >= self.first_index:
            del self.entries[: index - self.first_index + 1]
            self.first_index = index + 1


def copy_of(backend: Applier) -> Applier:
    """Data of their own, sharing all values."""
    made = Applier.__new__(Applier)
    made.__dict__.update(backend.__dict__)
    made.mvcc = backend.mvcc.__deepcopy__({})
    made.alarms = dict(backend.alarms)
    return made
