"""Drawing by hand: a graph whose boxes are put where the view says, in pixels from the top left corner.

Graphviz draws such a graph as it is told (`layout=nop2`), so a box that stays in its place in two pictures has not
moved by a hair.
"""

from __future__ import annotations

from collections.abc import Sequence

from graphviz import Digraph

from cp_sim.views.dot import BOX_DEFAULTS, MARGIN, Paper, box_attributes, escape, number, quoted, statement
from cp_sim.views.drawn import Piece, draw_pieces
from cp_sim.views.lettering import FONT, width_of
from cp_sim.views.palette import light
from cp_sim.views.view import View

Point = tuple[float, float]

HEAD = (
    f'digraph picture {{\n\tgraph [bgcolor="{light("paper")}" fontname="{FONT}" layout=nop2 outputorder=edgesfirst]\n'
    + "\tnode ["
    + " ".join(f"{key}={quoted(value)}" for key, value in BOX_DEFAULTS.items())
    + "]\n"
)


class Sketch(Paper):
    """A picture with every box in its given place.  `inside` names a region that a box belongs to.

    Everything is drawn `down` pixels lower than it says, so that one picture can be drawn below another.
    """

    def __init__(self, title: str) -> None:
        self.down = 0.0
        super().__init__(title, layout="nop2", outputorder="edgesfirst")
        self._regions: dict[str, Digraph] = {}
        self._pieces: dict[str, list[tuple[str, str]]] = {"region": [], "arrow": [], "box": []}
        self._right = self._bottom = 0.0

    def _keep(self, layer: str, identity: str, dot: str, right: float, bottom: float) -> None:
        self._pieces[layer].append((identity, dot))
        self._right, self._bottom = max(self._right, right), max(self._bottom, bottom)

    def region(
        self, identity: str, left: float, top: float, width: float, height: float, *, fill: str = "panel",
        edge: str = "line", dashed: bool = False, pen: float = 1, kind: str = "region", detail: str = "",
    ) -> None:  # fmt: skip
        """A rounded area that boxes lie in, e.g. a node."""
        self.tell(identity, detail)
        top += self.down
        attributes = {
            "id": identity,
            "class": kind,
            "bb": ",".join(number(at) for at in (left, -(top + height), left + width, -top)),
            "style": "filled,rounded,dashed" if dashed else "filled,rounded",
            "fillcolor": light(fill),
            "color": light(edge) if edge != "none" else "transparent",
            "penwidth": number(pen),
        }
        self._regions[identity] = Digraph(f"cluster_{identity}", graph_attr=attributes)
        listed = " ".join(f"{key}={quoted(value)}" for key, value in attributes.items())
        self._keep(
            "region",
            identity,
            f"\tsubgraph {quoted('cluster_' + identity)} {{ graph [{listed}] }}\n",
            left + width,
            top + height,
        )

    def box(
        self,
        identity: str,
        left: float,
        top: float,
        width: float,
        height: float,
        lines: Sequence[str] = (),
        *,
        inside: str = "",
        size: float = 11,
        align: str = "l",
        fill: str = "paper",
        edge: str = "line",
        shape: str = "box",
        ink: str = "ink",
        pen: float = 1,
        dashed: bool = False,
        rounded: bool = True,
        kind: str = "",
        detail: str = "",
        parts: Sequence[tuple[float, str]] = (),
    ) -> None:
        """A box with text; with `parts` (share, colour) it is striped from left to right."""
        self.tell(identity, detail)
        top += self.down
        self.letter(identity, lines)
        attributes = box_attributes(
            lines=lines,
            size=size,
            align=align,
            fill=fill,
            edge=edge,
            shape=shape,
            width=width,
            height=height,
            ink=ink,
            pen=pen,
            dashed=dashed,
            rounded=rounded,
            parts=parts,
        )
        where = f"{number(left + width / 2)},{number(-(top + height / 2))}"
        target = self._regions[inside] if inside else self.graph
        line = statement(identity, {"id": identity, "class": kind or "box", "pos": where, **attributes})
        target.body.append(line)
        spare = kind == "words"  # its box is wider than its text
        right = left + MARGIN + width_of(lines[0], size) if spare and lines and align == "l" else left + width
        self._keep("box", identity, line, right, top + height)

    def words(
        self, identity: str, left: float, top: float, text: str, *, inside: str = "", size: float = 11,
        ink: str = "ink", detail: str = "", align: str = "l", width: float = 0,
    ) -> None:  # fmt: skip
        """One line of text without a box; `left` is where it begins (or the box of `width` begins)."""
        wide = width or width_of(text, size) * 1.1 + 24  # room to spare: a line wider than its box would be centred
        self.box(
            identity,
            left - MARGIN,
            top,
            wide + 2 * MARGIN,
            size * 1.3,
            [text] if text else [],
            inside=inside,
            size=size,
            ink=ink,
            fill="none",
            edge="none",
            pen=0,
            detail=detail,
            kind="words",
            align=align,
            rounded=False,
        )

    def bar(
        self,
        identity: str,
        left: float,
        top: float,
        width: float,
        height: float,
        share: float,
        colour: str,
        *,
        text: str = "",
        inside: str = "",
        detail: str = "",
    ) -> None:
        """A horizontal bar filled to `share` (0 to 1), with `text` on it."""
        full = min(1.0, max(0.0, share))
        parts = [(full, colour), (1 - full, "faint")] if 0.004 < full < 0.996 else []
        self.box(
            identity,
            left,
            top,
            width,
            height,
            [text] if text else [],
            inside=inside,
            size=8.5,
            align="n",
            fill=colour if full >= 0.996 else "faint",
            edge="none",
            pen=0,
            parts=parts,
            kind="bar",
            detail=detail,
            rounded=False,
        )

    def pill(
        self,
        identity: str,
        middle: Point,
        text: str,
        colour: str,
        *,
        fill: str = "",
        inside: str = "",
        detail: str = "",
    ) -> None:
        """A small label in a rounded box of its own, so that it reads on top of a line."""
        wide = width_of(text, 9.5) + 14
        self.box(
            identity,
            middle[0] - wide / 2,
            middle[1] - 8,
            wide,
            16,
            [text],
            inside=inside,
            size=9.5,
            align="n",
            fill=fill or f"{colour}-tint",
            edge=colour,
            ink=colour,
            pen=0.8,
            kind="pill",
            detail=detail,
        )

    def arrow(
        self, identity: str, begin: Point, end: Point, *, bend: tuple[Point, Point] | None = None, colour: str = "grey",
        text: str = "", at: Point | None = None, size: float = 9.5, pen: float = 1.2, style: str = "solid",
        both: bool = False, head: bool = True, kind: str = "arrow", detail: str = "",
    ) -> None:  # fmt: skip
        """An arrow from one point to another, straight or bent by two control points."""
        self.tell(identity, detail)
        if self.down:
            begin, end = (begin[0], begin[1] + self.down), (end[0], end[1] + self.down)
            bend = ((bend[0][0], bend[0][1] + self.down), (bend[1][0], bend[1][1] + self.down)) if bend else None
            at = (at[0], at[1] + self.down) if at else None
        first, second = bend or (_between(begin, end, 0.33), _between(begin, end, 0.67))
        tip = 7.0
        stop = _towards(end, second, tip) if head else end
        start = _towards(begin, first, tip) if both else begin
        parts = [start, first, second, stop]
        spline = " ".join(_point(part) for part in parts)
        if both:
            spline = f"s,{_point(begin)} {spline}"
        if head:
            spline = f"e,{_point(end)} {spline}"
        lines = []
        for dummy in ("tail", "head"):
            end_point = {"id": f"{identity}@{dummy}", "style": "invis", "shape": "point", "width": "0.001"}
            end_point["pos"] = _point(begin if dummy == "tail" else end)
            lines.append(statement(f"{identity}@{dummy}", end_point))
        attributes = {
            "id": identity,
            "class": kind,
            "pos": spline,
            "color": light(colour),
            "penwidth": number(pen),
            "style": style,
            "arrowsize": "0.7",
            "dir": "both" if both else ("forward" if head else "none"),
        }
        if text:
            where = at or _between(begin, end, 0.5)
            attributes |= {"label": escape(text), "lp": _point(where), "fontsize": number(size), "fontname": FONT}
            attributes["fontcolor"] = light(colour)
        lines.append(statement(f"{identity}@tail", attributes, f"{identity}@head"))
        self.graph.body += lines
        self._keep("arrow", identity, "".join(lines), max(begin[0], end[0]), max(begin[1], end[1]))

    def reach(self, right: float, bottom: float = 0) -> None:
        """Let the picture be at least that large."""
        self._right, self._bottom = max(self._right, right), max(self._bottom, bottom + self.down)

    def view(self, text: str) -> View:
        for region in self._regions.values():
            self.graph.subgraph(region)
        pieces = [
            Piece(identity, dot, self.details.get(identity, ""), tuple(self.lettering.get(identity, ())))
            for layer in self._pieces.values()
            for identity, dot in layer
        ]
        return _Sketched(self, text, pieces, self._right, self._bottom)


class _Sketched(View):
    """A view whose picture is drawn piece by piece."""

    __slots__ = ("_pieces", "_size")

    def __init__(self, sketch: Sketch, text: str, pieces: list[Piece], width: float, height: float) -> None:
        super().__init__(sketch.title, sketch.graph, text, sketch.details, sketch.lettering)
        self._pieces = pieces
        self._size = (width, height)

    def _drawn(self) -> str:
        return draw_pieces(self._pieces, HEAD, self.title, *self._size)


def _point(point: Point) -> str:
    return f"{number(point[0])},{number(-point[1])}"


def _between(begin: Point, end: Point, share: float) -> Point:
    return begin[0] + (end[0] - begin[0]) * share, begin[1] + (end[1] - begin[1]) * share


def _towards(origin: Point, goal: Point, length: float) -> Point:
    """The point `length` away from `origin` in the direction of `goal`."""
    across, down = goal[0] - origin[0], goal[1] - origin[1]
    far = (across**2 + down**2) ** 0.5 or 1.0
    return origin[0] + across / far * length, origin[1] + down / far * length
