"""Pods and pod templates.

Source: `ValidatePodSpec`, `ValidatePodCreate`, `ValidatePodUpdate`, `ValidatePodStatusUpdate` and
`ValidatePodTemplateSpec` in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, not_supported, required
from cp_sim.objects.quantity import of, parse
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
from cp_sim.objects.validation.internal import difference

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
        placement.affinity(given["affinity"], f"{at}.affinity", causes)
    if given.get("dnsConfig") is not None or dns == "None":
        placement.dns_config(given.get("dnsConfig") or {}, dns or "", f"{at}.dnsConfig", causes)
    for index, gate in enumerate(given.get("readinessGates") or ()):
        qualified(gate.get("conditionType", ""), f"{at}.readinessGates[{index}].conditionType", causes)
    if given.get("schedulingGates"):
        _gates(given["schedulingGates"], f"{at}.schedulingGates", causes)
    if given.get("topologySpreadConstraints"):
        placement.spread(given["topologySpreadConstraints"], f"{at}.topologySpreadConstraints", causes)
    pod_security.host_users(given, at, causes)
    _names(given, at, causes)
    if given.get("tolerations"):
        placement.tolerations(given["tolerations"], f"{at}.tolerations", causes)
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


# --- updates ------------------------------------------------------------------------------------------------------

_MAY_CHANGE = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)


def _checked(new: Object, causes: Causes) -> None:
    """A pod judged like a new one, but for what only creation forbids."""
    given, metadata = new.get("spec") or {}, new.get("metadata") or {}
    if metadata.get("annotations"):
        pod_annotations(metadata["annotations"], given, "metadata.annotations", causes)
    spec(given, metadata.get("name", ""), "spec", causes)
    only_for_pods(given, "spec", causes)


def update(new: Object, old: Object, causes: Causes) -> None:
    """What of a pod may not change: almost everything."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    _checked(new, causes)
    if len(now.get("containers") or ()) != len(before.get("containers") or ()):
        causes.append(forbidden("spec.containers", "pod updates may not add or remove containers"))
        return
    if len(now.get("initContainers") or ()) != len(before.get("initContainers") or ()):
        causes.append(forbidden("spec.initContainers", "pod updates may not add or remove containers"))
        return
    for field in ("containers", "initContainers"):
        for index, container in enumerate(now.get(field) or ()):
            _image(container, f"spec.{field}[{index}].image", causes)
    _deadline(now, before, causes)
    _added_tolerations(now, before, causes)
    _opened_gates(now, before, causes)
    allowed = _allowed(now, before)
    if allowed != before:
        text = _MAY_CHANGE + "\n" + difference("PodSpec", before, allowed)
        causes.append(forbidden("spec", text))


def _image(container: Object, at: str, causes: Causes) -> None:
    image = container.get("image", "")
    if not image:
        causes.append(required(at))
    elif image != image.strip():
        causes.append(invalid(at, image, "must not have leading or trailing whitespace"))


def _deadline(now: Object, before: Object, causes: Causes) -> None:
    """The deadline may only come nearer."""
    seconds, earlier = now.get("activeDeadlineSeconds"), before.get("activeDeadlineSeconds")
    at = "spec.activeDeadlineSeconds"
    if seconds is not None:
        if not 1 <= seconds <= INT32_MAX:
            causes.append(invalid(at, seconds, between(1, INT32_MAX)))
        elif earlier is not None and earlier < seconds:
            causes.append(invalid(at, seconds, "must be less than or equal to previous value"))
    elif earlier is not None:
        causes.append(invalid(at, None, "must not update from a positive integer to nil value"))


def _added_tolerations(now: Object, before: Object, causes: Causes) -> None:
    """Tolerations may be added, and the seconds of one changed; none may go."""
    given = [{**one, "tolerationSeconds": None} for one in now.get("tolerations") or ()]
    for one in before.get("tolerations") or ():
        if {**one, "tolerationSeconds": None} not in given:
            causes.append(
                forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds")
            )
            return


def _opened_gates(now: Object, before: Object, causes: Causes) -> None:
    """Scheduling gates may only be opened."""
    known = {gate.get("name") for gate in before.get("schedulingGates") or ()}
    for index, gate in enumerate(now.get("schedulingGates") or ()):
        if gate.get("name") not in known:
            text = f"only deletion is allowed, but found new scheduling gate '{gate.get('name')}'"
            causes.append(forbidden(f"spec.schedulingGates[{index}].name", text))


def _allowed(now: Object, before: Object) -> Object:
    """The new spec with everything that may change set back."""
    made = dict(now)
    for field in ("containers", "initContainers"):
        if now.get(field):
            made[field] = [
                {**one, "image": was.get("image", "")} for one, was in zip(now[field], before[field], strict=True)
            ]
    for field in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        _put_back(made, before, field)
    if (before.get("terminationGracePeriodSeconds") or 0) < 0 and now.get("terminationGracePeriodSeconds") == 1:
        _put_back(made, before, "terminationGracePeriodSeconds")
    if before.get("schedulingGates"):
        for field in ("nodeSelector", "affinity"):
            _put_back(made, before, field)
    return made


def _put_back(made: Object, before: Object, field: str) -> None:
    if field in before:
        made[field] = before[field]
    else:
        made.pop(field, None)


def status_update(new: Object, old: Object, causes: Causes) -> None:
    """The status of a pod: what is reported about its containers has to fit together."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    if now.get("nodeName", "") != before.get("nodeName", ""):
        causes.append(forbidden("status.nodeName", "may not be changed directly"))
    nominated = (new.get("status") or {}).get("nominatedNodeName")
    if nominated:
        for problem in names.dns_subdomain(nominated):
            causes.append(invalid("status.nominatedNodeName", nominated, problem))
    addresses = [one.get("ip", "") for one in (new.get("status") or {}).get("podIPs") or ()]
    for index, address in enumerate(addresses):
        strict_ip(address, f"status.podIPs[{index}]", causes)


def ephemeral_update(new: Object, old: Object, causes: Causes) -> None:
    """`pods/ephemeralcontainers`: containers may be added, never changed or taken away."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    spec(now, (new.get("metadata") or {}).get("name", ""), "spec", causes)
    known = {one.get("name"): one for one in now.get("ephemeralContainers") or ()}
    for was in before.get("ephemeralContainers") or ():
        name = was.get("name", "")
        if name not in known:
            text = f'existing ephemeral containers "{name}" may not be removed\n'
            causes.append(forbidden("spec.ephemeralContainers", text))
        elif known[name] != was:
            shown = difference("EphemeralContainer", was, known[name])
            text = f'existing ephemeral containers "{name}" may not be changed\n{shown}'
            causes.append(forbidden("spec.ephemeralContainers", text))
