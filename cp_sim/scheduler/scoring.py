"""The second half of a scheduling cycle: points for the feasible nodes, and which of the best is taken.

*In Kubernetes:* `prioritizeNodes` and `selectHost` in pkg/scheduler/schedule_one.go, `RunScorePlugins` in
pkg/scheduler/framework/runtime/framework.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.causes import quoted
from cp_sim.scheduler import columns
from cp_sim.scheduler.asking import worded
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.decision import Detail, Draw, Tied
from cp_sim.scheduler.framework import (
    MAX_NODE_SCORE,
    SKIP,
    SKIPPED,
    SUCCESS,
    CycleState,
    Plugin,
    PluginError,
    Profile,
)
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.shared_work import Template

RAW_LIMIT = 300  # scores before normalizing are kept for at most so many nodes


def score(
    profile: Profile, state: CycleState, pod: PodInfo, nodes: Nodes, template: Template | None = None
) -> tuple[dict[str, Column], dict[str, Column], Column, dict[str, int]]:
    """(normalized scores, raw scores of those that normalize, totals, weights) of the plugins that did not skip.

    Scores come compact, raw ones only for few nodes.  `template` holds what is known from equal pods.
    """
    scores: dict[str, Column] = {}
    raw: dict[str, Column] = {}
    totals: Column = 0
    weights: dict[str, int] = {}
    normalizing = profile.at["normalize_score"]
    skipped = {one.name for one in profile.at["pre_score"] if _skips(one, state, pod, nodes)}
    for plugin in profile.at["score"]:
        if plugin.name in skipped:
            continue
        shared = template if plugin.local else None
        column = plugin.score(state, pod, nodes) if shared is None else shared.score(plugin, state, pod, nodes)
        if plugin in normalizing:
            if len(nodes) <= RAW_LIMIT:
                raw[plugin.name] = columns.compact(column)
            column = plugin.normalize_score(state, pod, nodes, column)
        if shared is not None and shared.regular[plugin.name] and plugin not in normalizing:
            scores[plugin.name] = columns.small(column)
        else:
            low, high = columns.bounds(column)
            check_range(plugin, low, high)
            scores[plugin.name] = columns.compact(column, (low, high))
        weight = weights[plugin.name] = profile.weights[plugin.name]
        totals = totals + (column * weight if weight != 1 else column)
    return scores, raw, totals, weights


def _skips(plugin: Plugin, state: CycleState, pod: PodInfo, nodes: Nodes) -> bool:
    status = plugin.pre_score(state, pod, nodes)
    if status is None or status is SKIPPED:
        return status is SKIPPED
    if status.code not in (SKIP, SUCCESS):
        raise PluginError(worded(plugin, "pre_score", ", ".join(status.reasons)))
    return status.code == SKIP


def check_range(plugin: Plugin, low: int, high: int) -> None:
    """*Raises* `PluginError` if a normalized score is not within 0..100."""
    if low < 0 or high > MAX_NODE_SCORE:
        wrong = low if low < 0 else high
        raise PluginError(
            f"applying score defaultWeights on Score plugins: plugin {quoted(plugin.name)} returns an invalid score "
            f"{wrong}, it should in the range of [0, {MAX_NODE_SCORE}] after normalizing"
        )


def pick(tied: Nodes, chance: Any, names: tuple[str, ...], detail: Detail) -> tuple[str, Draw | None]:
    """One of the equally good nodes, and how it was drawn."""
    if len(tied) == 1:
        return tied.name(0), None
    if chance is None:
        chosen = min(tied.names())
        return chosen, Draw(Tied(names, detail, chosen, ordered=True), 0)
    index = chance.randrange(len(tied))
    chosen = tied.name(index)
    return chosen, Draw(Tied(names, detail, chosen, ordered=False), index, "scheduler")
