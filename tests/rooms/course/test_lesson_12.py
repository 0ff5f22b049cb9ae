"""Lesson 12: wrong answers are helped, every solution solves its exercise, predictions are read off the members."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.course import compare, predict
from cp_sim.course.lessons.checks_12 import CASES, NOBODY, case_text, cases, form, side_that_commits
from cp_sim.course.lessons.lesson_12 import write
from cp_sim.course.looking import running_on
from cp_sim.views.quorum import group_of
from tests.rooms.course.learner import cluster_of, kubectl, run_solution, said

pytestmark = pytest.mark.usefixtures("own_progress")


def members_of(count: int, seed: int = 7, **options: Any) -> Cluster:
    return cluster_of(seed, **{"etcd": "external", "etcd_members": count, "workers": 1, **options})


def crash(cluster: Cluster, *numbers: int) -> None:
    for number in numbers:
        cluster.crash(f"etcd-{number}")
    cluster.run("5s")


def test_the_survivor() -> None:
    cluster = members_of(3)
    assert "this exercise is about five" in said("12-survivor")
    cluster = members_of(5)
    assert "0 of 5 members are gone" in said("12-survivor")
    crash(cluster, 1)
    write(cluster, "survivor")
    assert "with 1 of five members gone. It can bear more" in said("12-survivor")
    cluster = members_of(5)
    crash(cluster, 1, 2, 3)
    assert "survivor: 500" in write(cluster, "survivor")
    assert "3 of 5 members are gone, and no config map survivor was stored" in said("12-survivor")


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_the_solution_of_the_survivor(seed: int) -> None:
    cluster = members_of(5, seed)
    run_solution("12-survivor", cluster, write=write)
    assert "with 2 of five members gone" in said("12-survivor"), f"seed {seed}"


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_the_sides_of_any_seed(seed: int) -> None:
    cluster = members_of(3, seed)
    asked, choices = form(cluster)
    right = {letter: side_that_commits(case) for letter, case in cases(cluster).items()}
    assert set(right) == set(asked) == set("ABCD")
    assert set(right.values()) <= set(choices)
    assert "wants an answer for each letter" in said("12-sides")
    wrong = {**right, "B": NOBODY if right["B"] != NOBODY else "1 2"}
    told = said("12-sides", wrong)
    assert "3 of 4 are right. Look at B again" in told
    assert "How many are more than half of" in told
    assert "half is not enough" in said("12-sides", wrong)
    assert "All four are right" in said("12-sides", right), f"seed {seed}"


@pytest.mark.parametrize("case", CASES, ids=case_text)
def test_the_members_do_what_the_answer_says(case: Any) -> None:
    count, sides, crashed = case
    cluster = members_of(count, components=("etcd", "apiserver"))
    for number in crashed:
        cluster.crash(f"etcd-{number}")
    for place, side in enumerate(sides):
        for other in sides[place + 1 :]:
            cluster.partition([f"etcd-{one}" for one in side], [f"etcd-{one}" for one in other])
    cluster.run("20s")
    known = group_of(cluster)
    assert known is not None
    leads = known.leader
    able = NOBODY
    if leads is not None:
        able = next(" ".join(map(str, side)) for side in sides if int(leads.name[-1]) in side)
    assert able == side_that_commits(case)


STORY = "> members s1 s2 s3\n> s1 stands for election\n"
CUT = STORY + "> cut s1 from s2 s3\n> a client writes x at s1\n> s2 stands for election\n> 20 ticks pass\n"


def test_a_write_that_is_thrown_away() -> None:
    cluster = members_of(3)
    assert "wants the text of a story" in said("12-thrown-away")
    assert "Line 1 cannot be played" in said("12-thrown-away", "> everybody dances")
    assert "nobody writes" in said("12-thrown-away", STORY)
    assert "is there at the end: x" in said("12-thrown-away", STORY + "> a client writes x at s1\n")
    assert "do not agree: s1 has x, s2 has nothing" in said("12-thrown-away", CUT)
    assert "not all members run" in said("12-thrown-away", CUT + "> s1 crashes\n")
    run_solution("12-thrown-away", cluster)
    assert "x stood in a leader's log and is gone" in said(
        "12-thrown-away", run_solution("12-thrown-away", cluster)["story"]
    )


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_predictions_about_the_leader_and_the_pods(seed: int) -> None:
    cluster = members_of(3, seed)
    for name in ("12-leader", "12-pods", "12-side", "12-four"):
        predict(name, 2)
        assert "nothing to compare" in repr(compare(name)), name
    kubectl("create deployment web --image=nginx --replicas=2")
    cluster.crash(cluster.etcd_leader)
    cluster.run("10s")
    assert repr(compare("12-leader")).startswith("✔"), f"seed {seed}"
    cluster.crash(cluster.etcd_leader)
    assert "let more time pass" in repr(compare("12-pods"))
    cluster.run("5m")
    assert len(running_on(cluster, "worker-1")) == 2
    assert repr(compare("12-pods")).startswith("✔"), f"seed {seed}"


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_predictions_about_sides(seed: int) -> None:
    cluster = members_of(5, seed)
    leader = cluster.etcd_leader
    friend, *others = [name for name in cluster.members if name != leader]
    predict("12-side", 2)
    cluster.partition([leader, friend], others)
    cluster.run("10s")
    assert repr(compare("12-side")).startswith("✔"), f"seed {seed}"
    four = members_of(4, seed)
    predict("12-four", 2)
    crash(four, 1, 2)
    assert repr(compare("12-four", four)).startswith("✔"), f"seed {seed}"


def test_the_fate_of_x() -> None:
    members_of(3)
    predict("12-figure-8", 1)
    assert "It was: 2. no: it may still be replaced" in repr(compare("12-figure-8"))
