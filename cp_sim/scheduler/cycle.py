"""The scheduling cycle: one pod and the cluster as it is, in; a `Decision`, out.  No clock, no API server.

*In Kubernetes:* `schedulingCycle` and `schedulePod` in pkg/scheduler/schedule_one.go.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from cp_sim.objects.causes import quoted
from cp_sim.scheduler import columns, filtering
from cp_sim.scheduler.asking import ask, status_of, worded
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.decision import (
    GATED,
    SCHEDULED,
    UNSCHEDULABLE,
    Decision,
    Detail,
    Draw,
    Outcome,
    Preemption,
    Rejection,
    Sample,
    Tied,
)
from cp_sim.scheduler.framework import (
    ERROR,
    MAX_NODE_SCORE,
    SKIP,
    SUCCESS,
    UNRESOLVABLE,
    CycleState,
    Only,
    Plugin,
    PluginError,
    Profile,
    Status,
)
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo

NO_NODES = "no nodes available to schedule pods"
RAW_LIMIT = 300  # scores before normalizing are kept for at most so many nodes
CHUNK = 128


class Found:
    """What the filters left and threw out, for PostFilter plugins and for the decision.

    `rows` are the nodes looked at, `codes` their verdicts (0 feasible, else 1 + place in `outcomes`).  `absent` is
    the outcome of the nodes that PreFilter ruled out by name.
    """

    def __init__(self, profile: Profile, state: CycleState, pod: PodInfo) -> None:
        self.profile = profile
        self.state = state
        self.pod = pod
        self.rows: Column = columns.rows_of([])
        self.codes: Column = columns.filled(0)
        self.outcomes: list[Outcome] = []
        self.sizes: list[int] = []
        self.refused: Rejection | None = None
        self.processed = 0
        self.wanted = 0
        self.chance: Any = None  # for the choice among equally good nodes to preempt on; None takes the smallest name

    def feasible_rows(self) -> Column:
        """The rows of the feasible nodes, in order of looking."""
        return self.rows[self.codes == 0]

    def rejected_with(self, code: str) -> list[str]:
        """The names of the nodes whose outcome has that status code, in order of looking."""
        good = columns.of([0] + [int(one.code == code) for one in self.outcomes])
        return Nodes(self.state.cache.table, self.rows[good[self.codes] == 1]).names()


class Room:
    """Where the walk through the nodes goes on with the next pod (`nextStartNodeIndex`)."""

    def __init__(self, start: int = 0) -> None:
        self.start = start


def schedule(
    cache: Cache,
    profile: Profile,
    pod: PodInfo,
    room: Room,
    attempt: int = 1,
    chance: Any = None,
    look_everywhere: bool = False,
) -> tuple[Decision, CycleState]:
    """Decide where `pod` goes.  Changes nothing but `room`.

    `chance` draws among equally good nodes, None takes the smallest name.  `look_everywhere` also judges the nodes
    that need not be looked at because a nominated node fits.
    """
    state = CycleState(cache)
    names = cache.table.ordered_names
    gate = gated(profile, pod)
    if gate is not None:
        return Decision(pod.key, attempt, GATED, nodes=names, pre_enqueue=gate), state
    if not names:
        return Decision(pod.key, attempt, UNSCHEDULABLE, message=NO_NODES), state
    found = Found(profile, state, pod)
    found.chance = chance
    only = run_pre_filter(found)
    nominated = ""
    if found.refused is not None:
        reject_all(found)
    else:
        nominated = pod.nominated_node if pod.nominated_node in cache.table else ""
        if nominated:
            nominated = try_nominated(found, nominated, look_everywhere)
        if not nominated:
            find_feasible(found, only, room)
    rows = columns.rows_of([cache.table.row_of[nominated]]) if nominated else found.feasible_rows()
    sample = Sample(room.start, found.wanted, len(found.rows), len(names)) if found.wanted else None
    if found.wanted:
        room.start = (room.start + found.processed) % len(names)
    known: dict[str, Any] = {
        "nodes": names,
        "pre_filter": found.refused,
        "sample": sample,
        "filters": profile.filter_names,
        "nominated_node": nominated,
    }
    if not len(rows):
        return unschedulable(found, attempt, known), state
    return scheduled(found, rows, attempt, chance, known), state


def gated(profile: Profile, pod: PodInfo) -> Rejection | None:
    """The first PreEnqueue plugin that holds the pod back."""
    for plugin in profile.at["pre_enqueue"]:
        status = ask(plugin, "pre_enqueue", pod)
        if not status.ok:
            return Rejection(plugin.name, status.code, ", ".join(status.reasons))
    return None


# -- filtering -------------------------------------------------------------------------------------------------------


def run_pre_filter(found: Found) -> tuple[set[str], list[str]] | None:
    """Run PreFilter; returns (names that alone are left, plugins that said so), or None where all nodes are."""
    names: set[str] | None = None
    narrowed: list[str] = []
    for plugin in found.profile.at["pre_filter"]:
        answer = plugin.pre_filter(found.state, found.pod)
        if answer is None:
            continue
        if not isinstance(answer, Only):
            answer = decided(plugin, "pre_filter", answer)
        if isinstance(answer, Only):
            names = set(answer.names) if names is None else names & set(answer.names)
            narrowed.append(plugin.name)
        elif answer.code == SKIP:
            found.state.skipped.add(plugin.name)
        else:
            found.refused = Rejection(plugin.name, answer.code, ", ".join(answer.reasons))
            return None
    return None if names is None else (names, sorted(narrowed))


def decided(plugin: Plugin, method: str, answer: Any) -> Status:
    """What a plugin's answer means.  *Raises* `PluginError` if it is an error."""
    status: Status = status_of(plugin, method, answer)
    if status.code == ERROR:
        raise PluginError(", ".join(status.reasons))
    return status


