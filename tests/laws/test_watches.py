"""What etcd promises of watches: ordered, unique, reliable, atomic, resumable, bookmarkable; one member or three.

Source: etcd's API guarantees (https://etcd.io/docs/v3.6/learning/api_guarantees/).
"""

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from cp_sim.etcd import api
from cp_sim.etcd.api import DeleteRangeRequest, PutRequest, TxnRequest
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.maintenance import CompactionRequest
from cp_sim.etcd.store import CancelWatch, StoreAnswer, StoreRequest, WatchChanges, WatchProgress, WatchRequest
from cp_sim.etcd.watch import Watches
from cp_sim.sim import Actor, Chance, Clock, Loop, Trace

KEYS = ["/a/1", "/a/2", "/a/3", "/b/1", "/b/2"]
PREFIXES = ["/", "/a/", "/a/2", "/b/", "/c"]

actions = st.one_of(
    st.tuples(st.just("write"), st.lists(st.sampled_from(KEYS), unique=True, min_size=1, max_size=4)),
    st.tuples(st.just("write"), st.lists(st.sampled_from(KEYS), unique=True, min_size=1, max_size=2)),
    st.tuples(st.just("delete"), st.sampled_from(PREFIXES)),
    st.tuples(st.just("compact"), st.integers(0, 4)),
    st.tuples(st.just("watch"), st.sampled_from(PREFIXES), st.integers(0, 8)),
    st.tuples(st.just("resume"), st.integers(0, 4)),
    st.tuples(st.just("progress"), st.integers(0, 4)),
)
stories = st.lists(actions, min_size=5, max_size=30)


class Listener(Actor):
    """Asks, and holds every watch to what it was promised while it is told."""

    def __init__(self):
        super().__init__("listener")
        self.answers = {}
        self.by_token = {}  # watch by the token of its stream

    def receive(self, message):
        if isinstance(message, StoreAnswer):
            self.answers[message.token] = message
        elif isinstance(message, WatchChanges):
            self.by_token[message.token].hear(message)


class Listening:
    """One watch as its owner sees it, over all the streams that it was taken up on."""

    def __init__(self, prefix, first):
        self.prefix, self.first, self.told, self.heard, self.error = prefix, first, first - 1, [], ""

    def hear(self, message):
        if message.error:
            self.error = message.error
            return
        new = [(change.revision, change.key, change.kv.value if change.kv else None) for change in message.changes]
        revisions = [change[0] for change in new]
        assert revisions == sorted(revisions), f"not ordered: {revisions}"
        assert not {*new} & {*self.heard}, "not unique: an event came twice"
        assert not {*revisions} & {change[0] for change in self.heard}, "not atomic: a revision came in two parts"
        assert all(revision > self.told for revision in revisions), (
            "bookmark: an event came after it was said to be all"
        )
        self.heard += new
        self.told = max(self.told, message.revision)


