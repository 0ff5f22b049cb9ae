"""What every step of pod work needs: telling the API server, and coming back later.

Source: `pkg/kubelet/status/status_manager.go` (patches with the pod's uid).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.kubelet import staticpods
from cp_sim.kubelet.behaviour import Rules
from cp_sim.kubelet.node import HollowNode, pod_reference
from cp_sim.kubelet.podrun import MAIN, TERMINATED, ContainerRun, PodRun
from cp_sim.objects import meta
from cp_sim.sim import immutable

if TYPE_CHECKING:
    from cp_sim.kubelet.heartbeats import Heartbeats

Object = dict[str, Any]

# Back-off between restarts, and between pulls: doubled from the first to the last.
FIRST_BACKOFF_MS = 10_000
LAST_BACKOFF_MS = 300_000
RETRY_MS = 1_000


@immutable
class PodTimer:
    """The timer message that says that it is time for step `what` of one container (-1: of the pod)."""

    node: str
    uid: str
    what: str
    place: int = -1


class PodWork:
    """The ground of `Lifecycle`. A step is a method `_name(node, run, place)`; timers call steps by name."""

    def __init__(self, actor: Heartbeats, rules: Rules) -> None:
        self.actor = actor
        self.rules = rules

    def due(self, node: HollowNode, message: PodTimer) -> None:
        """A timer has fired."""
        run = node.pods.get(message.uid)
        if run is not None and run.timers.pop((message.what, message.place), None) is not None:
            self._step(message.what, node, run, message.place)

    def _step(self, what: str, node: HollowNode, run: PodRun, place: int = -1) -> None:
        getattr(self, f"_{what}")(node, run, place)

    def _end(self, run: PodRun, container: ContainerRun, exit_code: int) -> None:
        clock = self.actor.loop.clock
        container.state, container.exit_code, container.ready = TERMINATED, exit_code, False
        container.finished_ms, container.finished_text = clock.now_ms, clock.timestamp()

    def report(self, node: HollowNode, run: PodRun, _place: int = -1) -> None:
        """Write the pod's status."""
        self._patch(node, run.pod, run.wire(self.actor.loop.clock.timestamp(), node.address))

    _report_again = report

    def _patch(self, node: HollowNode, pod: Object, status: Object) -> None:
        # The uid sees to it that a new pod of the same name does not get the old one's status.
        patch = {"metadata": {"uid": meta.uid(pod)}, "status": status}
        call = Call("patch", "pods", meta.namespace(pod), meta.name(pod), "status", patch, {}, "strategic")
        self._send(node, call, (node.name, meta.uid(pod), "report_again"))

    def _delete(self, node: HollowNode, pod: Object) -> None:
        """Tell the API server that nothing of the pod is left here."""
        options = {"gracePeriodSeconds": 0, "preconditions": {"uid": meta.uid(pod)}}
        call = Call("delete", "pods", meta.namespace(pod), meta.name(pod), options=options)
        self._send(node, call, (node.name, meta.uid(pod), "delete_again"))

    def _delete_again(self, node: HollowNode, run: PodRun, _place: int) -> None:
        self._delete(node, run.pod)

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

    def _after(
        self, node: HollowNode, run: PodRun, delay_ms: int, what: str, place: int = -1, background: bool = False
    ) -> None:
        if delay_ms <= 0:
            self._step(what, node, run, place)
            return
        message = PodTimer(node.name, run.uid, what, place)
        run.timers[(what, place)] = self.actor.loop.after(delay_ms, self.actor.name, message, background)

    def _vary(self, node: HollowNode, delay_ms: int) -> int:
        jitter = self.rules.jitter
        if not jitter or not delay_ms:
            return delay_ms
        chance = self.actor.loop.chance.stream(f"kubelet/{node.name}")
        return round(delay_ms * (1 + jitter * (2 * chance.random() - 1)))


def doubled(backoff_ms: int) -> int:
    """The back-off that follows on `backoff_ms` (0: the first one)."""
    return min(backoff_ms * 2, LAST_BACKOFF_MS) if backoff_ms else FIRST_BACKOFF_MS
