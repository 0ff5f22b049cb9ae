"""What stands behind an element of a picture: a title, a sentence and small tables, shown when it is clicked.

A widget draws a panel as plain text and tables and knows nothing of what it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cp_sim.sim import immutable
from cp_sim.views import facts


@immutable
class Table:
    """Rows of cells under a head.  `marks` gives rows a tone by their place: `good`, `bad`, `quiet` or `strong`."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marks: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the front end."""
        return {"head": list(self.head), "rows": [list(row) for row in self.rows], "marks": list(self.marks)}


@immutable
class Panel:
    """The numbers behind one element of a picture."""

    title: str
    text: str = ""
    tables: tuple[Table, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """For the front end."""
        return {"title": self.title, "text": self.text, "tables": [table.as_dict() for table in self.tables]}

    def __str__(self) -> str:
        told = [self.title, *([self.text] if self.text else [])]
        return "\n".join([*told, *(facts.table([table.head, *table.rows], "  ") for table in self.tables)])


def table(head: Sequence[str], rows: Iterable[tuple[str, Sequence[Any]]]) -> Table:
    """A table of (tone, cells); cells become text."""
    listed = list(rows)
    cells = tuple(tuple(str(cell) for cell in row) for _, row in listed)
    return Table(tuple(head), cells, tuple(tone for tone, _ in listed))


def as_dicts(panels: Mapping[str, Panel | str]) -> dict[str, Any]:
    """The panels of a view for the front end."""
    return {identity: one if isinstance(one, str) else one.as_dict() for identity, one in panels.items()}
