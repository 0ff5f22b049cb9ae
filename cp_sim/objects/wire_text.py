"""Objects as the JSON text that the server writes into sentences: fields in the order of Go's structs.

*In Kubernetes:* `patch: Invalid value: "{...}"` shows the patched object.  JSON and merge patches sort the keys of
every map they open and leave the text of all others alone (`github.com/evanphx/json-patch`).
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.causes import json_text
from cp_sim.objects.schema import Field, Struct


def encode(struct: Struct | None, value: Any) -> str:
    """The text of an object of that type, its fields in Go's order."""
    return _struct(struct, value, None)


def encode_patched(struct: Struct | None, value: Any, patch: Any) -> str:
    """The text of an object after a patch: what the patch opened has sorted keys, all else is in Go's order.

    `patch` is the body of a merge patch, or the list of operations of a JSON patch.
    """
    return _struct(struct, value, _opened(patch) if isinstance(patch, list) else patch)


def _opened(operations: list[Any]) -> dict[str, Any]:
    """The maps that the operations of a JSON patch go through, as a tree."""
    tree: dict[str, Any] = {}
    for operation in operations:
        for field in ("path", "from"):
            keys = str(operation.get(field) or "").split("/")[1:-1]
            at = tree
            for key in keys:
                at = at.setdefault(key.replace("~1", "/").replace("~0", "~"), {})
    return tree


def _struct(struct: Struct | None, value: Any, patch: Any) -> str:
    if not isinstance(value, dict):
        return json_text(value)
    fields: dict[str, Field] = struct.fields if struct is not None else {}
    if isinstance(patch, dict) or struct is None:
        names = sorted(value)
    else:
        names = [name for name in struct.order if name in value]
        names += [name for name in value if name not in fields]
    inner = patch if isinstance(patch, dict) else {}
    parts = [f"{json_text(name)}:{_value(fields.get(name), value[name], inner.get(name))}" for name in names]
    return "{" + ",".join(parts) + "}"


def _value(field: Field | None, value: Any, patch: Any) -> str:
    if field is None or field.code == "any":
        return _plain(value)
    if field.struct is not None:
        return _struct(field.struct, value, patch)
    if field.code == "[" and isinstance(value, list):
        return "[" + ",".join(_value(field.item, one, None) for one in value) + "]"
    if field.code == "{" and isinstance(value, dict):
        return "{" + ",".join(f"{json_text(key)}:{_value(field.item, value[key], None)}" for key in sorted(value)) + "}"
    return json_text(value)


def _plain(value: Any) -> str:
    """A value without a type: maps have sorted keys."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(key)}:{_plain(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_plain, value)) + "]"
    return json_text(value)
