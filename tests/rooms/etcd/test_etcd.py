"""The actor: messages in, answers and changes out."""

import copy

import pytest

from cp_sim.etcd.api import EtcdError
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.store import (
    CancelWatch,
    Compact,
    Delete,
    Get,
    Grant,
    List,
    Put,
    Revoke,
    StoreAnswer,
    StoreRequest,
    WatchChanges,
    WatchRequest,
)
from cp_sim.sim import Actor, Chance, Clock, Loop, Trace


class Asker(Actor):
    def __init__(self):
        super().__init__("asker")
        self.heard = []

    def receive(self, message):
        self.heard.append(message)


class World:
    def __init__(self):
        self.loop = Loop(Clock(), Chance(1), Trace())
        self.etcd, self.asker = Etcd(), Asker()
        self.loop.add(self.etcd)
        self.loop.add(self.asker)
        self.token = 0

    def ask(self, operation):
        self.token += 1
        self.loop.send("etcd", StoreRequest(operation, "asker", self.token))
        self.loop.settle()
        return next(m for m in self.asker.heard if isinstance(m, StoreAnswer) and m.token == self.token)

    def watch(self, prefix, revision=0, token=1000):
        self.loop.send("etcd", WatchRequest(prefix, "asker", token, revision))
        self.loop.settle()

    def changes(self, token=1000):
        told = [m for m in self.asker.heard if isinstance(m, WatchChanges) and m.token == token]
        return [(change.key, change.revision) for message in told for change in message.changes]


@pytest.fixture
def world():
    return World()


def test_a_put_waits_for_nobody_being_faster(world):
    pod = {"kind": "Pod"}
    first = world.ask(Put("/registry/pods/default/a", pod, expect=0))
    assert (first.succeeded, first.revision, first.kv.mod_revision) == (True, 2, 2)
    assert first.kv.value is pod
    again = world.ask(Put("/registry/pods/default/a", {}, expect=0))
    assert (again.succeeded, again.revision) == (False, 2)
    assert again.kv.value is pod
    second = world.ask(Put("/registry/pods/default/a", {"kind": "Pod", "n": 2}, expect=2))
    assert (second.kv.create_revision, second.kv.mod_revision, second.kv.version) == (2, 3, 2)
    assert world.ask(Get("/registry/pods/default/a", revision=2)).kv.value is pod


def test_a_delete_answers_what_was_there(world):
    world.ask(Put("/registry/pods/default/a", {"n": 1}))
    assert not world.ask(Delete("/registry/pods/default/a", expect=7)).succeeded
    assert world.ask(Delete("/registry/pods/default/a", expect=2)).kv.value == {"n": 1}
    gone = world.ask(Delete("/registry/pods/default/a"))
    assert (gone.succeeded, gone.kv, gone.revision) == (False, None, 3)


def test_lists_are_paged_at_one_revision(world):
    for number in range(5):
        world.ask(Put(f"/registry/pods/default/p{number}", {"n": number}))
    page = world.ask(List("/registry/pods/", limit=2))
    assert [kv.value["n"] for kv in page.kvs] == [0, 1]
    assert (page.more, page.count) == (True, 5)
    world.ask(Delete("/registry/pods/default/p3"))
    rest = world.ask(List("/registry/pods/", revision=page.revision, limit=3, start=page.kvs[-1].key + "\0"))
    assert [kv.value["n"] for kv in rest.kvs] == [2, 3, 4]
    assert not rest.more
    assert [kv.value["n"] for kv in world.ask(List("/registry/pods/")).kvs] == [0, 1, 2, 4]


def test_the_answer_comes_before_the_change(world):
    world.watch("/registry/pods/")
    world.ask(Put("/registry/pods/default/a", {}))
    kinds = [type(message).__name__ for message in world.asker.heard]
    assert kinds == ["StoreAnswer", "WatchChanges"]


