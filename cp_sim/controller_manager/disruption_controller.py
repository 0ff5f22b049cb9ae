"""The actor `disruption-controller`: from changes of pods to the budgets that count them."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Plan
from cp_sim.controller_manager import disruption
from cp_sim.controller_manager.deployment.sizes import replicas
from cp_sim.controller_manager.disruption import Scale
from cp_sim.controller_manager.indexes import by_label, selected
from cp_sim.objects.kinds import UnknownKind, find
from cp_sim.objects.meta import controller_of, key, labels, name, namespace, uid
from cp_sim.objects.selectors import matches

Object = dict[str, Any]

_POD = "pod "  # before the key of a pod that is to be looked at again

_DEPLOYMENTS = "deployments.apps"
_OWNERS = {
    "ReplicaSet": "replicasets.apps",
    "ReplicationController": "replicationcontrollers",
    "StatefulSet": "statefulsets.apps",
}


class DisruptionController(Controller):
    """Keeps the status of every PodDisruptionBudget true, so that evictions can be judged by it.

    *In Kubernetes:* `disruption-controller` in kube-controller-manager.
    """

    resource = "poddisruptionbudgets.policy"

    def __init__(self, informers: Informers) -> None:
        super().__init__("disruption-controller", informers, event_source="controllermanager")

    def setup(self) -> None:
        self.budgets = self.informers.of(self.resource).on_change(self, "budget_changed")
        self.pods = self.informers.of("pods").index("label", by_label).on_change(self, "pod_changed")
        self.owners = {kind: self.informers.of(resource) for kind, resource in _OWNERS.items()}
        self.deployments = self.informers.of(_DEPLOYMENTS)

    def budget_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A budget came or changed."""
        if change != "DELETED":
            self.enqueue(key(new))

    def pod_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A pod came, changed or went: the budgets that count it, or did, have to look."""
        for budget in self.budgets.list(namespace(new)):
            selector = (budget.get("spec") or {}).get("selector")
            if matches(selector, labels(new)) or (old is not None and matches(selector, labels(old))):
                self.enqueue(key(budget))
        if change != "DELETED" and disruption.may_become_stale(new):
            self.enqueue(f"{_POD}{key(new)}")

    def reconcile(self, key_: str) -> Plan:
        now_ms = self.loop.clock.now_ms
        if key_.startswith(_POD):
            pod = self.pods.get(key_.removeprefix(_POD))
            return disruption.stale_condition(pod, now_ms) if pod is not None else NOTHING
        budget = self.budgets.get(key_)
        if budget is None:
            return NOTHING
        selector = (budget.get("spec") or {}).get("selector")
        candidates = selected(self.pods, namespace(budget), (selector or {}).get("matchLabels") or {})
        pods = [pod for pod in candidates if matches(selector, labels(pod))]
        return disruption.reconcile(budget, pods, self._scale(pods), now_ms)

    def _scale(self, pods: list[Object]) -> Scale:
        """The replicas that the owners of the pods ask for, each owner once; of a ReplicaSet its Deployment's."""
        wanted: dict[str, int] = {}
        unmanaged = 0
        for pod in pods:
            reference = controller_of(pod)
            if reference is None:
                unmanaged += 1
                continue
            owner = self._owner(namespace(pod), reference)
            if owner is None:
                return Scale(problem=self._why_unknown(pod, reference))
            wanted[uid(owner)] = replicas(owner)
        return Scale(sum(wanted.values()), unmanaged)

    def _owner(self, where: str, reference: Object) -> Object | None:
        informer = self.owners.get(reference["kind"])
        owner = informer.get(f"{where}/{reference['name']}") if informer is not None else None
        if owner is None or uid(owner) != reference["uid"]:
            return None
        above = controller_of(owner)
        if reference["kind"] == "ReplicaSet" and above is not None and above["kind"] == "Deployment":
            deployment = self.deployments.get(f"{where}/{above['name']}")
            return deployment if deployment is not None and uid(deployment) == above["uid"] else None
        return owner

    @staticmethod
    def _why_unknown(pod: Object, reference: Object) -> str:
        if reference["kind"] in _OWNERS:
            return f'found no controllers for pod "{name(pod)}"'
        with suppress(UnknownKind):
            return f"{find(reference['kind']).resource} does not implement the scale subresource"
        return f'found no controllers for pod "{name(pod)}"'
