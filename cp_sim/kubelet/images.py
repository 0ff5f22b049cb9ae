"""Images: pulling them, failing to, and following a change of a running container's image.

Source: `pkg/kubelet/images/image_manager.go`.
"""

from __future__ import annotations

from cp_sim.kubelet import behaviour
from cp_sim.kubelet.node import HollowNode
from cp_sim.kubelet.podrun import INIT, RUNNING, TERMINATED, WAITING, ContainerRun, PodRun
from cp_sim.kubelet.work import RETRY_MS, PodWork, doubled
from cp_sim.sim.clock import go_duration


class Pulls(PodWork):
    """The steps of a container whose image is not just there."""

    def _pull(self, node: HollowNode, run: PodRun, container: ContainerRun) -> int:
        """Begin to pull if need be; returns how long that takes, in ms."""
        present = node.has_image(container.image)
        container.pulled_ms = -1
        if not self.rules.pull_ms or (present and container.pull_policy != "Always"):
            return 0
        # Of an image that is there only its digest is asked for.
        container.pulled_ms = self._vary(node, self.rules.pull_ms // 4 if present else self.rules.pull_ms)
        self._emit(node, run.pod, "Normal", "Pulling", f'Pulling image "{container.image}"', container)
        return container.pulled_ms

    def _tell_pulled(self, node: HollowNode, run: PodRun, container: ContainerRun) -> None:
        image = container.image
        if container.pulled_ms < 0:
            text = f'Container image "{image}" already present on machine and can be accessed by the pod'
        else:
            took = go_duration(container.pulled_ms)
            size = node.images[image]
            text = (
                f'Successfully pulled image "{image}" in {took} ({took} including waiting). Image size: {size} bytes.'
            )
        self._emit(node, run.pod, "Normal", "Pulled", text, container)

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
        container.pull_backoff_ms = doubled(container.pull_backoff_ms)
        if container.reason != "ImagePullBackOff":
            container.reason = "ImagePullBackOff"
            container.message = f"{text}: ErrImagePull: {_pull_error(container.image)}"
            self.report(node, run)
        self._step("start_next", node, run)  # the others do not wait for this one
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
        self._step("begin", node, run, place)


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
