"""What changed, in order: a log that grows at one end and is forgotten at the other, never moving what lies between."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from operator import attrgetter

from cp_sim.etcd.store import KeyChange

# Changes are kept in blocks of this many.
BLOCK_SIZE = 512
_revision = attrgetter("revision")


class ChangeLog:
    """Changes with ascending revisions; one revision may have several."""

    __slots__ = ("_blocks", "_first", "_size")

    def __init__(self) -> None:
        self._blocks: list[list[KeyChange]] = []
        self._first: list[int] = []  # the revision of the first change of each block
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[KeyChange]:
        for block in self._blocks:
            yield from block

    def copy(self) -> ChangeLog:
        """An independent log of the same changes."""
        made = ChangeLog()
        made._blocks = [block[:] for block in self._blocks]
        made._first = self._first[:]
        made._size = self._size
        return made

    @property
    def first_revision(self) -> int:
        """The revision of the oldest change; 0 if there is none."""
        return self._first[0] if self._first else 0

    def append(self, change: KeyChange) -> None:
        """Add a change; its revision is not below that of the last one."""
        self._size += 1
        blocks = self._blocks
        if blocks and len(blocks[-1]) < BLOCK_SIZE:
            blocks[-1].append(change)
        else:
            blocks.append([change])
            self._first.append(change.revision)

    def since(self, revision: int) -> list[KeyChange]:
        """The changes of the revisions from `revision` on, oldest first."""
        if not self._blocks:
            return []
        block = self._blocks[-1]
        if block[-1].revision < revision:
            return []
        if len(block) > 1 and block[-2].revision < revision:
            return [block[-1]]  # who follows asks after every change
        if self._first[-1] < revision:
            return block[bisect_left(block, revision, key=_revision) :]
        # A revision may have begun in the block before the first one that begins with it.
        place = max(0, bisect_left(self._first, revision) - 1)
        block = self._blocks[place]
        found = block[bisect_left(block, revision, key=_revision) :]
        for block in self._blocks[place + 1 :]:
            found += block
        return found

    def of(self, revision: int) -> list[KeyChange]:
        """The changes of one revision."""
        found = []
        for place in range(max(0, bisect_left(self._first, revision) - 1), len(self._blocks)):
            if self._first[place] > revision:
                break
            found += [change for change in self._blocks[place] if change.revision == revision]
        return found

    def take_before(self, revision: int, limit: int = 0) -> list[KeyChange]:
        """Take out the oldest changes of revisions before `revision`, at most `limit` (0: all)."""
        taken: list[KeyChange] = []
        whole = 0  # blocks that go entirely
        for block in self._blocks:
            due = len(block) if block[-1].revision < revision else bisect_left(block, revision, key=_revision)
            if limit:
                due = min(due, limit - len(taken))
            taken += block[:due]
            if due < len(block):
                if due:
                    del block[:due]
                    self._first[whole] = block[0].revision
                break
            whole += 1
        if whole:
            del self._blocks[:whole], self._first[:whole]
        self._size -= len(taken)
        return taken
