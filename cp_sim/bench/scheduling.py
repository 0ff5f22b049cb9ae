"""A scheduling workload on the whole path: API server, store, watches, scheduler, binding.

*In Kubernetes:* test/integration/scheduler_perf, which also runs etcd, the API server and the scheduler alone.
"""

from __future__ import annotations

from typing import Any

from cp_sim.bench import templates
from cp_sim.bench.load import Load
from cp_sim.bench.report import Report, peak_mib
from cp_sim.bench.scheduler_perf import Batch, SchedulingWorkload, TooSmall
from cp_sim.bench.stopwatch import Stopwatch
from cp_sim.cluster import Cluster
from cp_sim.objects import meta

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace"}
# Admission that upstream's scheduler_perf turns off (util.go: --disable-admission-plugins): no controller runs that
# would make accounts or take the taint of new nodes away, and pods say their priority themselves.
OFF = ("ServiceAccount", "TaintNodesByCondition", "Priority")


def run(workload: SchedulingWorkload) -> Report:
    """Create nodes, create the pods before and wait for their binding, then measure the same for the measured ones."""
    cluster = made()
    load = prepared(cluster, workload)
    stopwatch = Stopwatch(cluster.loop)
    already = set(load.bound_at)
    load.churn, load.delete_every = workload.churn, workload.delete_every
    stopwatch.start()
    unbound = bind(cluster, load, workload.measured)
    seconds, shares = stopwatch.stop()
    waits = [
        1000 * (at - load.created_at[key])
        for key, at in load.bound_at.items()
        if key in load.created_at and key not in already
    ]
    note = f"{unbound} pods found no node" if unbound else ""
    sizes = (("nodes", workload.nodes + workload.named),)
    done = workload.measured.count - unbound
    return Report(workload.name, "pods", done, seconds, tuple(waits), shares, peak_mib(), sizes, note=note)


def made() -> Cluster:
    """A store, an API server and a scheduler, nothing else."""
    cluster = Cluster(components=("etcd", "apiserver", "scheduler"))
    server: Any = cluster.loop.actors["kube-apiserver"]
    server.plugins = tuple(plugin for plugin in server.plugins if plugin.name not in OFF)
    return cluster


def prepared(cluster: Cluster, workload: SchedulingWorkload) -> Load:
    """Make everything that is there before the measurement; returns the load generator that did it."""
    load = Load()
    cluster.loop.add(load)
    cluster.loop.settle()
    for namespace in dict.fromkeys([*(batch.namespace for batch in workload.before), workload.measured.namespace]):
        cluster.request("POST", "/api/v1/namespaces", body={**NAMESPACE, "metadata": {"name": namespace}})
    if workload.named:
        load.create_nodes(templates.ROOMY_NODE, 1, ())
        cluster.loop.settle()
    load.create_nodes(templates.NODE, workload.nodes, workload.zones)
    cluster.loop.settle()
    if workload.gated:
        load.create_pods(templates.GATED, workload.gated, workload.measured.namespace)
        cluster.loop.settle()
    for batch in workload.before:
        unbound = bind(cluster, load, batch)
        if unbound:
            raise TooSmall(unbound, batch)
    if workload.delete_every:
        load.leaving.extend(meta.split_key(key) for key in load.bound_at)
    return load


def bind(cluster: Cluster, load: Load, batch: Batch) -> int:
    """Create the pods of a batch and run until all of them are bound or can wait no more; how many are not bound."""
    bound = len(load.bound_at)
    load.create_pods(batch.pod, batch.count, batch.namespace)
    cluster.loop.settle()
    return batch.count - (len(load.bound_at) - bound)
