"""Objects under the names of the server's internal types, for the sentences that show them whole or as a difference.

*In Kubernetes:* messages built from `pkg/apis/core` structs without JSON tags, and `diff.Diff` of
`staging/src/k8s.io/apimachinery/pkg/util/diff`.
"""

from __future__ import annotations

import difflib
import json
from functools import lru_cache
from typing import Any

from cp_sim.objects.validation.internal_types import TYPES

Object = dict[str, Any]
Field = tuple[str, str, str, str]

_ZEROS: dict[str, Any] = {"s": "", "0": 0, "f": False, "": None}
_HOST_FIELDS = ("hostNetwork", "hostPID", "hostIPC", "shareProcessNamespace", "hostUsers")


@lru_cache(maxsize=1)
def _types() -> dict[str, tuple[Field, ...]]:
    """Type -> (Go name, wire name, zero or sign, nested type) of each field."""
    made: dict[str, tuple[Field, ...]] = {}
    for line in TYPES.strip().replace("\n  ", " ").splitlines():
        name, _, fields = line.partition(": ")
        made[name] = tuple(_field(text) for text in fields.split())
    return made


def _field(text: str) -> Field:
    head, _, zero = text.partition("=")
    go, _, wire = head.partition(":")
    nested = zero[1:] if zero[:1] in ("@", "*", "[") else ""
    return go, wire or go[:1].lower() + go[1:], zero[:1] if nested else zero, nested


def value(type_: str, given: Object) -> Object:
    """A wire object of that internal type."""
    shown: Object = {}
    for go, wire, sign, nested in _types()[type_]:
        inner = given.get(wire)
        if not nested:
            inner = _plain(inner) if inner not in (None, {}, []) else _ZEROS[sign] if inner is None else None
        elif sign == "[":
            inner = [value(nested, one) for one in inner] if inner else None
        elif inner is not None or sign == "@":
            inner = _security(given, inner) if nested == "PodSecurityContext" else value(nested, inner or {})
        shown[go] = inner
    return shown


def _security(spec: Object, context: Object | None) -> Object:
    """A pod's security context, which holds the host's namespaces in the internal type."""
    return value("PodSecurityContext", {**(context or {}), **{key: spec[key] for key in _HOST_FIELDS if key in spec}})


def _plain(inner: Any) -> Any:
    """Maps have their keys in order."""
    return {key: inner[key] for key in sorted(inner)} if isinstance(inner, dict) else inner


def pod_template_value(template: Object) -> Object:
    """A pod template: labels and annotations of its metadata, then its spec."""
    metadata = template.get("metadata") or {}
    shown = {field: _plain(metadata[field]) for field in ("name", "labels", "annotations") if metadata.get(field)}
    return shown | value("PodTemplateSpec", template)


def difference(type_: str, before: Any, after: Any) -> str:
    """What differs between two objects (or lists of them), as a unified diff of their JSON text."""
    texts = []
    for one in (before, after):
        shown = [value(type_, item) for item in one] if isinstance(one, list) else value(type_, one)
        texts.append((json.dumps(shown, indent=1, ensure_ascii=False) + "\n").splitlines(keepends=True))
    lines = list(difflib.unified_diff(texts[0], texts[1], n=3))
    return "".join(lines[2:])
