"""What a Deployment does now: find or make the new ReplicaSet, move replicas to it, tell how far it has come.

*In Kubernetes:* `syncDeployment`, `rolloutRolling`, `rolloutRecreate`, `scale` in `pkg/controller/deployment`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cp_sim.client.plan import Emit, Plan, Update
from cp_sim.controller_manager.deployment import progress, revisions, sizes
from cp_sim.controller_manager.deployment.draft import Draft
from cp_sim.controller_manager.deployment.hash import template_hash
from cp_sim.controller_manager.ownership import Claim
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import annotations as annotations_of
from cp_sim.objects.meta import condition, generation, is_deleting, name, namespace, owner_reference, uid

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
    _note_pause(draft)
    if get(deployment, "spec.paused"):
        _scale_only(draft, replica_sets)
        return
    if not _sync_revision(draft, replica_sets):
        return
    if _was_scaled(deployment, replica_sets):
        _scale_only(draft, replica_sets)
    elif sizes.is_rolling(deployment):
        _roll(draft, replica_sets)
    else:
        _recreate(draft, replica_sets, pods_of)


def _refuse_to_select_all(draft: Draft) -> None:
    deployment = draft.deployment
    draft.actions.append(Emit(deployment, "Warning", "SelectingAll", SELECTS_ALL))
    if (get(deployment, "status.observedGeneration") or 0) < generation(deployment):
        seen = put(deployment, "status.observedGeneration", generation(deployment))
        draft.write_status(seen, "the selector is empty: refuse to act")


# -- which is the new one ------------------------------------------------------------------------------------------


def _sync_revision(draft: Draft, replica_sets: list[Object]) -> bool:
    """Bring revision annotations up to date; false if the sync ends here and goes on when the change has come back.

    *In Kubernetes:* `getNewReplicaSet` for an existing ReplicaSet.
    """
    deployment = draft.deployment
    newest = revisions.find_new(deployment, replica_sets)
    if newest is None:
        return True
    number = revisions.next_revision(revisions.old_ones(newest, replica_sets))
    updated = revisions.annotate_new(deployment, newest, number)
    min_ready_s = get(deployment, "spec.minReadySeconds") or 0
    if min_ready_s != (get(updated, "spec.minReadySeconds") or 0):
        updated = put(updated, "spec.minReadySeconds", min_ready_s)
    if updated is not newest:
        draft.annotate(updated, f"{name(newest)} has the Deployment's template: revision {number}")
        return False
    _note_revision(draft, newest)
    return True


def _note_revision(draft: Draft, newest: Object) -> None:
    """The Deployment carries the revision of its new ReplicaSet; finding one is progress of a kind."""
    deployment = draft.deployment
    changed = _with_revision(deployment, revisions.revision(newest))
    if progress.has_deadline(deployment) and condition(deployment, "Progressing") is None:
        found = progress.entry(
            "Progressing", "True", progress.FOUND, f'Found new replica set "{name(newest)}"', draft.now_ms
        )
        changed = put(changed, "status", progress.with_condition(get(changed, "status") or {}, found))
    if changed is not deployment:
        draft.write_status(changed, f"{name(newest)} is the new ReplicaSet")


def _with_revision(deployment: Object, number: int) -> Object:
    if annotations_of(deployment).get(revisions.REVISION) == str(number):
        return deployment
    return put(deployment, ("metadata", "annotations", revisions.REVISION), str(number))


def _create_new(draft: Draft, replica_sets: list[Object]) -> None:
    """Create the ReplicaSet for the Deployment's template; the sync ends with that.

    *In Kubernetes:* `getNewReplicaSet`, whose second status write is refused because the first one has made its copy of
    the Deployment out of date.
    """
    deployment = draft.deployment
    number = revisions.next_revision(replica_sets)
    created = new_replica_set(deployment, replica_sets, number)
    draft.create(created)
    changed = _with_revision(deployment, number)
    if progress.has_deadline(deployment):
        text = f'Created new replica set "{name(created)}"'
        made = progress.entry("Progressing", "True", progress.CREATED, text, draft.now_ms)
        changed = put(changed, "status", progress.with_condition(get(changed, "status") or {}, made))
    if changed is not deployment:
        draft.write_status(changed, f"this is revision {number}")


def new_replica_set(deployment: Object, others: Sequence[Object], number: int) -> Object:
    """The ReplicaSet for the Deployment's present template, named by its hash, as big as surge allows now."""
    template = get(deployment, "spec.template") or {}
    hashed = template_hash(revisions.meaning(template), get(deployment, "status.collisionCount"))
    template = put(template, ("metadata", "labels", revisions.HASH_LABEL), hashed)
    spec: Object = {
        "replicas": sizes.new_size(deployment, others, None),
        "selector": put(get(deployment, "spec.selector") or {}, ("matchLabels", revisions.HASH_LABEL), hashed),
        "template": template,
    }
    if get(deployment, "spec.minReadySeconds"):
        spec["minReadySeconds"] = deployment["spec"]["minReadySeconds"]
    bare: Object = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": f"{name(deployment)}-{hashed}",
            "namespace": namespace(deployment),
            "labels": template["metadata"]["labels"],
            "ownerReferences": [owner_reference(deployment)],
        },
        "spec": spec,
    }
    wanted = sizes.replicas(deployment)
    annotated = revisions.annotate_new(deployment, bare, number)
    return revisions.with_sizes(annotated, wanted, wanted + sizes.max_surge(deployment))


