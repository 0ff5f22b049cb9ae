"""docs/explaining.md is run from top to bottom: its Python as a notebook, what it prints as it stands there."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

MOMENT = re.compile(r"decided at [\d.]+s")  # which milliseconds those were is no business of the document
BLOCKS = re.compile(r"^```(python|text)\n(.*?)^```$", re.M | re.S)


def test_the_document_does_what_it_says() -> None:
    document = Path(__file__).parents[3] / "docs" / "explaining.md"
    notebook: dict[str, Any] = {}
    printed, compared = "", 0
    for kind, text in BLOCKS.findall(document.read_text(encoding="utf-8")):
        if kind == "text":
            assert MOMENT.sub("", printed) == MOMENT.sub("", text)
            compared += 1
            continue
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(text, str(document), "exec"), notebook)
        printed = out.getvalue()
    assert compared == 3
