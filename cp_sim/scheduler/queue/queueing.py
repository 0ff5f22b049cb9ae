"""The changes that move waiting pods, as plugins see them.

A change is named as the real scheduler's cluster events:

* `nodes/add`, `nodes/delete`, `nodes/update-allocatable`, `nodes/update-label`, `nodes/update-taint` (also when a node
  is uncordoned), `nodes/update-condition`, `nodes/update-annotation`, `nodes/update-declared-features`;
* `pods/add`, `pods/delete` of pods on nodes; `pods/update-label`, `pods/update-scale-down`, `pods/update-tolerations`,
  `pods/update-gates` (the last gate is gone) and `pods/update` (anything else) of pods on nodes and of the waiting pod
  itself;
* `services/update`, `persistentvolumes/add` and so on.

A plugin that names `nodes/update` in its `moved_by` hears every update of a node, one that names `*` everything.

*In Kubernetes:* `ClusterEvent` in k8s.io/kube-scheduler/framework/types.go, `MatchClusterEvents` in
pkg/scheduler/framework/types.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.sim import immutable

# The change that is for one pod alone, whatever has rejected it (`EventForceActivate`).
FORCED = "activate"


@immutable
class Change:
    """Something happened in the cluster that may help waiting pods; `old` and `new` are the objects."""

    kind: str
    old: Any = None
    new: Any = None


def hears(moved_by: tuple[str, ...], kind: str) -> bool:
    """Whether a change of that kind is among those that a plugin names."""
    return kind in moved_by or "*" in moved_by or kind.partition("-")[0] in moved_by


def is_own(pod: PodInfo, change: Change) -> bool:
    """Whether it is the waiting pod itself that changed."""
    return change.new is not None and (meta.uid(change.new) or meta.key(change.new)) == pod.uid


def takes_room(pod: Any) -> bool:
    """Whether a pod is on a node, or is nominated to one and counted there."""
    return bool(meta.node_name(pod) or (pod.get("status") or {}).get("nominatedNodeName"))
