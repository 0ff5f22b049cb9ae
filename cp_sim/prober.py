"""Somebody on the client's side who tries, at a fixed beat, what a user wants of a cluster: to write, to read, to get a
pod scheduled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cp_sim.apiserver.request import HttpRequest, Request, Response
from cp_sim.sim import Actor, immutable

NAME, NAMESPACE = "prober", "availability"
WRITE, READ, SCHEDULING = "write", "read", "scheduling"
PERIOD_MS, POD_PERIOD_MS, TIMEOUT_MS = 500, 1_000, 2_000
CONFIGMAPS = f"/api/v1/namespaces/{NAMESPACE}/configmaps"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"


@immutable
class NextProbe:
    """The timer message for the next try of a kind."""

    what: str


@immutable
class Late:
    """The timer message that says that a try has taken too long."""

    token: int


@dataclass(slots=True)
class Probe:
    """One try: what, which number, when it was sent, when and how it was answered.

    `status` is the HTTP status, 0 for a connection that failed, -1 while there is no answer; `late` that the answer
    came after the client's time-out, if it came at all.
    """

    what: str
    number: int
    sent_ms: int
    answered_ms: int = -1
    status: int = -1
    late: bool = False

    @property
    def ok(self) -> bool:
        """Whether it was answered in time, and well."""
        return 200 <= self.status < 300 and not self.late


class Prober(Actor):
    """Writes a ConfigMap and reads one every `period_ms`, creates a pod every `pod_period_ms`.

    Every try is a connection of its own, as a command of kubectl is; it does not wait for the one before and is not
    repeated.  `probes` are all tries, `acknowledged` the numbers of the writes that were confirmed, late or not.
    """

    def __init__(
        self,
        server: str,
        period_ms: int = PERIOD_MS,
        pod_period_ms: int = POD_PERIOD_MS,
        timeout_ms: int = TIMEOUT_MS,
    ) -> None:
        super().__init__(NAME)
        self.server = server
        self.periods_ms = {WRITE: period_ms, READ: period_ms, SCHEDULING: pod_period_ms}
        self.timeout_ms = timeout_ms
        self.probes: list[Probe] = []
        self.acknowledged: list[int] = []
        self.running = True
        self._open: dict[int, Probe] = {}
        self._count = dict.fromkeys(self.periods_ms, 0)

    def started(self) -> None:
        """Begin; reads come in the middle between two writes."""
        self._await(WRITE, 0)
        self._await(READ, self.periods_ms[READ] // 2)
        self._await(SCHEDULING, self.periods_ms[SCHEDULING] // 4)

    def stop(self) -> None:
        """Try nothing more; answers that are on their way still count."""
        self.running = False

    def receive(self, message: Any) -> None:
        if isinstance(message, NextProbe):
            if self.running:
                self._probe(message.what)
                self._await(message.what, self.periods_ms[message.what])
        elif isinstance(message, Response):
            self._answered(message)
        elif isinstance(message, Late):
            probe = self._open.get(message.token)
            if probe is not None:
                probe.late = True
        else:
            super().receive(message)

    def _await(self, what: str, delay_ms: int) -> None:
        self.loop.after(delay_ms, self.name, NextProbe(what), background=True)

    def _probe(self, what: str) -> None:
        self.loop.caused_by(None)
        number = self._count[what] = self._count[what] + 1
        probe = Probe(what, number, self.loop.clock.now_ms)
        self.probes.append(probe)
        token = len(self.probes)
        self._open[token] = probe
        request = Request(self.name, token, "admin", self._asked(what, number))
        self.loop.send(self.server, request, background=True)
        self.loop.after(self.timeout_ms, self.name, Late(token), background=True)

    def _asked(self, what: str, number: int) -> HttpRequest:
        if what == READ:
            return HttpRequest("GET", f"/api/v1/namespaces/{NAMESPACE}")
        if what == WRITE:
            body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"probe-{number}"}}
            return HttpRequest("POST", CONFIGMAPS, body=body)
        return HttpRequest("POST", PODS, body=_pod(number))

    def _answered(self, response: Response) -> None:
        probe = self._open.pop(response.token, None)
        if probe is None:
            return
        probe.answered_ms, probe.status = self.loop.clock.now_ms, response.status
        if probe.what == WRITE and response.status == 201:
            self.acknowledged.append(probe.number)


def _pod(number: int) -> dict[str, Any]:
    """A pod that needs hardly anything and ends by itself soon."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"probe-{number}", "labels": {"app": "probe"}},
        "spec": {
            "restartPolicy": "Never",
            "terminationGracePeriodSeconds": 0,
            "containers": [{"name": "probe", "image": "busybox:1.37", "command": ["true"]}],
        },
    }
