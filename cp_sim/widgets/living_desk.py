"""The dashboard as a widget: a thin skin between the front end and the desk."""

from __future__ import annotations

import weakref
from typing import Any

import anywidget
import traitlets
from IPython import get_ipython

from cp_sim.widgets import front
from cp_sim.widgets.desk import Desk


class Dashboard(anywidget.AnyWidget):
    """The desk in a notebook.

    The front end sends one message at a time and is answered by a message with a new frame; `frame` is the first
    one, for pages that come first, `seq` the number of the newest, for pages that come later and must ask.  After
    each cell that changed the cluster the page is told so.
    """

    _esm = front.script("dashboard")
    _css = front.style()

    frame = traitlets.Dict().tag(sync=True)
    seq = traitlets.Int().tag(sync=True)

    def __init__(self, desk: Desk, **options: Any) -> None:
        super().__init__(**options)
        self.desk = desk
        self._told: tuple[int, int, int] = (0, 0, 0)
        self.frame = desk.frame()
        self._sent()
        self.on_msg(self._heard)
        shell = get_ipython()  # type: ignore[no-untyped-call]
        if shell is not None:
            shell.events.register("post_run_cell", _Listener(self).after_cell)

    def _heard(self, _widget: Any, content: dict[str, Any], _buffers: Any) -> None:
        self.send(self.desk.handle(content) | {"answers": content.get("token")})
        self._sent()

    def _sent(self) -> None:
        self.seq = self.desk.seq
        self._told = self._state()

    def _state(self) -> tuple[int, int, int]:
        cluster = self.desk.cluster
        return cluster.revision, cluster.trace.next_id, cluster.clock.now_ms

    def refresh(self) -> None:
        """Show the cluster as it is now; cells that change it do this by themselves."""
        self.send(self.desk.handle({"kind": "hello", "base": self.desk.seq}))
        self._sent()

    def after_cell(self) -> None:
        """Refresh if the cluster is not what the page was told."""
        if self._told != self._state():
            self.refresh()

    def __str__(self) -> str:
        return str(self.desk.view())

    def __repr__(self) -> str:
        return f"<Dashboard: {self.desk.view().title}>"


class _Listener:
    """Hears of the end of each cell as long as its dashboard lives."""

    def __init__(self, widget: Dashboard) -> None:
        self._widget = weakref.ref(widget)

    def after_cell(self, _result: Any = None) -> None:
        widget = self._widget()
        if widget is not None and widget.comm is not None:
            widget.after_cell()
