"""The actor `garbage-collector-controller`: watches everything, looks at what has lost an owner."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call, Response
from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Action, Plan
from cp_sim.controller_manager import garbagecollector
from cp_sim.controller_manager.garbagecollector import Dependent, Family
from cp_sim.controller_manager.kinds_served import collected, resource_of
from cp_sim.controller_manager.ownergraph import OwnerGraph, is_reachable, leaves_orphans, waits_for_dependents
from cp_sim.objects.kinds import KINDS
from cp_sim.objects.meta import is_deleting, key, namespace, owners, uid

Object = dict[str, Any]

LOOK_AGAIN_MS = 5_000


class GarbageCollector(Controller):
    """Deletes what has lost its owners, and finishes foreground and orphan deletions.

    Its keys are uids.  An owner that its caches do not show is asked for at the API server before anything is deleted.

    *In Kubernetes:* `garbage-collector-controller` in kube-controller-manager.
    """

    resource = "objects"
    workers = 20

    def __init__(self, informers: Informers) -> None:
        super().__init__(
            "garbage-collector-controller", informers, "system:serviceaccount:kube-system:generic-garbage-collector"
        )
        self.graph = OwnerGraph()
        self.asked: dict[str, None] = {}

    def setup(self) -> None:
        for resource in collected():
            self.informers.of(resource).on_change(_Source(self, resource), "changed")

    def subject(self, key: str) -> str:
        resource, place = self.graph.places.get(key, ("objects", key))
        return f"{resource.partition('.')[0]}/{place}"

    # -- what wakes it -------------------------------------------------------------------------------------------------

    def changed(self, resource: str, change: str, old: Object | None, new: Object) -> None:
        """Any object came, changed or went."""
        if change == "DELETED":
            self._gone(new)
            return
        fresh = old is None or uid(old) != uid(new)
        if not fresh and old is not None and old["metadata"] == new["metadata"]:
            return
        self.graph.put(resource, key(new), old, new)
        if owners(new) and (fresh or owners(new) != owners(old or {})):
            self._look_up(new)
            if not fresh or self._has_failing_owner(new):
                self.enqueue(uid(new))
            if not fresh and old is not None:
                self._enqueue_waiting(old)
        if is_deleting(new) and (fresh or old is None or not is_deleting(old) or waits_for_dependents(new)):
            self._deletion_asked_for(old, new)

    def _deletion_asked_for(self, old: Object | None, new: Object) -> None:
        if leaves_orphans(new):
            self.enqueue(uid(new))
        elif waits_for_dependents(new):
            if old is None or not waits_for_dependents(old):
                for dependent in self.graph.dependents_of(uid(new)):
                    self.enqueue(dependent)
            self.enqueue(uid(new))

    def _gone(self, obj: Object) -> None:
        for dependent in self.graph.remove(obj):
            self.enqueue(dependent)
        self._enqueue_waiting(obj)

    def _enqueue_waiting(self, obj: Object) -> None:
        """The owners that waited for this object."""
        for reference in owners(obj):
            owner = self._object(reference["uid"])
            if owner is not None and waits_for_dependents(owner):
                self.enqueue(reference["uid"])

    def _has_failing_owner(self, obj: Object) -> bool:
        for reference in owners(obj):
            owner = self._object(reference["uid"])
            if owner is None or waits_for_dependents(owner) or not is_reachable(namespace(owner), obj):
                return True
        return False

    # -- owners that nobody has seen ---------------------------------------------------------------------------------

    def _look_up(self, obj: Object) -> None:
        for reference in self.graph.unknown_owners(obj):
            if reference["uid"] in self.asked:
                continue
            resource = resource_of(reference.get("apiVersion", ""), reference.get("kind", ""))
            if not resource:
                continue  # a kind that does not exist: the object is left alone
            self.asked[reference["uid"]] = None
            inside = namespace(obj) if KINDS[resource].namespaced else ""
            self.api.send(Call("get", resource, inside, reference["name"]), "owner_found", reference["uid"])

    def owner_found(self, owner: str, response: Response) -> None:
        """The answer about an owner that the caches did not show."""
        self.asked.pop(owner, None)
        if response.status == 404 or (response.ok and uid(response.body) != owner):
            if owner not in self.graph.places:
                self.graph.absent[owner] = None
            for dependent in self.graph.dependents_of(owner):
                self.enqueue(dependent)
        elif not response.status or response.status >= 500:
            self.api.later(LOOK_AGAIN_MS, self, "look_again", owner)

    def look_again(self, owner: str) -> None:
        """Nobody could say whether the owner is there: ask once more."""
        for dependent in self.graph.dependents_of(owner):
            found = self._object(dependent)
            if found is not None:
                self._look_up(found)

    # -- what it does --------------------------------------------------------------------------------------------------

    def reconcile(self, key_: str) -> Plan:
        obj = self._object(key_)
        if obj is None:
            return NOTHING
        resource, _ = self.graph.places[key_]
        dependents = []
        for dependent in self.graph.dependents_of(key_):
            found = self._object(dependent)
            if found is not None:
                dependents.append(Dependent(self.graph.places[dependent][0], found))
        return garbagecollector.reconcile(resource, obj, Family(self._owners(obj), tuple(dependents)))

    def _owners(self, obj: Object) -> dict[str, Object | None]:
        known: dict[str, Object | None] = {}
        for reference in owners(obj):
            owner = self._object(reference["uid"])
            if owner is not None:
                known[reference["uid"]] = owner if is_reachable(namespace(owner), obj) else None
            elif reference["uid"] in self.graph.absent:
                known[reference["uid"]] = None
        return known

    def _object(self, own: str) -> Object | None:
        place = self.graph.places.get(own)
        if place is None:
            return None
        found = self.informers.of(place[0]).get(place[1])
        return found if found is not None and uid(found) == own else None

    def failed(self, _key: str, _plan: Plan, action: Action, response: Response) -> Plan | None:
        """Somebody was faster (the object is gone, or another one): nothing to retry, the change is on its way."""
        return NOTHING if response.status == 404 else None


class _Source:
    """Tells the collector from which resource a change comes."""

    def __init__(self, collector: GarbageCollector, resource: str) -> None:
        self.collector = collector
        self.resource = resource

    def changed(self, change: str, old: Object | None, new: Object) -> None:
        self.collector.changed(self.resource, change, old, new)
