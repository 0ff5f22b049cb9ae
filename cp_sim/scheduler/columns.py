"""Numbers of many nodes at once: the only module that knows numpy.

A *column* holds one value per node: an array, or a plain int that stands for the same value everywhere.  Plugins
compute with columns by the usual operators (`+ - * // < == & | ~`) and with the handful of functions below; they
never import numpy.  Integers are 64 bits wide, as in the real scheduler; `divided` cuts towards zero, as Go does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

# A value per node: an array, or one int that stands for all of them.
Column = Any

# One type for all counts and quantities: bytes of memory times 100 still fit.
WIDE = np.int64
NARROW = np.int32


class Coded:
    """A column of codes together with the table that says what each code means; negative codes mean the empty text."""

    __slots__ = ("codes", "table")

    def __init__(self, codes: Column, table: list[Any] | tuple[Any, ...]) -> None:
        self.codes = codes
        self.table = table


class Table:
    """Columns that grow together.  Row numbers are handed out by the owner; `size` rows are in use."""

    def __init__(self, capacity: int = 16) -> None:
        self.capacity = capacity
        self.size = 0
        self._columns: dict[Any, np.ndarray] = {}
        self._fill: dict[Any, int] = {}

    def new(self, name: Any, fill: int = 0, narrow: bool = False, flag: bool = False) -> None:
        """Add a column called `name`, filled with `fill`; one that is there already stays as it is."""
        if name not in self._columns:
            kind = np.bool_ if flag else NARROW if narrow else WIDE
            self._columns[name] = np.full(self.capacity, fill, dtype=kind)
            self._fill[name] = fill

    def drop(self, name: Any) -> None:
        """Remove a column."""
        self._columns.pop(name, None)
        self._fill.pop(name, None)

    def grow(self, size: int) -> None:
        """Make room for rows 0 .. size-1."""
        self.size = max(self.size, size)
        if size <= self.capacity:
            return
        self.capacity = max(size, 2 * self.capacity)
        for name, column in self._columns.items():
            wider = np.full(self.capacity, self._fill[name], dtype=column.dtype)
            wider[: len(column)] = column
            self._columns[name] = wider

    def clear_row(self, row: int) -> None:
        """Put the fill values into one row."""
        for name, column in self._columns.items():
            column[row] = self._fill[name]

    def __contains__(self, name: Any) -> bool:
        return name in self._columns

    def __getitem__(self, name: Any) -> np.ndarray:
        return self._columns[name]

    def names(self) -> list[Any]:
        """The names of all columns."""
        return list(self._columns)


# -- making columns ----------------------------------------------------------------------------------------------


def filled(length: int, value: int = 0) -> Column:
    """`length` times `value`."""
    return np.full(length, value, dtype=WIDE)


def flags(length: int, value: bool = False) -> Column:
    """`length` times true or false."""
    return np.full(length, value, dtype=np.bool_)


def of(values: list[int]) -> Column:
    """A column with these values."""
    return np.array(values, dtype=WIDE)


def rows_of(values: list[int]) -> Column:
    """Row numbers as a column."""
    return np.array(values, dtype=np.intp)


def counting(start: int, stop: int) -> Column:
    """start, start+1, ..., stop-1 as row numbers."""
    return np.arange(start, stop, dtype=np.intp)


def joined(parts: list[Column]) -> Column:
    """The parts one after the other."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


# -- choosing ----------------------------------------------------------------------------------------------------


def where(condition: Column, then: Any, otherwise: Any) -> Column:
    """`then` where the condition holds, else `otherwise`."""
    return np.where(condition, then, otherwise)


def places(condition: Column) -> Column:
    """The places where the condition holds."""
    return condition.nonzero()[0]


def any_of(condition: Column) -> bool:
    """Whether it holds anywhere."""
    return bool(np.count_nonzero(condition))


def all_of(condition: Column) -> bool:
    """Whether it holds everywhere."""
    return int(np.count_nonzero(condition)) == len(condition)


def distinct(codes: Column) -> list[int]:
    """The different values of small non-negative numbers, smallest first; at least one."""
    if int(np.count_nonzero(codes == codes[0])) == len(codes):
        return [int(codes[0])]
    return np.flatnonzero(np.bincount(codes)).tolist()  # type: ignore[no-any-return]


