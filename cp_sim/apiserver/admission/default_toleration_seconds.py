"""DefaultTolerationSeconds: pods tolerate an unready or unreachable node for five minutes unless they say otherwise.

*In Kubernetes:* `plugin/pkg/admission/defaulttolerationseconds`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.admission.plugin import Attributes, Plugin
from cp_sim.objects import edit

NOT_READY = "node.kubernetes.io/not-ready"
UNREACHABLE = "node.kubernetes.io/unreachable"
SECONDS = 300

_ADDED = {
    key: {"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": SECONDS}
    for key in (NOT_READY, UNREACHABLE)
}
# What a pod without tolerations of its own has; the same list in all of them.
_ALONE = list(_ADDED.values())


class DefaultTolerationSeconds(Plugin):
    """Adds the two tolerations."""

    name = "DefaultTolerationSeconds"
    resources = ("pods",)
    reads = ()
    mutates = ("CREATE", "UPDATE")

    def mutate(self, server: Any, asked: Attributes) -> None:
        if asked.subresource:
            return
        pod = asked.object
        tolerations = (pod.get("spec") or {}).get("tolerations") or []
        if not tolerations:
            asked.object = edit.put(pod, "spec.tolerations", _ALONE)
            return
        missing = [_ADDED[key] for key in (NOT_READY, UNREACHABLE) if not any(_covers(one, key) for one in tolerations)]
        if missing:
            asked.object = edit.put(pod, "spec.tolerations", [*tolerations, *missing])


def _covers(toleration: dict[str, Any], key: str) -> bool:
    return toleration.get("key") in (key, "", None) and toleration.get("effect") in ("NoExecute", "", None)
