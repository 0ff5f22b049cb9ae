"""Control planes that join, leave and are restarted in turn; a store that goes back to a snapshot."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.cluster import Cluster
from cp_sim.objects import meta

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: %d
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
"""


@pytest.fixture(scope="module")
def made() -> Cluster:
    cluster = Cluster(control_planes=3, seed=7)
    cluster.apply(WEB % 4)
    cluster.settle()
    return cluster


@pytest.fixture
def cluster(made: Cluster) -> Cluster:
    return made.fork()


def uids(cluster: Cluster) -> set[str]:
    return {meta.uid(pod) for pod in cluster.get("pods") if meta.phase(pod) == "Running" and meta.is_ready(pod)}


def on_workers(cluster: Cluster) -> set[str]:
    return {one.pod for one in cluster.containers() if one.node.startswith("worker")}


def voters(cluster: Cluster) -> tuple[str, ...]:
    return tuple(sorted(cluster.members[cluster.etcd_leader].node.members.voters))


def test_a_fourth_and_a_fifth_join_as_learners_and_vote(cluster: Cluster) -> None:
    assert [cluster.add_control_plane(), cluster.add_control_plane()] == ["control-plane-4", "control-plane-5"]
    cluster.run("30s")
    assert voters(cluster) == tuple(f"etcd-control-plane-{number}" for number in range(1, 6))
    assert len({member.mvcc.hash_kv()[0] for member in cluster.members.values()}) == 1
    assert all(meta.is_ready(node) for node in cluster.get("nodes"))
    assert all(cluster.is_healthy(host) for host in cluster.layout.hosts)
    for gone in ("control-plane-1", "control-plane-2"):  # five bear the loss of two
        cluster.crash(gone)
    cluster.run("60s")
    cluster.apply(WEB % 6)
    cluster.run("30s")
    assert len(uids(cluster)) == 6


def test_one_that_is_removed_leaves_nothing_behind(cluster: Cluster) -> None:
    gone = cluster.processes.all[cluster.leader_of("scheduler")].host
    cluster.remove_control_plane(gone)
    cluster.run("2m")  # the pod garbage collector waits for 40 s before it takes the mirrors of a node that is gone
    assert gone not in [meta.name(node) for node in cluster.get("nodes")]
    assert voters(cluster) == tuple(f"etcd-{host}" for host in cluster.layout.hosts)
    assert not [name for name in cluster.loop.actors if name.endswith(gone)]
    assert cluster.leader_of("scheduler") in [f"kube-scheduler-{host}" for host in cluster.layout.hosts]
    assert not [pod for pod in cluster.get("pods", "kube-system") if meta.node_name(pod) == gone]
    cluster.apply(WEB % 5)
    cluster.run("10s")
    assert len(uids(cluster)) == 5


def test_who_cannot_be_removed_or_added_is_told() -> None:
    single = Cluster(workers=1)
    with pytest.raises(ValueError, match="begun with one control plane"):
        single.add_control_plane()
    with pytest.raises(ValueError, match="the last control plane"):
        single.remove_control_plane("control-plane-1")
    with pytest.raises(ValueError, match="there are control-plane-1"):
        single.remove_control_plane("worker-1")


def test_control_planes_are_restarted_in_turn_and_nobody_misses_them(cluster: Cluster) -> None:
    before = uids(cluster)
    away = cluster.rolling_restart(down="10s")
    assert list(away) == list(cluster.layout.hosts)
    assert uids(cluster) == before
    assert all(cluster.is_healthy(host) for host in cluster.layout.hosts)
    assert not any(node["spec"].get("unschedulable") for node in cluster.get("nodes"))


def test_a_scheduler_that_ends_in_order_hands_its_lease_over_at_once(cluster: Cluster) -> None:
    host = cluster.processes.all[cluster.leader_of("scheduler")].host
    cluster.shut_down(host)
    cluster.run("5s")  # and not only when 15 s have passed
    assert cluster.leader_of("scheduler") not in ("", f"kube-scheduler-{host}")


@pytest.mark.parametrize("bump_revision", [True, False])
def test_after_a_restore_everything_is_as_the_snapshot_wants_it(cluster: Cluster, bump_revision: bool) -> None:
    before = uids(cluster)
    snapshot = cluster.etcd.snapshot_save()
    cluster.scale("deployment/web", 1)
    cluster.run("30s")
    assert len(on_workers(cluster)) == 1
    cluster.restore(snapshot, bump_revision)
    assert 0 <= cluster.revision - snapshot.revision - (1_000_000_000 if bump_revision else 0) < 50
    cluster.run("2m")
    assert len(uids(cluster)) == 4
    there = {meta.key(pod) for pod in cluster.get("pods")}
    assert on_workers(cluster) == there
    assert len({member.mvcc.hash_kv()[0] for member in cluster.members.values()}) == 1
    # The pod that ran on is the same one.
    assert uids(cluster) & before


def test_without_a_raised_revision_caches_hold_what_is_no_more(cluster: Cluster) -> None:
    """A controller acts on a past that has not happened: it deletes pods that the Deployment wants."""
    snapshot = cluster.etcd.snapshot_save()
    cluster.scale("deployment/web", 2)
    cluster.run("30s")
    deleted: dict[bool, int] = {}
    for bump_revision in (True, False):
        fork = cluster.fork()
        first = fork.trace.next_id
        fork.restore(snapshot, bump_revision)
        fork.run("5s")
        believed = [
            record
            for record in fork.trace.since(first)
            if record.actor.startswith("kubelet/") and record.verb == "start" and "pods/default" in record.subject
        ]
        deleted[bump_revision] = len(believed)
    assert deleted[True] > 0, "kubelets that list anew start what the snapshot has brought back"
    assert deleted[False] == 0, "kubelets whose watch waits for a later revision do not know of it"


def test_a_cluster_can_begin_with_a_snapshot(cluster: Cluster) -> None:
    snapshot = cluster.etcd.snapshot_save()
    for made in ({"control_planes": 3}, {"control_planes": 1}):
        again = Cluster(restore=snapshot, **made)  # type: ignore[arg-type]
        assert again.clock.now_ms >= snapshot.time_ms
        again.run("60s")
        assert len(uids(again)) == 4
        assert on_workers(again) == {meta.key(pod) for pod in again.get("pods")}
        again.scale("deployment/web", 6)
        again.run("10s")
        assert len(uids(again)) == 6


def objects(cluster: Cluster) -> list[Any]:
    return [kv.value for kv in cluster.etcd.range_at("/registry/deployments/")]


def test_a_cluster_from_a_snapshot_holds_the_same_objects(cluster: Cluster) -> None:
    snapshot = cluster.etcd.snapshot_save()
    again = Cluster(components=("etcd", "apiserver"), restore=snapshot)
    assert objects(again) == objects(cluster)