def count_distinct(codes: Column) -> int:
    """How many different values there are among small numbers from -1 on."""
    return int(np.count_nonzero(np.bincount(codes + 1)))


def count_true(condition: Column) -> int:
    """In how many places the condition holds."""
    return int(np.count_nonzero(condition))


def count_zero(column: Column, length: int) -> int:
    """How many of `length` values are 0."""
    if isinstance(column, int):
        return 0 if column else length
    return length - int(np.count_nonzero(column))


def same_values(values: list[str], wanted: set[str]) -> Column:
    """Which of the values are among the wanted."""
    return np.fromiter((value in wanted for value in values), dtype=np.bool_, count=len(values))


# -- counting by group -------------------------------------------------------------------------------------------


def sum_by(groups: Column, values: Column, size: int) -> Column:
    """For each group 0 .. size-1 the sum of the values whose group it is; negative groups belong nowhere."""
    if not len(groups):
        return np.zeros(size, dtype=WIDE)
    return np.bincount(groups + 1, weights=values, minlength=size + 1)[1:].astype(WIDE)


def count_by(groups: Column, size: int) -> Column:
    """How often each group 0 .. size-1 occurs; negative groups belong nowhere."""
    if not len(groups):
        return np.zeros(size, dtype=WIDE)
    return np.bincount(groups + 1, minlength=size + 1)[1:]


def by_code(table: Column, codes: Column) -> Column:
    """`table[code]` for every code; the last value of the table is that of code -1."""
    return table[codes]


def looked_up(table: Column, codes: Column, missing: int = 0) -> Column:
    """`table[code]` for every code, `missing` for negative ones and for those beyond the table."""
    if not len(table):
        return np.full(len(codes), missing, dtype=table.dtype if isinstance(table, np.ndarray) else WIDE)
    inside = (codes >= 0) & (codes < len(table))
    return np.where(inside, table[np.where(inside, codes, 0)], missing)


def narrowed(column: Column) -> Column:
    """A copy in 32 bits, of numbers that are small; an int stays one."""
    return column.astype(NARROW) if isinstance(column, np.ndarray) else int(column)


def replaced(column: Column, size: int, rows: Column, values: Column) -> Column:
    """A column over `size` rows with other values in some; an int stays one where nothing differs from it."""
    if isinstance(column, int):
        if isinstance(values, int) and values == column:
            return column
        column = np.full(size, column, dtype=NARROW)
    elif len(column) < size:
        column = widened(column, size)
    column[rows] = values
    return column


def widened(column: Column, size: int) -> Column:
    """The column with zeros added up to at least `size` values."""
    if len(column) >= size:
        return column
    wider = np.zeros(max(size, 2 * len(column)), dtype=column.dtype)
    wider[: len(column)] = column
    return wider


# -- arithmetic --------------------------------------------------------------------------------------------------


def divided(value: Column, by: Column) -> Column:
    """Integer division that cuts towards zero, as Go's does; 0 where `by` is 0.  `by` is not negative."""
    if isinstance(value, np.ndarray) and smallest(value) < 0:
        return np.where(value < 0, -quotient(np.abs(value), by), quotient(np.abs(value), by))
    return quotient(value, by)


