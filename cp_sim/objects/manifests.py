"""Manifests as people write them: several YAML documents or JSON, with lists, in one text.

YAML is read as `sigs.k8s.io/yaml` reads it: into JSON, with YAML 1.1 booleans (`yes`, `on`), without dates, and map
keys become strings.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

Object = dict[str, Any]


class ManifestError(ValueError):
    """A text holds no objects that could be sent; one sentence names document and line."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """YAML into JSON values."""


_FLOAT = re.compile(
    r"""^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+]?[0-9]+)?
    |[-+]?(?:[0-9][0-9_]*)(?:[eE][-+]?[0-9]+)
    |\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)$""",
    re.X,
)

_Loader.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] not in ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:float")]
    for first, pairs in _Loader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
_Loader.yaml_implicit_resolvers = {
    first: [
        (tag, re.compile(r"^(?:[-+]?0b[0-1_]+|[-+]?0o?[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+)$"))
        if tag == "tag:yaml.org,2002:int"
        else (tag, pattern)
        for tag, pattern in pairs
    ]
    for first, pairs in _Loader.yaml_implicit_resolvers.items()
}


def _integer(loader: Any, node: Any) -> int:
    text = loader.construct_scalar(node).replace("_", "")
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-")
    for prefix, base in (("0b", 2), ("0o", 8), ("0x", 16)):
        if digits.startswith(prefix):
            return sign * int(digits[2:], base)
    return sign * int(digits, 8 if len(digits) > 1 and digits[0] == "0" else 10)


def _mapping(loader: Any, node: Any) -> Object:
    """A map with text keys.  *Raises* a YAML error for a key that stands twice."""
    loader.flatten_mapping(node)
    made: Object = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, bool):
            key = "true" if key else "false"
        if not isinstance(key, (str, int, float)):
            raise yaml.constructor.ConstructorError(None, None, "a key of a map has to be text", key_node.start_mark)
        if str(key) in made:
            text = f'key "{key}" already set in map'
            raise yaml.constructor.ConstructorError(None, None, text, key_node.start_mark)
        made[str(key)] = loader.construct_object(value_node, deep=True)
    return made


_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def parse(text: str) -> list[Object]:
    """All objects of a text, in order, lists taken apart.  *Raises* `ManifestError`."""
    found: list[Object] = []
    for number, (value, line) in enumerate(documents(text), start=1):
        if value is None:
            continue
        where = f"document {number} (line {line})"
        if isinstance(value, list):
            for one in value:
                found += _flatten(one, where)
        else:
            found += _flatten(value, where)
    if not found:
        raise ManifestError("no objects in the manifest: there is nothing but blanks and comments in it")
    return found


def parse_value(text: str) -> Any:
    """The JSON value of one YAML or JSON text, e.g. of a patch or a request's body.  *Raises* `ManifestError`."""
    values = [value for value, _ in documents(text)]
    return values[0] if values else None


def documents(text: str) -> list[tuple[Any, int]]:
    """(value, first line) of each document of a text.  *Raises* `ManifestError`."""
    text = text.removeprefix("\ufeff")
    stripped = text.lstrip()
    if stripped.startswith(("{", "[")):
        values = _json_documents(text)
        if values is not None:
            return values
    documents = []
    loader = _Loader(text)
    number = 1
    try:
        while loader.check_node():
            node = loader.get_node()
            documents.append((loader.construct_document(node), node.start_mark.line + 1))
            number += 1
    except yaml.YAMLError as problem:
        raise ManifestError(_sentence(problem, number, text)) from None
    except (ValueError, RecursionError) as problem:
        raise ManifestError(f"document {number} cannot be read: {problem}") from None
    finally:
        loader.dispose()
    return documents


def _json_documents(text: str) -> list[tuple[Any, int]] | None:
    """The values of JSON texts one after the other, or None if it is no JSON (it may still be YAML)."""
    decoder, at = json.JSONDecoder(), 0
    found: list[tuple[Any, int]] = []
    while True:
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
        if at == len(text):
            return found
        try:
            value, end = decoder.raw_decode(text, at)
        except ValueError:
            return None
        found.append((value, text.count("\n", 0, at) + 1))
        at = end


def _sentence(problem: yaml.YAMLError, number: int, text: str) -> str:
    """One sentence about a YAML error."""
    mark = getattr(problem, "problem_mark", None)
    what = getattr(problem, "problem", None) or str(problem).splitlines()[0]
    if mark is None:
        return f"document {number} is not YAML: {what}"
    lines = text.splitlines()
    line = lines[mark.line].strip() if mark.line < len(lines) else ""
    hint = ""
    if "\t" in (lines[mark.line] if mark.line < len(lines) else ""):
        hint = "; YAML is indented with blanks, not with tabs"
    shown = f' at "{line[:60]}"' if line else ""
    return f"document {number}, line {mark.line + 1}, column {mark.column + 1}: {what}{shown}{hint}"


def _flatten(value: Any, where: str) -> list[Object]:
    """An object, or the items of a list object."""
    if not isinstance(value, dict):
        name = {str: "text", int: "a number", float: "a number", bool: "true or false", list: "a list"}.get(
            type(value), "null"
        )
        raise ManifestError(f"{where} is {name}, not an object with apiVersion, kind and metadata")
    kind = value.get("kind")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(value.get("items"), list):
        found: list[Object] = []
        for index, item in enumerate(value["items"]):
            if isinstance(item, dict) and kind != "List":
                item = {"apiVersion": value.get("apiVersion"), "kind": kind[:-4], **item}
            found += _flatten(item, f"{where}, item {index}")
        return found
    missing = [field for field in ("apiVersion", "kind") if not value.get(field)]
    if missing:
        raise ManifestError(f"{where} has no {' and no '.join(missing)}")
    for field in ("apiVersion", "kind"):
        if not isinstance(value[field], str):
            raise ManifestError(f"{where}: {field} has to be text, not {value[field]!r}")
    return [value]
