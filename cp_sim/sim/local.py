"""A machine's own clock: what time it is there, when it goes wrong.

Two clocks are in every machine.  The one that says how late it is (the wall clock) can be wrong and can jump; the one
that measures how long something takes (the monotonic clock) cannot.  Here `now_ms` is the latter, the timestamps are
the former.
"""

from __future__ import annotations

from typing import Any

from cp_sim.sim.clock import Clock, micro_timestamp, timestamp
from cp_sim.sim.loop import Actor, Loop


class LocalClock:
    """The clock of a machine that is `ahead_ms` ahead of the others' (negative: behind)."""

    def __init__(self, clock: Clock, ahead_ms: int) -> None:
        self._clock = clock
        self.ahead_ms = ahead_ms

    @property
    def now_ms(self) -> int:
        """The time that is measured with."""
        return self._clock.now_ms

    def timestamp(self) -> str:
        """Now, by this clock, as `metav1.Time`."""
        return timestamp(self._clock.now_ms + self.ahead_ms)

    def micro_timestamp(self) -> str:
        """Now, by this clock, as `metav1.MicroTime`."""
        return micro_timestamp(self._clock.now_ms + self.ahead_ms)

    def nanoseconds(self) -> int:
        """Now, by this clock, in nanoseconds of Unix time."""
        return self._clock.nanoseconds() + self.ahead_ms * 1_000_000


class LocalLoop:
    """The loop as the actors of such a machine see it: all the same but for the clock."""

    def __init__(self, loop: Loop, ahead_ms: int) -> None:
        self._loop = loop
        self.clock = LocalClock(loop.clock, ahead_ms)

    def add(self, actor: Actor) -> None:
        """Let an actor of this machine take part."""
        self._loop.add(actor)
        live_on(actor, self.clock.ahead_ms)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._loop, name)


def live_on(actor: Actor, ahead_ms: int) -> None:
    """Let an actor that is on a loop live by a clock that is `ahead_ms` ahead; 0 is the right time."""
    loop = actor.loop
    whole: Any = loop._loop if isinstance(loop, LocalLoop) else loop
    actor.loop = LocalLoop(whole, ahead_ms) if ahead_ms else whole  # type: ignore[assignment]
