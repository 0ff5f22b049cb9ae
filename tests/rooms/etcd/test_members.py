"""Several members: what is answered when some of them, or the links between them, fail."""

import copy

import pytest

from cp_sim.etcd.disk import Disk
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.lease_api import LeaseKeepAliveRequest, LeaseTimeToLiveRequest
from cp_sim.etcd.maintenance import DEACTIVATE, NOSPACE, AlarmRequest
from cp_sim.etcd.proposal import RaftNote, Settings
from cp_sim.etcd.store import Compact, Delete, Get, Grant, List, Put, WatchProgress
from cp_sim.sim import Chance, Clock, Loop, Trace
from tests.rooms.etcd.group import Asker, Group


@pytest.fixture
def group():
    made = Group(3)
    made.elect()
    made.loop.run(50)
    return made


def verbs(group, name):
    return [(record.verb, record.evidence.term) for record in group.loop.trace.about(f"members/{name}")]


def test_a_write_is_answered_when_a_majority_has_it_and_applied_by_all(group):
    asked_ms = group.now_ms
    answer = group.ask(group.followers[0].name, Put("/a", {"n": 1}))
    assert (answer.succeeded, answer.revision) == (True, 2)
    assert 4 <= group.now_ms - asked_ms <= 12  # to the leader, its disk and another's, and back
    group.loop.settle()
    assert [one.get_at("/a").value for one in group.up] == [{"n": 1}] * 3
    assert group.up[0].get_at("/a").value is group.up[2].get_at("/a").value


def test_the_members_tell_of_their_roles(group):
    leader = group.leader
    assert verbs(group, leader.name) == [("campaign", 0), ("campaign", 1), ("become leader", 1)]
    for follower in group.followers:
        assert ("follow", 1) in verbs(group, follower.name)
    record = group.loop.trace.about(f"members/{leader.name}")[-1]
    assert record.actor == leader.name
    assert record.evidence == RaftNote(leader.name, "leader", 1, leader.name, 0)


def test_a_member_that_is_alone_has_no_clock_and_tells_nothing():
    loop, asker = Loop(Clock(), Chance(1), Trace()), Asker()
    loop.add(asker)
    loop.add(Etcd())
    loop.run(600_000)
    assert (loop.timers(), list(loop.trace), loop.units) == ([], [], 0)


def test_deciding_alone_in_one_step_is_the_same_as_in_many():
    short, long = Group(1), Group(1, member=Slow)
    for group in (short, long):
        for step in range(40):
            group.ask("etcd-1", Put(f"/k/{step % 7}", {"n": step}))
            group.ask("etcd-1", Delete(f"/k/{step % 5}"))
    one, other = short["etcd-1"], long["etcd-1"]
    assert one.node.describe() == other.node.describe()
    assert one.disk.entries == other.disk.entries
    assert one.disk.hard_state == other.disk.hard_state
    assert one.mvcc._versions == other.mvcc._versions
    assert one.node.progress == other.node.progress


class Slow(Etcd):
    def _submit(self, proposal):
        self.node.propose(proposal)
        self._drive()


def test_half_a_minute_of_silence_costs_little(group):
    before = group.loop.units
    group.loop.run(30_000)
    # A tick of the leader, two heartbeats and their answers each 100 ms; followers wake about once a second.
    assert group.loop.units - before < 300 * 5 + 150


def test_the_leader_dies_and_the_others_go_on(group):
    old = group.leader.name
    group.ask(old, Put("/a", 1))
    group.crash(old)
    died_ms = group.now_ms
    new = group.elect()
    assert new.name != old
    assert 900 < group.now_ms - died_ms < 4_000
    assert group.ask(new.name, Put("/a", 2)).revision == 3
    group.restart(old)
    group.loop.run(2_000)
    assert group[old].get_at("/a").value == 2
    assert verbs(group, old)[-3:] == [("crash", 1), ("restart", 1), ("follow", new.node.term)]


def test_a_write_asked_while_nobody_leads_waits_for_a_leader(group):
    group.crash(group.leader.name)
    group.loop.run_until(lambda: not any(one.node.leader for one in group.up), 5_000)
    assert group.ask(group.up[0].name, Put("/a", 1)).succeeded


