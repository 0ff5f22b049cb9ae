"""Running the filters: over many nodes at once, over one node in thought, and what they found put together."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.decision import Outcome
from cp_sim.scheduler.framework import CycleState, Plugin, Profile
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.shared_work import Template

# numFeasibleNodesToFind in pkg/scheduler/schedule_one.go.
MIN_FEASIBLE_NODES = 100
MIN_PERCENTAGE = 5


def nodes_to_find(total: int, percentage: int) -> int:
    """How many feasible nodes are enough: all of fewer than 100, else a share that shrinks as the cluster grows."""
    if total < MIN_FEASIBLE_NODES:
        return total
    share = percentage or max(MIN_PERCENTAGE, 50 - total // 125)
    return min(total, max(MIN_FEASIBLE_NODES, total * share // 100))


class Judged:
    """Verdicts over some nodes: `codes` (0 feasible, else 1 + place in `ways`), or None where all are feasible.

    `ways` are the distinct ways to be rejected: a plugin with its code, or an `Outcome` where it is known already.
    """

    __slots__ = ("codes", "nodes", "ways")

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.codes: Column = None
        self.ways: list[tuple[Plugin, int] | Outcome] = []

    def reject(self, places: Column, way: tuple[Plugin, int] | Outcome) -> None:
        """Give the nodes at these places one outcome."""
        if self.codes is None:
            self.codes = columns.filled(len(self.nodes))
        self.ways.append(way)
        self.codes[places] = len(self.ways)

    def feasible_count(self) -> int:
        """How many nodes are feasible."""
        return len(self.nodes) if self.codes is None else columns.count_zero(self.codes, len(self.nodes))

    def feasible(self) -> Nodes:
        """The feasible nodes."""
        return self.nodes if self.codes is None else self.nodes.only(columns.places(self.codes == 0))

    def first_feasible(self, limit: int) -> Judged:
        """The verdicts up to the `limit`-th feasible node."""
        if self.codes is None:
            return self if len(self.nodes) <= limit else Judged(self.nodes.first(limit))
        feasible = columns.places(self.codes == 0)
        if len(feasible) < limit:
            return self
        end = int(feasible[limit - 1]) + 1
        found = Judged(self.nodes.first(end))
        found.codes, found.ways = self.codes[:end], self.ways
        return found

    def first_outcome(self, state: CycleState, pod: PodInfo) -> Outcome | None:
        """The outcome of the only node, None if it is feasible."""
        return None if self.codes is None else outcome_of(self.ways[0], state, pod, self.nodes)

    def outcomes(self, state: CycleState, pod: PodInfo) -> tuple[list[Outcome], list[int]]:
        """(the outcome of each way with what the plugin knew, how many nodes have each)."""
        found, sizes = [], []
        for number, way in enumerate(self.ways, 1):
            here = columns.places(self.codes == number)
            found.append(outcome_of(way, state, pod, self.nodes.only(here)))
            sizes.append(len(here))
        return found, sizes


def outcome_of(way: tuple[Plugin, int] | Outcome, state: CycleState, pod: PodInfo, nodes: Nodes) -> Outcome:
    """What a plugin's code means for these nodes, with the numbers behind it."""
    if isinstance(way, Outcome):
        return way
    plugin, code = way
    status, reasons = plugin.outcome(state, pod, code)
    facts = plugin.facts(state, pod, nodes, code) if len(nodes) else {}
    return Outcome(plugin.name, status, reasons, facts, type(plugin))


def judge(profile: Profile, state: CycleState, pod: PodInfo, nodes: Nodes, template: Template | None = None) -> Judged:
    """What the filters say about these nodes; the first rejection of a node counts, later filters do not see it.

    `template` holds what is known from equal pods about these nodes.
    """
    judged = Judged(nodes)
    places: Column = None  # of the nodes still in the race; None while all are
    active = nodes
    if template is not None:
        template.follow(state, pod, nodes, profile)
    for plugin in profile.at["filter"]:
        if plugin.name in state.skipped:
            continue
        if template is not None and plugin.local:
            verdict = template.verdict(plugin, state, pod, active)
        else:
            verdict = plugin.filter(state, pod, active)
        if verdict is None:
            continue
        at = columns.places(verdict)
        if not len(at):
            continue
        codes = verdict[at]
        for code in columns.distinct(codes):
            here = at[codes == code]
            judged.reject(here if places is None else places[here], (plugin, code))
        left = columns.places(verdict == 0)
        if not len(left):
            break
        places = left if places is None else places[left]
        active = active.only(left)
    return judged


