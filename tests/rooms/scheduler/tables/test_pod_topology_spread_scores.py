"""PodTopologySpread as a score: what upstream's own tests ask, and what they expect.

Source: pkg/scheduler/framework/plugins/podtopologyspread/scoring_test.go.
"""

from __future__ import annotations

import math
from typing import Any

import pytest

from cp_sim.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cp_sim.scheduler.pod_info import SpreadConstraint
from cp_sim.scheduler.prepare import prepared
from tests.rooms.scheduler.tables.parts import (
    HOSTNAME,
    SKIPS,
    Object,
    decide,
    hard,
    node,
    numbered,
    on_nodes,
    pod,
    pods_on,
    scores,
    service,
    soft,
)

BY_HOST, BY_ZONE = soft(1, HOSTNAME, "foo"), soft(1, "zone", "foo")
BAR_BY_HOST = soft(1, HOSTNAME, "bar")
CORDON = "node.kubernetes.io/unschedulable:NoSchedule"


def hosts(names: str, marks: str = "") -> list[Object]:
    """Nodes with their hostname as a label, and further labels."""
    return [node(name, marks, hostname=True) for name in names.split()]


TWO = hosts("a b")
FOUR = hosts("a b c d")
ABXY = hosts("a b x y")
ZONES = [*hosts("a b", "zone=zone1"), *hosts("x y", "zone=zone2")]
ZONES_ABCD = [*hosts("a b", "zone=zone1"), *hosts("c d", "zone=zone2")]
NO_HOSTNAME = [*hosts("a"), node("b", "n=b"), *hosts("x y")]

# TestPodTopologySpreadScore: the pod, the nodes, those that are no candidates, the pods there, the scores.
SCORES: dict[str, tuple[Object, list[Object], str, list[Object], dict[str, int]]] = {
    "nobody there": (pod("foo", spread=[BY_HOST]), TWO, "", [], {"a": 100, "b": 100}),
    "the only candidate": (pod("foo", spread=[BY_HOST]), TWO, "b", pods_on("foo", a=2, b=1), {"a": 100}),
    "equally many": (pod("foo", spread=[BY_HOST]), TWO, "", pods_on("foo", a=1, b=1), {"a": 100, "b": 100}),
    "2/1/0/3": (
        pod("foo", spread=[BY_HOST]),
        FOUR,
        "",
        pods_on("foo", a=2, b=1, d=3),
        {"a": 20, "b": 60, "c": 100, "d": 0},
    ),
    "no selector": (
        pod("foo", spread=[soft(1, HOSTNAME, None)]),
        FOUR,
        "",
        pods_on("foo", a=2, b=1, d=3),
        dict.fromkeys("abcd", 100),
    ),
    "2/1/0/3, a skew of 2 allowed": (
        pod("foo", spread=[soft(2, HOSTNAME, "foo")]),
        FOUR,
        "",
        pods_on("foo", a=2, b=1, d=3),
        {"a": 33, "b": 66, "c": 100, "d": 16},
    ),
    "4/3/2/1, a skew of 3 allowed": (
        pod("foo", spread=[soft(3, HOSTNAME, "foo")]),
        FOUR,
        "",
        pods_on("foo", a=4, b=3, c=2, d=1),
        {"a": 44, "b": 66, "c": 77, "d": 100},
    ),
    "4/3/2/1, by default as a Service selects the pod, no node in a zone": (
        pod("foo"),
        FOUR,
        "",
        [*pods_on("foo", a=4, b=3, c=2, d=1), service("foo")],
        {"a": 44, "b": 66, "c": 77, "d": 100},
    ),
    "4/2/1/3, the last no candidate": (
        pod("foo", spread=[BY_HOST]),
        ABXY,
        "y",
        pods_on("foo", a=4, b=2, x=1, y=3),
        {"a": 33, "b": 83, "x": 100},
    ),
    "4/2/1/3, the last no candidate, the second without the label": (
        pod("foo", spread=[BY_HOST]),
        NO_HOSTNAME,
        "y",
        pods_on("foo", a=4, b=2, x=1, y=3),
        {"a": 16, "b": 0, "x": 100},
    ),
    "zones 6/4, one node of the second no candidate": (
        pod("foo", spread=[BY_ZONE]),
        ZONES,
        "y",
        pods_on("foo", a=4, b=2, x=1, y=3),
        {"a": 75, "b": 75, "x": 100},
    ),
    "zones 3/6, nodes 2/-/2/-": (
        pod("foo", spread=[BY_ZONE, BY_HOST]),
        ZONES,
        "b y",
        pods_on("foo", a=2, b=1, x=2, y=4),
        {"a": 100, "x": 63},
    ),
    "two selectors, zones 2/1, nodes 0/1/0/1": (
        pod("foo bar", spread=[BY_ZONE, BAR_BY_HOST]),
        ZONES,
        "",
        [*pods_on("foo", a=1, y=1), *pods_on("foo bar", b=1), *pods_on("bar", y=1)],
        {"a": 60, "b": 20, "x": 100, "y": 60},
    ),
    "two selectors, zones 0/2, nodes 0/1/0/1": (
        pod("foo bar", spread=[BY_ZONE, BAR_BY_HOST]),
        ZONES,
        "",
        [*pods_on("bar", b=1), *pods_on("foo", x=1), *pods_on("foo bar", y=1)],
        {"a": 100, "b": 60, "x": 40, "y": 0},
    ),
    "two selectors, zones 2/1, nodes 0/1/0/-": (
        pod("foo bar", spread=[BY_ZONE, BAR_BY_HOST]),
        ZONES,
        "y",
        [*pods_on("foo", a=1, y=1), *pods_on("foo bar", b=1), *pods_on("bar", y=1)],
        {"a": 50, "b": 25, "x": 100},
    ),
    "other namespaces do not count": (
        pod("foo", spread=[BY_HOST]),
        TWO,
        "",
        [pod("foo", on="a", namespace="ns1"), *pods_on("foo", a=1, b=2)],
        {"a": 100, "b": 33},
    ),
    "pods that are being deleted do not count": (
        pod("foo", spread=[BY_HOST]),
        TWO,
        "",
        [pod("foo", on="a", leaving=True), *pods_on("foo", b=1)],
        {"a": 100, "b": 0},
    ),
}

