"""The public face, as notebooks use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.apiserver.request import ApiError
from cp_sim.objects import meta
from cp_sim.objects.kinds import UnknownKind
from cp_sim.objects.manifests import ManifestError
from cp_sim.objects.quantity import QuantityError

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: {app: web}
spec:
  replicas: 3
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      containers:
      - name: web
        image: nginx:1.27
        resources:
          requests: {cpu: "0.25", memory: 64e6}
---
# An empty document and a comment disturb nobody.
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 80}]
"""
ROLE = "node-role.kubernetes.io/control-plane"
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: one}\nspec: {containers: [{name: c, image: 'nginx:1.27'}]}"


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(workers=3, seed=7)


def names(objects: list[dict[str, Any]]) -> list[str]:
    return [meta.name(obj) for obj in objects]


def running(cluster: Cluster) -> list[dict[str, Any]]:
    return [pod for pod in cluster.get("pods") if meta.phase(pod) == "Running" and meta.is_ready(pod)]


def test_a_new_cluster_is_ready_and_looks_as_after_kubeadm(cluster: Cluster) -> None:
    nodes = cluster.get("nodes")
    assert names(nodes) == ["control-plane-1", "worker-1", "worker-2", "worker-3"]
    assert all(meta.is_ready(node) for node in nodes)
    control_plane = nodes[0]
    assert control_plane["spec"]["taints"] == [{"key": ROLE, "effect": "NoSchedule"}]
    assert ROLE in meta.labels(control_plane)
    assert not any(node["spec"].get("taints") for node in nodes[1:])
    system = names(cluster.get("pods", "kube-system"))
    for component in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"):
        assert f"{component}-control-plane-1" in system
    assert {"default", "kube-system", "kube-public", "kube-node-lease"} <= set(names(cluster.get("namespaces")))
    assert names(cluster.get("serviceaccounts")) == ["default"]


def test_several_documents_are_applied_and_a_deployment_runs(cluster: Cluster) -> None:
    deployment, service = cluster.apply(WEB)
    assert (deployment["kind"], service["kind"]) == ("Deployment", "Service")
    requests = deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]
    assert requests == {"cpu": "250m", "memory": "64M"}
    cluster.settle()
    pods = running(cluster)
    assert len(pods) == 3
    assert {meta.node_name(pod) for pod in pods} == {"worker-1", "worker-2", "worker-3"}
    addresses = cluster.get("endpoints/web")["subsets"][0]["addresses"]
    assert sorted(address["ip"] for address in addresses) == sorted(pod["status"]["podIP"] for pod in pods)


def test_applying_the_same_again_changes_nothing_and_something_else_only_that(cluster: Cluster) -> None:
    cluster.apply(WEB)
    cluster.settle()
    before = cluster.revision
    cluster.apply(WEB)
    cluster.settle()
    assert cluster.revision == before
    cluster.scale("deployment/web", 4)
    changed, _ = cluster.apply(WEB.replace("nginx:1.27", "nginx:1.28").replace("  replicas: 3\n", ""))
    assert changed["spec"]["replicas"] == 1, "what was applied and is applied no more goes back to its default"
    cluster.settle()
    assert [pod["spec"]["containers"][0]["image"] for pod in running(cluster)] == ["nginx:1.28"]


def test_the_control_plane_can_be_made_to_run_workloads(cluster: Cluster) -> None:
    for node in ("worker-1", "worker-2", "worker-3"):
        cluster.cordon(node)
    cluster.apply(POD)
    cluster.settle()
    (pod,) = cluster.get("pods")
    assert meta.node_name(pod) == ""
    message = meta.condition(pod, "PodScheduled")["message"]
    assert message.startswith(
        "0/4 nodes are available: 1 node(s) had untolerated taint(s), 3 node(s) were unschedulable."
    )
    cluster.untaint("control-plane-1", f"{ROLE}:NoSchedule")
    cluster.settle()
    assert meta.node_name(cluster.get("pod/one")) == "control-plane-1"
    cluster.taint("control-plane-1", f"{ROLE}:NoSchedule")
    cluster.settle()
    assert meta.phase(cluster.get("pod/one")) == "Running", "NoSchedule keeps out, it does not drive out"


