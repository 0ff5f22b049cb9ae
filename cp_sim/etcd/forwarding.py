"""What only the leader can answer: how long a lease lives on, and whether a member may come or go.

Neither stands in the log, so a follower passes the question on, and the answer back.

Source: etcd v3.6 `server/etcdserver/v3_server.go` (LeaseRenew, ensureLeadership, LeaseTimeToLive).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.cluster_api import MoveLeaderRequest, MoveLeaderResponse
from cp_sim.etcd.lease_api import LeaseKeepAliveRequest, LeaseKeepAliveResponse, LeaseTimeToLiveRequest
from cp_sim.etcd.membership import CHANGES, Membership
from cp_sim.etcd.proposal import Asked, leader_changed, no_leader, stopped
from cp_sim.etcd.store import StoreAnswer, StoreRequest

LEADERS_MATTERS = frozenset((LeaseKeepAliveRequest, LeaseTimeToLiveRequest, *CHANGES))
# Answers after which the next leader is asked.
ASK_ANOTHER = (no_leader().text, leader_changed().text, stopped().text)


class Forwarding(Membership):
    """Asks the leader."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._ending: dict[int, list[Asked]] = {}  # who wants to keep a lease alive that has just run out

    def _ask_leader(self, request: StoreRequest) -> None:
        """Answer as the leader, or pass it on to the one that is; without one it waits for one."""
        if self.is_primary:
            if isinstance(request.operation, CHANGES):
                self._propose_change(request)
            elif self._alone or isinstance(request.operation, LeaseTimeToLiveRequest):
                self._reply(request, self._response(request.token, self._as_primary(request.operation)))
            else:
                # One that has been deposed without knowing it must not promise a lease more time.
                self._read_linearizable(self._note_asked(request))
        elif request.reply_to not in self.node.members.everybody:
            self._pass_on(self._note_asked(request))

    def _why_late(self, asked: Asked) -> api.EtcdError:
        lease = isinstance(asked.request.operation, LeaseKeepAliveRequest | LeaseTimeToLiveRequest)
        return no_leader() if lease and not self.node.leader else super()._why_late(asked)

    def _answer_read(self, request: StoreRequest) -> None:
        if not isinstance(request.operation, LeaseKeepAliveRequest):
            super()._answer_read(request)
        elif not self.is_primary:
            self._ask_leader(request)
        elif self._is_ending(request.operation.id):
            # Its end is in the log or on its way there: who asks now is told when it has come.
            self._ending.setdefault(request.operation.id, []).append(self._note_asked(request))
        else:
            self._reply(request, self._response(request.token, self._as_primary(request.operation)))

    def _is_ending(self, lease: int) -> bool:
        found = self.mvcc.lessor.leases.get(lease)
        return found is not None and found.expires_ms <= self.loop.clock.now_ms

    def _lease_ended(self, lease: int) -> None:
        """A lease was revoked: those who wanted to keep it alive hear that it is gone."""
        self._forget_lease(lease)
        for asked in self._ending.pop(lease, ()):
            if self._asked.pop(asked.number, None) is not None:
                self.loop.caused_by(asked.cause)
                gone = LeaseKeepAliveResponse(self.mvcc.revision, lease, 0)
                self._reply(asked.request, self._response(asked.request.token, gone))

    def _pass_on(self, asked: Asked) -> None:
        if self.node.leader:
            self.loop.send(self.node.leader, StoreRequest(asked.request.operation, self.name, asked.number))

    def _as_primary(self, operation: Any) -> Any:
        now_ms = self.loop.clock.now_ms
        if not isinstance(operation, LeaseKeepAliveRequest):
            return self.applier.read(operation, now_ms)
        ttl_s = self.mvcc.lessor.renew(operation.id, now_ms)
        if ttl_s:
            self._watch_lease(operation.id)
        return LeaseKeepAliveResponse(self.mvcc.revision, operation.id, ttl_s)

    def _leader_says(self, answer: StoreAnswer) -> None:
        """The leader has answered what was passed on to it; that it cannot be reached is no answer."""
        unheard = answer.error and (answer.error in ASK_ANOTHER or not answer.error.startswith("etcdserver: "))
        asked = None if unheard else self._asked.pop(answer.token, None)
        if asked is not None:
            self.loop.caused_by(asked.cause)
            self._reply(asked.request, replace(answer, token=asked.request.token))
        self._driven()

    def _leader_known(self) -> None:
        super()._leader_known()
        self._ending.clear()
        for asked in self.requests_waiting:
            operation = asked.request.operation
            if isinstance(operation, MoveLeaderRequest):
                if operation.target == self.node.leader:
                    del self._asked[asked.number]
                    self.loop.caused_by(asked.cause)
                    self._reply(asked.request, self._response(asked.request.token, MoveLeaderResponse()))
            elif type(operation) in LEADERS_MATTERS:
                del self._asked[asked.number]
                self.loop.caused_by(asked.cause)
                self._ask_leader(asked.request)

    def _move_leader(self, request: StoreRequest) -> None:
        objection = self._objection_to_moving(request.operation)
        if objection is not None:
            self._reply_error(request, objection)
        elif request.operation.target == self.name:
            self._reply(request, self._response(request.token, MoveLeaderResponse()))
        else:
            self._note_asked(request)
            self.node.transfer_leader(request.operation.target)
            self._drive()
