"""What a decision tells afterwards, and how the cycle walks through many nodes."""

from __future__ import annotations

import copy
import random

import pytest

from cp_sim.scheduler import cycle
from cp_sim.scheduler.evidence import Evidence
from cp_sim.scheduler.filtering import nodes_to_find
from cp_sim.scheduler.framework import Plugin, PluginError
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS, default_profile
from cp_sim.scheduler.pod_info import PodInfo
from tests.rooms.scheduler.cluster_parts import Object, cluster, decide, node, pod

CONTROL_PLANE = node("cp", taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}])


def test_the_sentence_of_an_unschedulable_pod() -> None:
    decision = decide(pod(cpu="5"), CONTROL_PLANE, node("n1"), node("n2"), node("n3"))
    assert decision.message == (
        "0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 Insufficient cpu. no new claims to deallocate, "
        "preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling."
    )


def test_no_nodes_at_all() -> None:
    assert decide(pod()).message == "no nodes available to schedule pods"


def test_why_not() -> None:
    there = pod("there", cpu="3", on="n2")
    decision = decide(pod("web", cpu="500m"), CONTROL_PLANE, node("n1"), node("n2"), there)
    assert decision.node == "n1"
    assert decision.why_not("cp") == (
        "cp cannot take default/web: TaintToleration rejected it: "
        "taint node-role.kubernetes.io/control-plane:NoSchedule is not tolerated."
    )
    assert "passes every filter but has" in decision.why_not("n2")
    assert decision.why_not("n1") == "default/web is on n1."
    assert decision.why_not("n9") == "There was no node n9 when default/web was tried."


def test_totals_are_the_weighted_scores() -> None:
    decision = decide(pod(cpu="1"), node("n1"), node("n2", cpu="8"))
    scores, weights = decision.scores(), decision.weights
    for name, total in decision.totals().items():
        assert total == sum(weights[plugin] * scores[plugin][name] for plugin in scores)
    assert weights["TaintToleration"] == 3
    assert decision.node == max(decision.totals(), key=decision.totals().__getitem__)


def test_a_tie_goes_to_the_smallest_name_or_is_drawn() -> None:
    nodes = [node(name) for name in ("b", "a", "c")]
    assert decide(pod(), *nodes).node == "a"
    drawn = [decide(pod(), *nodes, chance=random.Random(seed)) for seed in range(20)]
    assert {one.node for one in drawn} == {"a", "b", "c"}
    for one in drawn:
        assert one.draw is not None
        assert one.draw.among[one.draw.index] == one.node
        assert one.best == ("a", "b", "c")


def test_the_whole_story_as_text() -> None:
    text = decide(pod("web", cpu="5"), CONTROL_PLANE, node("n1")).describe()
    assert "n1: NodeResourcesFit: needs 5 cpu, 4 free of 4" in text
    assert "cp: TaintToleration: taint node-role.kubernetes.io/control-plane:NoSchedule is not tolerated" in text


def test_equal_rejections_are_grouped() -> None:
    groups = decide(pod(cpu="5"), CONTROL_PLANE, node("n1"), node("n2")).groups()
    assert [(one.plugin, one.nodes) for one in groups] == [
        ("TaintToleration", ("cp",)),
        ("NodeResourcesFit", ("n1", "n2")),
    ]


# numFeasibleNodesToFind in pkg/scheduler/schedule_one.go, its table in schedule_one_test.go.
@pytest.mark.parametrize(
    ("total", "percentage", "wanted"),
    [(10, 0, 10), (99, 40, 99), (1000, 0, 420), (1000, 40, 400), (6000, 0, 300), (6000, 40, 2400), (150, 5, 100)],
)
def test_how_many_feasible_nodes_are_enough(total: int, percentage: int, wanted: int) -> None:
    assert nodes_to_find(total, percentage) == wanted


def test_large_clusters_are_looked_at_in_turns() -> None:
    cache = cluster(*(node(f"n{place:03}") for place in range(300)))
    room, profile = cycle.Room(), default_profile()
    first, _ = cycle.schedule(cache, profile, PodInfo(pod("a")), room)
    second, _ = cycle.schedule(cache, profile, PodInfo(pod("b")), room)
    wanted = nodes_to_find(300, 0)
    assert len(first.considered) == len(second.considered) == wanted
    assert second.considered[0] == f"n{wanted:03}"
    assert second.considered[-1] == f"n{(2 * wanted - 1) % 300:03}"
    assert "was not looked at" in first.why_not("n299")


