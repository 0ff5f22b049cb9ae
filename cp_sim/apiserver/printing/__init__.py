"""Cells of Tables: what one object shows in the columns of its kind (`objects/columns.py`).

*In Kubernetes:* `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cp_sim.apiserver.printing import cluster, pods, workloads
from cp_sim.apiserver.printing.text import age
from cp_sim.objects.kinds import Kind

Cells = Callable[[dict[str, Any], int], list[Any]]

_CELLS: dict[str, Cells] = {**pods.CELLS, **workloads.CELLS, **cluster.CELLS}


def cells(kind: Kind, obj: dict[str, Any], now_ms: int) -> list[Any]:
    """The cells of one object; `now_ms` is the time from which ages are counted."""
    found = _CELLS.get("events" if kind.plural == "events" else kind.storage)
    if found is not None:
        return found(obj, now_ms)
    metadata = obj["metadata"]
    if kind.custom:
        return [metadata["name"], age(metadata.get("creationTimestamp"), now_ms)]
    return [metadata.get("name", ""), metadata.get("creationTimestamp")]


def conditions(kind: Kind, obj: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The conditions of a row: a pod or job that has run to its end is `Completed`."""
    if kind.storage == "pods":
        return pods.row_conditions(obj)
    return None
