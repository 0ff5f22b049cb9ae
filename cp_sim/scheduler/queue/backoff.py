"""How long a pod that could not be placed waits before it is tried again.

*In Kubernetes:* pkg/scheduler/backend/queue/backoff_queue.go; podInitialBackoffSeconds and podMaxBackoffSeconds of a
KubeSchedulerConfiguration.
"""

from __future__ import annotations

from cp_sim.sim import immutable

INITIAL_MS = 1_000
MAXIMUM_MS = 10_000
# Pods whose back-off ends in the same whole second leave together, by priority (backoffQOrderingWindowDuration).
WINDOW_MS = 1_000


@immutable
class Backoff:
    """The first back-off and the longest one; 0 as the longest means none at all."""

    initial_ms: int = INITIAL_MS
    maximum_ms: int = MAXIMUM_MS

    def duration_ms(self, failures: int) -> int:
        """The first back-off doubled with every further failure, up to the longest; 0 before any failure."""
        if not failures or not self.maximum_ms:
            return 0
        # Twenty doublings are past any maximum: a number that cannot grow without end.
        return min(self.initial_ms << min(failures - 1, 20), self.maximum_ms)

    def end_ms(self, since_ms: int, failures: int) -> int:
        """When a pod that failed at `since_ms` may be tried again: with the first flush after the second in which its
        back-off ends.  0 for one that has no back-off.
        """
        duration = self.duration_ms(failures)
        return (since_ms + duration) // WINDOW_MS * WINDOW_MS + WINDOW_MS if duration else 0
