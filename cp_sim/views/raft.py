"""Raft in one picture: the members as they are, and below them their terms over time."""

from __future__ import annotations

from typing import Any

from cp_sim.views.raft_members import draw_members
from cp_sim.views.sketch import Sketch
from cp_sim.views.term_lanes import draw_lanes
from cp_sim.views.view import View


def raft(cluster: Any) -> View:
    """The members of a cluster's store, and what the trace tells of their elections."""
    sketch = Sketch("Raft: the members of the store, and their terms over time")
    members, bottom = draw_members(sketch, cluster)
    sketch.down = bottom + 14
    return sketch.view(f"{members}\n{draw_lanes(sketch, cluster)}")
