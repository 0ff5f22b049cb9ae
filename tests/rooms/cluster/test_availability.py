"""What is measured while a script plays, and how it is told."""

from __future__ import annotations

from itertools import pairwise

import pytest

from cp_sim import availability
from cp_sim.availability import Comparison, longest_gap, strip
from cp_sim.cluster import Cluster

SCHEDULER = "# lose the scheduler\nat 5s crash scheduler leader\nat 60s restart scheduler leader"
QUORUM = "at 5s crash a majority of etcd\nat 35s restart a majority of etcd"


def test_a_strip_has_one_piece_for_equal_neighbours() -> None:
    tries = [(1_000, True), (1_500, True), (2_000, False), (2_500, False), (3_000, True)]
    pieces = strip(tries, 900, 3_400)
    assert pieces == ((900, 2_000, True), (2_000, 3_000, False), (3_000, 3_400, True))
    assert longest_gap(pieces) == 1_000
    assert longest_gap(strip(tries[:2], 900, 2_000)) == 0


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return availability.compare(SCHEDULER, (1, 3), seed=3, until="70s")


def test_one_control_plane_schedules_nothing_until_its_scheduler_is_back(compared: Comparison) -> None:
    report = compared[1]
    assert report.figures["write_gap_ms"] == 0
    assert report.figures["scheduling_gap_ms"] >= 53_000
    assert report.figures["lease_changes"] == 0


def test_three_schedule_again_when_the_lease_has_run_out(compared: Comparison) -> None:
    report = compared[3]
    assert report.figures["write_gap_ms"] == 0
    # 15 s after the last renewal, found by somebody who looks every 2 to 4.4 s.
    assert 10_000 <= report.figures["scheduling_gap_ms"] <= 20_000
    assert report.figures["lease_changes"] == 1
    [recovery] = report.recoveries
    assert recovery.write_ms == 0
    assert 10_000 <= recovery.scheduling_ms <= 21_000


def test_strips_cover_the_whole_time_without_overlap(compared: Comparison) -> None:
    for report in compared:
        assert set(report.strips) == {"write", "read", "scheduling"}
        for pieces in report.strips.values():
            assert pieces[0][0] == report.start_ms
            assert pieces[-1][1] == report.end_ms
            assert all(left[1] == right[0] and left[2] != right[2] for left, right in pairwise(pieces))
        assert report.faults[0][1].startswith("crash kube-scheduler")
        assert report.figures["lost_acknowledged_writes"] == 0
        assert report.figures["acknowledged_writes"] >= 130


def test_the_table_has_the_sizes_side_by_side(compared: Comparison) -> None:
    lines = str(compared).splitlines()
    assert lines[0] == "lose the scheduler"
    assert lines[1].split() == ["1", "control", "plane", "3", "control", "planes"]
    assert any(line.startswith("longest gap in scheduling") for line in lines)
    with pytest.raises(KeyError, match="there are 1, 3"):
        compared[5]


def test_without_a_majority_nothing_can_be_written_or_read() -> None:
    report = availability.measure(Cluster(control_planes=3, seed=3), QUORUM, until="60s")
    assert 28_000 <= report.figures["write_gap_ms"] <= 45_000
    assert 28_000 <= report.figures["read_gap_ms"] <= 45_000
    assert report.figures["raft_leader_changes"] >= 1
    assert not report.lost_writes


def test_who_elects_anew_writes_again_within_seconds() -> None:
    report = availability.measure(Cluster(control_planes=3, seed=3), "at 5s crash etcd leader", until="30s")
    assert 500 <= report.figures["write_gap_ms"] <= 5_000
    assert report.figures["raft_leader_changes"] >= 1
    assert not report.lost_writes
