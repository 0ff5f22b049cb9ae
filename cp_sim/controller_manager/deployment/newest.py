"""The ReplicaSet for the Deployment's present template: finding it, making it, naming it.

*In Kubernetes:* `getNewReplicaSet` in `pkg/controller/deployment/sync.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.client.plan import Update
from cp_sim.controller_manager.deployment import progress, revisions, sizes
from cp_sim.controller_manager.deployment.draft import Draft
from cp_sim.controller_manager.deployment.hash import template_hash
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import annotations as annotations_of
from cp_sim.objects.meta import condition, name, namespace, owner_reference, uid

Object = dict[str, Any]


def sync_revision(draft: Draft, replica_sets: list[Object]) -> bool:
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


def create_new(draft: Draft, replica_sets: list[Object]) -> None:
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
    """What to do when the wanted name is taken: nothing if by our own ReplicaSet, or if nobody has told us yet by whose
    (then it is tried again); else count the collision.

    Source: kubernetes `pkg/controller/deployment/sync.go`, getNewReplicaSet.
    """
    if existing is None or is_ours(deployment, existing):
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
