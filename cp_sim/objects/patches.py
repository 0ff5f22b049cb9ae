"""The patches of the API: JSON patch (RFC 6902), JSON merge patch (RFC 7386), strategic merge patch.

None of them edits what it is given.  The strategic patch takes merge keys and strategies from the schema.

*In Kubernetes:* `github.com/evanphx/json-patch` and `staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.strategic import NotDecodable, PatchError, go_text, merge_struct, strategic_patch

__all__ = [
    "NotDecodable",
    "PatchError",
    "go_text",
    "json_patch",
    "merge_patch",
    "merge_struct",
    "strategic_patch",
]

Object = dict[str, Any]


# --- JSON patch ---------------------------------------------------------------------------------------------------


def json_patch(obj: Any, operations: Any) -> Any:
    """`obj` after the operations of a JSON patch, all or none.  *Raises* `PatchError`."""
    if not isinstance(operations, list):
        name = {dict: "object", str: "string", bool: "bool", type(None): "null"}.get(type(operations), "number")
        raise NotDecodable(f"json: cannot unmarshal {name} into Go value of type []handlers.jsonPatchOp")
    if len(operations) > 10000:
        text = f"The allowed maximum operations in a JSON patch is 10000, got {len(operations)}"
        raise PatchError(text)
    for operation in operations:
        obj = _operate(obj, operation)
    return obj


def _operate(obj: Any, operation: Any) -> Any:
    if not isinstance(operation, dict):
        raise NotDecodable("json: cannot unmarshal into Go value of type handlers.jsonPatchOp")
    verb, path = operation.get("op"), operation.get("path")
    if not isinstance(path, str):
        raise PatchError(f"{verb} operation: failed to decode 'path'")
    keys = _pointer(path)
    if verb == "add":
        return _set(obj, keys, _value_of(operation), insert=True)
    if verb == "remove":
        return _remove(obj, keys)
    if verb == "replace":
        _look(obj, keys)
        return _set(obj, keys, _value_of(operation), insert=False)
    if verb in ("move", "copy"):
        source = _pointer(str(operation.get("from", "")))
        value = _look(obj, source)
        return _set(_remove(obj, source) if verb == "move" else obj, keys, value, insert=True)
    if verb == "test":
        wanted = operation.get("value")
        try:
            found = _look(obj, keys)
        except PatchError:
            if wanted is None:
                return obj
            raise
        if not _equal(found, wanted):
            raise PatchError(f"testing value {path} failed: test failed")
        return obj
    raise PatchError(f"Unexpected kind: {verb}")


def _value_of(operation: Object) -> Any:
    if "value" not in operation:
        raise PatchError("missing value")
    return operation["value"]


def _pointer(path: str) -> list[str]:
    if path == "":
        return []
    if not path.startswith("/"):
        raise PatchError(f"path {path} does not begin with /")
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]


def _equal(left: Any, right: Any) -> bool:
    """JSON equality: 1 is not true, and 1.0 is 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(_equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_equal(one, other) for one, other in zip(left, right, strict=True))
    return bool(left == right)


def _index(key: str, size: int) -> int:
    try:
        index = int(key)
    except ValueError:
        raise PatchError(f"invalid array index {key}") from None
    if not -size <= index < size:
        raise PatchError(f"Unable to access invalid index: {key}")
    return index % size if size else 0


def _look(obj: Any, keys: list[str]) -> Any:
    for key in keys:
        if isinstance(obj, dict):
            if key not in obj:
                raise PatchError(f"doc is missing key: {key}: missing value")
            obj = obj[key]
        elif isinstance(obj, list):
            obj = obj[_index(key, len(obj))]
        else:
            raise PatchError(f"doc is missing path: {'/'.join(keys)}")
    return obj


def _set(obj: Any, keys: list[str], value: Any, insert: bool) -> Any:
    if not keys:
        return value
    key, rest = keys[0], keys[1:]
    if isinstance(obj, dict):
        if rest and key not in obj:
            raise PatchError(f"doc is missing path: {key}: missing value")
        return {**obj, key: _set(obj.get(key), rest, value, insert)}
    if not isinstance(obj, list):
        raise PatchError(f"doc is missing path: {key}")
    made = list(obj)
    if not rest and insert:
        if key == "-":
            made.append(value)
            return made
        index = len(made) if key == str(len(made)) else _index(key, len(made))
        made.insert(index, value)
        return made
    index = _index(key, len(made))
    made[index] = _set(made[index], rest, value, insert)
    return made


def _remove(obj: Any, keys: list[str]) -> Any:
    if not keys:
        raise PatchError("Unable to remove the whole document")
    key, rest = keys[0], keys[1:]
    if isinstance(obj, dict):
        if key not in obj:
            raise PatchError(f"Unable to remove nonexistent key: {key}: missing value")
        if rest:
            return {**obj, key: _remove(obj[key], rest)}
        return {name: value for name, value in obj.items() if name != key}
    if not isinstance(obj, list):
        raise PatchError(f"Unable to remove nonexistent key: {key}: missing value")
    index = _index(key, len(obj))
    return obj[:index] + ([_remove(obj[index], rest)] if rest else []) + obj[index + 1 :]


# --- merge patch --------------------------------------------------------------------------------------------------


def merge_patch(obj: Any, patch: Any) -> Any:
    """`obj` after a JSON merge patch: maps into maps, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    made = dict(obj) if isinstance(obj, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merge_patch(made.get(key), value)
    return made
