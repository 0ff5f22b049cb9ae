"""NodeAffinity: the nodes that a pod selects, and those it prefers."""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta, selectors
from cp_sim.scheduler import columns, node_matching
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import SKIPPED, UNRESOLVABLE, CycleState, Only, Plugin, Status, normalized
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change

CONFLICT = "pod affinity terms conflict"
ENFORCED = 2


class NodeAffinity(Plugin):
    """Rejects nodes that nodeSelector or required node affinity do not match; preferred terms give their weight.

    `added_terms` and `added_preferred` are what the scheduler asks for on behalf of every pod (`addedAffinity`).
    Source: pkg/scheduler/framework/plugins/nodeaffinity.
    """

    name = "NodeAffinity"
    local = True
    verdicts = {
        1: (UNRESOLVABLE, "node(s) didn't match Pod's node affinity/selector"),
        ENFORCED: (UNRESOLVABLE, "node(s) didn't match scheduler-enforced node affinity"),
    }
    moved_by = ("nodes/add", "nodes/update-label")

    def __init__(
        self,
        added_terms: tuple[dict[str, Any], ...] | None = None,
        added_preferred: tuple[dict[str, Any], ...] = (),
    ) -> None:
        self.added_terms = added_terms
        self.added_preferred = added_preferred

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """A node helps if it matches and did not before."""
        if self.added_terms is not None and not matches_any(self.added_terms, change.new):
            return False
        return matches(pod, change.new) and (change.old is None or not matches(pod, change.old))

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        if self.added_terms is None and not node_matching.has_requirements(pod):
            return SKIPPED
        names: set[str] = set()
        for term in pod.facts.required_nodes or ():
            of_term = _names_in(term)
            if of_term is None:
                return None
            names |= of_term
        if names:
            return Only(tuple(sorted(names)))
        if pod.facts.required_nodes:
            return Status(UNRESOLVABLE, (CONFLICT,))
        return None

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        codes = ~node_matching.required(pod, nodes) * 1
        if self.added_terms is None:
            return codes
        return columns.where(node_matching.any_term(self.added_terms, nodes), codes, ENFORCED)

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        return {"selects": _said(pod) if code != ENFORCED else ""}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        return facts, f"the pod wants {facts['selects']}" if facts["selects"] else ""

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Status | None:
        return None if pod.facts.preferred_nodes or self.added_preferred else SKIPPED

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        total = columns.filled(len(nodes))
        for preferred in (*self.added_preferred, *pod.facts.preferred_nodes):
            if preferred["weight"]:
                total = total + preferred["weight"] * node_matching.matches_term(
                    preferred.get("preference") or {}, nodes
                )
        return total

    def normalize_score(self, state: CycleState, pod: PodInfo, nodes: Nodes, scores: Column) -> Column:
        return normalized(scores)


def _names_in(term: dict[str, Any]) -> set[str] | None:
    """The node names that a term allows by `matchFields`, None where it does not speak of names."""
    names: set[str] | None = None
    for field in term.get("matchFields") or ():
        if field.get("key") == "metadata.name" and field.get("operator") == "In":
            values = set(field.get("values") or ())
            names = values if names is None else names & values
    return names


def _said(pod: PodInfo) -> str:
    """What the pod asks of a node, in the notation of kubectl."""
    parts = [f"{key}={value}" for key, value in (pod.facts.node_selector or {}).items()]
    terms = []
    for term in pod.facts.required_nodes or ():
        said = [*(term.get("matchExpressions") or ()), *(term.get("matchFields") or ())]
        terms.append(" and ".join(_expression(one) for one in said))
    return " and ".join([*parts, " or ".join(terms)] if terms else parts)


def _expression(one: dict[str, Any]) -> str:
    values = ", ".join(one.get("values") or ())
    return f"{one['key']} {one['operator']} ({values})" if values else f"{one['key']} {one['operator']}"


def matches_any(terms: tuple[dict[str, Any], ...], node: dict[str, Any]) -> bool:
    """Whether one node is what any of these node selector terms asks for."""
    return any(selectors.matches_node_term(term, meta.labels(node), meta.name(node)) for term in terms)


def matches(pod: PodInfo, node: dict[str, Any]) -> bool:
    """Whether one node is what the pod's nodeSelector and required node affinity ask for."""
    labels, terms = meta.labels(node), pod.facts.required_nodes
    if any(labels.get(key) != value for key, value in (pod.facts.node_selector or {}).items()):
        return False
    return terms is None or matches_any(terms, node)
