"""The answer to a what-if: a decision as things are, one with the change, and what differs between them."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.decision import Decision
from cp_sim.sim import immutable


@immutable
class Difference:
    """A node whose fate is another with the change."""

    node: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.node}: {self.before} -> {self.after}"


class WhatIf:
    """Where a pod would go, and where with a change.

    `before` and `after` are `Decision`s, `now` the node that the pod is on (empty: on none), `asked` the changes in
    words, `changes` the nodes whose fate differs. `print` it, or `show` it as a picture.
    """

    def __init__(self, pod: str, now: str, before: Decision, after: Decision, asked: tuple[str, ...]) -> None:
        self.pod = pod
        self.now = now
        self.before = before
        self.after = after
        self.asked = asked

    @property
    def moves(self) -> bool:
        """Whether the change takes the pod somewhere else than it would go as things are."""
        return self.before.node != self.after.node

    @property
    def changes(self) -> tuple[Difference, ...]:
        """The nodes whose fate is another with the change, in the order of the nodes."""
        before, after = Fates(self.before), Fates(self.after)
        names = dict.fromkeys([*self.before.nodes, *self.after.nodes])
        pairs = ((name, before.of(name), after.of(name)) for name in names)
        return tuple(Difference(name, one, other) for name, one, other in pairs if one != other)

    @property
    def conclusion(self) -> str:
        """What the change would do, in one sentence."""
        before, after = self.before, self.after
        if after.node and after.node == self.now:
            return f"It would stay on {after.node}."
        if after.node == before.node and after.node:
            return f"It would go to {after.node} all the same."
        if after.node:
            instead = f" instead of {before.node}" if before.node else "; as things are, no node takes it"
            return f"It would go to {after.node}{instead}."
        if after.preemption is not None:
            count, there = len(after.preemption.victims), after.preemption.nominated
            who = "a pod" if count == 1 else f"{count} pods"
            return f"It would push {who} out of {there}, and wait until {'it is' if count == 1 else 'they are'} gone."
        return "No node would take it any more." if before.node or before.preemption else "Still no node would take it."

    def __str__(self) -> str:
        asked = ", ".join(self.asked) or "placed anew, nothing changed"
        on = f", which is on {self.now}" if self.now else ""
        lines = [f"{self.pod}{on}; what if: {asked}?"]
        lines += [f"  as things are:   {place_of(self.before)}", f"  with the change: {place_of(self.after)}"]
        changes = self.changes
        lines += [f"  {one}" for one in changes[:LINES]]
        if len(changes) > LINES:
            lines.append(f"  and {len(changes) - LINES} more nodes")
        return "\n".join([*lines, f"  {self.conclusion}"])

    def __repr__(self) -> str:
        return str(self)


LINES = 20


class Fates:
    """What became of each node in a decision, in words."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        self.nodes = dict.fromkeys(decision.nodes)
        whole = decision.pre_enqueue or decision.pre_filter
        self.refused = f"not tried: {whole.plugin}: {whole.reason}" if whole is not None else ""
        self.verdicts: dict[str, Any] = {} if whole is not None else decision.verdicts()
        self.totals = decision.totals() if not decision.scoring_skipped else {}

    def of(self, name: str) -> str:
        """What became of one node."""
        if name not in self.nodes:
            return "not there"
        if self.refused:
            return self.refused
        if name not in self.verdicts:
            return "not looked at"
        verdict = self.verdicts[name]
        if verdict is not None:
            return f"{verdict.plugin or 'PreFilter'}: {verdict.because}"
        points = f", {self.totals[name]} points" if name in self.totals else ""
        return ("chosen" if name == self.decision.node else "it fits") + points


def place_of(decision: Decision) -> str:
    """Where a decision puts the pod, in a few words."""
    if decision.node:
        points = decision.totals().get(decision.node)
        told = f" ({points} points)" if points is not None and not decision.scoring_skipped else ""
        return f"on {decision.node}{told}"
    if decision.preemption is not None:
        count = len(decision.preemption.victims)
        return f"on no node yet; {count} pod{'s' * (count != 1)} would have to leave {decision.preemption.nominated}"
    whole = decision.pre_enqueue or decision.pre_filter
    return f"on no node ({whole.reason if whole is not None else decision.message})"
