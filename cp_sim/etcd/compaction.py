"""When history is forgotten: etcd's own automatic compaction.

Two rules without a clock: whoever has one asks it at each interval, and sends the compaction that is named.

*In Kubernetes:* kubeadm leaves it off; the API servers compact what is older than five minutes
(`cp_sim/apiserver/compaction.py`).
"""

from __future__ import annotations

from cp_sim.sim import parse_duration

HOUR_MS = 3_600_000
# How often the mode `revision` looks.  Source: etcd `server/etcdserver/api/v3compactor/revision.go`.
REVISION_INTERVAL_MS = 300_000
# A window is divided into so many parts.  Source: `v3compactor/periodic.go`, retryDivisor.
PARTS = 10
PERIODIC, REVISION = "periodic", "revision"


class PeriodicCompaction:
    """Keeps the history of the last `period_ms` (`--auto-compaction-mode=periodic --auto-compaction-retention=1h`).

    Source: etcd `server/etcdserver/api/v3compactor/periodic.go`.
    """

    def __init__(self, period_ms: int, now_ms: int = 0) -> None:
        self.period_ms = period_ms
        self.compact_ms = min(period_ms, HOUR_MS)
        self.interval_ms = self.compact_ms // PARTS
        self._kept = max(1, period_ms // self.interval_ms)
        self._revisions: list[int] = []
        self._wait_ms = period_ms  # the whole period before the first compaction
        self._last_ms = now_ms
        self._last_revision = 0

    def note(self, revision: int) -> None:
        """The store is at `revision` as an interval begins."""
        self._revisions = [*self._revisions, revision][-self._kept :]

    def due(self, now_ms: int) -> int:
        """The revision to compact at the end of an interval; 0 if it is not time, or nothing has happened since."""
        if now_ms - self._last_ms < self._wait_ms or not self._revisions:
            return 0
        self._wait_ms = self.compact_ms
        self._last_ms = now_ms
        revision = self._revisions[0]
        if revision == self._last_revision:
            return 0
        self._last_revision = revision
        return revision


class RevisionCompaction:
    """Keeps the last `retention` revisions (`--auto-compaction-mode=revision`).

    Source: etcd `server/etcdserver/api/v3compactor/revision.go`.
    """

    interval_ms = REVISION_INTERVAL_MS

    def __init__(self, retention: int) -> None:
        self.retention = retention
        self._last_revision = 0

    def due(self, revision: int) -> int:
        """The revision to compact while the store is at `revision`; 0 if there is none."""
        wanted = revision - self.retention
        if wanted <= 0 or wanted == self._last_revision:
            return 0
        self._last_revision = wanted
        return wanted


def rule_of(mode: str, retention: str, now_ms: int = 0) -> PeriodicCompaction | RevisionCompaction | None:
    """The rule of `--auto-compaction-mode` and `--auto-compaction-retention`; None if nothing is to be compacted.

    A plain number counts hours with `periodic`, revisions with `revision`.

    Raises:
        ValueError: there is no such mode, or the retention cannot be read.
    """
    if mode not in (PERIODIC, REVISION):
        raise ValueError(f'auto-compaction-mode={mode!r}: it is "periodic" or "revision"')
    if retention.isdecimal():
        kept = int(retention)
        if not kept:
            return None
        return RevisionCompaction(kept) if mode == REVISION else PeriodicCompaction(kept * HOUR_MS, now_ms)
    if mode == REVISION:
        raise ValueError(f"auto-compaction-retention={retention!r}: with mode revision it is a number, such as 1000")
    period_ms = parse_duration(retention)
    return PeriodicCompaction(period_ms, now_ms) if period_ms else None
