"""Load for the store: one actor that asks, one that watches, on a loop of their own with a store of any kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter, process_time
from typing import Any

from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.store import StoreAnswer, StoreRequest, WatchChanges, WatchRequest
from cp_sim.sim import Actor, Chance, Clock, Loop, Trace

# How many requests are on their way at once to a store of several members; to one alone a request is its answer.
IN_FLIGHT = 64


class Refused(RuntimeError):
    """The store refused a request of a workload; the message says why."""


class StoreLoad(Actor):
    """Puts operations to a store, so many at once, until there are none left; notes how long each answer took."""

    def __init__(self, store: str, in_flight: int = 1) -> None:
        super().__init__("load")
        self.store = store
        self.in_flight = in_flight
        self.samples_ms: list[float] = []
        self.answers = 0
        self._operations: Iterator[Any] = iter(())
        self._asked: dict[int, float] = {}
        self._token = 0

    def begin(self, operations: Iterator[Any]) -> None:
        """Begin to ask; the loop has to run for it to happen."""
        self._operations = operations
        self.samples_ms, self.answers = [], 0
        for _ in range(self.in_flight):
            self._ask()

    def _ask(self) -> None:
        operation = next(self._operations, None)
        if operation is None:
            return
        self._token += 1
        self._asked[self._token] = perf_counter()
        self.loop.send(self.store, StoreRequest(operation, self.name, self._token))

    def receive(self, message: StoreAnswer) -> None:
        if message.error:
            raise Refused(message.error)
        self.samples_ms.append(1000 * (perf_counter() - self._asked.pop(message.token)))
        self.answers += 1
        self._ask()


class Watchers(Actor):
    """Holds watches and counts what they are told."""

    def __init__(self) -> None:
        super().__init__("watchers")
        self.heard = 0

    def watch(self, store: str, prefix: str, count: int) -> None:
        """Open `count` watches."""
        for token in range(count):
            self.loop.send(store, WatchRequest(prefix, self.name, token))

    def receive(self, message: WatchChanges) -> None:
        self.heard += len(message.changes)


class Wire:
    """A millisecond between members, none to whoever asks."""

    def delay_ms(self, sender: str, to: str, message: Any) -> int:
        """Milliseconds on the way."""
        return int(sender != to and sender.startswith("etcd") and to.startswith("etcd"))


class Bench:
    """A store of so many members, with somebody to ask it and somebody to watch it."""

    def __init__(self, members: int = 1) -> None:
        self.loop = Loop(Clock(), Chance(1), Trace(), None, Wire())
        names = ["etcd"] if members == 1 else [f"etcd-{number}" for number in range(1, members + 1)]
        self.members = [Etcd(name, tuple(names)) for name in names]
        for member in self.members:
            self.loop.add(member)
        leader = self._leader(members)
        self.load = StoreLoad(leader, 1 if members == 1 else IN_FLIGHT)
        self.watchers = Watchers()
        self.loop.add(self.load)
        self.loop.add(self.watchers)

    def _leader(self, members: int) -> str:
        first = self.members[0]
        if members == 1:
            return first.name
        if not self.loop.run_until(lambda: bool(first.node.leader), 60_000):
            raise Refused(f"{members} members have elected no leader")
        return first.node.leader

    def do(self, operations: Iterator[Any]) -> float:
        """Have all operations answered; the real seconds it took."""
        started = perf_counter()
        self.load.begin(operations)
        self.loop.settle()
        return perf_counter() - started


def timed_units(member: Etcd, do: Callable[[], object]) -> tuple[float, float]:
    """The longest single step of a member while `do` runs, in real milliseconds and in those of the processor."""
    longest_ms, longest_worked_ms, step = 0.0, 0.0, member.step

    def measured() -> None:
        nonlocal longest_ms, longest_worked_ms
        started, worked = perf_counter(), process_time()
        step()
        longest_ms = max(longest_ms, 1000 * (perf_counter() - started))
        longest_worked_ms = max(longest_worked_ms, 1000 * (process_time() - worked))

    member.step = measured  # type: ignore[method-assign]
    do()
    member.step = step  # type: ignore[method-assign]
    return longest_ms, longest_worked_ms
