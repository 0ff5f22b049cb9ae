"""Claims that wait for their pod, in a running cluster: what VolumeBinding writes before the pod is bound, and how long
it waits.  Here the test is the volume controller, and whoever makes volumes.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.apiserver.request import Call
from cp_sim.objects import meta
from tests.rooms.scheduler.cluster_parts import ZONE, Object, World, node, pod

BOUND_BY = "pv.kubernetes.io/bound-by-controller"
COMPLETED = "pv.kubernetes.io/bind-completed"
SELECTED = "volume.kubernetes.io/selected-node"


def storage_class(provisioner: str) -> Object:
    """A storage class whose volumes are bound when a pod needs them."""
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": "late"},
        "provisioner": provisioner,
        "volumeBindingMode": "WaitForFirstConsumer",
    }


def claim(name: str = "data", size: str = "1Gi") -> Object:
    """A claim of that class."""
    spec = {
        "storageClassName": "late",
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name}, "spec": spec}


def volume(name: str, zone: str, size: str = "1Gi") -> Object:
    """A volume that can be used in one zone."""
    term = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}
    spec = {
        "capacity": {"storage": size},
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "late",
        "hostPath": {"path": f"/disks/{name}"},
        "nodeAffinity": {"required": {"nodeSelectorTerms": [term]}},
    }
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name}, "spec": spec}


def stored_world(provisioner: str, *volumes: Object, **options: Any) -> World:
    """Two nodes in two zones, the class, the claim `data`, and volumes that are available."""
    world = World(node("a1", labels={ZONE: "a"}), node("b1", labels={ZONE: "b"}), **options)
    world.ask(Call("create", "storageclasses.storage.k8s.io", body=storage_class(provisioner)))
    world.ask(Call("create", "persistentvolumeclaims", "default", body=claim()))
    for one in volumes:
        world.ask(Call("create", "persistentvolumes", body=one))
        world.change("persistentvolumes", meta.name(one), {"status": {"phase": "Available"}}, subresource="status")
    return world


def with_claim(name: str = "web-1") -> Object:
    """A pod that mounts the claim."""
    return pod(name, volumes=[{"name": "disk", "persistentVolumeClaim": {"claimName": "data"}}])


def bind(world: World, name: str) -> None:
    """What the volume controller does to a claim whose volume is `name`."""
    patch: Object = {"metadata": {"annotations": {COMPLETED: "yes"}}, "spec": {"volumeName": name}}
    world.change("persistentvolumeclaims", "data", patch, "default")


def test_a_volume_is_promised_and_the_pod_bound_when_the_claim_is() -> None:
    world = stored_world("kubernetes.io/no-provisioner", volume("disk-b", "b"))
    stored = world.add_pod(with_claim())
    assert not meta.node_name(stored)
    assert stored["status"]["nominatedNodeName"] == "b1"
    promised = world.get("persistentvolumes", "disk-b")
    made = world.get("persistentvolumeclaims", "data", "default")
    reference = promised["spec"]["claimRef"]
    assert (reference["namespace"], reference["name"], reference["uid"]) == ("default", "data", meta.uid(made))
    assert meta.annotations(promised)[BOUND_BY] == "yes"
    assert SELECTED not in meta.annotations(made)
    bind(world, "disk-b")
    stored = world.get("pods", "web-1", "default")
    assert meta.node_name(stored) == "b1"
    assert "nominatedNodeName" not in stored["status"]
    assert not world.scheduler.binding.preparing


def test_a_volume_is_made_on_the_node_that_was_chosen() -> None:
    world = stored_world("example.com/disks")
    world.add_pod(with_claim())
    chosen = meta.annotations(world.get("persistentvolumeclaims", "data", "default"))[SELECTED]
    assert world.get("pods", "web-1", "default")["status"]["nominatedNodeName"] == chosen
    zone = "a" if chosen == "a1" else "b"
    world.ask(Call("create", "persistentvolumes", body=volume("made", zone)))
    bind(world, "made")
    assert meta.node_name(world.get("pods", "web-1", "default")) == chosen


def test_who_cannot_make_a_volume_says_so_by_taking_the_annotation_off() -> None:
    world = stored_world("example.com/disks")
    world.add_pod(with_claim())
    world.change("persistentvolumeclaims", "data", {"metadata": {"annotations": {SELECTED: None}}}, "default")
    text = 'running PreBind plugin "VolumeBinding": provisioning failed for PVC "data"'
    assert text in world.events("FailedScheduling")
    # The pod is tried again, on whichever node.
    assert SELECTED in meta.annotations(world.get("persistentvolumeclaims", "data", "default"))
    assert world.scheduler.binding.preparing


@pytest.mark.parametrize("seconds", [5, 600])
def test_it_does_not_wait_for_ever(seconds: int) -> None:
    arguments = {"name": "VolumeBinding", "args": {"bindTimeoutSeconds": seconds}}
    profiles = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "profiles": [{"pluginConfig": [arguments]}],
    }
    world = stored_world("example.com/disks", profiles=profiles)
    world.add_pod(with_claim())
    world.loop.run(seconds * 1000 - 1_000)
    assert world.scheduler.binding.preparing
    world.loop.run(1_000)
    condition = meta.condition(world.get("pods", "web-1", "default"), "PodScheduled") or {}
    text = 'running PreBind plugin "VolumeBinding": binding volumes: context deadline exceeded'
    assert (condition.get("reason"), condition.get("message")) == ("SchedulerError", text)


def test_a_claim_that_is_deleted_meanwhile() -> None:
    world = stored_world("example.com/disks")
    world.add_pod(with_claim())
    world.change("persistentvolumeclaims", "data", {"metadata": {"finalizers": None}}, "default")
    world.ask(Call("delete", "persistentvolumeclaims", "default", "data"))
    messages = world.events("FailedScheduling")
    assert 'running PreBind plugin "VolumeBinding": persistentvolumeclaim "data" not found' in messages


def test_two_pods_are_not_promised_the_same_volume() -> None:
    world = stored_world("kubernetes.io/no-provisioner", volume("small", "a"), volume("large", "a", "5Gi"))
    world.ask(Call("create", "persistentvolumeclaims", "default", body=claim("other")))
    world.add_pod(with_claim())
    other = pod("web-2", volumes=[{"name": "disk", "persistentVolumeClaim": {"claimName": "other"}}])
    world.add_pod(other)
    names = {name: world.get("persistentvolumes", name)["spec"]["claimRef"]["name"] for name in ("small", "large")}
    assert names == {"small": "data", "large": "other"}
