"""Where which pods are: how many pods a selector matches on each node, and which pods on nodes have terms of their
own.

Pods that look the same to every selector (same namespace, labels, terminating or not) are one *class*.  A *tally*
follows one question ("pods of shop with app=web") and keeps the answer per node up to date while pods come and go; so
do *holdings* for the affinity terms of pods that stand on nodes.  Nothing here grows with the number of questions
asked: the tallies that were not asked for longest are dropped.

*In Kubernetes:* the real plugins walk over all pods of all nodes for each pod to schedule; the counts are the same.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import selectors
from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.domains import EVERYWHERE, Among, Domains
from cp_sim.scheduler.node_table import LabelColumn, NodeTable
from cp_sim.scheduler.pod_info import AffinityTerm, PodInfo

TALLY_LIMIT = 256

Labels = dict[str, str]


class PodClass:
    """All pods on nodes with the same namespace, labels and state of deletion; `rows` counts them per row."""

    __slots__ = ("key", "labels", "namespace", "rows", "tallies", "terminating")

    def __init__(self, key: Any, pod: PodInfo) -> None:
        self.key = key
        self.namespace = pod.namespace
        self.labels = pod.labels
        self.terminating = pod.terminating
        self.rows: dict[int, int] = {}
        self.tallies: dict[Any, Tally] = {}


class Question:
    """What a tally counts: pods that all of `terms` match; `skip_terminating` leaves out pods being deleted."""

    __slots__ = ("key", "skip_terminating", "terms")

    def __init__(self, terms: tuple[AffinityTerm, ...], skip_terminating: bool = False) -> None:
        self.terms = terms
        self.skip_terminating = skip_terminating
        self.key = (tuple([term.counted for term in terms]), skip_terminating)


class Tally:
    """The answer to a question, per row, kept up to date."""

    __slots__ = ("by_domain", "classes", "question", "rows")

    def __init__(self, question: Question) -> None:
        self.question = question
        self.classes: dict[Any, PodClass] = {}
        self.rows: Column = None  # how many pods per row of the table
        self.by_domain: dict[Any, Domains] = {}  # (topology key, which nodes count) -> how many per domain


class Holding:
    """The pods on nodes that hold one affinity term in one role, per row and per domain of its topology key."""

    __slots__ = ("domains", "role", "rows", "term")

    def __init__(self, role: str, term: AffinityTerm, label: LabelColumn) -> None:
        self.role = role
        self.term = term
        self.rows: dict[int, int] = {}
        self.domains = Domains(label)


# The roles of a term: what the pod that holds it wants of others.
ANTI = "anti-affinity"
TOWARDS = "affinity"
PREFERS = "preferred affinity"
AVOIDS = "preferred anti-affinity"


def terms_by_role(pod: PodInfo) -> list[tuple[str, AffinityTerm]]:
    """All pod affinity terms of a pod with their roles."""
    facts = pod.facts
    return [
        *((ANTI, term) for term in facts.anti_affinity),
        *((TOWARDS, term) for term in facts.affinity),
        *((PREFERS, term) for term in facts.preferred_affinity),
        *((AVOIDS, term) for term in facts.preferred_anti_affinity),
    ]


class PodIndex:
    """Counts of the pods on nodes; `namespaces` holds the labels of every namespace (for namespace selectors)."""

    def __init__(self, table: NodeTable) -> None:
        self.table = table
        self.namespaces: dict[str, Labels] = {}
        self._topology = 0
        self.among: dict[Any, Among] = {}
        self.classes: dict[Any, PodClass] = {}
        self.tallies: dict[Any, Tally] = {}
        self.volume_users: dict[int, dict[str, PodInfo]] = {}  # row -> uid -> pod that mounts a claim or disk
        self._claims: dict[str, int] = {}  # claim -> pods on nodes that mount it
        self.holdings: dict[str, dict[str, Holding]] = {ANTI: {}, TOWARDS: {}, PREFERS: {}, AVOIDS: {}}

    # -- pods come and go --------------------------------------------------------------------------------------------

    def add_pod(self, pod: PodInfo, row: int, sign: int = 1) -> None:
        """Count a pod on a row (`sign` -1: off it)."""
        key = (pod.namespace, tuple(sorted(pod.labels.items())), pod.terminating)
        found = self.classes.get(key)
        if found is None:
            found = self.classes[key] = self._new_class(key, pod)
        count = found.rows.get(row, 0) + sign
        if count:
            found.rows[row] = count
        else:
            del found.rows[row]
        for tally in found.tallies.values():
            self._count(tally, row, sign)
        if not found.rows:
            del self.classes[key]
            for tally in found.tallies.values():
                del tally.classes[key]
        if pod.facts.volumes:
            self._count_volumes(pod, row, sign)
        if pod.facts.has_terms:
            for role, term in terms_by_role(pod):
                self._hold(role, term, row, sign)

    def claim_users(self, key: str) -> int:
        """How many pods on nodes mount a claim."""
        return self._claims.get(key, 0)

    def _count_volumes(self, pod: PodInfo, row: int, sign: int) -> None:
        users = self.volume_users.setdefault(row, {})
        if sign > 0:
            users[pod.uid] = pod
        else:
            users.pop(pod.uid, None)
        if not users:
            del self.volume_users[row]
        for volume in pod.facts.volumes:
            if volume.get("persistentVolumeClaim"):
                key = f"{pod.namespace}/{volume['persistentVolumeClaim'].get('claimName')}"
                self._claims[key] = self._claims.get(key, 0) + sign
                if not self._claims[key]:
                    del self._claims[key]

    def _new_class(self, key: Any, pod: PodInfo) -> PodClass:
        made = PodClass(key, pod)
        for question, tally in self.tallies.items():
            if self._counts(tally.question, made):
                made.tallies[question] = tally
                tally.classes[key] = made
        return made

    def _counts(self, question: Question, pods: PodClass) -> bool:
        if question.skip_terminating and pods.terminating:
            return False
        return all(self.term_matches(term, pods.namespace, pods.labels) for term in question.terms)

    def _count(self, tally: Tally, row: int, sign: int) -> None:
        tally.rows = columns.widened(tally.rows, row + 1)
        tally.rows[row] += sign
        for domains in tally.by_domain.values():
            domains.add(row, sign)

    def _hold(self, role: str, term: AffinityTerm, row: int, sign: int) -> None:
        held = self.holdings[role]
        holding = held.get(term.text)
        if holding is None:
            holding = held[term.text] = Holding(role, term, self.table.label(term.topology_key))
        holding.rows[row] = holding.rows.get(row, 0) + sign
        if not holding.rows[row]:
            del holding.rows[row]
        if not holding.rows:
            del held[term.text]
        holding.domains.add(row, sign)

    def _follow_nodes(self) -> None:
        """After nodes came, went or changed labels or taints, counts per domain are worked out anew."""
        if self._topology == self.table.topology_generation:
            return
        self._topology = self.table.topology_generation
        self.among.clear()
        for tally in self.tallies.values():
            tally.by_domain.clear()
        for held in self.holdings.values():
            for holding in held.values():
                holding.domains = Domains(holding.domains.label)
                for row, count in holding.rows.items():
                    holding.domains.add(row, count)

    def namespaces_changed(self) -> None:
        """Labels of namespaces changed: tallies of terms that select namespaces are dropped."""
        for key, tally in list(self.tallies.items()):
            if any(term.namespace_selector is not None for term in tally.question.terms):
                self._drop(key)

    # -- questions ---------------------------------------------------------------------------------------------------

    def term_matches(self, term: AffinityTerm, namespace: str, labels: Labels, held: bool = False) -> bool:
        """Whether a pod of `namespace` with these labels is meant by a term; `held` by a pod on a node.

        Of a namespace that nobody knows, a pod on a node supposes that it has no labels; for the pod to place it is not
        there to be selected (`GetNamespaceLabelsSnapshot`, `mergeAffinityTermNamespacesIfNotEmpty`).
        """
        if namespace not in term.namespaces:
            chosen, known = term.namespace_selector, self.namespaces.get(namespace)
            if chosen is None or (known is None and chosen and not held) or not selectors.matches(chosen, known or {}):
                return False
        return selectors.matches(term.selector, labels)

    def tally(self, question: Question) -> Tally:
        """The tally of a question, counted once and then kept up to date."""
        found = self.tallies.pop(question.key, None)
        if found is None:
            found = Tally(question)
            found.rows = columns.filled(self.table.columns.size)
            for key, pods in self.classes.items():
                if self._counts(question, pods):
                    pods.tallies[question.key] = found
                    found.classes[key] = pods
                    for row, count in pods.rows.items():
                        found.rows[row] += count
            if len(self.tallies) >= TALLY_LIMIT:
                self._drop(next(iter(self.tallies)))
        self.tallies[question.key] = found
        found.rows = columns.widened(found.rows, self.table.columns.size)
        return found

    def rows(self, question: Question) -> Column:
        """How many pods each row has that the question asks for."""
        return self.tally(question).rows[: self.table.columns.size]

    def by_domain(self, question: Question, topology_key: str, among: Among = EVERYWHERE) -> Domains:
        """How many such pods stand on the nodes of each domain, of the nodes `among` only."""
        self._follow_nodes()
        tally = self.tally(question)
        key = (topology_key, among.key)
        found = tally.by_domain.get(key)
        if found is None:
            found = tally.by_domain[key] = Domains(self.table.label(topology_key), among)
            found.add_all(tally.rows[: self.table.columns.size])
        return found

    def nodes_among(self, key: Any) -> Among | None:
        """The selection of nodes that was kept under a key; None after nodes have changed."""
        self._follow_nodes()
        return self.among.get(key)

    def keep_among(self, key: Any, rows: Column) -> Among:
        """Keep a selection of nodes until nodes change."""
        found = self.among[key] = Among(key, rows)
        return found

    def held_against(self, role: str, pod: PodInfo) -> list[Holding]:
        """The terms in that role, held by pods on nodes, that mean `pod`."""
        if not self.holdings[role]:
            return []
        self._follow_nodes()
        return [
            holding
            for holding in self.holdings[role].values()
            if self.term_matches(holding.term, pod.namespace, pod.labels, held=True)
        ]

    def _drop(self, key: Any) -> None:
        for pods in self.tallies.pop(key).classes.values():
            del pods.tallies[key]
