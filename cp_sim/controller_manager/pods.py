"""What the controllers that own pods have in common: availability, pods from a template, and who has to go first."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cmp_to_key
from typing import Any

from cp_sim.controller_manager.times import at_ms
from cp_sim.objects.meta import annotations as annotations_of
from cp_sim.objects.meta import (
    condition,
    is_active,
    is_deleting,
    is_ready,
    name,
    namespace,
    node_name,
    owner_reference,
    phase,
    uid,
)

Object = dict[str, Any]

DELETION_COST = "controller.kubernetes.io/pod-deletion-cost"
PHASE_RANK = {"Pending": 0, "Unknown": 1, "Running": 2}


def ready_since_ms(pod: Object) -> int | None:
    """When the pod's `Ready` condition last changed; None if it is not ready."""
    ready = condition(pod, "Ready")
    if ready is None or ready.get("status") != "True":
        return None
    return at_ms(ready.get("lastTransitionTime"))


def is_available(pod: Object, min_ready_s: int, now_ms: int) -> bool:
    """Whether the pod has been ready for `min_ready_s` seconds.

    *In Kubernetes:* `IsPodAvailable` in `pkg/api/v1/pod/util.go`.  The transition time has whole seconds, so
    availability starts on a whole second.
    """
    if not is_ready(pod):
        return False
    if not min_ready_s:
        return True
    since = ready_since_ms(pod)
    return since is not None and since + min_ready_s * 1000 <= now_ms


def next_availability_ms(pods: Iterable[Object], min_ready_s: int, now_ms: int) -> int | None:
    """In how many ms the next of these pods becomes available by time alone; None if none will."""
    if not min_ready_s:
        return None
    waits = []
    for pod in pods:
        since = ready_since_ms(pod)
        if since is not None and since + min_ready_s * 1000 > now_ms:
            waits.append(since + min_ready_s * 1000 - now_ms)
    return min(waits, default=None)


def from_template(template: Object, owner: Object) -> Object:
    """The pod that `owner` creates from its pod template; its name is chosen by the API server (`generateName`).

    *In Kubernetes:* `GetPodFromTemplate` in `pkg/controller/controller_utils.go`.
    """
    written = template.get("metadata") or {}
    metadata: Object = {"generateName": name(owner) + "-", "namespace": namespace(owner)}
    for field in ("labels", "annotations", "finalizers"):
        if written.get(field):
            metadata[field] = written[field]
    metadata["ownerReferences"] = [owner_reference(owner)]
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec") or {}}


# -- who goes first ------------------------------------------------------------------------------------------------


def victims(pods: Sequence[Object], related: Iterable[Object], count: int, now_ms: int) -> list[Object]:
    """The `count` pods that a ReplicaSet deletes first, the least useful one in front.

    `related` are the pods of all ReplicaSets with the same owner: of two equal pods the one that shares its node with
    more of them goes first.

    *In Kubernetes:* `getPodsToDelete` and `ActivePodsWithRanks` in `pkg/controller`.  Ages are compared in powers of
    two (LogarithmicScaleDown) and among equals the smallest uid goes, which is as good as chance.
    """
    if count >= len(pods):
        return list(pods)
    per_node = Counter(node_name(pod) for pod in related if is_active(pod))

    def earlier(first: Object, second: Object) -> int:
        return _compare(first, second, per_node, now_ms)

    return sorted(pods, key=cmp_to_key(earlier))[:count]


def why_first(victim: Object) -> str:
    """In a few words what speaks against keeping this pod."""
    if not node_name(victim):
        return "it has no node yet"
    if phase(victim) != "Running":
        return f"its phase is {phase(victim) or 'unknown'}"
    if not is_ready(victim):
        return "it is not ready"
    if _cost(victim) < 0:
        return "its deletion cost is below zero"
    return "it shares its node with more of its siblings, or is younger, or has the smallest uid"


def _compare(first: Object, second: Object, per_node: Counter[str], now_ms: int) -> int:
    """Negative when `first` goes before `second`."""
    one, two = node_name(first), node_name(second)
    if bool(one) != bool(two):
        return -1 if not one else 1
    for difference in (
        PHASE_RANK.get(phase(first), 0) - PHASE_RANK.get(phase(second), 0),
        is_ready(first) - is_ready(second),
        _cost(first) - _cost(second),
        per_node[two] - per_node[one],
    ):
        if difference:
            return difference
    if is_ready(first) and is_ready(second):
        ready = _compare_age(first, second, ready_since_ms(first), ready_since_ms(second), now_ms)
        if ready:
            return ready
    for sidecars in (False, True):
        restarts = _restarts(second, sidecars) - _restarts(first, sidecars)
        if restarts:
            return restarts
    created = _compare_age(first, second, _created_ms(first), _created_ms(second), now_ms)
    if created:
        return created
    return _by_uid(first, second)


def _compare_age(first: Object, second: Object, one: int | None, two: int | None, now_ms: int) -> int:
    """The younger one goes first, ages being counted in powers of two; 0 only for equal times."""
    if one == two:
        return 0
    if one is None or two is None:
        return -1 if one is None else 1
    return _bucket(now_ms - one) - _bucket(now_ms - two) or _by_uid(first, second)


def _bucket(age_ms: int) -> int:
    return int(math.log2(age_ms * 1_000_000)) if age_ms > 0 else -1


def _by_uid(first: Object, second: Object) -> int:
    return -1 if uid(first) < uid(second) else 1


def _created_ms(pod: Object) -> int | None:
    return at_ms(pod["metadata"].get("creationTimestamp"))


def _cost(pod: Object) -> int:
    text = annotations_of(pod).get(DELETION_COST, "0")
    try:
        return int(text)
    except ValueError:
        return 0


def _restarts(pod: Object, sidecars: bool) -> int:
    field = "initContainerStatuses" if sidecars else "containerStatuses"
    statuses = (pod.get("status") or {}).get(field) or ()
    return max((status.get("restartCount") or 0 for status in statuses), default=0)


def is_terminating(pod: Object) -> bool:
    """Whether the pod is being deleted but has not finished: it still holds its place on the node."""
    return is_deleting(pod) and phase(pod) not in ("Succeeded", "Failed")
