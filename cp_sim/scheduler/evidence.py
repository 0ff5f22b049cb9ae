"""How long the scheduler keeps the numbers of its decisions."""

from __future__ import annotations

from collections import deque

from cp_sim.scheduler.decision import Decision, Detail

BUDGET_BYTES = 64 * 1024 * 1024


class Evidence:
    """Lets go of the arrays of the oldest decisions when those of all decisions together exceed `budget_bytes`.

    A decision over a handful of nodes takes about one KiB, one over the 500 nodes looked at in a cluster of 5,000
    about three: 20,000 of these stay whole.  Decisions stay in the trace without their arrays.
    """

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self.budget_bytes = budget_bytes
        self.held_bytes = 0
        self._held: deque[tuple[Detail, int]] = deque()

    def keep(self, decision: Decision) -> None:
        """Count a new decision in, and let go of old ones if need be."""
        size = decision.detail.size_bytes()
        self._held.append((decision.detail, size))
        self.held_bytes += size
        while self.held_bytes > self.budget_bytes and len(self._held) > 1:
            detail, size = self._held.popleft()
            detail.forget()
            self.held_bytes -= size
