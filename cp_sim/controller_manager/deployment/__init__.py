"""Deployment: one ReplicaSet for each pod template, and the change from the old ones to the new one.

`sync.py` holds the idea (what to do now), `newest.py` and `rollout.py` its two halves, `sizes.py` the arithmetic of
surge and unavailability, `revisions.py` which ReplicaSet is which, `progress.py` and `telling.py` the status, `hash.py`
the names, `draft.py` a plan in the making, `controller.py` the actor.

*In Kubernetes:* `deployment-controller` in kube-controller-manager, `pkg/controller/deployment`.
"""

from cp_sim.controller_manager.deployment.controller import DeploymentController
from cp_sim.controller_manager.deployment.sync import reconcile

__all__ = ["DeploymentController", "reconcile"]
