"""PodTopologySpread: pods of one kind evenly over zones, nodes or whatever nodes are labelled with."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from cp_sim.objects import selectors
from cp_sim.scheduler import columns, hints, node_matching, taints
from cp_sim.scheduler.columns import Coded, Column
from cp_sim.scheduler.default_selector import default_selector
from cp_sim.scheduler.framework import (
    MAX_NODE_SCORE,
    SKIPPED,
    UNRESOLVABLE,
    UNSCHEDULABLE,
    CycleState,
    Only,
    Plugin,
    Status,
)
from cp_sim.scheduler.node_table import ZONE, Nodes
from cp_sim.scheduler.pod_index import Question
from cp_sim.scheduler.pod_info import AffinityTerm, PodInfo, SpreadConstraint
from cp_sim.scheduler.queueing import Change

HOSTNAME = "kubernetes.io/hostname"
MISSING_LABEL, TOO_SKEWED = 1, 2
# systemDefaultConstraints in plugin.go; which pods they mean follows from each pod.
SYSTEM_DEFAULTS = (
    ("ScheduleAnyway", SpreadConstraint(3, HOSTNAME, None)),
    ("ScheduleAnyway", SpreadConstraint(5, ZONE, None)),
)


class Spread:
    """One constraint during one cycle: how many matching pods each domain has, and what the fewest is."""

    __slots__ = ("constraint", "counts", "fewest", "self_match")

    def __init__(self, constraint: SpreadConstraint, counts: Column, fewest: int, self_match: int) -> None:
        self.constraint = constraint
        self.counts = counts
        self.fewest = fewest
        self.self_match = self_match


class PodTopologySpread(Plugin):
    """Rejects nodes whose domain would have more than maxSkew matching pods above the emptiest; soft constraints give
    points.

    Pods without constraints of their own are spread softly over hostnames (maxSkew 3) and zones (maxSkew 5) when a
    Service or their owner selects them, or by `default_constraints`: (whenUnsatisfiable, constraint) each.
    Source: pkg/scheduler/framework/plugins/podtopologyspread/common.go, filtering.go, scoring.go.
    """

    name = "PodTopologySpread"
    verdicts = {
        MISSING_LABEL: (
            UNRESOLVABLE,
            "node(s) didn't match pod topology spread constraints (missing required label)",
        ),
        TOO_SKEWED: (UNSCHEDULABLE, "node(s) didn't match pod topology spread constraints"),
    }
    moved_by = (
        "pods/add",
        "pods/delete",
        "pods/update-label",
        "pods/update-tolerations",
        "nodes/add",
        "nodes/delete",
        "nodes/update-label",
        "nodes/update-taint",
    )
    follows_pods = True

    def __init__(self, default_constraints: tuple[tuple[str, SpreadConstraint], ...] | None = None) -> None:
        # Nodes without a zone take part only where nobody has chosen the constraints (`requireAllTopologies`).
        self.system_defaulted = default_constraints is None
        self.default_constraints = SYSTEM_DEFAULTS if default_constraints is None else default_constraints

    def _defaults(self, state: CycleState, pod: PodInfo, when: str) -> tuple[SpreadConstraint, ...]:
        """The default constraints of one kind, for the pods that belong with this one (`buildDefaultConstraints`)."""
        wanted = [one for kind, one in self.default_constraints if kind == when]
        selector = default_selector(state.cache, pod) if wanted else None
        return () if selector is None else tuple(replace(one, selector=selector) for one in wanted)

    def hint(self, pod: PodInfo, change: Change) -> bool:
        # Which pods a default constraint means is not known here: for those it rejected anything may help.
        own = pod.spec.get("topologySpreadConstraints")
        return not own or hints.for_spread(pod, change, pod.facts.spread_required)

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        constraints = pod.facts.spread_required
        if not self.system_defaulted and not pod.spec.get("topologySpreadConstraints"):
            constraints = self._defaults(state, pod, "DoNotSchedule")
        if not constraints:
            return SKIPPED
        nodes = _all_rows(state)
        keyed = _with_keys(nodes, constraints)
        state[self.name] = [self._spread(state, pod, one, nodes, keyed) for one in constraints]
        return None

    def _spread(
        self, state: CycleState, pod: PodInfo, constraint: SpreadConstraint, nodes: Nodes, keyed: Column
    ) -> Spread:
        label = nodes.table.label(constraint.topology_key)
        counted = keyed & included(constraint, pod, nodes)
        domains = columns.where(counted, nodes.labels(constraint.topology_key), -1)
        counts = columns.sum_by(domains, matching_pods(state, pod, constraint), len(label.values))
        present = columns.count_by(domains, len(label.values)) > 0
        number = columns.count_true(present)
        fewest = columns.smallest(counts[present]) if number >= constraint.min_domains else 0
        self_match = int(selectors.matches(constraint.selector, pod.labels))
        return Spread(constraint, counts, fewest, self_match)

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        codes = columns.filled(len(nodes))
        for spread in state[self.name]:
            ids = nodes.labels(spread.constraint.topology_key)
            skew = columns.looked_up(spread.counts, ids) + spread.self_match - spread.fewest
            verdict = columns.where(ids < 0, MISSING_LABEL, (skew > spread.constraint.max_skew) * TOO_SKEWED)
            codes = columns.where(codes == 0, verdict, codes)
        return codes

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        """Of the first constraint that each node does not meet."""
        found: dict[str, Any] = {}
        told = columns.filled(len(nodes), -1)
        for place, spread in enumerate(state[self.name]):
            ids = nodes.labels(spread.constraint.topology_key)
            matching = columns.looked_up(spread.counts, ids)
            bad = (ids < 0) | (matching + spread.self_match - spread.fewest > spread.constraint.max_skew)
            told = columns.where((told < 0) & bad, place, told)
            values = nodes.table.label(spread.constraint.topology_key).values
            found[f"{place}/domain"] = Coded(columns.compact(ids), values)
            found[f"{place}/matching"] = columns.compact(matching)
            found[f"{place}/fixed"] = (
                spread.constraint.topology_key,
                spread.constraint.max_skew,
                spread.fewest,
                spread.self_match,
            )
        return {"constraint": columns.compact(told), **found}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        place = facts["constraint"]
        key, max_skew, fewest, self_match = facts[f"{place}/fixed"]
        if "missing" in reasons[0]:
            return {"topologyKey": key}, f"the node has no label {key}"
        domain, matching = facts[f"{place}/domain"], facts[f"{place}/matching"]
        numbers = {
            "topologyKey": key,
            "domain": domain,
            "matching": matching,
            "fewest": fewest,
            "skew": matching + self_match - fewest,
            "maxSkew": max_skew,
        }
        words = (
            f"{key}={domain} has {matching} matching pods, the emptiest {fewest}: skew {numbers['skew']} > {max_skew}"
        )
        return numbers, words

    # -- scoring -----------------------------------------------------------------------------------------------------

    def _soft(self, state: CycleState, pod: PodInfo) -> tuple[SpreadConstraint, ...]:
        """The constraints to score by: the pod's own soft ones, or the default ones if it has none at all."""
        if pod.spec.get("topologySpreadConstraints"):
            return pod.facts.spread_preferred
        return self._defaults(state, pod, "ScheduleAnyway")

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Status | None:
        constraints = self._soft(state, pod)
        if not constraints:
            return SKIPPED
        # With the default constraints a node without a zone still spreads over hostnames.
        all_keys = bool(pod.spec.get("topologySpreadConstraints")) or not self.system_defaulted
        everywhere = _all_rows(state)
        keyed = nodes.pick(_with_keys(everywhere, constraints)) if all_keys else columns.flags(len(nodes), True)
        total: Column = 0.0
        for constraint in constraints:
            weight, counts = self._counts(state, pod, constraint, nodes, everywhere, all_keys, constraints, keyed)
            has_key = nodes.labels(constraint.topology_key) >= 0
            points = counts * weight + (constraint.max_skew - 1)
            total = total + columns.where(has_key, points, 0.0)
        state[f"{self.name}/score"] = columns.where(keyed, columns.rounded(total), 0)
        state[f"{self.name}/keyed"] = keyed
        return None

    def _counts(
        self,
        state: CycleState,
        pod: PodInfo,
        constraint: SpreadConstraint,
        nodes: Nodes,
        everywhere: Nodes,
        all_keys: bool,
        constraints: tuple[SpreadConstraint, ...],
        keyed: Column,
    ) -> tuple[float, Column]:
        """(weight by number of domains, matching pods in each node's domain); domains are those of feasible nodes."""
        matching = matching_pods(state, pod, constraint)
        if constraint.topology_key == HOSTNAME:
            return math.log(columns.count_true(keyed) + 2), nodes.pick(matching)
        # A node without the label counts as a domain of its own, number 0.
        size = len(nodes.table.label(constraint.topology_key).values) + 1
        ids = nodes.labels(constraint.topology_key) + 1
        domains = columns.count_by(columns.where(keyed, ids, -1), size) > 0
        counted = everywhere.table.present() & included(constraint, pod, everywhere)
        if all_keys:
            counted = counted & _with_keys(everywhere, constraints)
        of_all = columns.where(counted, everywhere.labels(constraint.topology_key) + 1, -1)
        counts = columns.sum_by(of_all, matching, size)
        return math.log(columns.count_true(domains) + 2), columns.looked_up(counts, ids)

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        return state[f"{self.name}/score"]

    def normalize_score(self, state: CycleState, pod: PodInfo, nodes: Nodes, scores: Column) -> Column:
        keyed = state[f"{self.name}/keyed"]
        counted = scores[keyed]
        most, least = columns.largest(counted), columns.smallest(counted)
        if most == 0:
            return columns.where(keyed, MAX_NODE_SCORE, 0)
        share = columns.quotient(MAX_NODE_SCORE * (most + least - scores), most)
        return columns.where(keyed, share, 0)


