"""CustomResourceDefinitions."""

from __future__ import annotations

from typing import Any

from cp_sim.objects.validation.causes import Causes


def definition(obj: dict[str, Any], causes: Causes) -> None:
    """A CustomResourceDefinition."""
