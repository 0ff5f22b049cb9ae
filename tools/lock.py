"""Choose the versions of all packages: writes requirements.lock, environment.yml and binder/environment.yml.

Run by `./course lock`; `--upgrade` takes the newest versions, without it the present ones are kept where they fit.
The lock is a plain list of pins for every system and Python from 3.11 on; it names no index.  The environment files
hold the same pins for what the course itself needs (the tests' tools left out), for conda and Binder.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
ENVIRONMENTS = (ROOT / "environment.yml", ROOT / "binder" / "environment.yml")
LOCK_HEAD = "# Written by `./course lock`: every package of the course and of its tests, for Python 3.11 and newer.\n"
ENVIRONMENT_HEAD = """\
# Written by `./course lock` for conda and Binder; binder/environment.yml is the same file.
# conda brings Python, pip the very versions of requirements.lock that the course is tested with.
# Then, in the folder of the course: pip install --no-deps -e .
name: cp-sim
channels:
  - conda-forge
dependencies:
  - python=3.11
  - pip=25.3
  - pip:
"""


def compile_pins(output: Path, *arguments: str) -> list[str]:
    """The pins that uv chooses for pyproject.toml, one `name==version ; marker` a line; those in `output` are kept."""
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version=3.11"),
        *("--no-emit-index-url", "--no-annotate", "--no-header", "--quiet"),
        *("--output-file", str(output)),
        *arguments,
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    return [line for line in output.read_text().splitlines() if line.strip()]


def main(arguments: list[str]) -> int:
    """Write the three files."""
    with tempfile.TemporaryDirectory() as scratch:
        kept, part = Path(scratch, "all.txt"), Path(scratch, "course.txt")
        if LOCK.exists() and "--upgrade" not in arguments:
            shutil.copy(LOCK, kept)
        everything = compile_pins(kept, "--extra=fast", "--extra=test")
        course = compile_pins(part, "--constraint", str(kept))
    LOCK.write_text(LOCK_HEAD + "\n".join(everything) + "\n")
    pins = "".join(f'      - "{pin}"\n' for pin in course)
    for path in ENVIRONMENTS:
        path.parent.mkdir(exist_ok=True)
        path.write_text(ENVIRONMENT_HEAD + pins)
    print(f"{len(everything)} pins in requirements.lock, {len(course)} of them in environment.yml")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
