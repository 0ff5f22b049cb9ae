"""The lessons in a real browser: every cell runs, pictures stand in the page, nothing goes wrong, nothing leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSONS = sorted((ROOT / "notebooks").glob("[0-9][0-9]-*.ipynb"))


def test_the_first_lesson_is_there() -> None:
    assert ROOT / "notebooks" / "00-start.ipynb" in LESSONS


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.stem)
def test_a_lesson_runs_from_top_to_bottom(lab: Any, lesson: Path) -> None:
    lab.open(f"notebooks/{lesson.name}")
    lab.run_all()
    assert lab.cell_errors() == []
    pictures = lab.page.locator(".jp-OutputArea svg g[id]")
    pictures.first.wait_for()
    assert pictures.count() > 10
    lab.picture(f"lesson-{lesson.stem}")
    lab.assert_clean()


def test_the_first_lessons_desk_is_alive(lab: Any, desk_in: Any) -> None:
    lab.open("notebooks/00-start.ipynb")
    lab.run_all()
    desk = desk_in(lab)
    desk.panel("Nodes")
    desk.fill("add_node", name="worker-3")
    desk.press('[data-do="add_node"]')
    assert desk.ok, desk.outcome
    assert "nodes/worker-3" in desk.ids()
    desk.root.locator('select[name="node"]').select_option("control-plane-1")
    desk.press('[data-do="untaint"]')
    assert "control-plane:NoSchedule" not in desk.picture
    desk.panel("New workload")
    desk.fill("create", name="shop", replicas="8")
    desk.press('[data-do="create"]')
    nodes = lab.run("print(sorted({pod['spec']['nodeName'] for pod in cluster.get('pods')}))")
    assert nodes == "['control-plane-1', 'worker-1', 'worker-2', 'worker-3']\n"
    before, newest = desk.seq, desk.revision
    desk.root.locator('[aria-label="revision"]').fill(str(newest // 2))
    desk.after(before)
    assert desk.revision == newest // 2
    assert "nodes/worker-3" not in desk.ids()
    desk.press('[data-do="now"]')
    assert "nodes/worker-3" in desk.ids()
    lab.picture("lesson-00-start-desk")
    lab.assert_clean()
