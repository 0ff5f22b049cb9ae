"""Points for resources: LeastAllocated, MostAllocated, RequestedToCapacityRatio, and the balance of more than two.

Cases of pkg/scheduler/framework/plugins/noderesources/{least_allocated,most_allocated,requested_to_capacity_ratio}_test
.go, as rows: what the pod's containers ask for, what nodes have, what pods there ask for, the points.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler import columns
from cp_sim.scheduler.framework import CycleState
from cp_sim.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation, balance
from cp_sim.scheduler.plugins.node_resources_fit import NodeResourcesFit, broken_linear
from cp_sim.scheduler.pod_info import PodInfo
from tests.rooms.scheduler.cluster_parts import Object, cluster, decide, node, pod

FOO, BAR, EXTENDED = "intel.com/foo", "intel.com/bar", "abc.com/xyz"
NOBODY: list[Any] = []


def asks(name: str, *containers: Any, on: str = "") -> Object:
    """A pod whose containers ask for (cpu, memory) or for resources by name."""
    given = [one if isinstance(one, dict) else {"cpu": one[0], "memory": one[1]} for one in containers]
    made = pod(name, on=on)
    made["spec"]["containers"] = [
        {"name": f"c{place}", "image": "a", "resources": {"requests": one}} for place, one in enumerate(given)
    ]
    return made


def points(plugin: Any, wanted: Object, nodes: list[Object], there: list[Object]) -> list[int]:
    """What the plugin gives each node, whether or not the pod fits there."""
    cache = cluster(*nodes, *there)
    given = plugin.score(CycleState(cache), PodInfo(wanted), cache.all_nodes())
    return columns.listed(given, len(nodes))


def two_nodes(*amounts: Any) -> list[Object]:
    """node1, node2 with (cpu, memory, other resources)."""
    return [
        node(f"node{place}", cpu, memory, resources=dict(*more))
        for place, (cpu, memory, *more) in enumerate(amounts, 1)
    ]


FULL = [("1", "2000"), ("2", "3000")]
LEAST = {
    "nothing asked, nothing there": ([], [("4", "10000"), ("4", "10000")], [], [100, 100]),
    "nodes of different sizes": (FULL, [("4", "10000"), ("6", "10000")], [], [37, 50]),
    "nothing asked, pods without containers there": (
        [],
        [("4", "10000"), ("4", "10000")],
        [("node1", []), ("node1", []), ("node2", []), ("node2", [])],
        [100, 100],
    ),
    "nothing asked, pods there": (
        [],
        [("10", "20000"), ("10", "20000")],
        [("node1", [("3", "0")])] * 2 + [("node2", [("3", "0")]), ("node2", [("3", "5000")])],
        [70, 57],
    ),
    "asked, pods there": (
        FULL,
        [("10", "20000"), ("10", "20000")],
        [("node1", [("3", "0")]), ("node2", [("3", "5000")])],
        [57, 45],
    ),
    "asked, pods there, nodes of different sizes": (
        FULL,
        [("10", "20000"), ("10", "50000")],
        [("node1", [("3", "0")]), ("node2", [("3", "5000")])],
        [57, 60],
    ),
    "more than there is": (
        [("3", "0")],
        [("4", "10000"), ("4", "10000")],
        [("node1", [("3", "0")]), ("node2", [("3", "5000")])],
        [50, 25],
    ),
    "nodes without anything": (
        [],
        [("0", "0"), ("0", "0")],
        [("node1", [("3", "0")]), ("node2", [("3", "5000")])],
        [0, 0],
    ),
}
MOST = {
    "nothing asked, nothing there": ([], [("4", "10000"), ("4", "10000")], [], [0, 0]),
    "nodes of different sizes": (FULL, [("4", "10000"), ("6", "10000")], [], [62, 50]),
    "nothing asked, pods there": (
        [],
        [("10", "20000"), ("10", "20000")],
        [("node1", [("3", "0")])] * 2 + [("node2", [("3", "0")]), ("node2", [("3", "5000")])],
        [30, 42],
    ),
    "asked, pods there": (
        FULL,
        [("10", "20000"), ("10", "20000")],
        [("node1", [("3", "0")]), ("node2", [("3", "5000")])],
        [42, 55],
    ),
    "as much as there is": ([("2", "4000"), ("3", "5000")], [("5", "10000"), ("10", "9000")], [], [95, 75]),
    "least amounts of containers that ask for nothing": (
        [{}],
        [("250m", "1000Mi"), ("250m", "1000Mi")],
        [("node1", [{}]), ("node1", [{}])],
        [80, 30],
    ),
}


@pytest.mark.parametrize("case", LEAST)
def test_least_allocated(case: str) -> None:
    asked, nodes, there, wanted = LEAST[case]
    pods = [asks(f"old-{place}", *containers, on=on) for place, (on, containers) in enumerate(there)]
    assert points(NodeResourcesFit(), asks("new", *asked), two_nodes(*nodes), pods) == wanted


@pytest.mark.parametrize("case", MOST)
def test_most_allocated(case: str) -> None:
    asked, nodes, there, wanted = MOST[case]
    pods = [asks(f"old-{place}", *containers, on=on) for place, (on, containers) in enumerate(there)]
    assert points(NodeResourcesFit("MostAllocated"), asks("new", *asked), two_nodes(*nodes), pods) == wanted


SIZES = [("4", "10000"), ("6", "10000")]
WITH_EXTENDED = [("6", "10000", {EXTENDED: "4"}), ("6", "10000", {EXTENDED: "10"})]
EQUAL = (("cpu", 1), ("memory", 1), (EXTENDED, 1))
WEIGHTED: dict[str, tuple[str, tuple[tuple[str, int], ...], list[Any], list[Any], list[int]]] = {
    "least, memory twice": ("LeastAllocated", (("memory", 2), ("cpu", 1)), FULL, SIZES, [41, 50]),
    "most, memory twice": ("MostAllocated", (("memory", 2), ("cpu", 1)), FULL, SIZES, [58, 50]),
    "least, an extended resource that is not asked for": (
        "LeastAllocated",
        EQUAL,
        FULL,
        [("6", "10000"), ("6", "10000", {EXTENDED: "4"})],
        [50, 50],
    ),
    "least, an extended resource": (
        "LeastAllocated",
        EQUAL,
        [{"cpu": "3", "memory": "5000", EXTENDED: "2"}],
        WITH_EXTENDED,
        [50, 60],
    ),
    "most, an extended resource": (
        "MostAllocated",
        EQUAL,
        [{"cpu": "3", "memory": "5000", EXTENDED: "2"}],
        WITH_EXTENDED,
        [50, 40],
    ),
    "most, a resource that one node lacks": (
        "MostAllocated",
        ((EXTENDED, 2), ("cpu", 1), ("memory", 1)),
        [("3", "4000")],
        [("6", "10000"), ("6", "10000", {EXTENDED: "4"})],
        [45, 45],
    ),
    "most, a resource that nobody counts": ("MostAllocated", (("pods", 1),), FULL, SIZES, [0, 0]),
}


@pytest.mark.parametrize("case", WEIGHTED)
def test_resources_and_weights(case: str) -> None:
    strategy, resources, asked, nodes, wanted = WEIGHTED[case]
    plugin = NodeResourcesFit(strategy, resources)
    assert points(plugin, asks("new", *asked), two_nodes(*nodes), NOBODY) == wanted


DOWN = ((0, 10), (100, 0))
RATIO: dict[str, tuple[list[Any], list[Any], list[Any], list[int]]] = {
    "nothing asked, nothing there": ([], [("4", "10000"), ("4", "10000")], [], [100, 100]),
    "nodes of different sizes": (FULL, SIZES, [], [38, 50]),
    "nothing asked, pods there": ([], SIZES, [("node1", [("3", "5000")]), ("node2", [("3", "5000")])], [38, 50]),
}


@pytest.mark.parametrize("case", RATIO)
def test_requested_to_capacity_ratio(case: str) -> None:
    asked, nodes, there, wanted = RATIO[case]
    pods = [asks(f"old-{place}", *containers, on=on) for place, (on, containers) in enumerate(there)]
    plugin = NodeResourcesFit("RequestedToCapacityRatio", shape=DOWN)
    assert points(plugin, asks("new", *asked), two_nodes(*nodes), pods) == wanted


# (asked for, asked for by a pod on node2, points); weight 1 for foo, function from 0 to 1 of 10.
ONE_EXTENDED = [
    ({}, {}, [0, 0]),
    ({FOO: "2"}, {}, [2, 5]),
    ({FOO: "2"}, {FOO: "2"}, [2, 10]),
    ({FOO: "4"}, {}, [5, 10]),
]
# (asked for, asked for by a pod on node2, points); weight 3 for foo, 5 for bar.
TWO_EXTENDED = [
    ({}, {}, [0, 0]),
    ({FOO: "2", BAR: "2"}, {}, [4, 3]),
    ({FOO: "2", BAR: "2"}, {FOO: "2", BAR: "2"}, [4, 7]),
    ({FOO: "4", BAR: "2"}, {}, [5, 5]),
]


@pytest.mark.parametrize(("asked", "there", "wanted"), ONE_EXTENDED)
def test_bin_packing_by_one_extended_resource(asked: Any, there: Any, wanted: list[int]) -> None:
    nodes = two_nodes(("4", "10000Mi", {FOO: "8"}), ("4", "10000Mi", {FOO: "4"}))
    plugin = NodeResourcesFit("RequestedToCapacityRatio", ((FOO, 1),), ((0, 0), (100, 1)))
    pods = [asks("old", there, on="node2")] if there else []
    assert points(plugin, asks("new", asked), nodes, pods) == wanted


@pytest.mark.parametrize(("asked", "there", "wanted"), TWO_EXTENDED)
def test_bin_packing_by_two_extended_resources(asked: Any, there: Any, wanted: list[int]) -> None:
    nodes = two_nodes(("4", "10000Mi", {FOO: "8", BAR: "4"}), ("4", "10000Mi", {FOO: "4", BAR: "8"}))
    plugin = NodeResourcesFit("RequestedToCapacityRatio", ((FOO, 3), (BAR, 5)), ((0, 0), (100, 1)))
    pods = [asks("old", there, on="node2")] if there else []
    assert points(plugin, asks("new", asked), nodes, pods) == wanted


# The points of shapes are tenths of a node's.
FUNCTIONS = [
    (((10, 1), (90, 9)), {0: 10, 9: 10, 10: 10, 15: 15, 19: 19, 20: 20, 89: 89, 90: 90, 99: 90, 110: 90}),
    (((0, 2), (40, 10), (100, 0)), {0: 20, 20: 60, 30: 80, 40: 100, 70: 50, 71: 49, 100: 0, 110: 0}),
    (((0, 2), (40, 2), (100, 2)), {0: 20, 20: 20, 40: 20, 70: 20, 110: 20}),
    (((50, 7),), {0: 70, 50: 70, 100: 70}),
]


@pytest.mark.parametrize(("shape", "values"), FUNCTIONS)
def test_a_broken_linear_function(shape: Any, values: dict[int, int]) -> None:
    assert columns.listed(broken_linear(shape, columns.of(list(values)))) == list(values.values())


def test_ignored_extended_resources_are_not_checked() -> None:
    wanted = pod(requests={FOO: "1", "example.com/a": "1", "hugepages-2Mi": "2Mi"})
    nodes = [node("n1")]
    assert decide(wanted, *nodes).verdict("n1").reasons == (  # type: ignore[union-attr]
        f"Insufficient {FOO}",
        "Insufficient example.com/a",
        "Insufficient hugepages-2Mi",
    )
    plugin = NodeResourcesFit(ignored_resources=(FOO, "hugepages-2Mi"), ignored_resource_groups=("example.com",))
    cache = cluster(*nodes)
    state, info = CycleState(cache), PodInfo(wanted)
    (code,) = columns.listed(plugin.filter(state, info, cache.all_nodes()))
    # Only extended resources can be ignored: with a prefix, and not Kubernetes' own.
    assert plugin.outcome(state, info, code)[1] == ("Insufficient hugepages-2Mi",)


def test_balance_of_more_than_two_resources() -> None:
    # cpu 30%, memory 60%, foo 90% of the first node: the standard deviation is sqrt(0.06); the second has no foo,
    # where half the difference of the two others counts; the third has one resource, which is always in balance.
    requested = [columns.of([30, 30, 30]), columns.of([60, 60, 60]), columns.of([90, 90, 90])]
    allocatable = [columns.of([100, 100, 0]), columns.of([100, 100, 100]), columns.of([100, 0, 0])]
    assert columns.listed(balance(requested, allocatable)) == [75, 85, 100]


def test_balance_counts_an_extended_resource_only_for_pods_that_ask_for_it() -> None:
    plugin = NodeResourcesBalancedAllocation(("cpu", FOO))
    nodes = two_nodes(("4", "8Gi", {FOO: "4"}), ("4", "8Gi"))
    state = CycleState(cluster(*nodes))
    assert plugin.pre_score(state, PodInfo(pod(memory="1Gi")), state.cache.all_nodes()) is not None
    assert points(plugin, asks("new", {"cpu": "2"}), nodes, NOBODY) == [75, 75]
    # One resource alone is in balance; cpu and foo used by half are, too: 50 + (50 + 100 - 100) / 2.
    assert points(plugin, asks("new", {"cpu": "2", FOO: "2"}), nodes, NOBODY) == [75, 75]
    # foo by a quarter, cpu by half: the deviation is an eighth, 50 + (50 + 87 - 100) / 2.
    assert points(plugin, asks("new", {"cpu": "2", FOO: "1"}), nodes, NOBODY) == [68, 75]
