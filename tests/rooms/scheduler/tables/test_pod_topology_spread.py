"""PodTopologySpread as a filter: what upstream's own tests ask, and what they expect.

Source: pkg/scheduler/framework/plugins/podtopologyspread/filtering_test.go.  matchLabelKeys are merged into the
selectors by the API server since v1.34, so that those cases go through what it does first.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.filtering import Trial
from cp_sim.scheduler.framework import CycleState, Profile
from cp_sim.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cp_sim.scheduler.pod_info import PodInfo, SpreadConstraint
from cp_sim.scheduler.prepare import prepared
from tests.rooms.scheduler.tables.parts import (
    FITS,
    SKIPS,
    UNRESOLVABLE,
    UNSCHEDULABLE,
    Object,
    cluster,
    hard,
    node,
    numbered,
    on_nodes,
    pod,
    pods_on,
    service,
    soft,
    verdicts,
)

SKEWED = (UNSCHEDULABLE, "node(s) didn't match pod topology spread constraints")
NO_LABEL = (UNRESOLVABLE, "node(s) didn't match pod topology spread constraints (missing required label)")
CORDON = "node.kubernetes.io/unschedulable:NoSchedule"

IGNORE_AFFINITY = {"nodeAffinityPolicy": "Ignore"}
HONOR_TAINTS = {"nodeTaintsPolicy": "Honor"}
BY_ZONE, BY_NODE = hard(1, "zone", "foo"), hard(1, "node", "foo")
BAR_BY_NODE = hard(1, "node", "bar")


def zones(*names: str) -> list[Object]:
    """Nodes with the labels zone and node: the names of each zone, zone1 first."""
    return [
        node(name, f"zone=zone{place} node={name}") for place, inside in enumerate(names, 1) for name in inside.split()
    ]


FOUR = zones("a b", "x y")
THREE = zones("a b", "y")
TWO_ZONES = zones("a", "x")


def at(spread: list[Object], state: CycleState) -> list[tuple[dict[str, int], int]]:
    """(pods per domain where there are any, the fewest) of each constraint, from what the plugin noted."""
    found = []
    for constraint, noted in zip(spread, state[PodTopologySpread.name], strict=True):
        values = state.cache.table.label(constraint["topologyKey"]).values
        counts = {value: count for value, count in zip(values, noted.domains.counts.tolist(), strict=False) if count}
        found.append((counts, noted.fewest))
    return found


# TestPreFilterState: the pod, the nodes, the pods there; for each constraint the pods per domain (those without any
# are left out) and the fewest.
COUNTS: dict[str, tuple[Object, list[Object], list[Object], Any]] = {
    "nobody there": (pod("foo", spread=[hard(5, "zone", "foo=bar")]), FOUR, [], [({}, 0)]),
    "five pods in two zones": (
        pod("foo", spread=[BY_ZONE]),
        FOUR,
        pods_on("foo", a=2, b=1, y=2),
        [({"zone1": 3, "zone2": 2}, 2)],
    ),
    "no selector counts nobody": (
        pod("foo", spread=[hard(1, "zone", None)]),
        FOUR,
        pods_on("foo", a=2, b=1, y=2),
        [({}, 0)],
    ),
    "a third zone without pods": (
        pod("foo", spread=[BY_ZONE]),
        zones("a b", "x y", "o p"),
        pods_on("foo", a=2, b=1, y=2),
        [({"zone1": 3, "zone2": 2}, 0)],
    ),
    "other namespaces do not count": (
        pod("foo", spread=[BY_ZONE]),
        FOUR,
        [*pods_on("foo", a=1, b=1, y=1), pod("foo", on="a", namespace="ns1"), pod("foo", on="y", namespace="ns2")],
        [({"zone1": 2, "zone2": 1}, 1)],
    ),
    "two constraints": (
        pod("foo", spread=[BY_ZONE, BY_NODE]),
        FOUR,
        pods_on("foo", a=2, b=1, y=4),
        [({"zone1": 3, "zone2": 4}, 3), ({"a": 2, "b": 1, "y": 4}, 0)],
    ),
    "soft constraints are left aside": (
        pod("foo", spread=[soft(1, "zone", "foo"), BY_ZONE, soft(1, "node", "foo"), BY_NODE]),
        THREE,
        pods_on("foo", a=2, b=1, y=4),
        [({"zone1": 3, "zone2": 4}, 3), ({"a": 2, "b": 1, "y": 4}, 1)],
    ),
    "two selectors, each for one pod": (
        pod("foo bar", spread=[BY_ZONE, BAR_BY_NODE]),
        THREE,
        [*pods_on("foo", a=1), *pods_on("bar", b=1)],
        [({"zone1": 1}, 0), ({"b": 1}, 0)],
    ),
    "two selectors, pods that both match": (
        pod("foo bar", spread=[BY_ZONE, BAR_BY_NODE]),
        THREE,
        [*pods_on("foo", a=1, b=1, y=2), *pods_on("foo bar", a=1, y=2)],
        [({"zone1": 3, "zone2": 4}, 3), ({"a": 1, "y": 2}, 0)],
    ),
    "node affinity leaves out a domain": (
        pod("foo", nodes=on_nodes("node notin (x)"), spread=[BY_ZONE, BY_NODE]),
        FOUR,
        pods_on("foo", a=2, b=1, y=4),
        [({"zone1": 3, "zone2": 4}, 3), ({"a": 2, "b": 1, "y": 4}, 1)],
    ),
    "nothing asked": (pod("foo"), zones("a"), [], SKIPS),
    "the defaults are soft": (pod("foo=bar"), zones("a"), [service("foo=bar")], SKIPS),
}

LABELLED = [node("a", "node=a foo"), node("b", "node=b foo"), node("c", "node=c bar")]
TAINTED = [node("a", "node=a"), node("b", "node=b"), node("c", "node=c bar", taints=CORDON)]
BARS = [*pods_on("bar", a=1, b=2), *pods_on("", c=1)]
BAR_IGNORING = hard(1, "node", "bar", **IGNORE_AFFINITY)
BAR_HONORING = hard(1, "node", "bar", **HONOR_TAINTS)
FOO_NODES = on_nodes("foo in ()")

# The same test, where the policies say which nodes are domains.
COUNTS |= {
    "affinity honored, nodeSelector": (
        pod("foo", where="foo", spread=[BAR_BY_NODE]),
        LABELLED,
        BARS,
        [({"a": 1, "b": 2}, 1)],
    ),
    "affinity ignored, nodeSelector": (
        pod("foo", where="foo", spread=[BAR_IGNORING]),
        LABELLED,
        BARS,
        [({"a": 1, "b": 2}, 0)],
    ),
    "affinity honored, node affinity": (
        pod("foo", nodes=FOO_NODES, spread=[BAR_BY_NODE]),
        LABELLED,
        BARS,
        [({"a": 1, "b": 2}, 1)],
    ),
    "affinity ignored, node affinity": (
        pod("foo", nodes=FOO_NODES, spread=[BAR_IGNORING]),
        LABELLED,
        BARS,
        [({"a": 1, "b": 2}, 0)],
    ),
    "taints ignored": (pod("foo", spread=[BAR_BY_NODE]), TAINTED, BARS, [({"a": 1, "b": 2}, 0)]),
    "taints honored": (pod("foo", spread=[BAR_HONORING]), TAINTED, BARS, [({"a": 1, "b": 2}, 1)]),
    "taints honored and tolerated": (
        pod("foo", tolerates="node.kubernetes.io/unschedulable", spread=[BAR_HONORING]),
        TAINTED,
        BARS,
        [({"a": 1, "b": 2}, 0)],
    ),
    "affinity honored by zone, ignored by node": (
        pod("foo", where="foo", spread=[BY_ZONE, hard(1, "node", "foo", **IGNORE_AFFINITY)]),
        [node("a", "zone=zone1 node=a foo"), node("b", "zone=zone1 node=b"), node("x", "zone=zone2 node=x foo")],
        pods_on("foo", b=2, x=1),
        [({"zone2": 1}, 0), ({"b": 2, "x": 1}, 0)],
    ),
    "taints honored by zone, ignored by node": (
        pod("foo", spread=[hard(1, "zone", "foo", **HONOR_TAINTS), BY_NODE]),
        [
            node("a", "zone=zone1 node=a foo"),
            node("b", "zone=zone1 node=b", taints=CORDON),
            node("x", "zone=zone2 node=x foo"),
        ],
        pods_on("foo", b=2, x=1),
        [({"zone2": 1}, 0), ({"b": 2, "x": 1}, 0)],
    ),
    "affinity honored, taints ignored by both": (
        pod("foo", where="foo", spread=[BY_ZONE, BY_NODE]),
        [
            node("a", "zone=zone1 node=a"),
            node("b", "zone=zone1 node=b foo", taints=CORDON),
            node("x", "zone=zone2 node=x foo"),
            node("y", "zone=zone2 node=y"),
        ],
        pods_on("foo", a=2, x=1, y=1),
        [({"zone2": 1}, 0), ({"x": 1}, 0)],
    ),
    "affinity ignored by zone, both honored by node": (
        pod(
            "foo",
            where="foo",
            spread=[hard(1, "zone", "foo", **IGNORE_AFFINITY), hard(1, "node", "foo", **HONOR_TAINTS)],
        ),
        [
            node("a", "zone=zone1 node=a"),
            node("b", "zone=zone1 node=b foo", taints=CORDON),
            node("x", "zone=zone2 node=x foo"),
            node("y", "zone=zone2 node=y foo"),
        ],
        pods_on("foo", a=2, x=2, y=1),
        [({"zone1": 2, "zone2": 3}, 2), ({"x": 2, "y": 1}, 1)],
    ),
}

BY_BAR = {"matchLabelKeys": ["bar"]}
EQUAL = pods_on("foo=a", a=2, b=1, y=2)

# The same test, with matchLabelKeys.
COUNTS |= {
    "a key beside a selector": (
        pod("foo bar=a", spread=[hard(1, "zone", "foo", **BY_BAR)]),
        FOUR,
        [*pods_on("foo", a=1, b=1), *pods_on("foo bar=a", a=1, y=1), *pods_on("bar", y=1)],
        [({"zone1": 1, "zone2": 1}, 1)],
    ),
    "a key beside an empty selector": (
        pod("foo=a", spread=[hard(1, "zone", "*", matchLabelKeys=["foo"])]),
        FOUR,
        EQUAL,
        [({"zone1": 3, "zone2": 2}, 2)],
    ),
    "a key without a selector": (pod("foo", spread=[hard(1, "zone", None, **BY_BAR)]), FOUR, EQUAL, [({}, 0)]),
    "a key that the pod has no label for": (
        pod("foo", spread=[hard(1, "zone", "foo", **BY_BAR)]),
        FOUR,
        EQUAL,
        [({"zone1": 3, "zone2": 2}, 2)],
    ),
}


@pytest.mark.parametrize("case", COUNTS)
def test_counts(case: str) -> None:
    wanted, nodes, pods, answer = COUNTS[case]
    plugin = PodTopologySpread()
    pending = PodInfo(prepared(numbered([wanted])[0], {}, {}))
    state = CycleState(cluster([*nodes, *pods]))
    said = plugin.pre_filter(state, pending)
    if answer == SKIPS:
        assert said is not None
        assert said.code == SKIPS  # type: ignore[union-attr]
    else:
        required = [one for one in wanted["spec"]["topologySpreadConstraints"] if one in must_be_met(wanted)]
        assert at(required, state) == answer


def must_be_met(wanted: Object) -> list[Object]:
    constraints = wanted["spec"].get("topologySpreadConstraints") or []
    return [one for one in constraints if one["whenUnsatisfiable"] == "DoNotSchedule"]


def defaults(*constraints: Object) -> PodTopologySpread:
    """The plugin with default constraints (`defaultConstraints` with `defaultingType: List`)."""
    return PodTopologySpread(
        tuple(
            (one["whenUnsatisfiable"], SpreadConstraint(one["maxSkew"], one["topologyKey"], None))
            for one in constraints
        )
    )


# The same test, with default constraints: the constraints, the pod, its Service's selector, and for each of those that
# must be met (topology key, maxSkew, pods on a that count).
DEFAULTS: dict[str, tuple[list[Object], Object, str, Any]] = {
    "a Service selects the pod": (
        [hard(3, "node", None), soft(2, "node", None), hard(5, "rack", None)],
        pod("foo=bar baz=kar"),
        "foo=bar",
        [("node", 3, 2), ("rack", 5, 2)],
    ),
    "no Service selects the pod": ([hard(3, "node", None)], pod("foo=bar"), "baz=kep", SKIPS),
    "the pod has constraints of its own": (
        [hard(2, "node", None)],
        pod("foo=bar baz=tar", spread=[hard(1, "zone", "baz=tar"), soft(2, "planet", "fot=rok")]),
        "foo=bar",
        [("zone", 1, 1)],
    ),
    "soft ones reject nobody": ([soft(2, "node", None)], pod("foo=bar"), "foo=bar", SKIPS),
}


@pytest.mark.parametrize("case", DEFAULTS)
def test_default_constraints(case: str) -> None:
    constraints, wanted, selected, answer = DEFAULTS[case]
    plugin = defaults(*constraints)
    there = [pod("foo=bar", on="a"), pod("foo=bar baz=tar", on="a")]
    state = CycleState(cluster([node("a", "node=a rack=a zone=a"), service(selected), *there]))
    said = plugin.pre_filter(state, PodInfo(numbered([wanted])[0]))
    if answer == SKIPS:
        assert said is not None
        assert said.code == SKIPS  # type: ignore[union-attr]
    else:
        noted = [(one.constraint.topology_key, one.constraint.max_skew, one.fewest) for one in state[plugin.name]]
        assert noted == answer


FOO_OR_BAR = [node("a", "zone=zone1 node=a foo=bar"), node("b", "zone=zone2 node=b foo")]
ONE_EACH = [*pods_on("foo", a=1, b=1)]

# TestPreFilterStateAddPod: the pod, the nodes, the pods there, who comes; counts and the fewest then.
COMING: dict[str, tuple[Object, list[Object], list[Object], Object, Any]] = {
    "both nodes had the fewest": (pod("foo", spread=[BY_NODE]), zones("a b"), [], pod("foo", on="a"), [({"a": 1}, 0)]),
    "the node had the fewest alone": (
        pod("foo", spread=[BY_NODE]),
        zones("a b"),
        pods_on("foo", b=1),
        pod("foo", on="a"),
        [({"a": 1, "b": 1}, 1)],
    ),
    "a pod of another namespace": (
        pod("foo", spread=[BY_NODE]),
        zones("a b"),
        pods_on("foo", b=1),
        pod("foo", on="a", namespace="ns1"),
        [({"b": 1}, 0)],
    ),
    "the node had more already": (
        pod("foo", spread=[BY_NODE]),
        zones("a b"),
        pods_on("foo", b=1),
        pod("foo", on="b"),
        [({"b": 2}, 0)],
    ),
    "by zone and node, nobody there": (
        pod("foo", spread=[BY_ZONE, BY_NODE]),
        TWO_ZONES,
        [],
        pod("foo", on="a"),
        [({"zone1": 1}, 0), ({"a": 1}, 0)],
    ),
    "by zone and node, the other zone had one": (
        pod("foo", spread=[BY_ZONE, BY_NODE]),
        TWO_ZONES,
        pods_on("foo", x=1),
        pod("foo", on="a"),
        [({"zone1": 1, "zone2": 1}, 1), ({"a": 1, "x": 1}, 1)],
    ),
    "the fewest by node here, by zone there": (
        pod("foo", spread=[BY_ZONE, BY_NODE]),
        zones("a b", "x"),
        pods_on("foo", b=2, x=1),
        pod("foo", on="a"),
        [({"zone1": 3, "zone2": 1}, 1), ({"a": 1, "b": 2, "x": 1}, 1)],
    ),
    "two selectors, it matches the first": (
        pod("foo bar", spread=[BY_ZONE, BAR_BY_NODE]),
        zones("a b", "x"),
        [*pods_on("foo bar", b=1, x=1), *pods_on("bar", x=1)],
        pod("foo", on="a"),
        [({"zone1": 2, "zone2": 1}, 1), ({"b": 1, "x": 2}, 0)],
    ),
    "two selectors, it matches both": (
        pod("foo bar", spread=[BY_ZONE, BAR_BY_NODE]),
        zones("a b", "x"),
        [*pods_on("bar", b=1, x=1), *pods_on("foo bar", x=1)],
        pod("foo bar", on="a"),
        [({"zone1": 1, "zone2": 1}, 1), ({"a": 1, "b": 1, "x": 2}, 1)],
    ),
    "on a node that node affinity rules out": (
        pod("foo", nodes=on_nodes("foo notin (bar)"), spread=[BY_ZONE]),
        FOO_OR_BAR,
        ONE_EACH,
        pod("foo", on="a"),
        [({"zone2": 1}, 1)],
    ),
    "on a node that counts": (
        pod("foo", spread=[BY_ZONE]),
        FOO_OR_BAR,
        ONE_EACH,
        pod("foo", on="b"),
        [({"zone1": 1, "zone2": 2}, 1)],
    ),
    "a pod that is not meant": (
        pod("foo", spread=[BY_ZONE]),
        FOO_OR_BAR,
        ONE_EACH,
        pod("zone=zone2", on="b"),
        [({"zone1": 1, "zone2": 1}, 1)],
    ),
    "the other node is tainted": (
        pod("foo", spread=[BY_ZONE]),
        [node("a", "zone=zone1 node=a", taints=CORDON), node("b", "zone=zone2 node=b")],
        ONE_EACH,
        pod("foo", on="b"),
        [({"zone1": 1, "zone2": 2}, 1)],
    ),
}

# TestPreFilterStateRemovePod: the pod, the nodes, the pods there, the place of the one that goes; counts then.
GOING: dict[str, tuple[Object, list[Object], list[Object], int, Any]] = {
    "the zone becomes equal": (
        pod("foo", spread=[BY_ZONE]),
        zones("a b", "x"),
        pods_on("foo", a=1, b=1, x=1),
        0,
        [({"zone1": 1, "zone2": 1}, 1)],
    ),
    "the zone becomes the one with the fewest": (
        pod("foo", spread=[BY_ZONE]),
        FOUR,
        pods_on("foo", a=1, b=1, x=1, y=1),
        0,
        [({"zone1": 1, "zone2": 2}, 1)],
    ),
    "a pod that is not meant": (
        pod("foo", spread=[BY_ZONE]),
        FOUR,
        [*pods_on("bar", a=1), *pods_on("foo", a=1, b=1, x=1, y=1)],
        0,
        [({"zone1": 2, "zone2": 2}, 2)],
    ),
    "two constraints": (
        pod("foo", spread=[BY_ZONE, BY_NODE]),
        zones("a b", "x"),
        pods_on("foo", a=2, b=1, x=2),
        3,
        [({"zone1": 3, "zone2": 1}, 1), ({"a": 2, "b": 1, "x": 1}, 1)],
    ),
    "from a node that node affinity rules out": (
        pod("foo", nodes=on_nodes("foo notin (bar)"), spread=[BY_ZONE]),
        FOO_OR_BAR,
        ONE_EACH,
        0,
        [({"zone2": 1}, 1)],
    ),
    "from a node that counts": (pod("foo", spread=[BY_ZONE]), FOO_OR_BAR, ONE_EACH, 1, [({"zone1": 1}, 0)]),
}


# filtering.go, `updateWithPod`: in thought a pod counts by namespace and selector alone.
GOING |= {
    "a pod that is being deleted did not count, and is taken off all the same": (
        pod("foo", spread=[BY_NODE]),
        zones("a b"),
        [pod("foo", on="a", leaving=True), *pods_on("foo", a=1, b=1)],
        0,
        [({"b": 1}, 0)],
    ),
    "a selector without conditions counts nobody, and one less when any goes": (
        pod("foo", spread=[hard(1, "node", "*")]),
        zones("a b"),
        pods_on("foo", a=1, b=1),
        0,
        [({"a": -1}, -1)],
    ),
    "but not from another namespace": (
        pod("foo", spread=[hard(1, "node", "*")]),
        zones("a b"),
        [pod("foo", on="a", namespace="ns1", leaving=True)],
        0,
        [({}, 0)],
    ),
}


def counts_after(wanted: Object, objects: list[Object], comes: Object | None, goes: int | None) -> Any:
    """The counts when a pod has come, or the one at a place has gone, in thought."""
    plugin, pending = PodTopologySpread(), PodInfo(numbered([wanted])[0])
    objects = numbered(objects)
    state = CycleState(cluster(objects))
    plugin.pre_filter(state, pending)
    before = at(must_be_met(wanted), state)
    changed = comes if comes is not None else [one for one in objects if one["kind"] == "Pod"][goes or 0]
    other = PodInfo({**changed, "metadata": {**changed["metadata"], "name": changed["metadata"]["name"] or "comes"}})
    with Trial(Profile((plugin,)), state, pending, changed["spec"]["nodeName"]) as trial:
        (trial.add if comes is not None else trial.remove)(other)
        trial.fits()
        after = at(must_be_met(wanted), state)
    plugin.pre_filter(state, pending)
    assert at(must_be_met(wanted), state) == before
    return after


@pytest.mark.parametrize("case", COMING)
def test_counts_follow_a_pod_that_comes_in_thought(case: str) -> None:
    wanted, nodes, pods, comes, answer = COMING[case]
    assert counts_after(wanted, [*nodes, *pods], comes, None) == answer


@pytest.mark.parametrize("case", GOING)
def test_counts_follow_a_pod_that_goes_in_thought(case: str) -> None:
    wanted, nodes, pods, goes, answer = GOING[case]
    assert counts_after(wanted, [*nodes, *pods], None, goes) == answer


ALL = dict.fromkeys("abxy", FITS)
ABC = [node("a", "node=a"), node("b", "node=b"), node("c", "node=c")]
TWO_TWO_ONE = pods_on("foo", a=2, b=2, c=1)
TWO_ONE_NONE_THREE = pods_on("foo", a=2, b=1, y=3)
FOO_ABX = [node("a", "node=a foo"), node("b", "node=b foo"), node("x", "node=x foo"), node("y", "node=y")]
TAINTED_Y = [*FOO_ABX[:3], node("y", "node=y", taints=CORDON)]
ONE_ONE_NONE_ONE = pods_on("foo", a=1, b=1, y=1)
Y_LEFT_OUT = {"a": SKEWED, "b": SKEWED, "x": FITS, "y": FITS}
Y_COUNTED = {"a": SKEWED, "b": SKEWED, "x": FITS, "y": SKEWED}

# TestSingleConstraint: the pod, the nodes, the pods there, what each node answers.
ONE_CONSTRAINT: dict[str, tuple[Object, list[Object], list[Object], Any]] = {
    "nobody there": (pod("foo", spread=[BY_ZONE]), FOUR, [], ALL),
    "nobody there, and the pod is not meant itself": (pod("foo", spread=[hard(1, "zone", "bar")]), FOUR, [], ALL),
    "other namespaces do not count": (
        pod("foo", spread=[BY_ZONE]),
        FOUR,
        [
            pod("foo", on="a", namespace="ns1"),
            pod("foo", on="a", namespace="ns2"),
            *pods_on("foo", x=1, y=1),
        ],
        {"a": FITS, "b": FITS, "x": SKEWED, "y": SKEWED},
    ),
    "no selector counts nobody": (pod("foo", spread=[hard(1, "zone", None)]), FOUR, pods_on("foo", x=1, y=1), ALL),
    "zones 3/3": (pod("foo", spread=[BY_ZONE]), FOUR, pods_on("foo", a=2, b=1, y=3), ALL),
    "zones 1/2, as the label of one node is misspelt": (
        pod("foo", spread=[BY_ZONE]),
        [node("a", "zone=zone1 node=a"), node("b", "zon=zone1 node=b"), *zones("", "x y")],
        pods_on("foo", a=1, b=1, x=1, y=1),
        {"a": FITS, "b": NO_LABEL, "x": SKEWED, "y": SKEWED},
    ),
    "a label that no node has": (
        pod("foo", spread=[hard(1, "rack", "foo")]),
        TWO_ZONES,
        [],
        {"a": NO_LABEL, "x": NO_LABEL},
    ),
    "nodes 2/1/0/3": (
        pod("foo", spread=[BY_NODE]),
        FOUR,
        TWO_ONE_NONE_THREE,
        {"a": SKEWED, "b": SKEWED, "x": FITS, "y": SKEWED},
    ),
    "nodes 2/1/0/3, a skew of 2 allowed": (
        pod("foo", spread=[hard(2, "node", "foo")]),
        FOUR,
        TWO_ONE_NONE_THREE,
        {"a": SKEWED, "b": FITS, "x": FITS, "y": SKEWED},
    ),
    "nodes 2/1/0/3, and the pod is not meant itself": (
        pod("bar", spread=[BY_NODE]),
        FOUR,
        TWO_ONE_NONE_THREE,
        {"a": SKEWED, "b": FITS, "x": FITS, "y": SKEWED},
    ),
    "nodes 2/-/-/3, the others ruled out by node affinity": (
        pod("foo", nodes=on_nodes("node in (a, y)"), spread=[BY_NODE]),
        FOUR,
        TWO_ONE_NONE_THREE,
        {"a": FITS, "b": FITS, "x": FITS, "y": SKEWED},
    ),
    "pods that are being deleted do not count": (
        pod("foo", spread=[BY_NODE]),
        ABC[:2],
        [pod("foo", on="a", leaving=True), pod("foo", on="b")],
        {"a": FITS, "b": SKEWED},
    ),
    "zones 0/1, a node with two ruled out by node affinity": (
        pod("foo", nodes=on_nodes("node notin (b)"), spread=[BY_ZONE]),
        FOUR,
        pods_on("foo", b=2, y=1),
        {"a": FITS, "b": FITS, "x": SKEWED, "y": SKEWED},
    ),
    "nodes 2/2/1, a skew of 2 allowed, fewer domains than minDomains": (
        pod("foo", spread=[hard(2, "node", "foo", minDomains=4)]),
        ABC,
        TWO_TWO_ONE,
        {"a": SKEWED, "b": SKEWED, "c": FITS},
    ),
    "nodes 2/2/1, a skew of 2 allowed, more domains than minDomains": (
        pod("foo", spread=[hard(2, "node", "foo", minDomains=2)]),
        ABC,
        TWO_TWO_ONE,
        {"a": FITS, "b": FITS, "c": FITS},
    ),
    "zones 2/1, a skew of 2 allowed, fewer domains than minDomains": (
        pod("foo", spread=[hard(2, "zone", "foo", minDomains=3)]),
        FOUR,
        ONE_ONE_NONE_ONE,
        {"a": SKEWED, "b": SKEWED, "x": FITS, "y": FITS},
    ),
    "zones 2/1, a skew of 2 allowed, more domains than minDomains": (
        pod("foo", spread=[hard(2, "zone", "foo", minDomains=1)]),
        FOUR,
        ONE_ONE_NONE_ONE,
        ALL,
    ),
    "affinity honored, nodeSelector": (
        pod("foo", where="foo", spread=[BY_NODE]),
        FOO_ABX,
        ONE_ONE_NONE_ONE,
        Y_LEFT_OUT,
    ),
    "affinity ignored, nodeSelector": (
        pod("foo", where="foo", spread=[hard(1, "node", "foo", **IGNORE_AFFINITY)]),
        FOO_ABX,
        ONE_ONE_NONE_ONE,
        Y_COUNTED,
    ),
    "affinity honored, node affinity": (
        pod("foo", nodes=FOO_NODES, spread=[BY_NODE]),
        FOO_ABX,
        ONE_ONE_NONE_ONE,
        Y_LEFT_OUT,
    ),
    "affinity ignored, node affinity": (
        pod("foo", nodes=FOO_NODES, spread=[hard(1, "node", "foo", **IGNORE_AFFINITY)]),
        FOO_ABX,
        ONE_ONE_NONE_ONE,
        Y_COUNTED,
    ),
    "taints honored": (
        pod("foo", spread=[hard(1, "node", "foo", **HONOR_TAINTS)]),
        TAINTED_Y,
        ONE_ONE_NONE_ONE,
        Y_LEFT_OUT,
    ),
    "taints ignored": (pod("foo", spread=[BY_NODE]), TAINTED_Y, ONE_ONE_NONE_ONE, Y_COUNTED),
}

FOO_OR_TAINTED = [
    node("a", "zone=zone1 node=a foo"),
    node("b", "zone=zone1 node=b"),
    node("x", "zone=zone2 node=x foo"),
    node("y", "zone=zone2 node=y foo", taints=CORDON),
]

# TestMultipleConstraints: the same for pods with two.
TWO_CONSTRAINTS: dict[str, tuple[Object, list[Object], list[Object], Any]] = {
    "zones 3/3, nodes 2/1/0/3": (
        pod("foo", spread=[BY_ZONE, BY_NODE]),
        FOUR,
        TWO_ONE_NONE_THREE,
        {"a": SKEWED, "b": SKEWED, "x": FITS, "y": SKEWED},
    ),
    "zones 3/4, nodes 2/1/0/4": (
        pod("foo", spread=[BY_ZONE, BY_NODE]),
        FOUR,
        pods_on("foo", a=2, b=1, y=4),
        dict.fromkeys("abxy", SKEWED),
    ),
    "two selectors, zones 1/0, nodes 0/0/0/1": (
        pod("foo bar", spread=[BY_ZONE, BAR_BY_NODE]),
        FOUR,
        [*pods_on("foo", a=1), *pods_on("bar", y=1)],
        {"a": SKEWED, "b": SKEWED, "x": FITS, "y": SKEWED},
    ),
    "two selectors, zones 1/0, nodes 0/0/1/1": (
        pod("foo bar", spread=[BY_ZONE, BAR_BY_NODE]),
        FOUR,
        [*pods_on("foo", a=1), *pods_on("bar", x=1, y=1)],
        dict.fromkeys("abxy", SKEWED),
    ),
    "two selectors, zones 2/3, nodes 1/0/0/1": (
        pod("foo bar", spread=[BY_ZONE, BAR_BY_NODE]),
        FOUR,
        [*pods_on("foo", a=1, y=2), *pods_on("foo bar", a=1, y=1)],
        {"a": SKEWED, "b": FITS, "x": SKEWED, "y": SKEWED},
    ),
    "the first selector does not mean the pod itself": (
        pod("bar", spread=[BY_ZONE, BAR_BY_NODE]),
        FOUR,
        [*pods_on("foo", a=1), *pods_on("bar", x=1, y=1)],
        {"a": FITS, "b": FITS, "x": SKEWED, "y": SKEWED},
    ),
    "a node lacks one of the labels": (
        pod("foo", spread=[BY_ZONE, BY_NODE]),
        [*zones("a b"), node("x", "zone=zone2"), node("y", "zone=zone2 node=y")],
        pods_on("foo", a=1, y=1),
        {"a": SKEWED, "b": FITS, "x": NO_LABEL, "y": SKEWED},
    ),
    "affinity honored by zone, ignored by node": (
        pod("foo", where="foo", spread=[BY_ZONE, hard(1, "node", "foo", **IGNORE_AFFINITY)]),
        [*FOO_OR_TAINTED[:1], node("b", "zone=zone1 node=b foo"), FOO_OR_TAINTED[2], node("y", "zone=zone2 node=y")],
        ONE_ONE_NONE_ONE,
        Y_COUNTED,
    ),
    "taints honored by zone, ignored by node": (
        pod("foo", spread=[hard(1, "zone", "foo", **HONOR_TAINTS), BY_NODE]),
        [
            *FOO_OR_TAINTED[:1],
            node("b", "zone=zone1 node=b foo"),
            FOO_OR_TAINTED[2],
            node("y", "zone=zone2 node=y", taints=CORDON),
        ],
        ONE_ONE_NONE_ONE,
        Y_COUNTED,
    ),
    "affinity honored, taints ignored by both": (
        pod("foo", where="foo", spread=[BY_ZONE, BY_NODE]),
        FOO_OR_TAINTED,
        ONE_ONE_NONE_ONE,
        {"a": SKEWED, "b": FITS, "x": FITS, "y": SKEWED},
    ),
    "both honored by zone, ignored by node": (
        pod(
            "foo",
            where="foo",
            spread=[hard(1, "zone", "foo", **HONOR_TAINTS), hard(1, "node", "foo", **IGNORE_AFFINITY)],
        ),
        FOO_OR_TAINTED,
        ONE_ONE_NONE_ONE,
        Y_COUNTED,
    ),
}


@pytest.mark.parametrize("case", [*ONE_CONSTRAINT, *TWO_CONSTRAINTS])
def test_nodes(case: str) -> None:
    wanted, nodes, pods, answer = (ONE_CONSTRAINT | TWO_CONSTRAINTS)[case]
    assert verdicts((PodTopologySpread(),), wanted, [*nodes, *pods]) == answer
