"""Decisions without a cluster: a scenario in, one entry per scheduling attempt out.

A scenario is `{"name", "objects": [manifests], "pending": [pods, taken in this order]}`, an answer `{"name", "got":
[entries]}`. Every node is looked at and ties go to the smallest name; the next pod sees the one before on its node;
after a preemption the victims are gone at once and the same pod is tried again.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import edit, meta
from cp_sim.objects.kinds import UnknownKind, kind_of
from cp_sim.objects.strict import DecodeError
from cp_sim.scheduler import cycle, filtering
from cp_sim.scheduler.asking import blamed
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.decision import ERROR, GATED, SCHEDULED, Decision, Rejection
from cp_sim.scheduler.devices import resource_claims
from cp_sim.scheduler.framework import UNRESOLVABLE, CycleState, Profile
from cp_sim.scheduler.plugins import default_profile
from cp_sim.scheduler.plugins.dynamic_resources import DynamicResources, held_back
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.prepare import completed, prepared
from cp_sim.sim import immutable

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
    "VolumeAttachment": "volumeattachments.storage.k8s.io",
    "PriorityClass": "priorityclasses.scheduling.k8s.io",
    "RuntimeClass": "runtimeclasses.node.k8s.io",
    "ResourceClaim": resource_claims.CLAIMS,
    "ResourceSlice": resource_claims.SLICES,
    "DeviceClass": resource_claims.CLASSES,
}


class ScenarioError(ValueError):
    """An object of a scenario cannot be read; the message names it."""


def everything_profile() -> Profile:
    """The default profile with every node looked at."""
    return default_profile(percentage_of_nodes_to_score=100)


@immutable
class Attempt:
    """A decision and the profile that made it; `bypass` where the pod had named its node and no scheduler saw it."""

    decision: Decision
    profile: Profile
    bypass: bool = False


class Scenario:
    """A cluster built from manifests, and the pods to be placed on it one after the other.

    `profiles` are those of the scheduler (by default one that looks at every node); a pod is decided by the profile
    that it names, else by the first.  `chance` draws among equally good nodes, None takes the smallest name and also
    judges the nodes that need not be looked at.  `are_complete` says that the objects went through `completed` already.

    Raises:
        ScenarioError: an object cannot be read.
    """

    def __init__(
        self,
        objects: list[Object],
        profiles: Profile | tuple[Profile, ...] = (),
        chance: Any = None,
        are_complete: bool = False,
    ) -> None:
        self.profiles = (profiles,) if isinstance(profiles, Profile) else profiles or (everything_profile(),)
        self.chance = chance
        self.cache = Cache()
        self.room = cycle.Room()
        self.cache.others[resource_claims.CLAIMS] = {}  # claims are looked at, even if there are none
        read = objects
        if not are_complete:
            read = [_read(obj, "objects", place) for place, obj in enumerate(objects) if is_known(obj)]
        bound: list[Object] = []
        for obj in read:
            if obj["kind"] == "Node":
                self.cache.put_node(obj)
            elif obj["kind"] == "Pod" and meta.node_name(obj) and not meta.is_finished(obj):
                bound.append(obj)
            elif obj["kind"] in LOOKED_UP:
                self.cache.put(LOOKED_UP[obj["kind"]], obj)
        for obj in bound:
            self.cache.put_pod(self.admitted(obj), meta.node_name(obj))

    def read(self, pod: Object, place: int = 0) -> PodInfo:
        """A pod that was never sent to an API server, as the scheduler would get it from one.

        Raises:
            ScenarioError: it cannot be read; `place` is told as its place among the pending pods.
        """
        return self.admitted(_read({**pod, **POD}, "pending", place))

    def admitted(self, pod: Object) -> PodInfo:
        """A completed pod with what admission adds to it."""
        others = self.cache.others
        classes = others.get("priorityclasses.scheduling.k8s.io", {})
        return PodInfo(prepared(pod, classes, others.get("runtimeclasses.node.k8s.io", {})))

    def run(self, pending: list[Object]) -> list[Object]:
        """The entries of all attempts for these pods, in order."""
        return [entry_of(one.decision, one.bypass) for one in self.decide(pending)]

    def decide(self, pending: list[Object]) -> list[Attempt]:
        """All attempts for these pods, in order."""
        pods = [self.read(pod, place) for place, pod in enumerate(pending)]
        for pod in pods:
            if pod.nominated_node and not meta.node_name(pod.object):
                self.cache.nominate(pod, pod.nominated_node)
        made: list[Attempt] = []
        for pod in pods:
            made += self._bound(pod) if meta.node_name(pod.object) else self._place(pod)
        return made

    @property
    def profile(self) -> Profile:
        """The profile that decides pods which name no other."""
        return self.profiles[0]

    def profile_of(self, pod: PodInfo) -> Profile:
        """The profile that the pod names, else the first."""
        name = pod.spec.get("schedulerName")
        return next((one for one in self.profiles if one.scheduler_name == name), self.profile)

    def _bound(self, pod: PodInfo) -> list[Attempt]:
        """A pod that names its node never reaches the scheduler; what the filters think of it is told anyway."""
        node, profile = meta.node_name(pod.object), self.profile_of(pod)
        state = CycleState(self.cache)
        found = cycle.Found(profile, state, pod)
        cycle.run_pre_filter(found)
        found.take(filtering.judge(profile, state, pod, self.cache.all_nodes()))
        names = self.cache.table.ordered_names
        decision = Decision(pod.key, 1, SCHEDULED, node=node, nodes=names, detail=cycle.detail_of(found))
        self.cache.put_pod(pod, node)
        return [Attempt(decision, profile, bypass=True)]

    def _place(self, pod: PodInfo) -> list[Attempt]:
        made: list[Attempt] = []
        profile = self.profile_of(pod)
        for attempt in (1, 2):
            decision, state = self._decided(profile, pod, attempt)
            made.append(Attempt(decision, profile))
            if decision.node:
                self.cache.drop_nomination(pod.uid)
                self.cache.assume(pod, decision.node)
                for plugin in profile.at["reserve"]:
                    plugin.reserve(state, pod, decision.node)
            if decision.preemption is None:
                break
            pod = self._preempt(pod, decision)
        return made

    def _decided(self, profile: Profile, pod: PodInfo, attempt: int) -> tuple[Decision, CycleState]:
        """One attempt; an error in a plugin is a decision too.  A pod whose claims are missing is not tried."""
        names = self.cache.table.ordered_names
        claims = profile.by_name.get(DynamicResources.name)
        held = held_back(self.cache, pod) if claims is not None and cycle.gated(profile, pod) is None else ""
        if held:
            gate = Rejection(DynamicResources.name, UNRESOLVABLE, held)
            return Decision(pod.key, attempt, GATED, nodes=names, pre_enqueue=gate), CycleState(self.cache)
        try:
            return cycle.schedule(
                self.cache, profile, pod, self.room, attempt, self.chance, look_everywhere=self.chance is None
            )
        except Exception as error:
            why = blamed(error)
            if not why:
                raise
            return Decision(pod.key, attempt, ERROR, nodes=names, message=why), CycleState(self.cache)

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


POD = {"apiVersion": "v1", "kind": "Pod"}


def is_known(obj: Object) -> bool:
    """Whether an object is of a kind that the API server serves."""
    try:
        kind_of(obj)
    except (UnknownKind, TypeError):
        return False
    return True


def _read(obj: Object, where: str, place: int) -> Object:
    try:
        return completed(obj)
    except DecodeError as problem:
        raise ScenarioError(f"{where}[{place}]: {problem}") from None


def entry_of(decision: Decision, bypass: bool = False) -> Object:
    """A decision in the format of recorded answers; `bypass` for a pod that had named its node."""
    refused = decision.pre_filter
    entry: Object = {
        "pod": decision.pod,
        "attempt": decision.attempt,
        "result": decision.result,
        "node": decision.node,
        "best": [] if bypass else list(decision.best),
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
    if bypass:
        entry["bypass"] = True
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
    """The answer to one scenario.  *Raises* `ScenarioError`."""
    got = Scenario(scenario.get("objects") or [], profile or ()).run(scenario.get("pending") or [])
    return {"name": scenario.get("name", ""), "got": got}
