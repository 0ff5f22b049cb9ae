"""Services, endpoints, ingresses, network policies.

Sources: pkg/apis/core/v1/defaults.go, pkg/apis/discovery/v1/defaults.go, pkg/apis/networking/v1/defaults.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.defaults.fill import Filler, absent, each, inside, spec

Object = dict[str, Any]

CLIENT_IP_TIMEOUT_S = 10_800


def _service(spec: Object) -> Object:
    spec = absent(spec, {"sessionAffinity": "None", "type": "ClusterIP"})
    if spec["sessionAffinity"] == "None" and "sessionAffinityConfig" in spec:
        spec = {key: value for key, value in spec.items() if key != "sessionAffinityConfig"}
    if spec["sessionAffinity"] == "ClientIP" and not _client_ip_timeout(spec):
        spec = {**spec, "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": CLIENT_IP_TIMEOUT_S}}}
    spec = each(spec, "ports", _service_port)
    kind = spec["type"]
    if kind in ("NodePort", "LoadBalancer") or (kind == "ClusterIP" and spec.get("externalIPs")):
        spec = absent(spec, {"externalTrafficPolicy": "Cluster"})
    if kind in ("ClusterIP", "NodePort", "LoadBalancer"):
        spec = absent(spec, {"internalTrafficPolicy": "Cluster"})
    if kind == "LoadBalancer":
        spec = absent(spec, {"allocateLoadBalancerNodePorts": True})
    return spec


def _client_ip_timeout(spec: Object) -> Any:
    return ((spec.get("sessionAffinityConfig") or {}).get("clientIP") or {}).get("timeoutSeconds")


def _service_port(port: Object) -> Object:
    port = absent(port, {"protocol": "TCP"})
    return port if port.get("targetPort") not in (None, 0, "") else {**port, "targetPort": port.get("port", 0)}


def _tcp(port: Object) -> Object:
    return absent(port, {"protocol": "TCP"})


def _endpoints(obj: Object) -> Object:
    return each(obj, "subsets", lambda subset: each(subset, "ports", _tcp))


def _endpoint_slice(obj: Object) -> Object:
    obj = each(obj, "endpoints", lambda endpoint: absent(endpoint, {"conditions": {}}))
    return each(obj, "ports", lambda port: absent(port, {"name": "", "protocol": "TCP"}))


def _network_policy(spec: Object) -> Object:
    for key in ("ingress", "egress"):
        spec = each(spec, key, lambda rule: each(rule, "ports", _tcp))
    if not spec.get("policyTypes"):
        spec = {**spec, "policyTypes": ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]}
    return spec


def _ingress_class(spec: Object) -> Object:
    return inside(spec, "parameters", lambda parameters: absent(parameters, {"scope": "Cluster"}))


DEFAULTS: dict[str, Filler] = {
    "services": spec(_service),
    "endpoints": _endpoints,
    "endpointslices.discovery.k8s.io": _endpoint_slice,
    "networkpolicies.networking.k8s.io": spec(_network_policy),
    "ingressclasses.networking.k8s.io": lambda obj: inside(obj, "spec", _ingress_class),
}
