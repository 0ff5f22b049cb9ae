"""Endpoints and EndpointSlices.

Source: `ValidateEndpoints` in `pkg/apis/core/validation/validation.go`, `pkg/apis/discovery/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, invalid, not_supported, required, too_many
from cp_sim.objects.validation import meta
from cp_sim.objects.validation.common import (
    NO_IP,
    dns_label,
    dns_subdomain,
    one_of,
    parse_ip,
    port_number,
    qualified,
    strict_ip,
)
from cp_sim.objects.validation.containers import PROTOCOLS

Object = dict[str, Any]


def special_address(text: str, at: str, causes: Causes, local: bool = True) -> None:
    """An address that traffic could be sent to: not unspecified, loopback, link-local."""
    address = parse_ip(text)
    if address is None:
        causes.append(invalid(at, text, "must be a valid IP address"))
        return
    if address.is_unspecified:
        causes.append(invalid(at, text, f"may not be unspecified ({text})"))
    if address.is_loopback:
        causes.append(invalid(at, text, "may not be in the loopback range (127.0.0.0/8, ::1/128)"))
    if address.is_link_local:
        causes.append(invalid(at, text, "may not be in the link-local range (169.254.0.0/16, fe80::/10)"))
    if address.is_multicast and (text.startswith("224.0.0.") or text.lower().startswith("ff02:")):
        causes.append(invalid(at, text, "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"))


def endpoints(obj: Object, causes: Causes) -> None:
    """Endpoints, after their metadata."""
    for index, subset in enumerate(obj.get("subsets") or ()):
        path = f"subsets[{index}]"
        ready, rest = subset.get("addresses") or [], subset.get("notReadyAddresses") or []
        if not ready and not rest:
            causes.append(required(path, "must specify `addresses` or `notReadyAddresses`"))
        for place, address in enumerate(ready):
            _endpoint_address(address, f"{path}.addresses[{place}]", causes)
        for place, address in enumerate(rest):
            _endpoint_address(address, f"{path}.notReadyAddresses[{place}]", causes)
        ports = subset.get("ports") or []
        for place, port in enumerate(ports):
            _endpoint_port(port, len(ports) > 1, f"{path}.ports[{place}]", causes)


def _endpoint_address(given: Object, at: str, causes: Causes) -> None:
    address = given.get("ip", "")
    strict_ip(address, f"{at}.ip", causes)
    if given.get("hostname"):
        dns_label(given["hostname"], f"{at}.hostname", causes)
    if given.get("nodeName") is not None:
        for problem in names.dns_subdomain(given["nodeName"]):
            causes.append(invalid(f"{at}.nodeName", given["nodeName"], problem))
    special_address(address, f"{at}.ip", causes)


def _endpoint_port(given: Object, several: bool, at: str, causes: Causes) -> None:
    name = given.get("name", "")
    if several and not name:
        causes.append(required(f"{at}.name"))
    elif name:
        dns_label(name, f"{at}.name", causes)
    port_number(given.get("port", 0), f"{at}.port", causes)
    one_of(given.get("protocol"), f"{at}.protocol", PROTOCOLS, causes)
    if given.get("appProtocol") is not None:
        qualified(given["appProtocol"], f"{at}.appProtocol", causes)


_ADDRESS_TYPES = ("FQDN", "IPv4", "IPv6")


def endpoint_slice(obj: Object, causes: Causes) -> None:
    """An EndpointSlice, after its metadata."""
    type_ = obj.get("addressType", "")
    if not type_:
        causes.append(required("addressType"))
    elif type_ not in _ADDRESS_TYPES:
        causes.append(not_supported("addressType", type_, _ADDRESS_TYPES))
    given = obj.get("endpoints") or []
    if len(given) > 1000:
        causes.append(too_many("endpoints", len(given), 1000))
    else:
        for index, endpoint in enumerate(given):
            _endpoint(endpoint, type_, f"endpoints[{index}]", causes)
    ports = obj.get("ports") or []
    if len(ports) > 20000:
        causes.append(too_many("ports", len(ports), 20000))
    else:
        _slice_ports(ports, causes)


def _endpoint(given: Object, type_: str, at: str, causes: Causes) -> None:
    addresses = given.get("addresses") or []
    if not addresses:
        causes.append(required(f"{at}.addresses", "must contain at least 1 address"))
    elif len(addresses) > 100:
        causes.append(too_many(f"{at}.addresses", len(addresses), 100))
    for index, address in enumerate(addresses):
        path = f"{at}.addresses[{index}]"
        if type_ in ("IPv4", "IPv6"):
            if parse_ip(address) is None:
                causes.append(invalid(path, address, NO_IP))
                continue
            strict_ip(address, path, causes)
            if type_ == "IPv4" and ":" in address:
                causes.append(invalid(f"{at}.addresses", address, "must be an IPv4 address"))
            if type_ == "IPv6" and ":" not in address:
                causes.append(invalid(f"{at}.addresses", address, "must be an IPv6 address"))
            special_address(address, path, causes)
        elif type_ == "FQDN":
            if len(address.split(".")) < 2:
                causes.append(invalid(path, address, "should be a domain with at least two segments separated by dots"))
            dns_subdomain(address.removesuffix("."), path, causes)
    if given.get("nodeName") is not None:
        for problem in names.dns_subdomain(given["nodeName"]):
            causes.append(invalid(f"{at}.nodeName", given["nodeName"], problem))
    topology = given.get("deprecatedTopology") or {}
    if topology:
        meta.labels(topology, f"{at}.deprecatedTopology", causes)
    if given.get("hostname") is not None:
        dns_label(given["hostname"], f"{at}.hostname", causes)
    if given.get("hints") is not None:
        _hints(given["hints"], f"{at}.hints", causes)


def _hints(given: Object, at: str, causes: Causes) -> None:
    for field in ("forZones", "forNodes"):
        seen = set()
        entries = given.get(field) or []
        if len(entries) > 8:
            causes.append(too_many(f"{at}.{field}", len(entries), 8))
            continue
        for index, entry in enumerate(entries):
            name = entry.get("name", "")
            if name in seen:
                causes.append(duplicate(f"{at}.{field}[{index}].name", name))
                continue
            seen.add(name)
            if field == "forZones":
                for problem in names.label_value(name):
                    causes.append(invalid(f"{at}.{field}[{index}].name", name, problem))
            else:
                dns_subdomain(name, f"{at}.{field}[{index}].name", causes)


def _slice_ports(given: list[Object], causes: Causes) -> None:
    seen = set()
    for index, port in enumerate(given):
        path = f"ports[{index}]"
        name = port.get("name") or ""
        if name:
            dns_label(name, f"{path}.name", causes)
        if name in seen:
            causes.append(duplicate(f"{path}.name", name))
        seen.add(name)
        if port.get("port") is not None:
            port_number(port["port"], f"{path}.port", causes)
        protocol = port.get("protocol")
        if protocol is None:
            causes.append(required(f"{path}.protocol"))
        elif protocol not in PROTOCOLS:
            causes.append(not_supported(f"{path}.protocol", protocol, PROTOCOLS))
        if port.get("appProtocol") is not None:
            qualified(port["appProtocol"], f"{path}.appProtocol", causes)


def endpoint_slice_update(new: Object, old: Object, causes: Causes) -> None:
    """The address type never changes."""
    if new.get("addressType") != old.get("addressType"):
        causes.append(invalid("addressType", new.get("addressType", ""), meta.IMMUTABLE))
