"""What a controller still expects to see of its own doings."""

from __future__ import annotations

from cp_sim.sim import Clock

TIMEOUT_MS = 5 * 60_000


class Expectations:
    """Creations and deletions that were ordered and have not come back through the watch.

    A cache lags behind the store.  A controller that looked at its cache before its own pods had come back would
    create them a second time; so it waits until what it expects was seen, or five minutes have passed.

    *In Kubernetes:* `ControllerExpectations` and `UIDTrackingControllerExpectations`,
    pkg/controller/controller_utils.go.
    """

    def __init__(self) -> None:
        self._creations: dict[str, int] = {}
        self._deletions: dict[str, dict[str, None]] = {}
        self._since_ms: dict[str, int] = {}

    def expect(self, key: str, clock: Clock, creations: int = 0, deletions: tuple[str, ...] = ()) -> None:
        """Wait, for the object `key`, for so many creations and for the deletions of these objects (by their keys)."""
        self._creations[key] = creations
        self._deletions[key] = dict.fromkeys(deletions)
        self._since_ms[key] = clock.now_ms

    def created(self, key: str, count: int = 1) -> None:
        """A creation was seen, or will never come because it failed."""
        if self._creations.get(key, 0) > 0:
            self._creations[key] -= count

    def deleted(self, key: str, what: str) -> None:
        """The deletion of `what` was seen, or will never come because it failed."""
        self._deletions.get(key, {}).pop(what, None)

    def satisfied(self, key: str, clock: Clock) -> bool:
        """Whether nothing is awaited for `key` any more, or it has been awaited for too long."""
        if key not in self._since_ms:
            return True
        met = self._creations[key] <= 0 and not self._deletions[key]
        return met or clock.now_ms - self._since_ms[key] > TIMEOUT_MS

    def forget(self, key: str) -> None:
        """`key` is gone; so is what was expected for it."""
        for kept in (self._creations, self._deletions, self._since_ms):
            kept.pop(key, None)  # type: ignore[attr-defined]

    def awaited(self, key: str) -> tuple[int, list[str]]:
        """(creations, deletions) still awaited, for people."""
        return max(0, self._creations.get(key, 0)), list(self._deletions.get(key, ()))
