"""Services, Endpoints and EndpointSlices.

Source: `ValidateService` and `ValidateEndpoints` in `pkg/apis/core/validation/validation.go`,
`pkg/apis/discovery/validation/validation.go`.  What depends on the addresses and ports in use is the registry's.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, not_supported, required
from cp_sim.objects.validation import meta
from cp_sim.objects.validation.common import (
    dns_label,
    dns_subdomain,
    one_of,
    parse_ip,
    port_number,
    port_or_name,
    qualified,
    strict_cidr,
    strict_ip,
)
from cp_sim.objects.validation.containers import PROTOCOLS
from cp_sim.objects.validation.endpoints import special_address

Object = dict[str, Any]

TYPES = ("ClusterIP", "ExternalName", "LoadBalancer", "NodePort")
_EXTERNAL = ("NodePort", "LoadBalancer")


def service(obj: Object, causes: Causes) -> None:
    """A Service, after its metadata."""
    spec = obj.get("spec") or {}
    type_ = spec.get("type", "")
    headless = "None" in (spec.get("clusterIP"), *(spec.get("clusterIPs") or ()))
    if not spec.get("ports") and not headless and type_ != "ExternalName":
        causes.append(required("spec.ports"))
    if type_ == "LoadBalancer":
        for index, port in enumerate(spec.get("ports") or ()):
            if port.get("port") == 10250:
                text = "may not expose port 10250 externally since it is used by kubelet"
                causes.append(invalid(f"spec.ports[{index}]", port.get("port"), text))
        if headless:
            causes.append(invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for LoadBalancer services"))
    if type_ == "NodePort" and headless:
        causes.append(invalid("spec.clusterIPs[0]", "None", "may not be set to 'None' for NodePort services"))
    if type_ == "ExternalName":
        _external_name(spec, causes)
    _ports(spec.get("ports") or [], headless, causes)
    if spec.get("selector"):
        meta.labels(spec["selector"], "spec.selector", causes)
    affinity = spec.get("sessionAffinity", "")
    if not affinity:
        causes.append(required("spec.sessionAffinity"))
    elif affinity not in ("ClientIP", "None"):
        causes.append(not_supported("spec.sessionAffinity", affinity, ("ClientIP", "None")))
    _affinity_config(spec, affinity, causes)
    _addresses(spec, causes)
    for index, address in enumerate(spec.get("externalIPs") or ()):
        path = f"spec.externalIPs[{index}]"
        before = len(causes)
        strict_ip(address, path, causes)
        if len(causes) == before:
            special_address(address, path, causes)
    if not type_:
        causes.append(required("spec.type"))
    elif type_ not in TYPES:
        causes.append(not_supported("spec.type", type_, TYPES))
    _unique_ports(spec, type_, causes)
    _load_balancer(spec, type_, causes)
    _policies(spec, type_, causes)


def _external_name(spec: Object, causes: Causes) -> None:
    for field in ("clusterIPs",):
        if spec.get(field):
            causes.append(forbidden(f"spec.{field}", "may not be set for ExternalName services"))
    for field in ("ipFamilies",):
        if spec.get(field):
            causes.append(forbidden(f"spec.{field}", "may not be set for ExternalName services"))
    if spec.get("ipFamilyPolicy") is not None:
        causes.append(forbidden("spec.ipFamilyPolicy", "may not be set for ExternalName services"))
    name = (spec.get("externalName") or "").removesuffix(".")
    if not spec.get("externalName"):
        causes.append(required("spec.externalName"))
    else:
        dns_subdomain(name, "spec.externalName", causes)


def _ports(given: list[Object], headless: bool, causes: Causes) -> None:
    seen: set[str] = set()
    several = len(given) > 1
    for index, port in enumerate(given):
        path = f"spec.ports[{index}]"
        name = port.get("name", "")
        if several and not name:
            causes.append(required(f"{path}.name"))
        elif name:
            before = len(causes)
            dns_label(name, f"{path}.name", causes)
            if len(causes) == before:
                if name in seen:
                    causes.append(duplicate(f"{path}.name", name))
                seen.add(name)
        port_number(port.get("port", 0), f"{path}.port", causes)
        one_of(port.get("protocol"), f"{path}.protocol", PROTOCOLS, causes)
        port_or_name(port.get("targetPort", 0), f"{path}.targetPort", causes)
        protocol = port.get("appProtocol")
        if protocol is not None:
            qualified(protocol, f"{path}.appProtocol", causes)


def _affinity_config(spec: Object, affinity: str, causes: Causes) -> None:
    config = spec.get("sessionAffinityConfig")
    if affinity == "ClientIP":
        client = (config or {}).get("clientIP") or {}
        seconds = client.get("timeoutSeconds")
        path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds"
        if seconds is None:
            causes.append(required(path.rsplit(".", 2)[0], "when session affinity type is ClientIP"))
        elif not 0 < seconds <= 86400:
            causes.append(invalid(path, seconds, "must be greater than 0 and less than 86400"))
    elif affinity == "None" and config is not None:
        causes.append(forbidden("spec.sessionAffinityConfig", "must not be set when session affinity is None"))


def _addresses(spec: Object, causes: Causes) -> None:
    """Cluster IPs and IP families."""
    addresses = spec.get("clusterIPs") or ([spec["clusterIP"]] if spec.get("clusterIP") else [])
    if spec.get("type") != "ExternalName":
        for index, family in enumerate(spec.get("ipFamilies") or ()):
            path = f"spec.ipFamilies[{index}]"
            if family not in ("IPv4", "IPv6"):
                causes.append(not_supported(path, family, ("IPv4", "IPv6")))
            elif family in (spec.get("ipFamilies") or [])[:index]:
                causes.append(duplicate(path, family))
        policy = spec.get("ipFamilyPolicy")
        if policy is not None and policy not in ("PreferDualStack", "RequireDualStack", "SingleStack"):
            supported = ("PreferDualStack", "RequireDualStack", "SingleStack")
            causes.append(not_supported("spec.ipFamilyPolicy", policy, supported))
        if addresses and spec.get("clusterIP") and addresses[0] != spec["clusterIP"]:
            causes.append(invalid("spec.clusterIPs", addresses, "first value must match `clusterIP`"))
        for index, address in enumerate(addresses):
            path = f"spec.clusterIPs[{index}]"
            if address == "None":
                if len(addresses) > 1:
                    causes.append(forbidden(path, "may not be set to 'None' when multiple `clusterIPs` are set"))
                continue
            if address:
                strict_ip(address, path, causes)
        if len(addresses) > 2:
            causes.append(invalid("spec.clusterIPs", addresses, "may only hold up to 2 values"))


def _unique_ports(spec: Object, type_: str, causes: Causes) -> None:
    ports = spec.get("ports") or []
    node_ports: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        if port.get("nodePort"):
            key = (port.get("protocol"), port["nodePort"])
            if key in node_ports:
                causes.append(duplicate(f"spec.ports[{index}].nodePort", port["nodePort"]))
            node_ports.add(key)
    seen: set[tuple[Any, Any]] = set()
    for index, port in enumerate(ports):
        key = (port.get("protocol"), port.get("port"))
        if key in seen:
            shown = {
                "Name": "",
                "Protocol": key[0],
                "AppProtocol": None,
                "Port": key[1],
                "TargetPort": 0,
                "NodePort": 0,
            }
            causes.append(duplicate(f"spec.ports[{index}]", shown))
        seen.add(key)


def _load_balancer(spec: Object, type_: str, causes: Causes) -> None:
    ranges = spec.get("loadBalancerSourceRanges")
    if ranges:
        if type_ != "LoadBalancer":
            text = "may only be used when `type` is 'LoadBalancer'"
            causes.append(forbidden("spec.LoadBalancerSourceRanges", text))
        for index, network in enumerate(ranges):
            strict_cidr(network.strip(), f"spec.LoadBalancerSourceRanges[{index}]", causes)
    allocate = spec.get("allocateLoadBalancerNodePorts")
    if allocate is not None and type_ != "LoadBalancer":
        text = "may only be used when `type` is 'LoadBalancer'"
        causes.append(forbidden("spec.allocateLoadBalancerNodePorts", text))
    if type_ == "LoadBalancer" and allocate is None:
        causes.append(required("spec.allocateLoadBalancerNodePorts"))
    class_ = spec.get("loadBalancerClass")
    if class_ is not None:
        if type_ != "LoadBalancer":
            causes.append(forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'"))
        else:
            qualified(class_, "spec.loadBalancerClass", causes)


def _policies(spec: Object, type_: str, causes: Causes) -> None:
    outside = type_ in _EXTERNAL or (type_ == "ClusterIP" and bool(spec.get("externalIPs")))
    policy = spec.get("externalTrafficPolicy", "")
    if policy:
        if not outside:
            text = "may only be set for externally-accessible services"
            causes.append(invalid("spec.externalTrafficPolicy", policy, text))
        elif policy not in ("Cluster", "Local"):
            causes.append(not_supported("spec.externalTrafficPolicy", policy, ("Cluster", "Local")))
    elif outside:
        causes.append(required("spec.externalTrafficPolicy"))
    check = spec.get("healthCheckNodePort", 0)
    if check and not (type_ == "LoadBalancer" and policy == "Local"):
        text = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
        causes.append(invalid("spec.healthCheckNodePort", check, text))
    inside = spec.get("internalTrafficPolicy")
    if inside is not None and inside not in ("Cluster", "Local"):
        causes.append(not_supported("spec.internalTrafficPolicy", inside, ("Cluster", "Local")))
    distribution = spec.get("trafficDistribution")
    supported = ("PreferClose", "PreferSameZone", "PreferSameNode")
    if distribution is not None and distribution not in supported:
        causes.append(not_supported("spec.trafficDistribution", distribution, supported))


def service_update(new: Object, old: Object, causes: Causes) -> None:
    """What of a Service may not change while it keeps its type."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    with_address = ("ClusterIP", "NodePort", "LoadBalancer")
    if now.get("type") in with_address and before.get("type") in with_address:
        old_ips, new_ips = before.get("clusterIPs") or [], now.get("clusterIPs") or []
        if old_ips and new_ips and old_ips[0] != new_ips[0]:
            causes.append(invalid("spec.clusterIPs[0]", new_ips, "may not change once set"))
    if before.get("type") == "LoadBalancer" and now.get("type") == "LoadBalancer":
        if before.get("loadBalancerClass") != now.get("loadBalancerClass"):
            causes.append(invalid("spec.loadBalancerClass", now.get("loadBalancerClass"), "may not change once set"))


