"""The nodes' own agents: hollow kubelets, thousands of them as one actor.

*In Kubernetes:* the `kubelet` on every node. It reads the pods bound to its node, and writes its Node and Lease, the
status of its pods, Events, and the mirrors of static pods. `kubelet.py` is the actor, `lifecycle.py` what happens to a
pod, `podrun.py` the states and the status that follows from them, `behaviour.py` what containers do by themselves.

*Simplified:* there are no containers, volumes or probes; images are names.
"""

from cp_sim.kubelet.behaviour import CONTROLLERS, KUBECTL, LESSONS, Rules
from cp_sim.kubelet.kubelet import Kubelets
from cp_sim.kubelet.spec import NodeSpec

__all__ = ["CONTROLLERS", "KUBECTL", "LESSONS", "Kubelets", "NodeSpec", "Rules"]
