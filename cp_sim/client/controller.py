"""A controller: keys in, plans out, and the plans carried out one request at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.client.client import Component
from cp_sim.client.expectations import Expectations
from cp_sim.client.informer import Informers, Relist
from cp_sim.client.leader_election import LOST, Election, LeaderElector
from cp_sim.client.plan import (
    NOTHING,
    Action,
    Create,
    Delete,
    Emit,
    Later,
    Patch,
    Plan,
    SlowStart,
    Together,
    Update,
)
from cp_sim.client.recorder import EventRecorder
from cp_sim.client.workqueue import Due, WorkQueue
from cp_sim.objects import edit, meta
from cp_sim.objects.kinds import kind_of


@dataclass(slots=True)
class Execution:
    """A plan on its way: which action is next, which answers are awaited.  `cause` is the record of the reconcile."""

    key: str
    plan: Plan
    cause: int | None
    next_action: int = 0
    awaited: int = 0
    batch: int = 0  # position within a SlowStart
    responses: list[Response] = field(default_factory=list)
    failed: tuple[Action, Response] | None = None
    written: dict[str, str] = field(default_factory=dict)  # uid -> newest resourceVersion


class Controller(Component):
    """Base of all controllers: shared caches, a queue of keys, a pure `reconcile`.

    A subclass sets `resource` (what its keys are, e.g. `replicasets`), registers its handlers in `setup`, and
    overrides `reconcile`, which reads caches and returns a `Plan` and touches nothing else.  The plan's requests are
    sent in order, each after the answer to the one before; several keys may be on their way at once, at most
    `workers`.

    *In Kubernetes:* the loop `processNextWorkItem` that every controller has.
    """

    resource = ""
    workers = 5
    max_retries: int | None = None
    base_backoff_ms = 5
    cap_backoff_ms = 1_000_000

    def __init__(self, name: str, informers: Informers, user: str = "", event_source: str = "") -> None:
        owner = informers.owner
        host = getattr(owner, "host", "")
        user = user or f"system:serviceaccount:kube-system:{name}"
        super().__init__(f"{name}/{host}" if host else name, user, owner.api.server)
        self.informers = informers
        self.queue = WorkQueue(self, self.base_backoff_ms, self.cap_backoff_ms)
        self.expectations = Expectations()
        self.recorder = EventRecorder(self.api, event_source or name)
        self.executions: dict[str, Execution] = {}

    # -- for subclasses ------------------------------------------------------------------------------------------------

    def setup(self) -> None:
        """Ask for informers and register handlers; called when the controller joins the loop."""

    def reconcile(self, key: str) -> Plan:
        """What to do about `key`; reads caches only."""
        return NOTHING

    def subject(self, key: str) -> str:
        """What the trace says that `key` is: `plural/namespace/name`."""
        return f"{self.resource.partition('.')[0]}/{key}"

    def answered(self, key: str, action: Action, response: Response) -> None:
        """Called with the answer to each request of a plan, in the order of the answers: for Events about it."""

    def enqueue(self, key: str, delay_ms: int = 0) -> None:
        """Look at `key`, now or later."""
        self.queue.add_after(key, delay_ms)

    # -- the actor -----------------------------------------------------------------------------------------------------

    def started(self) -> None:
        self.setup()

    def notice(self, message: Any) -> None:
        if isinstance(message, Due):
            self.queue.due(message)
        else:
            super().notice(message)

    def is_ready(self) -> bool:
        return bool(len(self.queue)) and len(self.executions) < self.workers and self.informers.synced

    def step(self) -> None:
        if not self.is_ready():
            return
        key, cause = self.queue.take()
        self.loop.caused_by(cause)
        self._begin(Execution(key, self.reconcile(key), cause))

    def _begin(self, execution: Execution) -> None:
        key, plan = execution.key, execution.plan
        if any(not isinstance(action, Later | Emit) for action in plan.actions):
            self.loop.record("reconcile", self.subject(key), plan.because, evidence=plan)
        if plan.expect_creations or plan.expect_deletions:
            self.expectations.expect(key, self.loop.clock, plan.expect_creations, plan.expect_deletions)
        self.executions[key] = execution
        execution.cause = self.loop.cause
        self._go_on(execution)

    def _go_on(self, execution: Execution) -> None:
        """Send requests until an answer must be awaited or the plan has ended."""
        actions = execution.plan.actions
        while not execution.awaited and execution.failed is None and execution.next_action < len(actions):
            action = actions[execution.next_action]
            if isinstance(action, SlowStart):
                self._send_batch(execution, action)
            else:
                execution.next_action += 1
                self._send(execution, action)
        if not execution.awaited:
            self._end(execution)

    def _send_batch(self, execution: Execution, action: SlowStart) -> None:
        begin = execution.batch
        size = min(begin + 1, len(action.actions) - begin)  # 1, 2, 4, ...: as many as were sent before, plus one
        for creation in action.actions[begin : begin + size]:
            self._send(execution, creation)
        execution.batch += size
        if execution.batch >= len(action.actions):
            execution.batch = 0
            execution.next_action += 1

    def _send(self, execution: Execution, action: Action) -> None:
        match action:
            case Emit():
                self.recorder.emit(action.object, action.type, action.reason, action.message)
            case Later():
                self.queue.add_after(execution.key, action.delay_ms, action.background)
            case Together():
                for part in action.actions:
                    self._send(execution, part)
            case _:
                execution.awaited += 1
                self.api.send(self._call(execution, action), "_answered", (execution.key, action))

    def _call(self, execution: Execution, action: Action) -> Call:
        match action:
            case Create():
                return Call(
                    "create", kind_of(action.object).resource, meta.namespace(action.object), body=action.object
                )
            case Update():
                obj = action.object
                newer = execution.written.get(meta.uid(obj))
                if newer is not None:
                    obj = edit.put(obj, "metadata.resourceVersion", newer)
                resource = kind_of(obj).resource
                return Call("update", resource, meta.namespace(obj), meta.name(obj), action.subresource, body=obj)
            case Patch():
                return Call(
                    "patch",
                    action.resource,
                    action.namespace,
                    action.name,
                    action.subresource,
                    body=action.patch,
                    patch_type=action.type,
                )
            case Delete():
                return Call("delete", action.resource, action.namespace, action.name, options=_delete_options(action))
        raise TypeError(f"{type(action).__name__} is no action that needs a request")

    def _answered(self, context: tuple[str, Action], response: Response) -> None:
        key, action = context
        execution = self.executions.get(key)
        if execution is None:
            return
        execution.awaited -= 1
        execution.responses.append(response)
        self.answered(key, action, response)
        if response.ok:
            if isinstance(action, Create | Update | Patch) and isinstance(response.body, dict):
                execution.written[meta.uid(response.body)] = meta.resource_version(response.body)
        else:
            self._note_failure(execution, action, response)
        if not execution.awaited:
            self.loop.caused_by(execution.cause)  # what comes next is due to the plan, not to the answer before it
            self._go_on(execution)

    def _note_failure(self, execution: Execution, action: Action, response: Response) -> None:
        if isinstance(action, Delete):
            self.expectations.deleted(execution.key, f"{action.namespace}/{action.name}")
            if response.status == 404:
                return  # somebody else was faster: what was wanted holds
        if isinstance(action, Create):
            self.expectations.created(execution.key)
        if execution.failed is None:
            execution.failed = (action, response)

    def _end(self, execution: Execution) -> None:
        key, plan = execution.key, execution.plan
        further: Plan | None = None
        if execution.failed is not None:
            self._skip_rest(execution)
            if plan.on_error:
                further = getattr(self, plan.on_error)(key, plan, *execution.failed)
        elif plan.on_done:
            further = getattr(self, plan.on_done)(key, plan, execution.responses)
        if further is not None:
            self._begin(Execution(key, further, execution.cause, written=execution.written))
            return
        del self.executions[key]
        if execution.failed is not None or plan.retry:
            self._retry(key)
        else:
            self.queue.forget(key)
        self.queue.done(key)
        if self.is_ready():
            self.loop.wake(self)

    def _retry(self, key: str) -> None:
        if self.max_retries is not None and self.queue.failures.get(key, 0) >= self.max_retries:
            self.queue.forget(key)
        else:
            self.queue.retry(key)

    def _skip_rest(self, execution: Execution) -> None:
        """Creations that a failed slow start never sent are not to be expected."""
        actions = execution.plan.actions
        if execution.next_action < len(actions):
            action = actions[execution.next_action]
            if isinstance(action, SlowStart) and execution.batch:
                self.expectations.created(execution.key, len(action.actions) - execution.batch)


def _delete_options(action: Delete) -> dict[str, Any]:
    options: dict[str, Any] = {}
    preconditions = {"uid": action.uid, "resourceVersion": action.resource_version}
    if any(preconditions.values()):
        options["preconditions"] = {field: value for field, value in preconditions.items() if value}
    if action.propagation:
        options["propagationPolicy"] = action.propagation
    if action.grace_s is not None:
        options["gracePeriodSeconds"] = action.grace_s
    return options


class Manager(Component):
    """A process that hosts controllers: it owns their shared informers and tells them when the caches are filled.

    `host` is given where several such processes run, each on a machine of its own: the controllers' names then end
    with it (`replicaset-controller/control-plane-1`).  With `election` the process first waits until it leads; its
    caches are filled and its controllers begin only then.

    *In Kubernetes:* kube-controller-manager and cloud-controller-manager.
    """

    def __init__(
        self,
        name: str,
        user: str,
        server: str = "kube-apiserver",
        host: str = "",
        election: Election | None = None,
        lease: str = "",
    ) -> None:
        super().__init__(name, user, server)
        self.host = host
        self.informers = Informers(self)
        self.controllers: list[Controller] = []
        self.elector = LeaderElector(self, lease, election) if election is not None else None

    def started(self) -> None:
        if self.elector is not None:
            self.elector.start()
        else:
            self.started_leading()

    def started_leading(self) -> None:
        """Begin to work."""
        for controller in self.controllers:
            self.loop.add(controller)
        self.informers.start()

    def lost_lease(self) -> None:
        """Somebody else may lead now: the process ends, whatever it was doing."""
        assert self.elector is not None
        self.exit(LOST, self.elector.election.report_to)

    def process(self) -> tuple[str, ...]:
        return (self.name, *(controller.name for controller in self.controllers))

    def exit(self, reason: str, report_to: str = "") -> None:
        for controller in self.controllers:
            if self.loop.actors.get(controller.name) is controller:
                controller.api.close()
        super().exit(reason, report_to)

    def notice(self, message: Any) -> None:
        if isinstance(message, Relist):
            self.informers.notice(message)
        else:
            super().notice(message)

    def step(self) -> None:
        """The caches have changed their state: controllers that waited for them may begin."""
        if self.informers.synced:
            for controller in self.controllers:
                if len(controller.queue):
                    self.loop.wake(controller)
