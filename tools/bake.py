"""Run the notebooks and store their outputs: the same bytes on every machine, or it says which notebook differs.

Run by `./course bake [--check] [NOTEBOOK ...]`, which sets CP_STATIC=1 (pictures as SVG and text, no widgets).
"""

from __future__ import annotations

import argparse
import copy
import json
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

ROOT = Path(__file__).resolve().parent.parent
CELL_LIMIT_S = 120
KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
KEPT_MIME = ("image/svg+xml", "text/html", "text/markdown", "text/plain")
ADDRESS = re.compile(r" at 0x[0-9a-f]{6,}")


def bake(path: Path) -> nbformat.NotebookNode:
    """The notebook run from top to bottom in a fresh kernel, without anything that differs from run to run.

    Raises:
        CellExecutionError: a cell failed that is not tagged `raises-exception`.
    """
    notebook = nbformat.read(path, as_version=4)
    notebook = nbformat.validator.normalize(notebook)[1]
    where = {"metadata": {"path": str(path.parent)}}
    NotebookClient(
        notebook, timeout=CELL_LIMIT_S, kernel_name="python3", resources=where, record_timing=False
    ).execute()
    return cleaned(notebook)


def cleaned(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy without versions, timings, widget state and addresses."""
    notebook = copy.deepcopy(notebook)
    language = {"name": "python", "mimetype": "text/x-python", "file_extension": ".py"}
    kept = {key: value for key, value in notebook.metadata.items() if key not in ("widgets", "papermill", "kernelspec")}
    notebook.metadata = nbformat.from_dict({**kept, "kernelspec": KERNEL, "language_info": language})
    for place, cell in enumerate(notebook.cells):
        cell.id = cell.get("id") or f"cell-{place}"
        cell.metadata = nbformat.from_dict(
            {key: value for key, value in cell.metadata.items() if key in ("tags", "jupyter")}
        )
        if cell.cell_type == "code":
            cell.outputs = joined([clean_output(output) for output in cell.outputs])
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    return notebook


def clean_output(output: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """An output without metadata, addresses and widget views."""
    if "data" in output:
        data = {mime: text for mime, text in output.data.items() if mime in KEPT_MIME}
        output.data = nbformat.from_dict({mime: ADDRESS.sub("", text) for mime, text in data.items()})
        output.metadata = nbformat.from_dict({})
    if "text" in output:
        output.text = ADDRESS.sub("", output.text)
    if output.output_type == "error":  # without the folders of this machine
        output.traceback = [f"{output.ename}: {output.evalue}"]
    return output


def joined(outputs: list[Any]) -> list[Any]:
    """Outputs with neighbouring pieces of one stream put together: where they are cut is a matter of timing."""
    whole: list[Any] = []
    for output in outputs:
        last = whole[-1] if whole else None
        if last is not None and output.output_type == "stream" == last.output_type and output.name == last.name:
            last.text += output.text
        else:
            whole.append(output)
    return whole


def text_of(notebook: nbformat.NotebookNode) -> str:
    """The text of a notebook's file."""
    parts = nbformat.v4.nbjson.split_lines(copy.deepcopy(notebook))
    return json.dumps(parts, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def notebooks(named: list[str]) -> list[Path]:
    """The notebooks that were named, or all of them."""
    if named:
        return [Path(name).resolve() for name in named]
    found = (ROOT / "notebooks").rglob("*.ipynb")
    return sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def main(arguments: list[str]) -> int:
    """Bake, report, and say by the exit code whether something differs (`--check`) or failed."""
    parser = argparse.ArgumentParser(prog="./course bake", description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK")
    parser.add_argument("--check", action="store_true", help="store nothing, only report what differs")
    options = parser.parse_args(arguments)
    differ = failed = 0
    with tempfile.TemporaryDirectory() as scratch:
        # A lesson keeps its progress at home, and IPython its history; baking starts from nothing and leaves nothing.
        os.environ |= {"HOME": scratch, "IPYTHONDIR": scratch, "CP_PROGRESS": str(Path(scratch, "progress.json"))}
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        os.environ |= {"JUPYTER_DATA_DIR": scratch, "JUPYTER_RUNTIME_DIR": scratch}
        for path in notebooks(options.notebooks):
            started = time.monotonic()
            name = os.path.relpath(path, ROOT)
            try:
                text = text_of(bake(path))
            except CellExecutionError as problem:
                print(f"{name}: FAILED\n{problem}")
                failed += 1
                continue
            same = text == path.read_text(encoding="utf-8")
            differ += not same
            if not same and not options.check:
                path.write_text(text, encoding="utf-8")
            verdict = "as before" if same else "differs" if options.check else "changed"
            print(f"{name}: {verdict} ({time.monotonic() - started:.1f} s)", flush=True)
    return 1 if failed or (differ and options.check) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
