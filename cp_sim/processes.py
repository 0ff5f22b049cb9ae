"""The processes of a cluster and what becomes of them: they start, crash, stand still, exit and are started again.

The actor `processes` plays the part of the kubelets of the control planes, as far as static pods go: what exits by
itself is started again after the back-off that the kubelet has for containers.  What somebody crashes stays away
until the same somebody restarts it.  Whoever held a connection to a process that ends hears of it: at once where the
machine is up (its kernel closes the connection), after the time of the keep-alive where it is not.
"""

from __future__ import annotations

from typing import Any

from cp_sim.assembly import REPORT_TO, Assembly
from cp_sim.client import ProcessExited
from cp_sim.etcd.proposal import MemberStopped
from cp_sim.kubelet.messages import StaticPod
from cp_sim.kubelet.work import FIRST_BACKOFF_MS, LAST_BACKOFF_MS, doubled
from cp_sim.layout import ETCD, STATIC
from cp_sim.process import CRASHED, EXITED, OFF, PAUSED, RUNNING, Process, Refusing
from cp_sim.sim import Actor, ConnectionLost, Links, immutable
from cp_sim.sim.connection import RESET, TIMED_OUT
from cp_sim.sim.local import live_on

KILLED = 137
# How long a silent connection lasts: HTTP/2 pings after 30 s and waits 15 s, gRPC (to etcd) 30 s and 10 s.
# Source: `k8s.io/apimachinery/pkg/util/net/http.go`, `k8s.io/apiserver/pkg/storage/storagebackend/factory/etcd3.go`.
HTTP_KEEPALIVE_MS, GRPC_KEEPALIVE_MS = 45_000, 40_000
FOREGROUND_LIMIT_MS = 10_000


@immutable
class StartAgain:
    """The timer message that ends the back-off of a process."""

    name: str
    serial: int


@immutable
class Silent:
    """The timer message that ends the keep-alive of the connection that `holder` has to `peer`."""

    holder: str
    peer: str
    since_ms: int


