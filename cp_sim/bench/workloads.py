"""All workloads by name, and how one is run."""

from __future__ import annotations

from dataclasses import replace

from cp_sim.bench import cycle, scheduler_perf, scheduling, small, store
from cp_sim.bench.report import Report
from cp_sim.bench.scheduler_perf import SchedulingWorkload
from cp_sim.sim import immutable


class NoSuchMode(ValueError):
    """A workload cannot be run that way; the message says why."""


@immutable
class Workload:
    """One of the small ones (`small`), with so many `nodes` and `pods`; or one of the store alone (`store`), with so
    many `keys` and writes or reads (`count`).
    """

    name: str
    about: str
    nodes: int = 0
    pods: int = 0
    small: str = ""
    store: str = ""
    keys: int = 0
    count: int = 0


WORKLOADS: dict[str, SchedulingWorkload | Workload] = {
    workload.name: workload
    for workload in (
        *scheduler_perf.ALL,
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
    mode: str = "whole",
) -> Report:
    """Carry out the workload of that name, with other counts where given; `members` is how many the store has, `mode`
    "whole" or, for scheduling alone, "cycle".

    Raises:
        KeyError: there is no such workload.
        NoSuchMode: the workload is not one of scheduling, so that it has no cycle.
        TooSmall: the nodes do not take the pods before the measurement.
    """
    workload = WORKLOADS[name]
    if isinstance(workload, SchedulingWorkload):
        workload = resized(workload, nodes, pods, before)
        return cycle.run(workload) if mode == "cycle" else scheduling.run(workload)
    if mode == "cycle":
        raise NoSuchMode(f"{name} schedules nothing, so that it has no cycle; run it without --cycle")
    if workload.store:
        times = workload.count if count is None else count
        return store.RUNS[workload.store](name, workload.keys, times, members)
    workers = (workload.nodes if nodes is None else nodes) - 1
    if workload.small == "cluster_start":
        return small.cluster_start(name, workers)
    return small.deployment_settle(name, workers, workload.pods if pods is None else pods)


def resized(
    workload: SchedulingWorkload, nodes: int | None, pods: int | None, before: int | None
) -> SchedulingWorkload:
    """The workload with other counts where given; batches before, and gated pods, keep their proportions."""
    if nodes is not None and workload.nodes:
        workload = replace(workload, nodes=nodes)
    if pods is not None:
        workload = replace(workload, measured=replace(workload.measured, count=pods))
    if before is not None and workload.pods_before:
        share = before / workload.pods_before
        batches = tuple(replace(batch, count=round(batch.count * share)) for batch in workload.before)
        workload = replace(workload, before=batches, gated=round(workload.gated * share))
    return workload
