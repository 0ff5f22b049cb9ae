"""Which of the nodes where preemption would help is taken: rule after rule, until one is left.

*In Kubernetes:* `pickOneNodeForPreemption` in pkg/scheduler/framework/preemption/preemption.go.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.scheduler.decision import Candidate, Preemption
from cp_sim.sim import immutable

# (what the rule is called, the attribute of a candidate that it compares, whether the largest wins)
RULES = (
    ("fewest PodDisruptionBudget violations", "pdb_violations", False),
    ("lowest highest priority of a victim", "highest_priority", False),
    ("smallest sum of priorities", "priority_sum", False),
    ("fewest victims", "victim_count", False),
    ("latest start of the most important victims", "earliest_start", True),
)


@immutable
class Rung:
    """What one rule left: the nodes that were as good as the best in it; `measures` has those it compared."""

    rule: str
    measures: dict[str, Any]
    best: Any
    left: tuple[str, ...]


def ladder(candidates: Sequence[Candidate]) -> list[Rung]:
    """The rules that were asked, in order; the last one leaves one node, or several that only a lot can tell apart."""
    left = list(candidates)
    rungs: list[Rung] = []
    for name, attribute, largest in RULES:
        if len(left) < 2:
            break
        measures = {one.node: getattr(one, attribute) for one in left}
        best = max(measures.values()) if largest else min(measures.values())
        left = [one for one in left if measures[one.node] == best]
        rungs.append(Rung(name, measures, best, tuple(one.node for one in left)))
    return rungs


def choose(candidates: list[Candidate], chance: Any) -> Preemption:
    """The candidate where preemption hurts least; ties are drawn, or go to the smallest name."""
    rungs = ladder(candidates)
    rule = "the only candidate" if not rungs else ""
    for rung in rungs:
        rule = rung.rule if len(rung.left) < len(rung.measures) else rule
    left = sorted(rungs[-1].left if rungs else [one.node for one in candidates])
    node = left[0] if chance is None or len(left) == 1 else left[chance.randrange(len(left))]
    if len(left) > 1:
        rule = "drawn" if chance is not None else "smallest name"
    chosen = next(one for one in candidates if one.node == node)
    return Preemption(node, chosen.victims, tuple(candidates), tuple(left), rule)
