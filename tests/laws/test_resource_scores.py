"""The points for resources are those of a slow, obvious model: one node after the other, in whole numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.scheduler import columns
from cp_sim.scheduler.framework import CycleState
from cp_sim.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from cp_sim.scheduler.plugins.node_resources_fit import NodeResourcesFit
from cp_sim.scheduler.pod_info import PodInfo
from tests.rooms.scheduler.cluster_parts import Object, cluster, node, pod

GPU = "example.com/gpu"
NAMES = ("cpu", "memory", GPU)
LEAST = {"cpu": 100, "memory": 200 * 2**20}  # what a container without a request counts for
# (cpu in thousandths, memory in MiB, gpus) that a node has; what a pod asks for, None where it does not say.
HAS = st.tuples(st.integers(0, 4000), st.integers(0, 4000), st.integers(0, 4))
ASKS = st.tuples(st.none() | st.integers(0, 3000), st.none() | st.integers(0, 3000), st.none() | st.integers(0, 3))
WEIGHTS = st.lists(st.tuples(st.sampled_from(NAMES), st.integers(1, 9)), min_size=1, unique_by=lambda one: one[0])
SHAPES = st.lists(st.integers(0, 100), min_size=1, max_size=4, unique=True).flatmap(
    lambda points: st.lists(st.integers(0, 10), min_size=len(points), max_size=len(points)).map(
        lambda scores: tuple(zip(sorted(points), scores))
    )
)


def asked(amounts: Any, what: int, least: bool) -> int:
    """What a pod asks for of a resource, in the units of the model."""
    amount = amounts[what]
    if amount is None:
        return LEAST[NAMES[what]] if least and what < 2 else 0
    return int(amount) * (2**20 if what == 1 else 1)


def towards_zero(value: int, by: int) -> int:
    """Integer division as Go has it."""
    return -(-value // by) if value < 0 else value // by


def on_the_line(shape: Any, at: int) -> int:
    """The function through the points of a shape."""
    if at <= shape[0][0]:
        return int(shape[0][1]) * 10
    for (left, low), (right, high) in pairwise(shape):
        if at <= right:
            return int(low * 10 + towards_zero((high - low) * 10 * (at - left), right - left))
    return int(shape[-1][1]) * 10


def of_one(strategy: str, shape: Any, requested: int, has: int) -> int:
    """The points for one resource of one node."""
    if strategy == "LeastAllocated":
        return 0 if requested > has else (has - requested) * 100 // has
    used = 100 if requested > has else requested * 100 // has
    return used if strategy == "MostAllocated" else on_the_line(shape, used)


def model(strategy: str, weights: Any, shape: Any, has: Any, there: Any, wanted: Any) -> int:
    """The points of one node."""
    points = total = 0
    for name, weight in weights:
        what = NAMES.index(name)
        capacity = has[what] * (2**20 if what == 1 else 1)
        own = asked(wanted, what, True)
        if not capacity or (what == 2 and not own):
            continue
        one = of_one(strategy, shape, own + asked(there, what, True), capacity)
        if strategy == "RequestedToCapacityRatio" and not one:
            continue
        points += one * weight
        total += weight
    if not total:
        return 0
    return points // total if strategy != "RequestedToCapacityRatio" else int(points / total + 0.5)


def balanced(names: Any, has: Any, requested: Any, own: Any) -> int:
    """How evenly the resources of one node are used."""
    fractions = []
    for name in names:
        what = NAMES.index(name)
        capacity = has[what] * (2**20 if what == 1 else 1)
        if capacity and not (what == 2 and not asked(own, what, False)):
            fractions.append(min(requested[what] / capacity, 1.0))
    deviation = 0.0
    if len(fractions) == 2:
        deviation = abs((fractions[0] - fractions[1]) / 2)
    elif len(fractions) > 2:
        mean = sum(fractions) / len(fractions)
        deviation = (sum((one - mean) ** 2 for one in fractions) / len(fractions)) ** 0.5
    return int((1 - deviation) * 100)


def requests(amounts: Any) -> Object:
    """The requests of a container."""
    units = ("m", "Mi", "")
    return {name: f"{amount}{unit}" for name, amount, unit in zip(NAMES, amounts, units) if amount is not None}


def points_of(plugin: Any, places: list[tuple[Any, Any]], wanted: Any) -> list[int]:
    """What the plugin gives each node; on each there is one pod."""
    objects: list[Object] = []
    for number, (has, there) in enumerate(places):
        objects.append(node(f"n{number}", f"{has[0]}m", f"{has[1]}Mi", resources={GPU: str(has[2])}))
        objects.append(pod(f"old-{number}", requests=requests(there), on=f"n{number}"))
    cache = cluster(*objects)
    found = plugin.score(CycleState(cache), PodInfo(pod(requests=requests(wanted))), cache.all_nodes())
    return columns.listed(found, len(places))


PLACES = st.lists(st.tuples(HAS, ASKS), min_size=1, max_size=6)


@pytest.mark.parametrize("strategy", ["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"])
@settings(max_examples=80, deadline=None)
@given(WEIGHTS, SHAPES, PLACES, ASKS)
def test_points_for_resources(strategy: str, weights: Any, shape: Any, places: Any, wanted: Any) -> None:
    plugin = NodeResourcesFit(strategy, tuple(weights), shape)
    expected = [model(strategy, weights, shape, has, there, wanted) for has, there in places]
    assert points_of(plugin, places, wanted) == expected


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from(NAMES), min_size=1, unique=True), PLACES, ASKS)
def test_points_for_balance(names: Any, places: Any, wanted: Any) -> None:
    expected = []
    if not any(asked(wanted, NAMES.index(name), False) for name in names):
        assert points_of(NodeResourcesBalancedAllocation(tuple(names)), places, wanted) == [0] * len(places)
        return
    for has, there in places:
        without = [asked(there, what, False) for what in range(3)]
        with_pod = [amount + asked(wanted, what, False) for what, amount in enumerate(without)]
        change = balanced(names, has, with_pod, wanted) - balanced(names, has, without, wanted)
        expected.append(50 + towards_zero(50 + change, 2))
    assert points_of(NodeResourcesBalancedAllocation(tuple(names)), places, wanted) == expected


def test_a_model_that_rounds_otherwise_is_noticed() -> None:
    shape, weights = ((0, 0), (100, 10)), (("cpu", 1), ("memory", 1))
    places = [((1000, 1000, 0), (500, 490, None))]
    wanted = (10, 11, None)
    plugin = NodeResourcesFit("RequestedToCapacityRatio", weights, shape)
    assert points_of(plugin, places, wanted) == [model("RequestedToCapacityRatio", weights, shape, *places[0], wanted)]
    assert points_of(plugin, places, wanted) != [model("MostAllocated", weights, shape, *places[0], wanted)]
