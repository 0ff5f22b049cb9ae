"""What `kubectl apply` sends: the patch that leads from the last applied manifest and the live object to the new one.

Three texts take part.  What the *last applied* manifest had and the *new* one lacks is deleted; where the *new* one
differs from the *live* object it is set; everything else, which others wrote, stays.  Lists with a merge key
(containers by name, ports by number) are compared item by item, other lists as a whole.

*In Kubernetes:* `CreateThreeWayMergePatch`, k8s.io/apimachinery/pkg/util/strategicpatch.
*Simplified:* no `$setElementOrder`, so that items new to a merged list come last; primitive lists are replaced whole.
"""

from __future__ import annotations

import json
from typing import Any

from cp_sim.objects import edit, meta
from cp_sim.objects.kinds import Kind
from cp_sim.objects.schema import Field, Struct, root

Object = dict[str, Any]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def with_last_applied(obj: Object) -> Object:
    """The manifest with itself, as one line of JSON as Go writes it, in the annotation that the next apply reads."""
    annotations = {key: value for key, value in meta.annotations(obj).items() if key != LAST_APPLIED}
    bare = edit.put(obj, "metadata.annotations", annotations)
    text = json.dumps(bare, separators=(",", ":"), sort_keys=True, ensure_ascii=False) + "\n"
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return edit.put(bare, ("metadata", "annotations", LAST_APPLIED), text)


def three_way_patch(kind: Kind | None, last_applied: str | None, new: Object, live: Object) -> Object:
    """The strategic merge patch to send (without a kind, or for custom ones: a merge patch); empty if none is needed.

    `last_applied` is the text of the annotation, None if the object was never applied; `new` is the manifest with its
    own annotation in place (`with_last_applied`).
    """
    old = json.loads(last_applied) if last_applied else {}
    struct = None if kind is None or kind.custom else root(kind.api_version, kind.kind)
    patch = _patch(old, new, live, struct)
    for key in ("apiVersion", "kind"):
        patch.pop(key, None)
    return patch


def _patch(old: Object, new: Object, live: Object, struct: Struct | None) -> Object:
    patch: Object = {}
    for key in old:
        if key not in new and key in live:
            patch[key] = None
    for key, value in new.items():
        if value is None or (key in live and live[key] == value):
            continue
        field = struct.fields.get(key) if struct else None
        was, now = old.get(key), live.get(key)
        if isinstance(value, dict) and isinstance(now, dict):
            inner = _patch(was if isinstance(was, dict) else {}, value, now, _struct_of(field))
            if inner:
                patch[key] = inner
        elif field is not None and field.merge_key and "merge" in field.strategy and isinstance(now, list):
            items = _patch_list(was if isinstance(was, list) else [], value, now, field)
            if items:
                patch[key] = items
        else:
            patch[key] = value
    return patch


def _struct_of(field: Field | None) -> Struct | None:
    if field is None:
        return None
    return field.struct if field.item is None else field.item.struct


def _patch_list(old: list[Any], new: list[Any], live: list[Any], field: Field) -> list[Any]:
    by = field.merge_key
    struct = field.item.struct if field.item else None
    old_items, live_items = ({item.get(by): item for item in items} for items in (old, live))
    patch = []
    for item in new:
        key = item.get(by)
        if key not in live_items:
            patch.append(item)
        elif inner := _patch(old_items.get(key, {}), item, live_items[key], struct):
            patch.append({by: key, **inner})
    kept = {item.get(by) for item in new}
    patch += [{"$patch": "delete", by: key} for key in old_items if key not in kept and key in live_items]
    return patch
