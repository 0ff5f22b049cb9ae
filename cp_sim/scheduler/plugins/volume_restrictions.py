"""VolumeRestrictions: disks that only one node, claims that only one pod may use."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler import columns, volumes
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import SKIPPED, UNRESOLVABLE, UNSCHEDULABLE, CycleState, Only, Plugin, Status
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change

DISK, CLAIM = 1, 2
DISKS = ("gcePersistentDisk", "awsElasticBlockStore", "iscsi", "rbd")


class VolumeRestrictions(Plugin):
    """Rejects nodes where another pod has the same disk, and all nodes while a ReadWriteOncePod claim is in use.

    Source: pkg/scheduler/framework/plugins/volumerestrictions/volume_restrictions.go.
    """

    name = "VolumeRestrictions"
    verdicts = {
        DISK: (UNSCHEDULABLE, "node(s) had no available disk"),
        CLAIM: (
            UNSCHEDULABLE,
            "node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by "
            "another pod",
        ),
    }
    moved_by = ("pods/delete", "nodes/add", "persistentvolumeclaims/add")
    follows_pods = True

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """A new node helps, a claim that was missing, and a pod that leaves a disk or a claim of this one."""
        if change.kind == "nodes/add":
            return True
        if change.new is not None:
            return volumes.mounts(pod, change.new, ephemeral=False)
        gone = PodInfo(change.old)
        if gone.namespace != pod.namespace:
            return False
        if any(conflict(one, other) for one in _disks(pod) for other in _disks(gone)):
            return True
        shared = dict(volumes.claim_names(pod, ephemeral=False))
        return any(name in shared for name, _ in volumes.claim_names(gone, ephemeral=False))

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        in_use = []
        try:
            for name, _ in volumes.claim_names(pod, ephemeral=False):
                found = volumes.claim(state.cache, pod.namespace, name)
                key = f"{pod.namespace}/{name}"
                modes = found["spec"].get("accessModes") or ()
                if "ReadWriteOncePod" in modes and state.cache.index.claim_users(key):
                    in_use.append(name)
        except volumes.VolumeError as missing:
            return Status(UNRESOLVABLE, (str(missing),))
        state[self.name] = in_use
        return None if in_use or _disks(pod) else SKIPPED

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        codes = columns.filled(len(nodes), CLAIM if state[self.name] else 0)
        mine = _disks(pod)
        if mine:
            taken = columns.filled(nodes.table.columns.size)
            for row, users in state.cache.index.volume_users.items():
                theirs = [disk for other in users.values() for disk in _disks(other)]
                taken[row] = any(conflict(one, other) for one in mine for other in theirs)
            codes = columns.where(nodes.pick(taken) > 0, DISK, codes)
        return codes

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        return {"claims": ", ".join(state[self.name])} if code == CLAIM else {}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        if "claims" in facts:
            return facts, f"claim {facts['claims']} (ReadWriteOncePod) is used by another pod"
        return facts, "a pod on this node uses the same disk"


def _disks(pod: PodInfo) -> list[tuple[str, Any]]:
    """(kind, source) of the disks that a pod mounts directly."""
    return [(kind, volume[kind]) for volume in pod.facts.volumes for kind in DISKS if volume.get(kind)]


def conflict(one: tuple[str, Any], other: tuple[str, Any]) -> bool:
    """Whether two disks are the same and not both mounted to be read only (EBS volumes may not even be that)."""
    kind, mine = one
    theirs = other[1]
    if kind != other[0]:
        return False
    if kind == "awsElasticBlockStore":
        return bool(mine.get("volumeID") == theirs.get("volumeID"))
    if mine.get("readOnly") and theirs.get("readOnly"):
        return False
    if kind == "gcePersistentDisk":
        return bool(mine.get("pdName") == theirs.get("pdName"))
    if kind == "iscsi":
        return bool(mine.get("iqn") == theirs.get("iqn"))
    shared = [monitor for monitor in mine.get("monitors") or () if monitor in (theirs.get("monitors") or ())]
    pools = (mine.get("pool") or "rbd", theirs.get("pool") or "rbd")
    return bool(shared) and pools[0] == pools[1] and mine.get("image") == theirs.get("image")
