"""What a pod's manifest asks of the scheduler, in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cp_sim.objects import edit

Object = dict[str, Any]

_AFFINITIES = {
    "nodeAffinity": ("has a rule about labels of nodes", "likes nodes with certain labels"),
    "podAffinity": ("has to be where certain pods are", "likes to be where certain pods are"),
    "podAntiAffinity": ("keeps away from certain pods", "would rather keep away from certain pods"),
}


def wants(pod: Object) -> str:
    """`500m cpu, 1Gi memory; only nodes with disk=ssd`: what the manifest says that matters for the choice of a node.

    Rules that need more words than fit a line are only mentioned; the manifest has them.
    """
    parts = [", ".join(_requests(pod)) or "no requests"]
    labels = ", ".join(f"{key}={value}" for key, value in (edit.get(pod, "spec.nodeSelector") or {}).items())
    parts += [f"only nodes with {labels}"] if labels else []
    for kind, (must, likes) in _AFFINITIES.items():
        rules = edit.get(pod, f"spec.affinity.{kind}") or {}
        parts += [must] if rules.get("requiredDuringSchedulingIgnoredDuringExecution") else []
        parts += [likes] if rules.get("preferredDuringSchedulingIgnoredDuringExecution") else []
    parts += [f"tolerates {toleration_text(one)}" for one in edit.get(pod, "spec.tolerations") or ()]
    spread = edit.get(pod, "spec.topologySpreadConstraints") or ()
    parts += [f"spreads over {one['topologyKey']} with maxSkew {one['maxSkew']}" for one in spread]
    priority = edit.get(pod, "spec.priorityClassName")
    parts += [f"priority class {priority}"] if priority else []
    return "; ".join(parts)


def grouped(wanted: Mapping[str, str]) -> list[str]:
    """`web-1 to web-6, each: 500m cpu`: a line for each pod of `{name: what it wants}`; equal pods share one."""
    groups: dict[str, list[str]] = {}
    for name, words in wanted.items():
        groups.setdefault(words, []).append(name)
    return [
        f"{names[0] if len(names) == 1 else f'{names[0]} to {names[-1]}, each'}: {words}"
        for words, names in groups.items()
    ]


def toleration_text(toleration: Object) -> str:
    """`gpu=yes:NoSchedule`, `gpu:NoExecute for 60s`: a toleration as a taint is written."""
    text = str(toleration.get("key") or "every taint")
    text += f"={toleration['value']}" if toleration.get("value") else ""
    text += f":{toleration['effect']}" if toleration.get("effect") else ""
    seconds = toleration.get("tolerationSeconds")
    return text if seconds is None else f"{text} for {seconds}s"


def _requests(pod: Object) -> list[str]:
    found: list[str] = []
    containers = edit.get(pod, "spec.containers") or []
    for container in containers:
        asked = edit.get(container, "resources.requests") or {}
        who = f" ({container['name']})" if len(containers) > 1 and asked else ""
        found += [f"{amount} {resource}{who}" for resource, amount in asked.items()]
    return found
