"""Containers of pods and pod templates.

Source: `validateContainers`, `validateContainerCommon`, `validateInitContainers`, `validateEphemeralContainers`,
`validateProbe`, `validateHandler`, `ValidateEnv` and their neighbours in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, duplicate, forbidden, invalid, not_found, not_supported, required
from cp_sim.objects.shared import check_once
from cp_sim.objects.validation import resources
from cp_sim.objects.validation.common import (
    INT32_MAX,
    between,
    dns_label,
    dns_subdomain,
    one_of,
    port_number,
)
from cp_sim.objects.validation.environment import env, env_from
from cp_sim.objects.validation.mounts import volume_devices, volume_mounts
from cp_sim.objects.validation.pod_security import container_security
from cp_sim.objects.validation.probes import lifecycle, probes
from cp_sim.objects.validation.scope import Scope

Object = dict[str, Any]

PROTOCOLS = ("SCTP", "TCP", "UDP")
PULL_POLICIES = ("Always", "IfNotPresent", "Never")


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
        check_once(ports, container["ports"], f"{at}.ports", causes)
    if "env" in container:
        env(container["env"], f"{at}.env", causes)
    if "envFrom" in container:
        env_from(container["envFrom"], f"{at}.envFrom", causes)
    if "volumeMounts" in container:
        volume_mounts(container, scope, f"{at}.volumeMounts", causes)
    if "volumeDevices" in container:
        volume_devices(container, scope, f"{at}.volumeDevices", causes)
    pull = container.get("imagePullPolicy")
    if pull not in PULL_POLICIES:
        one_of(pull, f"{at}.imagePullPolicy", PULL_POLICIES, causes)
    wanted = container.get("resources")
    if wanted:
        check_once(resources.amounts, wanted, f"{at}.resources", causes)
        resources.claims(wanted.get("claims") or (), scope.claims, f"{at}.resources.claims", causes)
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


def seconds_range(value: Any, at: str, causes: Causes) -> None:
    """A number of seconds from 1 to the largest int32."""
    if value is not None and not 1 <= value <= INT32_MAX:
        causes.append(invalid(at, value, between(1, INT32_MAX)))


def subdomain(text: str, at: str, causes: Causes) -> None:
    """A DNS subdomain."""
    dns_subdomain(text, at, causes)
