"""Security contexts of pods and containers.

Source: `ValidatePodSpecSecurityContext`, `ValidateSecurityContext`, `validateSeccompProfileField`,
`validateAppArmorProfileField` in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

import re
from typing import Any

from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, not_supported, required
from cp_sim.objects.validation.common import INT32_MAX, between, one_of

Object = dict[str, Any]

_ID_RANGE = between(0, INT32_MAX)
_PROFILE_TYPES = ("Localhost", "RuntimeDefault", "Unconfined")
_SYSCTL_SEGMENT = "[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
_SYSCTL = _SYSCTL_SEGMENT + r"([\./]" + _SYSCTL_SEGMENT + ")*"


def _identity(given: Object, fields: tuple[str, ...], at: str, causes: Causes) -> None:
    for field in fields:
        value = given.get(field)
        if value is not None and not 0 <= value <= INT32_MAX:
            causes.append(invalid(f"{at}.{field}", value, _ID_RANGE))


def pod_security(given: Object, spec: Object, at: str, causes: Causes) -> None:
    """`spec.securityContext`."""
    if not given:
        return
    _identity(given, ("fsGroup", "runAsUser", "runAsGroup"), at, causes)
    for index, group in enumerate(given.get("supplementalGroups") or ()):
        if not 0 <= group <= INT32_MAX:
            causes.append(invalid(f"{at}.supplementalGroups[{index}]", group, _ID_RANGE))
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        text = "ShareProcessNamespace and HostPID cannot both be enabled"
        causes.append(invalid("shareProcessNamespace", True, text))
    _sysctls(given.get("sysctls") or (), spec, f"{at}.sysctls", causes)
    for field, supported in (
        ("fsGroupChangePolicy", ("Always", "OnRootMismatch")),
        ("supplementalGroupsPolicy", ("Merge", "Strict")),
        ("seLinuxChangePolicy", ("MountOption", "Recursive")),
    ):
        value = given.get(field)
        if value is not None and value not in supported:
            causes.append(not_supported(f"{at}.{field}", value, supported))
    _profiles(given, at, causes)
    windows(given.get("windowsOptions"), f"{at}.windowsOptions", causes)


def _sysctls(given: Any, spec: Object, at: str, causes: Causes) -> None:
    seen = set()
    for index, sysctl in enumerate(given):
        path, name = f"{at}[{index}].name", sysctl.get("name", "")
        if not name:
            causes.append(required(path))
        elif len(name) > 253 or not re.fullmatch(_SYSCTL, name):
            text = f"must have at most 253 characters and match regex ^{_SYSCTL}$"
            causes.append(invalid(path, name, text))
        elif name in seen:
            causes.append(duplicate(path, name))
        if spec.get("hostNetwork") and name.startswith("net."):
            causes.append(invalid(path, name, "may not be specified when 'hostNetwork' is true"))
        if spec.get("hostIPC") and name.startswith(("kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue.")):
            causes.append(invalid(path, name, "may not be specified when 'hostIPC' is true"))
        seen.add(name)


def _profiles(given: Object, at: str, causes: Causes) -> None:
    for field in ("seccompProfile", "appArmorProfile"):
        profile = given.get(field)
        if profile is None:
            continue
        path = f"{at}.{field}"
        type_, local = profile.get("type", ""), profile.get("localhostProfile")
        if type_ not in _PROFILE_TYPES:
            one_of(type_, f"{path}.type", _PROFILE_TYPES, causes)
        if type_ == "Localhost":
            if local is None:
                causes.append(required(f"{path}.localhostProfile", f"must be set when {field[:-7]} type is Localhost"))
            elif field == "seccompProfile" and (local.startswith("/") or ".." in local.split("/")):
                text = "must be a relative path" if local.startswith("/") else "must not contain '..'"
                causes.append(invalid(f"{path}.localhostProfile", local, text))
            elif field == "appArmorProfile" and not local.strip():
                causes.append(required(f"{path}.localhostProfile", "must be set when appArmor type is Localhost"))
        elif local is not None:
            if field == "seccompProfile":
                causes.append(
                    invalid(f"{path}.localhostProfile", local, "can only be set when seccomp type is Localhost")
                )
            else:
                text = "can only be set when AppArmor type is Localhost"
                causes.append(invalid(f"{path}.localhostProfile", local, text))


def container_security(given: Object, at: str, causes: Causes) -> None:
    """`securityContext` of a container."""
    if not given:
        return
    _identity(given, ("runAsUser", "runAsGroup"), at, causes)
    proc = given.get("procMount")
    if proc is not None and proc not in ("Default", "Unmasked"):
        causes.append(not_supported(f"{at}.procMount", proc, ("Default", "Unmasked")))
    _profiles(given, at, causes)
    if given.get("allowPrivilegeEscalation") is False:
        if given.get("privileged"):
            text = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
            causes.append(invalid(at, security_value(given), text))
        if "CAP_SYS_ADMIN" in ((given.get("capabilities") or {}).get("add") or ()):
            text = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
            causes.append(invalid(at, security_value(given), text))
    windows(given.get("windowsOptions"), f"{at}.windowsOptions", causes)


_INTERNAL = (
    ("Capabilities", "capabilities"),
    ("Privileged", "privileged"),
    ("SELinuxOptions", "seLinuxOptions"),
    ("WindowsOptions", "windowsOptions"),
    ("RunAsUser", "runAsUser"),
    ("RunAsGroup", "runAsGroup"),
    ("RunAsNonRoot", "runAsNonRoot"),
    ("ReadOnlyRootFilesystem", "readOnlyRootFilesystem"),
    ("AllowPrivilegeEscalation", "allowPrivilegeEscalation"),
    ("ProcMount", "procMount"),
    ("SeccompProfile", "seccompProfile"),
    ("AppArmorProfile", "appArmorProfile"),
)


def security_value(given: Object) -> Object:
    """A security context under the names of the server's internal type, as its sentences show it."""
    shown: Object = {}
    for go, field in _INTERNAL:
        value = given.get(field)
        if isinstance(value, dict):
            value = {key[:1].upper() + key[1:]: inner for key, inner in value.items()}
            if go == "Capabilities":
                value = {"Add": value.get("Add"), "Drop": value.get("Drop")}
        shown[go] = value
    return shown


