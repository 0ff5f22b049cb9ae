"""The committed notebooks: with outputs, without errors, in small cells, the same on every machine."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

LONGEST_CELL = 10
ADDRESS = re.compile(r"0x[0-9a-f]{6,}")


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text())["cells"] if cell["cell_type"] == "code"]


def notebooks(tracked: list[Path], root: Path) -> list[Path]:
    found = [path for path in tracked if path.suffix == ".ipynb"]
    assert root / "notebooks" / "00-start.ipynb" in found
    return found


def test_every_notebook_has_its_outputs(tracked: list[Path], root: Path) -> None:
    bare = [path.name for path in notebooks(tracked, root) if not any(cell["outputs"] for cell in code_cells(path))]
    assert bare == []


def test_no_notebook_shows_an_error_it_does_not_mean(tracked: list[Path], root: Path) -> None:
    for path in notebooks(tracked, root):
        for place, cell in enumerate(code_cells(path)):
            meant = "raises-exception" in cell["metadata"].get("tags", [])
            kinds = {output["output_type"] for output in cell["outputs"]}
            assert meant or "error" not in kinds, f"{path.name}, code cell {place}"


def test_cells_are_short(tracked: list[Path], root: Path) -> None:
    long = [
        f"{path.name}, code cell {place}: {lines} lines"
        for path in notebooks(tracked, root)
        for place, cell in enumerate(code_cells(path))
        if (lines := len("".join(cell["source"]).splitlines())) > LONGEST_CELL
    ]
    assert long == []


def test_outputs_hold_no_addresses_and_no_widgets(tracked: list[Path], root: Path) -> None:
    for path in notebooks(tracked, root):
        for cell in code_cells(path):
            text = json.dumps(cell["outputs"])
            assert not ADDRESS.search(text), path.name
            assert "application/vnd.jupyter.widget-view+json" not in text, path.name


def test_notebooks_say_nothing_of_the_machine_that_baked_them(tracked: list[Path], root: Path) -> None:
    for path in notebooks(tracked, root):
        metadata = json.loads(path.read_text())["metadata"]
        assert metadata["kernelspec"]["name"] == "python3", path.name
        assert "version" not in metadata.get("language_info", {}), path.name
        assert "widgets" not in metadata, path.name
