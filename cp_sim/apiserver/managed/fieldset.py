"""Sets of fields, in the very form in which `metadata.managedFields` writes them (`FieldsV1`).

A set is a tree of dicts: `{"f:spec": {"f:replicas": {}}}` holds the one path `.spec.replicas`.  A node without
children, or with a child `"."`, is itself in the set.  No function here edits what it is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

Tree = dict[str, Any]
Path = tuple[str, ...]


def _split(node: Tree) -> tuple[bool, Tree]:
    """(is it a member, its children)."""
    if not node:
        return True, {}
    if "." in node:
        return True, {key: child for key, child in node.items() if key != "."}
    return False, node


def _join(member: bool, children: Tree) -> Tree | None:
    if not children:
        return {} if member else None
    return {".": {}, **children} if member else children


def union(one: Tree, other: Tree) -> Tree:
    """All paths of both."""
    if not one or not other:
        return one or other
    made = dict(one)
    for key, node in other.items():
        if key in made:
            left, right = _split(made[key]), _split(node)
            joined = _join(left[0] or right[0], union(left[1], right[1]))
            made[key] = joined if joined is not None else {}
        else:
            made[key] = node
    return made


def difference(one: Tree, other: Tree) -> Tree:
    """The paths of the first that are not in the second."""
    if not other:
        return one
    made: Tree = {}
    for key, node in one.items():
        if key not in other:
            made[key] = node
            continue
        left, right = _split(node), _split(other[key])
        joined = _join(left[0] and not right[0], difference(left[1], right[1]))
        if joined is not None:
            made[key] = joined
    return made


def intersection(one: Tree, other: Tree) -> Tree:
    """The paths that are in both."""
    made: Tree = {}
    for key, node in one.items():
        if key in other:
            left, right = _split(node), _split(other[key])
            joined = _join(left[0] and right[0], intersection(left[1], right[1]))
            if joined is not None:
                made[key] = joined
    return made


def without(tree: Tree, path: Path) -> Tree:
    """The set without a path and everything below it."""
    key = path[0]
    if key not in tree:
        return tree
    made = dict(tree)
    if len(path) == 1:
        del made[key]
        return made
    member, children = _split(tree[key])
    if not children:
        return tree
    joined = _join(member, without(children, path[1:]))
    if joined is None:
        del made[key]
    else:
        made[key] = joined
    return made


def below(tree: Tree, path: Path) -> Tree:
    """Only what is at or below a path."""
    key = path[0]
    if key not in tree:
        return {}
    if len(path) == 1:
        return {key: tree[key]}
    inner = below(_split(tree[key])[1], path[1:])
    return {key: inner} if inner else {}


def insert(tree: Tree, path: Path) -> None:
    """Put a path into a set that is still being built."""
    for place, key in enumerate(path):
        last = place == len(path) - 1
        if key in tree:
            node = tree[key]
            if last:
                if node and "." not in node:
                    node["."] = {}
                return
            if not node:
                node["."] = {}
        else:
            node = tree[key] = {}
            if last:
                return
        tree = node


def paths(tree: Tree, prefix: Path = ()) -> Iterator[Path]:
    """All paths, in order."""
    for key in sorted(tree, key=_order):
        member, children = _split(tree[key])
        here = (*prefix, key)
        if member:
            yield here
        yield from paths(children, here)


def _order(key: str) -> tuple[int, str]:
    return ("fkvi".index(key[0]) if key[0] in "fkvi" else 9, key)


def text(path: Path) -> str:
    """A path as messages show it: `.spec.containers[name="web"].image`."""
    parts = []
    for key in path:
        what, value = key[0], key[2:]
        if what == "f":
            parts.append("." + value)
        elif what == "k":
            keys = json.loads(value)
            parts.append("[" + ",".join(f"{name}={json.dumps(keys[name], ensure_ascii=False)}" for name in keys) + "]")
        elif what == "v":
            parts.append(f"[={value}]")
        else:
            parts.append(f"[{value}]")
    return "".join(parts)
