"""Garbage collection: what is left without an owner goes, in the order that the deletion asked for.

The idea is `reconcile` for one object: what becomes of it, given the state of its owners and dependents.

*In Kubernetes:* `pkg/controller/garbagecollector/garbagecollector.go`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.client.plan import NOTHING, Action, Delete, Patch, Plan, Together
from cp_sim.controller_manager.ownergraph import FOREGROUND, ORPHAN, leaves_orphans, waits_for_dependents
from cp_sim.objects.meta import finalizers, is_deleting, name, namespace, owners, resource_version, uid
from cp_sim.sim import immutable

Object = dict[str, Any]


@immutable
class Dependent:
    """An object that names another one as its owner, and whether things depend on itself."""

    resource: str
    object: Object


@immutable
class Family:
    """What the collector knows around one object.

    `owners` maps the uid of each owner to its object, or to None where it does not exist (any more); a uid that is
    missing is not known yet.  `dependents` are those that name this object.
    """

    owners: dict[str, Object | None]
    dependents: tuple[Dependent, ...]


def reconcile(resource: str, obj: Object, family: Family) -> Plan:
    """What to do about one object."""
    if leaves_orphans(obj):
        return _orphan(resource, obj, family.dependents)
    if waits_for_dependents(obj):
        return _foreground(resource, obj, family.dependents)
    if is_deleting(obj) or not owners(obj):
        return NOTHING
    return _judge(resource, obj, family)


def _orphan(resource: str, obj: Object, dependents: Sequence[Dependent]) -> Plan:
    """Take the owner out of its dependents, then let it go."""
    releases = tuple(_drop_owners(dep.resource, dep.object, [uid(obj)]) for dep in dependents)
    actions: list[Action] = [Together(releases)] if releases else []
    because = f"{name(obj)} goes and its {len(dependents)} dependents stay, without owner (propagation Orphan)"
    actions.append(_drop_finalizer(resource, obj, ORPHAN, because))
    return Plan(tuple(actions), because, {"dependents": len(dependents)}, {"dependents": 0})


def _foreground(resource: str, obj: Object, dependents: Sequence[Dependent]) -> Plan:
    """The owner goes when nothing blocks it any more; until then its dependents are looked at, each by itself."""
    blocking = [dep for dep in dependents if _blocks(dep.object, uid(obj))]
    if blocking:
        names = ", ".join(name(dep.object) for dep in blocking[:3])
        because = f"{name(obj)} waits for {len(blocking)} dependents to be gone: {names}"
        return Plan((), because, {"blocking": len(blocking)}, {"blocking": 0})
    because = f"nothing that blocks the deletion of {name(obj)} is left"
    return Plan((_drop_finalizer(resource, obj, FOREGROUND, because),), because)


def _blocks(dependent: Object, owner: str) -> bool:
    return any(ref["uid"] == owner and ref.get("blockOwnerDeletion") for ref in owners(dependent))


def _judge(resource: str, obj: Object, family: Family) -> Plan:
    """Whether an object may stay: as long as one owner is there and is not waiting for it to go."""
    gone, waiting, solid = [], [], []
    for reference in owners(obj):
        if reference["uid"] not in family.owners:
            return Plan((), f"whether {reference['kind']} {reference['name']} exists is being found out")
        owner = family.owners[reference["uid"]]
        if owner is None:
            gone.append(reference)
        elif waits_for_dependents(owner):
            waiting.append(reference)
        else:
            solid.append(reference)
    if solid:
        if not gone and not waiting:
            return NOTHING
        because = f"{name(obj)} keeps {_names(solid)} and loses {_names(gone + waiting)}"
        return Plan((_drop_owners(resource, obj, [ref["uid"] for ref in gone + waiting], because),), because)
    if waiting and family.dependents:
        because = f"{_names(waiting)} waits for {name(obj)} to go; it has dependents of its own, so they go first"
        return Plan((_delete(resource, obj, "Foreground", because),), because)
    because = f"{_names(gone + waiting)} is gone or going: {name(obj)} has no owner left"
    return Plan((_delete(resource, obj, _propagation(obj), because),), because)


def _propagation(obj: Object) -> str:
    """As the finalizers on the object ask for."""
    if ORPHAN in finalizers(obj):
        return "Orphan"
    return "Foreground" if FOREGROUND in finalizers(obj) else "Background"


def _names(references: Sequence[Object]) -> str:
    return ", ".join(f"{ref['kind']} {ref['name']}" for ref in references)


def _delete(resource: str, obj: Object, propagation: str, because: str) -> Delete:
    return Delete(resource, namespace(obj), name(obj), uid(obj), propagation=propagation, because=because)


def _drop_owners(resource: str, obj: Object, uids: Sequence[str], because: str = "its owner is gone") -> Patch:
    """Take these owners out, if the object is still the same."""
    left = [ref for ref in owners(obj) if ref["uid"] not in uids]
    patch: Object = {
        "metadata": {"ownerReferences": left or None, "uid": uid(obj), "resourceVersion": resource_version(obj)}
    }
    return Patch(resource, namespace(obj), name(obj), patch, "merge", because=because)


def _drop_finalizer(resource: str, obj: Object, finalizer: str, because: str) -> Patch:
    left = [entry for entry in finalizers(obj) if entry != finalizer]
    patch = {"metadata": {"finalizers": left or None, "resourceVersion": resource_version(obj)}}
    return Patch(resource, namespace(obj), name(obj), patch, "merge", because=because)
