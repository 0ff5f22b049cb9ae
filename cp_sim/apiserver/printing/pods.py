"""The row of a pod: the famous STATUS column is worked out from container states.

*In Kubernetes:* `printPod` in `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.printing.text import NONE, age, human_duration
from cp_sim.sim.clock import parse_timestamp

Object = dict[str, Any]


def pod(obj: Object, now_ms: int) -> list[Any]:
    """Name, Ready, Status, Restarts, Age, IP, Node, Nominated Node, Readiness Gates."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    reason, ready, total, restarts = summary(obj, now_ms)
    gates = spec.get("readinessGates") or []
    true = {one["type"] for one in status.get("conditions") or () if one.get("status") == "True"}
    met = sum(1 for gate in gates if gate.get("conditionType") in true)
    ips = status.get("podIPs") or []
    return [
        obj["metadata"]["name"],
        f"{ready}/{total}",
        reason,
        restarts,
        age(obj["metadata"].get("creationTimestamp"), now_ms),
        (ips[0].get("ip") if ips else status.get("podIP")) or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        f"{met}/{len(gates)}" if gates else NONE,
    ]


def summary(obj: Object, now_ms: int) -> tuple[str, int, int, str]:
    """(reason, ready containers, containers, restarts as text)."""
    spec, status, metadata = obj.get("spec") or {}, obj.get("status") or {}, obj["metadata"]
    inits = spec.get("initContainers") or []
    sidecars = {one.get("name") for one in inits if one.get("restartPolicy") == "Always"}
    total = len(spec.get("containers") or ()) + len(sidecars)
    reason = status.get("reason") or status.get("phase") or ""
    for condition in status.get("conditions") or ():
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "SchedulingGated":
            reason = "SchedulingGated"
    restarts = sidecar_restarts = ready = 0
    last = last_sidecar = 0
    initializing = False
    for place, container in enumerate(status.get("initContainerStatuses") or ()):
        restarts += container.get("restartCount") or 0
        last = max(last, _finished_last(container))
        state = container.get("state") or {}
        sidecar = container.get("name") in sidecars
        if sidecar:
            sidecar_restarts += container.get("restartCount") or 0
            last_sidecar = max(last_sidecar, _finished_last(container))
        terminated, waiting = state.get("terminated"), state.get("waiting")
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if sidecar and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        if terminated is not None:
            reason = "Init:" + _ended(terminated)
        elif waiting is not None and waiting.get("reason") and waiting["reason"] != "PodInitializing":
            reason = "Init:" + waiting["reason"]
        else:
            reason = f"Init:{place}/{len(inits)}"
        initializing = True
        break
    if not initializing or _initialized(status):
        restarts, last = sidecar_restarts, last_sidecar
        running = False
        for container in reversed(status.get("containerStatuses") or []):
            restarts += container.get("restartCount") or 0
            last = max(last, _finished_last(container))
            state = container.get("state") or {}
            waiting, terminated = state.get("waiting"), state.get("terminated")
            if waiting is not None and waiting.get("reason"):
                reason = waiting["reason"]
            elif terminated is not None:
                reason = _ended(terminated)
            elif container.get("ready") and state.get("running") is not None:
                running = True
                ready += 1
        if reason == "Completed" and running:
            reason = "Running" if _is_ready(status) else "NotReady"
    if metadata.get("deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif status.get("phase") not in ("Failed", "Succeeded"):
            reason = "Terminating"
    text = str(restarts)
    if restarts and last:
        text = f"{restarts} ({human_duration(now_ms - last)} ago)"
    return reason, ready, total, text


def _ended(terminated: Object) -> str:
    if terminated.get("reason"):
        return str(terminated["reason"])
    if terminated.get("signal"):
        return f"Signal:{terminated['signal']}"
    return f"ExitCode:{terminated.get('exitCode', 0)}"


def _finished_last(container: Object) -> int:
    terminated = (container.get("lastState") or {}).get("terminated")
    finished = (terminated or {}).get("finishedAt")
    return parse_timestamp(finished) if finished else 0


def _initialized(status: Object) -> bool:
    for condition in status.get("conditions") or ():
        if condition.get("type") == "Initialized":
            return bool(condition.get("status") == "True")
    return False


def _is_ready(status: Object) -> bool:
    return any(one.get("type") == "Ready" and one.get("status") == "True" for one in status.get("conditions") or ())


def row_conditions(obj: Object) -> list[Object] | None:
    """What a row says beside its cells about a pod that is over."""
    phase = (obj.get("status") or {}).get("phase")
    if phase == "Succeeded":
        return [_completed("Succeeded", "The pod has completed successfully.")]
    if phase == "Failed":
        return [_completed("Failed", "The pod failed.")]
    return None


def _completed(reason: str, message: str) -> Object:
    return {"type": "Completed", "status": "True", "reason": reason, "message": message}


CELLS = {"pods": pod}
