"""The actor `kubelets`: all kubelets of the cluster in one, each node's state as plain data.

What wakes it: changes of pods (one cache of all pods, indexed by node), timers of containers, one timer per second
of ten for the heartbeats of everybody. Its records carry the single kubelet's name, `kubelet/worker-1`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.client import Component, Informers
from cp_sim.client.informer import Relist, by_node
from cp_sim.kubelet import spec as node_spec
from cp_sim.kubelet import staticpods
from cp_sim.kubelet.behaviour import LESSONS, Rules
from cp_sim.kubelet.lifecycle import Lifecycle, PodTimer
from cp_sim.kubelet.node import HollowNode
from cp_sim.kubelet.podrun import MAIN, RUNNING, PodRun
from cp_sim.kubelet.spec import NodeSpec
from cp_sim.objects import edit, meta
from cp_sim.sim import immutable

Object = dict[str, Any]

# Source: KubeletConfiguration (nodeStatusReportFrequency) and pkg/kubelet/kubelet.go (a quarter of the lease's 40 s).
LEASE_PERIOD_MS = 10_000
STATUS_PERIOD_MS = 300_000
# Kubelets list only their own pods, each with a watch of its own. This one watch for all of them needs more rights.
SHARED_USER = "kubernetes-admin"
BEATS = 10  # the nodes are spread over so many heartbeat timers
RETRY_MS = 1_000


@immutable
class Join:
    """A machine was started."""

    spec: NodeSpec


@immutable
class Leave:
    """A machine is gone."""

    name: str


@immutable
class Stop:
    """The kubelet of a node stops; its containers go on, nobody looks after them."""

    name: str


@immutable
class Start:
    """The kubelet of a node works again."""

    name: str


@immutable
class PostReady:
    """The kubelet of a node finds its node (not) ready."""

    name: str
    ready: bool
    reason: str
    message: str


@immutable
class Probe:
    """The readiness probes of a pod (`namespace/name`) begin to succeed or to fail."""

    pod: str
    ready: bool


@immutable
class Finish:
    """The containers of a pod (`namespace/name`) end by themselves."""

    pod: str
    exit_code: int


@immutable
class Beat:
    """The timer message for the heartbeats of one tenth of the nodes."""

    number: int


@immutable
class Again:
    """The timer message that says that a kubelet tries `method` once more."""

    name: str
    method: str


class Kubelets(Component):
    """Hollow nodes: they register, send heartbeats and run pods, all but the containers themselves.

    *In Kubernetes:* one kubelet process per node (as in kubemark). *Simplified:* container behaviour comes from
    `behaviour.py`; no volumes, no probes, no eviction by pressure, no logs or exec.
    """

    def __init__(self, name: str = "kubelets", rules: Rules = LESSONS) -> None:
        super().__init__(name, SHARED_USER)
        self.nodes: dict[str, HollowNode] = {}
        self.informers = Informers(self)
        self.pods = self.informers.of("pods").index("node", by_node).on_change(self, "pod_changed")
        self.lifecycle = Lifecycle(self, rules)
        self._numbers = 0
        self._beats: dict[int, dict[str, None]] = {}

    # -- what others do to machines -------------------------------------------------------------------------------

    def add(self, spec: NodeSpec) -> None:
        """Start a kubelet on a machine; it registers its Node."""
        self._tell(Join(spec))

    def remove(self, name: str) -> None:
        """The machine is gone, with everything that ran on it; its Node object is somebody else's to remove."""
        self._tell(Leave(name))

    def stop(self, name: str) -> None:
        """Stop the kubelet of a node: no more heartbeats and no more pod work."""
        self._tell(Stop(name))

    def start(self, name: str) -> None:
        """Let a stopped kubelet work again."""
        self._tell(Start(name))

    def post_ready(self, name: str, ready: bool = True, reason: str = "", message: str = "") -> None:
        """Let the kubelet of a node post that it is ready, or not and why."""
        default = ("KubeletNotReady", "container runtime network not ready")
        self._tell(PostReady(name, ready, reason or default[0], message or default[1]))

    def probe(self, pod: str, ready: bool) -> None:
        """Let the readiness probes of a pod (`namespace/name`) succeed or fail from now on."""
        self._tell(Probe(pod, ready))

    def finish(self, pod: str, exit_code: int = 0) -> None:
        """Let all containers of a pod (`namespace/name`) end with `exit_code`."""
        self._tell(Finish(pod, exit_code))

    def _tell(self, message: Any) -> None:
        self.loop.send(self.name, message)

    # -- the actor ------------------------------------------------------------------------------------------------

    def started(self) -> None:
        self.informers.start()

    def notice(self, message: Any) -> None:
        match message:
            case PodTimer(name):
                self._with_node(name, message)
            case Beat(number):
                self._beat(number)
            case Join(spec):
                self._join(spec)
            case Leave(name):
                self._leave(name)
            case Stop(name):
                if name in self.nodes:
                    self.nodes[name].stopped = True
            case Start(name):
                self._restart(name)
            case PostReady():
                self._post(message)
            case Probe(pod, ready):
                self._each_container(pod, ready, None)
            case Finish(pod, exit_code):
                self._each_container(pod, False, exit_code)
            case Again(name, method):
                if name in self.nodes and not self.nodes[name].stopped:
                    getattr(self, method)(self.nodes[name])
            case Relist():
                self.informers.notice(message)
            case _:
                super().notice(message)

    def _with_node(self, name: str, timer: PodTimer) -> None:
        node = self.nodes.get(name)
        if node is None:
            return
        if node.stopped:
            node.overdue.append(timer)
        else:
            self.lifecycle.due(node, timer)

    # -- machines -------------------------------------------------------------------------------------------------

    def _join(self, spec: NodeSpec) -> None:
        if spec.name in self.nodes:
            return
        self._numbers += 1
        node = self.nodes[spec.name] = HollowNode(spec, self._numbers, self.api)
        node.since = self.loop.clock.timestamp()
        # The first full status is due within the second period, so that they do not all come at once.
        node.status_due_ms = self.loop.clock.now_ms + STATUS_PERIOD_MS + node.number * 137 % STATUS_PERIOD_MS
        self.register(node)
        number = node.number % BEATS
        beat = self._beats.setdefault(number, {})
        if not beat:
            self._await_beat(number)
        beat[spec.name] = None

    def _leave(self, name: str) -> None:
        node = self.nodes.pop(name, None)
        if node is None:
            return
        self._beats[node.number % BEATS].pop(name, None)
        for run in list(node.pods.values()):
            self.lifecycle.drop(node, run)

    def _restart(self, name: str) -> None:
        node = self.nodes.get(name)
        if node is None or not node.stopped:
            return
        node.stopped = False
        overdue, node.overdue = node.overdue, []
        if node.object is None:
            self.register(node)
        else:
            self._event(node, "Starting", "Starting kubelet.")
            self._renew(node)
            self._post_status(node)
        for timer in overdue:
            self.lifecycle.due(node, timer)
        known = {meta.uid(pod) for pod in self.pods.where("node", name)}
        for run in [run for run in node.pods.values() if run.uid not in known]:
            self.lifecycle.drop(node, run)
        self._look_at_pods(node)

    # -- registering ----------------------------------------------------------------------------------------------

    def register(self, node: HollowNode) -> None:
        """Create the Node object."""
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
            if not (response.body.get("status") or {}).get("conditions"):
                self._post_status(node, whole=True)

    def found(self, name: str, response: Response) -> None:
        """A Node of that name was there before its kubelet: take it over."""
        node = self.nodes.get(name)
        if node is None:
            return
        if not response.ok:
            self.loop.after(RETRY_MS, self.name, Again(name, "register"), background=True)
            return
        self._registered(node, response.body)
        self._post_status(node, whole=True)

    def _registered(self, node: HollowNode, stored: Object) -> None:
        node.object, node.uid = stored, meta.uid(stored)
        self._event(node, "Starting", "Starting kubelet.")
        for condition in ("NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID", "NodeReady"):
            self._event(node, condition, f"Node {node.name} status is now: {condition}")
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

    # -- static pods ----------------------------------------------------------------------------------------------

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

    # -- pods -----------------------------------------------------------------------------------------------------

    def pod_changed(self, change: str, old: Object | None, pod: Object) -> None:
        """The cache of pods has changed."""
        node = self.nodes.get(meta.node_name(pod))
        if node is None or node.stopped or node.object is None:
            return
        if change == "DELETED":
            self.lifecycle.gone(node, pod)
            if staticpods.is_mirror(pod):
                self._mirror(node, meta.labels(pod)["component"])
            return
        if old is not None and meta.uid(old) != meta.uid(pod):
            self.lifecycle.gone(node, old)
        self.lifecycle.changed(node, pod)

    def pod_answered(self, context: tuple[str, str, str], response: Response) -> None:
        """The API server's answer to something that was told about a pod."""
        name, uid, again = context
        node = self.nodes.get(name)
        if node is not None and not response.ok:
            self.lifecycle.answered(node, uid, again, response)

    def _each_container(self, key: str, ready: bool, exit_code: int | None) -> None:
        pod = self.pods.get(key)
        node = self.nodes.get(meta.node_name(pod)) if pod else None
        run = node.pods.get(meta.uid(pod)) if pod and node else None
        if node is None or run is None or node.stopped:
            return
        if exit_code is None:
            self.lifecycle.set_ready(node, run, run.of_role(MAIN), ready)
            return
        for place, container in enumerate(run.containers):
            if container.role == MAIN and container.state == RUNNING:
                self._end(node, run, place, exit_code)

    def _end(self, node: HollowNode, run: PodRun, place: int, exit_code: int) -> None:
        timer = run.timers.pop(("exit", place), None)
        if timer is not None:
            self.loop.cancel(timer)
        self.lifecycle.exited(node, run, place, exit_code)

    # -- heartbeats -----------------------------------------------------------------------------------------------

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
            self._renew(node)
            if self.loop.clock.now_ms >= node.status_due_ms:
                self._post_status(node)
        self._await_beat(number)

    def _renew(self, node: HollowNode) -> None:
        now = self.loop.clock.micro_timestamp()
        if node.lease is None:
            made = node_spec.lease_object(node.name, node.uid, now)
            call = Call("create", "leases.coordination.k8s.io", "kube-node-lease", body=made)
        else:
            renewed = edit.put(node.lease, "spec.renewTime", now)
            call = Call("update", "leases.coordination.k8s.io", "kube-node-lease", node.name, body=renewed)
        self.send(node, call, "renewed")

    def renewed(self, name: str, response: Response) -> None:
        """The Lease was written, or somebody else has changed or removed it."""
        node = self.nodes.get(name)
        if node is None:
            return
        if response.ok:
            node.lease = response.body
        elif response.status == 404:
            node.lease = None
        elif response.status == 409:
            self.send(node, Call("get", "leases.coordination.k8s.io", "kube-node-lease", name), "renewed")

    def _post(self, message: PostReady) -> None:
        node = self.nodes.get(message.name)
        if node is None or node.stopped:
            return
        if node.ready[0] != message.ready:
            node.since = self.loop.clock.timestamp()
            reason = "NodeReady" if message.ready else "NodeNotReady"
            self._event(node, reason, f"Node {node.name} status is now: {reason}")
        node.ready = (message.ready, message.reason, message.message)
        verb = "ready" if message.ready else "unready"
        self.loop.record(verb, f"nodes/{node.name}", message.message, actor=f"kubelet/{node.name}")
        self._post_status(node)

    def _post_status(self, node: HollowNode, whole: bool = False) -> None:
        """Write the Node's conditions; `whole` writes the rest of its status, too."""
        clock = self.loop.clock
        node.status_due_ms = clock.now_ms + STATUS_PERIOD_MS
        since = node.since if node.ready[0] else clock.timestamp()
        status: Object = {"conditions": node_spec.conditions(clock.timestamp(), since, *node.ready)}
        if whole:
            made = node_spec.node_object(node.spec, node.address, clock.timestamp(), node.images)
            status = made["status"] | status
        call = Call("patch", "nodes", "", node.name, "status", {"status": status}, {}, "strategic")
        self.send(node, call, "posted")

    def posted(self, name: str, response: Response) -> None:
        """The Node's status was written; if not, the next heartbeat tries again."""
        node = self.nodes.get(name)
        if node is not None and not response.ok:
            node.status_due_ms = 0

    # -- the API server -------------------------------------------------------------------------------------------

    def send(self, node: HollowNode, call: Call, then: str, context: Any = None) -> None:
        """Send a call as the kubelet of `node`."""
        self.api.user = node.user
        self.api.send(call, then, node.name if context is None else context)
        self.api.user = SHARED_USER

    def emit(self, node: HollowNode, about: Object, type_: str, reason: str, message: str) -> None:
        """Write an Event as the kubelet of `node`."""
        self.api.user = node.user
        node.recorder.emit(about, type_, reason, message)
        self.api.user = SHARED_USER

    def _event(self, node: HollowNode, reason: str, message: str) -> None:
        if self.lifecycle.rules.events:
            # The kubelet names its node by name alone: it may not know the uid yet.
            self.emit(node, {"kind": "Node", "name": node.name, "uid": node.name}, "Normal", reason, message)
