"""The one outside: whoever sits at the keyboard, as an actor that asks and keeps the answers."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import HttpRequest, Request, Response, WatchChange, WatchClosed
from cp_sim.etcd.store import StoreAnswer, StoreRequest
from cp_sim.sim import Actor


class User(Actor):
    """Sends requests from outside; an answer waits in `answers` until it is taken.

    The answer to a watch is the list of its changes, each `{"type": ..., "object": ...}`, once the watch has ended.
    What the store itself was asked is answered in `told`.
    """

    def __init__(self, name: str, server: str = "kube-apiserver") -> None:
        super().__init__(name)
        self.server = server
        self.answers: dict[int, Response] = {}
        self.told: dict[int, StoreAnswer] = {}
        self._token = 0
        self._watches: dict[int, Response] = {}
        self._changes: dict[int, list[dict[str, Any]]] = {}

    def send(self, asked: HttpRequest) -> int:
        """Send a request; returns the token of its answer."""
        self._token += 1
        self.loop.send(self.server, Request(self.name, self._token, asked.caller, asked))
        return self._token

    def ask_store(self, member: str, operation: Any) -> int:
        """Put a request to a member of the store; returns the token of its answer."""
        self._token += 1
        self.loop.send(member, StoreRequest(operation, self.name, self._token))
        return self._token

    def take(self, token: int) -> Response | None:
        """The answer to a request, once; None if there is none (yet)."""
        return self.answers.pop(token, None)

    def receive(self, message: Any) -> None:
        if isinstance(message, WatchChange):
            self._changes[message.token].append({"type": message.type, "object": message.object})
        elif isinstance(message, Response) and message.watching:
            self._watches[message.token] = message
            self._changes[message.token] = []
        elif isinstance(message, WatchClosed):
            opened = self._watches.pop(message.token)
            changes = self._changes.pop(message.token)
            self.answers[message.token] = Response(message.token, opened.status, changes, opened.headers)
        elif isinstance(message, Response):
            self.answers[message.token] = message
        elif isinstance(message, StoreAnswer):
            self.told[message.token] = message
        else:
            super().receive(message)
