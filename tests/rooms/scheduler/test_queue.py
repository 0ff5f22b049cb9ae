"""Whose turn it is, who waits and for what.  Cases after pkg/scheduler/backend/queue/scheduling_queue_test.go."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.plugins import default_profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.backoff import Backoff
from cp_sim.scheduler.queue.queueing import Change
from cp_sim.scheduler.queue.scheduling_queue import ACTIVE, BACKOFF, GATED, WAITING, SchedulingQueue
from cp_sim.sim import Clock
from tests.rooms.scheduler.cluster_parts import node, pod

PROFILE = default_profile()


def info(name: str, **more: Any) -> PodInfo:
    return PodInfo(pod(name, **more))


def queue_of(*pods: PodInfo) -> SchedulingQueue:
    queue = SchedulingQueue(Clock())
    for one in pods:
        queue.add(one, PROFILE)
    return queue


def names(queue: SchedulingQueue, place: str) -> list[str]:
    return [one.pod.name for one in queue.listed(place)]


def fail(queue: SchedulingQueue, *plugins: str) -> None:
    one = queue.pop()
    assert one is not None
    queue.failed(one, plugins)


def test_priority_first_then_who_came_first() -> None:
    queue = queue_of(info("a"), info("b", priority=10), info("c"), info("d", priority=10))
    assert names(queue, ACTIVE) == ["b", "d", "a", "c"]
    popped = [queue.pop() for _ in range(4)]
    assert [one.pod.name for one in popped if one] == ["b", "d", "a", "c"]
    assert queue.pop() is None


def test_a_pod_without_a_node_waits_for_a_change_that_its_plugins_care_about() -> None:
    queue = queue_of(info("web", cpu="1"))
    fail(queue, "NodeResourcesFit")
    assert names(queue, WAITING) == ["web"]
    assert queue.move(Change("pods/add", None, pod("x", on="n1"))) == 0
    assert queue.move(Change("nodes/update-label", node("n1"), node("n1"))) == 0
    queue.clock.now_ms = 60_000
    assert queue.move(Change("nodes/add", None, node("n1"))) == 1
    assert names(queue, ACTIVE) == ["web"]


@pytest.mark.parametrize(("cpu", "moved"), [("2", 1), ("500m", 0)])
def test_a_node_that_could_not_hold_the_pod_even_empty_does_not_move_it(cpu: str, moved: int) -> None:
    queue = queue_of(info("web", cpu="1"))
    fail(queue, "NodeResourcesFit")
    assert queue.move(Change("nodes/add", None, node("n1", cpu=cpu))) == moved


def test_a_taint_that_is_still_not_tolerated_moves_nobody() -> None:
    queue = queue_of(info("web"))
    fail(queue, "TaintToleration")
    tainted = node("n1", taints=[{"key": "a", "effect": "NoSchedule"}])
    assert queue.move(Change("nodes/update-taint", node("n1"), tainted)) == 0
    assert queue.move(Change("nodes/update-taint", tainted, node("n1"))) == 1


def test_back_off_doubles_up_to_ten_seconds() -> None:
    backoff = Backoff()
    assert [backoff.duration_ms(count) for count in range(7)] == [0, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]
    assert backoff.duration_ms(10_000) == 10_000
    assert Backoff(30_000, 60_000).duration_ms(3) == 60_000
    assert Backoff(1_000, 0).end_ms(500, 3) == 0, "a longest back-off of 0 is none"


def test_a_pod_moved_too_soon_waits_out_its_back_off() -> None:
    queue = queue_of(info("web"), info("other"))
    fail(queue, "NodeResourcesFit")
    queue.clock.now_ms = 300
    queue.move(Change("pods/delete", pod("x", on="n1"), None))
    assert names(queue, BACKOFF) == ["web"]
    # It failed in second 0, its back-off ends in second 1, the flush at the end of that second lets it go.
    assert queue.next_backoff_ms() == 2_000
    queue.clock.now_ms = 1_999
    queue.flush_backoff()
    assert names(queue, ACTIVE) == ["other"]
    queue.clock.now_ms = 2_000
    queue.flush_backoff()
    assert names(queue, ACTIVE) == ["other", "web"]


def test_with_nobody_active_the_one_in_back_off_goes_at_once() -> None:
    queue = queue_of(info("web"))
    fail(queue, "NodeResourcesFit")
    queue.move(Change("pods/delete", pod("x", on="n1"), None))
    one = queue.pop()
    assert one is not None
    assert (one.pod.name, one.attempts) == ("web", 2)


def test_after_an_error_the_back_off_is_waited_out() -> None:
    queue = queue_of(info("web"))
    one = queue.pop()
    assert one is not None
    queue.failed_with_error(one)
    assert not queue.ready
    queue.clock.now_ms = 2_000
    queue.flush_backoff()
    assert queue.ready


def test_gates_hold_a_pod_until_the_last_is_gone() -> None:
    gated = info("web", schedulingGates=[{"name": "a"}, {"name": "b"}])
    queue = queue_of(gated)
    held = queue.listed(GATED)[0]
    assert held.gate is not None
    assert held.gate.reason == "waiting for scheduling gates: [a b]"
    assert queue.waits_for(held) == ("pods/update-gates",)
    assert queue.move(Change("nodes/add", None, node("n1"))) == 0
    queue.update(info("web", schedulingGates=[{"name": "b"}]))
    assert names(queue, GATED) == ["web"]
    queue.update(info("web"))
    assert names(queue, ACTIVE) == ["web"]


def test_who_waits_for_five_minutes_is_tried_again() -> None:
    queue = queue_of(info("web"))
    fail(queue, "NodeAffinity")
    assert queue.flush_ms(queue.listed(WAITING)[0]) == 330_000
    queue.clock.now_ms = 300_000
    queue.flush_waiting()
    assert names(queue, WAITING) == ["web"]
    queue.clock.now_ms = 330_000
    queue.flush_waiting()
    assert names(queue, ACTIVE) == ["web"]


def test_a_removed_pod_is_nowhere() -> None:
    queue = queue_of(info("a"), info("b"))
    fail(queue, "NodeAffinity")
    queue.remove("default/a")
    queue.remove("default/b")
    queue.remove("default/b")
    assert len(queue) == 0
    assert not queue.ready
    assert not queue.anybody_waits
