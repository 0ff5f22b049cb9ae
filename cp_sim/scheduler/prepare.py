"""What the API server does to objects before the scheduler sees them, for scenarios that were never sent to one.

Types and defaults, and of a pod what decisions depend on: limits become requests, amounts are rounded up to
thousandths, priority classes, preemption policy, runtime classes, and matchLabelKeys merged into selectors.
In a running cluster the API server does all of it.

*In Kubernetes:* pkg/apis/core/v1/defaults.go, plugin/pkg/admission/priority, plugin/pkg/admission/runtimeclass,
pkg/registry/core/pod/strategy.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import defaults, edit, label_keys, meta, quantity, strict
from cp_sim.objects.kinds import kind_of
from cp_sim.scheduler import requests

Object = dict[str, Any]

NAME_LABEL = "kubernetes.io/metadata.name"
SYSTEM_CLASSES = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def completed(obj: Object) -> Object:
    """An object as the API server reads it: fields of the right types, defaults filled in, in its namespace.

    Raises:
        UnknownKind: nobody knows the kind.
        strict.DecodeError: a field has the wrong type, or the object has no name.
    """
    kind = kind_of(obj)
    read = strict.decode(kind, obj).object
    if not meta.name(read):
        raise strict.DecodeError(f"{kind.kind} without metadata.name")
    if kind.kind == "Pod":
        read = {**read, "spec": _with_pod_level(read["spec"])}
    elif kind.kind == "Namespace":
        read = edit.put(read, ("metadata", "labels", NAME_LABEL), meta.name(read))
    if kind.namespaced and not meta.namespace(read):
        read = edit.put(read, "metadata.namespace", "default")
    return defaults.apply(kind, read)


def prepared(pod: Object, priority_classes: dict[str, Object], runtime_classes: dict[str, Object]) -> Object:
    """The completed pod as admission would let it into the store, in what matters to the scheduler."""
    spec = dict(pod["spec"])
    spec["priority"], spec["preemptionPolicy"] = priority_of(spec, priority_classes)
    runtime = runtime_classes.get(spec.get("runtimeClassName") or "")
    if runtime:
        _take_over(spec, runtime)
    for kind, statuses in (("containers", "containerStatuses"), ("initContainers", "initContainerStatuses")):
        told = {one.get("name"): one for one in (pod.get("status") or {}).get(statuses) or () if one.get("resources")}
        if told:
            spec[kind] = [_in_effect(pod, one, told.get(one.get("name"))) for one in spec.get(kind) or ()]
    return {**pod, "spec": label_keys.merged(spec, meta.labels(pod))}


def _take_over(spec: Object, runtime: Object) -> None:
    """What a runtime class adds to a pod: its overhead, and where pods of this runtime may go."""
    if not spec.get("overhead"):
        spec["overhead"] = (runtime.get("overhead") or {}).get("podFixed") or {}
    scheduling = runtime.get("scheduling") or {}
    if scheduling.get("nodeSelector"):
        spec["nodeSelector"] = {**scheduling["nodeSelector"], **(spec.get("nodeSelector") or {})}
    own = spec.get("tolerations") or []
    more = [one for one in scheduling.get("tolerations") or () if one not in own]
    if more:
        spec["tolerations"] = [*own, *more]


def _in_effect(pod: Object, container: Object, told: Object | None) -> Object:
    """A container that asks for the most of what it wants, has and was promised, while it is being resized in place.

    A resize that the node cannot carry out does not count (`determineContainerReqs` in component-helpers/resource).
    """
    if told is None:
        return container
    pending = meta.condition(pod, "PodResizePending") or {}
    resources = container.get("resources") or {}
    lists = [(told["resources"].get("requests")) or {}, told.get("allocatedResources") or {}]
    if pending.get("reason") != "Infeasible":
        lists.insert(0, resources.get("requests") or {})
    most: Object = {}
    for amounts in lists:
        for name, text in amounts.items():
            if name not in most or quantity.compare(text, most[name]) > 0:
                most[name] = text
    return {**container, "resources": {**resources, "requests": most}}


def _with_pod_level(spec: Object) -> Object:
    """Pod-level requests that are missing: the containers' sum, else the pod-level limit (`defaultPodRequests`)."""
    resources = spec.get("resources") or {}
    limits = resources.get("limits") or {}
    if not limits:
        return spec
    bare = {}
    for kind in ("containers", "initContainers"):
        bare[kind] = [defaults.pods.container(one, in_pod=True) for one in spec.get(kind) or ()]
    wanted = dict(resources.get("requests") or {})
    for name, nano in requests.of_spec(bare).items():
        if requests.is_pod_level(name) and not name.startswith("hugepages-"):
            wanted.setdefault(name, quantity.of(nano).text)
    for name, text in limits.items():
        if requests.is_pod_level(name):
            wanted.setdefault(name, text)
    return {**spec, "resources": {**resources, "requests": wanted}}


def priority_of(spec: Object, classes: dict[str, Object]) -> tuple[int, str]:
    """(priority, preemption policy) that admission gives a pod with this spec.

    Without a class it is the default one; of several default classes the one with the least value.
    """
    name = spec.get("priorityClassName")
    chosen = classes.get(name or "")
    if not name:
        usual = [one for one in classes.values() if one.get("globalDefault")]
        chosen = min(usual, key=lambda one: one.get("value") or 0, default=None)
    found = chosen or {"value": SYSTEM_CLASSES.get(name or "", 0)}
    given = spec.get("priority")
    policy = spec.get("preemptionPolicy") or found.get("preemptionPolicy") or "PreemptLowerPriority"
    return (found.get("value") or 0) if given is None else given, policy
