"""Endpoints: for each Service with a selector, the addresses of its pods, ready and not ready.

*In Kubernetes:* `endpoints-controller` in kube-controller-manager, `pkg/controller/endpoint/endpoints_controller.go`,
and
`RepackSubsets` in `pkg/api/v1/endpoints`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

from cp_sim.client.plan import NOTHING, Action, Create, Delete, Plan, Update
from cp_sim.controller_manager import serving
from cp_sim.objects.edit import get
from cp_sim.objects.meta import annotations as annotations_of
from cp_sim.objects.meta import is_ready, key, labels, name, namespace, node_name

Object = dict[str, Any]

MANAGED_BY = "endpoints.kubernetes.io/managed-by"
OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity"
CAPACITY = 1000


def reconcile(service: Object, pods: Sequence[Object], current: Object | None, trigger: str) -> Plan:
    """What the Endpoints of one Service have to say; `pods` are those that its selector matches."""
    if not serving.wants_endpoints(service):
        return NOTHING
    subsets = subsets_of(service, pods)
    ready = sum(len(subset.get("addresses", ())) for subset in subsets)
    waiting = sum(len(subset.get("notReadyAddresses", ())) for subset in subsets)
    observed = {"pods": len(pods), "ready": ready, "notReady": waiting}
    if current is not None and _says_so_already(current, service, subsets, ready + waiting):
        return Plan((), "the Endpoints say so already", observed)
    wanted = _endpoints(service, current, subsets, trigger)
    because = f"{len(pods)} pods match the selector of {name(service)}: {ready} ready, {waiting} not ready"
    action: Action = Create(wanted, because) if current is None else Update(wanted, "", because)
    return Plan((action,), because, observed, desired={"addresses": ready, "notReadyAddresses": waiting})


def without_service(current: Object | None) -> Plan:
    """The Service is gone: so are its Endpoints."""
    if current is None:
        return NOTHING
    because = f"there is no Service {key(current)} any more"
    return Plan((Delete("endpoints", namespace(current), name(current), because=because),), because)


def subsets_of(service: Object, pods: Sequence[Object]) -> list[Object]:
    """The addresses grouped by the ports that they offer, each address with its ports once."""
    offered: dict[tuple[str, bool, str], tuple[Object, dict[tuple[Any, ...], Object]]] = {}
    tolerant = serving.publishes_unready(service)
    for pod in pods:
        if not serving.serves(pod, tolerant):
            continue
        numbers = serving.ports_on(pod, service)
        if not numbers and (get(service, "spec.ports") or not serving.is_headless(service)):
            continue
        address = _address(pod, service)
        counts_as_ready = tolerant or is_ready(pod)
        _, ports = offered.setdefault(
            (address["ip"], counts_as_ready, address["targetRef"]["uid"] or ""), (address, {})
        )
        for port, number in numbers:
            wire = _port(port, number)
            ports[(wire.get("name", ""), wire["protocol"], wire["port"])] = wire
    groups: dict[tuple[Any, ...], tuple[list[Object], dict[str, list[Object]]]] = {}
    for (_, counts_as_ready, _), (address, ports) in offered.items():
        signature = tuple(sorted(ports))
        _, sides = groups.setdefault(signature, ([ports[port] for port in sorted(ports, key=_by_number)], {}))
        sides.setdefault("addresses" if counts_as_ready else "notReadyAddresses", []).append(address)
    return [_subset(*groups[signature]) for signature in sorted(groups)]


def _by_number(signature: tuple[Any, ...]) -> tuple[Any, ...]:
    return signature[2], signature[1], signature[0]


def _subset(ports: list[Object], sides: dict[str, list[Object]]) -> Object:
    subset: Object = {}
    for side in ("addresses", "notReadyAddresses"):
        if side in sides:
            subset[side] = sorted(sides[side], key=_by_address)
    if ports:
        subset["ports"] = ports
    return subset


def _by_address(address: Object) -> tuple[Any, ...]:
    packed = ipaddress.ip_address(address["ip"])
    return packed.version, packed.packed, address["targetRef"].get("uid") or ""


def _address(pod: Object, service: Object) -> Object:
    address: Object = {"ip": pod["status"]["podIP"]}
    if serving.has_hostname(pod, service):
        address["hostname"] = pod["spec"]["hostname"]
    if node_name(pod):
        address["nodeName"] = node_name(pod)
    address["targetRef"] = serving.target_of(pod)
    return address


def _port(port: Object, number: int) -> Object:
    wire: Object = {"port": number, "protocol": port.get("protocol") or "TCP"}
    if port.get("name"):
        wire["name"] = port["name"]
    if port.get("appProtocol"):
        wire["appProtocol"] = port["appProtocol"]
    return wire


def _says_so_already(current: Object, service: Object, subsets: list[Object], count: int) -> bool:
    own = {label: value for label, value in labels(current).items() if label not in (MANAGED_BY, serving.HEADLESS)}
    truncated = annotations_of(current).get(OVER_CAPACITY) == "truncated"
    if own != labels(service) or truncated != (count > CAPACITY):
        return False
    return (get(current, "subsets") or []) == _cut(subsets)


def _endpoints(service: Object, current: Object | None, subsets: list[Object], trigger: str) -> Object:
    noted = dict(annotations_of(current)) if current is not None else {}
    noted.pop(serving.TRIGGER_TIME, None)
    noted.pop(OVER_CAPACITY, None)
    if trigger:
        noted[serving.TRIGGER_TIME] = trigger
    cut = _cut(subsets)
    if cut is not subsets:
        noted[OVER_CAPACITY] = "truncated"
    tags = {label: value for label, value in labels(service).items() if label != serving.HEADLESS}
    if serving.is_headless(service):
        tags[serving.HEADLESS] = ""
    tags[MANAGED_BY] = "endpoint-controller"
    base = current or {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": name(service), "namespace": namespace(service)},
    }
    metadata = {**base["metadata"], "labels": tags, "annotations": noted}
    if not noted:
        del metadata["annotations"]
    bare = {field: value for field, value in base.items() if field != "subsets"}
    return {**bare, "metadata": metadata, **({"subsets": cut} if cut else {})}


def _cut(subsets: list[Object]) -> list[Object]:
    """At most 1000 addresses, the ready ones first."""
    total = sum(len(s.get("addresses", ())) + len(s.get("notReadyAddresses", ())) for s in subsets)
    if total <= CAPACITY:
        return subsets
    room = CAPACITY
    kept: list[Object] = [dict(subset) for subset in subsets]
    for side in ("addresses", "notReadyAddresses"):
        for subset in kept:
            if side in subset:
                subset[side] = subset[side][:room]
                room -= len(subset[side])
    return [subset for subset in kept if subset.get("addresses") or subset.get("notReadyAddresses")]