def test_scaling_deleting_and_self_healing(cluster: Cluster) -> None:
    cluster.apply(WEB)
    cluster.settle()
    victim = names(running(cluster))[0]
    cluster.delete(f"pod/{victim}")
    cluster.settle()
    assert len(running(cluster)) == 3
    assert victim not in names(running(cluster))
    scale = cluster.scale("deploy/web", 6)
    assert scale["kind"] == "Scale"
    cluster.settle()
    assert len(running(cluster)) == 6
    cluster.delete("deployment/web")
    cluster.settle()
    assert cluster.get("pods") == cluster.get("replicasets") == []


def test_a_node_dies_and_its_pods_move_after_the_real_times(cluster: Cluster) -> None:
    cluster.apply(WEB)
    cluster.settle()
    cluster.kubelets.stop("worker-1")
    cluster.run("40s")
    assert meta.is_ready(cluster.get("node/worker-1"))
    cluster.run("20s")
    ready = meta.condition(cluster.get("node/worker-1"), "Ready")
    assert (ready["status"], ready["reason"]) == ("Unknown", "NodeStatusUnknown")
    assert "worker-1" in {meta.node_name(pod) for pod in cluster.get("pods")}
    cluster.run("6m")
    nodes = [meta.node_name(pod) for pod in cluster.get("pods") if not meta.is_deleting(pod)]
    assert len(nodes) == 3
    assert "worker-1" not in nodes


def test_draining_evicts_everything_but_static_pods(cluster: Cluster) -> None:
    cluster.apply(WEB)
    cluster.settle()
    there = [meta.key(pod) for pod in cluster.get("pods") if meta.node_name(pod) == "worker-2"]
    assert cluster.drain("worker-2") == there
    cluster.settle()
    assert cluster.get("node/worker-2")["spec"]["unschedulable"] is True
    assert not [pod for pod in running(cluster) if meta.node_name(pod) == "worker-2"]
    assert cluster.drain("control-plane-1") == []
    cluster.uncordon("worker-2")
    assert "unschedulable" not in cluster.get("node/worker-2")["spec"]


def test_nodes_come_and_go(cluster: Cluster) -> None:
    cluster.add_node("worker-4", cpu="2", memory="4Gi", zone="b", labels={"disk": "ssd"}, taints=["gpu=yes:NoSchedule"])
    cluster.settle()
    node = cluster.get("node/worker-4")
    assert meta.is_ready(node)
    assert node["status"]["allocatable"]["cpu"] == "2"
    assert meta.labels(node)["disk"] == "ssd"
    assert meta.labels(node)["topology.kubernetes.io/zone"] == "b"
    assert {"key": "gpu", "value": "yes", "effect": "NoSchedule"} in node["spec"]["taints"]
    cluster.remove_node("worker-4")
    cluster.run("2m")
    assert "worker-4" not in names(cluster.get("nodes"))


def test_labels_and_annotations(cluster: Cluster) -> None:
    cluster.label("node/worker-1", "tier=front", "spare=")
    assert meta.labels(cluster.get("node/worker-1"))["tier"] == "front"
    cluster.label("node/worker-1", "tier-")
    assert "tier" not in meta.labels(cluster.get("node/worker-1"))
    assert meta.labels(cluster.get("node/worker-1"))["spare"] == ""
    cluster.annotate("node/worker-1", "note=hello")
    assert meta.annotations(cluster.get("node/worker-1"))["note"] == "hello"


def test_the_past_can_be_read_and_does_not_change(cluster: Cluster) -> None:
    before = cluster.revision
    cluster.apply(WEB)
    cluster.settle()
    past = cluster.at(before)
    assert past.get("deployments") == []
    with pytest.raises(ApiError, match=r'deployments\.apps "web" not found'):
        past.get("deployment/web")
    three = cluster.at(cluster.revision)
    cluster.scale("deployment/web", 1)
    cluster.settle()
    assert len(three.get("pods")) == 3
    assert len(cluster.get("pods")) == 1


