"""Reading the recorded answers of kube-apiserver v1.36.2 that this room is held to."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "golden" / "objects"


def rows(name: str) -> list[dict[str, Any]]:
    """The cases of one file, one JSON text a line."""
    text = gzip.decompress((FOLDER / f"{name}.jsonl.gz").read_bytes()).decode()
    return [json.loads(line) for line in text.splitlines()]


def differences(left: Any, right: Any, path: str = "") -> list[str]:
    """Where two JSON values differ, for messages."""
    if isinstance(left, dict) and isinstance(right, dict):
        found = []
        for key in sorted(set(left) | set(right)):
            if key not in left or key not in right:
                found.append(f"{path}.{key}: only {'recorded' if key in right else 'here'}")
            else:
                found += differences(left[key], right[key], f"{path}.{key}")
        return found
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        return [one for index in range(len(left)) for one in differences(left[index], right[index], f"{path}[{index}]")]
    return [] if left == right and type(left) is type(right) else [f"{path}: {left!r}, recorded {right!r}"]
