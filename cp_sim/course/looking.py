"""Finding the record that a lesson wants to draw: the last decision about a pod, the last plan for an object."""

from __future__ import annotations

from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.objects import edit, meta
from cp_sim.sim import Record
from cp_sim.views import View, decision, guesses, reconcile
from cp_sim.views.facts import tolerates
from cp_sim.views.guesses import NOWHERE
from cp_sim.views.story import Write, folded, is_write, ripple, write_of

Object = dict[str, Any]


def decided(cluster: Cluster, pod: str, namespace: str = "default", guess: str = "") -> View:
    """The picture of the last scheduling decision about a pod, given by its name.

    `guess` is the node that a learner expected it on (`nowhere`: on none), drawn beside the truth; `guess_of` knows it.

    Raises:
        LookupError: the scheduler never looked at it.
    """
    names = None if not guess else [] if guess == NOWHERE else [guess]
    return decision(latest_decision(cluster, pod, namespace), names)


def placed(cluster: Cluster, prefix: str, namespace: str = "default") -> View:
    """The picture of where all pods went whose names begin with `prefix`: one row for each, with the points of every
    node.

    Raises:
        LookupError: the scheduler has looked at none of them.
    """
    names = [meta.name(pod) for pod in cluster.get("pods", namespace) if meta.name(pod).startswith(prefix)]
    found = [one for name in names if (one := first_decision(cluster, name, namespace)) is not None]
    if not found:
        raise LookupError(f"the scheduler has looked at no pod whose name begins with {prefix!r}")
    return guesses(found, {})


def decisions_about(cluster: Cluster, pod: str, namespace: str = "default") -> list[Any]:
    """The scheduler's `Decision`s about a pod, the first one first; a pod that was made anew begins anew."""
    found: list[Any] = []
    for record in cluster.trace.about(f"pods/{namespace}/{pod}"):
        if record.verb == "create" and record.revision is not None:
            found = []
        elif record.verb == "schedule":
            found.append(record.evidence)
    return found


def first_decision(cluster: Cluster, pod: str, namespace: str = "default") -> Any:
    """The scheduler's first `Decision` about a pod, None if it never looked at it."""
    return next(iter(decisions_about(cluster, pod, namespace)), None)


def latest_decision(cluster: Cluster, pod: str, namespace: str = "default") -> Any:
    """The scheduler's last `Decision` about a pod.

    Raises:
        LookupError: the scheduler never looked at it.
    """
    found = decisions_about(cluster, pod, namespace)
    if not found:
        raise LookupError(f"the scheduler never looked at a pod called {pod}; is its name right?")
    return found[-1]


def planned(cluster: Cluster, subject: str) -> View:
    """The picture of the last plan that changed something for `"replicasets/default/web-1"`.

    Raises:
        LookupError: no controller ever looked at it.
    """
    plans = [record for record in cluster.trace.about(subject) if record.verb == "reconcile"]
    acting = [record for record in plans if getattr(record.evidence, "actions", ())]
    if not plans:
        raise LookupError(f"no controller ever looked at {subject}")
    return reconcile((acting or plans)[0])


def born(cluster: Cluster, subject: str) -> Record:
    """The record that wrote an object for the first time.

    Raises:
        LookupError: it was never written.
    """
    for record in cluster.trace.about(subject):
        if is_write(record) and record.verb == "create" and record.revision is not None:
            return record
    raise LookupError(f"{subject} was never created")


def ripple_of(cluster: Cluster, subject: str) -> list[Record]:
    """Everything that the creation of an object set in motion, that creation included."""
    return ripple(cluster.trace, born(cluster, subject))


def arrows(cluster: Cluster, subject: str) -> list[Write]:
    """The kinds of requests that the creation of an object set in motion, without Kubernetes Events."""
    writes = [write_of(cluster.trace, record) for record in ripple_of(cluster, subject) if is_write(record)]
    return [write for write in folded(writes) if write.plural != "events"]


def on_node(cluster: Cluster, node: str, namespace: str = "default") -> list[Object]:
    """The pods of a namespace that are bound to a node and neither finished nor going."""
    return [pod for pod in cluster.get("pods", namespace) if meta.node_name(pod) == node and meta.is_active(pod)]


def has_taint(cluster: Cluster, node: str, key: str, effect: str) -> bool:
    """Whether a node carries a taint."""
    taints = edit.get(cluster.get(f"node/{node}"), "spec.taints") or []
    return any(taint["key"] == key and taint["effect"] == effect for taint in taints)


def has_key(pod: Object, taint: Object) -> bool:
    """Whether one of a pod's tolerations fits a taint."""
    return tolerates(pod, taint) is not None


def running_on(cluster: Cluster, node: str) -> list[str]:
    """The pods of which a container really runs on a machine now, as its kubelet knows, whatever the store says."""
    return [
        meta.name(run.pod)
        for run in cluster.kubelets.nodes[node].pods.values()
        if any(container.state == "running" for container in run.containers)
    ]
