"""Pods and pod templates.

Source: `ValidatePodSpec`, `ValidatePodCreate`, `ValidatePodUpdate`, `ValidatePodStatusUpdate` and
`ValidatePodTemplateSpec` in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, not_supported, required
from cp_sim.objects.quantity import of, parse
from cp_sim.objects.shared import check_once
from cp_sim.objects.validation import containers, meta, placement, pod_security, resources, volumes
from cp_sim.objects.validation.common import (
    INT32_MAX,
    between,
    dns_label,
    dns_subdomain,
    one_of,
    qualified,
    strict_ip,
)

Object = dict[str, Any]

RESTART_POLICIES = ("Always", "Never", "OnFailure")
DNS_POLICIES = ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")
MIRROR = "kubernetes.io/config.mirror"


def spec(given: Object, pod_name: str, at: str, causes: Causes) -> None:
    """A pod's spec."""
    found = volumes.volumes(given["volumes"], pod_name, f"{at}.volumes", causes) if given.get("volumes") else {}
    if given.get("resourceClaims"):
        _claims(given["resourceClaims"], f"{at}.resourceClaims", causes)
    scope = containers.Scope(given, found)
    regulars = given.get("containers") or []
    containers.regular(regulars, scope, f"{at}.containers", causes)
    if given.get("initContainers"):
        containers.init(given["initContainers"], regulars, scope, f"{at}.initContainers", causes)
    if given.get("ephemeralContainers"):
        containers.ephemeral(given["ephemeralContainers"], given, scope, f"{at}.ephemeralContainers", causes)
    if given.get("resources"):
        _pod_resources(given, f"{at}.resources", causes)
    if given.get("hostNetwork"):
        pod_security.host_namespaces(given, at, causes)
    policy = given.get("restartPolicy")
    if policy not in RESTART_POLICIES:
        one_of(policy, f"{at}.restartPolicy", ("Always", "OnFailure", "Never"), causes)
    dns = given.get("dnsPolicy")
    if dns not in DNS_POLICIES:
        one_of(dns, f"{at}.dnsPolicy", ("ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"), causes)
    if given.get("nodeSelector"):
        meta.labels(given["nodeSelector"], f"{at}.nodeSelector", causes)
    if given.get("securityContext"):
        pod_security.pod_security(given["securityContext"], given, f"{at}.securityContext", causes)
    if given.get("affinity"):
        check_once(placement.affinity, given["affinity"], f"{at}.affinity", causes)
    if given.get("dnsConfig") is not None or dns == "None":
        placement.dns_config(given.get("dnsConfig") or {}, dns or "", f"{at}.dnsConfig", causes)
    for index, gate in enumerate(given.get("readinessGates") or ()):
        qualified(gate.get("conditionType", ""), f"{at}.readinessGates[{index}].conditionType", causes)
    if given.get("schedulingGates"):
        _gates(given["schedulingGates"], f"{at}.schedulingGates", causes)
    if given.get("topologySpreadConstraints"):
        check_once(placement.spread, given["topologySpreadConstraints"], f"{at}.topologySpreadConstraints", causes)
    pod_security.host_users(given, at, causes)
    _names(given, at, causes)
    if given.get("tolerations"):
        check_once(placement.tolerations, given["tolerations"], f"{at}.tolerations", causes)
    _rest(given, at, causes)


def _names(given: Object, at: str, causes: Causes) -> None:
    if given.get("serviceAccountName"):
        for problem in names.dns_subdomain(given["serviceAccountName"], "characters"):
            causes.append(invalid(f"{at}.serviceAccountName", given["serviceAccountName"], problem))
    if given.get("nodeName"):
        for problem in names.dns_subdomain(given["nodeName"], "characters"):
            causes.append(invalid(f"{at}.nodeName", given["nodeName"], problem))
    seconds = given.get("activeDeadlineSeconds")
    if seconds is not None and not 1 <= seconds <= INT32_MAX:
        causes.append(invalid(f"{at}.activeDeadlineSeconds", seconds, between(1, INT32_MAX)))
    placement.hostname(given, at, causes)


def _rest(given: Object, at: str, causes: Causes) -> None:
    for index, alias in enumerate(given.get("hostAliases") or ()):
        path = f"{at}.hostAliases[{index}]"
        strict_ip(alias.get("ip", ""), f"{path}.ip", causes)
        for name in alias.get("hostnames") or ():
            dns_subdomain(name, f"{path}.hostnames", causes)
    if given.get("priorityClassName"):
        for problem in names.dns_subdomain(given["priorityClassName"], "characters"):
            causes.append(invalid(f"{at}.priorityClassName", given["priorityClassName"], problem))
    if given.get("runtimeClassName") is not None:
        for problem in names.dns_subdomain(given["runtimeClassName"], "characters"):
            causes.append(invalid(f"{at}.runtimeClassName", given["runtimeClassName"], problem))
    policy = given.get("preemptionPolicy")
    if policy is not None and policy not in ("PreemptLowerPriority", "Never"):
        one_of(policy, f"{at}.preemptionPolicy", ("PreemptLowerPriority", "Never"), causes)
    for name, amount in (given.get("overhead") or {}).items():
        resources.container_resource_name(name, f"{at}.overhead[{name}]", causes)
        resources.amount(name, amount, f"{at}.overhead[{name}]", causes)
    system = given.get("os")
    if system is not None:
        if not system.get("name"):
            causes.append(required(f"{at}.os.name", "cannot be empty"))
        elif system["name"] not in ("linux", "windows"):
            causes.append(not_supported(f"{at}.os", system["name"], ("linux", "windows")))


