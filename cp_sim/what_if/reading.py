"""How the arguments of a what-if may be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def several(value: Any) -> list[Any]:
    """One thing, or all of a list of them."""
    return list(value) if isinstance(value, (list, tuple, set, frozenset)) else [value]


def pairs(name: str, value: Any, example: str) -> list[tuple[str, Any]]:
    """The nodes and what becomes of each.  *Raises* `ValueError` where it is no dict."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} wants the node and the change, such as {name}={example}")
    return list(value.items())


def merged(old: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Labels after changes; None removes one."""
    found = {**old, **changes}
    return {name: value for name, value in found.items() if value is not None}
