"""Endings: containers that exit and are started again, pods that finish, pods that are deleted.

Source: `pkg/kubelet/kuberuntime/kuberuntime_manager.go` (restarts and their back-off), `pkg/kubelet/pod_workers.go`
(termination).
"""

from __future__ import annotations

from cp_sim.kubelet import staticpods
from cp_sim.kubelet.node import HollowNode
from cp_sim.kubelet.podrun import INIT, RUNNING, SIDECAR, TERMINATED, WAITING, ContainerRun, PodRun
from cp_sim.kubelet.work import FIRST_BACKOFF_MS, LAST_BACKOFF_MS, PodWork, doubled
from cp_sim.objects import meta
from cp_sim.sim.clock import go_duration

# A container that runs longer than this is not waited for by whoever lets the world settle.
FOREGROUND_LIMIT_MS = 60_000
# The exit code of a container of which nothing is known but that it is gone (`pkg/kubelet/kuberuntime`, 137 and 255).
LOST_WITH_MACHINE = 255


class Endings(PodWork):
    """The steps of containers and pods that end."""

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
            self._step("start_next", node, run)
        self.report(node, run)
        if run.phase in ("Succeeded", "Failed"):
            self.drop(node, run)

    def _is_restarted(self, run: PodRun, container: ContainerRun, exit_code: int) -> bool:
        policy = "Always" if container.role == SIDECAR else run.restart_policy
        if container.role == INIT:
            return exit_code != 0 and policy != "Never"
        return policy == "Always" or (policy == "OnFailure" and exit_code != 0)

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
        container.backoff_ms = doubled(delay_ms)
        pod = f"{meta.name(run.pod)}_{meta.namespace(run.pod)}({run.uid})"
        container.last = container.ended(run.uid)
        container.state, container.reason = WAITING, "CrashLoopBackOff"
        seconds = go_duration(delay_ms)
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
        self._step("begin", node, run, place)

    def _deadline(self, node: HollowNode, run: PodRun, _place: int) -> None:
        """`activeDeadlineSeconds` are over: the pod has failed, whatever it does (`pkg/kubelet/active_deadline.go`)."""
        message = "Pod was active on the node longer than the specified deadline"
        run.failure = ("DeadlineExceeded", message)
        key = f"pods/{meta.key(run.pod)}"
        self.actor.loop.record("finish", key, message, actor=f"kubelet/{node.name}")
        self._emit(node, run.pod, "Normal", "DeadlineExceeded", message)
        for container in run.containers:
            if container.state == RUNNING:
                self._emit(node, run.pod, "Normal", "Killing", f"Stopping container {container.name}", container)
                self._end(run, container, 143)
        self.report(node, run)
        self.drop(node, run)

    # -- the machine fails, and boots -----------------------------------------------------------------------------

    def killed(self, node: HollowNode, run: PodRun) -> None:
        """The machine went off: every container has ended, and nobody was there to see it."""
        for timer in run.timers.values():
            self.actor.loop.cancel(timer)
        run.timers.clear()
        for container in run.containers:
            if container.state == RUNNING:
                self._end(run, container, LOST_WITH_MACHINE)

    def revive(self, node: HollowNode, run: PodRun) -> None:
        """The machine has booted: the pod needs a new sandbox, and all its containers start again, in their order."""
        if staticpods.is_mirror(run.pod):
            self.follow_process(node, run)  # its process says for itself when it has started
            self.report(node, run)
            return
        if run.stopping:
            self._step("stopped", node, run)
            return
        run.ip = ""
        for container in run.containers:
            if container.state == TERMINATED:
                container.last = container.ended(run.uid)
                container.restarts += 1
                container.state, container.reason = WAITING, "ContainerCreating"
            container.tried = False
        self.report(node, run)
        self._step("start_next", node, run)

    def follow_process(self, node: HollowNode, run: PodRun) -> None:
        """Let the container of a mirror pod be as the process behind it is."""
        container = run.containers[0]
        process = node.static.get(container.name)
        if process is None:
            return
        if container.state == RUNNING and (not process.running or process.restarts > container.restarts):
            self._end(run, container, process.exit_code)
        container.restarts = process.restarts
        if process.running:
            if container.state != RUNNING:
                container.last = container.ended(run.uid)
                self._step("seen_running", node, run)
        elif process.reason:
            container.last = container.last if container.state == WAITING else container.ended(run.uid)
            container.state, container.reason, container.message = WAITING, process.reason, process.message

    # -- being deleted ------------------------------------------------------------------------------------------

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

    def drop(self, node: HollowNode, run: PodRun) -> None:
        """Forget a pod and its timers."""
        for timer in run.timers.values():
            self.actor.loop.cancel(timer)
        run.timers.clear()
        node.release(run)