def quotient(value: Column, by: Column) -> Column:
    """Integer division of what is not negative; 0 where `by` is 0."""
    if not isinstance(by, np.ndarray):
        return value // by if by else value * 0
    if all_of(by):
        return value // by
    return np.where(by == 0, 0, value // np.where(by == 0, 1, by))


def ratio(value: Column, by: Column) -> Column:
    """The quotient as a floating point number; 0 where `by` is 0."""
    if all_of(by):
        return value / by
    return np.where(by == 0, 0.0, value / np.where(by == 0, 1, by))


def cut(value: Column) -> Column:
    """Floating point numbers cut towards zero to integers."""
    return value.astype(WIDE)


def rounded(value: Column) -> Column:
    """Floating point numbers rounded to integers, halves away from zero (Go's `math.Round`); not for negative ones."""
    below = np.floor(value)
    return (below + (value - below >= 0.5)).astype(WIDE)


def at_least(column: Column, value: Any) -> Column:
    """Each value, but not below `value`."""
    return np.maximum(column, value)


def at_most(column: Column, value: Any) -> Column:
    """Each value, but not above `value`."""
    return np.minimum(column, value)


def absolute(column: Column) -> Column:
    """Each value without its sign."""
    return np.abs(column)


def total(column: Column) -> int:
    """The sum of all values."""
    return int(column.sum())


def root(column: Column) -> Column:
    """The square root of each value."""
    return np.sqrt(column)


def smallest(column: Column, default: int = 0) -> int:
    """The smallest value; `default` of none."""
    return int(column[column.argmin()]) if len(column) else default


def largest(column: Column, default: int = 0) -> int:
    """The largest value; `default` of none."""
    return int(column[column.argmax()]) if len(column) else default


def without(column: Column, place: int) -> Column:
    """The column with one value left out."""
    if isinstance(column, Coded):
        return Coded(without(column.codes, place), column.table)
    return np.delete(column, place) if isinstance(column, np.ndarray) else column


# -- keeping and reading -----------------------------------------------------------------------------------------


def small(column: Column) -> Column:
    """A copy of values between 0 and 255 in one byte each; an int stays one."""
    return column.astype(np.uint8) if isinstance(column, np.ndarray) else column


def bounds(column: Column) -> tuple[int, int]:
    """(smallest, largest) value; (0, 0) of none."""
    if not isinstance(column, np.ndarray):
        return column, column
    return (smallest(column), largest(column)) if len(column) else (0, 0)


_WIDTHS = ((np.uint8, 0, 255), (np.int16, -(2**15), 2**15 - 1), (np.int32, -(2**31), 2**31 - 1))


def compact(column: Column, known: tuple[int, int] | None = None) -> Column:
    """A copy that takes as little memory as possible; a constant becomes an int.  `known` are its bounds."""
    if not isinstance(column, np.ndarray):
        return column
    if not len(column):
        return np.zeros(0, dtype=np.uint8)
    low, high = known or bounds(column)
    if low == high:
        return low
    for kind, least, most in _WIDTHS:
        if low >= least and high <= most:
            return column.astype(kind)
    return column.copy()


def count_largest(column: Column, length: int) -> int:
    """How often the largest value occurs; an int counts for `length` nodes."""
    if isinstance(column, int):
        return length
    most = max(column) if isinstance(column, (list, tuple)) else largest(column)
    return sum(one == most for one in column) if isinstance(column, (list, tuple)) else int((column == most).sum())


def inverse(order: Column, size: int) -> Column:
    """For each row its place in `order`, -1 for those that have none."""
    place = np.full(size, -1, dtype=NARROW)
    place[order] = np.arange(len(order), dtype=NARROW)
    return place


def run_of(places: Column) -> Column:
    """The places, as a plain range where they are an unbroken run."""
    length = len(places)
    if (
        length
        and int(places[-1]) - int(places[0]) == length - 1
        and (length == 1 or bool((np.diff(places) == 1).all()))
    ):
        return range(int(places[0]), int(places[0]) + length)
    return places.astype(NARROW)


def listed(column: Column, length: int = 0) -> list[Any]:
    """A column as a list of plain Python values; an int counts for `length` nodes."""
    if column is None:
        return []
    if isinstance(column, np.ndarray):
        return column.tolist()  # type: ignore[no-any-return]
    if isinstance(column, Coded):
        return [column.table[code] if code >= 0 else "" for code in listed(column.codes, length)]
    return [column] * length if isinstance(column, int) else list(column)


def at(column: Column, place: int) -> Any:
    """One value of a column as a plain Python value; what is no column is itself."""
    if isinstance(column, np.ndarray):
        return column[place].item()
    if isinstance(column, Coded):
        code = at(column.codes, place)
        return column.table[code] if code >= 0 else ""
    return column[place] if isinstance(column, (list, range)) else column


def size_bytes(column: Column) -> int:
    """About how much memory a column takes."""
    if isinstance(column, Coded):
        return size_bytes(column.codes)
    return column.nbytes + 100 if isinstance(column, np.ndarray) else 32
