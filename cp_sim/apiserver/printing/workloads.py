"""Rows of what runs pods: ReplicaSets, Deployments, Jobs and their like.

*In Kubernetes:* `pkg/printers/internalversion/printers.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.printing.text import NONE, age, containers, human_duration, label_text, selector_text
from cp_sim.objects import quantity
from cp_sim.sim.clock import parse_timestamp

Object = dict[str, Any]


def _parts(obj: Object) -> tuple[str, Object, Object, str | None]:
    metadata = obj["metadata"]
    return metadata["name"], obj.get("spec") or {}, obj.get("status") or {}, metadata.get("creationTimestamp")


def replication_controller(obj: Object, now_ms: int) -> list[Any]:
    """Name, Desired, Current, Ready, Age, Containers, Images, Selector."""
    name, spec, status, created = _parts(obj)
    names, images = containers(spec.get("template"))
    return [
        name,
        spec.get("replicas", 0),
        status.get("replicas", 0),
        status.get("readyReplicas", 0),
        age(created, now_ms),
        names,
        images,
        label_text(spec.get("selector")),
    ]


def replica_set(obj: Object, now_ms: int) -> list[Any]:
    """Name, Desired, Current, Ready, Age, Containers, Images, Selector."""
    return [*replication_controller(obj, now_ms)[:-1], selector_text((obj.get("spec") or {}).get("selector"))]


def deployment(obj: Object, now_ms: int) -> list[Any]:
    """Name, Ready, Up-to-date, Available, Age, Containers, Images, Selector."""
    name, spec, status, created = _parts(obj)
    names, images = containers(spec.get("template"))
    return [
        name,
        f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}",
        status.get("updatedReplicas", 0),
        status.get("availableReplicas", 0),
        age(created, now_ms),
        names,
        images,
        selector_text(spec.get("selector")),
    ]


def stateful_set(obj: Object, now_ms: int) -> list[Any]:
    """Name, Ready, Age, Containers, Images."""
    name, spec, status, created = _parts(obj)
    names, images = containers(spec.get("template"))
    ready = f"{status.get('readyReplicas', 0)}/{spec.get('replicas', 0)}"
    return [name, ready, age(created, now_ms), names, images]


def daemon_set(obj: Object, now_ms: int) -> list[Any]:
    """Name, Desired, Current, Ready, Up-to-date, Available, Node Selector, Age, Containers, Images, Selector."""
    name, spec, status, created = _parts(obj)
    names, images = containers(spec.get("template"))
    pod = (spec.get("template") or {}).get("spec") or {}
    return [
        name,
        status.get("desiredNumberScheduled", 0),
        status.get("currentNumberScheduled", 0),
        status.get("numberReady", 0),
        status.get("updatedNumberScheduled", 0),
        status.get("numberAvailable", 0),
        label_text(pod.get("nodeSelector")),
        age(created, now_ms),
        names,
        images,
        selector_text(spec.get("selector")),
    ]


def controller_revision(obj: Object, now_ms: int) -> list[Any]:
    """Name, Controller, Revision, Age."""
    metadata = obj["metadata"]
    owner = next((one for one in metadata.get("ownerReferences") or () if one.get("controller")), None)
    controller = NONE
    if owner is not None:
        group = owner["apiVersion"].partition("/")[0] if "/" in owner["apiVersion"] else ""
        plain = owner["kind"].lower()
        controller = f"{plain}.{group}/{owner['name']}" if group else f"{plain}/{owner['name']}"
    return [metadata["name"], controller, obj.get("revision", 0), age(metadata.get("creationTimestamp"), now_ms)]


def job(obj: Object, now_ms: int) -> list[Any]:
    """Name, Status, Completions, Duration, Age, Containers, Images, Selector."""
    name, spec, status, created = _parts(obj)
    names, images = containers(spec.get("template"))
    return [
        name,
        job_status(obj),
        completions(spec, status),
        job_duration(status, now_ms),
        age(created, now_ms),
        names,
        images,
        selector_text(spec.get("selector")),
    ]


def completions(spec: Object, status: Object) -> str:
    """`1/3`, or `0/1 of 2` for a job without a number of completions."""
    succeeded = status.get("succeeded", 0)
    if spec.get("completions") is not None:
        return f"{succeeded}/{spec['completions']}"
    parallelism = spec.get("parallelism") or 0
    return f"{succeeded}/1 of {parallelism}" if parallelism > 1 else f"{succeeded}/1"


def job_status(obj: Object) -> str:
    """Complete, Failed, Suspended, Terminating, or Running."""
    conditions = {one["type"]: one for one in (obj.get("status") or {}).get("conditions") or ()}

    def holds(type_: str) -> bool:
        return type_ in conditions and conditions[type_].get("status") == "True"

    for type_, text in (("Complete", "Complete"), ("Failed", "Failed")):
        if holds(type_):
            return text
    if obj["metadata"].get("deletionTimestamp"):
        return "Terminating"
    if holds("Suspended"):
        return "Suspended"
    if holds("FailureTarget"):
        return "FailureTarget"
    if holds("SuccessCriteriaMet"):
        return "SuccessCriteriaMet"
    return "Running"


def job_duration(status: Object, now_ms: int) -> str:
    """From its start to its completion, or until now."""
    start, end = status.get("startTime"), status.get("completionTime")
    if not start:
        return ""
    return human_duration((parse_timestamp(end) if end else now_ms) - parse_timestamp(start))


def cron_job(obj: Object, now_ms: int) -> list[Any]:
    """Name, Schedule, Timezone, Suspend, Active, Last Schedule, Age, Containers, Images, Selector."""
    name, spec, status, created = _parts(obj)
    inner = (spec.get("jobTemplate") or {}).get("spec") or {}
    names, images = containers(inner.get("template"))
    last = status.get("lastScheduleTime")
    return [
        name,
        spec.get("schedule", ""),
        spec.get("timeZone") or NONE,
        "True" if spec.get("suspend") else "False",
        len(status.get("active") or ()),
        age(last, now_ms) if last else NONE,
        age(created, now_ms),
        names,
        images,
        selector_text(inner.get("selector")),
    ]


def pod_disruption_budget(obj: Object, now_ms: int) -> list[Any]:
    """Name, Min Available, Max Unavailable, Allowed Disruptions, Age."""
    name, spec, status, created = _parts(obj)
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    return [
        name,
        "N/A" if least is None else str(least),
        "N/A" if most is None else str(most),
        status.get("disruptionsAllowed", 0),
        age(created, now_ms),
    ]


def horizontal_pod_autoscaler(obj: Object, now_ms: int) -> list[Any]:
    """Name, Reference, Targets, MinPods, MaxPods, Replicas, Age."""
    name, spec, status, created = _parts(obj)
    target = spec.get("scaleTargetRef") or {}
    least = spec.get("minReplicas")
    return [
        name,
        f"{target.get('kind', '')}/{target.get('name', '')}",
        metrics_text(spec.get("metrics") or [], status.get("currentMetrics") or []),
        "<unset>" if least is None else str(least),
        spec.get("maxReplicas", 0),
        status.get("currentReplicas", 0),
        age(created, now_ms),
    ]


def metrics_text(specs: list[Object], statuses: list[Object]) -> str:
    """`cpu: 44%/80%, 3/10 + 2 more...`: current over target of the first two metrics."""
    if not specs:
        return NONE
    texts = [metric_text(spec, statuses[place] if place < len(statuses) else {}) for place, spec in enumerate(specs)]
    shown = ", ".join(texts[:2])
    return f"{shown} + {len(texts) - 2} more..." if len(texts) > 2 else shown


_SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}


def metric_text(spec: Object, status: Object) -> str:
    """One metric, `cpu: <unknown>/80%`."""
    kind = spec.get("type", "")
    source = spec.get(_SOURCES.get(kind, "")) or {}
    target = source.get("target") or {}
    current = (status.get(_SOURCES.get(kind, "")) or {}).get("current") or {}
    prefix = f"{source.get('name', '')}: " if kind in ("Resource", "ContainerResource") else ""
    if target.get("averageValue") is not None:
        value = current.get("averageValue")
        suffix = " (avg)" if kind in ("External", "Object") else ""
        return f"{prefix}{_quantity(value)}/{_quantity(target['averageValue'])}{suffix}"
    if kind in ("Resource", "ContainerResource"):
        utilization = current.get("averageUtilization")
        have = "<unknown>" if utilization is None else f"{utilization}%"
        want = target.get("averageUtilization")
        return f"{prefix}{have}/{'<auto>' if want is None else f'{want}%'}"
    return f"{_quantity(current.get('value'))}/{_quantity(target.get('value'))}"


def _quantity(text: Any) -> str:
    if text is None:
        return "<unknown>"
    try:
        return quantity.canonical(text)
    except quantity.QuantityError:
        return str(text)


CELLS = {
    "replicationcontrollers": replication_controller,
    "replicasets.apps": replica_set,
    "deployments.apps": deployment,
    "statefulsets.apps": stateful_set,
    "daemonsets.apps": daemon_set,
    "controllerrevisions.apps": controller_revision,
    "jobs.batch": job,
    "cronjobs.batch": cron_job,
    "poddisruptionbudgets.policy": pod_disruption_budget,
    "horizontalpodautoscalers.autoscaling": horizontal_pod_autoscaler,
}
