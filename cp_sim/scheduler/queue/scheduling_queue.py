"""The scheduling queue: which pod is tried next, which waits out its back-off, which waits for something to change.

A pending pod is in exactly one place: *active* (a heap, the next to be tried on top), *backoff* (tried and failed a
moment ago), *unschedulable* (waits for a change that may help it) or *gated* (an unschedulable one that a PreEnqueue
plugin holds back), or it is *in flight*: taken out and being placed.

`queueing.py` names the changes, `worth.py` tells whom they help, `backoff.py` how long the others wait, `in_flight.py`
notes what happens meanwhile.

*In Kubernetes:* pkg/scheduler/backend/queue/scheduling_queue.go, with the feature gates SchedulerQueueingHints and
SchedulerPopFromBackoffQ on, as they are in v1.36.  *Simplified:* no pod groups, no metrics.
"""

from __future__ import annotations

from cp_sim.scheduler.decision import Rejection
from cp_sim.scheduler.framework import Profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.backoff import INITIAL_MS, MAXIMUM_MS, Backoff
from cp_sim.scheduler.queue.in_flight import InFlight
from cp_sim.scheduler.queue.queued_pod import (
    ACTIVE,
    BACKOFF,
    GATED,
    IN_FLIGHT,
    WAITING,
    PodHeap,
    QueuedPod,
    backoff_turn,
    turn,
)
from cp_sim.scheduler.queue.queueing import FORCED, Change
from cp_sim.scheduler.queue.worth import AFTER_BACKOFF, IMMEDIATELY, SKIP, gate_of, listens, own_changes, worth
from cp_sim.sim import Clock

__all__ = ["ACTIVE", "BACKOFF", "GATED", "IN_FLIGHT", "WAITING", "QueuedPod", "SchedulingQueue"]

HOPELESS_ERRORS = 5
# A pod that nothing moved for so long is tried again anyway (DefaultPodMaxInUnschedulablePodsDuration); looked at
# twice a minute.
FLUSH_AFTER_MS = 300_000
FLUSH_PERIOD_MS = 30_000
ANY_PRIORITY = 2**63


