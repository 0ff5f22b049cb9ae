"""What views ask of objects: the state of a pod in one word and one sign, a node's room, a workload's name."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from cp_sim.apiserver.request import ApiError
from cp_sim.objects import meta
from cp_sim.objects.kinds import UnknownKind
from cp_sim.objects.quantity import QuantityError, milli, value

Object = dict[str, Any]

CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"
UNSCHEDULABLE_TAINT = "node.kubernetes.io/unschedulable"


class World(Protocol):
    """What a view may ask: a cluster, or its past at a revision."""

    def get(self, what: str, namespace: str = "default") -> Any:
        """Objects of a kind, `namespace="*"` for all of them."""


def listed(world: Any, resource: str) -> list[Object]:
    """The objects of a kind in all namespaces, in order of their keys; empty if the kind is not served."""
    try:
        found = world.get(resource, namespace="*")
    except (ApiError, UnknownKind):
        return []
    return sorted(found or [], key=meta.key)


# -- pods -----------------------------------------------------------------------------------------------------------

# status: (sign, colour); the sign says the same as the colour.
SIGNS: dict[str, tuple[str, str]] = {
    "Running": ("●", "green"),
    "NotReady": ("◑", "amber"),
    "Pending": ("○", "amber"),
    "ContainerCreating": ("◔", "sky"),
    "Succeeded": ("✓", "grey"),
    "Completed": ("✓", "grey"),
    "Failed": ("✕", "red"),
    "Terminating": ("⊖", "grey"),
    "Unknown": ("?", "red"),
    "SchedulingGated": ("‖", "grey"),
}


def pod_status(pod: Object) -> str:
    """The state of a pod in one word, much as the STATUS column of `kubectl get pods` has it.

    A running pod whose condition `Ready` is not true is called `NotReady` here: kubectl shows it in the column READY.
    """
    status = pod.get("status") or {}
    if meta.is_deleting(pod):
        return "Unknown" if status.get("reason") == "NodeLost" else "Terminating"
    if status.get("reason"):
        return str(status["reason"])
    for container in status.get("containerStatuses") or ():
        state = container.get("state") or {}
        for part in ("waiting", "terminated"):
            reason = (state.get(part) or {}).get("reason")
            if reason:
                return str(reason)
    phase = meta.phase(pod) or "Pending"
    if phase == "Running" and not meta.is_ready(pod):
        return "NotReady"
    if phase == "Pending" and not meta.node_name(pod):
        scheduled = meta.condition(pod, "PodScheduled") or {}
        if scheduled.get("reason") == "SchedulingGated":
            return "SchedulingGated"
    if phase == "Pending" and meta.node_name(pod):
        return "ContainerCreating"
    return phase


def sign_of(status: str) -> tuple[str, str]:
    """(sign, colour) of a pod's state; what is not known is trouble."""
    return SIGNS.get(status, ("▲", "red"))


def pod_problem(pod: Object) -> str:
    """Why an unscheduled pod waits, in the scheduler's words; empty if nobody said so."""
    condition = meta.condition(pod, "PodScheduled") or {}
    return str(condition.get("message") or "") if condition.get("status") == "False" else ""


def workload(pod: Object) -> str:
    """The name of what a person would call the pod's controller: the Deployment behind its ReplicaSet, or the
    owner itself.
    """
    owner = meta.controller_of(pod)
    if owner is None:
        return ""
    name = str(owner.get("name", ""))
    template = meta.labels(pod).get("pod-template-hash")
    if owner.get("kind") == "ReplicaSet" and template and name.endswith("-" + template):
        return name[: -len(template) - 1]
    return name


def short_name(pod: Object) -> str:
    """A pod's name without the hash of its template: `web-…x2x7k`."""
    name, owner = meta.name(pod), workload(pod)
    template = meta.labels(pod).get("pod-template-hash")
    if owner and template and name.startswith(f"{owner}-{template}-"):
        return f"{owner}-…{name.rpartition('-')[2]}"
    return name


def containers(pod: Object) -> list[Object]:
    """The containers of a pod."""
    return (pod.get("spec") or {}).get("containers") or []


def pod_requests(pod: Object) -> tuple[int, int]:
    """(cpu_milli, memory_bytes) that a pod requests: the sum over containers, at least its largest init container."""
    cpu_milli = memory_bytes = 0
    for container in containers(pod):
        cpu, memory = _requests(container)
        cpu_milli, memory_bytes = cpu_milli + cpu, memory_bytes + memory
    for container in (pod.get("spec") or {}).get("initContainers") or ():
        cpu, memory = _requests(container)
        cpu_milli, memory_bytes = max(cpu_milli, cpu), max(memory_bytes, memory)
    return cpu_milli, memory_bytes


