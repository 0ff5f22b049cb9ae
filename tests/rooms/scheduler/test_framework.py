"""A learner's plugin at every extension point, and the pod's way from its node to its binding: Reserve, Permit (wait,
allow, reject, time out), PreBind, Bind, PostBind, and what is undone when one fails.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.apiserver.request import Call
from cp_sim.objects import meta
from cp_sim.scheduler.framework import (
    ERROR,
    SKIPPED,
    UNRESOLVABLE,
    UNSCHEDULABLE,
    Plugin,
    PluginError,
    Prepare,
    Status,
    wait,
)
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from cp_sim.scheduler.queue.scheduling_queue import BACKOFF, GATED, WAITING
from cp_sim.scheduler.waiting_pods import as_data
from tests.rooms.scheduler.cluster_parts import Object, World, node, pod

GATE_TIMEOUT = "0/1 nodes are available: 1 rejected due to timeout after waiting {} at plugin Gate."


def world_with(*plugins: Any, nodes: tuple[str, ...] = ("worker-1",), **options: Any) -> World:
    """A world whose scheduler runs these plugins beside the default ones."""
    return World(*(node(name) for name in nodes), profiles=(*DEFAULT_PLUGINS, *plugins), **options)


def condition_of(world: World, name: str = "web-1") -> tuple[str, str]:
    """(reason, message) of the condition PodScheduled."""
    condition = meta.condition(world.get("pods", name, "default"), "PodScheduled") or {}
    return condition.get("reason", ""), condition.get("message", "")


def delete(world: World, name: str) -> None:
    """Delete a pod at once."""
    world.ask(Call("delete", "pods", "default", name, options={"gracePeriodSeconds": 0}))


class Gate(Plugin):
    """Lets every pod wait; one that it has rejected waits for a node."""

    name = "Gate"
    moved_by = ("nodes/add",)

    def __init__(self, duration: str = "30s") -> None:
        self.duration = duration

    def permit(self, state: Any, pod: Any, node: str) -> Status:
        return wait(self.duration)


class Diary(Plugin):
    """Notes what it is asked; fails or refuses at one extension point.  A new node may help."""

    moved_by = ("nodes/add",)

    def __init__(self, at: str = "", answer: Any = None) -> None:
        self.at = at
        self.answer = answer

    def _note(self, state: Any, what: str) -> Any:
        state.setdefault("diary", []).append(f"{self.name} {what}")
        if what == self.at and isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if what == self.at else None

    def reserve(self, state: Any, pod: Any, node: str) -> Any:
        return self._note(state, "reserve")

    def unreserve(self, state: Any, pod: Any, node: str) -> None:
        self._note(state, "unreserve")

    def permit(self, state: Any, pod: Any, node: str) -> Any:
        return self._note(state, "permit")

    def pre_bind(self, state: Any, pod: Any, node: str) -> Any:
        return self._note(state, "pre_bind")

    def post_bind(self, state: Any, pod: Any, node: str) -> None:
        self._note(state, "post_bind")


class First(Diary):
    name = "First"


class Second(Diary):
    name = "Second"


class Keeper(Plugin):
    """Keeps the state of the last cycle, so that a test can read what was noted there."""

    name = "Keeper"

    def __init__(self) -> None:
        self.state: Any = {}

    def reserve(self, state: Any, pod: Any, node: str) -> None:
        self.state = state


def diary(world: World) -> list[str]:
    """What plugins noted in the last cycle."""
    keeper: Any = world.scheduler.profiles["default-scheduler"].plugin("Keeper")
    return keeper.state.get("diary", [])  # type: ignore[no-any-return]


# -- Reserve, PreBind, PostBind ----------------------------------------------------------------------------------------


def test_plugins_are_asked_point_by_point_in_their_order() -> None:
    world = world_with(Keeper(), First(), Second())
    assert meta.node_name(world.add_pod(pod("web-1"))) == "worker-1"
    assert diary(world) == [
        f"{name} {point}" for point in ("reserve", "permit", "pre_bind", "post_bind") for name in ("First", "Second")
    ]


@pytest.mark.parametrize("point", ["reserve", "permit"])
def test_a_refusal_is_undone_in_reverse_order_and_the_pod_waits_for_a_change(point: str) -> None:
    world = world_with(Keeper(), First(point, "no seat left"), Second())
    assert not meta.node_name(world.add_pod(pod("web-1")))
    told = diary(world)
    assert told[-2:] == ["Second unreserve", "First unreserve"]
    assert ("Second reserve" in told) == (point == "permit")
    assert condition_of(world) == ("Unschedulable", "0/1 nodes are available: 1 no seat left.")
    assert world.events("FailedScheduling") == ["0/1 nodes are available: 1 no seat left."]
    (waiting,) = world.scheduler.queue.listed(WAITING)
    assert waiting.rejected_by == ("First",)
    assert not world.scheduler.cache.pods


# point: what is said when the plugin raises KeyError("seat")
RAISED = {
    "reserve": 'running Reserve plugin "First": KeyError: ',
    "permit": 'running Permit plugin "First": KeyError: ',
    "pre_bind": 'running PreBind plugin "First": KeyError: ',
}


@pytest.mark.parametrize("point", RAISED)
def test_an_error_is_told_with_the_plugin_and_the_pod_is_tried_again(point: str) -> None:
    world = world_with(Keeper(), First(point, KeyError("seat")), Second())
    assert not meta.node_name(world.add_pod(pod("web-1")))
    reason, message = condition_of(world)
    assert reason == "SchedulerError"
    assert message.startswith(f"{RAISED[point]}'seat' (line ")
    assert diary(world)[-2:] == ["Second unreserve", "First unreserve"]
    assert not world.scheduler.cache.pods
    (waiting,) = world.scheduler.queue.listed(BACKOFF)
    assert waiting.errors >= 1
    world.scheduler.profiles["default-scheduler"].plugin("First").at = ""  # type: ignore[attr-defined]
    world.loop.run(60_000)
    assert meta.node_name(world.get("pods", "web-1", "default")) == "worker-1"


def test_after_permit_a_refusal_is_only_a_back_off() -> None:
    world = world_with(First("pre_bind", Status(UNSCHEDULABLE, ("the disk is busy",))))
    world.add_pod(pod("web-1"))
    assert condition_of(world) == ("Unschedulable", "the disk is busy")
    assert world.scheduler.queue.listed(BACKOFF)


def test_errors_when_it_is_too_late_to_fail_are_noted() -> None:
    world = world_with(First("post_bind", ValueError("forgot")))
    assert meta.node_name(world.add_pod(pod("web-1"))) == "worker-1"
    (record,) = world.trace.find(lambda record: record.verb == "post-bind")
    assert record.because.startswith('running PostBind plugin "First": ValueError: forgot')


def test_an_answer_that_nobody_understands_is_an_error() -> None:
    world = world_with(First("permit", 7))
    world.add_pod(pod("web-1"))
    text = 'running Permit plugin "First": it answers 7: give None, a reason or a Status'
    assert condition_of(world) == ("SchedulerError", text)


class Borrower(Plugin):
    """Does not bind pods that another binder is for."""

    name = "Borrower"

    def bind(self, state: Any, pod: Any, node: str) -> Any:
        if pod.labels.get("binder") != "mine":
            return None
        body = {"metadata": {"name": pod.name}, "target": {"kind": "Node", "name": node}}
        return Call("create", "pods", pod.namespace, pod.name, "binding", body)


def test_the_first_bind_plugin_that_wants_the_pod_binds_it() -> None:
    kept = tuple(plugin for plugin in DEFAULT_PLUGINS if plugin.name != "DefaultBinder")
    world = World(node("worker-1"), profiles=(*kept, Borrower()))
    assert meta.node_name(world.add_pod(pod("web-1", labels={"binder": "mine"}))) == "worker-1"
    world.add_pod(pod("web-2"))
    assert condition_of(world, "web-2") == ("SchedulerError", "no Bind plugin took the pod")


def test_a_refused_binding_is_told_in_the_words_of_the_api_server() -> None:
    world = world_with(Gate())
    world.add_pod(pod("web-1"))
    (waiting,) = world.scheduler.waiting_pods.values()
    target = {"apiVersion": "v1", "kind": "Node", "name": "worker-1"}
    body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": "web-1"}, "target": target}
    world.user.api.send(Call("create", "pods", "default", "web-1", "binding", body), "answered")
    waiting.allow("Gate")
    world.loop.settle()
    assert meta.node_name(world.get("pods", "web-1", "default")) == "worker-1"
    assert not world.scheduler.waiting_pods
    assert not world.scheduler.cache.assumed
    assert list(world.scheduler.cache.pods) == [waiting.pod.uid]


# -- Permit ------------------------------------------------------------------------------------------------------------


def test_a_pod_waits_with_its_node_while_others_are_scheduled() -> None:
    class Slow(Gate):
        def permit(self, state: Any, pod: Any, node: str) -> Any:
            return wait("30s") if pod.name == "slow" else None

    world = world_with(Slow())
    stored = world.add_pod(pod("slow", cpu="3"))
    assert not meta.node_name(stored)
    assert stored["status"]["nominatedNodeName"] == "worker-1"
    (waiting,) = world.scheduler.waiting_pods.values()
    assert (waiting.key, waiting.node, list(waiting.pending)) == ("default/slow", "worker-1", ["Gate"])
    assert waiting.until_ms == waiting.since_ms + 30_000
    assert as_data(waiting)["untilMs"] == {"Gate": waiting.until_ms}
    assert repr(waiting) == "WaitingPod(default/slow on worker-1, for Gate)"
    assert meta.node_name(world.add_pod(pod("quick", cpu="1"))) == "worker-1"
    assert not meta.node_name(world.add_pod(pod("late", cpu="1"))), "the waiting pod holds its room"
    (record,) = world.trace.find(lambda record: record.verb == "permit")
    assert record.because == "has worker-1 and waits for Gate (at most 30s)"
    assert (record.evidence.node, list(record.evidence.until_ms)) == ("worker-1", ["Gate"])


def test_an_allowed_pod_is_bound_and_not_nominated_any_more() -> None:
    world = world_with(Gate())
    world.add_pod(pod("web-1"))
    (waiting,) = world.scheduler.waiting_pods.values()
    waiting.allow("Gate")
    world.loop.settle()
    stored = world.get("pods", "web-1", "default")
    assert meta.node_name(stored) == "worker-1"
    assert "nominatedNodeName" not in stored["status"]
    assert not world.scheduler.waiting_pods
    world.loop.run(60_000)
    assert meta.is_true(world.get("pods", "web-1", "default"), "PodScheduled")


class OtherGate(Gate):
    name = "OtherGate"


def test_all_plugins_have_to_allow_it() -> None:
    world = world_with(Gate(), OtherGate("60s"))
    world.add_pod(pod("web-1"))
    (waiting,) = world.scheduler.waiting_pods.values()
    waiting.allow("Gate")
    waiting.allow("Gate")
    world.loop.settle()
    assert list(waiting.pending) == ["OtherGate"]
    world.loop.run(31_000)
    assert world.scheduler.waiting_pods, "the time of the one that has allowed it does not count any more"
    waiting.allow("OtherGate")
    world.loop.settle()
    assert meta.node_name(world.get("pods", "web-1", "default")) == "worker-1"
    with pytest.raises(
        ValueError, match="default/web-1 does not wait for a plugin 'Gat'; its Permit plugins: Gate, Ot"
    ):
        waiting.allow("Gat")


def test_a_rejected_pod_leaves_its_node_and_the_others_may_have_it() -> None:
    world = world_with(Gate())
    world.add_pod(pod("web-1", cpu="3"))
    world.add_pod(pod("web-2", cpu="3"))
    assert condition_of(world, "web-2")[1].startswith("0/1 nodes are available: 1 Insufficient cpu.")
    (waiting,) = world.scheduler.waiting_pods.values()
    waiting.reject("Gate", "the gang is not complete")
    waiting.allow("Gate")
    world.loop.settle()
    assert condition_of(world) == ("Unschedulable", "0/1 nodes are available: 1 the gang is not complete.")
    assert "nominatedNodeName" not in world.get("pods", "web-1", "default")["status"]
    assert [one.key for one in world.scheduler.waiting_pods.values()] == ["default/web-2"]
    assert [one.pod.name for one in world.scheduler.queue.listed(WAITING)] == ["web-1"]


@pytest.mark.parametrize(("duration", "shown", "lasts_ms"), [("30s", "30s", 30_000), ("2h", "15m0s", 900_000)])
def test_a_pod_that_nobody_allows_in_time_is_rejected(duration: str, shown: str, lasts_ms: int) -> None:
    world = world_with(Gate(duration))
    world.add_pod(pod("web-1"))
    (waiting,) = world.scheduler.waiting_pods.values()
    world.loop.run(lasts_ms - (world.loop.clock.now_ms - waiting.since_ms) - 1)
    assert world.scheduler.waiting_pods
    world.loop.run(1_000)
    assert condition_of(world) == ("Unschedulable", GATE_TIMEOUT.format(shown))
    assert world.events("FailedScheduling") == [GATE_TIMEOUT.format(shown)]


def test_a_waiting_pod_that_is_deleted_is_forgotten() -> None:
    world = world_with(Keeper(), First(), Gate())
    world.add_pod(pod("web-1", cpu="3"))
    world.add_pod(pod("web-2", cpu="3"))
    (waiting,) = world.scheduler.waiting_pods.values()
    told = waiting.placed.state["diary"]
    delete(world, "web-1")
    assert told[-1] == "First unreserve"
    assert [one.key for one in world.scheduler.waiting_pods.values()] == ["default/web-2"]
    waiting.allow("Gate")
    world.loop.run(60_000)
    assert "default/web-1" not in [one.key for one in world.scheduler.cache.pods.values()]


def test_a_waiting_pod_is_pushed_out_without_being_deleted() -> None:
    class Humble(Gate):
        def permit(self, state: Any, pod: Any, node: str) -> Any:
            return wait("5m") if not pod.priority else None

    world = World(node("worker-1", cpu="2"), profiles=(*DEFAULT_PLUGINS, Humble()))
    body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 10}
    world.ask(Call("create", "priorityclasses.scheduling.k8s.io", body=body))
    world.add_pod(pod("low", cpu="2"))
    world.add_pod(pod("vip", cpu="2", priorityClassName="high"))
    vip = world.get("pods", "vip", "default")
    assert meta.node_name(vip) == "worker-1"
    assert "0/1 nodes are available: 1 preempted." in world.events("FailedScheduling")
    assert world.events("Preempted") == [f"Preempted by pod {meta.uid(vip)} on node worker-1"]
    assert not meta.is_deleting(world.get("pods", "low", "default"))
    assert not world.scheduler.waiting_pods


def test_a_copy_of_the_world_has_the_waiting_pod_to_itself() -> None:
    world = world_with(Gate())
    world.add_pod(pod("web-1"))
    other = copy.deepcopy(world)
    (waiting,) = other.scheduler.waiting_pods.values()
    waiting.allow("Gate")
    other.loop.settle()
    assert meta.node_name(other.get("pods", "web-1", "default")) == "worker-1"
    assert not meta.node_name(world.get("pods", "web-1", "default"))
    world.loop.run(31_000)
    assert condition_of(world)[1] == GATE_TIMEOUT.format("30s")


class Gang(Plugin):
    """Pods of one group are bound together, when `size` of them have a node."""

    name = "Gang"
    size = 3

    def permit(self, state: Any, pod: Any, node: str) -> Any:
        group = pod.labels.get("group")
        others = [one for one in state.waiting_pods.values() if one.pod.labels.get("group") == group]
        if len(others) + 1 < self.size:
            return wait("1m")
        for one in others:
            one.allow(self.name)
        return None


def test_a_gang_is_bound_when_it_is_complete() -> None:
    world = world_with(Gang(), nodes=("worker-1", "worker-2"))
    for name in ("a", "b"):
        assert not meta.node_name(world.add_pod(pod(name, labels={"group": "g"})))
    assert len(world.scheduler.waiting_pods) == 2
    world.add_pod(pod("c", labels={"group": "g"}))
    assert all(meta.node_name(world.get("pods", name, "default")) for name in "abc")
    chains = [world.trace.chain(world.trace.about(f"pods/default/{name}")[-1]) for name in "ab"]
    assert all(any(record.subject == "pods/default/c" for record in chain) for chain in chains)


def test_a_gang_that_stays_incomplete_gives_its_nodes_back() -> None:
    world = world_with(Gang())
    world.add_pod(pod("a", labels={"group": "g"}))
    world.loop.run(61_000)
    text = "0/1 nodes are available: 1 rejected due to timeout after waiting 1m0s at plugin Gang."
    assert condition_of(world, "a") == ("Unschedulable", text)


# -- what becomes of what several plugins say --------------------------------------------------------------------------

# Cases of TestReservePlugins, TestPermitPlugins, TestPreBindPreFlightPlugins and TestRunBindPlugins in
# pkg/scheduler/framework/runtime/framework_test.go: (method, what one plugin after the other says, what comes of it).
NO, NEVER, BAD = Status(UNSCHEDULABLE, ("no",)), Status(UNRESOLVABLE, ("never",)), Status(ERROR, ("bad",))
REFUSED = {"no": "0/1 nodes are available: 1 no.", "never": "0/1 nodes are available: 1 never."}
SEVERAL: list[tuple[str, list[Any], str]] = [
    *[
        (method, said, text)
        for method, word in (("reserve", "Reserve"), ("permit", "Permit"))
        for said, text in (
            ([None], ""),
            ([None, None], ""),
            ([NO], REFUSED["no"]),
            ([NEVER], REFUSED["never"]),
            ([NO, None], REFUSED["no"]),
            ([BAD], f'running {word} plugin "P1": bad'),
            ([BAD, BAD], f'running {word} plugin "P1": bad'),
            ([None, BAD], f'running {word} plugin "P2": bad'),
            ([BAD, None], f'running {word} plugin "P1": bad'),
        )
    ],
    ("permit", [wait(0), wait("1s")], "waits for P1, P2"),
    ("permit", [wait("1s"), NO], REFUSED["no"]),
    ("permit", [wait("1s"), BAD], 'running Permit plugin "P2": bad'),
    ("pre_bind_pre_flight", [SKIPPED, None], ""),
    ("pre_bind_pre_flight", [SKIPPED, SKIPPED], ""),
    ("pre_bind_pre_flight", [SKIPPED, BAD], 'running PreBindPreFlight "P2": bad'),
    (
        "pre_bind_pre_flight",
        [NO],
        'PreBindPreFlight P1 returned "Unschedulable", which is unsupported. It is supposed to return Success, Skip, '
        "or Error status",
    ),
    ("bind", [SKIPPED, None], ""),
    ("bind", [SKIPPED, BAD], 'running Bind plugin "P2": bad'),
    ("bind", [SKIPPED, NO], "no"),
    ("bind", [NEVER], "never"),
    ("bind", ["Call", BAD], ""),
    ("bind", [SKIPPED, "Call", BAD], ""),
    ("bind", [BAD, "Call"], 'running Bind plugin "P1": bad'),
]


def saying(number: int, method: str, answer: Any) -> Plugin:
    """The plugin P<number>, which answers this at one extension point."""

    def say(self: Any, state: Any, pod: Any, node: str) -> Any:
        if answer == "Call":
            body = {"metadata": {"name": pod.name}, "target": {"kind": "Node", "name": node}}
            return Call("create", "pods", pod.namespace, pod.name, "binding", body)
        return answer

    more = {"pre_bind": lambda self, state, pod, node: None} if method == "pre_bind_pre_flight" else {}
    return type(f"P{number}", (Plugin,), {"name": f"P{number}", "moved_by": ("nodes/add",), method: say, **more})()


@pytest.mark.parametrize(("method", "said", "text"), SEVERAL)
def test_what_several_plugins_say(method: str, said: list[Any], text: str) -> None:
    plugins = [saying(number, method, answer) for number, answer in enumerate(said, 1)]
    world = World(node("worker-1"), profiles=(*DEFAULT_PLUGINS[:-1], *plugins, DEFAULT_PLUGINS[-1]))
    world.user.api.send(Call("create", "pods", "default", body=pod("web-1")), "answered")
    world.loop.run_until(lambda: bool(world.decisions()) and not world.loop.pending())
    waiting = [f"waits for {', '.join(one.pending)}" for one in world.scheduler.waiting_pods.values()]
    world.loop.settle()
    stored = world.get("pods", "web-1", "default")
    if text.startswith("waits"):
        assert waiting == [text]
    elif text:
        assert condition_of(world)[1] == text
    else:
        assert meta.node_name(stored) == "worker-1"


# -- PreBind that takes its time ---------------------------------------------------------------------------------------


class Labelled(Plugin):
    """Before a pod is bound, a claim is asked for an answer."""

    name = "Labelled"

    def pre_bind_pre_flight(self, state: Any, pod: Any, node: str) -> Any:
        return SKIPPED if pod.labels.get("quick") else None

    def pre_bind(self, state: Any, pod: Any, node: str) -> Any:
        patch = {"metadata": {"labels": {"wanted-by": pod.name}}}
        resource = "namespaces" if pod.labels.get("bold") else "persistentvolumeclaims"
        call = Call("patch", resource, "default", "desk", "", patch, {}, "merge")
        return Prepare((call,), 20_000, "nobody answered")

    def prepared(self, state: Any, pod: Any, node: str) -> Any:
        answer = meta.labels(state.cache.get("persistentvolumeclaims", "default/desk")).get("answer")
        if answer == "no":
            return Status(ERROR, ("the answer is no",))
        return None if answer == "yes" else wait(0)


def labelled_world() -> World:
    world = World(node("worker-1"), profiles=(*DEFAULT_PLUGINS, Labelled()))
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    body = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "desk"}, "spec": spec}
    world.ask(Call("create", "persistentvolumeclaims", "default", body=body))
    return world


@pytest.mark.parametrize("answer", ["yes", "no", ""])
def test_a_plugin_waits_for_what_its_requests_bring_about(answer: str) -> None:
    world = labelled_world()
    stored = world.add_pod(pod("web-1"))
    assert stored["status"]["nominatedNodeName"] == "worker-1"
    assert not meta.node_name(stored)
    assert meta.labels(world.get("persistentvolumeclaims", "desk", "default"))["wanted-by"] == "web-1"
    assert meta.node_name(world.add_pod(pod("web-2", labels={"quick": "true"}))) == "worker-1"
    if answer:
        world.change("persistentvolumeclaims", "desk", {"metadata": {"labels": {"answer": answer}}}, "default")
    else:
        world.loop.run(20_000)
    stored = world.get("pods", "web-1", "default")
    if answer == "yes":
        assert meta.node_name(stored) == "worker-1"
        return
    why = "the answer is no" if answer else "nobody answered"
    assert condition_of(world) == ("SchedulerError", f'running PreBind plugin "Labelled": {why}')


def test_a_request_that_is_refused_is_told_in_the_words_of_the_api_server() -> None:
    world = labelled_world()
    world.add_pod(pod("web-1", labels={"bold": "yes"}))
    reason, message = condition_of(world)
    assert reason == "SchedulerError"
    assert message.startswith(
        'running PreBind plugin "Labelled": namespaces "desk" is forbidden: User "system:kube-sch'
    )


def test_a_pod_that_is_deleted_meanwhile_is_forgotten() -> None:
    world = labelled_world()
    world.add_pod(pod("web-1"))
    delete(world, "web-1")
    assert not world.scheduler.binding.preparing
    assert not world.scheduler.cache.pods
    world.loop.run(30_000)
    assert not world.scheduler.queue.listed(BACKOFF)


# -- the other extension points ----------------------------------------------------------------------------------------


class Raising(Plugin):
    """Raises at one extension point."""

    name = "Raising"


def raising(method: str) -> Plugin:
    """A plugin whose one method raises."""

    def fail(self: Any, *given: Any) -> Any:
        raise RuntimeError("no luck")

    fail.__code__ = fail.__code__.replace(co_name=method)
    return type("Raising", (Raising,), {method: fail})()


# method: the beginning of what is said
CYCLE = {
    "pre_filter": 'running PreFilter plugin "Raising": RuntimeError: no luck',
    "filter": 'running "Raising" filter plugin: RuntimeError: no luck',
    "filter_node": 'running "Raising" filter plugin: RuntimeError: no luck',
    "pre_score": 'running PreScore plugin "Raising": RuntimeError: no luck',
    "score": 'running Score plugins: plugin "Raising" failed with: RuntimeError: no luck',
    "score_node": 'running Score plugins: plugin "Raising" failed with: RuntimeError: no luck',
}


@pytest.mark.parametrize("method", CYCLE)
def test_an_error_in_the_cycle_names_the_plugin_and_the_pod_is_not_lost(method: str) -> None:
    world = world_with(raising(method), nodes=("worker-1", "worker-2"))
    world.add_pod(pod("web-1"))
    reason, message = condition_of(world)
    assert reason == "SchedulerError"
    assert message.startswith(CYCLE[method])
    assert world.scheduler.queue.listed(BACKOFF)
    assert world.decisions()[0].result == "error"
    assert not world.scheduler.cache.pods


class Vague(Plugin):
    """Answers what no extension point knows."""

    name = "Vague"

    def __init__(self, method: str, answer: Any) -> None:
        self.method = method
        self.answer = answer

    def pre_filter(self, state: Any, pod: Any) -> Any:
        return self.answer if self.method == "pre_filter" else None

    def filter(self, state: Any, pod: Any, nodes: Any) -> Any:
        return self.answer if self.method == "filter" else None

    def score(self, state: Any, pod: Any, nodes: Any) -> Any:
        return self.answer if self.method == "score" else 0

    def post_filter(self, state: Any, pod: Any, found: Any) -> Any:
        return self.answer if self.method == "post_filter" else None


# (method, answer, what is said)
VAGUE = [
    ("pre_filter", 7, 'running PreFilter plugin "Vague": it answers 7: give None, a reason or a Status'),
    ("filter", "no", 'running "Vague" filter plugin: '),
    ("score", "best", 'running Score plugins: plugin "Vague" failed with: '),
]


@pytest.mark.parametrize(("method", "answer", "text"), VAGUE)
def test_an_answer_that_the_cycle_cannot_go_on_with(method: str, answer: Any, text: str) -> None:
    world = world_with(Vague(method, answer), nodes=("worker-1", "worker-2"))
    world.add_pod(pod("web-1"))
    reason, message = condition_of(world)
    assert (reason, message[: len(text)]) == ("SchedulerError", text)


def test_what_a_post_filter_plugin_says_is_part_of_the_message() -> None:
    world = world_with(Vague("post_filter", "ask for more nodes"))
    world.add_pod(pod("web-1", cpu="64"))
    assert condition_of(world)[1].startswith("0/1 nodes are available: 1 Insufficient cpu. ")
    assert "ask for more nodes" in condition_of(world)[1]


def test_an_error_in_post_filter() -> None:
    world = World(
        node("worker-1", cpu="1"), profiles=(*DEFAULT_PLUGINS[:-4], raising("post_filter"), *DEFAULT_PLUGINS[-4:])
    )
    world.add_pod(pod("web-1", cpu="2"))
    assert condition_of(world)[1].startswith('running PostFilter plugin "Raising": RuntimeError: no luck')


def test_the_innermost_plugin_is_to_blame_for_an_error_during_preemption() -> None:
    class Fragile(Plugin):
        name = "Fragile"

        def filter(self, state: Any, pod: Any, nodes: Any) -> Any:
            if not len(nodes.table.columns["pods"]) or not nodes.pod_count().any():
                raise RuntimeError("it is empty")
            return None

    world = World(node("worker-1", cpu="2"), profiles=(*DEFAULT_PLUGINS, Fragile()))
    world.scheduler.profiles["default-scheduler"].plugin("Fragile")
    body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 10}
    world.ask(Call("create", "priorityclasses.scheduling.k8s.io", body=body))
    bound = pod("low", cpu="2", on="worker-1")
    world.ask(Call("create", "pods", "default", body=bound))
    world.add_pod(pod("vip", cpu="2", priorityClassName="high"))
    assert condition_of(world, "vip")[1].startswith('running "Fragile" filter plugin: RuntimeError: it is empty')
    row = world.scheduler.cache.table.row_of["worker-1"]
    assert world.scheduler.cache.table.requested("cpu")[row] == 2_000, "what was taken away in thought is back"


class Holding(Plugin):
    """Holds pods back that are not signed."""

    name = "Holding"
    moved_by = ("pods/update-label",)

    def pre_enqueue(self, pod: Any) -> Any:
        return None if pod.labels.get("signed") else "nobody has signed it"


def test_pre_enqueue_holds_a_pod_back() -> None:
    world = world_with(Holding())
    world.add_pod(pod("web-1"))
    (held,) = world.scheduler.queue.listed(GATED)
    assert held.gate is not None
    assert (held.gate.plugin, held.gate.code, held.gate.reason) == ("Holding", UNSCHEDULABLE, "nobody has signed it")
    world.change("pods", "web-1", {"metadata": {"labels": {"signed": "yes"}}}, "default")
    assert meta.node_name(world.get("pods", "web-1", "default")) == "worker-1"


def test_an_error_in_pre_enqueue_holds_the_pod_back_too() -> None:
    world = world_with(raising("pre_enqueue"))
    world.add_pod(pod("web-1"))
    (held,) = world.scheduler.queue.listed(GATED)
    assert held.gate is not None
    assert held.gate.reason.startswith('running PreEnqueue plugin "Raising": RuntimeError: no luck')


class ByName(Plugin):
    """The pod with the smallest name goes first."""

    name = "ByName"

    def sort_key(self, pod: Any, time_ms: int) -> tuple[Any, ...]:
        return (pod.name,)


def test_another_order_of_the_queue() -> None:
    kept = tuple(plugin for plugin in DEFAULT_PLUGINS if plugin.name != "PrioritySort")
    world = World(node("tiny", cpu="1"), profiles=(*kept, ByName()))
    for name in ("c", "a", "b"):
        world.add_pod(pod(name, cpu="3"))
    world.loop.run(20_000)
    world.add_node(node("worker-1"))
    assert [one for one in "abc" if meta.node_name(world.get("pods", one, "default"))] == ["a"]


def test_a_queue_without_an_order_is_an_error_that_names_the_plugin() -> None:
    class Clueless(Plugin):
        name = "Clueless"

        def sort_key(self, pod: Any, time_ms: int) -> Any:
            return pod.labels["rank"]

    kept = tuple(plugin for plugin in DEFAULT_PLUGINS if plugin.name != "PrioritySort")
    world = World(node("worker-1"), profiles=(*kept, Clueless()))
    with pytest.raises(
        PluginError, match=r"running QueueSort plugin \"Clueless\": KeyError: 'rank' \(line \d+, in sort_k"
    ):
        world.add_pod(pod("web-1"))


class Picky(Plugin):
    """Refuses whole pods, likes some nodes, and says so to 100."""

    name = "Picky"

    def pre_filter(self, state: Any, pod: Any) -> Any:
        return "it is too red" if pod.labels.get("colour") == "red" else None

    def score_node(self, pod: Any, node: Object) -> int:
        return len(node["metadata"]["name"])

    def normalize_score(self, state: Any, pod: Any, nodes: Any, scores: Any) -> Any:
        return scores * 0 + 100 * (scores == scores.max())


def test_pre_filter_and_normalize_score() -> None:
    world = world_with(Picky(), nodes=("w", "worker"))
    world.add_pod(pod("red", labels={"colour": "red"}))
    assert condition_of(world, "red")[1].startswith("0/2 nodes are available: it is too red.")
    world.add_pod(pod("blue"))
    (decision,) = [one for one in world.decisions() if one.pod == "default/blue"]
    assert decision.scores()["Picky"] == {"w": 0, "worker": 100}
    assert decision.raw_scores()["Picky"] == {"w": 1, "worker": 6}


def test_a_point_switched_off_whose_result_is_wanted_is_an_error() -> None:
    text = """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- plugins:
    preScore:
      disabled:
      - name: PodTopologySpread
