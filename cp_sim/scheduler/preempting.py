"""Carrying out a preemption: the victims are told why, then deleted.

*In Kubernetes:* `PreemptPod` and `prepareCandidate` in pkg/scheduler/framework/preemption/executor.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call
from cp_sim.objects import meta
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.decision import Preemption
from cp_sim.scheduler.events import SeriesRecorder
from cp_sim.scheduler.pod_info import PodInfo

Object = dict[str, Any]


def victims_of(cache: Cache, preemption: Preemption) -> list[PodInfo]:
    """The pods that have to leave, as the cache knows them."""
    on_node = {one.key: one for one in cache.on_node.get(preemption.nominated, {}).values()}
    return [on_node[key] for key in preemption.victims if key in on_node]


def calls(cache: Cache, pod: PodInfo, preemption: Preemption, scheduler_name: str, now: str) -> list[Call]:
    """For each victim: the condition DisruptionTarget, then the deletion.  Weaker nominations for the node are taken
    back.
    """
    found = []
    for victim in victims_of(cache, preemption):
        condition: Object = {
            "type": "DisruptionTarget",
            "status": "True",
            "reason": "PreemptionByScheduler",
            "message": f"{scheduler_name}: preempting to accommodate a higher priority pod",
            "lastProbeTime": None,
            "lastTransitionTime": now,
        }
        if meta.generation(victim.object):
            condition["observedGeneration"] = meta.generation(victim.object)
        patch = {"metadata": {"uid": victim.uid}, "status": {"conditions": [condition]}}
        found.append(Call("patch", "pods", victim.namespace, victim.name, "status", patch, {}, "strategic"))
        found.append(Call("delete", "pods", victim.namespace, victim.name))
    for other in list(cache.nominated.get(preemption.nominated, {}).values()):
        if other.priority < pod.priority:
            cache.drop_nomination(other.uid)
            clear = {"status": {"nominatedNodeName": None}}
            found.append(Call("patch", "pods", other.namespace, other.name, "status", clear, {}, "strategic"))
    return found


def tell(recorder: SeriesRecorder, cache: Cache, pod: PodInfo, preemption: Preemption) -> None:
    """The Event at each victim."""
    for victim in victims_of(cache, preemption):
        text = f"Preempted by pod {pod.uid} on node {preemption.nominated}"
        recorder.emit(victim.object, "Normal", "Preempted", "Preempting", text, related=pod.object)
