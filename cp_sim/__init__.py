"""A whole Kubernetes control plane inside one process, to see it think.

    from cp_sim import Cluster, show
    cluster = Cluster(workers=3, seed=7)

`Cluster` is the public face (see `cp_sim/cluster.py`), `show` puts one picture into a notebook.  Both are fetched
when they are first asked for, so that a command line that needs no widgets does not load any.  The map of the house
is in `ARCHITECTURE.md`.
"""

from __future__ import annotations

import importlib
from typing import Any

_FACE = {"Cluster": "cp_sim.cluster", "show": "cp_sim.widgets", "shuffled": "cp_sim.sim"}

__all__ = list(_FACE)


def __getattr__(name: str) -> Any:
    if name not in _FACE:
        raise AttributeError(f"cp_sim has no {name}; its face is {', '.join(_FACE)}")
    return getattr(importlib.import_module(_FACE[name]), name)
