"""The end of a lesson: the few real lines of `cp_sim` that did it."""

from __future__ import annotations

import html
import inspect
from pathlib import Path
from typing import Any

import cp_sim
from cp_sim.sim import immutable


@immutable
class Source:
    """Some lines of the library with the place where they stand."""

    place: str
    text: str

    def __repr__(self) -> str:
        return f"# {self.place}\n{self.text}"

    def _repr_html_(self) -> str:
        place, text = html.escape(self.place), html.escape(self.text)
        return f"<div><small><code>{place}</code></small><pre style='padding:.5em 1em'>{text}</pre></div>"


def read_code(thing: Any, first: str = "", last: str = "") -> Source:
    """The source of a function, class or method, or only its lines from that with `first` in it to that with `last`.

    Raises:
        LookupError: there are no such lines.
    """
    lines, _ = inspect.getsourcelines(thing)
    begin = _find(lines, first, 0) if first else 0
    end = _find(lines, last, begin) + 1 if last else len(lines)
    chosen = lines[begin:end]
    indent = min((len(line) - len(line.lstrip()) for line in chosen if line.strip()), default=0)
    file = Path(inspect.getsourcefile(thing) or "").resolve()
    root = Path(cp_sim.__file__).resolve().parent.parent
    place = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
    name = getattr(thing, "__qualname__", getattr(thing, "__name__", ""))
    return Source(f"{place}: {name}", "".join(line[indent:] or "\n" for line in chosen).rstrip("\n"))


def _find(lines: list[str], part: str, begin: int) -> int:
    for number in range(begin, len(lines)):
        if part in lines[number]:
            return number
    raise LookupError(f"no line holds {part!r}")
