"""Path copies: the only way to change an object.

An object that the API server handed out is shared by stores, caches, informers and forks.  These functions return a new
object that shares everything but the dicts on the path; the old one stays as it was.  A path is a dotted string, or a
tuple where a key contains dots: `put(pod, ("metadata", "labels", "app.kubernetes.io/name"), "web")`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Path = str | tuple[str, ...]


def keys_of(path: Path) -> tuple[str, ...]:
    """The keys of a path."""
    return tuple(path.split(".")) if isinstance(path, str) else path


def get(obj: Any, path: Path, default: Any = None) -> Any:
    """What stands at `path`, or `default` where the path leads nowhere (a null on the way counts as nowhere)."""
    for key in keys_of(path):
        if not isinstance(obj, dict) or key not in obj:
            return default
        obj = obj[key]
    return obj


def put(obj: dict[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy of `obj` with `value` at `path`; missing dicts on the way are made."""
    return _put(obj, keys_of(path), value)


def _put(obj: Any, keys: tuple[str, ...], value: Any) -> dict[str, Any]:
    copy = dict(obj) if isinstance(obj, dict) else {}
    copy[keys[0]] = value if len(keys) == 1 else _put(copy.get(keys[0]), keys[1:], value)
    return copy


def drop(obj: dict[str, Any], path: Path) -> dict[str, Any]:
    """A copy of `obj` without what stands at `path`; `obj` itself if nothing stands there."""
    keys = keys_of(path)
    if not isinstance(obj, dict) or keys[0] not in obj:
        return obj
    copy = dict(obj)
    if len(keys) == 1:
        del copy[keys[0]]
        return copy
    inner = drop(copy[keys[0]], keys[1:])
    if inner is copy[keys[0]]:
        return obj
    copy[keys[0]] = inner
    return copy


def change(obj: dict[str, Any], path: Path, function: Callable[[Any], Any]) -> dict[str, Any]:
    """A copy of `obj` in which what stands at `path` (None if nothing) was replaced by `function` of it."""
    return put(obj, path, function(get(obj, path)))


def merge(obj: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any]:
    """A copy of `obj` with `fields` laid over it, dicts into dicts, everything else replaced."""
    copy = dict(obj)
    for key, value in fields.items():
        old = copy.get(key)
        copy[key] = merge(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return copy
