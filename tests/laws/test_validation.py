"""A law of reading, defaulting and judging: whatever has the right types is answered, never a crash, never an edit."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from cp_sim.objects import defaults, strict, validation
from cp_sim.objects.kinds import KINDS
from cp_sim.objects.schema import Field, Struct, root

_TEXTS = ("", "a", "Bad_Name", "1", "../x", "10.0.0.1", "Always", "Exists", "In", "a.b/c", "TCP", "x" * 300, "é", "50%")
_VALUES: dict[str, tuple[Any, ...]] = {
    "string": _TEXTS,
    "int32": (-1, 0, 1, 80, 70000),
    "int64": (-1, 0, 1, 2**31),
    "bool": (True, False),
    "float": (1.5,),
    "bytes": ("", "YQ=="),
    "quantity": ("0", "-1", "500m", "1Gi", 2),
    "intstr": (0, 1, -1, "50%", "x"),
    "time": ("2026-01-01T00:00:00Z",),
    "microtime": ("2026-01-01T00:00:00.000000Z",),
    "any": ({}, {"a": 1}, "x", [1]),
}


def value(chance: random.Random, field: Field, depth: int) -> Any:
    """Some value of the field's type."""
    if field.code == "[":
        assert field.item is not None
        return [value(chance, field.item, depth - 1) for _ in range(chance.randrange(3))] if depth else []
    if field.code == "{":
        assert field.item is not None
        return {chance.choice(("a", "cpu", "bad key", "x/y")): value(chance, field.item, depth - 1)} if depth else {}
    if field.struct is not None:
        return some(chance, field.struct, depth - 1) if depth else {}
    return chance.choice(_VALUES[field.code])


def some(chance: random.Random, struct: Struct, depth: int) -> dict[str, Any]:
    """Some object of the type, with about half of its fields."""
    names = [name for name in struct.fields if name not in ("apiVersion", "kind", "managedFields")]
    return {name: value(chance, struct.fields[name], depth) for name in names if chance.random() < 0.5}


@pytest.mark.parametrize("seed", range(4))
def test_well_typed_objects_are_judged(seed: int) -> None:
    chance = random.Random(seed)
    judged = refused = 0
    for kind in KINDS.values():
        struct = root(kind.api_version, kind.kind)
        if struct is None:
            continue
        made = []
        for _ in range(2):
            body = some(chance, struct, 9)
            before = json.dumps(body)
            made.append(defaults.apply(kind, strict.decode(kind, body).object))
            assert json.dumps(body) == before, f"seed {seed}: {kind.resource} was edited"
        new, old = made
        texts = [json.dumps(one) for one in made]
        causes = validation.on_create(kind, new)
        assert validation.message(kind, "a", causes)
        for subresource in ("", "status"):
            validation.on_update(kind, new, old, subresource)
        assert [json.dumps(one) for one in made] == texts, f"seed {seed}: {kind.resource} was edited"
        judged += 1
        refused += bool(causes)
    assert judged > 60
    # The control: values made at random are mostly wrong, and found out.
    assert refused > judged / 2, f"seed {seed}: only {refused} of {judged} refused"
