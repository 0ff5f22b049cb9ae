"""The rooms import only downwards, and the contracts that hold it would notice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CHECK = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(cache_dir=None))"


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", CHECK], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_every_contract_is_kept(root: Path) -> None:
    result = lint(root)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("sim/clock.py", "import cp_sim.etcd.store", "A room imports only from the lines below its own"),
        ("scheduler/__init__.py", "import cp_sim.kubelet", "A room imports only from the lines below its own"),
        ("views/__init__.py", "import ipywidgets", "Notebook libraries only in widgets and course"),
        ("etcd/store.py", "import threading", "No threads, sockets or HTTP libraries"),
        ("objects/meta.py", "import numpy", "numpy only in scheduler/columns.py"),
    ],
)
def test_a_planted_import_breaks_its_contract(
    root: Path, tmp_path: Path, module: str, line: str, contract: str
) -> None:
    shutil.copytree(root / "cp_sim", tmp_path / "cp_sim", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(root / "pyproject.toml", tmp_path)
    planted = tmp_path / "cp_sim" / module
    planted.write_text(planted.read_text() + f"\n{line}\n")
    result = lint(tmp_path)
    assert result.returncode == 1, result.stdout[-2000:] + result.stderr[-2000:]
    assert f"{contract} BROKEN" in result.stdout
