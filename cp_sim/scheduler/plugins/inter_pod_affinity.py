"""InterPodAffinity: pods that want to be near others, or far from them."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Coded, Column
from cp_sim.scheduler.domains import Domains
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
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_index import ANTI, AVOIDS, PREFERS, TOWARDS, Question
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue import hints
from cp_sim.scheduler.queue.queueing import Change

AFFINITY, OWN_ANTI, EXISTING_ANTI = 1, 2, 3
HARD_POD_AFFINITY_WEIGHT = 1

# For each of some rules, the pods per domain.
Rules = list[Domains]


class Wanted:
    """What one pod's rules and those of pods on nodes mean for it: counts per domain of each topology key."""

    __slots__ = ("affinity", "anti", "existing", "first_of_its_kind")

    def __init__(
        self, affinity: list[Domains], anti: list[Domains], existing: list[Domains], first_of_its_kind: bool
    ) -> None:
        self.affinity = affinity
        self.anti = anti
        self.existing = existing
        self.first_of_its_kind = first_of_its_kind


class InterPodAffinity(Plugin):
    """Checks required pod affinity, own anti-affinity, then the anti-affinity of pods that are there; preferred terms
    give points.

    Terms of existing pods count in scoring too, required affinity with `hard_pod_affinity_weight`; none of them does
    with `ignore_preferred_terms_of_existing_pods`, unless the pod has preferred terms of its own.
    Source: pkg/scheduler/framework/plugins/interpodaffinity/filtering.go, scoring.go.
    """

    name = "InterPodAffinity"
    verdicts = {
        AFFINITY: (UNRESOLVABLE, "node(s) didn't match pod affinity rules"),
        OWN_ANTI: (UNSCHEDULABLE, "node(s) didn't match pod anti-affinity rules"),
        EXISTING_ANTI: (UNSCHEDULABLE, "node(s) didn't satisfy existing pods anti-affinity rules"),
    }
    moved_by = ("pods/add", "pods/delete", "pods/update-label", "nodes/add", "nodes/update-label")
    follows_pods = True

    def __init__(
        self,
        hard_pod_affinity_weight: int = HARD_POD_AFFINITY_WEIGHT,
        ignore_preferred_terms_of_existing_pods: bool = False,
    ) -> None:
        self.hard_pod_affinity_weight = hard_pod_affinity_weight
        self.ignore_preferred_terms_of_existing_pods = ignore_preferred_terms_of_existing_pods

    def hint(self, pod: PodInfo, change: Change) -> bool:
        return hints.for_pod_affinity(pod, change)

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        index, facts = state.cache.index, pod.facts
        existing = [one.domains for one in index.held_against(ANTI, pod) if one.domains.total]
        if not (facts.affinity or facts.anti_affinity or existing):
            # In a trial the last pod that kept this one away may just have gone.
            state[self.name] = Wanted([], [], [], False)
            return SKIPPED
        affinity: Rules = []
        first = False
        if facts.affinity:
            together = Question(facts.affinity)
            affinity = [index.by_domain(together, one.topology_key) for one in facts.affinity]
            first = not any(domains.total for domains in affinity) and all(
                index.term_matches(one, pod.namespace, pod.labels) for one in facts.affinity
            )
        anti = [index.by_domain(Question((one,)), one.topology_key) for one in facts.anti_affinity]
        state[self.name] = Wanted(affinity, anti, existing, first)
        return None

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        wanted: Wanted = state[self.name]
        codes: Column = 0
        existing, own = _in_domains(wanted.existing, nodes), _in_domains(wanted.anti, nodes)
        if existing is not None:
            codes = existing * EXISTING_ANTI
        if own is not None:
            codes = columns.where(own, OWN_ANTI, codes)
        for domains in wanted.affinity:
            if wanted.first_of_its_kind:
                meets = nodes.labels(domains.label.key) >= 0
            else:
                meets = domains.of(nodes) > 0
            codes = columns.where(meets, codes, AFFINITY)
        return None if isinstance(codes, int) else codes

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        wanted: Wanted = state[self.name]
        rules = {AFFINITY: wanted.affinity, OWN_ANTI: wanted.anti, EXISTING_ANTI: wanted.existing}[code]
        found: dict[str, Any] = {"rules": len(rules), "code": code}
        for place, domains in enumerate(rules[:8]):
            label = domains.label
            found[f"{place}/key"] = label.key
            found[f"{place}/domain"] = Coded(columns.compact(nodes.labels(label.key)), label.values)
            found[f"{place}/pods"] = columns.compact(domains.of(nodes))
        return found

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        code = facts["code"]
        for place in range(min(facts["rules"], 8)):
            key, domain, pods = (facts[f"{place}/{what}"] for what in ("key", "domain", "pods"))
            numbers = {"topologyKey": key, "domain": domain, "pods": pods}
            if code == AFFINITY and not domain:
                return numbers, f"the node has no label {key}"
            if code == AFFINITY and pods <= 0:
                return numbers, f"{key}={domain} has no pod that the pod wants to be with"
            if code == OWN_ANTI and pods > 0:
                return numbers, f"{key}={domain} has {pods} pod(s) that the pod keeps away from"
            if code == EXISTING_ANTI and pods > 0:
                return numbers, f"{key}={domain} has {pods} pod(s) that keep away from the pod"
        return {}, ""

    # -- scoring -----------------------------------------------------------------------------------------------------

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Status | None:
        index, facts = state.cache.index, pod.facts
        own = [(one, one.weight) for one in facts.preferred_affinity]
        own += [(one, -one.weight) for one in facts.preferred_anti_affinity]
        if self.ignore_preferred_terms_of_existing_pods and not own:
            return SKIPPED
        points = [(index.by_domain(Question((term,)), term.topology_key), weight) for term, weight in own]
        for role, sign in ((TOWARDS, 1), (PREFERS, 1), (AVOIDS, -1)):
            for held in index.held_against(role, pod):
                weight = self.hard_pod_affinity_weight if role == TOWARDS else held.term.weight
                points.append((held.domains, sign * weight))
        points = [(domains, weight) for domains, weight in points if domains.total and weight]
        if not points:
            return SKIPPED
        state[f"{self.name}/score"] = points
        return None

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        scores: Column = 0
        for domains, weight in state[f"{self.name}/score"]:
            scores = scores + domains.of(nodes) * weight
        return scores

    def normalize_score(self, state: CycleState, pod: PodInfo, nodes: Nodes, scores: Column) -> Column:
        if isinstance(scores, int):
            return 0
        least, most = columns.smallest(scores), columns.largest(scores)
        if most == least:
            return 0
        return columns.cut(float(MAX_NODE_SCORE) * ((scores - least) / float(most - least)))


def _in_domains(rules: Rules, nodes: Nodes) -> Column | None:
    """Which nodes are in a domain where any of the counts is above 0; None where none can be."""
    found: Column | None = None
    for domains in rules:
        if domains.total:
            here = domains.of(nodes) > 0
            found = here if found is None else found | here
    return found
