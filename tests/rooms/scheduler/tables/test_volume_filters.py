"""VolumeRestrictions, VolumeZone and NodeVolumeLimits: what upstream's own tests ask, in our notation.

Sources under pkg/scheduler/framework/plugins: volumerestrictions/volume_restrictions_test.go,
volumezone/volume_zone_test.go, nodevolumelimits/csi_test.go.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.plugins.node_volume_limits import NodeVolumeLimits
from cp_sim.scheduler.plugins.volume_restrictions import VolumeRestrictions
from cp_sim.scheduler.plugins.volume_zone import VolumeZone
from tests.rooms.scheduler.tables.parts import (
    FITS,
    SKIPS,
    UNRESOLVABLE,
    UNSCHEDULABLE,
    Object,
    decide,
    labels,
    node,
    pod,
    verdicts,
)


def mounting(*sources: Object, **more: Any) -> Object:
    """A pod with these volumes."""
    return pod(volumes=[{"name": f"v{place}", **source} for place, source in enumerate(sources)], **more)


def claims(*names: str, **more: Any) -> Object:
    """A pod that mounts these claims."""
    return mounting(*({"persistentVolumeClaim": {"claimName": name}} for name in names), **more)


def claim(name: str, volume: str = "", storage_class: str = "", **spec: Any) -> Object:
    made = {**({"volumeName": volume} if volume else {}), **spec}
    if storage_class:
        made["storageClassName"] = storage_class
    metadata = {"name": name, "namespace": "default"}
    return {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": made}


def volume(name: str, marks: str = "", **spec: Any) -> Object:
    return {"kind": "PersistentVolume", "metadata": {"name": name, "labels": labels(marks)}, "spec": spec}


def storage_class(name: str, mode: str = "Immediate", provisioner: str = "ebs.csi.aws.com") -> Object:
    return {
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": provisioner,
        "volumeBindingMode": mode,
    }


# -- VolumeRestrictions ----------------------------------------------------------------------------------------------

NO_DISK = (UNSCHEDULABLE, "node(s) had no available disk")
GCE = {"gcePersistentDisk": {"pdName": "foo"}}
EBS = {"awsElasticBlockStore": {"volumeID": "foo"}}
RBD = {"rbd": {"monitors": ["a", "b"], "pool": "foo", "image": "bar"}}
ISCSI = {"iscsi": {"targetPortal": "127.0.0.1:3260", "iqn": "iqn.2016-12.server:storage.target01"}}


def other(source: Object, **fields: Any) -> Object:
    """The source with other fields."""
    ((kind, inside),) = source.items()
    return {kind: {**inside, **fields}}


# What the pod mounts, what a pod on the node does, the node's answer.
DISKS: dict[str, tuple[Object, Object | None, Any]] = {
    "nothing mounted": (pod(), GCE, SKIPS),
    "nobody else there": (mounting(GCE), None, FITS),
    "the same disk of GCE": (mounting(GCE), GCE, NO_DISK),
    "another disk of GCE": (mounting(other(GCE, pdName="bar")), GCE, FITS),
    "both only read the disk of GCE": (mounting(other(GCE, readOnly=True)), other(GCE, readOnly=True), FITS),
    "one writes the disk of GCE": (mounting(other(GCE, readOnly=True)), GCE, NO_DISK),
    "the same disk of AWS": (mounting(EBS), EBS, NO_DISK),
    "another disk of AWS": (mounting(other(EBS, volumeID="bar")), EBS, FITS),
    "both only read the disk of AWS": (mounting(other(EBS, readOnly=True)), other(EBS, readOnly=True), NO_DISK),
    "the same image of Ceph": (mounting(RBD), RBD, NO_DISK),
    "another image of Ceph": (mounting(other(RBD, image="bar1")), RBD, FITS),
    "another pool of Ceph": (mounting(other(RBD, pool="foo1")), RBD, FITS),
    "one monitor in common": (mounting(other(RBD, monitors=["b", "c"])), RBD, NO_DISK),
    "no monitor in common": (mounting(other(RBD, monitors=["c", "d"])), RBD, FITS),
    "the same target of iSCSI": (mounting(ISCSI), ISCSI, NO_DISK),
    "another portal, the same name": (mounting(other(ISCSI, targetPortal="127.0.0.1:3261")), ISCSI, NO_DISK),
    "another name of iSCSI": (mounting(other(ISCSI, iqn="iqn.2017-12.server:storage.target01")), ISCSI, FITS),
    "another kind of disk": (mounting(EBS), GCE, FITS),
}


@pytest.mark.parametrize("case", DISKS)
def test_disks_that_one_node_may_use(case: str) -> None:
    wanted, there, expected = DISKS[case]
    others = [mounting(there, on="n1")] if there is not None else []
    found = verdicts((VolumeRestrictions(),), wanted, [node("n1"), *others])
    assert found == (SKIPS if expected is SKIPS else {"n1": expected})


ONCE = (
    UNSCHEDULABLE,
    "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod",
)


@pytest.mark.parametrize(("mode", "expected"), [("ReadWriteOncePod", ONCE), ("ReadWriteOnce", FITS)])
def test_a_claim_that_one_pod_may_use(mode: str, expected: Any) -> None:
    objects = [node("n1"), node("n2"), claim("data", accessModes=[mode]), claims("data", on="n1")]
    found = verdicts((VolumeRestrictions(),), claims("data"), objects)
    assert found == (SKIPS if expected is FITS else {"n1": expected, "n2": expected})


def test_a_claim_that_is_missing() -> None:
    decision = decide((VolumeRestrictions(),), claims("data"), [node("n1")])
    assert decision.pre_filter is not None
    assert (decision.pre_filter.code, decision.pre_filter.reason) == (
        UNRESOLVABLE,
        'persistentvolumeclaim "data" not found',
    )


# -- VolumeZone ------------------------------------------------------------------------------------------------------

ZONE, REGION = "topology.kubernetes.io/zone", "topology.kubernetes.io/region"
OLD_ZONE, OLD_REGION = "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region"
OUTSIDE = (UNRESOLVABLE, "node(s) had no available volume zone")

# The labels of the bound volume, those of the node, its answer.
ZONES: dict[str, tuple[str, str, Any]] = {
    "a node without labels": (f"{ZONE}=a", "", FITS),
    "a volume without labels": ("", f"{ZONE}=a", SKIPS),
    "labels that do not count": ("zone=a", f"{ZONE}=b", SKIPS),
    "the same zone": (f"{ZONE}=a", f"{ZONE}=a uselessLabel=none", FITS),
    "another zone": (f"{ZONE}=a", f"{ZONE}=b", OUTSIDE),
    "the same region": (f"{REGION}=west", f"{REGION}=west", FITS),
    "another region": (f"{REGION}=west", f"{REGION}=east", OUTSIDE),
    "a node with another label only": (f"{ZONE}=a", f"{REGION}=west", OUTSIDE),
    "one of several zones": (f"{ZONE}=a__b", f"{ZONE}=b", FITS),
    "none of several zones": (f"{ZONE}=a__b", f"{ZONE}=c", OUTSIDE),
    "old labels": (f"{OLD_ZONE}=a", f"{OLD_ZONE}=a", FITS),
    "old labels, another zone": (f"{OLD_ZONE}=a", f"{OLD_ZONE}=b", OUTSIDE),
    "an old label of the volume, a new one of the node": (f"{OLD_ZONE}=a", f"{ZONE}=a", FITS),
    "an old label, a new one with another zone": (f"{OLD_ZONE}=a", f"{ZONE}=b", OUTSIDE),
    "a new label of the volume, an old one of the node": (f"{ZONE}=a", f"{OLD_ZONE}=a", OUTSIDE),
    "old region, new region": (f"{OLD_REGION}=west", f"{REGION}=west", FITS),
    "zone and region": (f"{ZONE}=a {REGION}=west", f"{ZONE}=a {REGION}=east", OUTSIDE),
    "a list with a hole names no zones": (f"{ZONE}=a__", f"{ZONE}=b", SKIPS),
}


@pytest.mark.parametrize("case", ZONES)
def test_zones_of_bound_volumes(case: str) -> None:
    of_volume, of_node, expected = ZONES[case]
    objects = [node("n1", of_node), claim("data", "pv"), volume("pv", of_volume)]
    found = verdicts((VolumeZone(),), claims("data"), objects)
    assert found == (SKIPS if expected is SKIPS else {"n1": expected})


# What is there, and why the pod is refused as a whole (empty: it is not).
REFUSED: dict[str, tuple[list[Object], str]] = {
    "no claim": ([], 'persistentvolumeclaim "data" not found'),
    "no volume": ([claim("data", "pv")], 'persistentvolume "pv" not found'),
    "no class": ([claim("data")], "PersistentVolumeClaim had no pv name and storageClass name"),
    "an unknown class": ([claim("data", "", "fast")], 'storageclass.storage.k8s.io "fast" not found'),
    "bound at once": ([claim("data", "", "fast"), storage_class("fast")], "PersistentVolume had no name"),
    "bound later": ([claim("data", "", "fast"), storage_class("fast", "WaitForFirstConsumer")], ""),
}


@pytest.mark.parametrize("case", REFUSED)
def test_claims_without_a_volume(case: str) -> None:
    objects, reason = REFUSED[case]
    refused = decide((VolumeZone(),), claims("data"), [node("n1", f"{ZONE}=a"), *objects]).pre_filter
    assert (refused.reason if refused else "") == reason


# -- NodeVolumeLimits ------------------------------------------------------------------------------------------------

EXCEEDED = (UNSCHEDULABLE, "node(s) exceed max volume count")
DRIVER = "ebs.csi.aws.com"


def limit(count: int | None, driver: str = DRIVER) -> Object:
    allocatable = {} if count is None else {"allocatable": {"count": count}}
    drivers = [{"name": driver, "nodeID": "n1", **allocatable}]
    return {"kind": "CSINode", "metadata": {"name": "n1"}, "spec": {"drivers": drivers}}


def disks(*names: str, driver: str = DRIVER) -> list[Object]:
    """Claims of these names, each bound to a volume of its own."""
    found = []
    for name in names:
        found += [claim(name, f"pv-{name}"), volume(f"pv-{name}", csi={"driver": driver, "volumeHandle": name})]
    return found


def migrated(name: str, source: Object) -> list[Object]:
    return [claim(name, f"pv-{name}"), volume(f"pv-{name}", **source)]


def attachment(name: str, on: str = "n1") -> Object:
    spec = {"attacher": DRIVER, "nodeName": on, "source": {"persistentVolumeName": name}}
    return {"kind": "VolumeAttachment", "metadata": {"name": f"attach-{name}"}, "spec": spec}


WAITING = storage_class("ebs", "WaitForFirstConsumer")
IN_TREE = storage_class("gp2", "WaitForFirstConsumer", "kubernetes.io/aws-ebs")

# The pod, those on the node, what else is there, the node's answer.
LIMITS: dict[str, tuple[Object, list[Object], list[Object], Any]] = {
    "no claims": (pod(), [], [limit(0)], SKIPS),
    "room for one": (claims("a"), [], [limit(1), *disks("a")], FITS),
    "room for none": (claims("a"), [claims("b", on="n1")], [limit(1), *disks("a", "b")], EXCEEDED),
    "two at once": (claims("a", "b"), [], [limit(1), *disks("a", "b")], EXCEEDED),
    "the same claim twice counts once": (claims("a", "a"), [], [limit(1), *disks("a")], FITS),
    "a claim that is there already": (claims("a"), [claims("a", on="n1")], [limit(1), *disks("a")], FITS),
    "two pods with one claim": (
        claims("b"),
        [claims("a", on="n1"), claims("a", on="n1")],
        [limit(2), *disks("a", "b")],
        FITS,
    ),
    "another driver": (claims("a"), [claims("b", on="n1")], [limit(0, "other"), *disks("a", "b")], FITS),
    "a driver without a limit": (claims("a"), [], [limit(None), *disks("a")], FITS),
    "no CSINode": (claims("a"), [], disks("a"), FITS),
    "more there than allowed": (claims("a"), [claims("b", "c", on="n1")], [limit(1), *disks("a", "b", "c")], EXCEEDED),
    "a claim whose volume is still to be made": (claims("a"), [], [limit(0), claim("a", "", "ebs"), WAITING], EXCEEDED),
    "a claim of an unknown class": (claims("a"), [], [limit(0), claim("a", "", "none")], FITS),
    "a volume that is gone counts for its class": (
        claims("a"),
        [],
        [limit(0), claim("a", "gone", "ebs"), WAITING],
        EXCEEDED,
    ),
    "a volume that no driver attaches": (claims("a"), [], [limit(0), *migrated("a", {"nfs": {"path": "/"}})], FITS),
    "a disk of AWS counts for its driver": (claims("a"), [], [limit(0), *migrated("a", EBS)], EXCEEDED),
    "a class of AWS counts for its driver": (claims("a"), [], [limit(0), claim("a", "", "gp2"), IN_TREE], EXCEEDED),
    "a disk in the pod counts for its driver": (mounting(EBS), [], [limit(0)], EXCEEDED),
    "a disk of GCE counts for another": (mounting(GCE), [], [limit(0)], FITS),
    "a disk in a pod that is there": (claims("a"), [mounting(EBS, on="n1")], [limit(1), *disks("a")], EXCEEDED),
    "attached, though no pod uses it": (
        claims("a"),
        [],
        [limit(1), *disks("a", "b"), attachment("pv-b")],
        EXCEEDED,
    ),
    "attached, and used": (claims("a"), [claims("b", on="n1")], [limit(2), *disks("a", "b"), attachment("pv-b")], FITS),
    "attached elsewhere": (claims("a"), [], [limit(1), *disks("a", "b"), attachment("pv-b", "n2")], FITS),
}


@pytest.mark.parametrize("case", LIMITS)
def test_how_many_volumes_a_node_takes(case: str) -> None:
    wanted, there, objects, expected = LIMITS[case]
    found = verdicts((NodeVolumeLimits(),), wanted, [node("n1"), *there, *objects])
    assert found == (SKIPS if expected is SKIPS else {"n1": expected})
