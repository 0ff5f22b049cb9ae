"""The dashboard on the real cluster: the API server's own words beside the field, boxes that stay."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "views")]

from cp_sim.cluster import Cluster  # noqa: E402
from cp_sim.views import cluster_map  # noqa: E402
from cp_sim.widgets.desk import Desk  # noqa: E402

WEB = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: main
        image: nginx
        resources:
          requests: {cpu: 50m}
"""
FORM = {
    "kind": "Deployment",
    "name": "web",
    "image": "nginx",
    "replicas": "3",
    "cpu": "",
    "memory": "",
    "tolerate": False,
}


@pytest.fixture
def desk() -> Desk:
    return Desk(Cluster(workers=3, seed=7))


def told(desk: Desk, command: str, **fields: object) -> dict:
    outcome = desk.handle({"kind": "command", "command": command, "fields": fields})["outcome"]
    assert outcome is not None
    return outcome


def test_a_deployment_from_the_form_runs_and_can_be_explained(desk: Desk) -> None:
    assert told(desk, "create", **FORM)["ok"]
    frame = desk.frame()
    running = [pod for pod in desk.cluster.get("pods") if pod["status"]["phase"] == "Running"]
    assert len(running) == 3
    name = running[0]["metadata"]["name"]
    assert f'id="pods/default/{name}"' in frame["picture"]["svg"]
    text = desk.handle({"kind": "select", "id": f"pods/default/{name}", "tab": "why"})["picture"]["text"]
    links = ["deployments", "deployment-controller", "replicaset-controller", "kube-scheduler"]
    places = [text.index(link) for link in links]
    assert places == sorted(places)
    assert desk.handle({"kind": "tab", "tab": "decision"})["picture"]["text"].startswith(f"default/{name}")
    assert "ReplicaSet" in desk.handle({"kind": "tab", "tab": "ownership"})["picture"]["text"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"replicas": "-1"}, "replicas"),
        ({"name": "Bad_Name"}, "name"),
        ({"image": ""}, "image"),
        ({"cpu": "lots"}, "cpu"),
        ({"memory": "12Qx"}, "memory"),
    ],
)
def test_what_the_form_cannot_be_is_said_beside_its_field(desk: Desk, change: dict, field: str) -> None:
    outcome = told(desk, "create", **{**FORM, **change})
    assert (outcome["ok"], outcome["field"]) == (False, field)
    assert desk.cluster.get("deployments") == []


@pytest.mark.parametrize(
    ("manifest", "line"),
    [
        (WEB.replace("replicas: 3", "replicas: -1"), 6),
        (WEB.replace("replicas: 3", "replica: 3"), 6),
        (WEB.replace("50m", "50z"), 17),
        (WEB.replace("        image: nginx\n", ""), 14),
        (WEB.replace("kind: Deployment", "kind: Deploymnt"), 2),
        (WEB + "  - a: [\n", 18),
    ],
)
def test_what_a_manifest_cannot_be_is_said_at_its_line(desk: Desk, manifest: str, line: int) -> None:
    outcome = told(desk, "apply", yaml=manifest)
    assert (outcome["ok"], outcome["line"]) == (False, line), outcome["text"]
    assert desk.cluster.get("deployments") == []
    assert told(desk, "apply", yaml=WEB)["ok"]
    again = told(desk, "apply", yaml=manifest)
    assert (again["ok"], again["line"]) == (False, line), again["text"]
    assert len(again["text"]) < 500


def test_untainting_the_control_plane_lets_pods_in(desk: Desk) -> None:
    taint = desk.frame()["nodes"][0]["taints"][0]
    assert told(desk, "untaint", node="control-plane-1", taint=taint)["ok"]
    assert desk.frame()["nodes"][0]["taints"] == []
    assert told(desk, "create", **{**FORM, "replicas": "8"})["ok"]
    where = {pod["spec"]["nodeName"] for pod in desk.cluster.get("pods")}
    assert "control-plane-1" in where


def test_nodes_come_and_go(desk: Desk) -> None:
    assert told(desk, "add_node", cpu="2", memory="4Gi")["ok"]
    assert "worker-4" in desk.frame()["picture"]["text"]
    assert told(desk, "remove_node", node="worker-4")["ok"]
    assert "worker-4" not in desk.frame()["picture"]["text"]
    assert told(desk, "add_node", name="Bad Node")["field"] == "name"
    assert told(desk, "remove_node", node="ghost")["text"] == 'nodes "ghost" not found'


def test_stepping_shows_requests_on_their_way(desk: Desk) -> None:
    desk.handle({"kind": "automatic", "on": False})
    desk.handle({"kind": "tab", "tab": "control-plane"})
    assert told(desk, "create", **FORM)["ok"]
    seen = []
    for _ in range(40):
        frame = desk.handle({"kind": "command", "command": "step"})
        seen.append(next(line for line in frame["picture"]["text"].splitlines() if line.startswith("on the way:")))
    assert any("change" in line for line in seen)
    assert any("request" in line for line in seen)


def test_no_box_moves_from_one_revision_to_the_next(desk: Desk) -> None:
    """Through scaling up and down, live and looking back; the last picture is the same with and without memory."""
    from test_pictures import places

    told(desk, "apply", yaml=WEB)
    for replicas in (9, 4, 7, 2, 6):
        told(desk, "scale", what="deployments/default/web", replicas=replicas)
    assert places(desk.view().svg) == places(cluster_map(desk.cluster).svg)
    before: dict = {}
    compared = 0
    for revision in range(desk.cluster.revision - 120, desk.cluster.revision):
        desk.handle({"kind": "look", "revision": revision})
        now = places(desk.view().svg)
        for identity in now.keys() & before.keys():
            in_tray = min(now[identity][1], before[identity][1]) < 70
            if "#" not in identity and not in_tray:
                compared += 1
                assert now[identity] == before[identity], (revision, identity)
        before = now
    assert compared > 500


def test_a_decision_of_the_real_scheduler_is_drawn(desk: Desk) -> None:
    told(desk, "create", **{**FORM, "kind": "Pod", "name": "big", "cpu": "16"})
    frame = desk.handle({"kind": "select", "id": "pods/default/big", "tab": "decision"})
    assert "Insufficient cpu" in frame["picture"]["text"]
    svg = frame["picture"]["svg"]
    assert 'id="cut/nodes/control-plane-1"' in svg
    assert 'id="cut/nodes/worker-1"' in svg


def test_the_queue_shows_what_a_pod_waits_for(desk: Desk) -> None:
    told(desk, "create", **{**FORM, "kind": "Pod", "name": "big", "cpu": "16"})
    text = desk.handle({"kind": "tab", "tab": "queue"})["picture"]["text"]
    assert "unschedulable: 1" in text
    assert "default/big: 1 attempt; rejected by" in text
    assert "NodeResourcesFit" in text
    past = desk.handle({"kind": "look", "revision": desk.cluster.revision - 3})
    assert "the past does not keep queues" in past["picture"]["text"]
