"""An instructor's questions about nodes: which pods are to come, the votes of the class, where they went and why.

The answers are read off the scheduler's decisions, so they are right for every seed and size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course.card import Card
from cp_sim.course.looking import latest_decision
from cp_sim.course.wants import grouped, wants
from cp_sim.objects import meta
from cp_sim.views import View, guesses
from cp_sim.views.guesses import NOWHERE, judged

Object = dict[str, Any]


def ask_nodes(cluster: Cluster, pods: Sequence[Object], number: int) -> Card:
    """The card to show before pods are created: what each wants, and the machines to choose from."""
    listed = "\n".join(grouped({meta.name(pod): wants(pod) for pod in pods}))
    nodes = ", ".join(meta.name(node) for node in cluster.get("nodes"))
    question = f"Hands up: which node for {'it' if len(pods) == 1 else 'each of them'}? {nodes}, or none?"
    title = f"{number}. {'A pod is' if len(pods) == 1 else f'{len(pods)} pods are'} about to be created."
    return Card("think", title, (listed, question))


def create(cluster: Cluster, pods: Sequence[Object]) -> Cluster:
    """Create the pods and let the cluster come to rest."""
    cluster.apply(list(pods))
    return cluster.settle()


def answer_nodes(cluster: Cluster, pods: Sequence[Object], votes: Mapping[str, str] | None = None) -> Card:
    """Create the pods and tell where each went; for a vote that was wrong, the reason in one sentence.

    `votes` is {pod: node or "nowhere"}, what most of the class said; nodes that are not there count as no vote.
    """
    create(cluster, pods)
    lines = []
    for pod in pods:
        name = meta.name(pod)
        decided = latest_decision(cluster, name)
        one = judged(decided, known_vote(cluster, (votes or {}).get(name, "")))
        tie = f" ({len(decided.best)} were equally good)" if len(decided.best) > 1 else ""
        place = f"on {one.node}{tie}" if decided.node else f"on no node: {decided.message}"
        said = f" You said {one.guess}. {one.because}" if one.guess and not one.counts else ""
        lines.append(f"{name} is {place}.{said}")
    return Card("note", "Answer", ("\n".join(lines),))


def known_vote(cluster: Cluster, vote: str) -> str:
    """A vote for a node that this cluster has, or for none; empty for any other."""
    names = [NOWHERE, *(meta.name(node) for node in cluster.get("nodes"))]
    return vote if vote in names else ""


def drawn_nodes(cluster: Cluster, pods: Sequence[Object], votes: Mapping[str, str] | None = None) -> View:
    """The same as a picture: one row for each pod, the points of every node, the votes."""
    decisions = [latest_decision(cluster, meta.name(pod)) for pod in pods]
    return guesses(decisions, {name: known_vote(cluster, vote) for name, vote in (votes or {}).items()})


def message_of(cluster: Cluster, pod: str) -> Card:
    """The scheduler's complaint about a pod, with the nodes behind each number: the answer to "read it aloud"."""
    decided = latest_decision(cluster, pod)
    groups = decided.groups()
    lines = [f"{len(one.nodes)} {', '.join(one.reasons)}: {_named(one.nodes)} ({one.plugin})" for one in groups]
    return Card("note", decided.message or f"{pod} is on {decided.node}.", ("\n".join(lines),) if lines else ())


def _named(names: Sequence[str], limit: int = 5) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def count_by_node(cluster: Cluster, pods: Sequence[Object]) -> dict[str, int]:
    """How many of the pods each node got, nodes with none included; those without a node under `nowhere`."""
    counts = {meta.name(node): 0 for node in cluster.get("nodes")}
    for pod in pods:
        node = latest_decision(cluster, meta.name(pod)).node or NOWHERE
        counts[node] = counts.get(node, 0) + 1
    return counts