def test_a_watch_hears_history_first_then_what_comes(world):
    world.ask(Put("/registry/pods/default/a", {"n": 1}))
    world.ask(Put("/registry/nodes/n", {}))
    world.ask(Put("/registry/pods/default/a", {"n": 2}))
    world.watch("/registry/pods/", revision=2)
    world.ask(Delete("/registry/pods/default/a"))
    world.ask(Put("/registry/podtemplates/default/t", {}))
    assert world.changes() == [("/registry/pods/default/a", revision) for revision in (2, 4, 5)]
    last = world.asker.heard[-2].changes[-1]
    assert last.kv is None
    assert last.previous.value == {"n": 2}
    world.loop.send("etcd", CancelWatch("asker", 1000))
    world.ask(Put("/registry/pods/default/a", {"n": 3}))
    assert len(world.changes()) == 3


def test_a_compacted_start_is_refused_with_etcds_words(world):
    for number in range(4):
        world.ask(Put("/registry/pods/default/a", {"n": number}))
    world.ask(Compact(4))
    assert not world.etcd.mvcc.has_garbage
    world.watch("/registry/pods/", revision=3)
    refused = world.asker.heard[-1]
    assert refused.error == "etcdserver: mvcc: required revision has been compacted"
    assert refused.compact_revision == 4
    assert world.ask(Get("/registry/pods/default/a", revision=3)).error == refused.error
    future = world.ask(List("/registry/pods/", revision=99))
    assert future.error == "etcdserver: mvcc: required revision is a future revision"
    assert world.ask(Get("/registry/pods/default/a", revision=4)).kv.value == {"n": 2}
    world.watch("/registry/pods/", revision=4, token=1001)
    assert [revision for _, revision in world.changes(1001)] == [4, 5]


def test_keys_vanish_with_their_lease(world):
    lease = world.ask(Grant(3600)).lease
    world.ask(Put("/registry/events/default/e", {}, lease=lease))
    world.watch("/registry/events/")
    world.loop.run(3_599_000)
    assert world.ask(Get("/registry/events/default/e")).kv is not None
    world.loop.run(2_000)
    assert world.ask(Get("/registry/events/default/e")).kv is None
    assert world.changes() == [("/registry/events/default/e", 3)]
    assert world.ask(Revoke(lease)).error == "etcdserver: requested lease not found"
    assert world.ask(Put("/x", {}, lease=lease)).error == "etcdserver: requested lease not found"


def test_revoking_a_lease_ends_its_timer(world):
    lease = world.ask(Grant(60)).lease
    world.ask(Put("/a", {}, lease=lease))
    assert world.ask(Revoke(lease)).revision == 3
    assert world.loop.timers() == []


def test_a_large_request_is_refused(world):
    assert world.ask(Put("/a", {"data": "x" * 2_000_000})).error == "etcdserver: request is too large"
    assert world.ask(Put("/a", {"data": "x" * 1_000_000})).succeeded


def test_the_past_can_be_looked_at(world):
    for number in range(3):
        world.ask(Put(f"/registry/pods/default/p{number}", {"n": number}))
    world.ask(Delete("/registry/pods/default/p0"))
    assert world.etcd.current_revision == 5
    assert [kv.key[-2:] for kv in world.etcd.range_at("/registry/pods/", 3)] == ["p0", "p1"]
    assert [kv.key[-2:] for kv in world.etcd.range_at("/registry/pods/")] == ["p1", "p2"]
    assert world.etcd.get_at("/registry/pods/default/p0", 4).value == {"n": 0}
    assert world.etcd.get_at("/registry/pods/default/p0") is None
    with pytest.raises(EtcdError, match="future revision"):
        world.etcd.range_at("/registry/", 6)


def test_a_fork_shares_objects_and_nothing_else(world):
    pod = {"kind": "Pod"}
    lease = world.ask(Grant(60)).lease
    world.ask(Put("/registry/pods/default/a", pod, lease=lease))
    world.watch("/registry/pods/")
    twin = copy.deepcopy(world)
    twin.ask(Put("/registry/pods/default/b", {}))
    twin.loop.run(61_000)
    assert list(world.etcd.all_values()) == [pod]
    assert world.etcd.get_at("/registry/pods/default/a").value is pod
    assert twin.etcd.get_at("/registry/pods/default/a", 2).value is pod
    assert twin.etcd.get_at("/registry/pods/default/a") is None
    assert world.changes() == []
