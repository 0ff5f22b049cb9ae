"""Members of a store as the views ask for them: real Raft machines on a real loop, without disk or API."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from cp_sim.etcd.proposal import RaftNote
from cp_sim.raft import Members, RaftNode
from cp_sim.raft.messages import HardState, Message
from cp_sim.sim import Actor, Chance, Clock, Links, Loop, Trace, immutable


@immutable
class Tick:
    pass


class Wires:
    """A network of members with links that can be cut."""

    def __init__(self, links: Links) -> None:
        self.links = links

    def delay_ms(self, sender: str, to: str, message: Any) -> int | tuple[int, ...]:
        return self.links.packet(sender, to, 10) if isinstance(message, Message) else 0


class Member(Actor):
    """A Raft machine that ticks; its disk is as fast as memory."""

    def __init__(self, name: str, members: Members) -> None:
        super().__init__(name)
        self.members = members
        self.crashed = False
        self.stopped = ""

    def started(self) -> None:
        self.node = RaftNode(self.name, self.members, self.loop.chance.stream(f"raft/{self.name}"))
        self.loop.after(100, self.name, Tick(), background=True)

    def receive(self, message: Any) -> None:
        before = (self.node.role, self.node.term, self.node.leader)
        if isinstance(message, Tick):
            self.loop.after(100, self.name, Tick(), background=True)
            if not self.crashed:
                self.node.tick()
        elif not self.crashed:
            self.node.step(message)
        if not self.crashed:
            self.work()
        after = (self.node.role, self.node.term, self.node.leader)
        if after != before:
            verbs = {"leader": "become leader", "follower": "follow"}
            self.tell(verbs.get(self.node.role, "campaign"))

    def tell(self, verb: str) -> None:
        node = self.node
        note = RaftNote(self.name, node.role, node.term, node.leader, node.commit)
        self.loop.record(verb, f"members/{self.name}", "", evidence=note, actor=self.name)

    def work(self) -> None:
        while self.node.has_ready():
            ready = self.node.ready()
            for message in ready.early + ready.messages:
                self.loop.send(message.to, message, background=True)
            self.node.advance(ready)


class Group:
    """A cluster of members, as far as the pictures of Raft ask."""

    def __init__(self, count: int, learners: tuple[str, ...] = (), seed: int = 7) -> None:
        self.clock, self.trace = Clock(0), Trace()
        chance = Chance(seed)
        links = Links(self.clock, chance)
        self.links = links
        self.loop = Loop(self.clock, chance, self.trace, None, Wires(links))
        names = ["etcd"] if count == 1 else [f"etcd-control-plane-{number}" for number in range(1, count + 1)]
        voters = tuple(name for name in names if name not in learners)
        for name in names:
            self.loop.add(Member(name, Members(voters, learners)))
        self.revision = 0

    @property
    def members(self) -> dict[str, Any]:
        return self.loop.actors

    def get(self, what: str, namespace: str = "default") -> list[Any]:
        return []

    def leader(self) -> Any:
        """The leader of the newest term."""
        leading = [one for one in self.members.values() if one.node.role == "leader" and not one.crashed]
        return max(leading, key=lambda one: one.node.term, default=None)

    def until(self, done: Callable[[], bool], limit_ms: int = 20_000) -> Group:
        assert self.loop.run_until(done, limit_ms)
        return self

    def elected(self) -> Group:
        """Run until somebody leads."""
        return self.until(lambda: self.leader() is not None)

    def propose(self, count: int = 1) -> Group:
        """Let the leader write so many entries."""
        for number in range(count):
            self.leader().node.propose(f"write {number}")
        self.leader().work()
        return self

    def run(self, duration_ms: int) -> Group:
        self.loop.run(duration_ms)
        return self

    def crash(self, name: str) -> Group:
        member = self.members[name]
        member.crashed = True
        node = member.node
        member.disk = SimpleNamespace(
            hard_state=HardState(node.term, node.vote, node.commit), entries=list(node.log.entries),
            first_index=node.log.offset + 1, applied=node.applied, members=node.members,
        )  # fmt: skip
        member.stopped = "crashed"
        member.tell("crash")
        return self

    def restart(self, name: str) -> Group:
        member = self.members[name]
        member.crashed = False
        member.stopped = ""
        member.node.become_follower(member.node.term, "")
        member.tell("restart")
        return self

    def at(self, revision: int) -> Any:
        return SimpleNamespace(trace=self.trace, revision=0, time_ms=self.clock.now_ms, get=self.get)