ABC = [node("a", "node=a foo"), node("b", "node=b foo"), node("c", "node=c")]
TAINTED_C = [node("a", "node=a"), node("b", "node=b"), node("c", "node=c", taints=CORDON)]
TWO_ONE_ONE = pods_on("foo", a=2, b=1, c=1)
C_LEFT_OUT, C_COUNTED = {"a": 0, "b": 33, "c": 100}, {"a": 66, "b": 100, "c": 100}
IGNORING = soft(1, "node", "foo", nodeAffinityPolicy="Ignore")

# The same test, where policies and label keys say who counts.
SCORES |= {
    "minDomains says nothing": (
        pod("foo", spread=[soft(2, "node", "foo", minDomains=10)]),
        TAINTED_C,
        "",
        pods_on("foo", a=2, b=2, c=1),
        {"a": 75, "b": 75, "c": 100},
    ),
    "affinity honored, nodeSelector": (
        pod("foo", where="foo", spread=[soft(1, "node", "foo")]),
        ABC,
        "",
        TWO_ONE_ONE,
        C_LEFT_OUT,
    ),
    "affinity ignored, nodeSelector": (pod("foo", where="foo", spread=[IGNORING]), ABC, "", TWO_ONE_ONE, C_COUNTED),
    "affinity honored, node affinity": (
        pod("foo", nodes=on_nodes("foo in ()"), spread=[soft(1, "node", "foo")]),
        ABC,
        "",
        TWO_ONE_ONE,
        C_LEFT_OUT,
    ),
    "affinity ignored, node affinity": (
        pod("foo", nodes=on_nodes("foo in ()"), spread=[IGNORING]),
        ABC,
        "",
        TWO_ONE_ONE,
        C_COUNTED,
    ),
    "taints honored": (
        pod("foo", spread=[soft(1, "node", "foo", nodeTaintsPolicy="Honor")]),
        TAINTED_C,
        "",
        TWO_ONE_ONE,
        C_LEFT_OUT,
    ),
    "taints ignored": (pod("foo", spread=[soft(1, "node", "foo")]), TAINTED_C, "", TWO_ONE_ONE, C_COUNTED),
    "label keys beside empty selectors": (
        pod(
            "foo bar",
            spread=[soft(1, "zone", "*", matchLabelKeys=["foo"]), soft(1, HOSTNAME, "*", matchLabelKeys=["bar"])],
        ),
        ZONES_ABCD,
        "",
        [*pods_on("foo", a=1, c=1), *pods_on("foo bar", b=1), *pods_on("bar", c=1)],
        {"a": 60, "b": 20, "c": 60, "d": 100},
    ),
    "a label key beside a selector": (
        pod("foo bar baz", spread=[BY_ZONE, soft(1, HOSTNAME, "bar", matchLabelKeys=["baz"])]),
        ZONES_ABCD,
        "",
        [
            *pods_on("foo", a=1, c=1),
            *pods_on("foo bar baz", b=1),
            *pods_on("bar", c=1),
            *pods_on("bar baz", c=1),
        ],
        {"a": 60, "b": 20, "c": 60, "d": 100},
    ),
}


@pytest.mark.parametrize("case", SCORES)
def test_scores(case: str) -> None:
    wanted, nodes, barred, pods, answer = SCORES[case]
    found = scores(PodTopologySpread(), prepared(numbered([wanted])[0], {}, {}), [*nodes, *pods], barred)
    assert found[1] == answer


def replica_set(selector: Object) -> Object:
    return {
        "kind": "ReplicaSet",
        "metadata": {"name": "rs1", "namespace": "default"},
        "spec": {"selector": selector},
    }


