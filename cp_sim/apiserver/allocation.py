"""Cluster IPs and node ports of Services."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.work import Work

Object = dict[str, Any]


def on_create(server: Any, work: Work, obj: Object) -> Object | None:
    """The object with what was allocated for it, None where nothing is."""
    return None


def on_update(server: Any, work: Work, new: Object, old: Object) -> Object:
    """The object with what an update allocates."""
    return new


def give_back(server: Any, obj: Object | None) -> None:
    """Free what belonged to an object that is gone."""
