"""The control planes side by side, the Leases over time, and the strips of availability."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from view_gallery import report

from cp_sim.cluster import Cluster
from cp_sim.views import availability, control_plane, ha_control_plane, lease_line, scheduling_queue
from cp_sim.views.availability import general, joined, share_text
from cp_sim.views.axis import tick_ms
from cp_sim.views.elections import leader_among, leases, terms_of


@pytest.fixture(scope="module")
def told() -> tuple[Cluster, int, str]:
    """A cluster of three whose first control plane goes away; with a revision and a picture from before."""
    cluster = Cluster(control_planes=3, workers=1, seed=7)
    cluster.run("8s")
    before = cluster.revision, str(control_plane(cluster))
    cluster.crash("control-plane-1")
    cluster.run("40s")
    return cluster, *before


def test_several_control_planes_are_drawn_side_by_side(told: tuple[Cluster, int, str]) -> None:
    cluster, _, before = told
    for number in (1, 2, 3):
        assert f"\ncontrol-plane-{number}\n" in before
    assert before.count("running, leads") == 4
    assert "kube-apiserver-control-plane-1: healthy" in before
    now = str(control_plane(cluster))
    column = now.split("\ncontrol-plane-1\n")[1].split("\ncontrol-plane-2\n")[0]
    assert column.count("crashed") == 5
    assert now.count("running, leads") == 4
    assert "kube-apiserver-control-plane-1: down" in now
    assert "control-plane-2 and control-plane-3 can go on" in now
    held = leases(cluster)
    assert {lease.machine for lease in held.values()} <= {"control-plane-2", "control-plane-3"}
    for name, lease in held.items():
        assert f"lease {name}: held by {lease.machine}" in now


def test_of_the_past_the_picture_shows_what_the_store_keeps(told: tuple[Cluster, int, str]) -> None:
    cluster, revision, _ = told
    text = str(control_plane(cluster.at(revision)))
    assert "health checks and connections of the past are not kept" in text
    assert "lease kube-scheduler: held by control-plane-1" in text
    assert text.count("leads") == 4
    assert "crashed" not in text


def test_columns_stay_when_one_goes_down(told: tuple[Cluster, int, str]) -> None:
    cluster, revision, _ = told
    sources = [view.graph.source for view in (ha_control_plane(cluster), ha_control_plane(cluster.at(revision)))]
    for number in (1, 2, 3):
        places = [
            source.split(f'"cluster_nodes/control-plane-{number}"')[1].split('bb="')[1].split('"')[0]
            for source in sources
        ]
        assert places[0] == places[1]


def test_who_held_the_leases(told: tuple[Cluster, int, str]) -> None:
    cluster, revision, _ = told
    terms = terms_of(cluster, "kube-scheduler", cluster.clock.now_ms)
    assert terms[0].machine == "control-plane-1"
    assert len(terms) == 2
    assert terms[0].gone_ms
    assert terms[0].until_ms == terms[1].since_ms
    # Nobody takes a lease before it has run out: 15 s after its last renewal, at most 2 s before the crash.
    assert terms[1].since_ms - terms[0].gone_ms >= 13_000
    text = str(lease_line(cluster))
    assert "control-plane-1, away since" in text
    assert leader_among(cluster, "kube-scheduler") == f"kube-scheduler-{terms[1].machine}"
    past = str(lease_line(cluster.at(revision)))
    assert "away" not in past
    assert "has changed hands 0 times" in past


def test_the_queue_shown_is_that_of_the_leader(told: tuple[Cluster, int, str]) -> None:
    cluster, _, _ = told
    leader = cluster.loop.actors[leader_among(cluster, "kube-scheduler")]
    text = str(scheduling_queue(cluster))
    assert leader.elector.leading
    for place in ("active", "unschedulable"):
        assert f"{place}: {len(leader.queue.listed(place)) or 'none'}" in text


def test_with_one_of_each_nobody_is_elected() -> None:
    cluster = Cluster(workers=1, seed=7)
    assert "Nobody stands for election here" in str(lease_line(cluster))
    assert "kube-apiserver: checks every request" in str(control_plane(cluster))


def test_a_single_control_plane_that_is_broken() -> None:
    cluster = Cluster(workers=1, seed=7)
    cluster.pause("kube-scheduler")
    assert "kube-scheduler (paused)" in str(control_plane(cluster))
    cluster.crash("kube-apiserver")
    view = control_plane(cluster)
    assert "kube-apiserver (crashed)" in str(view)
    assert "crashed" in view.details["component/kube-apiserver"]
    cluster.crash("kube-scheduler")
    assert "kube-scheduler (crashed): chooses a node for each pod that has none\nkube-controller" in str(
        control_plane(cluster)
    )
    with pytest.raises(ValueError, match="no scheduler"):
        scheduling_queue(cluster)


# -- availability ---------------------------------------------------------------------------------------------------


def test_strips_share_one_axis_counted_from_their_start() -> None:
    text = str(availability([report(1, 30_000), report(3, 1_500, 600)]))
    assert text.count("fault 1 at 10.000s") == 2
    assert "write: 50.0 %, failed 10.000s to 40.000s" in text
    assert "write: 97.5 %, failed 10.000s to 11.500s" in text
    assert "new Raft leaders: 2" in text
    view = availability([report(1, 30_000), report(3, 1_500, 600)])
    assert view.details["fault/all/0"] == "at 10.000s: crash etcd leader"
    assert "fault/report/0/0" not in view.details


def test_different_scripts_are_marked_on_each_report() -> None:
    other = report(3, 1_500)
    other.faults = other.faults[:1]
    details = availability([report(1, 30_000), other]).details
    assert "fault/all/0" not in details
    assert "fault/report/1/0" in details


def test_shares_are_not_rounded_up_to_all() -> None:
    assert share_text(((0, 99_999, True), (99_999, 100_000, False))) == "99.9 %"
    assert share_text(((0, 100_000, True),)) == "100 %"
    assert share_text(((0, 10, None),)) == "not asked"
    assert joined(((0, 5, True), (5, 9, True), (9, 12, False))) == [(0, 9, True), (9, 12, False)]
    assert general("crash etcd-2 (etcd leader)") == "crash etcd leader"
    assert general("heal") == "heal"


def test_ticks_are_round_and_few() -> None:
    for span in (1, 30, 999, 5_000, 61_000, 240_000, 3_600_000, 90_000_000, 10**10):
        assert span / tick_ms(span) <= 9
    assert tick_ms(240_000) == 30_000
