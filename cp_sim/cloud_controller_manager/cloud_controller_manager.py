"""The process `cloud-controller-manager`: three controllers around one set of caches and one cloud."""

from __future__ import annotations

from cp_sim.client import Election, Manager
from cp_sim.cloud_controller_manager.cloud import Cloud
from cp_sim.cloud_controller_manager.install import NAME
from cp_sim.cloud_controller_manager.node_controller import CloudNodeController
from cp_sim.cloud_controller_manager.node_lifecycle_controller import CloudNodeLifecycleController
from cp_sim.cloud_controller_manager.service_controller import ServiceController

LEASE = "cloud-controller-manager"


class CloudControllerManager(Manager):
    """Hosts the controllers that need a cloud; they know the API server and the cloud, and no other component.

    `host`, `server` and `election` are given where several of them run: see `Manager`.
    """

    def __init__(
        self,
        cloud: Cloud,
        name: str = "cloud-controller-manager",
        server: str = "kube-apiserver",
        host: str = "",
        election: Election | None = None,
    ) -> None:
        super().__init__(name, NAME, server, host, election, LEASE)
        self.cloud = cloud
        self.controllers = [
            CloudNodeController(self.informers, cloud),
            CloudNodeLifecycleController(self.informers, cloud),
            ServiceController(self.informers, cloud),
        ]
