"""How many pods of a budget may be disrupted right now: its idea, without clock or I/O.

*In Kubernetes:* `pkg/controller/disruption/disruption.go`.
*Simplified:* the owners are looked up among ReplicaSets, ReplicationControllers, StatefulSets and Deployments, not
through the scale of custom resources.
"""

from __future__ import annotations

from typing import Any

from cp_sim.client.plan import NOTHING, Emit, Later, Patch, Plan, Update
from cp_sim.controller_manager.deployment.sizes import scaled
from cp_sim.controller_manager.times import at_ms, timestamp
from cp_sim.objects import edit, meta
from cp_sim.sim import immutable

Object = dict[str, Any]

# A pod whose eviction was granted but that did not begin to go within this time counts again (`DeletionTimeout`).
DELETION_TIMEOUT_MS = 120_000
# So long after it was told that a pod is to be disrupted, without anybody deleting it, that is not true any more.
STALE_MS = 120_000
UNMANAGED = (
    "Pods selected by this PodDisruptionBudget (selector: {}) were found to be unmanaged. As a result, the status of "
    "the PDB cannot be calculated correctly, which may result in undefined behavior. To account for these pods please "
    'set ".spec.minAvailable" field of the PDB to an integer value.'
)


@immutable
class Scale:
    """What the owners of a budget's pods ask for: `replicas` in all, how many pods have none, and why it is unknown."""

    replicas: int = 0
    unmanaged: int = 0
    problem: str = ""


def expected_and_desired(budget: Object, pods: list[Object], scale: int) -> tuple[int, int]:
    """(how many pods there should be, how many have to be healthy); `scale` sums the owners' replicas."""
    spec = budget.get("spec") or {}
    if spec.get("maxUnavailable") is not None:
        desired = scale - scaled(spec["maxUnavailable"], scale, up=True)
        return scale, max(desired, 0)
    least = spec.get("minAvailable")
    if isinstance(least, str):
        return scale, scaled(least, scale, up=True)
    return len(pods), int(least or 0)


def needs_scale(budget: Object) -> bool:
    """Whether the budget counts by what the owners of its pods ask for."""
    spec = budget.get("spec") or {}
    return spec.get("maxUnavailable") is not None or isinstance(spec.get("minAvailable"), str)


def reconcile(budget: Object, pods: list[Object], scale: Scale, now_ms: int) -> Plan:
    """Write down how many pods are healthy and how many disruptions that allows."""
    told = [Emit(budget, "Normal", "NoPods", "No matching pods found")] if not pods else []
    if needs_scale(budget):
        if scale.problem:
            said = f"Failed to calculate the number of expected pods: {scale.problem}"
            told.append(Emit(budget, "Warning", "CalculateExpectedPodCountFailed", said))
            return _failed(budget, told, scale.problem, now_ms)
        if scale.unmanaged:
            selector = selector_text((budget.get("spec") or {}).get("selector") or {})
            told.append(Emit(budget, "Warning", "UnmanagedPods", UNMANAGED.format(selector)))
    disrupted = {
        name: since
        for name, since in (edit.get(budget, "status.disruptedPods") or {}).items()
        if _still_counts(name, since, pods, now_ms)
    }
    healthy = sum(
        1 for pod in pods if meta.is_ready(pod) and not meta.is_deleting(pod) and meta.name(pod) not in disrupted
    )
    expected, desired = expected_and_desired(budget, pods, scale.replicas)
    allowed = max(healthy - desired, 0) if expected > 0 else 0
    status = {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": meta.generation(budget),
        "conditions": [_condition(budget, "SufficientPods" if allowed > 0 else "InsufficientPods", "", now_ms)],
        **({"disruptedPods": disrupted} if disrupted else {}),
    }
    # An eviction that never shows is forgotten in time.
    again = [Later(_until_forgotten(disrupted, now_ms), "a granted eviction", background=True)] if disrupted else []
    because = f"{healthy} healthy, {desired} needed: {allowed} may be disrupted"
    if status == budget.get("status"):
        return Plan((*told, *again), because) if told or again else NOTHING
    return Plan((*told, Update(edit.put(budget, "status", status), "status", because), *again), because)


