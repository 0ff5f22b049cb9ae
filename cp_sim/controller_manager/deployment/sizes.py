"""How many: surge and unavailability, and how a new size is shared among several ReplicaSets.

*In Kubernetes:* `pkg/controller/deployment/util/deployment_util.go`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from cp_sim.controller_manager.deployment import revisions
from cp_sim.objects.edit import get
from cp_sim.objects.meta import uid

Object = dict[str, Any]


def replicas(obj: Object) -> int:
    """`spec.replicas` of a Deployment or ReplicaSet; 1 where nothing is said."""
    wanted = get(obj, "spec.replicas")
    return 1 if wanted is None else int(wanted)


def is_rolling(deployment: Object) -> bool:
    """Whether the strategy is RollingUpdate."""
    return get(deployment, "spec.strategy.type", "RollingUpdate") == "RollingUpdate"


def scaled(value: Any, total: int, up: bool) -> int:
    """An int, or a percentage of `total` rounded up or down."""
    if isinstance(value, str) and value.endswith("%"):
        part = int(value[:-1]) * total
        return -(-part // 100) if up else part // 100
    return int(value or 0)


def max_surge(deployment: Object) -> int:
    """How many pods there may be on top of `spec.replicas`; percentages are rounded up."""
    if not is_rolling(deployment):
        return 0
    return scaled(get(deployment, "spec.strategy.rollingUpdate.maxSurge", "25%"), replicas(deployment), up=True)


def max_unavailable(deployment: Object) -> int:
    """How many of `spec.replicas` may be unavailable; percentages are rounded down.

    If both this and the surge come out as 0 nothing could ever move, so then it is 1; it is never more than the
    replicas.
    """
    total = replicas(deployment)
    if not is_rolling(deployment) or total == 0:
        return 0
    allowed = scaled(get(deployment, "spec.strategy.rollingUpdate.maxUnavailable", "25%"), total, up=False)
    if allowed == 0 and max_surge(deployment) == 0:
        allowed = 1
    return min(allowed, total)


def spec_total(replica_sets: Iterable[Object]) -> int:
    """The sum of `spec.replicas`."""
    return sum(replicas(replica_set) for replica_set in replica_sets)


def status_total(replica_sets: Iterable[Object], field: str = "replicas") -> int:
    """The sum of a counter in the status."""
    return sum(get(replica_set, ("status", field)) or 0 for replica_set in replica_sets)


def new_size(deployment: Object, everything: Sequence[Object], newest: Object | None) -> int:
    """How big the new ReplicaSet may be now: up to `spec.replicas`, within the surge that the others leave.

    `everything` contains the new one if it exists already.
    """
    wanted, now = replicas(deployment), replicas(newest) if newest is not None else 0
    if not is_rolling(deployment):
        return wanted
    room = wanted + max_surge(deployment) - spec_total(everything)
    if room <= 0:
        return now
    return now + min(room, wanted - now)


def shares(deployment: Object, active: Sequence[Object]) -> list[tuple[Object, int]]:
    """The new sizes, in the order of writing, when a Deployment is scaled in the middle of a rollout.

    Each gets what it had in proportion to the whole (surge included); what rounding leaves over goes to the biggest.

    *In Kubernetes:* `scale` in `pkg/controller/deployment/sync.go`, "proportional scaling".
    """
    allowed = replicas(deployment) + max_surge(deployment) if replicas(deployment) > 0 else 0
    to_add = allowed - spec_total(active)
    ordered = by_size(active, newer_first=to_add > 0)
    sizes: dict[str, int] = {}
    added = 0
    for replica_set in ordered:
        part = _share(deployment, replica_set, to_add - added) if to_add != 0 else 0
        sizes[uid(replica_set)] = replicas(replica_set) + part
        added += part
    if ordered and to_add != 0:
        biggest = uid(ordered[0])
        sizes[biggest] = max(0, sizes[biggest] + to_add - added)
    return [(replica_set, sizes[uid(replica_set)]) for replica_set in ordered]


def _share(deployment: Object, replica_set: Object, left: int) -> int:
    size = replicas(replica_set)
    if size == 0 or left == 0:
        return 0
    if replicas(deployment) == 0:
        fraction = -size
    else:
        before = revisions.number(replica_set, revisions.MAX_REPLICAS) or get(deployment, "status.replicas") or 0
        if before == 0:
            return 0
        exact = size * (replicas(deployment) + max_surge(deployment)) / before
        fraction = math.floor(exact + 0.5) - size
    return min(fraction, left) if left > 0 else max(fraction, left)


def by_size(replica_sets: Sequence[Object], newer_first: bool) -> list[Object]:
    """Biggest first; among equals the newer or the older first."""
    ordered = sorted(replica_sets, key=revisions.age, reverse=newer_first)
    return sorted(ordered, key=replicas, reverse=True)
