"""Nodes: whether they are alive, and the taints, labels and conditions that follow from it.

The functions look at one Node; `nodelifecycle_controller.py` knows when each was last heard of and how fast zones may
be evicted.

*In Kubernetes:* `pkg/controller/nodelifecycle/node_lifecycle_controller.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.client.plan import Action, Emit, Patch, Plan, Together, Update
from cp_sim.controller_manager.times import timestamp
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import condition, is_ready, labels, name, namespace

Object = dict[str, Any]

MONITOR_PERIOD_MS = 5_000
GRACE_MS = 50_000
STARTUP_GRACE_MS = 60_000

NOT_READY, UNREACHABLE = "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
# Which condition, in which state, puts which taint on a node.
CONDITION_TAINTS = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): UNREACHABLE,
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
OWN_NO_SCHEDULE = frozenset((*CONDITION_TAINTS.values(), UNSCHEDULABLE))
KUBELET_CONDITIONS = ("Ready", "MemoryPressure", "DiskPressure", "PIDPressure")
# label -> (the older label that repeats it, whether it is added where it is missing)
REPEATED_LABELS = {
    "kubernetes.io/os": ("beta.kubernetes.io/os", True),
    "kubernetes.io/arch": ("beta.kubernetes.io/arch", True),
    "topology.kubernetes.io/zone": ("failure-domain.beta.kubernetes.io/zone", False),
    "topology.kubernetes.io/region": ("failure-domain.beta.kubernetes.io/region", False),
}


def ready_status(node: Object) -> str:
    """`True`, `False`, `Unknown`, or empty for a node that has never said."""
    return (condition(node, "Ready") or {}).get("status") or ""


def reconcile(
    node: Object,
    pods: Sequence[Object],
    now_ms: int,
    *,
    silent: bool = False,
    may_evict: bool = False,
    reachable: bool = False,
) -> Plan:
    """What to do about one Node.

    `silent`: it was not heard of for the grace period.  `may_evict`: its zone's queue has let it through, so it gets
    the taint that evicts pods.  `reachable`: it is ready again, such taints go.  `pods` are those bound to it.
    """
    actions: list[Action] = []
    reasons: list[str] = []
    if silent and (lost := with_unknown_conditions(node, now_ms)) is not node:
        was_ready = ready_status(node) == "True"
        reasons.append(f"nothing was heard of {name(node)} for the grace period: nobody knows how it is")
        actions.append(Update(lost, "status", reasons[-1]))
        if was_ready:
            actions.append(Emit(node, "Normal", "NodeNotReady", f"Node {name(node)} status is now: NodeNotReady"))
            actions += mark_not_ready(pods, now_ms)
        node = lost
    for changed, because in _changes(node, now_ms, may_evict, reachable):
        actions.append(Update(changed, "", because))
        reasons.append(because)
    return Plan(
        tuple(actions),
        "; ".join(reasons) or "as it should be",
        observed={"Ready": ready_status(node), "taints": [_short(taint) for taint in taints_of(node)]},
    )


def _changes(node: Object, now_ms: int, may_evict: bool, reachable: bool) -> list[tuple[Object, str]]:
    """The node after each write that is due, and why."""
    steps: list[tuple[Object, str]] = []

    def step(changed: Object, because: str) -> None:
        nonlocal node
        if changed is not node:
            node = changed
            steps.append((changed, because))

    add, remove = no_schedule_difference(node)
    step(with_taints(node, add, now_ms), f"its conditions ask for {', '.join(add)}")
    step(without_taints(node, remove, "NoSchedule"), f"its conditions do not ask for {', '.join(remove)} any more")
    step(with_labels(node), "older labels repeat the newer ones")
    if may_evict and ready_status(node) in ("False", "Unknown"):
        wanted, other = (NOT_READY, UNREACHABLE) if ready_status(node) == "False" else (UNREACHABLE, NOT_READY)
        step(with_taints(node, [wanted], now_ms, "NoExecute"), f"pods that do not tolerate {wanted} have to leave")
        step(without_taints(node, [other], "NoExecute"), f"{wanted} takes the place of {other}")
    if reachable:
        step(without_taints(node, [NOT_READY, UNREACHABLE], "NoExecute"), "it is ready: pods may stay")
    return steps


# -- conditions ----------------------------------------------------------------------------------------------------


def with_unknown_conditions(node: Object, now_ms: int) -> Object:
    """The node with all of a kubelet's conditions Unknown; itself if they are so already."""
    conditions = list(get(node, "status.conditions") or ())
    changed = False
    for type_ in KUBELET_CONDITIONS:
        before = next((entry for entry in conditions if entry["type"] == type_), None)
        if before is None:
            entry = {
                "type": type_,
                "status": "Unknown",
                "lastHeartbeatTime": node["metadata"].get("creationTimestamp"),
                "lastTransitionTime": timestamp(now_ms),
                "reason": "NodeStatusNeverUpdated",
                "message": "Kubelet never posted node status.",
            }
            conditions.append(entry)
        elif before.get("status") != "Unknown":
            entry = {
                **before,
                "status": "Unknown",
                "lastTransitionTime": timestamp(now_ms),
                "reason": "NodeStatusUnknown",
                "message": "Kubelet stopped posting node status.",
            }
            conditions = [entry if one is before else one for one in conditions]
        else:
            continue
        changed = True
    return put(node, "status.conditions", conditions) if changed else node


