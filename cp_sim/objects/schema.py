"""The fields of every built-in type, from the generated data file; read when first asked for.

The file is written by `tools/generate_schema.py`.  A field's type is one word: `string`, `int32`, `int64`, `float`,
`bool`, `bytes`, `quantity`, `intstr`, `time`, `microtime`, `any`, `@core.v1.PodSpec` for a struct, and `[]` or `{}`
before it for a list or a map.
"""

from __future__ import annotations

import gzip
import json
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).parent / "data"


class Field:
    """One field of a struct, or what the items of a list or map are like.

    `code` is the first letter of the type (`[` list, `{` map, `@` struct).  `kept_empty` says whether an empty value is
    written back; `struct` is there for structs, `item` for lists and maps.
    """

    __slots__ = (
        "name",
        "type",
        "code",
        "item",
        "struct",
        "required",
        "pointer",
        "written",
        "kept_empty",
        "merge_key",
        "strategy",
        "map_keys",
        "list_type",
        "map_type",
        "enum",
        "go",
    )

    def __init__(self, name: str, type_: str, facts: dict[str, Any]) -> None:
        self.name = name
        self.type = type_
        self.code = type_[0] if type_[0] in "[{@" else type_
        self.item: Field | None = Field(name, type_[2:], {}) if self.code in "[{" else None
        self.struct: Struct | None = None
        self.required = bool(facts.get("required"))
        self.pointer = bool(facts.get("pointer"))
        self.written = bool(facts.get("written")) or (self.required and not self.pointer)
        self.kept_empty = self.pointer or self.written
        self.merge_key: str = facts.get("merge_key", "")
        self.strategy: tuple[str, ...] = tuple(facts["strategy"].split(",")) if "strategy" in facts else ()
        self.map_keys: tuple[str, ...] = tuple(facts.get("map_keys", ()))
        self.list_type: str = facts.get("list_type", "")
        self.map_type: str = facts.get("map_type", "")
        self.enum: tuple[str, ...] = tuple(facts.get("enum", ()))
        self.go: str = facts.get("go", "")

    def bind(self) -> None:
        """Find the struct that the type names."""
        if self.code == "@":
            self.struct = struct(self.type[1:])
        elif self.item is not None:
            self.item.bind()

    def __deepcopy__(self, _memo: Any) -> Field:
        return self


class Struct:
    """A type with named fields.  `always` are the fields that are written even where nobody gave them."""

    __slots__ = ("name", "fields", "always", "bound")

    def __init__(self, name: str, fields: dict[str, Any], is_root: bool) -> None:
        self.name = name
        self.fields: dict[str, Field] = {}
        for key, made in fields.items():
            type_, facts = (made, {}) if isinstance(made, str) else (made[0], made[1])
            field = Field(key, type_, facts)
            by_value = (is_root and key in ("spec", "status")) or (key == "metadata" and type_ == "@meta.v1.ObjectMeta")
            if type_[0] == "@" and by_value:
                field.written = field.kept_empty = True
            self.fields[key] = field
        self.always: tuple[Field, ...] = tuple(
            field for key, field in self.fields.items() if field.written and key not in ("apiVersion", "kind")
        )
        self.bound = False

    @property
    def order(self) -> tuple[str, ...]:
        """Its fields as Go's encoder writes them, as far as that is known; the others follow by name."""
        known = _data()["order"].get(self.name, ())
        first = [name for name in ("kind", "apiVersion") if name in self.fields and name not in known]
        rest = [name for name in sorted(self.fields) if name not in known and name not in first]
        return (*first, *known, *rest)

    @property
    def go_name(self) -> str:
        """The struct's name in Go, e.g. `PodSpec`."""
        return self.name.rsplit(".", 1)[1]

    @property
    def go_type(self) -> str:
        """The type as Go prints it, e.g. `v1.PodSpec`."""
        return self.name.split(".", 1)[1]

    def __deepcopy__(self, _memo: Any) -> Struct:
        return self


@lru_cache(maxsize=1)
def _data() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(gzip.decompress((DATA / "schema.json.gz").read_bytes()))
    data["root_names"] = frozenset(data["roots"].values())
    return data


@cache
def _unbound(name: str) -> Struct:
    return Struct(name, _data()["types"][name], name in _data()["root_names"])


def struct(name: str) -> Struct:
    """The struct of that name, e.g. `core.v1.PodSpec`."""
    found = _unbound(name)
    if not found.bound:
        found.bound = True
        for field in found.fields.values():
            field.bind()
    return found


@cache
def root(api_version: str, kind: str) -> Struct | None:
    """The struct of a kind's objects, or None for kinds that are not built in."""
    name = _data()["roots"].get(f"{api_version}/{kind}")
    return struct(name) if name else None


@lru_cache(maxsize=1)
def _descriptions() -> dict[str, dict[str, str]]:
    texts: dict[str, dict[str, str]] = json.loads(gzip.decompress((DATA / "descriptions.json.gz").read_bytes()))
    return texts


def describe(name: str, field: str = "") -> str:
    """The description of a type, or of one of its fields, as `kubectl explain` shows it."""
    return _descriptions().get(name, {}).get(field, "")


def fields_at(api_version: str, kind: str, path: str) -> tuple[Field | None, Struct | None]:
    """The field and the struct at a dotted path (`spec.template.spec.containers`), as `kubectl explain` walks it.

    *Raises* `KeyError` with the name that is not there.
    """
    at, field = root(api_version, kind), None
    for name in [part for part in path.split(".") if part]:
        if at is None or name not in at.fields:
            raise KeyError(name)
        field = at.fields[name]
        inner = field
        while inner.item is not None:
            inner = inner.item
        at = inner.struct
    return field, at
