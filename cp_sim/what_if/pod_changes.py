"""Changes of the pod: what it asks for, what it tolerates, how important it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cp_sim.objects import edit, kinds, meta, quantity
from cp_sim.objects.strategic import strategic_patch
from cp_sim.taints import parse_taint
from cp_sim.what_if.reading import merged, several
from cp_sim.why_not import near

Object = dict[str, Any]

PATCH_LIMIT = 60  # a longer patch is told by its fields


class PodChanges:
    """Each method is a change of a what-if: it returns the pod with it, and says it in `words`."""

    def __init__(self, classes: Mapping[str, Object], words: list[str]) -> None:
        self.classes = classes
        self.words = words

    def requests(self, pod: Object, requests: Mapping[str, Any]) -> Object:
        """The first container asks for other amounts; None asks for nothing."""
        first, *rest = pod["spec"]["containers"]
        old = (first.get("resources") or {}).get("requests") or {}
        wanted = dict(old)
        for name, amount in requests.items():
            text = amount if amount is None else str(amount)
            if text is not None:
                check_amount(name, text)
            wanted[name] = text
            self.words.append(f"requests {text or 'no'} {name} instead of {old.get(name, 'none')}")
        wanted = {name: text for name, text in wanted.items() if text is not None}
        limits = (first.get("resources") or {}).get("limits") or {}
        kept = {name: text for name, text in limits.items() if name not in requests}
        resources = {"requests": wanted} | ({"limits": kept} if kept else {})
        return edit.put(pod, "spec.containers", [{**first, "resources": resources}, *rest])

    def labels(self, pod: Object, labels: Mapping[str, str | None]) -> Object:
        """Other labels; None as a value removes one."""
        self.words += settings("label", labels)
        return edit.put(pod, "metadata.labels", merged(meta.labels(pod), labels))

    def node_selector(self, pod: Object, selector: Mapping[str, str | None]) -> Object:
        """Another node selector; None as a value removes a label."""
        self.words += settings("node selector", selector)
        return edit.put(pod, "spec.nodeSelector", merged(pod["spec"].get("nodeSelector") or {}, selector))

    def tolerations(self, pod: Object, tolerations: Any) -> Object:
        """Further tolerations: `key=value:Effect` or `key:Effect` as text, `*` of every taint, or as in a manifest."""
        found = list(pod["spec"].get("tolerations") or ())
        for one in several(tolerations):
            found.append(toleration_of(one) if isinstance(one, str) else dict(one))
            self.words.append(f"tolerates {one if isinstance(one, str) else toleration_text(one)}")
        return edit.put(pod, "spec.tolerations", found)

    def affinity(self, pod: Object, affinity: Object) -> Object:
        """Another affinity, in place of its own."""
        self.words.append(f"affinity {', '.join(affinity) or 'none'}")
        return edit.put(pod, "spec.affinity", affinity)

    def priority(self, pod: Object, priority: int | str) -> Object:
        """A number, or the name of a PriorityClass."""
        if isinstance(priority, str) and priority not in self.classes:
            raise LookupError(f"there is no PriorityClass {priority}{near(priority, self.classes)}")
        value = self.classes[priority]["value"] if isinstance(priority, str) else priority
        self.words.append(f"priority {value} instead of {pod['spec'].get('priority') or 0}")
        spec = {key: one for key, one in pod["spec"].items() if key != "priorityClassName"}
        policy = self.classes[priority].get("preemptionPolicy") if isinstance(priority, str) else None
        return {**pod, "spec": {**spec, "priority": value, "preemptionPolicy": policy or "PreemptLowerPriority"}}

    def patch(self, pod: Object, patch: Object) -> Object:
        """A strategic merge patch of the pod, as for `kubectl patch`."""
        text = json.dumps(patch)
        self.words.append(f"patch {text}" if len(text) <= PATCH_LIMIT else f"patch of {', '.join(_fields(patch))}")
        return strategic_patch(kinds.find("pods"), pod, patch)


def settings(what: str, changes: Mapping[str, str | None]) -> list[str]:
    """Labels or the like in words."""
    return [f"{what} {name}={value}" if value is not None else f"no {what} {name}" for name, value in changes.items()]


def check_amount(name: str, text: str) -> None:
    """*Raises* `ValueError` if a text is no quantity."""
    try:
        quantity.parse(text)
    except quantity.QuantityError as wrong:
        raise ValueError(
            f'{text!r} is no amount of {name}: write it as in a manifest, such as "500m" or "2Gi"'
        ) from wrong


def toleration_of(text: str) -> Object:
    """The toleration of a taint written as kubectl does; `*` tolerates every taint."""
    if text == "*":
        return {"operator": "Exists"}
    taint = parse_taint(text)
    value = {"operator": "Equal", "value": taint["value"]} if "value" in taint else {"operator": "Exists"}
    return {"key": taint["key"], "effect": taint["effect"], **value}


def toleration_text(toleration: Mapping[str, Any]) -> str:
    """A toleration in a few words."""
    value = f"={toleration['value']}" if toleration.get("value") else ""
    effect = f":{toleration['effect']}" if toleration.get("effect") else ""
    return f"{toleration.get('key') or 'every taint'}{value}{effect}"


def _fields(patch: Object, at: str = "") -> list[str]:
    """The paths of the fields that a patch sets, as far as maps go: `spec.topologySpreadConstraints`."""
    found: list[str] = []
    for name, value in patch.items():
        path = f"{at}.{name}" if at else str(name)
        found += _fields(value, path) if isinstance(value, dict) and value else [path]
    return found
