"""The few ways in which defaults are filled in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]
Filler = Callable[[Object], Object]


def absent(obj: Object, defaults: Object) -> Object:
    """`obj` with each of `defaults` whose key it lacks (a null counts as lacking)."""
    missing = {key: value for key, value in defaults.items() if obj.get(key) is None}
    return {**obj, **missing} if missing else obj


def inside(obj: Object, key: str, fill: Filler, *, make: bool = False) -> Object:
    """`obj` with `fill` applied to the dict at `key`; with `make` also where there is none."""
    old = obj.get(key)
    if old is None:
        return {**obj, key: fill({})} if make else obj
    new = fill(old) if isinstance(old, dict) else old
    return obj if new is old else {**obj, key: new}


def each(obj: Object, key: str, fill: Filler) -> Object:
    """`obj` with `fill` applied to every dict in the list at `key`."""
    old = obj.get(key)
    if not old:
        return obj
    new = [fill(item) if isinstance(item, dict) else item for item in old]
    return obj if all(one is other for one, other in zip(old, new)) else {**obj, key: new}


def spec(fill: Filler) -> Filler:
    """A filler of an object out of one of its spec; a missing spec is made."""

    def filled(obj: Object) -> Object:
        return inside(obj, "spec", fill, make=True)

    return filled