def test_every_object_can_be_traced_back_to_what_the_user_asked(cluster: Cluster) -> None:
    cluster.apply(WEB)
    cluster.settle()
    pod = meta.name(running(cluster)[0])
    told = [(record.actor.partition("/")[0], record.verb) for record in reversed(cluster.explain(f"pod/{pod}").chain)]
    assert told[0] == ("user", "apply")
    links = [
        ("user", "apply"),
        ("deployment-controller", "reconcile"),
        ("replicaset-controller", "reconcile"),
        ("kube-scheduler", "schedule"),
        ("kubelet", "start"),
    ]
    places = [told.index(link) for link in links]
    assert places == sorted(places)
    assert "3 replicas wanted" in str(cluster.explain(f"pod/{pod}"))
    cluster.delete(f"pod/{pod}")
    cluster.settle()
    assert cluster.explain(f"pod/{pod}").chain, "what is gone can still be explained"


def test_stepping_shows_one_thing_after_the_other_and_ends(cluster: Cluster) -> None:
    cluster.apply(WEB)
    steps = 0
    while records := cluster.step():
        assert records[0].actor
        steps += 1
        assert steps < 1_000
    assert steps > 20
    assert len(running(cluster)) == 3


def test_a_raw_request_is_answered_as_the_server_answers(cluster: Cluster) -> None:
    answer = cluster.request("GET", "/api/v1/nodes", query={"limit": 2})
    assert (answer.status, answer.body["kind"], len(answer.body["items"])) == (200, "NodeList", 2)
    rest = cluster.request("GET", "/api/v1/nodes", query={"continue": answer.body["metadata"]["continue"]})
    assert len(rest.body["items"]) == 2
    forbidden = cluster.request("GET", "/api/v1/nodes", user="bob")
    assert (forbidden.status, forbidden.body["reason"]) == (403, "Forbidden")
    watched = cluster.request("GET", "/api/v1/pods?watch=true&timeoutSeconds=2&resourceVersion=0")
    assert [change["type"] for change in watched.body][:1] == ["ADDED"]
    assert cluster.request("GET", "/version").body["minor"] == "36"


def test_two_components_alone_store_and_do_nothing() -> None:
    cluster = Cluster(components=("etcd", "apiserver"))
    cluster.apply(WEB)
    cluster.settle()
    assert names(cluster.get("deployments")) == ["web"]
    assert cluster.get("nodes") == cluster.get("replicasets") == cluster.get("pods") == []


def test_further_callers_have_the_groups_they_are_given() -> None:
    cluster = Cluster(workers=1, callers={"carol": ("system:masters",), "dave": ()})
    assert cluster.request("GET", "/api/v1/secrets", user="carol").status == 200
    assert cluster.request("GET", "/api/v1/secrets", user="dave").status == 403
    assert cluster.request("GET", "/api/v1/secrets", user="nobody").status == 401


