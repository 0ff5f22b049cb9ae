"""Put away, and begun again from."""

import pytest

from cp_sim.etcd.api import DeleteRangeRequest, EtcdError, PutRequest
from cp_sim.etcd.applier import Applier
from cp_sim.etcd.lease_api import LeaseGrantRequest, LeaseRevokeRequest
from cp_sim.etcd.maintenance import CompactionRequest
from cp_sim.etcd.printing import human_bytes
from cp_sim.etcd.snapshot import Snapshot, SnapshotError, snapshot_of
from cp_sim.etcd.store import Put

POD = {"kind": "Pod", "metadata": {"name": "web-1", "labels": {"app": "web"}}}


@pytest.fixture
def applier():
    made = Applier()
    for write in (
        Put("/registry/pods/default/web-1", POD),
        PutRequest("/a", "1"),
        PutRequest("/a", "2"),
        LeaseGrantRequest(60, id=7),
        PutRequest("/b", b"\xff\x00", lease=7),
        DeleteRangeRequest("/a"),
        PutRequest("/c", "é"),
        CompactionRequest(4),
    ):
        made.apply(write, 5_000)
    return made


def test_a_snapshot_comes_back_from_its_bytes(applier):
    saved = snapshot_of(applier, 9_000)
    assert Snapshot.from_bytes(saved.to_bytes()) == saved
    assert (saved.revision, saved.compact_revision, saved.time_ms) == (7, 4, 9_000)
    assert [(kv.key, kv.mod_revision) for kv in saved.versions] == [
        ("/registry/pods/default/web-1", 2), ("/a", 4), ("/b", 5), ("/a", 6), ("/c", 7)
    ]  # fmt: skip


def test_a_restored_store_has_the_same_keys_revisions_and_leases(applier):
    restored = Snapshot.from_bytes(snapshot_of(applier).to_bytes()).restore(now_ms=100_000)
    for revision in (4, 5, 6, 7):
        assert restored.mvcc.range_at("", revision) == applier.mvcc.range_at("", revision)
    assert restored.mvcc.changes_from(5) == applier.mvcc.changes_from(5)
    assert restored.mvcc.lessor.leases[7].expires_ms == 160_000
    assert restored.apply(LeaseRevokeRequest(7)).revision == 8
    assert restored.mvcc.get("/b") is None
    with pytest.raises(EtcdError, match="compacted"):
        restored.mvcc.range_at("", 3)


def test_it_does_not_matter_how_much_was_given_back(applier):
    before = snapshot_of(applier)
    assert applier.mvcc.has_garbage
    applier.mvcc.scrub()
    assert (snapshot_of(applier).hash, snapshot_of(applier).versions) == (before.hash, before.versions)


def test_a_raised_revision_lets_nobody_go_on_from_the_past(applier):
    restored = snapshot_of(applier).restore(bump_revision=1_000, mark_compacted=True)
    assert (restored.mvcc.revision, restored.mvcc.compact_revision) == (1_007, 1_007)
    assert [kv.key for kv in restored.mvcc.range_at("")] == [kv.key for kv in applier.mvcc.range_at("")]
    assert restored.apply(PutRequest("/d", "1")).revision == 1_008
    with pytest.raises(EtcdError, match="compacted"):
        restored.mvcc.range_at("", 7)


def test_raising_and_marking_belong_together(applier):
    saved = snapshot_of(applier)
    with pytest.raises(SnapshotError, match="mark_compacted=True is required"):
        saved.restore(bump_revision=5)
    with pytest.raises(SnapshotError, match="bump_revision is required"):
        saved.restore(mark_compacted=True)
    with pytest.raises(SnapshotError, match="cannot go back"):
        saved.restore(bump_revision=-5, mark_compacted=True)


def test_damage_is_noticed(applier):
    data = bytearray(snapshot_of(applier).to_bytes())
    data[40] ^= 1
    with pytest.raises(SnapshotError, match="expected sha256 .* got .*: the snapshot is damaged"):
        Snapshot.from_bytes(bytes(data))
    with pytest.raises(SnapshotError, match="damaged"):
        Snapshot.from_bytes(b"")


def test_a_snapshot_prints_like_etcdctl(applier):
    lines = str(snapshot_of(applier)).splitlines()
    assert [cell.strip() for cell in lines[1].split("|")[1:-1]] == ["HASH", "REVISION", "TOTAL KEYS", "TOTAL SIZE"]
    assert [cell.strip() for cell in lines[3].split("|")[2:-1]] == ["7", "5", "21 kB"]


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 B"), (999, "999 B"), (1_500, "1.5 kB"), (20_480, "20 kB"), (2 * 1024**3, "2.1 GB")]
)
def test_sizes_are_printed_as_etcdctl_prints_them(size, text):
    assert human_bytes(size) == text