HAS_FOO = {"matchExpressions": [{"key": "foo", "operator": "Exists"}]}
HAS_TAR = {"matchExpressions": [{"key": "tar", "operator": "Exists"}]}

# TestPreScoreSkip: the pod, what else is there.
SKIPPED: dict[str, tuple[Object, list[Object]]] = {
    "no constraints, nothing selects the pod": (pod(), TWO),
    "the pod's ReplicaSet is not there": (
        pod("foo=bar baz=sup", owner="ReplicaSet/rs2"),
        [node("a", "planet=mars"), replica_set(HAS_TAR)],
    ),
    "only constraints that must be met": (pod("foo", spread=[hard(1, HOSTNAME, "foo")]), TWO),
}


@pytest.mark.parametrize("case", SKIPPED)
def test_pods_that_spread_nowhere(case: str) -> None:
    wanted, objects = SKIPPED[case]
    assert scores(PodTopologySpread(), wanted, objects) == SKIPS


ZONE = "topology.kubernetes.io/zone"
MARS = [*hosts("a b", f"{ZONE}=mars"), *hosts("c d")]

# TestPreScoreStateEmptyNodes, told by the points of each node: with so many domains a pod counts ln(domains + 2), and
# every constraint adds maxSkew - 1.  The pod, the nodes, who stands where, the points before rounding.
POINTS: dict[str, tuple[Object, list[Object], list[Object], dict[str, float]]] = {
    "two zones, three hosts": (
        pod("foo", spread=[BY_ZONE, BY_HOST]),
        ZONES[:3],
        pods_on("foo", a=10, x=10),
        {
            "a": 10 * math.log(2 + 2) + 10 * math.log(3 + 2),
            "b": 10 * math.log(2 + 2),
            "x": 10 * math.log(2 + 2) + 10 * math.log(3 + 2),
        },
    ),
    "a host without a zone is ignored": (
        pod("foo", spread=[BY_ZONE, BAR_BY_HOST]),
        [*hosts("a b", "zone=zone1"), *hosts("x")],
        pods_on("foo bar", a=10, x=10),
        {"a": 10 * math.log(1 + 2) + 10 * math.log(2 + 2), "b": 10 * math.log(1 + 2), "x": 0},
    ),
    "by default, hosts without a zone are together in one": (
        pod("foo=tar baz=sup", owner="ReplicaSet/rs1"),
        [*MARS, replica_set(HAS_FOO)],
        pods_on("foo", a=10, c=10),
        {
            "a": 10 * math.log(4 + 2) + 2 + 10 * math.log(2 + 2) + 4,
            "b": 2 + 10 * math.log(2 + 2) + 4,
            "c": 10 * math.log(4 + 2) + 2,
            "d": 2,
        },
    ),
    "constraints of its own take the place of the defaults": (
        pod("foo=bar baz=sup", owner="ReplicaSet/rs1", spread=[hard(1, "zone", "bar"), soft(2, "planet", "baz=sup")]),
        [node("a", "planet=mars galaxy=andromeda zone=z"), replica_set(HAS_FOO)],
        pods_on("baz=sup", a=10),
        {"a": 10 * math.log(1 + 2) + 1},
    ),
}


@pytest.mark.parametrize("case", POINTS)
def test_points(case: str) -> None:
    wanted, objects, pods, points = POINTS[case]
    raw, _ = scores(PodTopologySpread(), wanted, [*objects, *pods])
    assert raw == {name: math.floor(points + 0.5) for name, points in points.items()}


def test_constraints_by_default_that_somebody_has_chosen_leave_out_nodes_without_the_label() -> None:
    """Hostname by 1, planet by 2, and a rack that must be met (the same test, `ListDefaulting`)."""
    plugin = PodTopologySpread(
        (
            ("ScheduleAnyway", SpreadConstraint(1, HOSTNAME, None)),
            ("DoNotSchedule", SpreadConstraint(2, "rack", None)),
            ("ScheduleAnyway", SpreadConstraint(2, "planet", None)),
        )
    )
    nodes = [node("a", "rack=rack1 planet=mars", hostname=True), node("b", "rack=rack1", hostname=True)]
    wanted = pod("foo=tar baz=sup", owner="ReplicaSet/rs1")
    raw, _ = scores(plugin, wanted, [*nodes, replica_set(HAS_FOO), *pods_on("foo", a=10, b=10)])
    assert raw == {"a": math.floor(10 * math.log(1 + 2) + 10 * math.log(1 + 2) + 1 + 0.5), "b": 0}


def test_the_defaults_never_reject() -> None:
    decision = decide((PodTopologySpread(),), pod("foo"), [*MARS, *pods_on("foo", a=20), service("foo")])
    assert sorted(decision.feasible) == ["a", "b", "c", "d"]
    assert PodTopologySpread.name in decision.skipped


def test_the_same_service_selects_for_a_pod_of_its_namespace_only() -> None:
    elsewhere: list[Any] = [*MARS, *pods_on("foo", a=3), service("foo", in_namespace="shop")]
    assert scores(PodTopologySpread(), pod("foo"), elsewhere) == SKIPS
