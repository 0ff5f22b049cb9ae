"""Mirrors of Endpoints that users wrote for Services without a selector, as EndpointSlices.

*In Kubernetes:* `endpointslice-mirroring-controller` in kube-controller-manager,
`pkg/controller/endpointslicemirroring`.
*Simplified:* at most one slice for each set of ports, IPv4 only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Action, Create, Delete, Plan, Update
from cp_sim.controller_manager.endpointslice import MANAGED_BY, SERVICE_NAME
from cp_sim.controller_manager.endpointslice_controller import by_service
from cp_sim.objects.edit import get
from cp_sim.objects.meta import annotations as annotations_of
from cp_sim.objects.meta import key, labels, name, namespace, owner_reference

Object = dict[str, Any]

CONTROLLER = "endpointslicemirroring-controller.k8s.io"
SKIP = "endpointslice.kubernetes.io/skip-mirror"
LEADER = "control-plane.alpha.kubernetes.io/leader"


def reconcile(service: Object | None, endpoints: Object | None, slices: Sequence[Object]) -> Plan:
    """Make `slices` (those that this controller manages) say what the Endpoints say."""
    if endpoints is None or service is None or not should_mirror(endpoints) or get(service, "spec.selector"):
        because = "there are no Endpoints to mirror"
        return Plan(tuple(_gone(piece, because) for piece in slices), because if slices else "")
    actions: list[Action] = []
    left = list(slices)
    for subset in get(endpoints, "subsets") or ():
        ports = [_port(port) for port in subset.get("ports") or ()]
        content = {"endpoints": _entries(subset), "ports": ports or None}
        same = next((piece for piece in left if (piece.get("ports") or []) == ports), left[0] if left else None)
        if same is None:
            actions.append(Create({**_empty(endpoints), **content}, "mirror a subset of the Endpoints"))
            continue
        left.remove(same)
        if any((same.get(field) or []) != (value or []) for field, value in content.items()):
            actions.append(Update({**same, **content}, "", "the Endpoints have changed"))
    actions += [_gone(piece, "its subset is gone") for piece in left]
    return Plan(tuple(actions), f"mirror the Endpoints that a user wrote for {name(service)}")


def should_mirror(endpoints: Object) -> bool:
    """Whether Endpoints are a user's own."""
    tags = labels(endpoints)
    return (
        tags.get("endpoints.kubernetes.io/managed-by") != "endpoint-controller"
        and tags.get(SKIP) != "true"
        and LEADER not in annotations_of(endpoints)
    )


def _gone(piece: Object, because: str) -> Delete:
    return Delete("endpointslices.discovery.k8s.io", namespace(piece), name(piece), because=because)


def _port(port: Object) -> Object:
    wire = {"name": port.get("name") or "", "protocol": port.get("protocol") or "TCP", "port": port["port"]}
    return {**wire, "appProtocol": port["appProtocol"]} if port.get("appProtocol") else wire


def _entries(subset: Object) -> list[Object]:
    entries = []
    for side, ready in (("addresses", True), ("notReadyAddresses", False)):
        for address in subset.get(side) or ():
            entry: Object = {"addresses": [address["ip"]], "conditions": {"ready": ready}}
            for field in ("hostname", "targetRef", "nodeName"):
                if address.get(field):
                    entry[field] = address[field]
            entries.append(entry)
    return entries


def _empty(endpoints: Object) -> Object:
    tags = {
        label: value for label, value in labels(endpoints).items() if not label.startswith("endpoints.kubernetes.io/")
    }
    metadata: Object = {
        "generateName": name(endpoints) + "-",
        "namespace": namespace(endpoints),
        "labels": {**tags, SERVICE_NAME: name(endpoints), MANAGED_BY: CONTROLLER},
        "ownerReferences": [owner_reference(endpoints)],
    }
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": metadata, "addressType": "IPv4"}


class EndpointSliceMirroringController(Controller):
    """Keeps mirrors of users' own Endpoints.

    *In Kubernetes:* `endpointslice-mirroring-controller` in kube-controller-manager.
    """

    resource = "endpoints"

    def __init__(self, informers: Informers) -> None:
        account = "system:serviceaccount:kube-system:endpointslicemirroring-controller"
        super().__init__("endpointslice-mirroring-controller", informers, account)

    def setup(self) -> None:
        self.endpoints = self.informers.of("endpoints").on_change(self, "changed")
        self.services = self.informers.of("services").on_change(self, "changed")
        self.slices = self.informers.of("endpointslices.discovery.k8s.io").index("service", by_service)
        self.slices.on_change(self, "slice_changed")

    def changed(self, _change: str, _old: Object | None, new: Object) -> None:
        """Endpoints or a Service came, changed or went."""
        self.enqueue(key(new))

    def slice_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A mirror that was deleted comes back."""
        if change == "DELETED" and labels(new).get(MANAGED_BY) == CONTROLLER:
            self.enqueue(f"{namespace(new)}/{labels(new).get(SERVICE_NAME, '')}", 1_000)

    def reconcile(self, key_: str) -> Plan:
        slices = [piece for piece in self.slices.where("service", key_) if labels(piece).get(MANAGED_BY) == CONTROLLER]
        plan = reconcile(self.services.get(key_), self.endpoints.get(key_), slices)
        return plan if plan.actions else NOTHING
