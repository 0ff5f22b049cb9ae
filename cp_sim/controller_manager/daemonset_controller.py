"""The actor `daemonset-controller`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.apiserver.request import Response
from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Action, Create, Delete, Later, Plan, Update
from cp_sim.controller_manager import daemonset
from cp_sim.controller_manager import pods as podlib
from cp_sim.controller_manager.indexes import file_owned, file_pods
from cp_sim.controller_manager.ownership import claim
from cp_sim.controller_manager.replicaset import event_of
from cp_sim.objects.edit import get
from cp_sim.objects.meta import controller_of, is_deleting, key, labels, namespace, uid
from cp_sim.objects.selectors import matches

Object = dict[str, Any]


class DaemonSetController(Controller):
    """Keeps one pod of each DaemonSet on every node that it fits.

    *In Kubernetes:* `daemonset-controller` in kube-controller-manager.
    """

    resource = "daemonsets"
    workers = 2

    def __init__(self, informers: Informers) -> None:
        super().__init__("daemonset-controller", informers, "system:serviceaccount:kube-system:daemon-set-controller")

    def setup(self) -> None:
        self.sets = self.informers.of("daemonsets.apps").on_change(self, "set_changed")
        self.revisions = file_owned(self.informers.of("controllerrevisions.apps"))
        self.pods = file_pods(self.informers.of("pods")).on_change(self, "pod_changed")
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")

    def set_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A DaemonSet came, changed or went."""
        if change == "DELETED":
            self.expectations.forget(key(new))
        self.enqueue(key(new))

    def node_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A Node came, or other pods fit on it now."""
        if change == "DELETED" or (old is not None and _matters(old) == _matters(new)):
            return  # a node that goes wakes nobody: its pods will
        for owner in self.sets.list():
            self.enqueue(key(owner))

    def pod_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A pod of a DaemonSet came, changed or went."""
        reference = controller_of(new)
        if reference is None and change != "DELETED":
            for one in self.sets.list(namespace(new)):
                if matches(get(one, "spec.selector"), labels(new)):
                    self.enqueue(key(one))
        if reference is None or reference.get("kind") != "DaemonSet":
            return
        owner = self.sets.get(f"{namespace(new)}/{reference['name']}")
        if owner is None or uid(owner) != reference.get("uid"):
            return
        if change == "ADDED" and not is_deleting(new):
            self.expectations.created(key(owner))
        elif change == "DELETED" or is_deleting(new):
            self.expectations.deleted(key(owner), key(new))
        self.enqueue(key(owner))

    def reconcile(self, key_: str) -> Plan:
        owner = self.sets.get(key_)
        if owner is None:
            return NOTHING
        if is_deleting(owner):
            return Plan((), "it is being deleted: its pods are left to the garbage collector")
        adoptions = self._adoptions(owner)
        if adoptions:
            return Plan(adoptions, "what matches its selector and belongs to nobody is adopted")
        hashed, history = daemonset.revision(owner, self.revisions.where("controller", uid(owner)))
        if not self.expectations.satisfied(key_, self.loop.clock):
            return self._status(owner, hashed)
        nodes, pods = self.nodes.list(), self._pods_of(owner)
        work = daemonset.manage(owner, nodes, pods, hashed)
        if not work.creations and not work.deletions:
            work = daemonset.replace_old(owner, nodes, pods, hashed, self.loop.clock.now_ms)
            known = self.revisions.where("controller", uid(owner))
            history = (*history, *daemonset.old_revisions(owner, known, pods, hashed))
        if not work.actions and not history:
            return self._status(owner, hashed)
        return Plan(
            (*history, *work.actions),
            work.because,
            observed={"pods": sum(map(len, pods.values())), "nodes": len(nodes)},
            desired={"a pod on": sum(daemonset.belongs(owner, node)[0] for node in nodes)},
            on_done="told",
            expect_creations=len(work.creations),
            expect_deletions=tuple(key(pod) for pod in work.deletions),
        )

    def _adoptions(self, owner: Object) -> tuple[Action, ...]:
        selector, inside = get(owner, "spec.selector"), namespace(owner)
        patches: list[Action] = []
        for informer, resource in ((self.pods, "pods"), (self.revisions, "controllerrevisions.apps")):
            orphans = informer.where("orphans", inside)
            patches += claim(owner, orphans, resource, lambda one: matches(selector, labels(one))).patches
        return tuple(patches)

    def _pods_of(self, owner: Object) -> dict[str, list[Object]]:
        """Its pods by the node that they are on or meant for."""
        found: dict[str, list[Object]] = {}
        for pod in self.pods.where("controller", uid(owner)):
            found.setdefault(daemonset.target_node(pod), []).append(pod)
        return found

    def told(self, key_: str, _plan: Plan, _responses: Sequence[Response]) -> Plan | None:
        """After the pods the status, as the caches show them by then."""
        owner = self.sets.get(key_)
        if owner is None:
            return NOTHING
        hashed, _ = daemonset.revision(owner, self.revisions.where("controller", uid(owner)))
        return self._status(owner, hashed)

    def _status(self, owner: Object, hashed: str) -> Plan:
        now_ms, pods = self.loop.clock.now_ms, self._pods_of(owner)
        updated = daemonset.with_status(owner, self.nodes.list(), pods, hashed, now_ms)
        actions: list[Action] = []
        status = updated["status"]
        because = f"{status['numberReady']} of {status['desiredNumberScheduled']} nodes have a ready pod: say so"
        if updated is not owner:
            actions.append(Update(updated, "status", because))
        everybody = [pod for there in pods.values() for pod in there]
        wait_ms = podlib.next_availability_ms(everybody, get(owner, "spec.minReadySeconds") or 0, now_ms)
        if wait_ms is not None:
            actions.append(Later(wait_ms, "a ready pod becomes available by then (minReadySeconds)"))
        return Plan(tuple(actions), because)

    def answered(self, key_: str, action: Action, response: Response) -> None:
        """Write the Event about a pod created or deleted."""
        owner = self.sets.get(key_)
        is_pod = (isinstance(action, Delete) and action.resource == "pods") or (
            isinstance(action, Create) and action.object["kind"] == "Pod"
        )
        if owner is not None and is_pod:
            event = event_of(owner, action, response.body, response.ok)
            if event is not None:
                self.recorder.emit(event.object, event.type, event.reason, event.message)


def _matters(node: Object) -> tuple[Any, ...]:
    return labels(node), get(node, "spec.taints"), get(node, "spec.unschedulable")
