"""What is wrong with an object: `on_create`, `on_update`, `on_status_update`."""

from __future__ import annotations

from typing import Any

from cp_sim.objects.kinds import Kind
from cp_sim.objects.validation.causes import Cause


def on_create(kind: Kind, obj: dict[str, Any]) -> list[Cause]:
    """What is wrong with an object about to be created."""
    return []


def on_update(kind: Kind, new: dict[str, Any], old: dict[str, Any], subresource: str = "") -> list[Cause]:
    """What is wrong with replacing `old` by `new`, by a write to the object itself or to one of its subresources."""
    return []
