"""Nodes, namespaces, and what shares a room with them.  Source: pkg/apis/core/v1/defaults.go."""

from __future__ import annotations

import base64
from typing import Any

from cp_sim.objects import meta
from cp_sim.objects.defaults.fill import Filler, absent, each, inside
from cp_sim.objects.defaults.pods import canonical_amount

Object = dict[str, Any]


def _namespace(obj: Object) -> Object:
    """Its name as a label, so that selectors of namespaces can name one."""
    if not meta.name(obj) or meta.labels(obj).get("kubernetes.io/metadata.name"):
        return obj
    labels = {**meta.labels(obj), "kubernetes.io/metadata.name": meta.name(obj)}
    return inside(obj, "metadata", lambda metadata: {**metadata, "labels": labels})


def _node(obj: Object) -> Object:
    return inside(obj, "status", _node_status)


def _node_status(status: Object) -> Object:
    """A kubelet that reports no allocatable means all of its capacity."""
    for key in ("capacity", "allocatable"):
        status = inside(status, key, amounts)
    capacity = status.get("capacity")
    return absent(status, {"allocatable": capacity}) if capacity else status


def amounts(obj: Object) -> Object:
    """A resource list with every quantity in canonical form."""
    written = {name: canonical_amount(amount) for name, amount in obj.items()}
    return obj if written == obj else written


def _limit_range(spec: Object) -> Object:
    return each(spec, "limits", _limit)


def _limit(item: Object) -> Object:
    """For containers: the default limit is the maximum, the default request the default limit, then the minimum."""
    for key in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio"):
        item = inside(item, key, amounts)
    if item.get("type") != "Container":
        return item
    default = {**(item.get("max") or {}), **(item.get("default") or {})}
    request = {**(item.get("min") or {}), **default, **(item.get("defaultRequest") or {})}
    filled = {**item}
    if default:
        filled["default"] = default
    if request:
        filled["defaultRequest"] = request
    return filled


def _quota(spec: Object) -> Object:
    return inside(spec, "hard", amounts)


def _secret(obj: Object) -> Object:
    """What stands in `stringData` moves into `data`, in base64."""
    if not obj.get("type"):
        obj = {**obj, "type": "Opaque"}
    if "stringData" in obj:
        plain = obj["stringData"] or {}
        encoded = {name: base64.b64encode(str(text).encode()).decode() for name, text in plain.items()}
        obj = {key: value for key, value in obj.items() if key != "stringData"}
        if encoded:
            obj["data"] = {**(obj.get("data") or {}), **encoded}
    return obj


def _config_map(obj: Object) -> Object:
    return inside(obj, "data", _without_nulls)


def _without_nulls(texts: Object) -> Object:
    """Null as the text of a key reads as the empty text."""
    return {name: "" if text is None else text for name, text in texts.items()} if None in texts.values() else texts


def _event(obj: Object) -> Object:
    """Fields that are always written, also when they are empty."""
    if "eventTime" in obj and obj.get("reportingComponent") is not None and obj.get("reportingInstance") is not None:
        return obj
    return {"eventTime": None, **absent(obj, {"reportingComponent": "", "reportingInstance": ""})}


DEFAULTS: dict[str, Filler] = {
    "namespaces": _namespace,
    "nodes": _node,
    "limitranges": lambda obj: inside(obj, "spec", _limit_range),
    "resourcequotas": lambda obj: inside(obj, "spec", _quota),
    "secrets": _secret,
    "configmaps": _config_map,
    "events": _event,
}
