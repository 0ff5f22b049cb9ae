"""The actor `namespace-controller`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.apiserver.request import Response
from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Later, Plan
from cp_sim.controller_manager import namespace
from cp_sim.controller_manager.kinds_served import namespaced
from cp_sim.objects.edit import get
from cp_sim.objects.meta import is_deleting, key, name

Object = dict[str, Any]


class NamespaceController(Controller):
    """Empties namespaces that are being deleted, then lets them go.

    It starts five seconds after the deletion was asked for, and comes back as long as something is left.

    *In Kubernetes:* `namespace-controller` in kube-controller-manager.
    """

    resource = "namespaces"
    workers = 10

    def __init__(self, informers: Informers) -> None:
        super().__init__("namespace-controller", informers)

    def setup(self) -> None:
        for resource in namespaced():
            self.informers.of(resource)
        self.namespaces = self.informers.of("namespaces").on_change(self, "changed")

    def changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A namespace came or changed; only those that are being deleted matter."""
        if change != "DELETED" and is_deleting(new):
            self.enqueue(key(new), namespace.GRACE_MS)

    def reconcile(self, key_: str) -> Plan:
        subject = self.namespaces.get(key_)
        if subject is None or not is_deleting(subject) or not get(subject, "spec.finalizers"):
            return NOTHING
        return namespace.reconcile(subject, self._contents(key_), self.loop.clock.now_ms)

    def _contents(self, inside: str) -> dict[str, list[Object]]:
        contents = {resource: self.informers.of(resource).list(inside) for resource in namespaced()}
        return {resource: objects for resource, objects in contents.items() if objects}

    def pods_asked_to_go(self, key_: str, _plan: Plan, _responses: Sequence[Response]) -> Plan | None:
        """The pods were asked to go: those without a node are gone at once, for the others it waits."""
        subject = self.namespaces.get(key_)
        if subject is None:
            return NOTHING
        now_ms = self.loop.clock.now_ms
        pods = self.informers.of("pods").list(key_)
        if pods:
            return namespace.wait_for_pods(subject, pods, now_ms)
        return namespace.reconcile(subject, self._contents(key_), now_ms)

    def emptied(self, key_: str, plan: Plan, _responses: Sequence[Response]) -> Plan | None:
        """Everything was deleted; if the caches agree the namespace goes as well."""
        subject = self.namespaces.get(key_)
        if subject is None:
            return NOTHING
        deleted = {(action.resource, action.name) for group in plan.actions for action in getattr(group, "actions", ())}
        for resource, objects in self._contents(key_).items():
            if any((resource, name(obj)) not in deleted or is_deleting(obj) for obj in objects):
                return Plan((Later(1_000, "something came or stayed"),), "something is still there")
        return namespace.finalize(subject)
