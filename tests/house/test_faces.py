"""Every module can be imported by itself, and none takes the place of a function on its package's face."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

import cp_sim


def every_module() -> list[ModuleType]:
    names = [info.name for info in pkgutil.walk_packages(cp_sim.__path__, "cp_sim.")]
    return [importlib.import_module(name) for name in sorted(names)]


def test_no_module_hides_a_name_of_its_package() -> None:
    modules = every_module()
    assert len(modules) > 50
    hidden = [
        f"{module.__name__}.{name}"
        for module in modules
        for name in getattr(module, "__all__", ())
        if isinstance(getattr(module, name), ModuleType)
    ]
    assert hidden == []
