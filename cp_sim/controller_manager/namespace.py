"""Deletion of a namespace: first its pods, then everything else, then the namespace itself.

*In Kubernetes:* `namespace-controller`, `pkg/controller/namespace/deletion/namespaced_resources_deleter.go` and
`status_condition_utils.go`; pods come first since OrderedNamespaceDeletion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from cp_sim.client.plan import Action, Delete, Later, Plan, Together, Update
from cp_sim.controller_manager.times import timestamp
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import finalizers, name, namespace

Object = dict[str, Any]

# After the deletion was asked for, the API servers get this time to notice it before the contents are deleted.
GRACE_MS = 5_000
FINALIZER_ESTIMATE_S = 15
DEFAULT_POD_GRACE_S = 30

FINE = {
    "NamespaceDeletionDiscoveryFailure": ("ResourcesDiscovered", "All resources successfully discovered"),
    "NamespaceDeletionGroupVersionParsingFailure": ("ParsedGroupVersions", "All legacy kube types successfully parsed"),
    "NamespaceDeletionContentFailure": (
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    "NamespaceContentRemaining": ("ContentRemoved", "All content successfully removed"),
    "NamespaceFinalizersRemaining": ("ContentHasNoFinalizers", "All content-preserving finalizers finished"),
}


def reconcile(subject: Object, contents: Mapping[str, Sequence[Object]], now_ms: int) -> Plan:
    """What to do about a namespace that is being deleted; `contents` are its objects by resource."""
    pods = contents.get("pods") or ()
    if pods:
        return _pods_first(pods)
    everything = [(resource, obj) for resource, objects in contents.items() for obj in objects]
    held = [(resource, obj) for resource, obj in everything if finalizers(obj)]
    actions: list[Action] = []
    if everything:
        actions.append(Together(tuple(_delete(resource, obj) for resource, obj in everything)))
    updated = with_conditions(subject, held, now_ms)
    if updated is not subject:
        actions.append(Update(updated, "status", "tell what is left"))
    observed = dict(Counter(resource for resource, _ in everything))
    if held:
        wait_ms = (FINALIZER_ESTIMATE_S // 2 + 1) * 1000
        actions.append(Later(wait_ms, "finalizers hold some objects back", background=True))
        because = f"{len(everything)} objects deleted, {len(held)} of them wait for their finalizers"
        return Plan(tuple(actions), because, observed, {"objects": 0})
    because = f"{len(everything)} objects deleted, then nothing is left in {name(subject)}"
    return Plan(tuple(actions), because, observed, {"objects": 0}, on_done="emptied")


def _pods_first(pods: Sequence[Object]) -> Plan:
    because = f"{len(pods)} pods go first; nothing else is deleted before they are gone"
    deletions = Together(tuple(_delete("pods", pod) for pod in pods))
    return Plan((deletions,), because, {"pods": len(pods)}, {"pods": 0}, on_done="pods_asked_to_go")


def wait_for_pods(subject: Object, pods: Sequence[Object], now_ms: int) -> Plan:
    """The deletion of `pods` was asked for and they are still there: tell so, and come back when they may be gone."""
    actions: list[Action] = []
    updated = with_conditions(subject, [], now_ms)
    if updated is not subject:
        actions.append(Update(updated, "status", "tell what is left"))
    grace_s = max((_grace_s(pod) for pod in pods), default=0)
    estimate_s = grace_s or FINALIZER_ESTIMATE_S
    actions.append(Later((estimate_s // 2 + 1) * 1000, "pods get their time to end", background=True))
    return Plan(tuple(actions), f"{len(pods)} pods are still there", {"pods": len(pods)}, {"pods": 0})


def _grace_s(pod: Object) -> int:
    if get(pod, "status.phase") in ("Succeeded", "Failed"):
        return 0
    grace_s = get(pod, "spec.terminationGracePeriodSeconds")
    return DEFAULT_POD_GRACE_S if grace_s is None else int(grace_s)


def _delete(resource: str, obj: Object) -> Delete:
    return Delete(resource, namespace(obj), name(obj), because=f"its namespace {namespace(obj)} is being deleted")


def finalize(subject: Object) -> Plan:
    """Nothing is left: take away the finalizer `kubernetes`, and the namespace is gone."""
    left = [entry for entry in get(subject, "spec.finalizers") or () if entry != "kubernetes"]
    because = f"{name(subject)} is empty"
    return Plan((Update(put(subject, "spec.finalizers", left), "finalize", because),), because)


# -- conditions ----------------------------------------------------------------------------------------------------


def with_conditions(subject: Object, held: Sequence[tuple[str, Object]], now_ms: int) -> Object:
    """The namespace with its five conditions brought up to date; itself if they say so already."""
    wanted = {type_: ("False", *words) for type_, words in FINE.items()}
    if held:
        wanted["NamespaceContentRemaining"] = ("True", "SomeResourcesRemain", _remaining(held))
        wanted["NamespaceFinalizersRemaining"] = ("True", "SomeFinalizersRemain", _finalizers_left(held))
    conditions = list(get(subject, "status.conditions") or ())
    changed = False
    for type_, (status, reason, message) in wanted.items():
        before = next((entry for entry in conditions if entry["type"] == type_), None)
        if before is not None and all(
            before.get(field) == value
            for field, value in (("status", status), ("reason", reason), ("message", message))
        ):
            continue
        since = timestamp(now_ms)
        if before is not None and before["status"] == status:
            since = before["lastTransitionTime"]
        entry = {"type": type_, "status": status, "lastTransitionTime": since, "reason": reason, "message": message}
        conditions = [entry if one is before else one for one in conditions] if before else [*conditions, entry]
        changed = True
    return put(subject, "status.conditions", conditions) if changed else subject


def _remaining(held: Sequence[tuple[str, Object]]) -> str:
    counts = Counter(resource if "." in resource else f"{resource}." for resource, _ in held)
    parts = ", ".join(f"{resource} has {count} resource instances" for resource, count in sorted(counts.items()))
    return f"Some resources are remaining: {parts}"


def _finalizers_left(held: Sequence[tuple[str, Object]]) -> str:
    counts = Counter(entry for _, obj in held for entry in finalizers(obj))
    parts = ", ".join(f"{entry} in {count} resource instances" for entry, count in sorted(counts.items()))
    return f"Some content in the namespace has finalizers remaining: {parts}"
