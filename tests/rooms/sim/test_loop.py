from __future__ import annotations

import copy
from typing import Any

import pytest

from cp_sim.sim import Actor, Chance, Clock, Loop, StillBusy, Trace, shuffled
from cp_sim.sim import loop as loop_module


class Relay(Actor):
    """Records what it hears and passes it on, `delay_ms` later."""

    def __init__(self, name: str, to: str = "", delay_ms: int = 0, times: int = 1) -> None:
        super().__init__(name)
        self.to, self.delay_ms, self.times = to, delay_ms, times
        self.heard: list[Any] = []

    def receive(self, message: Any) -> None:
        self.heard.append((self.loop.clock.now_ms, message))
        self.loop.record("hear", f"things/{message}")
        if self.to and self.times:
            self.times -= 1
            self.loop.after(self.delay_ms, self.to, message + 1)


class Worker(Actor):
    """Has a pile of work and does one piece a step."""

    def __init__(self, name: str, pile: int) -> None:
        super().__init__(name)
        self.pile = pile
        self.done: list[str] = []

    def started(self) -> None:
        self.loop.wake(self)

    def step(self) -> None:
        self.pile -= 1
        self.loop.record("work", f"piles/{self.name}")

    def is_ready(self) -> bool:
        return self.pile > 0


def new_loop(order: Any = None) -> Loop:
    return Loop(Clock(), Chance(1), Trace(), order)


def test_settling_moves_time_from_timer_to_timer() -> None:
    loop = new_loop()
    a, b = Relay("a", "b", 1_000, times=2), Relay("b", "a", 500, times=2)
    loop.add(a)
    loop.add(b)
    loop.send("a", 0)
    loop.settle()
    assert a.heard == [(0, 0), (1_500, 2), (3_000, 4)]
    assert b.heard == [(1_000, 1), (2_500, 3)]
    assert loop.clock.now_ms == 3_000
    assert loop.settled


def test_background_timers_do_not_keep_the_world_from_settling_but_run_in_time() -> None:
    loop = new_loop()
    a = Relay("a")
    loop.add(a)
    loop.after(10_000, "a", 1, background=True)
    loop.settle()
    assert a.heard == []
    loop.run(10_000)
    assert a.heard == [(10_000, 1)]


def test_a_background_timer_fires_on_the_way_to_a_foreground_one() -> None:
    loop = new_loop()
    a = Relay("a")
    loop.add(a)
    loop.after(2_000, "a", 2)
    loop.after(1_000, "a", 1, background=True)
    loop.settle()
    assert a.heard == [(1_000, 1), (2_000, 2)]


def test_running_in_one_call_or_in_many_is_the_same() -> None:
    def world() -> tuple[Loop, Relay]:
        loop = new_loop()
        a = Relay("a", "a", 700, times=9)
        loop.add(a)
        loop.send("a", 0)
        return loop, a

    one, a = world()
    one.run(5_000)
    many, b = world()
    for _ in range(50):
        many.run(100)
    assert a.heard == b.heard
    assert one.clock.now_ms == many.clock.now_ms == 5_000


def test_causes_follow_messages_and_siblings_share_one() -> None:
    loop = new_loop()
    loop.add(Relay("a", "b"))
    loop.add(Relay("b"))
    root = loop.record("ask", "things/root", actor="user")
    loop.send("a", 0)
    loop.caused_by(None)
    loop.settle()
    first, second = loop.trace.since(root.id + 1)
    assert (first.cause, second.cause) == (root.id, first.id)
    assert [record.actor for record in loop.trace.chain(second)] == ["b", "a", "user"]

    class Twice(Actor):
        def receive(self, message: Any) -> None:
            self.loop.record("one", "things/x")
            self.loop.record("two", "things/x")

    loop.add(Twice("twice"))
    loop.send("twice", "go")
    loop.settle()
    one, two = loop.trace.about("things/x")
    assert one.cause == two.cause is None


def test_a_cancelled_timer_never_fires_and_does_not_count() -> None:
    loop = new_loop()
    a = Relay("a")
    loop.add(a)
    timer = loop.after(1_000, "a", 1)
    loop.cancel(timer)
    loop.cancel(timer)
    assert loop.settled
    loop.run(2_000)
    assert a.heard == []


def test_a_step_does_one_thing_worth_a_record() -> None:
    loop = new_loop()
    loop.add(Relay("a", "b", 1_000))
    loop.add(Relay("b"))
    loop.send("a", 0)
    assert [record.subject for record in loop.step()] == ["things/0"]
    assert loop.clock.now_ms == 0
    assert [record.subject for record in loop.step()] == ["things/1"]
    assert loop.clock.now_ms == 1_000
    assert loop.step() == []


