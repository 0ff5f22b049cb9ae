"""What the controls do, without a browser."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "views")]
from toy_cluster import ToyCluster  # noqa: E402

from cp_sim.apiserver.request import ApiError  # noqa: E402
from cp_sim.views.facts import taint_text  # noqa: E402
from cp_sim.widgets.commands import Commands, field_of_path, manifest_of, split_subject  # noqa: E402
from cp_sim.widgets.locate import line_of_field, unknown_field  # noqa: E402

FORM = {
    "kind": "Deployment",
    "name": "web",
    "image": "nginx",
    "replicas": "3",
    "cpu": "",
    "memory": "",
    "tolerate": False,
}


def taints_of(cluster: ToyCluster, name: str) -> list[str]:
    return [taint_text(one) for one in cluster.get(f"nodes/{name}")["spec"].get("taints", [])]


def test_untaint_takes_the_taint_as_it_is_shown() -> None:
    cluster = ToyCluster()
    shown = taints_of(cluster, "control-plane-1")[0]
    outcome = Commands(cluster).perform("untaint", {"node": "control-plane-1", "taint": shown})
    assert outcome.ok, outcome.text
    assert taints_of(cluster, "control-plane-1") == []


def test_taint_and_its_mistakes() -> None:
    cluster = ToyCluster()
    commands = Commands(cluster)
    assert commands.perform("taint", {"node": "worker-1", "taint": "gpu:NoSchedule"}).ok
    assert taints_of(cluster, "worker-1") == ["gpu:NoSchedule"]
    assert commands.perform("taint", {"node": "worker-1", "taint": "nonsense"}).field == "taint"
    assert commands.perform("taint", {"node": "worker-1", "taint": ""}).field == "taint"
    refused = commands.perform("untaint", {"node": "worker-1", "taint": "other:NoSchedule"})
    assert not refused.ok
    assert refused.text == 'taint "other:NoSchedule" not found'
    assert taints_of(cluster, "worker-1") == ["gpu:NoSchedule"]


def test_a_new_node_takes_the_next_free_name() -> None:
    cluster = ToyCluster()
    commands = Commands(cluster)
    assert commands.next_worker() == "worker-4"
    assert commands.perform("add_node", {"cpu": "2", "memory": "4Gi"}).ok
    assert [node["metadata"]["name"] for node in cluster.get("nodes")][-1] == "worker-4"
    assert commands.perform("remove_node", {"node": "worker-2"}).ok
    assert commands.next_worker() == "worker-2"


@pytest.mark.parametrize(("field", "text"), [("cpu", "four"), ("memory", "8Gib"), ("name", "worker-1")])
def test_a_node_that_cannot_be_is_refused_beside_its_field(field: str, text: str) -> None:
    cluster = ToyCluster()
    before = len(cluster.get("nodes"))
    outcome = Commands(cluster).perform("add_node", {"cpu": "4", "memory": "8Gi", field: text})
    assert (outcome.ok, outcome.field) == (False, field)
    assert len(cluster.get("nodes")) == before


def test_create_and_its_refusals() -> None:
    cluster = ToyCluster()
    commands = Commands(cluster)
    assert commands.perform("create", FORM).ok
    again = commands.perform("create", FORM)
    assert (again.ok, again.field, again.text) == (False, "name", 'pods "web" already exists')
    negative = commands.perform("create", {**FORM, "name": "other", "replicas": "-1"})
    assert (negative.ok, negative.field) == (False, "replicas")
    assert "must be greater than or equal to 0" in negative.text
    assert commands.perform("create", {**FORM, "replicas": "many"}).field == "replicas"


def test_what_the_form_describes() -> None:
    manifest = manifest_of({**FORM, "cpu": "250m", "tolerate": True})
    spec = manifest["spec"]["template"]["spec"]
    assert manifest["spec"]["replicas"] == 3
    assert manifest["spec"]["selector"]["matchLabels"] == manifest["spec"]["template"]["metadata"]["labels"]
    assert spec["containers"][0]["resources"]["requests"] == {"cpu": "250m"}
    assert spec["tolerations"][0]["key"] == "node-role.kubernetes.io/control-plane"
    assert manifest_of({**FORM, "kind": "Pod"})["kind"] == "Pod"


def test_time() -> None:
    cluster = ToyCluster()
    commands = Commands(cluster)
    assert commands.perform("run", {"duration": "40s"}).text == "40s of virtual time passed"
    wrong = commands.perform("run", {"duration": "soon"})
    assert (wrong.ok, wrong.field) == (False, "duration")
    assert "settled" in commands.perform("step", {}).text


def test_what_is_not_there() -> None:
    commands = Commands(ToyCluster())
    assert not commands.perform("fly", {}).ok
    assert "not found" in commands.perform("delete", {"what": "pods/default/nobody"}).text
    assert "resource type" in commands.perform("delete", {"what": "ghosts/default/nobody"}).text
    assert commands.perform("cordon", {"node": ""}).field == "node"


def test_every_command_of_the_front_end_is_known() -> None:
    script = (Path(__file__).parents[3] / "cp_sim/widgets/front/dashboard.js").read_text("utf-8")
    import re

    asked = set(re.findall(r'this\.command\("(\w+)"', script)) | {"cordon", "uncordon"}
    assert asked <= set(Commands.names())
    assert len(asked) > 12


def test_paths_lead_to_fields() -> None:
    assert field_of_path("spec.template.spec.containers[0].image") == "image"
    assert field_of_path("spec.containers[0].resources.requests[cpu]") == "cpu"
    assert field_of_path("metadata.name") == "name"
    assert field_of_path("spec.something") == ""


def test_subjects() -> None:
    kind, namespace, name = split_subject("pods/kube-system/etcd-1")
    assert (kind.kind, namespace, name) == ("Pod", "kube-system", "etcd-1")
    kind, namespace, name = split_subject("nodes/worker-1")
    assert (kind.kind, namespace, name) == ("Node", "", "worker-1")


MANIFEST = """apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: -1
  templat: {}
  template:
    spec:
      containers:
      - name: a
        image: nginx
      - name: b
        image: ""
"""


def test_lines_of_fields() -> None:
    details = {"details": {"name": "web", "kind": "deployments"}}
    assert line_of_field(MANIFEST, "spec.replicas", details) == 11
    assert line_of_field(MANIFEST, "spec.template.spec.containers[1].image", details) == 19
    assert line_of_field(MANIFEST, unknown_field('strict decoding error: unknown field "spec.templat"')) == 12
    assert line_of_field(MANIFEST, "spec.selector", details) == 10
    assert line_of_field("a: [", "spec") == 0


def test_a_typo_in_a_manifest_is_shown_at_its_line() -> None:
    cluster = ToyCluster()
    yaml = "apiVersion: v1\nkind: Pod\nspec:\n  containers: []\n  templat: {}\n"

    def refuse(text: str) -> None:
        raise ApiError({"code": 400, "message": 'strict decoding error: unknown field "spec.templat"'})

    cluster.apply = refuse  # type: ignore[method-assign, assignment]
    outcome = Commands(cluster).perform("apply", {"yaml": yaml})
    assert (outcome.ok, outcome.field, outcome.line) == (False, "yaml", 5)
    assert Commands(ToyCluster()).perform("apply", {"yaml": "a: b: c"}).line == 3
    assert Commands(ToyCluster()).perform("apply", {"yaml": " "}).field == "yaml"
