"""Which pods belong together when nobody says so: those that the same Services and the same owner select.

*In Kubernetes:* `DefaultSelector` in pkg/scheduler/framework/plugins/helper/spread.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.pod_info import PodInfo

Object = dict[str, Any]

OWNERS = {
    "ReplicaSet": ("replicasets.apps", "apps/v1"),
    "StatefulSet": ("statefulsets.apps", "apps/v1"),
    "ReplicationController": ("replicationcontrollers", "v1"),
}


def default_selector(cache: Cache, pod: PodInfo) -> Object | None:
    """A label selector for the pods that `pod` belongs with, None where nothing selects it."""
    labels: dict[str, str] = {}
    for service in cache.in_namespace("services", pod.namespace):
        wanted = (service.get("spec") or {}).get("selector")
        if wanted is not None and all(pod.labels.get(key) == value for key, value in wanted.items()):
            labels.update(wanted)
    more: Object = {}
    owner = pod.owner
    if owner is not None and owner.get("kind") in OWNERS:
        resource, version = OWNERS[owner["kind"]]
        found = cache.get(resource, f"{pod.namespace}/{owner['name']}")
        if found is not None and owner.get("apiVersion") == version:
            selector = meta_selector(found)
            if owner["kind"] == "ReplicationController":
                labels.update(selector)
            else:
                more = selector
    expressions = [*(more.get("matchExpressions") or ())]
    for key, value in (more.get("matchLabels") or {}).items():
        expressions.append({"key": key, "operator": "In", "values": [value]})
    if not labels and not expressions:
        return None
    return {"matchLabels": labels, "matchExpressions": expressions}


def meta_selector(owner: Object) -> Object:
    """`spec.selector` of a workload."""
    return (owner.get("spec") or {}).get("selector") or {}
