"""Reading a request's body into an object: types, unknown and repeated fields, and the form the server writes back.

`decode` walks the object along the schema once.  What it returns is what Go would write after reading: nulls and empty
values of plain fields are gone, structs by value are there, quantities and times are canonical.  An object that is
already in this form comes back itself.  Where new objects are read (`shared`), what pods of one template have in common
is read once and is then one object.

*In Kubernetes:* the JSON serializer and strict decoder (`staging/src/k8s.io/apimachinery/pkg/runtime/serializer/json`,
`sigs.k8s.io/json`).  *Simplified:* a repeated field keeps its last value; Go merges repeated structs.
"""

from __future__ import annotations

import base64
import binascii
import json
import marshal
from functools import cache, lru_cache
from typing import Any

from cp_sim.objects import quantity, times
from cp_sim.objects.kinds import Kind
from cp_sim.objects.schema import Field, Struct, root
from cp_sim.objects.shared import REMEMBERED
from cp_sim.sim import immutable

Path = tuple[Any, Any] | None


class DecodeError(ValueError):
    """A value has the wrong type or form; the message is the decoder's: `json: cannot unmarshal string into ...`."""


@immutable
class Decoded:
    """The object as the server understood it, and the strict decoder's complaints: `unknown field "spec.x"`, ..."""

    object: dict[str, Any]
    problems: tuple[str, ...] = ()


class Repeated(dict[str, Any]):
    """A JSON object in whose text some keys stood more than once; `order` are all its keys as they stood."""

    order: list[str]


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) == len(pairs):
        return made
    repeated = Repeated(made)
    repeated.order = [key for key, _ in pairs]
    return repeated


def parse_json(text: str) -> Any:
    """The value of a JSON text, with repeated keys remembered for `decode`.  *Raises* `json.JSONDecodeError`."""
    return json.loads(text, object_pairs_hook=_pairs)


class _Context:
    """What a walk has found so far: the first wrong type, and the strict decoder's complaints."""

    __slots__ = ("error", "problems", "restores", "shared")

    def __init__(self, restores: bool = False, shared: bool = False) -> None:
        self.restores = restores
        self.shared = shared
        self.error: str = ""
        self.problems: list[str] = []


def decode(kind: Kind, body: dict[str, Any], restores: bool = False, shared: bool = False) -> Decoded:
    """The object that a body means.  *Raises* `DecodeError`.

    `restores` says that the object was made by a strategic merge patch: the server then speaks of restoring and
    converting instead of unmarshalling; `shared` that parts of it may be those of others.  Custom kinds have no schema
    here and come back as they are.
    """
    struct = root(kind.api_version, kind.kind)
    if struct is None:
        return Decoded(body)
    return decode_struct(struct, body, restores, shared)


def decode_struct(struct: Struct, body: dict[str, Any], restores: bool = False, shared: bool = False) -> Decoded:
    """The same for a type by its struct, e.g. the body of a subresource.  *Raises* `DecodeError`."""
    context = _Context(restores, shared)
    made = _struct(struct, body, None, context)
    if context.error:
        raise DecodeError(context.error)
    return Decoded(made, tuple(context.problems))


def message(kind: Kind, problem: str) -> str:
    """The BadRequest sentence around a decoder's complaint."""
    return f'{kind.kind} in version "{kind.version}" cannot be handled as a {kind.kind}: {problem}'


def strict_error(problems: tuple[str, ...]) -> str:
    """The complaints of the strict decoder as one sentence."""
    return "strict decoding error: " + ", ".join(problems)


_JSON_NAMES: dict[type, str] = {
    str: "string",
    bool: "bool",
    int: "number",
    float: "number",
    list: "array",
    dict: "object",
}
_GO_TYPES = {"float": "float64", "bytes": "[]uint8", "time": "string", "microtime": "string"}
_RANGES = {"int32": 2**31, "int64": 2**63}


# The type whose lists and structs are mostly the same in many objects.
SHARING = "core.v1.PodSpec"


def _struct(struct: Struct, body: dict[str, Any], path: Path, context: _Context) -> dict[str, Any]:
    fields = struct.fields
    made: dict[str, Any] | None = None
    read = _shared_value if context.shared and struct.name == SHARING else _value
    if type(body) is not dict:
        _report_repeated(struct, body, path, context)
    for key, value in body.items():
        field = fields.get(key)
        if field is None:
            if type(body) is dict:
                context.problems.append(f'unknown field "{_dotted((path, key))}"')
            if made is None:
                made = dict(body)
            del made[key]
            continue
        if value is None:
            if not (field.written and _zero(field) is None):
                if made is None:
                    made = dict(body)
                del made[key]
            continue
        kept = value
        code = field.code
        if code == "string":
            if type(value) is not str:
                _mismatch(struct, field, value, path, context)
                continue
            if value:
                continue
        elif code == "@" and not isinstance(value, dict):
            _mismatch(struct, field, value, path, context)
        else:
            kept = read(struct, field, value, path, key, context)
        if kept is not value or (
            not kept and not field.kept_empty and code != "@" and code not in ("quantity", "intstr", "any")
        ):
            if made is None:
                made = dict(body)
            if (not kept and not field.kept_empty and code not in ("@", "quantity", "intstr", "any")) or (
                not kept and code in "[{" and not field.pointer
            ):
                del made[key]
            else:
                made[key] = kept
        elif not kept and code in "[{":
            if made is None:
                made = dict(body)
            del made[key]
    for field in struct.always:
        key = field.name
        if key not in body or (made is not None and key not in made):
            if made is None:
                made = dict(body)
            made[key] = _zero(field)
    return body if made is None else made


