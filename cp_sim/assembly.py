"""How each process is made: which actor it is, with whom it speaks, what it takes over from its predecessor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cp_sim.apiserver import compaction
from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.request import User as Caller
from cp_sim.client import Component, Election
from cp_sim.client.load_balancer import LoadBalancer
from cp_sim.cloud_controller_manager import Cloud, CloudControllerManager
from cp_sim.controller_manager import ControllerManager
from cp_sim.etcd.disk import Disk
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.proposal import Settings
from cp_sim.fleet import Fleet, actor_of
from cp_sim.kubelet.node import node_address
from cp_sim.layout import APISERVER, ETCD, STATIC, Layout
from cp_sim.process import Process
from cp_sim.scheduler import Scheduler
from cp_sim.sim import Actor

REPORT_TO = "processes"  # who is told when a process ends by itself


@dataclass
class Assembly:
    """What all processes of a cluster have in common, and how one of them is made."""

    layout: Layout
    cloud: Cloud
    callers: dict[str, Caller] = field(default_factory=dict)
    scheduling: tuple[Any, Any] = (None, ())  # the scheduler's profiles, and plugins that they may name
    election: bool = False
    settings: Settings | None = None  # of the members of the store
    real: Any = None  # the adapter to a real etcd, if the objects are kept there
    fleet: Fleet | None = None  # the machines, where each kubelet is an actor of its own
    kubelets: str = ""  # the actor of all kubelets; empty: none run, or each is an actor of its own

    @property
    def adapter(self) -> Any:
        """What stands in front of a real etcd; None if there is none, and in a fork, which has a store of its own."""
        return None if isinstance(self.real, Etcd) else self.real

    def make(self, process: Process) -> Actor:
        """A fresh actor for a process."""
        match process.component:
            case "etcd":
                return self._member(process)
            case "kube-apiserver":
                others = self.layout.members if self.layout.etcd == "external" else ()
                server = ApiServer(process.name, self._store_of(process), others, **self._beside_others(process))
                server.given_users = self.callers
                return server
            case "kube-scheduler":
                profiles, plugins = self.scheduling
                return Scheduler(
                    profiles,
                    process.name,
                    host=process.host,
                    server=self._server_of(process),
                    election=self._election(process),
                    plugins=plugins,
                )
            case "kube-controller-manager":
                return ControllerManager(process.name, **self._of_manager(process))
            case "cloud-controller-manager":
                return CloudControllerManager(self.cloud, process.name, **self._of_manager(process))
            case "load-balancer":
                return LoadBalancer(self.layout.name(APISERVER, host) for host in self.layout.hosts)
        raise ValueError(f"nobody knows how to make {process.component}")

    def _beside_others(self, process: Process) -> dict[str, Any]:
        """What an API server does because others work on its store: those of its cluster, or of other processes."""
        if not self.layout.replicated:
            return {"shared_store": self.adapter is not None}
        address = node_address(self.fleet.number_of(process.host)) if self.fleet is not None else ""
        return {"shared_store": True, "address": address, "compaction_ms": compaction.INTERVAL_MS}

    def _of_manager(self, process: Process) -> dict[str, Any]:
        host = process.host if self.layout.replicated else ""
        return {"server": self._server_of(process), "host": host, "election": self._election(process)}

    def _server_of(self, process: Process) -> str:
        """The API server that a component speaks to: that of its own machine, as kubeadm lays it out."""
        return self.layout.name(APISERVER, process.host)

    def _store_of(self, process: Process) -> str:
        if self.layout.etcd == "stacked":
            return self.layout.name(ETCD, process.host)
        number = self.layout.hosts.index(process.host)
        return self.layout.members[number % len(self.layout.members)]

    def _election(self, process: Process) -> Election | None:
        return Election(process.host, REPORT_TO) if self.election else None

    def parts(self, actor: Actor) -> tuple[str, ...]:
        """The names under which the parts of a process live on the loop, itself first."""
        return actor.process() if isinstance(actor, Component) else (actor.name,)

    def take_out(self, process: Process, actor: Actor) -> None:
        """A process ends: it leaves the loop, and what outlives it is kept."""
        if isinstance(actor, Etcd):
            if actor.stopped:  # it has said so itself
                actor.loop.remove(actor.name)
                actor.disk.crash()
            else:
                actor.crash("its process has ended")
            process.disk, process.remains = actor.disk, actor

    def _member(self, process: Process) -> Actor:
        if self.adapter is not None:
            adapter: Actor = self.adapter
            return adapter
        if process.disk is None:
            process.disk = Disk()
        member = Etcd(process.name, self.layout.members, process.disk, learner=process.joins, settings=self.settings)
        member.report_to = REPORT_TO
        return member

    def kubelet_of(self, process: Process) -> str:
        """The actor that shows the process in a mirror pod, empty if nobody does."""
        if process.component not in STATIC or not process.host.startswith("control-plane"):
            return ""
        return actor_of(process.host) if self.layout.replicated and self.kubelets else self.kubelets
