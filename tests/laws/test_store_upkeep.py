"""Room, hashes and snapshots: whatever was written, what is counted is what is there, and what is saved comes back."""

import copy

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cp_sim.etcd.api import DeleteRangeRequest, EtcdError, PutRequest, RangeRequest
from cp_sim.etcd.applier import Applier
from cp_sim.etcd.lease_api import LeaseGrantRequest, LeaseRevokeRequest
from cp_sim.etcd.maintenance import ACTIVATE, DEACTIVATE, NOSPACE, AlarmRequest, CompactionRequest
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.quota import EMPTY_BYTES, version_bytes
from cp_sim.etcd.snapshot import Snapshot, snapshot_of

KEYS = ["/a", "/a/1", "/b", "/c"]
SPACE = "^etcdserver: mvcc: database space exceeded$"
values = st.one_of(
    st.text(max_size=20),
    st.binary(max_size=8),
    st.dictionaries(
        st.sampled_from("xyz"), st.one_of(st.integers(-(2**53), 2**53), st.booleans(), st.none(), st.text(max_size=4))
    ),
)
actions = st.one_of(
    st.tuples(st.just("put"), st.sampled_from(KEYS), values, st.integers(0, 3)),
    st.tuples(st.just("put"), st.sampled_from(KEYS), values, st.just(0)),
    st.tuples(st.just("delete"), st.sampled_from(KEYS)),
    st.tuples(st.just("compact"), st.integers(0, 4)),
    st.tuples(st.just("scrub"), st.integers(1, 3)),
    st.tuples(st.just("grant"), st.integers(1, 3)),
    st.tuples(st.just("revoke"), st.integers(1, 3)),
    st.tuples(st.just("defragment")),
)
stories = st.lists(actions, min_size=3, max_size=40)


def do(applier, what):
    mvcc = applier.mvcc
    match what:
        case "put", key, value, lease:
            operation = PutRequest(key, value, lease if lease in mvcc.lessor.leases else 0)
        case "delete", key:
            operation = DeleteRangeRequest(key)
        case "compact", back:
            operation = CompactionRequest(mvcc.revision - back)
        case "grant", id_:
            operation = LeaseGrantRequest(60, id_)
        case "revoke", id_:
            operation = LeaseRevokeRequest(id_)
        case "scrub", limit:
            mvcc.scrub(limit)
            return
        case _:
            mvcc.defragment()
            return
    try:
        applier.apply(operation)
    except EtcdError as refused:
        if refused.code not in ("OUT_OF_RANGE", "NOT_FOUND", "FAILED_PRECONDITION"):
            raise


def told(story):
    applier = Applier()
    for what in story:
        do(applier, what)
        counted(applier.mvcc)
    return applier


def counted(mvcc):
    names = mvcc.keys()
    versions = [kv for name in names for kv in mvcc.versions(name)]
    there = sum(version_bytes(kv.key, kv.value if kv.version else None) for kv in versions)
    assert mvcc.in_use_bytes == EMPTY_BYTES + there
    assert mvcc.size_bytes >= mvcc.in_use_bytes


def saved_and_restored(story):
    applier = told(story)
    saved = snapshot_of(applier)
    restored = Snapshot.from_bytes(saved.to_bytes()).restore()
    mvcc, again = applier.mvcc, restored.mvcc
    assert (again.revision, again.compact_revision) == (mvcc.revision, mvcc.compact_revision)
    for revision in range(max(1, mvcc.compact_revision), mvcc.revision + 1):
        assert again.range_at("", revision) == mvcc.range_at("", revision)
        assert again.hash_kv(revision) == mvcc.hash_kv(revision)
    assert again.changes_from(mvcc.compact_revision + 1) == mvcc.changes_from(mvcc.compact_revision + 1)
    held = {id_: (lease.ttl_s, sorted(lease.keys)) for id_, lease in mvcc.lessor.leases.items()}
    assert {id_: (lease.ttl_s, sorted(lease.keys)) for id_, lease in again.lessor.leases.items()} == held
    counted(again)
    # And it goes on as the first one does.
    for what in story[:5]:
        do(applier, what)
        do(restored, what)
    assert again.range_at("") == mvcc.range_at("")
    assert again.hash_kv() == mvcc.hash_kv()


@settings(max_examples=120, deadline=None)
@given(stories)
def test_what_is_saved_comes_back(story):
    saved_and_restored(story)


@settings(max_examples=80, deadline=None)
@given(stories, st.integers(1, 5))
def test_hashes_tell_data_apart_and_nothing_else(story, limit):
    applier = told(story)
    other = copy.deepcopy(applier)
    other.mvcc.scrub(limit)
    other.mvcc.defragment()
    assert other.mvcc.hash_kv() == applier.mvcc.hash_kv()
    other.apply(PutRequest("/a", "another"))
    assert other.mvcc.hash_kv()[0] != applier.mvcc.hash_kv()[0]
    assert other.mvcc.hash_kv(applier.mvcc.revision)[0] == applier.mvcc.hash_kv()[0] or applier.mvcc.revision == 1


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(KEYS), st.integers(0, 3_000)), min_size=5, max_size=40))
def test_a_store_never_outgrows_its_quota_and_is_closed_until_it_is_disarmed(writes):
    applier = Applier(quota_bytes=EMPTY_BYTES + 10_000)
    alarmed = False
    for key, size in writes:
        put = PutRequest(key, "x" * size)
        if alarmed:
            with pytest.raises(EtcdError, match=SPACE):
                applier.apply(put)
        elif applier.has_room_for(put):
            applier.apply(put)
        else:
            applier.apply(AlarmRequest(ACTIVATE, "etcd", NOSPACE))
            alarmed = True
        assert applier.mvcc.size_bytes < applier.quota_bytes
        assert applier.read(RangeRequest(key)).revision == applier.mvcc.revision
    applier.apply(DeleteRangeRequest("/", "0"))
    if applier.mvcc.revision > 1:
        applier.apply(CompactionRequest(applier.mvcc.revision))
    applier.mvcc.scrub()
    assert applier.is_alarmed(NOSPACE) == alarmed
    applier.mvcc.defragment()
    assert applier.mvcc.size_bytes == EMPTY_BYTES
    applier.apply(AlarmRequest(DEACTIVATE, "etcd", NOSPACE))
    applier.apply(PutRequest("/a", "x" * 3_000))


def forgets_the_room(self, key, revision, _real=Mvcc._forget):
    before = self.in_use_bytes
    _real(self, key, revision)
    self.in_use_bytes = before


def loses_a_deletion(self, revision=0, _real=Mvcc.export):
    return tuple(kv for kv in _real(self, revision) if kv.version)


def loses_the_past(self, revision=0, _real=Mvcc.export):
    return tuple(kv for kv in _real(self, revision) if kv.mod_revision >= self.compact_revision)


@pytest.mark.parametrize(
    ("method", "bug"), [("_forget", forgets_the_room), ("export", loses_a_deletion), ("export", loses_the_past)]
)
def test_a_planted_bug_is_found(monkeypatch, method, bug):
    monkeypatch.setattr(Mvcc, method, bug)
    play = settings(max_examples=200, deadline=None, database=None, phases=[Phase.generate], derandomize=True)(
        given(stories)(saved_and_restored)
    )
    with pytest.raises((AssertionError, ValueError)):
        play()
