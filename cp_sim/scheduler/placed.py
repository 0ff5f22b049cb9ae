"""A pod that is assumed on a node and not bound yet, and the sentences about what can happen to it.

*In Kubernetes:* `assumedPodInfo` and `ScheduleResult` in pkg/scheduler/schedule_one.go, `FitError` in
pkg/scheduler/framework/types.go.
"""

from __future__ import annotations

from dataclasses import dataclass

from cp_sim.apiserver.request import Response
from cp_sim.scheduler.framework import CycleState, Plugin
from cp_sim.scheduler.queue.queued_pod import QueuedPod
from cp_sim.sim import Timer

# The reasons of a false condition PodScheduled.
UNSCHEDULABLE, SCHEDULER_ERROR = "Unschedulable", "SchedulerError"


@dataclass(slots=True)
class Placed:
    """A pod that is assumed on a node: `work` are the PreBind plugins that are still to be asked, `awaited` the
    requests of the first of them that are not answered.
    """

    one: QueuedPod
    node: str
    state: CycleState
    work: tuple[Plugin, ...] = ()
    awaited: int = 0
    late: str = ""
    timer: Timer | None = None
    nominated: bool = False

    @property
    def uid(self) -> str:
        """The pod's uid."""
        return self.one.pod.uid


def fit_error(reasons: tuple[str, ...]) -> str:
    """The sentence for the one node that was chosen and then refused (`FitError`)."""
    said = ", ".join(sorted(f"1 {reason}" for reason in reasons))
    return f"0/1 nodes are available: {said}." if said else "0/1 nodes are available:"


def said_by(response: Response) -> str:
    """The API server's sentence."""
    return str(response.body.get("message", "")) if isinstance(response.body, dict) else str(response.body)
