"""One member: what it hands to its host, and what it takes."""

from __future__ import annotations

import copy

import pytest

from cp_sim.raft import Change, Dropped, Entry, HardState, Members, Message, RaftNode, Ready, Snapshot
from cp_sim.sim import Chance

THREE = Members(("s1", "s2", "s3"))


def node(members: Members = THREE, name: str = "s1", **options: object) -> RaftNode:
    return RaftNode(name, members, Chance(1).stream(name), **options)  # type: ignore[arg-type]


def work(machine: RaftNode) -> list[Ready]:
    done = []
    while machine.has_ready():
        ready = machine.ready()
        machine.advance(ready)
        done.append(ready)
    return done


def heartbeats(readies: list[Ready]) -> list[Message]:
    return [message for ready in readies for message in ready.early if message.kind == "heartbeat"]


def follower(**options: object) -> RaftNode:
    """s1, following s2 in term 1 with one entry."""
    machine = node(**options)
    machine.step(Message("append", "s2", "s1", 1, entries=(Entry(1, 1),), commit=1))
    work(machine)
    return machine


def leader() -> RaftNode:
    """s1, leading term 1; its first entry is committed."""
    machine = node(pre_vote=False)
    machine.campaign()
    work(machine)
    machine.step(Message("vote answer", "s2", "s1", 1))
    work(machine)
    machine.step(Message("append answer", "s2", "s1", 1, index=1))
    work(machine)
    assert (machine.role, machine.commit) == ("leader", 1)
    return machine


def test_a_single_member_elects_itself_and_commits_what_its_disk_has() -> None:
    machine = node(Members(("s1",)))
    machine.campaign()
    assert machine.role == "candidate", "its own vote counts only when it is on disk"
    election, opening, opened = work(machine)
    assert election.hard_state == HardState(1, "s1", 0)
    assert election.must_sync
    assert opening.entries == (Entry(1, 1),)
    assert opening.committed == ()
    assert opened.committed == (Entry(1, 1),)
    assert not opened.must_sync
    machine.propose("x")
    written, committed = work(machine)
    assert written.entries == committed.committed == (Entry(1, 2, "x"),)
    assert committed.hard_state == HardState(1, "s1", 2)
    assert machine.describe() == "s1 leader term 1 log 1 1 | commit 2"


def test_work_is_handed_out_once_and_taken_back_once() -> None:
    machine = node(Members(("s1",)))
    machine.campaign()
    ready = machine.ready()
    assert not machine.has_ready()
    with pytest.raises(RuntimeError, match="still in hand"):
        machine.ready()
    with pytest.raises(RuntimeError, match="handed out last"):
        machine.advance(Ready())
    machine.advance(ready)
    assert machine.has_ready()


def test_a_leader_sends_while_its_disk_writes_and_counts_itself_afterwards() -> None:
    machine = leader()
    machine.propose("x")
    ready = machine.ready()
    assert [message.to for message in ready.early] == ["s2"], "s3 has not answered its first append yet"
    assert ready.messages == ()
    machine.step(Message("append answer", "s2", "s1", 1, index=2))
    assert machine.commit == 1, "one other disk and not its own: no majority"
    machine.advance(ready)
    assert machine.commit == 2


def test_a_follower_answers_after_its_disk() -> None:
    machine = follower()
    machine.step(Message("append", "s2", "s1", 1, log_term=1, index=1, entries=(Entry(1, 2, "x"),), commit=1))
    ready = machine.ready()
    assert ready.entries == (Entry(1, 2, "x"),)
    assert ready.must_sync
    assert ready.early == ()
    assert [(message.kind, message.index) for message in ready.messages] == [("append answer", 2)]


def test_a_vote_is_on_disk_before_it_is_given() -> None:
    machine = node()
    machine.step(Message("vote", "s2", "s1", 1))
    ready = machine.ready()
    assert ready.hard_state == HardState(1, "s2", 0)
    assert [message.kind for message in ready.messages] == ["vote answer"]


def test_who_hears_a_leader_ignores_candidates_unless_the_leader_wants_them() -> None:
    machine = follower()
    machine.step(Message("vote", "s3", "s1", 5, index=9, log_term=1))
    assert (machine.term, machine.has_ready()) == (1, False)
    machine.step(Message("vote", "s3", "s1", 5, index=9, log_term=1, forced=True))
    assert (machine.term, machine.vote) == (5, "s3")


