"""The store against a model so plain that it cannot be wrong: a list of dicts, one per revision."""

import copy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cp_sim.etcd import api, requests
from cp_sim.etcd.api import DeleteRangeRequest, PutRequest, RangeRequest, TxnRequest
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.watch import Watches

KEYS = ["/a", "/a/1", "/a/2", "/a/3", "/b/1", "/b0", "/c"]
RANGES = [("/a/", "/a0"), ("/a/2", ""), ("/", "/c"), ("/b", api.FROM_KEY), ("\0", api.FROM_KEY), ("/c", "/a")]

keys = st.sampled_from(KEYS)
writes = st.one_of(
    st.tuples(st.just("put"), keys, st.integers(0, 9)),
    st.tuples(st.just("delete"), st.sampled_from(RANGES)),
    st.tuples(st.just("txn"), st.lists(keys, unique=True, max_size=4)),
    st.tuples(st.just("compact"), st.integers(0, 6)),
    st.tuples(st.just("watch"), st.sampled_from(RANGES), st.integers(0, 6)),
    st.tuples(st.just("cancel"), st.integers(0, 5)),
)


def inside(key, span):
    first, end = span
    if not end:
        return key == first
    return first <= key and (end == api.FROM_KEY or key < end)


class Model:
    """`states[n]` is the whole store at revision n + 1: key -> (value, create_revision, mod_revision, version)."""

    def __init__(self):
        self.states = [{}]
        self.compacted = 0

    @property
    def revision(self):
        return len(self.states)

    def write(self, puts, deletes):
        new = dict(self.states[-1])
        revision = self.revision + 1
        for key in deletes:
            new.pop(key, None)
        for key, value in puts:
            _, created, _, version = new.get(key, (None, revision, 0, 0))
            new[key] = (value, created, revision, version + 1)
        if puts or new != self.states[-1]:
            self.states.append(new)

    def range(self, span, revision):
        state = self.states[revision - 1]
        return [(key, *state[key]) for key in sorted(state) if inside(key, span)]

    def changes(self, span, first, last):
        """What a watch must be told of the revisions first..last: (revision, key, value or None if deleted)."""
        told = set()
        for revision in range(max(first, 2), last + 1):
            before, after = self.states[revision - 2], self.states[revision - 1]
            for key in {*before, *after}:
                if inside(key, span) and before.get(key) != after.get(key):
                    told.add((revision, key, after[key][0] if key in after else None))
        return sorted(told, key=lambda change: change[:2])


