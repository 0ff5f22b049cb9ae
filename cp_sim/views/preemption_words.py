"""A preemption in words and numbers: its candidates, what each rule compared, and what is said where there is none."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.candidates import Rung, ladder
from cp_sim.scheduler.decision import Candidate
from cp_sim.scheduler.framework import UNSCHEDULABLE
from cp_sim.views.decision_words import listed, ordinal
from cp_sim.views.facts import many
from cp_sim.views.panel import Panel, table

COLUMNS = 4  # candidates that are drawn
OFFSET = 2**31  # what the sum of priorities counts more for each victim

RULE_WORDS = {
    "fewest PodDisruptionBudget violations": "budgets broken: fewest",
    "lowest highest priority of a victim": "highest priority: lowest",
    "smallest sum of priorities": "sum of priorities: least",
    "fewest victims": "number of victims: least",
    "latest start of the most important victims": "started last (most important)",
}


def shown_candidates(found: Any, rungs: list[Rung]) -> list[Candidate]:
    """The chosen candidate and those that lasted longest, at most `COLUMNS`, in the scheduler's order."""
    lasted = {one.node: sum(one.node in rung.left for rung in rungs) for one in found.candidates}
    ranked = sorted(found.candidates, key=lambda one: (one.node != found.nominated, -lasted[one.node]))
    kept = {one.node for one in ranked[:COLUMNS]}
    return [one for one in found.candidates if one.node in kept]


def priorities_of(one: Candidate) -> dict[str, int]:
    """{pod: priority} of the victims and the reprieved."""
    return dict(zip((*one.victims, *one.reprieved), one.priorities))


def measure_text(rule: str, one: Candidate) -> str:
    """What a rule compares of a candidate, in words."""
    if rule == "fewest PodDisruptionBudget violations":
        return f"{one.pdb_violations} broken"
    if rule == "lowest highest priority of a victim":
        return str(one.highest_priority)
    if rule == "smallest sum of priorities":
        total = one.priority_sum - OFFSET * len(one.victims)
        return f"{total} + {len(one.victims)} × 2³¹"
    if rule == "fewest victims":
        return many(len(one.victims), "victim")
    return one.earliest_start.replace("T", " ").removesuffix("Z") or "not started"


def nodes_unhelped(decided: Any) -> list[str]:
    """The nodes that were looked at and are no candidates, although removing pods might have helped."""
    candidates = {one.node for one in decided.preemption.candidates}
    hopeless = [group.nodes for group in decided.groups() if group.code != UNSCHEDULABLE]
    return [name for names in hopeless for name in names if name not in candidates]


def why_none(decided: Any) -> str:
    """Why nobody is asked to give way."""
    if decided.node and decided.nominated_node:
        return f"An earlier preemption has made room: {decided.pod} goes to {decided.node}, which was nominated."
    if decided.node:
        return f"A node was found without it: {decided.pod} goes to {decided.node}."
    if decided.pre_enqueue is not None:
        return f"{decided.pod} waits at a gate; it is not tried at all."
    _, found, said = decided.message.partition("preemption: ")
    return (
        f"The scheduler says: preemption: {said}" if found else decided.message or "Nothing is known of a preemption."
    )


def sentence(one: Candidate) -> str:
    """One candidate in a sentence."""
    given = priorities_of(one)
    go = listed([f"{key} (priority {given.get(key, '?')})" for key in one.victims])
    stay = f"; {listed(one.reprieved)} can stay" if one.reprieved else ""
    broken = f"; this breaks the budget of {listed(one.violating)}" if one.violating else ""
    return f"{one.node}: {go} must go{stay}{broken}"


def panel_of(one: Candidate) -> Panel:
    """The numbers behind one candidate."""
    given = priorities_of(one)
    broken = dict.fromkeys(one.violating, "broken")
    lines = [("bad", (key, given.get(key, ""), "must go", broken.get(key, ""))) for key in one.victims]
    lines += [("good", (key, given.get(key, ""), "stays", "")) for key in one.reprieved]
    measures = [("", (rule, measure_text(rule, one))) for rule in RULE_WORDS]
    pods = table(("pod of lower priority", "priority", "verdict", "budget"), lines)
    return Panel(f"candidate {one.node}", sentence(one), (pods, table(("rule", "its measure"), measures)))


def as_text(decided: Any) -> str:
    """The preemption in words."""
    found = decided.preemption
    if found is None:
        return f"{decided.pod}: no preemption\n  {why_none(decided)}"
    rungs = ladder(found.candidates)
    shown = shown_candidates(found, rungs)
    lines = [f"{decided.pod}: room is made on {found.nominated}, {many(len(found.candidates), 'candidate')}"]
    lines += [f"  {sentence(one)}" for one in shown]
    if len(shown) < len(found.candidates):
        lines.append(f"  and {len(found.candidates) - len(shown)} more candidates")
    for number, rung in enumerate(rungs, 1):
        told = ", ".join(f"{one.node} {measure_text(rung.rule, one)}" for one in shown if one.node in rung.measures)
        lines.append(f"  rule {number}, {rung.rule}: {told}; {len(rung.left)} of {len(rung.measures)} left")
    if len(found.tied) > 1:
        lot = f"the {ordinal(found.tied.index(found.nominated) + 1)} of {len(found.tied)} lots"
        by_lot = found.rule == "drawn"
        lines.append(f"  drawn by lot: {found.nominated}, {lot}" if by_lot else f"  smallest name: {found.nominated}")
    lines.append(f"  then: {listed(found.victims)} deleted; {decided.pod} is nominated and tried again")
    return "\n".join(lines)
