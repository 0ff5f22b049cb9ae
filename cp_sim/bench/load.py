"""The load generator: creates objects through the API server and notes when its pods are bound."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from cp_sim.apiserver.request import Call, Response, WatchChange
from cp_sim.client import Component
from cp_sim.objects import meta

# How many requests are on their way at once; upstream's scheduler_perf creates with as many workers.
# Source: test/integration/scheduler_perf/create.go.
IN_FLIGHT = 16


class Refused(RuntimeError):
    """The API server refused an object of a workload; the message says why."""


class Load(Component):
    """Creates one batch of objects after the other, as the user `admin`."""

    def __init__(self, name: str = "load") -> None:
        super().__init__(name, "admin")
        self.created_at: dict[str, float] = {}
        self.bound_at: dict[str, float] = {}
        self.waiting = 0
        self._resource = ""
        self._namespace = ""
        self._template: dict[str, Any] = {}
        self._prefix = ""
        self._next = 0
        self._last = 0

    def started(self) -> None:
        """Watch pods, to see each binding as any client would."""
        self.api.watch(Call("watch", "pods"), "watching", "seen")

    def watching(self, _context: Any, response: Response) -> None:
        """The answer to the watch: nothing is left to do unless it was refused."""
        if not response.ok:
            raise Refused(f"the watch was refused: {response.body}")

    def seen(self, _context: Any, change: WatchChange) -> None:
        """Note the first change in which a pod has a node."""
        if change.type == "MODIFIED" and meta.node_name(change.object):
            name = meta.name(change.object)
            if name not in self.bound_at:
                self.bound_at[name] = perf_counter()

    def create(self, resource: str, template: dict[str, Any], count: int, prefix: str, namespace: str = "") -> None:
        """Begin to create `count` objects named `prefix` and a number; the loop has to run for it to happen."""
        self._resource, self._template, self._prefix, self._namespace = resource, template, prefix, namespace
        self._next, self._last, self.waiting = 0, count, count
        for _ in range(min(IN_FLIGHT, count)):
            self._send()

    def _send(self) -> None:
        name = f"{self._prefix}{self._next}"
        self._next += 1
        metadata = {**self._template.get("metadata", {}), "name": name}
        if self._namespace:
            metadata["namespace"] = self._namespace
        body = {**self._template, "metadata": metadata}
        self.created_at[name] = perf_counter()
        self.api.send(Call("create", self._resource, self._namespace, "", "", body), "created", name)

    def created(self, name: str, response: Response) -> None:
        """One object is there: send the next."""
        if not response.ok:
            raise Refused(f"{self._resource} {name}: {response.body.get('message', response.body)}")
        self.waiting -= 1
        if self._next < self._last:
            self._send()
