"""The picture of a thing that has one: a decision, a what-if; a view is its own."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.decision import Decision
from cp_sim.views.decision import decision
from cp_sim.views.view import View
from cp_sim.views.what_if import what_if
from cp_sim.what_if import WhatIf


def picture_of(thing: Any) -> View:
    """The view of a thing.

    Raises:
        TypeError: there is no picture of it.
    """
    if isinstance(thing, View):
        return thing
    if isinstance(thing, Decision):
        return decision(thing)
    if isinstance(thing, WhatIf):
        return what_if(thing)
    raise TypeError(f"there is no picture of a {type(thing).__name__}: give a view, a Decision or a what-if")
