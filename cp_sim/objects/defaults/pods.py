"""Pods and pod templates.  Source: pkg/apis/core/v1/defaults.go."""

from __future__ import annotations

from typing import Any

from cp_sim.objects.defaults.fill import Filler, absent, each, inside
from cp_sim.objects.quantity import QuantityError, canonical

Object = dict[str, Any]

_CONTAINER = {
    "resources": {},
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}
_POD_SPEC = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
_DEFAULT_MODE = 0o644
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_CONTAINER_LISTS = ("initContainers", "containers", "ephemeralContainers")


def pod(obj: Object) -> Object:
    """A Pod: what every template gets, and what only a Pod gets."""
    spec = obj.get("spec")
    if not isinstance(spec, dict):
        return obj
    filled = absent(pod_spec(spec), {"enableServiceLinks": True})
    if filled.get("hostNetwork"):
        for key in ("initContainers", "containers"):
            filled = each(filled, key, _host_ports)
    for key in ("initContainers", "containers"):
        filled = each(filled, key, _requests_from_limits)
    filled = inside(filled, "resources", _pod_level_requests)
    return obj if filled is spec else {**obj, "spec": filled}


def template(obj: Object) -> Object:
    """A pod template as it stands in the spec of a workload."""
    return inside(absent(obj, {"metadata": {}}), "spec", pod_spec)


def pod_spec(spec: Object) -> Object:
    """A PodSpec, in a Pod or in a template."""
    spec = absent(spec, _POD_SPEC)
    grace_s = spec["terminationGracePeriodSeconds"]
    if isinstance(grace_s, int) and grace_s < 0:
        spec = {**spec, "terminationGracePeriodSeconds": 1}
    if spec.get("hostNetwork") is False:
        spec = {key: value for key, value in spec.items() if key != "hostNetwork"}
    account = spec.get("serviceAccountName") or spec.get("serviceAccount")
    if account and (spec.get("serviceAccountName") != account or spec.get("serviceAccount") != account):
        spec = {**spec, "serviceAccountName": account, "serviceAccount": account}
    for key in _CONTAINER_LISTS:
        spec = each(spec, key, _container)
    spec = inside(spec, "overhead", _quantities)
    spec = inside(spec, "resources", _resources)
    return each(spec, "volumes", volume)


def _container(container: Object) -> Object:
    container = absent(container, _CONTAINER)
    if not container.get("imagePullPolicy"):
        container = {**container, "imagePullPolicy": _pull_policy(container.get("image") or "")}
    container = inside(container, "resources", _resources)
    container = each(container, "ports", _protocol)
    container = each(container, "env", _environment)
    for key in _PROBES:
        container = inside(container, key, _probe)
    return inside(container, "lifecycle", _lifecycle)


