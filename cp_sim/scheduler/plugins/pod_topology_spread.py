"""PodTopologySpread: pods of one kind evenly over zones, nodes or whatever nodes are labelled with."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from cp_sim.objects import selectors
from cp_sim.scheduler import columns, node_matching, taints
from cp_sim.scheduler.columns import Coded, Column
from cp_sim.scheduler.default_selector import default_selector
from cp_sim.scheduler.domains import Among, Domains
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
from cp_sim.scheduler.pod_info import PodInfo, SpreadConstraint, affinity_term
from cp_sim.scheduler.queue import hints
from cp_sim.scheduler.queue.queueing import Change

HOSTNAME = "kubernetes.io/hostname"
MISSING_LABEL, TOO_SKEWED = 1, 2
# systemDefaultConstraints in plugin.go; which pods they mean follows from each pod.
SYSTEM_DEFAULTS = (
    ("ScheduleAnyway", SpreadConstraint(3, HOSTNAME, None)),
    ("ScheduleAnyway", SpreadConstraint(5, ZONE, None)),
)


class Spread:
    """One constraint during one cycle: how many matching pods each domain has, and what the fewest is."""

    __slots__ = ("constraint", "domains", "fewest", "self_match")

    def __init__(self, constraint: SpreadConstraint, domains: Domains, fewest: int, self_match: int) -> None:
        self.constraint = constraint
        self.domains = domains
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
        state[self.name] = [self._spread(state, pod, one, constraints) for one in constraints]
        return None

    def _spread(
        self, state: CycleState, pod: PodInfo, constraint: SpreadConstraint, constraints: tuple[SpreadConstraint, ...]
    ) -> Spread:
        domains = pods_by_domain(state, pod, constraint, counting_nodes(state, pod, constraint, constraints))
        in_thought = [one for one in state.changes if counts_in_thought_only(constraint, pod, one[0])]
        if in_thought:
            domains = domains.copied()
            for _, row, sign in in_thought:
                domains.add(row, sign)
        fewest = domains.fewest() if domains.number >= constraint.min_domains else 0
        self_match = int(selectors.matches(constraint.selector, pod.labels))
        return Spread(constraint, domains, fewest, self_match)

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        codes: Column = None
        for spread in state[self.name]:
            skew = spread.domains.of(nodes) + (spread.self_match - spread.fewest)
            lacking = nodes.labels(spread.constraint.topology_key) < 0
            verdict = columns.where(lacking, MISSING_LABEL, (skew > spread.constraint.max_skew) * TOO_SKEWED)
            codes = verdict if codes is None else columns.where(codes == 0, verdict, codes)
        return codes

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        """Of the first constraint that each node does not meet."""
        found: dict[str, Any] = {}
        told: Column = -1
        for place, spread in enumerate(state[self.name]):
            ids = nodes.labels(spread.constraint.topology_key)
            matching = spread.domains.of(nodes)
            bad = (ids < 0) | (matching + (spread.self_match - spread.fewest) > spread.constraint.max_skew)
            told = columns.where((told < 0) & bad, place, told)
            found[f"{place}/domain"] = Coded(columns.compact(ids), spread.domains.label.values)
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
        needed = constraints if all_keys else ()
        keyed = _with_keys(nodes, needed)
        # Where all nodes have the keys, none has to be picked out.
        of = None if columns.all_of(keyed) else keyed
        total: Column = 0.0
        for constraint in constraints:
            ids = nodes.labels(constraint.topology_key)
            if constraint.topology_key == HOSTNAME:
                number, counts = columns.count_true(keyed), nodes.pick(matching_pods(state, pod, constraint))
            else:
                among = counting_nodes(state, pod, constraint, needed)
                # Nodes without the label are a domain, too.
                number = columns.count_distinct(ids if of is None else ids[of])
                counts = pods_by_domain(state, pod, constraint, among).of(nodes)
            # Points for a domain: its pods, weighted by how many domains the feasible nodes are in.
            points = counts * math.log(number + 2) + (constraint.max_skew - 1)
            labelled = ids >= 0
            total = total + (points if columns.all_of(labelled) else columns.where(labelled, points, 0.0))
        scores = columns.rounded(total)
        state[f"{self.name}/score"] = scores if of is None else columns.where(of, scores, 0)
        state[f"{self.name}/keyed"] = of
        return None

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        return state[f"{self.name}/score"]

    def normalize_score(self, state: CycleState, pod: PodInfo, nodes: Nodes, scores: Column) -> Column:
        keyed = state[f"{self.name}/keyed"]
        counted = scores if keyed is None else scores[keyed]
        most, least = columns.largest(counted), columns.smallest(counted)
        if most == 0:
            return MAX_NODE_SCORE if keyed is None else columns.where(keyed, MAX_NODE_SCORE, 0)
        share = columns.quotient(MAX_NODE_SCORE * (most + least - scores), most)
        return share if keyed is None else columns.where(keyed, share, 0)


def _with_keys(nodes: Nodes, constraints: tuple[SpreadConstraint, ...]) -> Column:
    """Which of the nodes have every topology key."""
    keyed = columns.flags(len(nodes), True)
    for constraint in constraints:
        keyed = keyed & (nodes.labels(constraint.topology_key) >= 0)
    return keyed


def counting_nodes(
    state: CycleState, pod: PodInfo, constraint: SpreadConstraint, needed: tuple[SpreadConstraint, ...]
) -> Among:
    """The nodes whose pods and domains count: with all keys that are needed, and included by the policies."""
    index = state.cache.index
    by_rules = constraint.honor_affinity and node_matching.has_requirements(pod)
    of_pod = pod.facts if by_rules or constraint.honor_taints else None
    key = (of_pod, by_rules, constraint.honor_taints, tuple([one.topology_key for one in needed]))
    found = index.nodes_among(key)
    if found is None:
        table = state.cache.table
        nodes = Nodes(table, columns.counting(0, table.columns.size))
        rows = table.present() & _with_keys(nodes, needed) & included(constraint, pod, nodes)
        found = index.keep_among(key, rows)
    return found


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


def counts_in_thought_only(constraint: SpreadConstraint, pod: PodInfo, other: PodInfo) -> bool:
    """Whether `other` changes the counts when it comes or goes in thought, although it does not count while it stands.

    In the dry run of a preemption `updateWithPod` (filtering.go) looks at namespace and selector alone, so that a pod
    that is being deleted leaves one less than there were, and so does any pod under a selector without conditions.
    """
    if other.namespace != pod.namespace or not selectors.matches(constraint.selector, other.labels):
        return False
    return other.terminating or is_empty(constraint.selector)


def is_empty(selector: dict[str, Any] | None) -> bool:
    """Whether it is a selector without any condition; None is none."""
    return selector is not None and not (selector.get("matchLabels") or selector.get("matchExpressions"))


def question(pod: PodInfo, constraint: SpreadConstraint) -> Question | None:
    """Which pods a constraint counts: those of the pod's namespace that are not being deleted.

    None where it counts none: a selector without any condition (`countPodsMatchSelector` in common.go), although it
    matches the pod itself.
    """
    if is_empty(constraint.selector):
        return None
    term = affinity_term({"topologyKey": "", "labelSelector": constraint.selector}, pod.namespace)
    return Question((term,), skip_terminating=True)


def matching_pods(state: CycleState, pod: PodInfo, constraint: SpreadConstraint) -> Column:
    """How many pods per row a constraint counts."""
    asked = question(pod, constraint)
    return columns.filled(state.cache.table.columns.size) if asked is None else state.cache.index.rows(asked)


def pods_by_domain(state: CycleState, pod: PodInfo, constraint: SpreadConstraint, among: Among) -> Domains:
    """How many pods per domain a constraint counts, on the nodes that count."""
    asked = question(pod, constraint)
    if asked is not None:
        return state.cache.index.by_domain(asked, constraint.topology_key, among)
    none = Domains(state.cache.table.label(constraint.topology_key), among)
    none.add_all(columns.filled(state.cache.table.columns.size))
    return none
