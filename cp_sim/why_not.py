""" "Why is this pod not on that node?", answered in one sentence from what the scheduler noted when it decided.

Nothing is computed anew: the answer is that of the pod's last decision, with what is to be said about pods that the
scheduler was never asked about, and about nodes that were not there.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from cp_sim.apiserver.request import ApiError
from cp_sim.objects import kinds, meta
from cp_sim.scheduler.decision import ERROR, Decision
from cp_sim.sim import Record

Object = dict[str, Any]
STATIC = ("kubernetes.io/config.mirror", "kubernetes.io/config.source")
NEAR = 3  # names that are offered in place of a wrong one
LINES = 12  # nodes that are told one by one


def why_not(world: Any, what: str, node: str = "", namespace: str = "default") -> str:
    """One sentence on why the pod `what` (`"pod/web-1"`) is not on `node`; of a cluster, or of its past.

    Without a node it tells where the pod is, and has a line for each other node; of very many, for each reason.

    Raises:
        LookupError: there is no such pod or node, and never was; names the near ones.
        ValueError: `what` is no pod.
    """
    asked = Asked(world, what, namespace)
    return asked.about(asked.node(node)) if node else elsewhere(asked)


def elsewhere(asked: Asked) -> str:
    """Where the pod is, or that it is nowhere, and a line for each other node; of very many nodes, for each reason."""
    first = asked.about(asked.where) if asked.where else f"{asked.name} is on no node."
    others = [name for name in asked.present if name != asked.where]
    decision = asked.decision
    if decision is None or decision.pre_enqueue is not None or decision.pre_filter is not None:
        if asked.where or not others:
            return first
        return f"{first}\n{asked.about(others[0])}"
    if len(others) <= LINES:
        return "\n".join([first, *(asked.about(name) for name in others)])
    lines = [f"{len(one.nodes)} nodes: {one.plugin}: {', '.join(one.reasons)}." for one in decision.groups()]
    return "\n".join([first, *lines, f"{decision.feasible_count} nodes passed every filter."])


class Asked:
    """What is known about one pod: the object, its records, its last decision, the nodes there are."""

    def __init__(self, world: Any, what: str, namespace: str) -> None:
        word, _, name = what.partition("/")
        if kinds.find(word).plural != "pods" or not name:
            raise ValueError(f'why_not is about one pod, such as "pod/web-1", not "{what}"')
        self.world = world
        self.name = name
        self.object = existing(world, f"pod/{name}", namespace)
        self.present = [meta.name(one) for one in world.get("nodes")]
        told = records_until(world, world.trace.about(f"pods/{namespace}/{name}"))
        if self.object is None and all(record.revision is None for record in told):
            known = [meta.name(one) for one in world.get("pods", namespace)]
            raise LookupError(f"there is no pod {name} in namespace {namespace}{near(name, known)}")
        created = [place for place, record in enumerate(told) if record.verb == "create" and record.revision]
        self.records = told[created[-1] :] if created else told  # of an earlier pod of that name nothing counts
        self.remembered = bool(created)
        self.record = last_decision(self.records)

    @property
    def decision(self) -> Decision | None:
        """The last thing that the scheduler decided about it."""
        return self.record.evidence if self.record is not None else None

    @property
    def where(self) -> str:
        """The node that it is on, empty if on none."""
        return meta.node_name(self.object) if self.object is not None else ""

    def node(self, name: str) -> str:
        """`name` as a node that is or was there.  *Raises* `LookupError`."""
        name = name.removeprefix("nodes/").removeprefix("node/")
        known = [*self.present, *(self.decision.nodes if self.decision is not None else ())]
        if name in known or records_until(self.world, self.world.trace.about(f"nodes/{name}")):
            return name
        raise LookupError(f"there is no node {name}{near(name, known)}")

    def about(self, node: str) -> str:
        """The sentence about one node."""
        if self.object is None:
            last = f" When it was last tried: {self._decided(node)}" if self.decision is not None else ""
            return f"{self.name} is gone.{last}"
        if self.where == node:
            return f"{self.name} is on {node}{self._because(node)}."
        if self.decision is None:
            return self._never_decided()
        return self._decided(node)

    # -- pods that were decided about ---------------------------------------------------------------------------------

    def _decided(self, node: str) -> str:
        decision, record = self.decision, self.record
        assert decision is not None
        assert record is not None
        when = f"at {record.time_ms / 1000:.3f}s"
        if decision.result == ERROR:
            return f"The attempt {when} to place {self.name} failed: {decision.message}."
        if decision.pre_enqueue is not None or decision.pre_filter is not None:
            return decision.why_not(node)
        if node not in decision.nodes:
            return self._not_there_then(node, when)
        if node == decision.node:
            plugins = permits(self.world, decision.pod)
            why = f"it waits for {', '.join(plugins)} to permit it" if plugins else "it has not been bound there"
            return f"{self.name} was placed on {node} {when}, but {why}."
        gone = "" if node in self.present else f"; {node} was deleted since"
        return decision.why_not(node).removesuffix(".") + f" (decided {when}{gone})."

    def _not_there_then(self, node: str, when: str) -> str:
        decision = self.decision
        assert decision is not None
        if node not in self.present:
            return f"{node} was not there any more when {self.name} was tried {when}."
        if self.where:
            return f"{node} came later: {self.name} was placed on {self.where} {when}, and a pod never moves."
        return f"{node} came after the last attempt {when}; {self.name} will be tried again."

    def _because(self, node: str) -> str:
        """Why it is where it is."""
        decision = self.decision
        if decision is None or decision.node != node:
            return f": {self._without_scheduler()}" if self.remembered else ""
        if decision.nominated_node == node:
            return ": an earlier preemption had made room for it there"
        if decision.scoring_skipped:
            return ": it was the only node that passed every filter"
        if not decision.detailed:
            return ": the scheduler chose it"
        points = decision.totals().get(node)
        if len(decision.best) > 1:
            drawn = decision.draw is not None and decision.draw.stream
            how = "the lot fell on it" if drawn else "its name is the smallest"
            return f": {len(decision.best)} nodes were equally good, with {points} points, and {how}"
        return f": of {decision.feasible_count} nodes that passed every filter it had the most points, {points}"

    # -- pods that were not --------------------------------------------------------------------------------------------

    def _never_decided(self) -> str:
        assert self.object is not None
        if self.where:
            if not self.remembered:
                return f"{self.name} is on {self.where}; it is not remembered any more how that was decided."
            return f"{self.name} is on {self.where}: {self._without_scheduler()}."
        spec = self.object.get("spec") or {}
        gates = [gate.get("name", "") for gate in spec.get("schedulingGates") or ()]
        if gates:
            return (
                f"{self.name} waits at its scheduling gates [{' '.join(gates)}]; until they are gone no node is tried."
            )
        wanted = spec.get("schedulerName") or "default-scheduler"
        served = scheduler_names(self.world)
        if served and wanted not in served:
            return (
                f"{self.name} asks for the scheduler {wanted}, and none of that name runs ({', '.join(served)} does)."
            )
        return f"The scheduler has not tried {self.name} yet."

    def _without_scheduler(self) -> str:
        assert self.object is not None
        if any(key in meta.annotations(self.object) for key in STATIC):
            return "it is a static pod, which the node's kubelet runs from a file; the scheduler was never asked"
        if any(record.verb.endswith("binding") for record in self.records):
            return "it was bound there by somebody else; the scheduler was not asked"
        return "it names that node itself (spec.nodeName), so the scheduler was never asked"


# -- what there is to know ------------------------------------------------------------------------------------------


def existing(world: Any, what: str, namespace: str) -> Object | None:
    """An object, or None where there is none."""
    try:
        found: Object = world.get(what, namespace)
    except ApiError:
        return None
    return found


def records_until(world: Any, records: Iterable[Record]) -> list[Record]:
    """The records that a cluster, or its past, may know of: those before the next revision was written."""
    trace = world.trace
    later = (trace.of_revision(revision) for revision in range(world.revision + 1, newest_revision(trace) + 1))
    end = next((record.id for record in later if record is not None), trace.next_id)
    return [record for record in records if record.id < end]


def newest_revision(trace: Any) -> int:
    """The newest revision that a record has written."""
    for number in range(trace.next_id - 1, 0, -1):
        record = trace.get(number)
        if record is None:
            break
        if record.revision is not None:
            return int(record.revision)
    return 0


def last_decision(records: list[Record]) -> Record | None:
    """The newest record with a decision."""
    return next((one for one in reversed(records) if isinstance(one.evidence, Decision)), None)


def permits(world: Any, key: str) -> list[str]:
    """The Permit plugins that a pod waits for."""
    try:
        waiting = getattr(world, "waiting_pods", {})
    except LookupError:  # no scheduler places pods now
        return []
    return list(waiting[key].pending) if key in waiting else []


def scheduler_names(world: Any) -> list[str]:
    """The scheduler names that are served by whoever runs now; empty for a past."""
    actors = getattr(getattr(world, "loop", None), "actors", {})
    names = [name for actor in actors.values() if hasattr(actor, "queue") for name in getattr(actor, "profiles", ())]
    return sorted(set(names))


def near(name: str, known: Iterable[str]) -> str:
    """`; do you mean web-1 or web-2?`, or which names there are."""
    names = list(dict.fromkeys(known))
    close = difflib.get_close_matches(name, names, NEAR)
    if close:
        return f"; do you mean {' or '.join(close)}?"
    shown = ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
    return f"; there are {shown}" if names else "; there is none at all"
