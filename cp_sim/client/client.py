"""Calls to the API server and what becomes of their answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cp_sim.apiserver.request import Call, Request, Response, StopWatch, WatchChange, WatchClosed, unanswered
from cp_sim.client import connection
from cp_sim.client.connection import Connection, DialTimedOut
from cp_sim.sim import Actor, ConnectionLost, Timer, immutable
from cp_sim.sim.connection import RESET, TIMED_OUT

# How often client-go repeats a request that the server asked to repeat.  Source: k8s.io/client-go/rest/request.go.
MAX_RETRIES = 10
_READS = frozenset(("get", "list"))


@dataclass(slots=True)
class Waiting:
    """A call that has not been answered: who wants the answer, and how often it has been made again."""

    receiver: Any
    then: str
    context: Any
    call: Call
    user: str
    retries: int = 0
    timer: Timer | None = None


@dataclass(slots=True)
class Resume:
    """The timer message with which a component comes back to something: `receiver.<method>(context)`."""

    receiver: Any
    method: str
    context: Any = None


@immutable
class CallTimedOut:
    """The timer message that says that call `token` has waited for as long as it may."""

    token: int


@immutable
class ProcessExited:
    """The process `name` has ended by itself; whoever looks after it (the kubelet, for a static pod) starts it anew.

    A new process is a new actor of the same name: caches empty, a new identity.
    """

    name: str
    reason: str


class Client:
    """Sends the calls of one actor, as one user.

    An answer comes later: it is handed to the method of the actor that the call named with `then`, as
    `method(context, response)`; changes of a watch go to `each(context, change)`.  Methods are named, not passed, so
    that a copy of the world holds no reference into the old one.

    Every call is answered once.  When the connection breaks (`lost`), each waiting call is answered with status 0 and
    client-go's text, each watch ends as when the server closes it; gets and lists are made once more, as client-go
    does after a reset.  What the server asks to try again later (`Retry-After`) is tried again up to ten times.
    """

    def __init__(self, actor: Actor, user: str, server: str = "kube-apiserver") -> None:
        self.actor = actor
        self.user = user
        self.server = server
        self.endpoint = connection.ENDPOINT
        self.connection = Connection(actor)
        self._token = 0
        self._waiting: dict[int, Waiting] = {}
        self._watches: dict[int, tuple[Any, str, Any]] = {}

    @property
    def in_flight(self) -> int:
        """How many calls wait for their answer."""
        return len(self._waiting)

    @property
    def healthy(self) -> bool:
        """Whether the server has last answered, and not with an error of its own."""
        return self.connection.healthy

    def connections(self) -> tuple[str, ...]:
        """The server, while something is open there."""
        return (self.server,) if self.connection.up or self._waiting or self._watches else ()

    def send(
        self,
        call: Call,
        then: str = "",
        context: Any = None,
        receiver: Any = None,
        timeout_ms: int = 0,
        user: str = "",
    ) -> int:
        """Send `call`; its answer goes to `receiver.<then>(context, response)` (the actor itself unless given).

        Without `then` the answer is dropped.  With `timeout_ms` the call is given up when it has not been answered by
        then: status 0.  `user` is who asks, where that is not the client's own.  Returns the token.
        """
        return self._send(Waiting(receiver or self.actor, then, context, call, user or self.user), timeout_ms)

    def _send(self, waiting: Waiting, timeout_ms: int = 0) -> int:
        loop = self.actor.loop
        # A process that starts anew under the same name must not take the answers to its predecessor for its own.
        self._token = (self._token or loop.units << 20) + 1
        token = self._token
        if waiting.then:
            self._waiting[token] = waiting
            if timeout_ms:
                waiting.timer = loop.after(timeout_ms, self.actor.name, CallTimedOut(token), background=True)
        if not self.connection.up:
            self.connection.use()
        loop.send(self.server, Request(self.actor.name, token, waiting.user, waiting.call))
        return token

    def watch(self, call: Call, then: str, each: str, context: Any = None, receiver: Any = None) -> int:
        """Open a watch: the answer goes to `then`, every change to `each`.  Returns the token that stops it."""
        token = self.send(call, then, context, receiver)
        self._watches[token] = (receiver or self.actor, each, context)
        return token

    def stop(self, token: int) -> None:
        """Close a watch; changes already on their way are dropped."""
        if self._watches.pop(token, None) is not None:
            self.actor.loop.send(self.server, StopWatch(self.actor.name, token))

    def close(self) -> None:
        """The process ends: nothing is awaited any more, every watch is closed."""
        for waiting in self._waiting.values():
            self._cancel(waiting)
        self._waiting.clear()
        for token in list(self._watches):
            self.stop(token)

    def later(self, delay_ms: int, receiver: Any, method: str, context: Any = None, background: bool = True) -> Timer:
        """Call `receiver.<method>(context)` in `delay_ms`."""
        return self.actor.loop.after(delay_ms, self.actor.name, Resume(receiver, method, context), background)

    # -- what comes back -----------------------------------------------------------------------------------------------

    def answered(self, response: Response) -> None:
        """Hand an answer to whoever waits for it."""
        self.connection.heard(response.status)
        waiting = self._waiting.pop(response.token, None)
        if not response.watching:
            self._watches.pop(response.token, None)
        if waiting is None:
            return
        self._cancel(waiting)
        wait_ms = 0 if response.ok else connection.retry_after_ms(response.status, response.body)
        if wait_ms and waiting.retries < MAX_RETRIES and waiting.call.verb != "watch":
            waiting.retries += 1
            self.later(wait_ms, self, "again", waiting, background=False)
            return
        if not response.status:
            text = connection.text_of_failure(waiting.call, _reason(response), self.endpoint)
            response = unanswered(response.token, text)
        getattr(waiting.receiver, waiting.then)(waiting.context, response)

    def again(self, waiting: Waiting) -> None:
        """Make a call once more."""
        self._send(waiting)

    def closed(self, message: WatchClosed) -> None:
        """Tell whoever watches that the server has ended the watch, as a change of type CLOSED."""
        self.changed(WatchChange(message.token, "CLOSED", {}))
        self._watches.pop(message.token, None)

    def changed(self, change: WatchChange) -> None:
        """Hand a change to whoever watches."""
        receiver, each, context = self._watches.get(change.token, (None, "", None))
        if receiver is not None:
            getattr(receiver, each)(context, change)

    # -- broken connections --------------------------------------------------------------------------------------------

    def lost(self, peer: str, reason: str = RESET) -> None:
        """The connection to `peer` is gone: answer every waiting call with status 0, close every watch."""
        if peer != self.server:
            return
        self._drop(connection.PING_LOST if reason == TIMED_OUT else reason)

    def _drop(self, reason: str) -> None:
        self.connection.broken()
        waiting, self._waiting = self._waiting, {}
        watches, self._watches = self._watches, {}
        for token, one in waiting.items():
            self._cancel(one)
            watches.pop(token, None)
            if reason == RESET and one.call.verb in _READS and one.retries < MAX_RETRIES:
                one.retries += 1
                self.again(one)
            else:
                self._give_up(token, one, reason)
        for token, (receiver, each, context) in watches.items():
            getattr(receiver, each)(context, WatchChange(token, "CLOSED", {}))

    def timed_out(self, message: CallTimedOut | DialTimedOut) -> None:
        """A call, or the connection as a whole, has taken too long."""
        if isinstance(message, CallTimedOut):
            one = self._waiting.pop(message.token, None)
            self._watches.pop(message.token, None)
            if one is not None:
                self._give_up(message.token, one, connection.TOO_SLOW)
            return
        reason = self.connection.timed_out(message, self.server)
        if reason:
            self._drop(reason)

    def _give_up(self, token: int, waiting: Waiting, reason: str) -> None:
        text = connection.text_of_failure(waiting.call, reason, self.endpoint)
        getattr(waiting.receiver, waiting.then)(waiting.context, unanswered(token, text))

    def _cancel(self, waiting: Waiting) -> None:
        if waiting.timer is not None:
            self.actor.loop.cancel(waiting.timer)
            waiting.timer = None


def _reason(response: Response) -> str:
    body = response.body
    return str(body.get("message", "")) if isinstance(body, dict) else str(body or "")


class Component(Actor):
    """An actor that knows the API server and nobody else.

    Answers and changes find their methods by themselves; every other message (its own timers) goes to `notice`.
    """

    def __init__(self, name: str, user: str, server: str = "kube-apiserver") -> None:
        super().__init__(name)
        self.api = Client(self, user, server)

    def connections(self) -> tuple[str, ...]:
        return self.api.connections()

    def receive(self, message: Any) -> None:
        kind = type(message)
        if kind is WatchChange:
            self.api.changed(message)
        elif kind is Response:
            self.api.answered(message)
        elif kind is WatchClosed:
            self.api.closed(message)
        elif kind is Resume:
            getattr(message.receiver, message.method)(message.context)
        elif kind is ConnectionLost:
            self.api.lost(message.peer, message.reason)
        elif kind is CallTimedOut or kind is DialTimedOut:
            self.api.timed_out(message)
        else:
            self.notice(message)

    def process(self) -> tuple[str, ...]:
        """The names of all actors that are one process with this one, itself included."""
        return (self.name,)

    def exit(self, reason: str, report_to: str = "") -> None:
        """The process ends now: its connections are closed, its actors leave the loop, `report_to` is told."""
        self.api.close()
        for name in self.process():
            self.loop.remove(name)
        if report_to:
            self.loop.send(report_to, ProcessExited(self.name, reason))

    def notice(self, message: Any) -> None:
        """Handle a message that is not the API server's."""
        raise TypeError(f"{self.name} does not understand {type(message).__name__}")
