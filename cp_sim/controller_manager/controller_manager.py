"""The actor `kube-controller-manager`: one process that hosts all controllers and shares its caches among them."""

from __future__ import annotations

from collections.abc import Sequence

from cp_sim.client.controller import Controller, Manager
from cp_sim.client.informer import Informers
from cp_sim.client.leader_election import Election
from cp_sim.controller_manager import nodelifecycle, podgc
from cp_sim.controller_manager.daemonset_controller import DaemonSetController
from cp_sim.controller_manager.deployment import DeploymentController
from cp_sim.controller_manager.disruption_controller import DisruptionController
from cp_sim.controller_manager.endpoints_controller import EndpointsController
from cp_sim.controller_manager.endpointslice_controller import EndpointSliceController
from cp_sim.controller_manager.endpointslice_mirroring import EndpointSliceMirroringController
from cp_sim.controller_manager.garbagecollector_controller import GarbageCollector
from cp_sim.controller_manager.namespace_controller import NamespaceController
from cp_sim.controller_manager.nodelifecycle_controller import NodeLifecycleController
from cp_sim.controller_manager.podgc import PodGarbageCollector
from cp_sim.controller_manager.replicaset_controller import ReplicaSetController, ReplicationControllerController
from cp_sim.controller_manager.serviceaccount_tokens import TokensController
from cp_sim.controller_manager.serviceaccounts import RootCertificatePublisher, ServiceAccountController
from cp_sim.controller_manager.tainteviction_controller import TaintEvictionController
from cp_sim.controller_manager.ttl import TtlController

NAME = "kube-controller-manager"

# In the order in which they are told of changes.
CONTROLLERS: tuple[type[Controller], ...] = (
    TokensController,
    ServiceAccountController,
    RootCertificatePublisher,
    EndpointsController,
    EndpointSliceController,
    EndpointSliceMirroringController,
    ReplicationControllerController,
    PodGarbageCollector,
    NamespaceController,
    GarbageCollector,
    DaemonSetController,
    DeploymentController,
    DisruptionController,
    ReplicaSetController,
    TtlController,
    NodeLifecycleController,
    TaintEvictionController,
)


class ControllerManager(Manager):
    """Runs the controllers.

    `controllers` says which, `None` for all of them.  The times are the flags `--node-monitor-period`,
    `--node-monitor-grace-period`, `--node-startup-grace-period`, in milliseconds, and `--terminated-pod-gc-threshold`.

    `host`, `server` and `election` are given where several of them run: see `Manager`.

    *In Kubernetes:* the binary kube-controller-manager; its lease is `kube-system/kube-controller-manager`.
    *Simplified:* all controllers share one set of informers.
    """

    def __init__(
        self,
        name: str = NAME,
        controllers: Sequence[type[Controller]] | None = None,
        node_monitor_period_ms: int = nodelifecycle.MONITOR_PERIOD_MS,
        node_monitor_grace_period_ms: int = nodelifecycle.GRACE_MS,
        node_startup_grace_period_ms: int = nodelifecycle.STARTUP_GRACE_MS,
        terminated_pod_gc_threshold: int = podgc.TERMINATED_THRESHOLD,
        server: str = "kube-apiserver",
        host: str = "",
        election: Election | None = None,
    ) -> None:
        super().__init__(name, "system:kube-controller-manager", server, host, election, NAME)
        for controller in CONTROLLERS if controllers is None else controllers:
            if controller is NodeLifecycleController:
                times = (node_monitor_period_ms, node_monitor_grace_period_ms, node_startup_grace_period_ms)
                self.controllers.append(NodeLifecycleController(self.informers, *times))
            elif controller is PodGarbageCollector:
                self.controllers.append(PodGarbageCollector(self.informers, terminated_pod_gc_threshold))
            else:
                self.controllers.append(_make(controller, self.informers))


def _make(controller: type[Controller], informers: Informers) -> Controller:
    return controller(informers)  # type: ignore[call-arg, arg-type]
