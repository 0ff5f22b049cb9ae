"""Machines: registering, static pods, heartbeats, stopping and starting."""

import copy

import pytest

from cp_sim.apiserver.request import Call
from cp_sim.kubelet import NodeSpec
from cp_sim.objects import meta
from cp_sim.objects.quantity import QuantityError
from cp_sim.sim.clock import parse_timestamp
from tests.rooms.kubelet.small_world import World, pod

CONTROL_PLANE = NodeSpec(
    "control-plane-1",
    labels={"node-role.kubernetes.io/control-plane": ""},
    taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}],
    control_plane=True,
)


def test_a_node_registers_with_what_its_machine_has():
    images = [("registry.k8s.io/pause:3.10", 320_000), ("nginx:1.27", 72_000_000)]
    spec = NodeSpec(
        "worker-1", cpu="2500m", memory="8192Mi", zone="a", region="r", labels={"disk": "ssd"}, images=images
    )
    world = World(nodes=[spec])
    node = world.get("nodes", "worker-1")
    labels = meta.labels(node)
    assert labels["kubernetes.io/hostname"] == "worker-1"
    assert (labels["topology.kubernetes.io/zone"], labels["topology.kubernetes.io/region"]) == ("a", "r")
    assert (labels["kubernetes.io/os"], labels["kubernetes.io/arch"], labels["disk"]) == ("linux", "amd64", "ssd")
    status = node["status"]
    assert status["capacity"] == {"cpu": "2500m", "ephemeral-storage": "100Gi", "memory": "8Gi", "pods": "110"}
    assert status["allocatable"] == status["capacity"]
    assert [entry["names"] for entry in status["images"]] == [["nginx:1.27"], ["registry.k8s.io/pause:3.10"]]
    assert status["nodeInfo"]["kubeletVersion"] == "v1.36.2"
    posted = [(entry["type"], entry["status"], entry["reason"]) for entry in status["conditions"]]
    assert posted == [
        ("MemoryPressure", "False", "KubeletHasSufficientMemory"),
        ("DiskPressure", "False", "KubeletHasNoDiskPressure"),
        ("PIDPressure", "False", "KubeletHasSufficientPID"),
        ("Ready", "True", "KubeletReady"),
    ]
    assert [reason for reason, _, _ in world.events("worker-1")][:2] == ["Starting", "NodeHasSufficientMemory"]


def test_a_machine_in_a_cloud_waits_to_be_initialised():
    world = World(nodes=[NodeSpec("worker-1", zone="a", provider_id="sim://x", cloud=True)])
    node = world.get("nodes", "worker-1")
    taints = {taint["key"]: taint["effect"] for taint in node["spec"]["taints"]}
    assert taints["node.cloudprovider.kubernetes.io/uninitialized"] == "NoSchedule"
    assert "providerID" not in node["spec"]
    assert "topology.kubernetes.io/zone" not in meta.labels(node)


def test_an_impossible_machine_is_refused():
    with pytest.raises(QuantityError):
        NodeSpec("worker-1", cpu="four")


def test_the_control_plane_shows_its_static_pods():
    world = World(nodes=[CONTROL_PLANE])
    names = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "cloud-controller-manager"]
    for name in names:
        mirror = world.pod(f"{name}-control-plane-1", "kube-system")
        assert mirror["status"]["phase"] == "Running"
        assert meta.is_ready(mirror)
        assert mirror["status"]["podIP"] == mirror["status"]["hostIP"]
        assert mirror["spec"]["priority"] == 2_000_001_000
        assert meta.controller_of(mirror)["kind"] == "Node"


def test_a_deleted_mirror_comes_back():
    world = World(nodes=[CONTROL_PLANE])
    before = world.pod("etcd-control-plane-1", "kube-system")
    assert world.ask(Call("delete", "pods", "kube-system", "etcd-control-plane-1")).ok
    world.settle()
    after = world.pod("etcd-control-plane-1", "kube-system")
    assert meta.uid(after) != meta.uid(before)
    assert after["status"]["phase"] == "Running"


def lease_age_s(world, name):
    lease = world.get("leases.coordination.k8s.io", name, "kube-node-lease")
    return (world.loop.clock.now_ms - parse_timestamp(lease["spec"]["renewTime"])) / 1000


def test_every_node_renews_its_lease_every_ten_seconds():
    world = World(nodes=[f"worker-{number}" for number in range(1, 25)])
    before, records = world.etcd.current_revision, len(world.loop.trace)
    world.run("10s")
    assert world.etcd.current_revision - before == 24
    assert len(world.loop.trace) - records <= 1, "heartbeats do not fill the trace"
    world.run("1m")
    assert all(lease_age_s(world, f"worker-{number}") <= 10 for number in range(1, 25))
    beats = [timer for timer in world.loop.timers() if type(timer.message).__name__ == "Beat"]
    assert len(beats) == 10, "one timer serves many nodes"
    assert world.loop.settled


