"""Pods that have their node and wait for the word of Permit plugins before they are bound.

*In Kubernetes:* `waitingPod` in pkg/scheduler/framework/runtime/waiting_pods_map.go; `GetWaitingPod` and
`IterateOverWaitingPods` of the framework's handle are the dict `Scheduler.waiting_pods` (in plugins
`state.waiting_pods`), by uid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.sim import Timer, immutable

if TYPE_CHECKING:
    from cp_sim.scheduler.binding import BindingCycle
    from cp_sim.scheduler.placed import Placed

TIMEOUT = "rejected due to timeout after waiting {} at plugin {}"


@immutable
class PermitWait:
    """The evidence of a record `permit`: on which node a pod waits, for which plugins, until when each waits."""

    node: str
    until_ms: dict[str, int]


class WaitingPod:
    """A pod that waits: `pending` names the plugins that have not allowed it yet, with the time when each gives up.

    The node is taken meanwhile and other pods are scheduled.  When the last plugin allows the pod it is bound; the
    first rejection ends it.
    """

    __slots__ = ("cycle", "decided", "pending", "placed", "rejected_by", "since_ms", "timers", "why")

    def __init__(self, cycle: BindingCycle, placed: Placed, waits_ms: dict[str, int]) -> None:
        self.cycle = cycle
        self.placed = placed
        self.since_ms = cycle.clock.now_ms
        self.pending = {name: self.since_ms + wait_ms for name, wait_ms in waits_ms.items()}
        self.decided = False
        self.rejected_by = ""
        self.why = ""
        self.timers: dict[str, Timer] = {
            name: cycle.later(wait_ms, "timed_out", (placed.uid, name, wait_ms)) for name, wait_ms in waits_ms.items()
        }

    def __repr__(self) -> str:
        return f"WaitingPod({self.key} on {self.node}, for {', '.join(self.pending) or 'nobody'})"

    @property
    def pod(self) -> PodInfo:
        """The pod."""
        return self.placed.one.pod

    @property
    def key(self) -> str:
        """`namespace/name` of the pod."""
        return self.pod.key

    @property
    def node(self) -> str:
        """The node that it has."""
        return self.placed.node

    @property
    def until_ms(self) -> int:
        """When the first of the plugins gives up."""
        return min(self.pending.values(), default=self.since_ms)

    def allow(self, plugin: str) -> None:
        """The plugin lets the pod go on; it is bound when all have.

        Raises:
            ValueError: the pod's profile has no Permit plugin of that name.
        """
        self._check(plugin)
        self.pending.pop(plugin, None)
        self._stop(plugin)
        if not self.pending:
            self._decide()

    def reject(self, plugin: str, message: str = "") -> None:
        """The plugin refuses the pod: it leaves its node and waits for another chance.

        Raises:
            ValueError: the pod's profile has no Permit plugin of that name.
        """
        self._check(plugin)
        self.end(plugin, message)

    def end(self, plugin: str, message: str) -> None:
        """Refuse the pod, in the name of a plugin or (empty) of nobody."""
        if not self.decided:
            self.rejected_by, self.why = plugin, message
            self._decide(rejected=True)

    def stop(self) -> None:
        """Let no timer run any more."""
        for name in list(self.timers):
            self._stop(name)

    def _decide(self, rejected: bool = False) -> None:
        """What follows happens in a turn of the scheduler, not in that of whoever has spoken."""
        if self.decided:
            return
        self.decided = True
        self.stop()
        self.cycle.later(0, "refused" if rejected else "allowed", self.placed.uid, background=False)

    def _check(self, plugin: str) -> None:
        names = [one.name for one in self.placed.one.profile.at["permit"]]
        if plugin not in names:
            raise ValueError(
                f"{self.key} does not wait for a plugin {plugin!r}; its Permit plugins: {', '.join(names)}"
            )

    def _stop(self, plugin: str) -> None:
        timer = self.timers.pop(plugin, None)
        if timer is not None and timer.pending:
            self.cycle.stop_timer(timer)


def as_data(waiting: WaitingPod) -> dict[str, Any]:
    """What a picture of the queue shows of a waiting pod: pod, node, since when, plugin -> until when (ms)."""
    return {"pod": waiting.key, "node": waiting.node, "sinceMs": waiting.since_ms, "untilMs": dict(waiting.pending)}
