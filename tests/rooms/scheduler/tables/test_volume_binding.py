"""VolumeBinding: what upstream's own tests ask of the filter, in our notation.

Source: pkg/scheduler/framework/plugins/volumebinding/volume_binding_test.go (TestVolumeBinding), binder_test.go
(TestFindPodVolumesWithoutProvisioning, TestFindPodVolumesWithProvisioning, TestCapacity).  Nodes `a` and `b` are in
zones of their names.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.plugins.volume_binding import VolumeBinding
from tests.rooms.scheduler.tables.parts import (
    FITS,
    SKIPS,
    UNRESOLVABLE,
    Object,
    decide,
    expressions,
    node,
    pod,
    verdicts,
)

NO_PROVISIONER = "kubernetes.io/no-provisioner"
DRIVER = "lvm.csi.example.com"
WAIT = "WaitForFirstConsumer"

ELSEWHERE = (UNRESOLVABLE, "node(s) didn't match PersistentVolume's node affinity")
NOTHING_TO_BIND = (UNRESOLVABLE, "node(s) didn't find available persistent volumes to bind")
NO_SPACE = (UNRESOLVABLE, "node(s) did not have enough free storage")
GONE = (UNRESOLVABLE, "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)")

NODES = [node("a", "zone=a"), node("b", "zone=b")]


def mounting(*names: str, made: tuple[str, ...] = (), **more: Any) -> Object:
    """A pod that mounts claims, and some that are made for it."""
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    volumes += [{"name": name, "ephemeral": {"volumeClaimTemplate": {"spec": {}}}} for name in made]
    return pod(name="web", volumes=volumes, **more)


def claim(name: str, of: str = "wait", size: str = "5Gi", **more: Any) -> Object:
    """A claim of a class.  `bound` to a volume for good, `meant` for one; `selected` a node; `owner` a pod's uid."""
    annotations: dict[str, str] = {}
    metadata: Object = {"name": name, "namespace": "default", "uid": f"uid-{name}", "annotations": annotations}
    volume = more.pop("bound", "")
    if volume:
        annotations["pv.kubernetes.io/bind-completed"] = "yes"
    if "selected" in more:
        annotations["volume.kubernetes.io/selected-node"] = more.pop("selected")
    if "owner" in more:
        metadata["ownerReferences"] = [{"kind": "Pod", "name": "web", "uid": more.pop("owner"), "controller": True}]
    if more.pop("leaving", False):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    status = {"phase": more.pop("phase", "Bound" if volume else "Pending")}
    spec = {"storageClassName": of, "resources": {"requests": {"storage": size}}, "accessModes": ["ReadWriteOnce"]}
    volume = volume or more.pop("meant", "")
    if volume:
        spec["volumeName"] = volume
    return {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {**spec, **more}, "status": status}


def volume(name: str, where: str = "", of: str = "wait", size: str = "10Gi", **more: Any) -> Object:
    """A volume that can be used where a selector matches; `taken` by a claim."""
    spec: Object = {"storageClassName": of, "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"]}
    if where:
        spec["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": expressions(where)}]}}
    taken = more.pop("taken", "")
    if taken:
        spec["claimRef"] = {"namespace": "default", "name": taken, "uid": more.pop("uid", f"uid-{taken}")}
    marks = more.pop("marks", {})
    status = {"phase": more.pop("phase", "Bound" if taken else "Available")}
    metadata: Object = {"name": name, "labels": marks}
    if more.pop("leaving", False):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"kind": "PersistentVolume", "metadata": metadata, "spec": {**spec, **more}, "status": status}


def storage_class(name: str, mode: str = WAIT, provisioner: str = NO_PROVISIONER, zones: str = "") -> Object:
    made: Object = {
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": provisioner,
        "volumeBindingMode": mode,
    }
    if zones:
        made["allowedTopologies"] = [{"matchLabelExpressions": [{"key": "zone", "values": zones.split()}]}]
    return made


CLASSES = [
    storage_class("wait"),
    storage_class("now", "Immediate"),
    storage_class("made", provisioner=DRIVER),
    storage_class("made-in-a", provisioner=DRIVER, zones="a"),
]

