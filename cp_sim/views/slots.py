"""Which pod sits in which slot of its node's box: a pod keeps its slot as long as it lives.

A pod that comes takes the lowest free slot, a pod that goes leaves its slot free; nobody else moves.  `Slots` remembers
between two pictures; `from_trace` works the same out again from the trace, so that a picture without memory (a cell of
a notebook, a look at the past) shows the same places.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_sim.objects import meta
from cp_sim.sim import Record
from cp_sim.views.facts import Object
from cp_sim.views.palette import is_server


class Slots:
    """For each place (a node's name, or empty for the tray of pods without one) who has which slot."""

    def __init__(self) -> None:
        self._taken: dict[str, dict[int, str]] = {}
        self._of: dict[str, tuple[str, int]] = {}
        self._heard = 1  # the id of the first record that was not heard yet

    def arrive(self, subject: str, place: str) -> None:
        """Give `subject` the lowest free slot at `place`, unless it has one there; a slot elsewhere is left."""
        old = self._of.get(subject)
        if old is not None:
            if old[0] == place:
                return
            self.leave(subject)
        taken = self._taken.setdefault(place, {})
        slot = 0
        while slot in taken:
            slot += 1
        taken[slot] = subject
        self._of[subject] = (place, slot)

    def leave(self, subject: str) -> None:
        """Free the slot of `subject`, if it has one."""
        old = self._of.pop(subject, None)
        if old is not None:
            del self._taken[old[0]][old[1]]

    def at(self, place: str) -> dict[int, str]:
        """{slot: subject} at `place`."""
        return self._taken.get(place, {})

    def catch_up(self, trace: Any, pods: list[Object], until_revision: int = 0) -> Slots:
        """Live through what the trace tells since the last time, up to a revision (0: all of it); then `follow`."""
        if trace is not None:
            living = {f"pods/{meta.key(pod)}": pod for pod in pods}
            for step, subject, node in _story(trace.since(self._heard), living, until_revision):
                if step == "leave":
                    self.leave(subject)
                else:
                    self.arrive(subject, node)
            self._heard = trace.next_id
        self.follow(pods)
        return self

    def follow(self, pods: Iterable[Object]) -> None:
        """Bring the slots up to date with the pods there are: who is gone leaves, who is new arrives, oldest first."""
        there = {f"pods/{meta.key(pod)}": pod for pod in pods}
        for subject in [subject for subject in self._of if subject not in there]:
            self.leave(subject)
        newcomers = [subject for subject in there if self._of.get(subject, ("?",))[0] != meta.node_name(there[subject])]
        newcomers.sort(key=lambda subject: (_born(there[subject]), subject))
        for subject in newcomers:
            self.arrive(subject, meta.node_name(there[subject]))


def from_trace(trace: Any, pods: list[Object], until_revision: int = 0) -> Slots:
    """The slots as they came about, told by the records of binding and deletion up to a revision (0: all of them)."""
    return Slots().catch_up(trace, pods, until_revision)


def _story(records: Iterable[Record], living: dict[str, Object], until_revision: int) -> list[tuple[str, str, str]]:
    """(arrive or leave, subject, node) in order.  Only the last deletion of a life counts: the first asks, the
    last removes.
    """
    story: list[tuple[str, str, str]] = []
    scheduled: set[str] = set()
    for record in records:
        if until_revision and record.revision is not None and record.revision > until_revision:
            break
        subject = record.subject
        if not subject.startswith("pods/"):
            continue
        if record.verb == "schedule" and getattr(record.evidence, "node", None):
            scheduled.add(subject)
            story.append(("arrive", subject, record.evidence.node))
        elif is_server(record.actor) and record.revision is not None:
            if record.verb == "delete":
                story.append(("leave", subject, ""))
            elif record.verb == "create" and subject in living and meta.node_name(living[subject]):
                story.append(("born", subject, meta.node_name(living[subject])))
    kept = []
    following: dict[str, str] = dict.fromkeys(living, "alive")
    for step, subject, node in reversed(story):
        if step == "born" and subject in scheduled:
            continue
        if step != "leave" or following.get(subject) not in ("leave", "alive"):
            kept.append((step, subject, node))
        following[subject] = step
    return kept[::-1]


def _born(pod: Object) -> str:
    return str((pod.get("metadata") or {}).get("creationTimestamp") or "")
