"""The actor `taint-eviction-controller`: one alarm clock for each pod on a tainted node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers, by_node
from cp_sim.client.plan import NOTHING, Plan
from cp_sim.controller_manager.tainteviction import evict, evicting_taints, stays_ms
from cp_sim.objects.edit import get
from cp_sim.objects.meta import key, name, namespace, node_name
from cp_sim.sim import Timer, immutable

Object = dict[str, Any]


@immutable
class TimeIsUp:
    """The time that a pod may stay on its tainted node is over."""

    pod: str


@dataclass(slots=True)
class Alarm:
    """When a pod has to go, and since when that is known."""

    since_ms: int
    due_ms: int
    timer: Timer | None


class TaintEvictionController(Controller):
    """Deletes pods from nodes whose NoExecute taints they do not tolerate, after as long as they tolerate them.

    *In Kubernetes:* `taint-eviction-controller` in kube-controller-manager.
    """

    resource = "pods"

    def __init__(self, informers: Informers) -> None:
        super().__init__("taint-eviction-controller", informers, "system:serviceaccount:kube-system:node-controller")
        self.alarms: dict[str, Alarm] = {}

    def setup(self) -> None:
        self.pods = self.informers.of("pods").index("node", by_node).on_change(self, "pod_changed")
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")

    def notice(self, message: Any) -> None:
        if isinstance(message, TimeIsUp):
            self.enqueue(message.pod)
        else:
            super().notice(message)

    def node_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A Node's taints have changed: each pod on it gets, keeps or loses its alarm."""
        before = evicting_taints(old) if old is not None else []
        now = [] if change == "DELETED" else evicting_taints(new)
        if before != now:
            for pod in self.pods.where("node", name(new)):
                self._judge(pod, now)

    def pod_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A pod came to a node, changed its tolerations, or went."""
        if change == "DELETED":
            self._cancel(new, tell=False)
            return
        if old is not None and node_name(old) == node_name(new):
            if get(old, "spec.tolerations") == get(new, "spec.tolerations"):
                return
        node = self.nodes.get(node_name(new)) if node_name(new) else None
        if node is not None and (taints := evicting_taints(node)):
            self._judge(new, taints)

    def _judge(self, pod: Object, taints: list[Object]) -> None:
        limit_ms = stays_ms(taints, get(pod, "spec.tolerations") or ()) if taints else None
        if limit_ms is None:
            self._cancel(pod, tell=True)
            return
        now_ms = self.loop.clock.now_ms
        alarm = self.alarms.get(key(pod))
        since_ms = alarm.since_ms if alarm is not None else now_ms
        if limit_ms == 0:
            self._cancel(pod, tell=True)
            self.alarms[key(pod)] = Alarm(now_ms, now_ms, None)
            self.enqueue(key(pod))
            return
        if alarm is not None and alarm.due_ms <= since_ms + limit_ms:
            return
        self._cancel(pod, tell=False)
        due_ms = since_ms + limit_ms
        timer = self.loop.after(due_ms - now_ms, self.name, TimeIsUp(key(pod)), background=True)
        self.alarms[key(pod)] = Alarm(since_ms, due_ms, timer)

    def _cancel(self, pod: Object, tell: bool) -> None:
        alarm = self.alarms.pop(key(pod), None)
        if alarm is None:
            return
        is_set = alarm.timer is not None and alarm.timer.pending
        if alarm.timer is not None:
            self.loop.cancel(alarm.timer)
        if tell and is_set:
            text = f"Cancelling deletion of Pod {namespace(pod)}/{name(pod)}"
            self.recorder.emit(pod, "Normal", "TaintManagerEviction", text)

    def reconcile(self, key_: str) -> Plan:
        pod, alarm = self.pods.get(key_), self.alarms.get(key_)
        if pod is None or alarm is None or alarm.due_ms > self.loop.clock.now_ms:
            return NOTHING
        node = self.nodes.get(node_name(pod))
        taints = evicting_taints(node) if node is not None else []
        return evict(pod, taints, self.loop.clock.now_ms)