def service_status(new: Object, old: Object, causes: Causes) -> None:
    """Only a Service of type LoadBalancer has a load balancer."""
    entries = ((new.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
    at = "status.loadBalancer.ingress"
    if entries and (new.get("spec") or {}).get("type") != "LoadBalancer":
        causes.append(forbidden(at, "may only be used when `spec.type` is 'LoadBalancer'"))
        return
    for index, entry in enumerate(entries):
        path = f"{at}[{index}]"
        if entry.get("ip"):
            strict_ip(entry["ip"], f"{path}.ip", causes)
        mode = entry.get("ipMode")
        if entry.get("ip") and mode is None:
            causes.append(required(f"{path}.ipMode", "must be specified when `ip` is set"))
        elif mode is not None and not entry.get("ip"):
            causes.append(forbidden(f"{path}.ipMode", "may not be specified when `ip` is not set"))
        elif mode is not None and mode not in ("Proxy", "VIP"):
            causes.append(not_supported(f"{path}.ipMode", mode, ("Proxy", "VIP")))
        if entry.get("hostname"):
            for problem in names.dns_subdomain(entry["hostname"]):
                causes.append(invalid(f"{path}.hostname", entry["hostname"], problem))
            if parse_ip(entry["hostname"]) is not None:
                text = "must be a DNS name, not an IP address"
                causes.append(invalid(f"{path}.hostname", entry["hostname"], text))
