"""Never two leaders within their terms, whatever stands still, dies, starts anew or is cut off; and one in the end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cp_sim.client import Election, LeaderElector, ProcessExited
from cp_sim.client.lease_record import LeaseRecord, read
from cp_sim.etcd.store import WatchChanges, WatchRequest
from cp_sim.sim import Actor
from cp_sim.sim.clock import parse_timestamp

sys.path.insert(0, str(Path(__file__).parents[1] / "rooms" / "client"))
import itertools

from plane import Plane, Worker

KEY = "/registry/leases/kube-system/worker"
WORKERS = ("worker-1", "worker-2", "worker-3")
SERVERS = ("server-1", "server-2")


class Kubelet(Actor):
    """Starts a process anew that has ended, and notes what becomes of the lease."""

    def __init__(self, plane: Plane, elector: type[LeaderElector]) -> None:
        super().__init__("kubelet")
        self.plane = plane
        self.elector = elector
        self.lease: list[LeaseRecord] = []

    def started(self) -> None:
        self.loop.send("etcd", WatchRequest(KEY, self.name, 1))

    def receive(self, message: Any) -> None:
        if isinstance(message, ProcessExited):
            self.loop.after(1_000, self.name, message.name)
        elif isinstance(message, str):
            self.start(message)
        elif isinstance(message, WatchChanges):
            self.lease += [read(change.kv.value) for change in message.changes if change.kv is not None]

    def start(self, name: str) -> None:
        self.loop.remove(name)
        number = WORKERS.index(name)
        election = Election(f"host-{number + 1}", self.name)
        self.loop.add(Worker(name, SERVERS[number % len(SERVERS)], election, self.elector))


FAULTS = st.lists(
    st.tuples(
        st.sampled_from(("pause", "resume", "crash", "start", "cut", "one way", "heal", "slow", "end")),
        st.sampled_from((*WORKERS, *SERVERS)),
        st.integers(1, 30_000),
    ),
    max_size=14,
)


def strike(plane: Plane, kubelet: Kubelet, what: str, name: str) -> None:
    """Let one fault happen, where it can."""
    loop, network = plane.loop, plane.network
    there = name in loop.actors
    if what == "pause" and there:
        loop.pause(name)
    elif what == "resume" and loop.is_paused(name):
        loop.resume(name)
    elif what == "crash" and there:
        plane.crash(name)
    elif what == "start" and name in WORKERS:
        kubelet.start(name)
    elif what == "start":
        plane.crash(name)
        plane.start_server(name)
    elif what in ("cut", "one way"):
        for server in SERVERS:
            network.cut.add((name, server))
            if what == "cut":
                network.cut.add((server, name))
    elif what == "slow":
        network.delays[name] = 4_000
    elif what == "heal":
        network.cut.clear()
        network.delays.clear()
    elif what == "end" and isinstance(loop.actors.get(name), Worker):
        worker = loop.actors[name]
        assert isinstance(worker, Worker)
        if worker.elector.state:
            worker.elector.give_up("done")


def play(faults: list[tuple[str, str, int]], seed: int, elector: type[LeaderElector] = LeaderElector) -> Kubelet:
    """Three candidates at two servers, and the faults, each followed by some time; at last all is mended."""
    plane = Plane(2, seed)
    kubelet = Kubelet(plane, elector)
    plane.loop.add(kubelet)
    for name in WORKERS:
        kubelet.start(name)
    plane.loop.run(5_000)
    for what, name, pause_ms in faults:
        strike(plane, kubelet, what, name)
        plane.loop.run(pause_ms)
    plane.network.cut.clear()
    plane.network.delays.clear()
    for name in SERVERS:
        plane.loop.resume(name)
        plane.start_server(name)
        plane.tell_of_loss(name)
    for name in WORKERS:
        plane.loop.resume(name)
        if not isinstance(plane.loop.actors.get(name), Worker):
            kubelet.start(name)
    plane.loop.run(90_000)
    return kubelet


def violations(lease: list[LeaseRecord]) -> list[str]:
    """Where the lease has changed hands before it had run out."""
    found = []
    for before, after in itertools.pairwise(lease):
        if not before.holder or after.holder in (before.holder, ""):
            continue
        ended_ms = parse_timestamp(before.renew_time) + before.lease_s * 1000
        began_ms = parse_timestamp(after.acquire_time)
        if began_ms < ended_ms:
            found.append(f"{after.holder} began {ended_ms - began_ms} ms before the term of {before.holder} was over")
        if after.transitions != before.transitions + 1:
            found.append(f"{after.holder} did not count the change of hands")
    return found


@settings(max_examples=40)
@given(FAULTS, st.integers(0, 1_000))
@example([("pause", "worker-1", 20_000), ("pause", "worker-2", 1), ("resume", "worker-1", 20_000)], 1)
@example([("slow", "server-1", 9_000), ("cut", "worker-2", 25_000), ("heal", "worker-1", 5_000)], 2)
def test_the_lease_changes_hands_only_when_it_has_run_out_or_was_released(
    faults: list[tuple[str, str, int]], seed: int
) -> None:
    kubelet = play(faults, seed)
    assert violations(kubelet.lease) == [], f"seed {seed}: {faults}"
    workers = [actor for actor in kubelet.loop.actors.values() if isinstance(actor, Worker)]
    leaders = [worker.elector.identity for worker in workers if worker.elector.leading]
    assert leaders == [kubelet.lease[-1].holder], f"seed {seed}: {faults}"


class Impatient(LeaderElector):
    """A candidate that does not wait for the lease to run out."""

    def _got(self, _context: Any, response: Any) -> None:
        if response.ok:
            self.candidate.observed_ms = -1_000_000
            self.candidate._fetched = read(response.body)
            self.candidate.observed = read(response.body)
        super()._got(_context, response)


def test_the_control_a_candidate_that_does_not_wait_breaks_the_law() -> None:
    kubelet = play([], 1, Impatient)
    assert violations(kubelet.lease)


def test_faults_are_not_idle_the_lease_really_changes_hands() -> None:
    kubelet = play([("crash", name, 40_000) for name in WORKERS[:2]], 3)
    assert len({record.holder for record in kubelet.lease}) >= 2
