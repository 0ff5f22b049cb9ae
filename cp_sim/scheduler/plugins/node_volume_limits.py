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
from cp_sim.scheduler.queueing import Change


class NodeVolumeLimits(Plugin):
    """Rejects nodes whose CSINode allows fewer volumes of a driver than would be attached.

    Source: pkg/scheduler/framework/plugins/nodevolumelimits/csi.go.
    *Simplified:* volumes of in-tree plugins are not translated to their CSI drivers; a VolumeAttachment that goes does
    not wake pods.
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
        return None if volumes.claim_names(pod) else SKIPPED

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
                codes[place] = any(
                    there[driver] + count > limits[driver]
                    for driver, count in _new(state.cache, wanted, self._users(state, name)).items()
                    if driver in limits
                )
        return codes

    def _there(self, state: CycleState, node: str) -> Counter[str]:
        return Counter(attached(state.cache, self._users(state, node)).values())

    def _users(self, state: CycleState, node: str) -> list[PodInfo]:
        row = state.cache.table.row_of[node]
        return list(state.cache.index.volume_users.get(row, {}).values())

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        names = nodes.names()
        return {
            "attached": [sum(self._there(state, name).values()) for name in names],
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


def attached(cache: Cache, pods: list[PodInfo]) -> dict[str, str]:
    """{volume: driver} of all volumes that these pods have attached."""
    found: dict[str, str] = {}
    for pod in pods:
        for name, _ in volumes.claim_names(pod):
            made = cache.get(volumes.CLAIMS, f"{pod.namespace}/{name}")
            driver, handle = driver_of(cache, made) if made is not None else ("", "")
            if driver and handle:
                found[f"{driver}/{handle}"] = driver
    return found


def driver_of(cache: Cache, made: dict[str, Any]) -> tuple[str, str]:
    """(driver, handle) of the volume behind a claim, or that its storage class would make."""
    volume = cache.get(volumes.VOLUMES, volumes.volume_of(made)) if volumes.volume_of(made) else None
    if volume is not None:
        source = volume["spec"].get("csi") or {}
        return source.get("driver") or "", source.get("volumeHandle") or ""
    found = cache.get(volumes.CLASSES, volumes.class_of(made))
    return (found.get("provisioner") or "", f"claim {meta.key(made)}") if found is not None else ("", "")


def _new(cache: Cache, wanted: dict[str, str], users: list[PodInfo]) -> Counter[str]:
    """How many volumes per driver would be attached anew."""
    there = attached(cache, users)
    return Counter(driver for volume, driver in wanted.items() if volume not in there)