TYPO = POD.replace("spec:", "spek:")
TOO_BIG = POD.replace("name: one", "name: one, annotations: {big: " + "x" * 2_000_000 + "}")
BAD: list[tuple[str, Callable[[Cluster], Any], type[Exception], str]] = [
    ("a typo", lambda c: c.apply(TYPO), ApiError, 'unknown field "spek"'),
    (
        "a deep typo",
        lambda c: c.apply(WEB.replace("image:", "imgae:")),
        ApiError,
        r'unknown field ".*containers\[0\].imgae"',
    ),
    ("an impossible quantity", lambda c: c.apply(WEB.replace('"0.25"', '"1x"')), ApiError, "quantities must match"),
    (
        "a duplicate name",
        lambda c: (c.apply(POD), c.add_node("worker-1")),
        ValueError,
        "already a node called worker-1",
    ),
    (
        "a missing taint",
        lambda c: c.untaint("worker-1", "gpu:NoSchedule"),
        ValueError,
        'taint "gpu:NoSchedule" not found',
    ),
    (
        "an unknown kind",
        lambda c: c.apply("apiVersion: v1\nkind: Pond\nmetadata: {name: x}"),
        UnknownKind,
        "no matches",
    ),
    ("an unknown kind to get", lambda c: c.get("ponds"), UnknownKind, "doesn't have a resource type"),
    ("a missing node", lambda c: c.taint("worker-9", "a:NoSchedule"), ApiError, 'nodes "worker-9" not found'),
    (
        "minus one",
        lambda c: c.apply(WEB.replace("replicas: 3", "replicas: -1")),
        ApiError,
        "greater than or equal to 0",
    ),
    ("scale to minus one", lambda c: (c.apply(POD), c.scale("deploy/none", -1)), ApiError, "not found"),
    ("two megabytes", lambda c: c.apply(TOO_BIG), ApiError, "Too long"),
    ("no YAML", lambda c: c.apply("apiVersion: v1\nkind: [Pod"), ManifestError, "line 2|line 3"),
    ("no object", lambda c: c.apply("just words"), ManifestError, "not an object"),
    ("nothing", lambda c: c.apply("---\n# nothing\n"), ManifestError, "no objects"),
    ("a bad size", lambda c: c.add_node("big", cpu="lots"), QuantityError, "quantities must match"),
    ("a bad name", lambda c: c.add_node("Bad Node"), ValueError, "a node cannot be called 'Bad Node'"),
    ("a bad taint", lambda c: c.taint("worker-1", "gpu"), ValueError, "is not a taint"),
    ("a bad time", lambda c: c.run("soon"), ValueError, "not a duration"),
    ("the future", lambda c: c.at(10**6), ValueError, "the store holds"),
    ("no name", lambda c: c.delete("pods"), ValueError, "name one object"),
]


@pytest.mark.parametrize(("act", "error", "sentence"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_input_is_one_clear_sentence_and_the_cluster_is_unchanged(
    cluster: Cluster, act: Callable[[Cluster], Any], error: type[Exception], sentence: str
) -> None:
    deployments = cluster.get("deployments", "*")
    nodes = cluster.get("nodes")
    with pytest.raises(error, match=sentence):
        act(cluster)
    assert cluster.get("deployments", "*") == deployments
    assert cluster.get("nodes") == nodes
    cluster.settle()


def test_sizes_and_components_that_cannot_be_are_refused() -> None:
    for wrong, sentence in (
        ({"control_planes": 0}, "choose a number from 1 to 7"),
        ({"etcd_members": 9}, "choose a number from 1 to 7"),
        ({"etcd": "elsewhere"}, "stacked"),
        ({"control_planes": 3, "etcd_members": 5}, "leave it out"),
        ({"workers": -1}, "fewer than no workers"),
        ({"components": ("etcd", "apiserver", "schedular")}, "no component 'schedular'"),
        ({"components": ("apiserver",)}, "needs etcd"),
    ):
        with pytest.raises(ValueError, match=sentence):
            Cluster(**wrong)  # type: ignore[arg-type]


def test_a_pod_on_a_node_that_does_not_exist_is_no_endpoint() -> None:
    # Source: `reconcileByAddressType` in k8s.io/endpointslice/reconciler.go.
    cluster = Cluster(components=("etcd", "apiserver", "controller-manager"))
    cluster.apply(
        POD.replace("name: one", "name: one, labels: {app: web}").replace("spec: {", "spec: {nodeName: gone, ")
    )
    cluster.apply(
        "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selector: {app: web}, ports: [{port: 80}]}}"
    )
    status = {"phase": "Running", "podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}
    status["conditions"] = [{"type": "Ready", "status": "True"}]
    headers = {"content-type": "application/merge-patch+json"}
    path = "/api/v1/namespaces/default/pods/one/status"
    assert cluster.request("PATCH", path, headers=headers, body={"status": status}).status == 200
    cluster.run("2s")
    assert not [piece for piece in cluster.get("endpointslices") if piece.get("endpoints")]
    cluster.apply("{apiVersion: v1, kind: Node, metadata: {name: gone}}")
    cluster.run("30s")
    (piece,) = cluster.get("endpointslices")
    assert [endpoint["nodeName"] for endpoint in piece["endpoints"]] == ["gone"]
