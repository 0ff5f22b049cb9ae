"""DefaultPreemption equals a slow, obvious model, and never violates its order.

The model asks the filters about clusters built anew, with the pods in question there or not; nothing is added or taken
away in thought.
"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cp_sim.scheduler import candidates
from cp_sim.scheduler.decision import Decision
from cp_sim.scheduler.framework import Plugin
from cp_sim.scheduler.plugins.default_preemption import DefaultPreemption
from cp_sim.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cp_sim.scheduler.plugins.node_resources_fit import NodeResourcesFit
from cp_sim.scheduler.plugins.pod_topology_spread import PodTopologySpread
from cp_sim.scheduler.plugins.taint_toleration import TaintToleration
from tests.laws.test_affinity_model import selects
from tests.rooms.scheduler.tables.parts import (
    FITS,
    UNSCHEDULABLE,
    Object,
    budget,
    decide,
    hard,
    node,
    numbered,
    pod,
    verdicts,
)

FILTERS: tuple[Plugin, ...] = (TaintToleration(), NodeResourcesFit(), PodTopologySpread(), InterPodAffinity())
PLUGINS = (*FILTERS, DefaultPreemption())
NO_VICTIMS = "No preemption victims found for incoming pod"
NOT_HELPFUL = "Preemption is not helpful for scheduling"


# -- the model ---------------------------------------------------------------------------------------------------------


def priority(one: Object) -> int:
    return one["spec"].get("priority", 0)  # type: ignore[no-any-return]


def key(one: Object) -> str:
    return f"{one['metadata']['namespace']}/{one['metadata']['name']}"


class World:
    """Nodes, pods on them, pods nominated to them, budgets, and the pod that is to be placed."""

    def __init__(self, wanted: Object, objects: list[Object]) -> None:
        self.wanted = wanted
        self.nodes = [one for one in objects if one["kind"] == "Node"]
        self.budgets = [one for one in objects if one["kind"] == "PodDisruptionBudget"]
        pods = [one for one in objects if one["kind"] == "Pod"]
        self.pods = [one for one in pods if "nodeName" in one["spec"]]
        self.nominated = [one for one in pods if "nodeName" not in one["spec"]]

    def on(self, name: str) -> list[Object]:
        return [one for one in self.pods if one["spec"]["nodeName"] == name]

    def answer(self, name: str, gone: list[Object]) -> Any:
        """What a node answers without some pods: first with all that wait for room there, then without them."""
        there = [one for one in self.pods if one not in gone]
        waiting = [
            {**one, "spec": {**one["spec"], "nodeName": name}}
            for one in self.nominated
            if one["status"]["nominatedNodeName"] == name and priority(one) >= priority(self.wanted)
        ]
        for extra in (waiting, []):
            found = verdicts(FILTERS, self.wanted, [*self.nodes, *there, *extra])[name]
            if found is not FITS:
                return found
        return FITS


def by_importance(pods: list[Object]) -> list[Object]:
    """Sorted by insertion as Go does it; a pod that has not started starts now, whenever it is asked."""
    now = itertools.count()

    def started(one: Object) -> str:
        return one["status"].get("startTime") or f"now {next(now):06}"

    def more_important(one: Object, other: Object) -> bool:
        if priority(one) != priority(other):
            return priority(one) > priority(other)
        return started(one) < started(other)

    found = list(pods)
    for end in range(1, len(found)):
        place = end
        while place and more_important(found[place], found[place - 1]):
            found[place], found[place - 1] = found[place - 1], found[place]
            place -= 1
    return found


def violating(world: World, pods: list[Object]) -> list[Object]:
    """Those whose removal, in this order, takes a budget below 0."""
    left = [one["status"]["disruptionsAllowed"] for one in world.budgets]
    found = []
    for one in pods:
        hurts = False
        for place, rule in enumerate(world.budgets):
            chosen = rule["spec"]["selector"] or {}
            same = rule["metadata"]["namespace"] == one["metadata"]["namespace"]
            if same and one["metadata"]["labels"] and chosen and selects(chosen, one["metadata"]["labels"]):
                left[place] -= 1
                hurts |= left[place] < 0
        if hurts:
            found.append(one)
    return found


def victims(world: World, name: str) -> tuple[list[Object], int] | tuple[str, ...]:
    """(the pods that have to leave a node, violations), or the reasons for which nobody's leaving helps."""
    lower = by_importance([one for one in world.on(name) if priority(one) < priority(world.wanted)])
    if not lower:
        return (NO_VICTIMS,)
    refused = world.answer(name, lower)
    if refused is not FITS:
        return refused[1:]  # type: ignore[no-any-return]
    first = violating(world, lower)
    gone = list(lower)
    for one in first + [one for one in lower if one not in first]:
        gone.remove(one)
        if world.answer(name, gone) is not FITS:
            gone.append(one)
    return gone, sum(one in first for one in gone)


