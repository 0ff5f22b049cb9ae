"""What a kubelet does with a pod, from taking it on to letting it go: one small step at a time, by timers.

Source: `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (order of starts), `pkg/kubelet/kubelet.go` (admission).
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call
from cp_sim.kubelet import behaviour, staticpods
from cp_sim.kubelet.endings import Endings
from cp_sim.kubelet.images import Pulls
from cp_sim.kubelet.needs import Needs, needs_of
from cp_sim.kubelet.node import HollowNode, Refusal
from cp_sim.kubelet.podrun import INIT, MAIN, RUNNING, SIDECAR, ContainerRun, PodRun
from cp_sim.objects import meta
from cp_sim.sim.clock import go_duration

Object = dict[str, Any]

STATUS_PERIOD_MS = 10_000  # syncPeriod in pkg/kubelet/status/status_manager.go


class Lifecycle(Pulls, Endings, Needs):
    """The pod work of all kubelets of one actor: how pods come in and how their containers start."""

    # -- the pod as the API server has it ------------------------------------------------------------------------------

    def changed(self, node: HollowNode, pod: Object) -> None:
        """A pod that is bound to `node` was added or has changed."""
        run = node.pods.get(meta.uid(pod))
        if run is None:
            if meta.is_deleting(pod):
                self._delete(node, pod)
            elif not meta.is_finished(pod):
                self._admit(node, pod)
            return
        before, run.pod = run.pod, pod
        if meta.is_deleting(pod):
            self._begin_stop(node, run)
        elif before["spec"] is not pod["spec"]:
            self._follow_images(node, run)
        if _made_unready(before, pod) and run.conditions.get("Ready", ("",))[0] == "True":
            self._after(node, run, STATUS_PERIOD_MS, "reconcile_status", background=True)
        if not run.stopping and pod["spec"].get("readinessGates") and self._readiness_moved(run):
            self.report(node, run)

    def _reconcile_status(self, node: HollowNode, run: PodRun, _place: int) -> None:
        """Somebody else wrote another status; the kubelet's own is the one that holds.

        *In Kubernetes:* `needsReconcile` in pkg/kubelet/status/status_manager.go, with every tick of 10 s. It happens
        when the node lifecycle controller has marked the pods of a node that it took for dead.
        """
        if not meta.is_ready(run.pod) and not run.stopping:
            self.report(node, run)

    def gone(self, node: HollowNode, pod: Object) -> None:
        """A pod is no longer there: whatever still runs is killed."""
        run = node.pods.get(meta.uid(pod))
        if run is not None:
            self.drop(node, run)

    # -- starting ----------------------------------------------------------------------------------------------------

    def _admit(self, node: HollowNode, pod: Object) -> None:
        if staticpods.is_mirror(pod):
            self._take(node, pod)
        elif not node.suits(pod):
            # Somebody may have changed the node's labels just now: look before refusing.
            self.actor.send(node, Call("get", "nodes", name=node.name), "node_looked_at", (node.name, meta.key(pod)))
        else:
            self._weigh_in(node, pod)

    def looked_again(self, node: HollowNode, pod: Object) -> None:
        """The node's labels are fresh: refuse the pod, or take it on after all."""
        if meta.uid(pod) in node.pods or meta.is_finished(pod) or meta.is_deleting(pod):
            return
        if node.suits(pod):
            self._weigh_in(node, pod)
        else:
            self._reject(node, pod, Refusal("NodeAffinity", "Predicate NodeAffinity failed"))

    def _weigh_in(self, node: HollowNode, pod: Object) -> None:
        refusal = node.refusal(pod)
        if refusal is not None:
            self._reject(node, pod, refusal)
        else:
            self._take(node, pod)

    def _take(self, node: HollowNode, pod: Object) -> None:
        run = PodRun(pod, node.name, self._containers(pod), self.actor.loop.clock.timestamp(), self.rules.plain)
        node.take(run)
        if staticpods.is_mirror(pod):
            self._start_at_once(node, run)
            return
        deadline_s = pod["spec"].get("activeDeadlineSeconds")
        if deadline_s is not None:
            self._after(node, run, deadline_s * 1000, "deadline", background=True)
        if any(container.behaviour.pending for container in run.containers):
            return
        if self.rules.creating:
            self.report(node, run)
        if not self.rules.plain:
            run.missing = needs_of(pod)
        if run.missing:
            self._look(node, run)
        else:
            self._start_next(node, run)

    def _containers(self, pod: Object) -> list[ContainerRun]:
        spec = pod["spec"]
        containers = []
        for container in spec.get("initContainers") or ():
            role = SIDECAR if container.get("restartPolicy") == "Always" else INIT
            done = behaviour.of_container(container, pod, self.rules, init=role == INIT)
            containers.append(ContainerRun(container, role, done))
        waits_for = "PodInitializing" if containers else "ContainerCreating"
        for container in spec["containers"]:
            containers.append(ContainerRun(container, MAIN, behaviour.of_container(container, pod, self.rules)))
        for run in containers:
            run.reason = waits_for
        return containers

    def _reject(self, node: HollowNode, pod: Object, refusal: Refusal) -> None:
        reason, message = refusal.reason, refusal.message
        loop = self.actor.loop
        loop.record("reject", f"pods/{meta.key(pod)}", message, actor=f"kubelet/{node.name}")
        self._emit(node, pod, "Warning", reason, message)
        status = {
            "phase": "Failed",
            "reason": reason,
            "message": f"Pod was rejected: {message}",
            "startTime": loop.clock.timestamp(),
        }
        self._patch(node, pod, status)

    def _start_at_once(self, node: HollowNode, run: PodRun) -> None:
        """A static pod ran before anybody could see its mirror."""
        run.ip = node.address_for(run.pod)
        for container in run.containers:
            self._running(container)
            container.ready = True
        self.follow_process(node, run)
        self.report(node, run)

    def _start_next(self, node: HollowNode, run: PodRun, _place: int = -1) -> bool:
        """Begin the next container whose turn it is; returns whether there was one."""
        for place, container in enumerate(run.containers):
            if not container.tried:
                container.tried = True
                self._begin(node, run, place)
                return True
            if container.role == INIT and not container.succeeded:
                return False
            if container.role == SIDECAR and container.state != RUNNING:
                return False
        return False

    def _begin(self, node: HollowNode, run: PodRun, place: int) -> None:
        container = run.containers[place]
        if container.behaviour.bad_image:
            self._pull_badly(node, run, place)
            return
        delay_ms = self._pull(node, run, container) + self._vary(node, self.rules.start_ms)
        self._after(node, run, self._seen_after(delay_ms), "begun", place)

    def _seen_after(self, delay_ms: int) -> int:
        """When the kubelet sees what happens in `delay_ms`: at its next look at the runtime (pkg/kubelet/pleg)."""
        happens_ms = self.actor.loop.clock.now_ms + delay_ms
        return delay_ms + -happens_ms % self.rules.relist_ms

    def _begun(self, node: HollowNode, run: PodRun, place: int) -> None:
        container = run.containers[place]
        loop = self.actor.loop
        if not run.ip:
            run.ip = node.address_for(run.pod)
        self._running(container)
        loop.record("start", f"pods/{meta.key(run.pod)}", _started(container), actor=f"kubelet/{node.name}")
        node.pulled(container.image)
        self._tell_pulled(node, run, container)
        self._emit(node, run.pod, "Normal", "Created", "Container created", container)
        self._emit(node, run.pod, "Normal", "Started", "Container started", container)
        done = container.behaviour
        if done.ready_after_ms == 0:
            container.ready = True
        elif done.ready_after_ms is not None:
            self._after(node, run, done.ready_after_ms, "become_ready", place)
        if done.exit_after_ms is not None:
            self._await_exit(node, run, place, done.exit_after_ms)
        more = container.role != INIT and self._start_next(node, run)
        if not more or container.state != RUNNING:
            self.report(node, run)

    def _running(self, container: ContainerRun) -> None:
        clock = self.actor.loop.clock
        container.tried = True
        container.state, container.reason, container.message = RUNNING, "", ""
        container.started_ms, container.started_text = clock.now_ms, clock.timestamp()

    def _seen_running(self, _node: HollowNode, run: PodRun, _place: int) -> None:
        """The process behind a mirror pod runs."""
        self._running(run.containers[0])
        run.containers[0].ready = True

    def _become_ready(self, node: HollowNode, run: PodRun, place: int) -> None:
        self.set_ready(node, run, run.containers[place : place + 1], True)

    def set_ready(self, node: HollowNode, run: PodRun, containers: list[ContainerRun], ready: bool) -> None:
        """The readiness probes of containers have changed their mind."""
        verb = "ready" if ready else "unready"
        because = (
            f"the readiness probe of {containers[0].name} {'succeeds' if ready else 'fails'}" if containers else ""
        )
        self.actor.loop.record(verb, f"pods/{meta.key(run.pod)}", because, actor=f"kubelet/{node.name}")
        if not ready:
            for container in containers:
                text = "Readiness probe failed: HTTP probe failed with statuscode: 503"
                self._emit(node, run.pod, "Warning", "Unhealthy", text, container)
        for container in containers:
            container.ready = ready and container.state == RUNNING
        self.report(node, run)

    def _readiness_moved(self, run: PodRun) -> bool:
        before = run.conditions.get("Ready")
        return before is not None and before[0] != run.ready_condition()[0]


def _made_unready(before: Object, pod: Object) -> bool:
    """Whether the pod's condition Ready was taken away."""
    return before["status"] is not pod["status"] and meta.is_ready(before) and not meta.is_ready(pod)


def _started(container: ContainerRun) -> str:
    pulled = f" after its image was pulled in {go_duration(container.pulled_ms)}"
    again = f" for the {container.restarts + 1}. time" if container.restarts else ""
    return f"container {container.name} has started{again}{pulled if container.pulled_ms >= 0 else ''}"
