"""What Endpoints and EndpointSlices have in common: which pods serve, on which ports, and since when.

*In Kubernetes:* `pkg/controller/util/endpoint`, `staging/src/k8s.io/endpointslice/util`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cp_sim.controller_manager.times import at_ms
from cp_sim.objects.edit import get
from cp_sim.objects.meta import condition, is_deleting, is_finished, name
from cp_sim.sim import immutable

Object = dict[str, Any]

HEADLESS = "service.kubernetes.io/headless"
TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time"


def is_headless(service: Object) -> bool:
    """Whether the Service has no virtual IP of its own (`clusterIP: None`)."""
    return get(service, "spec.clusterIP") == "None"


def wants_endpoints(service: Object) -> bool:
    """Whether the control plane finds this Service's endpoints: it has a selector and is no mere alias."""
    return get(service, "spec.selector") is not None and get(service, "spec.type") != "ExternalName"


def publishes_unready(service: Object) -> bool:
    """Whether pods count although they are not ready."""
    return bool(get(service, "spec.publishNotReadyAddresses"))


def serves(pod: Object, even_terminating: bool) -> bool:
    """Whether a pod can be an endpoint: with an IP, not finished, and not terminating unless that is allowed."""
    if is_finished(pod) or not get(pod, "status.podIP"):
        return False
    return even_terminating or not is_deleting(pod)


def target_of(pod: Object) -> Object:
    """The reference from an endpoint to its pod."""
    metadata = pod["metadata"]
    return {"kind": "Pod", "namespace": metadata.get("namespace"), "name": metadata["name"], "uid": metadata.get("uid")}


def has_hostname(pod: Object, service: Object) -> bool:
    """Whether the pod gets a DNS name of its own below the Service's."""
    return bool(
        get(pod, "spec.hostname")
        and get(pod, "spec.subdomain") == name(service)
        and get(service, "metadata.namespace") == get(pod, "metadata.namespace")
    )


def port_number(pod: Object, port: Object) -> int | None:
    """The number that a Service port leads to on this pod; None if the pod has no port of that name.

    *In Kubernetes:* `FindPort` in `pkg/api/v1/pod/util.go`.
    """
    target = port.get("targetPort", port.get("port"))
    if isinstance(target, int):
        return target or port.get("port")
    protocol = port.get("protocol") or "TCP"
    for container in _serving_containers(pod):
        for offered in container.get("ports") or ():
            if offered.get("name") == target and (offered.get("protocol") or "TCP") == protocol:
                return int(offered["containerPort"])
    return None


def _serving_containers(pod: Object) -> Iterable[Object]:
    yield from get(pod, "spec.containers") or ()
    for container in get(pod, "spec.initContainers") or ():
        if container.get("restartPolicy") == "Always":
            yield container


def ports_on(pod: Object, service: Object) -> list[tuple[Object, int]]:
    """The Service's ports with the numbers that they have on this pod; those it does not offer are left out."""
    found = ((port, port_number(pod, port)) for port in get(service, "spec.ports") or ())
    return [(port, number) for port, number in found if number is not None]


@immutable
class TriggerTimes:
    """The latest cause of change seen for one Service: its own creation, and the readiness changes of its pods."""

    service: str = ""
    pods: tuple[tuple[str, str], ...] = ()


def trigger_time(before: TriggerTimes, service: Object, pods: Sequence[Object]) -> tuple[TriggerTimes, str]:
    """(what to remember, time of the earliest change that has not been published yet; empty if none is known).

    *In Kubernetes:* `TriggerTimeTracker` in `pkg/controller/util/endpoint`.
    """
    known = dict(before.pods)
    now: dict[str, str] = {}
    fresh: list[str] = []
    for pod in pods:
        ready = condition(pod, "Ready")
        changed = ready.get("lastTransitionTime") if ready is not None else None
        if changed:
            now[name(pod)] = changed
            if _is_after(changed, known.get(name(pod), "")):
                fresh.append(changed)
    created = get(service, "metadata.creationTimestamp") or ""
    if _is_after(created, before.service):
        fresh.append(created)
    return TriggerTimes(created, tuple(now.items())), min(fresh, key=_when, default="")


def _when(text: str) -> int:
    return at_ms(text) or 0


def _is_after(text: str, other: str) -> bool:
    return bool(text) and (not other or _when(text) > _when(other))