class SchedulingQueue:
    """All pending pods of this scheduler."""

    def __init__(self, clock: Clock, initial_backoff_ms: int = INITIAL_MS, max_backoff_ms: int = MAXIMUM_MS) -> None:
        self.clock = clock
        self.backoff = Backoff(initial_backoff_ms, max_backoff_ms)
        self.started_ms = clock.now_ms
        self.pods: dict[str, QueuedPod] = {}  # uid -> wherever it is
        self.in_flight = InFlight()
        self.held: dict[str, Rejection] = {}  # uid -> why it may not be tried yet: its preemption is being carried out
        self._active = PodHeap(ACTIVE, turn)
        self._backoff = PodHeap(BACKOFF, backoff_turn)  # of those that found no node
        self._error_backoff = PodHeap(BACKOFF, backoff_turn)  # of those whose attempt ended with an error
        self._pool: dict[tuple[str, str], dict[str, None]] = {}  # (scheduler name, plugin) -> uids that it rejected
        self._counts = dict.fromkeys((ACTIVE, BACKOFF, WAITING, GATED), 0)
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
        return self._counts[ACTIVE] > 0 or self._backoff.top() is not None

    @property
    def anybody_waits(self) -> bool:
        """Whether any pod waits for a change."""
        return self._counts[WAITING] > 0

    def listed(self, place: str) -> list[QueuedPod]:
        """The pods in one place: active ones in the order of their turn, backoff ones by their end, others as they
        came.
        """
        found = [one for one in self.pods.values() if one.place == place]
        if place == ACTIVE:
            found.sort(key=turn)
        elif place == BACKOFF:
            found.sort(key=backoff_turn)
        return found

    def waits_for(self, one: QueuedPod) -> tuple[str, ...]:
        """The changes that can move a waiting pod."""
        found: dict[str, None] = {}
        names = (one.gate.plugin,) if one.place == GATED and one.gate else one.rejectors
        for plugin in one.profile.plugins:
            if plugin.name in names:
                found.update(dict.fromkeys(plugin.moved_by))
        return tuple(found)

    def next_backoff_ms(self) -> int | None:
        """When the next back-off ends, None if nobody is in back-off."""
        ends = [one.backoff_until_ms for one in self._next_in_backoff()]
        return min(ends, default=None)

    def flush_ms(self, one: QueuedPod) -> int:
        """When a pod that nothing moves is tried again anyway."""
        ticks = (one.time_ms + FLUSH_AFTER_MS - self.started_ms) // FLUSH_PERIOD_MS + 1
        return self.started_ms + ticks * FLUSH_PERIOD_MS

    def next_flush_ms(self) -> int:
        """When it is looked next for pods that have waited for too long."""
        ticks = (self.clock.now_ms - self.started_ms) // FLUSH_PERIOD_MS + 1
        return self.started_ms + ticks * FLUSH_PERIOD_MS

    @property
    def only_hopeless_in_backoff(self) -> bool:
        """Whether the pod whose back-off ends next has failed with errors so often that nobody should wait for it."""
        soonest = min(self._next_in_backoff(), key=backoff_turn, default=None)
        return soonest is not None and soonest.errors > HOPELESS_ERRORS

    # -- pods come and go --------------------------------------------------------------------------------------------

    def add(self, pod: PodInfo, profile: Profile, cause: int | None = None) -> QueuedPod:
        """A pending pod is new."""
        now = self.clock.now_ms
        one = QueuedPod(pod, profile, now, now, now, cause=cause)
        self.pods[pod.uid] = one
        self._enter(one)
        return one

    def update(self, pod: PodInfo, cause: int | None = None) -> None:
        """A pending pod has changed: a waiting one moves if that may help it; for one in flight it is noted."""
        one = self.pods[pod.uid]
        old, one.pod = one.pod, pod
        if one.place == ACTIVE:
            if old.priority != pod.priority:
                self._put_active(one)
            return
        if one.place == BACKOFF:
            return
        for kind in own_changes(old, pod):
            change = Change(kind, old.object, pod.object)
            if one.place == IN_FLIGHT:
                self.in_flight.note(change, only=pod.uid)
                continue
            strategy = worth(one, change)
            if strategy != SKIP:
                one.cause = cause
                self._requeue(one, strategy)
                if one.place in (ACTIVE, BACKOFF):
                    return

    def remove(self, uid: str) -> None:
        """A pending pod is gone, or has a node."""
        self.in_flight.done(uid)
        self.held.pop(uid, None)
        one = self.pods.pop(uid, None)
        if one is not None:
            self._leave(one)

    def pop(self) -> QueuedPod | None:
        """Take out the pod whose turn it is; with no active one, a pod that waits out its back-off
        (`SchedulerPopFromBackoffQ`).
        """
        one = self._active.top() or self._backoff.top()
        if one is not None:
            self._leave(one)
            one.place, one.since_ms = IN_FLIGHT, self.clock.now_ms
            one.attempts += 1
            one.rejected_by = one.pending_by = ()
            one.backoff_until_ms = 0
            self.in_flight.take(one.pod.uid)
        return one

    def placed(self, uid: str) -> None:
        """The pod in flight has found its node; until `done` it may still come back."""
        self.pods.pop(uid, None)

    def done(self, uid: str) -> None:
        """No plugin can reject the pod in flight any more: what happens from now on does not matter to it."""
        self.in_flight.done(uid)

    def failed(self, one: QueuedPod, rejected_by: tuple[str, ...], pending_by: tuple[str, ...] = ()) -> None:
        """The pod in flight found no node: it waits for a change that one of these plugins cares about, unless there
        was one meanwhile.  Without any plugin that is to blame it was an error.
        """
        if not rejected_by and not pending_by:
            self.failed_with_error(one)
            return
        one.failures += 1
        one.errors = 0
        one.rejected_by, one.pending_by = rejected_by, pending_by
        self._come_back(one, one.failures)
        strategy = SKIP
        for change in self.in_flight.missed(one.pod.uid):
            strategy = max(strategy, worth(one, change))
        self.in_flight.done(one.pod.uid)
        self._requeue(one, strategy)

    def failed_with_error(self, one: QueuedPod) -> None:
        """The attempt ended with an error: the pod is tried again after a back-off."""
        one.errors += 1
        one.rejected_by = one.pending_by = ()
        self._come_back(one, one.errors)
        self.in_flight.done(one.pod.uid)
        self._requeue(one, AFTER_BACKOFF)

    # -- moving ------------------------------------------------------------------------------------------------------

    def move(self, change: Change, cause: int | None = None, but_not: str = "", up_to: int = ANY_PRIORITY) -> int:
        """Let go of the waiting pods that a change may help, but not of `but_not` nor of those of a priority above
        `up_to`; returns how many.
        """
        helped: dict[str, int] = {}
        for (_, name), uids in self._pool.items():
            if not listens(self.pods[next(iter(uids))], name, change.kind):
                continue
            for uid in uids:
                one = self.pods[uid]
                if uid in helped or uid == but_not or one.pod.priority > up_to:
                    continue
                if one.gate is None or listens(one, one.gate.plugin, change.kind):
                    helped[uid] = worth(one, change)
        moved = 0
        for uid, strategy in helped.items():
            one = self.pods[uid]
            if strategy != SKIP:
                one.cause = cause
                self._requeue(one, strategy)
                moved += one.place in (ACTIVE, BACKOFF)
        self.in_flight.note(change)
        return moved

    def activate(self, uid: str, cause: int | None = None) -> None:
        """Try a pod now, whatever it waits for; one in flight as soon as it comes back (`Activate`)."""
        one = self.pods.get(uid)
        if one is not None and one.place in (BACKOFF, WAITING, GATED):
            one.cause = cause
            self._enter(one)
        elif uid in self.in_flight:
            self.in_flight.note(Change(FORCED), only=uid)

    def failed_afterwards(self, uid: str) -> None:
        """What an attempt had begun (a preemption) has ended with an error: the pod is tried again after a back-off."""
        one = self.pods.get(uid)
        if one is not None and one.place in (BACKOFF, WAITING, GATED):
            self._leave(one)
            one.errors = one.failures - 1  # each time the attempt itself has counted as a failure
            self.failed_with_error(one)

    def hold(self, uid: str, why: Rejection) -> None:
        """Keep a pod from being tried until it is released."""
        self.held[uid] = why

    def release(self, uid: str) -> None:
        """A held pod may be tried again; that alone does not move it."""
        self.held.pop(uid, None)

    def flush_backoff(self) -> None:
        """Make active the pods whose back-off has ended."""
        for heap in (self._backoff, self._error_backoff):
            while (one := heap.top()) is not None and one.backoff_until_ms <= self.clock.now_ms:
                one.cause = None
                self._leave(one)
                self._put_active(one)

    def flush_waiting(self) -> None:
        """Let go of the pods that have waited for five minutes."""
        limit = self.clock.now_ms - FLUSH_AFTER_MS
        for one in [one for one in self.pods.values() if one.place == WAITING and one.time_ms < limit]:
            one.cause = None
            self._requeue(one, AFTER_BACKOFF)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _come_back(self, one: QueuedPod, count: int) -> None:
        one.time_ms = self.clock.now_ms
        one.backoff_until_ms = self.backoff.end_ms(one.time_ms, count)
        self.pods[one.pod.uid] = one

    def _requeue(self, one: QueuedPod, strategy: int) -> None:
        """To where the pod should go: to wait on, to the active queue, or first to back-off."""
        if strategy == SKIP:
            self._put_aside(one, WAITING)
        elif strategy == IMMEDIATELY or one.backoff_until_ms <= self.clock.now_ms:
            self._enter(one)
        elif not self._held_back(one):
            self._put_backoff(one)

    def _enter(self, one: QueuedPod) -> None:
        """Into the active queue, or to the gated ones."""
        if one.place == BACKOFF or not self._held_back(one):  # PreEnqueue has let in whoever is in back-off
            self._leave(one)
            self._put_active(one)

    def _held_back(self, one: QueuedPod) -> bool:
        """PreEnqueue: whether the pod has to stay outside, and to the gated ones if so."""
        self._leave(one)
        one.gate = self.held.get(one.pod.uid) or gate_of(one)
        if one.gate is None:
            return False
        if one.gate.plugin not in one.rejected_by:
            one.rejected_by += (one.gate.plugin,)
        self._put_aside(one, GATED)
        return True

    def _put_active(self, one: QueuedPod) -> None:
        if one.place != ACTIVE:
            self._arrive(one, ACTIVE)
        self._push(self._active, one)

    def _put_backoff(self, one: QueuedPod) -> None:
        self._arrive(one, BACKOFF)
        self._push(self._backoff if one.rejectors else self._error_backoff, one)

    def _push(self, heap: PodHeap, one: QueuedPod) -> None:
        self._serial += 1
        one.serial = self._serial
        heap.push(one)

    def _put_aside(self, one: QueuedPod, place: str) -> None:
        self._arrive(one, place)
        for name in one.rejectors:
            self._pool.setdefault((one.profile.scheduler_name, name), {})[one.pod.uid] = None

    def _arrive(self, one: QueuedPod, place: str) -> None:
        one.place, one.since_ms = place, self.clock.now_ms
        self._counts[place] += 1

    def _leave(self, one: QueuedPod) -> None:
        """Out of wherever the pod is."""
        if one.place in self._counts:
            self._counts[one.place] -= 1
        if one.place in (WAITING, GATED):
            for name in one.rejectors:
                group = (one.profile.scheduler_name, name)
                del self._pool[group][one.pod.uid]
                if not self._pool[group]:
                    del self._pool[group]
        one.place, one.serial = IN_FLIGHT, 0

    def _next_in_backoff(self) -> list[QueuedPod]:
        return [one for one in (self._backoff.top(), self._error_backoff.top()) if one is not None]