# The pod, what else is there, why the pod is refused as a whole.
REFUSED: dict[str, tuple[Object, list[Object], str]] = {
    "a claim is missing": (mounting("x"), [], 'persistentvolumeclaim "x" not found'),
    "one of two is missing": (
        mounting("x", "y"),
        [claim("x", bound="pv"), volume("pv", taken="x")],
        'persistentvolumeclaim "y" not found',
    ),
    "bound at once, but not yet": (
        mounting("x"),
        [claim("x", "now")],
        "pod has unbound immediate PersistentVolumeClaims",
    ),
    "of an unknown class": (mounting("x"), [claim("x", "none")], "pod has unbound immediate PersistentVolumeClaims"),
    "of no class": (mounting("x"), [claim("x", "")], "pod has unbound immediate PersistentVolumeClaims"),
    "meant for a volume, not bound yet": (
        mounting("x"),
        [claim("x", meant="pv"), volume("pv")],
        "pod has unbound immediate PersistentVolumeClaims",
    ),
    "lost": (
        mounting("x"),
        [claim("x", bound="pv", phase="Lost")],
        'persistentvolumeclaim "x" bound to non-existent persistentvolume "pv"',
    ),
    "being deleted": (mounting("x"), [claim("x", leaving=True)], 'persistentvolumeclaim "x" is being deleted'),
    "an ephemeral claim that is not made yet": (
        mounting(made=("x",)),
        [],
        'waiting for ephemeral volume controller to create the persistentvolumeclaim "web-x"',
    ),
    "an ephemeral claim of somebody else": (
        mounting(made=("x",)),
        [claim("web-x", owner="another")],
        "PVC default/web-x was not created for pod default/web (pod is not owner)",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_claims_that_no_node_can_serve(case: str) -> None:
    wanted, objects, reason = REFUSED[case]
    refused = decide((VolumeBinding(),), wanted, [*NODES, *CLASSES, *objects]).pre_filter
    assert refused is not None
    assert (refused.code, refused.reason) == (UNRESOLVABLE, reason)


def driver(tells_capacity: bool = True) -> Object:
    return {"kind": "CSIDriver", "metadata": {"name": DRIVER}, "spec": {"storageCapacity": tells_capacity}}


def capacity(name: str, amount: str, largest: str = "", of: str = "made", zone: str | None = "a") -> Object:
    made: Object = {
        "kind": "CSIStorageCapacity",
        "metadata": {"name": name},
        "storageClassName": of,
        "capacity": amount,
    }
    if largest:
        made["maximumVolumeSize"] = largest
    if zone is not None:
        made["nodeTopology"] = {"matchLabels": {"zone": zone}}
    return made


IN_A = "zone=a"

# The pod, what else is there, the answers of nodes a and b.
FILTER: dict[str, tuple[Object, list[Object], Any, Any]] = {
    "bound, usable everywhere": (mounting("x"), [claim("x", bound="pv"), volume("pv", taken="x")], FITS, FITS),
    "bound in one zone": (mounting("x"), [claim("x", bound="pv"), volume("pv", IN_A, taken="x")], FITS, ELSEWHERE),
    "bound in two zones": (
        mounting("x", "y"),
        [claim("x", bound="1"), volume("1", IN_A, taken="x"), claim("y", bound="2"), volume("2", "zone=b", taken="y")],
        ELSEWHERE,
        ELSEWHERE,
    ),
    "bound to a volume that is gone": (mounting("x"), [claim("x", bound="pv")], GONE, GONE),
    "one is there to bind": (mounting("x"), [claim("x"), volume("pv", IN_A)], FITS, NOTHING_TO_BIND),
    "none is there": (mounting("x"), [claim("x")], NOTHING_TO_BIND, NOTHING_TO_BIND),
    "one for two": (mounting("x", "y"), [claim("x"), claim("y"), volume("pv")], NOTHING_TO_BIND, NOTHING_TO_BIND),
    "two for two": (
        mounting("x", "y"),
        [claim("x"), claim("y"), volume("1"), volume("2", IN_A)],
        FITS,
        NOTHING_TO_BIND,
    ),
    "the small one for the small claim": (
        mounting("large", "small"),
        [claim("large", size="8Gi"), claim("small", size="1Gi"), volume("1", size="10Gi"), volume("2", size="2Gi")],
        FITS,
        FITS,
    ),
    "too small": (mounting("x"), [claim("x", size="11Gi"), volume("pv")], NOTHING_TO_BIND, NOTHING_TO_BIND),
    "of another class": (mounting("x"), [claim("x"), volume("pv", of="now")], NOTHING_TO_BIND, NOTHING_TO_BIND),
    "of another mode": (
        mounting("x"),
        [claim("x"), volume("pv", volumeMode="Block")],
        NOTHING_TO_BIND,
        NOTHING_TO_BIND,
    ),
    "for another access": (
        mounting("x"),
        [claim("x", accessModes=["ReadWriteMany"]), volume("pv")],
        NOTHING_TO_BIND,
        NOTHING_TO_BIND,
    ),
    "with other attributes": (
        mounting("x"),
        [claim("x", volumeAttributesClassName="gold"), volume("pv")],
        NOTHING_TO_BIND,
        NOTHING_TO_BIND,
    ),
    "with the same attributes": (
        mounting("x"),
        [claim("x", volumeAttributesClassName="gold"), volume("pv", volumeAttributesClassName="gold")],
        FITS,
        FITS,
    ),
    "chosen by labels": (
        mounting("x"),
        [
            claim("x", selector={"matchLabels": {"kind": "fast"}}),
            volume("1", IN_A, marks={"kind": "fast"}),
            volume("2", "zone=b"),
        ],
        FITS,
        NOTHING_TO_BIND,
    ),
    "taken by another": (mounting("x"), [claim("x"), volume("pv", taken="y")], NOTHING_TO_BIND, NOTHING_TO_BIND),
    "kept for this claim": (
        mounting("x"),
        [claim("x"), volume("1", IN_A, taken="x", uid="", phase="Available"), volume("2", "zone=b")],
        FITS,
        NOTHING_TO_BIND,
    ),
    "kept for a claim of that name that is gone": (
        mounting("x"),
        [claim("x"), volume("pv", taken="x", uid="older")],
        NOTHING_TO_BIND,
        NOTHING_TO_BIND,
    ),
    "released": (mounting("x"), [claim("x"), volume("pv", phase="Released")], NOTHING_TO_BIND, NOTHING_TO_BIND),
    "being deleted": (mounting("x"), [claim("x"), volume("pv", leaving=True)], NOTHING_TO_BIND, NOTHING_TO_BIND),
    "bound elsewhere and none to bind": (
        mounting("x", "y"),
        [claim("x", bound="pv"), volume("pv", IN_A, taken="x"), claim("y")],
        NOTHING_TO_BIND,
        (*ELSEWHERE, NOTHING_TO_BIND[1]),
    ),
    "can be made": (mounting("x"), [claim("x", "made")], FITS, FITS),
    "can be made in one zone": (mounting("x"), [claim("x", "made-in-a")], FITS, NOTHING_TO_BIND),
    "one to bind, one to make": (
        mounting("x", "y"),
        [claim("x"), volume("pv", IN_A), claim("y", "made")],
        FITS,
        NOTHING_TO_BIND,
    ),
    "being made for a node": (mounting("x"), [claim("x", "made", selected="b")], NOTHING_TO_BIND, FITS),
    "an ephemeral claim of the pod": (
        mounting(made=("x",)),
        [claim("web-x", "made-in-a", owner="default/web")],
        FITS,
        NOTHING_TO_BIND,
    ),
    "room in one zone": (
        mounting("x"),
        [claim("x", "made"), driver(), capacity("a", "10Gi"), capacity("b", "1Gi", zone="b")],
        FITS,
        NO_SPACE,
    ),
    "no word about room": (mounting("x"), [claim("x", "made"), driver()], NO_SPACE, NO_SPACE),
    "room for another class": (
        mounting("x"),
        [claim("x", "made"), driver(), capacity("a", "10Gi", of="other")],
        NO_SPACE,
        NO_SPACE,
    ),
    "room, but not for one so large": (
        mounting("x"),
        [claim("x", "made"), driver(), capacity("a", "10Gi", largest="4Gi")],
        NO_SPACE,
        NO_SPACE,
    ),
    "room nowhere": (
        mounting("x"),
        [claim("x", "made"), driver(), capacity("a", "10Gi", zone=None)],
        NO_SPACE,
        NO_SPACE,
    ),
    "a driver that does not tell": (mounting("x"), [claim("x", "made"), driver(tells_capacity=False)], FITS, FITS),
    "the smaller claim is asked first": (
        mounting("x", "y"),
        [claim("x", "made-in-a", size="9Gi"), claim("y", "made", size="1Gi"), driver()],
        NO_SPACE,
        NO_SPACE,
    ),
}


@pytest.mark.parametrize("case", FILTER)
def test_nodes_for_claims(case: str) -> None:
    wanted, objects, of_a, of_b = FILTER[case]
    assert verdicts((VolumeBinding(),), wanted, [*NODES, *CLASSES, *objects]) == {"a": of_a, "b": of_b}


def test_a_pod_without_claims() -> None:
    assert verdicts((VolumeBinding(),), pod(), NODES) == SKIPS
