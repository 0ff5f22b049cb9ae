"""A scheduling workload on the whole path: API server, store, watches, scheduler, binding.

*In Kubernetes:* test/integration/scheduler_perf, which also runs etcd, the API server and the scheduler alone.
"""

from __future__ import annotations

from typing import Any

from cp_sim.bench.load import Load
from cp_sim.bench.report import Report, peak_mib
from cp_sim.bench.stopwatch import Stopwatch
from cp_sim.cluster import Cluster

NAMESPACE = "default"
SERVICE_ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}


def run(name: str, *, node: dict[str, Any], pod: dict[str, Any], nodes: int, before: int, pods: int) -> Report:
    """Create nodes, create the pods before and wait for their binding, then measure the same for `pods` more."""
    cluster = Cluster(components=("etcd", "apiserver", "scheduler"))
    prepare(cluster)
    load = Load()
    cluster.loop.add(load)
    cluster.loop.settle()
    load.create("nodes", node, nodes, "node-")
    cluster.loop.settle()
    make_schedulable(cluster)
    bind(cluster, load, pod, before, "before-")
    stopwatch = Stopwatch(cluster.loop)
    stopwatch.start()
    unbound = bind(cluster, load, pod, pods, "pod-")
    seconds, shares = stopwatch.stop()
    waits = [1000 * (load.bound_at[key] - load.created_at[key]) for key in load.bound_at if key.startswith("pod-")]
    note = f"{unbound} pods found no node" if unbound else ""
    sizes = (("nodes", nodes),)
    return Report(name, "pods", pods - unbound, seconds, tuple(waits), shares, peak_mib(), sizes, note=note)


def prepare(cluster: Cluster) -> None:
    """Give the namespace the account that its controller would: no controller runs here."""
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
    if cluster.request("GET", f"{path}/default").status == 404:
        cluster.request("POST", path, body=SERVICE_ACCOUNT)


def make_schedulable(cluster: Cluster) -> None:
    """Take away the taint that new nodes are admitted with; upstream turns that admission off."""
    for node in cluster.get("nodes"):
        if node["spec"].get("taints"):
            path = f"/api/v1/nodes/{node['metadata']['name']}"
            spec = {key: value for key, value in node["spec"].items() if key != "taints"}
            cluster.request("PUT", path, body={**node, "spec": spec})


def bind(cluster: Cluster, load: Load, pod: dict[str, Any], count: int, prefix: str) -> int:
    """Create `count` pods and run until all of them are bound or can wait no more; how many are not bound."""
    bound = len(load.bound_at)
    load.create("pods", pod, count, prefix, NAMESPACE)
    cluster.loop.settle()
    return count - (len(load.bound_at) - bound)
