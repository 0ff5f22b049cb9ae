from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cp_sim.client import Election, ProcessExited
from cp_sim.client.lease_record import Candidate, LeaseRecord
from cp_sim.controller_manager import ControllerManager
from cp_sim.scheduler import Scheduler

sys.path.insert(0, str(Path(__file__).parent))
from plane import LEASE, Listening, Plane, Worker


def workers(plane: Plane, count: int = 3, servers: int = 1) -> list[Worker]:
    made = []
    for number in range(1, count + 1):
        server = plane.servers[(number - 1) % servers]
        made.append(Worker(f"worker-{number}", server, Election(f"host-{number}", "world")))
        plane.loop.add(made[-1])
    return made


def leading(made: list[Worker]) -> list[str]:
    return [worker.name for worker in made if worker.elector.leading]


# -- the decisions ---------------------------------------------------------------------------------------------------


def test_a_candidate_waits_for_as_long_as_the_lease_says_after_it_has_seen_it_change() -> None:
    me = Candidate("me", 15)
    theirs = LeaseRecord("they", 15, "t0", "t0", 3)
    me.fetched(theirs, 1_000)
    assert not me.may_take(15_999)
    assert me.may_take(16_000)
    me.fetched(theirs, 9_000)
    assert me.may_take(16_000), "what has not changed does not start the wait anew"
    me.fetched(LeaseRecord("they", 15, "t0", "t1", 3), 10_000)
    assert not me.may_take(24_999)


def test_a_renewal_keeps_the_term_and_a_takeover_begins_one() -> None:
    me = Candidate("me", 15)
    me.fetched(LeaseRecord("they", 15, "t0", "t0", 3), 0)
    taken = me.wanted("t9")
    assert taken == LeaseRecord("me", 15, "t9", "t9", 4)
    me.wrote(taken, 100)
    assert me.is_leader
    assert me.wanted("t11") == LeaseRecord("me", 15, "t9", "t11", 4)
    assert me.released("t12") == LeaseRecord("", 1, "t12", "t12", 4)


def test_a_lease_that_nobody_holds_may_be_taken_at_once() -> None:
    me = Candidate("me", 15)
    me.fetched(LeaseRecord("", 1, "t0", "t0", 3), 0)
    assert me.may_take(1)


# -- the election ----------------------------------------------------------------------------------------------------


def test_one_of_three_becomes_the_leader_and_says_so() -> None:
    plane = Plane()
    made = workers(plane)
    plane.loop.run(60_000)
    assert len(leading(made)) == 1
    (leader,) = [worker for worker in made if worker.elector.leading]
    spec = plane.ask("GET", LEASE).body["spec"]
    assert spec["holderIdentity"] == leader.elector.identity
    assert leader.elector.identity.startswith(leader.elector.election.host + "_")
    assert spec["leaseDurationSeconds"] == 15
    assert spec["leaseTransitions"] == 0
    assert spec["renewTime"] > spec["acquireTime"]
    events = plane.ask("GET", "/api/v1/namespaces/kube-system/events").body["items"]
    assert [(one["reason"], one["message"]) for one in events] == [
        ("LeaderElection", f"{leader.elector.identity} became leader")
    ]
    assert {one.elector.holder for one in made} == {leader.elector.identity}
    verbs = [verb for _, _, verb in plane.verbs("acquire lease", "wait for lease", "lose lease", "update")]
    assert sorted(verbs) == ["acquire lease", "wait for lease", "wait for lease"], "renewals leave no records"


def test_the_leader_renews_every_two_seconds_and_the_others_look_every_two_to_four() -> None:
    plane = Plane()
    made = workers(plane, 2)
    plane.loop.run(1)
    renewed: list[str] = []
    for _ in range(200):
        plane.loop.run(100)
        spec = plane.etcd.get_at("/registry/leases/kube-system/worker").value["spec"]  # type: ignore[union-attr]
        if spec["renewTime"] not in renewed:
            renewed.append(spec["renewTime"])
    assert 9 <= len(renewed) <= 11
    assert len(leading(made)) == 1


def test_when_the_leader_dies_another_one_waits_for_its_lease_to_run_out() -> None:
    plane = Plane()
    made = workers(plane)
    plane.loop.run(30_000)
    (leader,) = [worker for worker in made if worker.elector.leading]
    last_renewal = leader.elector.term_ends_ms - 15_000
    plane.crash(leader.name)
    plane.loop.run(25_000)
    (follower,) = [worker for worker in made if worker.elector.leading and worker is not leader]
    assert follower.started_ms[0] - last_renewal >= 15_000
    spec = plane.ask("GET", LEASE).body["spec"]
    assert spec["leaseTransitions"] == 1
    assert spec["holderIdentity"] == follower.elector.identity


@pytest.mark.parametrize("refuses", [True, False])
def test_a_leader_that_cannot_renew_for_ten_seconds_ends(refuses: bool) -> None:
    plane = Plane(2)
    world = Listening("world")
    plane.loop.add(world)
    made = workers(plane, 2, servers=2)
    plane.loop.run(20_000)
    (leader,) = [worker for worker in made if worker.elector.leading]
    cut_ms = plane.now_ms
    plane.crash(leader.api.server, refuses)
    plane.loop.run(13_000)
    ((lost_ms, actor, _),) = plane.verbs("lose lease")
    assert actor == leader.name
    assert 8_000 <= lost_ms - cut_ms <= 12_100
    assert world.heard == [ProcessExited(leader.name, "leaderelection lost")]
    assert leader.name not in plane.loop.actors
    plane.loop.run(12_000)
    assert [worker.name for worker in made if worker.elector.leading] == [
        worker.name for worker in made if worker is not leader
    ]


