"""The actor `load-balancer`: one address in front of several API servers, as a TCP proxy.

What wakes it: requests of clients, answers and changes of the servers behind it, its own health checks. It knows
nothing of what passes through: a client's connection is tied to one backend until one of the two ends it, and
everything goes through it in both directions, so that a balancer that stands still or dies takes its connections with
it.

*In Kubernetes:* haproxy (or a cloud's load balancer) at the cluster's `controlPlaneEndpoint`.  Source:
github.com/kubernetes/kubeadm, docs/ha-considerations.md: `mode tcp`, `balance roundrobin`, `option httpchk GET
/healthz`, `option redispatch`, `retries 1`, `timeout connect 5s`, `timeout check 10s`; how often is checked are
haproxy's parameters `inter 10s downinter 5s rise 2 fall 2`.  *Simplified:* no idle time-outs, no limit of connections.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cp_sim.apiserver.request import HttpRequest, Request, Response, StopWatch, WatchChange, WatchClosed, unanswered
from cp_sim.sim import Actor, ConnectionLost, Timer, immutable
from cp_sim.sim.connection import REFUSED, RESET

NAME = "load-balancer"
# What a client sees of a balancer that has nobody to hand its connection to.
NOBODY = "EOF"
CHECKER = "anonymous"


@immutable
class Checks:
    """How the balancer looks after its backends: what it asks, how often, and how many answers change its mind."""

    path: str = "/healthz"
    inter_ms: int = 10_000
    down_inter_ms: int = 5_000
    timeout_ms: int = 10_000
    rise: int = 2
    fall: int = 2
    connect_ms: int = 5_000
    retries: int = 1


@dataclass(slots=True)
class Health:
    """What is known of a backend: whether it gets new connections, since when, and the checks in a row so far."""

    up: bool = True
    since_ms: int = 0
    passes: int = 0
    fails: int = 0
    said: str = ""
    token: int = 0  # the check that is under way


@dataclass(slots=True)
class Flow:
    """One request that passes through: whose it is, and under which token its client knows it."""

    client: str
    token: int
    request: Request
    line: str
    watching: bool = False


@dataclass(slots=True)
class Line:
    """A connection: to which backend it leads, whether that has answered yet, which requests are open on it."""

    backend: str
    established: bool = False
    once: bool = False  # of a client that closes it after the answer, as kubectl does
    tries: int = 0
    flows: dict[int, None] = field(default_factory=dict)
    timer: Timer | None = None


@immutable
class Check:
    """Timer: look at a backend."""

    backend: str


@immutable
class CheckTimedOut:
    """Timer: the check `token` has had its time."""

    backend: str
    token: int


@immutable
class ConnectTimedOut:
    """Timer: the backend of a new connection has not answered."""

    line: str
    tries: int


class LoadBalancer(Actor):
    """A TCP proxy that spreads connections over the healthy ones of `backends` (name: `Health`)."""

    def __init__(self, backends: Iterable[str], name: str = NAME, checks: Checks | None = None) -> None:
        super().__init__(name)
        self.backends: dict[str, Health] = {backend: Health() for backend in backends}
        self.checks = checks or Checks()
        self._lines: dict[str, Line] = {}
        self._flows: dict[int, Flow] = {}
        self._watches: dict[tuple[str, int], int] = {}  # what a client calls its watch -> what the backend calls it
        self._token = 0
        self._turn = 0

    @property
    def connected(self) -> dict[str, str]:
        """client: backend, of every connection that stands."""
        return {key: line.backend for key, line in self._lines.items()}

    def connections(self) -> tuple[str, ...]:
        peers = dict.fromkeys(line.backend for line in self._lines.values())
        peers |= dict.fromkeys(flow.client for flow in self._flows.values())
        return tuple(peers)

    def add_backend(self, name: str) -> None:
        """Let a further server take connections; it is taken for healthy until a check says otherwise."""
        if name not in self.backends:
            self.backends[name] = Health(since_ms=self.loop.clock.now_ms)
            self._check_in(name, self.checks.inter_ms)

    def remove_backend(self, name: str) -> None:
        """Take a server out; its connections break."""
        if self.backends.pop(name, None) is not None:
            self._lost_backend(name, RESET)

    # -- the actor -----------------------------------------------------------------------------------------------------

    def started(self) -> None:
        """Begin to look at the backends, one after the other."""
        for place, name in enumerate(self.backends, 1):
            self._check_in(name, self.checks.inter_ms * place // len(self.backends))

    def receive(self, message: Any) -> None:
        kind = type(message)
        if kind is Request:
            self._enter(message)
        elif kind is Response:
            self._answered(message)
        elif kind is WatchChange:
            flow = self._flows.get(message.token)
            if flow is not None:
                self.loop.send(flow.client, WatchChange(flow.token, message.type, message.object))
        elif kind is WatchClosed:
            flow = self._flows.get(message.token)
            if flow is not None:
                self._forget(message.token, flow)
                self.loop.send(flow.client, WatchClosed(flow.token))
        elif kind is StopWatch:
            self._stop(message)
        elif kind is ConnectionLost:
            self._lost(message)
        else:
            self._timer(message)

    def _timer(self, message: Any) -> None:
        if isinstance(message, Check):
            self._check(message.backend)
        elif isinstance(message, CheckTimedOut):
            health = self.backends.get(message.backend)
            if health is not None and health.token == message.token:
                self._checked(message.backend, False, "timeout")
        elif isinstance(message, ConnectTimedOut):
            line = self._lines.get(message.line)
            if line is not None and not line.established and line.tries == message.tries:
                self._dispatch_again(message.line, line)
        else:
            super().receive(message)

    # -- what passes through -------------------------------------------------------------------------------------------

    def _enter(self, request: Request) -> None:
        key, once = _line_of(request)
        line = self._lines.get(key)
        if line is None:
            backend = self._next("")
            if not backend:
                self.loop.send(request.reply_to, unanswered(request.token, NOBODY))
                return
            line = self._lines[key] = Line(backend, once=once)
        self._pass_on(line, Flow(request.reply_to, request.token, request, key))

    def _pass_on(self, line: Line, flow: Flow) -> None:
        self._token = token = (self._token or self.loop.units << 20) + 1
        self._flows[token] = flow
        line.flows[token] = None
        self.loop.send(line.backend, Request(self.name, token, flow.request.user, flow.request.call))
        if not line.established and line.timer is None:
            message = ConnectTimedOut(flow.line, line.tries)
            line.timer = self.loop.after(self.checks.connect_ms, self.name, message, background=True)

    def _answered(self, answer: Response) -> None:
        flow = self._flows.get(answer.token)
        if flow is None:
            self._check_answered(answer)
            return
        line = self._lines[flow.line]
        if not answer.status and str(answer.body["message"]).endswith(REFUSED):
            self._dispatch_again(flow.line, line)
            return
        line.established = True
        self._cancel(line)
        passed = Response(flow.token, answer.status, answer.body, answer.headers, answer.watching)
        if answer.watching:
            flow.watching = True
            self._watches[(flow.client, flow.token)] = answer.token
        else:
            self._forget(answer.token, flow)
        self.loop.send(flow.client, passed)

    def _forget(self, token: int, flow: Flow) -> None:
        del self._flows[token]
        self._watches.pop((flow.client, flow.token), None)
        line = self._lines.get(flow.line)
        if line is not None:
            line.flows.pop(token, None)
            if line.once and not line.flows:
                self._cancel(line)
                del self._lines[flow.line]

    def _stop(self, message: StopWatch) -> None:
        token = self._watches.get((message.reply_to, message.token))
        if token is not None:
            flow = self._flows[token]
            self.loop.send(self._lines[flow.line].backend, StopWatch(self.name, token))
            self._forget(token, flow)

    # -- connections that fail -----------------------------------------------------------------------------------------

    def _next(self, besides: str) -> str:
        """The healthy backend whose turn it is, empty if there is none."""
        names = list(self.backends)
        for _ in names:
            self._turn = self._turn % len(names) + 1
            name = names[self._turn - 1]
            if self.backends[name].up and name != besides:
                return name
        return ""

    def _dispatch_again(self, key: str, line: Line) -> None:
        """The backend did not take the connection: try another one, once."""
        self._cancel(line)
        flows = [(token, self._flows.pop(token)) for token in line.flows]
        line.flows.clear()
        backend = self._next(line.backend) if line.tries < self.checks.retries else ""
        if not backend:
            del self._lines[key]
            for _, flow in flows:
                self.loop.send(flow.client, unanswered(flow.token, NOBODY))
            return
        line.backend, line.established = backend, False
        line.tries += 1
        for _, flow in flows:
            self._pass_on(line, flow)

    def _lost(self, message: ConnectionLost) -> None:
        if message.peer in self.backends:
            self._lost_backend(message.peer, message.reason)
        else:
            self._lost_client(message.peer)

    def _lost_backend(self, backend: str, reason: str) -> None:
        for key, line in [(key, line) for key, line in self._lines.items() if line.backend == backend]:
            if not line.established and backend in self.backends:
                self._dispatch_again(key, line)
                continue
            self._cancel(line)
            del self._lines[key]
            for token in line.flows:
                flow = self._flows.pop(token)
                self._watches.pop((flow.client, flow.token), None)
                if flow.watching:
                    self.loop.send(flow.client, WatchClosed(flow.token))
                else:
                    self.loop.send(flow.client, unanswered(flow.token, reason))

    def _lost_client(self, client: str) -> None:
        for token, flow in [(token, flow) for token, flow in self._flows.items() if flow.client == client]:
            if flow.watching:
                self.loop.send(self._lines[flow.line].backend, StopWatch(self.name, token))
            key = flow.line
            self._forget(token, flow)
            if key in self._lines and not self._lines[key].flows:
                self._cancel(self._lines[key])
                del self._lines[key]

    def _cancel(self, line: Line) -> None:
        if line.timer is not None:
            self.loop.cancel(line.timer)
            line.timer = None

    # -- health --------------------------------------------------------------------------------------------------------

    def _check_in(self, backend: str, delay_ms: int) -> None:
        self.loop.after(delay_ms, self.name, Check(backend), background=True)

    def _check(self, backend: str) -> None:
        health = self.backends.get(backend)
        if health is None:
            return
        self.loop.caused_by(None)
        self._token = health.token = (self._token or self.loop.units << 20) + 1
        asked = HttpRequest("GET", self.checks.path, caller=CHECKER)
        self.loop.send(backend, Request(self.name, health.token, CHECKER, asked), background=True)
        self.loop.after(self.checks.timeout_ms, self.name, CheckTimedOut(backend, health.token), background=True)

    def _check_answered(self, answer: Response) -> None:
        for backend, health in self.backends.items():
            if health.token == answer.token:
                said = str(answer.status) if answer.status else str(answer.body["message"])
                self._checked(backend, answer.status == 200, said)
                return

    def _checked(self, backend: str, passed: bool, said: str) -> None:
        health = self.backends[backend]
        health.token, health.said = 0, said
        health.passes = health.passes + 1 if passed else 0
        health.fails = 0 if passed else health.fails + 1
        enough = health.passes >= self.checks.rise if passed else health.fails >= self.checks.fall
        if enough and health.up != passed:
            health.up, health.since_ms = passed, self.loop.clock.now_ms
            in_a_row = health.passes or health.fails
            because = f"{in_a_row} checks in a row {'passed' if passed else 'failed'}: {said}"
            self.loop.record("mark up" if passed else "mark down", f"backends/{backend}", because)
        self._check_in(backend, self.checks.inter_ms if health.up else self.checks.down_inter_ms)


def _line_of(request: Request) -> tuple[str, bool]:
    """The connection to which a request belongs, and whether it lasts for this request only.

    A component keeps one; all kubelets in one actor have one each; a command of a user opens its own.
    """
    if isinstance(request.call, HttpRequest):
        return f"{request.reply_to}#{request.token}", True
    if request.user.startswith("system:node:"):
        return f"kubelet/{request.user.removeprefix('system:node:')}", False
    return request.reply_to, False