class Processes(Actor):
    """Knows every process, and starts and ends them.

    `all` are the processes of the control planes by name, `kubelets` those of the kubelets by node, `off` the machines
    without power.  Which actor a process is, `assembly` knows.
    """

    def __init__(self, assembly: Assembly, links: Links) -> None:
        super().__init__(REPORT_TO)
        self.links = links
        self.assembly = assembly
        self.all: dict[str, Process] = {}
        self.kubelets: dict[str, Process] = {}
        self.off: dict[str, None] = {}
        self.ahead_ms: dict[str, int] = {}  # by how much the clock of a machine goes ahead
        self._cut: dict[tuple[str, str], None] = {}
        self._silent: dict[str, dict[str, int]] = {}  # peer -> holders of a dead connection -> since when

    # -- looking ---------------------------------------------------------------------------------------------------

    def on(self, host: str) -> list[Process]:
        """The processes of a machine, in the order in which they start."""
        order = {component: place for place, component in enumerate(STATIC)}
        found = [process for process in self.all.values() if process.host == host]
        return sorted(found, key=lambda process: order.get(process.component, len(order)))

    def of(self, component: str) -> list[Process]:
        """The processes of a component."""
        return [process for process in self.all.values() if process.component == component]

    def hosts(self) -> list[str]:
        """The machines that have processes."""
        return list(dict.fromkeys(process.host for process in self.all.values()))

    # -- life ------------------------------------------------------------------------------------------------------

    def add(self, process: Process) -> None:
        """A new process, which starts at once."""
        self.all[process.name] = process
        self._start(process)

    def forget(self, name: str) -> None:
        """A process is gone for good, with its name."""
        process = self.all.pop(name)
        if process.alive:
            self._take_out(process, RESET)
        self._remove(process)

    def crash(self, process: Process) -> None:
        """The process ends and stays away until it is restarted."""
        self._end(process, CRASHED)
        self._tell_kubelet(process, KILLED)

    def kill(self, process: Process, exit_code: int = KILLED, because: str = "killed") -> None:
        """The process ends; its kubelet starts it again: the first time at once, then after a back-off."""
        if not process.alive:
            return
        loop = self.loop
        if loop.clock.now_ms - process.started_ms > 2 * LAST_BACKOFF_MS:
            process.backoff_ms = 0
        delay_ms = process.backoff_ms
        process.backoff_ms = doubled(delay_ms) if delay_ms else FIRST_BACKOFF_MS
        self._end(process, EXITED)
        loop.record("exit", self.subject(process), because, actor=process.name)
        waits = f"back-off {delay_ms // 1000}s restarting failed container={process.component}" if delay_ms else ""
        self._tell_kubelet(process, exit_code, "CrashLoopBackOff" if delay_ms else "", waits)
        again = StartAgain(process.name, process.serial)
        loop.after(delay_ms, self.name, again, background=delay_ms > FOREGROUND_LIMIT_MS)

    def restart(self, process: Process) -> None:
        """Start a process that is not there; one that is there ends first."""
        if process.host in self.off:
            return
        if process.alive:
            self._end(process, EXITED)
        process.restarts += 1
        self._start(process)

    def pause(self, process: Process) -> None:
        """Let a process stand still: it keeps its connections, and does nothing."""
        if process.state != RUNNING:
            return
        process.state = PAUSED
        for name in process.actors:
            if name in self.loop.actors:  # controllers that wait for a lease are not there yet
                self.loop.pause(name)
                self._go_silent(name)

    def resume(self, process: Process) -> None:
        """Let a process that stands still go on."""
        if process.state == PAUSED:
            process.state = RUNNING
            for name in process.actors:
                self._silent.pop(name, None)
                self.loop.resume(name)

    # -- machines ----------------------------------------------------------------------------------------------------

    def power_off(self, host: str) -> None:
        """All processes of a machine end at once, and nobody is left to say so."""
        self.off[host] = None
        for process in self.on(host):
            if process.state != OFF:
                self._end(process, OFF)

    def power_on(self, host: str) -> None:
        """A machine boots; its processes start in their order."""
        self.off.pop(host, None)
        for process in self.on(host):
            if process.state == OFF:
                process.backoff_ms = 0
                self.restart(process)

    def jump_clock(self, host: str, by_ms: int) -> None:
        """The clock of a machine jumps: its processes write other timestamps from now on."""
        self.ahead_ms[host] = self.ahead_ms.get(host, 0) + by_ms
        for process in self.on(host):
            for name in process.actors:
                if process.alive and name in self.loop.actors:
                    live_on(self.loop.actors[name], self.ahead_ms[host])

    # -- messages ----------------------------------------------------------------------------------------------------

    def receive(self, message: Any) -> None:
        if isinstance(message, StartAgain):
            process = self.all.get(message.name)
            if process is not None and process.state == EXITED and process.serial == message.serial:
                self.loop.caused_by(None)
                process.restarts += 1
                self._start(process)
        elif isinstance(message, Silent):
            self._expired(message)
        elif isinstance(message, ProcessExited | MemberStopped):
            process = self.all.get(message.name)
            if process is not None:
                self.kill(process, 1, message.reason)
        else:
            super().receive(message)

    # -- starting and ending -----------------------------------------------------------------------------------------

    def subject(self, process: Process) -> str:
        """Under which subject the trace files a process: its static pod, or itself."""
        if process.component in STATIC and process.host.startswith("control-plane"):
            return f"pods/kube-system/{process.component}-{process.host}"
        return f"processes/{process.name}"

    def _start(self, process: Process) -> None:
        loop = self.loop
        self._remove(process)
        actor = self.assembly.make(process)
        process.state, process.started_ms = RUNNING, loop.clock.now_ms
        process.starts += 1
        process.serial += 1
        self._silent.pop(process.name, None)
        for holder in self._holders(process.name):
            # The machine is back and knows nothing of the old connection; what was sent meanwhile is lost.
            loop.send(holder, ConnectionLost(process.name, RESET))
        if process.starts > 1:
            again = f"{process.component} has started for the {process.starts}. time"
            loop.record("start", self.subject(process), again, actor=f"kubelet/{process.host}")
        loop.add(actor)
        if process.host in self.ahead_ms:
            live_on(actor, self.ahead_ms[process.host])
        process.actors = self.assembly.parts(actor)
        if self.links.hosts:
            self.links.hosts.update(dict.fromkeys(process.actors, process.host))
        self._tell_kubelet(process)

    def _end(self, process: Process, state: str) -> None:
        reason = RESET if state != OFF else TIMED_OUT
        if process.alive:
            self._take_out(process, reason)
        process.state = state
        process.serial += 1
        if state == OFF:
            self._remove(process)

    def _take_out(self, process: Process, reason: str) -> None:
        """Remove the actors of a process; those who were connected to it hear of it, sooner or later."""
        loop = self.loop
        holders = {name: self._holders(name) for name in process.actors}
        if process.name in loop.actors:
            self.assembly.take_out(process, loop.actors[process.name])
        for name in process.actors:
            loop.remove(name)
        if reason == RESET:
            loop.add(Refusing(process.name))
        for name in process.actors:
            for holder in holders[name]:
                if holder in process.actors:
                    continue
                if reason == RESET:
                    loop.send(holder, ConnectionLost(name, RESET))
                else:
                    self._count_down(holder, name)

    def _remove(self, process: Process) -> None:
        """Take away whatever stands under the name of a process that is not there."""
        if process.name in self.loop.actors:
            self.loop.remove(process.name)

    def _holders(self, peer: str) -> list[str]:
        return [name for name, actor in self.loop.actors.items() if name != peer and peer in actor.connections()]

    # -- silence -----------------------------------------------------------------------------------------------------

    def _go_silent(self, peer: str) -> None:
        for holder in self._holders(peer):
            self._count_down(holder, peer)

    def _count_down(self, holder: str, peer: str) -> None:
        now_ms = self.loop.clock.now_ms
        self._silent.setdefault(peer, {})[holder] = now_ms
        process = self.all.get(peer)
        keepalive_ms = GRPC_KEEPALIVE_MS if process is not None and process.component == ETCD else HTTP_KEEPALIVE_MS
        self.loop.after(keepalive_ms, self.name, Silent(holder, peer, now_ms), background=True)

    def _expired(self, message: Silent) -> None:
        holders = self._silent.get(message.peer, {})
        if holders.get(message.holder) == message.since_ms:
            del holders[message.holder]
            self.loop.send(message.holder, ConnectionLost(message.peer, TIMED_OUT))

    def links_changed(self) -> None:
        """Links were cut or mended: connections over those that are cut have gone silent.

        *Simplified:* a connection that was cut does not come to life again, however short it was; it breaks.
        """
        before = self._cut
        self._cut = {pair: None for pair in before if not self._whole(*pair)} | {
            (name, peer): None
            for name, actor in self.loop.actors.items()
            for peer in actor.connections()
            if not self._whole(name, peer)
        }
        for holder, peer in before:
            if (holder, peer) not in self._cut and holder in self.loop.actors:
                self._silent.get(peer, {}).pop(holder, None)
                if peer in self.loop.actors[holder].connections():
                    self.loop.send(holder, ConnectionLost(peer, RESET))
        for holder, peer in self._cut:
            if (holder, peer) not in before:
                self._count_down(holder, peer)

    def _whole(self, one: str, other: str) -> bool:
        return self.links.reaches(one, other) and self.links.reaches(other, one)

    # -- mirrors -----------------------------------------------------------------------------------------------------

    def _tell_kubelet(self, process: Process, exit_code: int = 0, reason: str = "", message: str = "") -> None:
        """Let the kubelet show in the mirror of a static pod what has become of its process."""
        kubelet = self.assembly.kubelet_of(process)
        if not kubelet or (process.starts <= 1 and process.alive):
            return
        state = StaticPod(
            process.host, process.component, process.state == RUNNING, exit_code, process.restarts, reason, message
        )
        self.loop.send(kubelet, state)
