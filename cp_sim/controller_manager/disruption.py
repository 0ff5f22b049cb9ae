"""How many pods of a budget may be disrupted right now: its idea, without clock or I/O.

*In Kubernetes:* `pkg/controller/disruption/disruption.go`.
*Simplified:* the owners are looked up among ReplicaSets, ReplicationControllers, StatefulSets and Deployments, not
through the scale of custom resources; the stale condition `DisruptionTarget` is not taken off pods.
"""

from __future__ import annotations

from typing import Any

from cp_sim.client.plan import NOTHING, Emit, Plan, Update
from cp_sim.controller_manager.deployment.sizes import scaled
from cp_sim.controller_manager.times import at_ms, timestamp
from cp_sim.objects import edit, meta

Object = dict[str, Any]

# A pod whose eviction was granted but that did not begin to go within this time counts again (`DeletionTimeout`).
DELETION_TIMEOUT_MS = 120_000


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


def reconcile(budget: Object, pods: list[Object], scale: int, now_ms: int) -> Plan:
    """Write down how many pods are healthy and how many disruptions that allows."""
    disrupted = {
        name: since
        for name, since in (edit.get(budget, "status.disruptedPods") or {}).items()
        if _still_counts(name, since, pods, now_ms)
    }
    healthy = sum(
        1 for pod in pods if meta.is_ready(pod) and not meta.is_deleting(pod) and meta.name(pod) not in disrupted
    )
    expected, desired = expected_and_desired(budget, pods, scale)
    allowed = max(healthy - desired, 0) if expected > 0 else 0
    status = {
        "currentHealthy": healthy,
        "desiredHealthy": desired,
        "disruptionsAllowed": allowed,
        "expectedPods": expected,
        "observedGeneration": meta.generation(budget),
        "conditions": [_condition(budget, allowed, now_ms)],
        **({"disruptedPods": disrupted} if disrupted else {}),
    }
    told = (Emit(budget, "Normal", "NoPods", "No matching pods found"),) if not pods else ()
    if status == budget.get("status"):
        return Plan(told, "no pod matches") if told else NOTHING
    because = f"{healthy} healthy, {desired} needed: {allowed} may be disrupted"
    return Plan((*told, Update(edit.put(budget, "status", status), "status", because)), because)


def _still_counts(name: str, since: str, pods: list[Object], now_ms: int) -> bool:
    """Whether an eviction that was granted has still to show."""
    going = next((pod for pod in pods if meta.name(pod) == name), None)
    if going is None or meta.is_deleting(going):
        return False
    begun = at_ms(since)
    return begun is not None and now_ms - begun < DELETION_TIMEOUT_MS


def _condition(budget: Object, allowed: int, now_ms: int) -> Object:
    status = "True" if allowed > 0 else "False"
    before = meta.condition(budget, "DisruptionAllowed")
    turned = before["lastTransitionTime"] if before and before["status"] == status else timestamp(now_ms)
    return {
        "type": "DisruptionAllowed",
        "status": status,
        "observedGeneration": meta.generation(budget),
        "lastTransitionTime": turned,
        "reason": "SufficientPods" if allowed > 0 else "InsufficientPods",
        "message": "",
    }
