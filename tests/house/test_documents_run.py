"""Documents with code are run from top to bottom: their Python as a notebook, what it prints as it stands there."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any

import pytest

MOMENT = re.compile(r"decided at [\d.]+s")  # which milliseconds those were is no business of a document
BLOCKS = re.compile(r"^```(python|text)\n(.*?)^```$", re.M | re.S)


@pytest.mark.parametrize(("name", "outputs"), [("explaining.md", 3), ("scheduler.md", 5)])
def test_a_document_does_what_it_says(root: Path, name: str, outputs: int) -> None:
    document = root / "docs" / name
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
    assert compared == outputs
