"""Lesson 13: wrong answers are helped, every solution solves its exercise, predictions are read off the cluster."""

from __future__ import annotations

import pytest

from cp_sim.course import compare, predict, use
from cp_sim.course.lessons.lesson_13 import form, times
from tests.rooms.course.learner import cluster_of, kubectl, run_solution, said

pytestmark = pytest.mark.usefixtures("own_progress")


def test_a_gentle_script() -> None:
    cluster_of(control_planes=3, workers=1)
    assert "wants the text of a fault script" in said("13-script")
    assert "The script cannot be read: line 1" in said("13-script", "crash everybody")
    assert "two minutes are enough" in said("13-script", "at 5m crash control plane 1")
    assert "control-plane-2 and control-plane-3 never crashed" in said("13-script", "at 1s crash control plane 1")
    harsh = "\n".join(f"at {5 + number}s crash control plane {number}" for number in (1, 2, 3))
    told = said("13-script", harsh + "\nat 20s mend everything")
    assert "all three crashed, but from" in told
    assert "Hint: Never let two machines be away at once" in told
    assert 'solution("13-script")' in said("13-script", "at 1s heal")


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_the_solution_of_the_script(seed: int) -> None:
    cluster = cluster_of(seed, control_planes=3, workers=1)
    script = run_solution("13-script", cluster)["script"]
    told = said("13-script", script)
    assert "none was lost" in told, f"seed {seed}: {told}"


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_the_gap_is_explained(seed: int) -> None:
    ha = cluster_of(seed, control_planes=3)
    asked, choices = form(ha)
    assert "wants a time for each letter" in said("13-fifteen")
    assert "there is no pod called late yet" in said("13-fifteen", dict.fromkeys("ABCD", "2 s"))
    predict("13-gap", 1)
    assert "nothing to compare" in repr(compare("13-gap"))
    ha.run("10s")
    ha.crash(ha.leader_of("kube-scheduler"))
    kubectl("run late --image=nginx")
    assert "has no node yet" in repr(compare("13-gap"))
    ha.run("30s")
    assert "It was: 3. after 10 to 20 seconds" in repr(compare("13-gap")), f"seed {seed}"
    right = times(ha)
    assert right == {"A": "15 s", "B": "10 s", "C": "2 s", "D": "13 to 20 s"}, f"seed {seed}"
    assert set(right.values()) <= set(choices)
    assert set(right) == set(asked)
    assert "Look at A again" in said("13-fifteen", {**right, "A": "40 s"})
    assert "3 of 4 are right. Look at D again" in said("13-fifteen", {**right, "D": "2 s"})
    assert "All four are right" in said("13-fifteen", right)


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_the_lead_is_moved(seed: int) -> None:
    cluster_of(seed)
    assert "This cluster has one control plane" in said("13-lead")
    cluster = cluster_of(seed, control_planes=3)
    leader = cluster.leader_of("kube-scheduler")
    if leader != "kube-scheduler-control-plane-3":
        assert f"The Lease is held by {leader}" in said("13-lead")
    for number in (1, 2):
        cluster.crash(f"scheduler@control-plane-{number}")
    cluster.run("30s")
    assert "do not run" in said("13-lead")
    cluster = cluster_of(seed, control_planes=3)
    run_solution("13-lead", cluster)
    assert "leads, and all three run" in said("13-lead"), f"seed {seed}"


def test_predictions() -> None:
    cluster = cluster_of(control_planes=3)
    predict("13-three", 1)
    assert "nothing to compare" in repr(compare("13-three"))
    assert "nothing to compare" in repr(compare("13-backup"))
    kubectl("create deployment web --image=nginx --replicas=30")
    assert repr(compare("13-three")).startswith("✔")
    kubectl("delete deployment web")
    cluster.run("5s")
    assert "It was: 3." in repr(compare("13-backup"))
    use()
