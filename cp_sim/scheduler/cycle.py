"""The scheduling cycle: one pod and the cluster as it is, in; a `Decision`, out.  No clock, no API server.

*In Kubernetes:* `schedulingCycle` and `schedulePod` in pkg/scheduler/schedule_one.go.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from cp_sim.scheduler import columns, filtering, scoring
from cp_sim.scheduler.asking import ask, status_of
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.decision import (
    GATED,
    SCHEDULED,
    UNSCHEDULABLE,
    Decision,
    Detail,
    Outcome,
    Preemption,
    Rejection,
    Sample,
    Tied,
)
from cp_sim.scheduler.filtering import Judged
from cp_sim.scheduler.framework import (
    ERROR,
    SKIP,
    SKIPPED,
    SUCCESS,
    UNRESOLVABLE,
    CycleState,
    Only,
    Plugin,
    PluginError,
    Profile,
    Status,
)
from cp_sim.scheduler.node_table import Nodes, NodeTable
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.shared_work import Template

NO_NODES = "no nodes available to schedule pods"
CHUNK = 128


class Found:
    """What the filters left and threw out, for PostFilter plugins and for the decision.

    `judged` holds the nodes looked at and their verdicts, `outcomes` what the verdicts mean and `sizes` how many nodes
    have each.  `absent` is the outcome of all other nodes where PreFilter ruled them out by name.
    """

    def __init__(self, profile: Profile, state: CycleState, pod: PodInfo) -> None:
        self.profile = profile
        self.state = state
        self.pod = pod
        self.judged = Judged(state.cache.table.walk(0, 0))
        self.outcomes: list[Outcome] = []
        self.sizes: list[int] = []
        self.absent: Outcome | None = None
        self.refused: Rejection | None = None
        self.template: Template | None = None
        self.wanted = 0
        self.chance: Any = None  # for the choice among equally good nodes to preempt on; None takes the smallest name

    def take(self, judged: Judged) -> None:
        """These are the nodes looked at."""
        self.judged = judged
        self.outcomes, self.sizes = judged.outcomes(self.state, self.pod)

    def rejected_with(self, code: str) -> Nodes:
        """The nodes looked at whose outcome has that status code, in order of looking."""
        nodes, codes = self.judged.nodes, self.judged.codes
        if codes is None:
            return nodes.only(slice(0))
        good = columns.of([0] + [int(one.code == code) for one in self.outcomes])
        return nodes.only(columns.places(good[codes]))

    def is_rejected_with(self, code: str, name: str) -> bool:
        """Whether the outcome of a node has that status code."""
        table, codes = self.state.cache.table, self.judged.codes
        place = self.judged.nodes.place(table.row_of[name]) if name in table else -1
        if place < 0:
            return name in table and self.absent is not None and self.absent.code == code
        return codes is not None and codes[place] > 0 and self.outcomes[int(codes[place]) - 1].code == code


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
        reject_all(found, found.refused)
    else:
        nominated = pod.nominated_node if pod.nominated_node in cache.table else ""
        if nominated:
            nominated = try_nominated(found, nominated, look_everywhere)
        if not nominated:
            find_feasible(found, only, room)
    nodes = node_alone(cache.table, nominated) if nominated else found.judged.feasible()
    looked_at = len(found.judged.nodes)
    known: dict[str, Any] = {
        "nodes": names,
        "pre_filter": found.refused,
        "sample": Sample(room.start, found.wanted, looked_at, len(names)) if found.wanted else None,
        "filters": profile.filter_names,
        "nominated_node": nominated,
    }
    if found.wanted:
        room.start = (room.start + looked_at) % len(names)
    if not len(nodes):
        return unschedulable(found, attempt, known), state
    return scheduled(found, nodes, attempt, chance, known), state


def node_alone(table: NodeTable, name: str) -> Nodes:
    """One node as a selection."""
    return Nodes(table, columns.rows_of([table.row_of[name]]))


def gated(profile: Profile, pod: PodInfo) -> Rejection | None:
    """The first PreEnqueue plugin that holds the pod back."""
    for plugin in profile.at["pre_enqueue"]:
        status = ask(plugin, "pre_enqueue", pod)
        if not status.ok:
            return Rejection(plugin.name, status.code, ", ".join(status.reasons))
    return None


# -- filtering -------------------------------------------------------------------------------------------------------


def run_pre_filter(found: Found) -> tuple[set[str], list[str]] | None:
    """Run PreFilter; returns (names that alone are left, plugins that said so), or None where all nodes are.

    Whoever says Unschedulable refuses the pod, but the others are asked all the same: preemption needs what they find.
    """
    names: set[str] | None = None
    narrowed: list[str] = []
    for plugin in found.profile.at["pre_filter"]:
        answer = plugin.pre_filter(found.state, found.pod)
        if answer is None:
            continue
        if answer is not SKIPPED and not isinstance(answer, Only):
            answer = decided(plugin, "pre_filter", answer)
        if isinstance(answer, Only):
            names = set(answer.names) if names is None else names & set(answer.names)
            narrowed = sorted([*narrowed, plugin.name])
            if not names:
                found.refused = none_in_common(narrowed)
                return None
        elif answer.code == SKIP:
            found.state.skipped.add(plugin.name)
        elif answer.code != SUCCESS:
            found.refused = Rejection(plugin.name, answer.code, ", ".join(answer.reasons))
            if answer.code == UNRESOLVABLE:
                return None
    return None if names is None else (names, narrowed)


def none_in_common(plugins: list[str]) -> Rejection:
    """No node is among those that each of these plugins wants to have looked at."""
    together = f"plugin {plugins[0]}" if len(plugins) == 1 else f"plugin(s) [{' '.join(plugins)}] simultaneously"
    return Rejection(", ".join(plugins), UNRESOLVABLE, f"node(s) didn't satisfy {together}", tuple(plugins))


def decided(plugin: Plugin, method: str, answer: Any) -> Status:
    """What a plugin's answer means.  *Raises* `PluginError` if it is an error."""
    status: Status = status_of(plugin, method, answer)
    if status.code == ERROR:
        raise PluginError(", ".join(status.reasons))
    return status


