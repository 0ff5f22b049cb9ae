"""A picture and its text twin in one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphviz import Digraph

from cp_sim.views.panel import Panel
from cp_sim.views.svg import to_svg


class View:
    """A finished picture: `title`, `graph` (a `graphviz.Digraph`), `svg`, and `str(view)`, which says the same in
    words.

    `details` maps the id of an element to one sentence about it; `panels` the ids of some to the numbers behind them
    (or to the id of the element that has them), for whoever clicks.  The SVG is computed when it is first asked for.
    A notebook shows the SVG and keeps the text beside it, so that readers without pictures get the words.
    """

    __slots__ = ("_lettering", "_svg", "details", "graph", "panels", "text", "title")

    def __init__(
        self,
        title: str,
        graph: Digraph,
        text: str,
        details: Mapping[str, str] | None = None,
        lettering: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self.title = title
        self.graph = graph
        self.text = text.rstrip("\n")
        self.details = dict(details or {})
        self.panels: dict[str, Panel | str] = {}
        self._lettering = lettering or {}
        self._svg: str | None = None

    @property
    def svg(self) -> str:
        """The picture as SVG."""
        if self._svg is None:
            self._svg = self._drawn()
        return self._svg

    def _drawn(self) -> str:
        return to_svg(self.graph.source, self.title, self.details, self._lettering)

    def panel(self, identity: str) -> Panel | None:
        """The numbers behind an element, or None if there are none."""
        found = self.panels.get(identity)
        return self.panel(found) if isinstance(found, str) else found

    @property
    def ids(self) -> list[str]:
        """The ids of the elements that have something to tell, in drawing order."""
        return list(self.details)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<View: {self.title}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"image/svg+xml": self.svg, "text/plain": self.text}
