"""Whatever breaks, once it is mended all is well again, and nothing that was acknowledged is lost."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cp_sim import availability, faults
from cp_sim.cluster import Cluster
from cp_sim.etcd.applier import Applier
from cp_sim.etcd.store import Put
from cp_sim.objects import meta

sys.path.insert(0, str(Path(__file__).parent))
from story import DEPLOYMENT

REPLICAS = 4


def made(control_planes: int) -> Cluster:
    cluster = Cluster(control_planes=control_planes, workers=2, seed=7)
    cluster.apply(DEPLOYMENT)
    cluster.settle()
    return cluster


@pytest.fixture(scope="module")
def three() -> Cluster:
    return made(3)


@pytest.fixture(scope="module")
def five() -> Cluster:
    return made(5)


def ailments(cluster: Cluster) -> list[str]:
    """What is not as it should be."""
    found = []
    pods = cluster.get("pods")
    ready = [pod for pod in pods if meta.phase(pod) == "Running" and meta.is_ready(pod)]
    if (len(pods), len(ready)) != (REPLICAS, REPLICAS):
        found.append(f"{len(ready)} of {len(pods)} pods are ready, not {REPLICAS}")
    running = {one.pod for one in cluster.containers() if one.pod.startswith("default/")}
    if running != {meta.key(pod) for pod in pods}:
        found.append(f"the kubelets run {sorted(running)}")
    revision = min(member.current_revision for member in cluster.members.values())
    if cluster.revision - revision > 5:
        found.append(f"a member has seen revision {revision} of {cluster.revision}")
    if len({member.mvcc.hash_kv(revision)[0] for member in cluster.members.values()}) != 1:
        found.append("the members hold different data")
    leaders = [name for name, member in cluster.members.items() if member.node.role == "leader"]
    if len(leaders) != 1:
        found.append(f"{leaders} lead the store")
    for component in ("kube-scheduler", "kube-controller-manager", "cloud-controller-manager"):
        electors = [cluster.loop.actors[process.name].elector for process in cluster.processes.of(component)]  # type: ignore[attr-defined]
        if sum(elector.leading for elector in electors) != 1:
            found.append(f"not one {component} leads")
    found += [f"{host} is not healthy" for host in cluster.layout.hosts if not cluster.is_healthy(host)]
    return found + [f"{meta.name(node)} is not Ready" for node in cluster.get("nodes") if not meta.is_ready(node)]


def live_through(cluster: Cluster, seed: int) -> list[str]:
    """What is wrong after the script of `seed`, and a minute and a half in which it may be set right."""
    script = faults.random_script(seed, faults=3, span="25s")
    report = availability.measure(cluster, script, until=script.end_ms + 5_000)
    cluster.run("30s")
    found = ailments(cluster)
    if report.lost_writes:
        found.append(f"acknowledged writes {report.lost_writes} are lost")
    assert report.figures["acknowledged_writes"] > 20, f"seed {seed} has measured nothing"
    return found


@pytest.mark.parametrize("seed", range(4))
def test_three_control_planes_live_through_any_script(three: Cluster, seed: int) -> None:
    found = live_through(three.fork(), seed)
    assert not found, f"seed {seed}: {found}\n{faults.random_script(seed, faults=3, span='25s')}"


@pytest.mark.parametrize("seed", range(10, 12))
def test_five_control_planes_live_through_any_script(five: Cluster, seed: int) -> None:
    found = live_through(five.fork(), seed)
    assert not found, f"seed {seed}: {found}\n{faults.random_script(seed, faults=3, span='25s')}"


def test_the_control_what_is_not_mended_is_found(three: Cluster) -> None:
    cluster = three.fork()
    cluster.crash(cluster.etcd_leader)
    cluster.pause(cluster.leader_of("scheduler"))
    cluster.crash("worker-1")
    cluster.run("90s")
    found = ailments(cluster)
    assert any("is not healthy" in one for one in found)
    assert "worker-1 is not Ready" in found
    assert any("pods are ready" in one for one in found)


def test_the_control_a_store_that_forgets_a_write_is_found(three: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    apply = Applier.apply

    def forgetful(self: Applier, operation: object, *rest: int) -> object:
        done = apply(self, operation, *rest)
        if isinstance(operation, Put) and operation.key.endswith("/availability/probe-7"):
            self.mvcc.delete(operation.key)
        return done

    monkeypatch.setattr(Applier, "apply", forgetful)
    report = availability.measure(three.fork(), "at 1s heal", until="10s")
    assert report.lost_writes == (7,)
    assert report.figures["lost_acknowledged_writes"] == 1


@pytest.mark.parametrize("control_planes", [1, 3])
def test_what_runs_goes_on_while_nothing_can_be_written(three: Cluster, control_planes: int) -> None:
    cluster = three.fork() if control_planes == 3 else made(1)
    before = {one for one in cluster.containers() if one.pod.startswith("default/")}
    cluster.play("at 1s crash a majority of etcd", until="10m")
    assert len(before) == REPLICAS
    assert before <= set(cluster.containers())
    assert cluster.request("POST", "/api/v1/namespaces", body={"metadata": {"name": "new"}}).status in (0, 500, 504)
