"""From the old ReplicaSets to the new one: step by step, or all at once.

*In Kubernetes:* `pkg/controller/deployment/rolling.go` and `recreate.go`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cp_sim.controller_manager.deployment import progress, revisions, sizes
from cp_sim.controller_manager.deployment.draft import Draft
from cp_sim.controller_manager.deployment.newest import create_new
from cp_sim.controller_manager.deployment.telling import all_of, clean_up, rollout_status
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import uid

Object = dict[str, Any]


def roll(draft: Draft, replica_sets: list[Object]) -> None:
    """One step of a rolling update: up if there is room, else down if enough pods are available."""
    deployment = draft.deployment
    newest = revisions.find_new(deployment, replica_sets)
    if newest is None:
        create_new(draft, replica_sets)
        return
    old = revisions.old_ones(newest, replica_sets)
    everything = all_of(old, newest)
    moved = _grow(draft, everything, newest) or _shrink(draft, everything, old, newest)
    if not moved and progress.is_complete(deployment, get(deployment, "status") or {}):
        clean_up(draft, old)
    rollout_status(draft, everything, newest)


def _grow(draft: Draft, everything: list[Object], newest: Object) -> bool:
    deployment = draft.deployment
    wanted, now = sizes.replicas(deployment), sizes.replicas(newest)
    if now == wanted:
        return False
    if now > wanted:
        return draft.scale(newest, wanted, "the new ReplicaSet is bigger than the Deployment")
    surge = sizes.max_surge(deployment)
    because = f"at most {wanted} + {surge} (maxSurge) replicas, now {sizes.spec_total(everything)}"
    return draft.scale(newest, sizes.new_size(deployment, everything, newest), because)


def _shrink(draft: Draft, everything: list[Object], old: list[Object], newest: Object) -> bool:
    """Take replicas from the old ReplicaSets: first such as do not work anyway, then as many as availability allows.

    *In Kubernetes:* `reconcileOldReplicaSets` in `pkg/controller/deployment/rolling.go`.
    """
    deployment = draft.deployment
    old = sorted(revisions.active(old), key=revisions.age)
    if not old:
        return False
    least = sizes.replicas(deployment) - sizes.max_unavailable(deployment)
    new_unavailable = sizes.replicas(newest) - (get(newest, "status.availableReplicas") or 0)
    most_down = sizes.spec_total(everything) - least - new_unavailable
    if most_down <= 0:
        return False
    now = {uid(rs): sizes.replicas(rs) for rs in old}
    unhealthy = _unhealthy(old, most_down)
    if unhealthy is None:
        return False
    available = sizes.status_total([*old, newest], "availableReplicas")
    spare = max(0, available - least)
    for replica_set in old:
        size = now[uid(replica_set)] - unhealthy.get(uid(replica_set), 0)
        take = min(size, spare)
        spare -= take
        now[uid(replica_set)] = size - take
    return _write_sizes(draft, old, unhealthy, now, least)


def _unhealthy(old: list[Object], most: int) -> dict[str, int] | None:
    """How many unavailable replicas each old ReplicaSet can lose, oldest first, at most `most` in all.

    None if one has more available than it should have pods: its status is from before it was scaled, so that nothing
    can be said yet.
    """
    taken: dict[str, int] = {}
    for replica_set in old:
        if most <= 0:
            break
        broken = sizes.replicas(replica_set) - (get(replica_set, "status.availableReplicas") or 0)
        if broken < 0:
            return None
        if broken:
            taken[uid(replica_set)] = min(broken, most)
            most -= taken[uid(replica_set)]
    return taken


def _write_sizes(draft: Draft, old: list[Object], unhealthy: dict[str, int], final: dict[str, int], least: int) -> bool:
    """The writes come in two rounds, as the real controller makes them: the unhealthy ones, then the rest."""
    moved = False
    halfway: dict[str, Object] = {}
    for replica_set in old:
        take = unhealthy.get(uid(replica_set), 0)
        if take:
            size = sizes.replicas(replica_set) - take
            moved |= draft.scale(replica_set, size, "old pods that are not available go first")
            halfway[uid(replica_set)] = put(replica_set, "spec.replicas", size)
    for replica_set in old:
        current = halfway.get(uid(replica_set), replica_set)
        size = final[uid(replica_set)]
        if size != sizes.replicas(current):
            moved |= draft.scale(current, size, f"at least {least} pods stay available")
    return moved


def recreate(draft: Draft, replica_sets: list[Object], pods_of: Mapping[str, Sequence[Object]]) -> None:
    """Everything old down, and only when no old pod is left the new one up."""
    deployment = draft.deployment
    newest = revisions.find_new(deployment, replica_sets)
    old = revisions.old_ones(newest, replica_sets)
    everything = all_of(old, newest)
    stopped = [draft.scale(rs, 0, "Recreate: all old pods go first") for rs in revisions.active(old)]
    if any(stopped) or _old_pods_run(newest, old, pods_of):
        rollout_status(draft, everything, newest)
        return
    if newest is None:
        create_new(draft, replica_sets)
        return
    draft.scale(newest, sizes.replicas(deployment), "Recreate: no old pod is left")
    if progress.is_complete(deployment, get(deployment, "status") or {}):
        clean_up(draft, old)
    rollout_status(draft, everything, newest)


def _old_pods_run(newest: Object | None, old: list[Object], pods_of: Mapping[str, Sequence[Object]]) -> bool:
    if sizes.status_total(old) > 0:
        return True
    mine = uid(newest) if newest is not None else None
    return any(
        get(pod, "status.phase") not in ("Failed", "Succeeded")
        for owner, pods in pods_of.items()
        if owner != mine
        for pod in pods
    )
