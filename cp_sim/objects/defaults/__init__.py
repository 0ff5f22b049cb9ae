"""What the API server fills in: `apply(kind, obj)`."""

from __future__ import annotations

from typing import Any

from cp_sim.objects.kinds import Kind


def apply(kind: Kind, obj: dict[str, Any]) -> dict[str, Any]:
    """The object with the defaults of its kind filled in; the given one stays as it was."""
    return obj
