"""Whatever plugins say on a pod's way to its node, no pod is lost, none is in two places, and what was reserved for it
is given back unless it is there.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.apiserver.request import Call
from cp_sim.objects import meta
from cp_sim.scheduler.binding import BindingCycle
from cp_sim.scheduler.framework import ERROR, UNRESOLVABLE, Plugin, Prepare, Status, wait
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from tests.rooms.scheduler.cluster_parts import World, node, pod

NAMES = ("a", "b", "c")
ANSWERS = ("go", "no", "never", "error", "raise", "nonsense")
# What a plugin says to the first attempts of each pod, at each extension point; later it lets everything pass.
SCRIPTS = st.fixed_dictionaries(
    {
        "reserve": st.lists(st.sampled_from(ANSWERS), max_size=3),
        "permit": st.lists(st.sampled_from((*ANSWERS, "wait", "wait long")), max_size=3),
        "pre_bind": st.lists(st.sampled_from((*ANSWERS, "prepare", "prepare in vain")), max_size=3),
        "bind": st.lists(st.sampled_from(("go", "raise")), max_size=2),
    }
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(NAMES)),
        st.tuples(st.just("delete"), st.sampled_from(NAMES)),
        st.tuples(st.just("allow"), st.sampled_from(NAMES)),
        st.tuples(st.just("reject"), st.sampled_from(NAMES)),
        st.tuples(st.just("answer"), st.just("")),
        st.tuples(st.just("time"), st.integers(0, 90_000)),
    ),
    min_size=2,
    max_size=10,
)


class Moody(Plugin):
    """Answers as its script says, and keeps a ledger of what is reserved: pod -> node."""

    name = "Moody"

    def __init__(self, script: dict[str, list[str]]) -> None:
        self.script = script
        self.asked: dict[tuple[str, str], int] = {}
        self.ledger: dict[str, str] = {}
        self.answered = False

    def _answer(self, point: str, pod: Any) -> Any:
        turn = self.asked[point, pod.uid] = self.asked.get((point, pod.uid), -1) + 1
        said = self.script[point][turn] if turn < len(self.script[point]) else "go"
        if said == "raise":
            raise RuntimeError("moody")
        return {
            "go": None,
            "no": "not now",
            "never": Status(UNRESOLVABLE, ("not ever",)),
            "error": Status(ERROR, ("broken",)),
            "nonsense": 7,
            "wait": wait("20s"),
            "wait long": wait("1h"),
            "prepare": Prepare((), 30_000),
            "prepare in vain": Prepare((), 10_000, "in vain"),
        }[said]

    def reserve(self, state: Any, pod: Any, node: str) -> Any:
        self.ledger[pod.name] = node
        return self._answer("reserve", pod)

    def unreserve(self, state: Any, pod: Any, node: str) -> None:
        self.ledger.pop(pod.name, None)

    def permit(self, state: Any, pod: Any, node: str) -> Any:
        return self._answer("permit", pod)

    def pre_bind(self, state: Any, pod: Any, node: str) -> Any:
        return self._answer("pre_bind", pod)

    def prepared(self, state: Any, pod: Any, node: str) -> Any:
        return None if self.answered else wait(0)

    def bind(self, state: Any, pod: Any, node: str) -> Any:
        return self._answer("bind", pod)


def moody_world(script: dict[str, list[str]]) -> World:
    binder = DEFAULT_PLUGINS[-1]
    plugins = (*DEFAULT_PLUGINS[:-1], Moody(script), binder)
    return World(node("n1", cpu="4"), node("n2", cpu="4"), profiles=plugins)


def moody_of(world: World) -> Moody:
    plugin = world.scheduler.profiles["default-scheduler"].plugin("Moody")
    assert isinstance(plugin, Moody)
    return plugin


def take(world: World, step: tuple[str, Any], living: set[str]) -> None:
    """Let one thing happen, and everything that follows from it."""
    what, who = step
    waiting = {one.pod.name: one for one in world.scheduler.waiting_pods.values()}
    if what == "add" and who not in living:
        world.add_pod(pod(who, cpu="3"))
        living.add(who)
    elif what == "delete" and who in living:
        world.ask(Call("delete", "pods", "default", who, options={"gracePeriodSeconds": 0}))
        living.discard(who)
        moody_of(world).ledger.pop(who, None)  # whoever was bound keeps what it has until it is gone
    elif what == "allow" and who in waiting:
        waiting[who].allow("Moody")
    elif what == "reject" and who in waiting:
        waiting[who].reject("Moody", "go away")
    elif what == "answer":
        moody_of(world).answered = not moody_of(world).answered
        world.scheduler.binding.changed()
    elif what == "time":
        world.loop.run(who)
    world.loop.settle()


def check(world: World, living: set[str]) -> None:
    """Each living pod is in one place; nobody else holds anything."""
    scheduler = world.scheduler
    items = world.ask(Call("list", "pods", "default"))["items"]
    bound = {meta.name(one): meta.node_name(one) for one in items if meta.node_name(one)}
    waiting = {one.pod.name: one.node for one in scheduler.waiting_pods.values()}
    preparing = {one.one.pod.name: one.node for one in scheduler.binding.preparing.values()}
    queued = {one.pod.name for one in scheduler.queue.pods.values()}
    places = [*bound, *waiting, *preparing, *queued]
    assert sorted(places) == sorted(living), (bound, waiting, preparing, queued)
    on_nodes = {one.name: scheduler.cache.node_of[uid] for uid, one in scheduler.cache.pods.items()}
    assert on_nodes == {**bound, **waiting, **preparing}
    assert {one.name for one in scheduler.cache.assumed.values()} == {*waiting, *preparing}
    assert moody_of(world).ledger == on_nodes
    for name, row in scheduler.cache.table.row_of.items():
        used = scheduler.cache.table.requested("cpu")[row]
        assert used == 3_000 * list(on_nodes.values()).count(name)
    nominated = {meta.name(one) for one in items if (one.get("status") or {}).get("nominatedNodeName")}
    assert nominated == {*waiting, *preparing}


def play(script: dict[str, list[str]], steps: list[tuple[str, Any]]) -> None:
    """Let everything happen, and look after each step."""
    world = moody_world(script)
    living: set[str] = set()
    for step in steps:
        take(world, step, living)
        check(world, living)


@settings(max_examples=40, deadline=None)
@given(SCRIPTS, STEPS)
def test_no_pod_is_lost_on_its_way_to_a_node(script: dict[str, list[str]], steps: list[tuple[str, Any]]) -> None:
    play(script, steps)


def test_the_law_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    refused: dict[str, list[str]] = {"reserve": ["no"] * 9, "permit": [], "pre_bind": [], "bind": []}
    steps = [("add", "a"), ("time", 0)]
    play(refused, steps)
    for method, instead in (("_unreserve", lambda self, placed: None), ("fail", lambda *given: None)):
        with monkeypatch.context() as patched:
            patched.setattr(BindingCycle, method, instead)
            with pytest.raises(AssertionError):
                play(refused, steps)
