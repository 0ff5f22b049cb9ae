"""Leases and time: the member that leads decides when a lease has ended, and the log tells it to all.

Only the leader's clock counts (it is the *primary lessor*). It keeps the end of each lease, lets a client begin it
anew, and proposes to revoke what was not kept alive. A new leader gives every lease its whole time again, and an
election more, for it does not know how much was left.

*In Kubernetes:* the API server hangs Events on leases.

Source: etcd `server/lease/lessor.go` (Promote), `server/etcdserver/server.go` (revokeExpiredLeases).
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.proposal import LeaseEnds
from cp_sim.etcd.reading import Reading
from cp_sim.etcd.store import Revoke
from cp_sim.raft.messages import LEADER
from cp_sim.sim import Timer

# How long the leader waits before it proposes again to revoke a lease that has ended.
REVOKE_AGAIN_MS = 500


class Leasing(Reading):
    """Keeps the timers of leases where the member leads."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._lease_timers: dict[int, Timer] = {}

    @property
    def is_primary(self) -> bool:
        """Whether this member's clock ends leases."""
        return self._alone or self.node.role == LEADER

    def _watch_lease(self, lease: int) -> None:
        """A lease was granted or began anew."""
        if not self.is_primary:
            return
        self._forget_lease(lease)
        left_ms = self.mvcc.lessor.leases[lease].expires_ms - self.loop.clock.now_ms
        self._lease_timers[lease] = self.loop.after(left_ms, self.name, LeaseEnds(lease), background=True)

    def _forget_lease(self, lease: int) -> None:
        timer = self._lease_timers.pop(lease, None)
        if timer is not None:
            self.loop.cancel(timer)

    def _lease_ends(self, message: LeaseEnds) -> None:
        """The time of a lease is over: propose that it ends, until it has."""
        self._lease_timers.pop(message.lease, None)
        lease = self.mvcc.lessor.leases.get(message.lease)
        if lease is None or not self.is_primary:
            return
        if not self._alone:
            again = self.loop.after(REVOKE_AGAIN_MS, self.name, message, background=True)
            self._lease_timers[message.lease] = again
        self._propose_own(Revoke(message.lease))

    def _role_changed(self, role: str) -> None:
        for lease in list(self._lease_timers):
            self._forget_lease(lease)
        if role == LEADER:
            self.mvcc.lessor.renew_all(self.loop.clock.now_ms + self.settings.election_ms)
            for lease in self.mvcc.lessor.leases:
                self._watch_lease(lease)
