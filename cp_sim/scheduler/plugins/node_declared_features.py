"""NodeDeclaredFeatures: what a pod needs of its kubelet, and what the kubelet says it can do."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import SKIPPED, UNRESOLVABLE, CycleState, Only, Plugin, Status
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change, is_own


class NodeDeclaredFeatures(Plugin):
    """Rejects nodes whose `status.declaredFeatures` lack a feature that the pod's spec makes use of.

    Source: pkg/scheduler/framework/plugins/nodedeclaredfeatures, k8s.io/component-helpers/nodedeclaredfeatures.
    *Simplified:* of the features that a spec can ask for it knows restarting all containers.
    """

    name = "NodeDeclaredFeatures"
    local = True
    verdicts = {1: (UNRESOLVABLE, "node(s) didn't match Pod's required features")}
    moved_by = ("nodes/add", "nodes/update-declared-features", "pods/update")

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """A node helps if it is new or declares something else, the pod itself if it needs something else."""
        if change.kind.startswith("nodes/"):
            old = change.old and (change.old.get("status") or {}).get("declaredFeatures")
            return change.old is None or old != (change.new.get("status") or {}).get("declaredFeatures")
        return is_own(pod, change) and PodInfo(change.old).facts.features != pod.facts.features

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        return None if pod.facts.features else SKIPPED

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        declared = [(node.get("status") or {}).get("declaredFeatures") or () for node in nodes.objects()]
        return columns.of([int(any(one not in given for one in pod.facts.features)) for given in declared])

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        return {"features": ", ".join(pod.facts.features)}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        return facts, f"the pod needs the feature {facts['features']}"
