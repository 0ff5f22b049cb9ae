"""Volumes of pods.

Source: `ValidateVolumes` and `validateVolumeSource` in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, not_supported, required
from cp_sim.objects.quantity import parse
from cp_sim.objects.shared import check_once
from cp_sim.objects.validation.common import dns_label
from cp_sim.objects.validation.environment import field_ref, resource_field_ref
from cp_sim.objects.validation.storage import claim_spec
from cp_sim.objects.validation.volume_sources import host_path, nfs

Object = dict[str, Any]

_MODE = "must be a number between 0 and 0777 (octal), both inclusive"
_DOWNWARD = ("metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid")
# In the order in which the server looks at them.
_ORDER = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs", "iscsi",
    "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte", "downwardAPI", "fc",
    "flexVolume", "configMap", "azureFile", "vsphereVolume", "photonPersistentDisk", "portworxVolume", "azureDisk",
    "storageos", "projected", "scaleIO", "csi", "ephemeral", "image",
)  # fmt: skip
_PLACES = {field: place for place, field in enumerate(_ORDER)}
# What has to be given in sources that need no more thought.
_REQUIRED = {
    "gitRepo": ("repository",),
    "gcePersistentDisk": ("pdName",),
    "awsElasticBlockStore": ("volumeID",),
    "nfs": ("server", "path"),
    "glusterfs": ("endpoints", "path"),
    "persistentVolumeClaim": ("claimName",),
    "cinder": ("volumeID",),
    "cephfs": ("monitors",),
    "flexVolume": ("driver",),
    "azureFile": ("secretName", "shareName"),
    "vsphereVolume": ("volumePath",),
    "photonPersistentDisk": ("pdID",),
    "portworxVolume": ("volumeID",),
    "azureDisk": ("diskName", "diskURI"),
    "quobyte": ("registry", "volume"),
    "storageos": ("volumeName",),
    "csi": ("driver",),
    "rbd": ("monitors", "image"),
    "iscsi": ("targetPortal", "iqn"),
}


def volumes(given: list[Object], pod_name: str, at: str, causes: Causes) -> dict[str, Object]:
    """Check `spec.volumes`; returns the good ones by name, for the mounts."""
    found: dict[str, Object] = {}
    seen = set()
    for index, volume in enumerate(given):
        path = f"{at}[{index}]"
        before = len(causes)
        source(volume, pod_name, path, causes)
        name = volume.get("name", "")
        if not name:
            causes.append(required(f"{path}.name"))
        else:
            dns_label(name, f"{path}.name", causes)
            if name in seen:
                causes.append(duplicate(f"{path}.name", name))
        if len(causes) == before:
            seen.add(name)
            found[name] = volume
    return found


def source(volume: Object, pod_name: str, at: str, causes: Causes) -> None:
    """The one source of a volume."""
    count = 0
    fields = [field for field in volume if field in _PLACES and volume[field] is not None]
    if len(fields) > 1:
        fields.sort(key=_PLACES.__getitem__)
    for field in fields:
        given = volume[field]
        path = f"{at}.{field}"
        if field == "emptyDir":
            count += 1
            size = given.get("sizeLimit")
            if size is not None and parse(size).nano < 0:
                causes.append(forbidden(f"{path}.sizeLimit", "SizeLimit field must be a valid resource quantity"))
            continue
        if count:
            causes.append(forbidden(path, "may not specify more than 1 volume type"))
            continue
        count += 1
        _one(field, given, volume, pod_name, path, causes)
    if count == 0:
        causes.append(required(at, "must specify a volume type"))


def _one(field: str, given: Object, volume: Object, pod_name: str, at: str, causes: Causes) -> None:
    if field == "hostPath":
        host_path(given, at, causes)
    elif field in ("secret", "configMap"):
        _files(given, "secretName" if field == "secret" else "name", at, causes)
    elif field == "downwardAPI":
        _mode(given.get("defaultMode"), f"{at}.defaultMode", causes)
        for file in given.get("items") or ():
            _downward_file(file, at, causes)
    elif field == "projected":
        check_once(_projected, given, at, causes)
    elif field == "ephemeral":
        _ephemeral(given, f"{pod_name}-{volume.get('name', '')}", at, causes)
    elif field == "nfs":
        nfs(given, at, causes)
    elif field == "image":
        if not given.get("reference"):
            causes.append(required(f"{at}.reference"))
        policy = given.get("pullPolicy")
        if policy and policy not in ("Always", "IfNotPresent", "Never"):
            causes.append(not_supported(f"{at}.pullPolicy", policy, ("Always", "IfNotPresent", "Never")))
    else:
        for name in _REQUIRED.get(field, ()):
            if not given.get(name):
                causes.append(required(f"{at}.{name}"))


def _mode(mode: Any, at: str, causes: Causes) -> None:
    if mode is not None and not 0 <= mode <= 0o777:
        causes.append(invalid(at, mode, _MODE))


def _files(given: Object, name: str, at: str, causes: Causes) -> None:
    if not given.get(name):
        causes.append(required(f"{at}.{name}"))
    _mode(given.get("defaultMode"), f"{at}.defaultMode", causes)
    _keys(given.get("items") or (), f"{at}.items", causes)


def _keys(items: Any, at: str, causes: Causes) -> None:
    for index, item in enumerate(items):
        path = f"{at}[{index}]"
        if not item.get("key"):
            causes.append(required(f"{path}.key"))
        target = item.get("path", "")
        if not target:
            causes.append(required(f"{path}.path"))
        _local_path(target, f"{path}.path", causes)
        _mode(item.get("mode"), f"{path}.mode", causes)


def _local_path(value: str, at: str, causes: Causes) -> None:
    if value.startswith("/"):
        causes.append(invalid(at, value, "must be a relative path"))
    if ".." in value.split("/"):
        causes.append(invalid(at, value, "must not contain '..'"))
    if value.startswith("..") and ".." not in value.split("/"):
        causes.append(invalid(at, value, "must not start with '..'"))


def _downward_file(file: Object, at: str, causes: Causes) -> None:
    path = file.get("path", "")
    if not path:
        causes.append(required(f"{at}.path"))
    _local_path(path, f"{at}.path", causes)
    if "fieldRef" in file:
        field_ref(file["fieldRef"], _DOWNWARD, f"{at}.fieldRef", causes)
        if "resourceFieldRef" in file:
            causes.append(invalid(at, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"))
    elif "resourceFieldRef" in file:
        resource_field_ref(file["resourceFieldRef"], f"{at}.resourceFieldRef", True, causes)
    else:
        causes.append(required(at, "one of fieldRef and resourceFieldRef is required"))
    _mode(file.get("mode"), f"{at}.mode", causes)


def _projected(given: Object, at: str, causes: Causes) -> None:
    _mode(given.get("defaultMode"), f"{at}.defaultMode", causes)
    paths: set[str] = set()
    for index, one in enumerate(given.get("sources") or ()):
        path = f"{at}.sources[{index}]"
        count = 0
        for field in (
            "secret",
            "configMap",
            "downwardAPI",
            "serviceAccountToken",
            "clusterTrustBundle",
            "podCertificate",
        ):
            inner = one.get(field)
            if inner is None:
                continue
            if count:
                causes.append(forbidden(f"{path}.{field}", "may not specify more than 1 volume type"))
                continue
            count += 1
            _projection(field, inner, f"{path}.{field}", paths, causes)
        if count == 0:
            text = "must specify one of secret, downwardAPI, configMap, serviceAccountToken, "
            text += "clusterTrustBundle, or podCertificate"
            causes.append(required(path, text))


def _projection(field: str, inner: Object, at: str, paths: set[str], causes: Causes) -> None:
    if field in ("secret", "configMap"):
        if not inner.get("name"):
            causes.append(required(f"{at}.name"))
        _keys(inner.get("items") or (), f"{at}.items", causes)
        targets = [item.get("path", "") for item in inner.get("items") or ()]
    elif field == "downwardAPI":
        for file in inner.get("items") or ():
            _downward_file(file, at, causes)
        targets = [item.get("path", "") for item in inner.get("items") or ()]
    elif field == "serviceAccountToken":
        seconds = inner.get("expirationSeconds")
        if seconds is None:
            causes.append(required(f"{at}.expirationSeconds"))
        elif seconds < 600:
            text = "may not specify a duration less than 10 minutes"
            causes.append(invalid(f"{at}.expirationSeconds", seconds, text))
        elif seconds > 2**32:
            text = "may not specify a duration larger than 2^32 seconds"
            causes.append(invalid(f"{at}.expirationSeconds", seconds, text))
        target = inner.get("path", "")
        if not target:
            causes.append(required(f"{at}.path"))
        else:
            _local_path(target, f"{at}.path", causes)
        targets = [target]
    else:
        targets = [inner.get("path", "")]
    for target in targets:
        if target:
            if target in paths:
                causes.append(invalid(f"{at}.path", target, "conflicting duplicate paths"))
            paths.add(target)


def _ephemeral(given: Object, claim: str, at: str, causes: Causes) -> None:
    template = given.get("volumeClaimTemplate")
    if template is None:
        causes.append(required(f"{at}.volumeClaimTemplate"))
        return
    for problem in names.dns_subdomain(claim):
        causes.append(invalid(f"{at}.volumeClaimTemplate.metadata.name", claim, f'PVC name "{claim}": {problem}'))
    claim_spec(template.get("spec") or {}, f"{at}.volumeClaimTemplate.spec", causes)