def test_with_few_feasible_nodes_all_are_looked_at() -> None:
    nodes = [node(f"n{place:03}", unschedulable=place % 10 > 0) for place in range(300)]
    decision = decide(pod(), *nodes)
    assert len(decision.considered) == 300
    assert decision.feasible_count == 30


@pytest.mark.parametrize("seed", range(6))
def test_the_walk_ends_exactly_where_enough_feasible_nodes_are_found(seed: int) -> None:
    chance = random.Random(seed)
    cordoned = [chance.random() < chance.choice([0.1, 0.6, 0.9]) for _ in range(700)]
    cache = cluster(*(node(f"n{place:03}", unschedulable=cordoned[place]) for place in range(700)))
    room, profile, start = cycle.Room(), default_profile(), 0
    for number in range(4):
        decision, _ = cycle.schedule(cache, profile, PodInfo(pod(f"p{number}")), room)
        walked, found = [], 0
        for step in range(700):
            if found == nodes_to_find(700, 0):
                break
            place = (start + step) % 700
            walked.append(f"n{place:03}")
            found += not cordoned[place]
        assert list(decision.considered) == walked, f"seed {seed}"
        assert decision.feasible_count == found
        start = (start + len(walked)) % 700


def test_old_decisions_let_go_of_their_numbers_but_not_of_the_outcome() -> None:
    evidence = Evidence(budget_bytes=1_000)
    decisions = [decide(pod(f"p{place}", cpu="1"), node("n1"), node("n2")) for place in range(10)]
    for one in decisions:
        evidence.keep(one)
    assert [one.detailed for one in decisions[:-2]] == [False] * 8
    assert decisions[-1].detailed
    assert evidence.held_bytes <= 1_000
    assert decisions[0].node == "n1"
    assert decisions[0].best == ("n1",)
    assert decisions[0].scores() == {}
    assert "not kept any more" in decisions[0].describe()


def test_a_decision_is_shared_by_copies() -> None:
    decision = decide(pod(), node("n1"))
    assert copy.deepcopy(decision) is decision


class OnlyOdd(Plugin):
    name = "OnlyOdd"

    def filter_node(self, pod: Object, node: Object) -> str | None:
        return None if int(node["metadata"]["name"][1:]) % 2 else "node(s) have an even number"

    def score_node(self, pod: Object, node: Object) -> int:
        return 100 if node["metadata"]["name"] == "n3" else 0


def test_a_learner_adds_a_plugin() -> None:
    profile = default_profile((*DEFAULT_PLUGINS, OnlyOdd()))
    decision = decide(pod(), *(node(f"n{place}") for place in range(1, 5)), profile=profile)
    assert decision.feasible == ("n1", "n3")
    assert decision.node == "n3"
    assert decision.why_not("n2").endswith("OnlyOdd rejected it: node(s) have an even number.")
    assert decision.scores()["OnlyOdd"] == {"n1": 0, "n3": 100}


def test_a_score_out_of_range_is_an_error() -> None:
    class TooMuch(Plugin):
        name = "TooMuch"

        def score_node(self, pod: Object, node: Object) -> int:
            return 101

    with pytest.raises(PluginError, match='"TooMuch" returns an invalid score 101'):
        decide(pod(), node("n1"), node("n2"), profile=default_profile((*DEFAULT_PLUGINS, TooMuch())))


def test_preemption_takes_the_fewest_and_least_important() -> None:
    objects = [node("n1", cpu="2"), node("n2", cpu="2")]
    objects += [pod("low", cpu="1", on="n1", priority=1), pod("mid", cpu="1", on="n1", priority=5)]
    objects += [pod("low2", cpu="2", on="n2", priority=2)]
    decision = decide(pod("big", cpu="1", priority=10), *objects)
    assert decision.preemption is not None
    assert (decision.preemption.nominated, decision.preemption.victims) == ("n1", ("default/low",))
    first = decision.preemption.candidates[0]
    assert first.reprieved == ("default/mid",)
    assert decision.preemption.rule == "lowest highest priority of a victim"
    assert decision.message == "0/2 nodes are available: 2 Insufficient cpu."


def test_trying_a_preemption_leaves_everything_as_it_was() -> None:
    cache = cluster(node("n1", cpu="2"), pod("low", cpu="2", on="n1", priority=1))
    before = {name: cache.table.columns[name].tolist() for name in cache.table.columns.names()}
    cycle.schedule(cache, default_profile(), PodInfo(pod("big", cpu="1", priority=10)), cycle.Room())
    assert {name: cache.table.columns[name].tolist() for name in before} == before
