"""Which ReplicaSet is the new one, which are old, and the annotations that count revisions.

*In Kubernetes:* `pkg/controller/deployment/util/deployment_util.go`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cp_sim.objects.edit import drop, get, put
from cp_sim.objects.meta import annotations as annotations_of
from cp_sim.objects.meta import is_deleting, labels, name, uid

Object = dict[str, Any]

HASH_LABEL = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
# What a Deployment does not hand down to its ReplicaSets.
NOT_COPIED = frozenset(
    (
        "kubectl.kubernetes.io/last-applied-configuration",
        REVISION,
        REVISION_HISTORY,
        DESIRED_REPLICAS,
        MAX_REPLICAS,
        "deprecated.deployment.rollback.to",
    )
)
HISTORY_LENGTH = 2000  # characters


def age(obj: Object) -> tuple[str, str]:
    """Sort key: older first, then by name."""
    return obj["metadata"].get("creationTimestamp") or "", name(obj)


def number(obj: Object, annotation: str) -> int | None:
    """An annotation as a whole number; None if it is missing or is none."""
    text = annotations_of(obj).get(annotation)
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None


def revision(obj: Object) -> int:
    """The revision annotation, 0 if there is none."""
    return number(obj, REVISION) or 0


def without_hash(template: Object) -> Object:
    """A pod template without the label that the controller adds."""
    bare = drop(template, ("metadata", "labels", HASH_LABEL))
    return drop(bare, "metadata.labels") if get(bare, "metadata.labels") == {} else bare


def find_new(deployment: Object, replica_sets: Iterable[Object]) -> Object | None:
    """The ReplicaSet whose template is the Deployment's (the oldest, should there be several)."""
    wanted = meaning(get(deployment, "spec.template") or {})
    for replica_set in sorted(replica_sets, key=age):
        if meaning(get(replica_set, "spec.template") or {}) == wanted:
            return replica_set
    return None


def meaning(template: Object) -> Any:
    """What a pod template says: without the label with its hash, and without fields that are there but empty.

    *In Kubernetes:* `EqualIgnoreHash`, for which an empty list and none are equal.
    """
    return _without_empty(without_hash(template))


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        kept = ((field, _without_empty(one)) for field, one in value.items())
        return {field: one for field, one in kept if one not in (None, "", {}, [])}
    if isinstance(value, list):
        return [_without_empty(one) for one in value]
    return value


def old_ones(newest: Object | None, replica_sets: Iterable[Object]) -> list[Object]:
    """All ReplicaSets but the new one."""
    return [rs for rs in replica_sets if newest is None or uid(rs) != uid(newest)]


def active(replica_sets: Iterable[Object]) -> list[Object]:
    """Those with replicas."""
    return [rs for rs in replica_sets if (get(rs, "spec.replicas") or 0) > 0]


def next_revision(old: Iterable[Object]) -> int:
    """One more than the highest revision among the old ReplicaSets."""
    return max((revision(rs) for rs in old), default=0) + 1


def annotate_new(deployment: Object, replica_set: Object, new_revision: int) -> Object:
    """The new ReplicaSet with the Deployment's annotations and its revision; the same object if nothing changes.

    An annotation that the Deployment has lost stays on the ReplicaSet.  A revision that it had before (a rollback)
    goes into its revision history.
    """
    now = annotations_of(replica_set)
    wanted = dict(now)
    for annotation, value in annotations_of(deployment).items():
        if annotation not in NOT_COPIED:
            wanted[annotation] = value
    before = now.get(REVISION)
    if revision(replica_set) < new_revision:
        wanted[REVISION] = str(new_revision)
        if before is not None:
            wanted[REVISION_HISTORY] = _history(now.get(REVISION_HISTORY, ""), before)
    return replica_set if wanted == now else put(replica_set, "metadata.annotations", wanted)


def _history(history: str, before: str) -> str:
    revisions = [*(history.split(",") if history else []), before]
    while len(",".join(revisions)) > HISTORY_LENGTH:
        del revisions[0]
    return ",".join(revisions)


def with_sizes(replica_set: Object, desired: int, maximum: int) -> Object:
    """The ReplicaSet with the annotations that tell how big its Deployment was when it was last scaled."""
    now = annotations_of(replica_set)
    wanted = {**now, DESIRED_REPLICAS: str(desired), MAX_REPLICAS: str(maximum)}
    return replica_set if wanted == now else put(replica_set, "metadata.annotations", wanted)


def to_clean_up(old: Sequence[Object], limit: int | None) -> list[Object]:
    """The old ReplicaSets beyond the history limit that nobody needs any more, oldest revision first."""
    if limit is None:
        return []
    candidates = [rs for rs in old if not is_deleting(rs)]
    surplus = len(candidates) - limit
    if surplus <= 0:
        return []
    ordered = sorted(candidates, key=lambda rs: (revision(rs), age(rs)))
    return [rs for rs in ordered[:surplus] if _is_idle(rs)]


def _is_idle(replica_set: Object) -> bool:
    return not (
        get(replica_set, "status.replicas")
        or get(replica_set, "spec.replicas")
        or (get(replica_set, "metadata.generation") or 0) > (get(replica_set, "status.observedGeneration") or 0)
    )


def hash_label(replica_set: Object) -> str:
    """The ReplicaSet's `pod-template-hash`."""
    return labels(replica_set).get(HASH_LABEL, "")