"""
    world = World(node("worker-1"), node("worker-2"), profiles=text)
    world.add_pod(pod("web-1"))
    assert condition_of(world) == (
        "SchedulerError",
        'running Score plugins: plugin "PodTopologySpread" failed with: reading "PodTopologySpread/score" from '
        "cycleState: not found",
    )


# -- in a cluster ------------------------------------------------------------------------------------------------------

PROFILES = """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
podInitialBackoffSeconds: 2
profiles:
- schedulerName: default-scheduler
- schedulerName: packer
  plugins:
    multiPoint:
      enabled: [{name: Gate}]
  pluginConfig:
  - name: NodeResourcesFit
    args: {scoringStrategy: {type: MostAllocated}}
  - name: Gate
    args: {duration: 10s}
"""


def manifest(name: str, scheduler: str = "default-scheduler", cpu: str = "500m") -> Object:
    """A pod for a cluster."""
    resources = {"requests": {"cpu": cpu, "memory": "64Mi"}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "schedulerName": scheduler,
            "containers": [{"name": "a", "image": "nginx", "resources": resources}],
        },
    }


def test_two_profiles_in_one_cluster_decide_differently() -> None:
    cluster = Cluster(workers=2, seed=3, scheduler_profiles=PROFILES, scheduler_plugins=Gate)
    cluster.apply(manifest("first", cpu="1"))
    cluster.settle()
    first = meta.node_name(cluster.get("pod/first"))
    cluster.apply(manifest("spread"))
    cluster.apply(manifest("packed", "packer"))
    cluster.settle()
    assert meta.node_name(cluster.get("pod/spread")) != first
    assert cluster.waiting_pods["default/packed"].node == first
    assert cluster.scheduler.queue.backoff.initial_ms == 2_000
    fork = cluster.fork()
    fork.run("11s")
    condition = meta.condition(fork.get("pod/packed"), "PodScheduled") or {}
    assert condition["message"] == GATE_TIMEOUT.format("10s")
    cluster.permit("pod/packed", "Gate")
    cluster.settle()
    assert meta.node_name(cluster.get("pod/packed")) == first
    assert {one["reportingComponent"] for one in cluster.get("events") if one["reason"] == "Scheduled"} == {
        "default-scheduler",
        "packer",
    }
    again = cluster.replay()
    assert meta.node_name(again.get("pod/packed")) == first


def test_a_scheduler_that_starts_anew_remembers_nothing() -> None:
    cluster = Cluster(workers=2, scheduler_profiles=(*DEFAULT_PLUGINS, Gang()))
    for name in "ab":
        cluster.apply({**manifest(name), "metadata": {"name": name, "labels": {"group": "g"}}})
    cluster.settle()
    nodes = {key: one.node for key, one in cluster.waiting_pods.items()}
    first = cluster.scheduler
    cluster.crash("kube-scheduler")
    with pytest.raises(LookupError, match="no scheduler places pods now"):
        print(cluster.waiting_pods)
    cluster.run("2s")
    cluster.restart("kube-scheduler")
    cluster.settle()
    assert cluster.scheduler is not first
    assert {key: one.node for key, one in cluster.waiting_pods.items()} == nodes, (
        "status.nominatedNodeName is tried first"
    )
    cluster.apply({**manifest("c"), "metadata": {"name": "c", "labels": {"group": "g"}}})
    cluster.settle()
    assert all(meta.node_name(one) for one in cluster.get("pods"))


def test_the_one_that_leads_has_the_waiting_pods() -> None:
    cluster = Cluster(control_planes=3, workers=1, scheduler_profiles=(*DEFAULT_PLUGINS, Gate("5m")))
    cluster.apply(manifest("web-1"))
    cluster.run("10s")
    cluster.permit("web-1", "Gate")
    cluster.settle()
    assert meta.node_name(cluster.get("pod/web-1")) == "worker-1"


def test_the_word_from_outside() -> None:
    cluster = Cluster(workers=1, scheduler_profiles=(*DEFAULT_PLUGINS, Gate))
    cluster.apply(manifest("web-1"))
    cluster.settle()
    with pytest.raises(LookupError, match="no pod 'web-2' waits for a Permit plugin; waiting: default/web-1"):
        cluster.permit("web-2", "Gate")
    cluster.refuse("web-1", "Gate", "not today")
    cluster.settle()
    condition = meta.condition(cluster.get("pod/web-1"), "PodScheduled") or {}
    assert condition["message"] == "0/1 nodes are available: 1 not today."
    with pytest.raises(LookupError, match="waiting: nobody"):
        cluster.permit("web-1", "Gate")


def test_a_wrong_configuration_is_refused_when_the_cluster_is_made() -> None:
    with pytest.raises(
        ValueError, match=r"^profiles\[0\].plugins.filter.enabled\[0\].name: .* \"Nope\" does not exist"
    ):
        Cluster(
            scheduler_profiles=PROFILES.split("profiles:")[0]
            + "profiles: [{plugins: {filter: {enabled: [{name: Nope}]}}}]"
        )


def test_the_times_of_leader_election_are_those_of_the_configuration() -> None:
    election = "leaderElection: {leaderElect: true, leaseDuration: 40s, renewDeadline: 30s, retryPeriod: 5s}\n"
    cluster = Cluster(control_planes=3, workers=1, scheduler_profiles=PROFILES.split("profiles:")[0] + election)
    cluster.run("10s")
    assert cluster.scheduler.elector is not None
    told = cluster.scheduler.elector.election
    assert (told.lease_ms, told.renew_deadline_ms, told.retry_ms) == (40_000, 30_000, 5_000)
    lease = cluster.get("lease/kube-scheduler", namespace="kube-system")
    assert lease["spec"]["leaseDurationSeconds"] == 40
