"""Columns that a CustomResourceDefinition asks for: `additionalPrinterColumns` with their JSON paths.

*In Kubernetes:* `k8s.io/apiextensions-apiserver/pkg/registry/customresource/tableconvertor`.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.apiserver.printing.text import age
from cp_sim.objects.columns import Column
from cp_sim.objects.columns import columns as built_in
from cp_sim.objects.kinds import Kind

Object = dict[str, Any]


def _asked(server: Any, kind: Kind) -> list[Object] | None:
    definition = server.catalog.definitions.get(f"{kind.plural}.{kind.group}")
    if definition is None:
        return None
    version: dict[str, Any] = next((one for one in definition["spec"]["versions"] if one["name"] == kind.version), {})
    return version.get("additionalPrinterColumns")


def columns(server: Any, kind: Kind) -> tuple[Column, ...]:
    """Name, and the columns asked for; Age if none are."""
    asked = _asked(server, kind)
    plain = built_in(kind.resource, custom=True)
    if not asked:
        return plain
    made = [plain[0]]
    for one in asked:
        description = (
            one.get("description") or f"Custom resource definition column (in JSONPath format): {one['jsonPath']}"
        )
        made.append(Column(one["name"], one["type"], one.get("format", ""), description, one.get("priority", 0)))
    return tuple(made)


def cells(server: Any, kind: Kind, obj: Object, now_ms: int) -> list[Any]:
    """The cells of a custom object."""
    asked = _asked(server, kind)
    metadata = obj["metadata"]
    if not asked:
        return [metadata["name"], age(metadata.get("creationTimestamp"), now_ms)]
    return [metadata["name"], *(cell(one, obj, now_ms) for one in asked)]


def cell(column: Object, obj: Object, now_ms: int) -> Any:
    """One cell, typed as its column says; null where the path leads nowhere."""
    found = look_up(obj, column["jsonPath"])
    if not found:
        return None
    value, type_ = found[0], column["type"]
    if type_ == "date":
        return age(value, now_ms) if isinstance(value, str) else None
    if type_ == "integer":
        return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if type_ == "number":
        return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if type_ == "boolean":
        return value if isinstance(value, bool) else None
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"))


def look_up(obj: Any, path: str) -> list[Any]:
    """What a simple JSON path (`.spec.ports[0].name`, `.items[*].x`) finds."""
    found = [obj]
    text = path.strip("{}").lstrip("$")
    for token in _tokens(text):
        following: list[Any] = []
        for value in found:
            if isinstance(token, int):
                if isinstance(value, list) and -len(value) <= token < len(value):
                    following.append(value[token])
            elif token == "*":
                following += (
                    value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
                )
            elif isinstance(value, dict) and token in value:
                following.append(value[token])
        found = following
    return [value for value in found if value is not None]


def _tokens(text: str) -> list[Any]:
    tokens: list[Any] = []
    word = ""
    place = 0
    while place < len(text):
        char = text[place]
        if char == "\\" and place + 1 < len(text):
            word += text[place + 1]
            place += 2
            continue
        if char in ".[":
            if word:
                tokens.append(word)
            word = ""
        if char == "[":
            end = text.index("]", place)
            inside = text[place + 1 : end].strip("'\"")
            tokens.append(int(inside) if inside.lstrip("-").isdigit() else inside)
            place = end
        elif char != ".":
            word += char
        place += 1
    if word:
        tokens.append(word)
    return tokens
