"""Tables: what `kubectl get` prints, made by the server.

*In Kubernetes:* `k8s.io/apiserver/pkg/registry/rest/table.go`, `pkg/printers` and the apiextensions table convertor.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import custom_columns, printing
from cp_sim.apiserver.strategies import TEMPLATE_GENERATION
from cp_sim.objects import columns as built_in
from cp_sim.objects.columns import Column
from cp_sim.objects.kinds import Kind

Object = dict[str, Any]


def table(server: Any, kind: Kind, body: Object, version: str, include: str, subresource: str = "") -> Object:
    """The Table of an object or a list."""
    is_list = isinstance(body.get("items"), list)
    items = body["items"] if is_list else [body]
    metadata = body.get("metadata") or {}
    kept = {key: metadata[key] for key in ("resourceVersion", "continue", "remainingItemCount") if metadata.get(key)}
    return {
        "kind": "Table",
        "apiVersion": f"meta.k8s.io/{version}",
        "metadata": kept,
        "columnDefinitions": [shown(column) for column in columns_of(server, kind, subresource)],
        "rows": [row(server, kind, item, version, include, subresource) for item in items],
    }


def change(server: Any, kind: Kind, obj: Object, version: str, include: str, *, first: bool, bookmark: bool) -> Object:
    """The Table of one watch change; only the first carries the columns."""
    made = table(server, kind, obj, version, include)
    if bookmark:
        made["rows"] = [{"cells": [], "object": partial(obj, version) if include != "None" else None}]
    if not first:
        made["columnDefinitions"] = None
    return made


def columns_of(server: Any, kind: Kind, subresource: str = "") -> tuple[Column, ...]:
    """The columns of a kind."""
    if subresource == "scale":
        return built_in.columns("scale")
    if kind.custom:
        return custom_columns.columns(server, kind)
    return built_in.columns_of(kind)


def shown(column: Column) -> Object:
    """A column definition on the wire."""
    return {
        "name": column.name,
        "type": column.type,
        "format": column.format,
        "description": column.description,
        "priority": column.priority,
    }


def row(server: Any, kind: Kind, obj: Object, version: str, include: str, subresource: str = "") -> Object:
    """One row."""
    now_ms = server.loop.clock.now_ms
    if subresource == "scale":
        cells: list[Any] = [
            obj["metadata"]["name"],
            (obj.get("spec") or {}).get("replicas", 0),
            (obj.get("status") or {}).get("replicas", 0),
            printing.age(obj["metadata"].get("creationTimestamp"), now_ms),
        ]
    elif kind.custom:
        cells = custom_columns.cells(server, kind, obj, now_ms)
    else:
        cells = printing.cells(kind, obj, now_ms)
    made: Object = {"cells": cells}
    conditions = None if subresource or kind.custom else printing.conditions(kind, obj)
    if conditions:
        made["conditions"] = conditions
    if include == "Object":
        made["object"] = obj
    elif include == "Metadata":
        made["object"] = partial(obj, version)
    else:
        made["object"] = None
    return made


def partial(obj: Object, version: str) -> Object:
    """Only the metadata of an object, as the server has it inside: one annotation is made for the outside."""
    metadata = obj.get("metadata") or {}
    if obj.get("kind") == "DaemonSet" and TEMPLATE_GENERATION in (metadata.get("annotations") or {}):
        left = {key: value for key, value in metadata["annotations"].items() if key != TEMPLATE_GENERATION}
        metadata = {key: value for key, value in metadata.items() if key != "annotations"}
        if left:
            metadata["annotations"] = left
    return {"kind": "PartialObjectMetadata", "apiVersion": f"meta.k8s.io/{version}", "metadata": metadata}