def _claims(given: list[Object], at: str, causes: Causes) -> None:
    seen = set()
    for index, claim in enumerate(given):
        path, name = f"{at}[{index}]", claim.get("name", "")
        if not name:
            causes.append(required(f"{path}.name"))
        elif name in seen:
            causes.append(duplicate(f"{path}.name", name))
        else:
            dns_label(name, f"{path}.name", causes)
        seen.add(name)
        direct, template = claim.get("resourceClaimName"), claim.get("resourceClaimTemplateName")
        if direct is not None and template is not None:
            text = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified"
            causes.append(invalid(path, claim, text))
        if direct is None and template is None:
            text = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"
            causes.append(invalid(path, claim, text))


def _pod_resources(given: Object, at: str, causes: Causes) -> None:
    """Resources of the pod as a whole: cpu and memory, not less than the containers ask together."""
    wanted = given["resources"]
    for field in ("limits", "requests"):
        for name, amount in (wanted.get(field) or {}).items():
            path = f"{at}.{field}[{name}]"
            if name not in ("cpu", "memory") and not name.startswith("hugepages-"):
                causes.append(not_supported(path, name, ("cpu", "hugepages-", "memory")))
            resources.amount(name, amount, path, causes)
    limits, requests = wanted.get("limits") or {}, wanted.get("requests") or {}
    for name, amount in requests.items():
        limit = limits.get(name)
        if limit is not None and parse(amount).nano > parse(limit).nano:
            causes.append(
                invalid(f"{at}.requests[{name}]", amount, f"must be less than or equal to {name} limit of {limit}")
            )
    for name, amount in requests.items():
        total = sum(
            parse(((one.get("resources") or {}).get("requests") or {}).get(name, "0")).nano
            for one in given.get("containers") or ()
        )
        if total > parse(amount).nano:
            text = (
                f"must be greater than or equal to aggregate container requests of {of(total, parse(amount).notation)}"
            )
            causes.append(invalid(f"{at}.requests[{name}]", amount, text))


def _gates(given: list[Object], at: str, causes: Causes) -> None:
    seen = set()
    for index, gate in enumerate(given):
        name = gate.get("name", "")
        qualified(name, f"{at}[{index}]", causes)
        if name in seen:
            causes.append(duplicate(f"{at}[{index}]", name))
        seen.add(name)


def create(obj: Object, causes: Causes) -> None:
    """A new pod, after its metadata."""
    given = obj.get("spec") or {}
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    if annotations:
        pod_annotations(annotations, given, "metadata.annotations", causes)
    spec(given, (obj.get("metadata") or {}).get("name", ""), "spec", causes)
    only_for_pods(given, "spec", causes)
    if given.get("ephemeralContainers"):
        causes.append(forbidden("spec.ephemeralContainers", "cannot be set on create"))
    if given.get("nodeName") and given.get("schedulingGates"):
        causes.append(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"))


def only_for_pods(given: Object, at: str, causes: Causes) -> None:
    """What templates may still have for the sake of old objects."""
    for field in ("containers", "initContainers"):
        for index, container in enumerate(given.get(field) or ()):
            image = container.get("image", "")
            if image != image.strip():
                path = f"{at}.{field}[{index}].image"
                causes.append(invalid(path, image, "must not have leading or trailing whitespace"))


def pod_annotations(given: Object, pod_spec: Object, at: str, causes: Causes) -> None:
    """Annotations of pods that mean something to Kubernetes."""
    if MIRROR in given and not pod_spec.get("nodeName"):
        text = "must set spec.nodeName if mirror pod annotation is set"
        causes.append(invalid(f"{at}[{MIRROR}]", given[MIRROR], text))


def template(given: Object, at: str, causes: Causes) -> None:
    """A pod template: labels, annotations, spec."""
    metadata = given.get("metadata") or {}
    if metadata.get("labels"):
        meta.labels(metadata["labels"], f"{at}.labels", causes)
    if metadata.get("annotations"):
        meta.annotation_map(metadata["annotations"], f"{at}.annotations", causes)
        pod_annotations(metadata["annotations"], given.get("spec") or {}, f"{at}.annotations", causes)
    inner = given.get("spec") or {}
    spec(inner, "", f"{at}.spec", causes)
    if inner.get("ephemeralContainers"):
        causes.append(forbidden(f"{at}.spec.ephemeralContainers", "ephemeral containers not allowed in pod template"))
