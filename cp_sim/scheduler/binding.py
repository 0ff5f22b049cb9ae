"""The binding cycle: what becomes of a pod for which a node is chosen, until the API server has bound it there.

The pod is assumed on its node, then asked about in this order: Reserve, Permit (which may let it wait, while others
are scheduled), PreBind (which may have requests to make first), Bind, PostBind.  When anything fails, `unreserve` of
all Reserve plugins is called in reverse order, the node is free again, and the pod waits for another attempt.

*In Kubernetes:* the second half of `schedulingCycle`, `bindingCycle` and `handleBindingCycleError` in
pkg/scheduler/schedule_one.go; there each pod has a goroutine of its own, here it is data between two messages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.objects import edit, meta
from cp_sim.scheduler.asking import ask, worded
from cp_sim.scheduler.framework import ERROR, PENDING, SKIP, WAIT, CycleState, Plugin, Prepare, Status
from cp_sim.scheduler.placed import SCHEDULER_ERROR, UNSCHEDULABLE, Placed, fit_error, said_by
from cp_sim.scheduler.queue import QueuedPod
from cp_sim.scheduler.queueing import Change
from cp_sim.scheduler.waiting_pods import TIMEOUT, PermitWait, WaitingPod
from cp_sim.sim import Clock, Timer
from cp_sim.sim.clock import go_duration

if TYPE_CHECKING:
    from cp_sim.scheduler.scheduler import Scheduler


class BindingCycle:
    """All pods of a scheduler that have a node and are not bound yet.

    `waiting` are those that Permit plugins let wait, `preparing` those whose PreBind takes its time.
    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.waiting: dict[str, WaitingPod] = {}
        self.preparing: dict[str, Placed] = {}

    @property
    def clock(self) -> Clock:
        """The clock of the world."""
        return self.scheduler.loop.clock

    def later(self, delay_ms: int, method: str, context: Any, background: bool = True) -> Timer:
        """Come back to something in `delay_ms`."""
        return self.scheduler.api.later(delay_ms, self, method, context, background)

    def stop_timer(self, timer: Timer) -> None:
        """Do not come back."""
        self.scheduler.loop.cancel(timer)

    # -- at once -------------------------------------------------------------------------------------------------------

    def begin(self, one: QueuedPod, node: str, state: CycleState) -> None:
        """Assume the pod on its node, and go as far as plugins let it."""
        scheduler, placed = self.scheduler, Placed(one, node, state)
        scheduler.queue.placed(one.pod.uid)
        scheduler.cache.drop_nomination(one.pod.uid)
        scheduler.cache.assume(one.pod, node)
        state.waiting_pods = self.waiting
        at = one.profile.at
        for plugin in at["reserve"]:
            status = ask(plugin, "reserve", state, one.pod, node)
            if not status.ok:
                self._refuse(placed, plugin, status)
                return
        waits = self._permit(placed) if at["permit"] else {}
        if waits is None or (at["pre_bind"] and not self._find_work(placed)):
            return
        if waits or placed.work:
            self._nominate(placed)
        if waits:
            self._wait(placed, waits)
        else:
            self.pre_bind(placed)

    def _permit(self, placed: Placed) -> dict[str, int] | None:
        """{plugin that lets the pod wait: for how long}, None if one has refused it."""
        waits: dict[str, int] = {}
        for plugin in placed.one.profile.at["permit"]:
            status = ask(plugin, "permit", placed.state, placed.one.pod, placed.node)
            if status.code == WAIT:
                waits[plugin.name] = status.timeout_ms
            elif not status.ok:
                self._refuse(placed, plugin, status)
                return None
        return waits

    def _find_work(self, placed: Placed) -> bool:
        """PreBindPreFlight: which PreBind plugins have something to do; false if one fails."""
        for plugin in placed.one.profile.at["pre_bind"]:
            status = ask(plugin, "pre_bind_pre_flight", placed.state, placed.one.pod, placed.node)
            if status.ok:
                placed.work += (plugin,)
            elif status.code != SKIP:
                why = ", ".join(status.reasons)
                if status.code != ERROR:
                    why = (
                        f'PreBindPreFlight {plugin.name} returned "{status.code}", which is unsupported. '
                        "It is supposed to return Success, Skip, or Error status"
                    )
                self.fail(placed, why, ())
                return False
        return True

    def _nominate(self, placed: Placed) -> None:
        """Say where the pod will be, since that takes a while (feature gate NominatedNodeNameForExpectation)."""
        placed.nominated = True
        self._patch_nominated(placed, placed.node)

    def _patch_nominated(self, placed: Placed, node: str | None) -> None:
        pod = placed.one.pod
        patch = {"metadata": {"uid": pod.uid}, "status": {"nominatedNodeName": node}}
        self.scheduler.api.send(Call("patch", "pods", pod.namespace, pod.name, "status", patch, {}, "strategic"))

    # -- waiting for Permit plugins ------------------------------------------------------------------------------------

    def _wait(self, placed: Placed, waits: dict[str, int]) -> None:
        waiting = self.waiting[placed.uid] = WaitingPod(self, placed, waits)
        names = " and ".join(f"{name} (at most {go_duration(wait_ms)})" for name, wait_ms in waits.items())
        evidence = PermitWait(placed.node, dict(waiting.pending))
        self.scheduler.loop.record(
            "permit", f"pods/{placed.one.pod.key}", f"has {placed.node} and waits for {names}", evidence=evidence
        )

    def timed_out(self, given: tuple[str, str, int]) -> None:
        """A Permit plugin has let a pod wait for as long as it wanted."""
        uid, plugin, wait_ms = given
        if uid in self.waiting:
            self.waiting[uid].end(plugin, TIMEOUT.format(go_duration(wait_ms), plugin))

    def allowed(self, uid: str) -> None:
        """All Permit plugins have allowed a pod."""
        waiting = self.waiting.pop(uid, None)
        if waiting is not None:
            self.pre_bind(waiting.placed)

    def refused(self, uid: str) -> None:
        """A Permit plugin has refused a waiting pod."""
        waiting = self.waiting.pop(uid, None)
        if waiting is not None:
            rejected_by = (waiting.rejected_by,) if waiting.rejected_by else ()
            self.fail(waiting.placed, fit_error((waiting.why,)), rejected_by, UNSCHEDULABLE)

    def gone(self, uid: str) -> None:
        """A pod is deleted: whatever it waits for, it waits no more."""
        waiting, placed = self.waiting.pop(uid, None), self.preparing.pop(uid, None)
        if waiting is not None:
            waiting.stop()
            placed = waiting.placed
        if placed is not None:
            self._stop_waiting(placed)
            self._unreserve(placed)

    # -- PreBind -------------------------------------------------------------------------------------------------------

    def pre_bind(self, placed: Placed) -> None:
        """Ask the PreBind plugins in turn, then bind.  From here on no plugin can make the pod wait for a change."""
        self.scheduler.queue.done(placed.uid)
        while placed.work:
            plugin = placed.work[0]
            answer = ask(plugin, "pre_bind", placed.state, placed.one.pod, placed.node)
            if isinstance(answer, Prepare):
                self._prepare(placed, answer)
                return
            if not answer.ok:
                self._fail_late(placed, answer)
                return
            placed.work = placed.work[1:]
        self._bind(placed)

    def _prepare(self, placed: Placed, wanted: Prepare) -> None:
        self.preparing[placed.uid] = placed
        placed.late, placed.awaited = wanted.late, len(wanted.calls)
        placed.timer = self.later(wanted.timeout_ms, "too_late", placed.uid)
        for call in wanted.calls:
            self.scheduler.api.send(call, "answered", placed, self)
        if not wanted.calls:
            self._look(placed)

    def answered(self, placed: Placed, response: Response) -> None:
        """The API server has answered a request of a PreBind plugin."""
        if placed.uid not in self.preparing:
            return
        placed.awaited -= 1
        if not response.ok:
            self._fail_late(placed, Status(ERROR, (worded(placed.work[0], "pre_bind", said_by(response)),)))
        elif not placed.awaited:
            self._look(placed)

    def changed(self) -> None:
        """Something that the scheduler watches has changed: perhaps what a PreBind plugin waits for."""
        for placed in list(self.preparing.values()):
            if not placed.awaited:
                self._look(placed)

    def too_late(self, uid: str) -> None:
        """What a PreBind plugin waits for has not come in time."""
        placed = self.preparing.get(uid)
        if placed is not None:
            self._fail_late(placed, Status(ERROR, (worded(placed.work[0], "pre_bind", placed.late),)))

    def _look(self, placed: Placed) -> None:
        status = ask(placed.work[0], "prepared", placed.state, placed.one.pod, placed.node)
        if status.code == WAIT:
            return
        if not status.ok:
            self._fail_late(placed, status)
            return
        self._stop_waiting(placed)
        placed.work = placed.work[1:]
        self.pre_bind(placed)

    def _stop_waiting(self, placed: Placed) -> None:
        self.preparing.pop(placed.uid, None)
        if placed.timer is not None and placed.timer.pending:
            self.stop_timer(placed.timer)
        placed.timer = None

    # -- Bind ----------------------------------------------------------------------------------------------------------

    def _bind(self, placed: Placed) -> None:
        one = placed.one
        for plugin in one.profile.at["bind"]:
            answer = ask(plugin, "bind", placed.state, one.pod, placed.node)
            if isinstance(answer, Call):
                self.scheduler.api.send(answer, "bound", (placed, plugin), self)
                return
            if not answer.ok and answer.code != SKIP:
                self._fail_late(placed, answer)
                return
        self.fail(placed, "no Bind plugin took the pod", ())

    def bound(self, given: tuple[Placed, Plugin], response: Response) -> None:
        """The API server has answered a binding."""
        placed, plugin = given
        one = placed.one
        if not response.ok:
            self.fail(placed, worded(plugin, "bind", said_by(response)), ())
            return
        for after in one.profile.at["post_bind"]:
            status = ask(after, "post_bind", placed.state, one.pod, placed.node)
            if status.code == ERROR:
                self.scheduler.loop.record("post-bind", f"pods/{one.pod.key}", ", ".join(status.reasons))
        self.scheduler.tell_bound(one, placed.node)

    # -- failing -------------------------------------------------------------------------------------------------------

    def _refuse(self, placed: Placed, plugin: Plugin, status: Status) -> None:
        """Reserve or Permit has refused the pod: it waits for a change that this plugin cares about."""
        if status.code == ERROR:
            self.fail(placed, ", ".join(status.reasons), ())
        else:
            pending = status.code == PENDING
            self.fail(placed, fit_error(status.reasons), (plugin.name,), UNSCHEDULABLE, pending)

    def _fail_late(self, placed: Placed, status: Status) -> None:
        """After Permit no plugin can make a pod wait for changes: it is tried again after a back-off."""
        self._stop_waiting(placed)
        reason = SCHEDULER_ERROR if status.code == ERROR else UNSCHEDULABLE
        self.fail(placed, ", ".join(status.reasons), (), reason)

    def _unreserve(self, placed: Placed) -> None:
        for plugin in reversed(placed.one.profile.at["reserve"]):
            status = ask(plugin, "unreserve", placed.state, placed.one.pod, placed.node)
            if status.code == ERROR:
                self.scheduler.loop.record("unreserve", f"pods/{placed.one.pod.key}", ", ".join(status.reasons))

    def fail(
        self,
        placed: Placed,
        why: str,
        rejected_by: tuple[str, ...],
        reason: str = SCHEDULER_ERROR,
        pending: bool = False,
    ) -> None:
        """Forget an assumed pod and try it again later: when a change helps (`rejected_by`), at once then where they
        say Pending, or after a back-off.
        """
        scheduler, one = self.scheduler, placed.one
        self._unreserve(placed)
        was_there = scheduler.cache.assumed.get(one.pod.uid)
        if was_there is not None:
            scheduler.cache.remove_pod(one.pod.uid)
        current = scheduler.pods.get(one.pod.key)
        if current is None or meta.uid(current) != one.pod.uid or meta.node_name(current):
            scheduler.queue.done(one.pod.uid)
        else:
            one.pod = one.pod.updated(current)
            if placed.nominated or one.pod.nominated_node:
                self._patch_nominated(placed, None)
            scheduler.placing_failed(one, why, rejected_by, reason, pending)
        if was_there is not None:
            # For the others it is as if a pod had left the node.
            left = Change("pods/delete", edit.put(one.pod.object, "spec.nodeName", placed.node), None)
            scheduler.helps(left, but_not=one.pod.uid)
