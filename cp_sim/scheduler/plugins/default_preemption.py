"""DefaultPreemption: make room by pushing out pods of lower priority."""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta, selectors
from cp_sim.scheduler import columns
from cp_sim.scheduler.candidates import choose
from cp_sim.scheduler.cycle import Found, reasons_text
from cp_sim.scheduler.decision import Candidate, Outcome
from cp_sim.scheduler.filtering import Judged, Trial, answers_of_equal_pods, nominated_to
from cp_sim.scheduler.framework import ERROR, UNRESOLVABLE, UNSCHEDULABLE, CycleState, Plugin, Status
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change

BUDGETS = "poddisruptionbudgets.policy"

NOT_HELPFUL = "Preemption is not helpful for scheduling"
NO_VICTIMS = "No preemption victims found for incoming pod"
NOBODY_LOWER = Outcome("", UNRESOLVABLE, (NO_VICTIMS,), {})
NEVER = "not eligible due to preemptionPolicy=Never."
TERMINATING = "not eligible due to a terminating pod on the nominated node."

# DryRunPreemption looks for at least so many candidates, or a tenth of the nodes (SetDefaults_DefaultPreemptionArgs).
MIN_CANDIDATES = 100
MIN_CANDIDATES_PERCENT = 10


class DefaultPreemption(Plugin):
    """Finds nodes where the pod fits without pods of lower priority, and chooses the one where that hurts least.

    With many nodes it looks for `min_candidate_nodes_absolute` candidates, or `min_candidate_nodes_percentage` of the
    nodes where that is more.
    Source: pkg/scheduler/framework/plugins/defaultpreemption, pkg/scheduler/framework/preemption.
    """

    name = "DefaultPreemption"

    moved_by = ("pods/delete",)

    def __init__(
        self,
        min_candidate_nodes_percentage: int = MIN_CANDIDATES_PERCENT,
        min_candidate_nodes_absolute: int = MIN_CANDIDATES,
    ) -> None:
        self.percentage = min_candidate_nodes_percentage
        self.absolute = min_candidate_nodes_absolute

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """Never: it holds a pod back while its victims are told to go, and what rejected the pod says when they are
        gone.
        """
        return False

    def post_filter(self, state: CycleState, pod: PodInfo, found: Any) -> Any:
        why_not = not_eligible(state, pod, found)
        if why_not:
            return Status(UNSCHEDULABLE, (f"preemption: {why_not}",))
        rows = columns.listed(found.rejected_with(UNSCHEDULABLE).rows)
        candidates: list[Candidate] = []
        outcomes = [NOBODY_LOWER]
        sizes = [len(rows)]
        # Where nobody anywhere has a lower priority, no node has to be looked at.
        if rows and min(state.cache.priorities, default=pod.priority) < pod.priority:
            enough = max(self.absolute, len(rows) * self.percentage // 100)
            candidates, outcomes = dry_run(found, rows, enough)
            sizes = [1] * len(outcomes)
        if candidates:
            return choose(candidates, found.chance)
        errors = [outcome.reasons[0] for outcome in outcomes if outcome.code == ERROR]
        if errors:
            said = errors[0] if len(errors) == 1 else f"[{', '.join(errors)}]"
            return Status(ERROR, (f"preemption: {said}",))
        total = len(state.cache.table)
        outcomes.append(Outcome("", UNRESOLVABLE, (NOT_HELPFUL,), {}))
        said = reasons_text(outcomes, [*sizes, total - sum(sizes)])
        return Status(UNSCHEDULABLE, (f"preemption: 0/{total} nodes are available: {said}.",))


def not_eligible(state: CycleState, pod: PodInfo, found: Found) -> str:
    """Why the pod may not push out others, empty if it may (PodEligibleToPreemptOthers)."""
    if pod.spec.get("preemptionPolicy") == "Never":
        return NEVER
    node = pod.nominated_node
    if node in state.cache.table and not found.is_rejected_with(UNRESOLVABLE, node):
        for other in state.cache.on_node.get(node, {}).values():
            if other.priority < pod.priority and is_leaving_for_another(other):
                return TERMINATING
    return ""


def is_leaving_for_another(pod: PodInfo) -> bool:
    """Whether a pod is being deleted because of a preemption."""
    condition = meta.condition(pod.object, "DisruptionTarget") or {}
    return pod.terminating and condition.get("status") == "True" and condition.get("reason") == "PreemptionByScheduler"


def dry_run(found: Found, rows: list[int], enough: int) -> tuple[list[Candidate], list[Outcome]]:
    """(nodes where preemption helps, the outcomes of those where it does not).

    It stops after `enough` candidates of which one violates no disruption budget, from a drawn start.
    """
    start = found.chance.randrange(len(rows)) if found.chance is not None and len(rows) > enough else 0
    names, nominated = found.state.cache.table.names, found.state.cache.nominated
    budgets = found.state.cache.generation_of.get(BUDGETS, 0)
    known = answers_of_equal_pods(found.profile, found.state, found.pod, "victims", budgets)
    candidates: list[Candidate] = []
    outcomes: list[Outcome] = []
    harmless = 0
    for row in rows[start:] + rows[:start]:
        own = found.pod.uid in nominated.get(names[row], ())  # that nomination does not count for this pod alone
        answer = None if own else known.get(row)
        if answer is None:
            answer = select_victims(found, names[row])
            if not own:
                known[row] = answer
        if isinstance(answer, Outcome):
            outcomes.append(answer)
            continue
        if answer.pdb_violations and len(candidates) - harmless >= enough:
            continue  # of those that violate a budget no more than enough are kept
        candidates.append(answer)
        harmless += not answer.pdb_violations
        if harmless and len(candidates) >= enough:
            break
    return candidates, outcomes


def by_importance(pods: list[PodInfo]) -> list[PodInfo]:
    """Higher priority first, then who started earlier (MoreImportantPod).

    A pod that has not started counts as starting now, and now is later whenever it is asked: of two such pods the one
    further down is more important.
    *Simplified:* so it is in lists of up to 12, which Go sorts by insertion; longer ones come out in another order.
    """

    def key(numbered: tuple[int, PodInfo]) -> tuple[int, str, int]:
        place, pod = numbered
        return (-pod.priority, pod.start_time, place if pod.started else -place)

    return [pod for _, pod in sorted(enumerate(pods), key=key)]


def select_victims(found: Found, node: str) -> Candidate | Outcome:
    """The fewest pods that must leave `node` (SelectVictimsOnNode), or why preemption does not help there.

    All pods of lower priority are removed; then as many as possible are put back, most important first, those whose
    disruption budget would be violated before the others.
    """
    state, pod = found.state, found.pod
    lower = [one for one in state.cache.on_node.get(node, {}).values() if one.priority < pod.priority]
    if not lower:
        return NOBODY_LOWER
    with Trial(found.profile, state, pod, node) as trial:
        for one in lower:
            trial.remove(one)
        outcome = judged(trial, state, pod, node).first_outcome(state, pod)
        if outcome is not None:
            return outcome
        violating, harmless = split_by_budget(state, by_importance(lower))
        victims: list[PodInfo] = []
        reprieved: list[PodInfo] = []
        violations = 0
        for one in violating + harmless:
            trial.add(one)
            if judged(trial, state, pod, node).codes is None:
                reprieved.append(one)
            else:
                trial.remove(one)
                victims.append(one)
                violations += one in violating
    if not victims:
        return Outcome("", ERROR, (f'expected at least one victim pod on node "{node}"',), {})
    if violating and harmless:
        victims = by_importance(victims)
    highest = max(one.priority for one in victims)
    return Candidate(
        node,
        tuple(one.key for one in victims),
        tuple(one.key for one in reprieved),
        violations,
        highest,
        sum(one.priority + 2**31 for one in victims),
        min(one.start_time for one in victims if one.priority == highest),
        tuple(one.priority for one in victims + reprieved),
        tuple(one.key for one in victims if one in violating),
    )


def judged(trial: Trial, state: CycleState, pod: PodInfo, node: str) -> Judged:
    """What the filters say of the node now, with and without the pods nominated to it."""
    others = nominated_to(state, pod, node)
    if others:
        with Trial(trial.profile, state, pod, node) as inner:
            for other in others:
                inner.add(other)
            with_them = inner.fits()
            if with_them.codes is not None:
                return with_them
    return trial.fits()


def split_by_budget(state: CycleState, pods: list[PodInfo]) -> tuple[list[PodInfo], list[PodInfo]]:
    """(pods whose removal would violate a PodDisruptionBudget, the others); filterPodsWithPDBViolation."""
    budgets = state.cache.listed(BUDGETS)
    left = [(budget.get("status") or {}).get("disruptionsAllowed") or 0 for budget in budgets]
    violating: list[PodInfo] = []
    harmless: list[PodInfo] = []
    for pod in pods:
        violated = False
        for place, budget in enumerate(budgets):
            if covers(budget, pod):
                left[place] -= 1
                violated |= left[place] < 0
        (violating if violated else harmless).append(pod)
    return violating, harmless


def covers(budget: dict[str, Any], pod: PodInfo) -> bool:
    """Whether a budget speaks of a pod: an empty selector covers none, a pod already being disrupted does not count."""
    selector = (budget.get("spec") or {}).get("selector") or {}
    if not pod.labels or meta.namespace(budget) != pod.namespace:
        return False
    if not (selector.get("matchLabels") or selector.get("matchExpressions")):
        return False
    disrupted = (budget.get("status") or {}).get("disruptedPods") or {}
    return selectors.matches(selector, pod.labels) and pod.name not in disrupted
