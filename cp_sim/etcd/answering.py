"""Who waits for an answer, since when, and what one is told who has waited too long.

A member tries for 7 s (`Settings.timeout_ms`) to answer what it was asked. What became of a write that was not answered
is not known: it may still be committed.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.applier import Applier, is_read
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.proposal import (
    Asked,
    Overdue,
    timed_out,
    timed_out_connection_lost,
    timed_out_leader_failed,
)
from cp_sim.etcd.replication import Replication
from cp_sim.etcd.store import StoreAnswer, StoreRequest
from cp_sim.sim import Timer

# Room for the numbers of one boot of a member, so that no later boot uses one again.
BOOT = 1_000_000_000
_OVERDUE = Overdue()


class Answering(Replication):
    """Owes answers."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._asked: dict[int, Asked] = {}  # oldest first
        self._number = 0
        self._overdue_timer: Timer | None = None

    @property
    def applier(self) -> Applier:
        """The data as this member has applied them."""
        return self.disk.backend

    @property
    def mvcc(self) -> Mvcc:
        """The key space as this member has it."""
        return self.disk.backend.mvcc

    @property
    def requests_waiting(self) -> list[Asked]:
        """The requests that wait for a quorum, oldest first."""
        return list(self._asked.values())

    def _note_asked(self, request: StoreRequest) -> Asked:
        self._number += 1
        number = self.disk.boots * BOOT + self._number
        asked = Asked(number, request, self.loop.clock.now_ms, self.loop.cause)
        self._asked[number] = asked
        if not self._alone:
            self._set_overdue()
        return asked

    def _response(self, token: int, response: Any) -> StoreAnswer:
        return StoreAnswer(token, self.mvcc.revision, response=response)

    def _error(self, token: int, error: api.EtcdError) -> StoreAnswer:
        return StoreAnswer(token, self.mvcc.revision, False, error=error.text, code=error.code)

    def _reply_error(self, request: StoreRequest, error: api.EtcdError) -> None:
        self._reply(request, self._error(request.token, error))

    def _reply(self, request: StoreRequest, answer: StoreAnswer) -> None:
        if request.reply_to:
            self.loop.send(request.reply_to, answer)

    def _refuse(self, asked: Asked, error: api.EtcdError) -> None:
        if self._asked.pop(asked.number, None) is not None:
            self.loop.caused_by(asked.cause)
            self._reply_error(asked.request, error)

    def _is_waiting(self, asked: Asked) -> bool:
        return asked.number in self._asked

    def _set_overdue(self) -> None:
        if self._overdue_timer is None:
            oldest = next(iter(self._asked.values()))
            wait_ms = oldest.since_ms + self.settings.timeout_ms - self.loop.clock.now_ms
            self._overdue_timer = self.loop.after(wait_ms, self.name, _OVERDUE)

    def _overdue(self) -> None:
        self._overdue_timer = None
        latest_ms = self.loop.clock.now_ms - self.settings.timeout_ms
        for asked in self.requests_waiting:
            if asked.since_ms > latest_ms:
                break
            self._refuse(asked, self._why_late(asked))
        if self._asked:
            self._set_overdue()

    def _why_late(self, asked: Asked) -> api.EtcdError:
        """Source: etcd `server/etcdserver/server.go`, parseProposeCtxErr."""
        if is_read(asked.request.operation):
            return timed_out()
        lost_ms = self.elected_ms - 2 * self.settings.election_ms
        if lost_ms < asked.since_ms < self.elected_ms:
            return timed_out_leader_failed()
        leader = self.node.leader
        if leader and not self._is_connected(leader, asked.since_ms):
            return timed_out_connection_lost()
        return timed_out()

    def _is_connected(self, leader: str, since_ms: int) -> bool:
        if leader != self.name:
            return self.is_active(leader, since_ms)
        members = self.node.members
        return sum(self.is_active(name, since_ms) for name in members.voters) >= members.quorum

    def _driven(self) -> None:
        super()._driven()
        if self._overdue_timer is not None and not self._asked:
            self.loop.cancel(self._overdue_timer)
            self._overdue_timer = None
