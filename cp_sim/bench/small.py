"""What a learner waits for: a cluster to be ready, a Deployment to rest."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

from cp_sim.bench.report import Report, peak_mib
from cp_sim.cluster import Cluster

REPEATS = 10

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  replicas: {replicas}
  selector: {{matchLabels: {{app: web}}}}
  template:
    metadata: {{labels: {{app: web}}}}
    spec: {{containers: [{{name: web, image: nginx, resources: {{requests: {{cpu: 100m, memory: 100Mi}}}}}}]}}
"""


def cluster_start(name: str, workers: int) -> Report:
    """Make a cluster several times."""
    Cluster(workers=workers)  # what happens only once in a process is not measured
    samples = [timed(lambda: Cluster(workers=workers)) for _ in range(REPEATS)]
    return _report(name, workers + 1, 0, samples)


def deployment_settle(name: str, workers: int, replicas: int) -> Report:
    """Apply a Deployment to a fresh cluster and run until it rests, several times."""
    samples = []
    for _ in range(REPEATS + 1):
        cluster = Cluster(workers=workers)
        samples.append(timed(lambda: (cluster.apply(DEPLOYMENT.format(replicas=replicas)), cluster.settle())))  # noqa: B023
        ready = [pod for pod in cluster.get("pods") if pod["status"]["phase"] == "Running"]
        if len(ready) != replicas:
            raise RuntimeError(f"{len(ready)} of {replicas} pods run after the Deployment settled")
    return _report(name, workers + 1, replicas, samples[1:])


def timed(work: Callable[[], object]) -> float:
    """The real milliseconds that `work` takes."""
    started = perf_counter()
    work()
    return 1000 * (perf_counter() - started)


def _report(name: str, nodes: int, pods: int, samples: list[float]) -> Report:
    seconds = sum(samples) / 1000 / len(samples)
    note = f"each of {len(samples)} runs anew"
    return Report(name, "pods", pods, seconds, tuple(samples), (), peak_mib(), (("nodes", nodes),), note=note)