def _value(struct: Struct, field: Field, value: Any, path: Path, key: Any, context: _Context) -> Any:
    """A value of any type but a struct's or a string's, checked and in canonical form."""
    code = field.code
    if code == "[":
        if type(value) is list:
            return _list(struct, field, value, (path, key), context)
        return _mismatch(struct, field, value, path, context, key)
    if code == "{":
        if isinstance(value, dict):
            return _map(struct, field, value, (path, key), context)
        return _mismatch(struct, field, value, path, context, key)
    if code == "@":
        if isinstance(value, dict):
            return _struct(field.struct, value, (path, key), context)  # type: ignore[arg-type]
        return _mismatch(struct, field, value, path, context, key)
    if code == "string":
        return value if type(value) is str else _mismatch(struct, field, value, path, context, key)
    if code == "int32" or code == "int64":
        if type(value) is int and -_RANGES[code] <= value < _RANGES[code]:
            return value
        return _mismatch(struct, field, value, path, context, key)
    if code == "bool":
        return value if type(value) is bool else _mismatch(struct, field, value, path, context, key)
    if code == "any":
        return value
    return _special(struct, field, value, path, key, context)


def _shared_value(struct: Struct, field: Field, value: Any, path: Path, key: Any, context: _Context) -> Any:
    """As `_value`; lists, maps and structs without fault that were written alike are one object."""
    if value and (type(value) is list or type(value) is dict):
        try:
            # Equal bytes are equal values: nothing but types, lengths and contents stands in this version of the form.
            kept = _faultless(struct, field, key, marshal.dumps(value, 2))
        except ValueError:  # something in it is not of JSON, or remembers repeated keys
            kept = None
        if kept is not None:
            return kept
    return _value(struct, field, value, path, key, context)


@lru_cache(maxsize=REMEMBERED)
def _faultless(struct: Struct, field: Field, key: str, text: bytes) -> Any:
    """What a part of an object means, None where anything is wrong with it."""
    context = _Context()
    try:
        kept = _value(struct, field, marshal.loads(text), None, key, context)
    except DecodeError:
        return None
    return None if context.error or context.problems else kept


def _special(struct: Struct, field: Field, value: Any, path: Path, key: Any, context: _Context) -> Any:
    """The types that read themselves: quantities, times, numbers or percentages, base64.  These stop at once."""
    code = field.code
    if code == "quantity":
        try:
            if type(value) in (str, int, float):
                text = quantity.parse(value).text
                return value if text == value else text
        except quantity.QuantityError as problem:
            raise DecodeError(str(problem)) from None
        raise DecodeError(quantity.WRONG_FORMAT)
    if code == "intstr":
        if type(value) is str or (type(value) is int and -(2**31) <= value < 2**31):
            return value
        raise DecodeError(f"json: cannot unmarshal {_shown(value)} into Go value of type int32")
    if code in ("time", "microtime"):
        if type(value) is not str:
            raise DecodeError(f"json: cannot unmarshal {_JSON_NAMES[_json_type(value)]} into Go value of type string")
        try:
            text = times.seconds(value) if code == "time" else times.micros(value)
        except times.TimeError as problem:
            raise DecodeError(str(problem)) from None
        return value if text == value else text
    if code == "bytes":
        return _bytes(struct, field, value, path, key, context)
    if type(value) in (int, float):
        return value
    return _mismatch(struct, field, value, path, context, key)


def _bytes(struct: Struct, field: Field, value: Any, path: Path, key: Any, context: _Context) -> Any:
    if type(value) is not str:
        return _mismatch(struct, field, value, path, context, key)
    cleaned = value.replace("\r", "").replace("\n", "")
    try:
        base64.b64decode(cleaned, validate=True)
    except (binascii.Error, ValueError):
        context.error = context.error or f"illegal base64 data at input byte {_bad_base64(value)}"
    return value if cleaned == value else cleaned


