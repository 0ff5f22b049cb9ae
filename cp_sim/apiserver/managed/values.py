"""Typed values: which fields an object has, how two differ, how one is laid over another, what is taken out.

*In Kubernetes:* `sigs.k8s.io/structured-merge-diff/typed`.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.apiserver.managed import fieldset
from cp_sim.apiserver.managed.fieldset import Path, Tree
from cp_sim.apiserver.managed.shapes import Shape, resolve


def element(shape: Shape, item: Any, place: int) -> str:
    """How a list item is called in a path."""
    if shape.keys:
        keys: dict[str, Any] = {}
        if isinstance(item, dict):
            for key in shape.keys:
                value = item.get(key)
                if value is None:
                    value = shape.key_default(key)
                if value is not None:
                    keys[key] = value
        return "k:" + json.dumps({key: keys[key] for key in sorted(keys)}, separators=(",", ":"), ensure_ascii=False)
    if shape.is_set:
        return "v:" + json.dumps(item, separators=(",", ":"), ensure_ascii=False)
    return f"i:{place}"


# -- does it fit -----------------------------------------------------------------------------------------------------


def faults(shape: Shape, value: Any, path: str = "") -> list[str]:
    """Where a value does not fit its schema, one line each."""
    if value is None:
        return []
    shape = resolve(shape, value)
    if shape.kind == "scalar":
        if isinstance(value, (dict, list)):
            return [f"{path}: expected {scalar_name(shape)}, got {describe(value)}"]
        return scalar_faults(shape, value, path)
    if shape.kind == "list":
        if not isinstance(value, list):
            return [f"{path}: expected list, got {describe(value)}"]
        return _list_faults(shape, value, path)
    if not isinstance(value, dict):
        return [f"{path}: expected map, got {describe(value)}"]
    found: list[str] = []
    for key in value:
        inner = shape.field(key)
        here = f"{path}.{key}"
        if inner is None:
            found.append(f"{here}: field not declared in schema")
        else:
            found += faults(inner, value[key], here)
    return found


def _list_faults(shape: Shape, value: list[Any], path: str) -> list[str]:
    found: list[str] = []
    seen: dict[str, int] = {}
    for place, item in enumerate(value):
        name = element(shape, item, place)
        here = path + fieldset.text((name,))
        seen[name] = seen.get(name, 0) + 1
        if seen[name] == 2 and not shape.atomic:
            found.append(f"{path}: duplicate entries for key {fieldset.text((name,))}")
        found += faults(shape.item(), item, here)
    return found


def scalar_name(shape: Shape) -> str:
    """What a scalar is called in messages."""
    return shape.go_type or "scalar"


def scalar_faults(shape: Shape, value: Any, path: str) -> list[str]:
    """Whether a scalar is of the right sort; the schema of built-in kinds knows."""
    wanted = shape.go_type
    if wanted == "numeric (int or float)" and (isinstance(value, bool) or not isinstance(value, (int, float))):
        return [f"{path}: expected numeric (int or float), got {describe(value)}"]
    if wanted == "string" and not isinstance(value, str):
        return [f"{path}: expected string, got &value.valueUnstructured{{Value:{value}}}"]
    if wanted == "boolean" and not isinstance(value, bool):
        return [f"{path}: expected boolean, got {describe(value)}"]
    return []


def describe(value: Any) -> str:
    """What a value is, as messages say it."""
    if isinstance(value, dict):
        return "map"
    if isinstance(value, list):
        return "list"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    return "&value.valueUnstructured{Value:" + json.dumps(value) + "}"


# -- sets and differences --------------------------------------------------------------------------------------------


def fields_of(shape: Shape, value: Any) -> Tree:
    """The set of fields that a value has."""
    tree: Tree = {}
    _fields(resolve(shape, value), value, (), tree)
    return tree


def _fields(shape: Shape, value: Any, path: Path, tree: Tree) -> None:
    if shape.kind == "scalar" or shape.atomic or value is None:
        if path:
            fieldset.insert(tree, path)
        return
    if shape.kind == "list":
        for place, item in enumerate(value):
            here = (*path, element(shape, item, place))
            _fields(resolve(shape.item(), item), item, here, tree)
            fieldset.insert(tree, here)
        return
    for key, inner in value.items():
        here = (*path, "f:" + key)
        _fields(resolve(shape.field(key) or Shape("any"), inner), inner, here, tree)
        if inner is None or inner == {} or not shape.named(key):
            fieldset.insert(tree, here)


class Difference:
    """What was added, modified and removed on the way from one object to another."""

    def __init__(self) -> None:
        self.added: Tree = {}
        self.modified: Tree = {}
        self.removed: Tree = {}

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not (self.added or self.modified or self.removed)


_ABSENT: Any = object()


def compare(shape: Shape, old: Any, new: Any) -> Difference:
    """How two objects differ."""
    difference = Difference()
    _compare(shape, old, new, (), difference)
    return difference


def _compare(shape: Shape, old: Any, new: Any, path: Path, out: Difference) -> None:
    if old is new:
        return
    shape = resolve(shape, new if new is not _ABSENT and new is not None else old)
    leaf = True
    if shape.kind == "map" and not shape.atomic:
        left, right = _as(dict, old), _as(dict, new)
        if left or right:
            leaf = False
            _compare_maps(shape, left, right, path, out)
    elif shape.kind == "list" and not shape.atomic:
        before, after = _as(list, old), _as(list, new)
        if before or after:
            leaf = False
            _compare_lists(shape, before, after, path, out)
    if not path:
        return
    if old is _ABSENT:
        fieldset.insert(out.added, path)
    elif new is _ABSENT:
        fieldset.insert(out.removed, path)
    elif leaf and old != new:
        fieldset.insert(out.modified, path)


def _as(type_: Any, value: Any) -> Any:
    return value if isinstance(value, type_) else type_()


def _compare_maps(shape: Shape, old: dict[str, Any], new: dict[str, Any], path: Path, out: Difference) -> None:
    for key in {**old, **new}:
        inner = shape.field(key) or Shape("any")
        _compare(inner, old.get(key, _ABSENT), new.get(key, _ABSENT), (*path, "f:" + key), out)


def _compare_lists(shape: Shape, old: list[Any], new: list[Any], path: Path, out: Difference) -> None:
    left = {element(shape, item, place): item for place, item in enumerate(old)}
    right = {element(shape, item, place): item for place, item in enumerate(new)}
    inner = shape.item()
    for key in {**left, **right}:
        _compare(inner, left.get(key, _ABSENT), right.get(key, _ABSENT), (*path, key), out)


# -- merging and removing --------------------------------------------------------------------------------------------


def merge(shape: Shape, old: Any, new: Any) -> Any:
    """`new` laid over `old`: what it says wins, what it does not mention stays."""
    if old is None or new is None:
        return old if new is None else new
    shape = resolve(shape, new)
    if shape.kind == "map" and not shape.atomic and isinstance(old, dict) and isinstance(new, dict):
        made = dict(old)
        for key, value in new.items():
            inner = shape.field(key) or Shape("any")
            made[key] = merge(inner, old[key], value) if key in old else value
        return made
    if shape.kind == "list" and not shape.atomic and isinstance(old, list) and isinstance(new, list):
        return _merge_lists(shape, old, new)
    return new


def _merge_lists(shape: Shape, old: list[Any], new: list[Any]) -> list[Any]:
    """The order of the new list counts; what only the old one has keeps its place relative to what it stood beside."""
    left = [(element(shape, item, place), item) for place, item in enumerate(old)]
    right = [(element(shape, item, place), item) for place, item in enumerate(new)]
    left_keys, right_items = {key for key, _ in left}, dict(right)
    old_items = dict(left)
    inner = shape.item()
    made: list[Any] = []
    shared = [key for key, _ in right if key in left_keys]
    next_shared = shared.pop(0) if shared else None
    seen: set[str] = set()
    i = j = 0
    while i < len(left) or j < len(right):
        if i < len(left) and j < len(right) and left[i][0] == right[j][0]:
            key, item = right[j]
            made.append(merge(inner, left[i][1], item))
            seen.add(key)
            i, j = i + 1, j + 1
            next_shared = shared.pop(0) if shared else None
            continue
        if i < len(left) and left[i][0] in seen:
            i += 1
            continue
        if i < len(left) and left[i][0] != next_shared and left[i][0] not in right_items:
            made.append(left[i][1])
            i += 1
            continue
        if j < len(right):
            key, item = right[j]
            made.append(merge(inner, old_items[key], item) if key in old_items else item)
            seen.add(key)
            if key == next_shared:
                next_shared = shared.pop(0) if shared else None
            j += 1
            continue
        i += 1
    return made


def remove(shape: Shape, value: Any, tree: Tree) -> Any:
    """The value without the items and fields in the set; None for a map or list that became empty by it."""
    if not tree or value is None:
        return value
    shape = resolve(shape, value)
    if shape.atomic or shape.kind == "scalar":
        return value
    if shape.kind == "list" and isinstance(value, list):
        kept = []
        for place, item in enumerate(value):
            node = tree.get(element(shape, item, place))
            if node is None:
                kept.append(item)
            elif node and "." not in node:
                kept.append(remove(shape.item(), item, node))
        return kept or None
    if shape.kind == "map" and isinstance(value, dict):
        left: dict[str, Any] = {}
        for key, inner in value.items():
            node = tree.get("f:" + key)
            if node is None:
                left[key] = inner
            elif node and "." not in node:
                left[key] = remove(shape.field(key) or Shape("any"), inner, node)
        return left or None
    return value


def named_too(shape: Shape, tree: Tree) -> Tree:
    """The set with all declared fields on the way to its members (`EnsureNamedFieldsAreMembers`)."""
    made: Tree = {}
    for key, node in tree.items():
        if key == ".":
            made[key] = node
            continue
        inner = (shape.field(key[2:]) if key[0] == "f" else shape.item()) or Shape("any")
        children = named_too(inner, node)
        if children and "." not in children and key[0] == "f" and shape.named(key[2:]):
            children = {".": {}, **children}
        made[key] = children
    return made
