"""Machines and what becomes of them: they join, are switched off and boot, lose their network, are taken away.

Source: `pkg/kubelet/kubelet.go` (what a kubelet does with the pods it finds when it starts),
`pkg/kubelet/pod_workers.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.kubelet import staticpods
from cp_sim.kubelet.messages import CutOff, Join, JumpClock, Leave, PowerOff, PowerOn, Start, StaticPod, Stop
from cp_sim.kubelet.node import HollowNode
from cp_sim.kubelet.registration import Registration
from cp_sim.objects import meta

Object = dict[str, Any]


class Machines(Registration):
    """The part of the actor that has the machines in hand."""

    _numbers = 0  # of the machines so far; addresses are made from them

    def machine(self, message: Any) -> bool:
        """Do what whoever has the machines in hand says; returns whether the message was such a thing."""
        match message:
            case Join():
                self._join(message)
            case Leave(name):
                self._leave(name)
            case Stop(name):
                if name in self.nodes:
                    self.nodes[name].stopped = True
            case Start(name):
                self._restart(name)
            case PowerOff(name):
                self._power_off(name)
            case PowerOn(name):
                self._power_on(name)
            case CutOff(name, off):
                self._cut(name, off)
            case JumpClock(name, by_ms):
                if name in self.nodes:
                    self.nodes[name].ahead_ms += by_ms
            case StaticPod():
                self._static_pod(message)
            case _:
                return False
        return True

    def _join(self, message: Join) -> None:
        spec = message.spec
        if spec.name in self.nodes:
            return
        self._numbers = message.number or self._numbers + 1
        node = self.nodes[spec.name] = HollowNode(spec, self._numbers, self.api)
        self._keep_alive(node)
        self.register(node)

    def _leave(self, name: str) -> None:
        node = self.nodes.pop(name, None)
        if node is None:
            return
        self._let_die(node)
        for run in list(node.pods.values()):
            self.lifecycle.drop(node, run)

    def _restart(self, name: str) -> None:
        node = self.nodes.get(name)
        if node is None or not node.stopped or node.off:
            return
        node.stopped = False
        node.lease_wait_ms = 0
        overdue, node.overdue = node.overdue, []
        self.register(node)
        for timer in overdue:
            self.lifecycle.due(node, timer)
        self._catch_up(node)

    def _catch_up(self, node: HollowNode) -> None:
        """Bring what runs here into line with the pods that the API server has bound to the node."""
        known = {meta.uid(pod) for pod in self.pods.where("node", node.name)}
        for run in [run for run in node.pods.values() if run.uid not in known]:
            self.lifecycle.drop(node, run)
        self._look_at_pods(node)

    # -- power and network ----------------------------------------------------------------------------------------

    def _power_off(self, name: str) -> None:
        """All processes of the machine are gone, containers and kubelet; what is on its disk stays."""
        node = self.nodes.get(name)
        if node is None or node.off:
            return
        node.stopped = node.off = True
        node.overdue.clear()
        for run in node.pods.values():
            self.lifecycle.killed(node, run)

    def _power_on(self, name: str) -> None:
        """The kubelet starts: it finds pods without a living container, and makes their containers anew."""
        node = self.nodes.get(name)
        if node is None or not node.off:
            return
        node.stopped = node.off = False
        node.lease = None
        node.lease_wait_ms = 0
        self.register(node)
        for run in list(node.pods.values()):
            self.lifecycle.revive(node, run)
        self._catch_up(node)

    def _cut(self, name: str, off: bool) -> None:
        """The kubelet works on without hearing of the API server or being heard; afterwards it catches up."""
        node = self.nodes.get(name)
        if node is None or node.cut_off == off:
            return
        node.cut_off = off
        if not off and not node.stopped:
            node.status_due_ms = node.lease_wait_ms = 0
            self._renew(node)
            for run in node.pods.values():
                self.lifecycle.report(node, run)
            self._catch_up(node)

    # -- processes behind static pods --------------------------------------------------------------------------------

    def _static_pod(self, message: StaticPod) -> None:
        """The process of a static pod has started or ended: its mirror shall say so."""
        node = self.nodes.get(message.node)
        if node is None:
            return
        node.static[message.component] = message
        for run in node.pods.values():
            if staticpods.is_mirror(run.pod) and meta.labels(run.pod).get("component") == message.component:
                self.lifecycle.follow_process(node, run)
                if not node.stopped:
                    self.lifecycle.report(node, run)
                return
