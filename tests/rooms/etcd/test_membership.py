"""Members come and go: what is refused with which words, and what happens when it is not."""

import pytest

from cp_sim.etcd.cluster_api import (
    MemberAddRequest,
    MemberListRequest,
    MemberPromoteRequest,
    MemberRemoveRequest,
    MemberUpdateRequest,
    MoveLeaderRequest,
)
from cp_sim.etcd.disk import Disk, copy_of
from cp_sim.etcd.proposal import Settings
from cp_sim.etcd.store import Get, Grant, Put
from tests.rooms.etcd.group import Group


@pytest.fixture
def group():
    made = Group(3)
    made.elect()
    made.loop.run(6_000)
    return made


def listed(group, name="etcd-1"):
    infos = group.ask(name, MemberListRequest()).response.members
    return [(info.name, "learner" if info.learner else "voter", info.started) for info in infos]


def join(group, name, learner=True):
    """Start a member that was added."""
    peers = list(group.names)
    group.names = sorted({*group.names, name})
    group.links.hosts[name] = f"host-{name}"
    group.start(name, Disk(1), peers=peers, joins=True, learner=learner)
    group.loop.run(2_000)


def test_the_founders_are_listed(group):
    assert listed(group, "etcd-2") == [(f"etcd-{n}", "voter", True) for n in (1, 2, 3)]
    response = group.ask("etcd-3", MemberListRequest(serializable=True)).response
    assert response.members[0].peer_urls == ("https://etcd-1:2380",)


def test_a_learner_catches_up_answers_only_old_reads_and_is_promoted(group):
    for number in range(20):
        group.ask("etcd-1", Put(f"/k{number}", number))
    follower = group.followers[0].name
    added = group.ask(follower, MemberAddRequest("etcd-4", learner=True))
    assert (added.response.member.name, added.response.member.started) == ("etcd-4", False)
    early = group.ask(follower, MemberPromoteRequest("etcd-4"))
    assert early.error == "etcdserver: can only promote a learner member which is in sync with leader"
    join(group, "etcd-4")
    assert listed(group)[-1] == ("etcd-4", "learner", True)
    assert group["etcd-4"].get_at("/k19").value == 19
    refused = group.ask("etcd-4", Get("/k1"))
    assert refused.error == "etcdserver: rpc not supported for learner"
    assert group.ask("etcd-4", Get("/k1", serializable=True)).kv.value == 1
    assert group.ask(follower, MemberPromoteRequest("etcd-4")).response.members[-1].learner is False
    group.loop.run(1_000)
    assert group.ask("etcd-4", Put("/new", 1)).succeeded
    assert all(one.node.members.voters == ("etcd-1", "etcd-2", "etcd-3", "etcd-4") for one in group.up)
    assert group.loop.trace.about("members/etcd-4")[0].evidence.role == "learner"


def test_a_member_that_joins_late_gets_a_snapshot():
    group = Group(3, settings=Settings(snapshot_count=20, catch_up_entries=5))
    group.elect()
    group.loop.run(6_000)
    for number in range(100):
        group.ask("etcd-1", Put("/a", number))
    assert group.ask("etcd-1", MemberAddRequest("etcd-4")).response.member.name == "etcd-4"
    join(group, "etcd-4", learner=False)
    assert group["etcd-4"].get_at("/a").value == 99
    assert listed(group)[-1] == ("etcd-4", "voter", True)


def test_a_removed_member_ends_and_the_others_go_on(group):
    victim = group.followers[0].name
    assert group.ask(group.leader.name, MemberRemoveRequest(victim)).response.member.name == victim
    group.loop.run(5_000)
    assert group[victim].stopped == "the member has been permanently removed from the cluster"
    assert group.ask(group.leader.name, Put("/a", 1)).succeeded
    assert [name for name, _, _ in listed(group, group.leader.name)] == sorted(one.name for one in group.up)
    again = group.ask(group.leader.name, MemberRemoveRequest(victim))
    assert (again.error, again.code) == ("etcdserver: member not found", "NOT_FOUND")


def test_a_leader_can_be_removed(group):
    old = group.leader.name
    group.ask(old, MemberRemoveRequest(old))
    group.loop.run(5_000)
    assert group[old].stopped
    assert group.elect().name != old
    assert group.ask(group.leader.name, Put("/a", 1)).succeeded


