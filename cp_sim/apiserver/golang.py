"""Go's way of reading JSON and numbers, as far as it shows in error messages.

*In Kubernetes:* `encoding/json` of Go's standard library and `sigs.k8s.io/json`.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.apiserver.field_order import ORDER
from cp_sim.objects import strict
from cp_sim.objects.schema import Struct


def load(text: str) -> Any:
    """The value of a JSON text; repeated keys are remembered.

    Raises:
        ValueError: with Go's own text.
    """
    try:
        return strict.parse_json(text)
    except json.JSONDecodeError as error:
        raise ValueError(explain(text, error)) from None


def explain(text: str, error: json.JSONDecodeError) -> str:
    """What Go says of a text that is no JSON."""
    at = error.pos
    if error.msg.startswith("Unterminated string"):
        return "unexpected end of JSON input"
    if error.msg.startswith("Expecting property name") or error.msg.startswith("Illegal trailing comma"):
        where = "looking for beginning of object key string"
        while at < len(text) and text[at] in ", \t\r\n":
            at += 1
    elif error.msg.startswith("Expecting ':'"):
        where = "after object key"
    elif error.msg.startswith("Expecting ','"):
        where = "after object key:value pair" if _innermost(text, at) == "{" else "after array element"
    elif error.msg.startswith("Extra data"):
        where = "after top-level value"
    elif error.msg.startswith("Invalid control character"):
        where = "in string literal"
    elif error.msg.startswith("Invalid \\escape") or error.msg.startswith("Invalid \\u"):
        at, where = at + 1, "in string escape code"
    else:
        where = "looking for beginning of value"
    if at >= len(text):
        return "unexpected end of JSON input"
    return f"invalid character {quote_char(text[at])} {where}"


def quote_char(char: str) -> str:
    """A character as Go's `quoteChar` shows it."""
    if char == "'":
        return "'\\''"
    if char == '"':
        return "'\"'"
    escapes = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\"}
    if char in escapes:
        return f"'{escapes[char]}'"
    return f"'{char}'" if char.isprintable() else f"'\\x{ord(char):02x}'"


def _innermost(text: str, end: int) -> str:
    """The bracket that is open at `end`."""
    stack: list[str] = []
    inside = escaped = False
    for char in text[:end]:
        if inside:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                inside = False
        elif char == '"':
            inside = True
        elif char in "{[":
            stack.append(char)
        elif char in "}]" and stack:
            stack.pop()
    return stack[-1] if stack else ""


def json_type(value: Any) -> str:
    """What Go's decoder calls the type of a JSON value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, (int, float)):
        return "number"
    return "array" if isinstance(value, list) else "object"


def quoted(text: str) -> str:
    """A string as Go's `%q` shows it."""
    made = ['"']
    for char in text:
        if char in '"\\':
            made.append("\\" + char)
        elif char in "\n\t\r":
            made.append({"\n": "\\n", "\t": "\\t", "\r": "\\r"}[char])
        elif char.isprintable():
            made.append(char)
        else:
            made.append(f"\\x{ord(char):02x}" if ord(char) < 0x80 else f"\\u{ord(char):04x}")
    return "".join(made) + '"'


def compact(value: Any) -> str:
    """JSON as Go writes a map: no spaces, keys in order."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def as_go_writes(value: Any, struct: Struct | None, touched: Any = None) -> Any:
    """The value with its keys in Go's order: as the type declares them, or sorted where a patch has `touched` the map.

    `touched` is a tree of the keys on the way of a patch; None says that the patch did not come here.
    """
    if not isinstance(value, dict):
        return value
    order = ORDER.get(struct.name, {}) if struct is not None else {}
    if touched is not None or struct is None:
        keys = sorted(value)
    else:
        keys = sorted(value, key=lambda key: (order.get(key, 1000), key))
    made = {}
    for key in keys:
        inside = touched.get(key) if isinstance(touched, dict) else None
        field = struct.fields.get(key) if struct is not None else None
        made[key] = _field_as_go_writes(value[key], field, inside)
    return made


def _field_as_go_writes(value: Any, field: Any, touched: Any) -> Any:
    if isinstance(value, list):
        item = field.item if field is not None else None
        return [
            _field_as_go_writes(one, item, touched.get(str(place)) if isinstance(touched, dict) else None)
            for place, one in enumerate(value)
        ]
    if not isinstance(value, dict):
        return value
    if field is not None and field.code == "{":
        return {key: _field_as_go_writes(value[key], field.item, None) for key in sorted(value)}
    return as_go_writes(value, field.struct if field is not None else None, touched)


def touched_by(patch_type: str, patch: Any) -> Any:
    """The tree of maps that a merge or JSON patch takes apart."""
    if patch_type == "merge":
        return patch if isinstance(patch, dict) else {}
    tree: dict[str, Any] = {}
    for operation in patch if isinstance(patch, list) else ():
        node = tree
        for part in str(operation.get("path", "")).split("/")[1:-1]:
            node = node.setdefault(part.replace("~1", "/").replace("~0", "~"), {})
    return tree


def quoted_object(obj: Any, struct: Struct | None, patch_type: str, patch: Any) -> str:
    """A patched object as an error quotes it."""
    made = as_go_writes(obj, struct, touched_by(patch_type, patch))
    return json.dumps(made, separators=(",", ":"), ensure_ascii=False)
