"""The tab Scheduler: which pod's decision is looked at, which attempt, which of its pictures, and "why not node X?".

Until somebody chooses a pod it follows the newest decision.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_sim.objects import meta
from cp_sim.objects.kinds import UnknownKind
from cp_sim.sim import Record
from cp_sim.views import View, decision, facts, preemption, scheduling_queue
from cp_sim.views.sketch import Sketch
from cp_sim.why_not import why_not

PICTURES = {"decision": "Decision", "preemption": "Preemption", "queue": "Queue"}
PODS = 200  # in the list to choose from
ATTEMPTS = 30


class SchedulerTab:
    """What is chosen; `pod` is `namespace/name`, or empty for the newest decision, `record` 0 for the last attempt."""

    def __init__(self) -> None:
        self.picture = "decision"
        self.pod = ""
        self.record = 0
        self.node = ""

    def take(self, message: dict[str, Any]) -> None:
        """What the front end chose."""
        if message.get("picture") in PICTURES:
            self.picture = message["picture"]
        if "pod" in message:
            self.pod, self.record = str(message["pod"]), 0
        if "record" in message:
            self.record = int(message["record"] or 0)
        if "node" in message:
            self.node = str(message["node"])

    def selected(self, subject: str, decided: Record | None) -> None:
        """A pod or node was selected somewhere, or a record about it; `decided` is the decision it comes from."""
        kind, _, rest = subject.partition("/")
        if decided is not None:
            self.pod, self.record = decided.subject.removeprefix("pods/"), decided.id
        elif kind == "pods":
            self.pod, self.record = rest, 0
        elif kind == "nodes":
            self.node = rest

    # -- what is shown -------------------------------------------------------------------------------------------------

    def view(self, world: Any, records: Iterable[Record]) -> View:
        """The chosen picture."""
        if self.picture == "queue":
            return self._queue(world)
        record = self._chosen(decisions_among(records))
        if record is None:
            words = self._why(world, self.pod, "") if self.pod else "No pod has been scheduled yet."
            return nothing(PICTURES[self.picture], words)
        return decision(record.evidence) if self.picture == "decision" else preemption(record.evidence)

    def told(self, world: Any, records: Iterable[Record]) -> dict[str, Any]:
        """What can be chosen, and the answer to "why not?", for the front end."""
        decided = decisions_among(records)
        record = self._chosen(decided)
        pod = self.pod or (record.subject.removeprefix("pods/") if record is not None else "")
        attempts = [one for one in decided if one.subject == f"pods/{pod}"][-ATTEMPTS:]
        return {
            "pictures": list(PICTURES.items()),
            "picture": self.picture,
            "pods": pods_of(world, decided, pod),
            "pod": self.pod,
            "attempts": [[one.id, f"attempt {one.evidence.attempt}, {facts.seconds(one.time_ms)}"] for one in attempts],
            "record": record.id if record is not None else 0,
            "nodes": [meta.name(node) for node in facts.listed(world, "nodes")],
            "node": self.node,
            "why": self._why(world, pod, self.node) if pod and self.node else "",
        }

    def _chosen(self, decided: list[Record]) -> Record | None:
        if self.record:
            return next((one for one in decided if one.id == self.record), None)
        of_pod = [one for one in reversed(decided) if not self.pod or one.subject == f"pods/{self.pod}"]
        if self.picture == "preemption":  # of several attempts the one that pushed somebody out is meant
            of_pod.sort(key=lambda one: one.evidence.preemption is None)
        return of_pod[0] if of_pod else None

    @staticmethod
    def _why(world: Any, pod: str, node: str) -> str:
        namespace, _, name = pod.rpartition("/")
        try:
            return why_not(world, f"pod/{name}", node, namespace or "default")
        except (LookupError, ValueError, UnknownKind) as wrong:
            return str(wrong)

    @staticmethod
    def _queue(world: Any) -> View:
        try:
            return scheduling_queue(world)
        except ValueError as wrong:
            return nothing("Queue", f"{wrong}")


def decisions_among(records: Iterable[Record]) -> list[Record]:
    """The records with a decision, oldest first."""
    return [one for one in records if one.verb == "schedule" and getattr(one.evidence, "nodes", None) is not None]


def pods_of(world: Any, decided: list[Record], also: str) -> list[list[str]]:
    """(namespace/name, words) of the pods to choose from: those that wait first, then the newest decided about."""
    pods = {meta.key(pod): pod for pod in facts.listed(world, "pods")}
    waiting = [key for key, pod in pods.items() if not meta.node_name(pod)]
    newest = [one.subject.removeprefix("pods/") for one in reversed(decided)]
    found = list(dict.fromkeys([*([also] if also else []), *waiting, *newest]))[:PODS]
    return [[key, f"{key} ({facts.pod_status(pods[key]) if key in pods else 'gone'})"] for key in sorted(found)]


def nothing(title: str, words: str) -> View:
    """A picture that says that there is nothing to show yet."""
    sketch = Sketch(title)
    sketch.box("nothing", 0, 0, 560, 60, [words], dashed=True, align="n", ink="muted")
    return sketch.view(words)
