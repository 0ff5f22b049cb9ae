"""Nodes whose machine is gone are deleted; nodes whose machine is switched off get a taint.

Source: k8s.io/cloud-provider/controllers/nodelifecycle/node_lifecycle_controller.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.client import NOTHING, Action, Controller, Delete, Emit, Informers, Plan, Update
from cp_sim.cloud_controller_manager.cloud import Cloud, Machine
from cp_sim.cloud_controller_manager.install import NAME
from cp_sim.cloud_controller_manager.node_controller import is_uninitialized
from cp_sim.objects import edit, meta
from cp_sim.sim import immutable
from cp_sim.sim.clock import parse_timestamp

Object = dict[str, Any]

SHUTDOWN_TAINT = {"key": "node.cloudprovider.kubernetes.io/shutdown", "effect": "NoSchedule"}
MONITOR_MS = 5_000  # --node-monitor-period
UNINITIALIZED_DELAY_MS = 60_000


@immutable
class Monitor:
    """The timer message of the regular round."""


class CloudNodeLifecycleController(Controller):
    """Every five seconds asks the cloud about each node that is not Ready.

    *In Kubernetes:* `cloud-node-lifecycle-controller` in cloud-controller-manager.
    """

    resource = "nodes"

    def __init__(self, informers: Informers, cloud: Cloud) -> None:
        super().__init__("cloud-node-lifecycle-controller", informers, NAME)
        self.cloud = cloud
        self.suspects: dict[str, None] = {}

    def setup(self) -> None:
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")
        self.loop.after(MONITOR_MS, self.name, Monitor(), background=True)

    def node_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """Nodes that are not Ready, or still carry the taint, are asked about in the next round."""
        if change != "DELETED" and (not meta.is_ready(new) or SHUTDOWN_TAINT in (edit.get(new, "spec.taints") or ())):
            self.suspects[meta.name(new)] = None
        else:
            self.suspects.pop(meta.name(new), None)

    def notice(self, message: Any) -> None:
        if isinstance(message, Monitor):
            for name in self.suspects:
                self.enqueue(name)
            self.loop.after(MONITOR_MS, self.name, message, background=True)
        else:
            super().notice(message)

    def reconcile(self, key: str) -> Plan:
        node = self.nodes.get(key)
        if node is None:
            return NOTHING
        provider_id = edit.get(node, "spec.providerID") or ""
        return judge(node, self.cloud.machine(key, provider_id), self.loop.clock.now_ms)


def judge(node: Object, machine: Machine | None, now_ms: int) -> Plan:
    """What the state of its machine means for a node."""
    name = meta.name(node)
    taints = edit.get(node, "spec.taints") or []
    if meta.is_ready(node):
        if SHUTDOWN_TAINT not in taints:
            return NOTHING
        kept = [taint for taint in taints if taint != SHUTDOWN_TAINT]
        return Plan((Update(edit.put(node, "spec.taints", kept)),), f"{name} is Ready again: its machine runs")
    if is_uninitialized(node) and not edit.get(node, "spec.providerID"):
        if now_ms - parse_timestamp(edit.get(node, "metadata.creationTimestamp")) < UNINITIALIZED_DELAY_MS:
            return NOTHING
    if machine is None:
        text = f"Deleting node {name} because it does not exist in the cloud provider"
        reference = {"kind": "Node", "name": name, "uid": meta.uid(node)}
        actions: tuple[Action, ...] = (Emit(reference, "Normal", "DeletingNode", text), Delete("nodes", "", name))
        return Plan(
            actions, f"{name} is not Ready and its machine is gone: delete the Node", observed={"machine": "gone"}
        )
    if machine.state == "stopped" and SHUTDOWN_TAINT not in taints:
        new = edit.put(node, "spec.taints", [*taints, SHUTDOWN_TAINT])
        return Plan(
            (Update(new),), f"the machine of {name} is switched off: taint the Node", observed={"machine": "stopped"}
        )
    return NOTHING
