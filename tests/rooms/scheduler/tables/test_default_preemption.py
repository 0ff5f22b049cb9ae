"""DefaultPreemption: what upstream's own tests ask, and what they expect.

Source: pkg/scheduler/framework/plugins/defaultpreemption/default_preemption_test.go and
pkg/scheduler/framework/preemption/preemption_test.go.  Upstream hands PostFilter the verdicts of the nodes; here the
filters give them, so that some cases have one more pod that takes the room.  Extenders and pod groups are left out.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.decision import Decision
from cp_sim.scheduler.framework import Plugin
from cp_sim.scheduler.plugins.default_preemption import DefaultPreemption
from cp_sim.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cp_sim.scheduler.plugins.node_resources_fit import NodeResourcesFit
from cp_sim.scheduler.plugins.node_unschedulable import NodeUnschedulable
from cp_sim.scheduler.plugins.pod_topology_spread import PodTopologySpread
from tests.rooms.scheduler.tables.parts import Object, budget, decide, hard, node, pod

NEGATIVE, LOW, MIDDLE, HIGH, HIGHEST = -100, 0, 100, 1000, 10000
SMALL: Object = {"cpu": "100m", "memory": 100}
MEDIUM: Object = {"cpu": "200m", "memory": 200}
LARGE: Object = {"cpu": "300m", "memory": 300}
HUGE: Object = {"cpu": "500m", "memory": 500}

PLUGINS: tuple[Plugin, ...] = (
    NodeUnschedulable(),
    NodeResourcesFit(),
    PodTopologySpread(),
    InterPodAffinity(),
    DefaultPreemption(),
)


def on(name: str, pod_name: str, priority: int, marks: str = "", **more: Any) -> Object:
    """A pod of some priority on a node."""
    return pod(marks, pod_name, on=name, priority=priority, **more)


def single(name: str, **more: Any) -> Object:
    """A node for one pod."""
    return node(name, pods=1, **more)


def huge(*names: str) -> list[Object]:
    """Nodes of 500m cpu; `a/zone1` has labels hostname=a, zone=zone1."""
    found = []
    for one in names:
        name, _, zone = one.partition("/")
        found.append(node(name, f"hostname={name}" + (f" zone={zone}" if zone else ""), pods=100, **HUGE))
    return found


def preempts(wanted: Object, objects: list[Object]) -> Any:
    """The node that is made room on, or what PostFilter says."""
    decision = decide(PLUGINS, wanted, objects)
    if decision.preemption is not None:
        assert decision.preemption.tied == (decision.preemption.nominated,)
        return decision.preemption.nominated
    return decision.message[decision.message.index("preemption: ") :]


def nothing(total: int, why: str) -> str:
    return f"preemption: 0/{total} nodes are available: {why}."


NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"

# TestPostFilter: the pod, nodes and pods there, the node that is made room on, or what is said.
POST_FILTER: dict[str, tuple[Object, list[Object], str]] = {
    "a pod of lower priority": (pod(priority=HIGH), [single("n1"), on("n1", "p1", LOW)], "n1"),
    "a pod of the same priority": (
        pod(priority=LOW),
        [single("n1"), on("n1", "p1", LOW)],
        nothing(1, f"1 {NO_VICTIMS}"),
    ),
    "a node that is of no use even when empty": (
        pod(priority=HIGH),
        [single("n1", unschedulable=True), on("n1", "p1", LOW)],
        nothing(1, f"1 {NOT_HELPFUL}"),
    ),
    "only one of two nodes": (
        pod(priority=MIDDLE),
        [single("n1"), single("n2"), on("n1", "p1", HIGH), on("n2", "p2", LOW)],
        "n2",
    ),
    "a budget counts less than the highest priority of a victim where all would violate one": (
        pod(priority=HIGHEST),
        [
            single("n1"),
            single("n2"),
            on("n1", "p1", HIGH, "violates=no"),
            on("n1", "p2", LOW, "violates=yes"),
            on("n2", "p3", MIDDLE, "violates=yes"),
            budget("violates=yes", 0),
            budget("violates=no", 2**31 - 1),
        ],
        "n2",
    ),
    "not enough room even without them": (
        pod(priority=HIGH, **LARGE),
        [
            node("n1", **HUGE, pods=9),
            node("n2", **HUGE, pods=9),
            on("n1", "p1", LOW),
            on("n2", "p2", LOW),
            on("n1", "p3", HIGH, **LARGE),
            on("n2", "p4", HIGH, **LARGE),
        ],
        nothing(2, "2 Insufficient cpu, 2 Insufficient memory"),
    ),
    "no victims on two nodes, not enough room on a third": (
        pod(priority=HIGH, **LARGE),
        [
            *(node(name, cpu="500m", memory=900, pods=9) for name in ("n1", "n2", "n3")),
            on("n1", "p1", HIGH, **LARGE),
            on("n2", "p2", LOW, **SMALL),
            on("n2", "p4", HIGH, **LARGE),
            on("n3", "p3", HIGH, **LARGE),
        ],
        nothing(3, f"1 Insufficient cpu, 2 {NO_VICTIMS}"),
    ),
    "not enough room on two nodes, two of no use": (
        pod(priority=HIGH, **LARGE),
        [
            *(node(name, cpu="500m", memory=900, pods=9) for name in ("n1", "n2")),
            *(node(name, cpu="200m", memory=400, pods=9) for name in ("n3", "n4")),
            on("n1", "p1", LOW),
            on("n2", "p2", LOW),
            on("n1", "p3", HIGH, **LARGE),
            on("n2", "p4", HIGH, **LARGE),
        ],
        nothing(4, f"2 Insufficient cpu, 2 {NOT_HELPFUL}"),
    ),
}


@pytest.mark.parametrize("case", POST_FILTER)
def test_post_filter(case: str) -> None:
    wanted, objects, answer = POST_FILTER[case]
    assert preempts(wanted, objects) == answer


class Refuses(Plugin):
    """Rejects every node, whatever stands there."""

    name = "Refuses"

    def filter_node(self, pod: Object, node: Object) -> str | None:
        return "refused"


def candidates(decision: Decision) -> dict[str, tuple[str, ...]]:
    """The sorted names of the victims on each node where preemption would help."""
    if decision.preemption is None:
        return {}
    return {
        one.node: tuple(sorted(key.partition("/")[2] for key in one.victims)) for one in decision.preemption.candidates
    }


FOO_HOST = ["foo per hostname"]
SPREAD = [hard(1, "zone", "foo"), hard(1, "hostname", "foo")]
N12 = huge("n1", "n2")
TWO_LARGE = [*N12, on("n1", "p1", MIDDLE, **LARGE), on("n2", "p2", MIDDLE, **LARGE)]

# TestDryRunPreemption: the pod, nodes and pods there, the victims on each node that is a candidate.
DRY_RUN: dict[str, tuple[Object, list[Object], dict[str, tuple[str, ...]]]] = {
    "one on each node": (pod(priority=HIGH, **LARGE), TWO_LARGE, {"n1": ("p1",), "n2": ("p2",)}),
    "the pods there have a higher priority": (pod(priority=LOW, **LARGE), TWO_LARGE, {}),
    "the small one of low priority may stay": (
        pod(priority=HIGH, **LARGE),
        [
            *N12,
            on("n1", "p1.1", LOW, **SMALL),
            on("n1", "p1.2", MIDDLE, **LARGE),
            on("n2", "p2", MIDDLE, **LARGE),
        ],
        {"n1": ("p1.2",), "n2": ("p2",)},
    ),
    "two of different priority": (
        pod(priority=HIGH, **LARGE),
        [
            *N12,
            on("n1", "p1.1", MIDDLE, started=1, **SMALL),
            on("n1", "p1.2", LOW, started=1, **SMALL),
            on("n1", "p1.3", MIDDLE, started=2, **MEDIUM),
            on("n1", "p1.4", HIGH, started=1, **SMALL),
            on("n2", "p2", HIGH, started=1, **LARGE),
        ],
        {"n1": ("p1.2", "p1.3")},
    ),
    "of equal ones the one that started later": (
        pod(priority=HIGH, **LARGE),
        [
            *N12,
            on("n1", "p1.1", LOW, started=5, **SMALL),
            on("n1", "p1.2", LOW, started=4, **SMALL),
            on("n1", "p1.3", MIDDLE, started=3, **MEDIUM),
            on("n1", "p1.4", HIGH, started=2, **SMALL),
            on("n2", "p2", HIGH, started=1, **LARGE),
        ],
        {"n1": ("p1.1", "p1.3")},
    ),
    "the one that keeps it away": (
        pod("foo", priority=HIGH, **SMALL),
        [
            *N12,
            on("n1", "p1.1", LOW, "foo", far=FOO_HOST, **SMALL),
            on("n1", "p1.2", MIDDLE, **SMALL),
            on("n1", "p1.3", HIGH, **SMALL),
            on("n2", "p2", HIGH, "foo", far=FOO_HOST, **SMALL),
        ],
        {"n1": ("p1.1",)},
    ),
    "the one that makes the skew": (
        pod("foo", priority=HIGH, spread=SPREAD),
        [
            *huge("a/zone1", "b/zone1", "x/zone2"),
            on("a", "a1", MIDDLE, "foo"),
            on("a", "a2", LOW, "foo"),
            on("b", "b1", LOW, "foo"),
            on("x", "x1", HIGH, "foo"),
            on("x", "x2", HIGH, "foo"),
        ],
        {"a": ("a2",), "b": ("b1",)},
    ),
}


@pytest.mark.parametrize("case", DRY_RUN)
def test_dry_run(case: str) -> None:
    wanted, objects, answer = DRY_RUN[case]
    assert candidates(decide(PLUGINS, wanted, objects)) == answer


class Drawn:
    """Chance that draws these numbers."""

    def __init__(self, *numbers: int) -> None:
        self.numbers = list(numbers)

    def randrange(self, limit: int) -> int:
        number = self.numbers.pop(0)
        assert number < limit
        return number


FIVE = ("n1", "n2", "n3", "n4", "n5")


def one_each(priorities: Object, marks: Object) -> list[Object]:
    """Five nodes with a large pod each, p1 on n1 and so on."""
    there = [on(name, f"p{name[1]}", priorities.get(name, MIDDLE), marks.get(name, ""), **LARGE) for name in FIVE]
    return [*huge(*FIVE), *there]


BUDGETED = {"n1": "app=foo", "n2": "app=foo", "n5": "app=foo"}

# TestDryRunPreemption, where two candidates of five nodes are enough (40 %): at least how many, priorities that are
# not in the middle, labels, the number drawn as the start, the candidates in the order in which they were found.
ENOUGH: dict[str, tuple[int, Object, Object, int, tuple[str, ...]]] = {
    "from the last node on": (1, {}, {}, 4, ("n5", "n1")),
    "from the second": (1, {}, {}, 1, ("n2", "n3")),
    "from the fourth": (1, {}, {}, 3, ("n4", "n5")),
    "past nodes that are no candidates": (1, {"n2": HIGHEST, "n5": HIGHEST}, {}, 4, ("n1", "n3")),
    "until one violates no budget, keeping two that do": (2, {}, BUDGETED, 4, ("n5", "n1", "n3")),
}


@pytest.mark.parametrize("case", ENOUGH)
def test_enough_candidates(case: str) -> None:
    absolute, priorities, marks, start, answer = ENOUGH[case]
    plugins = (
        *PLUGINS[:-1],
        DefaultPreemption(min_candidate_nodes_percentage=40, min_candidate_nodes_absolute=absolute),
    )
    objects = [*one_each(priorities, marks), budget("app=foo", 0)]
    decision = decide(plugins, pod(priority=HIGH, **LARGE), objects, Drawn(start, 0))
    assert tuple(candidates(decision)) == answer


def test_a_filter_that_never_lets_it_in_leaves_no_candidate() -> None:
    decision = decide((Refuses(), *PLUGINS), pod(priority=HIGH, **LARGE), TWO_LARGE)
    assert candidates(decision) == {}
    assert decision.message.endswith(nothing(2, "2 refused"))


class Moody(Plugin):
    """Rejects every node when it is asked first, and never again."""

    name = "Moody"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def filter_node(self, pod: Object, node: Object) -> str | None:
        name = node["metadata"]["name"]
        self.asked.append(name)
        return "not now" if self.asked.count(name) == 1 else None


def test_a_node_where_nobody_has_to_leave_is_an_error() -> None:
    one, two = (
        decide(
            (Moody(), *PLUGINS), pod(priority=HIGH), [*huge(*names), *(on(name, f"p-{name}", LOW) for name in names)]
        )
        for names in (("n1",), ("n1", "n2"))
    )
    assert one.message == (
        '0/1 nodes are available: 1 not now. preemption: expected at least one victim pod on node "n1"'
    )
    assert two.message.endswith(
        'preemption: [expected at least one victim pod on node "n1", expected at least one victim pod on node "n2"]'
    )


def test_of_pods_that_have_not_started_the_one_that_came_first_leaves() -> None:
    """Each counts as starting when it is asked, so that of two the later one has started earlier (GetPodStartTime)."""
    there = [on("n1", name, LOW, **MEDIUM) for name in ("p1", "p2")]
    assert candidates(decide(PLUGINS, pod(priority=HIGH, **MEDIUM), [*huge("n1"), *there])) == {"n1": ("p1",)}
    started = [on("n1", name, LOW, started=3, **MEDIUM) for name in ("p1", "p2")]
    assert candidates(decide(PLUGINS, pod(priority=HIGH, **MEDIUM), [*huge("n1"), *started])) == {"n1": ("p2",)}


def same_budget(*names: str, allowed: int = 1, disrupted: str = "") -> list[Object]:
    there = [on("n1", name, MIDDLE, "app=foo", started=place, **MEDIUM) for place, name in enumerate(names)]
    return [*huge("n1"), *there, budget("app=foo", allowed, disrupted=disrupted)]


# TestDryRunPreemption, with a PodDisruptionBudget for app=foo: the pods there, victims and violations.
BUDGETS: dict[str, tuple[list[Object], tuple[str, ...], int]] = {
    "two victims, one allowed": (same_budget("p1.1", "p1.2"), ("p1.1", "p1.2"), 1),
    "another pod is being disrupted already": (same_budget("p1.1", "p1.2", disrupted="p2"), ("p1.1", "p1.2"), 1),
    "one of the victims is being disrupted already": (
        same_budget("p1.1", "p1.2", disrupted="p1.2"),
        ("p1.1", "p1.2"),
        0,
    ),
    "one of three, two others count": (
        same_budget("p1.1", "p1.2", "p1.3", disrupted="p1.3"),
        ("p1.1", "p1.2", "p1.3"),
        1,
    ),
    "a budget without a selector speaks of nobody": (
        [*same_budget("p1.1", "p1.2", allowed=9), budget(None, 0), budget("*", 0)],
        ("p1.1", "p1.2"),
        0,
    ),
    "nor does one of another namespace": (
        [*same_budget("p1.1", "p1.2", allowed=9), budget("app", 0, in_namespace="shop")],
        ("p1.1", "p1.2"),
        0,
    ),
}


@pytest.mark.parametrize("case", BUDGETS)
def test_budgets(case: str) -> None:
    objects, victims, violations = BUDGETS[case]
    decision = decide(PLUGINS, pod(priority=HIGH, **HUGE), objects)
    assert candidates(decision) == {"n1": victims}
    assert decision.preemption is not None
    assert decision.preemption.candidates[0].pdb_violations == violations


def group(name: str, *pods: tuple[int, Object, int]) -> list[Object]:
    """Pods on a node from (priority, requests, started)."""
    return [
        on(name, f"{name}.{place}", priority, started=started, **size)
        for place, (priority, size, started) in enumerate(pods)
    ]


# TestSelectBestCandidate: the pods there, the nodes of which one has to be chosen, by which rule.
BEST: dict[str, tuple[list[Object], tuple[str, ...], str]] = {
    "equal in everything": (
        [*group("n1", (MIDDLE, LARGE, 0)), *group("n2", (MIDDLE, LARGE, 0))],
        ("n1", "n2"),
        "smallest name",
    ),
    "the lowest of the highest priorities": (
        [
            *group("n1", (MIDDLE, MEDIUM, 0), (MIDDLE, LARGE, 0)),
            *group("n2", (MIDDLE, MEDIUM, 0), (LOW, MEDIUM, 0)),
            *group("n3", (LOW, MEDIUM, 0), (LOW, MEDIUM, 0)),
        ],
        ("n3",),
        "lowest highest priority of a victim",
    ),
    "the smallest sum": (
        [
            *group("n1", (MIDDLE, MEDIUM, 0), (MIDDLE, LARGE, 0)),
            *group("n2", (MIDDLE, LARGE, 0), (LOW, MEDIUM, 0)),
            *group("n3", (MIDDLE, MEDIUM, 0), (MIDDLE, MEDIUM, 0)),
        ],
        ("n2",),
        "smallest sum of priorities",
    ),
    "negative priorities add up too, so that more victims never have the smaller sum": (
        [
            *group("n1", (MIDDLE, SMALL, 0), (NEGATIVE, SMALL, 0), (MIDDLE, SMALL, 0), (NEGATIVE, SMALL, 0)),
            *group("n2", (MIDDLE, LARGE, 0), (NEGATIVE, MEDIUM, 0)),
            *group("n3", (MIDDLE, MEDIUM, 0), (NEGATIVE, SMALL, 0), (LOW, SMALL, 0)),
        ],
        ("n2",),
        "smallest sum of priorities",
    ),
    "the same with fewer of them": (
        [
            *group("n1", (MIDDLE, SMALL, 0), (NEGATIVE, SMALL, 0), (NEGATIVE, SMALL, 0)),
            *group("n2", (MIDDLE, LARGE, 0), (NEGATIVE, MEDIUM, 0)),
            *group("n3", (MIDDLE, MEDIUM, 0), (NEGATIVE, SMALL, 0), (LOW, SMALL, 0)),
        ],
        ("n2",),
        "smallest sum of priorities",
    ),
    "all three rules differ": (
        [
            *group("n1", (MIDDLE, SMALL, 0), (LOW, SMALL, 0), (LOW, SMALL, 0)),
            *group("n2", (HIGH, LARGE, 0)),
            *group("n3", (MIDDLE, MEDIUM, 0), (LOW, SMALL, 0), (LOW, SMALL, 0), (LOW, MEDIUM, 0)),
            *group("n4", (MIDDLE, MEDIUM, 0), (MIDDLE, SMALL, 0), (MIDDLE, SMALL, 0), (NEGATIVE, SMALL, 0)),
        ],
        ("n1",),
        "smallest sum of priorities",
    ),
    "the latest start": (
        [
            *group("n1", (MIDDLE, MEDIUM, 2), (MIDDLE, MEDIUM, 2)),
            *group("n2", (MIDDLE, MEDIUM, 3), (MIDDLE, MEDIUM, 3)),
            *group("n3", (MIDDLE, MEDIUM, 1), (MIDDLE, MEDIUM, 1)),
        ],
        ("n2",),
        "latest start of the most important victims",
    ),
    "the latest start of those that started first": (
        [
            *group("n1", (MIDDLE, MEDIUM, 4), (MIDDLE, MEDIUM, 2)),
            *group("n2", (MIDDLE, MEDIUM, 5), (MIDDLE, MEDIUM, 1)),
            *group("n3", (MIDDLE, MEDIUM, 3), (MIDDLE, MEDIUM, 6)),
        ],
        ("n3",),
        "latest start of the most important victims",
    ),
    "only those of the highest priority count": (
        [
            *group("n1", (LOW, MEDIUM, 4), (MIDDLE, MEDIUM, 2)),
            *group("n2", (MIDDLE, MEDIUM, 6), (LOW, MEDIUM, 1)),
            *group("n3", (LOW, MEDIUM, 3), (MIDDLE, MEDIUM, 5)),
        ],
        ("n2",),
        "latest start of the most important victims",
    ),
}


@pytest.mark.parametrize("case", BEST)
def test_the_best_candidate(case: str) -> None:
    pods, chosen, rule = BEST[case]
    nodes = huge(*sorted({one["spec"]["nodeName"] for one in pods}))
    preemption = decide(PLUGINS, pod(priority=HIGHEST, **HUGE), [*nodes, *pods]).preemption
    assert preemption is not None
    assert len(preemption.candidates) == len(nodes)
    assert (preemption.tied, preemption.rule) == (chosen, rule)


TERMINATING = "preemption: not eligible due to a terminating pod on the nominated node."
NOMINATED = pod(priority=HIGH, nominated="n1")

# TestPodEligibleToPreemptOthers: the pod, the nodes, who is there; the node that is made room on, or why not.
ELIGIBLE: dict[str, tuple[Object, list[Object], str]] = {
    "its nominated node is of no use any more": (
        NOMINATED,
        [single("n1", unschedulable=True), single("n2"), on("n1", "p1", LOW, preempted=True), on("n2", "p2", LOW)],
        "n2",
    ),
    "it has no nominated node": (pod(priority=HIGH), [single("n1"), on("n1", "p1", LOW, preempted=True)], "n1"),
    "it never preempts": (
        pod(priority=HIGH, preemptionPolicy="Never"),
        [single("n1"), on("n1", "p1", LOW)],
        "preemption: not eligible due to preemptionPolicy=Never.",
    ),
    "a victim is leaving its nominated node": (
        NOMINATED,
        [single("n1"), single("n2"), on("n1", "p1", LOW, preempted=True), on("n2", "p2", LOW)],
        TERMINATING,
    ),
    "a pod is leaving its nominated node for another reason": (
        NOMINATED,
        [single("n1"), on("n1", "p1", LOW, leaving=True)],
        "n1",
    ),
    "a pod of higher priority is leaving": (
        NOMINATED,
        [single("n1"), single("n2"), on("n1", "p1", HIGHEST, preempted=True), on("n2", "p2", LOW)],
        "n2",
    ),
    "its nominated node is gone": (
        NOMINATED,
        [single("n2"), on("n1", "p1", LOW, preempted=True), on("n2", "p2", LOW)],
        "n2",
    ),
}


@pytest.mark.parametrize("case", ELIGIBLE)
def test_who_may_preempt(case: str) -> None:
    wanted, objects, answer = ELIGIBLE[case]
    assert preempts(wanted, objects) == answer


THREE = [
    *huge("n1", "n2", "n3"),
    *group("n1", (LOW, SMALL, 0), (LOW, SMALL, 0)),
    *group("n2", (HIGH, LARGE, 0)),
    *group("n3", (MIDDLE, MEDIUM, 0)),
]

# TestPreempt: the pod, nodes and pods there, the node that is made room on and the victims.
PREEMPT: dict[str, tuple[Object, list[Object], Any]] = {
    "two small ones": (
        pod(priority=HIGH, preemptionPolicy="PreemptLowerPriority", **HUGE),
        THREE,
        ("n1", ("n1.0", "n1.1")),
    ),
    "no policy is the same": (pod(priority=HIGH, **HUGE), THREE, ("n1", ("n1.0", "n1.1"))),
    "never": (pod(priority=HIGH, preemptionPolicy="Never", **HUGE), THREE, None),
    "for spread constraints": (
        pod("foo", priority=HIGH, spread=SPREAD),
        [
            *huge("a/zone1", "b/zone1", "x/zone2"),
            on("a", "a1", HIGH, "foo"),
            on("a", "a2", HIGH, "foo"),
            on("b", "b1", LOW, "foo"),
            on("x", "x1", HIGH, "foo"),
            on("x", "x2", HIGH, "foo"),
        ],
        ("b", ("b1",)),
    ),
}


@pytest.mark.parametrize("case", PREEMPT)
def test_preempt(case: str) -> None:
    wanted, objects, answer = PREEMPT[case]
    decision = decide(PLUGINS, wanted, objects)
    found = decision.preemption and (decision.preemption.nominated, candidates(decision)[decision.preemption.nominated])
    assert found == answer


def test_pods_that_wait_for_room_of_equal_or_higher_priority_take_it() -> None:
    """Filters run with the pods nominated to a node and without them; a victim's room may be spoken for."""
    there = [*N12, on("n1", "p1", LOW, **LARGE), on("n2", "p2", MIDDLE, **LARGE)]
    spoken_for = pod("", "first", priority=HIGH, nominated="n1", **LARGE)
    weaker = pod("", "first", priority=LOW, nominated="n1", **LARGE)
    wanted = pod(priority=HIGH, **LARGE)
    assert candidates(decide(PLUGINS, wanted, there)) == {"n1": ("p1",), "n2": ("p2",)}
    assert candidates(decide(PLUGINS, wanted, [*there, spoken_for])) == {"n2": ("p2",)}
    assert candidates(decide(PLUGINS, wanted, [*there, weaker])) == {"n1": ("p1",), "n2": ("p2",)}