def test_the_status_is_posted_every_five_minutes():
    world = World()
    first = meta.condition(world.get("nodes", "worker-1"), "Ready")
    world.run("11m")
    later = meta.condition(world.get("nodes", "worker-1"), "Ready")
    assert parse_timestamp(later["lastHeartbeatTime"]) - parse_timestamp(first["lastHeartbeatTime"]) >= 300_000
    assert later["lastTransitionTime"] == first["lastTransitionTime"]


def test_a_stopped_kubelet_does_nothing_and_then_everything():
    world = World()
    world.create(pod("a"))
    world.settle()
    world.kubelets.stop("worker-1")
    world.create(pod("b"))
    world.delete("a")
    world.run("1m")
    assert lease_age_s(world, "worker-1") > 50
    assert world.status("b")["phase"] == "Pending"
    assert "conditions" not in world.status("b") or not meta.is_ready(world.pod("b"))
    assert meta.is_deleting(world.pod("a"))
    world.kubelets.start("worker-1")
    world.settle()
    assert lease_age_s(world, "worker-1") < 10
    assert meta.is_ready(world.pod("b"))
    assert world.pod("a") is None


def test_work_that_was_under_way_goes_on_after_a_stop():
    world = World()
    world.create(pod("a"))
    world.run("100ms")
    world.kubelets.stop("worker-1")
    world.run("10s")
    assert world.status("a")["phase"] == "Pending"
    world.kubelets.start("worker-1")
    world.settle()
    assert world.status("a")["phase"] == "Running"


def test_a_machine_that_is_gone_says_nothing_any_more():
    world = World(nodes=["worker-1", "worker-2"])
    world.create(pod("a"))
    world.settle()
    world.kubelets.remove("worker-1")
    before = world.etcd.current_revision
    world.run("30s")
    renewed = world.etcd.range_at("/registry/leases/kube-node-lease/worker-1")
    assert renewed[0].mod_revision <= before
    assert world.status("a")["phase"] == "Running", "nobody is there to say otherwise"


def test_a_kubelet_can_find_its_node_not_ready():
    world = World()
    world.run("5s")
    world.kubelets.post_ready("worker-1", False)
    world.settle()
    ready = meta.condition(world.get("nodes", "worker-1"), "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "KubeletNotReady")
    assert parse_timestamp(ready["lastTransitionTime"]) == 5_000
    assert world.events("worker-1")[-1][0] == "NodeNotReady"
    world.kubelets.post_ready("worker-1", True)
    world.settle()
    assert meta.is_ready(world.get("nodes", "worker-1"))


def test_a_kubelet_that_comes_back_finds_what_others_thought_of_its_node():
    world = World()
    world.kubelets.stop("worker-1")
    world.run("2m")
    unknown = {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown"}
    patch = {"status": {"conditions": [unknown | {"lastTransitionTime": world.loop.clock.timestamp()}]}}
    assert world.ask(Call("patch", "nodes", "", "worker-1", "status", patch, {}, "strategic")).ok
    world.run("10s")
    world.kubelets.start("worker-1")
    world.settle()
    conditions = world.get("nodes", "worker-1")["status"]["conditions"]
    since = {entry["type"]: parse_timestamp(entry["lastTransitionTime"]) for entry in conditions}
    assert since == {"MemoryPressure": 0, "DiskPressure": 0, "PIDPressure": 0, "Ready": 130_000}
    assert ("NodeReady", "Node worker-1 status is now: NodeReady", 2) in world.events("worker-1")


def test_a_node_that_was_deleted_comes_back_when_its_kubelet_starts_anew():
    world = World()
    assert world.ask(Call("delete", "nodes", "", "worker-1")).ok
    world.run("11m")
    assert world.get("nodes", "worker-1") is None
    world.kubelets.stop("worker-1")
    world.kubelets.start("worker-1")
    world.settle()
    assert meta.is_ready(world.get("nodes", "worker-1"))


def test_a_node_object_that_was_there_before_is_taken_over():
    world = World(nodes=[])
    made = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "worker-1", "labels": {"mine": "yes"}}}
    world.create(made, "nodes")
    world.kubelets.add(NodeSpec("worker-1", cpu="2"))
    world.settle()
    node = world.get("nodes", "worker-1")
    assert node["status"]["capacity"]["cpu"] == "2"
    assert meta.labels(node)["mine"] == "yes"
    assert meta.is_ready(node)


def test_a_fork_of_the_world_lives_on_its_own():
    world = World()
    world.create(pod("a"))
    twin = copy.deepcopy(world)
    twin.settle()
    assert twin.status("a")["phase"] == "Running"
    assert world.status("a").get("phase") == "Pending"
    world.settle()
    assert world.status("a")["phase"] == "Running"
    assert world.loop.clock.now_ms == twin.loop.clock.now_ms
