"""Decisions without a cluster: what a scenario may leave out, and how its answers follow each other."""

from __future__ import annotations

from cp_sim.scheduler.scenario import answer
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