def mark_not_ready(pods: Sequence[Object], now_ms: int) -> list[Action]:
    """Say of the pods on a node that is lost that they are not ready, so that Services stop sending them traffic."""
    patches: list[Action] = []
    events: list[Action] = []
    for pod in pods:
        if not is_ready(pod):
            continue
        entry = {"type": "Ready", "status": "False", "lastTransitionTime": timestamp(now_ms)}
        patch = {"status": {"conditions": [entry]}}
        because = f"the node of {name(pod)} is not ready"
        patches.append(Patch("pods", namespace(pod), name(pod), patch, subresource="status", because=because))
        events.append(Emit(pod, "Warning", "NodeNotReady", "Node is not ready"))
    return [Together(tuple(patches)), *events] if patches else []


# -- taints and labels ---------------------------------------------------------------------------------------------


def taints_of(node: Object) -> list[Object]:
    """`spec.taints`."""
    return get(node, "spec.taints") or []


def _short(taint: Object) -> str:
    return f"{taint['key']}:{taint.get('effect', '')}"


def no_schedule_difference(node: Object) -> tuple[list[str], list[str]]:
    """(taints to add, taints to remove) of effect NoSchedule, as conditions and `spec.unschedulable` ask for."""
    wanted = []
    for entry in get(node, "status.conditions") or ():
        key = CONDITION_TAINTS.get((entry["type"], entry.get("status", "")))
        if key:
            wanted.append(key)
    if get(node, "spec.unschedulable"):
        wanted.append(UNSCHEDULABLE)
    present = [
        taint["key"]
        for taint in taints_of(node)
        if taint.get("effect") == "NoSchedule" and taint["key"] in OWN_NO_SCHEDULE
    ]
    return [key for key in wanted if key not in present], [key for key in present if key not in wanted]


def has_taint(node: Object, key: str, effect: str) -> bool:
    """Whether the node carries that taint."""
    return any(taint["key"] == key and taint.get("effect") == effect for taint in taints_of(node))


def with_taints(node: Object, keys: Sequence[str], now_ms: int, effect: str = "NoSchedule") -> Object:
    """The node with taints of these keys, added now; itself if it has them."""
    fresh = [
        {"key": key, "effect": effect, "timeAdded": timestamp(now_ms)}
        for key in keys
        if not has_taint(node, key, effect)
    ]
    return put(node, "spec.taints", [*taints_of(node), *fresh]) if fresh else node


def without_taints(node: Object, keys: Sequence[str], effect: str) -> Object:
    """The node without taints of these keys; itself if it has none of them."""
    left = [taint for taint in taints_of(node) if not (taint["key"] in keys and taint.get("effect") == effect)]
    if len(left) == len(taints_of(node)):
        return node
    spec = {field: value for field, value in node["spec"].items() if field != "taints"}
    return {**node, "spec": {**spec, "taints": left} if left else spec}


def is_tainted(node: Object) -> bool:
    """Whether the node carries a taint of this controller that evicts pods."""
    return has_taint(node, NOT_READY, "NoExecute") or has_taint(node, UNREACHABLE, "NoExecute")


def with_labels(node: Object) -> Object:
    """The node with the older labels that repeat the newer ones; itself if they do."""
    tags = labels(node)
    missing = {}
    for newer, (older, is_added) in REPEATED_LABELS.items():
        if newer in tags and tags.get(older) != tags[newer] and (is_added or older in tags):
            missing[older] = tags[newer]
    return put(node, "metadata.labels", {**tags, **missing}) if missing else node
