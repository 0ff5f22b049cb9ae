"""SchedulingGates: a pod with gates does not enter the queue."""

from __future__ import annotations

from cp_sim.scheduler.framework import OK, UNRESOLVABLE, Plugin, Status
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change, is_own


class SchedulingGates(Plugin):
    """Holds a pod back until `spec.schedulingGates` is empty (pkg/scheduler/framework/plugins/schedulinggates)."""

    name = "SchedulingGates"
    moved_by = ("pods/update-gates",)

    def hint(self, pod: PodInfo, change: Change) -> bool:
        return is_own(pod, change) and not pod.gates

    def pre_enqueue(self, pod: PodInfo) -> Status:
        if not pod.gates:
            return OK
        return Status(UNRESOLVABLE, (f"waiting for scheduling gates: [{' '.join(pod.gates)}]",))