def test_what_would_endanger_the_majority_is_refused(group):
    group.crash(group.followers[0].name)
    leader = group.leader.name
    unhealthy = group.ask(leader, MemberAddRequest("etcd-4"))
    assert (unhealthy.error, unhealthy.code) == ("etcdserver: unhealthy cluster", "UNAVAILABLE")
    needed = group.ask(leader, MemberRemoveRequest(group.followers[0].name))
    assert needed.error == "etcdserver: unhealthy cluster"
    down = next(name for name in group.names if name not in group.loop.actors)
    assert group.ask(leader, MemberRemoveRequest(down)).response.member.name == down


def test_a_voter_that_never_starts_blocks_the_next(group):
    group.ask("etcd-1", MemberAddRequest("etcd-4"))
    refused = group.ask("etcd-1", MemberAddRequest("etcd-5"))
    assert refused.error == "etcdserver: unhealthy cluster"
    for other in group.followers:
        group.ask("etcd-1", MemberRemoveRequest(other.name))
        break
    group.loop.run(1_000)
    needed = group.ask(group.leader.name, MemberRemoveRequest(group.followers[0].name))
    assert needed.error == "etcdserver: re-configuration failed due to not enough started members"


def test_bad_changes_are_refused_with_etcds_words(group):
    for operation, error in (
        (MemberAddRequest("etcd-2"), "etcdserver: member ID already exist"),
        (MemberAddRequest("etcd-9", ("https://etcd-2:2380",)), "etcdserver: Peer URLs already exists"),
        (MemberPromoteRequest("etcd-9"), "etcdserver: member not found"),
        (MemberUpdateRequest("etcd-9", ("https://x:1",)), "etcdserver: member not found"),
        (MemberUpdateRequest("etcd-2", ()), "etcdserver: given member URLs are invalid"),
        (MemberUpdateRequest("etcd-2", ("https://etcd-1:2380",)), "etcdserver: Peer URLs already exists"),
        (MemberPromoteRequest(group.followers[0].name), "etcdserver: can only promote a learner member"),
    ):
        assert group.ask("etcd-1", operation).error == error
    group.ask("etcd-1", MemberAddRequest("etcd-8", learner=True))
    second = group.ask("etcd-1", MemberAddRequest("etcd-9", learner=True))
    assert second.error == "etcdserver: too many learner members in cluster"


def test_addresses_are_updated_for_all(group):
    group.ask(group.followers[0].name, MemberUpdateRequest("etcd-2", ("https://10.0.0.2:2380",)))
    group.loop.settle()
    assert all(one.roster()[1].peer_urls == ("https://10.0.0.2:2380",) for one in group.up)


def test_the_lead_is_handed_over(group):
    old, target = group.leader, group.followers[0].name
    assert group.ask(target, MoveLeaderRequest(old.name)).error == "etcdserver: not leader"
    assert group.ask(old.name, MoveLeaderRequest("nobody")).error == "etcdserver: bad leader transferee"
    asked_ms = group.now_ms
    assert not group.ask(old.name, MoveLeaderRequest(target)).error
    assert group.leader.name == target
    assert group.now_ms - asked_ms < 100
    assert "step down" in [record.verb for record in group.loop.trace.about(f"members/{old.name}")[-2:]]


def test_who_joins_a_group_that_was_restored_gets_its_data_too():
    source = Group(1)
    for number in range(5):
        source.ask("etcd-1", Put(f"/k{number}", number))
    group = Group(1, disks={"etcd-1": Disk(0, backend=copy_of(source["etcd-1"].applier))})
    assert group.ask("etcd-1", Put("/new", 1)).revision == 7
    group.loop.run(6_000)
    group.ask("etcd-1", MemberAddRequest("etcd-2", learner=True))
    join(group, "etcd-2")
    assert [kv.key for kv in group["etcd-2"].range_at("/")] == ["/k0", "/k1", "/k2", "/k3", "/k4", "/new"]
    group.crash("etcd-1")
    group.restart("etcd-1")
    group.loop.run(3_000)
    assert group.ask("etcd-1", Get("/k4")).kv.value == 4


def test_one_member_grows_to_three():
    group = Group(1)
    group.ask("etcd-1", Put("/a", 1))
    lease = group.ask("etcd-1", Grant(3600)).lease
    for name in ("etcd-2", "etcd-3"):
        group.loop.run(6_000)
        assert not group.ask("etcd-1", MemberAddRequest(name, learner=True)).error
        join(group, name)
        assert not group.ask("etcd-1", MemberPromoteRequest(name)).error
    group.loop.run(1_000)
    assert [one.get_at("/a").value for one in group.up] == [1, 1, 1]
    assert all(lease in one.mvcc.lessor.leases for one in group.up)
    group.crash("etcd-1")
    assert group.elect().name != "etcd-1"
    assert group.ask("etcd-2", Put("/a", 2)).succeeded
