"""The annotation that tells a kubelet how long it may keep Secrets and ConfigMaps: the bigger the cluster, the longer.

*In Kubernetes:* `ttl-controller`, `pkg/controller/ttl/ttl_controller.go`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers
from cp_sim.client.plan import NOTHING, Patch, Plan
from cp_sim.objects.meta import annotations as annotations_of
from cp_sim.objects.meta import name

Object = dict[str, Any]

ANNOTATION = "node.alpha.kubernetes.io/ttl"
# (from so many nodes on, seconds)
STEPS = ((0, 0), (100, 15), (500, 30), (1000, 60), (2000, 300))


def seconds_for(nodes: int) -> int:
    """The time to live in a cluster of so many nodes."""
    return max(seconds for least, seconds in STEPS if nodes >= least)


def reconcile(node: Object, nodes: int) -> Plan:
    """Write the annotation if it says something else."""
    wanted = str(seconds_for(nodes))
    if annotations_of(node).get(ANNOTATION) == wanted:
        return NOTHING
    because = f"in a cluster of {nodes} nodes kubelets keep what they read for {wanted} s"
    patch = {"metadata": {"annotations": {ANNOTATION: wanted}}}
    return Plan((Patch("nodes", "", name(node), patch, because=because),), because)


class TtlController(Controller):
    """Writes the annotation on each Node.

    *In Kubernetes:* `ttl-controller` in kube-controller-manager.
    """

    resource = "nodes"

    def __init__(self, informers: Informers) -> None:
        super().__init__("ttl-controller", informers)

    def setup(self) -> None:
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")

    def node_changed(self, change: str, _old: Object | None, new: Object) -> None:
        """A Node came or changed."""
        if change != "DELETED":
            self.enqueue(name(new))

    def reconcile(self, key_: str) -> Plan:
        node = self.nodes.get(key_)
        return NOTHING if node is None else reconcile(node, len(self.nodes.objects))
