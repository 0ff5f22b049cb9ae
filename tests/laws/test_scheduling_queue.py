"""No pod is ever lost by the scheduling queue, whatever happens in whatever order."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cp_sim.scheduler.plugins import default_profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.preempting import HELD
from cp_sim.scheduler.queue.queueing import Change
from cp_sim.scheduler.queue.scheduling_queue import (
    ACTIVE,
    BACKOFF,
    GATED,
    IN_FLIGHT,
    WAITING,
    QueuedPod,
    SchedulingQueue,
)
from cp_sim.sim import Clock

PROFILE = default_profile()
NAMES = ("a", "b", "c", "d")
PLUGINS = ("NodeResourcesFit", "TaintToleration", "NodeAffinity", "InterPodAffinity", "PodTopologySpread")
NODE: dict[str, Any] = {"metadata": {"name": "n"}, "spec": {}, "status": {"allocatable": {"cpu": "4"}}}
POD: dict[str, Any] = {"metadata": {"name": "x"}, "spec": {"nodeName": "n"}}
CHANGES = (
    Change("nodes/add", None, NODE),
    Change("nodes/update-taint", NODE, NODE),
    Change("nodes/update-label", NODE, NODE),
    Change("pods/add", None, POD),
    Change("pods/delete", POD, None),
)


def pod(name: str, gated: bool = False, priority: int = 0) -> PodInfo:
    spec: dict[str, Any] = {"containers": [], "priority": priority}
    if gated:
        spec["schedulingGates"] = [{"name": "wait"}]
    return PodInfo({"metadata": {"name": name, "namespace": "default"}, "spec": spec})


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(NAMES), st.booleans(), st.integers(0, 3)),
        st.tuples(st.just("update"), st.sampled_from(NAMES), st.booleans(), st.integers(0, 3)),
        st.tuples(st.just("remove"), st.sampled_from(NAMES)),
        st.tuples(st.just("pop")),
        st.tuples(st.just("fail"), st.lists(st.sampled_from(PLUGINS), unique=True, max_size=3), st.booleans()),
        st.tuples(st.just("activate"), st.sampled_from(NAMES)),
        st.tuples(st.just("hold"), st.sampled_from(NAMES)),
        st.tuples(st.just("release"), st.sampled_from(NAMES)),
        st.tuples(st.just("error")),
        st.tuples(st.just("place")),
        st.tuples(st.just("move"), st.sampled_from(CHANGES)),
        st.tuples(st.just("time"), st.integers(0, 400_000)),
    ),
    max_size=60,
)


def check(queue: SchedulingQueue, expected: set[str], flying: QueuedPod | None) -> None:
    """Every pod that should be pending is in exactly one place, and can get out of it."""
    assert {one.pod.name for one in queue.pods.values()} == expected
    for one in queue.pods.values():
        assert one.place in (ACTIVE, BACKOFF, WAITING, GATED, IN_FLIGHT)
        assert (one.place == IN_FLIGHT) == (one is flying)
        assert (one.place == GATED) <= (one.gate is not None)
    assert len(queue.in_flight) == (flying is not None)
    assert queue.in_flight.noted == 0 or flying is not None, "what nobody has to know is forgotten"
    assert queue.anybody_waits == bool(queue.listed(WAITING))
    assert queue.ready >= bool(queue.listed(ACTIVE))
    listed = [one.pod.name for place in (ACTIVE, BACKOFF, WAITING, GATED) for one in queue.listed(place)]
    assert len(listed) == len(set(listed))


NAMED = ("add", "update", "remove", "activate", "hold", "release")


def live(steps: list[tuple[Any, ...]], queue: SchedulingQueue) -> None:
    """Play the steps against the queue and a set of names."""
    expected: set[str] = set()
    flying: QueuedPod | None = None
    for step in steps:
        kind = step[0]
        name = f"default/{step[1]}" if kind in NAMED else ""
        if kind == "add" and name not in queue:
            queue.add(pod(*step[1:]), PROFILE)
            expected.add(step[1])
        elif kind == "update" and name in queue:
            queue.update(pod(*step[1:]))
        elif kind == "remove":
            queue.remove(name)
            expected.discard(step[1])
            if flying is not None and flying.pod.name == step[1]:
                flying = None
        elif kind == "pop" and flying is None:
            flying = queue.pop()
        elif kind in ("fail", "error", "place") and flying is not None:
            if kind == "fail":
                names = tuple(step[1])
                queue.failed(flying, *((), names) if step[2] else (names, ()))
            elif kind == "error":
                queue.failed_with_error(flying)
            else:
                queue.placed(flying.pod.uid)
                queue.done(flying.pod.uid)
                expected.discard(flying.pod.name)
            flying = None
        elif kind == "activate":
            queue.activate(name)
        elif kind == "hold":
            queue.hold(name, HELD)
        elif kind == "release":
            queue.release(name)
        elif kind == "move":
            queue.move(step[1])
        elif kind == "time":
            queue.clock.now_ms += step[1]
            queue.flush_backoff()
            queue.flush_waiting()
        check(queue, expected, flying)
    drain(queue, expected, flying)


def drain(queue: SchedulingQueue, expected: set[str], flying: QueuedPod | None) -> None:
    """With time, every pod without gates has its turn."""
    if flying is not None:
        queue.placed(flying.pod.uid)
        expected.discard(flying.pod.name)
        queue.done(flying.pod.uid)
    for uid in list(queue.held):
        queue.release(uid)
        queue.activate(uid)  # as the end of a preemption that failed does
    held = {one.pod.name for one in queue.pods.values() if one.pod.gates}
    for _ in range(3):
        queue.clock.now_ms += 600_000
        queue.flush_backoff()
        queue.flush_waiting()
        while (one := queue.pop()) is not None:
            queue.placed(one.pod.uid)
            expected.discard(one.pod.name)
    assert expected <= held


@given(STEPS)
def test_no_pod_is_lost(steps: list[tuple[Any, ...]]) -> None:
    live(steps, SchedulingQueue(Clock()))


class Forgetful(SchedulingQueue):
    """A queue with a mistake: what fails with an error is not put back."""

    def failed_with_error(self, one: QueuedPod) -> None:
        self.pods.pop(one.pod.uid, None)


def test_a_forgetful_queue_is_caught() -> None:
    steps: list[tuple[Any, ...]] = [("add", "a", False, 0), ("pop",), ("error",)]
    live(steps, SchedulingQueue(Clock()))
    try:
        live(steps, Forgetful(Clock()))
    except AssertionError:
        return
    raise AssertionError("the law cannot fail")
