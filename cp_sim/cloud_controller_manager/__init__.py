"""The cloud controller manager, and the cloud it talks to.

Stands for *cloud-controller-manager* with a provider of its own: `Cloud` is plain data (machines, load balancers)
behind a small API that takes its time and can fail.  Reads Nodes and Services; writes labels, provider ids and taints
of Nodes, deletes Nodes whose machine is gone, and writes the addresses of load balancers into Services.

*Simplified:* no routes (the network of the simulation needs none) and no volumes.
"""

from cp_sim.cloud_controller_manager.cloud import Cloud, LoadBalancer, Machine
from cp_sim.cloud_controller_manager.cloud_controller_manager import CloudControllerManager
from cp_sim.cloud_controller_manager.install import MANIFEST

__all__ = ["MANIFEST", "Cloud", "CloudControllerManager", "LoadBalancer", "Machine"]
