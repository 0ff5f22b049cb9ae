"""Layer 8: pictures that move in a notebook, and the dashboard.

`show(view)` shows one picture; `dashboard(cluster)` (or `cluster.dashboard()`) is the whole desk: pictures, controls,
the slider over revisions, the log.  The front end is plain JavaScript in `front/`, bundled in the package, and asks
nobody on the network.  With `CP_STATIC=1` in the environment both emit only the picture and its text, for notebooks
that are baked, converted or compared.

Everything that can be tested without a browser is: `commands.py` (what a control does to the cluster) and `desk.py`
(what the front end is told) know no widget library.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from cp_sim.views import View, svg
from cp_sim.widgets.desk import Desk
from cp_sim.widgets.still import Still, is_static

__all__ = ["dashboard", "show"]


def show(view: View | Any) -> Any:
    """`view` as the result of a cell: a picture that can be updated in place, `picture.update(view)`; static with
    `CP_STATIC=1`.

    A scheduler's `Decision` and a what-if may be given in place of their views.

    Raises:
        TypeError: there is no picture of it.
    """
    if is_static():
        return Still(view)
    from cp_sim.widgets.picture import Picture

    return Picture(view)


def dashboard(cluster: Any, tab: str = "cluster", select: str = "") -> Any:
    """The dashboard of a cluster, as the result of a cell; with `CP_STATIC=1` its first picture.

    Args:
        cluster: the cluster that the controls act upon.
        tab: the picture shown first: cluster, control-plane, decision (the scheduler), reconcile, why, ownership,
            locks, request, queue, store, raft, leases.
        select: an object to begin with, e.g. `"pod/web-1"`.

    Raises:
        ValueError: there is no such tab.
    """
    desk = Desk(cluster, tab, select)
    if is_static():
        return Still(desk.view())
    from cp_sim.widgets.living_desk import Dashboard

    return Dashboard(desk)


def _warm() -> None:
    """In a notebook start the drawing engine while the libraries load, so that the first picture need not wait."""
    if "ipykernel" in sys.modules and not is_static():
        with suppress(svg.NoEngine):
            svg.warm()


_warm()
