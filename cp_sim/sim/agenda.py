"""What is due when: messages on their way and timers, by the instant at which they arrive.

Most of what travels arrives together with much else, so that instants are sorted and not messages: those of one
instant stand in the order in which they were sent.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator
from typing import Any

from cp_sim.sim.order import Delivery


class Timer:
    """A message that will be sent to `to` at `due_ms`.  A background timer does not keep the world from settling."""

    __slots__ = ("background", "cause", "due_ms", "message", "pending", "sender", "to")

    def __init__(self, due_ms: int, to: str, message: Any, cause: int | None, sender: str, background: bool) -> None:
        self.due_ms = due_ms
        self.to = to
        self.message = message
        self.cause = cause
        self.sender = sender
        self.background = background
        self.pending = True


class Agenda:
    """Everything that is due later.

    A message that nobody can call back is kept as the delivery that it will be, everything else as a `Timer`.
    `foreground` counts what keeps the world from settling.
    """

    def __init__(self) -> None:
        self.foreground = 0
        self._instants: list[int] = []  # a heap
        self._at: dict[int, list[Delivery | Timer]] = {}

    def post(self, due_ms: int, delivery: Delivery) -> None:
        """Let a message arrive at that time."""
        self.foreground += 1
        entries = self._at.get(due_ms)
        if entries is None:
            self._at[due_ms] = [delivery]
            heapq.heappush(self._instants, due_ms)
        else:
            entries.append(delivery)

    def set(self, timer: Timer) -> None:
        """Let a timer fire at its time."""
        self.foreground += not timer.background
        entries = self._at.get(timer.due_ms)
        if entries is None:
            self._at[timer.due_ms] = [timer]
            heapq.heappush(self._instants, timer.due_ms)
        else:
            entries.append(timer)

    def cancel(self, timer: Timer) -> None:
        """Forget a timer; one that has fired or was cancelled before is left alone."""
        if timer.pending:
            timer.pending = False
            self.foreground -= not timer.background

    def forget(self, to: str) -> None:
        """Forget everything that is due at one actor."""
        for due_ms, entries in self._at.items():
            kept = [entry for entry in entries if type(entry) is Timer or entry[0] != to]  # type: ignore[index]
            self.foreground -= len(entries) - len(kept)
            self._at[due_ms] = kept
            for entry in kept:
                if type(entry) is Timer and entry.to == to:
                    self.cancel(entry)

    def next_ms(self) -> int | None:
        """When the next thing is due, None if nothing is."""
        instants = self._instants
        while instants:
            due_ms = instants[0]
            if any(type(entry) is tuple or entry.pending for entry in self._at[due_ms]):  # type: ignore[union-attr]
                return due_ms
            del self._at[heapq.heappop(instants)]
        return None

    def move_next(self, due: deque[Delivery]) -> None:
        """Move what is due at the next instant to the end of `due`, in order."""
        for entry in self._at.pop(heapq.heappop(self._instants)):
            if type(entry) is tuple:
                self.foreground -= 1
                due.append(entry)
            elif entry.pending:  # type: ignore[union-attr]
                self.cancel(entry)  # type: ignore[arg-type]
                due.append((entry.to, entry.message, entry.cause, entry.sender))  # type: ignore[union-attr]

    def __iter__(self) -> Iterator[Timer]:
        """All that is due, next one first; messages look like timers here."""
        for due_ms in sorted(self._at):
            for entry in self._at[due_ms]:
                if type(entry) is tuple:
                    to, message, cause, sender = entry
                    yield Timer(due_ms, to, message, cause, sender, background=False)
                elif entry.pending:  # type: ignore[union-attr]
                    yield entry  # type: ignore[misc]