def test_actors_with_work_are_stepped_until_it_is_done_in_turns() -> None:
    loop = new_loop()
    loop.add(Worker("x", 3))
    loop.add(Worker("y", 2))
    loop.settle()
    assert [record.subject[-1] for record in loop.trace] == ["x", "y", "x", "y", "x"]


def test_shuffling_explores_but_keeps_the_order_between_two_parties() -> None:
    stories = set()
    for seed in range(8):
        order = shuffled(seed)
        loop = new_loop(order)
        receivers = [Relay(name) for name in "abc"]
        for relay in receivers:
            loop.add(relay)
        for number in range(6):
            loop.send("abc"[number % 3], number)
        loop.settle()
        assert order.choices > 0, f"seed {seed} explored nothing"
        for place, relay in enumerate(receivers):
            assert [message for _, message in relay.heard] == [place, place + 3], f"seed {seed}"
        stories.add(tuple(record.subject for record in loop.trace))
    assert len(stories) > 1


def test_a_bounded_loop_says_who_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_module, "UNIT_LIMIT", 100)
    loop = new_loop()
    loop.add(Relay("hamster", "hamster", 0, times=10**9))
    loop.send("hamster", 0)
    with pytest.raises(StillBusy, match="hamster"):
        loop.settle()


def test_two_actors_of_one_name_are_refused_and_messages_to_nobody_are_lost() -> None:
    loop = new_loop()
    loop.add(Relay("a"))
    with pytest.raises(ValueError, match="already an actor called a"):
        loop.add(Relay("a"))
    loop.send("nobody", 1)
    loop.remove("a")
    loop.send("a", 1)
    loop.settle()
    assert len(loop.trace) == 0


def test_a_copy_of_the_world_goes_its_own_way() -> None:
    loop = new_loop()
    a = Relay("a", "a", 100, times=3)
    loop.add(a)
    loop.send("a", 0)
    loop.run(150)
    other = copy.deepcopy(loop)
    other.settle()
    assert len(a.heard) == 2
    loop.settle()
    assert list(loop.trace) == list(other.trace)
    assert loop.trace.get(1) is other.trace.get(1)


def test_old_records_are_dropped_and_ids_stay() -> None:
    trace = Trace(limit=10)
    loop = Loop(Clock(), Chance(0), trace)
    records = [loop.record("do", f"things/{number % 3}", revision=number) for number in range(25)]
    assert len(trace) <= 10
    assert trace.get(records[-1].id) is records[-1]
    assert trace.get(1) is None
    assert trace.of_revision(24) is records[-1]
    assert trace.of_revision(0) is None
    assert all(record in trace.since(1) for record in trace.about("things/0"))


class Copying:
    """A network that loses what `b` is sent, and delivers what `a` is sent twice."""

    def delay_ms(self, sender: str, to: str, message: Any) -> int | tuple[int, ...]:
        return () if to == "b" else (3, 5) if to == "a" else 0


def test_a_network_may_lose_a_message_or_deliver_it_twice() -> None:
    loop = Loop(Clock(), Chance(1), Trace(), network=Copying())
    a, b, c = Relay("a"), Relay("b"), Relay("c")
    for actor in (a, b, c):
        loop.add(actor)
        loop.send(actor.name, 1)
    assert [timer.due_ms for timer in loop.travelling()] == [3, 5]
    loop.settle()
    assert (a.heard, b.heard, c.heard) == ([(3, 1), (5, 1)], [], [(0, 1)])


def test_a_background_message_does_not_keep_the_world_from_settling() -> None:
    loop = new_loop()
    a = Relay("a")
    loop.add(a)
    loop.send("a", 1, background=True)
    loop.settle()
    assert a.heard == []
    loop.run(0)
    assert a.heard == [(0, 1)]


def test_what_is_sent_to_a_paused_actor_waits_for_it() -> None:
    loop = new_loop()
    a, worker = Relay("a"), Worker("worker", 2)
    loop.add(a)
    loop.add(worker)
    loop.pause("a")
    loop.pause("worker")
    loop.send("a", 1)
    loop.after(100, "a", 2)
    loop.settle()
    assert (a.heard, worker.pile, loop.is_paused("a")) == ([], 2, True)
    loop.run(900)
    loop.resume("a")
    loop.resume("worker")
    loop.settle()
    assert (a.heard, worker.pile) == ([(1_000, 1), (1_000, 2)], 0)
    with pytest.raises(KeyError):
        loop.pause("nobody")


def test_an_actor_that_comes_back_hears_nothing_meant_for_the_one_before() -> None:
    loop = new_loop()
    loop.add(Relay("a"))
    loop.send("a", 1)
    loop.after(100, "a", 2)
    loop.remove("a")
    after = Relay("a")
    loop.add(after)
    loop.after(200, "a", 3)
    loop.settle()
    assert after.heard == [(200, 3)]
