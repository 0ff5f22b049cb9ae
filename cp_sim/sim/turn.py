"""Whose turn it is to act on a world from outside."""

from __future__ import annotations

from typing import Any, Self


class Turn:
    """The turn of a world that one party alone acts on: it is always that party's.

    Every call from outside holds the turn of its world. Where several act at the same time, as real clients of a
    gateway do beside the notebook, the gateway puts another turn in this one's place: one that lets them wait for each
    other. A copy of the world begins with a turn of its own.
    """

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"
