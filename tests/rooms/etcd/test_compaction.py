"""When history is forgotten."""

from cp_sim.etcd import requests
from cp_sim.etcd.api import PutRequest
from cp_sim.etcd.compaction import HOUR_MS, ApiServerCompaction, PeriodicCompaction, RevisionCompaction
from cp_sim.etcd.mvcc import Mvcc

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


def test_of_two_api_servers_one_compacts_what_it_saw_five_minutes_ago():
    mvcc, servers, compacted = Mvcc(), (ApiServerCompaction(), ApiServerCompaction()), []
    for _round in range(4):
        for _ in range(10):
            requests.answer(mvcc, PutRequest("/registry/pods/default/web-1"))
        for server in servers:
            due = server.answered(requests.answer(mvcc, server.ask()))
            compacted.append((due, mvcc.revision))
    # Round by round: the first server's turn, the second learns that it was.
    assert compacted == [(0, 12), (0, 12), (12, 23), (0, 23), (23, 34), (0, 34), (34, 45), (0, 45)]
    assert mvcc.get("compact_rev_key").value == "34"
    assert mvcc.get("compact_rev_key").version == 4
