"""Running the filters: over many nodes at once, over one node in thought, and from a rotating start until enough are
found.
"""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.decision import Outcome
from cp_sim.scheduler.framework import CycleState, Profile
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo

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
    """Verdicts over some nodes: `codes` (0 feasible, else 1 + place in `outcomes`), or None where all are feasible."""

    __slots__ = ("codes", "nodes", "outcomes", "sizes")

    def __init__(self, nodes: Nodes) -> None:
        self.nodes = nodes
        self.codes: Column = None
        self.outcomes: list[Outcome] = []
        self.sizes: list[int] = []  # how many nodes have each outcome

    def reject(self, places: Column, outcome: Outcome) -> None:
        """Give the nodes at these places one outcome."""
        if self.codes is None:
            self.codes = columns.filled(len(self.nodes))
        self.outcomes.append(outcome)
        self.sizes.append(len(places))
        self.codes[places] = len(self.outcomes)

    def feasible(self) -> Column:
        """The places of the feasible nodes."""
        if self.codes is None:
            return columns.counting(0, len(self.nodes))
        return columns.places(self.codes == 0)


def judge(profile: Profile, state: CycleState, pod: PodInfo, nodes: Nodes, with_facts: bool = True) -> Judged:
    """What the filters say about these nodes; the first rejection of a node counts, later filters do not see it."""
    judged = Judged(nodes)
    places: Column = None  # of the nodes still in the race; None while all are
    active = nodes
    for plugin in profile.at["filter"]:
        if plugin.name in state.skipped:
            continue
        verdict = plugin.filter(state, pod, active)
        if verdict is None or not columns.any_of(verdict):
            continue
        rejected = verdict != 0
        at = columns.places(rejected)
        codes = verdict[at]
        for code in columns.distinct(codes):
            here = at[codes == code]
            status, reasons = plugin.outcome(state, pod, int(code))
            facts = plugin.facts(state, pod, active.only(here), int(code)) if with_facts else {}
            judged.reject(
                here if places is None else places[here], Outcome(plugin.name, status, reasons, facts, type(plugin))
            )
        left = columns.places(~rejected)
        places = left if places is None else places[left]
        active = active.only(left)
        if not len(left):
            break
    return judged


class Trial:
    """Pods added to or removed from one node in thought; `undo` puts everything back.

    The counts of the cache are changed in place, and the plugins whose PreFilter follows pods look at them again.
    """

    def __init__(self, profile: Profile, state: CycleState, pod: PodInfo, node: str) -> None:
        self.profile = profile
        self.state = state
        self.pod = pod
        self.node = node
        self.row = state.cache.table.row_of[node]
        self._before = dict(state)
        self._changes: list[tuple[PodInfo, int]] = []

    def add(self, other: PodInfo) -> None:
        """Put a pod on the node."""
        self._count(other, 1)

    def remove(self, other: PodInfo) -> None:
        """Take a pod off the node."""
        self._count(other, -1)

    def fits(self) -> Judged:
        """What the filters say about the node now."""
        for plugin in self.profile.at["pre_filter"]:
            if plugin.follows_pods and plugin.name not in self.state.skipped:
                plugin.pre_filter(self.state, self.pod)
        nodes = Nodes(self.state.cache.table, columns.rows_of([self.row]))
        return judge(self.profile, self.state, self.pod, nodes)

    def undo(self) -> None:
        """Put everything back as it was."""
        for other, sign in reversed(self._changes):
            self._change(other, -sign)
        self.state.clear()
        self.state.update(self._before)

    def _count(self, other: PodInfo, sign: int) -> None:
        self._change(other, sign)
        self._changes.append((other, sign))

    def _change(self, other: PodInfo, sign: int) -> None:
        self.state.cache.table.add_pod(other, self.row, sign)
        self.state.cache.index.add_pod(other, self.row, sign)


def nominated_to(state: CycleState, pod: PodInfo, node: str) -> list[PodInfo]:
    """The pods of equal or higher priority that wait for room on a node."""
    waiting = state.cache.nominated.get(node, {})
    return [other for other in waiting.values() if other.priority >= pod.priority and other.uid != pod.uid]


def judge_with_nominated(profile: Profile, state: CycleState, pod: PodInfo, nodes: Nodes) -> Judged:
    """As `judge`, but a node must also take the pod with all the pods there that are nominated to it.

    *In Kubernetes:* `RunFilterPluginsWithNominatedPods` in pkg/scheduler/framework/runtime/framework.go.
    """
    judged = judge(profile, state, pod, nodes)
    if not state.cache.nominated:
        return judged
    rows = columns.listed(nodes.rows)
    for name in state.cache.nominated:
        others = nominated_to(state, pod, name)
        row = state.cache.table.row_of.get(name)
        if not others or row not in rows:
            continue
        trial = Trial(profile, state, pod, name)
        try:
            for other in others:
                trial.add(other)
            with_them = trial.fits()
        finally:
            trial.undo()
        if with_them.codes is not None:
            replace(judged, rows.index(row), with_them.outcomes[0])
    return judged


def replace(judged: Judged, place: int, outcome: Outcome) -> None:
    """Give one node another outcome than the filters found."""
    if judged.codes is None:
        judged.codes = columns.filled(len(judged.nodes))
    old = int(judged.codes[place])
    if old:
        before = columns.count_true(judged.codes[:place] == old)
        former = judged.outcomes[old - 1]
        facts = {name: columns.without(column, before) for name, column in former.facts.items()}
        judged.outcomes[old - 1] = Outcome(former.plugin, former.code, former.reasons, facts, former.teller)
        judged.sizes[old - 1] -= 1
    judged.reject(columns.rows_of([place]), outcome)


def joined(parts: list[Judged], limit: int) -> tuple[Column, Column, list[Outcome], list[int]]:
    """(rows, codes, outcomes, how many nodes have each) of several judged chunks, cut after the `limit`-th feasible
    node.
    """
    rows = columns.joined([part.nodes.rows for part in parts])
    outcomes: list[Outcome] = []
    sizes: list[int] = []
    codes = []
    for part in parts:
        if part.codes is None:
            codes.append(columns.filled(len(part.nodes)))
        else:
            codes.append(columns.where(part.codes > 0, part.codes + len(outcomes), 0))
        outcomes += part.outcomes
        sizes += part.sizes
    together: Any = columns.joined(codes)
    feasible = columns.places(together == 0)
    if len(feasible) > limit:
        end = int(feasible[limit - 1]) + 1
        rows, together = rows[:end], together[:end]
        sizes = [columns.count_true(together == place + 1) for place in range(len(outcomes))]
    return rows, together, outcomes, sizes