def reject_all(found: Found) -> None:
    """Every node shares the reason for which the pod was refused as a whole."""
    refused = found.refused
    assert refused is not None
    found.rows = found.state.cache.table.order
    found.codes = columns.filled(len(found.rows), 1)
    found.outcomes = [Outcome(refused.plugin, refused.code, (refused.reason,), {})]
    found.sizes = [len(found.rows)]


def try_nominated(found: Found, name: str, look_everywhere: bool) -> str:
    """`name` if the nominated node takes the pod, else nothing: then all nodes are looked at."""
    table = found.state.cache.table
    nodes = Nodes(table, columns.rows_of([table.row_of[name]]))
    judged = filtering.judge_with_nominated(found.profile, found.state, found.pod, nodes)
    if judged.codes is not None:
        return ""
    if look_everywhere:
        judged = filtering.judge_with_nominated(found.profile, found.state, found.pod, found.state.cache.all_nodes())
    found.rows, found.codes, found.outcomes, found.sizes = filtering.joined([judged], len(table))
    return name


def find_feasible(found: Found, only: tuple[set[str], list[str]] | None, room: Room) -> None:
    """Look at nodes from the rotating start on until enough feasible ones are found."""
    table = found.state.cache.table
    order = table.order
    absent: list[int] = []
    if only is not None:
        order, absent = narrowed_order(found, only)
    total = len(order)
    found.wanted = filtering.nodes_to_find(total, found.profile.percentage_of_nodes_to_score)
    start = room.start % total if total else 0
    walk = columns.joined([order[start:], order[:start]]) if start else order
    parts: list[filtering.Judged] = []
    seen = good = 0
    while seen < total and good < found.wanted:
        # While few nodes are feasible the chunks grow; what was judged too much is cut off again.
        size = max(found.wanted - good, CHUNK, seen if 2 * good < seen else 0)
        nodes = Nodes(table, walk[seen : seen + size])
        judged = filtering.judge_with_nominated(found.profile, found.state, found.pod, nodes)
        parts.append(judged)
        seen += len(nodes)
        good += len(nodes) - sum(judged.sizes)
    if parts:
        found.rows, found.codes, found.outcomes, found.sizes = filtering.joined(parts, found.wanted)
    found.processed = len(found.rows) + len(absent)
    if absent and only is not None:
        reason = f"node(s) didn't satisfy plugin(s) [{' '.join(only[1])}]"
        found.outcomes.append(Outcome("", UNRESOLVABLE, (reason,), {"plugins": tuple(only[1])}))
        found.sizes.append(len(absent))
        found.rows = columns.joined([found.rows, columns.rows_of(absent)])
        found.codes = columns.joined([found.codes, columns.filled(len(absent), len(found.outcomes))])


def narrowed_order(found: Found, only: tuple[set[str], list[str]]) -> tuple[Column, list[int]]:
    """(rows of the nodes that PreFilter left, rows of the others)."""
    table = found.state.cache.table
    left: list[int] = []
    absent: list[int] = []
    for name, row in zip(table.ordered_names, columns.listed(table.order)):
        (left if name in only[0] else absent).append(row)
    return columns.rows_of(left), absent


# -- no node left ----------------------------------------------------------------------------------------------------


def unschedulable(found: Found, attempt: int, known: dict[str, Any]) -> Decision:
    """The decision when no node is left: ask PostFilter, and say it all in one sentence."""
    preemption, said = run_post_filter(found)
    total = len(known["nodes"])
    parts = [f"0/{total} nodes are available:"]
    if found.refused is not None:
        parts.append(f"{found.refused.reason}.")
    else:
        summary = reasons_text(found.outcomes, found.sizes)
        parts += [f"{summary}."] if summary else []
    parts += [said] if said else []
    return Decision(
        found.pod.key,
        attempt,
        UNSCHEDULABLE,
        message=" ".join(parts),
        preemption=preemption,
        detail=detail_of(found),
        skipped=tuple(sorted(found.state.skipped)),
        **known,
    )


