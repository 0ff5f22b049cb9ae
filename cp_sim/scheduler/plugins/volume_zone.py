"""VolumeZone: volumes that are labelled with a zone stay in it."""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta
from cp_sim.scheduler import columns, node_matching, volumes
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import SKIPPED, UNRESOLVABLE, CycleState, Only, Plugin, Status
from cp_sim.scheduler.node_table import OLD_REGION, OLD_ZONE, REGION, ZONE, Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change

LABELS = (OLD_ZONE, OLD_REGION, ZONE, REGION)
NEW_NAME = {OLD_ZONE: ZONE, OLD_REGION: REGION}


class VolumeZone(Plugin):
    """Rejects nodes outside the zone or region that a bound volume is labelled with.

    Source: pkg/scheduler/framework/plugins/volumezone/volume_zone.go.
    """

    name = "VolumeZone"
    verdicts = {1: (UNRESOLVABLE, "node(s) had no available volume zone")}
    moved_by = (
        "nodes/add",
        "nodes/update-label",
        "storageclasses/add",
        "persistentvolumeclaims/add",
        "persistentvolumeclaims/update",
        "persistentvolumes/add",
        "persistentvolumes/update",
    )

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """A claim of the pod helps, a class that waits for pods, a volume that is new or in another zone."""
        if change.kind.startswith("persistentvolumeclaims/"):
            return volumes.mounts(pod, change.new, ephemeral=False)
        if change.kind == "storageclasses/add":
            return bool(change.new.get("volumeBindingMode") == "WaitForFirstConsumer")
        if change.kind == "persistentvolumes/update":
            return zones_of(change.old) != zones_of(change.new)
        return True

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        try:
            found = topologies(state.cache, pod)
        except volumes.VolumeError as problem:
            return Status(UNRESOLVABLE, (str(problem),))
        state[self.name] = found
        return None if found else SKIPPED

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        labelled = columns.flags(len(nodes))
        for key in LABELS:
            labelled = labelled | (nodes.labels(key) >= 0)
        outside = columns.flags(len(nodes))
        for _, key, values in state[self.name]:
            has_key = nodes.labels(key) >= 0
            same = node_matching.label_is(nodes, key, values)
            translated = node_matching.label_is(nodes, NEW_NAME.get(key, key), values)
            outside = outside | ~columns.where(has_key, same, translated)
        return (labelled & outside) * 1

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        said = "; ".join(f"{volume} is in {key}={'/'.join(values)}" for volume, key, values in state[self.name])
        return {"volumes": said}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        return facts, facts["volumes"]


def topologies(cache: Cache, pod: PodInfo) -> list[tuple[str, str, list[str]]]:
    """(volume, label, allowed values) of the volumes behind the pod's claims.  *Raises* `VolumeError`."""
    found = []
    for name, _ in volumes.claim_names(pod, ephemeral=False):
        if not name:
            raise volumes.VolumeError("PersistentVolumeClaim had no name")
        made = volumes.claim(cache, pod.namespace, name)
        if not volumes.volume_of(made):
            check_class(cache, volumes.class_of(made))
            continue
        volume = cache.get(volumes.VOLUMES, volumes.volume_of(made))
        if volume is None:
            raise volumes.VolumeError(f'persistentvolume "{volumes.volume_of(made)}" not found')
        found += [(meta.name(volume), key, values) for key, values in zones_of(volume)]
    return found


def zones_of(volume: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """(label, allowed values) of the zones and regions that a volume is labelled with."""
    found = []
    for key in LABELS:
        values = [value.strip() for value in meta.labels(volume).get(key, "").split("__")]
        if all(values):
            found.append((key, values))
    return found


def check_class(cache: Cache, name: str) -> None:
    """*Raises* `VolumeError` unless claims of the class are bound when their pod is placed."""
    if not name:
        raise volumes.VolumeError("PersistentVolumeClaim had no pv name and storageClass name")
    found = cache.get(volumes.CLASSES, name)
    if found is None:
        raise volumes.VolumeError(f'storageclass.storage.k8s.io "{name}" not found')
    if found.get("volumeBindingMode") != "WaitForFirstConsumer":
        raise volumes.VolumeError("PersistentVolume had no name")
