"""How each process is made: which actor it is, with whom it speaks, what it takes over from its predecessor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.request import User as Caller
from cp_sim.cloud_controller_manager import Cloud, CloudControllerManager
from cp_sim.controller_manager import ControllerManager
from cp_sim.etcd.etcd import Etcd
from cp_sim.layout import APISERVER, BALANCER, CLOUD_MANAGER, ETCD, MANAGER, SCHEDULER, STATIC, Layout
from cp_sim.process import Process
from cp_sim.scheduler import Scheduler
from cp_sim.sim import Actor


@dataclass
class Assembly:
    """What all processes of a cluster have in common, and how one of them is made."""

    layout: Layout
    cloud: Cloud
    callers: dict[str, Caller] = field(default_factory=dict)
    scheduler_profiles: Any = None
    elect: bool = False
    kubelets: str = ""  # the actor of all kubelets; empty: none run, or each is an actor of its own

    def make(self, process: Process) -> Actor:
        """A fresh actor for a process."""
        match process.component:
            case "etcd":
                return self._member(process)
            case "kube-apiserver":
                server = ApiServer(process.name)
                server.given_users = self.callers
                return server
            case "kube-scheduler":
                return Scheduler(profiles=self.scheduler_profiles)
            case "kube-controller-manager":
                return ControllerManager()
            case "cloud-controller-manager":
                return CloudControllerManager(self.cloud)
        raise ValueError(f"nobody knows how to make {process.component}")

    def parts(self, actor: Actor) -> tuple[str, ...]:
        """The names under which the parts of a process live on the loop, itself first."""
        return (actor.name, *(controller.name for controller in getattr(actor, "controllers", ())))

    def keep(self, process: Process, actor: Actor) -> None:
        """A process ends: keep what outlives it."""
        if isinstance(actor, Etcd):
            process.disk = actor.mvcc

    def _member(self, process: Process) -> Etcd:
        member = Etcd(process.name)
        if process.disk is not None:
            member.mvcc = process.disk
        return member

    def exited(self, message: Any) -> tuple[str, str] | None:
        """(process, why) if the message says that a process has ended by itself."""
        return None

    def kubelet_of(self, process: Process) -> str:
        """The actor that shows the process in a mirror pod, empty if nobody does."""
        if process.component not in STATIC or not process.host.startswith("control-plane"):
            return ""
        return self.kubelets


__all__ = ["APISERVER", "BALANCER", "CLOUD_MANAGER", "ETCD", "MANAGER", "SCHEDULER", "Assembly"]
