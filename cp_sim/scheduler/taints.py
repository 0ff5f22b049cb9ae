"""Taints and tolerations (k8s.io/component-helpers/scheduling/corev1/helpers.go)."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.node_table import Nodes, Taint

KEEPS_OUT = ("NoSchedule", "NoExecute")


def tolerates(toleration: dict[str, Any], taint: Taint) -> bool:
    """Whether a toleration covers a taint: an empty key or effect covers any, Equal is the default operator."""
    key, value, effect = taint
    if toleration.get("effect") and toleration["effect"] != effect:
        return False
    if toleration.get("key") and toleration["key"] != key:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    return operator == "Equal" and (toleration.get("value") or "") == value


def first_untolerated(
    taints: tuple[Taint, ...], tolerations: tuple[dict[str, Any], ...], effects: tuple[str, ...] = KEEPS_OUT
) -> Taint | None:
    """The first taint with one of the effects that no toleration covers."""
    for taint in taints:
        if taint[2] in effects and not any(tolerates(toleration, taint) for toleration in tolerations):
            return taint
    return None


def keep_out(nodes: Nodes, tolerations: tuple[dict[str, Any], ...]) -> Column | None:
    """Which nodes have a taint that keeps a pod with these tolerations out; None where no node is tainted at all."""
    table = nodes.table
    if not table.tainted:
        return None
    verdicts = columns.of([first_untolerated(one, tolerations) is not None for one in table.taint_sets])
    return verdicts[nodes.taints()]


def text(taint: Taint) -> str:
    """A taint as kubectl writes it: `key=value:effect`."""
    key, value, effect = taint
    return f"{key}={value}:{effect}" if value else f"{key}:{effect}"
