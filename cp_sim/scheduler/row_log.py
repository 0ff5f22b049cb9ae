"""Which rows of the node table changed, in order, so that whoever keeps something per row can follow."""

from __future__ import annotations

KEPT = 4096


class RowLog:
    """The newest changes of rows; `end` counts all there ever were.

    A reader keeps the `end` up to which it has followed, and asks for the rows `since` then.
    """

    def __init__(self, kept: int = KEPT) -> None:
        self.kept = kept
        self.rows: list[int] = []
        self.forgotten = 0

    @property
    def end(self) -> int:
        """The number of changes so far."""
        return self.forgotten + len(self.rows)

    def note(self, row: int) -> None:
        """A row has changed."""
        self.rows.append(row)
        if len(self.rows) > 2 * self.kept:
            del self.rows[: self.kept]
            self.forgotten += self.kept

    def since(self, end: int) -> list[int] | None:
        """The rows that changed since the log ended at `end`, None where that is not known any more."""
        if end < self.forgotten:
            return None
        return self.rows[end - self.forgotten :]
