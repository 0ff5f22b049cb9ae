"""Text in pictures: how wide it is, how it is shortened, and how parts of a line get a style of their own.

Boxes are sized here and not by the layout engine, from the advance widths of Helvetica (those of Arial and of
Liberation Sans too), so that a picture has the same boxes on every machine whatever fonts are installed.  Source of
the widths: Adobe's Core 14 AFM file for Helvetica.
"""

from __future__ import annotations

import re
from html import escape

from cp_sim.views.palette import light

FONT = "Helvetica,Arial,Liberation Sans,sans-serif"
MONO = "Liberation Mono,Menlo,Consolas,monospace"

_WIDTHS = (
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
)  # fmt: skip

# A styled part of a line is written between two characters of the private use area; `svg.polish` makes tspans of them.
_BEGIN = 0xE010
_END = chr(0xE00F)
STYLES: dict[str, str] = {
    "bold": 'font-weight="bold"',
    "muted": f'fill="{light("muted")}"',
    "small": f'font-size="9.5" fill="{light("muted")}"',
    "tiny": f'font-size="8.5" fill="{light("muted")}"',
    "title": 'font-size="12.5" font-weight="bold"',
    "struck": 'text-decoration="line-through"',
    **{
        colour: f'fill="{light(colour)}" font-weight="bold"'
        for colour in ("blue", "teal", "violet", "amber", "sky", "green", "red", "grey")
    },
    **{
        f"small-{colour}": f'font-size="9.5" fill="{light(colour)}"'
        for colour in ("blue", "teal", "violet", "amber", "sky", "green", "red", "grey")
    },
    "mono": f'font-family="{MONO}"',
}
_NAMES = list(STYLES)
_STYLED = re.compile(f"[{chr(_BEGIN)}-{chr(_BEGIN + len(_NAMES))}{_END}]")
_SMALL = {"small": 9.5, "tiny": 8.5, "title": 12.5}


def styled(style: str, text: str) -> str:
    """`text` marked to be drawn in a style of `STYLES`."""
    return f"{chr(_BEGIN + _NAMES.index(style))}{text}{_END}"


def plain(text: str) -> str:
    """`text` without the marks of `styled`."""
    return _STYLED.sub("", text)


def tspans(text: str) -> str:
    """Marked text as the content of an SVG text element."""
    text = escape(text, quote=False)
    for place, name in enumerate(_NAMES):
        text = text.replace(chr(_BEGIN + place), f"<tspan {STYLES[name]}>")
    return text.replace(_END, "</tspan>")


def is_styled(text: str) -> bool:
    """Whether `text` carries marks of `styled`."""
    return _STYLED.search(text) is not None


def width_of(text: str, size: float = 11.0) -> float:
    """How wide `text` is at a font size, in the unit of the size; marks of `styled` change the size of their part."""
    total, current = 0.0, size
    for char in text:
        code = ord(char)
        if _BEGIN <= code < _BEGIN + len(_NAMES):
            name = _NAMES[code - _BEGIN]
            current = 9.5 if name.startswith("small-") else _SMALL.get(name, size)
        elif char == _END:
            current = size
        elif 32 <= code < 127:
            total += _WIDTHS[code - 32] * current / 1000
        else:
            total += (0.6 if code < 0x2000 else 0.85) * current
    return total


def fit(text: str, width: float, size: float = 11.0) -> str:
    """`text`, or as much of its beginning as fits into `width`, then an ellipsis."""
    if width_of(text, size) <= width:
        return text
    while text and width_of(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"


def fit_middle(text: str, width: float, size: float = 11.0) -> str:
    """`text` with its middle left out so that it fits: the ends of generated names tell them apart."""
    if width_of(text, size) <= width:
        return text
    tail = text[-5:]
    head = text[:-5]
    while head and width_of(f"{head}…{tail}", size) > width:
        head = head[:-1]
    return f"{head}…{tail}"


def wrap(text: str, width: float, size: float = 11.0, lines: int = 3) -> list[str]:
    """`text` broken between words into at most `lines` lines of `width`; what is left over ends in an ellipsis."""
    done: list[str] = []
    current = ""
    words = text.split()
    for place, word in enumerate(words):
        longer = f"{current} {word}".strip()
        if width_of(longer, size) <= width or not current:
            current = longer
        elif len(done) + 1 == lines:
            return [*done, fit(" ".join([current, *words[place:]]), width, size)]
        else:
            done.append(current)
            current = word
    return [*done, fit(current, width, size)] if current else done
