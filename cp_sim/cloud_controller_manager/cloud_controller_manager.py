"""The process `cloud-controller-manager`: three controllers around one set of caches and one cloud."""

from __future__ import annotations

from cp_sim.client import Manager
from cp_sim.cloud_controller_manager.cloud import Cloud
from cp_sim.cloud_controller_manager.install import NAME
from cp_sim.cloud_controller_manager.node_controller import CloudNodeController
from cp_sim.cloud_controller_manager.node_lifecycle_controller import CloudNodeLifecycleController
from cp_sim.cloud_controller_manager.service_controller import ServiceController


class CloudControllerManager(Manager):
    """Hosts the controllers that need a cloud; they know the API server and the cloud, and no other component."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__("cloud-controller-manager", NAME)
        self.cloud = cloud
        self.controllers = [
            CloudNodeController(self.informers, cloud),
            CloudNodeLifecycleController(self.informers, cloud),
            ServiceController(self.informers, cloud),
        ]
