"""What the documents say is there is there."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "cp_sim/ARCHITECTURE.md",
    "docs/etcd.md",
    "docs/explaining.md",
    "docs/scheduler.md",
)
COMMANDS = ("lab", "test", "setup", "bake", "doctor", "check")
# A path in backticks or in a link: with a slash or a known ending.
PATHS = re.compile(
    r"(?:`|\]\()((?:\.?[A-Za-z0-9_][A-Za-z0-9_.-]*/)*\.?[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/|\.(?:py|md|yml|toml|lock|ipynb|png|cfg|js|gz)))[`)]"
)
MADE_LATER = {".venv/", "test-artefacts/"}


@pytest.fixture(scope="module")
def help_text(root: Path) -> str:
    result = subprocess.run([sys.executable, root / "course", "--help"], capture_output=True, text=True, check=True)
    return result.stdout


@pytest.mark.parametrize("name", DOCUMENTS)
def test_files_that_a_document_names_exist(root: Path, name: str) -> None:
    path = root / name
    named = set(PATHS.findall(path.read_text()))
    places = (root, path.parent)
    lost = [word for word in sorted(named - MADE_LATER) if not any((place / word).exists() for place in places)]
    assert lost == []


def test_the_readme_opens_with_the_two_commands(root: Path) -> None:
    head = (root / "README.md").read_text().split("\n", 12)[:10]
    assert [line.split()[:2] for line in head if line.startswith("./course")] == [
        ["./course", "lab"],
        ["./course", "test"],
    ]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_commands_that_a_document_names_exist(root: Path, name: str, help_text: str) -> None:
    named = set(re.findall(r"\./course ([a-z]+)", (root / name).read_text()))
    assert [command for command in sorted(named) if not re.search(rf"^    {command}\s", help_text, re.MULTILINE)] == []


def test_help_lists_every_command(help_text: str) -> None:
    assert [name for name in COMMANDS if not re.search(rf"^    {name}\s+\S", help_text, re.MULTILINE)] == []


def test_binder_opens_the_first_lesson(root: Path) -> None:
    assert "urlpath=lab/tree/notebooks/00-start.ipynb" in (root / "README.md").read_text()


def test_an_unknown_command_is_told_what_there_is(root: Path) -> None:
    command = [sys.executable, root / "course", "lba"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 2
    assert "choose from" in result.stderr


def test_an_old_python_can_read_the_command_that_refuses_it(root: Path) -> None:
    ast.parse((root / "course").read_text(), feature_version=(3, 7))


def test_doctor_speaks_in_words(root: Path) -> None:
    result = subprocess.run([sys.executable, root / "course", "doctor"], capture_output=True, text=True, check=False)
    assert "Python 3." in result.stdout
    assert "chromium" in result.stdout
    assert result.stderr == ""


def test_the_continuous_integration_calls_the_two_commands(root: Path) -> None:
    script = (root / ".ci" / "run").read_text()
    for command in ("./course check", "./course test"):
        assert command in script
        assert command in (root / ".github" / "workflows" / "ci.yml").read_text()
    assert subprocess.run(["bash", "-n", root / ".ci" / "run"], check=False).returncode == 0


def test_the_command_line_lists_what_works() -> None:
    result = subprocess.run([sys.executable, "-m", "cp_sim", "--help"], capture_output=True, text=True, check=True)
    for name in re.findall(r"^    ([a-z-]+)\s", result.stdout, re.MULTILINE):
        told = subprocess.run(
            [sys.executable, "-m", "cp_sim", name, "--help"], capture_output=True, text=True, check=True
        )
        assert told.stdout.startswith(f"usage: cp-sim {name}")
