"""Named workloads, measured in real time: what `cp-sim bench` runs.

A workload is data (`workloads.py`): so many nodes, so many pods before, so many measured, made from two templates.
`scheduling.py` carries it out with etcd, the API server and the scheduler alone, nodes being objects without
kubelets, as upstream's scheduler_perf does; `small.py` measures what a learner waits for.

*Simplified:* load comes from one actor with a fixed number of requests in flight, not from a rate-limited client.
"""

from cp_sim.bench.report import Report, Share
from cp_sim.bench.workloads import WORKLOADS, run

__all__ = ["WORKLOADS", "Report", "Share", "run"]
