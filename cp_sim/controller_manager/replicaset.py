"""ReplicaSet and ReplicationController: keep so many pods of one template, no more and no less.

The idea is `reconcile`: a function of the ReplicaSet, its pods and the time.  The actor around it finds the pods and
turns changes of pods into keys.

*In Kubernetes:* `pkg/controller/replicaset/replica_set.go`; the ReplicationController is served by the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.apiserver.request import Response
from cp_sim.client.plan import Action, Create, Delete, Emit, Later, Plan, SlowStart, Together, Update
from cp_sim.controller_manager import pods as podlib
from cp_sim.controller_manager.ownership import Claim
from cp_sim.controller_manager.times import timestamp
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import (
    condition,
    generation,
    is_deleting,
    is_ready,
    key,
    labels,
    name,
    namespace,
)
from cp_sim.sim import immutable

Object = dict[str, Any]

# At most so many pods are created or deleted in one go (`BurstReplicas`).
BURST_REPLICAS = 500


@immutable
class Flavour:
    """What differs between the two kinds that this code serves."""

    kind: str
    api_version: str
    resource: str
    counts_terminating: bool  # status.terminatingReplicas


REPLICA_SET = Flavour("ReplicaSet", "apps/v1", "replicasets.apps", counts_terminating=True)
REPLICATION_CONTROLLER = Flavour("ReplicationController", "v1", "replicationcontrollers", counts_terminating=False)


def replicas(owner: Object) -> int:
    """`spec.replicas`; 1 where nothing is said."""
    wanted = get(owner, "spec.replicas")
    return 1 if wanted is None else int(wanted)


def reconcile(
    owner: Object,
    claim: Claim,
    terminating: int,
    related: Sequence[Object],
    now_ms: int,
    *,
    flavour: Flavour = REPLICA_SET,
    may_act: bool = True,
) -> Plan:
    """What to do about one ReplicaSet.

    `claim` holds its active pods, with the adoptions and releases that are due; `terminating` counts its pods that are
    on their way out; `related` are the pods of all ReplicaSets of the same owner.  `may_act` is false while pods that
    were ordered before have not come back through the watch; then only the status is written.
    """
    active = claim.claimed
    wanted = replicas(owner)
    surplus = len(active) - wanted
    actions: list[Action] = list(claim.patches)
    because = f"{wanted} replicas wanted, {len(active)} active: nothing to do"
    creations = 0
    deletions: tuple[str, ...] = ()
    if is_deleting(owner):
        because = f"{name(owner)} is being deleted: its pods are left to the garbage collector"
    elif not may_act:
        because = "waiting until the pods ordered before have been seen"
    elif surplus < 0:
        creations = min(-surplus, BURST_REPLICAS)
        because = f"{wanted} replicas wanted, {len(active)} active: create {creations}"
        actions.append(_creations(owner, creations, because))
    elif surplus > 0:
        victims = podlib.victims(active, related, min(surplus, BURST_REPLICAS), now_ms)
        because = f"{wanted} replicas wanted, {len(active)} active: delete {len(victims)}"
        actions.append(Together(tuple(_deletion(victim, because) for victim in victims)))
        deletions = tuple(key(victim) for victim in victims)
    status = new_status(owner, active, terminating, now_ms, failure=None, flavour=flavour)
    ready = status.get("readyReplicas", 0)
    told = status_update(owner, status, f"{ready} of {len(active)} are ready: say so in the status")
    if told and surplus == 0:
        because = f"{wanted} replicas wanted, {len(active)} active; {told[0].because}"
    actions.extend(told)
    wait_ms = podlib.next_availability_ms(active, get(owner, "spec.minReadySeconds") or 0, now_ms)
    if wait_ms is not None:
        actions.append(Later(wait_ms, "a ready pod becomes available by then (minReadySeconds)"))
    return Plan(
        tuple(actions),
        because,
        observed={"active": len(active), "ready": ready, "terminating": terminating},
        desired={"replicas": wanted},
        on_error="failed",
        expect_creations=creations,
        expect_deletions=deletions,
    )


def after_failed(
    owner: Object,
    active: Sequence[Object],
    terminating: int,
    now_ms: int,
    action: Action,
    response: Response,
    flavour: Flavour = REPLICA_SET,
) -> Plan | None:
    """What follows when an action of the plan was refused; None for nothing but the usual retry.

    A pod that could not be created or deleted shows as the condition ReplicaFailure.  While the namespace is ending,
    creations are bound to fail and there is nothing to retry.
    """
    if not isinstance(action, Create | Delete):
        return None
    ending = namespace_is_ending(response.body)
    failure = None if ending else _failure(owner, active, response.body)
    status = new_status(owner, active, terminating, now_ms, failure, flavour)
    because = (
        "the namespace is being deleted: no pod can be created"
        if ending
        else f"{failure[0]}: {failure[1]}"
        if failure
        else ""
    )
    return Plan(status_update(owner, status, because), because, retry=not ending)


def _failure(owner: Object, active: Sequence[Object], refusal: Object) -> tuple[str, str]:
    reason = "FailedCreate" if len(active) < replicas(owner) else "FailedDelete"
    return reason, refusal.get("message", "")


def _creations(owner: Object, count: int, because: str) -> SlowStart:
    pod = podlib.from_template(get(owner, "spec.template", {}), owner)
    return SlowStart(tuple(Create(pod, because) for _ in range(count)))


def _deletion(pod: Object, because: str) -> Delete:
    why = f"{because}; {name(pod)} first, because {podlib.why_first(pod)}"
    return Delete("pods", namespace(pod), name(pod), because=why)


# -- status --------------------------------------------------------------------------------------------------------


def new_status(
    owner: Object,
    active: Sequence[Object],
    terminating: int,
    now_ms: int,
    failure: tuple[str, str] | None,
    flavour: Flavour = REPLICA_SET,
) -> Object:
    """The status that follows from these pods; `failure` is (reason, message) of what went wrong just now.

    A failure that stands there already keeps its first message, and goes once managing the pods has succeeded.

    *In Kubernetes:* `calculateStatus` in `pkg/controller/replicaset/replica_set_utils.go`.
    """
    template_labels = get(owner, "spec.template.metadata.labels") or {}
    min_ready_s = get(owner, "spec.minReadySeconds") or 0
    counts = {
        "fullyLabeledReplicas": sum(template_labels.items() <= labels(pod).items() for pod in active),
        "readyReplicas": sum(is_ready(pod) for pod in active),
        "availableReplicas": sum(podlib.is_available(pod, min_ready_s, now_ms) for pod in active),
    }
    status: Object = {"replicas": len(active)}
    status.update({field: count for field, count in counts.items() if count})
    if flavour.counts_terminating:
        status["terminatingReplicas"] = terminating
    if generation(owner):
        status["observedGeneration"] = generation(owner)
    conditions = _conditions(owner, failure, now_ms)
    if conditions:
        status["conditions"] = conditions
    return status


def _conditions(owner: Object, failure: tuple[str, str] | None, now_ms: int) -> list[Object]:
    standing = list(get(owner, "status.conditions") or ())
    before = condition(owner, "ReplicaFailure")
    if failure is not None and before is None:
        reason, message = failure
        entry = {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": timestamp(now_ms),
            "reason": reason,
            "message": message,
        }
        return [*standing, entry]
    if failure is None and before is not None:
        return [entry for entry in standing if entry["type"] != "ReplicaFailure"]
    return standing


def status_update(owner: Object, status: Object, because: str = "") -> tuple[Update, ...]:
    """The write of `status`, or nothing if it says what stands there already."""
    if (get(owner, "status") or {}) == status:
        return ()
    return (Update(put(owner, "status", status), "status", because),)


# -- events --------------------------------------------------------------------------------------------------------


def event_of(owner: Object, action: Action, answer: Object, ok: bool) -> Emit | None:
    """The Event about one pod created or deleted, or about the failure to do so.

    *In Kubernetes:* `RealPodControl` in `pkg/controller/controller_utils.go`.
    """
    if isinstance(action, Create):
        if ok:
            return Emit(owner, "Normal", "SuccessfulCreate", f"Created pod: {name(answer)}")
        if not namespace_is_ending(answer):
            return Emit(owner, "Warning", "FailedCreate", f"Error creating: {answer.get('message', '')}")
    elif isinstance(action, Delete):
        if ok:
            return Emit(owner, "Normal", "SuccessfulDelete", f"Deleted pod: {action.name}")
        if answer.get("reason") != "NotFound":
            return Emit(owner, "Warning", "FailedDelete", f"Error deleting: {answer.get('message', '')}")
    return None


def namespace_is_ending(status: Object) -> bool:
    """Whether a creation was refused because its namespace is being deleted."""
    causes = get(status, "details.causes") or ()
    return any(cause.get("reason") == "NamespaceTerminating" for cause in causes)