def _failed(budget: Object, told: list[Emit], problem: str, now_ms: int) -> Plan:
    """Nothing may be disrupted while it is not known how many pods there should be (`failSafe`)."""
    before = budget.get("status") or {}
    condition = _condition(budget, "SyncFailed", problem, now_ms, before.get("observedGeneration", 0))
    status = {**before, "disruptionsAllowed": 0, "conditions": [condition]}
    if status == before:
        return Plan(tuple(told), problem)
    return Plan((*told, Update(edit.put(budget, "status", status), "status", problem)), problem)


def selector_text(selector: Object) -> str:
    """A label selector as Go prints it."""
    labels = "".join(f"{key}: {value}," for key, value in sorted((selector.get("matchLabels") or {}).items()))
    rules = "".join(
        f"LabelSelectorRequirement{{Key:{rule['key']},Operator:{rule['operator']},"
        f"Values:[{' '.join(rule.get('values') or ())}],}},"
        for rule in selector.get("matchExpressions") or ()
    )
    matched = f"map[string]string{{{labels}}}"
    return f"&LabelSelector{{MatchLabels:{matched},MatchExpressions:[]LabelSelectorRequirement{{{rules}}},}}"


def stale_condition(pod: Object, now_ms: int) -> Plan:
    """Take back that a pod is to be disrupted, when nobody has deleted it for two minutes."""
    condition = meta.condition(pod, "DisruptionTarget") or {}
    if not may_become_stale(pod):
        return NOTHING
    since = at_ms(condition.get("lastTransitionTime") or "") or 0
    left_ms = since + STALE_MS - now_ms
    if left_ms > 0:
        return Plan((Later(left_ms, "the pod may still be deleted", background=True),), "it may still be deleted")
    because = "it was to be disrupted, but nobody has deleted it"
    gone = {"type": "DisruptionTarget", "status": "False", "lastTransitionTime": timestamp(now_ms)}
    body = {"status": {"conditions": [{**gone, "reason": None, "message": None}]}}
    patch = Patch("pods", meta.namespace(pod), meta.name(pod), body, subresource="status", because=because)
    return Plan((patch,), because)


def may_become_stale(pod: Object) -> bool:
    """Whether a pod says that it is to be disrupted, and is not being deleted; the kubelet's own word stays."""
    condition = meta.condition(pod, "DisruptionTarget") or {}
    told = condition.get("status") == "True" and condition.get("reason") != "TerminationByKubelet"
    return told and not meta.is_deleting(pod) and not meta.is_finished(pod)


def _until_forgotten(disrupted: Object, now_ms: int) -> int:
    return max(1, min((at_ms(since) or 0) for since in disrupted.values()) + DELETION_TIMEOUT_MS - now_ms)


def _still_counts(name: str, since: str, pods: list[Object], now_ms: int) -> bool:
    """Whether an eviction that was granted has still to show."""
    going = next((pod for pod in pods if meta.name(pod) == name), None)
    if going is None or meta.is_deleting(going):
        return False
    begun = at_ms(since)
    return begun is not None and now_ms - begun < DELETION_TIMEOUT_MS


def _condition(budget: Object, reason: str, message: str, now_ms: int, generation: int = -1) -> Object:
    status = "True" if reason == "SufficientPods" else "False"
    before = meta.condition(budget, "DisruptionAllowed")
    turned = before["lastTransitionTime"] if before and before["status"] == status else timestamp(now_ms)
    return {
        "type": "DisruptionAllowed",
        "status": status,
        "observedGeneration": meta.generation(budget) if generation < 0 else generation,
        "lastTransitionTime": turned,
        "reason": reason,
        "message": message,
    }
