"""NodeResourcesFit: is there room, and how well is it used afterwards."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from cp_sim.objects import meta, quantity
from cp_sim.scheduler import columns
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.devices import resource_claims
from cp_sim.scheduler.framework import MAX_NODE_SCORE, UNRESOLVABLE, UNSCHEDULABLE, CycleState, Plugin
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change, is_own, takes_room

TOO_MANY_PODS = 1
UNRESOLVABLE_BIT = 2
FIRST_RESOURCE_BIT = 4
CORE = ("cpu", "memory", "ephemeral-storage")

LEAST_ALLOCATED = "LeastAllocated"
MOST_ALLOCATED = "MostAllocated"
REQUESTED_TO_CAPACITY_RATIO = "RequestedToCapacityRatio"
# These count with a least amount where a container does not ask for any.
SCORED = ("cpu", "memory")
EQUAL_WEIGHTS = (("cpu", 1), ("memory", 1))
# The points of a function of utilization go up to 10, those of a node to 100.
SCALE = MAX_NODE_SCORE // 10


def checked(pod: PodInfo) -> list[tuple[str, int]]:
    """The resources that a pod asks for, in the order in which the filter checks them."""
    wanted = pod.facts.requests
    core = [(name, wanted[name]) for name in CORE if wanted.get(name)]
    return core + [(name, amount) for name, amount in wanted.items() if amount and name not in CORE and name != "pods"]


class NodeResourcesFit(Plugin):
    """Rejects nodes without room for the pod's requests; of the others, the emptiest get most points (LeastAllocated),
    the fullest (MostAllocated), or those that a function of their utilization favours (RequestedToCapacityRatio).

    `resources` are those that count for points, with weights; `shape` is the function, (utilization in percent, 0 to
    10) each.  `ignored_resources` and `ignored_resource_groups` name extended resources that the filter leaves aside.
    The filter's code is a set of bits: too many pods, more than the node has at all, then one bit per resource.
    Source: pkg/scheduler/framework/plugins/noderesources/fit.go, resource_allocation.go, least_allocated.go,
    most_allocated.go, requested_to_capacity_ratio.go.
    """

    name = "NodeResourcesFit"
    local = True
    moved_by = ("nodes/add", "nodes/update-allocatable", "pods/delete", "pods/update-scale-down")

    def __init__(
        self,
        strategy: str = LEAST_ALLOCATED,
        resources: tuple[tuple[str, int], ...] = EQUAL_WEIGHTS,
        shape: tuple[tuple[int, int], ...] = (),
        ignored_resources: tuple[str, ...] = (),
        ignored_resource_groups: tuple[str, ...] = (),
    ) -> None:
        self.strategy = strategy
        self.resources = resources
        self.shape = shape
        self.ignored_resources = ignored_resources
        self.ignored_resource_groups = ignored_resource_groups

    def _checked(self, pod: PodInfo) -> list[tuple[str, int]]:
        """The resources that the filter checks, in order."""
        if not (self.ignored_resources or self.ignored_resource_groups):
            return checked(pod)
        return [(name, amount) for name, amount in checked(pod) if not self._ignores(name)]

    def _ignores(self, name: str) -> bool:
        return is_extended(name) and (
            name in self.ignored_resources or name.partition("/")[0] in self.ignored_resource_groups
        )

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """A node helps if the pod would fit it when empty, and did not or it has more than before; another pod by
        leaving a node or taking less of what is asked for; the pod itself by asking for less.
        """
        if change.kind.startswith("nodes/"):
            wanted = [*checked(pod), ("pods", 1)]
            now = _allocatable(change.new, wanted)
            if any(now[name] < amount for name, amount in wanted):
                return False
            before = _allocatable(change.old, wanted) if change.old is not None else {}
            return not before or any(now[name] > before[name] for name in now)
        if change.new is None:
            return takes_room(change.old)
        if is_own(pod, change):
            return True
        before, after = (PodInfo(one).facts.requests for one in (change.old, change.new))
        less = any(after.get(name, 0) < before.get(name, 0) for name, _ in checked(pod))
        return bool(meta.node_name(change.new)) and less

    def epoch(self, cache: Cache) -> int:
        """Which extended resources are served as devices counts for all nodes."""
        return cache.generation_of.get(resource_claims.CLASSES, 0)

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        codes = (nodes.pod_count() + 1 > nodes.allocatable("pods")) * TOO_MANY_PODS
        bit = FIRST_RESOURCE_BIT
        by_devices = resource_claims.delegated(state.cache, pod)
        for resource, amount in self._checked(pod):
            allocatable = nodes.allocatable(resource)
            lacking = amount > allocatable - nodes.requested(resource)
            if resource in by_devices:  # what no device plugin of the node provides is left to DynamicResources
                lacking = lacking & (allocatable != 0)
            if columns.any_of(lacking):
                codes = codes + lacking * bit
                codes = codes | ((lacking & (amount > allocatable)) * UNRESOLVABLE_BIT)
            bit *= 2
        return codes

    def outcome(self, state: CycleState, pod: PodInfo, code: int) -> tuple[str, tuple[str, ...]]:
        reasons = ["Too many pods"] if code & TOO_MANY_PODS else []
        reasons += [f"Insufficient {resource}" for resource, _ in self._lacking(pod, code)]
        return (UNRESOLVABLE if code & UNRESOLVABLE_BIT else UNSCHEDULABLE), tuple(reasons)

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        short = [("pods", 1)] if code & TOO_MANY_PODS else []
        for resource, amount in short + self._lacking(pod, code):
            used = nodes.pod_count() if resource == "pods" else nodes.requested(resource)
            found[f"{resource}/requested"] = amount
            found[f"{resource}/allocatable"] = columns.compact(nodes.allocatable(resource))
            found[f"{resource}/used"] = columns.compact(used)
        return found

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        numbers: dict[str, Any] = {}
        words = []
        for name in [name[: -len("/requested")] for name in facts if name.endswith("/requested")]:
            requested, allocatable = facts[f"{name}/requested"], facts[f"{name}/allocatable"]
            free = allocatable - facts[f"{name}/used"]
            told = {"requested": requested, "free": free, "allocatable": allocatable}
            numbers[name] = {key: amount_text(name, amount) for key, amount in told.items()}
            if name == "pods":
                words.append(f"has {facts['pods/used']} of {allocatable} pods")
            else:
                said = numbers[name]
                words.append(f"needs {said['requested']} {name}, {said['free']} free of {said['allocatable']}")
        return numbers, "; ".join(words)

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        total, weights = 0, 0
        for resource, weight in self.resources:
            allocatable = nodes.allocatable(resource)
            if resource in SCORED:
                requested = nodes.non_zero(resource) + pod.facts.scored[SCORED.index(resource)]
            elif resource in CORE or pod.facts.requests.get(resource):
                requested = nodes.requested(resource) + pod.facts.requests.get(resource, 0)
            else:
                continue  # an extended resource that the pod does not ask for
            points, counts = self._points(requested, allocatable)
            total = total + (points * weight if weight != 1 else points)
            weights = weights + counts * weight
        if self.strategy == REQUESTED_TO_CAPACITY_RATIO:
            return 0 if isinstance(weights, int) else columns.rounded(columns.ratio(total, weights))
        return columns.quotient(total, weights)

    def _points(self, requested: Column, allocatable: Column) -> tuple[Column, Column]:
        """(points for one resource, whether it counts on a node: not where the node has none)."""
        present = 1 if columns.all_of(allocatable) else (allocatable != 0) * 1
        if self.strategy == LEAST_ALLOCATED:
            left = columns.at_least(allocatable - requested, 0)
            return columns.quotient(left * MAX_NODE_SCORE, allocatable), present
        used = columns.quotient(columns.at_most(requested, allocatable) * MAX_NODE_SCORE, allocatable)
        if self.strategy == MOST_ALLOCATED:
            return used, present
        points = broken_linear(self.shape, used) * present
        return points, (points > 0) * 1

    def _lacking(self, pod: PodInfo, code: int) -> list[tuple[str, int]]:
        bits = code // FIRST_RESOURCE_BIT
        return [one for place, one in enumerate(self._checked(pod)) if bits >> place & 1]


def broken_linear(shape: tuple[tuple[int, int], ...], utilization: Column) -> Column:
    """The function through these points, straight between two of them and flat outside, in points of a node
    (`BuildBrokenLinearFunction` in pkg/scheduler/framework/plugins/helper/shape_score.go).
    """
    value: Column = shape[-1][1] * SCALE
    for (left, low), (right, high) in reversed(list(pairwise(shape))):
        rise = columns.divided((high - low) * SCALE * (utilization - left), right - left)
        value = columns.where(utilization <= right, low * SCALE + rise, value)
    return columns.where(utilization <= shape[0][0], shape[0][1] * SCALE, value)


def is_extended(resource: str) -> bool:
    """Whether a resource is somebody's own: with a prefix that is not Kubernetes' (`IsExtendedResourceName`)."""
    return "/" in resource and "kubernetes.io/" not in resource and not resource.startswith("requests.")


def _allocatable(node: dict[str, Any], wanted: list[tuple[str, int]]) -> dict[str, int]:
    """What a node has of each of the wanted resources."""
    given = (node.get("status") or {}).get("allocatable") or {}
    return {name: _units(name, given.get(name, 0)) for name, _ in wanted}


def _units(resource: str, text: Any) -> int:
    return quantity.milli(text) if resource == "cpu" else quantity.value(text)


def amount_text(resource: str, amount: int) -> str:
    """An amount as people write it: `500m` of cpu, `2Gi` of memory."""
    if resource == "cpu":
        return quantity.canonical(f"{amount}m")
    if resource == "memory" or resource == "ephemeral-storage" or resource.startswith("hugepages-"):
        return quantity.of(amount * quantity.NANO, quantity.BINARY).text
    return str(amount)
