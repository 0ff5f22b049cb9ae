"""Several members of the store on a loop, with one who asks them: for the tests of rooms and laws."""

from __future__ import annotations

from typing import Any

from cp_sim.client.network import ClusterNetwork
from cp_sim.etcd.disk import Disk
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.proposal import Settings
from cp_sim.etcd.store import StoreAnswer, StoreRequest, WatchChanges, WatchRequest
from cp_sim.sim import Actor, Chance, Clock, ConnectionLost, Links, Loop, Trace


class Asker(Actor):
    """Keeps every answer and every change, with the time it came."""

    def __init__(self, name: str = "asker") -> None:
        super().__init__(name)
        self.answers: dict[int, tuple[int, StoreAnswer]] = {}
        self.told: list[tuple[int, WatchChanges]] = []

    def receive(self, message: Any) -> None:
        if isinstance(message, StoreAnswer):
            assert message.token not in self.answers, f"request {message.token} was answered twice"
            self.answers[message.token] = (self.loop.clock.now_ms, message)
        else:
            self.told.append((self.loop.clock.now_ms, message))


class Group:
    """`count` members `etcd-1`, ..., each on a host of its own; requests and answers travel for a millisecond."""

    def __init__(
        self,
        count: int = 3,
        seed: int = 1,
        settings: Settings | None = None,
        member: type[Etcd] = Etcd,
        fsync_ms: int = 1,
        disks: dict[str, Disk] | None = None,
    ) -> None:
        clock, chance = Clock(), Chance(seed)
        self.seed = seed
        self.links = Links(clock, chance)
        self.loop = Loop(clock, chance, Trace(), None, ClusterNetwork(self.links, peer_ms=1))
        self.settings = settings
        self.member = member
        self.names = [f"etcd-{number}" for number in range(1, count + 1)]
        self.asker = Asker()
        self.token = 0
        self.disks: dict[str, Disk] = {}
        self.loop.add(self.asker)
        for name in self.names:
            self.links.hosts[name] = f"host-{name}"
            self.start(name, (disks or {}).get(name) or Disk(fsync_ms if count > 1 else 0))

    def start(self, name: str, disk: Disk, **named: Any) -> Etcd:
        """Let a member run on a disk."""
        self.disks[name] = disk
        made = self.member(name, named.pop("peers", self.names), disk, settings=self.settings, **named)
        self.loop.add(made)
        return made

    def __getitem__(self, name: str) -> Etcd:
        return self.loop.actors[name]  # type: ignore[return-value]

    @property
    def up(self) -> list[Etcd]:
        """The members that run."""
        found = [self.loop.actors.get(name) for name in self.names]
        return [one for one in found if isinstance(one, Etcd) and not one.stopped]

    @property
    def leader(self) -> Etcd | None:
        """The member that leads the latest term."""
        leaders = [one for one in self.up if one.node.role == "leader"]
        return max(leaders, key=lambda one: one.node.term, default=None)

    @property
    def followers(self) -> list[Etcd]:
        """The others."""
        return [one for one in self.up if one is not self.leader]

    @property
    def now_ms(self) -> int:
        """The time."""
        return self.loop.clock.now_ms

    def elect(self) -> Etcd:
        """Run until somebody leads and everybody knows it."""
        done = self.loop.run_until(lambda: self.leader is not None and all(one.node.leader for one in self.up), 30_000)
        assert done, f"seed {self.seed}: no leader after 30 s"
        assert self.leader is not None
        return self.leader

    def send(self, name: str, operation: Any, **named: Any) -> int:
        """Ask, without waiting; returns the token."""
        self.token += 1
        self.loop.send(name, StoreRequest(operation, "asker", self.token, **named))
        return self.token

    def ask(self, name: str, operation: Any, limit_ms: int = 20_000, **named: Any) -> StoreAnswer:
        """Ask, and wait for the answer."""
        token = self.send(name, operation, **named)
        assert self.loop.run_until(lambda: token in self.asker.answers, limit_ms), f"{operation} was not answered"
        return self.asker.answers[token][1]

    def watch(self, name: str, prefix: str = "/", revision: int = 0, token: int = 1000, **named: Any) -> None:
        """Open a watch."""
        self.loop.send(name, WatchRequest(prefix, "asker", token, revision, **named))

    def changes(self, token: int = 1000) -> list[tuple[str, int]]:
        """What a watch was told: (key, revision)."""
        told = [message for _, message in self.asker.told if message.token == token]
        return [(change.key, change.revision) for message in told for change in message.changes]

    def crash(self, name: str) -> None:
        """Let a member lose everything but its disk."""
        self[name].crash("the test wants it")
        for one in self.up:
            if name in one.connections():
                self.loop.send(one.name, ConnectionLost(name))

    def restart(self, name: str) -> Etcd:
        """Let it come again."""
        return self.start(name, self.disks[name])

    def cut_off(self, *names: str) -> None:
        """Let nothing pass between these members and the others."""
        others = [f"host-{name}" for name in self.names if name not in names]
        self.links.partition([f"host-{name}" for name in names], others)

    def heal(self) -> None:
        """Mend all links and run until all members that run are equal."""
        self.links.heal()
        self.loop.run(100)
        self.elect()
        self.loop.run(3_000)
