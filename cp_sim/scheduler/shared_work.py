"""Equal pods share work: what plugins said about nodes is kept, and asked again only of nodes that changed since.

Pods of one template (equal `SpecFacts`) get the same answer from a `local` plugin for a node as long as neither the
node nor the pods on it change.  So the answers are kept as columns over all rows, and the table's log says which of
them do not hold any more.  Whether a node fits, how many points it gets, who wins: all of that is still worked out for
every pod, from the kept columns; sharing never changes a decision.  Plugins that are not `local`, a learner's
among them, are asked for every pod.

*In Kubernetes:* pods with equal signatures may share a cycle's result (`Sign`, opportunistic batching; since 1.35).
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.node_table import Nodes, NodeTable
from cp_sim.scheduler.pod_info import PodInfo, SpecFacts

if TYPE_CHECKING:
    from cp_sim.scheduler.framework import CycleState, Plugin, Profile

TEMPLATES = 64  # so many are kept, the others are forgotten, oldest use first
FEW = 32  # of more changed rows it is not asked whether they are among those wanted


class Template:
    """What the local plugins of one profile say of every row, for pods with one `SpecFacts`.

    `followed` is the end of the table's log up to which the columns hold.  `guess` is how many nodes the next such pod
    may have to look at: a little more than the last, where that one met infeasible nodes.
    """

    def __init__(self, table: NodeTable) -> None:
        self.table = table
        self.followed = -1
        self.guess = 0
        self.verdicts: dict[str, Column] = {}  # filter plugin -> code per row; an int stands for all rows
        self.scores: dict[str, Column] = {}  # score plugin -> points per row, before normalizing
        self.epochs: dict[str, int] = {}
        self.regular: dict[str, bool] = {}  # score plugin -> whether all of its points are within 0..100

    def follow(self, state: CycleState, pod: PodInfo, nodes: Nodes, profile: Profile) -> None:
        """Make the columns hold for `nodes`, a stretch of the walk."""
        log = self.table.log
        if self.followed == log.end:
            return
        changed = log.since(self.followed) if self.followed >= 0 else None
        if changed is None:
            self.verdicts, self.scores = {}, {}
        elif len(changed) <= FEW and all(nodes.place(row) < 0 for row in changed):
            return
        else:
            self._ask_again(state, pod, profile, sorted(set(changed)))
        self.followed = log.end

    def _ask_again(self, state: CycleState, pod: PodInfo, profile: Profile, rows: list[int]) -> None:
        chosen = columns.rows_of(rows)
        nodes, size = Nodes(self.table, chosen), self.table.columns.size
        for name, column in self.verdicts.items():
            said = _said(profile.by_name[name].filter(state, pod, nodes))
            self.verdicts[name] = columns.replaced(column, size, chosen, said)
        for name, column in self.scores.items():
            self._keep_score(
                name, columns.replaced(column, size, chosen, profile.by_name[name].score(state, pod, nodes))
            )

    def verdict(self, plugin: Plugin, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        """The codes of a local plugin for nodes that were followed; None where it rejects no node at all."""
        column = self.verdicts.get(plugin.name)
        if column is None:
            column = self.verdicts[plugin.name] = _said(plugin.filter(state, pod, _all_rows(self.table)))
        return None if isinstance(column, int) else nodes.pick(column)

    def score(self, plugin: Plugin, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        """The points of a local plugin for nodes that were followed."""
        epoch = plugin.epoch(self.table)
        column = self.scores.get(plugin.name)
        if column is None or self.epochs[plugin.name] != epoch:
            column = columns.narrowed(plugin.score(state, pod, _all_rows(self.table)))
            self._keep_score(plugin.name, column)
            self.epochs[plugin.name] = epoch
        return column if isinstance(column, int) else nodes.pick(column)

    def _keep_score(self, name: str, column: Column) -> None:
        low, high = columns.bounds(column)
        self.scores[name] = column
        self.regular[name] = low >= 0 and high <= 100


class PerNode:
    """What was found out about single nodes, each kept until the node or the pods on it change."""

    def __init__(self, table: NodeTable) -> None:
        self.table = table
        self.followed = table.log.end
        self.answers: dict[int, Any] = {}  # row -> answer

    def holding(self) -> dict[int, Any]:
        """The answers that hold, by row; put new ones in."""
        changed = self.table.log.since(self.followed)
        if changed is None:
            self.answers.clear()
        else:
            for row in changed:
                self.answers.pop(row, None)
        self.followed = self.table.log.end
        return self.answers


class SharedWork:
    """What is kept for the templates and questions that were used last.

    A fork starts without any of it: nothing but time depends on it.
    """

    def __init__(self, table: NodeTable) -> None:
        self.table = table
        self.templates: dict[tuple[Profile, SpecFacts], Template | None] = {}
        self.questions: dict[Any, PerNode] = {}

    def __deepcopy__(self, memo: Any) -> SharedWork:
        return SharedWork(deepcopy(self.table, memo))

    def template(self, profile: Profile, pod: PodInfo) -> Template | None:
        """The template of a pod; None for the first of its kind, since what nobody shares is not worth keeping."""
        if pod.spec.get("nodeName"):
            return None
        key = (profile, pod.facts)
        known = key in self.templates
        found = self.templates.pop(key, None)
        if known and found is None:
            found = Template(self.table)
        elif not known and len(self.templates) >= TEMPLATES:
            del self.templates[next(iter(self.templates))]
        self.templates[key] = found
        return found

    def per_node(self, question: Any) -> dict[int, Any]:
        """The answers to a question about single nodes that still hold, by row."""
        found = self.questions.pop(question, None)
        if found is None:
            found = PerNode(self.table)
            if len(self.questions) >= TEMPLATES:
                del self.questions[next(iter(self.questions))]
        self.questions[question] = found
        return found.holding()


def _all_rows(table: NodeTable) -> Nodes:
    return Nodes(table, columns.counting(0, table.columns.size), slice(0, table.columns.size))


def _said(codes: Column | None) -> Column:
    """The codes as they are kept: the int 0 where there is no other."""
    return 0 if codes is None or not columns.any_of(codes) else columns.narrowed(codes)
