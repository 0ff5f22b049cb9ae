"""A scheduling workload on the whole path: API server, store, watches, scheduler, binding.

*In Kubernetes:* test/integration/scheduler_perf, which also runs etcd, the API server and the scheduler alone.
"""

from __future__ import annotations

from cp_sim.bench import templates
from cp_sim.bench.load import Load
from cp_sim.bench.report import Report, peak_mib
from cp_sim.bench.scheduler_perf import Batch, SchedulingWorkload, TooSmall
from cp_sim.bench.stopwatch import Stopwatch
from cp_sim.cluster import Cluster
from cp_sim.objects import meta

SERVICE_ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}


def run(workload: SchedulingWorkload) -> Report:
    """Create nodes, create the pods before and wait for their binding, then measure the same for the measured ones."""
    cluster = Cluster(components=("etcd", "apiserver", "scheduler"))
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


def prepared(cluster: Cluster, workload: SchedulingWorkload) -> Load:
    """Make everything that is there before the measurement; returns the load generator that did it."""
    load = Load()
    cluster.loop.add(load)
    cluster.loop.settle()
    for namespace in dict.fromkeys([*(batch.namespace for batch in workload.before), workload.measured.namespace]):
        make_namespace(cluster, namespace)
    cluster.request("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", body=templates.PRIORITY_CLASS)
    if workload.named:
        load.create_nodes(templates.ROOMY_NODE, 1, ())
        cluster.loop.settle()
    load.create_nodes(templates.NODE, workload.nodes, workload.zones)
    cluster.loop.settle()
    make_schedulable(cluster)
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


def make_namespace(cluster: Cluster, name: str) -> None:
    """Make a namespace with the account that its controller would give it: no controller runs here."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    cluster.request("POST", "/api/v1/namespaces", body=body)
    path = f"/api/v1/namespaces/{name}/serviceaccounts"
    if cluster.request("GET", f"{path}/default").status == 404:
        cluster.request("POST", path, body=SERVICE_ACCOUNT)


def make_schedulable(cluster: Cluster) -> None:
    """Take away the taint that new nodes are admitted with; upstream turns that admission off."""
    for node in cluster.get("nodes"):
        if node["spec"].get("taints"):
            path = f"/api/v1/nodes/{node['metadata']['name']}"
            spec = {key: value for key, value in node["spec"].items() if key != "taints"}
            cluster.request("PUT", path, body={**node, "spec": spec})


def bind(cluster: Cluster, load: Load, batch: Batch) -> int:
    """Create the pods of a batch and run until all of them are bound or can wait no more; how many are not bound."""
    bound = len(load.bound_at)
    load.create_pods(batch.pod, batch.count, batch.namespace)
    cluster.loop.settle()
    return batch.count - (len(load.bound_at) - bound)