def test_without_a_quorum_requests_end_with_etcds_words_after_seven_seconds(group):
    survivor = group.followers[0]
    for one in group.up:
        if one is not survivor:
            group.crash(one.name)
    asked_ms = group.now_ms
    put, get = group.send(survivor.name, Put("/a", 1)), group.send(survivor.name, Get("/a"))
    group.loop.settle()
    for token in (put, get):
        answered_ms, answer = group.asker.answers[token]
        assert (answer.error, answer.code) == ("etcdserver: request timed out", "UNAVAILABLE")
        assert answered_ms - asked_ms == 7_002  # a millisecond each way
    assert not group.ask(survivor.name, Get("/a", serializable=True)).error
    refused = group.ask(survivor.name, Get("/a"), require_leader=True)
    assert (refused.error, refused.code) == ("etcdserver: no leader", "UNAVAILABLE")


def test_a_leader_that_is_cut_off_steps_down_and_serves_only_the_past(group):
    old = group.leader
    group.ask(old.name, Put("/a", "old"))
    group.loop.settle()
    group.cut_off(old.name)
    late = group.send(old.name, Get("/a"))
    group.loop.run_until(lambda: group.leader is not old, 5_000)
    group.elect_others = group.loop.run_until(lambda: group.leader is not None and group.leader is not old, 5_000)
    new = group.leader
    assert group.ask(new.name, Put("/a", "new")).succeeded
    assert group.ask(old.name, Get("/a", serializable=True)).kv.value == "old"
    assert group.ask(new.name, Get("/a")).kv.value == "new"
    group.loop.run(8_000)
    assert group.asker.answers[late][1].error == "etcdserver: request timed out"
    assert verbs(group, old.name)[-2][0] == "step down" or verbs(group, old.name)[-1][0] == "campaign"
    group.heal()
    assert group.ask(old.name, Get("/a")).kv.value == "new"


def test_reads_of_one_instant_share_one_index(group):
    follower = group.followers[0]
    for number in range(50):
        group.send(follower.name, Get(f"/k{number}"))
    group.loop.run(1)
    asked = [timer.message for timer in group.loop.travelling() if getattr(timer.message, "kind", "") == "read index"]
    assert len(asked) == 1
    group.loop.settle()
    assert len(group.asker.answers) == 50


def test_proposals_of_one_instant_travel_in_one_append(group):
    leader = group.leader
    for number in range(50):
        group.send(leader.name, Put(f"/k{number}", number))
    group.loop.run(1)
    appends = [timer.message for timer in group.loop.travelling() if getattr(timer.message, "kind", "") == "append"]
    assert [len(message.entries) for message in appends] == [50, 50]


def test_a_read_under_a_leader_that_changes_is_told_so(group):
    old = group.leader
    follower = group.followers[0]
    group.crash(old.name)
    token = group.send(follower.name, Get("/a"))
    group.elect()
    group.loop.run(100)
    assert group.asker.answers[token][1].error == "etcdserver: leader changed"


def test_a_proposal_lost_with_its_leader_is_told_so_in_the_end(group):
    old, follower = group.leader, group.followers[0]
    group.loop.run(10_000)
    token = group.send(follower.name, Put("/a", 1))
    group.loop.run(1)
    group.crash(old.name)
    group.loop.run(9_000)
    error = group.asker.answers[token][1].error
    assert error == "etcdserver: request timed out, possibly due to previous leader failure"


# -- watches ----------------------------------------------------------------------------------------------------------


def test_every_member_serves_watches_and_another_takes_them_up(group):
    first, second = group.followers
    group.watch(first.name)
    for number in range(5):
        group.ask(group.leader.name, Put("/a", number))
    group.loop.settle()
    assert group.changes() == [("/a", revision) for revision in range(2, 7)]
    group.crash(first.name)
    for number in range(5):
        group.ask(group.leader.name, Put("/a", number))
    group.watch(second.name, revision=group.changes()[-1][1] + 1)
    group.loop.settle()
    assert group.changes() == [("/a", revision) for revision in range(2, 12)]


def test_a_watch_that_asks_for_a_leader_ends_after_three_elections_without(group):
    lonely = group.followers[0]
    group.watch(lonely.name, token=1000)
    group.watch(lonely.name, token=1001, require_leader=False)
    group.loop.run(10)
    group.cut_off(lonely.name)
    group.loop.run_until(lambda: not lonely.node.leader, 5_000)
    lost_ms = group.now_ms
    group.loop.run(10_000)
    ended = [(time_ms - lost_ms, told.token, told.error) for time_ms, told in group.asker.told]
    assert ended == [(3_001, 1000, "etcdserver: no leader")]
    group.watch(lonely.name, token=1002)
    group.loop.run(1)
    assert group.asker.told[-1][1].error == "etcdserver: no leader"
    group.ask(group.leader.name, Put("/a", 1))
    group.heal()
    assert group.changes(1001) == [("/a", 2)]


