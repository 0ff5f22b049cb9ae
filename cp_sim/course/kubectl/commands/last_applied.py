"""The three-way patch of `kubectl apply`, and the annotation that remembers what was applied.

Source: k8s.io/kubectl pkg/util/apply.go, k8s.io/apimachinery/pkg/util/strategicpatch/patch.go.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.course.kubectl.client import Type
from cp_sim.objects import edit, meta
from cp_sim.objects.kinds import KINDS

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
Object = dict[str, Any]


def with_last_applied(manifest: Object) -> Object:
    """The manifest with itself in its annotation, as compact JSON with sorted keys."""
    annotations = {key: value for key, value in meta.annotations(manifest).items() if key != LAST_APPLIED}
    plain = edit.put(manifest, "metadata.annotations", annotations)
    text = json.dumps(plain, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    text = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return edit.put(plain, ("metadata", "annotations", LAST_APPLIED), text)


def three_way(type_: Type, current: Object, wanted: Object) -> tuple[Any, str]:
    """(patch, its type) that brings `current` to what `wanted` says; an empty patch where nothing is to do.

    What the annotation of `current` holds and `wanted` does not is removed; what neither holds stays.
    """
    last_text = meta.annotations(current).get(LAST_APPLIED)
    kind = KINDS.get(type_.full_name)
    if kind is not None:
        from cp_sim.objects.threeway import three_way_patch

        return three_way_patch(kind, last_text, wanted, current), "strategic"
    last = json.loads(last_text) if last_text else {}
    return _merge_patch(last, wanted, current), "merge"


def _merge_patch(last: Any, wanted: Any, current: Any) -> Object:
    """The JSON merge patch for kinds without a schema: lists are replaced whole."""
    patch: Object = {}
    for key, value in wanted.items():
        if key not in current:
            patch[key] = value
        elif isinstance(value, dict) and isinstance(current[key], dict):
            inner = _merge_patch(last.get(key) or {}, value, current[key])
            if inner:
                patch[key] = inner
        elif value != current[key]:
            patch[key] = value
    patch |= {key: None for key in last if key not in wanted and key in current}
    return patch
