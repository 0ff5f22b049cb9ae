"""The numbers behind a scheduling decision, for whoever clicks a node or a plugin in its picture."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from cp_sim.views.decision_rows import Row
from cp_sim.views.decision_words import listed, missed_words
from cp_sim.views.panel import Panel, Table, table

NODES = 14  # rows of a table over nodes
PURPOSES = {plugin.name: inspect.cleandoc(type(plugin).__doc__ or "") for plugin in DEFAULT_PLUGINS}


def panels_of(decided: Any, rows: list[Row]) -> dict[str, Panel | str]:
    """{id of an element: its panel, or the id of the one that has it} for the nodes and plugins of a picture."""
    found: dict[str, Panel | str] = {}
    if not rows:
        return found
    scores, raw, totals = decided.scores(), decided.raw_scores(), decided.totals()
    for row in rows:
        if row.node:
            found[row.identity] = _of_node(decided, row, scores, raw, totals)
        else:
            found[row.identity] = _of_group(decided, row)
        for part in ("way", "cut", "rest"):
            found[f"{part}/{row.identity}"] = row.identity
        for part in ("scores", "lots"):
            found[f"{part}/{row.node}"] = row.identity
    for plugin in dict.fromkeys([*decided.filters, *scores, *(row.plugin for row in rows if row.plugin)]):
        found[f"plugins/{plugin}"] = _of_plugin(decided, plugin, scores, raw)
        for part in ("filters", "legend", "chips"):
            found[f"{part}/{plugin}"] = f"plugins/{plugin}"
    return found


def purpose(decided: Any, plugin: str) -> str:
    """What a plugin is for, in one sentence; empty where nobody says."""
    told = PURPOSES.get(plugin, "")
    if not told:
        tellers = [one.teller for one in decided.detail.outcomes if one.plugin == plugin and one.teller is not None]
        told = inspect.cleandoc(tellers[0].__doc__ or "") if tellers else ""  # a learner's own plugin
    return " ".join(told.partition("\n\n")[0].split())


def numbers_text(numbers: Mapping[str, Any]) -> str:
    """What a plugin knew of a node, on one line."""
    words = []
    for name, value in numbers.items():
        if isinstance(value, Mapping):
            words.append(f"{name}: " + ", ".join(f"{key} {one}" for key, one in value.items()))
        elif value not in ("", None, (), []):
            words.append(f"{name} {', '.join(map(str, value)) if isinstance(value, (tuple, list)) else value}")
    return "; ".join(words)


# -- one node -------------------------------------------------------------------------------------------------------


def _of_node(decided: Any, row: Row, scores: Any, raw: Any, totals: Any) -> Panel:
    tables = [] if row.missed else [_filters_of(decided, row)]
    if row.node in totals and not decided.scoring_skipped:
        tables.append(_scores_of(decided, row.node, scores, raw, totals))
    return Panel(f"node {row.node}", decided.why_not(row.node), tuple(tables))


def _filters_of(decided: Any, row: Row) -> Table:
    """The verdict of each filter, in order."""
    names = list(decided.filters)
    if row.plugin and row.plugin not in names:
        names = [row.plugin, *names]
    cut = names.index(row.plugin) if row.plugin else len(names)
    lines: list[tuple[str, tuple[str, str, str]]] = []
    for place, name in enumerate(names):
        if place > cut:
            lines.append(("quiet", (name, "not reached", "")))
        elif place == cut:
            numbers = numbers_text(row.verdict.numbers)
            because = row.verdict.because + (f" ({numbers})" if numbers and numbers not in row.verdict.because else "")
            lines.append(("bad", (name, "✕ cut off", because)))
        elif name in decided.skipped:
            lines.append(("quiet", (name, "– nothing to ask", "")))
        else:
            lines.append(("good", (name, "✓ passed", "")))
    return table(("filter", "verdict", "numbers"), lines)


def _scores_of(decided: Any, node: str, scores: Any, raw: Any, totals: Any) -> Table:
    """Each plugin's score before and after normalizing, its weight, and what it gives."""
    lines: list[tuple[str, tuple[Any, ...]]] = []
    for name, of in scores.items():
        weight = decided.weights.get(name, 1)
        before = raw[name][node] if name in raw else ""
        lines.append(("" if of[node] else "quiet", (name, before, of[node], f"×{weight}", of[node] * weight)))
    lines.append(("strong", ("sum", "", "", "", totals[node])))
    return table(("score of", "raw", "0 to 100", "weight", "points"), lines)


def _of_group(decided: Any, row: Row) -> Panel:
    if row.verdict is not None:
        names, told = row.verdict.nodes, f"{row.verdict.plugin or 'PreFilter'}: {', '.join(row.verdict.reasons)}"
    elif row.missed:
        looked = set(decided.considered)
        names, told = [name for name in decided.nodes if name not in looked], missed_words(decided)
    else:
        names, told = decided.feasible, "these nodes passed every filter"
    return Panel(row.name, f"{told}. They are {listed(list(names))}.")


# -- one plugin -----------------------------------------------------------------------------------------------------


def _of_plugin(decided: Any, plugin: str, scores: Any, raw: Any) -> Panel:
    tables = []
    groups = [group for group in decided.groups() if (group.plugin or "PreFilter") == plugin]
    told = [purpose(decided, plugin)]
    if plugin in decided.skipped:
        told.append("The pod asks nothing of it, so it looked at no node.")
    elif plugin in decided.filters or groups:
        count = sum(len(group.nodes) for group in groups)
        told.append(f"It cut off {count:,} of the {len(decided.considered):,} nodes looked at.")
    if groups:
        tables.append(_cut_by(decided, groups))
    if plugin in scores:
        weight = decided.weights.get(plugin, 1)
        told.append(f"Its score, 0 to 100, counts {'once' if weight == 1 else f'{weight} times'}.")
        tables.append(_scored_by(plugin, weight, scores, raw))
    return Panel(f"plugin {plugin}", " ".join(part for part in told if part), tuple(tables))


def _cut_by(decided: Any, groups: list[Any]) -> Table:
    names = [name for group in groups for name in group.nodes]
    lines = [("bad", (name, decided.verdict(name).because)) for name in names[:NODES]]
    if len(names) > NODES:
        lines.append(("quiet", (f"and {len(names) - NODES:,} more", "")))
    return table(("node", "why not"), lines)


def _scored_by(plugin: str, weight: int, scores: Any, raw: Any) -> Table:
    of, before = scores[plugin], raw.get(plugin, {})
    ranked = sorted(of, key=lambda name: -of[name])  # equal ones stay in the order of looking
    lines = [("", (name, before.get(name, ""), of[name], of[name] * weight)) for name in ranked[:NODES]]
    if len(ranked) > NODES:
        lines.append(("quiet", (f"and {len(ranked) - NODES:,} more", "", "", "")))
    return table(("node", "raw", "0 to 100", f"×{weight}"), lines)
