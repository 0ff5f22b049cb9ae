"""Signs of life: each kubelet renews its Lease every 10 s and posts its Node's status every 5 min.

One timer serves a tenth of the nodes, so that 5,000 nodes cost ten timers.

Source: `pkg/kubelet/kubelet_node_status.go` (nodeStatusReportFrequency), `k8s.io/component-helpers/apimachinery/lease`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.client import Component, Informers
from cp_sim.client.informer import by_node
from cp_sim.kubelet import spec as node_spec
from cp_sim.kubelet.behaviour import Rules
from cp_sim.kubelet.lifecycle import Lifecycle
from cp_sim.kubelet.messages import Again, Beat, PostReady
from cp_sim.kubelet.node import HollowNode
from cp_sim.objects import edit, meta
from cp_sim.sim.clock import micro_timestamp, timestamp

Object = dict[str, Any]

LEASE_PERIOD_MS = 10_000
STATUS_PERIOD_MS = 300_000
# How often a kubelet tries at once to renew its Lease or to post its status, and how long it then waits with the Lease:
# twice as long each time, up to the cap.  Source: nodeStatusUpdateRetry in pkg/kubelet/kubelet.go; maxUpdateRetries,
# maxBackoff in k8s.io/component-helpers/apimachinery/lease/controller.go.
TRIES = 5
LEASE_WAIT_MS, LEASE_WAIT_CAP_MS = 200, 7_000
BEATS = 10  # the nodes are spread over so many heartbeat timers

# A kubelet lists only its own pods, with a watch of its own. This one watch for all of them needs more rights.
SHARED_USER = "kubernetes-admin"


class Heartbeats(Component):
    """The part of the actor that keeps its nodes alive, and speaks in their names."""

    def __init__(self, name: str, rules: Rules, only: str = "") -> None:
        self.user = f"system:node:{only}" if only else SHARED_USER
        super().__init__(name, self.user)
        self.nodes: dict[str, HollowNode] = {}
        self.informers = Informers(self)
        self.pods = self.informers.of("pods").index("node", by_node).on_change(self, "pod_changed")
        if only:
            self.pods.options["fieldSelector"] = f"spec.nodeName={only}"
        self.lifecycle = Lifecycle(self, rules)
        self._beats: dict[int, dict[str, None]] = {}

    # -- in the name of a node ----------------------------------------------------------------------------------------

    def send(self, node: HollowNode, call: Call, then: str, context: Any = None) -> None:
        """Send a call as the kubelet of `node`."""
        if node.cut_off:
            return  # it is lost on the way; who is cut off catches up afterwards
        self.api.user = node.user
        self.api.send(call, then, node.name if context is None else context)
        self.api.user = self.user

    def emit(self, node: HollowNode, about: Object, type_: str, reason: str, message: str) -> None:
        """Write an Event as the kubelet of `node`."""
        if node.cut_off:
            return
        self.api.user = node.user
        node.recorder.emit(about, type_, reason, message)
        self.api.user = self.user

    def _event(self, node: HollowNode, reason: str, message: str) -> None:
        if self.lifecycle.rules.events:
            # The kubelet names its node by name alone: it may not know the uid yet.
            self.emit(node, {"kind": "Node", "name": node.name, "uid": node.name}, "Normal", reason, message)

    # -- heartbeats ---------------------------------------------------------------------------------------------------

    def _keep_alive(self, node: HollowNode) -> None:
        # The first full status is due within the second period, so that they do not all come at once.
        node.status_due_ms = self.loop.clock.now_ms + STATUS_PERIOD_MS + node.number * 137 % STATUS_PERIOD_MS
        number = node.number % BEATS
        beat = self._beats.setdefault(number, {})
        if not beat:
            self._await_beat(number)
        beat[node.name] = None

    def _let_die(self, node: HollowNode) -> None:
        self._beats[node.number % BEATS].pop(node.name, None)

    def _await_beat(self, number: int) -> None:
        now_ms = self.loop.clock.now_ms
        offset_ms = number * LEASE_PERIOD_MS // BEATS
        due_ms = (now_ms - offset_ms) // LEASE_PERIOD_MS * LEASE_PERIOD_MS + LEASE_PERIOD_MS + offset_ms
        self.loop.after(due_ms - now_ms, self.name, Beat(number), background=True)

    def _beat(self, number: int) -> None:
        self.loop.caused_by(None)
        beat = self._beats[number]
        if not beat:
            return
        for name in beat:
            node = self.nodes[name]
            if node.stopped or node.object is None:
                continue
            if not node.lease_wait_ms:
                self._renew(node)
            if self.loop.clock.now_ms >= node.status_due_ms:
                self._post_status(node)
        self._await_beat(number)

    def _renew(self, node: HollowNode) -> None:
        now = micro_timestamp(self.loop.clock.now_ms + node.ahead_ms)
        if node.lease is None:
            made = node_spec.lease_object(node.name, node.uid, now)
            call = Call("create", "leases.coordination.k8s.io", "kube-node-lease", body=made)
        else:
            renewed = edit.put(node.lease, "spec.renewTime", now)
            call = Call("update", "leases.coordination.k8s.io", "kube-node-lease", node.name, body=renewed)
        self.send(node, call, "renewed")

    def renewed(self, name: str, response: Response) -> None:
        """The Lease was written, or somebody else has changed or removed it, or nobody could be reached."""
        node = self.nodes.get(name)
        if node is None:
            return
        if response.ok:
            node.lease = response.body
            node.lease_tries = node.lease_wait_ms = 0
        elif response.status == 404:
            node.lease = None
            node.lease_wait_ms = 0
        elif response.status == 409:
            self.send(node, Call("get", "leases.coordination.k8s.io", "kube-node-lease", name), "renewed")
        else:
            node.status_due_ms = 0  # who knows what they think of this node meanwhile
            self._renew_again(node)

    def _renew_again(self, node: HollowNode) -> None:
        """Five tries at once, then one after 200 ms, and after twice as long each time, at most 7 s."""
        node.lease_tries += 1
        if node.lease is not None and node.lease_tries < TRIES:
            self._renew(node)
            return
        node.lease_wait_ms = min(node.lease_wait_ms * 2, LEASE_WAIT_CAP_MS) if node.lease_wait_ms else LEASE_WAIT_MS
        self.loop.after(node.lease_wait_ms, self.name, Again(node.name, "renew_again"), background=True)

    def renew_again(self, node: HollowNode) -> None:
        """The pause is over."""
        self._renew(node)

    def _post(self, message: PostReady) -> None:
        node = self.nodes.get(message.name)
        if node is None or node.stopped:
            return
        node.ready = (message.ready, message.reason, message.message)
        verb = "ready" if message.ready else "unready"
        self.loop.record(verb, f"nodes/{node.name}", message.message, actor=f"kubelet/{node.name}")
        self._post_status(node)

    def _post_status(self, node: HollowNode) -> None:
        """Write the Node's conditions, after a look at what the API server has."""
        node.status_due_ms = self.loop.clock.now_ms + STATUS_PERIOD_MS
        self.send(node, Call("get", "nodes", "", node.name), "looked")

    def looked(self, name: str, response: Response) -> None:
        """This is how the API server has the Node; a Node that was deleted is not made again."""
        node = self.nodes.get(name)
        if node is None or node.stopped:
            return
        if response.ok:
            node.object = response.body
            self._write_status(node, response.body)
        elif not response.status or response.status >= 500:
            self._post_again(node)

    def _post_again(self, node: HollowNode) -> None:
        """Five tries at once; then the next heartbeat tries again."""
        node.status_tries += 1
        if node.status_tries < TRIES:
            self._post_status(node)
        else:
            node.status_tries = node.status_due_ms = 0

    def _write_status(self, node: HollowNode, stored: Object, whole: bool = False) -> None:
        """Write the Node's conditions; `whole` writes the rest of its status, too."""
        now = timestamp(self.loop.clock.now_ms + node.ahead_ms)
        status: Object = {
            "conditions": node_spec.conditions(now, edit.get(stored, "status.conditions", []), *node.ready)
        }
        if whole:
            status = node_spec.node_object(node.spec, node.address, now, node.images)["status"] | status
        if meta.is_ready(stored) != node.ready[0]:
            reason = "NodeReady" if node.ready[0] else "NodeNotReady"
            self._event(node, reason, f"Node {node.name} status is now: {reason}")
        call = Call("patch", "nodes", "", node.name, "status", {"status": status}, {}, "strategic")
        self.send(node, call, "posted")

    def posted(self, name: str, response: Response) -> None:
        """The Node's status was written; if not, the next heartbeat tries again."""
        node = self.nodes.get(name)
        if node is None:
            return
        if response.ok:
            node.status_tries = 0
        elif not response.status or response.status >= 500:
            self._post_again(node)
        else:
            node.status_due_ms = 0
