"""Defaults of pods and pod templates.

*In Kubernetes:* `pkg/apis/core/v1/defaults.go` and the alias `serviceAccount` of `pkg/apis/core/v1/conversion.go`.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from cp_sim.objects.quantity import rounded
from cp_sim.objects.shared import REMEMBERED, Same

Object = dict[str, Any]

MODE = 0o644
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_IMAGE = re.compile(
    r"(?P<name>[^@]*?)(?::(?P<tag>[\w][\w.-]{0,127}))?(?:@(?P<digest>[A-Za-z][\w.+-]*:[0-9a-fA-F]{32,}))?"
)
_REPOSITORY = re.compile(
    r"(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*"
    r"(?::[0-9]+)?/)?[a-z0-9]+(?:(?:[._]|__|-*)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-*)[a-z0-9]+)*)*"
)


@lru_cache(maxsize=2048)
def pull_policy(image: str) -> str:
    """`Always` for the tag `latest`, given or implied, else `IfNotPresent`."""
    found = _IMAGE.fullmatch(image)
    if found is None or not _REPOSITORY.fullmatch(found["name"]):
        return "IfNotPresent"
    tag = found["tag"] or ("" if found["digest"] else "latest")
    return "Always" if tag == "latest" else "IfNotPresent"


def resource_list(amounts: Object) -> Object:
    """A resource list with every amount rounded up to thousandths; itself where nothing changes."""
    for text in amounts.values():
        if rounded(text) != text:
            return {name: rounded(amount) for name, amount in amounts.items()}
    return amounts


def resources(wanted: Object, fill_requests: bool) -> Object:
    """`resources` with rounded amounts and, in pods, requests filled in from limits."""
    limits, requests = wanted.get("limits"), wanted.get("requests")
    if not limits and not requests:
        return wanted
    made_limits = resource_list(limits) if limits else limits
    made_requests = resource_list(requests) if requests else requests
    if fill_requests and made_limits:
        missing = {name: amount for name, amount in made_limits.items() if name not in (made_requests or {})}
        if missing:
            made_requests = {**(made_requests or {}), **missing}
    if made_limits is limits and made_requests is requests:
        return wanted
    made = dict(wanted)
    if made_limits:
        made["limits"] = made_limits
    if made_requests:
        made["requests"] = made_requests
    return made


def http_get(action: Object) -> Object:
    """An HTTP action with path and scheme."""
    return {**action, "path": action.get("path") or "/", "scheme": action.get("scheme") or "HTTP"}


def probe(given: Object) -> Object:
    """A probe with its numbers."""
    made = dict(given)
    for field, value in (
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ):
        if not made.get(field):
            made[field] = value
    if "httpGet" in made:
        made["httpGet"] = http_get(made["httpGet"])
    if "grpc" in made and made["grpc"].get("service") is None:
        made["grpc"] = {**made["grpc"], "service": ""}
    return made


def _lifecycle(given: Object) -> Object:
    made = dict(given)
    for field in ("postStart", "preStop"):
        if field in made and "httpGet" in made[field]:
            made[field] = {**made[field], "httpGet": http_get(made[field]["httpGet"])}
    return made


def _field_ref(holder: Object) -> Object:
    """What holds a `fieldRef`, with the API version of the reference."""
    reference = holder.get("fieldRef")
    if reference is None or reference.get("apiVersion"):
        return holder
    return {**holder, "fieldRef": {**reference, "apiVersion": "v1"}}


def _env(entries: list[Object]) -> list[Object]:
    made = entries
    for index, entry in enumerate(entries):
        source = entry.get("valueFrom")
        if source is None:
            continue
        filled = _field_ref(source)
        if "fileKeyRef" in filled and filled["fileKeyRef"].get("optional") is None:
            filled = {**filled, "fileKeyRef": {**filled["fileKeyRef"], "optional": False}}
        if filled is not source:
            if made is entries:
                made = list(entries)
            made[index] = {**entry, "valueFrom": filled}
    return made


def ports(entries: list[Object], host_network: bool = False) -> list[Object]:
    """Ports with their protocol; on the host's network also with the host's port."""
    made = []
    for entry in entries:
        entry = entry if entry.get("protocol") else {**entry, "protocol": "TCP"}
        if host_network and not entry.get("hostPort") and entry.get("containerPort"):
            entry = {**entry, "hostPort": entry["containerPort"]}
        made.append(entry)
    return made


def container(given: Object, in_pod: bool, host_network: bool = False) -> Object:
    """A container with its defaults; `in_pod` is false in templates."""
    made = dict(given)
    if not made.get("imagePullPolicy"):
        made["imagePullPolicy"] = pull_policy(made.get("image") or "")
    if not made.get("terminationMessagePath"):
        made["terminationMessagePath"] = "/dev/termination-log"
    if not made.get("terminationMessagePolicy"):
        made["terminationMessagePolicy"] = "File"
    if made.get("resources"):
        made["resources"] = resources(made["resources"], in_pod)
    if "ports" in made:
        made["ports"] = ports(made["ports"], in_pod and host_network)
    if "env" in made:
        made["env"] = _env(made["env"])
    for field in _PROBES:
        if field in made:
            made[field] = probe(made[field])
    if "lifecycle" in made:
        made["lifecycle"] = _lifecycle(made["lifecycle"])
    return made


_EMPTY_SOURCES: dict[str, Object] = {
    "iscsi": {"iscsiInterface": "default"},
    "rbd": {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"},
    "azureDisk": {"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False},
    "scaleIO": {"storageMode": "ThinProvisioned", "fsType": "xfs"},
}


def source(given: Object, field: str) -> Object:
    """A volume's source with its defaults, for volumes of pods and persistent volumes."""
    if field in ("secret", "configMap", "downwardAPI", "projected"):
        made = given if given.get("defaultMode") is not None else {**given, "defaultMode": MODE}
        if field == "downwardAPI" and "items" in made:
            made = {**made, "items": [_field_ref(item) for item in made["items"]]}
        if field == "projected" and made.get("sources"):
            made = {**made, "sources": [_projection(one) for one in made["sources"]]}
        return made
    if field == "hostPath":
        return given if given.get("type") is not None else {**given, "type": ""}
    if field == "image":
        return given if given.get("pullPolicy") else {**given, "pullPolicy": pull_policy(given.get("reference") or "")}
    if field == "ephemeral" and "volumeClaimTemplate" in given:
        template = given["volumeClaimTemplate"]
        return {**given, "volumeClaimTemplate": {**template, "spec": claim_spec(template.get("spec") or {})}}
    filled = _EMPTY_SOURCES.get(field)
    if filled:
        return {**filled, **{key: value for key, value in given.items() if value != ""}}
    return given


