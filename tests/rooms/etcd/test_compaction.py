"""When history is forgotten."""

import pytest

from cp_sim import Cluster
from cp_sim.etcd.api import EtcdError
from cp_sim.etcd.compaction import HOUR_MS, PeriodicCompaction, RevisionCompaction, rule_of
from cp_sim.etcd.flags import settings_of

MINUTE_MS = 60_000


def compactions(period_ms, hours, revision_per_interval=10):
    """When a periodic compaction compacts what: (minute, revision)."""
    periodic, now_ms, revision, found = PeriodicCompaction(period_ms), 0, 1, []
    while now_ms < hours * HOUR_MS:
        periodic.note(revision)
        now_ms += periodic.interval_ms
        due = periodic.due(now_ms)
        if due:
            found.append((now_ms // MINUTE_MS, due))
        revision += revision_per_interval
    return found


def test_a_period_of_an_hour_keeps_an_hour():
    # Noted at minutes 0, 6, 12, ...: at minute 60 the oldest of the ten is that of minute 0.
    assert compactions(HOUR_MS, 3) == [(60, 1), (120, 101), (180, 201)]


def test_a_longer_period_is_waited_for_once_then_it_compacts_every_hour():
    assert compactions(3 * HOUR_MS, 5) == [(180, 1), (240, 101), (300, 201)]


def test_a_shorter_period_compacts_as_often_as_it_is_long():
    assert compactions(10 * MINUTE_MS, 1)[:3] == [(10, 1), (20, 101), (30, 201)]


def test_nothing_new_is_not_compacted_again():
    assert compactions(HOUR_MS, 4, revision_per_interval=0) == [(60, 1)]


def test_a_number_of_revisions_is_kept():
    kept = RevisionCompaction(100)
    assert [kept.due(revision) for revision in (50, 100, 101, 101, 350)] == [0, 0, 1, 0, 250]


def test_a_rule_that_cannot_be_is_refused_in_words():
    assert rule_of("periodic", "0") is None
    assert rule_of("periodic", "2").period_ms == 2 * HOUR_MS
    assert rule_of("periodic", "90m").period_ms == 90 * MINUTE_MS
    with pytest.raises(ValueError, match="with mode revision it is a number"):
        rule_of("revision", "5m")
    with pytest.raises(ValueError, match='is "periodic" or "revision"'):
        rule_of("never", "5")


@pytest.mark.parametrize("members", [1, 3])
def test_a_cluster_forgets_what_is_older_than_its_flag_says(members):
    flags = {"auto-compaction-retention": "10m"}
    cluster = Cluster(workers=1, seed=3, etcd="external", etcd_members=members, etcd_flags=flags)
    first = cluster.revision
    cluster.run("9m")
    assert cluster.etcd.compact_revision == 0
    cluster.run("3m")
    compacted = cluster.etcd.compact_revision
    assert 0 < compacted <= first
    cluster.run("20m")
    assert cluster.etcd.compact_revision > first
    assert {member.compact_revision for member in cluster.members.values()} == {cluster.etcd.compact_revision}


def test_after_a_change_of_leader_the_new_one_has_history_forgotten():
    flags = {"auto-compaction-mode": "revision", "auto-compaction-retention": "20"}
    cluster = Cluster(workers=1, seed=3, etcd="external", etcd_members=3, etcd_flags=flags)
    cluster.run("6m")
    before = cluster.etcd.compact_revision
    assert before > 0
    cluster.crash(cluster.etcd_leader)
    cluster.run("6m")
    assert cluster.etcd.compact_revision > before


def test_a_small_quota_raises_the_alarm_of_the_real_one():
    cluster = Cluster(workers=0, seed=3, components=("etcd", "apiserver"), etcd_flags={"quota-backend-bytes": 400_000})
    for number in range(10):
        cluster.etcd.put(f"/filler/{number}", "x" * 10_000)
    with pytest.raises(EtcdError, match="etcdserver: mvcc: database space exceeded"):
        cluster.etcd.put("/filler/much", "x" * 300_000)
    assert "NOSPACE" in str(cluster.etcd.alarm_list())


def test_flags_are_checked_as_etcd_checks_them():
    settings = settings_of({"heartbeat-interval": 50, "election-timeout": "500", "snapshot-count": 100})
    assert (settings.tick_ms, settings.election_ticks, settings.snapshot_count) == (50, 10, 100)
    with pytest.raises(ValueError, match="should be at least as 5 times as --heartbeat-interval"):
        settings_of({"heartbeat-interval": 500})
    with pytest.raises(ValueError, match="etcd has no flag 'wal-dir' here; there are heartbeat-interval"):
        settings_of({"wal-dir": "here"})
    with pytest.raises(ValueError, match="quota-backend-bytes=-1: give a whole number above 0"):
        settings_of({"quota-backend-bytes": -1})
