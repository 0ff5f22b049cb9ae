"""What a kubelet does with a pod, from taking it on to letting it go: one small step at a time, by timers.

Source: `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (order of starts, restarts and their back-off),
`pkg/kubelet/images/image_manager.go` (pulls), `pkg/kubelet/pod_workers.go` (termination).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.kubelet import behaviour, staticpods
from cp_sim.kubelet.behaviour import Rules
from cp_sim.kubelet.node import HollowNode, pod_reference
from cp_sim.kubelet.podrun import INIT, MAIN, RUNNING, SIDECAR, TERMINATED, WAITING, ContainerRun, PodRun
from cp_sim.objects import meta
from cp_sim.sim import immutable

if TYPE_CHECKING:
    from cp_sim.kubelet.kubelet import Kubelets

Object = dict[str, Any]

# Back-off between restarts, and between pulls: doubled from the first to the last; forgotten after twice the last.
FIRST_BACKOFF_MS = 10_000
LAST_BACKOFF_MS = 300_000
# A container that runs longer than this is not waited for by whoever lets the world settle.
FOREGROUND_LIMIT_MS = 60_000
RETRY_MS = 1_000


@immutable
class PodTimer:
    """The timer message that says that it is time for step `what` of one container (-1: of the pod)."""

    node: str
    uid: str
    what: str
    place: int = -1


class Lifecycle:
    """The pod work of all kubelets of one actor."""

    def __init__(self, actor: Kubelets, rules: Rules) -> None:
        self.actor = actor
        self.rules = rules

    # -- the pod as the API server has it -------------------------------------------------------------------------

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
        if not run.stopping and pod["spec"].get("readinessGates") and self._readiness_moved(run):
            self.report(node, run)

    def gone(self, node: HollowNode, pod: Object) -> None:
        """A pod is no longer there: whatever still runs is killed."""
        run = node.pods.get(meta.uid(pod))
        if run is not None:
            self.drop(node, run)

    def drop(self, node: HollowNode, run: PodRun) -> None:
        """Forget a pod and its timers."""
        for timer in run.timers.values():
            self.actor.loop.cancel(timer)
        run.timers.clear()
        node.release(run)

    def due(self, node: HollowNode, message: PodTimer) -> None:
        """A timer has fired."""
        run = node.pods.get(message.uid)
        if run is not None and run.timers.pop((message.what, message.place), None) is not None:
            getattr(self, f"_{message.what}")(node, run, message.place)

    # -- starting -------------------------------------------------------------------------------------------------

    def _admit(self, node: HollowNode, pod: Object) -> None:
        refusal = None if staticpods.is_mirror(pod) else node.refusal(pod)
        if refusal is not None:
            self._reject(node, pod, refusal.reason, refusal.message)
            return
        run = PodRun(pod, node.name, self._containers(pod), self.actor.loop.clock.timestamp())
        node.take(run)
        if staticpods.is_mirror(pod):
            self._start_at_once(node, run)
            return
        if any(container.behaviour.pending for container in run.containers):
            return
        if self.rules.creating:
            self.report(node, run)
        self._start_next(node, run)

    def _containers(self, pod: Object) -> list[ContainerRun]:
        spec = pod["spec"]
        containers = []
        for container in spec.get("initContainers") or ():
            role = SIDECAR if container.get("restartPolicy") == "Always" else INIT
            done = behaviour.of_container(container, pod, self.rules, init=role == INIT)
            containers.append(ContainerRun(container["name"], container.get("image", ""), role, done))
        started = "PodInitializing" if containers else "ContainerCreating"
        for container in spec["containers"]:
            run = ContainerRun(
                container["name"],
                container.get("image", ""),
                MAIN,
                behaviour.of_container(container, pod, self.rules),
            )
            containers.append(run)
        for run in containers:
            run.reason = started
        return containers

    def _reject(self, node: HollowNode, pod: Object, reason: str, message: str) -> None:
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
        self.report(node, run)

    def _start_next(self, node: HollowNode, run: PodRun) -> bool:
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
        delay_ms = self._vary(node, self.rules.start_ms)
        if not node.has_image(container.image) and self.rules.pull_ms:
            self._emit(node, run.pod, "Normal", "Pulling", f'Pulling image "{container.image}"', container)
            delay_ms += self._vary(node, self.rules.pull_ms)
        self._after(node, run, delay_ms, "begun", place)

    def _begun(self, node: HollowNode, run: PodRun, place: int) -> None:
        container = run.containers[place]
        loop = self.actor.loop
        if not run.ip:
            run.ip = node.address_for(run.pod)
        self._running(container)
        loop.record("start", f"pods/{meta.key(run.pod)}", f"container {container.name}", actor=f"kubelet/{node.name}")
        self._tell_start(node, run, container)
        node.pulled(container.image)
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

    def _tell_start(self, node: HollowNode, run: PodRun, container: ContainerRun) -> None:
        if not self.rules.events:
            return
        image = container.image
        if node.has_image(image):
            text = f'Container image "{image}" already present on machine and can be accessed by the pod'
        else:
            took = f"{self.rules.pull_ms}ms"
            size = node.images.get(image, 25_000_000)
            text = (
                f'Successfully pulled image "{image}" in {took} ({took} including waiting). Image size: {size} bytes.'
            )
        self._emit(node, run.pod, "Normal", "Pulled", text, container)
        self._emit(node, run.pod, "Normal", "Created", "Container created", container)
        self._emit(node, run.pod, "Normal", "Started", "Container started", container)

    def _become_ready(self, node: HollowNode, run: PodRun, place: int) -> None:
        self.set_ready(node, run, run.containers[place : place + 1], True)

    def set_ready(self, node: HollowNode, run: PodRun, containers: list[ContainerRun], ready: bool) -> None:
        """The readiness probes of containers have changed their mind."""
        verb = "ready" if ready else "unready"
        self.actor.loop.record(verb, f"pods/{meta.key(run.pod)}", actor=f"kubelet/{node.name}")
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

    # -- images that cannot be pulled -----------------------------------------------------------------------------

    def _pull_badly(self, node: HollowNode, run: PodRun, place: int) -> None:
        container = run.containers[place]
        if self.rules.events:
            self._emit(node, run.pod, "Normal", "Pulling", f'Pulling image "{container.image}"', container)
            self._after(node, run, self._vary(node, self.rules.pull_ms), "pull_failed", place)
        else:
            self._back_off_pull(node, run, place)

    def _pull_failed(self, node: HollowNode, run: PodRun, place: int) -> None:
        container = run.containers[place]
        error = _pull_error(container.image)
        self._emit(node, run.pod, "Warning", "Failed", f'Failed to pull image "{container.image}": {error}', container)
        self._emit(node, run.pod, "Warning", "Failed", "Error: ErrImagePull", container)
        if container.reason != "ImagePullBackOff":
            container.reason, container.message = "ErrImagePull", error
            self.report(node, run)
        self._after(node, run, RETRY_MS, "back_off_pull", place)

    def _back_off_pull(self, node: HollowNode, run: PodRun, place: int) -> None:
        container = run.containers[place]
        text = f'Back-off pulling image "{container.image}"'
        self._emit(node, run.pod, "Normal", "BackOff", text, container)
        self._emit(node, run.pod, "Warning", "Failed", "Error: ImagePullBackOff", container)
        container.pull_backoff_ms = _doubled(container.pull_backoff_ms)
        if container.reason != "ImagePullBackOff":
            container.reason = "ImagePullBackOff"
            container.message = f"{text}: ErrImagePull: {_pull_error(container.image)}"
            self.report(node, run)
        self._start_next(node, run)  # the others do not wait for this one
        if self.rules.events:
            self._after(node, run, container.pull_backoff_ms, "begin", place, background=True)

    def _follow_images(self, node: HollowNode, run: PodRun) -> None:
        """Somebody may have changed a container's image, the one part of a running pod's containers that can change."""
        spec = run.pod["spec"]
        wanted = {entry["name"]: entry for entry in (*(spec.get("initContainers") or ()), *spec["containers"])}
        for place, container in enumerate(run.containers):
            entry = wanted.get(container.name)
            if entry is None or entry.get("image", "") == container.image:
                continue
            container.image = entry.get("image", "")
            container.behaviour = behaviour.of_container(entry, run.pod, self.rules, init=container.role == INIT)
            if container.tried and not (container.role == INIT and container.state == TERMINATED):
                self._restart_changed(node, run, place)

    def _restart_changed(self, node: HollowNode, run: PodRun, place: int) -> None:
        container = run.containers[place]
        for key in [key for key in run.timers if key[1] == place]:
            self.actor.loop.cancel(run.timers.pop(key))
        if container.state == RUNNING:
            text = f"Container {container.name} definition changed, will be restarted"
            self._emit(node, run.pod, "Normal", "Killing", text, container)
            self._end(run, container, 0)
            container.last = container.ended(run.uid)
            container.restarts += 1
        container.state, container.pull_backoff_ms = WAITING, 0
        container.reason, container.message = "ContainerCreating", ""
        self._begin(node, run, place)

    # -- ending ---------------------------------------------------------------------------------------------------

    def _await_exit(self, node: HollowNode, run: PodRun, place: int, delay_ms: int) -> None:
        # What starts over and over does not keep the world from settling after its second run.
        background = delay_ms > FOREGROUND_LIMIT_MS or run.containers[place].restarts > 1
        self._after(node, run, delay_ms, "exit", place, background)

    def _exit(self, node: HollowNode, run: PodRun, place: int) -> None:
        self.exited(node, run, place, run.containers[place].behaviour.exit_code)

    def exited(self, node: HollowNode, run: PodRun, place: int, exit_code: int) -> None:
        """A container has ended by itself: let it be, start it again, or wait before starting it again."""
        container = run.containers[place]
        because = f"container {container.name} exits with code {exit_code}"
        self.actor.loop.record("finish", f"pods/{meta.key(run.pod)}", because, actor=f"kubelet/{node.name}")
        if self._is_restarted(run, container, exit_code):
            if self.rules.crash_loop:
                self._end(run, container, exit_code)
                self._restart_or_back_off(node, run, place)
            else:
                container.restarts += 1
                self._await_exit(node, run, place, container.behaviour.exit_after_ms or 0)
                self.report(node, run)
            return
        self._end(run, container, exit_code)
        if not meta.is_finished({"status": {"phase": run.phase}}):
            self._start_next(node, run)
        self.report(node, run)
        if run.phase in ("Succeeded", "Failed"):
            self.drop(node, run)

    def _is_restarted(self, run: PodRun, container: ContainerRun, exit_code: int) -> bool:
        policy = "Always" if container.role == SIDECAR else run.restart_policy
        if container.role == INIT:
            return exit_code != 0 and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and exit_code != 0)

    def _end(self, run: PodRun, container: ContainerRun, exit_code: int) -> None:
        clock = self.actor.loop.clock
        container.state, container.exit_code, container.ready = TERMINATED, exit_code, False
        container.finished_ms, container.finished_text = clock.now_ms, clock.timestamp()

    def _restart_or_back_off(self, node: HollowNode, run: PodRun, place: int) -> None:
        container = run.containers[place]
        if container.finished_ms - container.started_ms > 2 * LAST_BACKOFF_MS:
            container.backoff_ms = 0
        if not container.backoff_ms:
            container.backoff_ms = FIRST_BACKOFF_MS  # the first time is free, and sets what the second one costs
            self.report(node, run)
            self._restart(node, run, place)
            return
        delay_ms = container.backoff_ms
        container.backoff_ms = _doubled(delay_ms)
        pod = f"{meta.name(run.pod)}_{meta.namespace(run.pod)}({run.uid})"
        container.last = container.ended(run.uid)
        container.state, container.reason = WAITING, "CrashLoopBackOff"
        seconds = _go_duration(delay_ms)
        container.message = f"back-off {seconds} restarting failed container={container.name} pod={pod}"
        text = f"Back-off restarting failed container {container.name} in pod {pod}"
        self._emit(node, run.pod, "Warning", "BackOff", text, container)
        self.report(node, run)
        self._after(node, run, delay_ms, "restart", place, background=True)

    def _restart(self, node: HollowNode, run: PodRun, place: int) -> None:
        container = run.containers[place]
        if container.state == TERMINATED:
            container.last = container.ended(run.uid)
        container.restarts += 1
        self._begin(node, run, place)

    # -- being deleted --------------------------------------------------------------------------------------------

    def _begin_stop(self, node: HollowNode, run: PodRun) -> None:
        grace_ms = (run.pod["metadata"].get("deletionGracePeriodSeconds") or 0) * 1000
        if run.stopping:
            self._hasten(node, run, grace_ms)
            return
        run.stopping = True
        for timer in run.timers.values():
            self.actor.loop.cancel(timer)
        run.timers.clear()
        running = [container for container in run.containers if container.state == RUNNING]
        if staticpods.is_mirror(run.pod) or not running:
            self._stopped(node, run)
            return
        for container in running:
            self._emit(node, run.pod, "Normal", "Killing", f"Stopping container {container.name}", container)
        stops = [container.behaviour.stop_after_ms for container in running]
        if None not in stops:
            longest_ms = max(stop for stop in stops if stop is not None)
            self._after(node, run, min(longest_ms, grace_ms), "stopped")

    def _hasten(self, node: HollowNode, run: PodRun, grace_ms: int) -> None:
        """The grace period was shortened."""
        timer = run.timers.get(("stopped", -1))
        if timer is not None and timer.due_ms > self.actor.loop.clock.now_ms + grace_ms:
            self.actor.loop.cancel(run.timers.pop(("stopped", -1)))
            self._after(node, run, grace_ms, "stopped")

    def _stopped(self, node: HollowNode, run: PodRun, _place: int = -1) -> None:
        pod = run.pod
        self.actor.loop.record(
            "terminate", f"pods/{meta.key(pod)}", "its containers have ended", actor=f"kubelet/{node.name}"
        )
        for container in run.containers:
            if container.state == RUNNING:
                self._end(run, container, 143)
        if meta.finalizers(pod) and not meta.is_finished(pod):
            # Somebody waits to count how it ended. Its phase tells, whatever its restart policy was.
            status = run.wire(self.actor.loop.clock.timestamp(), node.address) | {"phase": "Failed"}
            self._patch(node, pod, status)
        self._delete(node, pod)

    def _delete(self, node: HollowNode, pod: Object) -> None:
        """Tell the API server that nothing of the pod is left here."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta.uid(pod)}}
        call = Call("delete", "pods", meta.namespace(pod), meta.name(pod), options=options)
        self._send(node, call, (node.name, meta.uid(pod), "delete_again"))

    def _delete_again(self, node: HollowNode, run: PodRun, _place: int) -> None:
        self._delete(node, run.pod)

    # -- telling --------------------------------------------------------------------------------------------------

    def report(self, node: HollowNode, run: PodRun, _place: int = -1) -> None:
        """Write the pod's status."""
        self._patch(node, run.pod, run.wire(self.actor.loop.clock.timestamp(), node.address))

    _report_again = report

    def _patch(self, node: HollowNode, pod: Object, status: Object) -> None:
        # The uid sees to it that a new pod of the same name does not get the old one's status.
        patch = {"metadata": {"uid": meta.uid(pod)}, "status": status}
        call = Call("patch", "pods", meta.namespace(pod), meta.name(pod), "status", patch, {}, "strategic")
        self._send(node, call, (node.name, meta.uid(pod), "report_again"))

    def _send(self, node: HollowNode, call: Call, context: tuple[str, str, str]) -> None:
        self.actor.send(node, call, "pod_answered", context)

    def answered(self, node: HollowNode, uid: str, again: str, response: Response) -> None:
        """What could not be told because the API server was away is told again."""
        run = node.pods.get(uid)
        if run is not None and not response.ok and response.status not in (404, 409, 422):
            self._after(node, run, RETRY_MS, again, background=True)

    def _emit(
        self,
        node: HollowNode,
        pod: Object,
        type_: str,
        reason: str,
        message: str,
        container: ContainerRun | None = None,
    ) -> None:
        if not self.rules.events or staticpods.is_mirror(pod):
            return
        reference = pod_reference(pod)
        if container is not None:
            role = "containers" if container.role == MAIN else "initContainers"
            reference = pod_reference(pod, container.name, role)
        self.actor.emit(node, reference, type_, reason, message)

    # -- time -----------------------------------------------------------------------------------------------------

    def _after(
        self, node: HollowNode, run: PodRun, delay_ms: int, what: str, place: int = -1, background: bool = False
    ) -> None:
        if delay_ms <= 0:
            getattr(self, f"_{what}")(node, run, place)
            return
        message = PodTimer(node.name, run.uid, what, place)
        run.timers[(what, place)] = self.actor.loop.after(delay_ms, self.actor.name, message, background)

    def _vary(self, node: HollowNode, delay_ms: int) -> int:
        jitter = self.rules.jitter
        if not jitter or not delay_ms:
            return delay_ms
        chance = self.actor.loop.chance.stream(f"kubelet/{node.name}")
        return round(delay_ms * (1 + jitter * (2 * chance.random() - 1)))


def _doubled(backoff_ms: int) -> int:
    return min(backoff_ms * 2, LAST_BACKOFF_MS) if backoff_ms else FIRST_BACKOFF_MS


def _go_duration(duration_ms: int) -> str:
    """As Go prints it: `10s`, `1m20s`, `5m0s`."""
    minutes, seconds = divmod(duration_ms // 1000, 60)
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"


def _pull_error(image: str) -> str:
    repository, colon, tag = image.rpartition(":")
    name = image if not colon else repository
    if "/" not in name:
        name = f"docker.io/library/{name}"
    full = f"{name}:{tag if colon else 'latest'}"
    return (
        f'failed to pull and unpack image "{full}": failed to resolve reference "{full}": '
        "pull access denied, repository does not exist or may require authorization: "
        "server message: insufficient_scope: authorization failed"
    )
