"""What the API server does to a pod before the scheduler sees it, for scenarios that were never sent to one.

Only what decisions depend on: limits become requests, priority classes, preemption policy, overhead of runtime
classes, and matchLabelKeys merged into selectors.  In a running cluster the API server does all of it.

*In Kubernetes:* pkg/apis/core/v1/defaults.go, plugin/pkg/admission/priority, plugin/pkg/admission/runtimeclass
(overhead), pkg/registry/core/pod/strategy.go (`applyMatchLabelKeysAndMismatchLabelKeys`).
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import edit, meta, quantity
from cp_sim.scheduler import requests

Object = dict[str, Any]

SYSTEM_CLASSES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}
REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"


def prepared(pod: Object, priority_classes: dict[str, Object], runtime_classes: dict[str, Object]) -> Object:
    """The pod as the API server would store it, in what matters to the scheduler."""
    if not meta.namespace(pod):
        pod = edit.put(pod, "metadata.namespace", "default")
    spec = dict(pod["spec"])
    for kind in ("containers", "initContainers"):
        if spec.get(kind):
            spec[kind] = [_with_requests(container) for container in spec[kind]]
    _default_pod_level(spec)
    _set_priority(spec, priority_classes)
    runtime = runtime_classes.get(spec.get("runtimeClassName") or "")
    if runtime and "overhead" not in spec and runtime.get("overhead"):
        spec["overhead"] = runtime["overhead"].get("podFixed") or {}
    labels = meta.labels(pod)
    if spec.get("affinity"):
        spec["affinity"] = _merge_affinity(spec["affinity"], labels)
    if spec.get("topologySpreadConstraints"):
        spec["topologySpreadConstraints"] = [_merged(one, labels) for one in spec["topologySpreadConstraints"]]
    return {**pod, "spec": spec}


def _with_requests(container: Object) -> Object:
    """A container whose limits stand in for requests that it lacks."""
    resources = container.get("resources") or {}
    limits = resources.get("limits") or {}
    wanted = {**limits, **(resources.get("requests") or {})}
    return {**container, "resources": {**resources, "requests": wanted}} if limits else container


def _default_pod_level(spec: Object) -> None:
    """Pod-level requests that are missing: the containers' sum, else the pod-level limit."""
    resources = spec.get("resources") or {}
    limits = resources.get("limits") or {}
    if not limits:
        return
    wanted = dict(resources.get("requests") or {})
    bare = {kind: spec.get(kind) for kind in ("containers", "initContainers")}
    for name, nano in requests.of_spec(bare).items():
        if requests.is_pod_level(name) and not name.startswith("hugepages-"):
            wanted.setdefault(name, quantity.of(nano).text)
    for name, text in limits.items():
        if requests.is_pod_level(name):
            wanted.setdefault(name, text)
    spec["resources"] = {**resources, "requests": wanted}


def _set_priority(spec: Object, classes: dict[str, Object]) -> None:
    name = spec.get("priorityClassName")
    chosen = classes.get(name or "")
    if not name:
        chosen = next((one for one in classes.values() if one.get("globalDefault")), None)
    if chosen is not None:
        spec.setdefault("priority", chosen.get("value") or 0)
        spec.setdefault("preemptionPolicy", chosen.get("preemptionPolicy") or "PreemptLowerPriority")
    spec.setdefault("priority", SYSTEM_CLASSES.get(name or "", 0))
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")


def _merge_affinity(affinity: Object, labels: dict[str, str]) -> Object:
    merged = dict(affinity)
    for kind in ("podAffinity", "podAntiAffinity"):
        rules = merged.get(kind)
        if not rules:
            continue
        rules = merged[kind] = dict(rules)
        if rules.get(REQUIRED):
            rules[REQUIRED] = [_merged(term, labels) for term in rules[REQUIRED]]
        if rules.get(PREFERRED):
            rules[PREFERRED] = [
                {**one, "podAffinityTerm": _merged(one["podAffinityTerm"], labels)} for one in rules[PREFERRED]
            ]
    return merged


def _merged(term: Object, labels: dict[str, str]) -> Object:
    """A term with its matchLabelKeys and mismatchLabelKeys written into the selector."""
    more = []
    for field, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn")):
        for key in term.get(field) or ():
            if key in labels:
                more.append({"key": key, "operator": operator, "values": [labels[key]]})
    selector = term.get("labelSelector")
    if not more or selector is None:
        return term
    present = selector.get("matchExpressions") or []
    return {**term, "labelSelector": {**selector, "matchExpressions": present + [e for e in more if e not in present]}}
