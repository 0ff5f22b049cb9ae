"""Probes, hooks and what they do.

Source: `validateProbe`, `validateLifecycle` and `validateHandler` in `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import names
from cp_sim.objects.causes import Causes, forbidden, invalid, not_supported, required
from cp_sim.objects.validation.common import (
    nonnegative,
    port_number,
    port_or_name,
)
from cp_sim.objects.validation.scope import Scope

Object = dict[str, Any]

_HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")


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
