"""Lesson 06: guesses are kept and judged, wrong answers are helped, every solution solves its exercise."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.course import check, compare, predict, predict_nodes, reveal_nodes, score, use
from cp_sim.course.lessons.clusters_06 import exam, jam, roles, shelves, six, two_small_one_big, workshop
from cp_sim.course.lessons.lesson_06 import LESSON
from cp_sim.course.looking import latest_decision
from cp_sim.course.manifest import pod, pods
from cp_sim.scheduler.framework import Plugin
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from tests.rooms.course.learner import run_solution, said

pytestmark = pytest.mark.usefixtures("own_progress")


def at(cluster: Cluster) -> Cluster:
    use(cluster)
    return cluster


def create(cluster: Cluster, *manifests: Any) -> None:
    cluster.apply(list(manifests))
    cluster.settle()


# -- predictions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_predictions(seed: int) -> None:
    cluster = at(workshop(seed))
    assert "nothing to compare" in repr(compare("06-points"))
    predict("06-points", 65)
    create(cluster, pod("web", "500m", "512Mi"))
    told = repr(compare("06-points"))
    assert told.startswith("✔"), f"seed {seed}: {told}"
    create(cluster, pod("sleeper", "3", "1Gi", nodeSelector={"disk": "ssd"}))
    predict("06-usage", 1)
    create(cluster, pod("hungry", "1", "1Gi"))
    assert "It was: 2. no" in repr(compare("06-usage"))


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_a_service_spreads(seed: int) -> None:
    cluster = at(two_small_one_big(seed))
    with pytest.raises(LookupError):
        LESSON.predictions[2].truth(cluster)
    create(cluster, *pods("shop", 6, "500m", "1Gi", labels={"app": "shop"}))
    assert LESSON.predictions[2].truth(cluster) == 4, f"seed {seed}"
    cluster = at(two_small_one_big(seed))
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}}
    cluster.apply({**service, "spec": {"selector": {"app": "shop"}, "ports": [{"port": 80}]}})
    create(cluster, *pods("shop", 6, "500m", "1Gi", labels={"app": "shop"}))
    assert LESSON.predictions[2].truth(cluster) == 2, f"seed {seed}"


# -- the six ---------------------------------------------------------------------------------------------------------


def test_the_six_are_helped() -> None:
    cluster = at(exam(7))
    first = said("06-six")
    assert "You have not said yet" in first
    assert "Ask yourself: Which machines does each of the six rule out?" in first
    assert "Hint" not in first
    predict_nodes("06-six", dict.fromkeys(["plain", "picture", "giant", "keeper", "dreamer", "late"], "worker-1"))
    waiting = said("06-six")
    assert "Your guess is kept, and nothing has happened yet" in waiting
    assert 'Hint: reveal_nodes("06-six")' in waiting
    create(cluster, *six(cluster))
    told = said("06-six")
    assert "of 6 are where you said" in told
    assert 'solution("06-six")' in told
    assert "exam(seed=8)" in told


@pytest.mark.parametrize("seed", range(1, 13))
def test_the_solution_of_the_six(seed: int) -> None:
    cluster = at(exam(seed))
    held = run_solution("06-six", cluster, predict_nodes=predict_nodes, reveal_nodes=reveal_nodes)
    told = said("06-six")
    assert "6 of 6 are where you said" in told, f"seed {seed}: {held['guess']} {told}"
    assert told.startswith("✔")
    assert roles(seed)["big"] == latest_decision(cluster, "giant").node


def test_the_machines_depend_on_the_seed() -> None:
    assert len({tuple(roles(seed).items()) for seed in range(8)}) > 1


# -- two that wait -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_the_solution_of_the_two_ways(seed: int) -> None:
    cluster = at(jam(seed))
    assert "heavy still waits: 0/3 nodes are available" in said("06-two-ways")
    run_solution("06-two-ways", cluster, pod=pod)
    assert said("06-two-ways").startswith("✔"), f"seed {seed}"


def test_another_way_to_help_heavy() -> None:
    cluster = at(jam())
    cluster.delete("pod/filler-1")
    cluster.settle()
    assert "picky still waits" in said("06-two-ways")


def test_ways_that_do_not_count() -> None:
    cluster = at(exam())
    assert "not the cluster of the exercise" in said("06-two-ways")
    cluster = at(jam())
    cluster.delete("pod/heavy")
    cluster.settle()
    assert "no pod called heavy" in said("06-two-ways")
    create(cluster, pod("heavy", "1", "2Gi"))
    assert "This heavy is a new pod" in said("06-two-ways")
    cluster = at(jam())
    cluster.add_node("worker-3")
    cluster.label("node/worker-2", "disk=nvme")
    cluster.settle()
    assert "worker-2 says disk=nvme now" in said("06-two-ways")
    cluster.label("node/worker-2", "disk=ssd")
    cluster.delete("pod/picky")
    cluster.settle()
    create(cluster, pod("picky", "100m", "1Gi", nodeSelector={"disk": "ssd"}))
    assert "picky asks for less" in said("06-two-ways")
    cluster.delete("pod/picky")
    cluster.settle()
    create(cluster, pod("picky", "500m", "1Gi", nodeName="worker-2"))
    assert "nodeName went around the scheduler" in said("06-two-ways")


# -- a rule about labels -----------------------------------------------------------------------------------------------


def rule(key: str, required: list[str], preferred: list[str]) -> dict[str, Any]:
    affinity: dict[str, Any] = {}
    if required:
        term = {"matchExpressions": [{"key": key, "operator": "In", "values": required}]}
        affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": [term]}
    if preferred:
        term = {"matchExpressions": [{"key": key, "operator": "In", "values": preferred}]}
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = [{"weight": 1, "preference": term}]
    return {"nodeAffinity": affinity}


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"nodeName": "worker-4"}, "You went around the scheduler"),
        ({}, "may go to worker-1, worker-2, worker-3, worker-4"),
        ({"nodeSelector": {"disk": "nvme"}}, "may go to worker-4. worker-2 cannot take"),
        ({"affinity": rule("disk", ["ssd", "nvme"], [])}, "does not say that it likes nvme better"),
        ({"affinity": rule("disk", ["ssd", "nvme"], ["ssd"])}, "does not say that it likes nvme better"),
        ({"affinity": rule("kubernetes.io/hostname", ["worker-2", "worker-4"], ["worker-4"])}, "worker-99 cannot take"),
        ({"affinity": rule("disk", ["ssd", "nvme"], ["nvme"])}, "done"),
    ],
)
def test_exactly(spec: dict[str, Any], told: str) -> None:
    cluster = at(shelves())
    assert "no pod called tidy" in said("06-exactly")
    create(cluster, pod("tidy", **spec))
    before = cluster.revision
    assert told in said("06-exactly")
    assert cluster.revision == before


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_the_solution_of_exactly(seed: int) -> None:
    run_solution("06-exactly", at(shelves(seed)))
    assert said("06-exactly").startswith("✔"), f"seed {seed}"


# -- a plugin ----------------------------------------------------------------------------------------------------------


class Shy(Plugin):
    """Cuts off every node."""

    name = "Shy"

    def filter_node(self, pod: dict[str, Any], node: dict[str, Any]) -> str | None:
        return "node(s) are shy"


class Kind(Plugin):
    """Cuts off nobody."""

    name = "Kind"

    def filter_node(self, pod: dict[str, Any], node: dict[str, Any]) -> str | None:
        return None


@pytest.mark.parametrize(("plugin", "told"), [(Shy, "cut off"), (Kind, "Kind let it in")])
def test_plugins_that_do_something_else(plugin: Any, told: str) -> None:
    assert "none of yours" in said("06-plugin", Cluster(workers=2, seed=7))
    cluster = at(Cluster(workers=2, seed=7, scheduler_profiles=(*DEFAULT_PLUGINS, plugin())))
    assert told in said("06-plugin")
    assert not cluster.get("pods")


def test_the_solution_of_the_plugin() -> None:
    held = run_solution("06-plugin", at(workshop()), Plugin=Plugin, DEFAULT_PLUGINS=DEFAULT_PLUGINS)
    told = repr(check("06-plugin", held["cluster"]))
    assert told.startswith("✔"), told
    assert '"node(s) rest today"' in told


def test_the_score_names_the_guesses() -> None:
    at(workshop())
    predict_nodes("06-first", {"web": "worker-2"})
    told = repr(score("06-scheduler"))
    assert "06-first: guessed nodes kept" in told
    assert told.count("06-six") == 1
