"""NodeResourcesBalancedAllocation: does the pod bring cpu and memory of a node into balance, or out of it."""

from __future__ import annotations

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import MAX_NODE_SCORE, SKIPPED, CycleState, Plugin, Status
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo

BALANCED = ("cpu", "memory")
CORE = ("cpu", "memory", "ephemeral-storage")


class NodeResourcesBalancedAllocation(Plugin):
    """Scores the change of balance: 50 and half of (50 + balance with the pod - balance without it).

    Balance is 100 where the `resources` are used to the same fraction, less the more they differ.  New in 1.36, before
    it was the balance with the pod.  Source: pkg/scheduler/framework/plugins/noderesources/balanced_allocation.go.
    """

    name = "NodeResourcesBalancedAllocation"
    local = True

    def __init__(self, resources: tuple[str, ...] = BALANCED) -> None:
        self.resources = resources

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Status | None:
        return None if self._is_asked(pod) else SKIPPED

    def _is_asked(self, pod: PodInfo) -> bool:
        wanted = pod.facts.requests
        return any(wanted.get(resource) for resource in self.resources)

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        if not self._is_asked(pod):
            return 0  # only where PreScore is switched off
        wanted = pod.facts.requests
        # Of other resources only those count that the pod asks for.
        counted = [resource for resource in self.resources if resource in CORE or wanted.get(resource)]
        allocatable = [nodes.allocatable(resource) for resource in counted]
        requested = [nodes.requested(resource) for resource in counted]
        with_pod = [column + wanted.get(resource, 0) for resource, column in zip(counted, requested)]
        change = balance(with_pod, allocatable) - balance(requested, allocatable)
        return 50 + columns.divided(50 + change, 2)


def balance(requested: list[Column], allocatable: list[Column]) -> Column:
    """How evenly the resources are used, 0 to 100; a resource that a node lacks does not count."""
    if len(requested) == 2:
        one, other = (columns.at_most(columns.ratio(used, of), 1.0) for used, of in zip(requested, allocatable))
        deviation = columns.absolute((one - other) / 2)
        if not (columns.all_of(allocatable[0]) and columns.all_of(allocatable[1])):
            deviation = columns.where((allocatable[0] != 0) & (allocatable[1] != 0), deviation, 0.0)
    else:
        deviation = standard_deviation(requested, allocatable)
    return columns.cut((1 - deviation) * float(MAX_NODE_SCORE))


def standard_deviation(requested: list[Column], allocatable: list[Column]) -> Column:
    """The standard deviation of the used fractions of any number of resources (`balancedResourceScorer`)."""
    counted = [of != 0 for of in allocatable]
    fractions = [columns.at_most(columns.ratio(used, of), 1.0) for used, of in zip(requested, allocatable)]
    number = sum(flag * 1 for flag in counted)
    mean = columns.ratio(sum(columns.where(flag, one, 0.0) for flag, one in zip(counted, fractions)), number)
    squares = sum(columns.where(flag, (one - mean) * (one - mean), 0.0) for flag, one in zip(counted, fractions))
    deviation = columns.root(columns.ratio(squares, number))
    # Of two, half the difference is the same, but for the last bit.
    most, least = -1.0, 2.0
    for flag, one in zip(counted, fractions):
        most = columns.at_least(columns.where(flag, one, -1.0), most)
        least = columns.at_most(columns.where(flag, one, 2.0), least)
    return columns.where(number > 2, deviation, columns.where(number == 2, (most - least) / 2, 0.0))
