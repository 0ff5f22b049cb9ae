"""Looking after a cluster of several control planes: one more, one less, each restarted in turn, back to a snapshot.

*In Kubernetes:* `kubeadm join --control-plane`, `kubeadm reset`, an upgrade node by node, `etcdutl snapshot restore`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.asking import outside
from cp_sim.breaking import Breaking
from cp_sim.client.load_balancer import LoadBalancer
from cp_sim.etcd.api import EtcdError
from cp_sim.etcd.cluster_api import (
    MemberAddRequest,
    MemberPromoteRequest,
    MemberRemoveRequest,
    MoveLeaderRequest,
)
from cp_sim.etcd.disk import Disk
from cp_sim.etcd.snapshot import Snapshot
from cp_sim.layout import APISERVER, BALANCER, CLOUD_MANAGER, ETCD, MANAGER, SCHEDULER
from cp_sim.objects import meta
from cp_sim.process import EXITED, Process
from cp_sim.scheduler import Scheduler
from cp_sim.sim import parse_duration
from cp_sim.world import control_plane

# How far a restore raises the revision so that no client knows a later one.
# Source: etcd.io, "Disaster recovery", section "Restoring with revision bump".
REVISION_BUMP = 1_000_000_000
PATIENCE_MS = 120_000
LAG_ENTRIES = 10  # what may be on its way to a member that is in good health
ASK_EVERY_MS, ASK_FOR_MS = 1_000, 15_000
UNHEALTHY = "unhealthy cluster"
PROMOTE_EVERY_MS, PROMOTE_TRIES = 500, 120


class Maintaining(Breaking):
    """What an administrator does to the control planes themselves."""

    # -- one more, one less ------------------------------------------------------------------------------------------

    @outside
    def add_control_plane(self) -> str:
        """Let a further control plane join; returns its name.

        Stacked, its member of the store joins as a learner, is sent all data, and is promoted; then its API server
        starts and the balancer hears of it, then the managers, the scheduler and the kubelet.

        Raises:
            ValueError: the cluster was begun with one control plane, so nothing stands in front of several.
            EtcdError: the store refuses a further member, e.g. because one is not healthy.
        """
        if not self.layout.replicated:
            raise ValueError(
                "this cluster was begun with one control plane, whose address everybody knows; begin with "
                "Cluster(control_planes=2) or more"
            )
        host = self.layout.next_host
        self._record("add_control_plane", f"nodes/{host}", "a further control plane joins")
        member = self.layout.name(ETCD, host)
        stacked = self.layout.etcd == "stacked"
        if stacked:
            self._ask(MemberAddRequest(member, (f"https://{host}:2380",), learner=True))
        self.assembly.layout = self.layout.with_host(host)
        if stacked:
            self.processes.add(Process(member, ETCD, host, joins=True))
            self._promote(member)
        server = self.layout.name(APISERVER, host)
        self.processes.add(Process(server, APISERVER, host))
        self.loop.run_until(lambda: self.apiservers[server].ready, PATIENCE_MS)
        balancer = self.loop.actors.get(BALANCER)
        if isinstance(balancer, LoadBalancer):
            balancer.add_backend(server)
        for component, chosen in (
            (CLOUD_MANAGER, CLOUD_MANAGER),
            (MANAGER, "controller-manager"),
            (SCHEDULER, "scheduler"),
        ):
            if chosen in self.components:
                self.processes.add(Process(self.layout.name(component, host), component, host))
        if "kubelet" in self.components:
            self._join(control_plane(host, self.layout))
        self.loop.caused_by(None)
        return host

    def _promote(self, member: str) -> None:
        """Let a learner vote, as soon as it has caught up with the leader."""
        for _ in range(PROMOTE_TRIES):
            answer = self.ask_store(MemberPromoteRequest(member), self._living_member(member))
            if not answer.error:
                return
            self.loop.run(PROMOTE_EVERY_MS)
        raise EtcdError(answer.code, answer.error)

    @outside
    def remove_control_plane(self, name: str) -> None:
        """Take a control plane away for good: its member leaves the store, its processes end, its Node is deleted.

        The scheduler releases its lease before it ends; the managers do not, so that theirs has to run out.

        Raises:
            ValueError: there is no such control plane, or it is the last.
            EtcdError: the store refuses, e.g. because too few members would be left.
        """
        if name not in self.layout.hosts:
            raise ValueError(f"there is no control plane {name!r}; there are {', '.join(self.layout.hosts)}")
        if len(self.layout.hosts) == 1:
            raise ValueError(f"{name} is the last control plane; a cluster needs one")
        self._record("remove_control_plane", f"nodes/{name}", "its member leaves the store, its processes end")
        member = self.layout.name(ETCD, name) if self.layout.etcd == "stacked" else ""
        self._stop_in_order(name)
        if member:
            self._hand_over(member)
            self._ask(MemberRemoveRequest(member), besides=member)
        balancer = self.loop.actors.get(BALANCER)
        if isinstance(balancer, LoadBalancer):
            balancer.remove_backend(self.layout.name(APISERVER, name))
        for process in self.processes.on(name):
            self.processes.forget(process.name)
        self.assembly.layout = self.layout.without_host(name)
        if name in self.kubelets.nodes:
            self.remove_node(name)
        self.loop.caused_by(None)

    # -- in order ----------------------------------------------------------------------------------------------------

    @outside
    def shut_down(self, node: str) -> None:
        """Switch a machine off in order: the store's leader hands over the lead, the scheduler releases its lease.

        `restart(node)` switches it on again.  *In Kubernetes:* what SIGTERM does to etcd (`Server.TransferLeadership`)
        and to kube-scheduler (`ReleaseOnCancel`).

        Raises:
            ValueError: there is no such machine.
        """
        [host] = self._machines(node)
        self._record("shut_down", f"nodes/{host}", "the machine is switched off in order")
        self._stop_in_order(host)
        for process in self.processes.on(host):
            if process.component == ETCD:
                self._hand_over(process.name)
        self._power_off(host)

    def _hand_over(self, member: str) -> None:
        """Let another member lead, if this one does."""
        others = [process.name for process in self.processes.of(ETCD) if process.alive and process.name != member]
        if member == self.etcd_leader and others:
            self.ask_store(MoveLeaderRequest(others[0]), member)

    def _stop_in_order(self, host: str) -> None:
        for process in self.processes.on(host):
            actor = self.loop.actors.get(process.name)
            if process.alive and isinstance(actor, Scheduler) and actor.leading:
                process.state = EXITED  # nobody shall start it again
                actor.shut_down()
                self.loop.run_until(lambda: process.name not in self.loop.actors, 5_000)  # noqa: B023

    @outside
    def rolling_restart(self, down: str | int = "10s", drain: bool = True) -> dict[str, int]:
        """Take the control planes down one after the other, each for `down`; wait until all is well before the next.

        Returns how long each one was away, in ms, until everything on it was healthy again.  *In Kubernetes:* an
        upgrade: drain, switch off, change something, switch on, uncordon.

        Raises:
            TimeoutError: one does not come back within two minutes.
        """
        away = {}
        for host in self.layout.hosts:
            if drain and "kubelet" in self.components:
                self.drain(host)
            since_ms = self.clock.now_ms
            self.shut_down(host)
            self.loop.run(parse_duration(down))
            self.restart(host)
            if not self.loop.run_until(lambda: self.is_healthy(host), PATIENCE_MS):  # noqa: B023
                raise TimeoutError(f"{host} has not come back: {', '.join(self._ailments(host))}")
            away[host] = self.clock.now_ms - since_ms
            if drain and "kubelet" in self.components:
                self.uncordon(host)
        return away

    def is_healthy(self, host: str) -> bool:
        """Whether everything on a control plane works: its processes, its member, its API server, its Node."""
        return not self._ailments(host)

    def _ailments(self, host: str) -> list[str]:
        found = [
            f"{process.name} is {process.state}" for process in self.processes.on(host) if process.state != "running"
        ]
        if found:
            return found
        member = self.members.get(self.layout.name(ETCD, host))
        if member is not None:
            leader = self.members.get(member.node.leader)
            if leader is None or leader.node.commit > member.node.applied + LAG_ENTRIES:
                found.append(f"{member.name} has not caught up")
        server = self.apiservers[self.layout.name(APISERVER, host)]
        if not server.ready:
            found.append(f"{server.name} is not ready")
        balancer = self.loop.actors.get(BALANCER)
        if isinstance(balancer, LoadBalancer) and not balancer.backends[server.name].up:
            found.append(f"the balancer takes {server.name} for down")
        nodes = [node for node in self.get("nodes") if meta.name(node) == host]
        if nodes and not meta.is_ready(nodes[0]):
            found.append(f"node {host} is not Ready")
        return found

    # -- back to a snapshot ------------------------------------------------------------------------------------------

    @outside
    def restore(self, snapshot: Snapshot, bump_revision: bool | int = False) -> None:
        """Give the store the data of a snapshot, as after a disaster: API servers and members stop, and start on it.

        Without `bump_revision` revisions that clients know are given out anew, and watches that ask for changes since a
        revision that is still to come are told nothing until it comes: caches hold what is no more.  With it the
        revision is raised so far that nobody knows a later one, everything before counts as compacted, and whoever
        watches has to list anew.

        Raises:
            ValueError: a machine that has a member of the store is off.
        """
        members, servers = self.processes.of(ETCD), self.processes.of(APISERVER)
        for process in (*members, *servers):
            if process.host in self.processes.off:
                raise ValueError(f'{process.host} is off, and {process.name} on it: restart("{process.host}") first')
        bump = REVISION_BUMP if bump_revision is True else int(bump_revision)
        said = f"the store is given the data of revision {snapshot.revision}" + (f", raised by {bump}" if bump else "")
        self._record("restore", "members", said)
        for process in (*servers, *members):
            if process.alive:
                self.processes.crash(process)
        for process in members:
            process.disk = restored_disk(snapshot, bump, self.clock.now_ms)
            process.joins = False
            self.processes.restart(process)
        self.loop.run_until(lambda: bool(self.etcd_leader), PATIENCE_MS)
        for process in servers:
            self.processes.restart(process)
        self.loop.run_until(lambda: all(server.ready for server in self.apiservers.values()), PATIENCE_MS)
        self.loop.caused_by(None)

    # -- the store ---------------------------------------------------------------------------------------------------

    def _living_member(self, besides: str = "") -> str:
        """The member that is asked: the leader, unless it is the one that is meant."""
        leader = self.etcd_leader
        if leader and leader != besides:
            return leader
        for process in self.processes.of(ETCD):
            if process.alive and process.name != besides:
                return process.name
        raise ValueError("no member of the store runs that could be asked; restart one")

    def _ask(self, operation: Any, besides: str = "") -> Any:
        """Ask for a change of the members; while the group is not healthy for 5 s, ask again.

        *In Kubernetes:* kubeadm tries for as long (cmd/kubeadm/app/util/etcd/etcd.go).
        """
        until_ms = self.clock.now_ms + ASK_FOR_MS
        while True:
            answer = self.ask_store(operation, self._living_member(besides))
            if not answer.error:
                return answer.response
            if UNHEALTHY not in answer.error or self.clock.now_ms >= until_ms:
                raise EtcdError(answer.code, answer.error)
            self.loop.run(ASK_EVERY_MS)


def restored_disk(snapshot: Snapshot, bump_revision: int, now_ms: int) -> Disk:
    """A new member's disk with the data of a snapshot."""
    return Disk(backend=snapshot.restore(bump_revision, bool(bump_revision), now_ms=now_ms))
