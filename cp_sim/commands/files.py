"""Files that a command reads."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from cp_sim.commands.refusal import Refusal


@contextmanager
def opened(name: str) -> Iterator[TextIO]:
    """The text of a file, also of a `.gz`; `-` is the standard input.  *Raises* `Refusal` while it cannot be read."""
    try:
        if name == "-":
            if isinstance(sys.stdin, io.TextIOWrapper):
                sys.stdin.reconfigure(encoding="utf-8", errors="strict")
            yield sys.stdin
            return
        with gzip.open(name, "rt", encoding="utf-8") if name.endswith(".gz") else open(name, encoding="utf-8") as file:
            yield file
    except BrokenPipeError:  # of who reads what is printed meanwhile
        raise
    except (OSError, EOFError, UnicodeDecodeError) as problem:
        called = "the standard input" if name == "-" else name
        raise Refusal(f"{called} cannot be read: {problem}") from None