def _bad_base64(text: str) -> int:
    """Where Go's decoder stops: the first byte that does not belong, or the last full group of four."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    count = 0
    for index, char in enumerate(text):
        if char in "\r\n":
            continue
        if char not in alphabet:
            if char != "=" or count % 4 < 2:
                return index
            padding = text[index:].replace("\r", "").replace("\n", "")
            needed = 4 - count % 4
            return len(text) if len(padding) < needed else index + needed
        count += 1
    return len(text) - count % 4 if count % 4 else len(text)


def _list(struct: Struct, field: Field, value: list[Any], path: Path, context: _Context) -> list[Any]:
    item: Field = field.item  # type: ignore[assignment]
    made: list[Any] | None = None
    for index, one in enumerate(value):
        if one is None:
            kept = _zero_item(item)
        elif item.code == "@" and isinstance(one, dict):
            kept = _struct(item.struct, one, (path, index), context)  # type: ignore[arg-type]
        elif item.code == "string" and type(one) is str:
            continue
        else:
            kept = _value(struct, item, one, path, index, context)
        if kept is not one:
            if made is None:
                made = list(value)
            made[index] = kept
    return value if made is None else made


def _map(struct: Struct, field: Field, value: dict[str, Any], path: Path, context: _Context) -> dict[str, Any]:
    item: Field = field.item  # type: ignore[assignment]
    made: dict[str, Any] | None = None
    if type(value) is not dict:
        seen: set[str] = set()
        for key in value.order:  # type: ignore[attr-defined]
            if key in seen:
                context.problems.append(f'duplicate field "{_dotted((path, key))}"')
            seen.add(key)
        made = dict(value)
    code = item.code
    for key, one in value.items():
        if code == "string" and type(one) is str:
            continue
        at = key if item.code == "@" else 0
        kept = _zero_item(item) if one is None else _value(struct, item, one, path, at, context)
        if kept is not one:
            if made is None:
                made = dict(value)
            made[key] = kept
    return value if made is None else made


def _report_repeated(struct: Struct, body: dict[str, Any], path: Path, context: _Context) -> None:
    """Complaints about an object with repeated keys, in the order of its text."""
    seen: set[str] = set()
    for key in body.order:  # type: ignore[attr-defined]
        if key in seen:
            context.problems.append(f'duplicate field "{_dotted((path, key))}"')
        elif key not in struct.fields:
            context.problems.append(f'unknown field "{_dotted((path, key))}"')
        seen.add(key)


@cache
def _zero(field: Field) -> Any:
    """What Go writes for a field nobody set; the same empty struct wherever it stands."""
    code = field.code
    if field.pointer or code in ("[", "{", "any", "time", "microtime", "bytes"):
        return None
    return _zero_item(field)


def _zero_item(field: Field) -> Any:
    code = field.code
    if code == "@":
        return _struct(field.struct, {}, None, _Context())  # type: ignore[arg-type]
    if code == "string":
        return ""
    if code == "quantity":
        return "0"
    if code == "bool":
        return False
    return None if code in ("[", "{", "any", "time", "microtime") else 0


def _json_type(value: Any) -> type:
    return dict if isinstance(value, dict) else type(value)


def _shown(value: Any) -> str:
    """A value as the decoder names it: its JSON type, for numbers that do not fit with the number."""
    if isinstance(value, float):
        return f"number {value!r}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"number {value}"
    return _JSON_NAMES[_json_type(value)]


def _mismatch(struct: Struct, field: Field, value: Any, path: Path, context: _Context, key: Any = None) -> Any:
    """Note a wrong type; only the first counts."""
    if context.restores:
        context.error = context.error or _unrestored(field, value)
    elif not context.error:
        code = field.code
        name = _shown(value) if code in ("int32", "int64") else _JSON_NAMES[_json_type(value)]
        where = _dotted((path, field.name if key is None else key), plain=True)
        context.error = (
            f"json: cannot unmarshal {name} into Go struct field {struct.go_name}.{where} of type {_go_type(field)}"
        )
    return value


_GO_KINDS: dict[type, str] = {
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    list: "slice",
    dict: "map",
}


def _unrestored(field: Field, value: Any) -> str:
    """A wrong type in the words of the converter (`pkg/runtime/converter.go` of apimachinery)."""
    found = _GO_KINDS[_json_type(value)]
    if field.code == "@":
        return f"cannot restore struct from: {found}"
    if field.code in "[{":
        return f"cannot restore {'slice' if field.code == '[' else 'map'} from {found}"
    return f"cannot convert {found} to {_go_type(field)}"


def _go_type(field: Field) -> str:
    """The type as Go names it."""
    if field.go:
        return field.go
    if field.code == "@":
        return field.struct.go_type  # type: ignore[union-attr]
    if field.code == "[":
        return "[]" + _go_type(field.item)  # type: ignore[arg-type]
    if field.code == "{":
        inner = field.item
        if inner is not None and inner.code == "quantity":
            return "v1.ResourceList"
        return "map[string]" + _go_type(inner)  # type: ignore[arg-type]
    if field.code == "quantity":
        return "resource.Quantity"
    return _GO_TYPES.get(field.code, field.code)


def _dotted(path: Path, plain: bool = False) -> str:
    """A path as text: `spec.containers[0].image`; `plain` leaves out indexes and map keys, as Go's type errors do."""
    parts: list[Any] = []
    while path is not None:
        path, key = path[0], path[1]
        parts.append(key)
    text = ""
    for part in reversed(parts):
        if isinstance(part, int):
            text += "" if plain else f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text
