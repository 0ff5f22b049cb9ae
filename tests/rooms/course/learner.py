"""A learner: makes a cluster, types kubectl and Python into cells."""

from __future__ import annotations

from typing import Any

from cp_sim import Cluster
from cp_sim.course import check, current, use
from cp_sim.course.kubectl import Kubectl
from cp_sim.course.lesson import exercise


def cluster_of(seed: int = 7, **options: Any) -> Cluster:
    """A cluster that checks and kubectl are about."""
    made = Cluster(**{"workers": 2, **options}, seed=seed)
    use(made)
    return made


def kubectl(line: str, stdin: str = "") -> str:
    """What `%kubectl line` would print."""
    return Kubectl(current.current()).run(line, stdin=stdin).text


def run_solution(name: str, cluster: Cluster, **names: Any) -> dict[str, Any]:
    """Type the solution of an exercise into one cell; returns the names it made."""
    held = {"cluster": cluster, "check": check, "Cluster": Cluster, **names}
    exec(exercise(name).solution, held)
    return held


def said(name: str, *answers: Any, **others: Any) -> str:
    """What `check` says, as text."""
    return repr(check(name, *answers, **others))
