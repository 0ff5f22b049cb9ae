"""The dashboard as a widget: a thin skin between the front end and the desk."""

from __future__ import annotations

from typing import Any

import anywidget
import traitlets

from cp_sim.widgets import front
from cp_sim.widgets.desk import Desk


class Dashboard(anywidget.AnyWidget):
    """The desk in a notebook.

    The front end sends one message at a time (`msg:custom`) and is answered by a new `frame`.
    """

    _esm = front.script("dashboard")
    _css = front.style()

    frame = traitlets.Dict().tag(sync=True)

    def __init__(self, desk: Desk, **options: Any) -> None:
        super().__init__(**options)
        self.desk = desk
        self.frame = desk.frame()
        self.on_msg(self._heard)

    def _heard(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        self.frame = self.desk.handle(content) | {"answers": content.get("token")}

    def refresh(self) -> None:
        """Show the cluster as it is now, after cells have changed it."""
        self.frame = self.desk.frame()

    def __str__(self) -> str:
        return str(self.desk.view())

    def __repr__(self) -> str:
        return f"<Dashboard: {self.desk.view().title}>"
