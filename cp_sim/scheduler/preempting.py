"""Carrying out a preemption: the victims are told why, then deleted, one request after the other.

While that goes on the preemptor is held back from the queue (PreEnqueue of DefaultPreemption): before its last victim
has begun to go another attempt could only find more victims.  The last victim is asked to go when the others have
been; a failure ends it, and the preemptor is tried again.

*In Kubernetes:* `prepareCandidateAsync` and `PreemptPod` in pkg/scheduler/framework/preemption/executor.go (feature
gate SchedulerAsyncPreemption).  *Simplified:* after a failure the real one tries again without any back-off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.objects import meta
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.decision import UNSCHEDULABLE, Decision, Preemption, Rejection
from cp_sim.scheduler.framework import UNRESOLVABLE
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queued_pod import QueuedPod

if TYPE_CHECKING:
    from cp_sim.scheduler.scheduler import Scheduler

Object = dict[str, Any]

HELD = Rejection("DefaultPreemption", UNRESOLVABLE, "waiting for the preemption for this pod to be finished")
NO_CANDIDATES = "preemption: 0/"


@dataclass(slots=True)
class Running:
    """A preemption that is being carried out: for whom, where, who has still to be asked, who has not answered."""

    one: QueuedPod
    node: str
    last: PodInfo
    last_asked: bool = False
    failed: bool = False
    missed: bool = False  # a victim was gone already, perhaps while the pod was held back
    unanswered: dict[str, PodInfo] = field(default_factory=dict)


@dataclass(slots=True)
class Asked:
    """A victim that is being told to go: the context of the requests."""

    running: Running
    victim: PodInfo


class Preemptions:
    """The preemptions that a scheduler is carrying out."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.running: dict[str, Running] = {}  # uid of the preemptor ->

    def start(self, one: QueuedPod, preemption: Preemption) -> None:
        """Ask the victims to go that are not going yet, and take back weaker nominations for the node."""
        scheduler = self.scheduler
        victims = [victim for victim in victims_of(scheduler.cache, preemption) if not victim.terminating]
        if not victims:
            return
        running = Running(one, preemption.nominated, victims[-1])
        self.running[one.pod.uid] = running
        scheduler.queue.hold(one.pod.uid, HELD)
        for call in withdrawals(scheduler.cache, one.pod, preemption.nominated):
            scheduler.api.send(call)
        for victim in victims[:-1]:
            self._ask(running, victim)
        self._go_on(running)

    def is_going(self, uid: str) -> None:
        """A pod has begun to go, or is gone: who waits for just that need not be held back any longer."""
        for preemptor, running in self.running.items():
            if running.last_asked and running.last.uid == uid:
                self.scheduler.queue.release(preemptor)

    def _ask(self, running: Running, victim: PodInfo) -> None:
        scheduler, context = self.scheduler, Asked(running, victim)
        waiting = scheduler.waiting_pods.get(victim.uid)
        if waiting is not None:  # it is not bound yet, and waits for Permit plugins: it need not be deleted
            waiting.end("DefaultPreemption", "preempted")
            self._tell(context)
            return
        running.unanswered[victim.uid] = victim
        call = mark(victim, running.one.profile.scheduler_name, scheduler.loop.clock.timestamp())
        if call is not None:
            scheduler.api.send(call, "marked", context, self)
        else:
            self._delete(context)

    def marked(self, asked: Asked, response: Response) -> None:
        """The API server has answered the patch of a victim's status."""
        if response.ok:
            self._delete(asked)
        else:
            self._answered(asked, response)

    def _delete(self, asked: Asked) -> None:
        call = Call("delete", "pods", asked.victim.namespace, asked.victim.name)
        self.scheduler.api.send(call, "deleted", asked, self)

    def deleted(self, asked: Asked, response: Response) -> None:
        """The API server has answered the deletion of a victim."""
        if response.ok:
            self._tell(asked)
        self._answered(asked, response)

    def _tell(self, asked: Asked) -> None:
        """The Event at a victim."""
        one = asked.running.one
        text = f"Preempted by pod {one.pod.uid} on node {asked.running.node}"
        recorder = self.scheduler.recorder(one.profile)
        recorder.emit(asked.victim.object, "Normal", "Preempted", "Preempting", text, related=one.pod.object)

    def _answered(self, asked: Asked, response: Response) -> None:
        running = asked.running
        running.unanswered.pop(asked.victim.uid, None)
        if not response.ok:
            running.missed |= response.status == 404
            running.failed |= response.status != 404
        self._go_on(running)

    def _go_on(self, running: Running) -> None:
        """Ask the last victim when all others have answered; end when that has, too."""
        if running.unanswered:
            return
        if not running.last_asked and not running.failed:
            running.last_asked = True
            self._ask(running, running.last)
            if running.unanswered:
                return
        uid = running.one.pod.uid
        if self.running.get(uid) is running:
            del self.running[uid]
            self.scheduler.queue.release(uid)
        if running.failed:
            self.scheduler.failed_afterwards(uid)
        elif running.missed:
            self.scheduler.activate(uid)


def victims_of(cache: Cache, preemption: Preemption) -> list[PodInfo]:
    """The pods that have to leave, as the cache knows them."""
    on_node = {one.key: one for one in cache.on_node.get(preemption.nominated, {}).values()}
    return [on_node[key] for key in preemption.victims if key in on_node]


def mark(victim: PodInfo, scheduler_name: str, now: str) -> Call | None:
    """The condition DisruptionTarget for a victim; None if it has it already."""
    condition: Object = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "PreemptionByScheduler",
        "message": f"{scheduler_name}: preempting to accommodate a higher priority pod",
    }
    if meta.generation(victim.object):
        condition["observedGeneration"] = meta.generation(victim.object)
    old = meta.condition(victim.object, "DisruptionTarget") or {}
    if all(old.get(key) == value for key, value in condition.items()):
        return None
    condition |= {"lastProbeTime": None, "lastTransitionTime": now}
    patch = {"metadata": {"uid": victim.uid}, "status": {"conditions": [condition]}}
    return Call("patch", "pods", victim.namespace, victim.name, "status", patch, {}, "strategic")


def withdrawals(cache: Cache, pod: PodInfo, node: str) -> list[Call]:
    """For each weaker pod that is nominated to the node: that it is not any more, so that it looks elsewhere."""
    clear = {"status": {"nominatedNodeName": None}}
    return [
        Call("patch", "pods", other.namespace, other.name, "status", clear, {}, "strategic")
        for other in cache.nominated.get(node, {}).values()
        if other.priority < pod.priority and other.nominated_node
    ]


def nomination_after(decision: Decision) -> str | None:
    """Which node a pod without a node is nominated to from now on: empty for none, None for the one it has.

    A pod that may not preempt just now, because its victims are still going, keeps its nomination; one for which
    preemption finds no candidate loses it.
    """
    if decision.preemption is not None:
        return decision.preemption.nominated
    return "" if decision.result == UNSCHEDULABLE and NO_CANDIDATES in decision.message else None
