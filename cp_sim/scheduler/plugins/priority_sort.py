"""PrioritySort: the order of the active queue."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.framework import Plugin
from cp_sim.scheduler.pod_info import PodInfo


class PrioritySort(Plugin):
    """Higher priority first, then who has waited longer (pkg/scheduler/framework/plugins/queuesort)."""

    name = "PrioritySort"

    def sort_key(self, pod: PodInfo, time_ms: int) -> tuple[Any, ...]:
        return (-pod.priority, time_ms)
