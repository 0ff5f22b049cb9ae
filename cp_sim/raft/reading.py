"""Linearizable reads without writing to the log: the read index.

A leader may be deposed without knowing it, so it asks a majority whether it still leads before it answers a read.
*Source:* section 6.4 of Ongaro's dissertation; `read_only.go` of etcd-io/raft ("ReadOnlySafe").
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from cp_sim.raft.messages import LEADER, Dropped, Message
from cp_sim.raft.replication import Replication


@dataclass(slots=True)
class WaitingRead:
    """A read that a leader has not confirmed yet: its `number`, the commit `index` at its time, and who asked."""

    number: int
    index: int
    requester: str
    context: Any


class Reading(Replication):
    """Reads are numbered; a heartbeat carries the newest number, and its answer confirms that one and all before."""

    def reset(self, term: int) -> None:
        super().reset(term)
        self.read_number = 0
        self.waiting_reads: deque[WaitingRead] = deque()
        self.early_reads: list[tuple[str, Any]] = []
        self.confirmed: dict[str, int] = {}

    def read_index(self, context: Any) -> None:
        """Ask for the index at which a read is linearizable; it comes as (`context`, index) in a Ready's `reads`.

        A read that is lost on the way (no leader any more, a message lost) is never answered: ask again, with a new
        context.

        *Raises* Dropped if no leader is known.
        """
        if self.role == LEADER:
            self.take_read(self.id, context)
        elif self.leader:
            self.send("read index", self.leader, term=0, context=context)
        else:
            raise Dropped("no leader is known, so nobody can say what is committed")

    def on_read_index(self, message: Message) -> None:
        """*When* leading: take another member's read.  *When* following: pass it on.  *Otherwise* it is lost."""
        if self.role == LEADER:
            self.take_read(message.sender, message.context)

    def on_read_index_answer(self, message: Message) -> None:
        """The leader has confirmed a read of this member."""
        self.reads.append((message.context, message.index))

    def take_read(self, requester: str, context: Any) -> None:
        """*When* the leader has committed an entry of its term: ask the others.  *Until then* keep the read back.

        Before that a new leader does not know how far its predecessors had committed.
        """
        if self.log.term_at(self.log.commit) != self.term:
            self.early_reads.append((requester, context))
            return
        self.read_number += 1
        self.waiting_reads.append(WaitingRead(self.read_number, self.log.commit, requester, context))
        if self.members.voters == (self.id,):
            self.confirm_reads()
        else:
            self.broadcast_heartbeat(self.read_number)

    def after_commit(self) -> None:
        super().after_commit()
        if self.early_reads and self.log.term_at(self.log.commit) == self.term:
            kept, self.early_reads = self.early_reads, []
            for requester, context in kept:
                self.take_read(requester, context)

    def on_heartbeat_answer(self, message: Message) -> None:
        super().on_heartbeat_answer(message)
        number = message.context
        if number is not None and number > self.confirmed.get(message.sender, 0):
            self.confirmed[message.sender] = number
            self.confirm_reads()

    def confirm_reads(self) -> None:
        """*When* a majority of the voters has confirmed the leader since a read came: answer that read."""
        numbers = sorted(
            [self.read_number if name == self.id else self.confirmed.get(name, 0) for name in self.members.voters]
        )
        number = numbers[(len(numbers) - 1) // 2]
        while self.waiting_reads and self.waiting_reads[0].number <= number:
            read = self.waiting_reads.popleft()
            if read.requester == self.id:
                self.reads.append((read.context, read.index))
            else:
                self.send("read index answer", read.requester, index=read.index, context=read.context)

    def newest_read(self) -> int | None:
        """The number that a regular heartbeat carries along, should an earlier one be lost."""
        return self.waiting_reads[-1].number if self.waiting_reads else None
