"""Objects as the API server would hand them out, in the fewest words."""

from __future__ import annotations

from typing import Any

from cp_sim.controller_manager.times import timestamp

Object = dict[str, Any]


def pod(
    name: str,
    *,
    node: str = "n1",
    phase: str = "Running",
    ready: bool = True,
    ready_at_ms: int = 0,
    created_ms: int = 0,
    uid: str = "",
    labels: dict[str, str] | None = None,
    owner: Object | None = None,
    restarts: int = 0,
    cost: str | None = None,
    deleting: bool = False,
    ip: str = "",
    **spec: Any,
) -> Object:
    metadata: Object = {
        "name": name,
        "namespace": "default",
        "uid": uid or f"uid-{name}",
        "creationTimestamp": timestamp(created_ms),
        "labels": {"app": "web"} if labels is None else labels,
    }
    if owner is not None:
        metadata["ownerReferences"] = [reference(owner)]
    if cost is not None:
        metadata["annotations"] = {"controller.kubernetes.io/pod-deletion-cost": cost}
    if deleting:
        metadata["deletionTimestamp"] = timestamp(created_ms)
    status: Object = {"phase": phase, "containerStatuses": [{"name": "c", "restartCount": restarts}]}
    status["conditions"] = [
        {"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": timestamp(ready_at_ms)}
    ]
    if ip:
        status["podIP"] = ip
    body: Object = {"containers": [{"name": "c", "image": "app"}], **spec}
    if node:
        body["nodeName"] = node
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": body, "status": status}


def reference(owner: Object) -> Object:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


TEMPLATE: Object = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "app:v1"}]}}


def replica_set(name: str = "web", replicas: int = 3, **more: Any) -> Object:
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "generation": 1, "resourceVersion": "1"}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {**metadata, **more.pop("metadata", {})},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": more.pop("template", TEMPLATE),
            **more.pop("spec", {}),
        },
        "status": more.pop("status", {"replicas": 0}),
    }


def deployment(replicas: int = 3, **more: Any) -> Object:
    metadata = {"name": "web", "namespace": "default", "uid": "uid-d", "generation": 1, "resourceVersion": "1"}
    rolling = {"maxSurge": more.pop("surge", "25%"), "maxUnavailable": more.pop("unavailable", "25%")}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**metadata, **more.pop("metadata", {})},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": TEMPLATE,
            "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling},
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            **more.pop("spec", {}),
        },
        "status": more.pop("status", {}),
    }


def node(name: str = "n1", ready: str = "True", taints: list[Object] | None = None, **more: Any) -> Object:
    conditions = [
        {"type": type_, "status": "False", "lastTransitionTime": timestamp(0)}
        for type_ in ("MemoryPressure", "DiskPressure", "PIDPressure")
    ]
    conditions.append({"type": "Ready", "status": ready, "lastTransitionTime": timestamp(0)})
    metadata = {"name": name, "uid": f"uid-{name}", "resourceVersion": "1", "labels": more.pop("labels", {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {**metadata, "creationTimestamp": timestamp(0)},
        "spec": {**({"taints": taints} if taints else {}), **more.pop("spec", {})},
        "status": {"conditions": conditions},
    }
