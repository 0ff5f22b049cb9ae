"""DefaultBinder: binding through the API server."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call
from cp_sim.scheduler.framework import CycleState, Plugin
from cp_sim.scheduler.pod_info import PodInfo


class DefaultBinder(Plugin):
    """Binds a pod by `POST pods/<name>/binding` (pkg/scheduler/framework/plugins/defaultbinder)."""

    name = "DefaultBinder"

    def bind(self, state: CycleState, pod: PodInfo, node: str) -> Any:
        metadata = {"name": pod.name, "namespace": pod.namespace}
        if pod.object["metadata"].get("uid"):
            metadata["uid"] = pod.uid
        body = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": metadata,
            "target": {"kind": "Node", "name": node},
        }
        return Call("create", "pods", pod.namespace, pod.name, "binding", body)
