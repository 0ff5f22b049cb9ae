"""How fast a leader may send."""

from __future__ import annotations

from cp_sim.raft import Members, Progress, RaftNode
from cp_sim.raft.stage import Stage


def test_a_probe_waits_for_its_answer() -> None:
    progress = Progress(next=5)
    progress.sent(2)
    assert progress.waits
    assert progress.next == 5, "what is not known to have arrived is sent again"
    assert progress.refuse(4, hint=2)
    assert (progress.next, progress.waits) == (3, False)
    assert not progress.refuse(4, hint=1), "an old refusal is no news"


def test_replication_sends_ahead_until_too_much_is_open() -> None:
    progress = Progress(match=1, next=2, max_inflight=2)
    progress.replicate()
    progress.sent(3)
    assert (progress.next, progress.waits) == (5, False)
    progress.sent(1)
    assert (progress.next, progress.waits) == (6, True)
    assert progress.acknowledge(4)
    progress.free_up_to(4)
    assert (list(progress.inflight), progress.waits) == ([5], False)
    assert not progress.acknowledge(3)
    assert progress.refuse(5, hint=4)
    assert progress.next == 5
    assert not progress.refuse(4, hint=4)


def test_after_a_snapshot_the_leader_goes_on_behind_it() -> None:
    progress = Progress(match=1, next=2)
    progress.await_snapshot(7)
    assert progress.waits
    assert progress.describe() == "snapshot match=1 next=8 paused silent"
    progress.probe()
    assert (progress.state, progress.next, progress.waits) == ("probe", 8, False)


def leader_of(stage: Stage) -> RaftNode:
    leader = stage.leader()
    assert leader is not None
    return leader


def test_a_full_window_is_emptied_by_answers() -> None:
    stage = Stage(("s1", "s2", "s3"), max_inflight=2, max_entries=1)
    stage.campaign("s1")
    stage.links.cut("s2", "s1", both=False)
    for number in range(6):
        stage.propose("s1", f"x{number}")
    progress = leader_of(stage).progress["s2"]
    assert progress.describe().startswith("replicate match=1 next=4 inflight=2 paused")
    stage.links.heal()
    stage.tick(6)
    assert progress.match == leader_of(stage).last_index == 7


def test_a_snapshot_that_was_lost_is_sent_again() -> None:
    stage = Stage(("s1", "s2", "s3"))
    stage.campaign("s1")
    stage.crash("s3")
    stage.propose("s1", "x")
    stage.hosts["s1"].compact()
    stage.restart("s3")
    stage.links.loss_percent = 0
    leader = leader_of(stage)
    stage.tick(1)
    leader.progress["s3"].match = 0
    leader.progress["s3"].await_snapshot(2)
    stage.tick(25)
    assert leader.progress["s3"].state == "replicate"


def test_what_the_transport_reports_sets_back() -> None:
    stage = Stage(("s1", "s2", "s3"))
    stage.campaign("s1")
    leader = leader_of(stage)
    leader.report_unreachable("s2")
    assert leader.progress["s2"].state == "probe"
    leader.report_unreachable("s1")
    leader.report_unreachable("s9")
    assert leader.progress["s1"].state == "replicate"
    leader.progress["s3"].await_snapshot(5)
    leader.report_snapshot("s3", ok=True)
    assert (leader.progress["s3"].next, leader.progress["s3"].waits) == (6, True)
    leader.progress["s3"].await_snapshot(5)
    leader.report_snapshot("s3", ok=False)
    assert leader.progress["s3"].next == 2


def test_members_know_their_majority() -> None:
    assert [Members(tuple("abcdefg"[:size])).quorum for size in (1, 2, 3, 4, 5, 7)] == [1, 2, 2, 3, 3, 4]
