"""Decisions without a cluster: what a scenario may leave out, and how its answers follow each other."""

from __future__ import annotations

import pytest

from cp_sim.scheduler.framework import Profile
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from cp_sim.scheduler.scenario import Scenario, ScenarioError, answer, everything_profile
from tests.rooms.scheduler.cluster_parts import Object, node, pod


def entries(objects: list[Object], *pending: Object) -> list[Object]:
    got = answer({"name": "one", "objects": objects, "pending": list(pending)})
    assert got["name"] == "one"
    return got["got"]  # type: ignore[no-any-return]


def test_the_next_pod_sees_the_one_before() -> None:
    got = entries([node("n1", cpu="1"), node("n2", cpu="1")], pod("a", cpu="1"), pod("b", cpu="1"), pod("c", cpu="1"))
    assert [one["node"] for one in got] == ["n1", "n2", None]
    assert got[2]["message"].startswith("0/2 nodes are available: 2 Insufficient cpu. ")


def test_victims_are_gone_and_the_pod_is_tried_again() -> None:
    got = entries([node("n1", cpu="1"), pod("low", cpu="1", on="n1")], pod("vip", cpu="1", priority=5))
    assert [(one["attempt"], one["result"]) for one in got] == [(1, "unschedulable"), (2, "scheduled")]
    assert got[0]["preemption"]["victims"] == ["default/low"]
    assert got[1]["nominatedShortcut"]


def test_manifests_as_people_write_them_are_completed_as_the_api_server_does() -> None:
    bare = node("n1")
    bare["status"] = {"capacity": {"cpu": "2", "memory": "4Gi", "pods": "10"}}
    limited = pod("web")
    limited["metadata"].pop("namespace")
    limited["spec"]["containers"][0]["resources"] = {"limits": {"cpu": "3"}}
    limited["spec"]["priorityClassName"] = "system-node-critical"
    (got,) = entries([bare, {"kind": "Widget", "metadata": {"name": "unknown"}}], limited)
    assert got["pod"] == "default/web"
    assert got["filters"]["n1"]["reasons"] == ["Insufficient cpu"]


def test_a_pod_that_names_its_node_passes_by_the_scheduler() -> None:
    (got,) = entries([node("n1", unschedulable=True), node("n2")], pod("web", on="n1"))
    assert (got["node"], got["bypass"], got["best"]) == ("n1", True, [])
    assert got["filters"]["n1"]["plugin"] == "NodeUnschedulable"


def test_pods_that_have_ended_take_no_room() -> None:
    done = pod("done", cpu="4", on="n1", status={"phase": "Succeeded"})
    (got,) = entries([node("n1"), done], pod("web", cpu="4"))
    assert got["node"] == "n1"


# component-helpers/resource/helpers_test.go: a pod of 1 cpu that is being resized; what is left on a node of 4.
RESIZED = {
    "growing, not promised yet": ("3", "1", "1", "", "1"),
    "growing, promised": ("3", "3", "1", "", "1"),
    "shrinking, not carried out yet": ("1", "1", "3", "", "1"),
    "grown too much for the node": ("4", "1", "1", "Infeasible", "3"),
    "to be grown later": ("4", "1", "1", "Deferred", "0"),
}


@pytest.mark.parametrize("case", RESIZED)
def test_a_pod_that_is_being_resized_counts_with_the_most(case: str) -> None:
    wants, promised, has, pending, left = RESIZED[case]
    told = {"name": "main", "allocatedResources": {"cpu": promised}, "resources": {"requests": {"cpu": has}}}
    status: Object = {"phase": "Running", "containerStatuses": [told]}
    if pending:
        status["conditions"] = [{"type": "PodResizePending", "status": "True", "reason": pending}]
    there = pod("there", cpu=wants, on="n1", status=status)
    (got,) = entries([node("n1"), there], pod("web", cpu=left))
    assert got["node"] == "n1"
    (got,) = entries([node("n1"), there], pod("web", cpu=f"{int(left) * 1000 + 1}m"))
    assert got["node"] is None


def test_amounts_are_rounded_up_per_container_as_the_api_server_does() -> None:
    wanted = pod("web", cpu="333.3m")
    wanted["spec"]["containers"] = [{**wanted["spec"]["containers"][0], "name": name} for name in ("a", "b", "c")]
    assert entries([node("n1", cpu="1002m")], wanted)[0]["node"] == "n1"
    assert entries([node("n1", cpu="1001m")], wanted)[0]["node"] is None


def test_a_pod_is_decided_by_the_profile_that_it_names() -> None:
    profiles = (everything_profile(), Profile(DEFAULT_PLUGINS[:2], scheduler_name="careless"))
    scenario = Scenario([node("n1", unschedulable=True)], profiles)
    first, second = scenario.decide([pod("a"), pod("b", schedulerName="careless")])
    assert (first.decision.node, second.decision.node) == (None, "n1")


@pytest.mark.parametrize(
    ("objects", "pending", "words"),
    [
        ([{"apiVersion": "v1", "kind": "Node", "metadata": {}}], [], "objects[0]: Node without metadata.name"),
        ([], [{"metadata": {"name": "web"}, "spec": {"nodeSelector": 3}}], "pending[0]: json: cannot unmarshal number"),
    ],
)
def test_an_object_that_cannot_be_read_is_named(objects: list[Object], pending: list[Object], words: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        Scenario(objects).decide(pending)
    assert words in str(refused.value)


@pytest.mark.parametrize("selector", [{}, {"matchLabels": {"app": "web"}}], ids=["without conditions", "by a label"])
def test_a_pod_on_a_node_that_nobody_knows_does_not_disturb_spreading(selector: Object) -> None:
    constraint = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": selector,
        "nodeTaintsPolicy": "Honor",
    }
    spread = [pod(name, labels={"app": "web"}, topologySpreadConstraints=[constraint]) for name in ("a", "b", "c")]
    lost = pod("lost", labels={"app": "web"}, on="nowhere")
    got = entries([node("n1"), node("n2")], spread[0], lost, *spread[1:])
    assert [one["result"] for one in got] == ["scheduled"] * 4
    assert (got[0]["node"], got[2]["node"]) == ("n1", "n2")


def test_a_runtime_class_says_where_its_pods_may_go_and_what_they_cost_more() -> None:
    runtime = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "kata"},
        "handler": "kata",
        "overhead": {"podFixed": {"cpu": "1"}},
        "scheduling": {"nodeSelector": {"runtime": "kata"}, "tolerations": [{"key": "kata", "operator": "Exists"}]},
    }
    taints = [{"key": "kata", "effect": "NoSchedule"}]
    nodes = [node("n1"), node("n2", labels={"runtime": "kata"}, taints=taints, cpu="2")]
    got = entries([*nodes, runtime], *(pod(name, cpu="500m", runtimeClassName="kata") for name in ("a", "b")))
    assert [one["node"] for one in got] == ["n2", None]
    assert got[1]["filters"]["n1"]["plugin"] == "NodeAffinity"
    assert got[1]["filters"]["n2"]["reasons"] == ["Insufficient cpu"]
