"""Instructors' decks run for several parameters, and tell the same story twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

papermill = pytest.importorskip("papermill")

ROOT = Path(__file__).resolve().parents[2]
DECKS = sorted((ROOT / "notebooks" / "instructor").glob("*.ipynb"))
# A deck takes those of these parameters that its `parameters` cell has.
PARAMETERS: list[dict[str, Any]] = [
    {},
    {
        "seed": 11,
        "members": 3,
        "control_planes": 3,
        "script": ["wait 10s", "compact", "scale deployment web --replicas=2"],
        "urgent_cpu": 1,
    },
    {
        "seed": 23,
        "workers": 2,
        "replicas": 2,
        "votes": {"web": "nowhere", "picky": "nowhere"},
        "members": 4,
        "control_planes": 3,
        "fault_script": ["at 5s crash a majority of etcd", "at 40s restart a majority of etcd"],
    },
    {
        "seed": 42,
        "workers": 5,
        "replicas": 6,
        "votes": {"web": "worker-5", "hungry": "worker-17", "quiet": "worker-2"},
        "tenants": {"one": ["low", 1], "two": ["spare", 4], "three": ["urgent", 4], "four": ["low", 2]},
        "urgent_cpu": 4,
        "members": 7,
        "control_planes": 5,
        "fault_script": ["at 5s pause etcd leader", "at 20s resume etcd leader", "at 30s crash scheduler leader"],
        "race": ["at 5s crash load balancer", "at 10s restart load balancer"],
    },
]

pytestmark = [
    pytest.mark.filterwarnings("default"),  # papermill's and the kernel client's own
    pytest.mark.slow,
]


def run(deck: Path, tmp_path: Path, parameters: dict[str, Any], name: str = "out") -> list[dict[str, Any]]:
    """The cells of the deck after a run."""
    known = papermill.inspect_notebook(str(deck))
    out = tmp_path / f"{name}.ipynb"
    given = {key: value for key, value in parameters.items() if key in known}
    papermill.execute_notebook(
        str(deck), str(out), given, progress_bar=False, kernel_name="python3", cwd=str(deck.parent), log_output=False
    )
    return json.loads(out.read_text())["cells"]  # type: ignore[no-any-return]


def shown(cells: list[dict[str, Any]]) -> list[Any]:
    """What the cells printed and drew."""
    outputs = [output for cell in cells if cell["cell_type"] == "code" for output in cell["outputs"]]
    return [output.get("text") or output.get("data", {}).get("text/plain") for output in outputs]


def test_there_is_a_deck() -> None:
    assert DECKS


@pytest.mark.parametrize("parameters", PARAMETERS, ids=lambda parameters: f"seed-{parameters.get('seed', 'own')}")
@pytest.mark.parametrize("deck", DECKS, ids=lambda deck: deck.stem)
def test_a_deck_runs_for_these_parameters(
    deck: Path, parameters: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CP_STATIC", "1")
    known = papermill.inspect_notebook(str(deck))
    assert "seed" in known, "the deck has no cell tagged `parameters` with a seed"
    cells = run(deck, tmp_path, parameters)
    assert any(shown(cells))


@pytest.mark.parametrize("deck", DECKS[:1], ids=lambda deck: deck.stem)
def test_the_same_seed_tells_the_same_story(deck: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CP_STATIC", "1")
    stories = []
    for hash_seed in ("1", "2"):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        stories.append(shown(run(deck, tmp_path, {"seed": 5}, hash_seed)))
    assert stories[0] == stories[1]
