"""NodeResourcesBalancedAllocation: does the pod bring cpu and memory of a node into balance, or out of it."""

from __future__ import annotations

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import MAX_NODE_SCORE, SKIPPED, CycleState, Plugin, Status
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo


class NodeResourcesBalancedAllocation(Plugin):
    """Scores the change of balance: 50 and half of (50 + balance with the pod - balance without it).

    Balance is 100 where cpu and memory are used to the same fraction, less the more they differ.  New in 1.36, before it was
    the balance with the pod.  Source: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.
    """

    name = "NodeResourcesBalancedAllocation"

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Status | None:
        wanted = pod.facts.requests
        return None if wanted.get("cpu") or wanted.get("memory") else SKIPPED

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        wanted = pod.facts.requests
        change = balance(nodes, wanted.get("cpu", 0), wanted.get("memory", 0)) - balance(nodes, 0, 0)
        return 50 + columns.divided(50 + change, 2)


def balance(nodes: Nodes, cpu_milli: int, memory_bytes: int) -> Column:
    """How evenly cpu and memory would be used with that much more, 0 to 100; a resource that a node lacks does not count."""
    used = []
    known = []
    for resource, more in (("cpu", cpu_milli), ("memory", memory_bytes)):
        allocatable = nodes.allocatable(resource)
        used.append(columns.at_most(columns.ratio(nodes.requested(resource) + more, allocatable), 1.0))
        known.append(allocatable != 0)
    deviation = columns.where(known[0] & known[1], columns.absolute((used[0] - used[1]) / 2), 0.0)
    return columns.cut((1 - deviation) * float(MAX_NODE_SCORE))
