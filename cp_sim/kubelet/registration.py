"""How a kubelet makes itself known: the Node object, the mirrors of its static pods.

Source: `pkg/kubelet/kubelet_node_status.go` (registerWithAPIServer), `pkg/kubelet/pod/mirror_client.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.kubelet import spec as node_spec
from cp_sim.kubelet import staticpods
from cp_sim.kubelet.heartbeats import Heartbeats
from cp_sim.kubelet.messages import Again
from cp_sim.kubelet.node import HollowNode
from cp_sim.kubelet.work import RETRY_MS
from cp_sim.objects import meta

Object = dict[str, Any]


class Registration(Heartbeats):
    """The part of the actor that registers nodes."""

    def register(self, node: HollowNode) -> None:
        """Create the Node object, or find the one that is there."""
        now = self.loop.clock.timestamp()
        made = node_spec.node_object(node.spec, node.address, now, node.images)
        self.loop.record("register", f"nodes/{node.name}", "a kubelet has started", actor=f"kubelet/{node.name}")
        self.send(node, Call("create", "nodes", body=made), "registered")

    def registered(self, name: str, response: Response) -> None:
        """The Node object was created, or was there already."""
        node = self.nodes.get(name)
        if node is None:
            return
        if response.status == 409:
            self.send(node, Call("get", "nodes", name=name), "found")
        elif not response.ok:
            self.loop.after(RETRY_MS, self.name, Again(name, "register"), background=True)
        else:
            self._registered(node, response.body)
            for condition in ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID", "NodeReady"):
                self._event(node, condition, f"Node {node.name} status is now: {condition}")

    def found(self, name: str, response: Response) -> None:
        """A Node of that name was there before its kubelet: take it over."""
        node = self.nodes.get(name)
        if node is None:
            return
        if not response.ok:
            self.loop.after(RETRY_MS, self.name, Again(name, "register"), background=True)
            return
        self._registered(node, response.body)
        self._write_status(node, response.body, whole=True)

    def _registered(self, node: HollowNode, stored: Object) -> None:
        node.object, node.uid = stored, meta.uid(stored)
        self._event(node, "Starting", "Starting kubelet.")
        self._renew(node)
        components = node.spec.static_pods
        if components is None:
            components = staticpods.COMPONENTS if node.spec.control_plane else ()
        for component in components:
            self._mirror(node, component)
        self._look_at_pods(node)

    def _look_at_pods(self, node: HollowNode) -> None:
        for pod in self.pods.where("node", node.name):
            self.lifecycle.changed(node, pod)

    # -- static pods ---------------------------------------------------------------------------------------------------

    def _mirror(self, node: HollowNode, component: str) -> None:
        assert node.object is not None
        pod = staticpods.mirror_pod(component, node.object, node.address, self.loop.clock.timestamp())
        self.send(node, Call("create", "pods", "kube-system", body=pod), "mirrored")

    def mirrored(self, name: str, response: Response) -> None:
        """A mirror pod was written; one that could not be is tried again."""
        if not response.ok and response.status != 409:
            self.loop.after(RETRY_MS, self.name, Again(name, "mirror_again"), background=True)

    def mirror_again(self, node: HollowNode) -> None:
        """Write the mirror pods that are missing."""
        there = {meta.name(pod) for pod in self.pods.where("node", node.name)}
        for component in node.spec.static_pods or staticpods.COMPONENTS:
            if f"{component}-{node.name}" not in there:
                self._mirror(node, component)
