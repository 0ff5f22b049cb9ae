"""Whole stories and their digest, to be told in several processes: `python story.py SEED [replicated] [sloppy]`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys

from cp_sim.apiserver.request import ApiError
from cp_sim.cluster import Cluster

DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 4
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "nginx:1.27", resources: {requests: {cpu: 250m, memory: 64Mi}}}
"""


def tell(cluster: Cluster) -> None:
    """Submit, scale, break and mend."""
    cluster.apply(DEPLOYMENT)
    cluster.settle()
    cluster.scale("deployment/web", 7)
    cluster.settle()
    cluster.delete("pod/" + cluster.get("pods")[0]["metadata"]["name"])
    cluster.taint("worker-1", "maintenance=now:NoExecute")
    cluster.run("30s")
    cluster.untaint("worker-1", "maintenance:NoExecute")
    cluster.drain("worker-2")
    cluster.settle()


def tell_of_faults(cluster: Cluster) -> None:
    """On several control planes: break what elects, and mend it."""
    cluster.apply(DEPLOYMENT)
    cluster.settle()
    cluster.crash(cluster.etcd_leader)
    cluster.run("7s")
    with contextlib.suppress(ApiError):  # an API server without its member refuses
        cluster.scale("deployment/web", 6)
    cluster.pause(cluster.leader_of("scheduler"))
    cluster.run("25s")
    cluster.partition(["control-plane-1"], ["control-plane-2", "control-plane-3"])
    cluster.run("15s")
    cluster.play("at 0s mend everything", until="20s")


def digest(cluster: Cluster) -> str:
    """A fingerprint of everything that anybody could see."""
    records = [
        (record.time_ms, record.actor, record.verb, record.subject, record.revision, record.cause, record.because)
        for record in cluster.trace
    ]
    objects = [cluster.get(what, "*") for what in ("nodes", "pods", "replicasets", "deployments", "events", "leases")]
    text = json.dumps([cluster.revision, cluster.clock.now_ms, records, objects])
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    seed = int(sys.argv[1])
    if "sloppy" in sys.argv:  # the control: chance that depends on the process
        seed += hash("sloppy") % 1_000
    told = Cluster(control_planes=3 if "replicated" in sys.argv else 1, workers=3, seed=seed)
    (tell_of_faults if "replicated" in sys.argv else tell)(told)
    print(digest(told))
