"""Proposals: what was asked at one instant goes into the log together, and what nobody can take yet waits for a leader.

Source: etcd `server/etcdserver/v3_server.go`, processInternalRaftRequestOnce; a node without a leader takes no
proposals (etcd-io/raft `node.go`), so that they wait until there is one, or until their time is over.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.answering import Answering
from cp_sim.etcd.proposal import Asked, Proposal, deadline_exceeded, proposal_dropped
from cp_sim.etcd.store import Revoke
from cp_sim.raft.messages import LEADER


class Proposing(Answering):
    """Gathers proposals and hands them to raft."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._proposals: list[Proposal] = []  # of this instant, or waiting for a leader
        self._unproposed: frozenset[int] = frozenset()

    def _propose_own(self, operation: Any) -> None:
        self._submit(Proposal(operation, self.name, 0, self.loop.clock.now_ms, self.loop.cause))

    def _submit(self, proposal: Proposal) -> None:
        if self._alone and self.node.role == LEADER:
            if not self._decide_alone(proposal):
                self.node.propose(proposal)
                self._drive()
                if self._asked:
                    self._set_overdue()
        else:
            self._proposals.append(proposal)
            self.loop.wake(self)

    def _propose_gathered(self) -> None:
        """Propose what has gathered, if somebody leads; what has timed out meanwhile is not proposed."""
        if not self._proposals or not self.node.leader:
            return
        waiting = self._asked
        leads = self.node.role == LEADER
        # What a leader wanted on its own, to end a lease, is not its business any more when another one leads.
        proposals = [
            one
            for one in self._proposals
            if one.number in waiting or (not one.number and (leads or not isinstance(one.operation, Revoke)))
        ]
        self._proposals = []
        if not self.node.transferee:
            self._propose_all(proposals)
            return
        for one in proposals:
            if one.number:
                self._refuse(waiting[one.number], proposal_dropped())

    def _overdue(self) -> None:
        self._unproposed = frozenset(one.number for one in self._proposals)
        super()._overdue()
        self._proposals = [one for one in self._proposals if not one.number or one.number in self._asked]

    def _why_late(self, asked: Asked) -> api.EtcdError:
        return deadline_exceeded() if asked.number in self._unproposed else super()._why_late(asked)

    def _driven(self) -> None:
        super()._driven()
        if self._proposals and self.node.leader:
            self.loop.wake(self)
