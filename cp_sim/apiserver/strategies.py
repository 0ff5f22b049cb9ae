"""What differs per kind when an object is created, updated or deleted: the registry's strategies.

*In Kubernetes:* `pkg/registry/<group>/<kind>/strategy.go`: what a client may not set is reset, the generation
counts changes of the desired state, a status is only written through its subresource.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from cp_sim.apiserver import definitions
from cp_sim.objects import edit, label_keys
from cp_sim.objects.kinds import Kind
from cp_sim.objects.shared import REMEMBERED, Same

Object = dict[str, Any]

# The status that a new object has, whatever the client sent.
_NEW_STATUS: dict[str, Object] = {
    "namespaces": {"phase": "Active"},
    "persistentvolumeclaims": {"phase": "Pending"},
    "persistentvolumes": {"phase": "Pending"},
    "replicationcontrollers": {"replicas": 0},
    "resourcequotas": {},
    "services": {"loadBalancer": {}},
    "daemonsets.apps": {
        "currentNumberScheduled": 0,
        "desiredNumberScheduled": 0,
        "numberMisscheduled": 0,
        "numberReady": 0,
    },
    "deployments.apps": {},
    "replicasets.apps": {"replicas": 0},
    "statefulsets.apps": {"replicas": 0, "availableReplicas": 0},
    "horizontalpodautoscalers.autoscaling": {"desiredReplicas": 0, "currentMetrics": None},
    "cronjobs.batch": {},
    "jobs.batch": {},
    "ingresses.networking.k8s.io": {"loadBalancer": {}},
    "poddisruptionbudgets.policy": {
        "disruptionsAllowed": 0,
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "expectedPods": 0,
    },
}

# Kinds whose generation counts every difference outside of metadata and status.
_SPEC_ONLY = "spec"


def prepare_create(kind: Kind, obj: Object, now: str) -> Object:
    """The object as the registry would store it for the first time; names and uid are filled in already."""
    if kind.resets_status_on_create and not kind.custom:
        new = _NEW_STATUS.get(kind.storage)
        if kind.storage == "pods":
            spec = label_keys.merged(obj.get("spec") or {}, obj["metadata"].get("labels") or {})
            obj = {**obj, "spec": spec, "status": pod_status(obj, now)}
        elif new is not None:
            obj = {**obj, "status": new}
            if kind.storage == "persistentvolumes":
                obj["status"] = {**new, "lastPhaseTransitionTime": now}
        elif "status" in obj:
            obj = edit.drop(obj, "status")
    elif kind.custom and kind.has_status and "status" in obj:
        obj = edit.drop(obj, "status")
    special = _ON_CREATE.get(kind.storage)
    return special(obj) if special is not None else obj


def generation_on_create(kind: Kind) -> int:
    """The generation of a new object, 0 for a kind that has none."""
    return 1 if kind.has_generation else 0


def prepare_update(kind: Kind, new: Object, old: Object) -> Object:
    """The object as an update of the main resource leaves it: the status stays, the generation may rise."""
    if kind.has_status:
        if "status" in old:
            if new.get("status") is not old["status"]:
                new = {**new, "status": old["status"]}
        elif "status" in new:
            new = edit.drop(new, "status")
    special = _ON_UPDATE.get(kind.storage)
    if special is not None:
        new = special(new, old)
    generation = (old["metadata"].get("generation")) or 0
    if kind.has_generation and changed_desire(kind, new, old):
        generation += 1
    return with_generation(new, generation)


def prepare_status_update(kind: Kind, new: Object, old: Object) -> Object:
    """The object as an update of `status` leaves it: only the status (and for most kinds the metadata) is the
    caller's.
    """
    made = {key: value for key, value in old.items() if key != "status"}
    if "status" in new:
        made["status"] = new["status"]
    metadata = new["metadata"]
    if kind.storage in _STATUS_KEEPS_METADATA:
        managed = {key: metadata[key] for key in ("managedFields",) if key in metadata}
        metadata = {key: value for key, value in old["metadata"].items() if key != "managedFields"} | managed
    elif kind.storage == "deployments.apps" and metadata.get("labels") != old["metadata"].get("labels"):
        metadata = {key: value for key, value in metadata.items() if key != "labels"}
        if old["metadata"].get("labels"):
            metadata["labels"] = old["metadata"]["labels"]
    made["metadata"] = metadata
    if "generation" in old["metadata"]:
        made = with_generation(made, old["metadata"]["generation"])
    return made


# Updates of status leave all metadata of these as it was (they copy only the status).
_STATUS_KEEPS_METADATA = frozenset(("customresourcedefinitions.apiextensions.k8s.io",))


def with_generation(obj: Object, generation: int) -> Object:
    """The object with that `metadata.generation`, without one where it is 0."""
    metadata = obj["metadata"]
    if (metadata.get("generation") or 0) == generation and ("generation" in metadata) == bool(generation):
        return obj
    metadata = {key: value for key, value in metadata.items() if key != "generation"}
    if generation:
        metadata["generation"] = generation
    return {**obj, "metadata": metadata}


def changed_desire(kind: Kind, new: Object, old: Object) -> bool:
    """Whether the desired state differs, so that the generation rises."""
    if kind.storage == "priorityclasses.scheduling.k8s.io":
        return False
    if kind.storage == "deployments.apps" and annotations_of(new) != annotations_of(old):
        return True
    if kind.storage == "endpointslices.discovery.k8s.io" and new["metadata"].get("labels") != old["metadata"].get(
        "labels"
    ):
        return True
    if kind.storage in ("pods",) or "spec" in old or "spec" in new:
        return bool(new.get("spec") != old.get("spec"))
    return without_metadata(new) != without_metadata(old)


def annotations_of(obj: Object) -> Object:
    """`metadata.annotations`, empty where there are none."""
    return obj["metadata"].get("annotations") or {}


def without_metadata(obj: Object) -> Object:
    """Everything but metadata and status."""
    return {key: value for key, value in obj.items() if key not in ("metadata", "status")}


# -- one kind at a time ----------------------------------------------------------------------------------------------


def pod_status(pod: Object, now: str) -> Object:
    """The status of a new pod (`podStrategy.PrepareForCreate`)."""
    status: Object = {"phase": "Pending", "qosClass": qos_class(pod)}
    gates = (pod.get("spec") or {}).get("schedulingGates")
    if gates:
        status["conditions"] = [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "SchedulingGated",
                "message": "Scheduling is blocked due to non-empty scheduling gates",
                "lastProbeTime": None,
                "lastTransitionTime": now,
            }
        ]
    return status


_NO_RESOURCES: Object = {}


def qos_class(pod: Object) -> str:
    """Guaranteed, Burstable or BestEffort (`pkg/apis/core/helper/qos`)."""
    spec = pod.get("spec") or {}
    pod_level = spec.get("resources") or {}
    containers = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    boxes = (
        [pod_level]
        if (pod_level.get("requests") or pod_level.get("limits"))
        else [container.get("resources") or _NO_RESOURCES for container in containers]
    )
    found = [_box_class(Same(box)) for box in boxes]
    if all(asks_nothing for asks_nothing, _ in found):
        return "BestEffort"
    return "Guaranteed" if all(guaranteed for _, guaranteed in found) else "Burstable"


@lru_cache(maxsize=REMEMBERED)
def _box_class(resources: Same) -> tuple[bool, bool]:
    """Whether `resources` ask for no cpu and memory at all, and whether they promise as much as they allow."""
    box = resources.value
    requests = {key: value for key, value in (box.get("requests") or {}).items() if key in ("cpu", "memory")}
    limits = {key: value for key, value in (box.get("limits") or {}).items() if key in ("cpu", "memory")}
    asks_nothing = all(_is_zero(value) for value in (*requests.values(), *limits.values()))
    guaranteed = (
        len(limits) == 2
        and not any(_is_zero(value) for value in limits.values())
        and not any(key in requests and not _same(requests[key], limits[key]) for key in limits)
    )
    return asks_nothing, guaranteed


def _is_zero(quantity: Any) -> bool:
    from cp_sim.objects.quantity import QuantityError, milli

    try:
        return milli(quantity) == 0
    except QuantityError:
        return False


def _same(one: Any, other: Any) -> bool:
    from cp_sim.objects.quantity import QuantityError, milli

    try:
        return bool(one == other or milli(one) == milli(other))
    except QuantityError:
        return False


def _new_namespace(obj: Object) -> Object:
    spec = obj.get("spec") or {}
    finalizers = list(spec.get("finalizers") or ())
    if "kubernetes" not in finalizers:
        finalizers.append("kubernetes")
    labels = dict(obj["metadata"].get("labels") or {})
    labels["kubernetes.io/metadata.name"] = obj["metadata"].get("name", "")
    return {
        **obj,
        "metadata": {**obj["metadata"], "labels": labels},
        "spec": {**spec, "finalizers": finalizers},
    }


def _changed_namespace(new: Object, old: Object) -> Object:
    labels = dict(new["metadata"].get("labels") or {})
    labels["kubernetes.io/metadata.name"] = new["metadata"].get("name", "")
    spec = {**(new.get("spec") or {})}
    if "spec" in old and "finalizers" in old["spec"]:
        spec["finalizers"] = old["spec"]["finalizers"]
    else:
        spec.pop("finalizers", None)
    return {**new, "metadata": {**new["metadata"], "labels": labels}, "spec": spec}


TEMPLATE_GENERATION = "deprecated.daemonset.template.generation"


def _new_daemon_set(obj: Object) -> Object:
    return edit.put(obj, ("metadata", "annotations", TEMPLATE_GENERATION), "1")


def _changed_daemon_set(new: Object, old: Object) -> Object:
    generation = annotations_of(old).get(TEMPLATE_GENERATION, "1")
    if edit.get(new, "spec.template") != edit.get(old, "spec.template"):
        generation = str(int(generation) + 1)
    return edit.put(new, ("metadata", "annotations", TEMPLATE_GENERATION), generation)


_JOB_LABELS = ("batch.kubernetes.io/controller-uid", "controller-uid")
_JOB_NAMES = ("batch.kubernetes.io/job-name", "job-name")


def _new_job(job: Object) -> Object:
    """A job selects its pods by its own uid unless it says `manualSelector` (`generateSelector`)."""
    spec = job.get("spec") or {}
    if spec.get("manualSelector"):
        return job
    metadata = job["metadata"]
    template = spec.get("template") or {}
    labels = dict((template.get("metadata") or {}).get("labels") or {})
    for key in _JOB_LABELS:
        labels.setdefault(key, metadata["uid"])
    for key in _JOB_NAMES:
        labels.setdefault(key, metadata.get("name", ""))
    selector = spec.get("selector") or {}
    matched = {**(selector.get("matchLabels") or {}), _JOB_LABELS[0]: metadata["uid"]}
    made = {
        **spec,
        "selector": {**selector, "matchLabels": matched},
        "template": {**template, "metadata": {**(template.get("metadata") or {}), "labels": labels}},
    }
    job = {**job, "spec": made}
    return job if metadata.get("labels") else edit.put(job, "metadata.labels", labels)


_ON_CREATE: dict[str, Callable[[Object], Object]] = {
    "namespaces": _new_namespace,
    "daemonsets.apps": _new_daemon_set,
    "jobs.batch": _new_job,
    definitions.RESOURCE: definitions.new_status,
}
_ON_UPDATE: dict[str, Callable[[Object, Object], Object]] = {
    "namespaces": _changed_namespace,
    "daemonsets.apps": _changed_daemon_set,
}
