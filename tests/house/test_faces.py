"""No module takes the place of a function on its package's face: importing `a.b` sets `a.b`, whatever stood there."""

from __future__ import annotations

import ast
from pathlib import Path


def hidden(init: Path) -> list[str]:
    """Functions and classes of a package's `__init__.py` that have the name of a module beside it."""
    own = {node.name for node in ast.parse(init.read_text()).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    beside = {path.stem for path in init.parent.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    return sorted(own & beside)


def test_no_module_hides_a_function_of_its_package(modules: list[Path], root: Path) -> None:
    found = {
        str(path.relative_to(root)): names for path in modules if path.stem == "__init__" and (names := hidden(path))
    }
    assert found == {}


def test_a_hidden_function_is_found(tmp_path: Path) -> None:
    (tmp_path / "dashboard.py").touch()
    (tmp_path / "__init__.py").write_text("def dashboard():\n    from widgets.dashboard import Dashboard\n")
    assert hidden(tmp_path / "__init__.py") == ["dashboard"]
