"""A stage for Raft: a few members, their disks and links, and a clock that only ticks.

Laws and stories are played here; the simulated etcd has real hosts on the event loop instead.  Nothing happens unless
the play says so, and the same seed and the same calls give the same play.
"""

from __future__ import annotations

from typing import Any

from cp_sim.raft.host import Host
from cp_sim.raft.links import Links
from cp_sim.raft.messages import LEADER, Change, Dropped, Members, Message, Ready
from cp_sim.raft.node import RaftNode
from cp_sim.sim import Chance, immutable


@immutable
class Served:
    """A read that was answered: `values` as the member `name` had applied them."""

    context: Any
    name: str
    index: int
    values: tuple[Any, ...]


class Stage:
    """Members that play Raft, tick by tick.

    `machine` is the class of the members (a `RaftNode`), `options` go to each of them.  `notes` collects what clients
    hear, `sent` every message that was sent, `acknowledged` the values whose clients got an answer, in that order.
    """

    def __init__(
        self,
        voters: tuple[str, ...],
        seed: int = 0,
        *,
        learners: tuple[str, ...] = (),
        machine: type[RaftNode] = RaftNode,
        **options: Any,
    ) -> None:
        self.seed = seed
        self.chance = Chance(seed)
        self.links = Links(self.chance)
        self.machine = machine
        self.options = options
        self.now = 0
        self.notes: list[str] = []
        self.sent: list[Message] | None = None
        self.acknowledged: dict[Any, int] = {}
        self.served: list[Served] = []
        self.hosts: dict[str, Host] = {}
        for name in voters + learners:
            self.enter(name, Members(voters, learners))

    # ---- who is there

    def enter(self, name: str, members: Members | None = None) -> Host:
        """A new member comes on stage; it knows `members`, or else what the member with the longest memory knows."""
        if members is None:
            members = max(self.nodes(), key=_applied).members
        stream = self.chance.stream(f"raft/{name}")
        self.hosts[name] = Host(name, members, stream, self.machine, **self.options)
        return self.hosts[name]

    def nodes(self) -> list[RaftNode]:
        """The machines that are not down."""
        return [host.node for host in self.hosts.values() if host.node is not None]

    def node(self, name: str) -> RaftNode | None:
        """The machine of a member; None while it is down."""
        return self.hosts[name].node

    def leader(self) -> RaftNode | None:
        """The leader of the latest term, if there is one."""
        leaders = [node for node in self.nodes() if node.role == LEADER]
        return max(leaders, key=_term) if leaders else None

    # ---- what clients do

    def propose(self, name: str, value: Any) -> bool:
        """A client proposes `value` at a member; False if it was dropped at once."""
        host = self.hosts[name]
        return self._ask(host, host.node and host.node.propose, value, f"{value} at {name}", waits_for=value)

    def change(self, name: str, change: Change) -> bool:
        """Somebody proposes a change of the group at a member; False if it was dropped at once."""
        host = self.hosts[name]
        return self._ask(
            host, host.node and host.node.propose_change, change, f"{change.kind} {change.member} at {name}"
        )

    def read(self, name: str, context: Any) -> bool:
        """A client reads all values at a member, linearizably; False if nobody can be asked."""
        host = self.hosts[name]
        return self._ask(host, host.node and host.node.read_index, context, f"read {context} at {name}")

    def _ask(self, host: Host, method: Any, argument: Any, what: str, waits_for: Any = None) -> bool:
        if host.node is None or host.paused:
            self.notes.append(f"{what}: no answer, {host.name} is {'paused' if host.paused else 'down'}")
            return False
        if waits_for is not None:
            host.waiting[waits_for] = True
        try:
            method(argument)
        except (Dropped, ValueError) as dropped:
            host.waiting.pop(waits_for, None)
            self.notes.append(f"{what}: dropped, {dropped}")
            return False
        self.settle()
        return True

    # ---- what operators and fate do

    def campaign(self, name: str) -> None:
        """A member stands for election now."""
        node = self.hosts[name].node
        if node is not None:
            node.campaign()
            self.settle()

    def transfer(self, to: str) -> None:
        """The leader is told to hand over."""
        leader = self.leader()
        if leader is not None:
            leader.transfer_leader(to)
            self.settle()

    def crash(self, name: str, kept_entries: int = 0) -> None:
        """A member loses all but its disk; what was being written is lost but for the first `kept_entries` entries."""
        self.hosts[name].crash(kept_entries)

    def restart(self, name: str) -> None:
        """A member that is down starts again."""
        if self.hosts[name].node is None:
            self.hosts[name].start()
            self.settle()

    def pause(self, name: str, paused: bool = True) -> None:
        """A member stands still (or goes on): what is sent to it meanwhile is lost."""
        self.hosts[name].paused = paused
        self.settle()

    def heal(self) -> None:
        """All links work, all disks are fast, everybody is up and goes on."""
        self.links.heal()
        for host in self.hosts.values():
            host.write_ticks = 0
            host.paused = False
            if host.node is None:
                host.start()
        self.settle()

    # ---- time

    def tick(self, count: int = 1) -> None:
        """Let time pass."""
        for _ in range(count):
            self.now += 1
            for host in self.hosts.values():
                if host.node is not None and not host.paused:
                    host.node.tick()
                    self.seen(host)
            self.settle()

    def settle(self) -> None:
        """Write, send, deliver and apply until nothing more happens at this tick.

        *Raises* RuntimeError if that does not end.
        """
        for _ in range(10_000):
            busy = False
            for host in self.hosts.values():
                busy = self._work(host) or busy
            for message in self.links.arrivals(self.now):
                busy = True
                self._deliver(message)
            if not busy:
                return
        raise RuntimeError(f"the members go on talking without end (seed {self.seed})")

    def _work(self, host: Host) -> bool:
        """One step of a host: finish a Ready whose writing is done, or begin with the next."""
        node = host.node
        if node is None or host.paused:
            return False
        if host.in_hand is None:
            if not node.has_ready():
                return False
            host.in_hand = ready = node.ready()
            host.done_at = self.now + host.write_ticks
            self._send(ready.early)
        if self.now < host.done_at:
            return False
        ready, host.in_hand = host.in_hand, None
        host.disk.write(ready)
        self._send(ready.messages)
        self._apply(host, ready)
        node.advance(ready)
        self.seen(host)
        return True

    def _apply(self, host: Host, ready: Ready) -> None:
        if ready.snapshot is not None:
            host.install(ready.snapshot)
        for entry in ready.committed:
            value = host.apply(entry)
            if value is not None:
                self.acknowledged.setdefault(value, self.now)
                self.notes.append(f"{value} at {host.name}: committed as entry {entry.index}")
        host.reads.extend(ready.reads)
        for context in host.readable():
            self.served.append(Served(context, host.name, host.applied, tuple(host.values)))
            values = " ".join(str(value) for value in host.values) or "nothing"
            self.notes.append(f"read {context} at {host.name}: {values}")

    def _send(self, messages: tuple[Message, ...]) -> None:
        for message in messages:
            if self.sent is not None:
                self.sent.append(message)
            if not self.links.carry(message, self.now):
                sender = self.hosts[message.sender].node
                if sender is not None:
                    sender.report_unreachable(message.to)

    def _deliver(self, message: Message) -> None:
        host = self.hosts.get(message.to)
        if host is not None and host.node is not None and not host.paused:
            host.node.step(message)
            self.seen(host)

    def seen(self, host: Host) -> None:
        """Called after each step of a member; a play that watches more closely overrides it."""


def _applied(node: RaftNode) -> int:
    return node.applied


def _term(node: RaftNode) -> int:
    return node.term
