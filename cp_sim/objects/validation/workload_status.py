"""The status of the controllers' kinds.

Source: `pkg/apis/apps/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.causes import Causes, invalid
from cp_sim.objects.validation.common import (
    nonnegative,
)

Object = dict[str, Any]


def _counts(status: Object, fields: tuple[str, ...], causes: Causes) -> None:
    for field in fields:
        nonnegative(status, field, "status", causes)


def _exceeds(status: Object, field: str, other: str, text: str, causes: Causes) -> None:
    if status.get(field, 0) > status.get(other, 0):
        causes.append(invalid(f"status.{field}", status.get(field, 0), text))


def deployment_status(new: Object, old: Object, causes: Causes) -> None:
    """A Deployment's status."""
    status = new.get("status") or {}
    fields = (
        "observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas",
        "unavailableReplicas", "terminatingReplicas",
    )  # fmt: skip
    _counts(status, fields, causes)
    nonnegative(status, "collisionCount", "status", causes)
    before = (old.get("status") or {}).get("collisionCount")
    if before is not None and (status.get("collisionCount") or 0) < before:
        causes.append(invalid("status.collisionCount", status.get("collisionCount", 0), "cannot be decremented"))
    for field in ("updatedReplicas", "readyReplicas", "availableReplicas"):
        _exceeds(status, field, "replicas", "cannot be greater than status.replicas", causes)
    _exceeds(status, "availableReplicas", "readyReplicas", "cannot be greater than readyReplicas", causes)


def replicas_status(new: Object, old: Object, causes: Causes) -> None:
    """The status of a ReplicaSet or ReplicationController."""
    status = new.get("status") or {}
    fields = ("replicas", "fullyLabeledReplicas", "readyReplicas", "availableReplicas", "observedGeneration")
    _counts(status, fields, causes)
    for field in ("fullyLabeledReplicas", "readyReplicas", "availableReplicas"):
        _exceeds(status, field, "replicas", "cannot be greater than status.replicas", causes)
    _exceeds(status, "availableReplicas", "readyReplicas", "cannot be greater than readyReplicas", causes)


def stateful_status(new: Object, old: Object, causes: Causes) -> None:
    """A StatefulSet's status."""
    status = new.get("status") or {}
    fields = (
        "replicas", "readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas", "observedGeneration",
        "collisionCount",
    )  # fmt: skip
    _counts(status, fields, causes)
    for field in ("readyReplicas", "currentReplicas", "updatedReplicas", "availableReplicas"):
        _exceeds(status, field, "replicas", "cannot be greater than status.replicas", causes)
    _exceeds(status, "availableReplicas", "readyReplicas", "cannot be greater than status.readyReplicas", causes)


def daemon_status(new: Object, old: Object, causes: Causes) -> None:
    """A DaemonSet's status."""
    fields = (
        "currentNumberScheduled", "numberMisscheduled", "desiredNumberScheduled", "numberReady", "observedGeneration",
        "updatedNumberScheduled", "numberAvailable", "numberUnavailable", "collisionCount",
    )  # fmt: skip
    _counts(new.get("status") or {}, fields, causes)
