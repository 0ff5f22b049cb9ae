"""Nodes as columns: the one module that knows numpy."""

from __future__ import annotations

from typing import Any

import numpy as np

# A value per node: an array, a range, or one int that stands for all of them.
Column = Any


def listed(column: Column, length: int = 0) -> list[Any]:
    """A column as a list of plain Python values; an int counts for `length` nodes."""
    if column is None:
        return []
    if isinstance(column, np.ndarray):
        return column.tolist()  # type: ignore[no-any-return]
    return [column] * length if isinstance(column, int) else list(column)


def at(column: Column, place: int) -> Any:
    """One value of a column as a plain Python value."""
    if isinstance(column, np.ndarray):
        return column[place].item()
    return column[place] if isinstance(column, (list, range)) else column


def size_bytes(column: Column) -> int:
    """About how much memory a column takes."""
    return column.nbytes + 100 if isinstance(column, np.ndarray) else 32
