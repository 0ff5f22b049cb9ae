"""When history is forgotten: etcd's own automatic compaction, and the one that the API server does.

All three are counters without a clock: whoever has one asks at each interval, and sends the compaction that is named.

*In Kubernetes:* kubeadm leaves etcd's automatic compaction off; every API server compacts what is older than five
minutes (`--etcd-compaction-interval`), and they agree on whose turn it is by the key `compact_rev_key`.
"""

from __future__ import annotations

from cp_sim.etcd.api import Compare, PutRequest, RangeRequest, RangeResponse, TxnRequest, TxnResponse

HOUR_MS = 3_600_000
# How often the mode `revision` looks.  Source: etcd `server/etcdserver/api/v3compactor/revision.go`.
REVISION_INTERVAL_MS = 300_000
# A window is divided into so many parts.  Source: `v3compactor/periodic.go`, retryDivisor.
PARTS = 10
COMPACT_KEY = "compact_rev_key"
API_SERVER_INTERVAL_MS = 300_000


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


class ApiServerCompaction:
    """What one API server remembers of the compactions: how many there were, and the revision at the last one.

    Every `interval_ms` it sends `ask()` and hands the answer to `answered`, which names the revision to compact. Of
    several API servers the first to ask in an interval has its turn; the others learn the count and wait.

    Source: Kubernetes `staging/src/k8s.io/apiserver/pkg/storage/etcd3/compact.go`.
    """

    interval_ms = API_SERVER_INTERVAL_MS

    def __init__(self) -> None:
        self.count = 0
        self.revision = 0

    def ask(self) -> TxnRequest:
        """Take the turn if nobody has had it since this server looked last; otherwise say how many there were."""
        return TxnRequest(
            compare=(Compare("VERSION", "EQUAL", COMPACT_KEY, operand=self.count),),
            success=(PutRequest(COMPACT_KEY, str(self.revision)),),
            failure=(RangeRequest(COMPACT_KEY),),
        )

    def answered(self, answer: TxnResponse) -> int:
        """The revision to compact now; 0 if it was another's turn, or this is the first time."""
        before, self.revision = self.revision, answer.revision
        if answer.succeeded:
            self.count += 1
            return before
        found = answer.responses[0]
        self.count = found.kvs[0].version if isinstance(found, RangeResponse) and found.kvs else 0
        return 0
