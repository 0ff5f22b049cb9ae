"""Strategic merge patches: lists are merged by the keys that the schema names, and directives say the rest.

*In Kubernetes:* `staging/src/k8s.io/apimachinery/pkg/util/strategicpatch/patch.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.kinds import Kind
from cp_sim.objects.schema import Field, Struct, root

Object = dict[str, Any]


class PatchError(ValueError):
    """A patch cannot be applied; the message is the server's."""


class NotDecodable(PatchError):
    """A patch is not even a patch: the server answers BadRequest."""


_DIRECTIVE = "$patch"


_RETAIN = "$retainKeys"


_DELETE = "$deleteFromPrimitiveList/"


_ORDER = "$setElementOrder/"


def strategic_patch(kind: Kind, obj: Object, patch: Object) -> Object:
    """`obj` after a strategic merge patch for its kind.  *Raises* `PatchError`."""
    struct = root(kind.api_version, kind.kind)
    if struct is None:
        raise PatchError(f"strategic merge patch is not supported for {kind.kind}")
    return merge_struct(struct, obj, patch)


def merge_struct(struct: Struct, obj: Object, patch: Object) -> Object:
    """The same by the type's struct, for bodies of subresources."""
    return _merge_map(obj, patch, struct, None)


def _merge_map(original: Object, patch: Object, struct: Struct | None, item: Field | None) -> Object:
    """Lay a patch over a map; its type is a struct, or a map whose values are `item`."""
    if _DIRECTIVE in patch:
        if patch[_DIRECTIVE] == "replace":
            return {key: value for key, value in patch.items() if key != _DIRECTIVE}
        if patch[_DIRECTIVE] == "delete":
            return {}
        raise PatchError(f"unknown patch type: {_go(patch[_DIRECTIVE])} in map: {_go(patch)}")
    made = _retain(dict(original), patch)
    done = {_RETAIN}
    for key in patch:
        if key.startswith(_ORDER):
            done |= {key, key[len(_ORDER) :]}
            _ordered(made, patch, key, struct)
    for key, value in patch.items():
        if key in done:
            continue
        deletes = key.startswith(_DELETE)
        name = key[len(_DELETE) :] if deletes else key
        if value is None:
            made.pop(name, None)
            continue
        old = made.get(name)
        if old is None:
            if not deletes and not (isinstance(value, dict) and _DIRECTIVE in value):
                made[name] = _plain(value)
        elif isinstance(old, dict) and isinstance(value, dict):
            made[name] = _merge_into(old, value, _field(struct, item, name))
        elif isinstance(old, list) and isinstance(value, list):
            made[name] = _merge_lists(old, value, _field(struct, item, name), deletes)
        else:
            made[name] = value
    return made


def _plain(value: Any) -> Any:
    """What a patch puts where nothing was: its values without directives and nulls."""
    if isinstance(value, list):
        return [_plain(one) for one in value if not (isinstance(one, dict) and _DIRECTIVE in one)]
    if not isinstance(value, dict):
        return value
    if value.get(_DIRECTIVE) == "delete":
        return {}
    directives = (_DELETE, _ORDER)
    return {
        key: _plain(one)
        for key, one in value.items()
        if one is not None and key not in (_DIRECTIVE, _RETAIN) and not key.startswith(directives)
    }


def _field(struct: Struct | None, item: Field | None, name: str) -> Field | None:
    """The field's facts.  *Raises* `PatchError` where the type has no such field."""
    if struct is None:
        return item
    field = struct.fields.get(name)
    if field is None:
        raise PatchError(f'unable to find api field in struct {struct.go_name} for the json field "{name}"')
    return field


def _strategy(field: Field | None) -> str:
    names = [one for one in field.strategy if one != "retainKeys"] if field is not None else []
    return names[0] if names else ""


def _merge_into(old: Object, patch: Object, field: Field | None) -> Object:
    if _strategy(field) == "replace":
        return patch
    if field is None or field.code == "any":
        return _merge_map(old, patch, None, None)
    return _merge_map(old, patch, field.struct, field.item)


def _retain(made: Object, patch: Object) -> Object:
    """`$retainKeys`: everything else goes; the patch may name nothing else."""
    if _RETAIN not in patch:
        return made
    keys = patch[_RETAIN]
    if not isinstance(keys, list):
        raise PatchError("invalid patch format of retainKeys")
    for key, value in patch.items():
        if value is None or key == _RETAIN or key.startswith((_DELETE, _ORDER)):
            continue
        if key not in keys:
            raise PatchError("invalid patch format of retainKeys")
    return {key: value for key, value in made.items() if key in keys}


