"""The one outside: whoever sits at the keyboard, as an actor that asks and keeps the answers."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import HttpRequest, Request, Response, WatchChange, WatchClosed, unanswered
from cp_sim.client import connection
from cp_sim.client.connection import Connection, DialTimedOut
from cp_sim.sim import Actor, ConnectionLost
from cp_sim.sim.connection import TIMED_OUT


class User(Actor):
    """Sends requests from outside; an answer waits in `answers` until it is taken.

    The answer to a watch is the list of its changes, each `{"type": ..., "object": ...}`, once the watch has ended.
    What no server has answered ends with status 0 and the text that kubectl's library has for it.
    """

    def __init__(self, name: str, server: str = "kube-apiserver") -> None:
        super().__init__(name)
        self.server = server
        self.answers: dict[int, Response] = {}
        self.connection = Connection(self, server)
        self._token = 0
        self._asked: dict[int, HttpRequest] = {}
        self._watches: dict[int, Response] = {}
        self._changes: dict[int, list[dict[str, Any]]] = {}

    def connections(self) -> tuple[str, ...]:
        return (self.server,) if self.connection.up or self._asked else ()

    def send(self, asked: HttpRequest) -> int:
        """Send a request; returns the token of its answer."""
        self._token += 1
        self._asked[self._token] = asked
        self.connection.use()
        self.loop.send(self.server, Request(self.name, self._token, asked.caller, asked))
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
            self._closed(message.token)
        elif isinstance(message, ConnectionLost):
            self._lost(connection.PING_LOST if message.reason == TIMED_OUT else message.reason)
        elif isinstance(message, DialTimedOut):
            if self.connection.has_timed_out(message):
                self._lost(TIMED_OUT)
        else:
            super().receive(message)

    def _answered(self, response: Response) -> None:
        self.connection.heard(response.status)
        asked = self._asked.get(response.token)
        if asked is None:
            return  # it was given up before
        if response.watching:
            self._watches[response.token] = response
            self._changes[response.token] = []
            return
        del self._asked[response.token]
        if not response.status:
            text = str(response.body["message"])
            response = unanswered(response.token, connection.text_of_failure(asked, text))
        self.answers[response.token] = response

    def _closed(self, token: int) -> None:
        opened = self._watches.pop(token, None)
        if opened is not None:
            del self._asked[token]
            self.answers[token] = Response(token, opened.status, self._changes.pop(token), opened.headers)

    def _lost(self, reason: str) -> None:
        """The connection is gone: watches have ended, what waits for an answer gets none."""
        self.connection.broken()
        for token, asked in list(self._asked.items()):
            if token in self._watches:
                self._closed(token)
            else:
                del self._asked[token]
                self.answers[token] = unanswered(token, connection.text_of_failure(asked, reason))
