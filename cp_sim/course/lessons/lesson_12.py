"""Lesson 12: what if etcd loses members?"""

from __future__ import annotations

import hashlib
from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course.lesson import Exercise, Lesson, Prediction, Verdict
from cp_sim.course.looking import running_on
from cp_sim.objects import meta
from cp_sim.sim import Record
from cp_sim.views.quorum import RUNNING, Group, group_of

MAPS = "/api/v1/namespaces/default/configmaps"
GIVE_UP_MS = 300_000  # after so long pods would be evicted from a node that is silent


def write(cluster: Cluster, name: str) -> str:
    """Try to store a config map; says in a line what became of it, and how long it took."""
    begun = cluster.clock.now_ms
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}}
    answer = cluster.request("POST", MAPS, body=body)
    told = "stored" if answer.ok else f"{answer.status} {answer.body.get('message', '')}".strip()
    return f"{name}: {told} ({(cluster.clock.now_ms - begun) / 1000:.3f} s)"


# -- what happened -------------------------------------------------------------------------------------------------


def group(cluster: Cluster) -> Group:
    """The members of the store.  *Raises* LookupError: it has no members to speak of."""
    found = group_of(cluster)
    if found is None:
        raise LookupError("this store is not a group of members")
    return found


def up(cluster: Cluster) -> list[str]:
    """The members that run now."""
    return [one.name for one in group(cluster).members if one.state == RUNNING]


def _about_members(cluster: Cluster, *verbs: str) -> list[Record]:
    return [record for record in cluster.trace if record.subject.startswith("members/") and record.verb in verbs]


def _crashes(cluster: Cluster) -> list[Record]:
    return _about_members(cluster, "crash")
