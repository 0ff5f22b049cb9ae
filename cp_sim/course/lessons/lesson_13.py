"""Lesson 13: what is high availability then?"""

from __future__ import annotations

from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Prediction

SCHEDULER = "kube-scheduler"
WEB = "/registry/deployments/default/web"

# -- predictions ---------------------------------------------------------------------------------------------------


def schedulers_at_work(cluster: Cluster) -> list[str]:
    """The schedulers that have chosen a node for a pod of yours, in the order in which they began."""
    found: dict[str, None] = {}
    for record in cluster.trace:
        if record.verb == "schedule" and record.subject.startswith("pods/default/"):
            found.setdefault(record.actor)
    return list(found)


def _how_many_schedule(cluster: Cluster) -> int:
    working = schedulers_at_work(cluster)
    if not working:
        raise LookupError("no pod of yours has been scheduled yet")
    return len(working)


def scheduling_gap_ms(cluster: Cluster, pod: str) -> int:
    """How long a pod waited for its node, in milliseconds.

    Raises:
        LookupError: there is no such pod, or it has no node yet.
    """
    history = cluster.trace.about(f"pods/default/{pod}")
    made = next((record for record in history if record.verb == "create" and record.revision), None)
    bound = next((record for record in history if record.verb == "create binding" and record.revision), None)
    if made is None:
        raise LookupError(f"there is no pod called {pod} yet")
    if bound is None:
        raise LookupError(f"the pod {pod} has no node yet: let time pass")
    return bound.time_ms - made.time_ms


def _class_of_the_gap(cluster: Cluster) -> int:
    gap_ms = scheduling_gap_ms(cluster, "late")
    return 1 if gap_ms <= 1_000 else 2 if gap_ms <= 5_000 else 3 if gap_ms <= 60_000 else 4


def _copies_of_the_deleted(cluster: Cluster) -> int:
    versions = cluster.etcd.history(WEB)
    if not versions or versions[-1].version:
        raise LookupError("the Deployment web has not been deleted yet")
    left = [name for name, member in cluster.members.items() if member.get_at(WEB) is not None]
    return 1 if left else 3


PREDICTIONS = (
    Prediction(
        "13-three",
        "Three schedulers run, one on each control plane. You ask for 30 pods. How many of the three will choose "
        "nodes?",
        (),
        _how_many_schedule,
        "One. The others hold no Lease; they watch, keep their caches warm, and wait.",
    ),
    Prediction(
        "13-gap",
        "The scheduler that leads crashes. In the same second you create a pod. When will the pod have a node?",
        (
            "at once: two other schedulers are ready",
            "after 2 to 5 seconds",
            "after 10 to 20 seconds",
            "when the scheduler is back",
        ),
        _class_of_the_gap,
        "The dead one holds the Lease until it runs out: 15 seconds after the last renewal. Nobody can know that it is "
        "dead.",
    ),
    Prediction(
        "13-backup",
        "Three members hold a copy of everything. Somebody deletes the Deployment `web` by mistake. Can you take it "
        "from one of the copies?",
        (
            "yes, from a member that has not heard of it yet",
            "yes: restart a member, and it comes back with the old state",
            "no: the delete was copied like any other write",
        ),
        _copies_of_the_deleted,
        "Copies follow each other within milliseconds, mistakes included. What helps is a snapshot taken before.",
    ),
)
