"""The form of the lessons: short cells, names that stay, all the parts, nothing of the machine they were baked on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
DECKS = sorted((NOTEBOOKS / "instructor").glob("*.ipynb"))
PARTS = ("The question", "## Predict", "## Experiment 1", "## See why", "## Check yourself", "## The real thing")
ENDS = ("What differs on a real cluster", "## Read the code", "## Put right", "## Where to read on")


def cells_of(path: Path) -> list[dict[str, Any]]:
    cells: list[dict[str, Any]] = json.loads(path.read_text())["cells"]
    return cells


@pytest.mark.parametrize("path", LESSONS + DECKS, ids=lambda path: path.stem)
def test_cells_are_short_and_have_names_of_their_own(path: Path) -> None:
    cells = cells_of(path)
    assert len({cell["id"] for cell in cells}) == len(cells)
    assert not [cell["id"] for cell in cells if cell["id"].startswith("cell-")]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert not [cell["id"] for cell in code if len("".join(cell["source"]).splitlines()) > 10]
    assert not [cell["id"] for cell in code if any(output["output_type"] == "error" for output in cell["outputs"])]
    assert any(cell["outputs"] for cell in code)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_a_lesson_has_all_its_parts_in_order(path: Path) -> None:
    prose = "\n".join("".join(cell["source"]) for cell in cells_of(path) if cell["cell_type"] == "markdown")
    places = [prose.find(part) for part in PARTS + ENDS]
    assert -1 not in places, dict(zip(PARTS + ENDS, places))
    assert places == sorted(places)


@pytest.mark.parametrize("path", LESSONS + DECKS, ids=lambda path: path.stem)
def test_nothing_of_this_machine_is_in_them(path: Path) -> None:
    text = path.read_text()
    assert str(Path.home()) + "/" not in text
    assert str(NOTEBOOKS.parent) not in text
    assert "application/vnd.jupyter.widget" not in text


def test_every_deck_has_parameters() -> None:
    assert DECKS
    for path in DECKS:
        tagged = [cell for cell in cells_of(path) if "parameters" in cell["metadata"].get("tags", [])]
        assert len(tagged) == 1
        assert "seed" in "".join(tagged[0]["source"])
