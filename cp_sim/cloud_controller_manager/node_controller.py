"""Initialising nodes: what only the cloud knows about a machine is written into its Node.

Source: k8s.io/cloud-provider/controllers/node/node_controller.go.
"""

from __future__ import annotations

from typing import Any

from cp_sim.client import NOTHING, Controller, Emit, Informers, Plan, Update
from cp_sim.cloud_controller_manager.cloud import Cloud, Machine
from cp_sim.cloud_controller_manager.install import NAME
from cp_sim.objects import edit, meta

Object = dict[str, Any]

UNINITIALIZED = "node.cloudprovider.kubernetes.io/uninitialized"


class CloudNodeController(Controller):
    """Gives new nodes their provider id and the labels of their place, then lifts the taint that kept pods away.

    *In Kubernetes:* `cloud-node-controller` in cloud-controller-manager.  *Simplified:* addresses are left to the
    kubelet.
    """

    resource = "nodes"

    def __init__(self, informers: Informers, cloud: Cloud) -> None:
        super().__init__("cloud-node-controller", informers, NAME)
        self.cloud = cloud

    def setup(self) -> None:
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")

    def node_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A node that still carries the taint has to be looked at."""
        if change != "DELETED" and is_uninitialized(new):
            self.enqueue(meta.name(new))

    def reconcile(self, key: str) -> Plan:
        node = self.nodes.get(key)
        if node is None or not is_uninitialized(node):
            return NOTHING
        machine = self.cloud.machine(key)
        if machine is None:
            return Plan(because=f"the cloud knows no machine for {key} yet", retry=True)
        return initialise(node, machine)


def is_uninitialized(node: Object) -> bool:
    """Whether the node waits for its cloud controller."""
    return any(taint["key"] == UNINITIALIZED for taint in edit.get(node, "spec.taints") or ())


def initialise(node: Object, machine: Machine) -> Plan:
    """Provider id, labels of the place, and no taint any more: one update."""
    labels = {"beta.kubernetes.io/instance-type": machine.instance_type}
    labels["node.kubernetes.io/instance-type"] = machine.instance_type
    if machine.zone:
        labels["failure-domain.beta.kubernetes.io/zone"] = machine.zone
        labels["topology.kubernetes.io/zone"] = machine.zone
    labels["failure-domain.beta.kubernetes.io/region"] = machine.region
    labels["topology.kubernetes.io/region"] = machine.region
    taints = [taint for taint in edit.get(node, "spec.taints") or () if taint["key"] != UNINITIALIZED]
    new = edit.put(node, "metadata.labels", {**meta.labels(node), **labels})
    new = edit.put(new, "spec.providerID", edit.get(node, "spec.providerID") or machine.provider_id)
    new = edit.put(new, "spec.taints", taints) if taints else edit.drop(new, "spec.taints")
    because = f"the machine of {meta.name(node)} is known: a {machine.instance_type} in zone {machine.zone or 'none'}"
    return Plan(
        (Update(new, because=because), Emit(node, "Normal", "Synced", "Node synced successfully")),
        because,
        observed={"taint": UNINITIALIZED},
        desired={"providerID": machine.provider_id, "zone": machine.zone},
    )
