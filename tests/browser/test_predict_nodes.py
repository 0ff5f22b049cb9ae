"""Guessing nodes by clicking them, in a real browser: kept, refused, revealed, drawn beside the truth."""

from __future__ import annotations

from typing import Any

BEGIN = """
from cp_sim import show
from cp_sim.course import begin, check, compare_nodes, guess_of, guessed, predict_nodes, reveal_nodes
from cp_sim.course.lessons.lesson_06 import exam
cluster = exam(seed=7)
begin("06-scheduler")
"""
RIGHT = {
    "plain": "worker-3",
    "picture": "worker-2",
    "giant": "worker-3",
    "keeper": "control-plane-1",
    "dreamer": "nowhere",
    "late": "worker-2",
}


def click_guess(form: Any, guess: dict[str, str]) -> None:
    """Press one node in each pod's row; the rows come in the order of the pods."""
    rows = form.locator(".widget-toggle-buttons")
    for place, node in enumerate(guess.values()):
        rows.nth(place).get_by_role("button", name=node, exact=True).click()


def test_nodes_are_clicked_and_the_guess_is_drawn_beside_the_truth(lab: Any) -> None:
    lab.server.write_notebook("six.ipynb", [BEGIN, 'predict_nodes("06-six")'])
    lab.open("six.ipynb")
    lab.run_all()
    assert lab.cell_errors() == []
    form = lab.page.locator(".jp-OutputArea-output", has=lab.page.locator(".widget-toggle-buttons")).last
    form.get_by_text("2 cpu, 1Gi memory").wait_for()
    assert form.locator(".widget-toggle-buttons").count() == 6
    answer = form.get_by_role("button", name="That is my answer")
    click_guess(form, {"plain": RIGHT["plain"]})
    answer.click()
    form.get_by_text("Say a node for picture, too").wait_for()
    click_guess(form, RIGHT)
    answer.click()
    form.get_by_text("plain → worker-3").wait_for()
    form.get_by_text('predict_nodes("06-six", {"plain": "worker-3"').wait_for()
    lab.picture("predict-nodes")
    assert lab.run('print(guess_of("06-six") == ' + repr(RIGHT) + ")") == "True\n"
    assert "6 of 6 as you said" in lab.run('print(reveal_nodes("06-six"))')
    assert "6 of 6 are where you said" in lab.run('print(check("06-six"))')
    assert lab.run('print(guessed(cluster, "06-six").svg.count("your guess"))') == "6\n"
    answer.click()
    form.get_by_text("a guess comes before it").wait_for()
    lab.assert_clean()
