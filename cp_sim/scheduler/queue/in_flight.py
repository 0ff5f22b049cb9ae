"""What happens in the cluster while pods are being placed, so that nothing that might help them is missed.

A pod that was taken from the queue is *in flight* until it comes back or until nothing can reject it any more.  A
change in that time finds it in no queue; it is noted here, and judged when the pod comes back.

*In Kubernetes:* `inFlightPods` and `inFlightEvents` in pkg/scheduler/backend/queue/active_queue.go.
"""

from __future__ import annotations

from collections import deque

from cp_sim.scheduler.queue.queueing import Change


class InFlight:
    """The pods in flight, in the order in which they were taken, and the changes since the oldest of them."""

    def __init__(self) -> None:
        self._since: dict[str, int] = {}  # uid -> number of the first change that counts for it
        self._changes: deque[tuple[Change, str]] = deque()  # (change, uid of the only pod it is for)
        self._first = 0  # number of the oldest change that is kept

    def __contains__(self, uid: str) -> bool:
        return uid in self._since

    def __bool__(self) -> bool:
        return bool(self._since)

    def __len__(self) -> int:
        return len(self._since)

    @property
    def noted(self) -> int:
        """How many changes are kept."""
        return len(self._changes)

    def take(self, uid: str) -> None:
        """A pod begins to be placed."""
        self._since.setdefault(uid, self._first + len(self._changes))

    def note(self, change: Change, only: str = "") -> None:
        """Something happened; with `only` it matters for that pod alone."""
        if self._since:
            self._changes.append((change, only))

    def missed(self, uid: str) -> list[Change]:
        """What happened since the pod was taken, oldest first."""
        if uid not in self._since:
            return []
        skip = self._since[uid] - self._first
        return [change for place, (change, only) in enumerate(self._changes) if place >= skip and only in ("", uid)]

    def done(self, uid: str) -> None:
        """The pod is back, or cannot be rejected any more; what only it needed to know is forgotten."""
        if self._since.pop(uid, None) is None:
            return
        oldest = next(iter(self._since.values()), self._first + len(self._changes))
        while self._first < oldest:
            self._changes.popleft()
            self._first += 1
