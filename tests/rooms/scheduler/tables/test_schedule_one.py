"""The scheduling cycle as a whole, by upstream's tables: which plugins are asked, how many nodes are looked at, which
is taken, and what is said if there is none.

Source: pkg/scheduler/schedule_one_test.go (TestSchedulerSchedulePod, Test_numFeasibleNodesToFind, Test_SelectHost,
TestFairEvaluationForNodes, TestPreferNominatedNodeFilterCallCounts), pkg/scheduler/framework/runtime/framework_test.go
(TestRunScorePlugins, TestPreFilterPlugins, TestFilterPluginsWithNominatedPods).
"""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from cp_sim.scheduler import Decision, changes, columns, cycle
from cp_sim.scheduler.filtering import nodes_to_find
from cp_sim.scheduler.framework import (
    ERROR,
    SKIPPED,
    UNSCHEDULABLE,
    Only,
    Plugin,
    PluginError,
    Profile,
    Status,
)
from cp_sim.scheduler.plugins.node_resources_fit import NodeResourcesFit
from cp_sim.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cp_sim.scheduler.plugins.volume_binding import VolumeBinding
from cp_sim.scheduler.pod_info import PodInfo
from tests.rooms.scheduler.tables.parts import HOSTNAME, UNRESOLVABLE, Indifferent, Object, cluster, hard, node, pod

# -- plugins that say one thing ----------------------------------------------------------------------------------------


class Before(Plugin):
    """Gives one answer in PreFilter."""

    def __init__(self, name: str, answer: Status | Only | None = None) -> None:
        self.name = name
        self.answer = answer

    def pre_filter(self, state: Any, pod: Any) -> Status | Only | None:
        return self.answer


class Filter(Plugin):
    """Rejects the nodes of these names (all without any), and notes which nodes it was asked about."""

    def __init__(self, name: str, rejected: str = "", code: str = UNSCHEDULABLE, unless: str = "") -> None:
        self.name = name
        self.rejected = rejected.split()
        self.code = code
        self.unless = unless
        self.asked: list[str] = []

    def filter_node(self, pod: Object, node: Object) -> str | None:
        name = node["metadata"]["name"]
        self.asked.append(name)
        if self.rejected:
            return "no" if name in self.rejected else None
        return None if name == self.unless else "no"

    def outcome(self, state: Any, pod: Any, code: int) -> tuple[str, tuple[str, ...]]:
        return self.code, super().outcome(state, pod, code)[1]


class BothSides(Filter):
    """Says Skip in PreFilter, and would reject every node."""

    def pre_filter(self, state: Any, pod: Any) -> Status:
        return SKIPPED


class Lonely(Plugin):
    """Takes nodes without any pod."""

    name = "Lonely"

    def filter(self, state: Any, pod: Any, nodes: Any) -> Any:
        return columns.of([int(bool(state.cache.on_node.get(name))) for name in nodes.names()])

    def outcome(self, state: Any, pod: Any, code: int) -> tuple[str, tuple[str, ...]]:
        return UNSCHEDULABLE, ("has pods",)


class Points(Plugin):
    """Gives a node the points that its name says, or always the same."""

    def __init__(self, name: str, points: int | None = None, before: Status | None = None) -> None:
        self.name = name
        self.points = points
        self.before = before

    def pre_score(self, state: Any, pod: Any, nodes: Any) -> Status | None:
        return self.before

    def score_node(self, pod: Object, node: Object) -> int:
        return int(node["metadata"]["name"]) if self.points is None else self.points


class Normalizing(Points):
    """The same, and in the end everybody gets so many."""

    def __init__(self, name: str, points: int | None = None, in_the_end: int = 0) -> None:
        super().__init__(name, points)
        self.in_the_end = in_the_end

    def normalize_score(self, state: Any, pod: Any, nodes: Any, scores: Any) -> Any:
        return 0 * scores + self.in_the_end


class Reversed(Points):
    """The most points become the fewest."""

    def normalize_score(self, state: Any, pod: Any, nodes: Any, scores: Any) -> Any:
        low, high = columns.bounds(scores)
        return low + high - scores


