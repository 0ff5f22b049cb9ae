"""Drawing a picture piece by piece: what was drawn once is not drawn again.

In a graph whose boxes have given places every box, bar and arrow is drawn by itself.  So Graphviz is asked only for
the pieces that it has not drawn before, in a graph with the same corners; the others come from a memo.  The result is
the same as drawing the whole graph (a test holds that), and a change of one pod among 250 costs one box.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Sequence
from html import escape, unescape

from cp_sim.sim import immutable
from cp_sim.views.lettering import FONT
from cp_sim.views.palette import light
from cp_sim.views.svg import draw, polish

LIMIT = 20_000  # pieces kept
LEFT, SHEET = 40, 8_000  # the corners of every drawing: places are counted from here
MARGIN = 4
_PIECE = re.compile(r'<g id="(?!graph0")([^"]*)" class="[^"]*">.*?</g>', re.DOTALL)


@immutable
class Piece:
    """One box, arrow or region: its id, its lines of DOT, and what Graphviz does not know of it."""

    identity: str
    dot: str
    detail: str = ""
    lettering: tuple[str, ...] = ()


_memo: OrderedDict[tuple[Piece, int], str] = OrderedDict()


def draw_pieces(pieces: Sequence[Piece], head: str, title: str, width: float, height: float) -> str:
    """The SVG of pieces on a sheet of that size.  `head` is what the graph's DOT begins with (defaults of boxes).

    Raises:
        NoEngine: no engine could draw.
    """
    sheet = SHEET * (1 + int(height) // SHEET)
    missing = [piece for piece in pieces if (piece, sheet) not in _memo]
    if missing:
        _draw(missing, head, sheet)
    body = []
    for piece in pieces:
        key = (piece, sheet)
        _memo.move_to_end(key)
        body.append(_memo[key])
    while len(_memo) > LIMIT:
        _memo.popitem(last=False)
    wide, high = round(width) + 2 * MARGIN, round(height) + 2 * MARGIN
    top = sheet + MARGIN
    right, bottom = wide - MARGIN + LEFT, high - MARGIN - sheet
    left, label = LEFT - MARGIN, escape(title, quote=True)
    ground = f"{left},{bottom} {left},{-top} {right},{-top} {right},{bottom}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
        f'font-family="{FONT}" role="img" aria-label="{label}" style="max-width:100%;height:auto">\n'
        f'<g id="graph0" class="graph" transform="translate({MARGIN - LEFT} {top})">\n'
        f'<polygon fill="{light("paper")}" stroke="none" points="{ground}"/>\n' + "\n".join(body) + "\n</g>\n</svg>\n"
    )


def _draw(pieces: Sequence[Piece], head: str, sheet: int) -> None:
    """Draw pieces and keep them."""
    corners = "".join(
        f'\t"corner {place}" [style=invis shape=point width=0 height=0 pos="{place}"]\n'
        for place in (f"{-LEFT},0", f"{LEFT},{-sheet}")
    )
    raw = draw(f"{head}{corners}{''.join(piece.dot for piece in pieces)}}}\n")
    details = {piece.identity: piece.detail for piece in pieces if piece.detail}
    lettering = {piece.identity: piece.lettering for piece in pieces if piece.lettering}
    found = {unescape(match.group(1)): match.group(0) for match in _PIECE.finditer(polish(raw, "", details, lettering))}
    for piece in pieces:
        _memo[piece, sheet] = found.get(piece.identity, "")
