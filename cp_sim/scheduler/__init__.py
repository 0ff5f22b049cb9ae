"""kube-scheduler: decides on which node each pod runs, and says why.

Stands for the binary `kube-scheduler`.  It watches pods, nodes, and what plugins look up (namespaces, Services,
workloads, disruption budgets); it writes bindings, the condition PodScheduled, nominations and Events.  It knows no
controller and no kubelet.

`cycle.py` is the idea itself, without clock or API server: one pod and the cluster in, a `Decision` out.  `queue.py`
says whose turn it is, `binding.py` what becomes of a pod once it has a node, `plugins/` holds one file per real plugin,
`configuration.py` reads a `KubeSchedulerConfiguration`, `columns.py` is the only numpy.  `scenario.py` decides without
any cluster.

*Simplified:* resource claims are not allocated, claims for volumes are asked to be bound, but no controller here binds
them; extenders do not exist.
"""

from cp_sim.scheduler.decision import Decision
from cp_sim.scheduler.scheduler import Scheduler

__all__ = ["Decision", "Scheduler"]
