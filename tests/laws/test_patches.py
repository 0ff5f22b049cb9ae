"""Laws of the three patches."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_sim.objects import patches
from cp_sim.objects.kinds import find

leaves = st.one_of(st.booleans(), st.integers(-3, 3), st.sampled_from(["", "x", "a/b", "~"]))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(["a", "b", "c/d", "~e"]), inner, max_size=3)
    ),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(["a", "b", "c/d", "~e"]), values, max_size=4)
merges = st.recursive(
    st.one_of(st.none(), leaves),
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "c/d", "~e"]), inner, max_size=3),
    max_leaves=8,
).filter(lambda patch: isinstance(patch, dict))


def difference(old: Any, new: Any) -> Any:
    """The merge patch that leads from one object to another that holds no nulls."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    patch: dict[str, Any] = {key: None for key in old if key not in new}
    for key, value in new.items():
        if key not in old:
            patch[key] = value
        elif old[key] != value or type(old[key]) is not type(value):
            patch[key] = difference(old[key], value)
    return patch


@given(objects, objects)
def test_the_difference_of_two_objects_leads_from_one_to_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    before = copy.deepcopy(old)
    assert patches.merge_patch(old, difference(old, new)) == new
    assert old == before


@given(objects, merges)
def test_a_merge_patch_twice_is_once(obj: dict[str, Any], patch: dict[str, Any]) -> None:
    once = patches.merge_patch(obj, patch)
    assert patches.merge_patch(once, patch) == once
    assert "null" not in json.dumps(once)


def pointer(*keys: str) -> str:
    """A JSON pointer to a path of keys."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)


@given(objects, st.sampled_from(["a", "b", "c/d", "~e"]), values)
def test_add_test_remove_leaves_the_object(obj: dict[str, Any], key: str, value: Any) -> None:
    before = copy.deepcopy(obj)
    path = pointer(key)
    operations = [{"op": "add", "path": path, "value": value}, {"op": "test", "path": path, "value": value}]
    added = patches.json_patch(obj, operations)
    assert added == {**obj, key: value}
    removed = patches.json_patch(added, [{"op": "remove", "path": path}])
    assert removed == {name: inner for name, inner in obj.items() if name != key}
    assert obj == before


@given(st.lists(leaves, max_size=5), leaves, st.integers(0, 5))
def test_lists_take_what_is_added_at_its_place(items: list[Any], value: Any, index: int) -> None:
    obj = {"a": items}
    place = min(index, len(items))
    added = patches.json_patch(obj, [{"op": "add", "path": f"/a/{place}", "value": value}])
    assert added["a"] == items[:place] + [value] + items[place:]
    last = patches.json_patch(obj, [{"op": "add", "path": "/a/-", "value": value}])
    assert last["a"] == [*items, value]
    if items:
        moved = patches.json_patch(obj, [{"op": "move", "from": "/a/0", "path": "/a/-"}])
        assert moved["a"] == [*items[1:], items[0]]


@given(objects)
def test_a_failed_operation_leaves_everything_as_it_was(obj: dict[str, Any]) -> None:
    before = copy.deepcopy(obj)
    operations = [{"op": "add", "path": "/a", "value": 1}, {"op": "test", "path": "/a", "value": 2}]
    with pytest.raises(patches.PatchError):
        patches.json_patch(obj, operations)
    assert obj == before


names = st.sampled_from(["main", "side", "log"])
containers = st.lists(
    st.fixed_dictionaries({"name": names, "image": st.sampled_from(["a", "b"])}), unique_by=lambda one: one["name"]
)
deployment = find("deploy")


def _with(given_containers: list[dict[str, Any]]) -> dict[str, Any]:
    return {"spec": {"template": {"spec": {"containers": given_containers}}}}


def _containers(obj: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = obj["spec"]["template"]["spec"]["containers"]
    return found


@given(containers, containers)
def test_a_strategic_patch_merges_lists_by_their_key(old: list[dict[str, Any]], patch: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(old)
    merged = _containers(patches.strategic_patch(deployment, _with(old), _with(patch)))
    wanted = {one["name"]: one for one in [*old, *patch]}
    assert {one["name"]: one for one in merged} == wanted
    assert len(merged) == len(wanted)
    assert old == before


@given(containers, names)
def test_a_delete_directive_takes_exactly_that_item(old: list[dict[str, Any]], name: str) -> None:
    patch = _with([{"name": name, "$patch": "delete"}])
    left = _containers(patches.strategic_patch(deployment, _with(old), patch))
    assert [one["name"] for one in left] == [one["name"] for one in old if one["name"] != name]


@given(containers, containers)
def test_a_replace_directive_forgets_the_old_list(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> None:
    patch = _with([{"$patch": "replace"}, *new])
    assert _containers(patches.strategic_patch(deployment, _with(old), patch)) == new or not old


@given(containers.filter(len), st.permutations(["main", "side", "log"]))
def test_an_order_directive_orders(old: list[dict[str, Any]], order: list[str]) -> None:
    patch = {"spec": {"template": {"spec": {"$setElementOrder/containers": [{"name": name} for name in order]}}}}
    ordered = _containers(patches.strategic_patch(deployment, _with(old), patch))
    assert [one["name"] for one in ordered] == [name for name in order if name in {one["name"] for one in old}]
    assert sorted(map(str, ordered)) == sorted(map(str, old))


def test_the_law_notices_a_patch_that_replaces_lists() -> None:
    """The control: a merge patch, which knows no keys, breaks the law of merging lists."""
    old, patch = [{"name": "main", "image": "a"}], [{"name": "side", "image": "b"}]
    assert len(_containers(patches.merge_patch(_with(old), _with(patch)))) == 1
    assert len(_containers(patches.strategic_patch(deployment, _with(old), _with(patch)))) == 2
