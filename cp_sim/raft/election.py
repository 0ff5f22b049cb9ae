"""Who leads: pre-votes, votes, the lease of a living leader, the quorum check, and handing over.

*Source:* sections 3.4, 3.10, 4.2.3, 6.2 and 9.6 of Ongaro's dissertation; `raft.go` of etcd-io/raft.
"""

from __future__ import annotations

from cp_sim.raft.membership import Membership
from cp_sim.raft.messages import CANDIDATE, FOLLOWER, LEADER, PRE_CANDIDATE, Dropped, Message


class Elections(Membership):
    """Campaigns, votes and transfers."""

    # ---- standing for election

    def campaign(self) -> None:
        """Stand for election, as a member does whose election timeout has passed.

        *Guards:* a leader has no need to; only a voter with complete state can win; and while a committed change of
        the group is not applied, this member does not know who may vote.
        """
        if self.role == LEADER or not self.may_campaign or self.change_unapplied:
            return
        if self.pre_vote:
            self.become_pre_candidate()
            self.ask_for_votes("prevote", self.term + 1)
            self.count_vote(self.id, granted=True)
        else:
            self.stand()

    def stand(self, forced: bool = False) -> None:
        """Open a new term and ask for votes; one's own vote counts when it is on disk (see `advance`)."""
        self.become_candidate()
        self.ask_for_votes("vote", self.term, forced)

    def ask_for_votes(self, kind: str, term: int, forced: bool = False) -> None:
        """Show every other voter the end of one's log."""
        for name in self.members.voters:
            if name != self.id:
                self.send(kind, name, term, index=self.last_index, log_term=self.last_term, forced=forced)

    def count_vote(self, voter: str, granted: bool) -> None:
        """*When* a majority agrees: stand (after a pre-vote) or lead.  *When* a majority refuses: follow again."""
        self.votes.setdefault(voter, granted)
        quorum = self.members.quorum
        cast = [self.votes[name] for name in self.members.voters if name in self.votes]
        if cast.count(True) >= quorum:
            if self.role == PRE_CANDIDATE:
                self.stand()
            else:
                self.lead()
        elif cast.count(False) > len(self.members.voters) - quorum:
            self.become_follower(self.term, "")

    def lead(self) -> None:
        """Take over: open the term with an empty entry, whose commit commits everything before it."""
        self.become_leader()
        self.append(None)
        self.broadcast_append()

    # ---- voting

    def ignores(self, message: Message) -> bool:
        """Whether a request for a vote is not even read, for a leader was heard within the election timeout.

        Otherwise a member that was cut off, or removed, could depose a leader that everybody else hears.  A leader
        that hands over sends its successor with `forced`.
        """
        has_lease = self.check_quorum and self.leader != "" and self.election_elapsed < self.election_ticks
        return has_lease and not message.forced

    def may_vote_for(self, message: Message) -> bool:
        """Whether this member's vote is still free, or is the sender's already, or is asked for in a later term."""
        return (
            self.vote == message.sender
            or (self.vote == "" and self.leader == "")
            or (message.kind == "prevote" and message.term > self.term)
        )

    def on_vote(self, message: Message) -> None:
        """*When* the vote is free and the candidate's log is as new as ours: grant it.  *Otherwise* refuse.

        A granted vote is kept on disk before the answer leaves; a granted pre-vote changes nothing here.
        """
        answer = message.kind + " answer"
        if self.may_vote_for(message) and self.log.is_up_to_date(message.index, message.log_term):
            self.send(answer, message.sender, message.term)
            if message.kind == "vote":
                self.election_elapsed = 0
                self.vote = message.sender
        else:
            self.send(answer, message.sender, reject=True)

    def on_vote_answer(self, message: Message) -> None:
        """*When* this is an answer to what is asked now: count it."""
        asked = {PRE_CANDIDATE: "prevote answer", CANDIDATE: "vote answer"}.get(self.role)
        if message.kind == asked:
            self.count_vote(message.sender, not message.reject)

    # ---- staying leader

    def check_for_quorum(self) -> None:
        """*When* a leader has not heard a majority since the last check: step down (dissertation, section 6.2)."""
        active = 0
        for name in self.members.voters:
            active += name == self.id or self.progress[name].recent_active
        for name, progress in self.progress.items():
            progress.recent_active = name == self.id
        if active < self.members.quorum:
            self.become_follower(self.term, "")

    # ---- handing over

    def transfer_leader(self, to: str) -> None:
        """Hand over to the voter `to`: bring it up to date, then tell it to stand at once.

        Meanwhile proposals are dropped; after an election timeout without success the leader goes on as before.

        *Raises* Dropped if this member does not lead; ValueError if `to` is not a voter.
        """
        if self.role != LEADER:
            raise Dropped("only the leader can hand over")
        if to not in self.members.voters:
            raise ValueError(f"{to!r} is not a voter; voters are {', '.join(self.members.voters)}")
        if to in (self.id, self.transferee):
            return
        self.transferee = to
        self.election_elapsed = 0
        if not self.hand_over_to(to):
            self.send_append(to)

    def hand_over_to(self, member: str) -> bool:
        """*When* `member` is to lead and has the whole log: tell it to stand; whether that was done."""
        if member != self.transferee or self.progress[member].match != self.last_index:
            return False
        self.send("timeout now", member)
        return True

    def on_append_answer(self, message: Message) -> None:
        before = self.progress[message.sender].match if message.sender in self.progress else 0
        super().on_append_answer(message)
        if self.transferee and self.role == LEADER and message.sender in self.progress:
            if self.progress[message.sender].match > before:
                self.hand_over_to(message.sender)

    def on_timeout_now(self, message: Message) -> None:
        """The leader wants this member to lead: stand at once, without pre-vote, against the leader's lease."""
        if self.role == FOLLOWER and self.may_campaign and not self.change_unapplied:
            self.stand(forced=True)
