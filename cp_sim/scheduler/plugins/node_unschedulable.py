"""NodeUnschedulable: cordoned nodes take no pods."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import UNRESOLVABLE, CycleState, Plugin
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change, is_own
from cp_sim.scheduler.taints import tolerates

TAINT = ("node.kubernetes.io/unschedulable", "", "NoSchedule")


class NodeUnschedulable(Plugin):
    """Rejects nodes with `spec.unschedulable`, unless the pod tolerates the taint that stands for it.

    Source: pkg/scheduler/framework/plugins/nodeunschedulable.
    """

    name = "NodeUnschedulable"
    local = True
    verdicts = {1: (UNRESOLVABLE, "node(s) were unschedulable")}
    moved_by = ("nodes/add", "nodes/update-taint", "pods/update-tolerations")

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """A node helps if it is open and new, or was cordoned; a toleration of its own if it is the one for that."""
        if not change.kind.startswith("nodes/"):
            return is_own(pod, change) and any(tolerates(one, TAINT) for one in pod.facts.tolerations)
        cordoned = [bool((one.get("spec") or {}).get("unschedulable")) for one in (change.old, change.new) if one]
        return cordoned in ([False], [True, False])

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        if not nodes.table.cordoned or any(tolerates(one, TAINT) for one in pod.facts.tolerations):
            return None
        return nodes.unschedulable() * 1

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        return facts, "the node is cordoned (spec.unschedulable is true)"
