"""Which fields of an object cannot be read, in words for whoever wrote it: all of them, each with its path.

`strict.decode` says the same in the API server's words and stops at the first.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import quantity, times
from cp_sim.objects.kinds import Kind
from cp_sim.objects.schema import Field, Struct, root

_WANTED = {
    "string": "text",
    "int32": "a whole number",
    "int64": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "intstr": "a whole number or text",
    "quantity": "a quantity such as 500m, 2 or 4Gi",
    "time": "a time such as 2026-01-31T12:00:00Z",
    "microtime": "a time such as 2026-01-31T12:00:00.000000Z",
    "bytes": "base64",
    "[": "a list",
    "{": "a map",
    "@": "a map",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "bytes": (str,),
    "int32": (int,),
    "int64": (int,),
    "float": (int, float),
    "bool": (bool,),
    "intstr": (int, str),
    "[": (list,),
    "{": (dict,),
    "@": (dict,),
}


def wrong_fields(kind: Kind, obj: dict[str, Any]) -> list[str]:
    """`spec.containers[0].resources.requests.cpu is "much": a quantity such as 500m, 2 or 4Gi is wanted`, and so on."""
    struct = root(kind.api_version, kind.kind)
    found: list[str] = []
    if struct is not None:
        _in_struct(struct, obj, "", found)
    return found


def _in_struct(struct: Struct, body: dict[str, Any], at: str, found: list[str]) -> None:
    for name, value in body.items():
        field = struct.fields.get(name)
        if field is not None and value is not None:
            _in_field(field, value, f"{at}.{name}" if at else str(name), found)


def _in_field(field: Field, value: Any, at: str, found: list[str]) -> None:
    code = field.code
    if not _is_readable(code, value):
        found.append(f"{at} is {_shown(value)}: {_WANTED.get(code, code)} is wanted")
    elif code == "@" and field.struct is not None:
        _in_struct(field.struct, value, at, found)
    elif code == "[" and field.item is not None:
        for place, one in enumerate(value):
            if one is not None:
                _in_field(field.item, one, f"{at}[{place}]", found)
    elif code == "{" and field.item is not None:
        for key, one in value.items():
            if one is not None:
                _in_field(field.item, one, f"{at}.{key}", found)


def _is_readable(code: str, value: Any) -> bool:
    if code == "quantity":
        try:
            quantity.parse(value)
        except quantity.QuantityError:
            return False
        return True
    if code in ("time", "microtime"):
        try:
            return isinstance(value, str) and bool(times.seconds(value) if code == "time" else times.micros(value))
        except times.TimeError:
            return False
    types = _TYPES.get(code)
    if types is None:
        return True
    return isinstance(value, types) and (bool in types or not isinstance(value, bool))


def _shown(value: Any) -> str:
    """A value in a sentence."""
    if isinstance(value, str):
        return f'"{value[:40]}"'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, dict)):
        return "a list" if isinstance(value, list) else "a map"
    return str(value)
