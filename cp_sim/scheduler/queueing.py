"""The changes that move waiting pods, as plugins see them.

A change is named as the real scheduler's cluster events: `nodes/add`, `nodes/delete`, `nodes/update-allocatable`,
`nodes/update-label`, `nodes/update-taint`, `nodes/update-unschedulable`, `nodes/update-declared-features`;
`pods/add`, `pods/delete`, `pods/update-label`, `pods/scale-down` (of pods on nodes); `services/update` and so on; a
waiting pod's own are `pods/update-gates`, `pods/update-tolerations`, `pods/update-spec`.

*In Kubernetes:* `ClusterEvent` in k8s.io/kube-scheduler/framework/types.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.sim import immutable


@immutable
class Change:
    """Something happened in the cluster that may help waiting pods; `old` and `new` are the objects."""

    kind: str
    old: Any = None
    new: Any = None
