"""What the tests of lessons share: a progress file of their own, and a learner who types cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cp_sim.course import use
from cp_sim.course.progress import _Kept


@pytest.fixture
def own_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Progress is kept in a file of this test, and no cluster stays chosen."""
    monkeypatch.delenv("CP_STATIC", raising=False)
    monkeypatch.setenv("CP_PROGRESS", str(tmp_path / "progress.json"))
    yield
    use()
    _Kept.progress = None