def hurt(found: tuple[list[Object], int]) -> tuple[Any, ...]:
    """How much a candidate hurts; less is better, except for the start of the most important victims: later is."""
    gone, violations = found
    highest = max(priority(one) for one in gone)
    first = min(one["status"].get("startTime") or "not yet" for one in gone if priority(one) == highest)
    return (
        violations,
        highest,
        sum(priority(one) + 2**31 for one in gone),
        len(gone),
        [-ord(letter) for letter in first],
    )


def expected(world: World) -> tuple[dict[str, tuple[list[Object], int]], list[str], str]:
    """(candidates, the equally good ones, what is said where there is none)."""
    found: dict[str, tuple[list[Object], int]] = {}
    reasons: Counter[str] = Counter()
    for one in world.nodes:
        name = one["metadata"]["name"]
        answer = world.answer(name, [])
        helps: Any = victims(world, name) if answer[0] == UNSCHEDULABLE else (NOT_HELPFUL,)
        if isinstance(helps[0], list):
            found[name] = helps
        else:
            reasons.update(helps)
    least = min((hurt(one) for one in found.values()), default=())
    said = ", ".join(sorted(f"{count} {reason}" for reason, count in reasons.items()))
    return found, sorted(name for name in found if hurt(found[name]) == least), said


# -- the law -----------------------------------------------------------------------------------------------------------

NODES = ("n1", "n2", "n3")
MARKS = st.sampled_from(["app=web", "app=db", "app=web tier", ""])
SIZES = st.sampled_from([{}, {"cpu": 1}, {"cpu": 1}, {"cpu": 2}])


def made(marks: list[tuple[str, int, str]]) -> list[Object]:
    """Nodes from (zone, cpus, taint)."""
    return [
        node(name, f"zone={zone} host={name}", cpu=cpu, pods=9, memory="1Gi", **({"taints": taint} if taint else {}))
        for name, (zone, cpu, taint) in zip(NODES, marks, strict=False)
    ]


def named(pods: list[Object], prefix: str) -> list[Object]:
    return [{**one, "metadata": {**one["metadata"], "name": f"{prefix}{place}"}} for place, one in enumerate(pods)]


nodes = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from([2, 3]), st.sampled_from(["", "", "", "old:NoSchedule"])),
    min_size=2,
    max_size=3,
).map(made)
there = st.lists(
    st.builds(
        lambda marks, name, value, size, started, far: pod(
            marks, on=name, priority=value, **size, **({"started": started} if started else {}), **far
        ),
        MARKS,
        st.sampled_from(("n1", "n2", "n1", "n2", "n3")),
        st.sampled_from([-5, 0, 0, 5, 20]),
        SIZES,
        st.sampled_from([0, 1, 2, 3, 4]),
        st.sampled_from([{}, {}, {"far": ["app=web per host"]}, {"far": ["tier per zone"]}]),
    ),
    min_size=3,
    max_size=8,
).map(lambda pods: named(pods, "there-"))
waiting = st.lists(
    st.builds(
        lambda marks, name, value, size: pod(marks, nominated=name, priority=value, **size),
        MARKS,
        st.sampled_from(NODES[:2]),
        st.sampled_from([0, 10, 20]),
        SIZES,
    ),
    max_size=2,
).map(lambda pods: named(pods, "waiting-"))
budgets = st.lists(
    st.builds(budget, st.sampled_from(["app=web", "app", "tier", "*", None]), st.sampled_from([0, 0, 1, 2])), max_size=2
).map(lambda made: [{**one, "metadata": {**one["metadata"], "name": f"b{at}"}} for at, one in enumerate(made)])
wanting = st.builds(
    lambda marks, size, more: pod(marks, "wanted", priority=10, **size, **more),
    MARKS,
    st.sampled_from([{"cpu": 2}, {"cpu": 2}, {"cpu": 1}, {}]),
    st.sampled_from(
        [
            {},
            {},
            {"far": ["app=web per host"]},
            {"far": ["app per zone"]},
            {"spread": [hard(1, "zone", "app")]},
            {"spread": [hard(1, "host", "app=web"), hard(1, "zone", "app")]},
        ]
    ),
)


