"""The actor `disruption-controller`: from changes of pods to the budgets that count them."""

from __future__ import annotations

from typing import Any

from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Plan
from cp_sim.controller_manager import disruption
from cp_sim.controller_manager.deployment.sizes import replicas
from cp_sim.controller_manager.indexes import by_label, selected
from cp_sim.objects.meta import controller_of, key, labels, namespace, uid
from cp_sim.objects.selectors import matches

Object = dict[str, Any]

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

    def budget_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A budget came or changed."""
        if change != "DELETED":
            self.enqueue(key(new))

    def pod_changed(self, _change: str, old: Object | None, new: Object) -> None:
        """A pod came, changed or went: the budgets that count it, or did, have to look."""
        for budget in self.budgets.list(namespace(new)):
            selector = (budget.get("spec") or {}).get("selector")
            if matches(selector, labels(new)) or (old is not None and matches(selector, labels(old))):
                self.enqueue(key(budget))

    def reconcile(self, key_: str) -> Plan:
        budget = self.budgets.get(key_)
        if budget is None:
            return NOTHING
        selector = (budget.get("spec") or {}).get("selector")
        candidates = selected(self.pods, namespace(budget), (selector or {}).get("matchLabels") or {})
        pods = [pod for pod in candidates if matches(selector, labels(pod))]
        return disruption.reconcile(budget, pods, self._scale(pods), self.loop.clock.now_ms)

    def _scale(self, pods: list[Object]) -> int:
        """The replicas that the owners of the pods ask for, each owner once."""
        wanted: dict[str, int] = {}
        for pod in pods:
            reference = controller_of(pod)
            informer = self.owners.get(reference["kind"]) if reference else None
            if reference is None or informer is None:
                continue
            owner = informer.get(f"{namespace(pod)}/{reference['name']}")
            if owner is not None and uid(owner) == reference["uid"]:
                wanted[uid(owner)] = replicas(owner)
        return sum(wanted.values())
