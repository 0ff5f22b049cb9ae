"""Where pods would go, as a table: a line per pod, and below it why not elsewhere, with counts and numbers."""

from __future__ import annotations

from typing import Any

from cp_sim.objects import quantity
from cp_sim.views.facts import many

HEADER = ("POD", "NODE", "FEASIBLE", "WHY")
NAMES_SHOWN = 3
TEXTS_SHOWN = 3  # so many different explanations of one reason get a line each


def table(attempts: list[Any]) -> str:
    """The attempts of `Scenario.decide` (each with `decision` and `bypass`) as a table, pods in order of their turn."""
    rows: list[tuple[str, ...]] = [HEADER]
    for of_pod in by_pod(attempts):
        first, last = of_pod[0].decision, of_pod[-1].decision
        feasible = f"{first.feasible_count}/{len(first.nodes)}" if first.detailed and first.pre_enqueue is None else "-"
        lines = why(of_pod) or [""]
        rows.append((first.pod, last.node or "-", feasible, lines[0]))
        rows += [("", "", "", line) for line in lines[1:]]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    return "\n".join(
        "   ".join([*(cell.ljust(width) for cell, width in zip(row, widths)), row[3]]).rstrip() for row in rows
    )


def by_pod(attempts: list[Any]) -> list[list[Any]]:
    """The attempts of each pod; a second one follows a preemption."""
    found: list[list[Any]] = []
    for one in attempts:
        if one.decision.attempt > 1 and found:
            found[-1].append(one)
        else:
            found.append([one])
    return found


def why(of_pod: list[Any]) -> list[str]:
    """What there is to say about one pod: what chose the node, what it costs, and what speaks against the others."""
    decided = of_pod[0].decision
    if decided.pre_enqueue is not None:
        return [f"held back: {decided.pre_enqueue.reason} ({decided.pre_enqueue.plugin})"]
    if of_pod[0].bypass:
        return _bypassed(decided)
    lines = [_evicting(decided.preemption)] if decided.preemption is not None else []
    if decided.node is not None:
        lines.append(_chosen(decided))
    elif not decided.nodes:
        return [decided.message]
    if decided.pre_filter is not None:
        return [*lines, f"all nodes: {decided.pre_filter.reason} ({decided.pre_filter.plugin})"]
    return [*lines, *reasons(decided), *_no_preemption(decided)]


def _bypassed(decided: Any) -> list[str]:
    verdicts = decided.verdicts()
    if decided.node not in verdicts:
        return ["names its node itself, which is not there"]
    verdict = verdicts[decided.node]
    return ["names its node itself, no scheduler decides" + (f"; {verdict.because}" if verdict is not None else "")]


def _evicting(preemption: Any) -> str:
    who = ", ".join(preemption.victims)
    among = many(len(preemption.candidates), "node")
    rule = f": {preemption.rule}" if len(preemption.candidates) > 1 and preemption.rule else ""
    return f"evicts {who} from {preemption.nominated} (pushing out pods would help on {among}{rule})"


def _chosen(decided: Any) -> str:
    totals = decided.totals()
    if decided.nominated_node:
        return "an earlier preemption made room there"
    if decided.scoring_skipped or len(totals) < 2:
        return "the only node that can take it"
    best = list(decided.best)
    points = totals[decided.node]
    if len(best) > 1:
        how = "drawn" if decided.draw is not None and decided.draw.stream else "the smallest name"
        return f"{points} points, a tie with {_names([name for name in best if name != decided.node])}: {how}"
    second = max((name for name in totals if name != decided.node), key=lambda name: totals[name])
    return f"{points} points, next is {second} with {totals[second]}"


def _no_preemption(decided: Any) -> list[str]:
    """Why pushing out other pods does not help, in the scheduler's words."""
    _, found, said = decided.message.partition("preemption: ")
    return [f"preemption: {said}"] if found and decided.preemption is None else []


# -- why not elsewhere -----------------------------------------------------------------------------------------------


def reasons(decided: Any) -> list[str]:
    """`3 nodes: needs 500m cpu, at most 240m free (worker-2)`, one line per reason, in the order of the filters."""
    groups: dict[tuple[str, tuple[str, ...]], dict[str, Any]] = {}
    for name, verdict in decided.verdicts().items():
        if verdict is not None:
            groups.setdefault((verdict.plugin, verdict.reasons), {})[name] = verdict
    order = {plugin: place for place, plugin in enumerate(decided.filters)}
    lines: list[str] = []
    for (plugin, _), verdicts in sorted(groups.items(), key=lambda item: order.get(item[0][0], -1)):
        lines += _of_resources(verdicts) if plugin == "NodeResourcesFit" else _of_texts(verdicts)
    return lines


def _of_texts(verdicts: dict[str, Any]) -> list[str]:
    """The nodes by what speaks against each; of many different explanations only one, as an example."""
    by_text: dict[str, list[str]] = {}
    for name, verdict in verdicts.items():
        by_text.setdefault(verdict.because, []).append(name)
    if len(by_text) <= TEXTS_SHOWN:
        return [f"{many(len(names), 'node')}: {text} ({_names(names)})" for text, names in by_text.items()]
    text, names = max(by_text.items(), key=lambda item: len(item[1]))
    common = ", ".join(next(iter(verdicts.values())).reasons)
    return [f"{many(len(verdicts), 'node')}: {common}; for example {names[0]}: {text}"]


def _of_resources(verdicts: dict[str, Any]) -> list[str]:
    """What lacks, and the node that comes nearest to having it."""
    nearest = min(verdicts, key=lambda name: (_lack(verdicts[name].numbers), name))
    words = []
    for resource, told in verdicts[nearest].numbers.items():
        if resource == "pods":
            words.append(f"already has all of its {told['allocatable']} pods")
        elif len(verdicts) > 1 and len(verdicts[nearest].numbers) == 1:
            words.append(f"needs {told['requested']} {resource}, at most {told['free']} free of {told['allocatable']}")
        else:
            words.append(f"needs {told['requested']} {resource}, {told['free']} free of {told['allocatable']}")
    where = nearest if len(verdicts) == 1 else f"nearest: {nearest}"
    return [f"{many(len(verdicts), 'node')}: {', '.join(words)} ({where})"]


def _lack(numbers: dict[str, Any]) -> float:
    """How much lacks, as a share of what is wanted, summed over resources."""
    total = 0.0
    for told in numbers.values():
        wanted, free = quantity.parse(told["requested"]).nano, quantity.parse(told["free"]).nano
        total += (wanted - free) / wanted if wanted else 0.0
    return total


def _names(names: list[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    return f"{shown} and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else shown