def test_a_prevote_changes_nothing() -> None:
    machine = node()
    machine.step(Message("prevote", "s2", "s1", 1))
    ready = machine.ready()
    assert (machine.term, machine.vote, ready.hard_state) == (0, "", None)
    assert [(message.kind, message.term, message.reject) for message in ready.messages] == [
        ("prevote answer", 1, False)
    ]


def test_a_sender_of_an_earlier_term_is_told() -> None:
    machine = node(hard_state=HardState(4, "", 0))
    machine.step(Message("heartbeat", "s2", "s1", 3))
    machine.step(Message("prevote", "s2", "s1", 3))
    machine.step(Message("vote", "s2", "s1", 3))
    told = [(message.kind, message.term, message.reject) for message in machine.ready().messages]
    assert told == [("append answer", 4, False), ("prevote answer", 4, True)]


def test_elections_begin_after_ten_to_nineteen_ticks() -> None:
    waited = []
    for seed in range(60):
        machine = RaftNode("s1", THREE, Chance(seed).stream("s1"))
        ticks = 0
        while machine.role == "follower":
            machine.tick()
            ticks += 1
        waited.append(ticks)
    assert set(waited) == set(range(10, 20))


def test_a_restart_goes_on_with_what_the_disk_holds() -> None:
    kept = HardState(3, "s2", 2)
    machine = node(hard_state=kept, entries=[Entry(1, 1, "a"), Entry(2, 2, "b"), Entry(3, 3, "c")])
    assert (machine.term, machine.vote, machine.commit, machine.last_term) == (3, "s2", 2, 3)
    [ready] = work(machine)
    assert ready == Ready(committed=(Entry(1, 1, "a"), Entry(2, 2, "b"))), "applied again, and nothing else to do"
    machine = node(hard_state=kept, entries=[Entry(1, 1, "a"), Entry(2, 2, "b"), Entry(3, 3, "c")], applied=2)
    assert not machine.has_ready()


def test_the_newest_known_members_hold_after_a_restart() -> None:
    snapshot = Snapshot(4, 1, Members(("s1", "s2")))
    assert node(snapshot=snapshot).members == snapshot.members
    later = node(snapshot=snapshot, entries=[Entry(1, 5)], applied=5, hard_state=HardState(1, "", 5))
    assert later.members == THREE


def test_proposals_need_a_leader() -> None:
    machine = node()
    with pytest.raises(Dropped, match="s1 knows no leader in term 0"):
        machine.propose("x")
    with pytest.raises(Dropped, match="no leader is known"):
        machine.read_index("r")
    with pytest.raises(Dropped, match="only the leader can hand over"):
        machine.transfer_leader("s2")
    machine = follower()
    machine.propose("x")
    [message] = machine.ready().messages
    assert (message.kind, message.to, message.term, message.entries) == ("propose", "s2", 0, (Entry(0, 0, "x"),))


def test_a_leader_that_hands_over_takes_nothing() -> None:
    machine = leader()
    machine.transfer_leader("s3")
    with pytest.raises(Dropped, match="s1 is handing over to s3"):
        machine.propose("x")
    machine.step(Message("propose", "s2", "s1", 0, entries=(Entry(0, 0, "x"),)))
    assert machine.last_index == 1
    for _ in range(10):
        machine.tick()
    assert machine.transferee == "", "after an election timeout it goes on"
    with pytest.raises(ValueError, match="'s9' is not a voter; voters are s1, s2, s3"):
        machine.transfer_leader("s9")


def test_a_change_takes_effect_when_it_is_applied() -> None:
    machine = leader()
    machine.propose_change(Change("add learner", "s4"))
    machine.propose_change(Change("remove", "s3"))
    assert machine.log.entries[-1] == Entry(1, 3), "a second change at once becomes an empty entry"
    assert "s4" not in machine.progress
    machine.step(Message("append answer", "s2", "s1", 1, index=3))
    work(machine)
    assert machine.members == Members(("s1", "s2", "s3"), ("s4",))
    assert machine.progress["s4"].state == "probe"
    machine.propose_change(Change("remove", "s3"))
    machine.step(Message("append answer", "s2", "s1", 1, index=4))
    work(machine)
    assert machine.members == Members(("s1", "s2"), ("s4",))
    assert "s3" not in machine.progress


