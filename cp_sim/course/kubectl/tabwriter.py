"""Columns that line up by tabs: Go's `text/tabwriter`, with which kubectl prints tables and descriptions.

A cell ends at a tab; cells of neighbouring lines in the same place make one column, as wide as its widest cell plus the
padding.  What stands after the last tab of a line belongs to no column.  Source: go/src/text/tabwriter/tabwriter.go.
"""

from __future__ import annotations

Lines = list[list[str]]


def align(text: str, *, padding: int, minimum: int = 0) -> str:
    """`text` with its tabs replaced by blanks so that columns line up.

    Args:
        padding: blanks added to the widest cell of each column.
        minimum: least width of a column in characters, padding included.
    """
    lines = [line.split("\t") for line in text.split("\n")]
    out: list[str] = []
    _format(lines, 0, len(lines), [], out, padding, minimum)
    return "\n".join(out)


def _format(lines: Lines, start: int, end: int, widths: list[int], out: list[str], padding: int, minimum: int) -> None:
    column = len(widths)
    at = start
    while at < end:
        if column >= len(lines[at]) - 1:
            at += 1
            continue
        out.extend(_line(line, widths) for line in lines[start:at])
        start = at
        width = minimum
        while at < end and column < len(lines[at]) - 1:
            width = max(width, len(lines[at][column]) + padding)
            at += 1
        _format(lines, start, at, [*widths, width], out, padding, minimum)
        start = at
    out.extend(_line(line, widths) for line in lines[start:end])


def _line(cells: list[str], widths: list[int]) -> str:
    return "".join(cell.ljust(widths[i]) if i < len(widths) else cell for i, cell in enumerate(cells))
