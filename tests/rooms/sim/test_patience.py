"""Python's garbage collector is patient while a loop runs, and only then."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from cp_sim.sim import Actor, Chance, Clock, Loop, Trace
from cp_sim.sim.patience import YOUNGEST, Patience


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


class Looker(Actor):
    """Notes what the collector's threshold is while it works."""

    def __init__(self) -> None:
        super().__init__("looker")
        self.seen: list[int] = []

    def receive(self, message: Any) -> None:
        self.seen.append(gc.get_threshold()[0])
        if message == "fail":
            raise ValueError("as asked")


def looking() -> tuple[Loop, Looker]:
    loop, looker = Loop(Clock(), Chance(1), Trace()), Looker()
    loop.add(looker)
    return loop, looker


def test_what_the_process_had_set_holds_again_after_a_run() -> None:
    gc.set_threshold(500, 7, 3)
    loop, looker = looking()
    for go in (loop.settle, lambda: loop.run(5), lambda: loop.run_until(lambda: loop.idle), loop.step):
        loop.send("looker", "look")
        go()
        assert gc.get_threshold() == (500, 7, 3)
    assert looker.seen == [YOUNGEST] * 4


def test_also_after_a_failure() -> None:
    gc.set_threshold(500, 7, 3)
    loop, _ = looking()
    loop.send("looker", "fail")
    with pytest.raises(ValueError, match="as asked"):
        loop.settle()
    assert gc.get_threshold() == (500, 7, 3)


@pytest.mark.parametrize("chosen", [0, YOUNGEST + 1])
def test_a_collector_that_is_off_or_more_patient_is_left_alone(chosen: int) -> None:
    gc.set_threshold(chosen, 10, 10)
    with Patience():
        assert gc.get_threshold() == (chosen, 10, 10)


def test_a_loop_leaves_no_cycles() -> None:
    """What makes patience free: there is nothing to be found."""
    loop, _ = looking()
    gc.collect()
    gc.disable()
    try:
        for _ in range(50):
            loop.send("looker", "look")
            loop.record("look", "things/1")
        loop.after(3, "looker", "look")
        loop.settle()
        assert gc.collect() == 0
    finally:
        gc.enable()
