"""A turn that threads wait for: the notebook and the real clients act on one world, one after the other."""

from __future__ import annotations

import threading
from typing import Any, Self

from cp_sim.sim.turn import Turn


class SharedTurn(Turn):
    """The turn of a world that real clients act on too; holding it twice in one thread is fine.

    Whoever gives the turn back wakes those who `wait` for something to happen.
    """

    def __init__(self) -> None:
        self._free = threading.Condition(threading.RLock())

    def __enter__(self) -> Self:
        self._free.acquire()
        return self

    def __exit__(self, *_: Any) -> None:
        self._free.notify_all()
        self._free.release()

    def wait(self, seconds: float | None = None) -> None:
        """Give the turn back, and take it again once somebody else has had it (or after so many seconds)."""
        self._free.wait(seconds)

    def nudge(self) -> None:
        """Let those who wait look again."""
        with self:
            pass

    def __deepcopy__(self, memo: dict[int, Any]) -> Turn:
        # A fork is nobody's but its maker's.
        return Turn()


def share(cluster: Any) -> SharedTurn:
    """Let others act on the cluster beside the caller; returns the turn that they hold while they do."""
    if not isinstance(cluster.turn, SharedTurn):
        cluster.turn = SharedTurn()
    return cluster.turn
