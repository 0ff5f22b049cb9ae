"""Processes and machines that end, stand still and come back, with one control plane."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.apiserver.request import ApiError
from cp_sim.cluster import Cluster
from cp_sim.objects import meta

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\nspec: {containers: [{name: c, image: 'nginx:1.27'}]}"


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(workers=2, seed=7)


def static_pod(cluster: Cluster, component: str) -> dict[str, Any]:
    [status] = cluster.get(f"pod/{component}-control-plane-1", "kube-system")["status"]["containerStatuses"]
    return dict(status)


def test_what_is_crashed_stays_away_until_it_is_restarted(cluster: Cluster) -> None:
    cluster.crash("scheduler")
    cluster.apply(POD % "one")
    cluster.run("10m")
    assert not meta.node_name(cluster.get("pod/one"))
    status = static_pod(cluster, "kube-scheduler")
    assert (status["ready"], status["state"]["terminated"]["exitCode"]) == (False, 137)
    cluster.restart("kube-scheduler")
    cluster.run("10s")
    assert meta.phase(cluster.get("pod/one")) == "Running"
    status = static_pod(cluster, "kube-scheduler")
    assert (status["ready"], status["restartCount"]) == (True, 1)


def test_what_is_killed_is_started_again_with_a_back_off(cluster: Cluster) -> None:
    cluster.kill("scheduler")
    cluster.run("1s")
    assert static_pod(cluster, "kube-scheduler")["restartCount"] == 1
    cluster.kill("scheduler")
    cluster.run("9s")
    waiting = static_pod(cluster, "kube-scheduler")["state"]["waiting"]
    assert waiting["reason"] == "CrashLoopBackOff"
    assert waiting["message"].startswith("back-off 10s restarting failed container=kube-scheduler")
    cluster.run("2s")
    assert static_pod(cluster, "kube-scheduler")["restartCount"] == 2
    cluster.kill("scheduler")
    cluster.run("19s")
    assert not static_pod(cluster, "kube-scheduler")["ready"]
    cluster.run("2s")
    assert static_pod(cluster, "kube-scheduler")["ready"]


def test_every_component_can_crash_and_come_back(cluster: Cluster) -> None:
    for number, name in enumerate(("etcd", "apiserver", "scheduler", "controller-manager")):
        cluster.crash(name)
        cluster.run("5s")
        cluster.restart(name)
        cluster.run("40s")
        cluster.apply(POD % f"pod-{number}")
        cluster.run("20s")
        assert meta.phase(cluster.get(f"pod/pod-{number}")) == "Running", name


def test_a_store_that_was_crashed_has_lost_nothing(cluster: Cluster) -> None:
    cluster.apply(POD % "one")
    before = cluster.etcd.range_at("/registry/pods/default/")
    revision = cluster.revision
    cluster.crash("etcd")
    assert cluster.revision == revision
    assert cluster.get("pod/one")
    cluster.restart("etcd")
    assert cluster.etcd.range_at("/registry/pods/default/", revision) == before


def test_who_asks_an_api_server_that_is_not_there_is_refused(cluster: Cluster) -> None:
    cluster.crash("kube-apiserver")
    answer = cluster.request("GET", "/api/v1/nodes")
    assert answer.status == 0
    assert "connect: connection refused" in answer.body["message"]
    with pytest.raises(ApiError, match="connection refused"):
        cluster.apply(POD % "one")


def test_a_worker_that_is_off_is_noticed_and_its_pods_start_again(cluster: Cluster) -> None:
    for name in ("one", "two"):
        cluster.apply(POD % name)
    cluster.settle()
    [struck] = [pod for pod in cluster.get("pods") if meta.node_name(pod) == "worker-1"]
    assert cluster.containers("worker-1")
    cluster.crash("worker-1")
    assert cluster.containers("worker-1")  # the word is on its way
    cluster.run("60s")
    assert not cluster.containers("worker-1")
    assert not meta.is_ready(cluster.get("node/worker-1"))
    cluster.restart("worker-1")
    cluster.run("30s")
    again = cluster.get(f"pod/{meta.name(struck)}")
    assert meta.uid(again) == meta.uid(struck)
    assert again["status"]["containerStatuses"][0]["restartCount"] == 1
    assert meta.is_ready(cluster.get("node/worker-1"))
    assert len(cluster.containers("worker-1")) == 1


def test_a_machine_with_everything_on_it_comes_back(cluster: Cluster) -> None:
    cluster.apply(POD % "one")
    cluster.settle()
    there = [one for one in cluster.containers() if one.node.startswith("worker")]
    cluster.crash("control-plane-1")
    cluster.run("5m")
    assert [one for one in cluster.containers() if one.node.startswith("worker")] == there
    cluster.restart("control-plane-1")
    cluster.run("60s")
    assert all(meta.is_ready(node) for node in cluster.get("nodes"))
    assert static_pod(cluster, "etcd")["restartCount"] == 1
    cluster.apply(POD % "two")
    cluster.settle()
    assert meta.phase(cluster.get("pod/two")) == "Running"


def test_a_process_that_stands_still_does_nothing_and_then_all_of_it(cluster: Cluster) -> None:
    cluster.pause("scheduler")
    cluster.apply(POD % "one")
    cluster.run("30s")
    assert not meta.node_name(cluster.get("pod/one"))
    cluster.resume("scheduler")
    cluster.run("10s")
    assert meta.phase(cluster.get("pod/one")) == "Running"


def test_a_worker_that_is_cut_off_goes_on_and_catches_up(cluster: Cluster) -> None:
    for name in ("one", "two"):
        cluster.apply(POD % name)
    cluster.settle()
    mine = cluster.containers("worker-1")
    [struck] = [pod for pod in cluster.get("pods") if meta.node_name(pod) == "worker-1"]
    cluster.partition("worker-1", "control-plane-1")
    cluster.run("60s")
    assert not meta.is_ready(cluster.get("node/worker-1"))
    assert cluster.containers("worker-1") == mine
    cluster.delete(f"pod/{meta.name(struck)}")
    cluster.run("40s")
    assert cluster.containers("worker-1") == mine
    cluster.heal()
    cluster.run("40s")
    assert meta.is_ready(cluster.get("node/worker-1"))
    assert cluster.containers("worker-1") == []


def test_a_clock_that_jumps_shows_in_what_its_machine_writes(cluster: Cluster) -> None:
    cluster.jump_clock("worker-1", "+1h")
    cluster.run("15s")
    leases = {meta.name(lease): lease["spec"]["renewTime"] for lease in cluster.get("leases", "kube-node-lease")}
    assert leases["worker-1"].startswith("2026-01-01T01:00:")
    assert leases["worker-2"].startswith("2026-01-01T00:00:")
    cluster.run("2m")
    assert meta.is_ready(cluster.get("node/worker-1"))


def test_faults_are_in_the_trace_and_in_the_journal(cluster: Cluster) -> None:
    cluster.crash("scheduler")
    cluster.restart("scheduler")
    told = [(record.actor, record.verb) for record in cluster.trace if record.actor == "user"]
    assert told[-2:] == [("user", "crash"), ("user", "restart")]
    assert [asked.method for asked in cluster.journal] == ["crash", "restart"]
    assert cluster.replay().trace.next_id == cluster.trace.next_id


@pytest.mark.parametrize(
    ("method", "args", "sentence"),
    [
        ("crash", ("kube-schedular",), "there are .*kube-scheduler"),
        ("restart", ("control-plane-2",), "there are .*worker-1"),
        ("partition", (["worker-1"], ["worker-9"]), "there is no machine 'worker-9'; there are"),
        ("partition", (["worker-1"], ["worker-1"]), "both sides"),
        ("slow_disk", ("worker-1", 5), "no member of the store; there are etcd"),
        ("slow_disk", ("etcd", -1), "0 or more"),
        ("kill", ("worker-1",), "crash"),
        ("jump_clock", ("worker-1", "soon"), "not a duration"),
    ],
)
def test_wrong_names_get_one_sentence(cluster: Cluster, method: str, args: tuple[Any, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        getattr(cluster, method)(*args)


def test_what_is_down_cannot_crash_again(cluster: Cluster) -> None:
    cluster.crash("scheduler")
    with pytest.raises(ValueError, match="restart it first"):
        cluster.crash("scheduler")
    cluster.crash("control-plane-1")
    with pytest.raises(ValueError, match="switches it on"):
        cluster.crash("control-plane-1")
    with pytest.raises(ValueError, match="its machine is off"):
        cluster.restart("scheduler")
