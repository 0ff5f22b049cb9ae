"""Kinds that are never stored: reviews, whose creation is a question and whose answer is in the status."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.work import Work


def answer(server: Any, work: Work) -> Any:
    """The answer to a review, None for every other kind."""
    return None
