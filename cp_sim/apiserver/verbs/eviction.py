"""create of `pods/eviction`: a deletion that asks the PodDisruptionBudgets first.

*In Kubernetes:* `EvictionREST` in `pkg/registry/core/pod/storage/eviction.go`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.deletion import DeleteOptions
from cp_sim.apiserver.request import ApiError
from cp_sim.apiserver.verbs import delete, guaranteed
from cp_sim.apiserver.work import Done, Work
from cp_sim.etcd.store import Get, Put, StoreAnswer
from cp_sim.objects import meta, selectors
from cp_sim.objects.kinds import KINDS

Object = dict[str, Any]
BUDGETS = "poddisruptionbudgets.policy"
# A pod on this list longer than that has been forgotten (`DeletionTimeout`), and the list holds at most so many.
MAX_DISRUPTED = 2000


def start(server: Any, work: Work) -> Any:
    """Read the pod."""
    call = work.call
    body = call.body or {}
    name = (body.get("metadata") or {}).get("name") or ""
    if name != call.name:
        raise errors.bad_request("name in URL does not match name in Eviction object")
    options = body.get("deleteOptions") or {}
    preconditions = options.get("preconditions") or {}
    work.state = DeleteOptions(
        options.get("gracePeriodSeconds"),
        options.get("propagationPolicy") or "",
        options.get("orphanDependents"),
        preconditions.get("uid"),
        preconditions.get("resourceVersion"),
    )
    if options.get("dryRun"):
        call.options = {**call.options, "dryRun": "All"}
    work.note("decode")
    work.object = "pod"
    return Get(KINDS["pods"].store_key(call.namespace, call.name))


def proceed(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """The pod was read, the budget written, or the pod deleted."""
    if work.object == "pod":
        if answer.kv is None:
            raise errors.not_found("pods", "", work.call.name)
        return judged(server, work, server.decorated(KINDS["pods"], answer.kv))
    if isinstance(work.object, _Budget):
        if not answer.succeeded:
            # Somebody wrote the budget meanwhile: judge again by what stands there now.
            work.object = "pod"
            return Get(KINDS["pods"].store_key(work.call.namespace, work.call.name))
        work.note("budget", sentence="one disruption used up")
        server.loop.record(
            "update status",
            f"poddisruptionbudgets/{work.call.namespace}/{meta.name(work.object.budget)}",
            "a pod is about to be evicted",
            revision=answer.revision,
            actor=server.name,
        )
        server.loop.caused_by(work.cause)
        work.object = _Pod(None)
        return Get(KINDS["pods"].store_key(work.call.namespace, work.call.name))
    if isinstance(work.object, _Pod):
        return told(server, work, answer)
    if isinstance(work.state, delete._Marked):
        return done(delete.finish(server, work, answer))
    outcome = guaranteed.proceed(server, work, delete.Handler, answer)
    return done(outcome)


class _Budget:
    """The budget that is being written."""

    def __init__(self, budget: Object) -> None:
        self.budget = budget


class _Pod:
    """The pod that is being told: `made` is what was sent to the store, None while the store is asked for it."""

    def __init__(self, made: Object | None) -> None:
        self.made = made


def tell(server: Any, work: Work, pod: Object) -> Any:
    """Write into the pod's status that it is evicted, then delete it (`addConditionAndDeletePod`)."""
    work.kind = KINDS["pods"]
    if work.dry_run:
        return removal(server, work)
    delete.check_preconditions(work, work.state, pod["metadata"])
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastProbeTime": None,
        "lastTransitionTime": server.loop.clock.timestamp(),
        "reason": "EvictionByEvictionAPI",
        "message": "Eviction API: evicting",
    }
    old = meta.condition(pod, "DisruptionTarget") or {}
    if old.get("status") == "True":
        condition["lastTransitionTime"] = old.get("lastTransitionTime")
    status = pod.get("status") or {}
    others = [one for one in status.get("conditions") or () if one["type"] != "DisruptionTarget"]
    made = {**pod, "status": {**status, "conditions": [*others, condition]}}
    work.object = _Pod(made)
    key = KINDS["pods"].store_key(work.call.namespace, work.call.name)
    return Put(key, guaranteed.undecorated(made), expect=meta.revision(pod))


def told(server: Any, work: Work, answer: StoreAnswer) -> Any:
    """The pod was read, or knows that it is evicted; whoever has changed it meanwhile, it is told anew."""
    reading = work.object.made is None
    if reading or not answer.succeeded:
        if answer.kv is None:
            raise errors.not_found("pods", "", work.call.name)
        return tell(server, work, server.decorated(KINDS["pods"], answer.kv))
    subject = f"pods/{work.call.namespace}/{work.call.name}"
    server.loop.record("update status", subject, "the pod is evicted", revision=answer.revision, actor=server.name)
    server.loop.caused_by(work.cause)
    if work.state.resource_version is not None:
        # The pod was as asked for; what changed it since is this eviction itself.
        work.state = replace(work.state, resource_version=str(answer.revision))
    return removal(server, work)


