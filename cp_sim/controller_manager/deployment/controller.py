"""The actor `deployment-controller`: from changes of Deployments, ReplicaSets and pods to keys, from keys to plans."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Response
from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Action, Create, Emit, Plan, Update
from cp_sim.controller_manager.deployment import newest, progress, sizes, sync
from cp_sim.controller_manager.indexes import file_owned, file_pods
from cp_sim.controller_manager.ownership import claim
from cp_sim.controller_manager.replicaset import namespace_is_ending
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import controller_of, is_deleting, key, labels, name, namespace, uid
from cp_sim.objects.selectors import matches

Object = dict[str, Any]


class DeploymentController(Controller):
    """Makes one ReplicaSet for each template of a Deployment and moves replicas from the old ones to the new one.

    *In Kubernetes:* `deployment-controller` in kube-controller-manager.
    """

    resource = "deployments"
    max_retries = 15

    def __init__(self, informers: Informers) -> None:
        super().__init__("deployment-controller", informers)

    def setup(self) -> None:
        self.deployments = self.informers.of("deployments.apps").on_change(self, "deployment_changed")
        self.replica_sets = file_owned(self.informers.of("replicasets.apps")).on_change(self, "replica_set_changed")
        self.pods = file_pods(self.informers.of("pods")).on_change(self, "pod_changed")

    # -- what wakes it -------------------------------------------------------------------------------------------------

    def deployment_changed(self, _change: str, _old: Object | None, new: Object) -> None:
        """A Deployment came, changed or went."""
        self.enqueue(key(new))

    def replica_set_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A ReplicaSet came, changed or went: its Deployment has to look, or those that might adopt it."""
        before = controller_of(old) if old is not None else None
        now = controller_of(new)
        if before is not None and before != now:
            self._enqueue_owner(new, before)
        if now is not None:
            self._enqueue_owner(new, now)
        elif change != "DELETED" and not is_deleting(new):
            if old is None or labels(old) != labels(new) or before != now:
                for deployment in self.deployments.list(namespace(new)):
                    if matches(get(deployment, "spec.selector"), labels(new)):
                        self.enqueue(key(deployment))

    def pod_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """Only Recreate waits for pods: it looks when the last one is gone."""
        if change != "DELETED":
            return
        deployment = self._deployment_of(new)
        if deployment is not None and not sizes.is_rolling(deployment):
            if not any(self._pods_of(deployment).values()):
                self.enqueue(key(deployment))

    def _enqueue_owner(self, obj: Object, reference: Object) -> None:
        deployment = self._owner(obj, reference)
        if deployment is not None:
            self.enqueue(key(deployment))

    def _owner(self, obj: Object, reference: Object) -> Object | None:
        if reference.get("kind") != "Deployment":
            return None
        deployment = self.deployments.get(f"{namespace(obj)}/{reference['name']}")
        return deployment if deployment is not None and uid(deployment) == reference.get("uid") else None

    def _deployment_of(self, pod: Object) -> Object | None:
        reference = controller_of(pod)
        if reference is None or reference.get("kind") != "ReplicaSet":
            return None
        replica_set = self.replica_sets.get(f"{namespace(pod)}/{reference['name']}")
        upper = controller_of(replica_set) if replica_set is not None else None
        return self._owner(pod, upper) if upper is not None else None

    # -- what it does --------------------------------------------------------------------------------------------------

    def reconcile(self, key_: str) -> Plan:
        deployment = self.deployments.get(key_)
        if deployment is None:
            return NOTHING
        selector = get(deployment, "spec.selector")
        candidates = self.replica_sets.where("controller", uid(deployment))
        candidates += self.replica_sets.where("orphans", namespace(deployment))
        mine = claim(deployment, candidates, "replicasets.apps", lambda rs: matches(selector, labels(rs)))
        pods = {} if sizes.is_rolling(deployment) else self._pods_of(deployment)
        return sync.reconcile(deployment, mine, pods, self.loop.clock.now_ms)

    def _pods_of(self, deployment: Object) -> dict[str, list[Object]]:
        owned = self.replica_sets.where("controller", uid(deployment))
        return {uid(replica_set): self.pods.where("controller", uid(replica_set)) for replica_set in owned}

    def failed(self, key_: str, plan: Plan, action: Action, response: Response) -> Plan | None:
        """A ReplicaSet could not be created: another one has its name, or something forbids it."""
        deployment = self.deployments.get(key_)
        if not isinstance(action, Create) or deployment is None:
            return None
        if response.body.get("reason") == "AlreadyExists":
            existing = self.replica_sets.get(key(action.object))
            return Plan(newest.name_taken(deployment, existing), "the name is taken", retry=True)
        if namespace_is_ending(response.body):
            return None
        text = f'Failed to create new replica set "{name(action.object)}": {response.body.get("message", "")}'
        actions: list[Action] = []
        if progress.has_deadline(deployment):
            entry = progress.entry("Progressing", "False", progress.CREATE_ERROR, text, self.loop.clock.now_ms)
            status = progress.with_condition(get(deployment, "status") or {}, entry)
            actions.append(Update(put(deployment, "status", status), "status", text))
        actions.append(Emit(deployment, "Warning", progress.CREATE_ERROR, text))
        return Plan(tuple(actions), text, retry=True)