def test_progress_says_up_to_where_all_was_told(group):
    member = group.followers[0]
    group.watch(member.name, "/b/")
    group.ask(group.leader.name, Put("/a", 1))
    group.loop.settle()
    group.loop.send(member.name, WatchProgress("asker", 1000))
    group.loop.settle()
    told = group.asker.told[-1][1]
    assert (told.token, told.revision, told.changes) == (1000, 2, ())


# -- leases -----------------------------------------------------------------------------------------------------------


def test_a_lease_ends_by_the_leaders_clock_on_all_members(group):
    lease = group.ask(group.followers[0].name, Grant(5)).lease
    group.ask(group.followers[1].name, Put("/a", 1, lease=lease))
    group.loop.run(4_000)
    assert all(one.get_at("/a") for one in group.up)
    group.loop.run(1_500)
    assert not any(one.get_at("/a") for one in group.up)
    assert not any(one.mvcc.lessor.leases for one in group.up)


def test_a_lease_is_kept_alive_through_any_member(group):
    follower = group.followers[0].name
    lease = group.ask(follower, Grant(5)).lease
    for _ in range(5):
        group.loop.run(3_000)
        assert group.ask(follower, LeaseKeepAliveRequest(lease)).response.ttl == 5
    assert group.ask(follower, LeaseTimeToLiveRequest(lease)).response.ttl in (4, 5)
    group.loop.run(6_000)
    assert group.ask(follower, LeaseTimeToLiveRequest(lease)).response.ttl == -1
    assert group.ask(follower, LeaseKeepAliveRequest(lease)).response.ttl == 0


def test_a_new_leader_gives_every_lease_its_whole_time_again(group):
    lease = group.ask(group.leader.name, Grant(10)).lease
    group.loop.run(8_000)
    group.crash(group.leader.name)
    new = group.elect()
    elected_ms = group.now_ms
    assert group.ask(new.name, LeaseTimeToLiveRequest(lease)).response.ttl == 10
    group.loop.run_until(lambda: not new.mvcc.lessor.leases, 30_000)
    assert 10_000 < group.now_ms - elected_ms < 11_500


# -- room -------------------------------------------------------------------------------------------------------------


def test_a_full_backend_stops_the_writes_of_all_until_it_is_disarmed(group):
    follower = group.followers[0]
    for one in group.up:
        one.applier.quota_bytes = one.mvcc.size_bytes + 4_000
    while not (answer := group.ask(follower.name, Put("/big", "x" * 400))).error:
        pass
    assert answer.error == "etcdserver: mvcc: database space exceeded"
    group.loop.settle()
    assert all(one.applier.is_alarmed(NOSPACE) for one in group.up)
    assert group.ask(group.leader.name, Put("/a", 1)).error == answer.error
    group.ask(group.leader.name, Compact(group.leader.current_revision))
    group.loop.settle()
    for alarm in list(group.leader.applier.alarms):
        group.ask(group.leader.name, AlarmRequest(DEACTIVATE, alarm.member, alarm.alarm))
    for one in group.up:
        one.applier.quota_bytes = 1_000_000
    assert group.ask(group.leader.name, Put("/a", 1)).succeeded
    assert len({one.compact_revision for one in group.up}) == 1


# -- disks and logs -----------------------------------------------------------


def test_a_crash_loses_what_the_disk_had_not_confirmed(group):
    follower = group.followers[0]
    follower.disk.fsync_ms = 300
    group.send(group.leader.name, Put("/a", 1))
    group.loop.run(100)
    assert group.leader.get_at("/a").value == 1
    assert follower.disk.writes == 1
    written = follower.node.last_index
    group.crash(follower.name)
    assert group.disks[follower.name].entries[-1].index == written - 1
    group.disks[follower.name].fsync_ms = 1
    group.restart(follower.name)
    group.loop.run(1_000)
    assert group[follower.name].get_at("/a").value == 1


def test_nothing_is_acknowledged_before_the_disk_has_confirmed(group):
    for one in group.up:
        one.disk.fsync_ms = 200
    asked_ms = group.now_ms
    group.ask(group.leader.name, Put("/a", 1))
    assert 200 <= group.now_ms - asked_ms < 220  # all disks write at the same time


def test_a_full_disk_ends_the_member_and_the_others_go_on(group):
    victim = group.followers[0]
    victim.disk.full = True
    assert group.ask(group.leader.name, Put("/a", 1)).succeeded
    group.loop.settle()
    assert victim.stopped == "failed to save Raft hard state and entries: no space left on device"
    assert group.ask(victim.name, Get("/a")).error == "etcdserver: server stopped"
    group.crash(victim.name)
    group.disks[victim.name].full = False
    group.restart(victim.name)
    group.loop.run(1_000)
    assert group[victim.name].get_at("/a").value == 1