class Story:
    """Does the same to the store and to the model, and compares."""

    def __init__(self):
        self.mvcc, self.model, self.watches = Mvcc(), Model(), Watches()
        self.told = {}  # watch -> (span, first revision, what it heard, revision at which it ended)

    def do(self, what):
        getattr(self, what[0])(*what[1:])
        self.deliver()
        assert self.mvcc.revision == self.model.revision

    def put(self, key, value):
        done = requests.answer(self.mvcc, PutRequest(key, value, prev_kv=True))
        old = self.model.states[-1].get(key)
        assert (done.prev_kv.value if done.prev_kv else None) == (old[0] if old else None)
        self.model.write([(key, value)], [])

    def delete(self, span):
        gone = [key for key in self.model.states[-1] if inside(key, span)]
        done = requests.answer(self.mvcc, DeleteRangeRequest(*span, prev_kv=True))
        assert [kv.key for kv in done.prev_kvs] == sorted(gone)
        if gone:
            self.model.write([], gone)

    def txn(self, names):
        deletes = [name for name in names[::2] if name in self.model.states[-1]]
        puts = [(name, "txn") for name in names[1::2]]
        operations = [DeleteRangeRequest(name) for name in names[::2]] + [
            PutRequest(name, "txn") for name in names[1::2]
        ]
        requests.answer(self.mvcc, TxnRequest(success=tuple(operations)))
        if deletes or puts:
            self.model.write(puts, deletes)

    def compact(self, back):
        revision = max(self.model.revision - back, 0)
        try:
            self.mvcc.compact(revision)
        except api.EtcdError:
            assert revision <= max(self.model.compacted, 0)
            return
        self.model.compacted = revision
        self.mvcc.scrub(1 + back % 3)  # at times only part of the room is given back at once

    def watch(self, span, back):
        number = len(self.told)
        start = max(self.model.revision - back, 1) if back else 0
        if self.watches.create(self.mvcc, number, *span, start):
            self.told[number] = None
        else:
            self.told[number] = [span, start or self.model.revision + 1, [], None]

    def cancel(self, number):
        if self.watches.cancel(number) and self.told[number][3] is None:
            self.told[number][3] = self.model.revision

    def deliver(self):
        for delivery in self.watches.poll(self.mvcc):
            watch = self.told[delivery.id]
            if delivery.cancelled:
                assert watch[1] < self.model.compacted
                watch[3] = 0
            watch[2] += [(c.revision, c.key, c.kv.value if c.kv else None) for c in delivery.changes]

    def check(self):
        for revision in range(1, self.model.revision + 1):
            for span in RANGES:
                self.check_range(span, revision)
        for watch in filter(None, self.told.values()):
            span, first, heard, ended = watch
            if ended != 0:
                wanted = self.model.changes(span, first, self.model.revision if ended is None else ended)
                assert sorted(heard, key=lambda change: change[:2]) == wanted
                assert [change[0] for change in heard] == sorted(change[0] for change in heard)
        assert set(self.model.states[-1]) == {kv.key for kv in self.mvcc.range_at("")}

    def check_range(self, span, revision):
        if revision < self.model.compacted:
            with pytest.raises(api.EtcdError, match="compacted"):
                self.mvcc.scan(*span, revision)
            return
        wanted = self.model.range(span, revision)
        kvs, count = self.mvcc.scan(*span, revision)
        assert [(kv.key, kv.value, kv.create_revision, kv.mod_revision, kv.version) for kv in kvs] == wanted
        assert count == len(wanted)
        page, count = self.mvcc.scan(*span, revision, 2)
        assert ([kv.key for kv in page], count) == ([row[0] for row in wanted[:2]], len(wanted))
        answered = requests.answer(self.mvcc, RangeRequest(*span, revision=revision, limit=1))
        assert answered.more == (len(wanted) > 1)


def tell(story):
    told = Story()
    for what in story:
        told.do(what)
    told.check()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(writes, max_size=40))
def test_the_store_is_a_dict_per_revision(story):
    tell(story)


@settings(max_examples=30, deadline=None)
@given(st.lists(writes, max_size=20), st.lists(writes, max_size=10))
def test_a_fork_goes_its_own_way(before, after):
    story = Story()
    for what in before:
        story.do(what)
    twin = copy.deepcopy(story)
    for what in after:
        twin.do(what)
    story.check()
    twin.check()


def forgets_a_version(self, key, revision):
    versions = self._versions.get(key)
    if versions and len(versions) > 1:
        del versions[0]


def reads_one_too_late(self, key, revision):
    versions = [kv for kv in self._versions.get(key, ()) if kv.mod_revision <= revision + 1]
    return versions[-1] if versions and versions[-1].version else None


def keeps_the_version(self, key, value, lease=0, _real=Mvcc.stage_put):
    old = self.get(key)
    kv = _real(self, key, value, lease)
    if old is not None:
        self._versions[key][-1] = type(kv)(key, value, old.create_revision, kv.mod_revision, old.version, lease)
    return kv


def hears_only_the_last(self, revision, _real=Mvcc.changes_from):
    return _real(self, revision)[-1:]


@pytest.mark.parametrize(
    ("method", "bug"),
    [
        ("_forget", forgets_a_version),
        ("get_at", reads_one_too_late),
        ("stage_put", keeps_the_version),
        ("changes_from", hears_only_the_last),
    ],
)
def test_a_planted_bug_is_found(monkeypatch, method, bug):
    # The control: the law must fail for each of these.
    monkeypatch.setattr(Mvcc, method, bug)
    law = settings(max_examples=150, deadline=None, database=None, report_multiple_bugs=False)(
        given(st.lists(writes, min_size=5, max_size=40))(tell)
    )
    with pytest.raises((AssertionError, KeyError)):
        law()
