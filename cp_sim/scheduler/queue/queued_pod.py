"""A pod in the scheduling queue: where it is, since when, and what it waits for.

*In Kubernetes:* `QueuedPodInfo` in pkg/scheduler/framework/types.go.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

from cp_sim.scheduler.asking import described, worded
from cp_sim.scheduler.decision import Rejection
from cp_sim.scheduler.framework import PluginError, Profile
from cp_sim.scheduler.pod_info import PodInfo

ACTIVE = "active"
BACKOFF = "backoff"
WAITING = "unschedulable"
GATED = "gated"
IN_FLIGHT = "in flight"


@dataclass(slots=True)
class QueuedPod:
    """A pending pod and what the queue knows of it.

    `failures` counts the attempts that found no node, `errors` those that ended with an error in a row.
    `rejected_by` names the plugins whose rejection it waits to be lifted, `pending_by` those that wait for something
    of their own (status Pending): when it comes, the pod is tried at once.  `gate` is what a PreEnqueue plugin said.
    `time_ms` is when it last came into the queue, `since_ms` when it came to where it is; `cause` is the record that
    brought it there.
    """

    pod: PodInfo
    profile: Profile
    added_ms: int
    time_ms: int
    since_ms: int
    place: str = IN_FLIGHT
    attempts: int = 0
    failures: int = 0
    errors: int = 0
    rejected_by: tuple[str, ...] = ()
    pending_by: tuple[str, ...] = ()
    gate: Rejection | None = None
    backoff_until_ms: int = 0
    serial: int = 0
    cause: int | None = None

    @property
    def rejectors(self) -> tuple[str, ...]:
        """All plugins that keep it waiting."""
        return self.rejected_by + self.pending_by


def turn(one: QueuedPod) -> tuple[Any, ...]:
    """The sort key of the queue-sort plugin, then who came first.

    Raises:
        PluginError: the plugin failed; without an order there is no queue.
    """
    key: tuple[Any, ...] = ()
    for plugin in one.profile.at["queue_sort"]:
        try:
            key += tuple(plugin.sort_key(one.pod, one.time_ms))
        except Exception as error:
            raise PluginError(worded(plugin, "sort_key", described(error))) from error
    return (*key, one.serial)


def backoff_turn(one: QueuedPod) -> tuple[Any, ...]:
    """Whose back-off ends first, among those that end together as in the active queue."""
    return (one.backoff_until_ms, *turn(one))


class PodHeap:
    """Pods of one place in an order; whoever has left it, or was put in anew, leaves an entry that is skipped."""

    def __init__(self, place: str, key: Any) -> None:
        self.place = place
        self._key = key
        self._entries: list[tuple[Any, ...]] = []  # (key with the serial at its end, pod)

    def push(self, one: QueuedPod) -> None:
        """Put a pod in; its `serial` is newer than that of any entry it has left."""
        heapq.heappush(self._entries, (self._key(one), one))

    def top(self) -> QueuedPod | None:
        """The pod that comes first, which stays."""
        while self._entries:
            key, one = self._entries[0]
            if one.place == self.place and one.serial == key[-1]:
                return one  # type: ignore[no-any-return]
            heapq.heappop(self._entries)
        return None