def ask(plugins: tuple[Plugin, ...], wanted: Object, objects: list[Object], **weights: int) -> Decision:
    """What a scheduler with these plugins decides."""
    return cycle.schedule(cluster(objects), Profile(plugins, weights), PodInfo(wanted), cycle.Room())[0]


def nodes(names: str) -> list[Object]:
    """Nodes of these names, each with the label that says it."""
    return [node(name, hostname=True) for name in names.split()]


WANTED = pod("", "wanted")


# -- a node is found ---------------------------------------------------------------------------------------------------

SPREAD = {"spread": [hard(1, HOSTNAME, "foo")]}
WIDER = {"spread": [hard(2, HOSTNAME, "foo")]}

# (plugins, weights, pod, what is there): the nodes among which the lot is drawn; how many were looked at
FOUND: dict[str, tuple[tuple[Plugin, ...], dict[str, int], Object, list[Object], str, int]] = {
    "all are as good": ((Indifferent(),), {}, WANTED, nodes("node1 node2"), "node1 node2", 2),
    "the only one that fits": ((Filter("Match", unless="node2"),), {}, WANTED, nodes("node1 node2"), "node2", 2),
    "the most points": ((Points("Numeric"),), {}, WANTED, nodes("3 2 1"), "3", 3),
    "points do not help one that does not fit": (
        (Filter("Match", unless="2"), Points("Numeric")),
        {},
        WANTED,
        nodes("3 2 1"),
        "2",
        3,
    ),
    "the heavier plugin outweighs the other": (
        (Points("Numeric"), Reversed("Reverse")),
        {"Reverse": 2},
        WANTED,
        nodes("3 2 1"),
        "1",
        3,
    ),
    "equal weights leave a tie": ((Points("Numeric"), Reversed("Reverse")), {}, WANTED, nodes("3 2 1"), "1 2 3", 3),
    "one rejected, one left": ((Filter("F", "1"), Points("Numeric")), {}, WANTED, nodes("1 2"), "2", 2),
    "spread over two": (
        (PodTopologySpread(),),
        {},
        pod("foo", "p", **SPREAD),
        [*nodes("node1 node2"), pod("foo", "p1", on="node1")],
        "node2",
        2,
    ),
    "spread over three, skew of two": (
        (PodTopologySpread(), Indifferent()),
        {},
        pod("foo", "p", **WIDER),
        [
            *nodes("node1 node2 node3"),
            pod("foo", "p1", on="node1"),
            pod("foo", "p2", on="node1"),
            pod("foo", "p3", on="node2"),
        ],
        "node2 node3",
        3,
    ),
    "PreFilter plugins name nodes": (
        (Before("A"), Before("B", Only(("node2",))), Before("C", Only(("node1", "node2")))),
        {},
        WANTED,
        nodes("node1 node2 node3"),
        "node2",
        1,
    ),
    "PreFilter plugins name two, nobody gives points": (
        (Before("A", Only(("node1", "node2"))),),
        {},
        WANTED,
        nodes("node1 node2 node3"),
        "node1",
        1,
    ),
    "the filter of one that skips is not asked": (
        (Before("A"), Filter("F", "node1"), BothSides("Skipping"), Indifferent()),
        {},
        WANTED,
        nodes("node1 node2 node3"),
        "node2 node3",
        3,
    ),
    "all skip before scoring": (
        (Points("S", 1000, before=SKIPPED),),
        {},
        WANTED,
        nodes("node1 node2"),
        "node1 node2",
        2,
    ),
    "nobody gives points: the first will do": ((Filter("F", "none"),), {}, WANTED, nodes("node1 node2"), "node1", 1),
}


@pytest.mark.parametrize("case", FOUND)
def test_a_node_is_found(case: str) -> None:
    plugins, weights, wanted, objects, best, looked_at = FOUND[case]
    decision = ask(plugins, wanted, objects, **weights)
    assert " ".join(sorted(decision.best) or [decision.node or ""]) == best
    assert decision.node in best.split()
    assert decision.sample is not None
    assert decision.sample.looked_at == looked_at


# -- there is none -----------------------------------------------------------------------------------------------------

ALL = "*"
CLAIMING = [{"name": "disk", "persistentVolumeClaim": {"claimName": "data"}}]
LEAVING = {
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "data", "namespace": "default", "deletionTimestamp": "2026-01-01T00:00:00Z"},
    "spec": {},
}

