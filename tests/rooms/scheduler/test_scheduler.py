"""The scheduler on a loop with API server and store: binding, Events, conditions, retries, preemption."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cp_sim.apiserver.request import Call
from cp_sim.objects import meta
from cp_sim.scheduler.framework import PENDING, UNSCHEDULABLE, Plugin, Status
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from cp_sim.scheduler.queue import ACTIVE, BACKOFF, GATED, WAITING
from cp_sim.scheduler.queueing import Change
from tests.rooms.scheduler.cluster_parts import Object, World, node, pod

TAINT = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def three_nodes(**options: object) -> World:
    return World(node("control-plane", taints=[TAINT]), node("worker-1"), node("worker-2"), **options)


def test_a_pod_is_bound_and_an_event_says_so() -> None:
    world = three_nodes()
    stored = world.add_pod(pod("web-1", cpu="500m"))
    where = meta.node_name(stored)
    assert where in ("worker-1", "worker-2")
    assert meta.is_true(stored, "PodScheduled")
    assert world.events("Scheduled") == [f"Successfully assigned default/web-1 to {where}"]
    assert not world.scheduler.cache.assumed
    assert len(world.scheduler.queue) == 0


def test_the_event_looks_like_the_real_one() -> None:
    world = three_nodes()
    world.add_pod(pod("web-1"))
    (event,) = world.ask(Call("list", "events", "default"))["items"]
    assert event["reportingComponent"] == "default-scheduler"
    assert event["reportingInstance"] == "default-scheduler-control-plane-1"
    assert (event["type"], event["action"]) == ("Normal", "Binding")
    assert event["eventTime"]
    assert event["involvedObject"]["name"] == "web-1"


def test_a_pod_without_a_node_says_why_and_is_placed_when_the_taint_goes() -> None:
    world = World(node("control-plane", taints=[TAINT]))
    stored = world.add_pod(pod("web-1"))
    condition = meta.condition(stored, "PodScheduled")
    assert condition is not None
    assert condition["reason"] == "Unschedulable"
    assert condition["message"].startswith("0/1 nodes are available: 1 node(s) had untolerated taint(s). ")
    assert world.events("FailedScheduling") == [condition["message"]]
    (waiting,) = world.scheduler.queue.listed(WAITING)
    assert "nodes/update-taint" in world.scheduler.queue.waits_for(waiting)
    world.change("nodes", "control-plane", {"spec": {"taints": None}})
    assert meta.node_name(world.get("pods", "web-1", "default")) == "control-plane"


def test_the_record_of_a_decision_names_what_caused_it() -> None:
    world = World(node("control-plane", taints=[TAINT]))
    world.add_pod(pod("web-1"))
    world.change("nodes", "control-plane", {"spec": {"taints": None}})
    first, second = world.trace.find(lambda record: record.verb == "schedule")
    assert [(one.actor, one.subject) for one in (first, second)] == [("kube-scheduler", "pods/default/web-1")] * 2
    causes = [world.trace.get(one.cause) for one in (first, second)]
    assert [one.subject for one in causes if one] == ["pods/default/web-1", "nodes/control-plane"]
    assert (first.evidence.result, second.evidence.node) == ("unschedulable", "control-plane")
    assert second.evidence.attempt == 2
    binding = world.trace.about("pods/default/web-1")[-1]
    assert second in world.trace.chain(binding)


def test_the_same_failure_twice_continues_one_event() -> None:
    world = World(node("worker-1"))
    world.add_pod(pod("web-1", cpu="40"))
    for _ in range(3):
        world.loop.run(330_000)
    assert len(world.decisions()) == 4
    items = [
        one for one in world.ask(Call("list", "events", "default"))["items"] if one["reason"] == "FailedScheduling"
    ]
    # The first Event speaks of the pod before it had the condition, the second of it afterwards.
    assert sorted((one.get("series") or {}).get("count", 1) for one in items) == [1, 2]


def test_without_any_node_no_plugin_is_to_blame_and_only_time_brings_the_next_attempt() -> None:
    world = World()
    stored = world.add_pod(pod("web-1"))
    condition = meta.condition(stored, "PodScheduled")
    assert condition is not None
    assert (condition["reason"], condition["message"]) == ("Unschedulable", "no nodes available to schedule pods")
    (one,) = world.scheduler.queue.listed(BACKOFF)
    assert (one.rejectors, one.errors) == ((), one.attempts)
    world.add_node(node("worker-1"))
    world.loop.run(11_000)
    assert meta.node_name(world.get("pods", "web-1", "default")) == "worker-1"


def test_pods_take_turns_by_priority() -> None:
    world = World(node("tiny", cpu="1"))
    for name, priority in (("low", "low"), ("high", "high")):
        body = {"metadata": {"name": name}, "value": 10 if priority == "high" else 1, "kind": "PriorityClass"}
        world.ask(
            Call("create", "priorityclasses.scheduling.k8s.io", body={"apiVersion": "scheduling.k8s.io/v1", **body})
        )
        world.add_pod(pod(name, cpu="3", priorityClassName=priority))
    world.add_node(node("worker-1"))
    assert meta.node_name(world.get("pods", "high", "default")) == "worker-1"
    assert not meta.node_name(world.get("pods", "low", "default"))


def test_a_gated_pod_is_not_tried_until_its_gate_is_removed() -> None:
    world = three_nodes()
    stored = world.add_pod(pod("web-1", schedulingGates=[{"name": "example.com/wait"}]))
    assert not meta.node_name(stored)
    assert [one.pod.name for one in world.scheduler.queue.listed(GATED)] == ["web-1"]
    assert world.decisions() == []
    world.change("pods", "web-1", {"spec": {"schedulingGates": None}}, "default")
    assert meta.node_name(world.get("pods", "web-1", "default"))


def test_pods_of_other_schedulers_are_left_alone() -> None:
    world = three_nodes()
    assert not meta.node_name(world.add_pod(pod("web-1", schedulerName="mine")))
    assert len(world.scheduler.queue) == 0


def test_a_pod_bound_by_somebody_else_leaves_the_queue() -> None:
    world = World(node("control-plane", taints=[TAINT]))
    world.add_pod(pod("web-1"))
    target = {"apiVersion": "v1", "kind": "Node", "name": "control-plane"}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web-1"}, "target": target}
    world.ask(Call("create", "pods", "default", "web-1", "binding", body))
    assert len(world.scheduler.queue) == 0
    assert [one.key for one in world.scheduler.cache.pods.values()] == ["default/web-1"]


def test_a_refused_binding_puts_the_pod_back() -> None:
    world = World()
    world.add_node(node("worker-1"))
    world.user.api.send(Call("create", "pods", "default", body=pod("web-1")), "answered")
    world.loop.run_until(lambda: bool(world.decisions()))
    # Gone before the binding arrives: the assumed pod is forgotten, nothing is left behind.
    world.user.api.send(Call("delete", "pods", "default", "web-1", options={"gracePeriodSeconds": 0}), "answered")
    world.loop.settle()
    assert not world.scheduler.cache.pods
    assert not world.scheduler.cache.assumed
    assert len(world.scheduler.queue) == 0


def test_deleting_a_pod_makes_room_for_the_one_that_waits() -> None:
    world = World(node("worker-1", cpu="2"))
    world.add_pod(pod("first", cpu="2"))
    assert not meta.node_name(world.add_pod(pod("second", cpu="2")))
    world.ask(Call("delete", "pods", "default", "first", options={"gracePeriodSeconds": 0}))
    assert meta.node_name(world.get("pods", "second", "default")) == "worker-1"


def test_a_pod_of_higher_priority_pushes_out_another() -> None:
    world = World(node("worker-1", cpu="2"))
    body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 10}
    world.ask(Call("create", "priorityclasses.scheduling.k8s.io", body=body))
    world.add_pod(pod("low", cpu="2", terminationGracePeriodSeconds=0))
    world.add_pod(pod("vip", cpu="2", priorityClassName="high"))
    vip = world.get("pods", "vip", "default")
    low = world.ask(Call("get", "pods", "default", "low"), may_fail=True)
    assert world.events("Preempted") == [f"Preempted by pod {meta.uid(vip)} on node worker-1"]
    if low["kind"] == "Pod":  # without a kubelet a graceful deletion never ends
        assert meta.is_deleting(low)
        assert vip["status"]["nominatedNodeName"] == "worker-1"
        world.ask(Call("delete", "pods", "default", "low", options={"gracePeriodSeconds": 0}))
        vip = world.get("pods", "vip", "default")
    assert meta.node_name(vip) == "worker-1"
    assert not world.scheduler.cache.nominated


class Broken(Plugin):
    name = "Broken"

    def score_node(self, pod: Object, node: Object) -> int:
        return 1_000


def test_a_plugin_that_breaks_the_rules_is_named_and_the_world_still_settles() -> None:
    world = three_nodes(profiles=(*DEFAULT_PLUGINS, Broken()))
    stored = world.add_pod(pod("web-1"))
    assert not meta.node_name(stored)
    decision = world.decisions()[0]
    assert (decision.result, decision.attempt) == ("error", 1)
    assert decision.message == (
        'applying score defaultWeights on Score plugins: plugin "Broken" returns an invalid score 1000, '
        "it should in the range of [0, 100] after normalizing"
    )
    condition = meta.condition(world.get("pods", "web-1", "default"), "PodScheduled")
    assert condition is not None
    assert (condition["reason"], condition["message"]) == ("SchedulerError", decision.message)
    assert world.scheduler.queue.listed(BACKOFF)


class Confirm(Plugin):
    """Lets a pod have its node only when that has been confirmed."""

    name = "Confirm"
    moved_by = ("nodes/update-annotation",)

    def __init__(self, point: str, code: str) -> None:
        self.answers = {point: Status(code, ("not confirmed",))}

    def hint(self, pod: Any, change: Change) -> bool:
        return "confirmed" in meta.annotations(change.new or {})

    def reserve(self, state: Any, pod: Any, node: str) -> Any:
        confirmed = "confirmed" in meta.annotations(state.cache.table.node(node))
        return None if confirmed else self.answers.get("reserve")

    def permit(self, state: Any, pod: Any, node: str) -> Any:
        return self.answers.get("permit")


@pytest.mark.parametrize("point", ["reserve", "permit"])
@pytest.mark.parametrize(("code", "place"), [(PENDING, ACTIVE), (UNSCHEDULABLE, BACKOFF)])
def test_what_a_plugin_was_pending_for_ends_the_back_off_too(point: str, code: str, place: str) -> None:
    world = World(node("worker-1"), profiles=(*DEFAULT_PLUGINS, Confirm(point, code)))
    condition = meta.condition(world.add_pod(pod("web-1")), "PodScheduled") or {}
    assert condition["reason"] == "Unschedulable"
    assert condition["message"] == "0/1 nodes are available: 1 not confirmed."
    (waiting,) = world.scheduler.queue.listed(WAITING)
    assert waiting.rejectors == ("Confirm",)
    old = world.get("nodes", "worker-1")
    confirmed = {**old, "metadata": {**old["metadata"], "annotations": {"confirmed": "true"}}}
    world.scheduler.queue.move(Change("nodes/update-annotation", confirmed, old))
    assert world.scheduler.queue.listed(WAITING) == [waiting]
    world.scheduler.queue.move(Change("nodes/update-annotation", old, confirmed))
    assert world.scheduler.queue.listed(place) == [waiting]


def test_a_pod_that_was_pending_is_bound_when_it_is_confirmed() -> None:
    world = World(node("worker-1"), profiles=(*DEFAULT_PLUGINS, Confirm("reserve", PENDING)))
    world.add_pod(pod("web-1"))
    world.change("nodes", "worker-1", {"metadata": {"annotations": {"confirmed": "true"}}})
    assert meta.node_name(world.get("pods", "web-1", "default")) == "worker-1"


def test_the_same_seed_places_the_same_and_another_seed_otherwise() -> None:
    def places(seed: int) -> list[str]:
        world = World(*(node(f"worker-{place}") for place in range(5)), seed=seed)
        return [meta.node_name(world.add_pod(pod(f"web-{place}"))) for place in range(6)]

    assert places(1) == places(1)
    assert len({tuple(places(seed)) for seed in range(4)}) > 1


def test_a_copy_of_the_world_goes_its_own_way() -> None:
    world = three_nodes()
    world.add_pod(pod("huge", cpu="40"))
    other = copy.deepcopy(world)
    other.add_node(node("giant", cpu="64"))
    assert meta.node_name(other.get("pods", "huge", "default")) == "giant"
    assert not meta.node_name(world.get("pods", "huge", "default"))
    assert "giant" not in world.scheduler.cache.table
