"""Preemption in a running cluster: victims that take their time, nominations, budgets, and who comes in between."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.objects import meta
from cp_sim.scheduler.decision import Decision
from cp_sim.scheduler.plugins.default_preemption import TERMINATING
from cp_sim.scheduler.preempting import HELD, nomination_after
from cp_sim.scheduler.queue.scheduling_queue import BACKOFF, GATED, WAITING

Object = dict[str, Any]
CLASSES = {"low": 1, "mid": 500, "high": 1_000, "higher": 2_000}


def cluster_of(workers: int = 1) -> Cluster:
    cluster = Cluster(control_planes=1, workers=workers, seed=7)
    for name, value in CLASSES.items():
        body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
        cluster.apply({**body, "value": value})
    return cluster


def add(cluster: Cluster, name: str, cpu: str, priority: str = "", ends_in_s: int = 20, **more: Any) -> None:
    """A pod that takes a while to end."""
    container = {"name": "main", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}
    metadata = {"name": name, "labels": {"app": name}, "annotations": {"cp-sim/behaviour": f"term-{ends_in_s}s"}}
    spec = {"containers": [container], **({"priorityClassName": priority} if priority else {}), **more}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def nominated(cluster: Cluster, name: str) -> str:
    return cluster.get(f"pod/{name}")["status"].get("nominatedNodeName", "")


def message(cluster: Cluster, name: str) -> str:
    return (meta.condition(cluster.get(f"pod/{name}"), "PodScheduled") or {}).get("message", "")


def on(cluster: Cluster, name: str) -> str:
    return meta.node_name(cluster.get(f"pod/{name}"))


def events(cluster: Cluster, reason: str, about: str) -> list[str]:
    found = [one for one in cluster.get("events") if one["reason"] == reason]
    return [one["message"] for one in found if one["involvedObject"]["name"] == about]


def decisions(cluster: Cluster, name: str) -> list[Decision]:
    about = f"pods/default/{name}"
    found = cluster.trace.find(lambda record: record.verb == "schedule" and record.subject == about)
    return [record.evidence for record in found]


def place(cluster: Cluster, name: str) -> str:
    return next((one.place for one in cluster.scheduler.queue.pods.values() if one.pod.name == name), "")


def waiting_for_its_victim() -> Cluster:
    """One worker with a pod that takes 20 s to go, and one that has been promised its room."""
    cluster = cluster_of()
    add(cluster, "small", "500m", ends_in_s=0)
    add(cluster, "low", "3", "low")
    cluster.settle()
    add(cluster, "high", "3", "high")
    cluster.run("2s")
    return cluster


def test_a_victim_has_its_time_and_the_other_waits_for_just_that() -> None:
    cluster = waiting_for_its_victim()
    low, high = cluster.get("pod/low"), cluster.get("pod/high")
    condition = meta.condition(low, "DisruptionTarget") or {}
    assert (condition["status"], condition["reason"]) == ("True", "PreemptionByScheduler")
    assert condition["message"] == "default-scheduler: preempting to accommodate a higher priority pod"
    assert meta.is_deleting(low)
    assert on(cluster, "low") == "worker-1"
    assert events(cluster, "Preempted", "low") == [f"Preempted by pod {meta.uid(high)} on node worker-1"]
    assert (on(cluster, "high"), nominated(cluster, "high")) == ("", "worker-1")
    assert (
        message(cluster, "high") == "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s)."
    )
    assert place(cluster, "high") == WAITING
    assert not cluster.scheduler.preemptions.running
    assert not cluster.scheduler.queue.held
    cluster.run("20s")
    high = cluster.get("pod/high")
    assert on(cluster, "high") == "worker-1"
    assert "nominatedNodeName" not in high["status"], "the API server takes it back when the pod is bound"
    assert not cluster.scheduler.cache.nominated
    first, second = decisions(cluster, "high")
    assert first.preemption is not None
    assert first.preemption.victims == ("default/low",)
    assert (second.attempt, second.nominated_node) == (2, "worker-1")


def test_an_attempt_meanwhile_pushes_out_nobody_else() -> None:
    cluster = waiting_for_its_victim()
    cluster.delete("pod/small")
    cluster.run("5s")
    assert message(cluster, "high").endswith(f"preemption: {TERMINATING}")
    assert nominated(cluster, "high") == "worker-1", "it keeps what it was promised"
    assert len(events(cluster, "Preempted", "low")) == 1
    cluster.run("20s")
    assert on(cluster, "high") == "worker-1"


def test_a_node_that_comes_meanwhile_is_taken() -> None:
    cluster = waiting_for_its_victim()
    cluster.add_node("worker-2")
    cluster.run("10s")
    assert on(cluster, "high") == "worker-2"
    assert not cluster.scheduler.cache.nominated
    assert "nominatedNodeName" not in cluster.get("pod/high")["status"]


def test_who_is_more_important_comes_in_between() -> None:
    cluster = waiting_for_its_victim()
    add(cluster, "higher", "3", "higher")
    cluster.run("2s")
    assert nominated(cluster, "higher") == "worker-1"
    assert events(cluster, "Preempted", "low") == events(cluster, "Preempted", "low")[:1], "it is going already"
    cluster.run("40s")
    assert on(cluster, "higher") == "worker-1"
    assert (on(cluster, "high"), nominated(cluster, "high")) == ("", "")
    assert message(cluster, "high").endswith("1 Insufficient cpu, 1 Preemption is not helpful for scheduling.")


def test_a_weaker_promise_is_taken_back() -> None:
    cluster = cluster_of()
    add(cluster, "one", "2", "low", ends_in_s=25)
    add(cluster, "two", "1500m", "low", ends_in_s=5)
    cluster.settle()
    add(cluster, "mid", "2", "mid", nodeSelector={"kubernetes.io/hostname": "worker-1"})
    cluster.run("2s")
    assert nominated(cluster, "mid") == "worker-1"
    add(cluster, "high", "3500m", "high")
    cluster.run("2s")
    assert nominated(cluster, "high") == "worker-1"
    assert nominated(cluster, "mid") == "", "the room it was promised is needed for somebody more important"
    cluster.run("40s")
    assert on(cluster, "high") == "worker-1"
    assert not on(cluster, "mid")


def protect(cluster: Cluster, app: str) -> None:
    selector = {"matchLabels": {"app": app}}
    cluster.apply(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": {"name": app},
            "spec": {"minAvailable": 1, "selector": selector},
        }
    )


def two_workers_full() -> Cluster:
    cluster = cluster_of(workers=2)
    for name, worker in (("one", "worker-1"), ("two", "worker-2")):
        add(cluster, name, "3", "low", 0, nodeSelector={"kubernetes.io/hostname": worker})
    cluster.settle()
    return cluster


@pytest.mark.parametrize(("protected", "victim"), [("one", "two"), ("two", "one")])
def test_a_budget_sends_the_preemptor_elsewhere(protected: str, victim: str) -> None:
    cluster = two_workers_full()
    protect(cluster, protected)
    cluster.settle()
    budget = cluster.get(f"poddisruptionbudget/{protected}")
    assert budget["status"]["disruptionsAllowed"] == 0
    add(cluster, "high", "3", "high")
    cluster.run("10s")
    assert {meta.name(one) for one in cluster.get("pods")} == {protected, "high"}
    decided = decisions(cluster, "high")[0].preemption
    assert decided is not None
    assert (decided.victims, decided.rule) == ((f"default/{victim}",), "fewest PodDisruptionBudget violations")


def test_a_budget_is_broken_where_nothing_else_helps() -> None:
    cluster = cluster_of()
    add(cluster, "one", "3", "low", 0)
    protect(cluster, "one")
    cluster.settle()
    add(cluster, "high", "3", "high")
    cluster.run("10s")
    assert [meta.name(one) for one in cluster.get("pods")] == ["high"]


def test_a_preemptor_is_held_back_while_its_victims_are_asked_to_go() -> None:
    cluster = waiting_for_its_victim()
    queue = cluster.scheduler.queue
    (one,) = [one for one in queue.pods.values() if one.pod.name == "high"]
    queue.hold(one.pod.uid, HELD)
    cluster.delete("pod/small")
    cluster.run("3s")
    assert place(cluster, "high") == GATED
    assert one.gate == HELD
    attempts = one.attempts
    queue.release(one.pod.uid)
    assert place(cluster, "high") == GATED, "that alone moves it nowhere"
    cluster.run("20s")
    assert one.attempts > attempts
    assert on(cluster, "high") == "worker-1"


def test_a_victim_that_cannot_be_deleted_sends_the_preemptor_back() -> None:
    cluster = cluster_of()
    add(cluster, "one", "2", "low", 0)
    add(cluster, "two", "1500m", "low", 0)
    cluster.settle()
    role = cluster.get("clusterrole/system:kube-scheduler")
    rules = [{**rule, "verbs": [verb for verb in rule["verbs"] if verb != "delete"]} for rule in role["rules"]]
    cluster.apply({**role, "rules": rules})
    cluster.settle()
    add(cluster, "high", "3500m", "high")
    cluster.settle()
    scheduler = cluster.scheduler
    assert {meta.name(one) for one in cluster.get("pods")} == {"one", "two", "high"}
    assert 3 < len(decisions(cluster, "high")) < 10, "it is tried again and again, but not too often"
    assert not scheduler.queue.held
    assert place(cluster, "high") == BACKOFF


def test_what_becomes_of_a_nomination() -> None:
    def decided(text: str, result: str = "unschedulable") -> Decision:
        return Decision("default/web", 1, result, message=text)

    assert nomination_after(decided(f"0/1 nodes are available: 1 Insufficient cpu. preemption: {TERMINATING}")) is None
    assert nomination_after(decided("0/1 nodes are available: x. preemption: 0/1 nodes are available: 1 y.")) == ""
    assert nomination_after(decided("running filter plugin: it fell over", "error")) is None