class Story:
    """A store of so many members, somebody who writes, and watches; `truth` is every change that was acknowledged."""

    def __init__(self, members):
        self.loop = Loop(Clock(), Chance(1), Trace())
        self.names = ["etcd"] if members == 1 else [f"etcd-{number}" for number in range(1, members + 1)]
        self.members = [Etcd(name, tuple(self.names)) for name in self.names]
        self.listener = Listener()
        for actor in (*self.members, self.listener):
            self.loop.add(actor)
        assert self.loop.run_until(lambda: bool(self.members[0].node.leader), 60_000)
        self.token, self.state, self.truth, self.watches, self.compacted = 0, {}, [], [], 0

    def do(self, what):
        getattr(self, what[0])(*what[1:])
        self.loop.settle()

    def ask(self, operation):
        self.token += 1
        token = self.token
        self.loop.send(self.names[token % len(self.names)], StoreRequest(operation, "listener", token))
        assert self.loop.run_until(lambda: token in self.listener.answers, 60_000)
        return self.listener.answers[token]

    @property
    def revision(self):
        return self.truth[-1][0] if self.truth else 1

    def write(self, keys):
        value = f"v{len(self.truth)}"
        operations = (PutRequest(keys[0], value),) if len(keys) == 1 else (PutRequest(key, value) for key in keys)
        done = self.ask(TxnRequest(success=tuple(operations)))
        self.truth += [(done.response.revision, key, value) for key in keys]
        self.state |= dict.fromkeys(keys, value)

    def delete(self, prefix):
        gone = sorted(key for key in self.state if key.startswith(prefix))
        done = self.ask(DeleteRangeRequest(prefix, api.prefix_end(prefix)))
        assert done.response.deleted == len(gone)
        self.truth += [(done.response.revision, key, None) for key in gone]
        for key in gone:
            del self.state[key]

    def compact(self, back):
        revision = self.revision - back
        if not self.ask(CompactionRequest(revision)).error:
            self.compacted = revision

    def watch(self, prefix, back):
        watch = Listening(prefix, max(1, self.revision + 1 - back))
        self.watches.append(watch)
        self.open(watch, watch.first)

    def open(self, watch, revision):
        self.token += 1
        watch.token, watch.member = self.token, self.names[self.token % len(self.names)]
        watch.opened_at = revision
        self.listener.by_token[self.token] = watch
        self.loop.send(watch.member, WatchRequest(watch.prefix, "listener", self.token, revision))

    def resume(self, number):
        if number < len(self.watches) and not self.watches[number].error:
            watch = self.watches[number]
            self.loop.send(watch.member, CancelWatch("listener", watch.token))
            self.loop.settle()
            self.open(watch, watch.told + 1)

    def progress(self, number):
        if number < len(self.watches):
            watch = self.watches[number]
            self.loop.send(watch.member, WatchProgress("listener", watch.token))

    def check(self):
        self.loop.settle()
        for number in range(len(self.watches)):
            self.progress(number)
        self.loop.settle()
        for watch in self.watches:
            wanted = [c for c in self.truth if c[1].startswith(watch.prefix) and watch.first <= c[0] <= watch.told]
            assert sorted(watch.heard, key=repr) == sorted(wanted, key=repr), "not reliable"
            if watch.error:
                assert watch.error == api.compacted().text
                assert watch.opened_at < self.compacted, "a watch was ended though all it asked for was there"
            else:
                assert watch.told >= self.revision, "a watch was not told the present"


def tell(story):
    tell_to(1, story)


def tell_to(members, story):
    told = Story(members)
    for what in story:
        told.do(what)
    told.check()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories)
def test_watches_keep_what_etcd_promises(story):
    tell(story)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(stories)
def test_a_watch_can_be_taken_up_at_any_member(story):
    tell_to(3, story)


# -- controls: the law must find each of these -----------------------------------------------------------------------


def tells_the_past_backwards(self, mvcc, watch, _real=Watches._catch_up):
    delivery = _real(self, mvcc, watch)
    return type(delivery)(
        delivery.id, delivery.revision, delivery.changes[::-1], delivery.compact_revision, delivery.cancelled
    )


def begins_at(shift):
    def create(self, mvcc, id_, key, range_end="", start_revision=0, *rest, _real=Watches.create):
        return _real(self, mvcc, id_, key, range_end, start_revision and max(1, start_revision + shift), *rest)

    return create


def forgets_the_last(self, mvcc, _real=Watches._live):
    return [type(one)(one.id, one.revision, one.changes[:-1]) for one in _real(self, mvcc)]


def tells_one_by_one(self):
    for delivery in self.watches.poll(self.mvcc):
        reply_to, token = delivery.id
        for change in delivery.changes:
            self.loop.send(reply_to, WatchChanges(token, change.revision, (change,)))


def promises_the_future(self, message):
    self.loop.send(message.reply_to, WatchChanges(message.token, self.mvcc.revision + 1))


@pytest.mark.parametrize(
    ("owner", "method", "bug", "law"),
    [
        (Watches, "_catch_up", tells_the_past_backwards, "not ordered"),
        (Watches, "create", begins_at(-1), "not unique|not reliable|bookmark"),
        (Watches, "create", begins_at(+1), "not reliable"),
        (Watches, "_live", forgets_the_last, "not reliable"),
        (Etcd, "_tell", tells_one_by_one, "not atomic"),
        (Etcd, "_progress", promises_the_future, "bookmark|not reliable"),
    ],
    ids=["backwards", "too early", "too late", "forgetful", "in parts", "future"],
)
def test_a_planted_bug_is_found(monkeypatch, owner, method, bug, law):
    monkeypatch.setattr(owner, method, bug)
    play = settings(max_examples=200, deadline=None, database=None, phases=[Phase.generate], derandomize=True)(
        given(stories)(tell)
    )
    with pytest.raises(AssertionError, match=law):
        play()
