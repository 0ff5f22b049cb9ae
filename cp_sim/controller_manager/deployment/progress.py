"""The status of a Deployment: counters, and the conditions Available, Progressing and ReplicaFailure.

*In Kubernetes:* `pkg/controller/deployment/progress.go` and `calculateStatus` in `sync.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.controller_manager.deployment import sizes
from cp_sim.controller_manager.times import at_ms, timestamp
from cp_sim.objects.edit import get
from cp_sim.objects.meta import condition, generation, name

Object = dict[str, Any]

NO_DEADLINE = 2**31 - 1
CREATED, FOUND, UPDATED = "NewReplicaSetCreated", "FoundNewReplicaSet", "ReplicaSetUpdated"
AVAILABLE, TIMED_OUT = "NewReplicaSetAvailable", "ProgressDeadlineExceeded"
PAUSED, RESUMED = "DeploymentPaused", "DeploymentResumed"
CREATE_ERROR = "ReplicaSetCreateError"


def has_deadline(deployment: Object) -> bool:
    """Whether progress is watched at all."""
    deadline = get(deployment, "spec.progressDeadlineSeconds")
    return deadline is not None and deadline != NO_DEADLINE


def entry(type_: str, status: str, reason: str, message: str, now_ms: int) -> Object:
    """A condition as it is written now."""
    now = timestamp(now_ms)
    return {
        "type": type_,
        "status": status,
        "lastUpdateTime": now,
        "lastTransitionTime": now,
        "reason": reason,
        "message": message,
    }


def with_condition(status: Object, new: Object) -> Object:
    """The status with a condition; one of equal status and reason stays as it is, a changed one moves to the end."""
    conditions = status.get("conditions") or ()
    before = condition({"status": status}, new["type"])
    if before is not None and before["status"] == new["status"]:
        if before.get("reason") == new["reason"]:
            return status
        new = {**new, "lastTransitionTime": before.get("lastTransitionTime", new["lastTransitionTime"])}
    return {**status, "conditions": [c for c in conditions if c["type"] != new["type"]] + [new]}


def without_condition(status: Object, type_: str) -> Object:
    """The status without a condition."""
    if condition({"status": status}, type_) is None:
        return status
    rest = [c for c in status["conditions"] if c["type"] != type_]
    bare = {field: value for field, value in status.items() if field != "conditions"}
    return {**bare, "conditions": rest} if rest else bare


def counted(deployment: Object, everything: Sequence[Object], newest: Object | None, now_ms: int) -> Object:
    """The status that follows from the ReplicaSets, with the condition Available brought up to date."""
    available = sizes.status_total(everything, "availableReplicas")
    fields = {
        "observedGeneration": generation(deployment),
        "replicas": sizes.status_total(everything),
        "updatedReplicas": sizes.status_total([newest]) if newest is not None else 0,
        "readyReplicas": sizes.status_total(everything, "readyReplicas"),
        "availableReplicas": available,
        "unavailableReplicas": max(0, sizes.spec_total(everything) - available),
    }
    status: Object = {field: count for field, count in fields.items() if count}
    terminating = _terminating(everything)
    if terminating is not None:
        status["terminatingReplicas"] = terminating
    for kept in ("collisionCount", "conditions"):
        value = get(deployment, ("status", kept))
        if value is not None:
            status[kept] = value
    if available >= sizes.replicas(deployment) - sizes.max_unavailable(deployment):
        text = "Deployment has minimum availability."
        return with_condition(status, entry("Available", "True", "MinimumReplicasAvailable", text, now_ms))
    text = "Deployment does not have minimum availability."
    return with_condition(status, entry("Available", "False", "MinimumReplicasUnavailable", text, now_ms))


def _terminating(everything: Sequence[Object]) -> int | None:
    """None while a ReplicaSet that was synced does not say how many of its pods are terminating."""
    total = 0
    for replica_set in everything:
        count = get(replica_set, "status.terminatingReplicas")
        if count is None and get(replica_set, "status.observedGeneration"):
            return None
        total += count or 0
    return total


def is_complete(deployment: Object, status: Object) -> bool:
    """Whether all replicas are updated and available and nothing old is left."""
    wanted = sizes.replicas(deployment)
    return all(
        status.get(field, 0) == wanted for field in ("updatedReplicas", "replicas", "availableReplicas")
    ) and status.get("observedGeneration", 0) >= generation(deployment)


def is_progressing(before: Object, status: Object) -> bool:
    """Whether there is more that is new, ready or available than before, or less that is old."""

    def old(of: Object) -> int:
        return int(of.get("replicas", 0)) - int(of.get("updatedReplicas", 0))

    return old(status) < old(before) or any(
        status.get(field, 0) > before.get(field, 0)
        for field in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )


def has_timed_out(deployment: Object, status: Object, now_ms: int) -> bool:
    """Whether there was no progress for `progressDeadlineSeconds`."""
    progressing = condition({"status": status}, "Progressing")
    if progressing is None or progressing.get("reason") == AVAILABLE:
        return False
    if progressing.get("reason") == TIMED_OUT:
        return True
    return deadline_ms(deployment, progressing) < now_ms


def deadline_ms(deployment: Object, progressing: Object) -> int:
    """The moment at which the time for progress is over."""
    since = at_ms(progressing.get("lastUpdateTime")) or 0
    return since + int(get(deployment, "spec.progressDeadlineSeconds")) * 1000


def rolled_out(deployment: Object, everything: Sequence[Object], newest: Object | None, now_ms: int) -> Object:
    """The whole status in a rollout: counters and all conditions."""
    status = counted(deployment, everything, newest, now_ms)
    before = get(deployment, "status") or {}
    current = condition(deployment, "Progressing")
    if not has_deadline(deployment):
        status = without_condition(status, "Progressing")
    elif not _is_finished(status, current):
        status = _with_progress(deployment, status, before, current, newest, now_ms)
    failure = _replica_failure(everything, newest)
    if failure is None:
        return without_condition(status, "ReplicaFailure")
    return with_condition(status, failure)


def _is_finished(status: Object, current: Object | None) -> bool:
    """A rollout that was complete once is not judged again, whatever happens to its pods later."""
    return (
        status.get("replicas", 0) == status.get("updatedReplicas", 0)
        and current is not None
        and current.get("reason") == AVAILABLE
    )


def _with_progress(
    deployment: Object, status: Object, before: Object, current: Object | None, newest: Object | None, now_ms: int
) -> Object:
    who = f'ReplicaSet "{name(newest)}"' if newest is not None else f'Deployment "{name(deployment)}"'
    if is_complete(deployment, status):
        text = f"{who} has successfully progressed."
        return with_condition(status, entry("Progressing", "True", AVAILABLE, text, now_ms))
    if is_progressing(before, status):
        new = entry("Progressing", "True", UPDATED, f"{who} is progressing.", now_ms)
        if current is not None:
            if current["status"] == "True":
                new["lastTransitionTime"] = current.get("lastTransitionTime", new["lastTransitionTime"])
            status = without_condition(status, "Progressing")
        return with_condition(status, new)
    if has_timed_out(deployment, status, now_ms):
        text = f"{who} has timed out progressing."
        return with_condition(status, entry("Progressing", "False", TIMED_OUT, text, now_ms))
    return status


def _replica_failure(everything: Sequence[Object], newest: Object | None) -> Object | None:
    """The failure of the new ReplicaSet, else of an old one."""
    for replica_set in ([newest] if newest is not None else []) + list(everything):
        failure = condition(replica_set, "ReplicaFailure")
        if failure is not None:
            return {
                "type": "ReplicaFailure",
                "status": failure["status"],
                "lastUpdateTime": failure.get("lastTransitionTime"),
                "lastTransitionTime": failure.get("lastTransitionTime"),
                "reason": failure.get("reason", ""),
                "message": failure.get("message", ""),
            }
    return None


def look_again_ms(deployment: Object, status: Object, now_ms: int) -> int | None:
    """In how many milliseconds the progress deadline has to be checked; None if there is none to check.

    *In Kubernetes:* `requeueStuckDeployment`; the second on top is its own, conditions have whole seconds.
    """
    current = condition(deployment, "Progressing")
    if not has_deadline(deployment) or current is None:
        return None
    if is_complete(deployment, status) or current.get("reason") == TIMED_OUT:
        return None
    left_ms = deadline_ms(deployment, current) - now_ms
    return max(left_ms, 0) + 1000
