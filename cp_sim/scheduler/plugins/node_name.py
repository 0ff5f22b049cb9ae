"""NodeName: a pod that names its node."""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import UNRESOLVABLE, CycleState, Plugin
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change


class NodeName(Plugin):
    """Rejects every node but `spec.nodeName` (pkg/scheduler/framework/plugins/nodename)."""

    name = "NodeName"
    local = True
    verdicts = {1: (UNRESOLVABLE, "node(s) didn't match the requested node name")}
    moved_by = ("nodes/add",)

    def hint(self, pod: PodInfo, change: Change) -> bool:
        return meta.name(change.new) == pod.spec.get("nodeName")

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        wanted = pod.spec.get("nodeName")
        return ~nodes.named({wanted}) * 1 if wanted else None

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        return {"wanted": pod.spec["nodeName"]}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        return facts, f"the pod names {facts['wanted']}"
