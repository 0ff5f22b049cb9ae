"""What must not stand anywhere in the repository."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

# Put together from pieces, so that this file does not find itself.
MACHINE_PATH = re.compile(r"(?<![A-Za-z0-9_.])/(?:wo" + r"rk|fa" + r"rm|ro" + r"ot)/")
UNFINISHED = re.compile(
    "|".join(("TO" + "DO", "FIX" + "ME", r"\bX" + r"XX\b", "NotImplemented" + "Error", "place" + "holder"))
)
INDEX_HOST = re.compile(
    "|".join(
        (
            "pypi" + r"\.org",
            "files\\.python" + "hosted",
            "registry\\.np" + "mjs",
            "conda\\.ana" + "conda",
            "--index-" + "url",
        )
    )
)
LOCK_FILES = {"uv.lock", "package-lock.json", "pylock.toml", "yarn.lock", "poetry.lock"}
BINARY = {".gz", ".png", ".ico", ".woff2", ".wasm"}


def texts(tracked: list[Path]) -> list[tuple[Path, str]]:
    return [(path, path.read_text(errors="replace")) for path in tracked if path.suffix not in BINARY]


def found(pattern: re.Pattern[str], files: list[tuple[Path, str]], root: Path) -> list[str]:
    return [
        f"{path.relative_to(root)}:{number}: {line.strip()[:100]}"
        for path, text in files
        if pattern.search(text)
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def test_no_lock_file_that_names_hosts(tracked: list[Path], root: Path) -> None:
    assert [str(path.relative_to(root)) for path in tracked if path.name in LOCK_FILES] == []


def test_no_package_index_is_named(tracked: list[Path], root: Path) -> None:
    assert found(INDEX_HOST, texts(tracked), root) == []


def test_no_path_of_one_machine(tracked: list[Path], root: Path) -> None:
    files = [(path, text) for path, text in texts(tracked) if path.suffix != ".svg"]
    assert found(MACHINE_PATH, files, root) == []


def test_nothing_is_marked_as_unfinished(tracked: list[Path], root: Path) -> None:
    ours = [path for path in tracked if path.relative_to(root).parts[0] in ("cp_sim", "notebooks", "course", "tools")]
    # Form fields of a web page have a hint attribute of that name, which is no mark of ours.
    hint = re.compile("place" + r"holder\s*[=:]|\.place" + "holder|::place" + "holder")
    files = [(path, hint.sub("", text)) for path, text in texts(ours)]
    assert found(UNFINISHED, files, root) == []


@pytest.mark.parametrize(
    ("pattern", "line"),
    [
        (MACHINE_PATH, "see /wo" + "rk/main"),
        (INDEX_HOST, "https://pypi" + ".org/simple"),
        (UNFINISHED, "# TO" + "DO: later"),
    ],
)
def test_the_patterns_find_what_they_ban(pattern: re.Pattern[str], line: str) -> None:
    assert pattern.search(line)
    assert not pattern.search("a path like /registry/pods/default/web-1 and the network of pypi's mirrors")


# -- state that a fork can copy ------------------------------------------------------------------------------------

SIMULATED = ("sim", "objects", "etcd", "raft", "apiserver", "client", "scheduler", "controller_manager", "kubelet")


def simulated(modules: list[Path], root: Path) -> list[Path]:
    rooms = (*SIMULATED, "cloud_controller_manager", "cluster.py", "faults.py", "scenarios")
    return [path for path in modules if path.relative_to(root).parts[1] in rooms]


def uncopyable(source: str) -> list[int]:
    """Lines that keep a lambda, a generator or an iterator in an attribute, or change a module's variable."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Global):
            lines.append(node.lineno)
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            kept = any(isinstance(target, ast.Attribute) for target in targets)
            value = node.value
            lazy = isinstance(value, ast.Lambda | ast.GeneratorExp) or (
                isinstance(value, ast.Call)
                and isinstance(value.func, ast.Name)
                and value.func.id in ("iter", "map", "filter", "zip", "open", "partial")
            )
            if kept and lazy:
                lines.append(node.lineno)
    return lines


def test_state_holds_nothing_that_a_fork_cannot_copy(modules: list[Path], root: Path) -> None:
    rooms = simulated(modules, root)
    assert len(rooms) > 10
    assert {str(path.relative_to(root)): lines for path in rooms if (lines := uncopyable(path.read_text()))} == {}


def test_an_attribute_that_keeps_a_lambda_is_found() -> None:
    assert uncopyable("class A:\n    def __init__(self):\n        self.key = lambda pod: pod\n") == [3]
    assert uncopyable("class A:\n    def __init__(self):\n        self.keys = sorted(x, key=lambda pod: pod)\n") == []


TOP = {
    *(".ci", ".github", ".gitignore", "binder", "cp_sim", "docs", "notebooks", "tests", "tools"),
    *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md"),
    *("course", "environment.yml", "pyproject.toml", "requirements.lock"),
}


def test_the_top_folder_holds_only_what_belongs_there(tracked: list[Path], root: Path) -> None:
    assert {path.relative_to(root).parts[0] for path in tracked} - TOP == set()
