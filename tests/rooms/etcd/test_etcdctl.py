"""The store as one outside sees it, on a small cluster: looking, and asking as etcdctl does."""

import copy
import pickle

import pytest

from cp_sim import Cluster
from cp_sim.etcd.api import EtcdError
from cp_sim.etcd.txn_text import compares, operations

POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web-1"},
    "spec": {"containers": [{"name": "web", "image": "nginx"}]},
}


def small(**options):
    return Cluster(components=("etcd", "apiserver"), workers=0, **options)


@pytest.fixture
def cluster():
    return small()


@pytest.fixture
def etcd(cluster):
    return cluster.etcd


def test_keys_are_printed_as_etcdctl_prints_them(etcd):
    assert str(etcd.put("/a", "1")) == "OK"
    assert str(etcd.put("/a", "2", prev_kv=True)) == "OK\n/a\n1"
    etcd.put("/b", {"kind": "Pod"})
    assert str(etcd.get("/a")) == "/a\n2"
    assert str(etcd.get("/a", "/c", keys_only=True)) == "/a\n\n/b\n"
    assert str(etcd.get("/b")) == '/b\n{\n  "kind": "Pod"\n}'
    assert str(etcd.get("/", "/c", count_only=True)) == "2"
    assert str(etcd.get("/c")) == ""
    assert str(etcd.delete("/a", prev_kv=True)) == "1\n/a\n2"
    assert str(etcd.delete("/", "/c")) == "1"


def test_what_the_api_server_writes_is_there_and_has_a_history(cluster, etcd):
    cluster.request("POST", "/api/v1/namespaces", body={"metadata": {"name": "one"}})
    key = "/registry/namespaces/one"
    assert etcd.get(key).kvs[0].value["metadata"]["name"] == "one"
    assert key in str(etcd.get("/registry/namespaces", prefix=True, keys_only=True))
    cluster.request("PUT", "/api/v1/namespaces/one", body={"metadata": {"name": "one", "labels": {"a": "b"}}})
    first, second = etcd.history(key)
    assert (first.version, second.version) == (1, 2)
    assert second.value["metadata"]["labels"]["a"] == "b"
    assert etcd.get(key, revision=first.mod_revision).kvs == (first,)
    assert etcd.get_at(key) == second


def test_sorted_and_limited(etcd):
    for name in "cab":
        etcd.put(f"/x/{name}", name)
    assert [kv.key for kv in etcd.get("/x/", prefix=True, sort_by="mod", order="descend").kvs] == [
        "/x/b",
        "/x/a",
        "/x/c",
    ]
    found = etcd.get("/x/b", from_key=True, limit=1)
    assert ([kv.key for kv in found.kvs], found.more, found.count) == (["/x/b"], True, 2)


def test_a_txn_is_typed_as_into_etcdctl(etcd):
    etcd.put("/a", "1")
    done = etcd.txn('value("/a") = "1"\nversion("/b") = "0"', "put /a 'two words'\nget /a", "get /b")
    assert str(done) == "SUCCESS\n\nOK\n\n/a\ntwo words"
    assert str(etcd.txn('value("/a") = "1"', "put /a 3", "del / --prefix\nget /a")).startswith("FAILURE\n\n")
    assert etcd.get("/a").count == 0


@pytest.mark.parametrize(
    ("ask", "sentence"),
    [
        (lambda: compares("mod(/a) ~ 3"), "is no condition: write one like"),
        (lambda: compares('mod("/a") = "x"'), '"x" is no number: mod is compared with one'),
        (lambda: operations("drop /a"), "is no operation: write get KEY"),
        (lambda: operations("get /a /b --prefix"), "name the range in one way"),
    ],
)
def test_what_cannot_be_read_is_told(ask, sentence):
    with pytest.raises(ValueError, match=sentence.replace("(", r"\(")):
        ask()


def test_what_etcd_refuses_is_raised_with_its_text(etcd):
    for _ in range(5):
        etcd.put("/a")
    assert str(etcd.compact(etcd.current_revision)) == f"compacted revision {etcd.current_revision}"
    with pytest.raises(EtcdError, match="^etcdserver: mvcc: required revision has been compacted$") as problem:
        etcd.get("/a", revision=2)
    assert problem.value.code == "OUT_OF_RANGE"
    with pytest.raises(EtcdError, match="^etcdserver: requested lease not found$"):
        etcd.put("/a", lease=77)
    with pytest.raises(EtcdError, match="etcd-9 does not answer"):
        etcd.get("/a", endpoint="etcd-9")


def test_a_watch_collects_until_it_is_cancelled(etcd):
    etcd.put("/a/1", "one")
    watch = etcd.watch("/a", prefix=True, prev_kv=True)
    single = etcd.watch("/a/1", revision=etcd.current_revision)
    etcd.put("/a/1", "two")
    etcd.put("/a/12", "three")
    etcd.put("/b", "other")
    etcd.delete("/a/1")
    assert str(watch) == "PUT\n/a/1\none\n/a/1\ntwo\nPUT\n/a/12\nthree\nDELETE\n/a/1\ntwo\n/a/1\n"
    assert [told.kv.value for told in single.events] == ["one", "two", ""]
    assert watch.told_revision == etcd.current_revision
    watch.cancel()
    etcd.put("/a/1", "more")
    assert len(watch.events) == 3
    assert watch.cancelled
    assert "ended: cancelled" in repr(watch)


def test_a_watch_from_what_was_compacted_ends(etcd):
    for _ in range(5):
        etcd.put("/a")
    etcd.compact(etcd.current_revision)
    watch = etcd.watch("/a", revision=2)
    assert watch.cancelled
    assert watch.error == "etcdserver: mvcc: required revision has been compacted"
    assert watch.compact_revision == etcd.compact_revision
    assert str(watch) == f"watch was canceled ({watch.error})"


