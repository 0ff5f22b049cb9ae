"""Events, in both of their versions.

Source: `pkg/apis/core/validation/events.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, invalid, required
from cp_sim.objects.validation import meta

Object = dict[str, Any]


def event(obj: Object, causes: Causes) -> None:
    """A core/v1 Event: in the namespace of what it is about; stricter with an eventTime."""
    _event_namespace(obj, "involvedObject", causes)
    if obj.get("eventTime") is not None:
        _new_event(obj, "reportingComponent", "message", causes)


def event_v1(obj: Object, causes: Causes) -> None:
    """An events.k8s.io/v1 Event."""
    _event_namespace(obj, "regarding", causes)
    if obj.get("eventTime") is None:
        causes.append(required("eventTime"))
    _new_event(obj, "reportingController", "note", causes)


def _event_namespace(obj: Object, field: str, causes: Causes) -> None:
    inside = (obj.get("metadata") or {}).get("namespace", "")
    about = (obj.get(field) or {}).get("namespace", "")
    if about != inside and not (about == "" and inside == "default"):
        causes.append(invalid("involvedObject.namespace", about, "does not match event.namespace"))


def _new_event(obj: Object, component: str, note: str, causes: Causes) -> None:
    name = obj.get(component, "")
    if not name:
        causes.append(required(component))
    for problem in names.qualified_name(name):
        causes.append(invalid(component, name, problem))
    instance = obj.get("reportingInstance", "")
    if not instance:
        causes.append(required("reportingInstance"))
    elif len(instance) > 128:
        causes.append(invalid("reportingInstance", "", "can have at most 128 characters"))
    if not obj.get("action"):
        causes.append(required("action"))
    elif len(obj["action"]) > 128:
        causes.append(invalid("action", "", "can have at most 128 characters"))
    if not obj.get("reason"):
        causes.append(required("reason"))
    elif len(obj["reason"]) > 128:
        causes.append(invalid("reason", "", "can have at most 128 characters"))
    if len(obj.get(note) or "") > 1024:
        causes.append(invalid("message", "", "can have at most 1024 characters"))
    if obj.get("type", "") not in ("Normal", "Warning"):
        causes.append(invalid("type", "", f"has invalid value: {obj.get('type', '')}"))


# (wire name in events.k8s.io/v1, name in the sentence)
_EVENT_FIXED = (
    ("regarding", "involvedObject"),
    ("reason", "reason"),
    ("note", "message"),
    ("deprecatedSource", "source"),
    ("deprecatedFirstTimestamp", "firstTimestamp"),
    ("deprecatedLastTimestamp", "lastTimestamp"),
    ("deprecatedCount", "count"),
    ("type", "type"),
    ("eventTime", "eventTime"),
    ("action", "action"),
    ("related", "related"),
    ("reportingController", "reportingController"),
    ("reportingInstance", "reportingInstance"),
)


def event_v1_update(new: Object, old: Object, causes: Causes) -> None:
    """Of an events.k8s.io/v1 Event only the series may change."""
    event_v1(new, causes)
    for field, shown in _EVENT_FIXED:
        if new.get(field) != old.get(field):
            causes.append(invalid(shown, new.get(field), meta.IMMUTABLE))
