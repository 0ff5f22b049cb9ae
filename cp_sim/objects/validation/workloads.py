"""The controllers' kinds: Deployment, ReplicaSet, StatefulSet, DaemonSet, ReplicationController, ControllerRevision.

Source: `pkg/apis/apps/validation/validation.go`, and `ValidateReplicationController` in
`pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.causes import Causes, forbidden, invalid, not_supported, required
from cp_sim.objects.selectors import matches
from cp_sim.objects.validation import meta, pods
from cp_sim.objects.validation.common import (
    dns_label,
    is_empty_selector,
    nonnegative,
    not_over_hundred,
    percent_or_number,
    scaled,
    selector,
    selector_value,
    sorted_map,
)
from cp_sim.objects.validation.storage import claim_spec

Object = dict[str, Any]

MISMATCH = "`selector` does not match template `labels`"


def _labels(template: Object) -> Object:
    return (template.get("metadata") or {}).get("labels") or {}


def selector_problems(given: Object) -> Causes:
    """What would keep a selector from being used at all."""
    found: Causes = []
    selector(given, "selector", found)
    return found


def _template(template: Object, at: str, what: str, causes: Causes) -> None:
    """A template whose pods run until they are deleted."""
    pods.template(template, at, causes)
    spec = template.get("spec") or {}
    if spec.get("restartPolicy") != "Always":
        causes.append(not_supported(f"{at}.spec.restartPolicy", spec.get("restartPolicy", ""), ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        text = f"activeDeadlineSeconds in {what} is not Supported"
        causes.append(forbidden(f"{at}.spec.activeDeadlineSeconds", text))


def _selected_template(spec: Object, what: str, text: str, causes: Causes) -> None:
    """Selector and template, which have to fit: the part that all of them share."""
    given, template = spec.get("selector"), spec.get("template") or {}
    if given is None:
        causes.append(required("spec.selector"))
    else:
        selector(given, "spec.selector", causes)
        if is_empty_selector(given):
            causes.append(invalid("spec.selector", selector_value(given), text))
        if selector_problems(given):
            detail = "" if what == "StatefulSet" else "invalid label selector"
            causes.append(invalid("spec.selector", selector_value(given), detail))
            return
    labels = _labels(template)
    if given is None or (not is_empty_selector(given) and not matches(given, labels)):
        causes.append(invalid("spec.template.metadata.labels", sorted_map(labels), MISMATCH))
    _template(template, "spec.template", what, causes)


def deployment(obj: Object, causes: Causes) -> None:
    """A Deployment's spec."""
    spec = obj.get("spec") or {}
    nonnegative(spec, "replicas", "spec", causes)
    _selected_template(spec, "ReplicaSet", "empty selector is invalid for deployment", causes)
    _strategy(spec.get("strategy") or {}, "spec.strategy", causes)
    nonnegative(spec, "minReadySeconds", "spec", causes)
    nonnegative(spec, "revisionHistoryLimit", "spec", causes)
    deadline = spec.get("progressDeadlineSeconds")
    if deadline is not None:
        nonnegative(spec, "progressDeadlineSeconds", "spec", causes)
        if deadline <= spec.get("minReadySeconds", 0):
            causes.append(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"))
    if obj.get("rollbackTo"):
        nonnegative(obj["rollbackTo"], "revision", "spec.rollback", causes)


def _strategy(given: Object, at: str, causes: Causes) -> None:
    type_, rolling = given.get("type", ""), given.get("rollingUpdate")
    if type_ == "Recreate":
        if rolling is not None:
            text = "may not be specified when strategy `type` is 'Recreate'"
            causes.append(forbidden(f"{at}.rollingUpdate", text))
    elif type_ == "RollingUpdate":
        if rolling is None:
            causes.append(required(f"{at}.rollingUpdate", "this should be defaulted and never be nil"))
        else:
            _rolling_deployment(rolling, f"{at}.rollingUpdate", causes)
    else:
        causes.append(not_supported(at, _strategy_value(given), ("Recreate", "RollingUpdate")))


def _strategy_value(given: Object) -> Object:
    rolling = given.get("rollingUpdate")
    shown = None
    if rolling is not None:
        shown = {name[:1].upper() + name[1:]: rolling[name] for name in rolling}
    return {"Type": given.get("type", ""), "RollingUpdate": shown}


def _rolling_deployment(given: Object, at: str, causes: Causes) -> None:
    unavailable, surge = given.get("maxUnavailable", 0), given.get("maxSurge", 0)
    percent_or_number(unavailable, f"{at}.maxUnavailable", causes)
    percent_or_number(surge, f"{at}.maxSurge", causes)
    if scaled(unavailable) == 0 and scaled(surge) == 0:
        causes.append(invalid(f"{at}.maxUnavailable", unavailable, "may not be 0 when `maxSurge` is 0"))
    not_over_hundred(unavailable, f"{at}.maxUnavailable", causes)


def replica_set(obj: Object, causes: Causes) -> None:
    """A ReplicaSet's spec."""
    spec = obj.get("spec") or {}
    nonnegative(spec, "replicas", "spec", causes)
    nonnegative(spec, "minReadySeconds", "spec", causes)
    _selected_template(spec, "ReplicaSet", "empty selector is invalid for deployment", causes)


def replication_controller(obj: Object, causes: Causes) -> None:
    """A ReplicationController's spec; its selector is a plain map."""
    spec = obj.get("spec") or {}
    nonnegative(spec, "minReadySeconds", "spec", causes)
    given = spec.get("selector") or {}
    if not given:
        causes.append(required("spec.selector"))
    nonnegative(spec, "replicas", "spec", causes)
    template = spec.get("template")
    if template is None:
        causes.append(required("spec.template"))
        return
    labels = _labels(template)
    if given and not matches({"matchLabels": given}, labels):
        causes.append(invalid("spec.template.metadata.labels", sorted_map(labels), MISMATCH))
    _template(template, "spec.template", "ReplicationController", causes)


def stateful_set(obj: Object, causes: Causes) -> None:
    """A StatefulSet's spec."""
    spec = obj.get("spec") or {}
    policy = spec.get("podManagementPolicy", "")
    if not policy:
        causes.append(required("spec.podManagementPolicy"))
    elif policy not in ("OrderedReady", "Parallel"):
        causes.append(invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"))
    _stateful_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy", causes)
    retention = spec.get("persistentVolumeClaimRetentionPolicy")
    if retention is not None:
        for field in ("whenDeleted", "whenScaled"):
            if retention.get(field) not in ("Retain", "Delete"):
                path = f"spec.persistentVolumeClaimRetentionPolicy.{field}"
                causes.append(not_supported(path, retention.get(field, ""), ("Retain", "Delete")))
    nonnegative(spec, "replicas", "spec", causes)
    nonnegative(spec, "minReadySeconds", "spec", causes)
    if spec.get("ordinals") is not None:
        nonnegative(spec["ordinals"], "start", "spec.ordinals", causes)
    _claim_templates(spec, causes)
    if spec.get("serviceName"):
        dns_label(spec["serviceName"], "spec.serviceName", causes)
    _selected_template(spec, "StatefulSet", "empty selector is invalid for statefulset", causes)
    nonnegative(spec, "revisionHistoryLimit", "spec", causes)


def _claim_templates(spec: Object, causes: Causes) -> None:
    for index, claim in enumerate(spec.get("volumeClaimTemplates") or ()):
        claim_spec(claim.get("spec") or {}, f"spec.volumeClaimTemplates[{index}].spec", causes)


def _stateful_strategy(given: Object, at: str, causes: Causes) -> None:
    type_, rolling = given.get("type", ""), given.get("rollingUpdate")
    if not type_:
        causes.append(required(at))
    elif type_ == "OnDelete":
        if rolling is not None:
            text = "only allowed for updateStrategy 'RollingUpdate'"
            causes.append(invalid(f"{at}.rollingUpdate", _rolling_value(rolling), text))
    elif type_ == "RollingUpdate":
        if rolling is not None:
            nonnegative(rolling, "partition", f"{at}.rollingUpdate", causes)
            unavailable = rolling.get("maxUnavailable")
            if unavailable is not None:
                percent_or_number(unavailable, f"{at}.rollingUpdate.maxUnavailable", causes)
                if scaled(unavailable) == 0:
                    path = f"{at}.rollingUpdate.maxUnavailable"
                    causes.append(invalid(path, unavailable, "cannot be 0"))
                not_over_hundred(unavailable, f"{at}.rollingUpdate.maxUnavailable", causes)
    else:
        shown = {"Type": type_, "RollingUpdate": _rolling_value(rolling) if rolling is not None else None}
        causes.append(invalid(at, shown, "must be 'RollingUpdate' or 'OnDelete'"))


def _rolling_value(rolling: Object) -> Object:
    return {"Partition": rolling.get("partition", 0), "MaxUnavailable": rolling.get("maxUnavailable")}


def daemon_set(obj: Object, causes: Causes) -> None:
    """A DaemonSet's spec."""
    spec = obj.get("spec") or {}
    given, template = spec.get("selector"), spec.get("template") or {}
    if given is not None:
        selector(given, "spec.selector", causes)
    labels = _labels(template)
    if given is None or (not selector_problems(given) and not matches(given, labels)):
        causes.append(invalid("spec.template.metadata.labels", sorted_map(labels), MISMATCH))
    if given is not None and is_empty_selector(given):
        causes.append(invalid("spec.selector", selector_value(given), "empty selector is invalid for daemonset"))
    _template(template, "spec.template", "DaemonSet", causes)
    nonnegative(spec, "minReadySeconds", "spec", causes)
    _daemon_strategy(spec.get("updateStrategy") or {}, "spec.updateStrategy", causes)
    nonnegative(spec, "revisionHistoryLimit", "spec", causes)


def _daemon_strategy(given: Object, at: str, causes: Causes) -> None:
    type_, rolling = given.get("type", ""), given.get("rollingUpdate")
    if type_ == "OnDelete":
        return
    if type_ != "RollingUpdate":
        causes.append(not_supported(at, _strategy_value(given), ("RollingUpdate", "OnDelete")))
        return
    if rolling is None:
        causes.append(required(f"{at}.rollingUpdate"))
        return
    at = f"{at}.rollingUpdate"
    unavailable, surge = rolling.get("maxUnavailable", 0), rolling.get("maxSurge", 0)
    percent_or_number(unavailable, f"{at}.maxUnavailable", causes)
    percent_or_number(surge, f"{at}.maxSurge", causes)
    not_over_hundred(unavailable, f"{at}.maxUnavailable", causes)
    not_over_hundred(surge, f"{at}.maxSurge", causes)
    if scaled(unavailable) and scaled(surge):
        causes.append(invalid(f"{at}.maxSurge", surge, "may not be set when maxUnavailable is non-zero"))
    elif not scaled(unavailable) and not scaled(surge):
        causes.append(required(f"{at}.maxUnavailable", "cannot be 0 when maxSurge is 0"))


def controller_revision(obj: Object, causes: Causes) -> None:
    """A ControllerRevision."""
    if obj.get("revision", 0) < 0:
        causes.append(invalid("revision", obj["revision"], "must be greater than or equal to 0"))
    if obj.get("data") is None:
        causes.append(required("data", "data is mandatory"))


def pod_template(obj: Object, causes: Causes) -> None:
    """A stored PodTemplate."""
    pods.template(obj.get("template") or {}, "template", causes)


# --- updates ------------------------------------------------------------------------------------------------------


def selector_immutable(new: Object, old: Object, causes: Causes) -> None:
    """The selectors of apps/v1 may not change."""
    now, before = (new.get("spec") or {}).get("selector"), (old.get("spec") or {}).get("selector")
    if now != before:
        causes.append(invalid("spec.selector", selector_value(now) if now else None, meta.IMMUTABLE))


_STATEFUL_MUTABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds",
    "persistentVolumeClaimRetentionPolicy",
)  # fmt: skip


def stateful_set_update(new: Object, old: Object, causes: Causes) -> None:
    """Only a few fields of a StatefulSet may change."""
    now = {key: value for key, value in (new.get("spec") or {}).items() if key not in _STATEFUL_MUTABLE}
    before = {key: value for key, value in (old.get("spec") or {}).items() if key not in _STATEFUL_MUTABLE}
    if now != before:
        text = (
            "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
            "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
        )
        causes.append(forbidden("spec", text))


def controller_revision_update(new: Object, old: Object, causes: Causes) -> None:
    """A revision's data never changes."""
    if new.get("data") != old.get("data"):
        causes.append(invalid("data", new.get("data"), meta.IMMUTABLE))
