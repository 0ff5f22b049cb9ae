"""Cluster IPs and node ports of Services: who has which, and new ones.

*In Kubernetes:* `pkg/registry/core/service/storage/alloc.go` and
`pkg/registry/core/service/{ipallocator,portallocator}`.

*Simplified:* one IPv4 range; what is taken is known from the watch cache, where the real server keeps IPAddress
objects and a bitmap for ports.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from cp_sim.apiserver import errors
from cp_sim.apiserver.watch_cache import Change
from cp_sim.apiserver.work import Work
from cp_sim.objects import edit

Object = dict[str, Any]

NETWORK = ipaddress.ip_network("10.96.0.0/16")
# Addresses below this offset are left to those who ask for one by number (KEP-3070).
STATIC_BAND = 256
PORTS = (30000, 32767)
STATIC_PORTS = 86


class Allocations:
    """What is taken: address -> service key, port -> service key."""

    def __init__(self) -> None:
        self.addresses: dict[str, str] = {}
        self.ports: dict[int, str] = {}

    def learn(self, change: Change) -> None:
        """A Service has come, changed or gone."""
        if change.previous is not None:
            self.release(change.key, change.previous)
        self.reserve(change.key, change.object)

    def reserve(self, key: str, service: Object | None) -> None:
        """Mark what a Service has as taken."""
        for address in addresses_of(service):
            self.addresses[address] = key
        for port in ports_of(service):
            self.ports[port] = key

    def release(self, key: str, service: Object) -> None:
        """Give back what a Service would have had."""
        for address in addresses_of(service):
            if self.addresses.get(address) == key:
                del self.addresses[address]
        for port in ports_of(service):
            if self.ports.get(port) == key:
                del self.ports[port]


def addresses_of(service: Object | None) -> list[str]:
    """The allocated cluster IPs of a Service."""
    spec = (service or {}).get("spec") or {}
    return [one for one in spec.get("clusterIPs") or () if one not in ("", "None")]


def ports_of(service: Object | None) -> list[int]:
    """The allocated node ports of a Service."""
    spec = (service or {}).get("spec") or {}
    found = [port["nodePort"] for port in spec.get("ports") or () if port.get("nodePort")]
    if spec.get("healthCheckNodePort"):
        found.append(spec["healthCheckNodePort"])
    return found


# -- on the way of a request -----------------------------------------------------------------------------------------


def on_create(server: Any, work: Work, obj: Object) -> Object:
    """The Service with everything that is allocated for it.

    Raises:
        ApiError: 422, what it asks for is taken or out of range.
    """
    if work.kind is None or work.kind.storage != "services":
        return obj
    return allocated(server, obj, None)


def on_update(server: Any, work: Work, new: Object, old: Object) -> Object:
    """The Service with what it had, and with what its new type needs."""
    if work.kind is None or work.kind.storage != "services" or work.call.subresource:
        return new
    return allocated(server, inherited(new, old), old)


def reserve(server: Any, work: Work, obj: Object) -> None:
    """The Service is about to be stored: nobody else may have what it has."""
    if work.kind is not None and work.kind.storage == "services" and not work.dry_run:
        server.allocations.reserve(key_of(obj), obj)


def give_back(server: Any, obj: Object | None) -> None:
    """The Service was not stored after all."""
    if obj is not None and obj.get("kind") == "Service":
        server.allocations.release(key_of(obj), obj)


def key_of(obj: Object) -> str:
    """`namespace/name`."""
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata'].get('name', '')}"


def needs_address(spec: Object) -> bool:
    """Whether a Service of this type has a cluster IP."""
    return spec.get("type") != "ExternalName"


def needs_ports(spec: Object) -> bool:
    """Whether a Service of this type has node ports."""
    type_ = spec.get("type")
    return type_ == "NodePort" or (type_ == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is not False)


def needs_health_port(spec: Object) -> bool:
    """Whether a load balancer has to ask nodes for their health."""
    return spec.get("type") == "LoadBalancer" and spec.get("externalTrafficPolicy") == "Local"


def inherited(new: Object, old: Object) -> Object:
    """The new Service with what the old one had where it says nothing (`patchAllocatedValues`,
    `dropTypeDependentFields`).
    """
    spec, before = dict(new.get("spec") or {}), old.get("spec") or {}
    if needs_address(spec) and needs_address(before):
        if not spec.get("clusterIP"):
            spec["clusterIP"] = before.get("clusterIP", "")
            if not spec.get("clusterIPs"):
                spec["clusterIPs"] = before.get("clusterIPs", [])
        for field in ("ipFamilies", "ipFamilyPolicy"):
            if not spec.get(field) and before.get(field):
                spec[field] = before[field]
    if needs_ports(spec) and needs_ports(before):
        spec["ports"] = _same_ports(spec.get("ports") or [], before.get("ports") or [])
    if needs_health_port(spec) and needs_health_port(before) and not spec.get("healthCheckNodePort"):
        if before.get("healthCheckNodePort"):
            spec["healthCheckNodePort"] = before["healthCheckNodePort"]
    _drop_what_no_longer_fits(spec, before)
    return {**new, "spec": spec}


def _same_ports(ports: list[Object], before: list[Object]) -> list[Object]:
    known = {(port.get("protocol"), port.get("port")): port.get("nodePort") for port in before}
    used = {port["nodePort"] for port in ports if port.get("nodePort")}
    made = []
    for port in ports:
        found = known.get((port.get("protocol"), port.get("port")))
        if not port.get("nodePort") and found and found not in used:
            port = {**port, "nodePort": found}
        made.append(port)
    return made


def _drop_what_no_longer_fits(spec: Object, before: Object) -> None:
    if not needs_address(spec) and needs_address(before):
        if spec.get("clusterIP", "") in ("", before.get("clusterIP", "")):
            for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                spec.pop(field, None)
    if needs_ports(before) and spec.get("type") in ("ClusterIP", "ExternalName") and spec.get("ports"):
        old_ports = {port.get("nodePort") for port in before.get("ports") or ()}
        spec["ports"] = [
            {key: value for key, value in port.items() if key != "nodePort" or value not in old_ports}
            for port in spec["ports"]
        ]
    if not needs_health_port(spec) and spec.get("healthCheckNodePort") == before.get("healthCheckNodePort"):
        spec.pop("healthCheckNodePort", None)
    if spec.get("type") != "LoadBalancer":
        for field in ("allocateLoadBalancerNodePorts", "loadBalancerClass"):
            if spec.get(field) == before.get(field):
                spec.pop(field, None)
    if spec.get("type") in ("ClusterIP", "ExternalName"):
        if spec.get("externalTrafficPolicy") == before.get("externalTrafficPolicy") and not spec.get("externalIPs"):
            spec.pop("externalTrafficPolicy", None)


def allocated(server: Any, obj: Object, old: Object | None) -> Object:
    """The Service with addresses and ports."""
    spec = obj.get("spec") or {}
    if not needs_address(spec):
        return obj
    made = {**spec}
    _families(obj, made)
    _address(server, obj, made)
    if needs_ports(made):
        _ports(server, obj, made)
    if needs_health_port(made) and not made.get("healthCheckNodePort"):
        made["healthCheckNodePort"] = _free_port(server, set())
    return edit.put(obj, "spec", made)


def _families(obj: Object, spec: Object) -> None:
    headless = spec.get("clusterIP") == "None"
    if not spec.get("ipFamilyPolicy"):
        selectorless = headless and not spec.get("selector")
        spec["ipFamilyPolicy"] = "RequireDualStack" if selectorless else "SingleStack"
        if selectorless and not spec.get("ipFamilies"):
            spec["ipFamilies"] = ["IPv4", "IPv6"]
    elif spec["ipFamilyPolicy"] == "RequireDualStack" and not headless:
        text = 'Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services'
        raise _invalid(obj, "spec.ipFamilyPolicy", text)
    if not spec.get("ipFamilies"):
        spec["ipFamilies"] = ["IPv4"]


def _address(server: Any, obj: Object, spec: Object) -> None:
    asked = spec.get("clusterIP") or ""
    if asked == "None":
        spec["clusterIPs"] = ["None"]
        return
    key = key_of(obj)
    taken = server.allocations.addresses
    if not asked:
        spec["clusterIP"] = asked = _free_address(server)
    elif taken.get(asked) not in (None, key):
        raise _no_address(obj, asked, "provided IP is already allocated")
    else:
        _check_range(obj, asked)
    spec["clusterIPs"] = [asked]


def _check_range(obj: Object, asked: str) -> None:
    try:
        inside = ipaddress.ip_address(asked) in NETWORK
    except ValueError:
        return  # validation says it better
    if not inside:
        raise _no_address(obj, asked, "the provided network does not match the current range")


def _no_address(obj: Object, asked: str, why: str) -> errors.ApiError:
    return _invalid(obj, "spec.clusterIPs", f'Invalid value: ["{asked}"]: failed to allocate IP {asked}: {why}')


def _invalid(obj: Object, field: str, message: str) -> errors.ApiError:
    cause = {"reason": "FieldValueInvalid", "message": message, "field": field}
    return errors.invalid("Service", "", obj["metadata"].get("name", ""), [cause])


def _free_address(server: Any) -> str:
    stream = server.loop.chance.stream("cluster-ip")
    first = int(NETWORK.network_address)
    size = NETWORK.num_addresses - 1
    while True:
        address = str(ipaddress.ip_address(first + STATIC_BAND + int(stream.random() * (size - STATIC_BAND))))
        if address not in server.allocations.addresses:
            return address


def _ports(server: Any, obj: Object, spec: Object) -> None:
    key = key_of(obj)
    taken = server.allocations.ports
    mine: dict[int, set[str]] = {}
    made = []
    for place, port in enumerate(spec.get("ports") or ()):
        asked = port.get("nodePort")
        if asked:
            field = f"spec.ports[{place}].nodePort"
            if not PORTS[0] <= asked <= PORTS[1]:
                text = f"provided port is not in the valid range. The range of valid ports is {PORTS[0]}-{PORTS[1]}"
                raise _invalid(obj, field, f"Invalid value: {asked}: {text}")
            if taken.get(asked) not in (None, key):
                raise _invalid(obj, field, f"Invalid value: {asked}: provided port is already allocated")
            mine.setdefault(asked, set()).add(port.get("protocol", "TCP"))
        made.append(port)
    for place, port in enumerate(made):
        if not port.get("nodePort"):
            shared = _shared_port(made, port)
            chosen = shared or _free_port(server, set(mine))
            mine.setdefault(chosen, set()).add(port.get("protocol", "TCP"))
            made[place] = {**port, "nodePort": chosen}
    if made:
        spec["ports"] = made


def _shared_port(ports: list[Object], port: Object) -> int:
    """The node port of the same port number under another protocol: both use one."""
    for other in ports:
        if other is not port and other.get("port") == port.get("port") and other.get("nodePort"):
            if other.get("protocol") != port.get("protocol"):
                return int(other["nodePort"])
    return 0


def _free_port(server: Any, besides: set[int]) -> int:
    stream = server.loop.chance.stream("node-port")
    first, last = PORTS[0] + STATIC_PORTS, PORTS[1]
    while True:
        port = first + int(stream.random() * (last - first + 1))
        if port not in server.allocations.ports and port not in besides:
            return port