def test_the_log_stays_short_and_a_laggard_gets_a_snapshot():
    group = Group(3, settings=Settings(snapshot_count=50, catch_up_entries=20))
    leader = group.elect()
    laggard = group.followers[0]
    group.watch(laggard.name)
    group.ask(leader.name, Put("/a", "first"))
    lease = group.ask(leader.name, Grant(60)).lease
    group.loop.settle()
    group.cut_off(laggard.name)
    for number in range(200):
        group.ask(leader.name, Put(f"/k{number % 10}", number, lease=lease))
    for one in (leader, group.leader):
        assert len(one.node.log.entries) <= 71
        assert len(one.disk.entries) <= 71
    group.heal()
    assert laggard.node.log.snapshot is not None
    assert [kv.value for kv in laggard.range_at("/")] == [kv.value for kv in leader.range_at("/")]
    assert laggard.current_revision == group.leader.current_revision
    assert group.changes() == [("/a", 2), *((f"/k{number % 10}", number + 3) for number in range(200))]
    assert laggard.mvcc.lessor.leases[lease].keys.keys() == leader.mvcc.lessor.leases[lease].keys.keys()
    group.crash(laggard.name)
    group.restart(laggard.name)
    group.loop.run(1_000)
    assert group[laggard.name].current_revision == group.leader.current_revision


def test_a_watch_that_a_snapshot_overtakes_is_told_that_its_past_is_gone():
    group = Group(3, settings=Settings(snapshot_count=50, catch_up_entries=20))
    leader = group.elect()
    laggard = group.followers[0]
    group.watch(laggard.name)
    group.ask(leader.name, Put("/a", "first"))
    group.loop.settle()
    group.cut_off(laggard.name)
    for number in range(200):
        group.ask(leader.name, Put("/a", number))
    group.ask(leader.name, Compact(150))
    group.heal()
    assert group.changes() == [("/a", 2)]
    last = group.asker.told[-1][1]
    assert (last.error, last.compact_revision) == ("etcdserver: mvcc: required revision has been compacted", 150)


def test_a_member_that_is_alone_starts_again_with_all_it_had():
    group = Group(1)
    for number in range(20):
        group.ask("etcd-1", Put("/a", number))
    group.crash("etcd-1")
    assert verbs(group, "etcd-1") == [("crash", 1)]
    group.restart("etcd-1")
    assert group.ask("etcd-1", Get("/a")).kv.version == 20
    assert group.ask("etcd-1", Put("/a", 20)).revision == 22
    assert len(group.ask("etcd-1", List("/")).kvs) == 1


def test_a_fork_goes_its_own_way(group):
    group.ask(group.leader.name, Put("/a", 1))
    group.loop.settle()
    twin = copy.deepcopy(group)
    twin.ask(twin.leader.name, Put("/a", 2))
    twin.crash(twin.leader.name)
    twin.elect()
    assert [one.get_at("/a").value for one in group.up] == [1, 1, 1]
    assert group.ask(group.leader.name, Put("/b", 1)).succeeded


def test_a_fork_with_a_snapshot_on_its_way_shares_nothing_that_changes():
    group = Group(3, settings=Settings(snapshot_count=20, catch_up_entries=5))
    leader = group.elect()
    laggard = group.followers[0].name
    group.cut_off(laggard)
    for number in range(60):
        group.ask(leader.name, Put("/a", number))
    group.links.heal()
    assert group.loop.run_until(
        lambda: any(getattr(timer.message, "kind", "") == "snapshot" for timer in group.loop.travelling()), 5_000
    )
    twin = copy.deepcopy(group)
    twin.loop.run(1_000)
    twin.ask(laggard, Put("/a", "twin"))
    group.loop.run(1_000)
    assert group[laggard].get_at("/a").value == 59


def test_the_same_seed_tells_the_same_story():
    def story(seed):
        group = Group(3, seed)
        leader = group.elect().name
        group.ask(leader, Put("/a", 1))
        group.crash(leader)
        group.elect()
        return [(record.time_ms, record.actor, record.verb) for record in group.loop.trace]

    assert story(5) == story(5)
    assert story(5) != story(6)


def test_a_disk_says_what_it_holds():
    disk = Disk()
    assert (disk.fsync_ms, disk.applied, disk.boots, disk.writes) == (None, 0, 0, 0)