def windows(given: Object | None, at: str, causes: Causes) -> None:
    """Options for Windows."""
    if not given:
        return
    name = given.get("gmsaCredentialSpecName")
    if name is not None and name == "":
        causes.append(invalid(f"{at}.gmsaCredentialSpecName", name, "gmsaCredentialSpecName cannot be an empty string"))
    user = given.get("runAsUserName")
    if user is not None and user == "":
        causes.append(invalid(f"{at}.runAsUserName", user, "runAsUserName cannot be an empty string"))


def host_namespaces(spec: Object, at: str, causes: Causes) -> None:
    """Ports on the host's network, and user namespaces."""
    if spec.get("hostNetwork"):
        for field in ("containers", "initContainers"):
            for index, container in enumerate(spec.get(field) or ()):
                for place, port in enumerate(container.get("ports") or ()):
                    if port.get("hostPort", 0) != port.get("containerPort", 0):
                        path = f"{at}.{field}[{index}].ports[{place}].hostPort"
                        text = "must match `containerPort` when `hostNetwork` is true"
                        causes.append(invalid(path, port.get("hostPort", 0), text))


def host_users(spec: Object, at: str, causes: Causes) -> None:
    """A pod with its own user namespace may not share the host's others."""
    if spec.get("hostUsers") is not False:
        return
    for field in ("hostNetwork", "hostPID", "hostIPC"):
        if spec.get(field):
            causes.append(forbidden(f"{at}.{field}", "when `hostUsers` is false"))
