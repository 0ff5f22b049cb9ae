"""Preemption from the request to the binding, by upstream's integration tests: who has to leave, who is nominated, who
must not come in between.  API server and scheduler run; without a kubelet a graceful deletion never ends.

Source: test/integration/scheduler/preemption (preemption_test.go: TestPreemption; misc: TestNonPreemption,
TestDisablePreemption, TestPreemptionStarvation, TestPreemptionRaces, TestPDBInPreemption,
TestReadWriteOncePodPreemption; nominatednodename: TestNominatedNode).
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.apiserver.request import Call
from cp_sim.objects import meta
from cp_sim.scheduler import columns
from cp_sim.scheduler.framework import UNSCHEDULABLE, Plugin, Profile, Status
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from cp_sim.scheduler.plugins.default_preemption import NEVER, DefaultPreemption
from cp_sim.scheduler.plugins.volume_restrictions import VolumeRestrictions
from tests.rooms.scheduler.cluster_parts import Object, World, node
from tests.rooms.scheduler.tables.parts import UNRESOLVABLE, decide, pod
from tests.rooms.scheduler.tables.parts import node as bare_node

CLASSES = {"low": 100, "mid": 200, "high": 300, "polite": 400}
# What DynamicResources says in PostFilter about a pod without claims.
NO_CLAIMS = "no new claims to deallocate"


def world_of(*nodes: Object, profiles: Any = DEFAULT_PLUGINS) -> World:
    """A world with these nodes and the priority classes above; those that are polite push out nobody."""
    world = World(*nodes, profiles=profiles)
    kind = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass"}
    for name, value in CLASSES.items():
        policy = "Never" if name == "polite" else "PreemptLowerPriority"
        body = {**kind, "metadata": {"name": name}, "value": value, "preemptionPolicy": policy}
        world.ask(Call("create", "priorityclasses.scheduling.k8s.io", body=body))
    return world


def one_node(cpu: str = "500m", memory: str = "500", pods: str = "32", **more: Any) -> Object:
    return node("node1", cpu=cpu, memory=memory, pods=pods, labels={"node": "node1"}, **more)


def made(name: str, priority: str, milli_cpu: int = 100, memory: int = 100, marks: str = "", **more: Any) -> Object:
    """A pod of a priority class."""
    return {
        "apiVersion": "v1",
        **pod(marks, name, cpu=f"{milli_cpu}m", memory=memory, priorityClassName=priority, **more),
    }


def leaving(world: World) -> set[str]:
    """The pods that have been asked to go, or are gone (each has an Event that says why)."""
    items = world.ask(Call("list", "events", "default"))["items"]
    told = {one["involvedObject"]["name"] for one in items if one["reason"] == "Preempted"}
    going = {meta.name(one) for one in world.ask(Call("list", "pods", "default"))["items"] if meta.is_deleting(one)}
    assert going <= told
    return told


def nominated(world: World, name: str) -> str:
    return world.get("pods", name, "default")["status"].get("nominatedNodeName", "")  # type: ignore[no-any-return]


def on(world: World, name: str) -> str:
    return meta.node_name(world.get("pods", name, "default"))


def said(world: World, name: str) -> str:
    return (meta.condition(world.get("pods", name, "default"), "PodScheduled") or {}).get("message", "")


class OneSeat(Plugin):
    """One pod per node; PreFilter says already that there is no free node."""

    name = "OneSeat"
    follows_pods = True

    def __init__(self, code: str = UNSCHEDULABLE, beforehand: bool = False) -> None:
        self.code = code
        self.beforehand = beforehand

    def pre_filter(self, state: Any, pod: Any) -> Status | None:
        taken = columns.total(state.cache.table.columns["pods"]) >= len(state.cache.table)
        return Status(UNSCHEDULABLE, ("no seat",)) if self.beforehand and taken else None

    def filter(self, state: Any, pod: Any, nodes: Any) -> Any:
        return nodes.pick(state.cache.table.columns["pods"]) > 0

    def outcome(self, state: Any, pod: Any, code: int) -> tuple[str, tuple[str, ...]]:
        return self.code, ("no seat",)


BASIC = [made("victim", "low", 400, 200)]
SMALL = [made("victim", "low", 200, 200)]
LOVELESS = made("wanted", "high", marks="pod=preemptor", far=["pod=p0 per node"])

# (further plugins, pods there, who comes): who has to leave
CASES: dict[str, tuple[tuple[Plugin, ...], list[Object], Object, set[str]]] = {
    "room is made": ((), BASIC, made("wanted", "high", 300, 200), {"victim"}),
    "there is room already": ((), BASIC, made("wanted", "high", 100, 100), set()),
    "equals stay": ((), BASIC, made("wanted", "low", 300, 200), set()),
    "another filter says no": ((OneSeat(),), SMALL, made("wanted", "high", 200, 200), {"victim"}),
    "another PreFilter says no, too": (
        (OneSeat(beforehand=True),),
        SMALL,
        made("wanted", "high", 200, 200),
        {"victim"},
    ),
    "another filter says no for good": ((OneSeat(UNRESOLVABLE),), SMALL, made("wanted", "high", 200, 200), set()),
    "both sides do not want each other": (
        (),
        [
            made("p0", "mid", marks="pod=p0"),
            made("p1", "low", marks="pod=p1", far=["pod=preemptor per node"]),
        ],
        LOVELESS,
        {"p0", "p1"},
    ),
    "one of those who do not want it is as important": (
        (),
        [
            made("p0", "mid", marks="pod=p0"),
            made("p1", "high", marks="pod=p1", far=["pod=preemptor per node"]),
        ],
        LOVELESS,
        set(),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_who_has_to_leave(case: str) -> None:
    plugins, there, wanted, victims = CASES[case]
    world = world_of(one_node(), profiles=(*DEFAULT_PLUGINS, *plugins))
    for one in there:
        assert meta.node_name(world.add_pod(one)) == "node1"
    placed = meta.node_name(world.add_pod(wanted))
    assert leaving(world) == victims
    assert nominated(world, "wanted") == ("node1" if victims else "")
    assert bool(placed) == (case == "there is room already")
    for name in victims:
        condition = meta.condition(world.get("pods", name, "default"), "DisruptionTarget") or {}
        assert (condition["status"], condition["reason"]) == ("True", "PreemptionByScheduler")
        world.ask(Call("delete", "pods", "default", name, options={"gracePeriodSeconds": 0}))
    if victims:
        assert on(world, "wanted") == "node1"


def test_who_never_preempts_waits() -> None:
    world = world_of(one_node())
    world.add_pod(BASIC[0])
    world.add_pod(made("wanted", "polite", 300, 200))
    assert not leaving(world)
    assert not nominated(world, "wanted")
    assert said(world, "wanted") == f"0/1 nodes are available: 1 Insufficient cpu. {NO_CLAIMS}, preemption: {NEVER}"


def test_without_the_plugin_nobody_is_pushed_out() -> None:
    others = tuple(one for one in DEFAULT_PLUGINS if not isinstance(one, DefaultPreemption))
    world = world_of(one_node(), profiles=others)
    world.add_pod(BASIC[0])
    world.add_pod(made("wanted", "high", 300, 200))
    assert not leaving(world)
    assert not nominated(world, "wanted")
    assert said(world, "wanted") == f"0/1 nodes are available: 1 Insufficient cpu. {NO_CLAIMS}"


def test_the_condition_of_a_victim_names_the_scheduler() -> None:
    world = world_of(one_node(), profiles=Profile(DEFAULT_PLUGINS, scheduler_name="other"))
    victim = {**BASIC[0], "spec": {**BASIC[0]["spec"], "schedulerName": "other"}}
    world.add_pod(victim)
    wanted = made("wanted", "high", 300, 200, schedulerName="other")
    world.add_pod(wanted)
    condition = meta.condition(world.get("pods", "victim", "default"), "DisruptionTarget") or {}
    assert condition["message"] == "other: preempting to accommodate a higher priority pod"


def test_those_who_wait_do_not_get_the_room_that_is_made() -> None:
    world = world_of(one_node())
    for number in range(5):
        assert meta.node_name(world.add_pod(made(f"runs-{number}", "mid", terminationGracePeriodSeconds=0)))
    for number in range(5):
        assert not meta.node_name(world.add_pod(made(f"waits-{number}", "mid", terminationGracePeriodSeconds=0)))
    assert meta.node_name(world.add_pod(made("wanted", "high", 300, 200))) == "node1"
    assert len(leaving(world)) == 3
    assert not any(on(world, f"waits-{number}") for number in range(5))


def test_those_who_come_meanwhile_do_not_get_the_room_that_is_made() -> None:
    world = world_of(one_node("5000m", "5000", "100"))
    for number in range(2):
        world.add_pod(made(f"runs-{number}", "mid", terminationGracePeriodSeconds=0))
    late = [made(f"late-{number}", "mid") for number in range(20)]
    for one in (made("wanted", "high", 4900, 4900), *late):
        world.ask(Call("create", "pods", "default", body=one), settle=False)
    world.loop.settle()
    assert on(world, "wanted") == "node1"
    assert len(leaving(world)) == 1
    assert not any(on(world, meta.name(one)) for one in late)


# -- budgets -----------------------------------------------------------------------------------------------------------

# (how many nodes, budgets with the disruptions they allow, pods there, cpu and memory asked for): who has to leave
BUDGETS: dict[str, tuple[int, dict[str, int], list[Object], tuple[int, int], set[str]]] = {
    "more important, but not protected": (
        1,
        {"foo": 0},
        [made("low1", "low", marks="app=foo"), made("low2", "low", marks="app=foo"), made("mid3", "mid")],
        (300, 200),
        {"mid3"},
    ),
    "a node where nobody is protected": (
        2,
        {"foo": 0},
        [made("low1", "low", marks="app=foo", on="node-1"), made("mid2", "mid", on="node-2")],
        (500, 200),
        {"mid2"},
    ),
    "a node where the budget allows it": (
        3,
        {"foo1": 0, "foo2": 3},
        [
            made("low1", "low", marks="app=foo1", on="node-1"),
            made("mid1", "mid", on="node-1"),
            made("low2", "low", marks="app=foo2", on="node-2"),
            made("mid2", "mid", marks="app=foo2", on="node-2"),
            made("low4", "low", marks="app=foo2", on="node-3"),
            made("low5", "low", marks="app=foo2", on="node-3"),
            made("low6", "low", marks="app=foo2", on="node-3"),
        ],
        (500, 400),
        {"low4", "low5", "low6"},
    ),
}


@pytest.mark.parametrize("case", BUDGETS)
def test_budgets(case: str) -> None:
    count, budgets, there, (milli_cpu, memory), victims = BUDGETS[case]
    world = world_of(*(node(f"node-{number + 1}", "500m", "500", "32") for number in range(count)))
    for one in there:
        world.add_pod(one)
    for name, allowed in budgets.items():
        spec = {"minAvailable": 2, "selector": {"matchLabels": {"app": name}}}
        body = {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name}, "spec": spec}
        world.ask(Call("create", "poddisruptionbudgets.policy", "default", body=body))
        status = {"disruptionsAllowed": allowed, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}
        world.change("poddisruptionbudgets.policy", name, {"status": status}, "default", "status")
    world.add_pod(made("wanted", "high", milli_cpu, memory))
    assert leaving(world) == victims


# -- nominations -------------------------------------------------------------------------------------------------------


def test_a_more_important_pod_takes_over_the_nomination() -> None:
    world = world_of(one_node("5", "8Gi"))
    for number in range(4):
        world.add_pod(made(f"low-{number}", "low", 1000))
    world.add_pod(made("medium", "mid", 4000))
    assert nominated(world, "medium") == "node1"
    world.add_pod(made("high", "high", 3000))
    assert nominated(world, "high") == "node1"
    assert not nominated(world, "medium")


def test_a_more_important_pod_that_fits_beside_the_victim_does_not_wait() -> None:
    world = world_of(one_node("2", "8Gi"))
    world.add_pod(made("low", "low", 1000))
    world.add_pod(made("medium", "mid", 2000))
    assert nominated(world, "medium") == "node1"
    assert meta.node_name(world.add_pod(made("high", "high", 1000))) == "node1"
    world.ask(Call("delete", "pods", "default", "low", options={"gracePeriodSeconds": 0}))
    assert not on(world, "medium")
    assert not nominated(world, "medium")


# -- claims that only one pod may use ----------------------------------------------------------------------------------


def claim(name: str) -> Object:
    metadata = {"name": name, "namespace": "default"}
    return {"kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {"accessModes": ["ReadWriteOncePod"]}}


def using(*claims: str) -> list[Object]:
    return [{"name": one, "persistentVolumeClaim": {"claimName": one}} for one in claims]


# (pods there, claims that the pod uses): who has to leave
CLAIMS: dict[str, tuple[list[Object], tuple[str, ...], set[str]]] = {
    "of two pods the one that uses it": (
        [pod("", "p1", on="node1", volumes=using("a")), pod("", "p2", on="node1", volumes=using("b"))],
        ("a",),
        {"default/p1"},
    ),
    "both": (
        [pod("", "p1", on="node1", volumes=using("a")), pod("", "p2", on="node1", volumes=using("b"))],
        ("a", "b"),
        {"default/p1", "default/p2"},
    ),
    "one that is as important stays": (
        [pod("", "p1", on="node1", volumes=using("a"), priority=9)],
        ("a",),
        set(),
    ),
    "on two nodes: no node alone helps": (
        [pod("", "p1", on="node1", volumes=using("a")), pod("", "p2", on="node2", volumes=using("b"))],
        ("a", "b"),
        set(),
    ),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_claims_that_only_one_pod_may_use(case: str) -> None:
    there, used, victims = CLAIMS[case]
    nodes = [bare_node("node1", pods=9), bare_node("node2", pods=9)]
    plugins = (VolumeRestrictions(), DefaultPreemption())
    decision = decide(plugins, pod("", "wanted", priority=9, volumes=using(*used)), [
        *nodes, claim("a"), claim("b"), *there,
    ])  # fmt: skip
    assert decision.node is None
    assert set(decision.preemption.victims if decision.preemption else ()) == victims
