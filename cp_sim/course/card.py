"""What a lesson says back: a small card with a sign, a heading and text; plain text is its twin."""

from __future__ import annotations

import html
import re

from cp_sim.sim import immutable

SIGNS = {"yes": "✔", "no": "✘", "think": "?", "note": "·", "task": "▸"}
_EDGES = {"yes": "#2a7d46", "no": "#b3261e", "think": "#8a6d00", "note": "#5f6b7a", "task": "#1f5fa8"}


@immutable
class Card:
    """A card: `tone` is yes, no, think, note or task; `lines` are paragraphs, with code in backquotes."""

    tone: str
    title: str
    lines: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return "\n".join(
            [f"{SIGNS[self.tone]} {self.title}", *(f"  {line}" for text in self.lines for line in text.split("\n"))]
        )

    def _repr_html_(self) -> str:
        body = "".join(
            f"<div style='margin-top:.35em;white-space:pre-line'>{marked(text)}</div>" for text in self.lines
        )
        return (
            f"<div style='border-left:4px solid {_EDGES[self.tone]};padding:.35em .8em;margin:.2em 0;max-width:62em'>"
            f"<b>{SIGNS[self.tone]} {marked(self.title)}</b>{body}</div>"
        )


def marked(text: str) -> str:
    """Text as HTML, with code in backquotes."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", html.escape(text, quote=False))
