"""A queue of keys, each at most once, with delays and back-off per key."""

from __future__ import annotations

from collections import deque

from cp_sim.sim import Actor, Timer, immutable

# A retry that is due later than this does not keep the world from settling.
FOREGROUND_LIMIT_MS = 10_000


@immutable
class Due:
    """The timer message that says that `key` is to be queued now."""

    key: str


class WorkQueue:
    """The keys that one controller still has to look at.

    A key that is queued already is not queued twice; one that is being worked on is queued again when that work is
    `done`, so that no two workers ever hold the same key.  Each key remembers what caused it to be queued.

    *In Kubernetes:* k8s.io/client-go/util/workqueue.  Back-off: `base_ms` doubled with every failure, at most `cap_ms`
    (`DefaultTypedControllerRateLimiter`: 5 ms to 1000 s).  *Simplified:* without its overall bucket of 10 per second.
    """

    def __init__(self, actor: Actor, base_ms: int = 5, cap_ms: int = 1_000_000) -> None:
        self.actor = actor
        self.base_ms = base_ms
        self.cap_ms = cap_ms
        self.failures: dict[str, int] = {}
        self._ready: deque[str] = deque()
        self._queued: dict[str, int | None] = {}  # key -> cause; also keys that wait for `done`
        self._working: set[str] = set()
        self._delayed: dict[str, Timer] = {}

    def __len__(self) -> int:
        return len(self._ready)

    def keys(self) -> list[str]:
        """The keys that are ready, in order."""
        return list(self._ready)

    def working(self) -> list[str]:
        """The keys that are being worked on."""
        return sorted(self._working)

    def delayed(self) -> list[tuple[int, str]]:
        """(due_ms, key) of the keys that will be queued later, soonest first."""
        return sorted((timer.due_ms, key) for key, timer in self._delayed.items() if timer.pending)

    def add(self, key: str) -> None:
        """Queue `key` now."""
        if key in self._queued:
            return
        self._queued[key] = self.actor.loop.cause
        if key not in self._working:
            self._ready.append(key)
            self.actor.loop.wake(self.actor)

    def add_after(self, key: str, delay_ms: int, background: bool = False) -> None:
        """Queue `key` in `delay_ms`; of several such wishes for one key the earliest counts."""
        if delay_ms <= 0:
            self.add(key)
            return
        loop = self.actor.loop
        set_before = self._delayed.get(key)
        if set_before is not None and set_before.pending:
            if set_before.due_ms <= loop.clock.now_ms + delay_ms:
                return
            loop.cancel(set_before)
        background = background or delay_ms > FOREGROUND_LIMIT_MS
        self._delayed[key] = loop.after(delay_ms, self.actor.name, Due(key), background=background)

    def due(self, message: Due) -> None:
        """A delayed key has become due."""
        self._delayed.pop(message.key, None)
        self.add(message.key)

    def take(self) -> tuple[str, int | None]:
        """The next key and what caused it; it counts as worked on until `done`."""
        key = self._ready.popleft()
        self._working.add(key)
        return key, self._queued.pop(key)

    def done(self, key: str) -> None:
        """The work on `key` has ended; if it was added meanwhile it is queued now."""
        self._working.discard(key)
        if key in self._queued:
            self._ready.append(key)
            self.actor.loop.wake(self.actor)

    def retry(self, key: str) -> int:
        """Queue `key` after its back-off; returns the back-off in ms."""
        failures = self.failures.get(key, 0)
        self.failures[key] = failures + 1
        delay_ms = min(self.base_ms << min(failures, 40), self.cap_ms)
        self.add_after(key, delay_ms)
        return delay_ms

    def forget(self, key: str) -> None:
        """Reset the back-off of `key`."""
        self.failures.pop(key, None)
