"""The actor `kube-scheduler`: watches, keeps queue and cache, places one pod per step, binds it through the API
server.

What wakes it: a pod that enters the active queue, the end of a back-off.  One step takes one pod through the
scheduling cycle and leaves a record `schedule` with the `Decision` as evidence; the binding is sent at once and
confirmed by the watch.

*In Kubernetes:* pkg/scheduler/scheduler.go, eventhandlers.go, schedule_one.go.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cp_sim.apiserver.request import Call
from cp_sim.client import Component, Informers
from cp_sim.client.informer import Relist
from cp_sim.client.leader_election import LOST, Election, LeaderElector
from cp_sim.objects import edit, meta
from cp_sim.scheduler import changes, cycle, preempting
from cp_sim.scheduler.asking import blamed
from cp_sim.scheduler.binding import BindingCycle
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.configuration import read_configuration
from cp_sim.scheduler.decision import ERROR, GATED, SCHEDULED, Decision
from cp_sim.scheduler.events import SeriesRecorder
from cp_sim.scheduler.evidence import Evidence
from cp_sim.scheduler.framework import Profile
from cp_sim.scheduler.placed import SCHEDULER_ERROR, UNSCHEDULABLE
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue import ANY_PRIORITY, QueuedPod, SchedulingQueue
from cp_sim.scheduler.queueing import Change
from cp_sim.scheduler.waiting_pods import WaitingPod
from cp_sim.scheduler.worth import own_changes
from cp_sim.sim import Timer, immutable

Object = dict[str, Any]

NAME = "kube-scheduler"
USER = "system:kube-scheduler"

# What plugins look up besides pods and nodes.
OTHERS = (
    "namespaces",
    "services",
    "replicationcontrollers",
    "replicasets.apps",
    "statefulsets.apps",
    "poddisruptionbudgets.policy",
    "persistentvolumes",
    "persistentvolumeclaims",
    "storageclasses.storage.k8s.io",
    "csinodes.storage.k8s.io",
    "csidrivers.storage.k8s.io",
    "csistoragecapacities.storage.k8s.io",
)


@immutable
class BackoffEnds:
    """The timer message that the back-off of some pod has ended."""


@immutable
class FlushWaiting:
    """The timer message to look for pods that have waited for too long."""


class Shelf:
    """Takes the changes of one of `OTHERS` to its scheduler."""

    def __init__(self, scheduler: Scheduler, resource: str) -> None:
        self.scheduler = scheduler
        self.resource = resource

    def changed(self, change: str, old: Object | None, new: Object) -> None:
        """An object was added, changed or deleted."""
        self.scheduler.other_changed(self.resource, change, old, new)


class Scheduler(Component):
    """Places pods on nodes.

    `profiles` is None for the default profile, a `KubeSchedulerConfiguration` as YAML text, dict or path, a `Profile`,
    or a tuple of plugins; `plugins` are those that the configuration may name beside the default ones.  `queue`,
    `cache`, `binding` (pods on their way to their node), `preemptions` (those that are being carried out) and `room`
    (where the walk through the nodes goes on) are its whole state.  With `draw_ties` false the smallest name wins a
    tie.  `latest` is the newest decision.

    With `election` it fills its caches at once, then stands for election, and places pods only while it leads (lease
    `kube-system/kube-scheduler`; cmd/kube-scheduler/app/server.go).

    Raises:
        ValueError: the configuration cannot be; the message names the field.
    """

    def __init__(
        self,
        profiles: Any = None,
        name: str = NAME,
        draw_ties: bool = True,
        host: str = "control-plane-1",
        server: str = "kube-apiserver",
        election: Election | None = None,
        plugins: Any = (),
    ) -> None:
        super().__init__(name, USER, server)
        self.configuration = read_configuration(profiles, plugins)
        self.profiles: dict[str, Profile] = {one.scheduler_name: one for one in self.configuration.profiles}
        self.draw_ties = draw_ties
        self.host = host
        self.cache = Cache()
        self.room = cycle.Room()
        self.binding = BindingCycle(self)
        self.preemptions = preempting.Preemptions(self)
        self.evidence = Evidence()
        self.latest: Decision | None = None
        self.informers = Informers(self)
        self.pods = self.informers.of("pods").on_change(self, "pod_changed")
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")
        for resource in OTHERS:
            self.informers.of(resource).on_change(Shelf(self, resource), "changed")
        self.queue: SchedulingQueue
        self.recorders: dict[str, SeriesRecorder] = {}
        self._backoff_timer: Timer | None = None
        self._flush_timer: Timer | None = None
        self.elector: LeaderElector | None = None
        if election is not None:
            source = next(iter(self.profiles), "default-scheduler")
            if self.configuration.election_ms is not None:
                lease_ms, renew_ms, retry_ms = self.configuration.election_ms
                election = replace(election, lease_ms=lease_ms, renew_deadline_ms=renew_ms, retry_ms=retry_ms)
            self.elector = LeaderElector(self, NAME, election, source, release=True)

    def started(self) -> None:
        """Begin to list and watch."""
        told = self.configuration
        self.queue = SchedulingQueue(self.loop.clock, told.initial_backoff_ms, told.max_backoff_ms)
        self.informers.start()

    @property
    def waiting_pods(self) -> dict[str, WaitingPod]:
        """The pods that wait for Permit plugins, by uid."""
        return self.binding.waiting

    def notice(self, message: Any) -> None:
        if isinstance(message, Relist):
            self.informers.notice(message)
        elif isinstance(message, BackoffEnds):
            self.queue.flush_backoff()
            self._look_at_queue()
        elif isinstance(message, FlushWaiting):
            self._flush_timer = None
            self.queue.flush_waiting()
            self._look_at_queue()
        else:
            super().notice(message)

    # -- what the watches say ------------------------------------------------------------------------------------------

    def pod_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A pod was added, changed or deleted: keep cache and queue, and see whether it helps others."""
        was_bound = old is not None and self._counts(old)
        is_bound = change != "DELETED" and self._counts(new)
        if is_bound:
            self._pod_on_node(old if was_bound else None, new)
        elif was_bound:
            self.preemptions.is_going(meta.uid(new))
            if self.cache.remove_pod(meta.uid(new) or meta.key(new)) is not None:
                self.helps(Change("pods/delete", old, None))
        elif change == "DELETED" or meta.is_finished(new):
            self._pending_pod_gone(new)
        else:
            self._pending_pod(old, new)

    @staticmethod
    def _counts(pod: Object) -> bool:
        """Whether a pod takes room on a node."""
        return bool(meta.node_name(pod)) and not meta.is_finished(pod)

    def _pod_on_node(self, old: Object | None, new: Object) -> None:
        uid = meta.uid(new)
        node = meta.node_name(new)
        self.queue.remove(uid)
        self.cache.drop_nomination(uid)
        known = self.cache.pods.get(uid)
        info = known.updated(new) if known is not None else PodInfo(new)
        self.cache.put_pod(info, node)
        self.cache.confirm(uid)
        if info.terminating:
            self.preemptions.is_going(uid)
        if old is None:
            self.helps(Change("pods/add", None, new))
        elif known is not None:
            for kind in own_changes(known, info):
                self.helps(Change(kind, old, new))

    def _pending_pod(self, old: Object | None, new: Object) -> None:
        uid = meta.uid(new)
        profile = self.profiles.get((new["spec"].get("schedulerName")) or "default-scheduler")
        if profile is None:
            return
        if uid in self.cache.assumed:
            if meta.is_deleting(new):
                self._assumed_pod_goes(new)
            return
        if uid in self.queue:
            info = self.queue.pods[uid].pod.updated(new)
            self.queue.update(info, self.loop.cause)
        elif meta.is_deleting(new):
            return
        else:
            info = PodInfo(new)
            self.queue.add(info, profile, self.loop.cause)
        self._note_nomination(old, info)
        self._look_at_queue()

    def _note_nomination(self, old: Object | None, pod: PodInfo) -> None:
        """Follow `status.nominatedNodeName`; a nomination that the API server has not heard of yet stays."""
        before = ((old or {}).get("status") or {}).get("nominatedNodeName") or ""
        if pod.nominated_node:
            self.cache.nominate(pod, pod.nominated_node)
        elif before:
            self.cache.drop_nomination(pod.uid)
        if before and before != pod.nominated_node:
            # It was counted there when pods that are not more important were placed.
            self.helps(Change("pods/delete", old, None), but_not=pod.uid, up_to=pod.priority)

    def _pending_pod_gone(self, pod: Object) -> None:
        uid = meta.uid(pod)
        self.binding.gone(uid)
        self.queue.remove(uid)
        self.cache.drop_nomination(uid)
        if uid in self.cache.assumed:
            self._leave_node(pod)
        elif (pod.get("status") or {}).get("nominatedNodeName"):
            self.helps(Change("pods/delete", pod, None), up_to=pod["spec"].get("priority") or 0)

    def _assumed_pod_goes(self, pod: Object) -> None:
        """A pod begins to go while it is being bound (`handleAssumedPodDeletion`)."""
        waiting = self.waiting_pods.get(meta.uid(pod))
        if waiting is not None:
            waiting.end("", "removed")
        else:
            self._leave_node(pod)

    def _leave_node(self, pod: Object) -> None:
        """What an assumed pod was given is free at once."""
        node = self.cache.node_of[meta.uid(pod)]
        self.cache.remove_pod(meta.uid(pod))
        self.helps(Change("pods/delete", edit.put(pod, "spec.nodeName", node), None))

    def node_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A node was added, changed or deleted."""
        if change == "DELETED":
            self.cache.remove_node(meta.name(new))
            self.helps(Change("nodes/delete", new, None))
            return
        self.cache.put_node(new)
        for kind in changes.of_node(old, new):
            self.helps(Change(kind, old, new))

    def other_changed(self, resource: str, change: str, old: Object | None, new: Object) -> None:
        """Anything else that plugins look up."""
        if change == "DELETED":
            self.cache.remove(resource, new)
        else:
            self.cache.put(resource, new)
        verb = {"ADDED": "add", "MODIFIED": "update", "DELETED": "delete"}[change]
        self.helps(Change(f"{resource.partition('.')[0]}/{verb}", old, new))
        if self.binding.preparing:
            self.binding.changed()

    def helps(self, change: Change, but_not: str = "", up_to: int = ANY_PRIORITY) -> None:
        """A change may help pods that wait, but for one, or for those of a priority above `up_to`."""
        if self.queue.move(change, self.loop.cause, but_not, up_to):
            self._look_at_queue()

    def activate(self, uid: str) -> None:
        """Try a pending pod now, whatever it waits for."""
        self.queue.activate(uid, self.loop.cause)
        self._look_at_queue()

    def failed_afterwards(self, uid: str) -> None:
        """What an attempt has begun has failed: try the pod again, not too soon."""
        self.queue.failed_afterwards(uid)
        self._look_at_queue()

    # -- one pod per step ----------------------------------------------------------------------------------------------

    @property
    def leading(self) -> bool:
        """Whether it may place pods: it leads, or nobody else stands for election."""
        return self.elector is None or self.elector.leading

    def started_leading(self) -> None:
        """Begin to place the pods that wait."""
        self._look_at_queue()

    def lost_lease(self) -> None:
        """Somebody else may lead now: the process ends."""
        assert self.elector is not None
        self.exit(LOST, self.elector.election.report_to)

    def shut_down(self) -> None:
        """End in order, as after SIGTERM: the lease is released, so that the next one need not wait for its end."""
        if self.elector is not None:
            self.elector.give_up("ended")
        else:
            self.ended()

    def ended(self) -> None:
        """The lease is released: the process ends."""
        self.exit("asked to terminate", self.elector.election.report_to if self.elector is not None else "")

    def is_ready(self) -> bool:
        return self.informers.synced and self.queue.ready and self.leading

    def step(self) -> None:
        """Take the next pod through the scheduling cycle."""
        if self.elector is not None and self.informers.synced:
            self.elector.start()
        if not self.is_ready():
            return
        one = self.queue.pop()
        if one is None:
            return
        self.loop.caused_by(one.cause)
        chance = self.loop.chance.stream("scheduler") if self.draw_ties else None
        if one.pod.terminating:
            self._skip_deleting(one)
            return
        try:
            decision, state = cycle.schedule(self.cache, one.profile, one.pod, self.room, one.attempts, chance)
        except Exception as error:
            why = blamed(error)
            if not why:
                # Not a plugin's fault: who runs the world sees how; the pod is not lost.
                self.queue.failed_with_error(one)
                raise
            self._failed_with_error(one, why)
            return
        self.latest = decision
        self.evidence.keep(decision)
        self.loop.record("schedule", f"pods/{one.pod.key}", changes.because(decision), evidence=decision)
        if decision.result == SCHEDULED:
            self.binding.begin(one, decision.node or "", state)
        else:
            self._fail(one, decision)

    # -- what became of it ---------------------------------------------------------------------------------------------

    def tell_bound(self, one: QueuedPod, node: str) -> None:
        """The Event of a pod that is bound."""
        text = f"Successfully assigned {one.pod.key} to {node}"
        self.recorder(one.profile).emit(one.pod.object, "Normal", "Scheduled", "Binding", text)

    def placing_failed(
        self, one: QueuedPod, why: str, rejected_by: tuple[str, ...], reason: str, pending: bool = False
    ) -> None:
        """A pod that had a node has lost it: it waits for a change that helps (`rejected_by`; `pending`: what helps
        does so at once), or out a back-off.
        """
        if rejected_by:
            self.loop.record("reject", f"pods/{one.pod.key}", why)
            self.queue.failed(one, () if pending else rejected_by, rejected_by if pending else ())
            self._tell_failure(one, why, None, reason)
            self._look_at_queue()
        else:
            self._failed_with_error(one, why, reason)

    def _skip_deleting(self, one: QueuedPod) -> None:
        """A pod that is being deleted is not placed any more."""
        self.queue.remove(one.pod.uid)
        why = f"skip schedule deleting pod: {one.pod.key}"
        self.recorder(one.profile).emit(one.pod.object, "Warning", "FailedScheduling", "Scheduling", why)

    def _failed_with_error(self, one: QueuedPod, why: str, reason: str = SCHEDULER_ERROR) -> None:
        self.queue.failed_with_error(one)
        decision = Decision(one.pod.key, one.attempts, ERROR, message=why, nodes=self.cache.table.ordered_names)
        self.loop.record("schedule", f"pods/{one.pod.key}", why, evidence=decision)
        self._tell_failure(one, why, None, reason)
        self._look_at_queue()

    # -- no node found -------------------------------------------------------------------------------------------------

    def _fail(self, one: QueuedPod, decision: Decision) -> None:
        """Put the pod back, say why in an Event and a condition, carry out a preemption."""
        self.queue.failed(one, changes.rejectors(decision))
        if decision.result == GATED:
            return
        nominated = preempting.nomination_after(decision)
        if nominated:
            self.cache.nominate(one.pod, nominated)
        elif nominated == "":
            self.cache.drop_nomination(one.pod.uid)
        if decision.preemption is not None:
            self.preemptions.start(one, decision.preemption)
        self._tell_failure(one, decision.message, nominated)
        self._look_at_queue()

    def _tell_failure(self, one: QueuedPod, why: str, nominated: str | None, reason: str = UNSCHEDULABLE) -> None:
        self.recorder(one.profile).emit(one.pod.object, "Warning", "FailedScheduling", "Scheduling", why)
        patch = changes.condition_patch(one.pod.object, why, nominated, self.loop.clock.timestamp(), reason)
        if patch:
            call = Call("patch", "pods", one.pod.namespace, one.pod.name, "status", patch, {}, "strategic")
            self.api.send(call)

    # -- waking --------------------------------------------------------------------------------------------------------

    def _look_at_queue(self) -> None:
        """Ask for a turn, and set the timers that waiting pods need."""
        if self.queue.ready and self.informers.synced:
            self.loop.wake(self)
        until = self.queue.next_backoff_ms()
        if until is not None:
            self._set_backoff_timer(until)
        if self._flush_timer is None and self.queue.anybody_waits:
            delay_ms = self.queue.next_flush_ms() - self.loop.clock.now_ms
            self._flush_timer = self.loop.after(delay_ms, self.name, FlushWaiting(), background=True)

    def _set_backoff_timer(self, until_ms: int) -> None:
        timer = self._backoff_timer
        if timer is not None and timer.pending:
            if timer.due_ms <= until_ms:
                return
            self.loop.cancel(timer)
        # While the API server cannot do anything for it, a pod that waits does not keep the world from settling.
        background = self.queue.only_hopeless_in_backoff or not self.api.healthy
        delay_ms = until_ms - self.loop.clock.now_ms
        self._backoff_timer = self.loop.after(delay_ms, self.name, BackoffEnds(), background)

    def recorder(self, profile: Profile) -> SeriesRecorder:
        """Who writes the Events of a profile."""
        name = profile.scheduler_name
        if name not in self.recorders:
            self.recorders[name] = SeriesRecorder(self.api, name, f"{name}-{self.host}")
        return self.recorders[name]
