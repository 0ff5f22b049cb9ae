from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from cp_sim.client import Controller, Create, Delete, Later, Manager, Plan, SlowStart, Together, Update
from cp_sim.objects import edit, meta

sys.path.insert(0, str(Path(__file__).parent))
from fakes import config_map, new_world


class Scripted(Controller):
    """Answers each reconcile with the next plan of a script."""

    resource = "configmaps"

    def __init__(self, manager: Manager, plans: list[Plan]) -> None:
        super().__init__("scripted-controller", manager.informers)
        self.plans = plans
        self.asked: list[tuple[int, str]] = []

    def setup(self) -> None:
        self.informers.of("configmaps")

    def reconcile(self, key: str) -> Plan:
        self.asked.append((self.loop.clock.now_ms, key))
        return self.plans.pop(0) if self.plans else Plan()


def world(*plans: Plan) -> tuple[Any, Any, Scripted]:
    loop, server = new_world()
    manager = Manager("manager", "admin")
    controller = Scripted(manager, list(plans))
    manager.controllers.append(controller)
    loop.add(manager)
    loop.settle()
    server.calls.clear()
    return loop, server, controller


def creations(*names: str) -> tuple[Create, ...]:
    return tuple(Create(config_map(name)) for name in names)


def test_a_plan_is_carried_out_in_order_and_recorded_with_its_evidence() -> None:
    plan = Plan(creations("a", "b"), "two are missing")
    loop, server, controller = world(plan)
    controller.enqueue("default/x")
    loop.settle()
    assert server.calls == ["create a", "create b"]
    (record,) = loop.trace.find(lambda record: record.verb == "reconcile")
    assert (record.actor, record.subject, record.because) == (
        "scripted-controller",
        "configmaps/default/x",
        plan.because,
    )
    assert record.evidence is plan


def test_the_first_failure_ends_the_plan_and_the_key_is_retried_with_doubling_back_off() -> None:
    failing = Plan(creations("a", "b"))
    loop, server, controller = world(failing, failing, Plan(creations("a", "b")))
    server.refuse["create a"] = 500
    controller.enqueue("default/x")
    loop.run(1)
    server.refuse["create a"] = 500
    loop.settle()
    assert server.calls == ["create a", "create a", "create a", "create b"]
    assert [time_ms for time_ms, _ in controller.asked] == [0, 5, 15]
    assert controller.queue.failures == {}


def test_slow_start_doubles_its_batches_and_skips_the_rest_after_a_failure() -> None:
    names = [f"p{number}" for number in range(10)]
    loop, server, controller = world(Plan((SlowStart(creations(*names)),), expect_creations=10))
    server.refuse["create p4"] = 403
    controller.enqueue("default/x")
    loop.run(1)
    assert server.calls == [f"create p{number}" for number in range(7)]
    assert controller.expectations.awaited("default/x") == (6, []), "one failed, three were never sent"


def test_parallel_actions_are_all_sent_before_the_first_answer() -> None:
    loop, server, controller = world(Plan((Together(creations("a", "b")), *creations("c"))))
    server.refuse["create a"] = 500
    controller.enqueue("default/x")
    loop.run(1)
    assert server.calls == ["create a", "create b"], "b was on its way already, c never goes"


def test_deleting_what_is_gone_is_success() -> None:
    plan = Plan((Delete("configmaps", "default", "a"),), expect_deletions=("default/a",))
    loop, server, controller = world(plan)
    server.refuse["delete a"] = 404
    controller.enqueue("default/x")
    loop.settle()
    assert controller.expectations.awaited("default/x") == (0, [])
    assert len(controller.asked) == 1


def test_a_second_update_of_one_object_carries_the_resource_version_of_the_first() -> None:
    loop, server, controller = world()
    stored = server.write("ADDED", edit.put(config_map("a"), "metadata.uid", "uid-a"))
    first, second = edit.put(stored, "data", {"n": "1"}), edit.put(stored, "data", {"n": "2"})
    sent: list[str] = []
    on_update = server.on_update
    server.on_update = lambda call, message: (sent.append(meta.resource_version(call.body)), on_update(call, message))[
        1
    ]
    controller.plans = [Plan((Update(first), Update(second)))]
    controller.enqueue("default/a")
    loop.settle()
    assert sent == ["11", "12"]


def test_a_key_that_is_worked_on_is_looked_at_again_afterwards_and_never_twice_at_once() -> None:
    loop, _, controller = world(Plan(creations("a")), Plan())
    controller.enqueue("default/x")
    while not controller.executions:
        loop._unit()
    for _ in range(3):
        controller.enqueue("default/x")
    assert controller.queue.working() == ["default/x"]
    assert len(controller.queue) == 0
    loop.settle()
    assert len(controller.asked) == 2


def test_of_several_delays_the_earliest_counts() -> None:
    loop, _, controller = world(Plan((Later(3_000),)))
    controller.enqueue("default/x", 5_000)
    controller.enqueue("default/x", 2_000)
    controller.enqueue("default/x", 4_000)
    loop.settle()
    assert [time_ms for time_ms, _ in controller.asked] == [2_000, 5_000]


def test_repeated_events_are_counted_and_similar_ones_combined() -> None:
    loop, server, controller = world()
    server.refuse.clear()
    pod = {**config_map("web"), "kind": "Pod"}
    for _ in range(3):
        controller.recorder.emit(pod, "Normal", "Scaled", "same words")
        loop.settle()
    for number in range(12):
        controller.recorder.emit(pod, "Warning", "Failed", f"words {number}")
        loop.settle()
    events = [obj for obj in server.objects.values() if obj["kind"] == "Event"]
    assert [event["count"] for event in events] == [3] + [1] * 9 + [3]
    assert events[-1]["message"] == "(combined from similar events): words 11"
    assert len({meta.name(event) for event in events}) == len(events)
    assert events[0]["source"] == {"component": "scripted-controller"}


def test_a_flood_about_one_object_is_cut_off_and_the_bucket_refills() -> None:
    loop, server, controller = world()
    pod = {**config_map("web"), "kind": "Pod"}
    for number in range(40):
        controller.recorder.emit(pod, "Normal", f"Reason{number}", "words")
    loop.settle()
    assert sum(call.startswith("create") for call in server.calls) == 25
    loop.run(300_000)
    controller.recorder.emit(pod, "Normal", "Again", "words")
    controller.recorder.emit(pod, "Normal", "AndAgain", "words")
    loop.settle()
    assert sum(call.startswith("create") for call in server.calls) == 26


@pytest.mark.parametrize("failures", [1, 2])
def test_a_key_is_dropped_after_its_last_retry_where_a_controller_says_so(failures: int) -> None:
    loop, server, controller = world(*[Plan(creations("a"))] * 5)
    controller.max_retries = failures
    controller.enqueue("default/x")
    for _ in range(100):
        server.refuse["create a"] = 500
        loop.run(1)
    assert len(controller.asked) == failures + 1
