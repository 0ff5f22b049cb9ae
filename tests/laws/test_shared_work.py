"""What equal pods share never changes a decision: it is the one that a cache makes that never saw another pod."""

from __future__ import annotations

import copy
import random
from collections.abc import Callable
from dataclasses import fields
from typing import Any
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.objects import edit
from cp_sim.scheduler import columns, cycle, filtering
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.decision import Decision
from cp_sim.scheduler.framework import CycleState, Plugin, Profile
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS, default_profile
from cp_sim.scheduler.plugins.node_resources_fit import NodeResourcesFit
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.row_log import RowLog
from tests.rooms.scheduler.cluster_parts import HOSTNAME, ZONE, Object, node, pod

NODES = tuple(f"n{number}" for number in range(1, 8))
PODS = tuple(f"p{number}" for number in range(30))
WEB = {"matchLabels": {"app": "web"}}
NEAR = {"labelSelector": WEB, "topologyKey": ZONE}
ALONE = {"labelSelector": WEB, "topologyKey": HOSTNAME}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def spread(key: str, when: str, **more: Any) -> Object:
    return {"maxSkew": 1, "topologyKey": key, "whenUnsatisfiable": when, "labelSelector": WEB, **more}


TEMPLATES: dict[str, Object] = {
    "plain": {"cpu": "100m", "memory": "64Mi"},
    "large": {"cpu": "1500m"},
    "large web": {"labels": {"app": "web"}, "cpu": "1500m"},
    "port": {"ports": [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]},
    "in a": {"nodeSelector": {ZONE: "a"}, "cpu": "200m"},
    "prefers b": {
        "affinity": {
            "nodeAffinity": {
                PREFERRED: [
                    {
                        "weight": 7,
                        "preference": {"matchExpressions": [{"key": ZONE, "operator": "In", "values": ["b"]}]},
                    }
                ]
            }
        }
    },
    "tolerates": {"tolerations": [{"key": "k", "operator": "Exists"}], "image": "big:1"},
    "near": {"labels": {"app": "web"}, "affinity": {"podAffinity": {REQUIRED: [NEAR]}}},
    "alone": {"labels": {"app": "web"}, "affinity": {"podAntiAffinity": {REQUIRED: [ALONE]}}},
    "rather near": {
        "labels": {"app": "web"},
        "affinity": {"podAffinity": {PREFERRED: [{"weight": 3, "podAffinityTerm": NEAR}]}},
    },
    "rather alone": {
        "labels": {"app": "web"},
        "affinity": {"podAntiAffinity": {PREFERRED: [{"weight": 5, "podAffinityTerm": ALONE}]}},
    },
    "spread": {
        "labels": {"app": "web"},
        "topologySpreadConstraints": [
            spread(ZONE, "DoNotSchedule", nodeTaintsPolicy="Honor"),
            spread(HOSTNAME, "ScheduleAnyway"),
        ],
    },
    "spread softly": {
        "labels": {"app": "web"},
        "cpu": "100m",
        "topologySpreadConstraints": [spread(ZONE, "ScheduleAnyway")],
    },
    "device": {"requests": {"example.com/device": "1"}},
    "important": {"cpu": "1500m", "priority": 10},
    "important and alone": {
        "labels": {"app": "web"},
        "cpu": "500m",
        "priority": 10,
        "affinity": {"podAntiAffinity": {REQUIRED: [ALONE]}},
    },
}
nodes = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NODES),
        "zone": st.sampled_from(["a", "b", ""]),
        "cpu": st.sampled_from(["1", "2"]),
        "taint": st.sampled_from(["", "", "NoSchedule", "PreferNoSchedule"]),
        "cordoned": st.sampled_from([False, False, True]),
        "image": st.booleans(),
    }
)
placing = st.tuples(st.just("place"), st.sampled_from(sorted(TEMPLATES)))
STEPS = st.lists(
    st.one_of(
        placing,
        placing,
        placing,
        st.tuples(st.just("node"), nodes),
        st.tuples(st.just("node gone"), st.sampled_from(NODES)),
        st.tuples(st.just("pod gone"), st.sampled_from(PODS)),
        st.tuples(st.just("pod started"), st.sampled_from(PODS), st.sampled_from(["2026-01-01", "2026-01-02"])),
        st.tuples(st.just("nominated"), st.sampled_from(sorted(TEMPLATES)), st.sampled_from(NODES)),
        st.tuples(st.just("budget"), st.integers(0, 1)),
        st.tuples(st.just("device class"), st.sampled_from(["example.com/device", "example.com/other"])),
    ),
    min_size=12,
    max_size=40,
)
START: list[tuple[Any, ...]] = [
    ("node", {"name": name, "zone": "ab"[place % 2], "cpu": "2", "taint": "", "cordoned": False, "image": False})
    for place, name in enumerate(NODES[:5])
]


