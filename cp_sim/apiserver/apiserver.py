"""The actor `kube-apiserver`: takes requests through their gates, speaks to the store, and serves the watches.

What wakes it: `Request` and `StopWatch` from callers, `StoreAnswer` and `WatchChanges` from the store, its own
timers.  One message is one unit of work; a request that must wait for the store stays in `in_flight` as plain
data.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import (
    admission,
    behind,
    compaction,
    definitions,
    endpoint_reconciler,
    errors,
    health,
    rest,
    store_link,
    verbs,
)
from cp_sim.apiserver.authentication import user_of
from cp_sim.apiserver.passage import Gate
from cp_sim.apiserver.readable import readable
from cp_sim.apiserver.request import (
    ApiError,
    Call,
    HttpRequest,
    Request,
    Response,
    StopWatch,
    User,
)
from cp_sim.apiserver.serving import EndWatch, Serving
from cp_sim.apiserver.work import AwaitQuorumRevision, AwaitRevision, Done, Work
from cp_sim.etcd.store import Get, StoreAnswer, WatchChanges
from cp_sim.sim import ConnectionLost, immutable

_READS = frozenset(("get", "list", "watch"))
_NO_HEADERS: dict[str, Any] = {}


@immutable
class GiveUp:
    """Timer: request `work` waited too long for its revision."""

    work: int


class ApiServer(Serving):
    """The API server.

    *In Kubernetes:* kube-apiserver.  It reads and writes the store, and nobody else does.

    `in_flight` are the requests that wait for the store, by number; `caches` the watch caches by resource;
    `given_users` callers that a cluster knows on top of the usual ones.

    `store` is the actor that it asks, `others` are further members of the store, to be asked when that does not answer
    (`--etcd-servers`).  With `shared_store` other servers write there, too, and this one relies on nothing that only
    the store can know.  With an `address` it is one of the endpoints of the Service `kubernetes`; every `compaction_ms`
    it has old history forgotten (0: never).
    """

    def __init__(
        self,
        name: str = "kube-apiserver",
        store: str = "etcd",
        others: tuple[str, ...] = (),
        shared_store: bool = False,
        address: str = "",
        compaction_ms: int = 0,
    ) -> None:
        super().__init__(name)
        self.store = store  # the member that is asked now
        self.stores = (store, *(other for other in others if other != store))
        self.shared_store = shared_store
        self.reconciler = endpoint_reconciler.EndpointReconciler(self, address)
        self.compactor = compaction.Compactor(self, compaction_ms)
        self.releases: dict[int, Any] = {}  # what is being given back to the store
        self.given_users: dict[str, User] = {}
        self.in_flight: dict[int, Work] = {}
        self.plugins = admission.default_plugins()
        self.trace_reads = False
        self._next = 0
        self._waiting: dict[int, int] = {}  # work -> the revision it waits for
        self.parked: list[Request] = []  # what came before the server was ready
        self.link = store_link.StoreLink(self)
        self.ready = False
        self.bootstrapping: dict[int, tuple[str, dict[str, Any]]] = {}  # token -> (key, object) that is being written
        self.wrote_first = False
        self.bootstrapped = 0
        self._opens_at: int | None = None

    # -- messages ------------------------------------------------------------------------------------------------

    def started(self) -> None:
        """Watch the store from now on; what it holds already is read first."""
        self._next = self.loop.units << 20  # no answer to a process that bore the name before is taken for one's own
        self.link.load()

    def connections(self) -> tuple[str, ...]:
        callers = self.watchers()
        callers |= dict.fromkeys(work.request.reply_to for work in self.in_flight.values())
        return (self.store, *(caller for caller in callers if caller and caller != self.name))

    def receive(self, message: Any) -> None:
        """Take a request, an answer or changes of the store, or one of the server's own timers."""
        kind = type(message)
        if kind is Request:
            if self.ready or self.link.takes(message):
                self._begin(message)
        elif kind is StoreAnswer:
            self.answered(message)
        elif kind is WatchChanges:
            self._changed(message)
        elif kind is StopWatch:
            self.stop_watch(message.reply_to, message.token)
        elif kind is EndWatch:
            self.time_is_up(message)
        elif kind is ConnectionLost:
            if message.peer in self.stores:
                self.link.lost(message.peer, message.reason)
            else:
                self._forget_caller(message.peer)
        elif kind is Response:
            pass  # to one of the server's own writes
        elif kind in _TIMERS:
            self._timer(message)
        else:
            super().receive(message)

    def _timer(self, message: Any) -> None:
        match message:
            case GiveUp():
                self._give_up(message.work)
            case definitions.CleanedUp():
                definitions.cleaned_up(self, message)
            case compaction.Round():
                self.compactor.begin()
            case endpoint_reconciler.Reconcile():
                self.reconciler.begin()
            case health.HealthTimedOut():
                if message.work in self.in_flight:
                    self.proceed(self.in_flight[message.work], None)
            case store_link.TryStore():
                self.link.try_again(message)
            case store_link.WatchSilent():
                self.link.silent(message)
            case store_link.NoStore():
                self.link.no_store(message)
            case store_link.PutAgain():
                self.link.put_again(message)
            case store_link.AskAgain():
                self.link.ask_again(message)
            case store_link.Overdue():
                self.link.overdue()

    def _forget_caller(self, caller: str) -> None:
        """A client is gone: its watches end, and nobody waits for the answers to what it asked."""
        self.forget_watcher(caller)
        for work in self.in_flight.values():
            if work.request.reply_to == caller:
                work.request = Request("", 0, work.request.user, work.request.call)

    # -- the way of a request ------------------------------------------------------------------------------------

    def _work_of(self, request: Request) -> Work:
        self._next += 1
        call = request.call
        outside = call if isinstance(call, HttpRequest) else None
        work = Work(self._next, request, _NOBODY, call if isinstance(call, Call) else _NO_CALL, outside=outside)
        work.since_ms = self.loop.clock.now_ms
        work.cause = self.loop.origin
        return work

    def _begin(self, request: Request) -> None:
        work = self._work_of(request)
        outside = work.outside
        try:
            work.user = user_of(request.user, self.given_users)
            work.note("authenticate", sentence=request.user)
            if outside is not None:
                response = rest.enter(self, work, outside)
                if response is not None:
                    self._go_on(work, response)
                    return
            else:
                work.kind = self.catalog.kind_of_resource(work.call.resource)
                self.authorizer.check(self, work)
            work.handler = verbs.handler_of(work)
        except ApiError as error:
            self._fail(work, error)
            return
        try:
            outcome = verbs.HANDLERS[work.handler].start(self, work)
        except ApiError as error:
            if not behind.may_be(self, work, error):
                self._fail(work, error)
                return
            outcome = behind.catch_up(self, work)
        self._go_on(work, outcome)

    def _go_on(self, work: Work, outcome: Any) -> None:
        kind = type(outcome)
        if kind is Done:
            self.in_flight.pop(work.id, None)
            self._finish(work, outcome)
            return
        self.in_flight[work.id] = work
        if kind is AwaitRevision or kind is AwaitQuorumRevision:
            if not self.link.usable:
                self.fail(work, errors.too_many_requests("storage is (re)initializing", retryAfterSeconds=1))
            elif kind is AwaitRevision:
                self._wait(work, outcome)
            else:
                work.handler, work.state = "quorum", (work.handler, work.state)
                self.link.ask(work, Get(compaction.KEY))
        else:
            self.link.ask(work, outcome)

    def answered(self, answer: StoreAnswer) -> None:
        """The store has answered."""
        work = self.in_flight.get(answer.token)
        if work is None:
            if answer.token <= 0:
                verbs.loading.answered(self, answer)
            return
        if work.waiting_for in ("", "watch cache"):
            return  # the answer to a question that was asked twice
        if answer.error and work.handler != "health" and self.link.asks_again(work, answer.error):
            return
        self.proceed(work, answer)

    def proceed(self, work: Work, answer: StoreAnswer | None) -> None:
        """Let the handler of a request in flight take its next step."""
        work.waiting_for = ""
        try:
            if answer is not None and answer.error and work.handler != "health":
                raise store_link.store_error(answer.error, continued=getattr(work.state, "continued", False))
            if answer is not None:
                answer = readable(answer)
            outcome = verbs.HANDLERS[work.handler].proceed(self, work, answer)
        except ApiError as error:
            if not behind.may_be(self, work, error):
                self.in_flight.pop(work.id, None)
                self._fail(work, error)
                return
            outcome = behind.catch_up(self, work)
        self._go_on(work, outcome)

    def fail(self, work: Work, error: ApiError) -> None:
        """End a request in flight with an error."""
        self.in_flight.pop(work.id, None)
        self._waiting.pop(work.id, None)
        self._fail(work, error)

    def _finish(self, work: Work, done: Done) -> None:
        call = work.call
        if done.revision or (work.outside is not None and call.verb not in _READS):
            if not quiet(work):
                said = f"revision {done.revision}" if done.revision else "nothing was written"
                work.gates.append(Gate("store", "passed", said))
                passage = work.passage(done.code)
                revision = done.revision or None
                self.loop.record(passage.verb, passage.subject, revision=revision, evidence=passage, actor=self.name)
        elif work.outside is not None and self.trace_reads:
            self.loop.record(call.verb, work.subject, evidence=work.passage(done.code), actor=self.name)
        body, headers = done.body, _NO_HEADERS
        if work.outside is not None:
            try:
                body, headers, done = rest.leave(self, work, done)
            except ApiError as error:
                self._fail(work, error)
                return
        elif work.warnings:
            headers = {"warning": list(work.warnings)}
        request = work.request
        self.loop.send(request.reply_to, Response(request.token, done.code, body, headers, done.watching))
        if done.watching:
            verbs.watch.opened(self, work)

    def _fail(self, work: Work, error: ApiError) -> None:
        call = work.call
        if call.verb not in _READS and work.kind is not None:
            passage = work.passage(error.code)
            self.loop.record(passage.verb, passage.subject, str(error), evidence=passage, actor=self.name)
        headers = rest.failed(work, error) if work.outside is not None else _NO_HEADERS
        request = work.request
        body = error.status if work.outside is None else rest.body_of_error(error)
        self.loop.send(request.reply_to, Response(request.token, error.code, body, headers))

    # -- waiting for a revision ------------------------------------------------------------------------------------

    def _wait(self, work: Work, wanted: AwaitRevision) -> None:
        if wanted.revision <= self.revision:
            self.proceed(work, None)
            return
        work.waiting_for = "watch cache"
        self._waiting[work.id] = wanted.revision
        work.timer = self.loop.after(wanted.timeout_ms, self.name, GiveUp(work.id))

    def _give_up(self, work_id: int) -> None:
        wanted = self._waiting.pop(work_id, None)
        work = self.in_flight.pop(work_id, None)
        if work is not None and wanted is not None:
            self._fail(work, errors.too_large_resource_version(wanted, self.revision))

    def _caught_up(self) -> None:
        for work_id in [id_ for id_, revision in self._waiting.items() if revision <= self.revision]:
            del self._waiting[work_id]
            work = self.in_flight[work_id]
            self.loop.cancel(work.timer)
            self.loop.caused_by(work.cause)
            self.proceed(work, None)

    # -- what the store says -----------------------------------------------------------------------------------------

    def _changed(self, message: WatchChanges) -> None:
        if message.token != self.link.watch_token:
            return
        if message.error:
            self.link.watch_ended(message.error)
            return
        self.take_changes(message)
        if self._waiting:
            self._caught_up()
        if self._opens_at is not None:
            self.open_when(self._opens_at)

    def open_when(self, revision: int) -> None:
        """When the caches have seen `revision`, take up the requests that came before."""
        self._opens_at = revision
        if self.revision < revision:
            return
        self._opens_at = None
        self.ready = True
        if self._waiting:
            self._caught_up()  # the caches were filled afresh
        self.compactor.start()
        self.reconciler.begin()
        parked, self.parked = self.parked, []
        for request in parked:
            self._begin(request)


_NOBODY = User("")
_NO_CALL = Call("get", "")


def quiet(work: Work) -> bool:
    """Whether a write leaves no record: the heartbeats of thousands of nodes would bury everything else."""
    return work.kind is not None and work.kind.plural == "leases" and work.call.verb in ("update", "patch")


_TIMERS = frozenset(
    (
        GiveUp,
        definitions.CleanedUp,
        compaction.Round,
        endpoint_reconciler.Reconcile,
        health.HealthTimedOut,
        store_link.TryStore,
        store_link.WatchSilent,
        store_link.NoStore,
        store_link.PutAgain,
        store_link.AskAgain,
        store_link.Overdue,
    )
)
