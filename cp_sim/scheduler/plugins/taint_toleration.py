"""TaintToleration: taints keep pods out, or at least down the list."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler import columns, taints
from cp_sim.scheduler.columns import Coded, Column
from cp_sim.scheduler.framework import UNRESOLVABLE, CycleState, Plugin, normalized
from cp_sim.scheduler.node_table import Nodes, taints_of
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change, is_own

PREFER = ("PreferNoSchedule",)


class TaintToleration(Plugin):
    """Rejects nodes with an untolerated NoSchedule or NoExecute taint; untolerated PreferNoSchedule taints cost points.

    Since 1.35 the reason does not name the taint any more; the facts of a verdict here still do.
    Source: pkg/scheduler/framework/plugins/tainttoleration.
    """

    name = "TaintToleration"
    local = True
    verdicts = {1: (UNRESOLVABLE, "node(s) had untolerated taint(s)")}
    moved_by = ("nodes/add", "nodes/update-taint", "pods/update-tolerations")

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """Another toleration of its own helps; a node does if it keeps the pod out no longer."""
        if not change.kind.startswith("nodes/"):
            return is_own(pod, change)
        return not self._keeps_out(change.new, pod) and (change.old is None or self._keeps_out(change.old, pod))

    @staticmethod
    def _keeps_out(node: dict[str, Any], pod: PodInfo) -> bool:
        return taints.first_untolerated(taints_of(node), pod.facts.tolerations) is not None

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        return taints.keep_out(nodes, pod.facts.tolerations)

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        sets, wanted = nodes.table.taint_sets, pod.facts.tolerations
        named = []
        for number in range(len(sets)):
            found = taints.first_untolerated(sets[number], wanted)
            named.append(taints.text(found) if found else "")
        return {"taint": Coded(columns.compact(nodes.taints()), named), "tolerations": len(wanted)}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        key, _, effect = facts["taint"].rpartition(":")
        return {**facts, "key": key.partition("=")[0], "effect": effect}, f"taint {facts['taint']} is not tolerated"

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        if not nodes.table.tainted:
            return 0
        wanted = tuple(one for one in pod.facts.tolerations if one.get("effect") in (None, "", *PREFER))
        counts = [
            sum(taints.first_untolerated((taint,), wanted, PREFER) is not None for taint in taint_set)
            for taint_set in nodes.table.taint_sets
        ]
        return columns.of(counts)[nodes.taints()] if any(counts) else 0

    def normalize_score(self, state: CycleState, pod: PodInfo, nodes: Nodes, scores: Column) -> Column:
        return normalized(scores, reverse=True)
