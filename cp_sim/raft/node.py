"""One member of a Raft group as a pure step machine: no clock, no disk, no network.

Its host calls `tick` every 100 ms, `step` with each message that arrives, and `propose`, `read_index` and the like;
whenever `has_ready()`, it takes the `ready()`, does what stands in it, and gives it back to `advance`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.raft.election import Elections
from cp_sim.raft.membership import CHANGE_KINDS
from cp_sim.raft.messages import (
    CANDIDATE,
    CHANGE,
    FOLLOWER,
    LEADER,
    NORMAL,
    Change,
    Dropped,
    Entry,
    HardState,
    Message,
    Ready,
    Snapshot,
)
from cp_sim.raft.progress import SNAPSHOT

# Which rule hears which message, and in which roles; in any other role the message is dropped.
EVERY_ROLE = {
    "vote": "on_vote",
    "prevote": "on_vote",
    "propose": "on_propose",
    "read index": "on_read_index",
    "read index answer": "on_read_index_answer",
}
FROM_LEADER = {"append": "on_append", "heartbeat": "on_heartbeat", "snapshot": "on_snapshot"}
RULES = {
    LEADER: {
        **EVERY_ROLE,
        "append answer": "on_append_answer",
        "heartbeat answer": "on_heartbeat_answer",
    },
    FOLLOWER: {**EVERY_ROLE, **FROM_LEADER, "timeout now": "on_timeout_now"},
}
STANDING = {**EVERY_ROLE, **FROM_LEADER, "vote answer": "on_vote_answer", "prevote answer": "on_vote_answer"}


class RaftNode(Elections):
    """One member of a Raft group, in the spirit of etcd-io/raft's RawNode.

    *In Kubernetes:* the part of each etcd member that agrees with the others on the order of writes.

    `members` is the group as of `applied` (for a new group: its first members; for one that joins: the members as
    the group knows them now).  On a restart `hard_state`, `snapshot` and `entries` are what the disk holds, and
    `applied` is how far the state machine on disk has come; later entries are handed out again.  Defaults are
    etcd's: with a tick of 100 ms, a heartbeat every 100 ms and elections after 1 to 1.9 s of silence.

    *Raises* Broken if the disk contradicts itself.
    *Simplified:* no joint consensus, no lease-based reads, no limit on the size of uncommitted entries.
    """

    # ---- what comes from outside

    def tick(self) -> None:
        """One tick of the clock has passed."""
        self.election_elapsed += 1
        if self.role == LEADER:
            self.tick_leader()
        elif self.election_elapsed >= self.election_timeout and self.id in self.members.voters:
            self.election_elapsed = 0
            self.campaign()

    def tick_leader(self) -> None:
        """*Each* election timeout: count the quorum, give up a transfer, try lost snapshots again.

        *Each* heartbeat interval: tell everybody that the leader lives.
        """
        self.heartbeat_elapsed += 1
        if self.election_elapsed >= self.election_ticks:
            self.election_elapsed = 0
            if self.check_quorum:
                self.check_for_quorum()
            self.transferee = ""
            for name, progress in self.progress.items():
                if progress.state == SNAPSHOT:
                    self.report_snapshot(name, ok=False)
        if self.role == LEADER and self.heartbeat_elapsed >= self.heartbeat_ticks:
            self.heartbeat_elapsed = 0
            self.broadcast_heartbeat(self.newest_read())

    def step(self, message: Message) -> None:
        """Hear `message`: first the rules about terms, then the rule for its kind in this member's role."""
        if message.term and message.term != self.term and not self.settle_terms(message):
            return
        role = self.role
        rule = (RULES.get(role) or STANDING).get(message.kind)
        if rule is None:
            return
        if message.kind in FROM_LEADER:
            if role != FOLLOWER:
                self.become_follower(self.term, message.sender)
            else:
                self.leader = message.sender
                self.election_elapsed = 0
        getattr(self, rule)(message)

    def settle_terms(self, message: Message) -> bool:
        """Compare terms; whether the message is to be heard at all (paper, section 5.1).

        *When* its term is later: follow in that term; but a request for a vote is ignored while a leader lives, and
        pre-votes (asked in a term that has not begun) move nobody.
        *When* its term is earlier: tell the sender of the later term if it would not learn of it otherwise.
        """
        kind = message.kind
        if message.term > self.term:
            if kind in ("vote", "prevote") and self.ignores(message):
                return False
            if kind == "prevote" or (kind == "prevote answer" and not message.reject):
                return True
            self.become_follower(message.term, message.sender if kind in FROM_LEADER else "")
            return True
        if kind in ("append", "heartbeat") and (self.check_quorum or self.pre_vote):
            self.send("append answer", message.sender)
        elif kind == "prevote":
            self.send("prevote answer", message.sender, reject=True)
        return False

    def propose(self, data: Any) -> None:
        """Ask that `data` becomes an entry of the log; a follower passes it on to the leader.

        Nothing says that it will be committed; that shows when it comes back in a Ready's `committed`.

        *Raises* Dropped if no leader is known, or if it is just handing over.
        """
        self.propose_entry(data, NORMAL)

    def propose_change(self, change: Change) -> None:
        """Ask for a change of the group; while another one is not applied, an empty entry takes its place.

        *Raises* Dropped as `propose` does; ValueError if `change.kind` is unknown or the last voter would go.
        """
        if change.kind not in CHANGE_KINDS:
            raise ValueError(f"{change.kind!r} is no change of a group; there are {', '.join(CHANGE_KINDS)}")
        if change.kind == "remove" and self.members.voters == (change.member,):
            raise ValueError(f"{change.member} is the last voter; a group needs one")
        self.propose_entry(change, CHANGE)

    def propose_entry(self, data: Any, kind: str) -> None:
        """*When* leading: write it.  *When* following: pass it on.  *Otherwise* drop it."""
        if self.role == LEADER:
            if self.transferee:
                raise Dropped(f"{self.id} is handing over to {self.transferee}")
            self.append_proposal(data, kind)
            self.broadcast_append()
        elif self.leader:
            self.send("propose", self.leader, term=0, entries=(Entry(0, 0, data, kind),))
        else:
            raise Dropped(f"{self.id} knows no leader in term {self.term}")

    def on_propose(self, message: Message) -> None:
        """A proposal that another member passed on; what cannot be taken is lost, as any message may be."""
        if self.role == LEADER and not self.transferee:
            for entry in message.entries:
                self.append_proposal(entry.data, entry.kind)
            self.broadcast_append()

    # ---- what goes outside

    def has_ready(self) -> bool:
        """Whether there is work for the host; False while it still has the last Ready in hand."""
        if self.in_hand is not None:
            return False
        log = self.log
        return bool(
            log.stable < log.offset + len(log.entries)
            or log.applied < log.commit
            or self.outbox
            or self.early
            or self.reads
            or log.pending is not None
            or log.commit != self.persisted_commit
            or self.term != self.persisted_term
            or self.vote != self.persisted_vote
        )

    def ready(self) -> Ready:
        """Take the work out; the next one comes after `advance`.

        *Raises* RuntimeError if the last one was not given back.
        """
        if self.in_hand is not None:
            raise RuntimeError("the last Ready is still in hand: call advance(ready) when it is done")
        log = self.log
        commit = log.commit
        entries = log.unstable()
        must_sync = self.term != self.persisted_term or self.vote != self.persisted_vote
        changed = must_sync or commit != self.persisted_commit
        self.in_hand = ready = Ready(
            HardState(self.term, self.vote, commit) if changed else None,
            entries,
            log.pending,
            log.to_apply() if log.applied < commit else (),
            tuple(self.outbox),
            tuple(self.early),
            tuple(self.reads),
            must_sync or bool(entries) or log.pending is not None,
        )
        self.outbox, self.early, self.reads = [], [], []
        return ready

    def advance(self, ready: Ready) -> None:
        """The host has persisted, sent and applied all that stands in `ready`.

        Only now does what a member wrote itself count: a leader's entries for the commit index, a candidate's vote
        for itself.

        *Raises* RuntimeError if `ready` is not the one that was handed out last.
        """
        if ready is not self.in_hand:
            raise RuntimeError("advance takes the Ready that was handed out last")
        self.in_hand = None
        self.note_persisted(ready)
        if ready.committed or ready.snapshot is not None:
            self.note_applied(ready)
        if self.role == LEADER:
            if ready.entries:
                self.acknowledge_own()
        elif self.role == CANDIDATE and self.id not in self.votes and self.vote_is_on_disk:
            self.count_vote(self.id, granted=True)

    def note_persisted(self, ready: Ready) -> None:
        """What the disk holds now."""
        kept = ready.hard_state
        if kept is not None:
            self.persisted_term, self.persisted_vote, self.persisted_commit = kept.term, kept.vote, kept.commit
        if ready.entries:
            self.log.persisted(ready.entries)
        if ready.snapshot is not None and self.log.pending is ready.snapshot:
            self.log.pending = None

    def note_applied(self, ready: Ready) -> None:
        """What the state machine holds now; changes of the group take effect."""
        log = self.log
        if ready.snapshot is not None:
            log.applied = max(log.applied, ready.snapshot.index)
        for entry in ready.committed:
            log.applied = entry.index
            if entry.kind == CHANGE:
                self.apply_change(entry)

    def acknowledge_own(self) -> None:
        """A leader's own entries are on disk: they count like a follower's."""
        own = self.progress.get(self.id)
        if own is not None and own.acknowledge(self.log.stable) and self.advance_commit():
            self.after_commit()

    @property
    def vote_is_on_disk(self) -> bool:
        """Whether the disk holds this member's vote for itself in its present term."""
        return self.persisted_term == self.term and self.persisted_vote == self.id

    # ---- housekeeping

    def compact(self, index: int, snapshot_data: Any = None) -> Snapshot | None:
        """Take a snapshot of the state as of `applied` (`snapshot_data`), and drop the entries up to `index`.

        The host keeps the returned snapshot on disk, before it drops the entries there.  Entries between `index`
        and `applied` stay for followers that lag only a little.  None if a leader's snapshot waits to be installed.

        *Raises* ValueError if `index` is not applied yet.
        """
        log = self.log
        if log.pending is not None:
            return None
        if index > log.applied:
            raise ValueError(f"cannot drop entries up to {index}: only {log.applied} are applied")
        term = log.term_at(log.applied)
        assert term is not None
        snapshot = Snapshot(log.applied, term, self.members, snapshot_data)
        log.compact(index, snapshot)
        return snapshot

    def describe(self) -> str:
        """One line, for example `etcd-1 leader of term 3, log 1 1 2 | 3, commit 3`."""
        whom = f" {self.leader}" if self.role == FOLLOWER and self.leader else ""
        role = "learner" if self.is_learner and self.role == FOLLOWER else self.role
        return f"{self.id} {role}{whom} term {self.term} log {self.log.describe()} commit {self.commit}"
