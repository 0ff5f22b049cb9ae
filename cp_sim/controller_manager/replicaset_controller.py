"""The actors `replicaset-controller` and `replicationcontroller-controller`."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Response
from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Action, Plan
from cp_sim.controller_manager import replicaset
from cp_sim.controller_manager.indexes import file_owned, file_pods
from cp_sim.controller_manager.ownership import Claim, claim
from cp_sim.controller_manager.pods import is_terminating
from cp_sim.controller_manager.replicaset import Flavour
from cp_sim.objects.edit import get
from cp_sim.objects.meta import controller_of, is_active, is_deleting, is_ready, key, labels, namespace, uid
from cp_sim.objects.selectors import matches

Object = dict[str, Any]


class ReplicaSetController(Controller):
    """Creates and deletes pods until every ReplicaSet has as many as it asks for.

    *In Kubernetes:* `replicaset-controller` in kube-controller-manager.
    """

    flavour: Flavour = replicaset.REPLICA_SET
    resource = "replicasets"

    controller_name = "replicaset-controller"
    account = "replicaset-controller"  # also the source of its Events

    def __init__(self, informers: Informers) -> None:
        super().__init__(
            self.controller_name, informers, f"system:serviceaccount:kube-system:{self.account}", self.account
        )

    def setup(self) -> None:
        self.owners = file_owned(self.informers.of(self.flavour.resource)).on_change(self, "owner_changed")
        self.pods = file_pods(self.informers.of("pods")).on_change(self, "pod_changed")

    # -- what wakes it -------------------------------------------------------------------------------------------------

    def owner_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A ReplicaSet came, changed or went."""
        if change == "DELETED":
            self.expectations.forget(key(new))
        self.enqueue(key(new))

    def pod_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A pod came, changed or went: its ReplicaSet has to look, or those that might adopt it."""
        if change == "DELETED" or is_deleting(new):
            self._gone(new)
            if old is not None and labels(old) != labels(new):
                self._gone(old)
            return
        before = controller_of(old) if old is not None else None
        now = controller_of(new)
        if before is not None and before != now and (former := self._owner(new, before)):
            self.enqueue(key(former))
        if now is not None:
            if owner := self._owner(new, now):
                self._owned_pod_changed(change, old, new, owner)
        elif old is None or labels(old) != labels(new) or before != now:
            for owner in self._would_adopt(new):
                self.enqueue(key(owner))

    def _owned_pod_changed(self, change: str, old: Object | None, new: Object, owner: Object) -> None:
        if change == "ADDED":
            self.expectations.created(key(owner))
        self.enqueue(key(owner))
        min_ready_s = get(owner, "spec.minReadySeconds") or 0
        if min_ready_s and old is not None and is_ready(new) and not is_ready(old):
            self.enqueue(key(owner), (min_ready_s + 1) * 1000)

    def _gone(self, pod: Object) -> None:
        reference = controller_of(pod)
        if reference and (owner := self._owner(pod, reference)):
            self.expectations.deleted(key(owner), key(pod))
            self.enqueue(key(owner))

    def _owner(self, pod: Object, reference: Object) -> Object | None:
        """The ReplicaSet that a reference means, if it is one and still the same one."""
        if reference.get("kind") != self.flavour.kind:
            return None
        owner = self.owners.get(f"{namespace(pod)}/{reference['name']}")
        return owner if owner is not None and uid(owner) == reference.get("uid") else None

    def _would_adopt(self, pod: Object) -> list[Object]:
        return [owner for owner in self.owners.list(namespace(pod)) if self._matches(owner, pod)]

    def _matches(self, owner: Object, pod: Object) -> bool:
        return matches(get(owner, "spec.selector"), labels(pod))

    # -- what it does --------------------------------------------------------------------------------------------------

    def reconcile(self, key_: str) -> Plan:
        owner = self.owners.get(key_)
        if owner is None:
            self.expectations.forget(key_)
            return NOTHING
        mine, terminating = self._pods_of(owner)
        related = self._related(owner) if len(mine.claimed) > replicaset.replicas(owner) else []
        return replicaset.reconcile(
            owner,
            mine,
            terminating,
            related,
            self.loop.clock.now_ms,
            flavour=self.flavour,
            may_act=self.expectations.satisfied(key_, self.loop.clock),
        )

    def _pods_of(self, owner: Object) -> tuple[Claim, int]:
        """The active pods that it claims, and how many of its pods are terminating."""
        owned = self.pods.where("controller", uid(owner))
        candidates = owned + self.pods.where("orphans", namespace(owner))
        selector = get(owner, "spec.selector")
        active = [pod for pod in candidates if is_active(pod)]
        mine = claim(owner, active, "pods", lambda pod: self._selects(selector, pod))
        return mine, sum(is_terminating(pod) for pod in owned)

    def _selects(self, selector: Any, pod: Object) -> bool:
        return matches(selector, labels(pod))

    def _related(self, owner: Object) -> list[Object]:
        """The pods of all ReplicaSets of the same Deployment."""
        reference = controller_of(owner)
        siblings = self.owners.where("controller", reference["uid"]) if reference else [owner]
        return [pod for sibling in siblings for pod in self.pods.where("controller", uid(sibling))]

    def answered(self, key_: str, action: Action, response: Response) -> None:
        """Write the Event about a pod created or deleted."""
        owner = self.owners.get(key_)
        if owner is not None:
            event = replicaset.event_of(owner, action, response.body, response.ok)
            if event is not None:
                self.recorder.emit(event.object, event.type, event.reason, event.message)

    def failed(self, key_: str, plan: Plan, action: Action, response: Response) -> Plan | None:
        """Say in the status that pods could not be created; try again later."""
        owner = self.owners.get(key_)
        if owner is None:
            return NOTHING
        mine, terminating = self._pods_of(owner)
        return replicaset.after_failed(
            owner, mine.claimed, terminating, self.loop.clock.now_ms, action, response, self.flavour
        )


class ReplicationControllerController(ReplicaSetController):
    """The same for ReplicationControllers, whose selector is a plain map.

    *In Kubernetes:* `replicationcontroller-controller`, which converts and runs the ReplicaSet's code.
    """

    flavour = replicaset.REPLICATION_CONTROLLER
    resource = "replicationcontrollers"

    controller_name = "replicationcontroller-controller"
    account = "replication-controller"

    def _matches(self, owner: Object, pod: Object) -> bool:
        return self._selects(get(owner, "spec.selector"), pod)

    def _selects(self, selector: Any, pod: Object) -> bool:
        return bool(selector) and selector.items() <= labels(pod).items()
