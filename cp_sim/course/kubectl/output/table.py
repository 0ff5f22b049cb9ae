"""The server's Tables as kubectl prints them.

Source: k8s.io/cli-runtime/pkg/printers/tableprinter.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.output.text import number
from cp_sim.course.kubectl.tabwriter import align
from cp_sim.objects import meta
from cp_sim.sim import immutable

PADDING, MINIMUM = 3, 6


@immutable
class Look:
    """What a table shows besides its own columns."""

    wide: bool = False
    namespace: bool = False
    kind: bool = False
    headers: bool = True
    labels: bool = False
    label_columns: tuple[str, ...] = ()


def lines(table: dict[str, Any], look: Look, type_name: str = "") -> list[list[str]]:
    """The cells of a Table, its headings first.  `type_name` stands before names where `look.kind`."""
    columns = table.get("columnDefinitions") or []
    shown = [i for i, column in enumerate(columns) if look.wide or not column.get("priority")]
    head = [str(columns[i]["name"]).upper() for i in shown]
    if look.namespace:
        head.insert(0, "NAMESPACE")
    head += [key.rsplit("/", 1)[-1].upper() for key in look.label_columns]
    if look.labels:
        head.append("LABELS")
    body = [_row(row, columns, shown, look, type_name) for row in table.get("rows") or []]
    return [head, *body] if look.headers else body


def _row(row: dict[str, Any], columns: list[Any], shown: list[int], look: Look, type_name: str) -> list[str]:
    obj = row.get("object") or {}
    cells = []
    for i in shown:
        text = cell(row["cells"][i] if i < len(row["cells"]) else "")
        is_name = str(columns[i].get("format")) == "name" or str(columns[i]["name"]).lower() == "name"
        cells.append(f"{type_name}/{text}" if look.kind and type_name and is_name else text)
    if look.namespace:
        cells.insert(0, meta.namespace(obj))
    labels = meta.labels(obj)
    cells += [labels.get(key, "") for key in look.label_columns]
    if look.labels:
        cells.append(",".join(f"{key}={labels[key]}" for key in sorted(labels)) or "<none>")
    return cells


def cell(value: Any) -> str:
    """One cell of a row as text: what follows a line feed is cut off."""
    if value is None:
        return "<none>"
    if isinstance(value, str):
        first, feed, _ = value.partition("\n")
        return first + "..." if feed else first
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, (int, float)) else str(value)


def render(rows: list[list[str]]) -> str:
    """Lines of cells as text, every line ended."""
    return align("\n".join("\t".join(row) for row in rows) + "\n", padding=PADDING, minimum=MINIMUM) if rows else ""


def column_widths(rows: list[list[str]]) -> list[int]:
    """How wide each column but the last comes out: a watch keeps the widths of its first lines."""
    count = max((len(row) for row in rows), default=0)
    return [max([MINIMUM] + [len(row[i]) + PADDING for row in rows if i < len(row) - 1]) for i in range(count - 1)]