def name_taken(deployment: Object, existing: Object | None) -> tuple[Update, ...]:
    """What to do when the wanted name is taken: nothing if by our own ReplicaSet, else count the collision."""
    if existing is not None and is_ours(deployment, existing):
        return ()
    count = (get(deployment, "status.collisionCount") or 0) + 1
    because = "another ReplicaSet has the name made from this template: take the collision into the hash"
    return (Update(put(deployment, "status.collisionCount", count), "status", because),)


def is_ours(deployment: Object, replica_set: Object) -> bool:
    """Whether a ReplicaSet belongs to the Deployment and has its template."""
    owned = any(
        owner.get("controller") and owner.get("uid") == uid(deployment)
        for owner in get(replica_set, "metadata.ownerReferences") or ()
    )
    return owned and revisions.find_new(deployment, [replica_set]) is not None


# -- scaling -------------------------------------------------------------------------------------------------------


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
    if get(deployment, "spec.paused") and not _sync_revision(draft, replica_sets):
        return
    old = revisions.old_ones(newest, replica_sets)
    _share_out(draft, newest, old)
    if get(deployment, "spec.paused"):
        _clean_up(draft, old)
    _status(draft, progress.counted(deployment, _all(old, newest), newest, draft.now_ms))


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
        for replica_set, size in sizes.shares(deployment, revisions.active(_all(old, newest))):
            draft.scale(replica_set, size, f"the Deployment was scaled to {wanted} in the middle of a rollout")


def _active_or_latest(newest: Object | None, old: list[Object]) -> Object | None:
    """The only ReplicaSet with replicas; if none has any, the new one or the youngest old one."""
    running = revisions.active(_all(old, newest))
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


# -- rolling -------------------------------------------------------------------------------------------------------


def _roll(draft: Draft, replica_sets: list[Object]) -> None:
    """One step of a rolling update: up if there is room, else down if enough pods are available."""
    deployment = draft.deployment
    newest = revisions.find_new(deployment, replica_sets)
    if newest is None:
        _create_new(draft, replica_sets)
        return
    old = revisions.old_ones(newest, replica_sets)
    everything = _all(old, newest)
    moved = _grow(draft, everything, newest) or _shrink(draft, everything, old, newest)
    if not moved and progress.is_complete(deployment, get(deployment, "status") or {}):
        _clean_up(draft, old)
    _rollout_status(draft, everything, newest)


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


# -- recreating ----------------------------------------------------------------------------------------------------


def _recreate(draft: Draft, replica_sets: list[Object], pods_of: Mapping[str, Sequence[Object]]) -> None:
    """Everything old down, and only when no old pod is left the new one up."""
    deployment = draft.deployment
    newest = revisions.find_new(deployment, replica_sets)
    old = revisions.old_ones(newest, replica_sets)
    everything = _all(old, newest)
    stopped = [draft.scale(rs, 0, "Recreate: all old pods go first") for rs in revisions.active(old)]
    if any(stopped) or _old_pods_run(newest, old, pods_of):
        _rollout_status(draft, everything, newest)
        return
    if newest is None:
        _create_new(draft, replica_sets)
        return
    draft.scale(newest, sizes.replicas(deployment), "Recreate: no old pod is left")
    if progress.is_complete(deployment, get(deployment, "status") or {}):
        _clean_up(draft, old)
    _rollout_status(draft, everything, newest)


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


# -- status --------------------------------------------------------------------------------------------------------


def _note_pause(draft: Draft) -> None:
    """Pausing suspends the progress deadline, resuming starts it anew; both are written into the condition."""
    deployment = draft.deployment
    if not progress.has_deadline(deployment):
        return
    reason = (condition(deployment, "Progressing") or {}).get("reason")
    if reason == progress.TIMED_OUT:
        return
    paused = bool(get(deployment, "spec.paused"))
    if paused == (reason == progress.PAUSED):
        return
    new, text = (progress.PAUSED, "is paused") if paused else (progress.RESUMED, "is resumed")
    entry = progress.entry("Progressing", "Unknown", new, f"Deployment {text}", draft.now_ms)
    status = progress.with_condition(get(deployment, "status") or {}, entry)
    draft.write_status(put(deployment, "status", status), f"the Deployment {text}")
    draft.deployment = put(deployment, "status", status)


def _status_only(draft: Draft, replica_sets: list[Object]) -> None:
    newest = revisions.find_new(draft.deployment, replica_sets)
    if not _sync_revision(draft, replica_sets):
        return
    old = revisions.old_ones(newest, replica_sets)
    _status(draft, progress.counted(draft.deployment, _all(old, newest), newest, draft.now_ms))


def _rollout_status(draft: Draft, everything: list[Object], newest: Object | None) -> None:
    deployment = draft.deployment
    status = progress.rolled_out(deployment, everything, newest, draft.now_ms)
    if not _status(draft, status):
        wait_ms = progress.look_again_ms(deployment, status, draft.now_ms)
        if wait_ms is not None:
            draft.look_again(wait_ms, "the progress deadline is over by then")


def _status(draft: Draft, status: Object) -> bool:
    """Write the status if it says anything new; returns whether it does."""
    if (get(draft.deployment, "status") or {}) == status:
        return False
    counts = ", ".join(f"{status.get(f'{word}Replicas', 0)} {word}" for word in ("updated", "ready", "available"))
    because = f"{sizes.replicas(draft.deployment)} replicas wanted; {counts}: say so in the status"
    draft.write_status(put(draft.deployment, "status", status), because)
    return True


def _clean_up(draft: Draft, old: list[Object]) -> None:
    limit = get(draft.deployment, "spec.revisionHistoryLimit")
    for replica_set in revisions.to_clean_up(old, None if limit == 2**31 - 1 else limit):
        draft.delete(replica_set)


def _all(old: list[Object], newest: Object | None) -> list[Object]:
    return old if newest is None else [*old, newest]
