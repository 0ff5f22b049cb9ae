"""Why a pod is not on a node: one sentence for every kind of pod and node, now and in the past."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.scheduler.framework import WAIT, Plugin, Status
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS


def pod(name: str, cpu: str = "", **spec: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": "nginx:1.27"}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def cluster_with(*pods: dict[str, Any], workers: int = 3) -> Cluster:
    cluster = Cluster(workers=workers, seed=7).settle()
    for one in pods:
        cluster.apply(one)
        cluster.settle()
    return cluster


def test_of_a_running_pod() -> None:
    cluster = cluster_with(pod("web-1", "500m"))
    where = cluster.get("pod/web-1")["spec"]["nodeName"]
    other = next(name for name in ("worker-1", "worker-2") if name != where)
    assert cluster.why_not("pod/web-1", where) == (
        f"web-1 is on {where}: 3 nodes were equally good, with 463 points, and the lot fell on it."
    )
    assert cluster.why_not("pod/web-1", f"node/{other}").startswith(
        f"{other} is as good as {where}, with 463 points each; the lot fell on {where} (decided at "
    )
    assert "TaintToleration rejected it" in cluster.why_not("pod/web-1", "control-plane-1")


def test_of_a_pod_that_lost_points() -> None:
    cluster = Cluster(workers=1, seed=7).settle()
    cluster.add_node("small", cpu="2")
    cluster.settle()
    cluster.apply(pod("web-1", "500m"))
    cluster.settle()
    told = cluster.why_not("pod/web-1", "small")
    assert told.startswith("small passes every filter but has ")
    assert ": NodeResourcesFit gives it 86 and worker-1 92 (decided at " in told


def test_of_a_pod_that_waits_for_room() -> None:
    cluster = cluster_with(pod("big", "9"))
    told = cluster.why_not("pod/big").split("\n")
    assert told[0] == "big is on no node."
    assert len(told) == 5
    assert "NodeResourcesFit rejected it: needs 9 cpu, 4 free of 4 (decided at " in cluster.why_not(
        "pod/big", "worker-1"
    )


def test_of_a_preemption() -> None:
    cluster = Cluster(workers=2, seed=7).settle()
    for name, value in (("low", 10), ("high", 1000)):
        cluster.apply({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name},
                       "value": value})  # fmt: skip
    for number in (1, 2):
        cluster.apply(pod(f"batch-{number}", "3", priorityClassName="low", terminationGracePeriodSeconds=30))
    cluster.settle()
    cluster.apply(pod("urgent", "3", priorityClassName="high"))
    cluster.loop.run_until(lambda: any(one.verb == "schedule" for one in cluster.trace.about("pods/default/urgent")))
    told = [cluster.why_not("pod/urgent", f"worker-{number}") for number in (1, 2)]
    assert sum("; it is nominated, and 1 pod must leave it first" in one for one in told) == 1
    assert sum("; pushing out 1 pod would help, but worker-" in one for one in told) == 1


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (
            pod("p", nodeName="worker-2"),
            "p is on worker-2: it names that node itself (spec.nodeName), so the scheduler",
        ),
        (pod("p", schedulingGates=[{"name": "a/b"}]), "p waits at its scheduling gates [a/b]; until they are gone"),
        (
            pod("p", schedulerName="mine"),
            "p asks for the scheduler mine, and none of that name runs (default-scheduler",
        ),
    ],
)
def test_of_pods_that_the_scheduler_never_tried(made: dict[str, Any], said: str) -> None:
    cluster = cluster_with(made)
    assert cluster.why_not("pod/p", "worker-1").startswith(said)
    assert said in cluster.why_not("pod/p")


class Patience(Plugin):
    """Lets every pod wait."""

    name = "Patience"

    def permit(self, state: Any, pod: Any, node: str) -> Any:
        return Status(WAIT, timeout_ms=60_000)


def test_of_a_pod_that_waits_to_be_permitted() -> None:
    cluster = Cluster(workers=2, seed=7, scheduler_profiles=DEFAULT_PLUGINS + (Patience(),)).settle()
    cluster.apply(pod("web-1", "3"))
    cluster.settle()
    placed = cluster.waiting_pods["default/web-1"].node
    told = cluster.why_not("pod/web-1", placed)
    assert told.startswith(f"web-1 was placed on {placed} at ")
    assert told.endswith(", but it waits for Patience to permit it.")
    other = cluster.what_if(pod("web-2", "3"))
    assert other.before.node not in (None, placed)
    verdict = other.before.verdict(placed)
    assert verdict is not None
    assert verdict.because == "needs 3 cpu, 1 free of 4"


def test_of_a_static_pod() -> None:
    told = cluster_with().why_not("pod/etcd-control-plane-1", "worker-1", namespace="kube-system")
    assert told.startswith("etcd-control-plane-1 is on control-plane-1: it is a static pod")


def test_of_a_pod_that_nobody_tried_yet() -> None:
    cluster = Cluster(workers=1, seed=7).settle()
    cluster.crash("scheduler")
    cluster.apply(pod("web-1"))
    assert cluster.why_not("pod/web-1", "worker-1") == "The scheduler has not tried web-1 yet."
    assert cluster.what_if("pod/web-1").after.node == "worker-1"


def test_of_nodes_that_came_later_and_of_nodes_that_went() -> None:
    cluster = cluster_with(pod("web-1", "500m"), pod("big", "9"))
    where = cluster.get("pod/web-1")["spec"]["nodeName"]
    gone = next(name for name in ("worker-1", "worker-2") if name != where)
    cluster.remove_node(gone)
    cluster.add_node("worker-4")
    cluster.settle()
    assert cluster.why_not("pod/web-1", gone).endswith(f"; {gone} was deleted since).")
    assert cluster.why_not("pod/big", gone).startswith(f"{gone} was not there any more when big was tried at ")
    assert cluster.why_not("pod/web-1", "worker-4").startswith(f"worker-4 came later: web-1 was placed on {where} at ")
    assert "NodeResourcesFit rejected it" in cluster.why_not("pod/big", "worker-4")


def test_of_a_pod_that_is_gone_and_of_a_new_one_of_its_name() -> None:
    cluster = cluster_with(pod("web-1", "500m"))
    cluster.delete("pod/web-1")
    cluster.settle()
    assert cluster.why_not("pod/web-1", "control-plane-1").startswith("web-1 is gone. When it was last tried: control-")
    cluster.apply(pod("web-1", nodeName="worker-1"))
    assert "names that node itself" in cluster.why_not("pod/web-1", "worker-2")


def test_of_the_past() -> None:
    cluster = cluster_with(pod("web-1", "500m"))
    past = cluster.at(cluster.revision)
    told = cluster.why_not("pod/web-1", "worker-2")
    cluster.apply(pod("later"))
    cluster.delete("pod/web-1")
    cluster.settle()
    assert past.why_not("pod/web-1", "worker-2") == told
    assert cluster.why_not("pod/web-1", "worker-2") != told
    with pytest.raises(LookupError, match="there is no pod later in namespace default; there are web-1"):
        past.why_not("pod/later", "worker-2")


def test_an_explanation_leads_to_the_decision() -> None:
    cluster = cluster_with(pod("web-1", "500m"))
    decision = cluster.explain("pod/web-1").decision
    assert decision is not None
    assert decision.node == cluster.get("pod/web-1")["spec"]["nodeName"]
    assert cluster.explain("node/worker-1").decision is None


def test_wrong_names_get_the_near_ones() -> None:
    cluster = cluster_with(pod("web-1"))
    with pytest.raises(LookupError, match="there is no pod web-2 in namespace default; do you mean web-1?"):
        cluster.why_not("pod/web-2", "worker-1")
    with pytest.raises(LookupError, match="there is no node wroker-1; do you mean worker-1"):
        cluster.why_not("pod/web-1", "wroker-1")
    with pytest.raises(LookupError, match="there are control-plane-1, worker-1, worker-2, worker-3"):
        cluster.why_not("pod/web-1", "x")
    with pytest.raises(ValueError, match='such as "pod/web-1", not "deployment/web"'):
        cluster.why_not("deployment/web", "worker-1")


def test_asking_changes_nothing() -> None:
    cluster = cluster_with(pod("web-1"))
    before = (cluster.revision, cluster.trace.next_id, cluster.clock.now_ms, len(cluster.journal))
    cluster.why_not("pod/web-1")
    assert (cluster.revision, cluster.trace.next_id, cluster.clock.now_ms, len(cluster.journal)) == before
