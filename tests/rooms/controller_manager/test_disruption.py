"""Budgets: how many pods may be disrupted, and that evictions are judged by it."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.apiserver.request import ApiError
from cp_sim.controller_manager.disruption import DELETION_TIMEOUT_MS, expected_and_desired, reconcile
from cp_sim.objects import edit, meta
from cp_sim.sim.clock import timestamp

BUDGET: dict[str, Any] = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "web"}}},
}


def pod(name: str, ready: bool = True, **metadata: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return {"metadata": {"name": name, **metadata}, "status": {"conditions": conditions}}


@pytest.mark.parametrize(
    ("spec", "pods", "scale", "wanted"),
    [
        ({"minAvailable": 2}, 3, 3, (3, 2)),
        ({"minAvailable": "50%"}, 3, 5, (5, 3)),
        ({"maxUnavailable": 1}, 3, 3, (3, 2)),
        ({"maxUnavailable": "50%"}, 2, 2, (2, 1)),
        ({"maxUnavailable": 9}, 2, 2, (2, 0)),
    ],
)
def test_how_many_have_to_be_healthy(spec: dict[str, Any], pods: int, scale: int, wanted: tuple[int, int]) -> None:
    found = expected_and_desired({"spec": spec}, [pod(str(n)) for n in range(pods)], scale)
    assert found == wanted


def status_after(budget: dict[str, Any], pods: list[dict[str, Any]], now_ms: int = 0) -> dict[str, Any]:
    plan = reconcile(budget, pods, len(pods), now_ms)
    status: dict[str, Any] = plan.actions[-1].object["status"]
    return status


def test_only_healthy_pods_count() -> None:
    pods = [pod("a"), pod("b"), pod("c", ready=False), pod("d", deletionTimestamp=timestamp(0))]
    status = status_after(BUDGET, pods)
    assert (status["currentHealthy"], status["expectedPods"], status["disruptionsAllowed"]) == (2, 4, 0)
    assert status["conditions"][0]["reason"] == "InsufficientPods"


def test_a_granted_eviction_counts_until_it_shows_or_is_forgotten() -> None:
    granted = edit.put(BUDGET, "status", {"disruptedPods": {"a": timestamp(0)}})
    pods = [pod("a"), pod("b"), pod("c")]
    assert status_after(granted, pods)["disruptionsAllowed"] == 0
    assert status_after(granted, pods, DELETION_TIMEOUT_MS)["disruptionsAllowed"] == 1
    assert "disruptedPods" not in status_after(granted, [pod("b"), pod("c")])


def test_evictions_are_judged_by_the_budget() -> None:
    cluster = Cluster(workers=2, seed=5)
    cluster.apply({**BUDGET})
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "nginx"}]}}
    spec = {"replicas": 3, "selector": {"matchLabels": labels}, "template": template}
    cluster.apply({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec})
    cluster.settle()
    assert cluster.get("poddisruptionbudget/web")["status"]["disruptionsAllowed"] == 1
    node = meta.node_name(cluster.get("pods")[0])
    assert cluster.drain(node)
    cluster.settle()
    assert not [one for one in cluster.get("pods") if meta.node_name(one) == node]
    cluster.scale("deployment/web", 2)
    cluster.settle()
    with pytest.raises(ApiError, match="Cannot evict pod as it would violate the pod's disruption budget"):
        cluster.drain(meta.node_name(cluster.get("pods")[0]), timeout="10s")
