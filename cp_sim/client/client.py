"""Calls to the API server and what becomes of their answers."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call, Request, Response, StopWatch, WatchChange, WatchClosed
from cp_sim.sim import Actor


class Client:
    """Sends the calls of one actor, as one user.

    An answer comes later: it is handed to the method of the actor that the call named with `then`, as
    `method(context, response)`; changes of a watch go to `each(context, change)`.  Methods are named, not passed, so
    that a copy of the world holds no reference into the old one.
    """

    def __init__(self, actor: Actor, user: str, server: str = "kube-apiserver") -> None:
        self.actor = actor
        self.user = user
        self.server = server
        self._token = 0
        self._waiting: dict[int, tuple[Any, str, Any]] = {}
        self._watches: dict[int, tuple[Any, str, Any]] = {}

    @property
    def in_flight(self) -> int:
        """How many calls wait for their answer."""
        return len(self._waiting)

    def send(self, call: Call, then: str = "", context: Any = None, receiver: Any = None) -> int:
        """Send `call`; its answer goes to `receiver.<then>(context, response)` (the actor itself unless given).

        Without `then` the answer is dropped, as with an event that is written and forgotten.  Returns the token.
        """
        self._token += 1
        if then:
            self._waiting[self._token] = (receiver or self.actor, then, context)
        self.actor.loop.send(self.server, Request(self.actor.name, self._token, self.user, call))
        return self._token

    def watch(self, call: Call, then: str, each: str, context: Any = None, receiver: Any = None) -> int:
        """Open a watch: the answer goes to `then`, every change to `each`.  Returns the token that stops it."""
        token = self.send(call, then, context, receiver)
        self._watches[token] = (receiver or self.actor, each, context)
        return token

    def stop(self, token: int) -> None:
        """Close a watch; changes already on their way are dropped."""
        if self._watches.pop(token, None) is not None:
            self.actor.loop.send(self.server, StopWatch(self.actor.name, token))

    def answered(self, response: Response) -> None:
        """Hand an answer to whoever waits for it."""
        receiver, then, context = self._waiting.pop(response.token, (None, "", None))
        if not response.watching:
            self._watches.pop(response.token, None)
        if receiver is not None:
            getattr(receiver, then)(context, response)

    def closed(self, message: WatchClosed) -> None:
        """Tell whoever watches that the server has ended the watch, as a change of type CLOSED."""
        self.changed(WatchChange(message.token, "CLOSED", {}))
        self._watches.pop(message.token, None)

    def changed(self, change: WatchChange) -> None:
        """Hand a change to whoever watches."""
        receiver, each, context = self._watches.get(change.token, (None, "", None))
        if receiver is not None:
            getattr(receiver, each)(context, change)


class Component(Actor):
    """An actor that knows the API server and nobody else.

    Answers and changes find their methods by themselves; every other message (its own timers) goes to `notice`.
    """

    def __init__(self, name: str, user: str, server: str = "kube-apiserver") -> None:
        super().__init__(name)
        self.api = Client(self, user, server)

    def receive(self, message: Any) -> None:
        if type(message) is WatchChange:
            self.api.changed(message)
        elif type(message) is Response:
            self.api.answered(message)
        elif type(message) is WatchClosed:
            self.api.closed(message)
        else:
            self.notice(message)

    def notice(self, message: Any) -> None:
        """Handle a message that is not the API server's."""
        raise TypeError(f"{self.name} does not understand {type(message).__name__}")
