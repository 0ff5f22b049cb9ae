"""The actor `kube-scheduler`: watches, keeps queue and cache, places one pod per step, binds it through the API
server.

What wakes it: a pod that enters the active queue, the end of a back-off.  One step takes one pod through the
scheduling cycle and leaves a record `schedule` with the `Decision` as evidence; the binding is sent at once and
confirmed by the watch.

*In Kubernetes:* pkg/scheduler/scheduler.go, eventhandlers.go, schedule_one.go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.client import Component, Informers
from cp_sim.client.informer import Relist
from cp_sim.client.leader_election import LOST, Election, LeaderElector
from cp_sim.objects import edit, meta
from cp_sim.scheduler import changes, cycle, preempting
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.configuration import read_profiles
from cp_sim.scheduler.decision import ERROR, GATED, SCHEDULED, Decision
from cp_sim.scheduler.events import SeriesRecorder
from cp_sim.scheduler.evidence import Evidence
from cp_sim.scheduler.framework import CycleState, PluginError, Profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue import ANY_PRIORITY, QueuedPod, SchedulingQueue
from cp_sim.scheduler.queueing import Change
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


@dataclass(slots=True)
class Placed:
    """A pod that is being bound: the context of the binding request."""

    one: QueuedPod
    node: str
    state: CycleState


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

    `profiles` is None for the default profile, a `KubeSchedulerConfiguration` as YAML text or dict, a `Profile`, or a
    tuple of plugins. `queue`, `cache` and `room` (where the walk through the nodes goes on) are its whole state.
    With `draw_ties` false the smallest name wins a tie.  `latest` is the newest decision.

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
    ) -> None:
        super().__init__(name, USER, server)
        self.profiles: dict[str, Profile] = {one.scheduler_name: one for one in read_profiles(profiles)}
        self.draw_ties = draw_ties
        self.host = host
        self.cache = Cache()
        self.room = cycle.Room()
        self.evidence = Evidence()
        self.latest: Decision | None = None
        self.informers = Informers(self)
        self.pods = self.informers.of("pods").on_change(self, "pod_changed")
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")
        for resource in OTHERS:
            self.informers.of(resource).on_change(Shelf(self, resource), "changed")
        self.queue: SchedulingQueue
        self.preemptions = preempting.Preemptions(self)
        self.recorders: dict[str, SeriesRecorder] = {}
        self._backoff_timer: Timer | None = None
        self._flush_timer: Timer | None = None
        self.elector: LeaderElector | None = None
        if election is not None:
            source = next(iter(self.profiles), "default-scheduler")
            self.elector = LeaderElector(self, NAME, election, source, release=True)

    def started(self) -> None:
        """Begin to list and watch."""
        self.queue = SchedulingQueue(self.loop.clock)
        self.informers.start()

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
                self._helps(Change("pods/delete", old, None))
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
            self._helps(Change("pods/add", None, new))
        elif known is not None:
            for kind in own_changes(known, info):
                self._helps(Change(kind, old, new))

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
            self._helps(Change("pods/delete", old, None), up_to=pod.priority)

    def _pending_pod_gone(self, pod: Object) -> None:
        uid = meta.uid(pod)
        self.queue.remove(uid)
        self.cache.drop_nomination(uid)
        if uid in self.cache.assumed:
            self._assumed_pod_goes(pod)
        elif (pod.get("status") or {}).get("nominatedNodeName"):
            self._helps(Change("pods/delete", pod, None), up_to=pod["spec"].get("priority") or 0)

    def _assumed_pod_goes(self, pod: Object) -> None:
        """A pod is deleted while it is being bound: what it was given is free at once (handleAssumedPodDeletion)."""
        node = self.cache.node_of[meta.uid(pod)]
        self.cache.remove_pod(meta.uid(pod))
        self._helps(Change("pods/delete", edit.put(pod, "spec.nodeName", node), None))

    def node_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A node was added, changed or deleted."""
        if change == "DELETED":
            self.cache.remove_node(meta.name(new))
            self._helps(Change("nodes/delete", new, None))
            return
        self.cache.put_node(new)
        for kind in changes.of_node(old, new):
            self._helps(Change(kind, old, new))

    def other_changed(self, resource: str, change: str, old: Object | None, new: Object) -> None:
        """Anything else that plugins look up."""
        if change == "DELETED":
            self.cache.remove(resource, new)
        else:
            self.cache.put(resource, new)
        verb = {"ADDED": "add", "MODIFIED": "update", "DELETED": "delete"}[change]
        self._helps(Change(f"{resource.partition('.')[0]}/{verb}", old, new))

    def _helps(self, change: Change, but_not: str = "", up_to: int = ANY_PRIORITY) -> None:
        if self.queue.move(change, self.loop.cause, but_not, up_to):
            self._look_at_queue()

    def activate(self, uid: str) -> None:
        """Try a pending pod now, whatever it waits for."""
        self.queue.activate(uid, self.loop.cause)
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
        except PluginError as error:
            self._failed_with_error(one, str(error))
            return
        except Exception:
            # A plugin of somebody else's has failed: who runs the world sees how; the pod is not lost.
            self.queue.failed_with_error(one)
            raise
        self.latest = decision
        self.evidence.keep(decision)
        self.loop.record("schedule", f"pods/{one.pod.key}", changes.because(decision), evidence=decision)
        if decision.result == SCHEDULED:
            self._place(one, decision, state)
        else:
            self._fail(one, decision)

    # -- placing -------------------------------------------------------------------------------------------------------

    def _place(self, one: QueuedPod, decision: Decision, state: CycleState) -> None:
        """Assume, reserve, permit, then bind."""
        node = decision.node or ""
        self.queue.placed(one.pod.uid)
        self.cache.drop_nomination(one.pod.uid)
        self.cache.assume(one.pod, node)
        for point in ("reserve", "permit", "pre_bind"):
            if point == "pre_bind":
                self.queue.done(one.pod.uid)
            for plugin in one.profile.at[point]:
                status = getattr(plugin, point)(state, one.pod, node)
                if not status.ok:
                    self._give_up(one, node, state, f"{plugin.name}: {', '.join(status.reasons)}", (plugin.name,))
                    return
        for plugin in one.profile.at["bind"]:
            call = plugin.bind(state, one.pod, node)
            if call is not None:
                self.api.send(call, "bound", Placed(one, node, state))
                return
        self._give_up(one, node, state, "no Bind plugin took the pod", ())

    def bound(self, placed: Placed, response: Response) -> None:
        """The API server has answered a binding."""
        if not response.ok:
            said = response.body.get("message", "") if isinstance(response.body, dict) else str(response.body)
            self._give_up(placed.one, placed.node, placed.state, f"binding rejected: {said}", None)
            return
        for plugin in placed.one.profile.at["post_bind"]:
            plugin.post_bind(placed.state, placed.one.pod, placed.node)
        text = f"Successfully assigned {placed.one.pod.key} to {placed.node}"
        self.recorder(placed.one.profile).emit(placed.one.pod.object, "Normal", "Scheduled", "Binding", text)

    def _give_up(
        self, one: QueuedPod, node: str, state: CycleState, why: str, rejected_by: tuple[str, ...] | None
    ) -> None:
        """Forget an assumed pod and try it again later: after a back-off, or when a change helps (`rejected_by`)."""
        for plugin in reversed(one.profile.at["reserve"]):
            plugin.unreserve(state, one.pod, node)
        if one.pod.uid in self.cache.assumed:
            self.cache.remove_pod(one.pod.uid)
        freed = Change("pods/delete", edit.put(one.pod.object, "spec.nodeName", node), None)
        current = self.pods.get(one.pod.key)
        if current is None or meta.uid(current) != one.pod.uid or meta.node_name(current):
            self.queue.done(one.pod.uid)
            self._helps(freed)
            return
        one.pod = one.pod.updated(current)
        if rejected_by:
            self.queue.failed(one, rejected_by)
            self._tell_failure(one, why, None)
            self._look_at_queue()
        else:
            self._failed_with_error(one, why)
        self._helps(freed, but_not=one.pod.uid)  # what was taken for it is free again

    def _skip_deleting(self, one: QueuedPod) -> None:
        """A pod that is being deleted is not placed any more."""
        self.queue.remove(one.pod.uid)
        why = f"skip schedule deleting pod: {one.pod.key}"
        self.recorder(one.profile).emit(one.pod.object, "Warning", "FailedScheduling", "Scheduling", why)

    def _failed_with_error(self, one: QueuedPod, why: str) -> None:
        self.queue.failed_with_error(one)
        decision = Decision(one.pod.key, one.attempts, ERROR, message=why, nodes=self.cache.table.ordered_names)
        self.loop.record("schedule", f"pods/{one.pod.key}", why, evidence=decision)
        self._tell_failure(one, why, None, "SchedulerError")
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

    def _tell_failure(self, one: QueuedPod, why: str, nominated: str | None, reason: str = "Unschedulable") -> None:
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