def reasons_text(outcomes: list[Outcome], sizes: list[int]) -> str:
    """`2 Insufficient cpu, 1 node(s) were unschedulable`: each reason with the number of nodes, sorted as texts."""
    counts: Counter[str] = Counter()
    for outcome, size in zip(outcomes, sizes):
        for reason in outcome.reasons:
            counts[reason] += size
    return ", ".join(sorted(f"{count} {reason}" for reason, count in counts.items() if count))


def run_post_filter(found: Found) -> tuple[Preemption | None, str]:
    """(preemption if one helps, what PostFilter plugins say otherwise)."""
    said: list[str] = []
    for plugin in found.profile.at["post_filter"]:
        answer = plugin.post_filter(found.state, found.pod, found)
        if isinstance(answer, Preemption):
            return answer, ""
        if answer is None:
            continue
        if answer.code in (ERROR, UNRESOLVABLE):
            return None, ", ".join(answer.reasons)
        said += answer.reasons
    return None, ", ".join(said)


def detail_of(found: Found, scores: dict[str, Any] | None = None, raw: Any = None, totals: Any = ()) -> Detail:
    """The arrays of a decision, as small as they can be."""
    looked = columns.run_of(found.state.cache.table.place_of[found.rows])
    return Detail(looked, columns.compact(found.codes), tuple(found.outcomes), scores, raw, totals)


# -- choosing --------------------------------------------------------------------------------------------------------


def scheduled(found: Found, rows: Column, attempt: int, chance: Any, known: dict[str, Any]) -> Decision:
    """The decision when at least one node is feasible: score, sum up, pick the best."""
    nodes = Nodes(found.state.cache.table, rows)
    single = len(nodes) == 1
    scores, raw, totals, weights = score(found.profile, found.state, found.pod, nodes)
    low, high = columns.bounds(totals)
    detail = detail_of(found, scores, raw, columns.compact(totals, (low, high)))
    chosen, draw = pick(nodes if low == high else nodes.only(totals == high), chance, known["nodes"], detail)
    best = (chosen,) if draw is None else Tied(known["nodes"], detail, chosen, ordered=True)
    return Decision(
        found.pod.key,
        attempt,
        SCHEDULED,
        node=chosen,
        weights=weights,
        best=best,
        draw=draw,
        scoring_skipped=single,
        detail=detail,
        skipped=tuple(sorted(found.state.skipped)),
        **known,
    )


def score(
    profile: Profile, state: CycleState, pod: PodInfo, nodes: Nodes
) -> tuple[dict[str, Column], dict[str, Column], Column, dict[str, int]]:
    """(normalized scores, raw scores of those that normalize, totals, weights) of the plugins that did not skip.

    Scores come compact, raw ones only for few nodes.
    """
    scores: dict[str, Column] = {}
    raw: dict[str, Column] = {}
    totals: Column = 0
    weights: dict[str, int] = {}
    skipped = {one.name for one in profile.at["pre_score"] if _skips(one, state, pod, nodes)}
    for plugin in profile.at["score"]:
        if plugin.name in skipped:
            continue
        column = plugin.score(state, pod, nodes)
        if plugin in profile.at["normalize_score"]:
            if len(nodes) <= RAW_LIMIT:
                raw[plugin.name] = columns.compact(column)
            column = plugin.normalize_score(state, pod, nodes, column)
        low, high = columns.bounds(column)
        check_range(plugin, low, high)
        scores[plugin.name] = columns.compact(column, (low, high))
        weights[plugin.name] = profile.weights[plugin.name]
        totals = totals + column * profile.weights[plugin.name]
    return scores, raw, totals, weights


def _skips(plugin: Plugin, state: CycleState, pod: PodInfo, nodes: Nodes) -> bool:
    status = plugin.pre_score(state, pod, nodes)
    if status is not None and status.code not in (SKIP, SUCCESS):
        raise PluginError(worded(plugin, "pre_score", ", ".join(status.reasons)))
    return status is not None and status.code == SKIP


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
        return tied.names()[0], None
    if chance is None:
        chosen = min(tied.names())
        return chosen, Draw(Tied(names, detail, chosen, ordered=True), 0)
    index = chance.randrange(len(tied))
    chosen = tied.only(slice(index, index + 1)).names()[0]
    return chosen, Draw(Tied(names, detail, chosen, ordered=False), index, "scheduler")
