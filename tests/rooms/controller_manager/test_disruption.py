"""Budgets: how many pods may be disrupted, and that evictions are judged by it."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.apiserver.request import ApiError
from cp_sim.client.plan import Emit, Later, Patch, Plan, Update
from cp_sim.controller_manager.disruption import (
    DELETION_TIMEOUT_MS,
    STALE_MS,
    UNMANAGED,
    Scale,
    expected_and_desired,
    reconcile,
    selector_text,
    stale_condition,
)
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
    plan = reconcile(budget, pods, Scale(len(pods)), now_ms)
    status: dict[str, Any] = written(plan)
    return status


def written(plan: Plan) -> dict[str, Any]:
    return next(action for action in plan.actions if isinstance(action, Update)).object["status"]


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


def test_a_granted_eviction_that_never_shows_is_looked_at_again() -> None:
    granted = edit.put(BUDGET, "status", {"disruptedPods": {"a": timestamp(0)}})
    plan = reconcile(granted, [pod("a"), pod("b")], Scale(2), 30_000)
    [later] = [action for action in plan.actions if isinstance(action, Later)]
    assert later.delay_ms == DELETION_TIMEOUT_MS - 30_000


def told(plan: Plan) -> list[tuple[str, str, str]]:
    return [(one.type, one.reason, one.message) for one in plan.actions if isinstance(one, Emit)]


def test_nothing_may_go_while_it_is_not_known_how_many_there_should_be() -> None:
    budget = edit.put(BUDGET, "spec", {"maxUnavailable": 1, "selector": BUDGET["spec"]["selector"]})
    problem = "jobs.batch does not implement the scale subresource"
    plan = reconcile(budget, [pod("a")], Scale(problem=problem), 0)
    said = f"Failed to calculate the number of expected pods: {problem}"
    assert told(plan) == [("Warning", "CalculateExpectedPodCountFailed", said)]
    status = written(plan)
    [condition] = status["conditions"]
    assert status["disruptionsAllowed"] == 0
    assert (condition["reason"], condition["message"]) == ("SyncFailed", problem)
    once_more = reconcile(edit.put(budget, "status", status), [pod("a")], Scale(problem=problem), 60_000)
    assert not [action for action in once_more.actions if isinstance(action, Update)]


def test_pods_of_nobody_are_told_about_where_owners_count() -> None:
    selector = BUDGET["spec"]["selector"]
    for spec, wanted in (({"maxUnavailable": 1}, True), ({"minAvailable": "50%"}, True), ({"minAvailable": 1}, False)):
        plan = reconcile(edit.put(BUDGET, "spec", {**spec, "selector": selector}), [pod("a")], Scale(0, 1), 0)
        text = UNMANAGED.format(selector_text(selector))
        assert told(plan) == ([("Warning", "UnmanagedPods", text)] if wanted else [])
        assert written(plan)["expectedPods"] == (0 if wanted else 1)


def test_a_selector_is_printed_as_go_does() -> None:
    rules = [{"key": "tier", "operator": "In", "values": ["a", "b"]}, {"key": "old", "operator": "DoesNotExist"}]
    assert selector_text({"matchLabels": {"b": "2", "a": "1"}, "matchExpressions": rules}) == (
        "&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:[]LabelSelectorRequirement{"
        "LabelSelectorRequirement{Key:tier,Operator:In,Values:[a b],},"
        "LabelSelectorRequirement{Key:old,Operator:DoesNotExist,Values:[],},},}"
    )


def disrupted(reason: str = "EvictionByEvictionAPI", **metadata: Any) -> dict[str, Any]:
    condition = {"type": "DisruptionTarget", "status": "True", "reason": reason, "lastTransitionTime": timestamp(0)}
    made = pod("a", namespace="default", **metadata)
    return edit.put(made, "status.conditions", [*made["status"]["conditions"], condition])


def test_that_a_pod_is_to_be_disrupted_is_taken_back_when_nobody_deletes_it() -> None:
    [later] = stale_condition(disrupted(), 20_000).actions
    assert isinstance(later, Later)
    assert later.delay_ms == STALE_MS - 20_000
    [patch] = stale_condition(disrupted(), STALE_MS).actions
    assert isinstance(patch, Patch)
    assert patch.patch["status"]["conditions"][0]["status"] == "False"


@pytest.mark.parametrize(
    "one", [pod("a"), disrupted("TerminationByKubelet"), disrupted(deletionTimestamp=timestamp(0))]
)
def test_nothing_is_taken_back_from_other_pods(one: dict[str, Any]) -> None:
    assert not stale_condition(one, STALE_MS).actions


def evict(cluster: Cluster, name: str, **options: Any) -> Any:
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}, "deleteOptions": options}
    return cluster.request("POST", f"/api/v1/namespaces/default/pods/{name}/eviction", body=body)


@pytest.fixture
def one_pod() -> Cluster:
    cluster = Cluster(workers=1, seed=5)
    spec = {"containers": [{"name": "main", "image": "nginx"}]}
    cluster.apply({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": spec})
    cluster.settle()
    return cluster


def test_an_evicted_pod_is_told_and_deleted(one_pod: Cluster) -> None:
    assert evict(one_pod, "web").status == 201
    pod = one_pod.get("pod/web")
    condition = meta.condition(pod, "DisruptionTarget") or {}
    assert meta.is_deleting(pod)
    assert (condition["reason"], condition["message"]) == ("EvictionByEvictionAPI", "Eviction API: evicting")
    one_pod.settle()
    assert not one_pod.get("pods")


def test_a_rehearsed_eviction_tells_nobody(one_pod: Cluster) -> None:
    before = one_pod.get("pod/web")
    assert evict(one_pod, "web", dryRun=["All"]).status == 201
    assert one_pod.get("pod/web") == before


def test_an_eviction_may_ask_for_the_pod_as_it_was_seen(one_pod: Cluster) -> None:
    seen = one_pod.get("pod/web")["metadata"]
    other = {"resourceVersion": str(int(seen["resourceVersion"]) - 1)}
    assert evict(one_pod, "web", preconditions=other).status == 409
    assert meta.condition(one_pod.get("pod/web"), "DisruptionTarget") is None
    assert evict(one_pod, "web", preconditions={"resourceVersion": seen["resourceVersion"]}).status == 201


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