# (plugins, pod, what is there): {node: (plugin, code, reason)}, what is said, who rejected it
NONE: dict[str, tuple[tuple[Plugin, ...], Object, list[Object], dict[str, tuple[str, str, str]], str, str]] = {
    "a filter rejects all": (
        (Filter("F"),),
        WANTED,
        nodes("node1 node2"),
        {ALL: ("F", UNSCHEDULABLE, "no")},
        "2 no.",
        "F",
    ),
    "one of two filters rejects all": (
        (Filter("Easy", "none"), Filter("F"), Points("Numeric")),
        WANTED,
        nodes("3 2 1"),
        {ALL: ("F", UNSCHEDULABLE, "no")},
        "3 no.",
        "F",
    ),
    "each node is rejected by another filter": (
        (Lonely(), Filter("Match", unless="2"), Points("Numeric")),
        WANTED,
        [*nodes("1 2"), pod("", "p", on="2")],
        {"1": ("Match", UNSCHEDULABLE, "no"), "2": ("Lonely", UNSCHEDULABLE, "has pods")},
        "1 has pods, 1 no.",
        "Lonely Match",
    ),
    "for good": (
        (Filter("F", code=UNRESOLVABLE), Points("Numeric")),
        WANTED,
        nodes("3"),
        {ALL: ("F", UNRESOLVABLE, "no")},
        "1 no.",
        "F",
    ),
    "PreFilter refuses the pod": (
        (Before("A", Status(UNRESOLVABLE, ("not today",))),),
        WANTED,
        nodes("1 2"),
        {ALL: ("A", UNRESOLVABLE, "not today")},
        "not today.",
        "A",
    ),
    "PreFilter refuses the pod for now: the last one's reason counts": (
        (Before("A", Status(UNSCHEDULABLE, ("not today",))), Before("B", Status(UNSCHEDULABLE, ("nor now",)))),
        WANTED,
        nodes("1 2"),
        {ALL: ("B", UNSCHEDULABLE, "nor now")},
        "nor now.",
        "B",
    ),
    "PreFilter refuses the pod for now, then for good": (
        (
            Before("A", Status(UNSCHEDULABLE, ("not today",))),
            Before("B", Status(UNRESOLVABLE, ("never",))),
            Before("C", Status(UNSCHEDULABLE, ("not asked",))),
        ),
        WANTED,
        nodes("1 2"),
        {ALL: ("B", UNRESOLVABLE, "never")},
        "never.",
        "B",
    ),
    "two PreFilter plugins have no node in common": (
        (Before("A"), Before("C", Only(("node2",))), Before("B", Only(("node1",)))),
        WANTED,
        nodes("node1 node2 node3"),
        {ALL: ("B, C", UNRESOLVABLE, "node(s) didn't satisfy plugin(s) [B C] simultaneously")},
        "node(s) didn't satisfy plugin(s) [B C] simultaneously.",
        "B C",
    ),
    "a PreFilter plugin names no node": (
        (Before("A"), Before("B", Only(()))),
        WANTED,
        nodes("node1"),
        {ALL: ("B", UNRESOLVABLE, "node(s) didn't satisfy plugin B")},
        "node(s) didn't satisfy plugin B.",
        "B",
    ),
    "a PreFilter plugin names a node that does not exist": (
        (Before("A", Only(("node9",))),),
        WANTED,
        nodes("node1 node2"),
        {ALL: ("", UNRESOLVABLE, "node(s) didn't satisfy plugin(s) [A]")},
        "2 node(s) didn't satisfy plugin(s) [A].",
        "A",
    ),
    "some by PreFilter, the others by Filter": (
        (Before("A", Only(("node2",))), Filter("F", "node2")),
        WANTED,
        nodes("node1 node2"),
        {
            "node1": ("", UNRESOLVABLE, "node(s) didn't satisfy plugin(s) [A]"),
            "node2": ("F", UNSCHEDULABLE, "no"),
        },
        "1 no, 1 node(s) didn't satisfy plugin(s) [A].",
        "A F",
    ),
    "PreFilter names all of them, Filter rejects them": (
        (Before("A", Only(("node1", "node2"))), Filter("F")),
        WANTED,
        nodes("node1 node2"),
        {ALL: ("F", UNSCHEDULABLE, "no")},
        "2 no.",
        "A F",
    ),
    "a claim that does not exist": (
        (VolumeBinding(),),
        pod("", "wanted", volumes=CLAIMING),
        nodes("node1 node2"),
        {ALL: ("VolumeBinding", UNRESOLVABLE, 'persistentvolumeclaim "data" not found')},
        'persistentvolumeclaim "data" not found.',
        "VolumeBinding",
    ),
    "a claim that is being deleted": (
        (VolumeBinding(),),
        pod("", "wanted", volumes=CLAIMING),
        [*nodes("node1 node2"), LEAVING],
        {ALL: ("VolumeBinding", UNRESOLVABLE, 'persistentvolumeclaim "data" is being deleted')},
        'persistentvolumeclaim "data" is being deleted.',
        "VolumeBinding",
    ),
}


