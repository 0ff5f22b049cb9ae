"""Several control planes: what they are made of, and what they live through."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.apiserver.request import ApiError
from cp_sim.cluster import Cluster
from cp_sim.objects import meta

WEB = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "nginx:1.27"}]}
"""


def names(objects: list[dict[str, Any]]) -> list[str]:
    return [meta.name(obj) for obj in objects]


def running(cluster: Cluster) -> list[dict[str, Any]]:
    return [pod for pod in cluster.get("pods") if meta.phase(pod) == "Running" and meta.is_ready(pod)]


def static_pod(cluster: Cluster, name: str) -> dict[str, Any]:
    [status] = cluster.get(f"pod/{name}", "kube-system")["status"]["containerStatuses"]
    return dict(status)


@pytest.fixture(scope="module")
def three() -> Cluster:
    cluster = Cluster(control_planes=3, seed=7)
    cluster.apply(WEB)
    cluster.settle()
    return cluster


def test_three_control_planes_run_a_deployment(three: Cluster) -> None:
    cluster = three
    assert names(cluster.get("nodes"))[:3] == ["control-plane-1", "control-plane-2", "control-plane-3"]
    assert len(running(cluster)) == 3
    static = names(cluster.get("pods", "kube-system"))
    for component in ("etcd", "kube-apiserver", "kube-scheduler", "kube-controller-manager"):
        assert [f"{component}-control-plane-{number}" for number in (1, 2, 3)] == [
            name for name in static if name.startswith(component)
        ]
    assert cluster.etcd_leader in cluster.members
    assert cluster.leader_of("scheduler").startswith("kube-scheduler-control-plane-")
    assert set(cluster.apiservers) == {f"kube-apiserver-control-plane-{number}" for number in (1, 2, 3)}


def test_each_of_several_kinds_has_one_leader_by_its_lease(three: Cluster) -> None:
    holders = {
        meta.name(lease): lease["spec"]["holderIdentity"].partition("_")[0]
        for lease in three.get("leases", "kube-system")
    }
    for component in ("kube-scheduler", "kube-controller-manager", "cloud-controller-manager"):
        assert three.leader_of(component) == f"{component}-{holders[component]}"


def test_all_members_hold_the_same_data(three: Cluster) -> None:
    cluster = three.fork()
    cluster.run("5s")
    hashes = {member.mvcc.hash_kv()[0] for member in cluster.members.values()}
    assert len(cluster.members) == 3
    assert len(hashes) == 1


@pytest.mark.parametrize(
    "made",
    [
        {"control_planes": 2},
        {"control_planes": 5},
        {"etcd_members": 5},
        {"control_planes": 2, "etcd": "external", "etcd_members": 3},
        {"leader_election": True},
    ],
    ids=str,
)
def test_every_shape_runs_a_deployment(made: dict[str, Any]) -> None:
    cluster = Cluster(seed=1, **made)
    cluster.apply(WEB)
    cluster.settle()
    assert len(running(cluster)) == 3
    assert cluster.etcd_leader in cluster.members


def test_external_members_have_no_mirror_and_can_be_lost(three: Cluster) -> None:
    cluster = Cluster(seed=1, etcd_members=3)
    assert "etcd-control-plane-1" not in names(cluster.get("pods", "kube-system"))
    cluster.crash(cluster.apiserver.store)
    cluster.run("5s")
    cluster.apply(WEB)
    cluster.settle()
    assert len(running(cluster)) == 3


def test_without_quorum_nothing_is_written_and_what_runs_goes_on(three: Cluster) -> None:
    cluster = three.fork()
    before = cluster.containers()
    cluster.crash("control-plane-2")
    cluster.crash("control-plane-3")
    with pytest.raises(ApiError):
        cluster.scale("deployment/web", 5)
    cluster.run("10m")
    workers = [one for one in before if one.node.startswith("worker")]
    assert len(workers) == 3
    assert [one for one in cluster.containers() if one.node.startswith("worker")] == workers
    assert cluster.etcd_leader == ""
    cluster.restart("control-plane-2")
    cluster.run("90s")
    cluster.scale("deployment/web", 5)
    cluster.run("30s")
    assert len(running(cluster)) == 5


def test_a_control_plane_that_is_gone_is_replaced_by_the_others(three: Cluster) -> None:
    cluster = three.fork()
    gone = cluster.processes.all[cluster.leader_of("scheduler")].host
    cluster.crash(gone)
    cluster.run("90s")
    assert not meta.is_ready(cluster.get(f"node/{gone}"))
    assert cluster.etcd_leader not in ("", f"etcd-{gone}")
    assert cluster.leader_of("scheduler") not in ("", f"kube-scheduler-{gone}")
    cluster.scale("deployment/web", 6)
    cluster.run("30s")
    assert len(running(cluster)) == 6
    cluster.restart(gone)
    cluster.run("60s")
    assert meta.is_ready(cluster.get(f"node/{gone}"))
    assert static_pod(cluster, f"kube-apiserver-{gone}")["restartCount"] == 1
    assert len({member.mvcc.hash_kv()[0] for member in cluster.members.values()}) == 1


def test_who_waits_for_the_lease_can_stand_still_too(three: Cluster) -> None:
    cluster = three.fork()
    for process in cluster.processes.of("kube-controller-manager"):
        cluster.pause(process.name)
    cluster.run("30s")
    for process in cluster.processes.of("kube-controller-manager"):
        cluster.resume(process.name)
    cluster.run("30s")
    assert cluster.leader_of("controller-manager")
    cluster.scale("deployment/web", 5)
    cluster.run("10s")
    assert len(running(cluster)) == 5


def test_a_partitioned_leader_steps_down_and_the_rest_elects_another(three: Cluster) -> None:
    cluster = three.fork()
    leader = cluster.etcd_leader
    alone = cluster.processes.all[leader].host
    rest = [host for host in cluster.layout.hosts if host != alone]
    cluster.partition([alone], rest)
    cluster.run("20s")
    assert cluster.members[leader].node.role != "leader"
    assert cluster.etcd_leader not in ("", leader)
    cluster.heal()
    cluster.run("10s")
    assert {member.node.leader for member in cluster.members.values()} == {cluster.etcd_leader}


def test_the_same_story_in_a_fork_and_when_replayed(three: Cluster) -> None:
    one, two = three.fork(), three.fork()
    for cluster in (one, two):
        cluster.crash(cluster.etcd_leader)
        cluster.run("30s")
        cluster.restart("control-plane-1")
        cluster.run("30s")
    assert one.trace.next_id == two.trace.next_id
    assert one.etcd.range_at("/registry/") == two.etcd.range_at("/registry/")
    again = one.replay()
    assert (again.revision, again.clock.now_ms, again.trace.next_id) == (
        one.revision,
        one.clock.now_ms,
        one.trace.next_id,
    )
