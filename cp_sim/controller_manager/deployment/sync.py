"""What a Deployment does now: roll, scale, pause, or only tell how far it has come.

*In Kubernetes:* `syncDeployment`, `sync` and `scale` in `pkg/controller/deployment`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cp_sim.client.plan import Emit, Plan
from cp_sim.controller_manager.deployment import progress, revisions, sizes
from cp_sim.controller_manager.deployment.draft import Draft
from cp_sim.controller_manager.deployment.newest import sync_revision
from cp_sim.controller_manager.deployment.rollout import recreate, roll
from cp_sim.controller_manager.deployment.telling import all_of, clean_up, note_pause, write_status
from cp_sim.controller_manager.ownership import Claim
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import generation, is_deleting, name

Object = dict[str, Any]

SELECTS_ALL = "This deployment is selecting all pods. A non-empty selector is required."


def reconcile(deployment: Object, claim: Claim, pods_of: Mapping[str, Sequence[Object]], now_ms: int) -> Plan:
    """What to do about one Deployment.

    `claim` holds its ReplicaSets with the adoptions and releases that are due; `pods_of` their pods by the
    ReplicaSet's uid (needed for the strategy Recreate only).
    """
    draft = Draft(deployment, now_ms, list(claim.patches), [patch.because for patch in claim.patches])
    replica_sets = list(claim.claimed)
    if not any((get(deployment, "spec.selector") or {}).values()):
        _refuse_to_select_all(draft)
    elif is_deleting(deployment):
        _status_only(draft, replica_sets)
    else:
        _live(draft, replica_sets, pods_of)
    return draft.plan(replica_sets)


def _live(draft: Draft, replica_sets: list[Object], pods_of: Mapping[str, Sequence[Object]]) -> None:
    deployment = draft.deployment
    note_pause(draft)
    if get(deployment, "spec.paused"):
        _scale_only(draft, replica_sets)
        return
    if not sync_revision(draft, replica_sets):
        return
    if _was_scaled(deployment, replica_sets):
        _scale_only(draft, replica_sets)
    elif sizes.is_rolling(deployment):
        roll(draft, replica_sets)
    else:
        recreate(draft, replica_sets, pods_of)


def _refuse_to_select_all(draft: Draft) -> None:
    deployment = draft.deployment
    draft.actions.append(Emit(deployment, "Warning", "SelectingAll", SELECTS_ALL))
    if (get(deployment, "status.observedGeneration") or 0) < generation(deployment):
        seen = put(deployment, "status.observedGeneration", generation(deployment))
        draft.write_status(seen, "the selector is empty: refuse to act")


def _was_scaled(deployment: Object, replica_sets: Sequence[Object]) -> bool:
    """Whether `spec.replicas` is another than when the ReplicaSets got their sizes."""
    for replica_set in revisions.active(replica_sets):
        noted = revisions.number(replica_set, revisions.DESIRED_REPLICAS)
        if noted is not None and noted != sizes.replicas(deployment):
            return True
    return False


def _scale_only(draft: Draft, replica_sets: list[Object]) -> None:
    """Bring the ReplicaSets to the Deployment's size without rolling anything.

    *In Kubernetes:* `sync`.
    """
    deployment = draft.deployment
    newest = revisions.find_new(deployment, replica_sets)
    if get(deployment, "spec.paused") and not sync_revision(draft, replica_sets):
        return
    old = revisions.old_ones(newest, replica_sets)
    _share_out(draft, newest, old)
    if get(deployment, "spec.paused"):
        clean_up(draft, old)
    write_status(draft, progress.counted(deployment, all_of(old, newest), newest, draft.now_ms))


def _share_out(draft: Draft, newest: Object | None, old: list[Object]) -> None:
    deployment = draft.deployment
    wanted = sizes.replicas(deployment)
    only = _active_or_latest(newest, old)
    if only is not None:
        draft.scale(only, wanted, f"the Deployment was scaled to {wanted}")
    elif newest is not None and _is_saturated(deployment, newest):
        for replica_set in revisions.active(old):
            draft.scale(replica_set, 0, f"{name(newest)} has all {wanted} replicas")
    elif sizes.is_rolling(deployment):
        for replica_set, size in sizes.shares(deployment, revisions.active(all_of(old, newest))):
            draft.scale(replica_set, size, f"the Deployment was scaled to {wanted} in the middle of a rollout")


def _active_or_latest(newest: Object | None, old: list[Object]) -> Object | None:
    """The only ReplicaSet with replicas; if none has any, the new one or the youngest old one."""
    running = revisions.active(all_of(old, newest))
    if len(running) == 1:
        return running[0]
    if running:
        return None
    return newest or max(old, key=revisions.age, default=None)


def _is_saturated(deployment: Object, replica_set: Object) -> bool:
    wanted = sizes.replicas(deployment)
    return (
        sizes.replicas(replica_set) == wanted
        and revisions.number(replica_set, revisions.DESIRED_REPLICAS) == wanted
        and (get(replica_set, "status.availableReplicas") or 0) == wanted
    )


def _status_only(draft: Draft, replica_sets: list[Object]) -> None:
    newest = revisions.find_new(draft.deployment, replica_sets)
    if not sync_revision(draft, replica_sets):
        return
    old = revisions.old_ones(newest, replica_sets)
    write_status(draft, progress.counted(draft.deployment, all_of(old, newest), newest, draft.now_ms))
