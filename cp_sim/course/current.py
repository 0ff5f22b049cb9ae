"""Which cluster a lesson, a check or `%kubectl` is about: the one that the notebook holds, unless told otherwise."""

from __future__ import annotations

from typing import Any

from cp_sim.cluster import Cluster


class NoCluster(LookupError):
    """There is no cluster to speak of yet."""


class _Choice:
    """What `use` chose, and the notebook's names."""

    def __init__(self) -> None:
        self.chosen: Cluster | None = None
        self.namespace = "default"
        self.names: dict[str, Any] | None = None


# One notebook is one process: this is its one choice, as the current context is kubectl's.
_choice = _Choice()


def use(cluster: Cluster | None = None, namespace: str = "default") -> None:
    """Bind `%kubectl` and the checks to `cluster` (None: the newest again) and to a namespace."""
    _choice.chosen = cluster
    _choice.namespace = namespace


def watch_names(names: dict[str, Any]) -> None:
    """Look for clusters among the names of a notebook."""
    _choice.names = names


def namespace() -> str:
    """The namespace that `%kubectl` works in."""
    return _choice.namespace


def named(name: str) -> Cluster:
    """The cluster that the notebook holds under `name`, or else the current one.

    Raises:
        NoCluster: there is none.
    """
    held = (_choice.names or {}).get(name)
    return held if isinstance(held, Cluster) else current()


def current() -> Cluster:
    """The cluster that is meant where none is named.

    It is the one given to `use`; else the one called `cluster`; else the last name in the notebook that holds one.

    Raises:
        NoCluster: there is none.
    """
    if _choice.chosen is not None:
        return _choice.chosen
    held = {
        name: value for name, value in (_choice.names or {}).items() if isinstance(value, Cluster) and name[0] != "_"
    }
    if "cluster" in held:
        return held["cluster"]
    if held:
        return list(held.values())[-1]
    raise NoCluster("there is no cluster yet: make one with cluster = Cluster(workers=3)")
