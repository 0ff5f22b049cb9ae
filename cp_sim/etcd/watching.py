"""Watches at a member: each is told from what this member has applied, so that a member that lags tells late, but all.

A watch that breaks is taken up at any other member, from the last revision it was told plus one.

*In Kubernetes:* every API server watches everything below `/registry/` at one member, and asks for a leader: a member
that has known none for three elections ends such watches, so that they go elsewhere.

Source: etcd `server/etcdserver/api/v3rpc/{watch,interceptor}.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.compacting import Compacting
from cp_sim.etcd.proposal import Leaderless, no_leader, not_for_learners
from cp_sim.etcd.store import CancelWatch, WatchChanges, WatchProgress, WatchRequest
from cp_sim.etcd.watch import Watches

# After how many elections without a leader a member ends the watches that ask for one.
LEADERLESS_ELECTIONS = 3


class Watching(Compacting):
    """Serves the watches."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.watches = Watches()
        self._asking_for_leader: dict[tuple[str, int], None] = {}
        self._losses = 0

    def _watch(self, request: WatchRequest) -> None:
        id_ = (request.reply_to, request.token)
        if not self._alone:
            if self.node.is_learner:
                self._end(id_, not_for_learners())
                return
            if request.require_leader and not self.node.leader:
                self._end(id_, no_leader())
                return
            if request.require_leader:
                self._asking_for_leader[id_] = None
        end = api.prefix_end(request.prefix)
        self.watches.create(self.mvcc, id_, request.prefix, end, request.revision)
        self._tell()

    def _cancel(self, message: CancelWatch) -> None:
        id_ = (message.reply_to, message.token)
        self._asking_for_leader.pop(id_, None)
        self.watches.cancel(id_)

    def _progress(self, message: WatchProgress) -> None:
        """Say up to which revision the watch has been told everything."""
        if (message.reply_to, message.token) in self.watches:
            self._tell()
            self.loop.send(message.reply_to, WatchChanges(message.token, self.mvcc.revision))

    def _tell(self) -> None:
        for delivery in self.watches.poll(self.mvcc):
            reply_to, token = delivery.id
            error = ""
            if delivery.cancelled:
                self.watches.cancel(delivery.id)
                self._asking_for_leader.pop(delivery.id, None)
                error = api.compacted().text
            told = WatchChanges(token, self.mvcc.revision, delivery.changes, error, delivery.compact_revision)
            self.loop.send(reply_to, told)

    def _end(self, id_: tuple[str, int], error: api.EtcdError) -> None:
        reply_to, token = id_
        self.watches.cancel(id_)
        self._asking_for_leader.pop(id_, None)
        self.loop.send(reply_to, WatchChanges(token, self.mvcc.revision, error=error.text))

    def _end_all(self, error: api.EtcdError) -> None:
        for watch in self.watches.all():
            self._end(watch.id, error)

    def _leader_lost(self) -> None:
        super()._leader_lost()
        self._losses += 1
        patience_ms = LEADERLESS_ELECTIONS * self.settings.election_ms
        self.loop.after(patience_ms, self.name, Leaderless(self._losses), background=True)

    def _leaderless(self, message: Leaderless) -> None:
        if message.loss == self._losses and not self.node.leader:
            for id_ in list(self._asking_for_leader):
                self._end(id_, no_leader())

    def _installed(self) -> None:
        """A snapshot has taken the place of the data: watches go on from where they were, as far as it reaches back."""
        super()._installed()
        self.watches.rewind(self.mvcc)
        self._tell()
