"""The front end's files as text: plain JavaScript and CSS, a few KB, joined here because a widget takes one script."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cp_sim.views.palette import dark_rules

_HERE = Path(__file__).parent


@cache
def script(name: str) -> str:
    """The script of one widget: what all share, then its own."""
    return "\n".join((_HERE / f"{part}.js").read_text("utf-8") for part in ("morph", "panel", name))


@cache
def style() -> str:
    """The style sheet of all widgets, with the dark partner of every colour of the pictures."""
    return (_HERE / "style.css").read_text("utf-8") + "\n" + dark_rules(".cp-dark svg")
