"""The deterministic machine that a committed entry meets."""

import copy

import pytest

from cp_sim.etcd import api
from cp_sim.etcd.api import DeleteRangeRequest, EtcdError, PutRequest, RangeRequest, TxnRequest
from cp_sim.etcd.applier import Applier, is_read
from cp_sim.etcd.lease_api import LeaseGrantRequest, LeaseLeasesRequest, LeaseRevokeRequest, LeaseTimeToLiveRequest
from cp_sim.etcd.maintenance import (
    ACTIVATE,
    CORRUPT,
    DEACTIVATE,
    NOSPACE,
    Alarm,
    AlarmRequest,
    CompactionRequest,
)
from cp_sim.etcd.store import Compact, Delete, Get, Grant, List, Put, Revoke

WRITES = (
    Put("/a", {"n": 1}),
    PutRequest("/b", "x"),
    Grant(30, lease=7),
    Put("/c", "leased", lease=7),
    TxnRequest(success=(PutRequest("/d", "1"), DeleteRangeRequest("/b"))),
    LeaseGrantRequest(60, id=8),
    Delete("/a"),
    Compact(3),
    Revoke(7),
    LeaseRevokeRequest(8),
    AlarmRequest(ACTIVATE, "etcd-1", NOSPACE),
)


def test_two_members_that_apply_the_same_entries_hold_the_same():
    one, two = Applier(), Applier()
    for write in WRITES:
        assert one.apply(write, 1000) == two.apply(write, 1000)
    assert one.mvcc.range_at("") == two.mvcc.range_at("")
    assert one.mvcc.revision == two.mvcc.revision == 7
    assert list(one.alarms) == [Alarm("etcd-1", NOSPACE)]


def test_a_copy_goes_its_own_way():
    one = Applier()
    one.apply(LeaseGrantRequest(60, id=8), 1000)
    two = copy.deepcopy(one)
    two.apply(PutRequest("/a", "1", lease=8))
    assert one.mvcc.revision == 1
    assert not one.mvcc.lessor.leases[8].keys


def test_the_shapes_of_kubernetes_are_answered_with_their_token():
    applier = Applier()
    put = applier.apply(Put("/a", 1, expect=0), token=5)
    assert (put.token, put.revision, put.kv.value) == (5, 2, 1)
    assert not applier.apply(Put("/a", 2, expect=0)).succeeded
    assert applier.read(Get("/a"), token=6).kv == put.kv
    assert applier.read(List("/")).kvs == (put.kv,)


def test_reads_and_writes_are_told_apart():
    assert is_read(RangeRequest("/a"))
    assert is_read(TxnRequest(success=(RangeRequest("/a"),)))
    assert not is_read(TxnRequest(success=(RangeRequest("/a"),), failure=(PutRequest("/a"),)))
    assert is_read(AlarmRequest())
    assert not is_read(AlarmRequest(DEACTIVATE))
    with pytest.raises(TypeError, match="cannot apply RangeRequest"):
        Applier().apply(RangeRequest("/a"))
    with pytest.raises(TypeError, match="cannot read by Put"):
        Applier().read(Put("/a", 1))


def test_a_lease_has_less_time_left_as_time_goes_on():
    applier = Applier()
    granted = applier.apply(LeaseGrantRequest(1, id=8), 1000)
    assert (granted.id, granted.ttl) == (8, 2)
    applier.apply(PutRequest("/a", lease=8))
    left = applier.read(LeaseTimeToLiveRequest(8, keys=True), 2000)
    assert (left.ttl, left.granted_ttl, left.keys) == (1, 2, ("/a",))
    assert applier.mvcc.lessor.renew(8, 2000) == 2
    assert applier.read(LeaseTimeToLiveRequest(8), 2000).ttl == 2
    assert applier.read(LeaseTimeToLiveRequest(9), 2000).ttl == -1
    assert applier.read(LeaseLeasesRequest()).leases == (8,)


def test_an_alarm_for_want_of_space_lets_only_reads_deletes_and_compactions_through():
    applier = Applier()
    applier.apply(PutRequest("/a", "1"))
    applier.apply(AlarmRequest(ACTIVATE, "etcd-1", NOSPACE))
    for refused in (PutRequest("/b"), Put("/b", 1), LeaseGrantRequest(60), TxnRequest(success=(PutRequest("/b"),))):
        with pytest.raises(EtcdError, match="^etcdserver: mvcc: database space exceeded$") as problem:
            applier.apply(refused)
        assert problem.value.code == "RESOURCE_EXHAUSTED"
    assert applier.read(RangeRequest("/a")).count == 1
    assert applier.apply(DeleteRangeRequest("/a")).deleted == 1
    assert applier.apply(CompactionRequest(2)).revision == 3
    assert applier.apply(AlarmRequest(DEACTIVATE, "etcd-2", NOSPACE)).alarms == ()
    assert applier.apply(AlarmRequest(DEACTIVATE, "etcd-1", NOSPACE)).alarms == (Alarm("etcd-1", NOSPACE),)
    assert applier.apply(PutRequest("/b")).revision == 4


def test_a_corrupt_cluster_answers_nothing():
    applier = Applier()
    applier.apply(AlarmRequest(ACTIVATE, "etcd-1", CORRUPT))
    for ask in (lambda: applier.apply(PutRequest("/b")), lambda: applier.read(RangeRequest("/a"))):
        with pytest.raises(EtcdError, match=api.corrupt().text):
            ask()
    assert applier.read(AlarmRequest()).alarms == (Alarm("etcd-1", CORRUPT),)
