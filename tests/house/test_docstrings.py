"""Everything public says what it is for."""

from __future__ import annotations

import ast
from pathlib import Path

Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def silent(tree: ast.Module) -> list[str]:
    """Public classes, functions and methods without a docstring; a method that overrides a base's may be silent."""
    lost = []
    for node in tree.body:
        if not isinstance(node, Documented) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            lost.append(node.name)
        if isinstance(node, ast.ClassDef) and not node.bases:
            lost += [
                f"{node.name}.{inner.name}"
                for inner in node.body
                if isinstance(inner, ast.FunctionDef)
                and not inner.name.startswith("_")
                and not ast.get_docstring(inner)
            ]
    return lost


def test_every_module_class_and_function_has_a_docstring(modules: list[Path], root: Path) -> None:
    lost = {}
    for path in modules:
        tree = ast.parse(path.read_text())
        names = silent(tree) + ([] if (ast.get_docstring(tree) or "").strip(". ") else ["(the module)"])
        if names:
            lost[str(path.relative_to(root))] = names
    assert lost == {}


def test_a_silent_function_is_found() -> None:
    assert silent(ast.parse("def settle():\n    pass\nclass Loop:\n    'x'\n    def run(self): pass\n")) == [
        "settle",
        "Loop.run",
    ]
