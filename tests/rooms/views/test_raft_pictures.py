"""Pictures of Raft on real machines: roles, logs, quorums, messages, and terms as the trace tells them."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from raft_stage import Group
from view_gallery import broken_group

from cp_sim.cluster import Cluster
from cp_sim.views import raft, raft_members, term_lanes
from cp_sim.views.quorum import group_of
from cp_sim.views.raft_plan import Plan
from cp_sim.views.terms import lanes


def test_a_group_of_one_is_a_quorum_of_one() -> None:
    view = raft_members(Group(1).elected())
    assert "one voter is a quorum of one" in str(view)
    assert "etcd: leader, term 1" in str(view)


def test_what_the_picture_says_is_what_the_machines_say() -> None:
    group = broken_group()
    text = str(raft_members(group))
    for name, member in group.members.items():
        node = member.node
        if member.stopped:
            assert f"{name}: crashed, term {node.term}" in text
            continue
        assert f"{name}: {node.role}, term {node.term}" in text
        assert f"commit {node.commit}, applied {node.applied}, on disk {node.log.stable}" in text
        for other, progress in node.progress.items():
            if other != name:
                assert f"knows of {other}: match {progress.match}, next {progress.next}, {progress.state}" in text


def test_the_side_with_a_quorum() -> None:
    group = Group(5).elected()
    names = sorted(group.members)
    facts = group_of(group)
    assert facts is not None
    assert facts.quorum_words() == "3 of 5 voters are a quorum: all of them reach each other"
    group.links.partition(names[:2], names[2:])
    facts = group_of(group)
    assert facts is not None
    assert [len(side) for side in facts.sides()] == [3, 2]
    assert "control-plane-3, control-plane-4 and control-plane-5 can go on" in facts.quorum_words()
    group.crash(names[4])
    facts = group_of(group)
    assert facts is not None
    assert "no side has so many" in facts.quorum_words()
    assert f"link {names[0]} -> {names[2]}: cut" in str(raft_members(group))


def test_a_learner_does_not_count() -> None:
    group = Group(3, learners=("etcd-control-plane-3",)).elected().run(300)
    text = str(raft_members(group))
    assert "2 of 2 voters are a quorum" in text
    assert "etcd-control-plane-3: learner, term 1" in text


def test_messages_on_their_way_are_drawn_with_kind_and_count() -> None:
    group = Group(3).elected().run(300).propose(2)
    facts = group_of(group)
    assert facts is not None
    flights = {(flight.sender, flight.kind, flight.count, flight.entries) for flight in facts.flights}
    assert flights == {(group.leader().name, "append", 2, 2)}
    view = raft_members(group)
    leader = group.leader().name
    assert [key for key in view.details if key.startswith(f"messages/{leader}/") and "#" not in key]
    assert "2 append with 2 entries" in str(view)
    assert "append with" not in str(raft_members(group.run(60)))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7])
def test_boxes_do_not_touch_and_no_line_runs_through_a_third(count: int) -> None:
    plan = Plan(count)
    boxes = [(left, top, left + plan.wide, top + plan.high) for left, top in plan.spots]
    assert len(set(plan.spots)) == count
    for place, one in enumerate(boxes):
        for other in boxes[place + 1 :]:
            assert one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
    for left in range(count):
        for right in range(left + 1, count):
            begin, end = plan.edge(left, plan.middle(right), 0), plan.edge(right, plan.middle(left), 0)
            for third, box in enumerate(boxes):
                if third in (left, right):
                    continue
                for part in range(101):
                    x = begin[0] + (end[0] - begin[0]) * part / 100
                    y = begin[1] + (end[1] - begin[1]) * part / 100
                    inside = box[0] + 4 < x < box[2] - 4 and box[1] + 4 < y < box[3] - 4
                    assert not inside, f"the line {left} to {right} of {count} runs through {third}"


def test_members_stay_where_they_are() -> None:
    group = Group(5).elected()
    before = raft_members(group)
    group.crash(group.leader().name)
    group.run(3_000)
    after = raft_members(group)
    regions = [key for key in before.details if key.startswith("members/") and "#" not in key]
    assert len(regions) == 5
    for key in regions:
        places = [
            view.graph.source.split(f'"cluster_{key}"')[1].split('bb="')[1].split('"')[0] for view in (before, after)
        ]
        assert places[0] == places[1]


def test_the_lanes_tell_each_role_from_its_beginning_to_its_end() -> None:
    group = Group(3).elected().run(1_000)
    first = group.leader().name
    crashed_ms = group.clock.now_ms
    group.crash(first).run(4_000)
    second = group.leader().name
    found = lanes(group.trace, group.clock.now_ms)
    led = next(one for one in found[first] if one.role == "leader")
    away = found[first][-1]
    assert (led.until_ms, away.role, away.since_ms) == (crashed_ms, "crashed", crashed_ms)
    assert away.until_ms == group.clock.now_ms
    assert found[second][-1].role == "leader"
    for lane in found.values():
        assert all(one.until_ms == other.since_ms for one, other in pairwise(lane))
    text = str(term_lanes(group))
    assert "2 elected leaders" in text
    assert f"{crashed_ms / 1000:.3f}s to" in text


def test_lanes_end_where_they_are_told_to() -> None:
    group = Group(3).elected().run(1_000)
    middle = group.clock.now_ms
    group.crash(group.leader().name).run(4_000)
    text = str(term_lanes(group, until=middle - 1))
    assert "1 elected leader\n" in text
    assert "crashed" not in text
    with pytest.raises(ValueError, match="before they begin"):
        term_lanes(group, since=5_000, until=1_000)


def test_of_the_past_only_what_the_trace_tells() -> None:
    group = Group(3).elected().run(1_000)
    text = str(raft(group.at(0)))
    assert "Logs and messages of the past are not kept" in text
    assert f"{group.leader().name}: leader of term 1" in text
    assert "commit" not in text


def test_the_real_cluster_with_its_processes() -> None:
    cluster = Cluster(control_planes=3, workers=0, seed=7)
    first = cluster.clock.now_ms
    cluster.crash("etcd-control-plane-1")
    cluster.run("3s")
    text = str(raft(cluster))
    assert "etcd-control-plane-1: crashed, term 1" in text
    assert "control-plane-2 and control-plane-3 can go on" in text
    assert "crash pods/kube-system/etcd-control-plane-1" in text
    away = lanes(cluster.trace, cluster.clock.now_ms)["etcd-control-plane-1"][-1]
    assert (away.role, away.since_ms) == ("crashed", first)
    cluster.restart("etcd-control-plane-1")
    cluster.pause("etcd-control-plane-2")
    cluster.run("3s")
    text = str(raft(cluster))
    assert "etcd-control-plane-2: paused" in text
    assert "etcd-control-plane-1: follower" in text
