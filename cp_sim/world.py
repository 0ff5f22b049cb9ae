"""A world: the chosen components, joined around one loop.

Nothing here decides anything.  Who is there is looked up in `presence.py`, the one outside speaks in `asking.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from typing import Any

from cp_sim import cloud_controller_manager
from cp_sim.apiserver import authentication
from cp_sim.apiserver.request import ApiError
from cp_sim.apiserver.request import User as Caller
from cp_sim.asking import Asking
from cp_sim.assembly import Assembly
from cp_sim.client import ClusterNetwork
from cp_sim.cloud_controller_manager import Cloud
from cp_sim.etcd.disk import Disk
from cp_sim.etcd.flags import settings_of
from cp_sim.etcd.opening import open_store
from cp_sim.etcd.snapshot import Snapshot
from cp_sim.fleet import Fleet, actor_of
from cp_sim.history import Input
from cp_sim.kubelet import Kubelets, NodeSpec
from cp_sim.kubelet.staticpods import COMPONENTS as STATIC_PODS
from cp_sim.layout import (
    APISERVER,
    BALANCER,
    CLOUD_MANAGER,
    ETCD,
    KUBELET,
    MANAGER,
    SCHEDULER,
    Layout,
    layout_of,
    layout_on,
)
from cp_sim.objects import meta
from cp_sim.objects.kinds import kind_of
from cp_sim.process import Process
from cp_sim.processes import Processes
from cp_sim.raft.messages import LEADER
from cp_sim.sim import Arrival, Chance, Clock, Links, Loop, Trace, Turn
from cp_sim.user import User

COMPONENTS = (
    "etcd",
    "apiserver",
    "scheduler",
    "controller-manager",
    "cloud-controller-manager",
    "kubelet",
)
CONTROL_PLANE_ROLE = "node-role.kubernetes.io/control-plane"
ZONES = ("a", "b", "c")  # the workers that a cluster starts with are spread over these


class World(Asking):
    """The components of a cluster, joined; see `Cluster` for the arguments."""

    def __init__(
        self,
        control_planes: int = 1,
        workers: int = 3,
        seed: int = 0,
        *,
        components: Iterable[str] = COMPONENTS,
        order: Arrival | None = None,
        nodes: Iterable[NodeSpec] = (),
        scheduler_profiles: Any = None,
        scheduler_plugins: Any = (),
        callers: Mapping[str, tuple[str, ...]] | None = None,
        etcd: str | None = None,
        etcd_members: int | None = None,
        etcd_flags: Mapping[str, str | int] | None = None,
        leader_election: bool | None = None,
        store: Any = None,
        restore: Snapshot | None = None,
    ) -> None:
        self.components = _checked_components(components)
        layout = layout_of(control_planes, etcd, etcd_members) if store is None else layout_on(control_planes)
        if store is not None and (etcd or etcd_members or etcd_flags):
            raise ValueError("a real etcd has its own members: leave out etcd, etcd_members and etcd_flags")
        if workers < 0:
            raise ValueError(f"workers={workers}: a cluster cannot have fewer than no workers")
        self._made_with = {
            "control_planes": control_planes,
            "workers": workers,
            "seed": seed,
            "components": self.components,
            "order": order,
            "nodes": tuple(nodes),
            "scheduler_profiles": scheduler_profiles,
            "scheduler_plugins": scheduler_plugins,
            "callers": callers,
            "etcd": etcd,
            "etcd_members": etcd_members,
            "etcd_flags": etcd_flags,
            "leader_election": leader_election,
            "store": store,
            "restore": restore,
        }
        self.seed = seed
        self.clock = Clock(0 if restore is None else restore.time_ms)
        real = None if store is None else open_store(layout.members[0], store)
        # Processes that share a real etcd must not draw the same names from the same seed.
        self.chance = Chance(seed, real.salt if real is not None else "")
        self.trace = Trace()
        self.links = Links(self.clock, self.chance)
        self.loop = Loop(self.clock, self.chance, self.trace, order, ClusterNetwork(self.links))
        if not layout.plain:
            self.links.hosts["user"] = "user"
        self.journal: list[Input] = []
        self._depth = 0
        self.turn = Turn()
        self.user = User("user", layout.server)
        self.cloud = Cloud("cloud")
        given = {name: _caller(name, groups) for name, groups in (callers or {}).items()}
        elect = layout.replicated if leader_election is None else leader_election
        settings = settings_of(etcd_flags or {})
        told = (scheduler_profiles, scheduler_plugins)
        self.assembly = Assembly(layout, self.cloud, given, told, elect, settings, real)
        self.processes = Processes(self.assembly, self.links)
        self.kubelets: Kubelets | Fleet = Kubelets("kubelets")
        if self.layout.replicated:
            self.assembly.fleet = self.kubelets = Fleet(self.loop, self.layout.server)
        self._start(restore)
        if "kubelet" in self.components:
            for host in self.layout.hosts:
                self._join(control_plane(host, self.layout))
            for number in range(1, workers + 1):
                self._join(NodeSpec(f"worker-{number}", zone=ZONES[(number - 1) % len(ZONES)]))
            for spec in self._made_with["nodes"]:
                self._join(spec)
        self.loop.settle()

    def _start(self, snapshot: Snapshot | None) -> None:
        """Let the chosen components join the loop, the store first."""
        self.loop.add(self.user)
        self.loop.add(self.processes)
        for member in self.layout.members:
            disk = None if snapshot is None else Disk(backend=snapshot.restore(now_ms=self.clock.now_ms))
            self.processes.add(Process(member, ETCD, self.layout.host_of_member(member), disk=disk))
        if not self.layout.plain and self.assembly.adapter is None:
            self.loop.run_until(lambda: any(member.node.role == LEADER for member in self.members.values()))
        self._begin(APISERVER)
        if self.layout.replicated:
            self.loop.run_until(lambda: all(server.ready for server in self.apiservers.values()))
            self.processes.add(Process(BALANCER, BALANCER, BALANCER))
        if "cloud-controller-manager" in self.components:
            self.loop.add(self.cloud)
            for obj in cloud_controller_manager.MANIFEST:
                self._install(obj)
            self._begin(CLOUD_MANAGER)
        if "controller-manager" in self.components:
            self._begin(MANAGER)
        if "scheduler" in self.components:
            self._begin(SCHEDULER)
        if "kubelet" in self.components:
            self.assembly.kubelets = "kubelets"
            if isinstance(self.kubelets, Kubelets):
                self.loop.add(self.kubelets)

    def _begin(self, component: str) -> None:
        """Start the processes of a component, one on each control plane."""
        for host in self.layout.hosts:
            self.processes.add(Process(self.layout.name(component, host), component, host))

    def _install(self, obj: dict[str, Any]) -> None:
        """Create an object that the cluster is to have; a real etcd may hold it from an earlier run."""
        try:
            self._do("install", "POST", kind_of(obj), "", meta.name(obj), body=obj)
        except ApiError as refused:
            if refused.reason != "AlreadyExists":
                raise

    def _join(self, spec: NodeSpec) -> None:
        """Start a machine and the kubelet on it; the kubelet registers the Node."""
        if "cloud-controller-manager" in self.components:
            self.cloud.start_machine(spec.name, spec.zone or "")
            spec = dataclasses.replace(spec, cloud=True)
        self.kubelets.add(spec)
        name = actor_of(spec.name)
        actors = (name,) if isinstance(self.kubelets, Fleet) else ()
        self.processes.kubelets[spec.name] = Process(name, KUBELET, spec.name, actors=actors)
        if self.links.hosts:
            self.links.hosts.update(dict.fromkeys(actors, spec.name))


def _checked_components(components: Iterable[str]) -> tuple[str, ...]:
    chosen = tuple(components)
    for name in chosen:
        if name not in COMPONENTS:
            raise ValueError(f"there is no component {name!r}; choose from {', '.join(COMPONENTS)}")
    for name in ("etcd", "apiserver"):
        if name not in chosen:
            raise ValueError(f"a cluster needs {name}: add it to components")
    return chosen


def _caller(name: str, groups: Iterable[str]) -> Caller:
    return Caller(name, (*groups, authentication.AUTHENTICATED))


def control_plane(name: str, layout: Layout) -> NodeSpec:
    """The machine of a control plane."""
    taint = {"key": CONTROL_PLANE_ROLE, "effect": "NoSchedule"}
    external = tuple(component for component in STATIC_PODS if component != ETCD) if layout.etcd == "external" else None
    labels = {CONTROL_PLANE_ROLE: ""}
    return NodeSpec(name, labels=labels, taints=[taint], control_plane=True, static_pods=external)