def test_a_process_that_starts_anew_has_a_new_identity_and_takes_no_old_answers() -> None:
    plane = Plane()
    (first,) = workers(plane, 1)
    plane.loop.run(5_000)
    plane.loop.remove(first.name)
    again = Worker(first.name, plane.servers[0], first.elector.election)
    plane.loop.add(again)
    plane.loop.run(10_000)
    assert again.elector.identity != first.elector.identity
    assert not again.elector.leading, "the lease is its predecessor's, not its own"
    plane.loop.run(15_000)
    assert again.elector.leading


def test_a_leader_that_stood_still_finds_the_lease_taken_and_ends() -> None:
    plane = Plane()
    made = workers(plane, 2)
    plane.loop.run(10_000)
    (leader,) = [worker for worker in made if worker.elector.leading]
    plane.loop.pause(leader.name)
    plane.loop.run(25_000)
    (other,) = [worker for worker in made if worker is not leader]
    assert other.elector.leading
    term = leader.elector.term_ends_ms
    assert term <= other.started_ms[0], "the term of the first was over when that of the second began"
    plane.loop.resume(leader.name)
    plane.loop.run(12_100)
    assert leader.name not in plane.loop.actors
    assert other.elector.leading
    assert len(plane.verbs("lose lease")) == 1


def test_who_ends_in_order_releases_the_lease() -> None:
    plane = Plane()
    made = workers(plane, 2)
    plane.loop.run(10_000)
    (leader,) = [worker for worker in made if worker.elector.leading]
    leader.elector.give_up("done")
    plane.loop.run(5_000)
    (other,) = [worker for worker in made if worker is not leader]
    assert other.elector.leading, "nobody waits fifteen seconds for a lease that was given up"
    assert leader.name not in plane.loop.actors
    assert plane.ask("GET", LEASE).body["spec"]["leaseTransitions"] == 1


def test_an_election_lets_the_world_settle() -> None:
    plane = Plane()
    workers(plane)
    plane.loop.settle()
    before = plane.now_ms
    plane.loop.settle()
    assert plane.now_ms == before
    plane.crash("server-1")
    plane.loop.settle()
    assert plane.now_ms - before < 60_000


# -- the components --------------------------------------------------------------------------------------------------


def test_only_the_leading_scheduler_places_pods_but_all_fill_their_caches() -> None:
    plane = Plane()
    made = [
        Scheduler(name=f"kube-scheduler-{host}", host=host, server="server-1", election=Election(host))
        for host in ("a", "b")
    ]
    for scheduler in made:
        plane.loop.add(scheduler)
    plane.loop.settle()
    assert all(scheduler.informers.synced for scheduler in made)
    (leader,) = [scheduler for scheduler in made if scheduler.leading]
    (waiting,) = [scheduler for scheduler in made if not scheduler.leading]
    pod = {"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    plane.ask("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    assert plane.ask("POST", "/api/v1/namespaces/default/pods", pod).ok
    plane.loop.settle()
    assert {actor for _, actor, _ in plane.verbs("schedule")} == {leader.name}
    assert waiting.queue.ready, "the pod waits there, too"
    lease = plane.ask("GET", LEASE.replace("worker", "kube-scheduler")).body
    assert lease["spec"]["holderIdentity"].startswith(leader.host)
    plane.crash(leader.name)
    plane.loop.run(25_000)
    assert {actor for _, actor, _ in plane.verbs("schedule")} == {leader.name, waiting.name}


def test_a_manager_begins_when_it_leads_and_ends_with_all_its_controllers() -> None:
    plane = Plane(2)
    world = Listening("world")
    plane.loop.add(world)
    made = [
        ControllerManager(f"kube-controller-manager-{host}", server=server, host=host, election=Election(host, "world"))
        for host, server in zip(("a", "b"), plane.servers)
    ]
    for manager in made:
        plane.loop.add(manager)
    plane.loop.settle()
    (leader,) = [manager for manager in made if manager.elector is not None and manager.elector.leading]
    (waiting,) = [manager for manager in made if manager is not leader]
    on_the_loop = [name for name in plane.loop.actors if name.startswith("replicaset-controller")]
    assert on_the_loop == [f"replicaset-controller/{leader.host}"]
    assert not any(informer.started for informer in waiting.informers)
    plane.crash(leader.api.server)
    plane.loop.run(40_000)
    assert not any(name in plane.loop.actors for name in leader.process())
    assert f"replicaset-controller/{waiting.host}" in plane.loop.actors
    assert world.heard == [ProcessExited(leader.name, "leaderelection lost")]


def test_a_new_leader_finds_the_pods_whose_nodes_went_before_its_time() -> None:
    plane = Plane()
    plane.ask("POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    pod = {"metadata": {"name": "p"}, "spec": {"nodeName": "gone", "containers": [{"name": "c", "image": "i"}]}}
    assert plane.ask("POST", "/api/v1/namespaces/default/pods", pod).ok
    plane.loop.add(ControllerManager(server="server-1", election=Election("a")))
    plane.loop.run(30_000)
    assert plane.ask("GET", "/api/v1/namespaces/default/pods/p").ok, "a node may be late"
    plane.loop.run(60_000)
    assert plane.ask("GET", "/api/v1/namespaces/default/pods/p").status == 404
