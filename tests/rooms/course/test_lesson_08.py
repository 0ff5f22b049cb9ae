"""Lesson 08: predictions come true, wrong answers are helped, every solution solves its exercise."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.course import compare, predict, use
from cp_sim.course.lessons.clusters_08 import (
    apart,
    deployment,
    full_house,
    guarded,
    priority_class,
    report,
    rescue,
    spread,
    stuck,
    three,
    tonight,
    zones,
)
from cp_sim.course.lessons.lesson_08 import LESSON, first_preemption
from cp_sim.course.manifest import pod
from cp_sim.objects import meta
from tests.rooms.course.learner import run_solution, said

pytestmark = pytest.mark.usefixtures("own_progress")

SEEDS = [1, 7, 23]


def at(cluster: Cluster) -> Cluster:
    use(cluster)
    return cluster


def web(number: int) -> dict[str, Any]:
    return pod(f"web-{number}", "500m", "512Mi", labels={"app": "web"}, topologySpreadConstraints=spread("web"))


# -- predictions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_six_go_round_the_zones_and_the_ninth_waits(seed: int) -> None:
    cluster = at(zones(seed))
    question = LESSON.node_questions[0]
    cluster.apply(question.pods(cluster))
    cluster.settle()
    places = [meta.node_name(one) for one in cluster.get("pods")]
    assert places == ["worker-1", "worker-3", "worker-4"] * 2, f"seed {seed}"
    cluster.cordon("worker-4")
    cluster.apply([web(7), web(8)])
    cluster.settle()
    predict("08-ninth", 2)
    cluster.apply(web(9))
    cluster.settle()
    assert repr(compare("08-ninth")).startswith("✔"), f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_update_does_not_move(seed: int) -> None:
    cluster = at(three(seed))
    cluster.apply(deployment("shop", 3, "500m", affinity=apart("shop")))
    cluster.settle()
    with pytest.raises(LookupError):
        LESSON.predictions[1].truth(cluster)
    predict("08-update", 3)
    cluster.apply(deployment("shop", 3, "600m", affinity=apart("shop")))
    cluster.run("60s")
    assert repr(compare("08-update")).startswith("✔"), f"seed {seed}"


@pytest.mark.parametrize("seed", SEEDS)
def test_room_is_made_on_worker_1(seed: int) -> None:
    cluster = at(full_house(seed))
    with pytest.raises(LookupError, match="nobody had to give way"):
        first_preemption(cluster, "rescue")
    predict("08-rescue", 1)
    cluster.apply(rescue())
    cluster.run("2s")
    assert repr(compare("08-rescue")).startswith("✔"), f"seed {seed}"
    waiting = cluster.get("pod/rescue")
    assert (meta.node_name(waiting), waiting["status"]["nominatedNodeName"]) == ("", "worker-1")
    assert meta.is_deleting(cluster.get("pod/batch-1"))
    cluster.run("8s")
    assert meta.node_name(cluster.get("pod/rescue")) == "worker-1"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_budget_is_no_shield(seed: int) -> None:
    cluster = at(guarded(seed))
    predict("08-budget", 2)
    cluster.apply(rescue("2"))
    cluster.settle()
    assert repr(compare("08-budget")).startswith("✔"), f"seed {seed}"
    broken = [one.pdb_violations for one in first_preemption(cluster, "rescue").preemption.candidates]
    assert broken == [1, 1, 1]


# -- six over three zones ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_solution_of_the_six(seed: int) -> None:
    cluster = at(zones(seed))
    assert "There is no Deployment called web" in said("08-six")
    run_solution("08-six", cluster)
    told = said("08-six")
    assert told.startswith("✔"), f"seed {seed}: {told}"
    assert "By zone: a: 2, b: 2, c: 2." in told


def test_sixes_that_do_not_count() -> None:
    cluster = at(zones())
    cluster.apply(deployment("web", 6, "500m"))
    cluster.settle()
    assert "have no rule about zones" in said("08-six")
    cluster.apply(deployment("web", 6, "500m", topologySpreadConstraints=spread("web", "ScheduleAnyway")))
    cluster.settle()
    assert "maxSkew 1, ScheduleAnyway" in said("08-six")
    cluster.apply(deployment("web", 6, "500m", topologySpreadConstraints=spread("wbe")))
    cluster.settle()
    told = said("08-six")
    assert "By zone: " in told
    assert "Hint: The labelSelector of the rule has to select" in told
    cluster.apply(deployment("web", 5, "500m", topologySpreadConstraints=spread("web")))
    cluster.settle()
    assert "web wants 5 pods" in said("08-six")


# -- the update ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_solution_of_the_update(seed: int) -> None:
    cluster = at(stuck(seed))
    assert "1 of 3 are new, 3 are ready" in said("08-stuck")
    run_solution("08-stuck", cluster, deployment=deployment, apart=apart)
    assert said("08-stuck").startswith("✔"), f"seed {seed}"


def test_a_machine_more_helps_the_update_too() -> None:
    cluster = at(stuck())
    cluster.add_node("worker-4")
    cluster.settle()
    assert said("08-stuck").startswith("✔")


def test_ways_out_that_do_not_count() -> None:
    cluster = at(stuck())
    cluster.apply(deployment("shop", 3, "500m", affinity=apart("shop")))
    cluster.settle()
    assert "the update was to go on, not to be taken back" in said("08-stuck")
    cluster.apply(deployment("shop", 2, "600m", affinity=apart("shop")))
    cluster.settle()
    assert "shop has 2 replicas" in said("08-stuck")
    cluster = at(stuck())
    cluster.delete("deployment/shop")
    cluster.settle()
    assert "There is no Deployment called shop" in said("08-stuck")
    cluster.apply(deployment("shop", 3, "600m"))
    cluster.settle()
    assert "may share a machine now" in said("08-stuck")


# -- tonight ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_solution_of_tonight(seed: int) -> None:
    cluster = at(tonight(seed))
    told = said("08-tonight")
    assert "had to give way to report" in told
    revision = cluster.revision
    run_solution("08-tonight", cluster, priority_class=priority_class)
    told = said("08-tonight")
    assert told.startswith("✔"), f"seed {seed}: {told}"
    assert "report waits" in told
    assert cluster.revision == revision + 2, "the check changes a copy only"


def test_other_ways_through_the_night() -> None:
    cluster = at(tonight())
    cluster.add_node("worker-4")
    cluster.settle()
    assert "report goes to worker-4" in said("08-tonight")
    cluster = at(tonight())
    cluster.apply(priority_class("vital", 900))
    cluster.apply(deployment("shop", 3, "2500m", {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
                             priorityClassName="vital", affinity=apart("shop")))  # fmt: skip
    cluster.settle()
    assert said("08-tonight").startswith("✔")


def test_nights_that_do_not_count() -> None:
    cluster = at(tonight())
    cluster.delete("priorityclass/reports")
    assert "The pod report is refused" in said("08-tonight")
    cluster.scale("deployment/shop", 2)
    cluster.settle()
    assert "shop has to go on with its three pods" in said("08-tonight")
    cluster = at(tonight())
    cluster.apply(report())
    cluster.settle()
    assert "Only 2 pods of shop have a node" in said("08-tonight")


# -- what if ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_the_solution_of_what_if(seed: int) -> None:
    cluster = at(full_house(seed))
    assert "Say the name of the pod" in said("08-what-if")
    assert "With 2 CPUs, batch-1 would not be the one" in said("08-what-if", "batch-1")
    revision = cluster.revision
    run_solution("08-what-if", cluster, rescue=rescue, show=repr)
    assert said("08-what-if", "filler").startswith("✔"), f"seed {seed}"
    assert cluster.revision == revision
    cluster.apply(rescue("2"))
    cluster.settle()
    assert "not the full house any more" in said("08-what-if", "filler")
    cluster = at(full_house(seed))
    cluster.apply(rescue("1"))
    cluster.settle()
    assert "what would happen *if*" in said("08-what-if", "filler")
