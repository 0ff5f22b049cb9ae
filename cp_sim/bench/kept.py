"""Results kept in a file, so that a later run can be set beside them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cp_sim.bench.report import Report

Found = dict[str, object]


class NotKept(ValueError):
    """A file of results cannot be read or written; the message says why."""


def load(path: Path) -> dict[str, Found]:
    """The results of a file by their names, `SchedulingBasic/cycle` for example.

    Raises:
        NotKept: there is no such file, or it holds something else.
    """
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotKept(f"there is no file {path}; make one with --save {path}") from None
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as problem:
        raise NotKept(f"{path} cannot be read: {problem}") from None
    if not isinstance(found, dict) or not all(isinstance(one, dict) and "per_s" in one for one in found.values()):
        raise NotKept(f"{path} holds no results; give a file that --save has written")
    return found


def save(path: Path, report: Report) -> None:
    """Put a result into a file, in place of the same workload's former one; the others stay.

    Raises:
        NotKept: the file holds something else, or cannot be written.
    """
    kept = load(path) if path.exists() else {}
    kept[key(report)] = {**report.as_json(), "per_s": round(report.per_s, 1)}
    try:
        path.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    except OSError as problem:
        raise NotKept(f"{path} cannot be written: {problem}") from None


def key(report: Report) -> str:
    """What a result is called in the file: the workload, and the mode of which there are several."""
    return f"{report.workload}/{report.mode}"


def compared(report: Report, kept: dict[str, Found]) -> str:
    """One line that sets a result beside the kept one of the same workload and sizes."""
    old = kept.get(key(report))
    if old is None:
        return "  before: not measured"
    new = report.as_json()
    others = [name for name, _ in report.sizes if old.get(name) != new[name]]
    others += [report.noun] if old.get(report.noun) != new[report.noun] else []
    if others:
        name = others[0]
        return f"  before: {old.get(name)} {name} instead of {new[name]}, which cannot be compared"
    parts = [_change(f"{report.noun}/s", old["per_s"], report.per_s)]
    parts += [_change(name, old[field], new[field]) for name, field in (("p99 ms", "p99_ms"), ("peak MiB", "peak_mib"))]
    return "  before: " + ", ".join(parts)


def _change(name: str, old: Any, new: Any) -> str:
    if not old:
        return f"{old:,.2f} {name}"
    digits = 0 if old >= 100 else 2
    return f"{old:,.{digits}f} {name} ({100 * (new / old - 1):+.0f} %)"
