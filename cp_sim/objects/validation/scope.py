"""What the checks of one container need to know of its pod."""

from __future__ import annotations

from typing import Any

Object = dict[str, Any]


class Scope:
    """What the checks of one container need to know of its pod."""

    __slots__ = ("volumes", "claims", "restart_policy", "grace_seconds", "host_network")

    def __init__(self, spec: Object, volumes: dict[str, Object]) -> None:
        self.volumes = volumes
        self.claims = tuple(claim.get("name", "") for claim in spec.get("resourceClaims") or ())
        self.restart_policy = spec.get("restartPolicy", "")
        self.grace_seconds = spec.get("terminationGracePeriodSeconds")
        self.host_network = bool(spec.get("hostNetwork"))
