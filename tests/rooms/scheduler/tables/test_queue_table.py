"""The scheduling queue's own tables.

Cases after Kubernetes' pkg/scheduler/backend/queue/scheduling_queue_test.go (Test_InFlightPods,
TestPriorityQueue_Update, _UpdateWhenInflight, _Activate, _moveToActiveQ, _moveToBackoffQ, _Pop,
_MoveAllToActiveOrBackoffQueueWithQueueingHint, TestMoveAllToActiveOrBackoffQueue_PreEnqueueChecks, TestBackOffFlow,
Test_isPodWorthRequeuing) and backoff_queue_test.go.  Plugins are called `one`, `two`, ...; a hint is what a plugin
says of a kind of change: True, False, or None for one that fails.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.framework import OK, UNRESOLVABLE, Plugin, Profile, Status
from cp_sim.scheduler.plugins.priority_sort import PrioritySort
from cp_sim.scheduler.plugins.scheduling_gates import SchedulingGates
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.backoff import Backoff
from cp_sim.scheduler.queue.queueing import FORCED, Change
from cp_sim.scheduler.queue.scheduling_queue import (
    ACTIVE,
    BACKOFF,
    GATED,
    IN_FLIGHT,
    WAITING,
    QueuedPod,
    SchedulingQueue,
)
from cp_sim.scheduler.queue.worth import AFTER_BACKOFF, IMMEDIATELY, SKIP, worth
from cp_sim.sim import Clock
from tests.rooms.scheduler.cluster_parts import pod

Hints = dict[str, dict[str, bool | None]]


class Stub(Plugin):
    """A plugin that hears some kinds of change and answers each the same; `allowed` are labels that it lets in."""

    def __init__(self, name: str, hints: dict[str, bool | None], allowed: tuple[str, ...] | None = None) -> None:
        self.name = name  # type: ignore[misc]
        self.moved_by = tuple(hints)  # type: ignore[misc]
        self.hints = hints
        self.allowed = allowed
        self.asked = 0

    def hint(self, pod: PodInfo, change: Change) -> bool:
        self.asked += 1
        kind = change.kind if change.kind in self.hints else next(iter(self.hints))
        answer = self.hints[kind]
        if answer is None:
            raise RuntimeError("this hint fails")
        return answer

    def pre_enqueue(self, pod: PodInfo) -> Status:
        if self.allowed is None or any(label in self.allowed for label in pod.labels):
            return OK
        return Status(UNRESOLVABLE, ("pod name not in allowlists",))


def profile_of(hints: Hints, *more: Plugin) -> Profile:
    plugins = [Stub(name, of) for name, of in hints.items()]
    return Profile((SchedulingGates(), PrioritySort(), *plugins, *more))


def info(name: str, **more: Any) -> PodInfo:
    return PodInfo(pod(name, metadata={"uid": name, **more.pop("metadata", {})}, **more))


def places(queue: SchedulingQueue) -> dict[str, str]:
    return {uid: one.place for uid, one in queue.pods.items()}


# -- what happens while pods are in flight ---------------------------------------------------------------------------

ALL_HEARD: Hints = {
    "one": dict.fromkeys(("persistentvolumes/add", "nodes/add", "persistentvolumeclaims/add", "csinodes/update"), True)
}

IN_FLIGHT_TABLE: list[tuple[str, Hints, list[str], dict[str, str], int]] = [
    # (what, hints, steps, where the pods end, how many changes are still kept)
    (
        "a change counts from the moment on in which a pod is taken",
        ALL_HEARD,
        ["persistentvolumeclaims/add", "pop a", "persistentvolumes/add"],
        {"a": IN_FLIGHT},
        1,
    ),
    (
        "who comes back without a plugin to blame goes to back-off, and what only it had to know is forgotten",
        ALL_HEARD,
        ["persistentvolumeclaims/add", "pop a", "persistentvolumes/add", "pop b", "nodes/add", "back a"],
        {"a": BACKOFF, "b": IN_FLIGHT},
        1,
    ),
    (
        "with nobody in flight nothing is kept",
        ALL_HEARD,
        ["pop a", "persistentvolumes/add", "pop b", "nodes/add", "back a", "csinodes/update", "back b"],
        {"a": BACKOFF, "b": BACKOFF},
        0,
    ),
    (
        "what the oldest has to know is kept when another comes back",
        ALL_HEARD,
        ["pop a", "persistentvolumes/add", "pop b", "nodes/add", "pop c", "csinodes/update", "back b"],
        {"a": IN_FLIGHT, "b": BACKOFF, "c": IN_FLIGHT},
        3,
    ),
    (
        "a change before it was taken does not count",
        {"one": {"pods/add": False, "nodes/add": True}},
        ["nodes/add", "pop a", "pods/add", "back a: one"],
        {"a": WAITING},
        0,
    ),
    (
        "a change that no plugin to blame hears does not count",
        {"one": {"pods/add": True}},
        ["pop a", "nodes/add", "back a: one"],
        {"a": WAITING},
        0,
    ),
    (
        "a change of which the plugin says that it does not help does not count",
        {"one": {"pods/add": False}},
        ["pop a", "pods/add", "back a: one"],
        {"a": WAITING},
        0,
    ),
    (
        "a change for which a pending plugin waited brings the pod back at once",
        {"one": {"pods/add": True}, "two": {"pods/add": True}, "three": {"pods/add": False}},
        ["pop a", "pods/add", "back a: two three; one"],
        {"a": ACTIVE},
        0,
    ),
    (
        "one plugin that says yes is enough for back-off",
        {"one": {"pods/add": True}, "two": {"pods/add": False}},
        ["pop a", "pods/add", "back a: one two"],
        {"a": BACKOFF},
        0,
    ),
    (
        "a change while another pod was in flight, too",
        {"one": {"pods/add": True}, "two": {"pods/add": True}, "three": {"pods/add": False}},
        ["pop a", "nodes/add", "pop b", "pods/add", "back a", "back b: two three; one"],
        {"a": BACKOFF, "b": ACTIVE},
        0,
    ),
]


@pytest.mark.parametrize(
    ("hints", "steps", "wanted", "kept"), [row[1:] for row in IN_FLIGHT_TABLE], ids=[row[0] for row in IN_FLIGHT_TABLE]
)
def test_in_flight(hints: Hints, steps: list[str], wanted: dict[str, str], kept: int) -> None:
    queue = SchedulingQueue(Clock())
    profile = profile_of(hints)
    for name in ("a", "b", "c"):
        if name in wanted:
            queue.add(info(name), profile)
            queue.clock.now_ms += 1
    flying: dict[str, QueuedPod] = {}
    for step in steps:
        word, _, rest = step.partition(" ")
        if word == "pop":
            one = queue.pop()
            assert one is not None
            assert one.pod.name == rest
            assert one.rejectors == (), "who is taken out has nobody to blame any more"
            flying[rest] = one
        elif word == "back":
            name, _, blamed = rest.partition(": ")
            rejected, _, pending = blamed.partition("; ")
            queue.failed(flying.pop(name), tuple(rejected.split()), tuple(pending.split()))
        else:
            queue.move(Change(step))
    assert places(queue) == wanted
    assert queue.in_flight.noted == kept
    assert {name for name in wanted if name in queue.in_flight} == set(flying)


# -- a pending pod is updated ----------------------------------------------------------------------------------------

UPDATE_TABLE: list[tuple[str, str, str, int, str]] = [
    # (what, where the pod is, who rejected it, milliseconds later, where it is after an update)
    ("an active one stays active", ACTIVE, "", 0, ACTIVE),
    ("one in back-off stays there", BACKOFF, "queues", 0, BACKOFF),
    ("a waiting one whose back-off is not over goes there", WAITING, "queues", 0, BACKOFF),
    ("a waiting one whose back-off is over is tried", WAITING, "queues", 11_000, ACTIVE),
    ("a waiting one stays if the plugin says so", WAITING, "skips", 11_000, WAITING),
    ("one in flight is in no queue", IN_FLIGHT, "", 0, IN_FLIGHT),
]


@pytest.mark.parametrize(
    ("place", "by", "later_ms", "wanted"), [row[1:] for row in UPDATE_TABLE], ids=[row[0] for row in UPDATE_TABLE]
)
def test_update(place: str, by: str, later_ms: int, wanted: str) -> None:
    queue = SchedulingQueue(Clock())
    queue.add(info("a"), profile_of({"queues": {"pods/update": True}, "skips": {"pods/update": False}}))
    if place != ACTIVE:
        one = queue.pop()
        assert one is not None
        if place != IN_FLIGHT:
            queue.failed(one, (by,))
        if place == BACKOFF:
            queue.update(info("a", metadata={"annotations": {"a": "0"}}))
    assert queue.pods["a"].place == place
    queue.clock.now_ms += later_ms
    queue.update(info("a", metadata={"annotations": {"a": "1"}}))
    assert places(queue) == {"a": wanted}
    assert queue.pods["a"].pod.object["metadata"]["annotations"] == {"a": "1"}


def test_an_update_in_flight_counts_when_the_pod_comes_back() -> None:
    queue = SchedulingQueue(Clock())
    queue.add(info("a"), profile_of({"one": {"pods/update-tolerations": True}}))
    one = queue.pop()
    assert one is not None
    queue.update(info("a", tolerations=[{"key": "foo", "effect": "NoSchedule"}]))
    queue.failed(one, ("one",))
    assert places(queue) == {"a": BACKOFF}


# -- a plugin wants a pod to be tried now ----------------------------------------------------------------------------

ACTIVATE_TABLE: list[tuple[str, str, dict[str, str]]] = [
    ("an active one is active", ACTIVE, {"a": ACTIVE}),
    ("one that nobody knows is ignored", "", {}),
    ("a waiting one", WAITING, {"a": ACTIVE}),
    ("one in back-off", BACKOFF, {"a": ACTIVE}),
    ("one in flight, when it comes back", IN_FLIGHT, {"a": BACKOFF}),
]


@pytest.mark.parametrize(
    ("place", "wanted"), [row[1:] for row in ACTIVATE_TABLE], ids=[row[0] for row in ACTIVATE_TABLE]
)
def test_activate(place: str, wanted: dict[str, str]) -> None:
    queue = SchedulingQueue(Clock())
    profile = profile_of({"one": {"nodes/add": True}})
    if place:
        queue.add(info("a"), profile)
    one = queue.pop() if place not in ("", ACTIVE) else None
    if one is not None and place in (WAITING, BACKOFF):
        queue.failed(one, ("one",))
        if place == BACKOFF:
            queue.move(Change("nodes/add"))
    queue.activate("a")
    if one is not None and place == IN_FLIGHT:
        assert queue.in_flight.noted == 1
        queue.failed(one, ("one",))
    assert places(queue) == wanted


# -- PreEnqueue ------------------------------------------------------------------------------------------------------

GATES: list[tuple[str, tuple[tuple[str, ...], ...], str]] = [
    # (what, labels that each plugin lets in, where a pod with the label "bar" goes instead of in)
    ("no plugin", (), ""),
    ("none lets it in", ((), ()), GATED),
    ("one does not let it in", (("foo", "bar"), ("foo",)), GATED),
    ("all let it in", (("foo", "bar"), ("bar",)), ""),
]


@pytest.mark.parametrize("into", [ACTIVE, BACKOFF])
@pytest.mark.parametrize(("allowed", "gated"), [row[1:] for row in GATES], ids=[row[0] for row in GATES])
def test_pre_enqueue(allowed: tuple[tuple[str, ...], ...], gated: str, into: str) -> None:
    queue = SchedulingQueue(Clock(), 30_000, 60_000)
    gates = [Stub(f"gate {place}", {"services/add": True}, ("bar",)) for place in range(len(allowed))]
    queue.add(info("a", labels={"bar": ""}), profile_of({"one": {"nodes/add": True}}, *gates))
    if into == BACKOFF:
        one = queue.pop()
        assert one is not None
        queue.failed(one, ("one",))
    else:
        queue.remove("a")
    for gate, labels in zip(gates, allowed, strict=True):
        gate.allowed = labels
    if into == BACKOFF:
        queue.move(Change("nodes/add"))
    else:
        queue.add(info("a", labels={"bar": ""}), profile_of({"one": {"nodes/add": True}}, *gates))
    assert places(queue) == {"a": gated or into}
    queue.update(info("a", labels={"bar": ""}, metadata={"annotations": {"a": "1"}}))
    assert places(queue) == {"a": gated or into}, "an update that nobody hears moves nothing"


def test_who_has_passed_into_back_off_is_not_asked_again_when_it_ends() -> None:
    queue = SchedulingQueue(Clock())
    gate = Stub("gate", {"services/add": True}, ("bar",))
    queue.add(info("a", labels={"bar": ""}), profile_of({"one": {"nodes/add": True}}, gate))
    one = queue.pop()
    assert one is not None
    queue.failed(one, ("one",))
    queue.move(Change("nodes/add"))
    gate.allowed = ()
    queue.clock.now_ms = 2_000
    queue.flush_backoff()
    assert places(queue) == {"a": ACTIVE}


# -- taking pods out -------------------------------------------------------------------------------------------------


def test_pop_takes_from_back_off_when_nobody_is_active_but_not_who_failed_with_an_error() -> None:
    queue = SchedulingQueue(Clock())
    profile = profile_of({"one": {"nodes/add": True}})
    for name in ("failed", "error", "waits"):
        queue.add(info(name), profile)
    taken = [queue.pop() for _ in range(3)]
    for one in taken:
        assert one is not None
        queue.failed(one, () if one.pod.name == "error" else ("one",))
    queue.move(Change("nodes/add"), but_not="waits")
    queue.add(info("active"), profile)
    assert places(queue) == {"active": ACTIVE, "failed": BACKOFF, "error": BACKOFF, "waits": WAITING}
    order = []
    while (one := queue.pop()) is not None:
        order.append(one.pod.name)
    assert order == ["active", "failed"]
    assert places(queue)["error"] == BACKOFF
    assert places(queue)["waits"] == WAITING


# -- moving with hints -----------------------------------------------------------------------------------------------

MOVE_TABLE: list[tuple[str, dict[str, Any], bool, int, str]] = [
    # (what, what the pod is like, what "one" says of a new node, how long it has waited, where it goes)
    ("to the active ones if one was pending", {"pending": True, "attempts": 1}, True, 0, ACTIVE),
    ("to back-off if that is not over", {"attempts": 1}, True, 0, BACKOFF),
    ("to the active ones if it is over", {"attempts": 1}, True, 2_000, ACTIVE),
    ("nowhere if the plugin says so", {"attempts": 1}, False, 2_000, WAITING),
    ("nowhere if the plugin that holds it back does not hear of nodes", {"gates": True}, True, 0, GATED),
    ("to where it is asked again if that does hear of nodes", {"attempts": 0, "gate": True}, True, 0, ACTIVE),
    ("to back-off if it has failed before it was held back", {"attempts": 1, "gate": True}, True, 0, BACKOFF),
]


@pytest.mark.parametrize(
    ("like", "hint", "later_ms", "wanted"), [row[1:] for row in MOVE_TABLE], ids=[row[0] for row in MOVE_TABLE]
)
def test_move(like: dict[str, Any], hint: bool, later_ms: int, wanted: str) -> None:
    queue = SchedulingQueue(Clock())
    gate = Stub("gate", {"nodes/add": hint}, ("bar",))
    profile = profile_of({"one": {"nodes/add": hint, "services/add": True}}, gate)
    gates = [{"name": "g"}] if like.get("gates") else []
    if like.get("gate") and not like["attempts"]:
        gate.allowed = ()
    queue.add(info("a", labels={"bar": ""}, schedulingGates=gates), profile)
    if like.get("attempts"):
        one = queue.pop()
        assert one is not None
        queue.failed(one, () if like.get("pending") else ("one",), ("one",) if like.get("pending") else ())
    if like.get("gate") and like["attempts"]:
        gate.allowed = ()
        queue.move(Change("services/add"))
        assert places(queue) == {"a": GATED}
    gate.allowed = ("bar",)
    queue.clock.now_ms += later_ms
    queue.move(Change("nodes/add"))
    assert places(queue) == {"a": wanted}


@pytest.mark.parametrize(
    ("up_to", "but_not", "moved"), [(2**40, "", "01234"), (2, "", "012"), (2, "1", "02"), (-1, "", "")]
)
def test_only_those_that_a_check_lets_through_are_moved(up_to: int, but_not: str, moved: str) -> None:
    queue = SchedulingQueue(Clock())
    profile = profile_of({"one": {"nodes/add": True}})
    for number in range(5):
        queue.add(info(str(number), priority=number), profile)
    for _ in range(5):
        one = queue.pop()
        assert one is not None
        queue.failed(one, ("one",))
    assert queue.move(Change("nodes/add"), but_not=but_not, up_to=up_to) == len(moved)
    assert "".join(sorted(one.pod.name for one in queue.listed(BACKOFF))) == moved


# -- back-off --------------------------------------------------------------------------------------------------------


def test_the_flow_of_back_offs() -> None:
    queue = SchedulingQueue(Clock())
    queue.clock.now_ms = 400
    queue.add(info("a"), profile_of({"one": {"nodes/add": True}}))
    for attempt, seconds in enumerate((1, 2, 4, 8, 10, 10, 10), 1):
        failed_at = queue.clock.now_ms
        one = queue.pop()
        assert one is not None
        assert one.attempts == attempt
        queue.failed(one, ("one",))
        queue.move(Change("nodes/add"))
        end = queue.next_backoff_ms()
        assert end is not None
        assert end == (failed_at // 1_000 + seconds + 1) * 1_000, "rounded to the whole second that follows"
        queue.clock.now_ms = end - 1
        queue.flush_backoff()
        assert places(queue) == {"a": BACKOFF}
        queue.clock.now_ms = end
        queue.flush_backoff()
        assert places(queue) == {"a": ACTIVE}


@pytest.mark.parametrize(
    ("initial_s", "maximum_s", "failures", "seconds"),
    [
        (1, 32, 0, 0),
        (1, 32, 16, 32),
        (1, 32, 4, 8),
        (1, 32, 64, 32),
        (1, 0, 1, 0),
        (1, 1, 3, 1),
        (1, 2**60, 1, 1),
    ],
)
def test_how_long(initial_s: int, maximum_s: int, failures: int, seconds: int) -> None:
    assert Backoff(initial_s * 1_000, maximum_s * 1_000).duration_ms(failures) == seconds * 1_000


def test_errors_are_counted_apart_from_failures() -> None:
    queue = SchedulingQueue(Clock())
    queue.add(info("a"), profile_of({"one": {"nodes/add": True}}))
    ends = []
    for blamed in (("one",), ("one",), (), (), ("one",), ()):
        one = queue.pop()
        assert one is not None
        queue.failed(one, blamed)
        ends.append((one.failures, one.errors, (one.backoff_until_ms - queue.clock.now_ms) // 1_000))
        queue.clock.now_ms += 20_000
        queue.move(Change("nodes/add"))
        queue.flush_backoff()
    assert ends == [(1, 0, 2), (2, 0, 3), (2, 1, 2), (2, 2, 3), (3, 0, 5), (3, 1, 2)]


def test_those_whose_back_off_ends_in_the_same_second_go_by_priority() -> None:
    queue = SchedulingQueue(Clock())
    profile = profile_of({"one": {"nodes/add": True}})
    for name, priority, failed_at in (("early", 1, 100), ("late", 9, 900), ("later", 99, 1_100)):
        queue.clock.now_ms = failed_at
        queue.add(info(name, priority=priority), profile)
        one = queue.pop()
        assert one is not None
        queue.failed(one, ("one",))
    queue.move(Change("nodes/add"))
    assert [one.pod.name for one in queue.listed(BACKOFF)] == ["late", "early", "later"]
    assert [one.pod.name for one in (queue.pop(), queue.pop(), queue.pop()) if one] == ["late", "early", "later"]


# -- is a change worth another attempt -------------------------------------------------------------------------------

WORTH_TABLE: list[tuple[str, Hints, tuple[str, ...], tuple[str, ...], str, int, int]] = [
    # (what, hints, rejected by, pending by, kind of change, what it means, how many plugins were asked)
    ("a kind that nobody hears", {"one": {"pods/add": True}}, ("one",), (), "nodes/add", SKIP, 0),
    ("a hint that fails counts as yes", {"one": {"nodes/add": None}}, ("one",), (), "nodes/add", AFTER_BACKOFF, 1),
    ("a wish of its own", {"one": {"nodes/add": False}}, ("one",), (), FORCED, AFTER_BACKOFF, 0),
    (
        "yes of a pending plugin means at once, and nobody after it is asked",
        {name: {"nodes/add": True} for name in ("one", "two", "three")},
        ("one",),
        ("two", "three"),
        "nodes/add",
        IMMEDIATELY,
        2,
    ),
    (
        "one yes among those that rejected it is enough",
        {"one": {"nodes/add": False}, "two": {"nodes/add": True}},
        ("one", "two"),
        (),
        "nodes/add",
        AFTER_BACKOFF,
        2,
    ),
    (
        "what other plugins say does not matter",
        {"one": {"nodes/add": False}, "two": {"nodes/add": False}, "three": {"nodes/add": True}},
        ("one", "two"),
        (),
        "nodes/add",
        SKIP,
        2,
    ),
    (
        "who hears of every update hears of labels",
        {"one": {"nodes/update": True}, "two": {"nodes/add": True}},
        ("one", "two"),
        (),
        "nodes/update-label",
        AFTER_BACKOFF,
        1,
    ),
    ("who hears everything", {"one": {"*": True}}, ("one",), (), "nodes/add", AFTER_BACKOFF, 1),
    ("no plugin to blame", {"one": {"nodes/add": False}}, (), (), "nodes/add", AFTER_BACKOFF, 0),
]


@pytest.mark.parametrize(
    ("hints", "rejected", "pending", "kind", "wanted", "asked"),
    [row[1:] for row in WORTH_TABLE],
    ids=[row[0] for row in WORTH_TABLE],
)
def test_worth(
    hints: Hints, rejected: tuple[str, ...], pending: tuple[str, ...], kind: str, wanted: int, asked: int
) -> None:
    profile = profile_of(hints)
    one = QueuedPod(info("a"), profile, 0, 0, 0, rejected_by=rejected, pending_by=pending)
    assert worth(one, Change(kind)) == wanted
    assert sum(plugin.asked for plugin in profile.plugins if isinstance(plugin, Stub)) == asked
