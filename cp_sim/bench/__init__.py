"""Named workloads, measured in real time: what `cp-sim bench` runs.

Scheduling workloads are data (`scheduler_perf.py`, `templates.py`): nodes, pods before, pods measured, and what
happens beside them.  `scheduling.py` carries one out with etcd, the API server and the scheduler alone, nodes being
objects without kubelets, as upstream's scheduler_perf does; `cycle.py` takes the same pods through the scheduling
cycle alone.  `store.py` measures etcd, `small.py` what a learner waits for, `kept.py` sets results beside older ones.

*Simplified:* load comes from one actor with a fixed number of requests in flight, not from a rate-limited client.
"""

from cp_sim.bench.report import Report, Share
from cp_sim.bench.workloads import WORKLOADS, NoSuchMode, run

__all__ = ["WORKLOADS", "NoSuchMode", "Report", "Share", "run"]
