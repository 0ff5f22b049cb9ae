"""Pods that nobody else cleans up: too many finished ones, those of nodes that are gone, those that never got a node.

*In Kubernetes:* `pod-garbage-collector-controller`, `pkg/controller/podgc/gc_controller.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informer, Informers, by_node
from cp_sim.client.plan import NOTHING, Action, Delete, Patch, Plan
from cp_sim.controller_manager.times import at_ms, timestamp
from cp_sim.objects.edit import get
from cp_sim.objects.meta import is_deleting, is_finished, is_ready, key, name, namespace, node_name, uid
from cp_sim.sim import immutable

Object = dict[str, Any]

PERIOD_MS = 20_000
QUARANTINE_MS = 40_000
TERMINATED_THRESHOLD = 12_500
OUT_OF_SERVICE = "node.kubernetes.io/out-of-service"


def surplus(finished: Sequence[Object], threshold: int) -> list[Object]:
    """The oldest finished pods beyond the threshold."""
    count = len(finished) - threshold
    if threshold <= 0 or count <= 0:
        return []
    return sorted(finished, key=_age)[:count]


def _age(pod: Object) -> tuple[int, str]:
    return at_ms(pod["metadata"].get("creationTimestamp")) or 0, key(pod)


def remove(pod: Object, because: str, now_ms: int, disrupted: bool = False) -> Plan:
    """Delete a pod at once; one that has not finished is first said to have failed."""
    actions: list[Action] = []
    if not is_finished(pod):
        status: Object = {"phase": "Failed"}
        if disrupted:
            entry = {
                "type": "DisruptionTarget",
                "status": "True",
                "lastTransitionTime": timestamp(now_ms),
                "reason": "DeletionByPodGC",
                "message": "PodGC: node no longer exists",
            }
            status["conditions"] = [entry]
        patch = {"status": status}
        actions.append(Patch("pods", namespace(pod), name(pod), patch, subresource="status", because=because))
    actions.append(Delete("pods", namespace(pod), name(pod), uid(pod), grace_s=0, because=because))
    return Plan(tuple(actions), because)


def finished(pod: Object) -> Iterable[str]:
    """Index of pods: under `finished` those that have run to their end."""
    return ("finished",) if is_finished(pod) else ()


def unscheduled_terminating(pod: Object) -> Iterable[str]:
    """Index of pods: under `yes` those that are being deleted and never got a node."""
    return ("yes",) if is_deleting(pod) and not node_name(pod) else ()


@immutable
class Collect:
    """Time to look for pods to collect."""


class PodGarbageCollector(Controller):
    """Looks every 20 s for pods that nobody else will ever remove.

    *In Kubernetes:* `pod-garbage-collector-controller` in kube-controller-manager; flag
    `--terminated-pod-gc-threshold` (12500).
    """

    resource = "pods"

    def __init__(self, informers: Informers, threshold: int = TERMINATED_THRESHOLD) -> None:
        super().__init__(
            "pod-garbage-collector-controller", informers, "system:serviceaccount:kube-system:pod-garbage-collector"
        )
        self.threshold = threshold
        self.missing: dict[str, int] = {}  # node -> since when it is known to be gone
        self.knows_missing = False  # whether the pods that were there at the start were asked for their nodes
        self.reasons: dict[str, tuple[str, bool]] = {}  # pod -> (why it goes, whether its node is gone)

    def setup(self) -> None:
        self.pods: Informer = (
            self.informers.of("pods")
            .index("node", by_node)
            .index("finished", finished)
            .index("unscheduled terminating", unscheduled_terminating)
        )
        self.pods.on_change(self, "pod_changed")
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")
        self.loop.after(PERIOD_MS, self.name, Collect(), background=True)

    def pod_changed(self, change: str, old: Object | None, new: Object) -> None:
        """Remember nodes that pods name and that are not there."""
        node = node_name(new)
        if change != "DELETED" and node and node not in self.missing and (old is None or node_name(old) != node):
            if self.informers.synced and self.nodes.get(node) is None:
                self.missing[node] = self._next_pass_ms()

    def node_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """Remember nodes that went."""
        if change == "DELETED":
            self.missing[name(new)] = self._next_pass_ms()
        else:
            self.missing.pop(name(new), None)

    def _find_missing(self) -> None:
        """Nodes that went before this process began: only the pods tell of them."""
        if self.knows_missing or not self.informers.synced:
            return
        self.knows_missing = True
        for pod in self.pods.list():
            node = node_name(pod)
            if node and node not in self.missing and self.nodes.get(node) is None:
                self.missing[node] = self.loop.clock.now_ms

    def _next_pass_ms(self) -> int:
        """A pass first discovers a missing node, and the quarantine begins then."""
        now_ms = self.loop.clock.now_ms
        return now_ms + PERIOD_MS - now_ms % PERIOD_MS

    def notice(self, message: Any) -> None:
        if isinstance(message, Collect):
            self._collect()
            self.loop.after(PERIOD_MS, self.name, message, background=True)
        else:
            super().notice(message)

    def _collect(self) -> None:
        self._find_missing()
        for pod in surplus(self.pods.where("finished", "finished"), self.threshold):
            self._take(pod, f"there are more than {self.threshold} finished pods, and this is one of the oldest", False)
        self._collect_out_of_service()
        now_ms = self.loop.clock.now_ms
        for node, since_ms in list(self.missing.items()):
            pods = self.pods.where("node", node)
            if not pods:
                del self.missing[node]
            elif since_ms + QUARANTINE_MS <= now_ms:
                for pod in pods:
                    self._take(pod, f"its node {node} does not exist any more", True)
        for pod in self.pods.where("unscheduled terminating", "yes"):
            self._take(pod, "it is being deleted and never had a node whose kubelet could end it", False)

    def _collect_out_of_service(self) -> None:
        for node in self.nodes.list():
            if is_ready(node) or not any(taint["key"] == OUT_OF_SERVICE for taint in get(node, "spec.taints") or ()):
                continue
            for pod in self.pods.where("node", name(node)):
                if is_deleting(pod):
                    self._take(pod, f"its node {name(node)} is out of service", False)

    def _take(self, pod: Object, because: str, disrupted: bool) -> None:
        self.reasons[key(pod)] = (because, disrupted)
        self.enqueue(key(pod))

    def reconcile(self, key_: str) -> Plan:
        pod = self.pods.get(key_)
        reason = self.reasons.pop(key_, None)
        if pod is None or reason is None:
            return NOTHING
        return remove(pod, reason[0], self.loop.clock.now_ms, reason[1])
