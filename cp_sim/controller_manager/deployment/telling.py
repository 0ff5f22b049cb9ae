"""What every sync ends with: the status, and tidying up.

*In Kubernetes:* `syncRolloutStatus`, `syncDeploymentStatus`, `cleanupDeployment` in `pkg/controller/deployment`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.controller_manager.deployment import progress, revisions, sizes
from cp_sim.controller_manager.deployment.draft import Draft
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import condition

Object = dict[str, Any]


def note_pause(draft: Draft) -> None:
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


def rollout_status(draft: Draft, everything: list[Object], newest: Object | None) -> None:
    """Write the whole status if it says anything new; else come back when the progress deadline is over."""
    deployment = draft.deployment
    status = progress.rolled_out(deployment, everything, newest, draft.now_ms)
    if not write_status(draft, status):
        wait_ms = progress.look_again_ms(deployment, status, draft.now_ms)
        if wait_ms is not None:
            draft.look_again(wait_ms, "the progress deadline is over by then")


def write_status(draft: Draft, status: Object) -> bool:
    """Write the status if it says anything new; returns whether it does."""
    if (get(draft.deployment, "status") or {}) == status:
        return False
    counts = ", ".join(f"{status.get(f'{word}Replicas', 0)} {word}" for word in ("updated", "ready", "available"))
    because = f"{sizes.replicas(draft.deployment)} replicas wanted; {counts}: say so in the status"
    draft.write_status(put(draft.deployment, "status", status), because)
    return True


def clean_up(draft: Draft, old: list[Object]) -> None:
    """Delete old ReplicaSets beyond the history limit."""
    limit = get(draft.deployment, "spec.revisionHistoryLimit")
    for replica_set in revisions.to_clean_up(old, None if limit == 2**31 - 1 else limit):
        draft.delete(replica_set)


def all_of(old: list[Object], newest: Object | None) -> list[Object]:
    """The old ReplicaSets and the new one, if there is one."""
    return old if newest is None else [*old, newest]
