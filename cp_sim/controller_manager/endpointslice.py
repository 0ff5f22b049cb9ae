"""EndpointSlices: the same as Endpoints, in pieces of at most 100, each endpoint with its state.

*In Kubernetes:* `staging/src/k8s.io/endpointslice/reconciler.go`.  *Simplified:* IPv4 only; topology hints only for
traffic distribution PreferClose and PreferSameZone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cp_sim.client.plan import NOTHING, Action, Create, Delete, Plan, Update
from cp_sim.controller_manager import serving
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import annotations as annotations_of
from cp_sim.objects.meta import is_deleting, is_ready, labels, name, namespace, node_name, owner_reference

Object = dict[str, Any]

SERVICE_NAME = "kubernetes.io/service-name"
MANAGED_BY = "endpointslice.kubernetes.io/managed-by"
CONTROLLER = "endpointslice-controller.k8s.io"
RESERVED = (SERVICE_NAME, MANAGED_BY, serving.HEADLESS)
MAX_ENDPOINTS = 100
ZONE = "topology.kubernetes.io/zone"

# The ports of a slice, in a form that can be compared.
PortKey = tuple[tuple[Any, ...], ...]


def reconcile(
    service: Object,
    pods: Sequence[Object],
    slices: Sequence[Object],
    zone_of: Callable[[str], str],
    trigger: str,
) -> Plan:
    """What to do about the slices of one Service.

    Endpoints stay in the slice in which they are; new ones fill slices that have to be written anyway, then others
    that have room, then new slices.  `slices` are those that the controller manages, `zone_of` gives the zone of a
    node's name.
    """
    if not serving.wants_endpoints(service):
        return NOTHING
    wanted = _wanted(service, pods, zone_of)
    draft = _Slices(service, slices)
    for ports, endpoints in wanted.items():
        draft.place(ports, endpoints)
    draft.drop_others(wanted)
    draft.keep_an_empty_one()
    actions = draft.actions(trigger)
    count = sum(len(endpoints) for endpoints in wanted.values())
    because = f"{count} pods serve {name(service)}: " + (draft.summary() if actions else "the slices say so already")
    return Plan(
        tuple(actions),
        because,
        observed={"endpoints": count, "slices": len(slices)},
        desired={"endpoints": count},
    )


def endpoint_of(pod: Object, service: Object, zone: str) -> Object:
    """One pod as an entry of a slice."""
    is_serving, terminating = is_ready(pod), is_deleting(pod)
    ready = serving.publishes_unready(service) or (is_serving and not terminating)
    endpoint: Object = {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": is_serving, "terminating": terminating},
    }
    if serving.has_hostname(pod, service):
        endpoint["hostname"] = pod["spec"]["hostname"]
    endpoint["targetRef"] = serving.target_of(pod)
    if node_name(pod):
        endpoint["nodeName"] = node_name(pod)
    if zone:
        endpoint["zone"] = zone
        if ready and get(service, "spec.trafficDistribution") in ("PreferClose", "PreferSameZone"):
            endpoint["hints"] = {"forZones": [{"name": zone}]}
    return endpoint


def _wanted(service: Object, pods: Sequence[Object], zone_of: Callable[[str], str]) -> dict[PortKey, dict[Any, Object]]:
    """The endpoints that there should be, by their ports and their identity."""
    wanted: dict[PortKey, dict[Any, Object]] = {}
    for pod in pods:
        if serving.serves(pod, even_terminating=True):
            endpoint = endpoint_of(pod, service, zone_of(node_name(pod)) if node_name(pod) else "")
            ports = tuple(_port_key(port, number) for port, number in serving.ports_on(pod, service))
            wanted.setdefault(ports, {})[identity(endpoint)] = endpoint
    return wanted


def identity(endpoint: Object) -> Any:
    """What makes an entry the same entry although its state has changed."""
    target = endpoint.get("targetRef") or {}
    return (
        tuple(endpoint.get("addresses") or ()),
        endpoint.get("hostname", ""),
        target.get("uid", ""),
        target.get("name"),
    )


def _port_key(port: Object, number: int) -> tuple[Any, ...]:
    return port.get("name") or "", port.get("protocol") or "TCP", number, port.get("appProtocol")


def _ports_of(slice_: Object) -> PortKey:
    return tuple(_port_key(port, port.get("port")) for port in slice_.get("ports") or ())


def _wire_ports(ports: PortKey) -> list[Object]:
    wire = []
    for port_name, protocol, number, app in ports:
        port = {"name": port_name, "protocol": protocol, "port": number}
        wire.append({**port, "appProtocol": app} if app else port)
    return wire


def slice_labels(service: Object, controller: str = CONTROLLER) -> dict[str, str]:
    """The labels of a slice: those of the Service, and who manages it for whom."""
    tags = {label: value for label, value in labels(service).items() if label not in RESERVED}
    if serving.is_headless(service):
        tags[serving.HEADLESS] = ""
    return {**tags, SERVICE_NAME: name(service), MANAGED_BY: controller}


class _Slices:
    """The slices of one Service while they are being rearranged."""

    def __init__(self, service: Object, existing: Sequence[Object]) -> None:
        self.service = service
        self.existing = [piece for piece in existing if not is_deleting(piece)]
        self.labels = slice_labels(service)
        self.written: dict[str, Object] = {}  # name -> new content
        self.new: list[Object] = []
        self.gone: dict[str, Object] = {}

    def place(self, ports: PortKey, endpoints: dict[Any, Object]) -> None:
        """Find a place for the endpoints with these ports."""
        left = dict(endpoints)
        unchanged: list[Object] = []
        for piece in self.existing:
            if _same_ports(_ports_of(piece), ports):
                self._keep(piece, left, unchanged)
        for piece_name, piece in self.written.items():
            if left and _same_ports(_ports_of(piece), ports):
                self.written[piece_name] = self._fill(piece, left)
        while left:
            roomy = self._with_room(unchanged, len(left))
            if roomy is None:
                self.new.append(self._fill(self._empty(ports), left))
            else:
                unchanged.remove(roomy)
                self.written[name(roomy)] = self._fill(roomy, left)

    def _keep(self, piece: Object, left: dict[Any, Object], unchanged: list[Object]) -> None:
        kept: list[Object] = []
        changed = False
        for before in piece.get("endpoints") or ():
            now = left.pop(identity(before), None)
            if now is not None:
                kept.append(now)
                changed |= now != before
        if changed or len(kept) != len(piece.get("endpoints") or ()):
            if kept:
                self.written[name(piece)] = self._labelled(put(piece, "endpoints", kept))
            else:
                self.gone[name(piece)] = piece
        elif labels(piece) != self.labels:
            self.written[name(piece)] = self._labelled(piece)
        else:
            unchanged.append(piece)

    def _with_room(self, pieces: list[Object], count: int) -> Object | None:
        """The slice that these endpoints fill best."""
        if count >= MAX_ENDPOINTS:
            return None
        room = [(MAX_ENDPOINTS - count - len(piece.get("endpoints") or ()), piece) for piece in pieces]
        fitting = [(spare, piece) for spare, piece in room if 0 <= spare < MAX_ENDPOINTS]
        return min(fitting, key=_spare)[1] if fitting else None

    def _fill(self, piece: Object, left: dict[Any, Object]) -> Object:
        content = list(piece.get("endpoints") or ())
        for who in list(left)[: MAX_ENDPOINTS - len(content)]:
            content.append(left.pop(who))
        return put(piece, "endpoints", content)

    def drop_others(self, wanted: dict[PortKey, Any]) -> None:
        """Slices with ports that nobody offers any more go."""
        for piece in self.existing:
            if not any(_same_ports(_ports_of(piece), ports) for ports in wanted):
                self.gone.setdefault(name(piece), piece)

    def keep_an_empty_one(self) -> None:
        """A Service without endpoints has one empty slice: somebody has looked, and found nothing."""
        if self.new or len(self.gone) < len(self.existing):
            return
        empty = self._empty(())
        for piece_name, piece in list(self.gone.items()):
            if not piece.get("endpoints") and not piece.get("ports") and labels(piece) == self.labels:
                del self.gone[piece_name]
                return
        self.new.append(empty)

    def _empty(self, ports: PortKey) -> Object:
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "generateName": name(self.service) + "-",
                "namespace": namespace(self.service),
                "labels": self.labels,
                "ownerReferences": [owner_reference(self.service)],
            },
            "addressType": "IPv4",
            "endpoints": None,
            "ports": _wire_ports(ports) or None,
        }

    def _labelled(self, piece: Object) -> Object:
        return put(piece, "metadata.labels", self.labels)

    def actions(self, trigger: str) -> list[Action]:
        """The requests, creations first; a slice that would go is turned into one that would come."""
        while self.new and self.gone:
            piece_name, piece = next(iter(self.gone.items()))
            del self.gone[piece_name]
            made = self.new.pop()
            content = {"endpoints": made["endpoints"], "ports": made["ports"]}
            self.written[piece_name] = self._labelled({**piece, **content})
        requests: list[Action] = []
        requests += [Create(_noted(piece, trigger), f"a new slice for {name(self.service)}") for piece in self.new]
        requests += [
            Update(_noted(piece, trigger), "", f"{name(piece)} has changed") for piece in self.written.values()
        ]
        requests += [
            Delete("endpointslices.discovery.k8s.io", namespace(piece), name(piece), because="nothing is left in it")
            for piece in self.gone.values()
        ]
        return requests

    def summary(self) -> str:
        """In a few words how many slices are written."""
        parts = ((len(self.new), "create"), (len(self.written), "update"), (len(self.gone), "delete"))
        return ", ".join(f"{verb} {count} slices" for count, verb in parts if count)


def _spare(entry: tuple[int, Object]) -> int:
    return entry[0]


def _same_ports(one: PortKey, two: PortKey) -> bool:
    return sorted(one, key=str) == sorted(two, key=str)


def _noted(piece: Object, trigger: str) -> Object:
    notes = {note: value for note, value in annotations_of(piece).items() if note != serving.TRIGGER_TIME}
    if trigger:
        notes[serving.TRIGGER_TIME] = trigger
    metadata = {field: value for field, value in piece["metadata"].items() if field != "annotations"}
    if notes:
        metadata["annotations"] = notes
    return {**piece, "metadata": metadata}
