"""Environment variables and references to fields.

Source: `ValidateEnv`, `ValidateEnvFrom`, `validateObjectFieldSelector` and `validateContainerResourceFieldSelector` in
`pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, invalid, not_supported, required
from cp_sim.objects.quantity import parse

Object = dict[str, Any]

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


def env_from(given: list[Object], at: str, causes: Causes) -> None:
    """Variables taken from whole ConfigMaps and Secrets."""
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