def test_leases(cluster, etcd):
    lease = etcd.lease_grant(60)
    assert str(lease) == f"lease {lease.id:016x} granted with TTL(60s)"
    etcd.put("/a", lease=lease.id)
    cluster.run("20s")
    left = etcd.lease_timetolive(lease.id, keys=True)
    assert str(left) == f"lease {lease.id:016x} granted with TTL(60s), remaining(40s), attached keys([/a])"
    assert str(etcd.lease_keep_alive(lease.id)) == f"lease {lease.id:016x} keepalived with TTL(60)"
    assert str(etcd.lease_list()) == f"found 1 leases\n{lease.id:016x}"
    cluster.run("61s")
    assert etcd.get("/a").count == 0
    assert str(etcd.lease_timetolive(lease.id)) == f"lease {lease.id:016x} already expired"
    assert str(etcd.lease_keep_alive(lease.id)) == f"lease {lease.id:016x} expired or revoked."
    other = etcd.lease_grant(60)
    assert str(etcd.lease_revoke(other.id)) == f"lease {other.id:016x} revoked"


def test_a_full_store_is_made_room_in_as_the_book_says(cluster, etcd):
    applier = cluster.members["etcd"].applier
    applier.quota_bytes = applier.mvcc.size_bytes + 50_000
    for _ in range(4):
        etcd.put("/big", "x" * 10_000)
    with pytest.raises(EtcdError, match="^etcdserver: mvcc: database space exceeded$"):
        etcd.put("/big", "x" * 10_000)
    assert str(etcd.alarm_list()) == "memberID:etcd alarm:NOSPACE"
    assert etcd.status()[0].errors == ("memberID:etcd alarm:NOSPACE",)
    assert etcd.get("/big").count == 1
    full = etcd.status()[0]
    etcd.compact(etcd.current_revision)
    cluster.settle()
    tidied = etcd.status()[0]
    assert tidied.db_size == full.db_size
    assert tidied.db_size_in_use < full.db_size_in_use
    assert str(etcd.defragment()) == "Finished defragmenting etcd member[etcd]"
    assert etcd.status()[0].db_size == tidied.db_size_in_use
    with pytest.raises(EtcdError, match="database space exceeded"):
        etcd.put("/small", "1")  # the alarm is still raised
    assert str(etcd.alarm_disarm()) == "memberID:etcd alarm:NOSPACE"
    assert str(etcd.alarm_list()) == ""
    assert str(etcd.put("/small", "1")) == "OK"


def test_members_and_their_status_print_as_tables(etcd):
    lines = str(etcd.status()).splitlines()
    assert [cell.strip() for cell in lines[1].split("|")[1:5]] == ["ENDPOINT", "ID", "VERSION", "DB SIZE"]
    assert [cell.strip() for cell in lines[3].split("|")][6] == "true"
    assert etcd.member_list().simple.split(", ")[1:3] == ["started", "etcd"]


def test_answers_can_be_kept_and_copied(etcd):
    answer, table = etcd.put("/a", "1"), etcd.member_list()
    for one in (answer, table):
        assert str(copy.deepcopy(one)) == str(pickle.loads(pickle.dumps(one))) == str(one) == repr(one)
    assert not hasattr(answer, "_repr_html_")
    assert (len(table), table[0].name, [info.name for info in table]) == (1, "etcd", ["etcd"])


def test_a_snapshot_holds_what_the_store_holds(etcd):
    etcd.put("/a", "1")
    saved = etcd.snapshot_save()
    etcd.put("/a", "2")
    restored = saved.restore()
    assert restored.mvcc.get("/a").value == "1"
    assert (restored.mvcc.revision, saved.hash) == (saved.revision, restored.mvcc.hash_kv()[0])


def test_what_is_asked_from_outside_is_replayed(cluster, etcd):
    etcd.put("/a", "1")
    watch = etcd.watch("/a")
    etcd.put("/a", "2")
    again = cluster.replay()
    assert again.etcd.history("/a") == etcd.history("/a")
    assert len(watch.events) == 1
    fork = cluster.fork()
    fork.etcd.put("/a", "3")
    assert etcd.get("/a").kvs[0].value == "2"


def test_several_members_agree_and_each_can_be_asked():
    etcd = small(control_planes=3).etcd
    members = [info.name for info in etcd.member_list()]
    assert members == [f"etcd-control-plane-{number}" for number in (1, 2, 3)]
    etcd.put("/a", "1", endpoint=members[1])
    assert [etcd.get("/a", endpoint=name).kvs[0].value for name in members] == ["1", "1", "1"]
    assert len({one.hash for one in etcd.hash_kv()}) == 1
    leader = etcd.status()[0].leader
    target = next(name for name in members if name != leader)
    assert str(etcd.move_leader(target)) == f"Leadership transferred from {leader} to {target}"
    assert {one.leader for one in etcd.status()} == {target}


def test_a_serializable_read_needs_no_majority():
    cluster = small(control_planes=3)
    etcd = cluster.etcd
    etcd.put("/a", "1")
    cluster.crash("etcd-control-plane-2")
    cluster.crash("etcd-control-plane-3")
    alone = "etcd-control-plane-1"
    with pytest.raises(EtcdError, match="etcdserver: request timed out"):
        etcd.get("/a", endpoint=alone)
    assert etcd.get("/a", serializable=True, endpoint=alone).kvs[0].value == "1"
    assert [one.member for one in etcd.status()] == [alone]