def reject_all(found: Found, refused: Rejection) -> None:
    """Every node shares the reason for which the pod was refused as a whole."""
    judged = Judged(found.state.cache.all_nodes())
    judged.reject(slice(None), Outcome(refused.plugin, refused.code, (refused.reason,), {}))
    found.take(judged)


def try_nominated(found: Found, name: str, look_everywhere: bool) -> str:
    """`name` if the nominated node takes the pod, else nothing: then all nodes are looked at."""
    nodes = node_alone(found.state.cache.table, name)
    judged = filtering.judge_with_nominated(found.profile, found.state, found.pod, nodes)
    if judged.codes is not None:
        return ""
    if look_everywhere:
        judged = filtering.judge_with_nominated(found.profile, found.state, found.pod, found.state.cache.all_nodes())
    found.take(judged)
    return name


class Walk:
    """All nodes, or those with some names, from a rotating start on."""

    def __init__(self, table: NodeTable, only: set[str] | None, start: int) -> None:
        self.table = table
        self.rows: Column = None
        if only is not None:
            rows = [table.row_of[name] for name in only if name in table]
            rows.sort(key=table.place_of.__getitem__)
            turn = start % len(rows) if rows else 0
            self.rows = columns.rows_of(rows[turn:] + rows[:turn])
        self.total = len(table) if only is None else len(self.rows)
        self.start = start % self.total if self.total else 0

    def piece(self, seen: int, size: int) -> Nodes:
        """The next nodes after `seen` of them, at most `size`; no piece goes beyond the end of the order."""
        if self.rows is not None:
            return Nodes(self.table, self.rows[seen : seen + size])
        place = (self.start + seen) % self.total
        end = self.total if place >= self.start else self.start
        return self.table.walk(place, min(place + size, end))


