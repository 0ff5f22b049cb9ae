"""Python's search for cycles of garbage, held back while a loop runs.

Nothing that a loop does makes cycles: messages, records and objects refer to what is older than they are, and go as
soon as nobody holds them. A search would find nothing, and a big world is walked through for it again and again, for a
seventh of the whole time of 10,000 pods. So the collector looks more seldom, but it looks: code of a learner's within
the world may well make cycles. It is the collector of the whole process, a notebook's, so what was set there holds
again as soon as the loop returns, and one that was turned off stays off.
"""

from __future__ import annotations

import gc

# How many more containers may be made than freed before the youngest are searched (Python's own value is 700), and how
# often that happens before older ones are searched, too (10): what survives a search of the youngest will stay.
YOUNGEST, MIDDLE = 50_000, 100


class Patience:
    """A context in which Python's garbage collector is patient."""

    __slots__ = ("_before",)

    def __init__(self) -> None:
        self._before = (0, 0, 0)

    def __enter__(self) -> None:
        self._before = youngest, middle, oldest = gc.get_threshold()
        if 0 < youngest < YOUNGEST:
            gc.set_threshold(YOUNGEST, max(middle, MIDDLE), oldest)

    def __exit__(self, *_: object) -> None:
        gc.set_threshold(*self._before)
