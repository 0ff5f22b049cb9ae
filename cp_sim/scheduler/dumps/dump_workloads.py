"""The pods that a workload would make, for who asks where a Deployment would go without having a cluster.

*In Kubernetes:* the controllers make them: pkg/controller/replicaset, statefulset, job.  *Simplified:* all pods at
once; of a Deployment those of one new ReplicaSet.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta

Object = dict[str, Any]

# kind -> (the field that says how many pods, the kind of their owner)
COUNTED = {
    "Deployment": ("replicas", "ReplicaSet"),
    "ReplicaSet": ("replicas", "ReplicaSet"),
    "StatefulSet": ("replicas", "StatefulSet"),
    "ReplicationController": ("replicas", "ReplicationController"),
    "Job": ("parallelism", "Job"),
}


def made_by(workload: Object) -> list[Object]:
    """The objects that a workload leads to: its pods, and before them the owner that default spreading looks up."""
    spec = workload.get("spec") or {}
    field, owner_kind = COUNTED[workload["kind"]]
    count = 1 if spec.get(field) is None else spec[field]
    template = spec.get("template") or {}
    name, inside = meta.name(workload), meta.namespace(workload) or "default"
    version = workload["apiVersion"]
    owner = {"apiVersion": version, "kind": owner_kind, "name": name, "uid": f"{owner_kind}/{inside}/{name}"}
    found: list[Object] = []
    if owner_kind != "Job":
        metadata = {"name": name, "namespace": inside, "uid": owner["uid"]}
        body = {"apiVersion": version, "kind": owner_kind, "metadata": metadata, "spec": owner_spec(spec)}
        found.append(body)
    for number in range(count):
        own = template.get("metadata") or {}
        metadata = {
            "name": f"{name}-{number}",
            "namespace": inside,
            "labels": own.get("labels") or {},
            "annotations": own.get("annotations") or {},
            "ownerReferences": [{**owner, "controller": True}],
        }
        found.append({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template.get("spec") or {}})
    return found


def owner_spec(spec: Object) -> Object:
    """The part of a workload's spec that its ReplicaSet, StatefulSet or ReplicationController has too."""
    return {field: spec[field] for field in ("replicas", "selector", "serviceName", "template") if field in spec}
