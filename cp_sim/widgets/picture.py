"""One picture as a widget: an update moves the old picture into the new one."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from cp_sim.views import View, picture_of
from cp_sim.views.panel import as_dicts
from cp_sim.widgets import front


class Picture(anywidget.AnyWidget):
    """A view in a notebook.  `update(view)` shows another one in its place; what both have in common moves over.

    `clicked` is the id of the element that was last clicked, e.g. `pods/default/web-1`; its sentence appears below,
    and the numbers behind it where the view has some.
    """

    _esm = front.script("picture")
    _css = front.style()

    view: View
    frame = traitlets.Dict().tag(sync=True)
    clicked = traitlets.Unicode().tag(sync=True)

    def __init__(self, view: Any, **options: Any) -> None:
        super().__init__(**options)
        self._seq = 0
        self.update(view)

    def update(self, view: Any) -> None:
        """Show a view, or a thing that has one, from now on."""
        view = self.view = picture_of(view)
        self._seq += 1
        panels = as_dicts(view.panels)
        self.frame = {"seq": self._seq, "title": view.title, "svg": view.svg, "text": view.text, "panels": panels}

    def __str__(self) -> str:
        return str(self.view)

    def __repr__(self) -> str:
        return repr(self.view)
