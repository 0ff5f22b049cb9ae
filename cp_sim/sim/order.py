"""In which order messages that are due at the same instant arrive."""

from __future__ import annotations

import random
from collections import deque
from typing import Any

# (receiver, message, cause, sender); a message of None asks the receiver to do one unit of its own work.
Delivery = tuple[str, Any, "int | None", str]


class Arrival:
    """First sent, first delivered: the order of every lesson."""

    def take(self, due: deque[Delivery]) -> Delivery:
        """Remove and return the delivery whose turn it is; `due` is not empty."""
        return due.popleft()


class shuffled(Arrival):  # noqa: N801 (reads as a word: order=shuffled(7))
    """Any order that a real network could produce, drawn from a seed.

    Between two parties messages keep their order, as on one connection; between different parties anything goes.
    `choices` counts how often there was a real choice, so that a test can assert that it explored something.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.choices = 0
        self._random = random.Random(seed)

    def take(self, due: deque[Delivery]) -> Delivery:
        first_of_pair: dict[tuple[str, str], int] = {}
        for place, (receiver, _, _, sender) in enumerate(due):
            first_of_pair.setdefault((sender, receiver), place)
        places = list(first_of_pair.values())
        if len(places) > 1:
            self.choices += 1
        place = places[self._random.randrange(len(places))]
        chosen = due[place]
        del due[place]
        return chosen

    def __repr__(self) -> str:
        return f"shuffled({self.seed})"
