"""The DOT language: how boxes are written for Graphviz, and what both ways of drawing share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphviz import Digraph

from cp_sim.views.lettering import FONT, is_styled, plain
from cp_sim.views.palette import light
from cp_sim.views.view import View

MARGIN = 8.0  # between a box's edge and its text, as Graphviz has it
LINE_HEIGHT = 1.2


def _colour(name: str) -> str:
    return "none" if name == "none" else light(name)


def escape(text: str) -> str:
    """`text` for a Graphviz label: its backslashes and ampersands mean themselves."""
    return text.replace("\\", "\\\\").replace("&", "&amp;").replace("\n", " ")


def label_of(lines: Sequence[str], align: str) -> str:
    """The lines as one Graphviz label, aligned `l`, `r` or `n` (centred)."""
    return "".join(f"{escape(plain(line))}\\{align}" for line in lines)


def number(value: float) -> str:
    """A coordinate in the shortest form that is exact enough."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def inches(value: float) -> str:
    """A length in pixels as Graphviz wants widths."""
    return f"{value / 72:.5f}"


def node_name(identity: str) -> str:
    """The name of a Graphviz node for an element id (a colon would be read as a port)."""
    return identity.replace(":", "\u2236")


def quoted(text: str) -> str:
    """`text` as a string of the DOT language."""
    return '"' + text.replace('"', '\\"') + '"' if '"' in text else f'"{text}"'


def statement(name: str, attributes: Mapping[str, str], other: str = "") -> str:
    """A line of DOT: a node, or an edge to `other`.  Written here because a picture has many (`graphviz.quoting`
    is slow).
    """
    listed = " ".join(f"{key}={quoted(value)}" for key, value in attributes.items())
    arrow = f" -> {quoted(node_name(other))}" if other else ""
    return f"\t{quoted(node_name(name))}{arrow} [{listed}]\n"


# What most boxes have; it is said once at the top of the graph, and each box says only what differs.
BOX_DEFAULTS: dict[str, str] = {
    "fontname": FONT,
    "fontsize": "11",
    "fontcolor": light("ink"),
    "shape": "box",
    "style": "filled,rounded",
    "fillcolor": light("paper"),
    "color": light("line"),
    "penwidth": "1",
    "fixedsize": "true",
    "label": "",
}


def box_attributes(
    *, lines: Sequence[str], size: float, align: str, fill: str, edge: str, shape: str, width: float, height: float,
    ink: str, pen: float, dashed: bool, rounded: bool, parts: Sequence[tuple[float, str]],
) -> dict[str, str]:  # fmt: skip
    """Graphviz attributes of one box, those of `BOX_DEFAULTS` left out."""
    style = "striped" if parts else "filled"
    if rounded and shape == "box" and not parts:
        style += ",rounded"
    if dashed:
        style += ",dashed"
    fillcolor = ":".join(f"{light(name)};{share:.4f}" for share, name in parts) if parts else _colour(fill)
    wanted = {
        "label": label_of(lines, align),
        "fontsize": number(size),
        "fontcolor": light(ink),
        "shape": shape,
        "style": style,
        "fillcolor": fillcolor if fillcolor != "none" else "transparent",
        "color": "transparent" if edge == "none" else light(edge),
        "penwidth": number(pen),
    }
    wanted = {key: value for key, value in wanted.items() if value != BOX_DEFAULTS[key]}
    wanted["width"] = inches(width)
    wanted["height"] = inches(height)
    return wanted


class Paper:
    """What both ways of drawing share: the graph, the details, boxes."""

    def __init__(self, title: str, **attributes: str) -> None:
        self.title = title
        self.details: dict[str, str] = {}
        self.lettering: dict[str, Sequence[str]] = {}
        self.graph = Digraph(
            "picture", graph_attr={"bgcolor": light("paper"), "fontname": FONT, **attributes}, node_attr=BOX_DEFAULTS
        )

    def tell(self, identity: str, detail: str) -> None:
        """Keep one sentence about an element."""
        if detail:
            self.details[identity] = detail

    def letter(self, identity: str, lines: Sequence[str]) -> None:
        """Keep the lines of an element if parts of them have a style of their own."""
        if any(is_styled(line) for line in lines):
            self.lettering[identity] = [line for line in lines if plain(line)]

    def view(self, text: str) -> View:
        """The finished picture with its text twin."""
        return View(self.title, self.graph, text, self.details, self.lettering)
