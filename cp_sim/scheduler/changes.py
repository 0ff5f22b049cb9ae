"""What changed, in the words of the queue; and what a decision means for the pod's place in it, its condition and its
record.

*In Kubernetes:* pkg/scheduler/framework/events.go (which changes count), pkg/scheduler/schedule_one.go
(`handleSchedulingFailure`).
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta
from cp_sim.scheduler.decision import GATED, SCHEDULED, Decision
from cp_sim.scheduler.pod_info import PodInfo

Object = dict[str, Any]


def of_node(old: Object | None, new: Object) -> list[str]:
    """The changes of a node that may help pods; a heartbeat is none."""
    if old is None:
        return ["nodes/add"]
    found = []
    before, after = old.get("spec") or {}, new.get("spec") or {}
    if (old.get("status") or {}).get("allocatable") != (new.get("status") or {}).get("allocatable"):
        found.append("nodes/update-allocatable")
    if meta.labels(old) != meta.labels(new):
        found.append("nodes/update-label")
    if before.get("taints") != after.get("taints"):
        found.append("nodes/update-taint")
    if (old.get("status") or {}).get("declaredFeatures") != (new.get("status") or {}).get("declaredFeatures"):
        found.append("nodes/update-declared-features")
    if bool(before.get("unschedulable")) != bool(after.get("unschedulable")):
        found.append("nodes/update-unschedulable")
    return found


def of_bound_pod(old: PodInfo, new: PodInfo) -> list[str]:
    """The changes of a pod on a node that may help others."""
    found = []
    if old.labels != new.labels or old.terminating != new.terminating:
        found.append("pods/update-label")
    if any(new.facts.requests.get(name, 0) < amount for name, amount in old.facts.requests.items()):
        found.append("pods/scale-down")
    return found


def rejectors(decision: Decision) -> tuple[str, ...]:
    """The plugins that rejected the pod or any node: it waits until one of them may have changed its mind."""
    if decision.pre_enqueue is not None:
        return (decision.pre_enqueue.plugin,)
    if decision.pre_filter is not None:
        return (decision.pre_filter.plugin,)
    found: dict[str, None] = {}
    for outcome in decision.detail.outcomes:
        for name in outcome.facts.get("plugins", (outcome.plugin,)):
            found[name] = None
    return tuple(found)


def because(decision: Decision) -> str:
    """The decision in one sentence, for the trace."""
    if decision.result == GATED and decision.pre_enqueue is not None:
        return decision.pre_enqueue.reason
    if decision.result != SCHEDULED:
        return decision.message
    total, ties = len(decision.nodes), len(decision.best)
    if decision.nominated_node:
        return f"{decision.node} was nominated by a preemption and fits"
    if decision.scoring_skipped:
        return f"{decision.node} is the only feasible node of {total}"
    tie = f"; {ties} nodes tied" if ties > 1 else ""
    return f"{decision.node} scores best of {decision.feasible_count} feasible nodes of {total}{tie}"


def condition_patch(
    pod: Object, message: str, nominated: str, now: str, reason: str = "Unschedulable"
) -> Object | None:
    """The patch of the pod's status that says why it is not scheduled; None if it says so already."""
    status = pod.get("status") or {}
    wanted: Object = {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}
    if meta.generation(pod):
        wanted["observedGeneration"] = meta.generation(pod)
    old = meta.condition(pod, "PodScheduled") or {}
    changed: Object = {}
    if any(old.get(key) != value for key, value in wanted.items()):
        same = old.get("status") == "False"
        wanted["lastProbeTime"] = None
        wanted["lastTransitionTime"] = old.get("lastTransitionTime") if same else now
        changed["conditions"] = [wanted]
    if nominated and status.get("nominatedNodeName") != nominated:
        changed["nominatedNodeName"] = nominated
    if not changed:
        return None
    return {"metadata": {"uid": meta.uid(pod)}, "status": changed}
