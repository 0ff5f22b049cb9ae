"""LimitRanger: defaults and bounds of what pods and claims may ask for in a namespace.

*In Kubernetes:* `plugin/pkg/admission/limitranger`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.admission import resources
from cp_sim.apiserver.admission.plugin import Attributes, Plugin
from cp_sim.objects.quantity import Quantity, parse

Object = dict[str, Any]
ANNOTATION = "kubernetes.io/limit-ranger"


class LimitRanger(Plugin):
    """Fills in default requests and limits, then holds everything against the bounds."""

    name = "LimitRanger"
    resources = ("pods", "persistentvolumeclaims")
    reads = ("limitranges",)
    mutates = ("CREATE",)
    validates = ("CREATE", "UPDATE")

    def mutate(self, server: Any, asked: Attributes) -> None:
        if asked.resource != "pods" or asked.subresource:
            return
        for limit_range in ranges(server, asked.namespace):
            asked.object = with_defaults(asked.object, limit_range)

    def validate(self, server: Any, asked: Attributes) -> None:
        if asked.subresource:
            return
        if asked.resource == "pods" and asked.operation == "UPDATE":
            return
        for limit_range in ranges(server, asked.namespace):
            faults: list[str] = []
            for limit in (limit_range.get("spec") or {}).get("limits") or ():
                faults += (
                    pod_faults(limit, asked.object) if asked.resource == "pods" else claim_faults(limit, asked.object)
                )
            if faults:
                raise asked.forbidden(faults[0] if len(faults) == 1 else "[" + ", ".join(faults) + "]")


def ranges(server: Any, namespace: str) -> list[Object]:
    """The LimitRanges of a namespace, by name."""
    cache = server.caches.get("limitranges")
    return [cache.objects[key] for key in cache.keys(namespace + "/")] if cache is not None else []


def with_defaults(pod: Object, limit_range: Object) -> Object:
    """The pod with the defaults of a LimitRange in every container that says nothing."""
    requests: Object = {}
    limits: Object = {}
    for limit in (limit_range.get("spec") or {}).get("limits") or ():
        if limit.get("type") == "Container":
            requests |= limit.get("defaultRequest") or {}
            limits |= limit.get("default") or {}
    if not requests and not limits:
        return pod
    notes: list[str] = []
    spec = dict(pod.get("spec") or {})
    for field, word in (("initContainers", "init container"), ("containers", "container")):
        if spec.get(field):
            spec[field] = [_filled(container, requests, limits, word, notes) for container in spec[field]]
    if not notes:
        return pod
    metadata = pod.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), ANNOTATION: "LimitRanger plugin set: " + "; ".join(notes)}
    return {**pod, "metadata": {**metadata, "annotations": annotations}, "spec": spec}


def _filled(container: Object, requests: Object, limits: Object, word: str, notes: list[str]) -> Object:
    made = dict(container.get("resources") or {})
    for what, defaults, called in (("requests", requests, "request"), ("limits", limits, "limit")):
        present = made.get(what) or {}
        missing = sorted(name for name in defaults if name not in present)
        if missing:
            made[what] = {**present, **{name: defaults[name] for name in missing}}
            notes.append(f"{', '.join(missing)} {called} for {word} {container.get('name', '')}")
    return {**container, "resources": made}


def pod_faults(limit: Object, pod: Object) -> list[str]:
    """Where a pod is out of bounds."""
    spec = pod.get("spec") or {}
    type_ = limit.get("type")
    found: list[str] = []
    if type_ == "Container":
        for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
            found += _faults(
                limit, "Container", resources.amounts(container, "requests"), resources.amounts(container, "limits")
            )
    elif type_ == "Pod":
        found += _faults(limit, "Pod", resources.of_pod(spec, "requests"), resources.of_pod(spec, "limits"))
    return found


def _faults(limit: Object, where: str, requests: resources.Amounts, limits: resources.Amounts) -> list[str]:
    found: list[str] = []
    for name in sorted(limit.get("min") or {}):
        bound, request, most = parse(limit["min"][name]), requests.get(name), limits.get(name)
        text = f"minimum {name} usage per {where} is {limit['min'][name]}"
        if request is None:
            found.append(f"{text}.  No request is specified")
        elif request.nano < bound.nano:
            found.append(f"{text}, but request is {request}")
        elif most is not None and most.nano < bound.nano:
            found.append(f"{text}, but limit is {most}")
    for name in sorted(limit.get("max") or {}):
        bound, request, most = parse(limit["max"][name]), requests.get(name), limits.get(name)
        text = f"maximum {name} usage per {where} is {limit['max'][name]}"
        if most is None:
            found.append(f"{text}.  No limit is specified")
        elif most.nano > bound.nano:
            found.append(f"{text}, but limit is {most}")
        elif request is not None and request.nano > bound.nano:
            found.append(f"{text}, but request is {request}")
    for name in sorted(limit.get("maxLimitRequestRatio") or {}):
        found += _ratio(name, limit["maxLimitRequestRatio"][name], where, requests.get(name), limits.get(name))
    return found


def _ratio(name: str, bound: str, where: str, request: Quantity | None, most: Quantity | None) -> list[str]:
    text = f"{name} max limit to request ratio per {where} is {bound}"
    if request is None or not request.nano:
        return [f"{text}, but no request is specified or request is 0"]
    if most is None or not most.nano:
        return [f"{text}, but no limit is specified or limit is 0"]
    if most.nano > request.nano * parse(bound).nano / 10**9:
        return [f"{text}, but provided ratio is {most.nano / request.nano:f}"]
    return []


def claim_faults(limit: Object, claim: Object) -> list[str]:
    """Where a claim is out of bounds."""
    if limit.get("type") != "PersistentVolumeClaim":
        return []
    requests = resources.amounts({"resources": ((claim.get("spec") or {}).get("resources"))}, "requests")
    found: list[str] = []
    for name in sorted(limit.get("min") or {}):
        if name in requests and requests[name].nano < parse(limit["min"][name]).nano:
            found.append(
                f"minimum {name} usage per PersistentVolumeClaim is {limit['min'][name]}, "
                f"but request is {requests[name]}"
            )
    for name in sorted(limit.get("max") or {}):
        if name in requests and requests[name].nano > parse(limit["max"][name]).nano:
            found.append(
                f"maximum {name} usage per PersistentVolumeClaim is {limit['max'][name]}, "
                f"but request is {requests[name]}"
            )
    return found
