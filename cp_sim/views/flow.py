"""Drawing by rank: boxes and arrows whose places Graphviz finds (`layout=dot`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.views.dot import LINE_HEIGHT, MARGIN, Paper, box_attributes, escape, inches, node_name, number, statement
from cp_sim.views.lettering import FONT, width_of
from cp_sim.views.palette import light


class Flow(Paper):
    """A picture whose boxes Graphviz places in ranks, from left to right (`LR`) or from top to bottom (`TB`)."""

    def __init__(self, title: str, direction: str = "LR", rank_gap: float = 44, node_gap: float = 12) -> None:
        super().__init__(
            title,
            layout="dot",
            rankdir=direction,
            ranksep=inches(rank_gap),
            nodesep=inches(node_gap),
            splines="spline",
            pad="0.1",
        )
        self._ports = {"tailport": "e", "headport": "w"} if direction == "LR" else {"tailport": "s", "headport": "n"}

    def box(
        self, identity: str, lines: Sequence[str], *, size: float = 11, align: str = "l", fill: str = "paper",
        edge: str = "line", shape: str = "box", ink: str = "ink", pen: float = 1, dashed: bool = False, kind: str = "",
        width: float = 0, height: float = 0, detail: str = "", parts: Sequence[tuple[float, str]] = (),
    ) -> None:  # fmt: skip
        """A box as wide and high as its text needs, or as given."""
        self.tell(identity, detail)
        self.letter(identity, lines)
        wide = width or max([width_of(line, size) for line in lines] or [10]) + 2 * MARGIN + 2
        high = height or len(lines) * size * LINE_HEIGHT + 12
        attributes = box_attributes(
            lines=lines, size=size, align=align, fill=fill, edge=edge, shape=shape, width=wide, height=high, ink=ink,
            pen=pen, dashed=dashed, rounded=True, parts=parts,
        )  # fmt: skip
        self.graph.body.append(statement(identity, {"id": identity, "class": kind or "box", **attributes}))

    def arrow(
        self, identity: str, tail: str, head: str, *, text: str = "", colour: str = "grey", pen: float = 1.2,
        style: str = "solid", tip: str = "normal", kind: str = "arrow", detail: str = "", **more: Any,
    ) -> None:  # fmt: skip
        """An arrow from the box `tail` to the box `head`, both named by their ids."""
        self.tell(identity, detail)
        attributes = {
            "id": identity,
            "class": kind,
            "color": light(colour),
            "fontcolor": light(colour),
            "penwidth": number(pen),
            "style": style,
            "arrowhead": tip,
            "arrowsize": "0.7",
            "fontname": FONT,
            "fontsize": "9.5",
            **self._ports,
            **more,
        }
        if text:
            attributes["label"] = escape(f" {text} ")
        self.graph.body.append(statement(tail, attributes, head))

    def same_rank(self, *identities: str) -> None:
        """Keep these boxes in one rank."""
        with self.graph.subgraph(graph_attr={"rank": "same"}) as level:
            for identity in identities:
                level.node(node_name(identity))
