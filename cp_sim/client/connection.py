"""One connection from a client to its server: whether it stands, and what the library says when it does not.

*In Kubernetes:* Go's `net` and `net/http` below client-go: a dial takes at most 30 s (`k8s.io/client-go/transport`,
cache.go), an HTTP/2 connection on which nothing has been heard for 30 s is tried with a ping and closed 15 s later
(`k8s.io/apimachinery/pkg/util/net`, http.go).  The pings are the world's: whoever cuts a connection tells both ends.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call, HttpRequest
from cp_sim.objects.kinds import KINDS, UnknownKind
from cp_sim.sim import Actor, Timer, immutable
from cp_sim.sim.connection import REFUSED, RESET, TIMED_OUT

DIAL_TIMEOUT_MS = 30_000
# How long after that a server that took the connection may be silent: longer than the 60 s that a request may take.
SILENCE_MS = 45_000
# Where the servers of a cluster are reached, in the texts of errors.
ENDPOINT = "10.0.0.1:6443"

PING_LOST = "http2: client connection lost"
TOO_SLOW = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)"

_METHODS = {"create": "Post", "update": "Put", "patch": "Patch", "delete": "Delete", "deletecollection": "Delete"}


@immutable
class DialTimedOut:
    """The timer message that says that dial number `dial` has had its time; `taken`: somebody took the connection."""

    dial: int
    taken: bool = False


class Connection:
    """What an actor knows of its connection to its server.

    `up` says whether anything has come from there since the last dial; `healthy` whether the last answer was one: no
    refusal, and no error of the server's own (5xx).
    """

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.up = False
        self.healthy = True
        self.dials = 0
        self._timer: Timer | None = None

    def use(self) -> None:
        """Something is about to be sent: dial, if the connection does not stand."""
        if self.up or (self._timer is not None and self._timer.pending):
            return
        self.dials += 1
        message = DialTimedOut(self.dials)
        self._timer = self.actor.loop.after(DIAL_TIMEOUT_MS, self.actor.name, message, background=True)

    def heard(self, status: int) -> None:
        """An answer (or a change of a watch: status 200) has come; status 0 is a refusal."""
        self.up = status != 0
        self.healthy = 0 < status < 500
        if self._timer is not None:
            self.actor.loop.cancel(self._timer)
            self._timer = None

    def broken(self) -> None:
        """The connection is gone; the next use dials."""
        self.heard(0)

    def timed_out(self, message: DialTimedOut, server: str) -> str:
        """What has gone wrong, when the time of a dial is over; empty if nothing has.

        Where a process (or at least a machine that refuses for it) is, the connection was made, and only silence is
        left to judge by.
        """
        if message.dial != self.dials or self.up:
            return ""
        if message.taken:
            return PING_LOST
        if server not in self.actor.loop.actors:
            return TIMED_OUT
        again = DialTimedOut(message.dial, taken=True)
        self._timer = self.actor.loop.after(SILENCE_MS, self.actor.name, again, background=True)
        return ""


def text_of_failure(call: Call | HttpRequest, reason: str, endpoint: str = ENDPOINT) -> str:
    """What client-go says of a request without an answer: method, address, and what the network said.

    `reason` is that of a `ConnectionLost`, or the text of whoever refused; a text with an address in it is complete.
    """
    if '"https://' in reason or reason.startswith("dial tcp"):
        cause = reason
    elif reason == REFUSED or reason.endswith("connection refused"):
        cause = f"dial tcp {endpoint}: {REFUSED}"
    elif reason == TIMED_OUT:
        cause = f"dial tcp {endpoint}: {TIMED_OUT}"
    elif reason == RESET:
        cause = f"read tcp {endpoint}: read: {RESET}"
    else:
        cause = reason
    if '"https://' in cause:
        return cause
    return f'{method_of(call)} "https://{endpoint}{path_of(call)}": {cause}'


def method_of(call: Call | HttpRequest) -> str:
    """The HTTP method as Go's errors write it: `Get`, `Post`."""
    if isinstance(call, HttpRequest):
        return call.method.capitalize()
    return _METHODS.get(call.verb, "Get")


def path_of(call: Call | HttpRequest) -> str:
    """The path of a request, without its query."""
    if isinstance(call, HttpRequest):
        return call.path
    try:
        kind = KINDS[call.resource]
    except (KeyError, UnknownKind):
        return f"/{call.resource}"
    name = "" if call.verb == "create" and not call.subresource else call.name
    return kind.path(call.namespace, name, call.subresource)


def retry_after_ms(status: int, body: Any) -> int:
    """How long the server asks to wait before the same request is made again (`Retry-After`); 0 if it does not.

    *In Kubernetes:* `checkWait` in k8s.io/client-go/rest/with_retry.go: 429 and 5xx with that header.
    """
    if status != 429 and status < 500:
        return 0
    details = body.get("details") if isinstance(body, dict) else None
    return int((details or {}).get("retryAfterSeconds") or 0) * 1000
