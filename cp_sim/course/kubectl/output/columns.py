"""`-o custom-columns=NAME:.metadata.name,…`.

Source: kubernetes/kubectl pkg/cmd/get/customcolumn.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.course.kubectl.errors import failure
from cp_sim.course.kubectl.output import jsonpath
from cp_sim.course.kubectl.output.text import number
from cp_sim.course.kubectl.tabwriter import align

Columns = list[tuple[str, str]]


def parse(specification: str) -> Columns:
    """(heading, template) of each column.

    Raises:
        KubectlError: the specification cannot be read.
    """
    if not specification:
        raise failure("custom-columns format specified but no custom columns given")
    columns = []
    for part in specification.split(","):
        heading, colon, path = part.partition(":")
        if not colon or ":" in path.replace("::", ""):
            raise failure(f"unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>")
        try:
            columns.append((heading, jsonpath.relaxed(path)))
        except jsonpath.PathError as error:
            raise failure(str(error)) from None
    return columns


def render(columns: Columns, objects: list[Any], *, headers: bool = True) -> str:
    """The table of `objects`."""
    rows = ["\t".join(heading for heading, _ in columns)] if headers else []
    rows += ["\t".join(_cell(path, obj) for _, path in columns) for obj in objects]
    return align("\n".join(rows) + "\n", padding=3, minimum=6) if rows else ""


def _cell(path: str, obj: Any) -> str:
    try:
        found = [value for values in jsonpath.evaluate(path, obj) for value in values]
    except jsonpath.PathError:
        found = []
    return ",".join(go_value(value) for value in found) if found else "<none>"


def go_value(value: Any) -> str:
    """A value as Go's `%v` prints it: `map[key:value]`, `[a b]`."""
    if value is None:
        return "<nil>"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{go_value(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(go_value(entry) for entry in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return number(value) if isinstance(value, (int, float)) else str(value)
