"""Where the real time of a loop goes, actor by actor."""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import perf_counter
from typing import Any

from cp_sim.bench.report import Share
from cp_sim.sim import Actor, Loop

GARBAGE = "Python's garbage collector"
REST = "loop and rest"


class Pauses:
    """Counts the pauses of the garbage collector between `begin` and `end`."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.count = 0
        self._started = 0.0

    def begin(self) -> None:
        """Count from nothing."""
        self.seconds, self.count = 0.0, 0
        gc.callbacks.append(self._collector)

    def end(self) -> None:
        """Count no more."""
        gc.callbacks.remove(self._collector)

    def _collector(self, phase: str, _info: dict[str, int]) -> None:
        if phase == "start":
            self._started = perf_counter()
        else:
            self.seconds += perf_counter() - self._started
            self.count += 1


class Stopwatch:
    """Measures the units of every actor of a loop, and the garbage collector's pauses within them."""

    def __init__(self, loop: Loop) -> None:
        self.seconds: dict[str, float] = {}
        self.units: dict[str, int] = {}
        self._started = 0.0
        self._pauses = Pauses()
        for actor in loop.actors.values():
            self._watch(actor)

    def _watch(self, actor: Actor) -> None:
        self.seconds[actor.name], self.units[actor.name] = 0.0, 0
        for method in ("receive", "step"):
            setattr(actor, method, self._timed(actor.name, getattr(actor, method)))

    def _timed(self, name: str, method: Callable[..., None]) -> Callable[..., None]:
        seconds, units, pauses = self.seconds, self.units, self._pauses

        def unit(*arguments: Any) -> None:
            paused, started = pauses.seconds, perf_counter()
            method(*arguments)
            seconds[name] += perf_counter() - started - (pauses.seconds - paused)
            units[name] += 1

        return unit

    def start(self) -> None:
        """Begin to measure, from nothing."""
        for name in self.seconds:
            self.seconds[name], self.units[name] = 0.0, 0
        self._pauses.begin()
        self._started = perf_counter()

    def stop(self) -> tuple[float, tuple[Share, ...]]:
        """The seconds since `start` and whose they were."""
        total = perf_counter() - self._started
        self._pauses.end()
        shares = [Share(name, self.seconds[name], self.units[name]) for name in self.seconds]
        shares.append(Share(GARBAGE, self._pauses.seconds, self._pauses.count))
        shares.append(Share(REST, total - sum(share.seconds for share in shares), 0))
        return total, tuple(share for share in shares if share.seconds > 0)
