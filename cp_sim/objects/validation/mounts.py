"""Where a container's volumes are mounted.

Source: `ValidateVolumeMounts` and `ValidateVolumeDevices` in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.causes import Causes, forbidden, invalid, not_found, not_supported, required
from cp_sim.objects.validation.scope import Scope

Object = dict[str, Any]

_MOUNT_PROPAGATION = ("Bidirectional", "HostToContainer", "None")


def volume_mounts(container: Object, scope: Scope, at: str, causes: Causes) -> None:
    """`volumeMounts` of a container."""
    paths = set()
    given_devices = container.get("volumeDevices") or ()
    devices = [one.get("devicePath") for one in given_devices]
    device_names = [one.get("name") for one in given_devices]
    for index, mount in enumerate(container["volumeMounts"]):
        path = f"{at}[{index}]"
        name, where = mount.get("name", ""), mount.get("mountPath", "")
        if not name:
            causes.append(required(f"{path}.name"))
        if name not in scope.volumes:
            causes.append(not_found(f"{path}.name", name))
        if not where:
            causes.append(required(f"{path}.mountPath"))
        if where in paths:
            causes.append(invalid(f"{path}.mountPath", where, "must be unique"))
        paths.add(where)
        if name in device_names:
            causes.append(invalid(f"{path}.name", name, "must not already exist in volumeDevices"))
        if where in devices:
            causes.append(invalid(f"{path}.mountPath", where, "must not already exist as a path in volumeDevices"))
        if mount.get("subPath"):
            _local_path(mount["subPath"], f"{at}.subPath", causes)
        if mount.get("subPathExpr"):
            if mount.get("subPath"):
                causes.append(
                    invalid(
                        f"{path}.subPathExpr", mount["subPathExpr"], "subPathExpr and subPath are mutually exclusive"
                    )
                )
            _local_path(mount["subPathExpr"], f"{at}.subPathExpr", causes)
        if mount.get("mountPropagation") is not None:
            _mount_propagation(mount["mountPropagation"], container, f"{path}.mountPropagation", causes)
        recursive = mount.get("recursiveReadOnly")
        if recursive is not None:
            _recursive(mount, recursive, f"{path}.recursiveReadOnly", causes)


def _local_path(value: str, field: str, causes: Causes) -> None:
    """A path below the volume."""
    if value.startswith("/"):
        causes.append(invalid(field, value, "must be a relative path"))
    if ".." in value.split("/"):
        causes.append(invalid(field, value, "must not contain '..'"))


def _mount_propagation(value: str, container: Object, at: str, causes: Causes) -> None:
    if value not in _MOUNT_PROPAGATION:
        causes.append(not_supported(at, value, _MOUNT_PROPAGATION))
    privileged = (container.get("securityContext") or {}).get("privileged")
    if value == "Bidirectional" and not privileged:
        causes.append(forbidden(at, "Bidirectional mount propagation is available only to privileged containers"))


def _recursive(mount: Object, value: str, at: str, causes: Causes) -> None:
    if value not in ("Disabled", "Enabled", "IfPossible"):
        causes.append(not_supported(at, value, ("Disabled", "Enabled", "IfPossible")))
    elif value != "Disabled":
        if not mount.get("readOnly"):
            causes.append(forbidden(at, "may only be specified when readOnly is true"))
        if mount.get("mountPropagation") not in (None, "None"):
            causes.append(forbidden(at, "may only be specified when mountPropagation is None or not specified"))


def volume_devices(container: Object, scope: Scope, at: str, causes: Causes) -> None:
    """`volumeDevices` of a container."""
    paths, seen = set(), set()
    mounts = {one.get("name") for one in container.get("volumeMounts") or ()}
    mounted = {one.get("mountPath") for one in container.get("volumeMounts") or ()}
    for index, device in enumerate(container["volumeDevices"]):
        path = f"{at}[{index}]"
        name, where = device.get("name", ""), device.get("devicePath", "")
        if not name:
            causes.append(required(f"{path}.name"))
        if name in seen:
            causes.append(invalid(f"{path}.name", name, "must be unique"))
        volume = scope.volumes.get(name)
        if volume is not None and "persistentVolumeClaim" not in volume and "ephemeral" not in volume:
            text = "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode"
            causes.append(invalid(f"{path}.name", name, text))
        if volume is None:
            causes.append(not_found(f"{path}.name", name))
        if not where:
            causes.append(required(f"{path}.devicePath"))
        if where in paths:
            causes.append(invalid(f"{path}.devicePath", where, "must be unique"))
        if where and ".." in where.split("/"):
            causes.append(invalid(f"{path}.devicePath", where, "can not contain backsteps ('..')"))
        else:
            paths.add(where)
        if name in mounts:
            causes.append(invalid(f"{path}.name", name, "must not already exist in volumeMounts"))
        if where in mounted:
            causes.append(invalid(f"{path}.devicePath", where, "must not already exist as a path in volumeMounts"))
        if name:
            seen.add(name)