def node_object(one: Object) -> Object:
    labels = {ZONE: one["zone"]} if one["zone"] else {}
    taints = [{"key": "k", "effect": one["taint"]}] if one["taint"] else []
    images = [{"names": ["big:1"], "sizeBytes": 500 * 1024 * 1024}] if one["image"] else []
    return node(one["name"], cpu=one["cpu"], labels=labels, taints=taints, unschedulable=one["cordoned"], images=images)


def read(name: str, template: str) -> PodInfo:
    made = pod(name, **copy.deepcopy(TEMPLATES[template]))
    return PodInfo(edit.put(made, "metadata.uid", name))


# What happens to a cache, as data: (method, arguments).
Happening = tuple[str, tuple[Any, ...]]


def everything(decision: Decision) -> Object:
    """Every field of a decision, and what can be asked of it."""
    found = {field.name: getattr(decision, field.name) for field in fields(decision) if field.name != "detail"}
    found["best"] = list(decision.best)
    if decision.draw is not None:
        found["draw"] = (list(decision.draw.among), decision.draw.index, decision.draw.stream)
    for name in ("verdicts", "scores", "raw_scores", "totals"):
        found[name] = getattr(decision, name)()
    found["considered"] = decision.considered
    return found


class Play:
    """A cache that lives through everything, beside caches that are made anew for each decision."""

    def __init__(self, cache: Cache, profile: Profile, seed: int) -> None:
        self.cache = cache
        self.profile = profile
        self.seed = seed
        self.room = cycle.Room()
        self.history: list[Happening] = []
        self.placed = 0

    def happens(self, method: str, *arguments: Any) -> None:
        getattr(self.cache, method)(*arguments)
        self.history.append((method, arguments))

    def step(self, step: tuple[Any, ...]) -> None:
        kind = step[0]
        if kind == "node":
            self.happens("put_node", node_object(step[1]))
        elif kind == "node gone":
            self.happens("remove_node", step[1])
        elif kind == "pod gone":
            self.happens("remove_pod", step[1])
        elif kind == "pod started" and step[1] in self.cache.pods:
            there = self.cache.pods[step[1]]
            newer = there.updated(edit.put(there.object, "status.startTime", step[2]))
            self.happens("put_pod", newer, self.cache.node_of[step[1]])
        elif kind == "nominated":
            self.happens("nominate", read("nominated", step[1]), step[2])
        elif kind == "budget":
            budget = {
                "metadata": {"name": "budget", "namespace": "default"},
                "spec": {"selector": WEB},
                "status": {"disruptionsAllowed": step[1]},
            }
            self.happens("put", "poddisruptionbudgets.policy", budget)
        elif kind == "device class":
            made = {"metadata": {"name": "class"}, "spec": {"extendedResourceName": step[1]}}
            self.happens("put", "deviceclasses.resource.k8s.io", made)
        elif kind == "place" and self.placed < len(PODS):
            self.place(read(PODS[self.placed], step[1]))
            self.placed += 1

    def place(self, one: PodInfo) -> None:
        for attempt in (1, 2):
            fresh, room = Cache(), cycle.Room(self.room.start)
            for method, arguments in self.history:
                getattr(fresh, method)(*arguments)
            decision = self.decide(self.cache, one, self.room, attempt)
            alone = self.decide(fresh, one, room, attempt)
            mine, theirs = everything(decision), everything(alone)
            for field, value in theirs.items():
                assert mine[field] == value, f"{field} of {one.key}: {mine[field]!r} shared, {value!r} alone"
            assert room.start == self.room.start
            if decision.node:
                self.happens("drop_nomination", one.uid)
                self.happens("assume", one, decision.node)
            if decision.preemption is None:
                return
            for key in decision.preemption.victims:
                self.happens("remove_pod", key.partition("/")[2])
            one = PodInfo(edit.put(one.object, "status.nominatedNodeName", decision.preemption.nominated))
            self.happens("nominate", one, decision.preemption.nominated)

    def decide(self, cache: Cache, one: PodInfo, room: cycle.Room, attempt: int) -> Decision:
        return cycle.schedule(cache, self.profile, one, room, attempt, random.Random(self.seed))[0]


