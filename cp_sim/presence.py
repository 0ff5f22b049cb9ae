"""Who is there: the processes of a cluster as whoever looks at it from outside finds them."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.assembly import Assembly
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.etcdctl import Etcdctl
from cp_sim.fleet import Fleet
from cp_sim.kubelet import Kubelets
from cp_sim.layout import APISERVER, ETCD, SHORT, Layout
from cp_sim.objects import meta
from cp_sim.processes import Processes
from cp_sim.raft.messages import LEADER
from cp_sim.scheduler import Scheduler
from cp_sim.scheduler.waiting_pods import WaitingPod
from cp_sim.sim import Loop, immutable


@immutable
class RunningContainer:
    """A container that runs on a node; `pod` is `namespace/name`."""

    node: str
    pod: str
    container: str


class Presence:
    """Looks at the parts of a cluster; looking costs no time and changes nothing."""

    loop: Loop
    assembly: Assembly
    processes: Processes
    kubelets: Kubelets | Fleet

    @property
    def layout(self) -> Layout:
        """Which control planes and members of the store there are, and how their processes are called."""
        return self.assembly.layout

    @property
    def etcd(self) -> Etcdctl:
        """The store as one outside sees it: to look at, and to ask as `etcdctl` does."""
        return Etcdctl(self)

    @property
    def store_actor(self) -> Any:
        """The store, as the member sees it that has seen most; of those that live, if any does. The adapter to a real
        etcd if the objects are kept there.
        """
        if self.assembly.adapter is not None:
            return self.assembly.adapter
        members = self.members
        living = [member for member in members.values() if member.name in self.loop.actors]
        return max(living or members.values(), key=lambda member: member.current_revision)

    @property
    def members(self) -> dict[str, Etcd]:
        """The simulated members of the store by name; of one that has ended, what was there when it did."""
        found: dict[str, Etcd] = {}
        if self.assembly.adapter is not None:
            return found
        for process in self.processes.of(ETCD):
            actor = self.loop.actors[process.name] if process.alive else process.remains
            assert isinstance(actor, Etcd)
            found[process.name] = actor
        return found

    @property
    def etcd_leader(self) -> str:
        """The member of the store that leads; of several that think so, the one of the latest term.  Empty if none."""
        leaders = [
            member
            for member in self.members.values()
            if self.processes.all[member.name].alive and not member.stopped and member.node.role == LEADER
        ]
        return max(leaders, key=lambda member: member.node.term).name if leaders else ""

    def leader_of(self, component: str) -> str:
        """The process that leads, of `"kube-scheduler"` or one of the managers; empty if none does.

        Where nobody stands for election the one process that runs leads.

        Raises:
            ValueError: there is no such component.
        """
        component = SHORT.get(component, component)
        if component == ETCD:
            return self.etcd_leader
        processes = self.processes.of(component)
        if not processes:
            raise ValueError(f"no process here is {component!r}; there are {', '.join(self.processes.all)}")
        for process in processes:
            elector = getattr(self.loop.actors.get(process.name), "elector", None)
            if process.alive and (elector.leading if elector is not None else not self.assembly.election):
                return process.name
        return ""

    @property
    def apiservers(self) -> dict[str, ApiServer]:
        """The API servers that run, by name."""
        running = [self.loop.actors[process.name] for process in self.processes.of(APISERVER) if process.alive]
        return {server.name: server for server in running if isinstance(server, ApiServer)}

    @property
    def apiserver(self) -> ApiServer:
        """The first API server that runs.

        Raises:
            LookupError: none does.
        """
        for server in self.apiservers.values():
            return server
        raise LookupError("no API server runs; restart one")

    @property
    def scheduler(self) -> Scheduler:
        """The scheduler that places pods; where several run, the one that leads.

        Raises:
            LookupError: none does.
        """
        found = None
        if self.processes.of("kube-scheduler"):
            found = self.loop.actors.get(self.leader_of("kube-scheduler"))
        if isinstance(found, Scheduler):
            return found
        raise LookupError("no scheduler places pods now")

    @property
    def waiting_pods(self) -> dict[str, WaitingPod]:
        """The pods that have a node and wait for Permit plugins of the scheduler, by `namespace/name`."""
        return {one.key: one for one in self.scheduler.waiting_pods.values()}

    def containers(self, node: str = "") -> list[RunningContainer]:
        """The containers that run now, whatever the API server may know of it; those of one node, or of all.

        *In Kubernetes:* `crictl ps` on the machine itself.
        """
        return [
            RunningContainer(machine.name, meta.key(run.pod), container.name)
            for machine in self.kubelets.nodes.values()
            if node in ("", machine.name) and not machine.off
            for run in machine.pods.values()
            for container in run.containers
            if container.state == "running"
        ]