class Trial:
    """Pods added to or removed from one node in thought; leaving the `with` block puts everything back.

    The counts of the cache are changed in place, and the plugins whose PreFilter follows pods look at them again.
    """

    def __init__(self, profile: Profile, state: CycleState, pod: PodInfo, node: str) -> None:
        self.profile = profile
        self.state = state
        self.pod = pod
        self.node = node
        self.row = state.cache.table.row_of[node]
        self._following = [
            one for one in profile.at["pre_filter"] if one.follows_pods and one.name not in state.skipped
        ]
        self._before = dict(state)
        self._earlier = len(state.changes)

    def __enter__(self) -> Trial:
        return self

    def __exit__(self, *_error: Any) -> None:
        while len(self.state.changes) > self._earlier:
            other, _row, sign = self.state.changes.pop()
            self._change(other, -sign)
        self.state.clear()
        self.state.update(self._before)

    def add(self, other: PodInfo) -> None:
        """Put a pod on the node."""
        self._count(other, 1)

    def remove(self, other: PodInfo) -> None:
        """Take a pod off the node."""
        self._count(other, -1)

    def fits(self) -> Judged:
        """What the filters say about the node now."""
        for plugin in self._following:
            plugin.pre_filter(self.state, self.pod)
        nodes = Nodes(self.state.cache.table, columns.rows_of([self.row]))
        return judge(self.profile, self.state, self.pod, nodes)

    def rejection(self) -> Outcome | None:
        """Why the node does not take the pod now; None if it does."""
        return self.fits().first_outcome(self.state, self.pod)

    def _count(self, other: PodInfo, sign: int) -> None:
        self._change(other, sign)
        self.state.changes.append((other, self.row, sign))

    def _change(self, other: PodInfo, sign: int) -> None:
        self.state.cache.table.count_pod(other, self.row, sign)
        self.state.cache.index.add_pod(other, self.row, sign)


def nominated_to(state: CycleState, pod: PodInfo, node: str) -> list[PodInfo]:
    """The pods of equal or higher priority that wait for room on a node."""
    waiting = state.cache.nominated.get(node, {})
    return [other for other in waiting.values() if other.priority >= pod.priority and other.uid != pod.uid]


def judge_with_nominated(
    profile: Profile, state: CycleState, pod: PodInfo, nodes: Nodes, template: Template | None = None
) -> Judged:
    """As `judge`, but a node must also take the pod with all the pods there that are nominated to it.

    *In Kubernetes:* `RunFilterPluginsWithNominatedPods` in pkg/scheduler/framework/runtime/framework.go.
    """
    judged = judge(profile, state, pod, nodes, template)
    if not state.cache.nominated:
        return judged
    known = answers_of_equal_pods(profile, state, pod, "nominated")
    for name, waiting in state.cache.nominated.items():
        row = state.cache.table.row_of.get(name)
        place = -1 if row is None else nodes.place(row)
        if row is None or place < 0:
            continue
        own = pod.uid in waiting  # its own nomination does not count, so that the answer is for nobody else
        if own or row not in known:
            outcome = rejection_with_nominated(profile, state, pod, name)
            if not own:
                known[row] = outcome
        else:
            outcome = known[row]
        if outcome is not None:
            judged.reject(columns.rows_of([place]), outcome)
    return judged


def rejection_with_nominated(profile: Profile, state: CycleState, pod: PodInfo, node: str) -> Outcome | None:
    """Why the node does not take the pod together with those nominated to it; None if it does, or nobody is."""
    others = nominated_to(state, pod, node)
    if not others:
        return None
    with Trial(profile, state, pod, node) as trial:
        for other in others:
            trial.add(other)
        return trial.rejection()


def answers_of_equal_pods(profile: Profile, state: CycleState, pod: PodInfo, *question: Any) -> dict[int, Any]:
    """What equal pods found out about single nodes that have not changed since, by row; put new answers in.

    Such an answer follows from the pod's template, from the node with its pods and from who is nominated to it, unless
    a plugin that looks at other nodes has a say about this pod: then nothing is kept.
    """
    if not all(one.local or one.name in state.skipped for one in profile.at["filter"]):
        return {}
    return state.cache.shared.per_node((*question, profile, pod.facts, pod.priority))


def joined(parts: list[Judged]) -> Judged:
    """Several judged stretches as one; the same way to be rejected becomes one way."""
    if len(parts) == 1:
        return parts[0]
    table = parts[0].nodes.table
    found = Judged(Nodes(table, columns.joined([part.nodes.rows for part in parts])))
    if all(part.codes is None for part in parts):
        return found
    number_of: dict[Any, int] = {}
    codes = []
    for part in parts:
        if part.codes is None:
            codes.append(columns.filled(len(part.nodes)))
            continue
        numbers = [0] + [number_of.setdefault(_key(way), len(number_of) + 1) for way in part.ways]
        found.ways += [way for way, number in zip(part.ways, numbers[1:]) if number > len(found.ways)]
        codes.append(columns.of(numbers)[part.codes])
    found.codes = columns.joined(codes)
    return found


def _key(way: tuple[Plugin, int] | Outcome) -> Any:
    """What tells ways apart: the outcome of a single node is a way of its own."""
    return id(way) if isinstance(way, Outcome) else (way[0].name, way[1])
