"""What a learner has done, kept in a small JSON file, so that it outlives the kernel.

The file is `~/.cp_sim/progress.json`, or what `CP_PROGRESS` names; each learner has a home of their own, so that two
hundred of them share nothing.  Where pictures are static (`CP_STATIC=1`: baking, tests) nothing is read or written, and
every run begins anew.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from cp_sim.widgets.still import is_static

VARIABLE = "CP_PROGRESS"


def path() -> Path | None:
    """Where progress is kept; None where it is not."""
    if is_static():
        return None
    named = os.environ.get(VARIABLE)
    return Path(named).expanduser() if named else Path.home() / ".cp_sim" / "progress.json"


class Progress:
    """Answers, attempts and successes by name: `progress["00-arrows"]` is a dict to read, `note` writes."""

    def __init__(self, file: Path | None = None) -> None:
        self.file = file
        self.entries: dict[str, dict[str, Any]] = {}
        self.trouble = ""
        self._read()

    def __getitem__(self, name: str) -> dict[str, Any]:
        return self.entries.get(name, {})

    def note(self, name: str, **facts: Any) -> None:
        """Keep facts about one exercise or prediction, at once and for good."""
        self._read()
        self.entries[name] = {**self.entries.get(name, {}), **facts}
        self._write()

    def forget(self, prefix: str) -> None:
        """Drop everything whose name begins with `prefix`, to begin again."""
        self._read()
        self.entries = {name: facts for name, facts in self.entries.items() if not name.startswith(prefix)}
        self._write()

    def _read(self) -> None:
        """Take in what another notebook may have written since."""
        if self.file is None or not self.file.exists():
            return
        try:
            stored = json.loads(self.file.read_text())
            self.entries = {name: dict(facts) for name, facts in stored["entries"].items()}
        except (ValueError, KeyError, TypeError, AttributeError, OSError):
            self.trouble = f"{self.file} could not be read; it was set aside and progress begins anew"
            try:
                os.replace(self.file, self.file.with_suffix(".broken"))
            except OSError:
                self.file = None

    def _write(self) -> None:
        if self.file is None:
            return
        text = json.dumps({"version": 1, "entries": self.entries}, indent=1, sort_keys=True) + "\n"
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=".progress-")
            with os.fdopen(handle, "w") as out:
                out.write(text)
            os.replace(name, self.file)
        except OSError as error:
            self.trouble = f"progress cannot be kept in {self.file}: {error.strerror}"
            self.file = None


class _Kept:
    """The progress of this process, opened when first asked for."""

    progress: Progress | None = None
    file: Path | None = None


def progress() -> Progress:
    """The progress file of this learner."""
    file = path()
    if _Kept.progress is None or _Kept.file != file:
        _Kept.progress, _Kept.file = Progress(file), file
    return _Kept.progress