def _projection(given: Object) -> Object:
    token = given.get("serviceAccountToken")
    if token is not None and token.get("expirationSeconds") is None:
        return {**given, "serviceAccountToken": {**token, "expirationSeconds": 3600}}
    downward = given.get("downwardAPI")
    if downward and downward.get("items"):
        return {**given, "downwardAPI": {**downward, "items": [_field_ref(item) for item in downward["items"]]}}
    certificate = given.get("podCertificate")
    if certificate is not None and certificate.get("maxExpirationSeconds") is None:
        return {**given, "podCertificate": {**certificate, "maxExpirationSeconds": 86400}}
    return given


def volume(given: Object) -> Object:
    """A volume of a pod with its defaults; one without a source is an empty directory."""
    if (len(given) < 2 and "name" in given) or not given:
        return {**given, "emptyDir": {}}
    for field in given:
        if field != "name":
            filled = source(given[field], field)
            if filled is not given[field]:
                return {**given, field: filled}
    return given


def claim_spec(given: Object) -> Object:
    """The spec of a persistent volume claim with its defaults."""
    made = given if given.get("volumeMode") is not None else {**given, "volumeMode": "Filesystem"}
    if made.get("resources"):
        filled = resources(made["resources"], False)
        if filled is not made["resources"]:
            made = {**made, "resources": filled}
    return made


@lru_cache(maxsize=REMEMBERED)
def _containers(given: Same, in_pod: bool, host_network: bool) -> list[Object]:
    return [container(one, in_pod, host_network) for one in given.value]


def spec(given: Object, in_pod: bool) -> Object:
    """A pod's spec with its defaults."""
    made = dict(given)
    if not made.get("dnsPolicy"):
        made["dnsPolicy"] = "ClusterFirst"
    if not made.get("restartPolicy"):
        made["restartPolicy"] = "Always"
    if made.get("securityContext") is None:
        made["securityContext"] = {}
    if made.get("terminationGracePeriodSeconds") is None:
        made["terminationGracePeriodSeconds"] = 30
    elif in_pod and made["terminationGracePeriodSeconds"] < 0:
        made["terminationGracePeriodSeconds"] = 1
    if not made.get("schedulerName"):
        made["schedulerName"] = "default-scheduler"
    if in_pod and made.get("enableServiceLinks") is None:
        made["enableServiceLinks"] = True
    account = made.get("serviceAccountName") or made.get("serviceAccount")
    if account:
        made["serviceAccountName"] = made["serviceAccount"] = account
    on_host = bool(made.get("hostNetwork"))
    for field in ("containers", "initContainers", "ephemeralContainers"):
        if made.get(field):
            fills = in_pod and field != "ephemeralContainers"
            made[field] = _containers(Same(made[field]), fills, on_host)
    if made.get("volumes"):
        made["volumes"] = [volume(one) for one in made["volumes"]]
    if made.get("overhead"):
        made["overhead"] = resource_list(made["overhead"])
    if made.get("resources"):
        made["resources"] = _pod_resources(made, in_pod)
    return made


def _pod_resources(made: Object, in_pod: bool) -> Object:
    """Resources of the pod as a whole; requests come from the containers' before they come from the limits."""
    filled = resources(made["resources"], False)
    limits = filled.get("limits") or {}
    if not in_pod or not limits:
        return filled
    requests = dict(filled.get("requests") or {})
    for name, amount in limits.items():
        if name in requests:
            continue
        asked = any(
            name in ((one.get("resources") or {}).get("requests") or {}) for one in made.get("containers") or ()
        )
        if not asked:
            requests[name] = amount
    return {**filled, "requests": requests} if requests else filled


def pod(obj: Object) -> Object:
    """A pod with its defaults."""
    made = {**obj, "spec": spec(obj.get("spec") or {}, True)}
    conditions = (obj.get("status") or {}).get("conditions")
    if conditions and any("lastProbeTime" not in entry for entry in conditions):
        # The one field of a condition that is written even when it is empty (`PodCondition` in core/v1).
        filled = [entry if "lastProbeTime" in entry else {**entry, "lastProbeTime": None} for entry in conditions]
        made["status"] = {**obj["status"], "conditions": filled}
    return made


def template(given: Object | None) -> Object:
    """A pod template with its defaults."""
    given = given or {}
    return {**given, "spec": spec(given.get("spec") or {}, False)}
