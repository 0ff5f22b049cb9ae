"""DynamicResources: the seat of dynamic resource allocation."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import ERROR, UNSCHEDULABLE, CycleState, Only, Plugin, Status
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo


class DynamicResources(Plugin):
    """What a pod without claims sees of it: no points for any node, and its words in messages.

    *Simplified:* claims are not allocated.
    Source: pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go.
    """

    name = "DynamicResources"
    local = True

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        state[self.name] = True
        return None

    def post_filter(self, state: CycleState, pod: PodInfo, found: Any) -> Any:
        # Its state is missing when an earlier plugin refused the pod as a whole: the real one ends with that error.
        if self.name not in state:
            return Status(ERROR, ("not found",))
        return Status(UNSCHEDULABLE, ("no new claims to deallocate",))

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        return 0
