"""Ingresses, ingress classes, network policies.

Source: `pkg/apis/networking/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, forbidden, invalid, not_supported, required, too_long
from cp_sim.objects.validation import meta
from cp_sim.objects.validation.common import (
    NO_CIDR,
    dns_subdomain,
    parse_cidr,
    parse_ip,
    port_number,
    port_or_name,
    selector,
)

Object = dict[str, Any]

_PATH_TYPES = ("Exact", "ImplementationSpecific", "Prefix")


def ingress(obj: Object, causes: Causes) -> None:
    """An Ingress."""
    spec = obj.get("spec") or {}
    if spec.get("defaultBackend") is None and not spec.get("rules"):
        causes.append(invalid("spec", None, "either `defaultBackend` or `rules` must be specified"))
    if spec.get("defaultBackend") is not None:
        _backend(spec["defaultBackend"], "spec.defaultBackend", causes)
    for index, rule in enumerate(spec.get("rules") or ()):
        _rule(rule, f"spec.rules[{index}]", causes)
    for index, tls in enumerate(spec.get("tls") or ()):
        for place, host in enumerate(tls.get("hosts") or ()):
            path = f"spec.tls[{index}].hosts[{place}]"
            if "*" in host:
                for problem in names.wildcard_subdomain(host):
                    causes.append(invalid(path, host, problem))
            else:
                dns_subdomain(host, path, causes)
        if tls.get("secretName"):
            dns_subdomain(tls["secretName"], f"spec.tls[{index}].secretName", causes)
    if spec.get("ingressClassName") is not None:
        dns_subdomain(spec["ingressClassName"], "spec.ingressClassName", causes)
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    if "kubernetes.io/ingress.class" in annotations and spec.get("ingressClassName") is not None:
        value = annotations["kubernetes.io/ingress.class"]
        text = "can not be set when the class field is also set"
        causes.append(invalid("annotations.kubernetes.io/ingress.class", value, text))


def _rule(given: Object, at: str, causes: Causes) -> None:
    host = given.get("host", "")
    if host:
        if parse_ip(host) is not None:
            causes.append(invalid(f"{at}.host", host, "must be a DNS name, not an IP address"))
        if "*" in host:
            for problem in names.wildcard_subdomain(host):
                causes.append(invalid(f"{at}.host", host, problem))
        else:
            dns_subdomain(host, f"{at}.host", causes)
    http = given.get("http")
    if http is None:
        return
    if not http.get("paths"):
        causes.append(required(f"{at}.http.paths"))
    for index, one in enumerate(http.get("paths") or ()):
        _path(one, f"{at}.http.paths[{index}]", causes)


def _path(given: Object, at: str, causes: Causes) -> None:
    kind, path = given.get("pathType"), given.get("path", "")
    if kind is None:
        causes.append(required(f"{at}.pathType", "pathType must be specified"))
    elif kind in ("Exact", "Prefix"):
        if not path.startswith("/"):
            causes.append(invalid(f"{at}.path", path, "must be an absolute path"))
        if path:
            for bad in ("//", "/./", "/../", "%2f", "%2F"):
                if bad in path:
                    causes.append(invalid(f"{at}.path", path, f"must not contain '{bad}'"))
            for bad in ("/..", "/."):
                if path.endswith(bad):
                    causes.append(invalid(f"{at}.path", path, f"cannot end with '{bad}'"))
    elif kind == "ImplementationSpecific":
        if path and not path.startswith("/"):
            causes.append(invalid(f"{at}.path", path, "must be an absolute path"))
    else:
        causes.append(not_supported(f"{at}.pathType", kind, _PATH_TYPES))
    _backend(given.get("backend") or {}, f"{at}.backend", causes)


def _backend(given: Object, at: str, causes: Causes) -> None:
    service, resource = given.get("service"), given.get("resource")
    if service is not None and resource is not None:
        causes.append(invalid(at, "", "cannot set both resource and service backends"))
    elif resource is not None:
        for field in ("kind", "name"):
            if not resource.get(field):
                causes.append(required(f"{at}.resource.{field}"))
    elif service is not None:
        name, port = service.get("name", ""), service.get("port") or {}
        if not name:
            causes.append(required(f"{at}.service.name"))
        else:
            for problem in names.dns_label(name):
                causes.append(invalid(f"{at}.service.name", name, problem))
        if port.get("name") and port.get("number"):
            causes.append(invalid(at, "", "cannot set both port name & port number"))
        elif port.get("name"):
            for problem in names.port_name(port["name"]):
                causes.append(invalid(f"{at}.service.port.name", port["name"], problem))
        elif port.get("number"):
            port_number(port["number"], f"{at}.service.port.number", causes)
        else:
            causes.append(required(at, "port name or number is required"))
    else:
        causes.append(invalid(at, "", "resource or service backend is required"))


def ingress_class(obj: Object, causes: Causes) -> None:
    """An IngressClass."""
    spec = obj.get("spec") or {}
    controller = spec.get("controller", "")
    if not controller:
        causes.append(required("spec.controller"))
    else:
        if len(controller) > 250:
            causes.append(too_long("spec.controller", 250))
        for problem in names.fully_qualified_domain(controller):
            causes.append(invalid("spec.controller", controller, problem))
    parameters = spec.get("parameters")
    if parameters is not None:
        _parameters(parameters, "spec.parameters", causes)


def _parameters(given: Object, at: str, causes: Causes) -> None:
    if not given.get("kind"):
        causes.append(required(f"{at}.kind", "kind is required"))
    if not given.get("name"):
        causes.append(required(f"{at}.name", "name is required"))
    scope = given.get("scope")
    if scope is None:
        causes.append(required(f"{at}.scope"))
    elif scope not in ("Cluster", "Namespace"):
        causes.append(not_supported(f"{at}.scope", scope, ("Cluster", "Namespace")))
    elif scope == "Namespace" and not given.get("namespace"):
        causes.append(required(f"{at}.namespace", "`parameters.scope` is set to 'Namespace'"))
    elif scope == "Cluster" and given.get("namespace") is not None:
        causes.append(forbidden(f"{at}.namespace", "`parameters.scope` is set to 'Cluster'"))


def ingress_class_update(new: Object, old: Object, causes: Causes) -> None:
    """The controller of a class never changes."""
    now, before = (new.get("spec") or {}).get("controller", ""), (old.get("spec") or {}).get("controller", "")
    if now != before:
        causes.append(invalid("spec.controller", now, meta.IMMUTABLE))


def network_policy(obj: Object, causes: Causes) -> None:
    """A NetworkPolicy."""
    spec = obj.get("spec") or {}
    selector(spec.get("podSelector") or {}, "spec.podSelector", causes)
    for field, peers in (("ingress", "from"), ("egress", "to")):
        for index, rule in enumerate(spec.get(field) or ()):
            at = f"spec.{field}[{index}]"
            for place, port in enumerate(rule.get("ports") or ()):
                _policy_port(port, f"{at}.ports[{place}]", causes)
            for place, peer in enumerate(rule.get(peers) or ()):
                _peer(peer, f"{at}.{peers}[{place}]", causes)
    types = spec.get("policyTypes") or []
    if len(types) > 2:
        causes.append(invalid("spec.policyTypes", types, "may not specify more than two policyTypes"))
        return
    for index, type_ in enumerate(types):
        if type_ not in ("Ingress", "Egress"):
            causes.append(not_supported(f"spec.policyTypes[{index}]", type_, ("Ingress", "Egress")))


def _policy_port(given: Object, at: str, causes: Causes) -> None:
    protocol = given.get("protocol")
    if protocol is not None and protocol not in ("TCP", "UDP", "SCTP"):
        causes.append(not_supported(f"{at}.protocol", protocol, ("SCTP", "TCP", "UDP")))
    port, end = given.get("port"), given.get("endPort")
    if port is not None:
        port_or_name(port, f"{at}.port", causes)
        if end is not None:
            if isinstance(port, str):
                causes.append(invalid(f"{at}.endPort", end, "may not be specified when `port` is non-numeric"))
            else:
                if end < port:
                    text = "must be greater than or equal to `port`"
                    causes.append(invalid(f"{at}.endPort", end, text))
                port_number(end, f"{at}.endPort", causes)
    elif end is not None:
        causes.append(invalid(f"{at}.endPort", end, "may not be specified when `port` is not specified"))


def _peer(given: Object, at: str, causes: Causes) -> None:
    count = 0
    for field in ("podSelector", "namespaceSelector"):
        if given.get(field) is not None:
            count += 1
            selector(given[field], f"{at}.{field}", causes)
    block = given.get("ipBlock")
    if block is not None:
        count += 1
        _block(block, f"{at}.ipBlock", causes)
    if count == 0:
        causes.append(required(at, "must specify a peer"))
    elif count > 1 and block is not None:
        causes.append(forbidden(at, "may not specify both ipBlock and another peer"))


def _block(given: Object, at: str, causes: Causes) -> None:
    cidr = given.get("cidr", "")
    if not cidr:
        causes.append(required(f"{at}.cidr"))
        return
    network = parse_cidr(cidr)
    if network is None:
        causes.append(invalid(f"{at}.cidr", cidr, NO_CIDR))
        return
    for index, text in enumerate(given.get("except") or ()):
        path = f"{at}.except[{index}]"
        inner = parse_cidr(text)
        if inner is None:
            causes.append(invalid(path, text, NO_CIDR))
        elif inner.version != network.version or inner == network or not inner.subnet_of(network):  # type: ignore[arg-type]
            causes.append(invalid(path, text, "must be a strict subset of `cidr`"))
