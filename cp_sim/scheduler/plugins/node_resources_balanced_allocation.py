"""NodeResourcesBalancedAllocation: does the pod bring cpu and memory of a node into balance, or out of it."""

from __future__ import annotations

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import MAX_NODE_SCORE, SKIPPED, CycleState, Plugin, Status
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo

BALANCED = ("cpu", "memory")


class NodeResourcesBalancedAllocation(Plugin):
    """Scores the change of balance: 50 and half of (50 + balance with the pod - balance without it).

    Balance is 100 where cpu and memory are used to the same fraction, less the more they differ.  New in 1.36, before
    it was the balance with the pod.  Source: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.
    """

    name = "NodeResourcesBalancedAllocation"
    local = True

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Status | None:
        wanted = pod.facts.requests
        return None if wanted.get("cpu") or wanted.get("memory") else SKIPPED

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        wanted = pod.facts.requests
        allocatable = [nodes.allocatable(resource) for resource in BALANCED]
        requested = [nodes.requested(resource) for resource in BALANCED]
        with_pod = [column + wanted.get(resource, 0) for resource, column in zip(BALANCED, requested)]
        change = balance(with_pod, allocatable) - balance(requested, allocatable)
        return 50 + columns.divided(50 + change, 2)


def balance(requested: list[Column], allocatable: list[Column]) -> Column:
    """How evenly cpu and memory are used, 0 to 100; a resource that a node lacks does not count."""
    cpu, memory = (columns.at_most(columns.ratio(used, of), 1.0) for used, of in zip(requested, allocatable))
    deviation = columns.absolute((cpu - memory) / 2)
    if not (columns.all_of(allocatable[0]) and columns.all_of(allocatable[1])):
        deviation = columns.where((allocatable[0] != 0) & (allocatable[1] != 0), deviation, 0.0)
    return columns.cut((1 - deviation) * float(MAX_NODE_SCORE))
