"""TaintNodesByCondition: a new node is not ready until the node lifecycle controller says so.

*In Kubernetes:* `plugin/pkg/admission/nodetaint`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.admission.plugin import Attributes, Plugin
from cp_sim.objects import edit

TAINT = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


class TaintNodesByCondition(Plugin):
    """Adds the taint `node.kubernetes.io/not-ready:NoSchedule` to nodes when they are created."""

    name = "TaintNodesByCondition"
    resources = ("nodes",)
    mutates = ("CREATE",)

    def mutate(self, server: Any, asked: Attributes) -> None:
        if asked.subresource:
            return
        taints = (asked.object.get("spec") or {}).get("taints") or []
        if any(taint.get("key") == TAINT["key"] and taint.get("effect") == TAINT["effect"] for taint in taints):
            return
        asked.object = edit.put(asked.object, "spec.taints", [*taints, TAINT])