@pytest.mark.parametrize("case", NONE)
def test_there_is_none(case: str) -> None:
    plugins, wanted, objects, verdicts, said, rejectors = NONE[case]
    decision = ask(plugins, wanted, objects)
    total = len(decision.nodes)
    assert decision.node is None
    assert decision.message == f"0/{total} nodes are available: {said}"
    told = {name: one and (one.plugin, one.code, *one.reasons) for name, one in decision.verdicts().items()}
    assert told == {name: verdicts.get(name, verdicts.get(ALL)) for name in decision.nodes}
    assert sorted(changes.rejectors(decision)) == rejectors.split()


def test_without_nodes_nobody_is_asked() -> None:
    decision = ask((Before("A", Status(ERROR, ("broken",))),), WANTED, [])
    assert decision.message == "no nodes available to schedule pods"


def test_an_error_of_pre_filter_is_none_of_the_nodes() -> None:
    with pytest.raises(PluginError, match='^running PreFilter plugin "A": broken$'):
        ask((Before("A", Status(ERROR, ("broken",))),), WANTED, nodes("1 2"))


# -- points ------------------------------------------------------------------------------------------------------------

# (plugins, weights): {plugin: points that count}, the total; of each node
SUMS: dict[str, tuple[tuple[Plugin, ...], dict[str, int], dict[str, int], int]] = {
    "one plugin": ((Points("A", 1),), {}, {"A": 1}, 1),
    "one that normalizes": ((Normalizing("A", 10, in_the_end=5),), {"A": 2}, {"A": 5}, 10),
    "two": ((Points("A", 1), Normalizing("B", 10, in_the_end=5)), {"B": 2}, {"A": 1, "B": 5}, 11),
    "two that normalize": (
        (Normalizing("A", 1, in_the_end=2), Normalizing("B", 1000, in_the_end=4)),
        {"A": 2, "B": 3},
        {"A": 2, "B": 4},
        16,
    ),
    "out of range before normalizing": ((Normalizing("A", -7, in_the_end=100),), {}, {"A": 100}, 100),
    "one skips": ((Points("A", 1, before=SKIPPED), Points("B", 3)), {}, {"B": 3}, 3),
    "all skip": ((Points("A", 1, before=SKIPPED),), {}, {}, 0),
}


@pytest.mark.parametrize("case", SUMS)
def test_points_are_weighed_and_summed_up(case: str) -> None:
    plugins, weights, points, total = SUMS[case]
    decision = ask(plugins, WANTED, nodes("node1 node2"), **weights)
    assert decision.scores() == {name: {"node1": one, "node2": one} for name, one in points.items()}
    assert decision.totals() == {"node1": total, "node2": total}


@pytest.mark.parametrize(
    "plugin", [Points("A", 101), Points("A", -1), Normalizing("A", 1, 101), Normalizing("A", 1, -1)]
)
def test_points_out_of_range_are_an_error(plugin: Points) -> None:
    wrong = plugin.in_the_end if isinstance(plugin, Normalizing) else plugin.points
    said = (
        f'applying score defaultWeights on Score plugins: plugin "A" returns an invalid score {wrong}, '
        "it should in the range of [0, 100] after normalizing"
    )
    with pytest.raises(PluginError) as error:
        ask((plugin,), WANTED, nodes("node1 node2"))
    assert str(error.value) == said