def test_changes_that_make_no_sense() -> None:
    machine = leader()
    with pytest.raises(ValueError, match="'demote' is no change of a group; there are add voter, add learner, "):
        machine.propose_change(Change("demote", "s2"))
    alone = node(Members(("s1",)))
    with pytest.raises(ValueError, match="s1 is the last voter; a group needs one"):
        alone.propose_change(Change("remove", "s1"))
    group = Members(("s1",), ("s2",))
    assert group.changed(Change("remove", "s1")) == group
    assert group.changed(Change("add voter", "s1")) == group
    assert group.changed(Change("add learner", "s1")) == group
    assert group.changed(Change("promote", "s3")) == group
    assert group.changed(Change("promote", "s2")) == Members(("s1", "s2"))
    assert group.changed(Change("add voter", "s2")) == Members(("s1", "s2"))
    assert group.changed(Change("remove", "s2")) == Members(("s1",))


def test_reads_wait_for_a_majority_and_one_answer_confirms_all_before() -> None:
    machine = leader()
    machine.read_index("first")
    machine.step(Message("read index", "s3", "s1", 0, context="second"))
    ready = machine.ready()
    assert [(message.to, message.context) for message in ready.early] == [("s2", 1), ("s3", 1), ("s2", 2), ("s3", 2)]
    machine.advance(ready)
    machine.step(Message("heartbeat answer", "s3", "s1", 1, context=2))
    ready = machine.ready()
    assert ready.reads == (("first", 1),)
    answers = [message for message in ready.early if message.kind == "read index answer"]
    assert [(message.to, message.context, message.index) for message in answers] == [("s3", "second", 1)]


def test_a_new_leader_keeps_reads_back_until_it_has_committed() -> None:
    machine = node(pre_vote=False)
    machine.campaign()
    work(machine)
    machine.step(Message("vote answer", "s2", "s1", 1))
    machine.read_index("r")
    assert heartbeats(work(machine)) == []
    machine.step(Message("append answer", "s2", "s1", 1, index=1))
    assert [message.context for message in heartbeats(work(machine))] == [1, 1]


def test_a_leader_without_majority_steps_down() -> None:
    machine = leader()
    for _ in range(10):
        machine.tick()
    assert machine.role == "leader", "s2 had spoken since the last check"
    for _ in range(10):
        machine.tick()
    assert (machine.role, machine.leader, machine.term) == ("follower", "", 1)


def test_a_snapshot_begins_the_log_anew() -> None:
    machine = follower()
    snapshot = Snapshot(7, 2, Members(("s1", "s2", "s4")), "state")
    machine.step(Message("snapshot", "s2", "s1", 2, snapshot=snapshot))
    ready = machine.ready()
    assert ready.snapshot == snapshot
    assert ready.must_sync
    assert [(message.kind, message.index) for message in ready.messages] == [("append answer", 7)]
    assert machine.compact(1) is None, "not before it is installed"
    assert not machine.may_campaign
    machine.advance(ready)
    assert (machine.applied, machine.members) == (7, snapshot.members)
    machine.step(Message("snapshot", "s2", "s1", 2, snapshot=Snapshot(3, 1, THREE)))
    assert machine.ready().snapshot is None, "an older one is not needed"


def test_the_log_stays_short() -> None:
    machine = node(Members(("s1",)))
    machine.campaign()
    work(machine)
    for number in range(100):
        machine.propose(number)
        work(machine)
        if machine.applied - machine.log.offset > 20:
            snapshot = machine.compact(machine.applied - 5, f"state after {number}")
            assert snapshot == Snapshot(machine.applied, 1, machine.members, f"state after {number}")
    assert len(machine.log.entries) <= 20
    with pytest.raises(ValueError, match="cannot drop entries up to 999: only 101 are applied"):
        machine.compact(999)


def test_a_copy_lives_its_own_life() -> None:
    machine = leader()
    twin = copy.deepcopy(machine)
    machine.propose("x")
    for one in (machine, twin):
        for _ in range(3):
            one.tick()
    assert (machine.last_index, twin.last_index) == (2, 1)
    assert machine.chance is not twin.chance
