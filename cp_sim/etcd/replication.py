"""A member among its peers: raft's clock, the disk between deciding and speaking, and the entries that were agreed on.

`Replication` runs the pure machine of `cp_sim.raft`: it lets it tick, hands it what arrives, keeps on disk what it
wants kept, sends what it says and hands up the entries that are committed. A member that is alone needs no clock: what
it proposes is committed in the same breath.

*In Kubernetes:* etcd's `server/etcdserver/raft.go`; entries are applied by one and the same loop here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from cp_sim.etcd.cluster_api import MemberInfo
from cp_sim.etcd.disk import Disk, DiskFull, copy_of
from cp_sim.etcd.proposal import Gone, MemberStopped, Settings, Written
from cp_sim.etcd.ticking import Ticking
from cp_sim.raft.messages import (
    LEADER,
    NORMAL,
    Entry,
    HardState,
    Members,
    Message,
    Ready,
    Snapshot,
)
from cp_sim.raft.node import RaftNode
from cp_sim.sim import immutable

# What members say to keep in touch: it does not keep the world from settling.
SMALL_TALK = frozenset(
    ("heartbeat", "heartbeat answer", "prevote", "prevote answer", "vote", "vote answer", "read index answer")
)

# After how long without a word a connection counts as broken.  Source: etcd rafthttp, ConnReadTimeout.
SILENCE_MS = 5_000


@immutable
class SnapshotData:
    """What travels in a snapshot: the store's data and what is known of the members.  Nobody changes it."""

    backend: Any
    roster: tuple[tuple[str, MemberInfo], ...] = ()
    removed: tuple[tuple[str, None], ...] = ()


