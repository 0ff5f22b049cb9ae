"""A member that is alone decides in one step what `_drive` decides in several turns: with the same outcome."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.proposal import Settings
from cp_sim.etcd.store import Compact, Delete, Get, Grant, Put, Revoke, StoreRequest, WatchRequest
from cp_sim.raft.messages import HardState
from cp_sim.sim import Actor, Chance, Clock, Loop, Trace

KEYS = st.sampled_from(("/a/1", "/a/2", "/b/1"))
EXPECTED = st.sampled_from((None, 0, 2, 3))
OPERATIONS = st.one_of(
    st.builds(Put, KEYS, st.integers(0, 9), EXPECTED, st.sampled_from((0, 0, 1, 2))),
    st.builds(Delete, KEYS, EXPECTED),
    st.builds(Get, KEYS),
    st.builds(Compact, st.integers(0, 12)),
    st.builds(Grant, st.integers(1, 5)),
    st.builds(Revoke, st.integers(1, 3)),
)
# So small that the log is cut within a story.
SMALL = Settings(snapshot_count=6, catch_up_entries=3)


class Slow(Etcd):
    """A member that takes every turn."""

    def _decide_alone(self, data: Any) -> bool:
        return False


class Forgetful(Etcd):
    """Planted: the short way does not tell the disk what is committed."""

    def _decide_alone(self, data: Any) -> bool:
        before = self.disk.hard_state
        done = super()._decide_alone(data)
        if done:
            self.disk.hard_state = HardState(before.term, before.vote, before.commit)
        return done


class Asker(Actor):
    def __init__(self) -> None:
        super().__init__("asker")
        self.heard: list[Any] = []

    def receive(self, message: Any) -> None:
        self.heard.append(message)


def outcome(kind: type[Etcd], operations: list[Any]) -> tuple[Any, ...]:
    """All that can be seen of a member from outside, and all that its disk holds."""
    loop = Loop(Clock(), Chance(1), Trace())
    etcd, asker = kind("etcd", settings=SMALL), Asker()
    loop.add(etcd)
    loop.add(asker)
    loop.send("etcd", WatchRequest("/a/", "asker", 1_000, 0))
    for token, operation in enumerate(operations):
        loop.send("etcd", StoreRequest(operation, "asker", token))
        loop.run(700)  # leases end on the way
    node, disk = etcd.node, etcd.disk
    machine = (node.term, node.vote, node.commit, node.applied, node.log.offset, len(node.log.entries), node.log.stable)
    kept = (disk.hard_state, [(one.index, one.term) for one in disk.entries], disk.applied, disk.snapshot)
    return asker.heard, machine, kept, etcd.mvcc.revision, etcd.range_at("")


@settings(max_examples=150)
@given(st.lists(OPERATIONS, max_size=25))
def test_one_step_is_as_good_as_all_turns(operations: list[Any]) -> None:
    assert outcome(Etcd, operations) == outcome(Slow, operations)


def test_a_short_way_that_leaves_something_out_is_found() -> None:
    operations = [Put("/a/1", 1)]
    assert outcome(Forgetful, operations) != outcome(Slow, operations)
