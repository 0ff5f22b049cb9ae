"""The tab Scheduler of the desk: pods and attempts to choose from, its pictures, and why not node X."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim import Cluster, show
from cp_sim.widgets.desk import Desk


def pod(name: str, cpu: str = "", **spec: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": "nginx:1.27"}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


@pytest.fixture(scope="module")
def cluster() -> Cluster:
    made = Cluster(workers=2, seed=7).settle()
    for name, value in (("low", 10), ("high", 1000)):
        made.apply(
            {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}, "value": value}
        )
    for one in (
        pod("batch-1", "3", priorityClassName="low"),
        pod("batch-2", "3", priorityClassName="low"),
        pod("web-1", "500m"),
        pod("urgent", "3", priorityClassName="high"),
        pod("named", nodeName="worker-1"),
        pod("big", "9"),
    ):
        made.apply(one)
        made.settle()
    return made


def test_it_follows_the_newest_decision(cluster: Cluster) -> None:
    frame = Desk(cluster, "decision").frame()
    assert frame["picture"]["text"].startswith("default/big, attempt ")
    told = frame["scheduler"]
    assert (told["pod"], told["node"], told["why"]) == ("", "", "")
    assert told["nodes"] == ["control-plane-1", "worker-1", "worker-2"]
    assert ["default/big", "default/big (Pending)"] in told["pods"]
    assert Desk(cluster).frame()["scheduler"] is None


def test_a_pod_and_an_attempt_are_chosen(cluster: Cluster) -> None:
    desk = Desk(cluster, "decision")
    told = desk.handle({"kind": "decision", "pod": "default/urgent"})["scheduler"]
    assert [words.partition(",")[0] for _, words in told["attempts"]] == ["attempt 1", "attempt 2"]
    assert told["record"] == told["attempts"][-1][0]
    frame = desk.handle({"kind": "decision", "record": told["attempts"][0][0]})
    assert frame["picture"]["text"].startswith("default/urgent, attempt 1: unschedulable")
    frame = desk.handle({"kind": "decision", "pod": "default/named"})
    assert frame["picture"]["text"].startswith("named is on worker-1: it names that node itself")


def test_the_preemption_is_that_of_the_attempt_that_had_one(cluster: Cluster) -> None:
    desk = Desk(cluster, "decision")
    desk.handle({"kind": "decision", "pod": "default/urgent"})
    frame = desk.handle({"kind": "decision", "picture": "preemption"})
    assert frame["picture"]["text"].startswith("default/urgent: room is made on worker-")
    assert frame["scheduler"]["picture"] == "preemption"
    frame = desk.handle({"kind": "decision", "pod": "default/web-1"})
    assert "A node was found without it" in frame["picture"]["text"]
    assert "active" in desk.handle({"kind": "decision", "picture": "queue"})["picture"]["text"]


def test_why_not_answers_for_the_chosen_pod_and_node(cluster: Cluster) -> None:
    desk = Desk(cluster, "decision", select="pod/web-1")
    frame = desk.handle({"kind": "decision", "node": "control-plane-1"})
    assert frame["scheduler"]["why"] == cluster.why_not("pod/web-1", "control-plane-1")
    frame = desk.handle({"kind": "select", "id": "nodes/worker-2"})
    assert frame["scheduler"]["why"] == cluster.why_not("pod/web-1", "worker-2")
    assert frame["picture"]["text"].startswith("default/web-1, ")
    frame = desk.handle({"kind": "decision", "node": "worker-9"})
    assert frame["scheduler"]["why"].startswith("there is no node worker-9; do you mean worker-")


def test_a_line_of_the_log_leads_to_its_decision(cluster: Cluster) -> None:
    desk = Desk(cluster, "decision")
    binding = next(one for one in cluster.trace.about("pods/default/web-1") if one.verb == "create binding")
    frame = desk.handle({"kind": "select", "id": f"record/{binding.id}"})
    assert frame["scheduler"]["pod"] == "default/web-1"
    assert frame["picture"]["text"].startswith("default/web-1, attempt 1: scheduled on worker-")


def test_of_the_past(cluster: Cluster) -> None:
    desk = Desk(cluster, "decision", select="pod/web-1")
    created = next(one for one in cluster.trace.about("pods/default/web-1") if one.revision)
    where = cluster.get("pod/web-1")["spec"]["nodeName"]
    desk.handle({"kind": "decision", "node": where})
    frame = desk.handle({"kind": "look", "revision": created.revision})
    assert len(frame["scheduler"]["attempts"]) == 1
    assert frame["scheduler"]["why"].startswith(f"web-1 was placed on {where} at ")
    frame = desk.handle({"kind": "look", "revision": created.revision - 1})
    assert frame["picture"]["text"].startswith("there is no pod web-1 in namespace default")
    assert frame["scheduler"]["attempts"] == []


def test_the_numbers_come_with_the_picture(cluster: Cluster) -> None:
    desk = Desk(cluster, "decision", select="pod/web-1")
    panels = desk.frame()["picture"]["panels"]
    node = panels["nodes/control-plane-1"]
    assert node["tables"][0]["rows"][2][:2] == ["TaintToleration", "✕ cut off"]
    assert panels[panels["filters/TaintToleration"]]["title"] == "plugin TaintToleration"
    again = desk.handle({"kind": "hello", "base": desk.seq})
    assert again["picture"]["panels"] == panels


def test_show_takes_a_decision_and_a_what_if(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CP_STATIC", "1")
    thought = cluster.what_if("pod/web-1", cordon="worker-1")
    assert str(show(thought)).startswith("pod web-1, which is on worker-")
    assert str(show(thought.after)).startswith("default/web-1, attempt 1: scheduled on ")
    with pytest.raises(TypeError, match="there is no picture of a str: give a view, a Decision or a what-if"):
        show("pod/web-1")