def check(wanted: Object, objects: list[Object]) -> Decision:
    """The decision about a pod that fits nowhere is that of the model; returns it."""
    objects = numbered(objects)
    world = World(wanted, objects)
    decision = decide(PLUGINS, wanted, objects)
    candidates, best, said = expected(world)
    if not candidates:
        assert decision.preemption is None
        assert decision.message.endswith(f"preemption: 0/{len(world.nodes)} nodes are available: {said}.")
        return decision
    found = decision.preemption
    assert found is not None, decision.message
    assert {one.node: (set(one.victims), one.pdb_violations) for one in found.candidates} == {
        name: ({key(one) for one in gone}, violations) for name, (gone, violations) in candidates.items()
    }
    assert list(found.tied) == best
    assert found.nominated == best[0]
    return decision


def keeps_its_order(wanted: Object, objects: list[Object], decision: Decision) -> None:
    """Nobody of equal or higher priority has to leave; then the pod fits; and nobody leaves without need."""
    found = decision.preemption
    if found is None:
        return
    world = World(wanted, objects)
    for one in found.candidates:
        gone = [each for each in world.on(one.node) if key(each) in one.victims]
        assert all(priority(each) < priority(wanted) for each in gone)
        assert world.answer(one.node, gone) is FITS
        for each in gone:
            # Whoever would have stayed with those more important than it, stays.
            assert world.answer(one.node, [other for other in gone if other is not each]) is not FITS
    assert found.victims == next(one.victims for one in found.candidates if one.node == found.nominated)


@settings(max_examples=120, deadline=None)
@given(wanting, nodes, there, waiting, budgets)
def test_preemption_is_that_of_the_model(
    wanted: Object, nodes: list[Object], there: list[Object], waiting: list[Object], budgets: list[Object]
) -> None:
    objects = [*nodes, *there, *waiting, *budgets]
    assume(not decide(FILTERS, wanted, objects).node)
    keeps_its_order(wanted, objects, check(wanted, objects))


ROOM_FOR_TWO = node("n1", cpu=2, pods=9)
TWO = named([pod(on="n1", priority=value, cpu=1, started=1) for value in (0, 5)], "p")
GUARDED = [
    *named([pod("app=web", on="n1", priority=5, cpu=2, started=1), pod(on="n2", priority=8, cpu=2, started=1)], "p"),
    budget("app=web", 0),
]
MISTAKES: dict[str, tuple[str, Any, Object, list[Object]]] = {
    "the least important is spared first": (
        "plugins.default_preemption.by_importance",
        lambda pods: sorted(pods, key=lambda one: one.priority),
        pod("", "wanted", priority=10, cpu=1),
        [ROOM_FOR_TWO, *TWO],
    ),
    "budgets are not looked at": (
        "plugins.default_preemption.split_by_budget",
        lambda _state, pods: ([], pods),
        pod("", "wanted", priority=10, cpu=2),
        [ROOM_FOR_TWO, node("n2", cpu=2, pods=9), *GUARDED],
    ),
    "the highest priority of a victim does not count": (
        "candidates.RULES",
        candidates.RULES[2:],
        pod("", "wanted", priority=10, cpu=2),
        [
            ROOM_FOR_TWO,
            node("n2", cpu=2, pods=9),
            *named(
                [
                    pod(on="n1", priority=0, cpu=1, started=1),
                    pod(on="n1", priority=0, cpu=1, started=1),
                    pod(on="n2", priority=5, cpu=2, started=1),
                ],
                "p",
            ),
        ],
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_caught(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, instead, wanted, objects = MISTAKES[mistake]
    check(wanted, objects)
    monkeypatch.setattr(f"cp_sim.scheduler.{name}", instead)
    with pytest.raises(AssertionError):
        check(wanted, objects)
