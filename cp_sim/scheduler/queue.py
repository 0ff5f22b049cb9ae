"""The scheduling queue: which pod is tried next, which waits out its back-off, which waits for something to change.

A pending pod is in exactly one place: *active* (a heap, the next to be tried on top), *backoff* (tried and failed a
moment ago), *unschedulable* (waits for a change that may help it) or *gated* (an unschedulable one that a PreEnqueue
plugin holds back), or it is *in flight*: taken out and being placed.

Changes are named in `queueing.py`.

*In Kubernetes:* pkg/scheduler/backend/queue.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

from cp_sim.scheduler.cycle import gated
from cp_sim.scheduler.decision import Rejection
from cp_sim.scheduler.framework import Profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queueing import Change
from cp_sim.sim import Clock

INITIAL_BACKOFF_MS = 1_000
MAX_BACKOFF_MS = 10_000
WINDOW_MS = 1_000
HOPELESS_ERRORS = 5
# A pod that nothing moved for so long is tried again anyway (DefaultPodMaxInUnschedulablePodsDuration).
FLUSH_AFTER_MS = 300_000

ACTIVE = "active"
BACKOFF = "backoff"
WAITING = "unschedulable"
GATED = "gated"
IN_FLIGHT = "in flight"


@dataclass(slots=True)
class QueuedPod:
    """A pending pod and what the queue knows of it.

    `failures` counts the attempts that found no node, `errors` those that ended with an error in a row.
    `rejected_by` names the plugins whose rejection it waits to be lifted.  `time_ms` is when it last came into the
    queue, `since_ms` when it came to where it is; `cause` is the record that brought it there.
    """

    pod: PodInfo
    profile: Profile
    added_ms: int
    time_ms: int
    since_ms: int
    place: str = ACTIVE
    attempts: int = 0
    failures: int = 0
    errors: int = 0
    rejected_by: tuple[str, ...] = ()
    gate: Rejection | None = None
    backoff_until_ms: int = 0
    serial: int = 0
    cause: int | None = None


class SchedulingQueue:
    """All pending pods of this scheduler."""

    def __init__(
        self, clock: Clock, initial_backoff_ms: int = INITIAL_BACKOFF_MS, max_backoff_ms: int = MAX_BACKOFF_MS
    ) -> None:
        self.clock = clock
        self.initial_backoff_ms = initial_backoff_ms
        self.max_backoff_ms = max_backoff_ms
        self.pods: dict[str, QueuedPod] = {}  # uid -> wherever it is
        self._active: list[tuple[Any, ...]] = []  # (sort key, serial, uid); outdated entries are skipped
        self._backoff: list[tuple[Any, ...]] = []  # (until, sort key, serial, uid)
        self._waiting: dict[str, dict[str, None]] = {}  # plugin -> uids that it rejected
        self._active_count = 0
        self._serial = 0

    # -- reading -----------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self.pods)

    def __contains__(self, uid: str) -> bool:
        return uid in self.pods

    @property
    def ready(self) -> bool:
        """Whether there is a pod to try now: an active one, or else one that waits out the back-off of a failed
        attempt.
        """
        return self._active_count > 0 or self._next_in_backoff() is not None

    @property
    def anybody_waits(self) -> bool:
        """Whether any pod waits for a change."""
        return bool(self._waiting)

    def listed(self, place: str) -> list[QueuedPod]:
        """The pods in one place: active ones in the order of their turn, backoff ones by their end, others as they
        came.
        """
        found = [one for one in self.pods.values() if one.place == place]
        if place == ACTIVE:
            found.sort(key=_turn)
        elif place == BACKOFF:
            found.sort(key=lambda one: (one.backoff_until_ms, *_turn(one)))
        return found

    def waits_for(self, one: QueuedPod) -> tuple[str, ...]:
        """The changes that can move a waiting pod."""
        found: dict[str, None] = {}
        names = (one.gate.plugin,) if one.place == GATED and one.gate else one.rejected_by
        for plugin in one.profile.plugins:
            if plugin.name in names:
                found.update(dict.fromkeys(plugin.moved_by))
        return tuple(found)

    def next_backoff_ms(self) -> int | None:
        """When the next back-off ends, None if nobody is in back-off."""
        while self._backoff:
            entry = self._backoff[0]
            one = self.pods.get(entry[-1])
            if one is not None and one.place == BACKOFF and one.serial == entry[-2]:
                return one.backoff_until_ms
            heapq.heappop(self._backoff)
        return None

    @property
    def only_hopeless_in_backoff(self) -> bool:
        """Whether the pod whose back-off ends next has failed with errors so often that nobody should wait for it."""
        return self.next_backoff_ms() is not None and self.pods[self._backoff[0][-1]].errors > HOPELESS_ERRORS

    # -- pods come and go --------------------------------------------------------------------------------------------

    def add(self, pod: PodInfo, profile: Profile, cause: int | None = None) -> QueuedPod:
        """A pending pod is new."""
        now = self.clock.now_ms
        one = QueuedPod(pod, profile, now, now, now, cause=cause)
        self.pods[pod.uid] = one
        self._enter(one)
        return one

    def update(self, pod: PodInfo, cause: int | None = None) -> None:
        """A pending pod has changed: it may move if its spec or labels did."""
        one = self.pods[pod.uid]
        old, one.pod = one.pod, pod
        if one.place not in (WAITING, GATED):
            if one.place == ACTIVE and old.priority != pod.priority:
                self._put_active(one)
            return
        for kind in own_changes(old, pod):
            if one.place == GATED or self._may_help(one, Change(kind, old.object, pod.object)):
                one.cause = cause
                self._requeue(one)
                return

    def remove(self, uid: str) -> None:
        """A pending pod is gone, or has a node."""
        one = self.pods.pop(uid, None)
        if one is not None:
            self._leave(one)

    def pop(self) -> QueuedPod | None:
        """Take out the pod whose turn it is; with no active one, a pod that waits out its back-off
        (`SchedulerPopFromBackoffQ`).
        """
        one = self._pop_active() or self._next_in_backoff()
        if one is not None:
            self._leave(one)
            one.place = IN_FLIGHT
            one.since_ms = self.clock.now_ms
            one.attempts += 1
        return one

    def placed(self, uid: str) -> None:
        """The pod in flight has found its node."""
        self.pods.pop(uid, None)

    def failed(self, one: QueuedPod, rejected_by: tuple[str, ...]) -> None:
        """The pod in flight found no node: it waits for a change that one of these plugins cares about."""
        one.rejected_by = rejected_by
        one.failures += 1
        one.errors = 0
        self._wait(one)

    def failed_with_error(self, one: QueuedPod) -> None:
        """The attempt ended with an error: the pod is tried again after a back-off."""
        one.errors += 1
        one.rejected_by = ()
        one.time_ms = self.clock.now_ms
        self.pods[one.pod.uid] = one
        self._put_backoff(one, self._backoff_ms(one.errors))

    # -- moving ------------------------------------------------------------------------------------------------------

    def move(self, change: Change, cause: int | None = None) -> int:
        """Let go of the waiting pods that a change may help; returns how many."""
        if not self._waiting:
            return 0
        helped: dict[str, None] = {}
        for name, uids in self._waiting.items():
            for uid in uids:
                if uid not in helped and self._plugin_cares(self.pods[uid], name, change):
                    helped[uid] = None
        for uid in helped:
            one = self.pods[uid]
            one.cause = cause
            self._requeue(one)
        return len(helped)

    def flush_backoff(self) -> None:
        """Make active the pods whose back-off has ended."""
        while (until := self.next_backoff_ms()) is not None and until <= self.clock.now_ms:
            one = self.pods[heapq.heappop(self._backoff)[-1]]
            one.cause = None
            self._enter(one)

    def flush_waiting(self) -> None:
        """Let go of the pods that have waited for five minutes."""
        limit = self.clock.now_ms - FLUSH_AFTER_MS
        for one in [one for one in self.pods.values() if one.place == WAITING and one.since_ms <= limit]:
            one.cause = None
            self._requeue(one)

    def _backoff_ms(self, failures: int) -> int:
        return backoff_ms(failures, self.initial_backoff_ms, self.max_backoff_ms)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _enter(self, one: QueuedPod) -> None:
        """PreEnqueue: into the active queue, or to the gated ones."""
        gate = gated(one.profile, one.pod)
        self._leave(one)
        one.gate = gate
        if gate is None:
            self._put_active(one)
        else:
            one.place, one.since_ms = GATED, self.clock.now_ms

    def _requeue(self, one: QueuedPod) -> None:
        """Active, or back-off if the last attempt is not long enough ago."""
        wait_until = one.time_ms + self._backoff_ms(one.failures)
        if one.place == WAITING and wait_until > self.clock.now_ms:
            self._leave(one)
            self._put_backoff(one, wait_until - self.clock.now_ms)
        else:
            self._enter(one)

    def _put_active(self, one: QueuedPod) -> None:
        if one.place != ACTIVE or not one.serial:
            self._active_count += 1
            one.since_ms = self.clock.now_ms
        self._serial += 1
        one.place, one.serial = ACTIVE, self._serial
        heapq.heappush(self._active, (*_turn(one), one.pod.uid))

    def _put_backoff(self, one: QueuedPod, delay_ms: int) -> None:
        self._serial += 1
        one.place, one.serial, one.since_ms = BACKOFF, self._serial, self.clock.now_ms
        # Back-offs end on whole seconds, so that those of one second go by priority (backoffQOrderingWindowDuration).
        one.backoff_until_ms = -(-(self.clock.now_ms + delay_ms) // WINDOW_MS) * WINDOW_MS
        heapq.heappush(self._backoff, (one.backoff_until_ms, *_turn(one), one.pod.uid))

    def _wait(self, one: QueuedPod) -> None:
        now = self.clock.now_ms
        one.place, one.since_ms, one.time_ms = WAITING, now, now
        self.pods[one.pod.uid] = one
        for name in one.rejected_by or ("",):
            self._waiting.setdefault(name, {})[one.pod.uid] = None

    def _leave(self, one: QueuedPod) -> None:
        if one.place == ACTIVE and one.serial:
            self._active_count -= 1
        if one.place == WAITING:
            for name in one.rejected_by or ("",):
                waiting = self._waiting[name]
                del waiting[one.pod.uid]
                if not waiting:
                    del self._waiting[name]
        one.place, one.serial = IN_FLIGHT, 0

    def _pop_active(self) -> QueuedPod | None:
        while self._active:
            entry = heapq.heappop(self._active)
            one = self.pods.get(entry[-1])
            if one is not None and one.place == ACTIVE and one.serial == entry[-2]:
                return one
        return None

    def _next_in_backoff(self) -> QueuedPod | None:
        if self.next_backoff_ms() is None:
            return None
        one = self.pods[self._backoff[0][-1]]
        return None if one.errors else one

    def _may_help(self, one: QueuedPod, change: Change) -> bool:
        return any(self._plugin_cares(one, name, change) for name in one.rejected_by or ("",))

    def _plugin_cares(self, one: QueuedPod, name: str, change: Change) -> bool:
        plugin = one.profile.by_name.get(name)
        if plugin is None:
            return True
        if change.kind not in plugin.moved_by and "*" not in plugin.moved_by:
            return False
        return plugin.hint(one.pod, change)


def _turn(one: QueuedPod) -> tuple[Any, ...]:
    """The sort key of the queue-sort plugin, then who came first."""
    key: tuple[Any, ...] = ()
    for plugin in one.profile.at["queue_sort"]:
        key += plugin.sort_key(one.pod, one.time_ms)
    return (*key, one.serial)


def backoff_ms(failures: int, initial_ms: int = INITIAL_BACKOFF_MS, max_ms: int = MAX_BACKOFF_MS) -> int:
    """1 s after the first failure, doubled with every further one, at most 10 s; 0 before any."""
    return min(initial_ms << min(failures - 1, 30), max_ms) if failures else 0


def own_changes(old: PodInfo, new: PodInfo) -> list[str]:
    """What changed about a pending pod that may make it schedulable."""
    found = []
    if old.gates != new.gates:
        found.append("pods/update-gates")
    if old.facts.tolerations != new.facts.tolerations:
        found.append("pods/update-tolerations")
    if old.labels != new.labels:
        found.append("pods/update-label")
    if any(amount < old.facts.requests.get(name, 0) for name, amount in new.facts.requests.items()):
        found.append("pods/scale-down")
    if not found and old.spec != new.spec:
        found.append("pods/update-spec")
    return found
