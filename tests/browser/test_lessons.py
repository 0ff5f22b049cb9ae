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
