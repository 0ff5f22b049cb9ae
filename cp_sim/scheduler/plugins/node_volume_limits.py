"""NodeVolumeLimits: a node can attach only so many volumes of one driver."""

from __future__ import annotations

from collections import Counter
from typing import Any

from cp_sim.objects import edit, meta
from cp_sim.scheduler import columns, volumes
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import SKIPPED, UNSCHEDULABLE, CycleState, Only, Plugin, Status
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change


class NodeVolumeLimits(Plugin):
    """Rejects nodes whose CSINode allows fewer volumes of a driver than would be attached.

    Volumes of in-tree plugins count for the CSI drivers that have taken over from them; what a VolumeAttachment says
    is attached counts even if no pod on the node uses it any more.
    Source: pkg/scheduler/framework/plugins/nodevolumelimits/csi.go, k8s.io/csi-translation-lib/plugins.
    *Simplified:* a VolumeAttachment that goes does not wake pods.
    """

    name = "NodeVolumeLimits"
    verdicts = {1: (UNSCHEDULABLE, "node(s) exceed max volume count")}
    moved_by = ("pods/delete", "csinodes/add", "csinodes/update", "persistentvolumeclaims/add")

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """A pod on a node helps by leaving claims, a claim if it was missing, a CSINode if it is new or allows more."""
        if change.kind == "pods/delete":
            return bool(meta.node_name(change.old)) and bool(volumes.claim_names(PodInfo(change.old)))
        if change.kind == "persistentvolumeclaims/add":
            return volumes.mounts(pod, change.new)
        before = counts_of(change.old)
        return change.old is None or any(
            count > before.get(driver, count) for driver, count in counts_of(change.new).items()
        )

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        inline = any(field in volume for volume in pod.facts.volumes for field in MIGRATED)
        return None if inline or volumes.claim_names(pod) else SKIPPED

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        wanted = attached(state.cache, [pod])
        codes = columns.filled(len(nodes))
        drivers = set(wanted.values())
        if not drivers:
            return None
        for place, name in enumerate(nodes.names()):
            limits = limits_of(state.cache, name)
            if any(driver in limits for driver in drivers):
                there = self._there(state, name)
                more = Counter(driver for volume, driver in wanted.items() if volume not in there)
                used = Counter(there.values())
                codes[place] = any(used[driver] + more[driver] > limits[driver] for driver in more if driver in limits)
        return codes

    def _there(self, state: CycleState, node: str) -> dict[str, str]:
        """{volume: driver} of what is attached to the node, or will be for the pods on it."""
        row = state.cache.table.row_of[node]
        users = list(state.cache.index.volume_users.get(row, {}).values())
        return {**attachments(state.cache, node), **attached(state.cache, users)}

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        names = nodes.names()
        return {
            "attached": [len(self._there(state, name)) for name in names],
            "limits": [", ".join(f"{d} {n}" for d, n in limits_of(state.cache, name).items()) for name in names],
            "wanted": len(attached(state.cache, [pod])),
        }

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        return facts, f"wants {facts['wanted']} more volumes, {facts['attached']} attached, limit {facts['limits']}"


def limits_of(cache: Cache, node: str) -> dict[str, int]:
    """{driver: how many volumes the node can attach}."""
    return counts_of(cache.get(volumes.CSI_NODES, node))


def counts_of(csi_node: dict[str, Any] | None) -> dict[str, int]:
    """{driver: how many volumes it can attach} of a CSINode."""
    drivers = edit.get(csi_node or {}, "spec.drivers") or ()
    counts = {one["name"]: (one.get("allocatable") or {}).get("count") for one in drivers}
    return {name: count for name, count in counts.items() if count is not None}


# What a volume's or pod's field says: (where the disk is named, the CSI driver that has taken over).
MIGRATED = {
    "awsElasticBlockStore": ("volumeID", "ebs.csi.aws.com"),
    "azureDisk": ("diskURI", "disk.csi.azure.com"),
    "cinder": ("volumeID", "cinder.csi.openstack.org"),
    "gcePersistentDisk": ("pdName", "pd.csi.storage.gke.io"),
    "portworxVolume": ("volumeID", "pxd.portworx.com"),
}
# The same for provisioners of storage classes.
MIGRATED_PROVISIONERS = {
    "kubernetes.io/aws-ebs": "ebs.csi.aws.com",
    "kubernetes.io/azure-disk": "disk.csi.azure.com",
    "kubernetes.io/cinder": "cinder.csi.openstack.org",
    "kubernetes.io/gce-pd": "pd.csi.storage.gke.io",
    "kubernetes.io/portworx-volume": "pxd.portworx.com",
}


def attached(cache: Cache, pods: list[PodInfo]) -> dict[str, str]:
    """{volume: driver} of all volumes that these pods have attached."""
    sources: list[tuple[str, str]] = []
    for pod in pods:
        for name, _ in volumes.claim_names(pod):
            made = cache.get(volumes.CLAIMS, f"{pod.namespace}/{name}")
            if made is not None:
                sources.append(driver_of(cache, made))
        sources += [source_of(volume) for volume in pod.facts.volumes]
    return {f"{driver}/{handle}": driver for driver, handle in sources if driver and handle}


def attachments(cache: Cache, node: str) -> dict[str, str]:
    """{volume: driver} of the volumes that VolumeAttachments name for a node."""
    found = {}
    for one in cache.listed(volumes.ATTACHMENTS):
        name = edit.get(one, "spec.source.persistentVolumeName")
        volume = cache.get(volumes.VOLUMES, name) if name and edit.get(one, "spec.nodeName") == node else None
        driver, handle = source_of(volume["spec"]) if volume is not None else ("", "")
        if driver and handle:
            found[f"{driver}/{handle}"] = driver
    return found


def driver_of(cache: Cache, made: dict[str, Any]) -> tuple[str, str]:
    """(driver, handle) of the volume behind a claim, or that its storage class would make."""
    volume = cache.get(volumes.VOLUMES, volumes.volume_of(made)) if volumes.volume_of(made) else None
    if volume is not None:
        return source_of(volume["spec"])
    found = cache.get(volumes.CLASSES, volumes.class_of(made))
    if found is None:
        return "", ""
    provisioner = found.get("provisioner") or ""
    return MIGRATED_PROVISIONERS.get(provisioner, provisioner), f"claim {meta.key(made)}"


def source_of(volume: dict[str, Any]) -> tuple[str, str]:
    """(driver, handle) of a persistent volume's spec or of a volume in a pod; empty for what no CSI driver attaches."""
    csi = volume.get("csi") or {}
    if csi.get("volumeHandle"):
        return csi.get("driver") or "", csi["volumeHandle"]
    for field, (where, driver) in MIGRATED.items():
        if volume.get(field):
            return driver, str(volume[field].get(where) or "")
    return "", ""
