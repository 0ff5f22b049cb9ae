"""The API server's connection to its store: what it does when the store does not answer, refuses, or ends its watch.

The watch of the store feeds all watch caches. When it ends it is opened again from the last revision that was seen, and
nobody notices. Only when that has failed for 30 s, or the history is gone, the caches count as not initialized: every
watch of a client ends, lists and watches are answered 429, and everything is listed anew.

*In Kubernetes:* the reflector of `k8s.io/apiserver/pkg/storage/cacher` (cacher.go: MaxInternalErrorRetryDuration,
`startCaching` once a second) and etcd's client (`go.etcd.io/etcd/client/v3`, retry_interceptor.go: what only reads is
tried again a hundred times, 25 ms apart). *Simplified:* one watch of everything instead of one for each resource; a
hundred quick tries are ten slower ones.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors, listing
from cp_sim.apiserver.request import Request, unanswered
from cp_sim.apiserver.work import Work
from cp_sim.etcd.store import REGISTRY, Get, List, Put, StoreAnswer, StoreRequest, WatchRequest
from cp_sim.sim import immutable
from cp_sim.sim.connection import REFUSED, RESET

# How long a request may take.  Source: `--request-timeout` (60 s) and requestTimeoutUpperBound (34 s, for writes) in
# k8s.io/apiserver/pkg/endpoints/handlers/rest.go.
READ_TIMEOUT_MS, WRITE_TIMEOUT_MS = 60_000, 34_000
# How long a server that has just been started waits for its store before it ends (etcd3.go: dialTimeout).
START_TIMEOUT_MS = 20_000
TRIES, TRY_MS = 10, 250
REWATCH_MS, REWATCH_CAP_MS = 100, 2_000
GIVE_UP_MS = 30_000
RELIST_MS = 1_000
PROBE_KEY, PROBE_MS = "/registry/health", 5_000
QUICK_TRIES = 5  # so many attempts keep the world from settling; then nobody waits for them

COMPACTED = "required revision has been compacted"
LOADING, FOLLOWING, BROKEN, DOWN = "loading", "following", "broken", "down"


@immutable
class TryStore:
    """Timer: list or watch the store again."""

    attempt: int


@immutable
class WatchSilent:
    """Timer: whoever was asked for the watch `token` has not said anything."""

    token: int


@immutable
class NoStore:
    """Timer: the attempt `token` to read the store has had its time."""

    token: int


@immutable
class PutAgain:
    """Timer: write one of the first objects once more."""

    token: int


@immutable
class AskAgain:
    """Timer: send the operation of request `work` once more."""

    work: int


@immutable
class Overdue:
    """Timer: the request that has waited longest has had its time."""


class StoreLink:
    """What a server knows of its store.

    `state` is `loading` (nothing has been read yet), `following` (the watch stands), `broken` (it has ended, the caches
    are as they were), `down` (the caches are not initialized).  `since_ms` is when that began, `said` the last error.
    """

    def __init__(self, server: Any) -> None:
        self.server = server
        self.state = LOADING
        self.since_ms = 0
        self.said = ""
        self.watch_token = 0
        self.list_token = 0
        self.probe_token = 0
        self.attempts = 0
        self._tokens = 0
        self._timer: Any = None  # for the request that is due next

    @property
    def usable(self) -> bool:
        """Whether the watch caches can be served from."""
        return self.state in (FOLLOWING, BROKEN)

    def token(self) -> int:
        """A token of the server's own, below zero; never one that a process of the same name has used before."""
        self._tokens = (self._tokens or self.server.loop.units << 20) + 1
        return -self._tokens

    # -- reading everything --------------------------------------------------------------------------------------------

    def load(self) -> None:
        """Ask for everything there is."""
        self.attempts += 1
        self.list_token = self.token()
        loop, server = self.server.loop, self.server
        if self.attempts == 1:
            self.since_ms = loop.clock.now_ms
        loop.send(server.store, StoreRequest(List(REGISTRY), server.name, self.list_token))
        loop.after(START_TIMEOUT_MS, server.name, NoStore(self.list_token), background=True)

    def loaded(self) -> None:
        """Everything was read."""
        self._now(FOLLOWING)

    def load_failed(self, error: str) -> None:
        """The store could not be read: once more, in a second."""
        self.said, self.list_token = error, 0
        if error == REFUSED:
            self.turn()
        self._refuse_parked()
        self._again(RELIST_MS)

    def no_store(self, message: NoStore) -> None:
        """Nobody has answered."""
        if self.list_token == message.token:
            self.load_failed("context deadline exceeded")

    def takes(self, request: Request) -> bool:
        """Whether a request can be begun; if not, it is kept for the moments of a start, or refused.

        A server that waits for its store does not listen yet.
        """
        server = self.server
        if server.ready:
            return True
        if self.said:
            server.loop.send(request.reply_to, unanswered(request.token, REFUSED))
        else:
            server.parked.append(request)
        return False

    def _refuse_parked(self) -> None:
        parked, self.server.parked = self.server.parked, []
        for request in parked:
            self.takes(request)

    def put(self, key: str, obj: dict[str, Any]) -> None:
        """Write one of the objects that every cluster has, unless another server was faster."""
        token = self.token()
        self.server.bootstrapping[token] = (key, obj)
        self.put_again(PutAgain(token))

    def put_again(self, message: PutAgain) -> None:
        """Write it, for the first time or once more."""
        found = self.server.bootstrapping.get(message.token)
        if found is not None:
            operation = Put(found[0], found[1], expect=0)
            self.server.loop.send(self.server.store, StoreRequest(operation, self.server.name, message.token))

    def put_failed(self, token: int) -> None:
        """It could not be written: once more, in a second."""
        self.server.loop.after(RELIST_MS, self.server.name, PutAgain(token), background=True)

    # -- following -----------------------------------------------------------------------------------------------------

    def follow(self, revision: int) -> None:
        """Watch everything that happens after `revision`."""
        server = self.server
        self.watch_token = self.token()
        server.loop.send(server.store, WatchRequest(REGISTRY, server.name, self.watch_token, revision + 1))

    def watch_ended(self, error: str) -> None:
        """The watch of the store cannot go on."""
        self.watch_token = 0
        if error == REFUSED:
            self.turn()
        if self.state == LOADING:
            self.load_failed(error)
        elif COMPACTED in error:
            self._go_down(error)
            self.load()
        elif self.state != DOWN:
            self._broke(error)

    def _broke(self, error: str) -> None:
        loop = self.server.loop
        if self.state == FOLLOWING:
            self.attempts = 0
            self._now(BROKEN, error)
        self.said = error
        if loop.clock.now_ms - self.since_ms > GIVE_UP_MS:
            self._go_down(error)
        self._again(min(REWATCH_MS << min(self.attempts, 10), REWATCH_CAP_MS) if self.state == BROKEN else RELIST_MS)

    def _go_down(self, error: str) -> None:
        if self.state != LOADING:
            self.attempts = 0
            self._now(DOWN, error)
            self.server.end_all_watches()

    def _again(self, delay_ms: int) -> None:
        server = self.server
        background = self.attempts >= QUICK_TRIES
        server.loop.after(delay_ms, server.name, TryStore(self.attempts), background)

    def try_again(self, message: TryStore) -> None:
        """It is time to list, or to watch, again."""
        if message.attempt != self.attempts or self.state == FOLLOWING or self.list_token:
            return
        if self.state == BROKEN:
            self.attempts += 1
            self.follow(self.server.revision)
            loop, server = self.server.loop, self.server
            self.probe_token = self.token()
            loop.send(server.store, StoreRequest(Get(PROBE_KEY), server.name, self.probe_token))
            loop.after(PROBE_MS, server.name, WatchSilent(self.watch_token), background=True)
        else:
            self.load()

    def probed(self, error: str) -> None:
        """The store has answered a question that was sent after the watch: it has that, too."""
        self.probe_token = 0
        if self.state == BROKEN and self.watch_token and not error:
            self._now(FOLLOWING)

    def silent(self, message: WatchSilent) -> None:
        """Nobody has answered."""
        if self.state == BROKEN and self.probe_token and message.token == self.watch_token:
            self.watch_ended("context deadline exceeded")

    def _now(self, state: str, error: str = "") -> None:
        server, before = self.server, self.state
        self.state, self.since_ms = state, server.loop.clock.now_ms
        if state == FOLLOWING:
            self.attempts, self.said, self.list_token = 0, "", 0
            if before in (BROKEN, DOWN):
                server.loop.record(
                    "reach store", f"members/{server.store}", "the watch stands again", actor=server.name
                )
        elif before != DOWN:
            verb = "lose store" if state == BROKEN else "drop caches"
            server.loop.record(verb, f"members/{server.store}", error, actor=server.name)

    # -- requests ------------------------------------------------------------------------------------------------------

    def ask(self, work: Work, operation: Any) -> None:
        """Send an operation for a request; it has its time, and no more."""
        server = self.server
        work.asked = operation
        work.waiting_for = server.store
        server.loop.send(server.store, StoreRequest(operation, server.name, work.id))
        if self._timer is None or not self._timer.pending:
            self._timer = server.loop.after(WRITE_TIMEOUT_MS, server.name, Overdue(), background=True)

    def turn(self) -> None:
        """The member does not answer: from now on the next one is asked, where there are several."""
        server = self.server
        server.store = server.stores[(server.stores.index(server.store) + 1) % len(server.stores)]

    def asks_again(self, work: Work, error: str) -> bool:
        """Whether the store will be asked once more: another member may be there, or it only reads."""
        if error == REFUSED and work.asked is not None and work.turns + 1 < len(self.server.stores):
            work.turns += 1
            self.turn()
            self.ask(work, work.asked)
            return True
        if error not in (REFUSED, RESET) or not isinstance(work.asked, Get | List) or work.retries >= TRIES:
            return False
        work.retries += 1
        work.waiting_for = ""
        self.server.loop.after(TRY_MS, self.server.name, AskAgain(work.id))
        return True

    def ask_again(self, message: AskAgain) -> None:
        """The pause is over."""
        work = self.server.in_flight.get(message.work)
        if work is not None and work.asked is not None and not work.waiting_for:
            self.ask(work, work.asked)

    def lost(self, peer: str, reason: str) -> None:
        """The connection is broken: what was asked will not be answered, the watch has ended."""
        server = self.server
        asked_now = peer == server.store
        for work in list(server.in_flight.values()):
            if work.waiting_for == peer:
                server.answered(StoreAnswer(work.id, 0, False, error=reason))
        if not asked_now:
            return
        for token in server.bootstrapping:
            self.put_failed(token)
        if server.store == peer:
            self.turn()
        if self.list_token:
            self.load_failed(reason)
        elif self.watch_token:
            self.watch_ended(reason)

    def overdue(self) -> None:
        """Answer what has had its time."""
        server, now_ms = self.server, self.server.loop.clock.now_ms
        nearest: int | None = None
        for work in list(server.in_flight.values()):
            if work.waiting_for not in server.stores or work.call.verb == "watch":
                continue
            reads = work.call.verb in ("get", "list")
            due_ms = work.since_ms + (READ_TIMEOUT_MS if reads else WRITE_TIMEOUT_MS)
            if due_ms <= now_ms:
                server.fail(work, errors.timeout(READ_TIMED_OUT if reads else WRITE_TIMED_OUT))
            elif nearest is None or due_ms < nearest:
                nearest = due_ms
        if nearest is not None:
            self._timer = server.loop.after(nearest - now_ms, server.name, Overdue(), background=True)


# Sources: k8s.io/apiserver/pkg/server/filters/timeout.go, pkg/endpoints/handlers/finisher/finisher.go.
READ_TIMED_OUT = "request did not complete within the allotted timeout"
WRITE_TIMED_OUT = "request did not complete within requested timeout - context deadline exceeded"


def store_error(text: str, continued: bool = False) -> errors.ApiError:
    """What a caller sees of an error of the store: most of them as they are, as a 500 without a reason.

    `continued` says that the request went on with a list that was begun before.

    *In Kubernetes:* `convertStorageErrorOrNot` in k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/status.go.
    """
    if COMPACTED in text:
        return errors.expired(listing.TOO_OLD_TOKEN if continued else listing.TOO_OLD)
    return errors.internal(text_of(text))


def text_of(error: str) -> str:
    """An error of the store as etcd's client words it."""
    if error == REFUSED:
        return UNAVAILABLE + f'connection error: desc = "transport: Error while dialing: dial tcp {ADDRESS}: {REFUSED}"'
    if error == RESET:
        return UNAVAILABLE + f"error reading from server: read tcp {ADDRESS}: read: {RESET}"
    return error


ADDRESS = "127.0.0.1:2379"
UNAVAILABLE = "rpc error: code = Unavailable desc = "
