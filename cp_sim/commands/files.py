"""Files that a command reads."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from cp_sim.commands.refusal import Refusal


@contextmanager
def opened(name: str) -> Iterator[TextIO]:
    """The text of a file, also of a `.gz`; `-` is the standard input.  *Raises* `Refusal` while it cannot be read."""
    if name == "-":
        yield sys.stdin
        return
    try:
        with gzip.open(name, "rt", encoding="utf-8") if name.endswith(".gz") else open(name, encoding="utf-8") as file:
            yield file
    except (OSError, EOFError, UnicodeDecodeError) as problem:
        raise Refusal(f"{name} cannot be read: {problem}") from None