def _ordered(made: Object, patch: Object, key: str, struct: Struct | None) -> None:
    """`$setElementOrder/name`: merge the list, then put it in that order."""
    name, order = key[len(_ORDER) :], patch[key]
    if not isinstance(order, list):
        raise PatchError("invalid patch format of setElementOrder list")
    field = _field(struct, None, name)
    merge_key = field.merge_key if field is not None else ""
    old, new = made.get(name), patch.get(name)
    if old is None and new is None:
        return
    _check_order(new or [], order, merge_key)
    if new is None:
        merged = old or []
    elif old is None:
        merged = new
    else:
        merged = _merge_lists(old, new, field, False)
    made[name] = _arrange(merged, order, old or [], merge_key)


def _check_order(patch: list[Any], order: list[Any], merge_key: str) -> None:
    """The items of the patch have to stand in the order list, in that order."""
    items = [one for one in patch if not (isinstance(one, dict) and _DIRECTIVE in one)]
    if not order or not patch:
        return
    at = 0
    for wanted in order:
        if at < len(items) and _id(items[at], merge_key) == _id(wanted, merge_key):
            at += 1
    if at < len(items):
        text = f"The order in patch list:\n{_go(patch)}\n doesn't match $setElementOrder list:\n{_go(order)}\n"
        raise PatchError(text)


def _id(one: Any, merge_key: str) -> Any:
    """What tells an item from the others: itself, or the value of its merge key."""
    if not merge_key:
        return one
    if not isinstance(one, dict):
        raise PatchError(f"expected a map, but received a {type(one).__name__}")
    if merge_key not in one:
        raise PatchError(f"map: {_go(one)} does not contain declared merge key: {merge_key}")
    return one[merge_key]


def _merge_lists(old: list[Any], patch: list[Any], field: Field | None, deletes: bool) -> list[Any]:
    if _strategy(field) != "merge":
        return patch
    if not old and not patch:
        return old
    assert field is not None
    if not any(isinstance(one, dict) for one in old + patch):
        if deletes:
            return [one for one in old if one not in patch]
        merged = _without_repeats(old + patch)
        return _arrange(merged, patch, old, "")
    merge_key = field.merge_key
    if not merge_key:
        raise PatchError("cannot merge lists without merge key for type struct")
    old, patch = _special_items(old, patch, merge_key)
    merged = list(old)
    for one in patch:
        wanted = _id(one, merge_key)
        for index, existing in enumerate(merged):
            if existing.get(merge_key) == wanted:
                merged[index] = _merge_map(existing, one, field.item.struct, None)  # type: ignore[union-attr]
                break
        else:
            merged.append(one)
    return _arrange(merged, patch, old, merge_key)


def _special_items(old: list[Any], patch: list[Any], merge_key: str) -> tuple[list[Any], list[Any]]:
    """Carry out `$patch: delete` and `$patch: replace` items; the old list and the patch's other items are left."""
    plain, replace = [], False
    for one in patch:
        directive = one.get(_DIRECTIVE)
        if directive is None:
            plain.append(one)
        elif directive == "delete":
            wanted = _id(one, merge_key)
            old = [existing for existing in old if existing.get(merge_key) != wanted]
        elif directive == "replace":
            replace = True
        elif directive == "merge":
            raise PatchError("merging lists cannot yet be specified in the patch")
        else:
            raise PatchError(f"unknown patch type: {_go(directive)} in map: {_go(one)}")
    return (plain, []) if replace else (old, plain)


def _without_repeats(items: list[Any]) -> list[Any]:
    made: list[Any] = []
    for one in items:
        if one not in made:
            made.append(one)
    return made


def _arrange(merged: list[Any], order: list[Any], old: list[Any], merge_key: str) -> list[Any]:
    """Items that the patch orders stand in its order, the server's own in theirs, woven by the server's order."""
    wanted = [_id(one, merge_key) for one in order]
    before = [_id(one, merge_key) for one in old]
    own = [one for one in merged if _id(one, merge_key) not in wanted]
    patched = [one for one in merged if _id(one, merge_key) in wanted]
    patched.sort(key=lambda one: wanted.index(_id(one, merge_key)))
    own.sort(key=lambda one: before.index(_id(one, merge_key)) if _id(one, merge_key) in before else len(before))
    made = []
    while own and patched:
        left, right = _id(own[0], merge_key), _id(patched[0], merge_key)
        first = left in before and right in before and before.index(left) < before.index(right)
        made.append(own.pop(0) if first else patched.pop(0))
    return made + own + patched


def _go(value: Any) -> str:
    """A value as Go's `%v` prints it."""
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{_go(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(_go(one) for one in value) + "]"
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def go_text(value: Any) -> str:
    """A patch as it stands in `patch: Invalid value: "map[metadata:map[labels:x]]"`."""
    return _go(value)
