"""What one member knows, and the three ways to change its role.

The machine is built in floors, each a class that adds one idea to the one below: `RaftState` (this module),
`Replication`, `Reading`, `Membership`, `Elections`, and `RaftNode` on top.  *Source:* figure 2 of the Raft paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.raft.log import Log
from cp_sim.raft.messages import (
    CANDIDATE,
    FOLLOWER,
    LEADER,
    PRE_CANDIDATE,
    Draws,
    Entry,
    HardState,
    Members,
    Message,
    Ready,
    Snapshot,
)
from cp_sim.raft.progress import PROBE, REPLICATE, Progress

# A leader may send these while its disk still writes: they promise nothing about its own disk.
EARLY = ("append", "heartbeat", "snapshot", "read index answer")


class RaftState:
    """Term, vote, log and role of one member, and what it wants to say.

    `election_elapsed` and `heartbeat_elapsed` count ticks; `election_timeout` is drawn anew at every change of role,
    from `election_ticks` to twice that less one, so that members seldom stand for election at the same time.
    """

    def __init__(
        self,
        id: str,
        members: Members,
        chance: Draws,
        *,
        hard_state: HardState | None = None,
        snapshot: Snapshot | None = None,
        entries: Sequence[Entry] = (),
        applied: int = 0,
        election_ticks: int = 10,
        heartbeat_ticks: int = 1,
        pre_vote: bool = True,
        check_quorum: bool = True,
        max_entries: int = 512,
        max_inflight: int = 256,
    ) -> None:
        kept = hard_state or HardState()
        self.id = id
        self.chance = chance
        self.election_ticks, self.heartbeat_ticks = election_ticks, heartbeat_ticks
        self.pre_vote, self.check_quorum = pre_vote, check_quorum
        self.max_entries, self.max_inflight = max_entries, max_inflight

        self.log = Log(snapshot, entries, kept.commit, applied)
        self.term, self.vote = kept.term, kept.vote
        self.persisted_term, self.persisted_vote = kept.term, kept.vote
        self.persisted_commit = kept.commit
        from_snapshot = snapshot is not None and applied <= snapshot.index
        self.members = snapshot.members if snapshot is not None and from_snapshot else members
        self.members_index = self.log.applied

        self.in_hand: Ready | None = None
        self.outbox: list[Message] = []
        self.early: list[Message] = []
        self.reads: list[tuple[Any, int]] = []
        self.progress: dict[str, Progress] = {}
        self.reset(self.term)
        self.role = FOLLOWER

    # ---- looking

    @property
    def commit(self) -> int:
        """The last index known to be committed."""
        return self.log.commit

    @property
    def applied(self) -> int:
        """The last index that the state machine has applied."""
        return self.log.applied

    @property
    def last_index(self) -> int:
        """The index of the last entry."""
        return self.log.last_index

    @property
    def last_term(self) -> int:
        """The term of the last entry."""
        return self.log.last_term

    @property
    def is_learner(self) -> bool:
        """Whether this member only listens."""
        return self.id in self.members.learners

    @property
    def may_campaign(self) -> bool:
        """Whether this member is a voter whose state is complete (no snapshot waits to be installed)."""
        return self.id in self.members.voters and self.log.pending is None

    def others(self) -> tuple[str, ...]:
        """The other voters and learners."""
        return tuple(name for name in self.members.everybody if name != self.id)

    # ---- speaking

    def send(self, kind: str, to: str, term: int | None = None, **fields: Any) -> None:
        """Put a message into the next Ready; `term` is the member's own unless given."""
        message = Message(kind, self.id, to, self.term if term is None else term, **fields)
        if kind in EARLY and self.role == LEADER:
            self.early.append(message)
        else:
            self.outbox.append(message)

    # ---- changing role

    def reset(self, term: int) -> None:
        """Begin `term` (or the same one again) with nothing known of the others."""
        if term != self.term:
            self.term, self.vote = term, ""
        self.leader = ""
        self.transferee = ""
        self.votes: dict[str, bool] = {}
        self.pending_change_index = 0
        self.election_elapsed = self.heartbeat_elapsed = 0
        self.election_timeout = self.election_ticks + self.chance.randrange(self.election_ticks)
        self.progress = {}

    def become_follower(self, term: int, leader: str) -> None:
        """Follow `leader` ("" while nobody is known) in `term`."""
        self.reset(term)
        self.role = FOLLOWER
        self.leader = leader

    def become_pre_candidate(self) -> None:
        """Ask whether an election would be won, without touching term or vote (dissertation, section 9.6)."""
        self.role = PRE_CANDIDATE
        self.votes = {}
        self.leader = ""

    def become_candidate(self) -> None:
        """Open the next term and vote for oneself."""
        self.reset(self.term + 1)
        self.role = CANDIDATE
        self.vote = self.id

    def become_leader(self) -> None:
        """Lead the term that one stood for; what the others hold is not known yet."""
        self.reset(self.term)
        self.role = LEADER
        self.leader = self.id
        self.progress = {name: self.new_progress() for name in self.members.everybody}
        own = self.progress.get(self.id)
        if own is not None:
            own.match, own.next, own.state, own.recent_active = self.log.stable, self.last_index + 1, REPLICATE, True

    def new_progress(self) -> Progress:
        """What a leader assumes of a member it knows nothing of: that its log ends like its own."""
        return Progress(0, self.last_index + 1, PROBE, max_inflight=self.max_inflight)