def _all_rows(state: CycleState) -> Nodes:
    """Every row of the table, present or not."""
    table = state.cache.table
    return Nodes(table, columns.counting(0, table.columns.size))


def _with_keys(nodes: Nodes, constraints: tuple[SpreadConstraint, ...]) -> Column:
    """Which of all rows are nodes with every topology key."""
    keyed = nodes.table.present()
    for constraint in constraints:
        keyed = keyed & (nodes.labels(constraint.topology_key) >= 0)
    return keyed


def included(constraint: SpreadConstraint, pod: PodInfo, nodes: Nodes) -> Column:
    """Which nodes count as domains (nodeAffinityPolicy, nodeTaintsPolicy)."""
    counted = columns.flags(len(nodes), True)
    if constraint.honor_affinity and node_matching.has_requirements(pod):
        counted = node_matching.required(pod, nodes)
    if constraint.honor_taints:
        kept_out = taints.keep_out(nodes, pod.facts.tolerations)
        if kept_out is not None:
            counted = counted & ~kept_out
    return counted


def matching_pods(state: CycleState, pod: PodInfo, constraint: SpreadConstraint) -> Column:
    """How many pods per row a constraint counts: those of the pod's namespace that are not being deleted.

    A selector without any condition counts none (`countPodsMatchSelector` in common.go), although it matches the pod
    itself.
    """
    selector = constraint.selector
    if selector is not None and not (selector.get("matchLabels") or selector.get("matchExpressions")):
        return columns.filled(state.cache.table.columns.size)
    term = AffinityTerm("", (pod.namespace,), selector, None, 0, "")
    return state.cache.index.rows(Question((term,), skip_terminating=True))