def _pull_policy(image: str) -> str:
    """`Always` for the tag `latest` or none at all, unless the image is named by digest."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return "Always" if tag == "latest" or (not tag and not digest) else "IfNotPresent"


def _protocol(port: Object) -> Object:
    return port if port.get("protocol") else {**port, "protocol": "TCP"}


def _environment(variable: Object) -> Object:
    return inside(variable, "valueFrom", _field_source) if variable.get("valueFrom") else variable


def _field_source(source: Object) -> Object:
    source = inside(source, "fieldRef", lambda reference: absent(reference, {"apiVersion": "v1"}))
    return inside(source, "resourceFieldRef", lambda reference: absent(reference, {"divisor": "0"}))


def _probe(probe: Object) -> Object:
    zero = {key: None for key in _PROBE if probe.get(key) == 0}
    probe = absent({**probe, **zero} if zero else probe, _PROBE)
    probe = inside(probe, "httpGet", _http_get)
    return inside(probe, "grpc", lambda grpc: absent(grpc, {"service": ""}))


def _http_get(action: Object) -> Object:
    return absent(action, {"path": "/", "scheme": "HTTP"})


def _lifecycle(lifecycle: Object) -> Object:
    for hook in ("postStart", "preStop"):
        lifecycle = inside(lifecycle, hook, lambda handler: inside(handler, "httpGet", _http_get))
    return lifecycle


def _resources(resources: Object) -> Object:
    for key in ("limits", "requests"):
        resources = inside(resources, key, _quantities)
    return resources


def _quantities(amounts: Object) -> Object:
    """Amounts in canonical form, as they come back from `resource.Quantity`; what is none stays for validation."""
    written = {name: canonical_amount(amount) for name, amount in amounts.items()}
    return amounts if written == amounts else written


def canonical_amount(amount: Any) -> Any:
    """A quantity in canonical form; anything else as it is."""
    try:
        return canonical(amount)
    except (QuantityError, TypeError, ValueError):
        return amount


def _requests_from_limits(container: Object) -> Object:
    limits = (container.get("resources") or {}).get("limits")
    if not limits:
        return container
    return inside(
        container,
        "resources",
        lambda resources: {**resources, "requests": {**limits, **(resources.get("requests") or {})}},
    )


def _pod_level_requests(resources: Object) -> Object:
    limits = resources.get("limits")
    return {**resources, "requests": {**limits, **(resources.get("requests") or {})}} if limits else resources


def _host_ports(container: Object) -> Object:
    return each(
        container,
        "ports",
        lambda port: port if port.get("hostPort") else {**port, "hostPort": port.get("containerPort")},
    )


def _mode(source: Object) -> Object:
    return absent(source, {"defaultMode": _DEFAULT_MODE})


def _downward(source: Object) -> Object:
    return each(_mode(source), "items", _field_source)


def _projected(source: Object) -> Object:
    return each(_mode(source), "sources", _projection)


def _projection(source: Object) -> Object:
    source = inside(source, "serviceAccountToken", lambda token: absent(token, {"expirationSeconds": 3600}))
    return inside(source, "downwardAPI", lambda downward: each(downward, "items", _field_source))


def _claim_template(source: Object) -> Object:
    return inside(
        source, "volumeClaimTemplate", lambda claim: inside(absent(claim, {"metadata": {}}), "spec", claim_spec)
    )


def claim_spec(spec: Object) -> Object:
    """A PersistentVolumeClaimSpec."""
    return inside(absent(spec, {"volumeMode": "Filesystem"}), "resources", _resources)


def _empty_dir(source: Object) -> Object:
    if "sizeLimit" not in source:
        return source
    size = canonical_amount(source["sizeLimit"])
    return source if size == source["sizeLimit"] else {**source, "sizeLimit": size}


# What each kind of volume source gets.  Also used for persistent volumes.
VOLUME_SOURCES: dict[str, Filler] = {
    "secret": _mode,
    "configMap": _mode,
    "downwardAPI": _downward,
    "projected": _projected,
    "emptyDir": _empty_dir,
    "ephemeral": _claim_template,
    "hostPath": lambda source: absent(source, {"type": ""}),
    "iscsi": lambda source: absent(source, {"iscsiInterface": "default"}),
    "rbd": lambda source: absent(source, {"pool": "rbd", "user": "admin", "keyring": "/etc/ceph/keyring"}),
    "azureDisk": lambda source: absent(
        source, {"cachingMode": "ReadWrite", "kind": "Shared", "fsType": "ext4", "readOnly": False}
    ),
    "scaleIO": lambda source: absent(source, {"storageMode": "ThinProvisioned", "fsType": "xfs"}),
    "image": lambda source: absent(source, {"pullPolicy": _pull_policy(source.get("reference") or "")}),
}


def volume(obj: Object) -> Object:
    """A volume of a pod; one without a source is an emptyDir."""
    if not any(key != "name" and value is not None for key, value in obj.items()):
        return {**obj, "emptyDir": {}}
    return volume_source(obj)


def volume_source(obj: Object) -> Object:
    """The defaults of whatever volume source stands in `obj`."""
    for key, fill in VOLUME_SOURCES.items():
        if key in obj:
            obj = inside(obj, key, fill)
    return obj


DEFAULTS: dict[str, Filler] = {
    "pods": pod,
    "podtemplates": lambda obj: inside(obj, "template", template),
}
