"""What if?  Where a pod would go with a change, without changing the cluster: the scheduling cycle twice, in thought.

`changes.py` reads what is to be different (`pod_changes.py`, `cluster_changes.py`), `thought.py` makes the scheduler's
cache of a cluster (or of its past) with it, `outcome.py` is the answer: two decisions and what differs between them.

*In Kubernetes:* no counterpart; `kubectl create --dry-run=server` stops before scheduling.
"""

from __future__ import annotations

from typing import Any

from cp_sim.what_if.changes import Changes
from cp_sim.what_if.outcome import Difference, WhatIf
from cp_sim.what_if.thought import Thought, profiles_of

__all__ = ["Changes", "Difference", "Thought", "WhatIf", "profiles_of", "what_if"]


def what_if(world: Any, what: Any, namespace: str = "default", **changes: Any) -> WhatIf:
    """Where a pod would go, as the cluster is and with `changes`; of a cluster, or of its past.

    See `Cluster.what_if`.
    """
    asked = Changes(world, what, namespace, changes)
    before = Thought(world, asked.objects, asked.original)
    pod, objects = asked.changed_pod(), asked.changed_objects()
    after = Thought(world, objects, pod)
    return WhatIf(asked.title, before.where, before.decide(), after.decide(), tuple(asked.words))
