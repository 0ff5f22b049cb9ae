"""Who depends on whom: the graph that the garbage collector keeps of all owner references.

*In Kubernetes:* `pkg/controller/garbagecollector/graph.go` and `graph_builder.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects.meta import finalizers, is_deleting, namespace, owners, uid

Object = dict[str, Any]

FOREGROUND, ORPHAN = "foregroundDeletion", "orphan"


def waits_for_dependents(obj: Object) -> bool:
    """Whether the object is being deleted in the foreground: it goes after those that depend on it."""
    return is_deleting(obj) and FOREGROUND in finalizers(obj)


def leaves_orphans(obj: Object) -> bool:
    """Whether the object is being deleted and its dependents are to stay."""
    return is_deleting(obj) and ORPHAN in finalizers(obj)


class OwnerGraph:
    """All objects by uid, and by the uid of each owner those that depend on it."""

    def __init__(self) -> None:
        self.places: dict[str, tuple[str, str]] = {}  # uid -> (resource, key)
        self.dependents: dict[str, dict[str, None]] = {}  # uid of the owner -> uids
        self.absent: dict[str, None] = {}  # uids of which it is known that they do not exist (any more)

    def put(self, resource: str, key: str, old: Object | None, new: Object) -> None:
        """An object came or changed."""
        own = uid(new)
        self.places[own] = (resource, key)
        self.absent.pop(own, None)
        if old is not None and owners(old) == owners(new) and uid(old) == own:
            return
        if old is not None:
            self._unlink(old)
        for owner in owners(new):
            self.dependents.setdefault(owner["uid"], {})[own] = None

    def remove(self, obj: Object) -> list[str]:
        """An object went; returns the uids of those that depended on it."""
        own = uid(obj)
        self.places.pop(own, None)
        self._unlink(obj)
        left = list(self.dependents.get(own, ()))
        if left:
            self.absent[own] = None
        return left

    def _unlink(self, obj: Object) -> None:
        for owner in owners(obj):
            filed = self.dependents.get(owner["uid"])
            if filed is not None:
                filed.pop(uid(obj), None)
                if not filed:
                    del self.dependents[owner["uid"]]
                    self.absent.pop(owner["uid"], None)

    def dependents_of(self, owner: str) -> list[str]:
        """The uids of those that name this uid as an owner."""
        return list(self.dependents.get(owner, ()))

    def unknown_owners(self, obj: Object) -> list[Object]:
        """The owner references to objects that have not been seen and are not known to be absent."""
        return [ref for ref in owners(obj) if ref["uid"] not in self.places and ref["uid"] not in self.absent]


def is_reachable(reference_namespace: str, dependent: Object) -> bool:
    """Whether an owner in that namespace can own this object: it must be in the same one, or in none."""
    return reference_namespace in ("", namespace(dependent))