def test_an_error_before_scoring() -> None:
    with pytest.raises(PluginError, match='^running PreScore plugin "A": broken$'):
        ask((Points("A", 1, before=Status(ERROR, ("broken",))),), WANTED, nodes("node1 node2"))


def test_a_single_feasible_node_is_taken_without_scoring() -> None:
    decision = ask((Filter("F", "1"), Points("Broken", 101)), WANTED, nodes("1 2"))
    assert (decision.node, decision.scoring_skipped) == ("2", True)


def test_every_node_with_the_most_points_may_be_drawn() -> None:
    profile = Profile((Points("Numeric"), Points("Same", 1)))
    cache = cluster([*nodes("1 2"), *nodes("3")])
    twins = Profile((Indifferent(),))
    chance = random.Random(4)
    for _ in range(20):
        assert cycle.schedule(cache, profile, PodInfo(WANTED), cycle.Room(), 1, chance)[0].node == "3"
    drawn = Counter(cycle.schedule(cache, twins, PodInfo(WANTED), cycle.Room(), 1, chance)[0].node for _ in range(300))
    assert set(drawn) == {"1", "2", "3"}
    assert min(drawn.values()) > 60


# -- how many nodes are looked at --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("total", "percentage", "enough"),
    [(10, 0, 10), (10, 40, 10), (1000, 0, 420), (1000, 40, 400), (6000, 0, 300), (6000, 40, 2400)],
)
def test_how_many_feasible_nodes_are_enough(total: int, percentage: int, enough: int) -> None:
    assert nodes_to_find(total, percentage) == enough


def test_every_node_gets_its_turn() -> None:
    cache = cluster([node(f"n{place:03}") for place in range(500)])
    profile = Profile((Indifferent(),), percentage_of_nodes_to_score=30)
    room = cycle.Room()
    for turn in range(1, 2 * (500 // 150 + 1)):
        decision = cycle.schedule(cache, profile, PodInfo(WANTED), room)[0]
        assert decision.feasible_count == 150
        assert room.start == turn * 150 % 500


# -- nominated ---------------------------------------------------------------------------------------------------------

# (pod's nominated node, nodes that the filter rejects): the nodes it was asked about
NOMINATED: dict[str, tuple[str, str, str]] = {
    "it fits: no other is looked at": ("node1", "none", "node1"),
    "nobody is nominated": ("", "none", "node1 node2 node3"),
    "it does not fit any more: all are looked at": ("node1", "node1", "node1 node1 node2 node3"),
    "it does not exist any more": ("gone", "none", "node1 node2 node3"),
}


@pytest.mark.parametrize("case", NOMINATED)
def test_the_nominated_node_is_looked_at_first(case: str) -> None:
    nominated, rejected, asked = NOMINATED[case]
    plugin = Filter("F", rejected)
    wanted = pod("", "wanted", **({"nominated": nominated} if nominated else {}))
    decision = ask((plugin, Indifferent()), wanted, nodes("node1 node2 node3"))
    assert sorted(plugin.asked) == asked.split()
    assert decision.node == ("node2" if rejected == "node1" else "node1")


# A node of 2 cpu and a pod that asks for 1; (cpu of the nominated pod, its priority, the pod's priority): it fits
BESIDE: dict[str, tuple[int, int, int, bool]] = {
    "a more important one needs the room": (2, 100, 0, False),
    "an equal one needs the room": (2, 100, 100, False),
    "a less important one needs the room": (2, 0, 100, True),
    "there is room for both": (1, 100, 0, True),
}


@pytest.mark.parametrize("case", BESIDE)
def test_room_is_kept_for_nominated_pods(case: str) -> None:
    cpu, theirs, ours, fits = BESIDE[case]
    nominated = pod("", "other", cpu=cpu, priority=theirs, nominated="node1")
    decision = ask(
        (NodeResourcesFit(),), pod("", "wanted", cpu=1, priority=ours), [node("node1", cpu=2, pods=9), nominated]
    )
    assert decision.node == ("node1" if fits else None)
    assert decision.message == ("" if fits else "0/1 nodes are available: 1 Insufficient cpu.")
