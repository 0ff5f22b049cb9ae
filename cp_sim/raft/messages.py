"""What members of a Raft group say to each other, and what one member hands to whoever runs it: plain records.

*Source:* Ongaro's dissertation "Consensus: Bridging Theory and Practice" (2014); the names of fields and the set of
messages follow etcd-io/raft (`raftpb.Message`, `raft.Ready`), in words instead of abbreviations.
"""

from __future__ import annotations

from typing import Any, Protocol

from cp_sim.sim import immutable

FOLLOWER = "follower"
PRE_CANDIDATE = "pre-candidate"
CANDIDATE = "candidate"
LEADER = "leader"

NORMAL = "normal"
CHANGE = "change"


class Dropped(Exception):
    """A proposal or a read that cannot be taken now; the text says why. Nothing has happened, one may try again."""


class Broken(Exception):
    """A promise of Raft was broken by what arrived or by what the disk gave back; the member must not go on."""


class Draws(Protocol):
    """What the machine asks of chance: `loop.chance.stream(name)` is one."""

    def randrange(self, start: int, /) -> int:
        """A number from 0 to `start` - 1."""


@immutable
class Entry:
    """One line of the replicated log.

    `kind` is "normal" or "change" (then `data` is a `Change`).  A normal entry without data is the empty one with
    which a leader opens its term.  `term` and `index` are 0 in a proposal that has not reached the leader.
    """

    term: int
    index: int
    data: Any = None
    kind: str = NORMAL


@immutable
class Change:
    """A change of the group by one member: `kind` is "add voter", "add learner", "promote" or "remove"."""

    kind: str
    member: str
    context: Any = None


@immutable
class Members:
    """Who belongs to the group: `voters` decide, `learners` only receive the log."""

    voters: tuple[str, ...]
    learners: tuple[str, ...] = ()

    @property
    def everybody(self) -> tuple[str, ...]:
        """Voters and learners."""
        return self.voters + self.learners

    @property
    def quorum(self) -> int:
        """How many voters are a majority."""
        return len(self.voters) // 2 + 1

    def changed(self, change: Change) -> Members:
        """The group after `change`; itself where the change changes nothing (a voter added twice, the last removed)."""
        name = change.member
        voters = tuple(voter for voter in self.voters if voter != name)
        learners = tuple(learner for learner in self.learners if learner != name)
        if change.kind == "add voter" and name not in self.voters:
            return Members((*voters, name), learners)
        if change.kind == "add learner" and name not in self.everybody:
            return Members(voters, (*learners, name))
        if change.kind == "promote" and name in self.learners:
            return Members((*voters, name), learners)
        if change.kind == "remove" and voters and name in self.everybody:
            return Members(voters, learners)
        return self


@immutable
class Snapshot:
    """The state machine's `data` after the entry `index` of `term`, and the members at that point."""

    index: int
    term: int
    members: Members
    data: Any = None


@immutable
class Message:
    """One message from one member to another.

    The kinds are "append", "append answer", "heartbeat", "heartbeat answer", "prevote", "prevote answer", "vote",
    "vote answer", "snapshot", "timeout now", "read index", "read index answer" and "propose".

    In "append", (`index`, `log_term`) is the entry before `entries`, and `commit` the leader's commit index.  In its
    answer `index` is the last entry that is the same on both sides; with `reject`, `index` is the one that was
    refused, and (`hint`, `hint_term`) where the follower thinks that both may agree.  In votes, (`index`, `log_term`)
    is the candidate's last entry, and `forced` says that the leader itself wanted this election.  `context` goes there
    and back with heartbeats and reads.  `term` is 0 in forwarded proposals and reads, which belong to no term.
    """

    kind: str
    sender: str
    to: str
    term: int
    log_term: int = 0
    index: int = 0
    entries: tuple[Entry, ...] = ()
    commit: int = 0
    reject: bool = False
    hint: int = 0
    hint_term: int = 0
    context: Any = None
    snapshot: Snapshot | None = None
    forced: bool = False


@immutable
class HardState:
    """What a member must never forget: the term it has seen, whom it gave its vote in it, and how far it committed."""

    term: int = 0
    vote: str = ""
    commit: int = 0


@immutable
class Ready:
    """The work that a member has for its host, in this order.

    1. Send `early` (a leader's messages: they may leave while the disk still writes).
    2. Persist `snapshot`, `entries`, `hard_state`, all or nothing; with `must_sync` the disk must have confirmed before
       going on.
    3. Send `messages`: they promise what step 2 has persisted.
    4. Install `snapshot` in the state machine, then apply `committed`; serve each of `reads`, a pair (context, index),
       as soon as `index` is applied.
    5. Call `RaftNode.advance` with this record.

    `hard_state` and `snapshot` are None where nothing changed.  `entries` replace whatever the disk holds from the
    first one's index on.  *Source:* `raft.Ready` of etcd-io/raft.
    """

    hard_state: HardState | None = None
    entries: tuple[Entry, ...] = ()
    snapshot: Snapshot | None = None
    committed: tuple[Entry, ...] = ()
    messages: tuple[Message, ...] = ()
    early: tuple[Message, ...] = ()
    reads: tuple[tuple[Any, int], ...] = ()
    must_sync: bool = False
