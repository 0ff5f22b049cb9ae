"""The one outside: whoever sits at the keyboard, as an actor that asks and keeps the answers."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import HttpRequest, Request, Response, WatchChange, WatchClosed, unanswered
from cp_sim.client.connection import PING_LOST, Connection, DialTimedOut, text_of_failure
from cp_sim.etcd.store import StoreAnswer, StoreRequest, WatchChanges, WatchProgress, WatchRequest
from cp_sim.sim import Actor, ConnectionLost
from cp_sim.sim.connection import TIMED_OUT


class User(Actor):
    """Sends requests from outside; an answer waits in `answers` until it is taken.

    The answer to a watch is the list of its changes, each `{"type": ..., "object": ...}`, once the watch has ended.
    When nobody answers, the answer has status 0 and says why. What the store itself was asked is answered in `told`.
    """

    def __init__(self, name: str, server: str = "kube-apiserver") -> None:
        super().__init__(name)
        self.server = server
        self.answers: dict[int, Response] = {}
        self.told: dict[int, StoreAnswer] = {}
        self.heard: dict[int, list[WatchChanges]] = {}  # by each watch that was opened at the store itself
        self._token = 0
        self._connection = Connection(self)
        self._asked: dict[int, HttpRequest] = {}
        self._watches: dict[int, Response] = {}
        self._changes: dict[int, list[dict[str, Any]]] = {}

    def connections(self) -> tuple[str, ...]:
        return (self.server,) if self._asked else ()

    def send(self, asked: HttpRequest) -> int:
        """Send a request; returns the token of its answer."""
        self._token += 1
        if not self._asked:
            self._connection.up = False  # every command is a process of its own, and dials
        self._asked[self._token] = asked
        self._connection.use()
        self.loop.send(self.server, Request(self.name, self._token, asked.caller, asked))
        return self._token

    def ask_store(self, member: str, operation: Any) -> int:
        """Put a request to a member of the store; returns the token of its answer."""
        self._token += 1
        self.loop.send(member, StoreRequest(operation, self.name, self._token))
        return self._token

    def watch_store(self, member: str, prefix: str, revision: int) -> int:
        """Open a watch at a member of the store; what it is told gathers in `heard` under the token returned."""
        self._token += 1
        self.heard[self._token] = []
        self.loop.send(member, WatchRequest(prefix, self.name, self._token, revision, require_leader=False))
        self.loop.send(member, WatchProgress(self.name, self._token))
        return self._token

    def take(self, token: int) -> Response | None:
        """The answer to a request, once; None if there is none (yet)."""
        return self.answers.pop(token, None)

    def receive(self, message: Any) -> None:
        if isinstance(message, WatchChange):
            if message.token in self._changes:
                self._changes[message.token].append({"type": message.type, "object": message.object})
        elif isinstance(message, Response):
            self._answered(message)
        elif isinstance(message, WatchClosed):
            self._watch_ended(message.token)
        elif isinstance(message, ConnectionLost):
            if message.peer == self.server:
                self._lost(PING_LOST if message.reason == TIMED_OUT else message.reason)
        elif isinstance(message, DialTimedOut):
            reason = self._connection.timed_out(message, self.server)
            if reason:
                self._lost(reason)
        elif isinstance(message, StoreAnswer):
            self.told[message.token] = message
        elif isinstance(message, WatchChanges):
            self.heard[message.token].append(message)
        else:
            super().receive(message)

    def _answered(self, answer: Response) -> None:
        asked = self._asked.get(answer.token)
        if asked is None:
            return  # it has been given up
        self._connection.heard(answer.status)
        if answer.watching:
            self._watches[answer.token] = answer
            self._changes[answer.token] = []
            return
        if not answer.status:
            answer = unanswered(answer.token, text_of_failure(asked, str(answer.body["message"])))
        del self._asked[answer.token]
        self.answers[answer.token] = answer

    def _watch_ended(self, token: int) -> None:
        opened = self._watches.pop(token, None)
        if opened is not None:
            self._asked.pop(token, None)
            self.answers[token] = Response(token, opened.status, self._changes.pop(token), opened.headers)

    def _lost(self, reason: str) -> None:
        """The connection is gone: watches end as they are, everything else has got no answer."""
        self._connection.broken()
        for token in list(self._watches):
            self._watch_ended(token)
        asked, self._asked = self._asked, {}
        for token, one in asked.items():
            self.answers[token] = unanswered(token, text_of_failure(one, reason))