def find_feasible(found: Found, only: tuple[set[str], list[str]] | None, room: Room) -> None:
    """Look at nodes from the rotating start on until enough feasible ones are found."""
    cache, profile = found.state.cache, found.profile
    walk = Walk(cache.table, None if only is None else only[0], room.start)
    # Without any score plugin the first node that fits is as good as any.
    scoring = bool(profile.at["score"])
    found.wanted = filtering.nodes_to_find(walk.total, profile.percentage_of_nodes_to_score) if scoring else 1
    template = found.template = cache.shared.template(profile, found.pod) if only is None else None
    parts: list[Judged] = []
    seen = good = 0
    while seen < walk.total and good < found.wanted:
        # A guess of how far the walk goes, by the last equal pod or by what was seen; what is too much is cut off.
        missing = found.wanted - good
        guess = missing * seen // max(good, 1) if seen else template.guess if template is not None else 0
        nodes = walk.piece(seen, max(missing, CHUNK, guess))
        parts.append(filtering.judge_with_nominated(profile, found.state, found.pod, nodes, template))
        seen += len(nodes)
        good += parts[-1].feasible_count()
    if parts:
        found.take(filtering.joined(parts).first_feasible(found.wanted))
    if template is not None:
        looked_at = len(found.judged.nodes)
        template.guess = looked_at + looked_at // 16 if looked_at > found.wanted else 0
    if only is not None:
        # Also where they named all nodes the plugins are among those whose change of mind may help.
        reason = f"node(s) didn't satisfy plugin(s) [{' '.join(only[1])}]"
        others = Outcome("", UNRESOLVABLE, (reason,), {"plugins": tuple(only[1])})
        found.outcomes.append(others)
        found.sizes.append(len(cache.table) - walk.total)
        if found.sizes[-1]:
            found.absent = others


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
        if not isinstance(answer, Status):
            answer = status_of(plugin, "post_filter", answer)
        if answer.code in (ERROR, UNRESOLVABLE):
            return None, ", ".join(answer.reasons)
        said += answer.reasons
    return None, ", ".join(said)


def detail_of(found: Found, scores: dict[str, Any] | None = None, raw: Any = None, totals: Any = ()) -> Detail:
    """The arrays of a decision, as small as they can be."""
    nodes, codes = found.judged.nodes, found.judged.codes
    if nodes.start is not None:
        looked: Any = range(nodes.start, nodes.start + len(nodes))
    else:
        looked = columns.run_of(found.state.cache.table.place_of[nodes.rows])
    absent = len(found.outcomes) if found.absent is not None else 0
    kept = 0 if codes is None else columns.compact(codes)
    return Detail(looked, kept, tuple(found.outcomes), scores, raw, totals, absent)


# -- choosing --------------------------------------------------------------------------------------------------------


def scheduled(found: Found, nodes: Nodes, attempt: int, chance: Any, known: dict[str, Any]) -> Decision:
    """The decision when at least one node is feasible: score, sum up, pick the best."""
    single, names = len(nodes) == 1, known["nodes"]
    try:
        scores, raw, totals, weights = scoring.score(found.profile, found.state, found.pod, nodes, found.template)
    except Exception:
        if not single:
            raise
        # The points of a single node are for those who read the decision; the real scheduler does not ask for them.
        scores, raw, totals, weights = {}, {}, 0, {}
    low, high = columns.bounds(totals)
    detail = detail_of(found, scores, raw, columns.compact(totals, (low, high)))
    chosen, draw = scoring.pick(
        nodes if low == high else nodes.only(columns.places(totals == high)), chance, names, detail
    )
    best = (chosen,) if draw is None else Tied(names, detail, chosen, ordered=True)
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
