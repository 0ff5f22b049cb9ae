"""What can be done to a cluster from outside: crash, stop and restart its parts, cut its network, fill its disks.

Nothing here repairs anything; what the components make of it is theirs.
"""

from __future__ import annotations

from collections.abc import Iterable

from cp_sim.asking import outside
from cp_sim.kubelet import Kubelets
from cp_sim.layout import BALANCER, ETCD, SHORT, STATIC
from cp_sim.operations import Operations
from cp_sim.process import CRASHED, PAUSED, RUNNING, Process
from cp_sim.sim import parse_duration

USER = "user"


class Breaking(Operations):
    """The hand that pulls plugs, on top of the verbs of a user.

    What is named is a node (`"control-plane-2"`, `"worker-1"`: the machine with all that runs on it), a process
    (`"kube-scheduler-control-plane-1"` or `"scheduler@control-plane-1"`; with one control plane `"kube-scheduler"`),
    a kubelet (`"kubelet@worker-1"`), or `"load-balancer"`.
    """

    # -- processes and machines --------------------------------------------------------------------------------------

    @outside
    def crash(self, what: str) -> None:
        """Let a process or a machine end at once; it stays away until `restart`.

        Whoever is connected to a process that crashes hears of it at once, for the machine's kernel closes its
        connections.  A machine that is gone says nothing: its peers notice after the time of their keep-alives.

        Raises:
            ValueError: there is no such thing, or it is not there any more.
        """
        found = self._find(what)
        if isinstance(found, str):
            self._power_off(found)
            return
        if not found.alive:
            raise ValueError(f"{what} has {'crashed' if found.state == CRASHED else 'ended'} already; restart it first")
        self._record("crash", self.processes.subject(found), f"{found.name} ends and stays away until it is restarted")
        if found.component == "kubelet":
            found.state = CRASHED
            self.kubelets.stop(found.host)
        else:
            self.processes.crash(found)
        self.loop.caused_by(None)

    @outside
    def kill(self, what: str) -> None:
        """Let a process end at once, as `kill -9` does; its kubelet starts it again, the first time without delay.

        Raises:
            ValueError: there is no such process, or it is not running.
        """
        found = self._find(what)
        if isinstance(found, str) or found.component not in STATIC:
            raise ValueError(f"{what} is not the process of a static pod; crash() ends it")
        if not found.alive:
            raise ValueError(f"{what} does not run; restart it first")
        self._record("kill", self.processes.subject(found), f"{found.name} is killed")
        self.processes.kill(found)
        self.loop.caused_by(None)

    @outside
    def restart(self, what: str) -> None:
        """Start a process or a machine again; one that runs is ended first.

        Raises:
            ValueError: there is no such thing, or the machine of the process is off.
        """
        found = self._find(what)
        if isinstance(found, str):
            if found not in self.processes.off:
                self._power_off(found)
            self._power_on(found)
            return
        if found.host in self.processes.off:
            raise ValueError(f'{what} cannot start: its machine is off; restart("{found.host}")')
        self._record("restart", self.processes.subject(found), f"{found.name} starts again")
        if found.component == "kubelet":
            found.state = RUNNING
            self.kubelets.start(found.host)
        else:
            self.processes.restart(found)
        self.loop.caused_by(None)

    @outside
    def pause(self, what: str) -> None:
        """Let a process, or all of a machine, stand still: it keeps its memory and its connections, and does nothing.

        Raises:
            ValueError: there is no such thing.
        """
        for process in self._all_of(what):
            if process.state == RUNNING:
                self._record("pause", self.processes.subject(process), f"{process.name} stands still")
                if process.component == "kubelet" and not process.actors:
                    process.state = PAUSED
                    self.kubelets.stop(process.host)
                else:
                    self.processes.pause(process)
        self.loop.caused_by(None)

    @outside
    def resume(self, what: str) -> None:
        """Let what was paused go on, with everything that has come for it meanwhile.

        Raises:
            ValueError: there is no such thing.
        """
        for process in self._all_of(what):
            if process.state == PAUSED:
                self._record("resume", self.processes.subject(process), f"{process.name} goes on")
                if process.component == "kubelet" and not process.actors:
                    process.state = RUNNING
                    self.kubelets.start(process.host)
                else:
                    self.processes.resume(process)
        self.loop.caused_by(None)

    def _power_off(self, host: str) -> None:
        if host in self.processes.off:
            raise ValueError(f'{host} is off already; restart("{host}") switches it on')
        self._record("crash", f"nodes/{host}", "the machine is off, with everything that ran on it")
        self.processes.power_off(host)
        if host in self.kubelets.nodes:
            self.kubelets.power_off(host)
        self.loop.caused_by(None)

    def _power_on(self, host: str) -> None:
        self._record("restart", f"nodes/{host}", "the machine boots")
        self.processes.power_on(host)
        if host in self.kubelets.nodes:
            self.kubelets.power_on(host)
        self.loop.caused_by(None)

    # -- the network -------------------------------------------------------------------------------------------------

    @outside
    def partition(self, left: str | Iterable[str], right: str | Iterable[str], one_way: bool = False) -> None:
        """Cut all links between two groups of machines (`"user"` and `"load-balancer"` count as such).

        With `one_way` only what `left` sends to `right` is lost.  Links that are not named stay whole.

        Raises:
            ValueError: there is no such machine, or one stands on both sides.
        """
        one, other = self._machines(left), self._machines(right)
        self._give_hosts()
        self.links.partition(one, other, one_way=one_way)
        arrow = " to " if one_way else " and "
        self._record("partition", "links", f"cut between {', '.join(one)}{arrow}{', '.join(other)}")
        self._network_changed()

    @outside
    def heal(self) -> None:
        """Make all links between machines whole again."""
        self.links.heal()
        self._record("heal", "links", "all links are whole")
        self._network_changed()

    @outside
    def link(
        self,
        sender: str,
        to: str,
        *,
        loss: float = 0.0,
        delay: str | int = 0,
        jitter: str | int = 0,
        reorder: float = 0.0,
        duplicate: float = 0.0,
        one_way: bool = False,
    ) -> None:
        """Let the link between two machines lose, delay, reorder or double messages; without any of these it is whole.

        Raises:
            ValueError: there is no such machine, or a number that cannot be.
        """
        [left], [right] = self._machines(sender), self._machines(to)
        self._give_hosts()
        delay_ms, jitter_ms = parse_duration(delay), parse_duration(jitter)
        self.links.set(
            left,
            right,
            loss=loss,
            delay_ms=delay_ms,
            jitter_ms=jitter_ms,
            reorder=reorder,
            duplicate=duplicate,
            one_way=one_way,
        )
        self._record("link", "links", f"{left} and {right}: {self.links.faults.get((left, right), 'whole')}")
        self._network_changed()

    def _network_changed(self) -> None:
        """Connections over links that are cut go silent; kubelets that share an actor are told of their own."""
        self.processes.links_changed()
        if isinstance(self.kubelets, Kubelets):
            [control_plane] = self.layout.hosts
            for node in self.kubelets.nodes:
                ways = (self.links.fault(node, control_plane), self.links.fault(control_plane, node))
                self.kubelets.cut_off(node, any(way.cut for way in ways))
        self.loop.caused_by(None)

    def _give_hosts(self) -> None:
        """Let the links know who lives where; with one of each nobody asks before the first link is broken."""
        for process in self.processes.all.values():
            self.links.hosts.update(dict.fromkeys(process.actors, process.host))

    def _machines(self, names: str | Iterable[str]) -> list[str]:
        wanted = [names] if isinstance(names, str) else list(names)
        known = [*dict.fromkeys([*self.processes.hosts(), *self.kubelets.nodes]), USER]
        for name in wanted:
            if name not in known:
                raise ValueError(f"there is no machine {name!r}; there are {', '.join(known)}")
        return wanted

    # -- disks and clocks --------------------------------------------------------------------------------------------

    @outside
    def slow_disk(self, member: str, fsync_ms: int) -> None:
        """Let each write to the disk of a member of the store take so long before it is safe.

        Raises:
            ValueError: there is no such member, or a time that cannot be.
        """
        if fsync_ms < 0:
            raise ValueError(f"fsync_ms={fsync_ms}: a disk cannot be done before it has begun; give 0 or more")
        process = self._member(member)
        self._record("slow_disk", f"members/{process.name}", f"each sync takes {fsync_ms} ms")
        process.disk.fsync_ms = fsync_ms
        self.loop.caused_by(None)

    @outside
    def fill_disk(self, member: str) -> None:
        """Fill the disk of a member of the store: at its next write it ends, and cannot start again until `mend_disk`.

        Raises:
            ValueError: there is no such member.
        """
        process = self._member(member)
        self._record("fill_disk", f"members/{process.name}", "no space left on device")
        process.disk.full = True
        self.loop.caused_by(None)

    @outside
    def mend_disk(self, member: str) -> None:
        """Let the disk of a member be as fast as at first, with room on it.

        Raises:
            ValueError: there is no such member.
        """
        process = self._member(member)
        fsync_ms = 0 if len(self.processes.of(ETCD)) == 1 else 1
        if not process.disk.full and process.disk.fsync_ms == fsync_ms:
            return
        self._record("mend_disk", f"members/{process.name}", "the disk is fast and has room")
        process.disk.full, process.disk.fsync_ms = False, fsync_ms
        self.loop.caused_by(None)

    @outside
    def jump_clock(self, node: str, by: str | int) -> None:
        """Let the clock of a machine jump, by `"+30s"`, `"-5m"` or so many milliseconds.

        The timestamps that its processes write are wrong from now on; how long they wait is not, for that is measured
        with another clock.  *Simplified:* times that controllers write in conditions and taints stay right.

        Raises:
            ValueError: there is no such machine, or `by` is no duration.
        """
        [host] = self._machines(node)
        back = isinstance(by, str) and by.startswith("-")
        by_ms = by if isinstance(by, int) else parse_duration(by.lstrip("+-")) * (-1 if back else 1)
        self._record("jump_clock", f"nodes/{host}", f"its clock jumps by {by_ms / 1000:+.10g} s")
        self.processes.jump_clock(host, by_ms)
        if host in self.kubelets.nodes:
            self.kubelets.jump_clock(host, by_ms)
        self.loop.caused_by(None)

    # -- finding -----------------------------------------------------------------------------------------------------

    def _record(self, verb: str, subject: str, because: str) -> None:
        self.loop.record(verb, subject, because, actor="user")

    def _find(self, what: str) -> Process | str:
        """A process, or the name of a machine."""
        processes = self.processes.all
        if what in processes:
            return processes[what]
        hosts = [*dict.fromkeys([*self.processes.hosts(), *self.kubelets.nodes])]
        if what in hosts and what != BALANCER:
            return what
        component, at, host = what.partition("@")
        if component == "kubelet" and host in self.processes.kubelets:
            return self.processes.kubelets[host]
        component = SHORT.get(component, component)
        found = [
            process
            for process in processes.values()
            if process.component == component and (process.host == host if at else not self.layout.replicated)
        ]
        if not self.layout.replicated and not found:  # the name of its static pod
            found = [process for process in processes.values() if what == f"{process.component}-{process.host}"]
        if len(found) == 1:
            return found[0]
        raise ValueError(f"there is no {what!r}; there are {', '.join([*hosts, *processes])}")

    def _all_of(self, what: str) -> list[Process]:
        found = self._find(what)
        if not isinstance(found, str):
            return [found]
        kubelet = self.processes.kubelets.get(found)
        return self.processes.on(found) + ([kubelet] if kubelet is not None else [])

    def _member(self, what: str) -> Process:
        members = self.processes.of(ETCD)
        found = self._find(what) if what != ETCD else members[0] if len(members) == 1 else ""
        if isinstance(found, str):
            found = next((member for member in members if found in (member.host, member.name)), "")
        if isinstance(found, str) or found.component != ETCD:
            raise ValueError(f"{what!r} is no member of the store; there are {', '.join(one.name for one in members)}")
        return found
