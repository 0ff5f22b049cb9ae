"""Who has to leave a tainted node, and when: now, after some seconds, or never.

*In Kubernetes:* `taint-eviction-controller`, `pkg/controller/tainteviction/taint_eviction.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.client.plan import Delete, Emit, Patch, Plan
from cp_sim.controller_manager.times import timestamp
from cp_sim.objects.edit import get
from cp_sim.objects.meta import name, namespace

Object = dict[str, Any]

FOREVER = None


def evicting_taints(node: Object) -> list[Object]:
    """The taints of effect NoExecute."""
    return [taint for taint in get(node, "spec.taints") or () if taint.get("effect") == "NoExecute"]


def tolerates(toleration: Object, taint: Object) -> bool:
    """Whether one toleration covers one taint.

    *In Kubernetes:* `ToleratesTaint` in k8s.io/component-helpers.
    """
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint["key"]:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    value, other = toleration.get("value") or "", taint.get("value") or ""
    if operator in ("Lt", "Gt"):
        try:
            return int(other) < int(value) if operator == "Lt" else int(other) > int(value)
        except ValueError:
            return False
    return operator == "Equal" and bool(toleration.get("key")) and value == other


def stays_ms(taints: Sequence[Object], tolerations: Sequence[Object]) -> int | None:
    """How long a pod may stay on a node with these taints: 0 for not at all, None for ever.

    Each taint uses the first toleration that covers it; the shortest `tolerationSeconds` among those counts.
    """
    shortest: int | None = FOREVER
    for taint in taints:
        used = next((toleration for toleration in tolerations if tolerates(toleration, taint)), None)
        if used is None:
            return 0
        seconds = used.get("tolerationSeconds")
        if seconds is not None:
            limit = max(0, int(seconds)) * 1000
            shortest = limit if shortest is None else min(shortest, limit)
    return shortest


def evict(pod: Object, taints: Sequence[Object], now_ms: int) -> Plan:
    """The pod's time on its node is over."""
    told = ", ".join(taint["key"] for taint in taints)
    because = f"the node of {name(pod)} has the taint {told}, which it does not tolerate (any longer)"
    entry = {
        "type": "DisruptionTarget",
        "status": "True",
        "lastTransitionTime": timestamp(now_ms),
        "reason": "DeletionByTaintManager",
        "message": "Taint manager: deleting due to NoExecute taint",
    }
    text = f"Marking for deletion Pod {namespace(pod)}/{name(pod)}"
    return Plan(
        (
            Emit(pod, "Normal", "TaintManagerEviction", text),
            Patch(
                "pods",
                namespace(pod),
                name(pod),
                {"status": {"conditions": [entry]}},
                subresource="status",
                because=because,
            ),
            Delete("pods", namespace(pod), name(pod), because=because),
        ),
        because,
        observed={"taints": [taint["key"] for taint in taints]},
        desired={"on this node": False},
    )
