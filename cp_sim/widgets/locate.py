"""Where in a manifest's text a field stands, so that an error can be shown beside it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from cp_sim.objects.quantity import QuantityError, parse

_UNKNOWN = re.compile(r'(?:unknown|duplicate) field "([^"]+)"')
_PART = re.compile(r"([^.\[\]]+)|\[(\d+)\]|\[([^\]]+)\]")


def unknown_field(text: str) -> str:
    """The path that a strict decoding error names, or empty."""
    found = _UNKNOWN.search(text)
    return found.group(1) if found else ""


def line_of_field(text: str, path: str, status: dict[str, Any] | None = None) -> int:
    """The line (from 1) of the field at `path`, e.g. `spec.template.spec.containers[0].image`; 0 if it is not found.

    With several documents the one is taken whose kind and name `status.details` has.  Where the last part of the
    path is missing in the text (a required field), the line is that of the nearest part that is there.
    """
    try:
        documents = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]
    except yaml.YAMLError:
        return 0
    details = (status or {}).get("details") or {}
    chosen = [node for node in documents if _is(node, details)] or documents
    best = 0
    for node in chosen:
        depth, line = _walk(node, path)
        if depth > 0 and not best:
            best = line
    return best


def line_of_kind(text: str, error: str) -> int:
    """The line of the kind that an error calls unknown; 0 if it names none."""
    found = re.search(r'kind "([^"]+)"', error)
    return _line_with(text, rf"kind:\s*[\"']?{re.escape(found.group(1))}\b") if found else 0


def line_of_quantity(text: str, error: str) -> int:
    """The line of the first cpu or memory that is no quantity, if that is what an error is about."""
    if "quantities must match" not in error:
        return 0
    for place, line in enumerate(text.splitlines(), 1):
        for value in re.findall(r"\b(?:cpu|memory|ephemeral-storage|storage):\s*[\"']?([^\s\"',}]+)", line):
            try:
                parse(value)
            except QuantityError:
                return place
    return 0


def _line_with(text: str, pattern: str) -> int:
    return next((place for place, line in enumerate(text.splitlines(), 1) if re.search(pattern, line)), 0)


def _is(node: Any, details: dict[str, Any]) -> bool:
    name, kind = details.get("name"), details.get("kind")
    metadata = _child(node, "metadata")
    found = _child(metadata, "name")
    if name and (found is None or found.value != name):
        return False
    own = _child(node, "kind")
    return not (kind and own is not None and str(kind).lower().rstrip("s") not in str(own.value).lower())


def _child(node: Any, key: str) -> Any:
    for key_node, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key_node.value == key:
            return value
    return None


def _walk(node: Any, path: str) -> tuple[int, int]:
    """(how many parts of the path were found, the line of the last one)."""
    line, depth = node.start_mark.line + 1, 0
    for name, index, key in _PART.findall(path):
        step = None
        if index and isinstance(node, yaml.SequenceNode):
            if int(index) < len(node.value):
                step = (node.value[int(index)].start_mark.line + 1, node.value[int(index)])
        elif isinstance(node, yaml.MappingNode):
            for key_node, value in node.value:
                if key_node.value == (name or key):
                    step = (key_node.start_mark.line + 1, value)
        if step is None:
            return depth, line
        line, node = step
        depth += 1
    return depth, line
