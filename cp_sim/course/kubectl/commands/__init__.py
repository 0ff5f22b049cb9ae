"""The commands, one module for each group of them; importing this registers all."""

from cp_sim.course.kubectl.commands import (
    apply,
    auth,
    autoscale,
    create,
    create_access,
    create_service,
    create_typed,
    delete,
    describe,
    diff,
    drain,
    events,
    explain,
    get,
    label,
    refused,
    rollout,
    scale,
    server,
    set,
    taint,
    wait,
)
from cp_sim.course.kubectl.shell import GROUPS

GROUPS.update(dict.fromkeys(("create", "apply"), ""))
GROUPS["top"] = "Display resource (CPU/memory) usage."
GROUPS["certificate"] = "Modify certificate resources."
GROUPS["plugin"] = "Provides utilities for interacting with plugins."

__all__ = [
    "apply",
    "autoscale",
    "auth",
    "create",
    "create_access",
    "create_service",
    "create_typed",
    "delete",
    "describe",
    "diff",
    "drain",
    "events",
    "explain",
    "get",
    "label",
    "refused",
    "rollout",
    "scale",
    "server",
    "set",
    "taint",
    "wait",
]
