"""Automatic compaction: the member that leads proposes it, the log tells it to all.

Source: etcd `server/etcdserver/server.go` (the compactor runs where the leader is) and
`server/etcdserver/api/v3compactor`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.etcd.compaction import PeriodicCompaction, RevisionCompaction, rule_of
from cp_sim.etcd.leasing import Leasing
from cp_sim.etcd.maintenance import CompactionRequest
from cp_sim.etcd.proposal import LookBack


class Compacting(Leasing):
    """Asks the rule for compactions at each of its intervals; without one there is no timer."""

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._compaction: PeriodicCompaction | RevisionCompaction | None = None

    def started(self) -> None:
        settings = self.settings
        if settings.quota_backend_bytes:
            self.applier.quota_bytes = settings.quota_backend_bytes
        super().started()
        now_ms = self.loop.clock.now_ms
        self._compaction = rule_of(settings.auto_compaction_mode, settings.auto_compaction_retention, now_ms)
        self._await_interval()

    def _await_interval(self) -> None:
        rule = self._compaction
        if rule is None:
            return
        if isinstance(rule, PeriodicCompaction):
            rule.note(self.mvcc.revision)
        self.loop.after(rule.interval_ms, self.name, LookBack(), background=True)

    def _look_back(self) -> None:
        """An interval is over."""
        rule = self._compaction
        self.loop.caused_by(None)
        if rule is not None and self.is_primary:
            periodic = isinstance(rule, PeriodicCompaction)
            revision = rule.due(self.loop.clock.now_ms if periodic else self.mvcc.revision)
            if revision > self.mvcc.compact_revision:
                self._propose_own(CompactionRequest(revision))
        self._await_interval()
