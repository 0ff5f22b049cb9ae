"""Mistakes that real implementations of Raft have made, each as a member that makes one of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cp_sim.raft import HardState, Message, RaftNode, Ready, Snapshot
from cp_sim.raft.progress import PROBE
from cp_sim.raft.reading import WaitingRead


def replaced(ready: Ready, **fields: Any) -> Ready:
    """A Ready with other contents."""
    return replace(ready, **fields)


class CommitsOldTerms(RaftNode):
    """Counts entries of former terms too (the paper's figure 8)."""

    def advance_commit(self) -> bool:
        index = self.majority_match()
        if index > self.log.commit:
            self.log.commit_to(index)
            return True
        return False


class CountsItselfTwice(RaftNode):
    """Takes its own disk for two."""

    def majority_match(self) -> int:
        matches = [self.progress[name].match for name in self.members.voters]
        matches = sorted([*matches, self.progress[self.id].match])
        return matches[len(matches) // 2]


class CountsLearners(RaftNode):
    """Takes learners for voters when it counts a majority of disks."""

    def majority_match(self) -> int:
        matches = sorted((progress.match for progress in self.progress.values()), reverse=True)
        return matches[self.members.quorum - 1]


class ProbesEmptyHanded(RaftNode):
    """No mistake, and Raft allows it: sends no entries before it knows where both logs part."""

    def send_append(self, to: str, even_if_empty: bool = True) -> bool:
        progress = self.progress[to]
        before = progress.next - 1
        term = self.log.term_at(before)
        if progress.state != PROBE or progress.waits or term is None:
            return super().send_append(to, even_if_empty)
        self.send("append", to, log_term=term, index=before, commit=self.log.commit)
        progress.paused = True
        return True


class CommitsBeyondTheMatch(ProbesEmptyHanded):
    """Follows the leader's commit index with entries of its own that the leader has not confirmed."""

    def on_append(self, message: Message) -> None:
        super().on_append(message)
        if self.outbox and not self.outbox[-1].reject:
            self.log.commit_to(min(message.commit, self.log.last_index))


class FollowsHeartbeatsBlindly(RaftNode):
    """A leader sends its own commit index in heartbeats, whatever the follower has, and the follower believes it."""

    def broadcast_heartbeat(self, context: Any = None) -> None:
        for name in self.progress:
            if name != self.id:
                self.send("heartbeat", name, commit=self.log.commit, context=context)

    def on_heartbeat(self, message: Message) -> None:
        self.log.commit_to(min(message.commit, self.log.last_index))
        self.send("heartbeat answer", message.sender, context=message.context)


class TakesAnyAppend(RaftNode):
    """Does not look at the entry before the new ones, as long as there is one."""

    def on_append(self, message: Message) -> None:
        own = self.log.term_at(message.index)
        super().on_append(message if own is None else replace(message, log_term=own))


class KeepsTheSuffix(RaftNode):
    """Writes a leader's entries over its own, but keeps what follows them."""

    def on_append(self, message: Message) -> None:
        last = message.index + len(message.entries)
        suffix = list(self.log.entries[max(0, last - self.log.offset) :])
        super().on_append(message)
        if message.entries and self.log.last_index == last:
            self.log.entries.extend(suffix)


class CutsAtEveryAppend(RaftNode):
    """Cuts the log after each append, also when an old one comes late."""

    def on_append(self, message: Message) -> None:
        super().on_append(message)
        last = message.index + len(message.entries)
        if self.log.matches(message.index, message.log_term) and self.log.offset <= last < self.log.last_index:
            del self.log.entries[last - self.log.offset :]
            self.log.stable = min(self.log.stable, last)


class AnswersBeforeTheDisk(RaftNode):
    """Says that it has entries which its disk is still writing."""

    def ready(self) -> Ready:
        ready = super().ready()
        hasty = tuple(message for message in ready.messages if message.kind == "append answer")
        rest = tuple(message for message in ready.messages if message.kind != "append answer")
        self.in_hand = replaced(ready, early=ready.early + hasty, messages=rest)
        return self.in_hand


class VotesBeforeTheDisk(RaftNode):
    """Gives its vote away before it is written down."""

    def ready(self) -> Ready:
        ready = super().ready()
        hasty = tuple(message for message in ready.messages if message.kind == "vote answer")
        rest = tuple(message for message in ready.messages if message.kind != "vote answer")
        self.in_hand = replaced(ready, early=ready.early + hasty, messages=rest)
        return self.in_hand


class ForgetsItsVote(RaftNode):
    """Writes down the term, but not whom it voted for."""

    def ready(self) -> Ready:
        ready = super().ready()
        if ready.hard_state is not None:
            self.in_hand = ready = replaced(ready, hard_state=replace(ready.hard_state, vote=""))
            self.persisted_vote = self.vote
        return ready

    def note_persisted(self, ready: Ready) -> None:
        super().note_persisted(ready)
        self.persisted_vote = self.vote


class ForgetsItsTerm(RaftNode):
    """Never writes down the term or its vote."""

    def ready(self) -> Ready:
        ready = super().ready()
        if ready.hard_state is not None:
            self.in_hand = ready = replaced(ready, hard_state=HardState(0, "", ready.hard_state.commit))
        return ready

    def note_persisted(self, ready: Ready) -> None:
        super().note_persisted(ready)
        self.persisted_term, self.persisted_vote = self.term, self.vote


class VotesForOldLogs(RaftNode):
    """Votes for whoever asks first, however old the candidate's log is."""

    def on_vote(self, message: Message) -> None:
        super().on_vote(replace(message, index=self.last_index, log_term=self.last_term))


class ComparesLengthsOnly(RaftNode):
    """Takes the longer log for the newer one, whatever the terms."""

    def on_vote(self, message: Message) -> None:
        longer = message.index >= self.last_index
        super().on_vote(replace(message, log_term=self.last_term if longer else 0))


class VotesTwice(RaftNode):
    """Votes again in a term when another candidate asks."""

    def may_vote_for(self, message: Message) -> bool:
        return self.role == "follower"


class CountsRefusals(RaftNode):
    """Counts every answer as a vote."""

    def count_vote(self, voter: str, granted: bool) -> None:
        super().count_vote(voter, True)


class CountsVotesOfOldTerms(RaftNode):
    """Counts votes that were given for an earlier term, when they come late."""

    def settle_terms(self, message: Message) -> bool:
        heard = super().settle_terms(message)
        return heard or (message.kind == "vote answer" and message.term < self.term)


class KeepsItsTerm(RaftNode):
    """Hears messages of later terms without adopting the term."""

    def settle_terms(self, message: Message) -> bool:
        if message.term > self.term and message.kind in ("append", "heartbeat", "append answer", "heartbeat answer"):
            return True
        return super().settle_terms(message)


class ReadsWithoutAsking(RaftNode):
    """A leader answers reads at once, sure of leading."""

    def take_read(self, requester: str, context: Any) -> None:
        self.waiting_reads.append(WaitingRead(0, self.log.commit, requester, context))
        self.confirm_reads()


class ReadsBeforeItsTerm(RaftNode):
    """A new leader answers reads before it knows how far its predecessors had committed."""

    def take_read(self, requester: str, context: Any) -> None:
        self.read_number += 1
        self.waiting_reads.append(WaitingRead(self.read_number, self.log.commit, requester, context))
        self.broadcast_heartbeat(self.read_number)


class ServesReadsUnapplied(RaftNode):
    """Takes any index for applied when it serves a read."""

    def ready(self) -> Ready:
        ready = super().ready()
        if ready.reads:
            self.in_hand = ready = replaced(ready, reads=tuple((context, 0) for context, _ in ready.reads))
        return ready


class ChangesTwiceAtOnce(RaftNode):
    """Takes a change of the group while another one is under way."""

    @property
    def change_pending(self) -> bool:
        return False


class InstallsOldSnapshots(RaftNode):
    """Installs a snapshot that comes late over a log that is longer."""

    def restore(self, snapshot: Snapshot) -> bool:
        self.log.restore(snapshot)
        self.members, self.members_index = snapshot.members, snapshot.index
        return True


class AppliesAgain(RaftNode):
    """Forgets, after a snapshot was installed, that it contains the entries before it."""

    def note_applied(self, ready: Ready) -> None:
        super().note_applied(ready)
        if ready.committed and len(ready.committed) > 1:
            self.log.applied -= 1


class ForgetsItsMembers(RaftNode):
    """Goes on with the old members after a snapshot."""

    def restore(self, snapshot: Snapshot) -> bool:
        members = self.members
        restored = super().restore(snapshot)
        self.members = members
        return restored


BUGS: tuple[type[RaftNode], ...] = (
    CommitsOldTerms,
    CountsItselfTwice,
    CountsLearners,
    CommitsBeyondTheMatch,
    FollowsHeartbeatsBlindly,
    TakesAnyAppend,
    KeepsTheSuffix,
    CutsAtEveryAppend,
    AnswersBeforeTheDisk,
    VotesBeforeTheDisk,
    ForgetsItsVote,
    ForgetsItsTerm,
    VotesForOldLogs,
    ComparesLengthsOnly,
    VotesTwice,
    CountsRefusals,
    CountsVotesOfOldTerms,
    KeepsItsTerm,
    ReadsWithoutAsking,
    ReadsBeforeItsTerm,
    ServesReadsUnapplied,
    ChangesTwiceAtOnce,
    InstallsOldSnapshots,
    AppliesAgain,
    ForgetsItsMembers,
)
