"""Asking a real etcd: the next member when one does not answer, a pause when none does, a token when one is wanted.

The first question that nobody answers is tried for `timeout_ms`. Once etcd is known to be away, each further one is
tried once and takes a tenth of a second: nobody waits long, and a world whose components all try again and again does
not race through its virtual time meanwhile.

*In Kubernetes:* etcd's `clientv3`, with its balancer and retry interceptor.
"""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import grpc

from cp_sim.etcd.api import EtcdError
from cp_sim.etcd.real.options import StoreOptions
from cp_sim.etcd.wire.messages import Message, make
from cp_sim.etcd.wire.services import Client

TRY_S = 3.0  # how long one member may take for one answer
LATE = "no answer in time"
PAUSE_S, LONGEST_PAUSE_S = 0.05, 0.5
# While etcd is known to be away: how long a question is tried, and how long one member may take.
AWAY_S, AWAY_TRY_S = 0.1, 0.5
_CHANNEL = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 500),
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
)
_AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


class StoreAway(EtcdError):
    """No member of the real etcd answers; `sentence` says so to people, `text` is what a Go client says."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__("UNAVAILABLE", go_text(address, reason))
        self.address = address
        self.reason = reason
        self.sentence = f"etcd at {address} does not answer ({reason}): start it, or give the store another address"

    def __str__(self) -> str:
        return self.sentence

    def __reduce__(self) -> Any:
        return StoreAway, (self.address, self.reason)


class Connection:
    """A connection to the members of an etcd; may be used from several threads."""

    def __init__(self, options: StoreOptions) -> None:
        self.options = options
        self.answered_late = False  # whether the last question was put more than once before it was answered
        self._credentials = _credentials(options)
        self._clients: dict[str, tuple[Any, Client]] = {}
        self._lock = threading.Lock()
        self._place = 0
        self._token = ""
        self._is_away = False
        self._why = ""

    def close(self) -> None:
        """Hang up."""
        with self._lock:
            for channel, _ in self._clients.values():
                channel.close()
            self._clients.clear()

    # -- members ---------------------------------------------------------------------------------------------------

    def client(self) -> Client:
        """The client of the member that is asked now."""
        endpoint = self.options.endpoints[self._place % len(self.options.endpoints)]
        with self._lock:
            if endpoint not in self._clients:
                if self._credentials is not None:
                    channel = grpc.secure_channel(endpoint, self._credentials, options=_CHANNEL)
                else:
                    channel = grpc.insecure_channel(endpoint, options=_CHANNEL)
                self._clients[endpoint] = channel, Client(channel)
            return self._clients[endpoint][1]

    def next_member(self) -> None:
        """Ask another member from now on."""
        self._place = (self._place + 1) % len(self.options.endpoints)

    def metadata(self) -> tuple[tuple[str, str], ...]:
        """What goes along with every question: the token, where one is wanted.

        Raises:
            EtcdError: the user is not known, or the password is wrong.
        """
        if not self.options.user:
            return ()
        if not self._token:
            question = make("AuthenticateRequest", name=self.options.user, password=self.options.password)
            try:
                self._token = self.client().Authenticate(question, timeout=TRY_S).token
            except grpc.RpcError as problem:
                if problem.code() not in _AWAY and "authentication is not enabled" in problem.details():
                    return ()
                raise
        return (("token", self._token),)

    def forget_token(self) -> None:
        """Ask for a new token next time."""
        self._token = ""

    # -- questions -------------------------------------------------------------------------------------------------

    def call(self, method: str, message: Message) -> Message:
        """The answer to a question.

        Raises:
            StoreAway: no member has answered in time.
            EtcdError: it was refused.
        """
        self.answered_late = False
        last = time.monotonic() + (AWAY_S if self._is_away else self.options.timeout_ms / 1000)
        try_s = AWAY_TRY_S if self._is_away else TRY_S
        tries, pause_s = 0, PAUSE_S
        while True:
            tries += 1
            try:
                answer = getattr(self.client(), method)(message, timeout=try_s, metadata=self.metadata())
            except grpc.RpcError as problem:
                self._judge(problem, tries, last)
            else:
                self._is_away = False
                self.answered_late = tries > 1
                return answer
            if tries % len(self.options.endpoints) == 0:  # all of them were asked
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    def call_once(self, method: str, message: Message) -> Message:
        """The first answer on a stream of answers to one question; it is put once.

        Raises:
            StoreAway: the member does not answer.
            EtcdError: it refuses.
        """
        try:
            return next(getattr(self.client(), method)(iter([message]), timeout=TRY_S, metadata=self.metadata()))
        except grpc.RpcError as problem:
            if problem.code() in _AWAY:
                raise StoreAway(self.options.address, why(problem.details() or "")) from None
            raise EtcdError(problem.code().name, problem.details() or "") from None

    def _judge(self, problem: Any, tries: int, last: float) -> None:
        """Go on to the next try, or raise what the caller is to know."""
        code, details = problem.code(), problem.details() or ""
        if code == grpc.StatusCode.UNAUTHENTICATED and self._token and tries == 1:
            self.forget_token()  # it has run out, or etcd was started anew
            return
        if code not in _AWAY and "context deadline exceeded" not in details:
            raise EtcdError(code.name, details) from None
        self._why = why(details)
        self.next_member()
        if time.monotonic() >= last and tries >= len(self.options.endpoints):
            self._is_away = True
            raise StoreAway(self.options.address, self._why) from None


def why(details: str) -> str:
    """gRPC's long word for a failure in a few."""
    if "connection refused" in details.lower():
        return "connection refused"
    if "deadline" in details.lower():
        return LATE
    return details.rpartition("last error: ")[2] or "no answer"


def go_text(address: str, reason: str) -> str:
    """What an API server written in Go says of it.

    Source: google.golang.org/grpc, `internal/transport/http2_client.go`.
    """
    if reason == LATE:
        return "context deadline exceeded"
    if reason == "connection refused":
        dialing = f"dial tcp {address}: connect: connection refused"
        reason = f'connection error: desc = "transport: Error while dialing: {dialing}"'
    return f"rpc error: code = Unavailable desc = {reason}"


def _credentials(options: StoreOptions) -> Any:
    if not options.is_secure:
        return None

    def content(file: str) -> bytes | None:
        if not file:
            return None
        try:
            return Path(file).read_bytes()
        except OSError as problem:
            raise ValueError(f"{file} cannot be read ({problem.strerror}): name a PEM file") from None

    return grpc.ssl_channel_credentials(content(options.ca), content(options.key), content(options.cert))
