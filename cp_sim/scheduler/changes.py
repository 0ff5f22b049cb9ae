"""What changed, in the words of the queue; and what a decision means for the pod's place in it, its condition and its
record.

*In Kubernetes:* pkg/scheduler/framework/events.go (which changes count), pkg/scheduler/schedule_one.go
(`handleSchedulingFailure`).
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta
from cp_sim.scheduler.decision import GATED, SCHEDULED, Decision

Object = dict[str, Any]


def of_node(old: Object | None, new: Object) -> list[str]:
    """The changes of a node that may help pods; a heartbeat is none."""
    if old is None:
        return ["nodes/add"]
    found = []
    before, after = old.get("spec") or {}, new.get("spec") or {}
    was, now = old.get("status") or {}, new.get("status") or {}
    if before.get("taints") != after.get("taints") or (before.get("unschedulable") and not after.get("unschedulable")):
        found.append("nodes/update-taint")
    if was.get("allocatable") != now.get("allocatable"):
        found.append("nodes/update-allocatable")
    if meta.labels(old) != meta.labels(new):
        found.append("nodes/update-label")
    if _conditions(was) != _conditions(now):
        found.append("nodes/update-condition")
    if meta.annotations(old) != meta.annotations(new):
        found.append("nodes/update-annotation")
    if was.get("declaredFeatures") != now.get("declaredFeatures"):
        found.append("nodes/update-declared-features")
    return found


def _conditions(status: Object) -> Object:
    """{type of condition: its status}; when it was last heard of does not count."""
    return {one["type"]: one.get("status") for one in status.get("conditions") or ()}


def rejectors(decision: Decision) -> tuple[str, ...]:
    """The plugins that rejected the pod or any node: it waits until one of them may have changed its mind."""
    if decision.pre_enqueue is not None:
        return (decision.pre_enqueue.plugin,)
    if decision.pre_filter is not None:
        return decision.pre_filter.plugins or (decision.pre_filter.plugin,)
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
    pod: Object, message: str, nominated: str | None, now: str, reason: str = "Unschedulable"
) -> Object | None:
    """The patch of the pod's status that says why it is not scheduled; None if it says so already.

    `nominated` is the node that it waits for, empty for none, None to leave that as it is.
    """
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
    if nominated is not None and (status.get("nominatedNodeName") or "") != nominated:
        changed["nominatedNodeName"] = nominated or None
    if not changed:
        return None
    return {"metadata": {"uid": meta.uid(pod)}, "status": changed}
