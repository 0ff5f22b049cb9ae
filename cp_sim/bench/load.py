"""The load generator: creates objects through the API server and notes when its pods are bound."""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import Any

from cp_sim.apiserver.request import Call, Response, WatchChange
from cp_sim.bench.scheduler_perf import Churn
from cp_sim.bench.templates import HOSTNAME, ZONE, Template
from cp_sim.client import Component
from cp_sim.objects import meta

# How many requests are on their way at once; upstream's scheduler_perf creates with as many workers.
# Source: test/integration/scheduler_perf/create.go.
IN_FLIGHT = 16


class Refused(RuntimeError):
    """The API server refused an object of a workload; the message says why."""


class Load(Component):
    """Creates one batch of objects after the other, as the user `admin`; beside a batch also what `churn` says, and
    deletes the pods in `leaving`, one for every `delete_every` created.
    """

    def __init__(self, name: str = "load") -> None:
        super().__init__(name, "admin")
        self.created_at: dict[str, float] = {}  # namespace/name of a pod -> when it was asked for
        self.bound_at: dict[str, float] = {}
        self.waiting = 0
        self.churn: Churn | None = None
        self.leaving: deque[tuple[str, str]] = deque()  # (namespace, name)
        self.delete_every = 0
        self._resource = ""
        self._namespace = ""
        self._template: Template = {}
        self._zones: tuple[str, ...] = ()
        self._next = 0
        self._last = 0
        self._done = 0
        self._churned = 0

    def started(self) -> None:
        """Watch pods, to see each binding as any client would."""
        self.api.watch(Call("watch", "pods"), "watching", "seen")

    def watching(self, _context: Any, response: Response) -> None:
        """The answer to the watch: nothing is left to do unless it was refused."""
        self._check("the watch", response)

    def seen(self, _context: Any, change: WatchChange) -> None:
        """Note the first change in which a pod has a node."""
        if change.type == "MODIFIED" and meta.node_name(change.object):
            key = meta.key(change.object)
            if key not in self.bound_at:
                self.bound_at[key] = perf_counter()

    # -- one batch -----------------------------------------------------------------------------------------------------

    def create_nodes(self, template: Template, count: int, zones: tuple[str, ...]) -> None:
        """Begin to create `count` nodes, each labelled with its name and, in turn, with a zone."""
        self._begin("nodes", template, count, "")
        self._zones = zones
        self._go()

    def create_pods(self, template: Template, count: int, namespace: str) -> None:
        """Begin to create `count` pods; the loop has to run for it to happen."""
        self._begin("pods", template, count, namespace)
        self._go()

    def _begin(self, resource: str, template: Template, count: int, namespace: str) -> None:
        self._resource, self._template, self._namespace = resource, template, namespace
        self._next, self._done, self._last, self.waiting = 0, 0, count, count

    def _go(self) -> None:
        for _ in range(min(IN_FLIGHT, self._last)):
            self._send()

    def _send(self) -> None:
        number, body = self._next, self._template
        self._next += 1
        if self._resource == "nodes":
            body = numbered_node(body, number, self._zones)
        else:
            body = {**body, "metadata": {**body["metadata"], "namespace": self._namespace}}
        self.api.send(Call("create", self._resource, self._namespace, "", "", body), "created", perf_counter())

    def created(self, asked_at: float, response: Response) -> None:
        """One object is there: send the next."""
        self._check(self._resource, response)
        if self._resource == "pods":
            self.created_at[meta.key(response.body)] = asked_at
        self.waiting -= 1
        self._done += 1
        if self.churn is not None and self._done % self.churn.every == 0:
            self._churn(self.churn)
        if self.leaving and self.delete_every and self._done % self.delete_every == 0:
            namespace, name = self.leaving.popleft()
            self.api.send(Call("delete", "pods", namespace, name), "answered", f"pods {name}")
        if self._next < self._last:
            self._send()

    # -- beside it -----------------------------------------------------------------------------------------------------

    def _churn(self, churn: Churn) -> None:
        for place, (resource, template) in enumerate(churn.made):
            namespace = "" if resource == "nodes" else self._namespace
            before, name = f"churn-{place}-{self._churned}", f"churn-{place}-{self._churned + 1}"
            if churn.again and self._churned:
                self.api.send(Call("delete", resource, namespace, before), "answered", f"{resource} {before}")
            body = {**template, "metadata": {"name": name, **({"namespace": namespace} if namespace else {})}}
            self.api.send(Call("create", resource, namespace, "", "", body), "answered", f"{resource} {name}")
        self._churned += 1

    def answered(self, what: str, response: Response) -> None:
        """Something beside the batch is done."""
        self._check(what, response)

    @staticmethod
    def _check(what: str, response: Response) -> None:
        if not response.ok:
            said = response.body.get("message", response.body) if isinstance(response.body, dict) else response.body
            raise Refused(f"{what}: {said}")


def numbered_node(template: Template, number: int, zones: tuple[str, ...]) -> Template:
    """The node of that number, labelled as upstream labels its nodes (node_util.go)."""
    name = template["metadata"].get("name") or f"scheduler-perf-{number}"
    labels = {HOSTNAME: name}
    if zones:
        labels[ZONE] = zones[number % len(zones)]
    return {**template, "metadata": {"name": name, "labels": labels}}