class Replication(Ticking):
    """One member of the group `peers` (itself included or not).

    `joins` says that it was added to a group that exists, and `peers` who belongs to that now; `learner` that it was
    added as a learner. All of it counts only while the disk is new.
    """

    report_to = ""  # who is told when the member ends by itself

    def __init__(
        self,
        name: str,
        peers: Sequence[str] = (),
        disk: Disk | None = None,
        *,
        joins: bool = False,
        learner: bool = False,
        settings: Settings | None = None,
    ) -> None:
        super().__init__(name, disk, settings)
        self.heard_ms: dict[str, int] = {}  # when each peer was last heard
        self.active_ms: dict[str, int] = {}  # since when the connection to it has been alive
        self._cut_after = self.settings.snapshot_count + self.settings.catch_up_entries
        self._joins = joins or learner
        self._begins_with = _members(name, peers, learner)
        self._alone = self._begins_with.everybody == (name,)
        self._writes = 0
        self._leaving = False

    # -- life and death ----------------------------------------------------------------------------------------------

    def started(self) -> None:
        """Read the disk and take part; a member that is alone leads from the first instant."""
        disk, settings = self.disk, self.settings
        members = disk.members or disk.found(self._begins_with, joins=self._joins)
        if disk.fsync_ms is None:
            disk.fsync_ms = 0 if members.everybody == (self.name,) else 1
        disk.boots += 1
        self.node = RaftNode(
            self.name,
            members,
            self.loop.chance.stream(f"raft/{self.name}"),
            hard_state=disk.hard_state,
            snapshot=disk.snapshot,
            entries=disk.entries,
            applied=disk.applied,
            election_ticks=settings.election_ticks,
        )
        self._alone = self.node.members.everybody == (self.name,)
        self._start_clock()
        self._seen = (self.node.role, self.node.term, self.node.leader)
        if disk.boots > 1:
            self._record("restart", f"its disk holds {disk.applied} applied entries and term {self.node.term}")
        if self._alone:
            self.node.campaign()
        elif not self.node.is_learner:
            # etcd does not wait a whole election timeout when it has just started.
            self.node.election_elapsed = settings.election_ticks - 2
        self._drive()

    def crash(self, because: str = "") -> Disk:
        """Lose everything but the disk, and of that what it has not confirmed; returns the disk for a restart."""
        self._record("crash", because)
        self.loop.remove(self.name)
        self.disk.crash()
        return self.disk

    def stop(self, because: str) -> None:
        """End, as a process does that cannot go on; whatever is asked of it from now on is refused."""
        self._record("crash", because)
        self.stopped = because
        self._disarm()
        self._stopped()
        if self.report_to:
            self.loop.send(self.report_to, MemberStopped(self.name, because))

    # -- messages ------------------------------------------------------------------------------------------------------

    def _hear(self, message: Message) -> None:
        """A peer says something."""
        if message.sender in self.disk.removed:
            self.loop.send(message.sender, Gone(message.sender), background=True)
            return
        self._catch_up()
        self._heard(message.sender)
        self.node.step(message)
        self._drive()

    def _heard(self, peer: str) -> None:
        now_ms = self.loop.clock.now_ms
        if now_ms - self.heard_ms.get(peer, now_ms) >= SILENCE_MS or peer not in self.active_ms:
            self.active_ms[peer] = now_ms
        self.heard_ms[peer] = now_ms

    def connections(self) -> tuple[str, ...]:
        return () if self.stopped else self.node.others()

    def _lost(self, peer: str) -> None:
        """The connection to a peer has broken."""
        self.active_ms.pop(peer, None)
        self.node.report_unreachable(peer)
        self._drive()

    def is_active(self, peer: str, since_ms: int) -> bool:
        """Whether there has been a living connection to a peer since then; to itself a member always has one."""
        if peer == self.name:
            return True
        active_ms, now_ms = self.active_ms.get(peer), self.loop.clock.now_ms
        return active_ms is not None and active_ms <= since_ms and now_ms - self.heard_ms[peer] < SILENCE_MS

    def _send(self, message: Message) -> None:
        if message.kind == "snapshot":
            message = replace(message, snapshot=self._snapshot())
        self.loop.send(message.to, message, message.kind in SMALL_TALK)

    def _snapshot(self) -> Snapshot:
        """The state as it is now; raft itself only knows at which entry it may begin."""
        node, disk = self.node, self.disk
        term = node.log.term_at(node.applied)
        data = SnapshotData(copy_of(disk.backend), tuple(disk.roster.items()), tuple(disk.removed.items()))
        return Snapshot(node.applied, term or 0, node.members, data)

    def _propose_all(self, data: Sequence[Any]) -> None:
        """Propose what was asked at one instant in one go; the member leads, or knows who does."""
        node = self.node
        if node.role == LEADER:
            for item in data:
                node.append_proposal(item, NORMAL)
            node.broadcast_append()
        else:
            node.send("propose", node.leader, term=0, entries=tuple(Entry(0, 0, item) for item in data))

    def _decide_alone(self, data: Any) -> bool:
        """Where one member is the majority and its disk takes no time, written, confirmed, committed and applied are
        one instant: the turns of `_drive` in one step, with the same outcome.  Whether this is so.
        """
        node, disk = self.node, self.disk
        if node.role != LEADER or disk.fsync_ms or disk.full or node.transferee or node.has_ready() or node.in_hand:
            return False
        log = node.log
        index = log.last_index + 1
        entry = Entry(node.term, index, data)
        log.append(entry)
        disk.entries.append(entry)
        disk.hard_state = HardState(node.term, node.vote, index)
        log.stable = log.commit = disk.applied = node.persisted_commit = index
        own = node.progress[self.name]
        own.match, own.next = index, index + 1
        self._apply(entry)
        log.applied = index
        if index - disk.first_index >= self._cut_after:
            self._cut()
        return True

    # -- the work that raft hands out ------------------------------------------------------------------------------

    def _drive(self) -> None:
        """Do what raft wants done, until it waits for the disk or for others."""
        node = self.node
        while self._writing is None and not self.stopped and node.has_ready():
            if self._only_talks():
                break
            ready = node.ready()
            for message in ready.early:
                self._send(message)
            if not self._persist(ready):
                break
            self._finish(ready)
        if not self._alone:
            self._look()
            self._arm()
        if self._leaving and self._writing is None and not self.stopped:
            self.stop("the member has been permanently removed from the cluster")
        self._driven()

    def _only_talks(self) -> bool:
        """Say what raft wants said where there is nothing to be kept, applied or read, as with heartbeats: a `Ready` of
        mere words needs no turn of its own.  Whether this was all.
        """
        node, log = self.node, self.node.log
        if node.reads or log.applied < log.commit or log.stable < log.last_index or log.pending is not None:
            return False
        kept = (node.persisted_commit, node.persisted_term, node.persisted_vote)
        if kept != (log.commit, node.term, node.vote):
            return False
        messages, node.early, node.outbox = node.early + node.outbox, [], []
        for message in messages:
            self._send(message)
        return True

    def _persist(self, ready: Ready) -> bool:
        """Write; whether the disk has confirmed it already."""
        disk = self.disk
        if not ready.must_sync and ready.hard_state is None:
            return True
        try:
            disk.write(ready)
        except DiskFull as full:
            self.stop(f"failed to save Raft hard state and entries: {full}")
            return False
        if ready.must_sync:
            if disk.fsync_ms:
                self._writing = ready
                self._writes += 1
                self.loop.after(disk.fsync_ms, self.name, Written(self._writes), background=not ready.entries)
                return False
            disk.sync()
        return True

    def _written(self, message: Written) -> None:
        """The disk has confirmed."""
        ready = self._writing
        if ready is None or message.number != self._writes or self.stopped:
            return
        self._writing = None
        self.disk.sync()
        self._finish(ready)
        self._drive()

    def _finish(self, ready: Ready) -> None:
        """What comes after the disk: speak, apply, go on."""
        for message in ready.messages:
            self._send(message)
        if ready.snapshot is not None:
            self._installed()
        disk = self.disk
        for entry in ready.committed:
            disk.applied = entry.index
            if entry.data is not None:
                self._apply(entry)
        self.node.advance(ready)
        if self.node.members is not disk.members:
            self._regrouped()
        for number, index in ready.reads:
            self._may_read(number, index)
        if ready.snapshot is not None or disk.applied - disk.first_index >= self._cut_after:
            self._cut()

    def _cut(self) -> None:
        """Cut the log: what is applied is on disk, and others can be sent a snapshot."""
        node, disk = self.node, self.disk
        index = max(node.log.offset, disk.applied - self.settings.catch_up_entries)
        snapshot = node.compact(index, None)
        if snapshot is not None:
            disk.compact(index, snapshot)

    def _regrouped(self) -> None:
        """Members came or went, as of the entries that are applied now."""
        node, was_alone = self.node, self._alone
        self.disk.members = node.members
        self._leaving = self.name not in node.members.everybody
        self._alone = node.members.everybody == (self.name,)
        if self._alone:
            self._disarm()
        elif was_alone:
            self._ticked_ms = self.loop.clock.now_ms
            self._seen = (node.role, node.term, node.leader)

    # -- what the floors above do with it ----------------------------------------------------------------------------

    def _apply(self, entry: Entry) -> None:
        """An entry is committed."""

    def _driven(self) -> None:
        """Raft has nothing more to do for now."""

    def _stopped(self) -> None:
        """The member has ended."""

    def _installed(self) -> None:
        """A snapshot has taken the place of the data."""

    def _may_read(self, number: Any, index: int) -> None:
        """A read is linearizable once `index` is applied."""


def _members(name: str, peers: Sequence[str], learner: bool) -> Members:
    others = tuple(peer for peer in peers if peer != name)
    if learner:
        return Members(others, (name,))
    return Members(tuple(peers) if name in peers else (name, *others))
