"""One picture as a widget: an update moves the old picture into the new one."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from cp_sim.views import View
from cp_sim.widgets import front


class Picture(anywidget.AnyWidget):
    """A view in a notebook.  `update(view)` shows another one in its place; what both have in common moves over.

    `clicked` is the id of the element that was last clicked, e.g. `pods/default/web-1`; its sentence appears below.
    """

    _esm = front.script("picture")
    _css = front.style()

    frame = traitlets.Dict().tag(sync=True)
    clicked = traitlets.Unicode().tag(sync=True)

    def __init__(self, view: View, **options: Any) -> None:
        super().__init__(**options)
        self._seq = 0
        self.view = view
        self.update(view)

    def update(self, view: View) -> None:
        """Show `view` from now on."""
        self.view = view
        self._seq += 1
        self.frame = {"seq": self._seq, "title": view.title, "svg": view.svg, "text": view.text}

    def __str__(self) -> str:
        return str(self.view)

    def __repr__(self) -> str:
        return repr(self.view)
