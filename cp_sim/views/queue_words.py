"""What a pending pod waits for, in words: which change, until when, held by whom, promised which node.

*In Kubernetes:* nothing shows it; it is spread over the fields of `QueuedPodInfo` and the hints that plugins register.
"""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.queue.scheduling_queue import ACTIVE, BACKOFF, GATED, IN_FLIGHT, WAITING, QueuedPod
from cp_sim.sim import immutable
from cp_sim.views.facts import many

# change: what it is, in words and in as few as possible; those that happen most often first
CHANGES: dict[str, tuple[str, str]] = {
    "*": ("anything changes", "anything"),
    "pods/update-gates": ("its last gate is removed", "its gates"),
    "pods/delete": ("a pod leaves a node", "a pod leaving"),
    "nodes/add": ("a node is added", "a new node"),
    "nodes/update-taint": ("a node's taints change or it is uncordoned", "taints, uncordon"),
    "nodes/update-label": ("a node's labels change", "node labels"),
    "nodes/update-allocatable": ("a node's allocatable changes", "node capacity"),
    "pods/update-tolerations": ("the pod gets a toleration", "a toleration"),
    "pods/add": ("a pod comes to a node", "a pod coming"),
    "pods/update-label": ("a pod's labels change", "pod labels"),
    "pods/update-scale-down": ("a pod asks for less", "a pod asking less"),
    "pods/update": ("the pod is edited", "an edit"),
    "nodes/delete": ("a node goes", "a node going"),
    "nodes/update": ("a node changes", "a node changing"),
    "nodes/update-condition": ("a node's condition changes", "node condition"),
    "nodes/update-annotation": ("a node's annotations change", "node annotations"),
    "nodes/update-declared-features": ("a node declares other features", "node features"),
}
KINDS: dict[str, str] = {
    "persistentvolumeclaims": "a claim",
    "persistentvolumes": "a volume",
    "storageclasses": "a storage class",
    "csinodes": "a CSINode",
    "csidrivers": "a CSIDriver",
    "csistoragecapacities": "a CSIStorageCapacity",
    "services": "a Service",
    "namespaces": "a namespace",
}
VERBS = {"add": "is added", "update": "changes", "delete": "goes"}


@immutable
class Waiting:
    """One pod as the picture shows it: `place` is its column, `lines` what it waits for, `tries` its attempts; `short`
    is what is drawn where there is no room for `lines`.

    `since_ms` and `until_ms` are the ends of its back-off, 0 where it has none; `nominated` is the node promised to it.
    """

    key: str
    place: str
    tries: int
    lines: tuple[str, ...]
    since_ms: int = 0
    until_ms: int = 0
    nominated: str = ""
    short: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it in one line."""
        parts = [*self.lines, *([f"nominated to {self.nominated}"] if self.nominated else [])]
        return f"{self.key}: {'; '.join([many(self.tries, 'attempt'), *parts])}"


def moment(time_ms: int) -> str:
    """A moment to come, in whole seconds: `9s`, `5m30s`."""
    minutes, seconds = divmod(-(-time_ms // 1000), 60)
    return f"{minutes}m{seconds:02d}s" if minutes else f"{seconds}s"


def change(kind: str) -> str:
    """A kind of change in words."""
    if kind in CHANGES:
        return CHANGES[kind][0]
    thing, _, verb = kind.partition("/")
    return f"{KINDS.get(thing, thing)} {VERBS.get(verb.partition('-')[0], verb)}"


def all_changes(kinds: tuple[str, ...], short: bool = False) -> str:
    """Several kinds of change in words, each once."""
    ordered = sorted(kinds, key=lambda kind: list(CHANGES).index(kind) if kind in CHANGES else len(CHANGES))
    if short:
        return ", ".join(dict.fromkeys(CHANGES[kind][1] if kind in CHANGES else change(kind) for kind in ordered))
    words = list(dict.fromkeys(change(kind) for kind in ordered))
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}" if words else "time has passed"


def of_scheduler(scheduler: Any) -> dict[str, list[Waiting]]:
    """{place: pods there} of a scheduler's queue; `in flight` are those that have a node and are not bound yet."""
    queue, nominated = scheduler.queue, promises(scheduler.cache.nominated)
    found = {
        place: [of_pod(queue, one, place, turn, nominated) for turn, one in enumerate(queue.listed(place), 1)]
        for place in (GATED, ACTIVE, WAITING, BACKOFF)
    }
    found[IN_FLIGHT] = on_their_way(scheduler)
    return found


def promises(nominated: dict[str, dict[str, Any]]) -> dict[str, str]:
    """{uid: node} of the pods that a node is promised to."""
    return {uid: node for node, pods in nominated.items() for uid in pods}


def of_pod(queue: Any, one: QueuedPod, place: str, turn: int, nominated: dict[str, str]) -> Waiting:
    """A pod in the queue."""
    key, tries, promised = one.pod.key, one.attempts, nominated.get(one.pod.uid, "")
    if place == GATED:
        return Waiting(key, place, tries, (held(one),), nominated=promised)
    if place == BACKOFF:
        why = "after an error" if one.errors else "after an attempt"
        lines = (f"{why}, again at {moment(one.backoff_until_ms)}",)
        return Waiting(key, place, tries, lines, one.time_ms, one.backoff_until_ms, promised)
    if place == WAITING:
        by = f"rejected by {', '.join(one.rejectors)}"
        until = f"anyway at {moment(queue.flush_ms(one))}"
        kinds = queue.waits_for(one)
        short = (by, f"waits for {all_changes(kinds, short=True)}", until)
        return Waiting(key, place, tries, (by, f"until {all_changes(kinds)}", until), nominated=promised, short=short)
    words = "is tried next" if turn == 1 else f"number {turn} in turn"
    return Waiting(key, place, tries, (words,), nominated=promised)


def held(one: QueuedPod) -> str:
    """What holds a gated pod back."""
    if one.gate is not None and one.gate.plugin == "SchedulingGates":
        names = ", ".join(one.pod.gates)
        return f"gate {names}" if len(one.pod.gates) == 1 else f"gates {names}"
    return str(one.gate.reason) if one.gate is not None else "held back"


def on_their_way(scheduler: Any) -> list[Waiting]:
    """The pods that have a node and are not bound yet: waiting for Permit plugins, preparing, being bound."""
    found = []
    for uid, pod in scheduler.cache.assumed.items():
        node = scheduler.cache.node_of.get(uid, "")
        waiting = scheduler.waiting_pods.get(uid)
        if waiting is not None:
            permits = ", ".join(f"{name} until {moment(at)}" for name, at in waiting.pending.items())
            lines: tuple[str, ...] = (f"has {node}", f"waits for the word of {permits}")
            found.append(Waiting(pod.key, IN_FLIGHT, waiting.placed.one.attempts, lines))
            continue
        preparing = scheduler.binding.preparing.get(uid)
        doing = (
            f"{preparing.work[0].name} prepares it" if preparing is not None and preparing.work else "is being bound"
        )
        found.append(
            Waiting(pod.key, IN_FLIGHT, 1 if preparing is None else preparing.one.attempts, (f"has {node}", doing))
        )
    return found
