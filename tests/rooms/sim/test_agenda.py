"""The agenda against a slow, obvious one: a list that is sorted by time and by who came first."""

from __future__ import annotations

from collections import deque
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cp_sim.sim.agenda import Agenda, Timer

TIMES = st.integers(0, 4)
NAMES = st.sampled_from("ab")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), TIMES, NAMES),
        st.tuples(st.just("set"), TIMES, NAMES, st.booleans()),
        st.tuples(st.just("cancel"), st.integers(0, 30)),
        st.tuples(st.just("forget"), NAMES),
        st.tuples(st.just("move")),
    ),
    max_size=40,
)


class Model:
    """Entries as (time, serial, name, background)."""

    def __init__(self) -> None:
        self.entries: list[tuple[int, int, str, bool]] = []

    def move(self) -> list[int]:
        if not self.entries:
            return []
        due_ms = min(self.entries)[0]
        moved = sorted(entry for entry in self.entries if entry[0] == due_ms)
        self.entries = [entry for entry in self.entries if entry[0] != due_ms]
        return [serial for _, serial, *_ in moved]


def play(steps: Any, agenda: Agenda) -> None:
    model = Model()
    timers: dict[int, Timer] = {}
    for serial, step in enumerate(steps):
        match step:
            case ("post", due_ms, name):
                agenda.post(due_ms, (name, serial, None, "outside"))
                model.entries.append((due_ms, serial, name, False))
            case ("set", due_ms, name, background):
                timers[serial] = Timer(due_ms, name, serial, None, "outside", background)
                agenda.set(timers[serial])
                model.entries.append((due_ms, serial, name, background))
            case ("cancel", place):
                if timers:
                    chosen = sorted(timers)[place % len(timers)]
                    agenda.cancel(timers[chosen])
                    model.entries = [entry for entry in model.entries if entry[1] != chosen]
            case ("forget", name):
                agenda.forget(name)
                model.entries = [entry for entry in model.entries if entry[2] != name]
            case _:
                due: deque[Any] = deque()
                if agenda.next_ms() is not None:
                    agenda.move_next(due)
                assert [message for _, message, _, _ in due] == model.move(), steps
        assert agenda.next_ms() == (min(model.entries)[0] if model.entries else None), steps
        assert [timer.message for timer in agenda] == [serial for _, serial, *_ in sorted(model.entries)], steps
        assert agenda.foreground == sum(not background for *_, background in model.entries), steps


@given(STEPS)
def test_it_is_a_sorted_list(steps: Any) -> None:
    play(steps, Agenda())


class Hasty(Agenda):
    """Planted: what is set late stands before what was posted."""

    def set(self, timer: Timer) -> None:
        super().set(timer)
        self._at[timer.due_ms].sort(key=lambda entry: type(entry) is tuple)


def test_an_agenda_that_changes_the_order_is_found_out() -> None:
    """The control."""
    steps = [("post", 1, "a"), ("set", 1, "b", False), ("move",)]
    play(steps, Agenda())
    try:
        play(steps, Hasty())
    except AssertionError:
        return
    raise RuntimeError("nobody noticed")
