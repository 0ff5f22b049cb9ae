"""Containers of pods and pod templates.

Source: `validateContainers`, `validateContainerCommon`, `validateInitContainers`, `validateEphemeralContainers`,
`validateProbe`, `validateHandler`, `ValidateEnv` and their neighbours in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, not_found, not_supported, required
from cp_sim.objects.quantity import parse
from cp_sim.objects.validation import resources
from cp_sim.objects.validation.common import (
    INT32_MAX,
    between,
    dns_label,
    dns_subdomain,
    nonnegative,
    one_of,
    port_number,
    port_or_name,
)
from cp_sim.objects.validation.pod_security import container_security

Object = dict[str, Any]

PROTOCOLS = ("SCTP", "TCP", "UDP")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")
_FIELD_PATHS = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
    "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
_CONVERTIBLE = _FIELD_PATHS + (
    "metadata.annotations", "metadata.labels", "spec.restartPolicy", "spec.schedulerName", "status.phase",
    "status.nominatedNodeName", "spec.hostNetwork",
)  # fmt: skip
_RESOURCE_FIELDS = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
    "requests.memory",
)  # fmt: skip
_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")
_MOUNT_PROPAGATION = ("Bidirectional", "HostToContainer", "None")


class Scope:
    """What the checks of one container need to know of its pod."""

    __slots__ = ("volumes", "claims", "restart_policy", "grace_seconds", "host_network")

    def __init__(self, spec: Object, volumes: dict[str, Object]) -> None:
        self.volumes = volumes
        self.claims = tuple(claim.get("name", "") for claim in spec.get("resourceClaims") or ())
        self.restart_policy = spec.get("restartPolicy", "")
        self.grace_seconds = spec.get("terminationGracePeriodSeconds")
        self.host_network = bool(spec.get("hostNetwork"))


def regular(containers: list[Object], scope: Scope, at: str, causes: Causes) -> None:
    """`spec.containers`."""
    if not containers:
        causes.append(required(at))
        return
    seen = set()
    for index, container in enumerate(containers):
        path = f"{at}[{index}]"
        common(container, scope, path, causes)
        name = container.get("name", "")
        if name in seen:
            causes.append(duplicate(f"{path}.name", name))
        seen.add(name)
        if "lifecycle" in container:
            lifecycle(container["lifecycle"], scope, f"{path}.lifecycle", causes)
        probes(container, scope, path, causes)
        if container.get("restartPolicy") is not None:
            _restart_policy(container, f"{path}.restartPolicy", causes)
        if container.get("restartPolicyRules"):
            _restart_rules(container, path, causes)
    _host_port_conflicts(containers, at, causes)


def _restart_policy(container: Object, at: str, causes: Causes) -> None:
    one_of(container["restartPolicy"], at, ("Always", "Never", "OnFailure"), causes, missing=False)


def _restart_rules(container: Object, at: str, causes: Causes) -> None:
    if container.get("restartPolicy") is None:
        causes.append(required(f"{at}.restartPolicy", "must specify restartPolicy when restart rules are used"))
    for index, rule in enumerate(container["restartPolicyRules"]):
        path = f"{at}.restartPolicyRules[{index}]"
        one_of(rule.get("action"), f"{path}.action", ("Restart", "RestartAllContainers"), causes)
        codes = rule.get("exitCodes")
        if codes is None:
            causes.append(required(f"{path}.exitCodes", "must be specified"))
        else:
            one_of(codes.get("operator"), f"{path}.exitCodes.operator", ("In", "NotIn"), causes)


def init(containers: list[Object], regulars: list[Object], scope: Scope, at: str, causes: Causes) -> None:
    """`spec.initContainers`."""
    seen = {container.get("name", "") for container in regulars}
    for index, container in enumerate(containers):
        path = f"{at}[{index}]"
        common(container, scope, path, causes)
        restart = container.get("restartPolicy")
        if restart is not None:
            one_of(restart, f"{path}.restartPolicy", ("Always", "Never", "OnFailure"), causes, missing=False)
        name = container.get("name", "")
        if name in seen:
            causes.append(duplicate(f"{path}.name", name))
        elif name:
            seen.add(name)
        _host_port_conflicts([container], f"{path}.ports", causes, alone=True)
        if restart == "Always":
            if "lifecycle" in container:
                lifecycle(container["lifecycle"], scope, f"{path}.lifecycle", causes)
            probes(container, scope, path, causes)
            continue
        for field in ("lifecycle", "livenessProbe", "readinessProbe", "startupProbe"):
            if container.get(field) is not None:
                causes.append(
                    forbidden(f"{path}.{field}", "may not be set for init containers without restartPolicy=Always")
                )


_EPHEMERAL_FORBIDDEN = (
    "ports", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "resources", "resizePolicy",
)  # fmt: skip


def ephemeral(containers: list[Object], spec: Object, scope: Scope, at: str, causes: Causes) -> None:
    """`spec.ephemeralContainers`."""
    others = [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]
    seen = {container.get("name", "") for container in others}
    for index, container in enumerate(containers):
        path = f"{at}[{index}]"
        common(container, scope, path, causes)
        name = container.get("name", "")
        if name in seen:
            causes.append(duplicate(f"{path}.name", name))
        seen.add(name)
        target = container.get("targetContainerName")
        if target and target not in {one.get("name") for one in others}:
            causes.append(not_found(f"{path}.targetContainerName", target))
        for field in _EPHEMERAL_FORBIDDEN:
            if container.get(field):
                causes.append(forbidden(f"{path}.{field}", "cannot be set for an Ephemeral Container"))
        for place, mount in enumerate(container.get("volumeMounts") or ()):
            if mount.get("subPath"):
                text = "cannot be set for an Ephemeral Container"
                causes.append(forbidden(f"{path}.volumeMounts[{place}].subPath", text))
            if mount.get("subPathExpr"):
                text = "cannot be set for an Ephemeral Container"
                causes.append(forbidden(f"{path}.volumeMounts[{place}].subPathExpr", text))


def common(container: Object, scope: Scope, at: str, causes: Causes) -> None:
    """What all sorts of containers have in common."""
    name = container.get("name")
    if not name:
        causes.append(required(f"{at}.name"))
    elif names.dns_label(name):
        dns_label(name, f"{at}.name", causes)
    if not container.get("image"):
        causes.append(required(f"{at}.image"))
    policy = container.get("terminationMessagePolicy")
    if policy not in ("File", "FallbackToLogsOnError"):
        if not policy:
            causes.append(required(f"{at}.terminationMessagePolicy"))
        else:
            supported = ("File", "FallbackToLogsOnError")
            causes.append(not_supported(f"{at}.terminationMessagePolicy", policy, supported))
    if "ports" in container:
        ports(container["ports"], f"{at}.ports", causes)
    if "env" in container:
        env(container["env"], f"{at}.env", causes)
    if "envFrom" in container:
        _env_from(container["envFrom"], f"{at}.envFrom", causes)
    if "volumeMounts" in container:
        _volume_mounts(container, scope, f"{at}.volumeMounts", causes)
    if "volumeDevices" in container:
        _volume_devices(container, scope, f"{at}.volumeDevices", causes)
    pull = container.get("imagePullPolicy")
    if pull not in PULL_POLICIES:
        one_of(pull, f"{at}.imagePullPolicy", PULL_POLICIES, causes)
    wanted = container.get("resources")
    if wanted:
        resources.requirements(wanted, scope.claims, f"{at}.resources", causes)
    if "resizePolicy" in container:
        _resize_policy(container["resizePolicy"], scope, f"{at}.resizePolicy", causes)
    if "securityContext" in container:
        container_security(container["securityContext"], f"{at}.securityContext", causes)


def ports(given: list[Object], at: str, causes: Causes) -> None:
    """Ports of one container."""
    seen = set()
    for index, port in enumerate(given):
        path = f"{at}[{index}]"
        name = port.get("name")
        if name:
            problems = names.port_name(name)
            for problem in problems:
                causes.append(invalid(f"{path}.name", name, problem))
            if not problems:
                if name in seen:
                    causes.append(duplicate(f"{path}.name", name))
                seen.add(name)
        number = port.get("containerPort", 0)
        if number == 0:
            causes.append(required(f"{path}.containerPort"))
        else:
            port_number(number, f"{path}.containerPort", causes)
        if port.get("hostPort"):
            port_number(port["hostPort"], f"{path}.hostPort", causes)
        protocol = port.get("protocol")
        if protocol not in PROTOCOLS:
            one_of(protocol, f"{path}.protocol", PROTOCOLS, causes)


def _host_port_conflicts(containers: list[Object], at: str, causes: Causes, alone: bool = False) -> None:
    seen = set()
    for index, container in enumerate(containers):
        for place, port in enumerate(container.get("ports") or ()):
            host = port.get("hostPort")
            if not host:
                continue
            text = f"{port.get('protocol', '')}/{port.get('hostIP', '')}/{host}"
            if text in seen:
                path = f"{at}[{place}].hostPort" if alone else f"{at}[{index}].ports[{place}].hostPort"
                causes.append(duplicate(path, text))
            seen.add(text)


def env(given: list[Object], at: str, causes: Causes) -> None:
    """Environment variables."""
    for index, entry in enumerate(given):
        path = f"{at}[{index}]"
        name = entry.get("name")
        if not name:
            causes.append(required(f"{path}.name"))
        else:
            for problem in names.env_var_name(name):
                causes.append(invalid(f"{path}.name", name, problem))
        if "valueFrom" in entry:
            _env_source(entry, f"{path}.valueFrom", causes)


_ENV_SOURCES = ("fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef")


def _env_source(entry: Object, at: str, causes: Causes) -> None:
    source = entry["valueFrom"]
    count = 0
    if "fieldRef" in source:
        count += 1
        field_ref(source["fieldRef"], _FIELD_PATHS, f"{at}.fieldRef", causes)
    if "resourceFieldRef" in source:
        count += 1
        resource_field_ref(source["resourceFieldRef"], f"{at}.resourceFieldRef", False, causes)
    for field in ("configMapKeyRef", "secretKeyRef"):
        if field in source:
            count += 1
            _key_ref(source[field], f"{at}.{field}", causes)
    if "fileKeyRef" in source:
        count += 1
        for field in ("volumeName", "path", "key"):
            if not source["fileKeyRef"].get(field):
                causes.append(required(f"{at}.fileKeyRef.{field}"))
    if count == 0:
        text = "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        causes.append(invalid(at, "", text))
    elif entry.get("value"):
        causes.append(invalid(at, "", "may not be specified when `value` is not empty"))
    elif count > 1:
        causes.append(invalid(at, "", "may not have more than one field specified at a time"))


def _key_ref(reference: Object, at: str, causes: Causes) -> None:
    if not reference.get("name"):
        causes.append(required(f"{at}.name"))
    key = reference.get("key")
    if not key:
        causes.append(required(f"{at}.key"))
    else:
        for problem in names.config_map_key(key):
            causes.append(invalid(f"{at}.key", key, problem))


def split_subscript(path: str) -> tuple[str, str] | None:
    """`metadata.labels['app']` as (`metadata.labels`, `app`), None for a path without a subscript."""
    if not path.endswith("']") or "['" not in path:
        return None
    head, _, rest = path[:-2].partition("['")
    return head, rest


def field_ref(reference: Object, expressions: tuple[str, ...], at: str, causes: Causes) -> None:
    """A reference to a field of the pod; `expressions` are the fields that may be named without subscript."""
    path = reference.get("fieldPath", "")
    if not reference.get("apiVersion"):
        causes.append(required(f"{at}.apiVersion"))
        return
    if not path:
        causes.append(required(f"{at}.fieldPath"))
        return
    split = split_subscript(path)
    if reference["apiVersion"] != "v1":
        text = f"error converting fieldPath: unsupported pod version: {reference['apiVersion']}"
        causes.append(invalid(f"{at}.fieldPath", path, text))
        return
    plain = split[0] if split else path
    if plain not in _CONVERTIBLE or (split and plain not in ("metadata.annotations", "metadata.labels")):
        text = f"error converting fieldPath: field label not supported: {path}"
        if split:
            text = (
                f"error converting fieldPath: field label does not support subscript: {path}"
                if (plain in _CONVERTIBLE)
                else text
            )
        causes.append(invalid(f"{at}.fieldPath", path, text))
        return
    if split:
        key = split[1]
        for problem in names.qualified_name(key.lower() if plain == "metadata.annotations" else key):
            causes.append(invalid(at, key, problem))
        return
    if path not in expressions:
        causes.append(not_supported(f"{at}.fieldPath", path, sorted(expressions)))


def resource_field_ref(reference: Object, at: str, in_volume: bool, causes: Causes) -> None:
    """A reference to an amount of the container."""

    resource = reference.get("resource", "")
    if in_volume and not reference.get("containerName"):
        causes.append(required(f"{at}.containerName"))
    elif not resource:
        causes.append(required(f"{at}.resource"))
    elif not resource.startswith(("limits.hugepages-", "requests.hugepages-")) and resource not in _RESOURCE_FIELDS:
        causes.append(not_supported(f"{at}.resource", resource, _RESOURCE_FIELDS))
    divisor = reference.get("divisor", "0")
    kind = resource.partition(".")[2]
    nano = parse(divisor).nano
    allowed = {"cpu": ("1m", "1")}.get(
        kind, ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
    )
    if nano and nano not in {parse(one).nano for one in allowed}:
        what = {"cpu": "only divisor's values 1m and 1 are supported with the cpu resource"}.get(
            kind,
            "only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the "
            + ("local ephemeral storage resource" if kind == "ephemeral-storage" else f"{kind} resource"),
        )
        causes.append(invalid(f"{at}.divisor", divisor, what))


def _env_from(given: list[Object], at: str, causes: Causes) -> None:
    for index, entry in enumerate(given):
        path = f"{at}[{index}]"
        prefix = entry.get("prefix")
        if prefix:
            for problem in names.env_var_name(prefix):
                causes.append(invalid(f"{path}.prefix", prefix, problem))
        count = 0
        for field in ("configMapRef", "secretRef"):
            if field in entry:
                count += 1
                if not entry[field].get("name"):
                    causes.append(required(f"{path}.{field}.name"))
        if count == 0:
            causes.append(invalid(path, "", "must specify one of: `configMapRef` or `secretRef`"))
        elif count > 1:
            causes.append(invalid(path, "", "may not have more than one field specified at a time"))


def _volume_mounts(container: Object, scope: Scope, at: str, causes: Causes) -> None:
    paths = set()
    devices = {one.get("devicePath"): one for one in container.get("volumeDevices") or ()}
    device_names = {one.get("name") for one in container.get("volumeDevices") or ()}
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


def _volume_devices(container: Object, scope: Scope, at: str, causes: Causes) -> None:
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


def _resize_policy(given: list[Object], scope: Scope, at: str, causes: Causes) -> None:
    seen = set()
    for policy in given:
        name = policy.get("resourceName", "")
        if name in seen:
            causes.append(duplicate(at, name))
        seen.add(name)
        if not name:
            causes.append(required(at))
        elif name not in ("cpu", "memory"):
            causes.append(not_supported(at, name, ("cpu", "memory")))
        restart = policy.get("restartPolicy", "")
        if not restart:
            causes.append(required(at))
        elif restart not in ("NotRequired", "RestartContainer"):
            causes.append(not_supported(at, restart, ("NotRequired", "RestartContainer")))
        if scope.restart_policy == "Never" and restart != "NotRequired":
            text = "must be 'NotRequired' when `restartPolicy` is 'Never'"
            causes.append(invalid(at, restart, text))


def probes(container: Object, scope: Scope, at: str, causes: Causes) -> None:
    """The three probes."""
    for field in ("livenessProbe", "readinessProbe", "startupProbe"):
        probe = container.get(field)
        if probe is None:
            continue
        path = f"{at}.{field}"
        _probe(probe, scope, path, causes)
        if field != "readinessProbe" and probe.get("successThreshold") != 1:
            causes.append(invalid(f"{path}.successThreshold", probe.get("successThreshold", 0), "must be 1"))
        if field == "readinessProbe" and probe.get("terminationGracePeriodSeconds") is not None:
            text = "must not be set for readinessProbes"
            causes.append(
                invalid(f"{path}.terminationGracePeriodSeconds", probe["terminationGracePeriodSeconds"], text)
            )


def _probe(probe: Object, scope: Scope, at: str, causes: Causes) -> None:
    _handler(probe, scope, at, causes)
    for field in ("initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"):
        nonnegative(probe, field, at, causes)
    grace = probe.get("terminationGracePeriodSeconds")
    if grace is not None and grace <= 0:
        causes.append(invalid(f"{at}.terminationGracePeriodSeconds", grace, "must be greater than 0"))


def lifecycle(given: Object, scope: Scope, at: str, causes: Causes) -> None:
    """Hooks after the start and before the stop."""
    for field in ("postStart", "preStop"):
        if field in given:
            _handler(given[field], scope, f"{at}.{field}", causes)


def _handler(given: Object, scope: Scope, at: str, causes: Causes) -> None:
    count = 0
    for field in ("exec", "httpGet", "tcpSocket", "grpc", "sleep"):
        if given.get(field) is None:
            continue
        if count:
            causes.append(forbidden(f"{at}.{field}", "may not specify more than 1 handler type"))
            continue
        count += 1
        path, action = f"{at}.{field}", given[field]
        if field == "exec":
            if not action.get("command"):
                causes.append(required(f"{path}.command"))
        elif field == "httpGet":
            _http_get(action, path, causes)
        elif field == "tcpSocket":
            port_or_name(action.get("port", 0), f"{path}.port", causes)
        elif field == "grpc":
            port_number(action.get("port", 0), f"{path}.port", causes)
        elif field == "sleep":
            seconds, grace = action.get("seconds", 0), scope.grace_seconds
            if seconds < 0 or (grace is not None and seconds > grace):
                text = f"must be non-negative and less than terminationGracePeriodSeconds ({grace}). "
                text += "Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep."
                causes.append(invalid(path, seconds, text))
    if count == 0:
        causes.append(required(at, "must specify a handler type"))


def _http_get(action: Object, at: str, causes: Causes) -> None:
    if not action.get("path"):
        causes.append(required(f"{at}.path"))
    port_or_name(action.get("port", 0), f"{at}.port", causes)
    scheme = action.get("scheme", "")
    if scheme not in ("HTTP", "HTTPS"):
        causes.append(not_supported(f"{at}.scheme", scheme, ("HTTP", "HTTPS")))
    for header in action.get("httpHeaders") or ():
        for problem in names.http_header_name(header.get("name", "")):
            causes.append(invalid(f"{at}.httpHeaders", header.get("name", ""), problem))


def seconds_range(value: Any, at: str, causes: Causes) -> None:
    """A number of seconds from 1 to the largest int32."""
    if value is not None and not 1 <= value <= INT32_MAX:
        causes.append(invalid(at, value, between(1, INT32_MAX)))


def subdomain(text: str, at: str, causes: Causes) -> None:
    """A DNS subdomain."""
    dns_subdomain(text, at, causes)