def play(
    steps: list[tuple[Any, ...]], seed: int, sampled: bool, cache: Cache | None = None, profile: Profile | None = None
) -> None:
    """Live through the steps; `sampled` clusters look at two feasible nodes only, from a rotating start."""
    few = mock.patch.multiple(filtering, MIN_FEASIBLE_NODES=2) if sampled else mock.MagicMock()
    chunk = mock.patch.object(cycle, "CHUNK", 2)
    with few, chunk:
        live = Play(cache or Cache(), profile or default_profile(percentage_of_nodes_to_score=20), seed)
        for step in START + steps:
            live.step(step)


@settings(max_examples=150)
@given(STEPS, st.integers(0, 5), st.booleans())
def test_shared_work_never_changes_a_decision(steps: list[tuple[Any, ...]], seed: int, sampled: bool) -> None:
    play(steps, seed, sampled)


def caught(run: Callable[[], None]) -> bool:
    """Whether the law fails."""
    try:
        run()
    except AssertionError:
        return True
    return False


PLAIN: list[tuple[Any, ...]] = [("place", "plain")] * 12


def test_a_change_that_is_not_logged_is_caught() -> None:
    class Deaf(RowLog):
        def note(self, row: int) -> None:
            if len(self.rows) < 8:
                super().note(row)

    deaf = Cache()
    deaf.table.log = Deaf()
    assert not caught(lambda: play(PLAIN, 1, False))
    assert caught(lambda: play(PLAIN, 1, False, deaf))


def test_a_plugin_that_looks_at_other_nodes_and_says_it_does_not_is_caught() -> None:
    class Sociable(Plugin):
        name = "Sociable"
        local = True

        def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Any:
            return columns.filled(len(nodes), columns.total(nodes.table.columns["pods"]))

    sociable = default_profile((*DEFAULT_PLUGINS, Sociable()))
    assert caught(lambda: play(PLAIN, 1, False, profile=sociable))
    Sociable.local = False
    assert not caught(lambda: play(PLAIN, 1, False, profile=sociable))


def test_a_device_class_that_goes_unnoticed_is_caught() -> None:
    steps: list[tuple[Any, ...]] = [("place", "device")] * 3
    steps += [("device class", "example.com/device"), ("place", "device")]
    assert not caught(lambda: play(steps, 1, False))
    with mock.patch.object(NodeResourcesFit, "epoch", return_value=0):
        assert caught(lambda: play(steps, 1, False))


def test_a_budget_that_goes_unnoticed_is_caught() -> None:
    class Careless(Cache):
        def put(self, resource: str, obj: Object) -> None:
            super().put(resource, obj)
            self.generation_of.clear()

    steps: list[tuple[Any, ...]] = [("budget", 1)]
    steps += [("place", "large web")] * 5 + [("place", "important"), ("budget", 0), ("place", "important")]
    assert not caught(lambda: play(steps, 1, False))
    assert caught(lambda: play(steps, 1, False, Careless()))


def test_a_nomination_that_goes_unnoticed_is_caught() -> None:
    class Careless(Cache):
        def _note_nominations(self, node: str) -> None:
            pass

    steps: list[tuple[Any, ...]] = [("place", "large"), ("nominated", "plain", NODES[0]), ("place", "large")]
    steps += [("nominated", "important", NODES[0]), ("place", "large"), ("place", "large")]
    assert not caught(lambda: play(steps, 1, False))
    assert caught(lambda: play(steps, 1, False, Careless()))


def test_sampled_clusters_are_sampled() -> None:
    with mock.patch.object(filtering, "MIN_FEASIBLE_NODES", 2):
        live = Play(Cache(), default_profile(percentage_of_nodes_to_score=20), 1)
        for step in START:
            live.step(step)
        decision = live.decide(live.cache, read("p0", "plain"), live.room, 1)
    assert decision.sample is not None
    assert decision.sample.looked_at == 2
