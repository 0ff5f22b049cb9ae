"""Pictures without a widget, for notebooks that are baked, converted or compared."""

from __future__ import annotations

import os
from typing import Any

from cp_sim.views import View, picture_of


def is_static() -> bool:
    """Whether only pictures and text are wanted (`CP_STATIC=1`)."""
    return os.environ.get("CP_STATIC", "") == "1"


class Still:
    """A view as the result of a cell: its SVG and its text, nothing else."""

    def __init__(self, view: Any) -> None:
        self.view: View = picture_of(view)

    def update(self, view: Any) -> None:
        """Show another view, or a thing that has one, from now on."""
        self.view = picture_of(view)

    def __str__(self) -> str:
        return str(self.view)

    def __repr__(self) -> str:
        return repr(self.view)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return self.view._repr_mimebundle_()
