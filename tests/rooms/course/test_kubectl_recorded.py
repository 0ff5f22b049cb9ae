"""The Python kubectl against recordings of the real one: what has agreed must go on agreeing."""

from __future__ import annotations

import json

import pytest

from tests.rooms.course.replay import AGREEING, agrees, play, sessions

PINNED: dict[str, list[int]] = json.loads(AGREEING.read_text())
SESSIONS = {session["name"]: session for session in sessions()}


@pytest.mark.parametrize("name", sorted(name for name, steps in PINNED.items() if steps))
def test_pinned_steps_agree(name: str) -> None:
    session = SESSIONS[name]
    lost = []
    for place, (step, outcome, broke) in enumerate(play(session)):
        if place in PINNED[name] and not agrees(session, step, outcome):
            lost.append(f"{step['cmd']}: {broke or (outcome and outcome.text[:300])}")
    assert not lost


def test_enough_is_pinned() -> None:
    pinned = sum(len(steps) for steps in PINNED.values())
    total = sum(len(session["steps"]) for session in SESSIONS.values())
    assert pinned >= 0.75 * total, f"{pinned} of {total}"


def test_the_comparison_can_fail() -> None:
    session = SESSIONS["get-basics-1"]
    results = list(play(session))
    step, outcome, _ = results[2]
    assert outcome is not None
    assert agrees(session, step, outcome)
    outcome.pieces[0] = ("stdout", outcome.pieces[0][1].replace("3/3", "2/3"))
    assert not agrees(session, step, outcome)
