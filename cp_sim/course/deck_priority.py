"""An instructor's questions about priority: a full house, who has to go, who is next.

The answers are read off the scheduler's decisions, so they are right for every seed and size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course.card import Card
from cp_sim.course.looking import decisions_about
from cp_sim.course.manifest import pod
from cp_sim.objects import meta
from cp_sim.views.preemption_words import as_text

Object = dict[str, Any]

HOSTNAME = "kubernetes.io/hostname"


def fill(cluster: Cluster, tenants: Mapping[str, Sequence[Any]]) -> Cluster:
    """Give each worker in turn one tenant: `{app: [class, CPUs]}`; the pods carry the label `app`."""
    workers = [meta.name(node) for node in cluster.get("nodes") if meta.name(node).startswith("worker-")]
    for number, (app, (klass, cpu)) in enumerate(tenants.items()):
        place = {HOSTNAME: workers[number % len(workers)]}
        cluster.apply(pod(app, str(cpu), "1Gi", labels={"app": app}, priorityClassName=klass, nodeSelector=place))
    return cluster.settle()


def ask_victims(cluster: Cluster, comes: str) -> Card:
    """The card to show before an urgent pod comes: who sits where, and how important they are."""
    tenants = [
        f"{meta.name(one)} on {meta.node_name(one)}: class {one['spec'].get('priorityClassName') or 'none'} "
        f"({one['spec'].get('priority', 0)}), {one['spec']['containers'][0]['resources']['requests']['cpu']} CPU"
        for one in cluster.get("pods")
        if meta.node_name(one)
    ]
    lines = ("\n".join(tenants), "Hands up: who will have to give way, if anybody?")
    return Card("think", f"It is coming: {comes}.", lines)


def answer_victims(cluster: Cluster, name: str) -> Card:
    """Who had to go for a pod and why there, or why nobody had to."""
    decisions = decisions_about(cluster, name)
    preempting = next((one for one in decisions if one.preemption is not None), None)
    if preempting is not None:
        gone = ", ".join(key.partition("/")[2] for key in preempting.preemption.victims)
        return Card("note", f"{gone} had to go.", (as_text(preempting),))
    last = decisions[-1]
    told = f"{name} found room on {last.node}" if last.node else f"{name} waits: {last.message}"
    return Card("note", "Nobody had to go.", (told,))


def told_order(cluster: Cluster, waiting: Sequence[Object]) -> Card:
    """Who of those that waited has a node now, and who waits on, with their priorities."""
    lines = []
    for each in waiting:
        one = cluster.get(f"pod/{meta.name(each)}")
        where = f"on {meta.node_name(one)}" if meta.node_name(one) else "still waits"
        lines.append(f"{meta.name(one)} (priority {one['spec'].get('priority', 0)}): {where}")
    return Card("note", "The queue goes by priority, then by who came first.", tuple(lines))
