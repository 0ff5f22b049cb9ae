"""Defaults of what the network is told: Services, Endpoints, policies, Ingresses.

*In Kubernetes:* `defaults.go` of `pkg/apis/core/v1`, `pkg/apis/discovery/v1` and `pkg/apis/networking/v1`.
Cluster IPs and IP families are chosen by the registry, not here.
"""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


def _service_port(port: Object) -> Object:
    made = port if port.get("protocol") else {**port, "protocol": "TCP"}
    if made.get("targetPort") in (None, 0, ""):
        made = {**made, "targetPort": made.get("port", 0)}
    return made


def service(obj: Object) -> Object:
    """A Service with its defaults."""
    spec = dict(obj.get("spec") or {})
    spec["sessionAffinity"] = spec.get("sessionAffinity") or "None"
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    elif spec["sessionAffinity"] == "ClientIP":
        config = spec.get("sessionAffinityConfig") or {}
        client = config.get("clientIP") or {}
        if client.get("timeoutSeconds") is None:
            client = {**client, "timeoutSeconds": 10800}
        spec["sessionAffinityConfig"] = {**config, "clientIP": client}
    type_ = spec["type"] = spec.get("type") or "ClusterIP"
    if spec.get("ports"):
        spec["ports"] = [_service_port(port) for port in spec["ports"]]
    outside = type_ in ("NodePort", "LoadBalancer") or (type_ == "ClusterIP" and spec.get("externalIPs"))
    if outside and not spec.get("externalTrafficPolicy"):
        spec["externalTrafficPolicy"] = "Cluster"
    if spec.get("internalTrafficPolicy") is None and type_ in ("NodePort", "LoadBalancer", "ClusterIP"):
        spec["internalTrafficPolicy"] = "Cluster"
    if type_ == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts") is None:
        spec["allocateLoadBalancerNodePorts"] = True
    made = {**obj, "spec": spec}
    entries = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress")
    if entries and type_ == "LoadBalancer":
        filled = [{**one, "ipMode": "VIP"} if one.get("ip") and one.get("ipMode") is None else one for one in entries]
        made["status"] = {**obj["status"], "loadBalancer": {**obj["status"]["loadBalancer"], "ingress": filled}}
    return made


def _protocol(port: Object) -> Object:
    return port if port.get("protocol") else {**port, "protocol": "TCP"}


def endpoints(obj: Object) -> Object:
    """Endpoints with the protocol of every port."""
    subsets = obj.get("subsets")
    if not subsets:
        return obj
    made = [
        {**one, "ports": [_protocol(port) for port in one["ports"]]} if one.get("ports") else one for one in subsets
    ]
    return {**obj, "subsets": made}


def endpoint_slice(obj: Object) -> Object:
    """An EndpointSlice with name and protocol of every port."""
    ports = obj.get("ports")
    if not ports:
        return obj
    return {
        **obj,
        "ports": [_protocol(port if port.get("name") is not None else {**port, "name": ""}) for port in ports],
    }


def _rule(rule: Object) -> Object:
    return {**rule, "ports": [_protocol(port) for port in rule["ports"]]} if rule.get("ports") else rule


def network_policy(obj: Object) -> Object:
    """A NetworkPolicy with its types and protocols."""
    spec = dict(obj.get("spec") or {})
    for field in ("ingress", "egress"):
        if spec.get(field):
            spec[field] = [_rule(rule) for rule in spec[field]]
    if not spec.get("policyTypes"):
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    return {**obj, "spec": spec}


def ingress_class(obj: Object) -> Object:
    """An IngressClass with the scope of its parameters."""
    parameters = (obj.get("spec") or {}).get("parameters")
    if parameters is None or parameters.get("scope") is not None:
        return obj
    return {**obj, "spec": {**obj["spec"], "parameters": {**parameters, "scope": "Cluster"}}}
