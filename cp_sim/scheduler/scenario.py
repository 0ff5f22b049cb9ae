"""Decisions without a cluster: a scenario in, one entry per scheduling attempt out.

A scenario is `{"name", "objects": [manifests], "pending": [pods, taken in this order]}`, an answer `{"name", "got":
[entries]}`. Every node is looked at and ties go to the smallest name; the next pod sees the one before on its node;
after a preemption the victims are gone at once and the same pod is tried again.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import edit, meta
from cp_sim.scheduler import cycle, filtering
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.decision import GATED, SCHEDULED, Decision
from cp_sim.scheduler.framework import CycleState, Profile
from cp_sim.scheduler.plugins import default_profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.prepare import prepared

Object = dict[str, Any]


# What decisions depend on besides nodes and pods; objects of other kinds are left aside.
LOOKED_UP = {
    "Namespace": "namespaces",
    "Service": "services",
    "ReplicationController": "replicationcontrollers",
    "ReplicaSet": "replicasets.apps",
    "StatefulSet": "statefulsets.apps",
    "PodDisruptionBudget": "poddisruptionbudgets.policy",
    "PersistentVolume": "persistentvolumes",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "StorageClass": "storageclasses.storage.k8s.io",
    "CSINode": "csinodes.storage.k8s.io",
    "CSIDriver": "csidrivers.storage.k8s.io",
    "CSIStorageCapacity": "csistoragecapacities.storage.k8s.io",
}
CLUSTER_WIDE = ("Namespace", "PersistentVolume", "StorageClass", "CSINode", "CSIDriver")


def everything_profile() -> Profile:
    """The default profile with every node looked at."""
    return default_profile(percentage_of_nodes_to_score=100)


class Scenario:
    """A cluster built from manifests, and the pods to be placed on it one after the other."""

    def __init__(self, objects: list[Object], profile: Profile | None = None) -> None:
        self.profile = profile or everything_profile()
        self.cache = Cache()
        self.room = cycle.Room()
        self.classes = {meta.name(one): one for one in objects if one.get("kind") == "PriorityClass"}
        self.runtimes = {meta.name(one): one for one in objects if one.get("kind") == "RuntimeClass"}
        for obj in objects:
            if obj["kind"] == "Node":
                self.cache.put_node(with_allocatable(obj))
            elif obj["kind"] in LOOKED_UP:
                self.cache.put(LOOKED_UP[obj["kind"]], in_its_namespace(obj))
        for obj in objects:
            if obj["kind"] == "Pod" and meta.node_name(obj) and not meta.is_finished(obj):
                self.cache.put_pod(self.read(obj), meta.node_name(obj))

    def read(self, pod: Object) -> PodInfo:
        """A pod as the scheduler would get it from the API server."""
        return PodInfo(prepared(pod, self.classes, self.runtimes))

    def run(self, pending: list[Object]) -> list[Object]:
        """The entries of all attempts for these pods, in order."""
        pods = [self.read(pod) for pod in pending]
        for pod in pods:
            if pod.nominated_node and not meta.node_name(pod.object):
                self.cache.nominate(pod, pod.nominated_node)
        entries: list[Object] = []
        for pod in pods:
            entries += self._bound(pod) if meta.node_name(pod.object) else self._place(pod)
        return entries

    def _bound(self, pod: PodInfo) -> list[Object]:
        """A pod that names its node never reaches the scheduler; what the filters think of it is told anyway."""
        node = meta.node_name(pod.object)
        state = CycleState(self.cache)
        found = cycle.Found(self.profile, state, pod)
        cycle.run_pre_filter(found)
        found.take(filtering.judge(self.profile, state, pod, self.cache.all_nodes()))
        names = self.cache.table.ordered_names
        decision = Decision(pod.key, 1, SCHEDULED, node=node, nodes=names, detail=cycle.detail_of(found))
        self.cache.put_pod(pod, node)
        return [{**entry_of(decision), "best": [], "bypass": True}]

    def _place(self, pod: PodInfo) -> list[Object]:
        entries: list[Object] = []
        for attempt in (1, 2):
            decision, state = cycle.schedule(self.cache, self.profile, pod, self.room, attempt, look_everywhere=True)
            entries.append(entry_of(decision))
            if decision.node:
                self.cache.drop_nomination(pod.uid)
                self.cache.assume(pod, decision.node)
                for plugin in self.profile.at["reserve"]:
                    plugin.reserve(state, pod, decision.node)
            if decision.preemption is None:
                break
            pod = self._preempt(pod, decision)
        return entries

    def _preempt(self, pod: PodInfo, decision: Decision) -> PodInfo:
        """Remove the victims and nominate the node."""
        preemption = decision.preemption
        assert preemption is not None
        for uid, other in list(self.cache.on_node[preemption.nominated].items()):
            if other.key in preemption.victims:
                self.cache.remove_pod(uid)
        again = PodInfo(edit.put(pod.object, "status.nominatedNodeName", preemption.nominated))
        self.cache.nominate(again, preemption.nominated)
        return again


def with_allocatable(node: Object) -> Object:
    """The node, with all of its capacity allocatable where it does not say (`SetDefaults_NodeStatus`)."""
    status = node.get("status") or {}
    if status.get("allocatable") or not status.get("capacity"):
        return node
    return edit.put(node, "status.allocatable", status["capacity"])


def in_its_namespace(obj: Object) -> Object:
    """The object, in the namespace `default` where it should be in one and names none."""
    if obj["kind"] in CLUSTER_WIDE or meta.namespace(obj):
        return obj
    return edit.put(obj, "metadata.namespace", "default")


def entry_of(decision: Decision) -> Object:
    """A decision in the format of recorded answers."""
    refused = decision.pre_filter
    entry: Object = {
        "pod": decision.pod,
        "attempt": decision.attempt,
        "result": decision.result,
        "node": decision.node,
        "best": list(decision.best),
        "filters": {
            name: verdict and {"plugin": verdict.plugin, "code": verdict.code, "reasons": list(verdict.reasons)}
            for name, verdict in decision.verdicts().items()
        },
        "preFilter": refused and {"plugin": refused.plugin, "code": refused.code, "reason": refused.reason},
        "scores": decision.scores(),
        "weights": decision.weights,
        "totals": decision.totals(),
        "message": decision.message or None,
        "preemption": _preemption(decision),
    }
    if decision.scoring_skipped:
        entry["scoringSkipped"] = True
    if decision.nominated_node:
        entry["nominatedShortcut"] = True
    if decision.result == GATED and decision.pre_enqueue:
        held = decision.pre_enqueue
        entry["preEnqueue"] = {"plugin": held.plugin, "code": held.code, "reason": held.reason}
    return entry


def _preemption(decision: Decision) -> Object | None:
    found = decision.preemption
    if found is None:
        return None
    return {
        "nominated": found.nominated,
        "victims": list(found.victims),
        "nominatedTied": list(found.tied),
        "candidates": {one.node: list(one.victims) for one in found.candidates},
        "pdbViolations": {one.node: one.pdb_violations for one in found.candidates},
    }


def answer(scenario: Object, profile: Profile | None = None) -> Object:
    """The answer to one scenario."""
    got = Scenario(scenario.get("objects") or [], profile).run(scenario.get("pending") or [])
    return {"name": scenario.get("name", ""), "got": got}
