"""Keys in order: a sorted list cut into blocks, so that adding one of 100,000 keys moves a few hundred, not all.

New keys wait until somebody asks for the order; many of them are then sorted together.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

# A block is cut in two when it grows beyond this many keys.
BLOCK_LIMIT = 1024


class SortedKeys:
    """A set of strings, kept in order."""

    __slots__ = ("_blocks", "_first", "_new", "_size")

    def __init__(self) -> None:
        self._blocks: list[list[str]] = []
        self._first: list[str] = []  # the first key of each block
        self._new: list[str] = []  # in no block yet
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[str]:
        self._settle()
        for block in self._blocks:
            yield from block

    def copy(self) -> SortedKeys:
        """An independent set of the same keys."""
        made = SortedKeys()
        made._blocks = [block[:] for block in self._blocks]
        made._first = self._first[:]
        made._new = self._new[:]
        made._size = self._size
        return made

    def add(self, key: str) -> None:
        """Put in a key that is not there yet."""
        self._size += 1
        self._new.append(key)

    def remove(self, key: str) -> None:
        """Take out a key that is there."""
        self._settle()
        place = self._block_of(key)
        block = self._blocks[place]
        inside = bisect_left(block, key)
        if inside == len(block) or block[inside] != key:
            raise KeyError(key)
        self._size -= 1
        del block[inside]
        if block:
            self._first[place] = block[0]
        else:
            del self._blocks[place], self._first[place]

    def between(self, first: str, end: str | None, limit: int = 0) -> list[str]:
        """The keys from `first` up to but without `end` (None: to the last), at most `limit` (0: all), in order."""
        found: list[str] = []
        self._settle()
        if not self._blocks or (end is not None and end <= first):
            return found
        place = self._block_of(first)
        start = bisect_left(self._blocks[place], first)
        for block in self._blocks[place:] if end is None else self._blocks[place : self._block_of(end) + 1]:
            stop = len(block) if end is None or block[-1] < end else bisect_left(block, end)
            found += block[start:stop]
            start = 0
            if limit and len(found) >= limit:
                return found[:limit]
        return found

    def count(self, first: str, end: str | None) -> int:
        """How many keys `between(first, end)` has, without looking at each."""
        if end is not None and end <= first:
            return 0
        return (self._size if end is None else self._rank(end)) - self._rank(first)

    def _settle(self) -> None:
        """Sort in what is new."""
        if not self._new:
            return
        new, self._new = self._new, []
        if len(new) * 8 > self._size:
            keys = sorted([*(key for block in self._blocks for key in block), *new])
            half = BLOCK_LIMIT // 2
            self._blocks = [keys[start : start + half] for start in range(0, len(keys), half)]
            self._first = [block[0] for block in self._blocks]
            return
        for key in new:
            place = self._block_of(key)
            block = self._blocks[place]
            insort(block, key)
            self._first[place] = block[0]
            if len(block) > BLOCK_LIMIT:
                self._cut(place)

    def _rank(self, key: str) -> int:
        self._settle()
        if not self._blocks:
            return 0
        place = self._block_of(key)
        return sum(map(len, self._blocks[:place])) + bisect_left(self._blocks[place], key)

    def _block_of(self, key: str) -> int:
        # The last block that begins at or before the key; the first one for a key before them all.
        place = bisect_left(self._first, key)
        if place < len(self._first) and self._first[place] == key:
            return place
        return max(0, place - 1)

    def _cut(self, place: int) -> None:
        block = self._blocks[place]
        half = len(block) // 2
        self._blocks[place : place + 1] = [block[:half], block[half:]]
        self._first[place : place + 1] = [block[0], block[half]]
