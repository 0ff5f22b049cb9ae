"""The actor `kubelets`: all kubelets of the cluster in one, each node's state as plain data.

What wakes it: changes of pods (one cache of all pods, indexed by node), timers of containers, one timer per second
of ten for the heartbeats of everybody. Its records carry the single kubelet's name, `kubelet/worker-1`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.client.informer import Relist
from cp_sim.kubelet import staticpods
from cp_sim.kubelet.behaviour import LESSONS, Rules
from cp_sim.kubelet.machines import Machines
from cp_sim.kubelet.messages import (
    Again,
    Beat,
    CutOff,
    Finish,
    Join,
    JumpClock,
    Leave,
    PostReady,
    PowerOff,
    PowerOn,
    Probe,
    Start,
    StaticPod,
    Stop,
)
from cp_sim.kubelet.node import HollowNode
from cp_sim.kubelet.podrun import MAIN, RUNNING, PodRun
from cp_sim.kubelet.spec import NodeSpec
from cp_sim.kubelet.work import RETRY_MS, PodTimer
from cp_sim.objects import meta

Object = dict[str, Any]


class Kubelets(Machines):
    """Hollow nodes: they register, send heartbeats and run pods, all but the containers themselves.

    With `only` it is the kubelet of that one node: it watches its own pods alone, under its own name.

    *In Kubernetes:* one kubelet process per node (as in kubemark). *Simplified:* container behaviour comes from
    `behaviour.py`; no volumes, no probes, no eviction by pressure, no logs or exec.
    """

    def __init__(self, name: str = "kubelets", rules: Rules = LESSONS, only: str = "") -> None:
        super().__init__(name, rules, only)

    # -- what others do to machines -------------------------------------------------------------------------------

    def add(self, spec: NodeSpec, number: int = 0) -> None:
        """Start a kubelet on a machine, by default the next in number; it registers its Node."""
        self._tell(Join(spec, number))

    def remove(self, name: str) -> None:
        """The machine is gone, with everything that ran on it; its Node object is somebody else's to remove."""
        self._tell(Leave(name))

    def stop(self, name: str) -> None:
        """Stop the kubelet of a node: no more heartbeats and no more pod work."""
        self._tell(Stop(name))

    def start(self, name: str) -> None:
        """Let a stopped kubelet work again."""
        self._tell(Start(name))

    def power_off(self, name: str) -> None:
        """Switch a machine off: kubelet and containers are gone at once."""
        self._tell(PowerOff(name))

    def power_on(self, name: str) -> None:
        """Let a machine boot: its kubelet starts, and starts its pods' containers again."""
        self._tell(PowerOn(name))

    def cut_off(self, name: str, off: bool = True) -> None:
        """Cut a machine off from the API server, or let it reach it again; what runs there goes on."""
        self._tell(CutOff(name, off))

    def jump_clock(self, name: str, by_ms: int) -> None:
        """Let the clock of a machine jump: the times that its kubelet posts are wrong from now on."""
        self._tell(JumpClock(name, by_ms))

    def static_pod(self, state: StaticPod) -> None:
        """Tell the kubelet of a node what has become of the process behind one of its static pods."""
        self._tell(state)

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
                if not self.machine(message):
                    super().notice(message)

    def _with_node(self, name: str, timer: PodTimer) -> None:
        node = self.nodes.get(name)
        if node is None:
            return
        if node.stopped:
            node.overdue.append(timer)
        else:
            self.lifecycle.due(node, timer)

    # -- pods -----------------------------------------------------------------------------------------------------

    def pod_changed(self, change: str, old: Object | None, pod: Object) -> None:
        """The cache of pods has changed."""
        node = self.nodes.get(meta.node_name(pod))
        if node is None or node.stopped or node.cut_off or node.object is None:
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

    def need_answered(self, context: tuple[str, str, str, str], response: Response) -> None:
        """The API server's answer to whether something that a pod names is there."""
        name, uid, resource, needed = context
        node = self.nodes.get(name)
        run = node.pods.get(uid) if node is not None else None
        if node is not None and run is not None:
            self.lifecycle.need_answered(node, run, resource, needed, response)

    def node_looked_at(self, context: tuple[str, str], response: Response) -> None:
        """The node as it is now, for a pod that did not seem to suit it."""
        name, key = context
        node = self.nodes.get(name)
        pod = self.pods.get(key)
        if node is None or node.stopped or node.cut_off:
            return
        if response.ok:
            node.object = response.body
        elif response.status != 404:
            self.api.later(RETRY_MS, self, "look_at_node", context)
            return
        if pod is not None and meta.node_name(pod) == name:
            self.lifecycle.looked_again(node, pod)

    def look_at_node(self, context: tuple[str, str]) -> None:
        """Ask again how the node is now."""
        node = self.nodes.get(context[0])
        if node is not None and not node.stopped:
            self.send(node, Call("get", "nodes", name=node.name), "node_looked_at", context)

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
