"""No pod is ever lost by the scheduler, whatever happens in whatever order, and nobody waits for ever who fits."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from cp_sim.scheduler import Scheduler
from cp_sim.scheduler.queue.queueing import Change
from cp_sim.scheduler.queue.scheduling_queue import QueuedPod, SchedulingQueue

sys.path.insert(0, str(Path(__file__).parent))
from scheduler_story import KINDS, NODES, PODS, Story, play

PODS_ = st.sampled_from(PODS)
NODES_ = st.sampled_from(NODES)
ZONES = st.sampled_from(("a", "b"))
STEP = st.one_of(
    st.tuples(st.just("create"), PODS_, st.sampled_from(sorted(KINDS))),
    st.tuples(st.just("create"), PODS_, st.sampled_from(sorted(KINDS))),
    st.tuples(st.just("delete"), PODS_),
    st.tuples(st.just("ungate"), PODS_),
    st.tuples(st.just("tolerate"), PODS_),
    st.tuples(st.just("relabel"), PODS_, st.sampled_from(("web", "db"))),
    st.tuples(st.just("bind"), PODS_, NODES_),
    st.tuples(st.just("add_node"), NODES_, st.sampled_from((2, 4)), ZONES),
    st.tuples(st.just("remove_node"), NODES_),
    st.tuples(st.just("taint"), NODES_, st.booleans()),
    st.tuples(st.just("cordon"), NODES_, st.booleans()),
    st.tuples(st.just("zone"), NODES_, ZONES),
    st.tuples(st.just("fail"), PODS_, st.booleans()),
    st.tuples(st.just("restart")),
    st.tuples(st.just("time"), st.sampled_from((1, 2, 3, 10, 700, 3_000, 40_000))),
)


TWO_NODES = [("add_node", "n1", 4, "a"), ("add_node", "n2", 4, "b"), ("time", 10)]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(STEP, min_size=5, max_size=40), st.integers(0, 3))
def test_no_pod_is_lost_and_nobody_waits_who_fits(steps: list[tuple[Any, ...]], seed: int) -> None:
    note(f"seed {seed}")
    play([*TWO_NODES, *steps], Story(seed))


# -- stories that are told on purpose, and schedulers with a mistake -------------------------------------------------

WAITS_FOR_A_TAINT = [
    ("add_node", "n1", 4, "a"),
    ("taint", "n1", True),
    ("time", 10),
    ("create", "a", "small"),
    ("time", 10),
    ("taint", "n1", False),
]
WAITS_FOR_ROOM = [
    ("add_node", "n1", 4, "a"),
    ("time", 10),
    ("create", "a", "large"),
    ("time", 10),
    ("create", "b", "large"),
    ("time", 10),
    ("delete", "a"),
]
CONFLICT = [
    ("add_node", "n1", 2, "a"),
    ("add_node", "n2", 4, "a"),
    ("time", 10),
    ("create", "a", "large"),
    ("bind", "a", "n1"),
    ("time", 1),
    ("time", 1),
    ("time", 1),
    ("time", 1),
]
FAILS = [("add_node", "n1", 4, "a"), ("fail", "a", True), ("create", "a", "small"), ("time", 3_000)]
PUSHES_OUT = [
    ("add_node", "n1", 4, "a"),
    ("time", 10),
    ("create", "a", "large"),
    ("create", "b", "small"),
    ("time", 10),
    ("create", "c", "vip"),
    ("time", 3),
    ("create", "d", "small"),
    ("time", 700),
]
GATE = [("add_node", "n1", 4, "a"), ("create", "a", "gated"), ("time", 10), ("ungate", "a")]
RESTART = [("add_node", "n1", 4, "a"), ("create", "a", "small"), ("time", 2), ("restart",), ("time", 1)]
VANISHES = [("add_node", "n1", 4, "a"), ("create", "a", "zoned"), ("time", 10), ("delete", "a"), ("time", 10)]
STORIES = {
    "taint": WAITS_FOR_A_TAINT,
    "room": WAITS_FOR_ROOM,
    "conflict": CONFLICT,
    "error": FAILS,
    "preemption": PUSHES_OUT,
    "gate": GATE,
    "restart": RESTART,
    "vanishes": VANISHES,
}


@pytest.mark.parametrize("steps", STORIES.values(), ids=list(STORIES))
def test_stories_that_end_well(steps: list[tuple[Any, ...]]) -> None:
    play(steps, Story())


class Deaf(SchedulingQueue):
    """Hears of no change, and never looks for those who have waited for long."""

    def move(self, change: Change, cause: int | None = None, but_not: str = "", up_to: int = 2**63) -> int:
        return 0

    def flush_waiting(self) -> None:
        pass


class Forgetful(SchedulingQueue):
    """Does not put back whose attempt ended with an error."""

    def failed_with_error(self, one: QueuedPod) -> None:
        self.pods.pop(one.pod.uid, None)


class Jealous(SchedulingQueue):
    """Never lets go of a pod that it holds back."""

    def release(self, uid: str) -> None:
        pass


class Hoarding(SchedulingQueue):
    """Keeps pods that are gone."""

    def remove(self, uid: str) -> None:
        pass


def with_queue(kind: type[SchedulingQueue]) -> type[Scheduler]:
    """A scheduler whose queue makes that mistake."""

    class Wrong(Scheduler):
        def started(self) -> None:
            super().started()
            self.queue.__class__ = kind

    return Wrong


class DoubleMinded(Scheduler):
    """Leaves a pod in the queue that it has given a node."""

    def started(self) -> None:
        super().started()
        self.queue.__class__ = type("Keeping", (SchedulingQueue,), {"placed": lambda self, uid: None})


MISTAKES = [
    (with_queue(Deaf), WAITS_FOR_A_TAINT),
    (with_queue(Deaf), WAITS_FOR_ROOM),
    (with_queue(Forgetful), FAILS),
    (with_queue(Jealous), PUSHES_OUT),
    (with_queue(Hoarding), VANISHES),
    (DoubleMinded, RESTART),
]


@pytest.mark.parametrize(("make", "steps"), MISTAKES)
def test_a_scheduler_with_a_mistake_is_caught(make: type[Scheduler], steps: list[tuple[Any, ...]]) -> None:
    with pytest.raises(AssertionError):
        play(steps, Story(make=make))
