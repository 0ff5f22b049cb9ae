"""The workloads, as data.

Templates, counts and phases are those of upstream's scheduler_perf (`test/integration/scheduler_perf/templates` and
`misc/performance-config.yaml`), written anew.
"""

from __future__ import annotations

from typing import Any

from cp_sim.bench import scheduling, small, store
from cp_sim.bench.report import Report
from cp_sim.sim import immutable

# node-default.yaml: four processors, 32 GiB, ready.
NODE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Node",
    "metadata": {},
    "spec": {},
    "status": {
        "capacity": {"pods": "110", "cpu": "4", "memory": "32Gi"},
        "conditions": [{"type": "Ready", "status": "True"}],
        "phase": "Running",
    },
}

# pod-default.yaml: one container that asks for a tenth of a processor.
POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {},
    "spec": {
        "containers": [
            {
                "name": "pause",
                "image": "registry.k8s.io/pause:3.10.1",
                "ports": [{"containerPort": 80}],
                "resources": {
                    "limits": {"cpu": "100m", "memory": "500Mi"},
                    "requests": {"cpu": "100m", "memory": "500Mi"},
                },
            }
        ]
    },
}


@immutable
class Workload:
    """So many `nodes`, so many pods `before`, so many `pods` measured; or one of the small ones (`small`); or one of
    the store alone (`store`), with so many `keys` and writes or reads (`count`).
    """

    name: str
    about: str
    nodes: int = 0
    pods: int = 0
    before: int = 0
    small: str = ""
    store: str = ""
    keys: int = 0
    count: int = 0


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("SchedulingBasic", "upstream's 5000Nodes_10000Pods", nodes=5_000, before=1_000, pods=10_000),
        Workload("ClusterStart", "Cluster(workers=3) until it is ready", nodes=4, pods=0, small="cluster_start"),
        Workload("DeploymentSettle", "a Deployment of 10 until it rests", nodes=4, pods=10, small="deployment_settle"),
        Workload("EtcdPut", "values of 512 bytes, one after the other", store="put", keys=10_000, count=50_000),
        Workload("EtcdRange", "10,000 keys at a time", store="range", keys=10_000, count=100),
        Workload("EtcdWatchFanout", "every put to 100 watches", store="watch_fanout", keys=1_000, count=5_000),
        Workload("EtcdTxn", "optimistic writes", store="txn", keys=10_000, count=20_000),
        Workload("EtcdMemory", "hold the pods of one workload", store="memory", count=100_000),
        Workload("EtcdMemoryApart", "hold pods that share nothing", store="memory_apart", count=100_000),
        Workload("EtcdCompact", "forget a million revisions", store="compact", keys=10_000, count=1_000_000),
    )
}


def run(
    name: str,
    nodes: int | None = None,
    pods: int | None = None,
    before: int | None = None,
    count: int | None = None,
    members: int = 1,
) -> Report:
    """Carry out the workload of that name, with other counts where given; `members` is how many the store has.

    Raises:
        KeyError: there is no such workload.
    """
    workload = WORKLOADS[name]
    if workload.store:
        times = workload.count if count is None else count
        return store.RUNS[workload.store](name, workload.keys, times, members)
    return _run_cluster(workload, nodes, pods, before)


def _run_cluster(workload: Workload, nodes: int | None, pods: int | None, before: int | None) -> Report:
    name = workload.name
    count = {
        "nodes": workload.nodes if nodes is None else nodes,
        "pods": workload.pods if pods is None else pods,
        "before": workload.before if before is None else before,
    }
    if workload.small == "cluster_start":
        return small.cluster_start(name, workers=count["nodes"] - 1)
    if workload.small == "deployment_settle":
        return small.deployment_settle(name, workers=count["nodes"] - 1, replicas=count["pods"])
    return scheduling.run(name, node=NODE, pod=POD, **count)
