"""Garbage collection, namespaces, what every namespace gets, pods that nobody removes."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.client.plan import Create, Delete, Later, Patch, Together, Update
from cp_sim.controller_manager import garbagecollector, kinds_served, namespace, podgc, serviceaccount_tokens
from cp_sim.controller_manager.garbagecollector import Dependent, Family
from cp_sim.controller_manager.ownergraph import OwnerGraph
from cp_sim.controller_manager.serviceaccounts import default_account, root_certificate
from tests.rooms.controller_manager.makers import pod, replica_set

Object = dict[str, Any]
NOW = "2026-01-01T00:00:00Z"


def thing(
    name: str, *owners: Object, finalizers: tuple[str, ...] = (), deleting: bool = False, block: bool = True
) -> Object:
    metadata: Object = {"name": name, "namespace": "default", "uid": f"uid-{name}", "resourceVersion": "7"}
    if owners:
        metadata["ownerReferences"] = [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "name": o["metadata"]["name"],
                "uid": o["metadata"]["uid"],
                "blockOwnerDeletion": block,
            }
            for o in owners
        ]
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    if deleting:
        metadata["deletionTimestamp"] = NOW
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


def decide(obj: Object, owners: dict[str, Object | None], *dependents: Object) -> Any:
    family = Family(owners, tuple(Dependent("configmaps", one) for one in dependents))
    return garbagecollector.reconcile("configmaps", obj, family)


OWNER, OTHER = thing("owner"), thing("other")
GOING = thing("owner", finalizers=("foregroundDeletion",), deleting=True)


def test_what_has_an_owner_stays() -> None:
    assert decide(thing("child", OWNER), {"uid-owner": OWNER}).actions == ()


def test_what_has_lost_its_only_owner_goes() -> None:
    (delete,) = decide(thing("child", OWNER), {"uid-owner": None}).actions
    assert (delete.name, delete.propagation, delete.uid) == ("child", "Background", "uid-child")


def test_what_has_lost_one_of_two_owners_only_loses_the_reference() -> None:
    (patch,) = decide(thing("child", OWNER, OTHER), {"uid-owner": None, "uid-other": OTHER}).actions
    assert isinstance(patch, Patch)
    assert [ref["uid"] for ref in patch.patch["metadata"]["ownerReferences"]] == ["uid-other"]


def test_nothing_is_deleted_while_an_owner_is_unknown() -> None:
    plan = decide(thing("child", OWNER, OTHER), {"uid-owner": None})
    assert plan.actions == ()
    assert "being found out" in plan.because


def test_in_a_foreground_deletion_the_child_with_children_goes_in_the_foreground_too() -> None:
    child = thing("child", OWNER)
    (delete,) = decide(child, {"uid-owner": GOING}, thing("grandchild", child)).actions
    assert delete.propagation == "Foreground"
    (leaf,) = decide(child, {"uid-owner": GOING}).actions
    assert leaf.propagation == "Background"


def test_the_owner_goes_when_nothing_blocks_it() -> None:
    assert decide(GOING, {}, thing("child", OWNER)).actions == ()
    (patch,) = decide(GOING, {}, thing("child", OWNER, block=False)).actions
    assert patch.patch["metadata"]["finalizers"] is None
    (last,) = decide(GOING, {}).actions
    assert last.patch["metadata"]["resourceVersion"] == "7"


def test_orphans_lose_their_owner_before_it_goes() -> None:
    leaving = thing("owner", finalizers=("orphan", "keep"), deleting=True)
    together, patch = decide(leaving, {}, thing("a", OWNER), thing("b", OWNER, OTHER)).actions
    assert isinstance(together, Together)
    assert together.actions[0].patch["metadata"]["ownerReferences"] is None
    assert patch.patch["metadata"]["finalizers"] == ["keep"]


def test_the_graph_knows_dependents_and_absent_owners() -> None:
    graph = OwnerGraph()
    child = thing("child", OWNER)
    graph.put("configmaps", "default/child", None, child)
    assert [ref["uid"] for ref in graph.unknown_owners(child)] == ["uid-owner"]
    graph.put("configmaps", "default/owner", None, OWNER)
    assert graph.unknown_owners(child) == []
    assert graph.remove(OWNER) == ["uid-child"]
    assert graph.unknown_owners(child) == []  # known to be absent
    graph.put("configmaps", "default/child", child, thing("child"))
    assert graph.dependents_of("uid-owner") == []
    assert graph.absent == {}


def test_owners_are_found_by_kind_whatever_the_version() -> None:
    assert kinds_served.resource_of("apps/v1", "Deployment") == "deployments.apps"
    assert kinds_served.resource_of("v1", "Pod") == "pods"
    assert kinds_served.resource_of("v1", "Nonsense") == ""
    assert "events" not in kinds_served.collected()
    assert "nodes" in kinds_served.collected()
    assert "nodes" not in kinds_served.namespaced()


# -- namespaces ----------------------------------------------------------------------------------------------------


def ending(**status: Any) -> Object:
    metadata = {"name": "old", "uid": "uid-old", "resourceVersion": "3", "deletionTimestamp": NOW}
    spec = {"finalizers": ["kubernetes"]}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "spec": spec, "status": status}


def test_pods_go_first_and_alone() -> None:
    pods = [pod("a"), pod("b")]
    plan = namespace.reconcile(ending(), {"pods": pods, "configmaps": [thing("c")]}, 0)
    (together,) = plan.actions
    assert [action.resource for action in together.actions] == ["pods", "pods"]
    assert plan.on_done == "pods_asked_to_go"
    plan = namespace.wait_for_pods(ending(), pods, 0)
    update, later = plan.actions
    assert {c["type"]: c["status"] for c in update.object["status"]["conditions"]} == dict.fromkeys(
        namespace.FINE, "False"
    )
    assert isinstance(later, Later)
    assert later.delay_ms == 16_000
    assert plan.on_done == ""


def test_then_everything_else_and_what_is_held_back_is_told() -> None:
    held = thing("held", finalizers=("example.com/hold",))
    plan = namespace.reconcile(ending(), {"configmaps": [held, thing("free")], "secrets": [thing("s")]}, 0)
    told = {c["type"]: (c["status"], c["reason"], c["message"]) for c in plan.actions[1].object["status"]["conditions"]}
    assert told["NamespaceContentRemaining"] == (
        "True",
        "SomeResourcesRemain",
        "Some resources are remaining: configmaps. has 1 resource instances",
    )
    assert told["NamespaceFinalizersRemaining"] == (
        "True",
        "SomeFinalizersRemain",
        "Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
    )
    assert plan.on_done == ""
    again = namespace.with_conditions(plan.actions[1].object, [("configmaps", held)], 9_000)
    assert again is plan.actions[1].object


def test_an_empty_namespace_is_let_go() -> None:
    assert namespace.reconcile(ending(), {}, 0).on_done == "emptied"
    (update,) = namespace.finalize(ending()).actions
    assert (update.subresource, update.object["spec"]["finalizers"]) == ("finalize", [])


def test_what_every_namespace_gets() -> None:
    (create,) = default_account("ns", None).actions
    assert isinstance(create, Create)
    assert create.object["metadata"] == {"name": "default", "namespace": "ns"}
    assert default_account("ns", create.object).actions == ()
    (certificate,) = root_certificate("ns", None).actions
    assert root_certificate("ns", certificate.object).actions == ()
    spoilt = {**certificate.object, "data": {"ca.crt": "other"}}
    (update,) = root_certificate("ns", spoilt).actions
    assert isinstance(update, Update)
    assert update.object["data"] == certificate.object["data"]


def test_token_secrets_are_filled_and_go_with_their_account() -> None:
    account = {"kind": "ServiceAccount", "metadata": {"name": "robot", "namespace": "ns", "uid": "u1"}}
    notes = {serviceaccount_tokens.ACCOUNT_NAME: "robot"}
    secret = {
        "type": serviceaccount_tokens.TYPE,
        "metadata": {"name": "t", "namespace": "ns", "uid": "s1", "annotations": notes},
    }
    (update,) = serviceaccount_tokens.reconcile(secret, account).actions
    assert sorted(update.object["data"]) == ["ca.crt", "namespace", "token"]
    assert update.object["metadata"]["annotations"][serviceaccount_tokens.ACCOUNT_UID] == "u1"
    assert serviceaccount_tokens.reconcile(update.object, account).actions == ()
    for gone in (None, {**account, "metadata": {**account["metadata"], "uid": "u2"}}):
        (delete,) = serviceaccount_tokens.reconcile(update.object, gone).actions
        assert isinstance(delete, Delete)


# -- pods that nobody removes --------------------------------------------------------------------------------------


def test_the_oldest_finished_pods_beyond_the_threshold_go() -> None:
    some = [pod(f"p{age}", created_ms=age * 1_000, phase="Succeeded") for age in (5, 1, 3, 9)]
    assert [p["metadata"]["name"] for p in podgc.surplus(some, 2)] == ["p1", "p3"]
    assert podgc.surplus(some, 4) == []
    assert podgc.surplus(some, 0) == []


@pytest.mark.parametrize("phase", ["Running", "Succeeded"])
def test_a_pod_that_has_not_finished_is_said_to_have_failed(phase: str) -> None:
    plan = podgc.remove(pod("p", phase=phase), "its node is gone", 0, disrupted=True)
    if phase == "Running":
        patch, delete = plan.actions
        assert patch.patch["status"]["phase"] == "Failed"
        assert patch.patch["status"]["conditions"][0]["reason"] == "DeletionByPodGC"
    else:
        (delete,) = plan.actions
    assert delete.grace_s == 0


def test_replica_sets_depend_on_deployments_through_the_graph() -> None:
    graph = OwnerGraph()
    one = replica_set("web", metadata={"ownerReferences": [{"kind": "Deployment", "name": "d", "uid": "uid-d"}]})
    graph.put("replicasets.apps", "default/web", None, one)
    assert graph.dependents_of("uid-d") == ["uid-web"]