def _requests(container: Object) -> tuple[int, int]:
    requests = (container.get("resources") or {}).get("requests") or {}
    return amount(milli, requests.get("cpu")), amount(value, requests.get("memory"))


def amount(read: Any, text: Any) -> int:
    """A quantity read by `milli` or `value`; 0 if there is none."""
    try:
        return int(read(text)) if text is not None else 0
    except (QuantityError, ValueError):
        return 0


# -- nodes ----------------------------------------------------------------------------------------------------------


def is_control_plane(node: Object) -> bool:
    """Whether a node carries the control plane's role label."""
    return CONTROL_PLANE_LABEL in meta.labels(node)


def taints(node: Object) -> list[Object]:
    """`spec.taints`, empty if there are none.  Read only."""
    return (node.get("spec") or {}).get("taints") or []


def taint_text(taint: Object) -> str:
    """A taint as `kubectl taint` writes it: `key=value:Effect`."""
    shown = f"={taint['value']}" if taint.get("value") else ""
    return f"{taint.get('key', '')}{shown}:{taint.get('effect', '')}"


def is_cordoned(node: Object) -> bool:
    """Whether `spec.unschedulable` is set."""
    return bool((node.get("spec") or {}).get("unschedulable"))


def node_status(node: Object) -> str:
    """As the STATUS column of `kubectl get nodes`: `Ready`, `NotReady`, `Unknown`, with `,SchedulingDisabled` if
    cordoned.
    """
    ready = meta.condition(node, "Ready") or {}
    word = {"True": "Ready", "Unknown": "Unknown"}.get(str(ready.get("status")), "NotReady")
    return word + (",SchedulingDisabled" if is_cordoned(node) else "")


def allocatable(node: Object) -> tuple[int, int, int]:
    """(cpu_milli, memory_bytes, pods) that a node offers."""
    offered = (node.get("status") or {}).get("allocatable") or (node.get("status") or {}).get("capacity") or {}
    return amount(milli, offered.get("cpu")), amount(value, offered.get("memory")), amount(value, offered.get("pods"))


def tolerates(pod: Object, taint: Object) -> Object | None:
    """The first toleration of a pod that matches a taint, or None.

    *In Kubernetes:* `Toleration.ToleratesTaint` in k8s.io/api/core/v1.
    """
    for toleration in (pod.get("spec") or {}).get("tolerations") or ():
        if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
            continue
        if toleration.get("key") and toleration["key"] != taint.get("key"):
            continue
        operator = toleration.get("operator") or "Equal"
        if operator == "Exists" or (
            operator == "Equal"
            and toleration.get("key")
            and (toleration.get("value") or "") == (taint.get("value") or "")
        ):
            return toleration
    return None


# -- words ----------------------------------------------------------------------------------------------------------


def cpu_text(cpu_milli: int) -> str:
    """CPU as people write it: `250m`, `4`."""
    return str(cpu_milli // 1000) if cpu_milli % 1000 == 0 else f"{cpu_milli}m"


def memory_text(memory_bytes: int) -> str:
    """Memory in the largest binary unit that reads well: `64Mi`, `7.5Gi`."""
    for unit, size in (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10)):
        if memory_bytes >= size:
            return f"{memory_bytes / size:.1f}".removesuffix(".0") + unit
    return str(memory_bytes)


def many(count: int, noun: str) -> str:
    """`1 pod`, `2 pods`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def table(rows: Iterable[Iterable[Any]], indent: str = "") -> str:
    """Rows of cells as text, columns padded; the first row is the head."""
    cells = [[str(cell) for cell in row] for row in rows]
    if not cells:
        return ""
    widths = [max(len(row[place]) if place < len(row) else 0 for row in cells) for place in range(len(cells[0]))]
    lines = ("   ".join(cell.ljust(wide) for cell, wide in zip(row, widths)).rstrip() for row in cells)
    return "\n".join(indent + line for line in lines)


def time_of(world: Any) -> int:
    """The virtual time of a cluster, or of its past, in milliseconds."""
    clock = getattr(world, "clock", None)
    return int(clock.now_ms) if clock is not None else int(getattr(world, "time_ms", 0))


def revision_of(world: Any) -> int:
    """The store's revision that a cluster, or its past, is at."""
    return int(getattr(world, "revision", 0) or 0)


def seconds(time_ms: int) -> str:
    """A moment as people read it: `0.042s`, `12.500s`, `5m03.000s`."""
    minutes, rest = divmod(time_ms, 60_000)
    return f"{minutes}m{rest / 1000:06.3f}s" if minutes else f"{rest / 1000:.3f}s"


def subject_of(obj: Object, plural: str) -> str:
    """The subject of records about an object, which is also the id of its box: `pods/default/web-1`."""
    return f"{plural}/{meta.key(obj)}"
