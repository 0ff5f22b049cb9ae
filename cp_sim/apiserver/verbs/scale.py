"""scale."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.work import Work


def start(server: Any, work: Work) -> Any:
    """Not served."""
    raise errors.no_such_path()
