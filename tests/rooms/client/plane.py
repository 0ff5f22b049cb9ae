"""A control plane in small for the tests of rooms and laws: a store, API servers, and processes that come and go."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.request import Call, HttpRequest, Request, Response, unanswered
from cp_sim.client import Component, Election, Informers, LeaderElector
from cp_sim.client.informer import Relist
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.store import StoreAnswer, StoreRequest, WatchChanges, WatchRequest
from cp_sim.sim import Actor, Chance, Clock, ConnectionLost, Loop, Trace
from cp_sim.sim.connection import REFUSED
from cp_sim.user import User


class Refusing(Actor):
    """Where a process was, on a machine that is up."""

    def receive(self, message: Any) -> None:
        if isinstance(message, Request):
            self.loop.send(message.reply_to, unanswered(message.token, REFUSED))
        elif isinstance(message, StoreRequest) and message.reply_to:
            self.loop.send(message.reply_to, StoreAnswer(message.token, 0, False, error=REFUSED))
        elif isinstance(message, WatchRequest):
            self.loop.send(message.reply_to, WatchChanges(message.token, 0, (), REFUSED))


class Listening(Actor):
    """Keeps what it is told."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.heard: list[Any] = []

    def receive(self, message: Any) -> None:
        self.heard.append(message)


class SlowNetwork:
    """Requests and answers take their time, one millisecond each unless `delays` has more for an actor."""

    def __init__(self) -> None:
        self.delays: dict[str, int] = {}
        self.ways: dict[tuple[str, str], int] = {}
        self.cut: set[tuple[str, str]] = set()

    def delay_ms(self, sender: str, to: str, message: Any) -> int | tuple[int, ...]:
        if (sender, to) in self.cut:
            return ()
        if sender == to or isinstance(message, ConnectionLost):
            return 0
        return 1 + max(self.delays.get(sender, 0), self.delays.get(to, 0), self.ways.get((sender, to), 0))


class Plane:
    """A loop with a store and `servers` API servers; processes are put in, crash and are cut off by their names."""

    def __init__(self, servers: int = 1, seed: int = 1, **options: Any) -> None:
        self.network = SlowNetwork()
        self.loop = Loop(Clock(), Chance(seed), Trace(), None, self.network)
        self.etcd = Etcd("etcd")
        self.loop.add(self.etcd)
        self.options = options
        self.servers = [f"server-{number}" for number in range(1, servers + 1)]
        for name in self.servers:
            self.start_server(name)
        self.user = User("user", self.servers[0])
        self.loop.add(self.user)
        self.loop.settle()

    @property
    def now_ms(self) -> int:
        return self.loop.clock.now_ms

    def start_server(self, name: str) -> ApiServer:
        """A fresh API server, in place of whatever bears its name."""
        self.loop.remove(name)
        server = ApiServer(name, "etcd", **self.options)
        self.loop.add(server)
        return server

    def server(self, number: int = 1) -> ApiServer:
        found = self.loop.actors[self.servers[number - 1]]
        assert isinstance(found, ApiServer)
        return found

    def tell_of_loss(self, name: str, reason: str = "connection reset by peer") -> None:
        for actor in list(self.loop.actors.values()):
            if name in actor.connections():
                self.loop.send(actor.name, ConnectionLost(name, reason))

    def crash(self, name: str, refuses: bool = True) -> None:
        """The process is gone; its machine refuses connections, or is gone as well."""
        self.loop.remove(name)
        if refuses:
            self.loop.add(Refusing(name))
        self.tell_of_loss(name)

    def swap(self, name: str, actor: Actor) -> Actor:
        """Put another actor in the place of one, without a word to anybody; returns the one before."""
        before = self.loop.actors.pop(name)
        actor.name = name
        self.loop.add(actor)
        return before

    def back(self, actor: Actor) -> None:
        """Put an actor back in its place as it was."""
        self.loop.remove(actor.name)
        self.loop.actors[actor.name] = actor

    def ask(self, method: str, path: str, body: Any = None, server: int = 1, query: Any = None) -> Response:
        self.user.server = self.servers[server - 1]
        headers = {"content-type": "application/json"}
        token = self.user.send(HttpRequest(method, path, dict(query or {}), headers, body, "admin"))
        assert self.loop.run_until(lambda: token in self.user.answers)
        answer = self.user.take(token)
        assert answer is not None
        return answer

    def verbs(self, *verbs: str) -> list[tuple[int, str, str]]:
        """(time_ms, actor, verb) of the records with one of these verbs."""
        return [(one.time_ms, one.actor, one.verb) for one in self.loop.trace if one.verb in verbs]


class Worker(Component):
    """A process that stands for election and notes when it works."""

    def __init__(
        self, name: str, server: str, election: Election, elector: type[LeaderElector] = LeaderElector
    ) -> None:
        super().__init__(name, "admin", server)
        self.elector = elector(self, "worker", election, release=True)
        self.started_ms: list[int] = []
        self.ended: list[str] = []

    def started(self) -> None:
        self.elector.start()

    def started_leading(self) -> None:
        self.started_ms.append(self.loop.clock.now_ms)

    def lost_lease(self) -> None:
        self.exit("leaderelection lost", self.elector.election.report_to)

    def done(self) -> None:
        self.exit("asked to terminate")


class Reader(Component):
    """Keeps a cache of ConfigMaps and notes what its handlers hear."""

    def __init__(self, name: str = "reader", server: str = "server-1") -> None:
        super().__init__(name, "admin", server)
        self.informers = Informers(self)
        self.heard: list[tuple[str, str, str]] = []
        self.maps = self.informers.of("configmaps").on_change(self, "note")

    def started(self) -> None:
        self.informers.start()

    def note(self, change: str, _old: Any, new: Any) -> None:
        self.heard.append((change, new["metadata"]["name"], new["metadata"]["resourceVersion"]))

    def notice(self, message: Any) -> None:
        assert isinstance(message, Relist)
        self.informers.notice(message)

    def names(self) -> list[str]:
        return sorted(obj["metadata"]["name"] for obj in self.maps.list())


class Asking(Component):
    """Asks and keeps the answers."""

    def __init__(self, name: str = "asking", server: str = "server-1") -> None:
        super().__init__(name, "admin", server)
        self.answers: list[Any] = []
        self.changes: list[Any] = []

    def get(self, name: str = "default", **options: Any) -> int:
        return self.api.send(Call("get", "namespaces", "", name), "answered", name, **options)

    def watch(self) -> int:
        return self.api.watch(Call("watch", "namespaces", options={"resourceVersion": "0"}), "answered", "changed")

    def answered(self, _context: Any, response: Response) -> None:
        self.answers.append(response)

    def changed(self, _context: Any, change: Any) -> None:
        self.changes.append(change)


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


MAPS = "/api/v1/namespaces/default/configmaps"
LEASE = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/worker"