def judged(server: Any, work: Work, pod: Object) -> Any:
    """Whether the pod may go; a budget that allows it loses one disruption first."""
    if meta.phase(pod) in ("Succeeded", "Failed", "Pending") or meta.is_deleting(pod):
        return tell(server, work, pod)
    budgets = matching(server, pod)
    if len(budgets) > 1:
        raise errors.internal(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
    if not budgets:
        return tell(server, work, pod)
    budget = budgets[0]
    ready = meta.is_ready(pod)
    policy = (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy")
    if not ready and policy == "AlwaysAllow":
        return tell(server, work, pod)
    status = budget.get("status") or {}
    if not ready and policy != "AlwaysAllow":
        if status.get("currentHealthy", 0) >= status.get("desiredHealthy", 0) and status.get("desiredHealthy", 0) > 0:
            return tell(server, work, pod)
    made = decremented(server, budget, meta.name(pod))
    work.note("budget", sentence=f"{meta.name(budget)} allows {status.get('disruptionsAllowed', 0)} disruptions")
    if work.dry_run:
        return tell(server, work, pod)
    work.object = _Budget(made)
    key = KINDS[BUDGETS].store_key(meta.namespace(budget), meta.name(budget))
    return Put(key, guaranteed.undecorated(made), expect=meta.revision(budget))


def matching(server: Any, pod: Object) -> list[Object]:
    """The budgets that count the pod."""
    cache = server.caches.get(BUDGETS)
    if cache is None:
        return []
    namespace = meta.namespace(pod)
    return [
        cache.objects[key]
        for key in cache.keys(namespace + "/")
        if selectors.matches((cache.objects[key].get("spec") or {}).get("selector"), meta.labels(pod))
    ]


def decremented(server: Any, budget: Object, pod_name: str) -> Object:
    """The budget with one disruption less (`checkAndDecrement`).

    Raises:
        ApiError: 429, it does not allow any; 403 for a budget in a state that makes no sense.
    """
    status = budget.get("status") or {}
    name = meta.name(budget)
    if status.get("observedGeneration", 0) < meta.generation(budget):
        raise refused(f"The disruption budget {name} is still being processed by the server.", 10)
    allowed = status.get("disruptionsAllowed", 0)
    if allowed < 0:
        raise errors.forbidden("poddisruptionbudgets", "policy", name, "pdb disruptions allowed is negative")
    if len(status.get("disruptedPods") or ()) > MAX_DISRUPTED:
        raise errors.forbidden(
            "poddisruptionbudgets",
            "policy",
            name,
            "DisruptedPods map too big - too many evictions not confirmed by PDB controller",
        )
    if allowed == 0:
        healthy, desired = status.get("currentHealthy", 0), status.get("desiredHealthy", 0)
        raise refused(
            f"The disruption budget {name} needs {desired} healthy pods and has {healthy} currently"
            if healthy <= desired
            else f"The disruption budget {name} does not allow evicting pods currently"
        )
    made = {**status, "disruptionsAllowed": allowed - 1}
    if allowed == 1:
        made["conditions"] = exhausted(server, budget, status)
    made["disruptedPods"] = {**(status.get("disruptedPods") or {}), pod_name: server.loop.clock.timestamp()}
    return {**budget, "status": made}


def exhausted(server: Any, budget: Object, status: Object) -> list[Object]:
    """The conditions of a budget that allows nothing more."""
    condition = {
        "type": "DisruptionAllowed",
        "status": "False",
        "observedGeneration": status.get("observedGeneration", 0),
        "lastTransitionTime": server.loop.clock.timestamp(),
        "reason": "InsufficientPods",
        "message": "",
    }
    kept = []
    for old in status.get("conditions") or ():
        if old["type"] == "DisruptionAllowed":
            if old.get("status") == "False":
                condition["lastTransitionTime"] = old["lastTransitionTime"]
        else:
            kept.append(old)
    return [*kept, condition]


def refused(cause: str, retry_s: int = 0) -> ApiError:
    """429: the budget does not let the pod go."""
    details: Object = {"causes": [{"reason": "DisruptionBudget", "message": cause}]}
    if retry_s:
        details["retryAfterSeconds"] = retry_s
    message = "Cannot evict pod as it would violate the pod's disruption budget."
    return ApiError(errors.status(429, "TooManyRequests", message, details))


def removal(server: Any, work: Work) -> Any:
    """Delete the pod as any other deletion does."""
    work.object = None
    work.attempts = 0
    return done(guaranteed.begin(server, work, delete.Handler))


def done(outcome: Any) -> Any:
    """The answer of an eviction."""
    if type(outcome) is not Done:
        return outcome
    body = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    return Done(body, 201, outcome.revision)
