"""Volumes, claims and storage classes.

Source: `ValidatePersistentVolumeSpec`, `ValidatePersistentVolumeClaimSpec` in `pkg/apis/core/validation/validation.go`,
`pkg/apis/storage/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, forbidden, invalid, not_supported, required, too_long
from cp_sim.objects.quantity import parse
from cp_sim.objects.validation import meta, placement, resources
from cp_sim.objects.validation.common import dns_subdomain, one_of, qualified, selector
from cp_sim.objects.validation.internal import difference
from cp_sim.objects.validation.volume_sources import host_path, nfs

Object = dict[str, Any]

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
RECLAIM_POLICIES = ("Delete", "Recycle", "Retain")
VOLUME_MODES = ("Block", "Filesystem")
_SOURCES = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd", "quobyte",
    "cephfs", "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume", "photonPersistentDisk",
    "portworxVolume", "azureDisk", "scaleIO", "local", "storageos", "csi",
)  # fmt: skip


def _access_modes(modes: list[str], at: str, causes: Causes) -> None:
    once = others = False
    for mode in modes:
        if mode not in ACCESS_MODES:
            causes.append(not_supported(at, mode, ACCESS_MODES))
        if mode == "ReadWriteOncePod":
            once = True
        else:
            others = True
    if once and others:
        causes.append(forbidden(at, "may not use ReadWriteOncePod with other access modes"))


def claim_spec(spec: Object, at: str, causes: Causes) -> None:
    """The spec of a PersistentVolumeClaim, also inside a StatefulSet or an ephemeral volume."""
    modes = spec.get("accessModes") or []
    if not modes:
        causes.append(required(f"{at}.accessModes", "at least 1 access mode is required"))
    if spec.get("selector") is not None:
        selector(spec["selector"], f"{at}.selector", causes)
    _access_modes(modes, f"{at}.accessModes", causes)
    storage = ((spec.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        causes.append(required(f"{at}.resources[storage]"))
    elif parse(storage).nano <= 0:
        causes.append(invalid(f"{at}.resources[storage]", storage, "must be greater than zero"))
    name = spec.get("storageClassName")
    if name:
        for problem in names.dns_subdomain(name):
            causes.append(invalid(f"{at}.storageClassName", name, problem))
    mode = spec.get("volumeMode")
    if mode is not None and mode not in VOLUME_MODES:
        causes.append(not_supported(f"{at}.volumeMode", mode, VOLUME_MODES))
    for field in ("dataSource", "dataSourceRef"):
        if spec.get(field) is not None:
            _data_source(spec[field], f"{at}.{field}", causes)
    attributes = spec.get("volumeAttributesClassName")
    if attributes:
        for problem in names.dns_subdomain(attributes):
            causes.append(invalid(f"{at}.volumeAttributesClassName", attributes, problem))


def _data_source(given: Object, at: str, causes: Causes) -> None:
    if not given.get("name"):
        causes.append(required(f"{at}.name"))
    if not given.get("kind"):
        causes.append(required(f"{at}.kind"))
    group = given.get("apiGroup") or ""
    if not group and given.get("kind") != "PersistentVolumeClaim":
        causes.append(
            invalid(at, given.get("kind", ""), "must be 'PersistentVolumeClaim' when referencing the default apiGroup")
        )
    if group:
        dns_subdomain(group, f"{at}.apiGroup", causes)


def claim(obj: Object, causes: Causes) -> None:
    """A PersistentVolumeClaim."""
    claim_spec(obj.get("spec") or {}, "spec", causes)


def volume(obj: Object, causes: Causes) -> None:
    """A PersistentVolume."""
    spec = obj.get("spec") or {}
    modes = spec.get("accessModes") or []
    if not modes:
        causes.append(required("spec.accessModes"))
    _access_modes(modes, "spec.accessModes", causes)
    capacity = spec.get("capacity") or {}
    if not capacity:
        causes.append(required("spec.capacity"))
    if "storage" not in capacity or len(capacity) > 1:
        shown = {key: capacity[key] for key in sorted(capacity)} if capacity else None
        causes.append(not_supported("spec.capacity", shown, ("storage",)))
    for resource, amount in capacity.items():
        resource_quantity = f"spec.capacity[{resource}]"
        before = len(causes)
        resources.amount(resource, amount, resource_quantity, causes)
        if len(causes) == before and parse(amount).nano <= 0:
            causes.append(invalid(resource_quantity, amount, "must be greater than zero"))
    if spec.get("persistentVolumeReclaimPolicy"):
        one_of(spec["persistentVolumeReclaimPolicy"], "spec.persistentVolumeReclaimPolicy", RECLAIM_POLICIES, causes)
    affinity = spec.get("nodeAffinity")
    node_selected = False
    if affinity is not None:
        wanted = affinity.get("required")
        if wanted is None:
            causes.append(required("spec.nodeAffinity.required", "must specify required node constraints"))
        else:
            placement.node_selector(wanted, "spec.nodeAffinity.required", causes)
            node_selected = True
    _volume_source(spec, node_selected, causes)
    if spec.get("storageClassName"):
        for problem in names.dns_subdomain(spec["storageClassName"]):
            causes.append(invalid("spec.storageClassName", spec["storageClassName"], problem))
    mode = spec.get("volumeMode")
    if mode is not None and mode not in VOLUME_MODES:
        causes.append(not_supported("spec.volumeMode", mode, VOLUME_MODES))


def _volume_source(spec: Object, node_selected: bool, causes: Causes) -> None:
    count = 0
    for field in _SOURCES:
        given = spec.get(field)
        if given is None:
            continue
        at = f"spec.{field}"
        if count:
            causes.append(forbidden(at, "may not specify more than 1 volume type"))
            continue
        count += 1
        if field == "hostPath":
            host_path(given, at, causes)
        elif field == "nfs":
            nfs(given, at, causes)
        elif field == "local":
            if not given.get("path"):
                causes.append(required(f"{at}.path"))
            elif ".." in given["path"].split("/"):
                causes.append(invalid(f"{at}.path", given["path"], "must not contain '..'"))
            if not node_selected:
                causes.append(required("spec.nodeAffinity", "Local volume requires node affinity"))
        elif field == "csi":
            _csi(given, at, causes)
    if count == 0:
        causes.append(required("spec", "must specify a volume type"))
    path = (spec.get("hostPath") or {}).get("path")
    if path == "/" and spec.get("persistentVolumeReclaimPolicy") == "Recycle":
        text = "may not be 'recycle' for a hostPath mount of '/'"
        causes.append(forbidden("spec.persistentVolumeReclaimPolicy", text))


def _csi(given: Object, at: str, causes: Causes) -> None:
    driver = given.get("driver", "")
    driver_name(driver, f"{at}.driver", causes)
    if not given.get("volumeHandle"):
        causes.append(required(f"{at}.volumeHandle"))


def driver_name(driver: str, at: str, causes: Causes) -> None:
    """The name of a CSI driver."""
    if not driver:
        causes.append(required(at))
    elif len(driver) > 63:
        causes.append(too_long(at, 63))
    for problem in names.dns_subdomain(driver.lower()):
        causes.append(invalid(at, driver, problem))


def storage_class(obj: Object, causes: Causes) -> None:
    """A StorageClass."""
    provisioner = obj.get("provisioner", "")
    if not provisioner:
        causes.append(required("provisioner", provisioner))
    else:
        for problem in names.qualified_name(provisioner.lower()):
            causes.append(invalid("provisioner", provisioner.lower(), problem))
    for key in obj.get("parameters") or {}:
        if not key:
            causes.append(invalid("parameters", "", "field can not be empty."))
    total = sum(len(key) + len(value) for key, value in (obj.get("parameters") or {}).items())
    if total > 256 * 1024:
        causes.append(too_long("parameters", 256 * 1024))
    policy = obj.get("reclaimPolicy")
    if policy is not None and policy not in ("Delete", "Retain"):
        causes.append(not_supported("reclaimPolicy", policy, ("Delete", "Retain")))
    binding = obj.get("volumeBindingMode")
    if binding is None:
        causes.append(required("volumeBindingMode"))
    elif binding not in ("Immediate", "WaitForFirstConsumer"):
        causes.append(not_supported("volumeBindingMode", binding, ("Immediate", "WaitForFirstConsumer")))
    for index, term in enumerate(obj.get("allowedTopologies") or ()):
        for place, expression in enumerate(term.get("matchLabelExpressions") or ()):
            path = f"allowedTopologies[{index}].matchLabelExpressions[{place}]"
            if not expression.get("values"):
                causes.append(required(f"{path}.values"))
            qualified(expression.get("key", ""), f"{path}.key", causes)


def storage_class_update(new: Object, old: Object, causes: Causes) -> None:
    """What of a StorageClass may not change."""
    for field in ("parameters", "provisioner", "reclaimPolicy", "volumeBindingMode"):
        if (new.get(field) or None) != (old.get(field) or None):
            causes.append(invalid(field, new.get(field), meta.IMMUTABLE))


def claim_update(new: Object, old: Object, causes: Causes) -> None:
    """What of a claim may not change: almost everything, once it exists."""
    now, before = dict(new.get("spec") or {}), dict(old.get("spec") or {})
    bound = (old.get("status") or {}).get("phase") == "Bound"
    ask, asked = _storage(now), _storage(before)
    if not before.get("volumeName") and now.get("volumeName"):
        before["volumeName"] = now["volumeName"]
    if before.get("storageClassName") is None:
        now.pop("storageClassName", None)
    now.pop("volumeAttributesClassName", None)
    before.pop("volumeAttributesClassName", None)
    if bound and asked is not None:
        wanted = now.get("resources") or {}
        now["resources"] = {**wanted, "requests": {**(wanted.get("requests") or {}), "storage": asked}}
    if now != before:
        text = "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound "
        text += "claims\n"
        causes.append(forbidden("spec", text + difference("PersistentVolumeClaimSpec", before, now)))
    if bound and ask is not None and asked is not None and parse(ask).nano < parse(asked).nano:
        capacity = ((old.get("status") or {}).get("capacity") or {}).get("storage")
        if capacity is not None and parse(ask).nano <= parse(capacity).nano:
            text = "field can not be less than status.capacity"
            causes.append(forbidden("spec.resources.requests.storage", text))


def _storage(spec: Object) -> Any:
    return ((spec.get("resources") or {}).get("requests") or {}).get("storage")


def volume_update(new: Object, old: Object, causes: Causes) -> None:
    """A volume's source may not change."""
    now, before = new.get("spec") or {}, old.get("spec") or {}
    if {key: now.get(key) for key in _SOURCES} != {key: before.get(key) for key in _SOURCES}:
        text = "spec.persistentvolumesource is immutable after creation\n"
        text += difference("PersistentVolumeSource", before, now)
        causes.append(forbidden("spec.persistentvolumesource", text))
    if now.get("volumeMode") != before.get("volumeMode"):
        causes.append(invalid("volumeMode", now.get("volumeMode"), meta.IMMUTABLE))
    if before.get("nodeAffinity") is not None and now.get("nodeAffinity") != before.get("nodeAffinity"):
        causes.append(invalid("nodeAffinity", now.get("nodeAffinity"), meta.IMMUTABLE))
