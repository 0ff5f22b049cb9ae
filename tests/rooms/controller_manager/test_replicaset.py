"""ReplicaSet: how many, and what the status says. Source: pkg/controller/replicaset."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.apiserver.request import Response
from cp_sim.client.plan import Create, Delete, Patch, SlowStart, Together, Update
from cp_sim.controller_manager import replicaset
from cp_sim.controller_manager.ownership import Claim, claim
from tests.rooms.controller_manager.makers import pod, replica_set

Object = dict[str, Any]


def plan_for(owner: Object, active: list[Object], **more: Any) -> Any:
    return replicaset.reconcile(owner, Claim(tuple(active), ()), more.pop("terminating", 0), active, 100_000, **more)


@pytest.mark.parametrize(("wanted", "there", "creations"), [(3, 0, 3), (3, 2, 1), (0, 0, 0), (2, 2, 0), (900, 0, 500)])
def test_missing_pods_are_created(wanted: int, there: int, creations: int) -> None:
    plan = plan_for(replica_set(replicas=wanted), [pod(f"p{i}") for i in range(there)])
    made = [action for action in plan.actions if isinstance(action, SlowStart)]
    assert sum(len(batch.actions) for batch in made) == creations == plan.expect_creations
    if creations:
        assert f"{wanted} replicas wanted, {there} active: create {creations}" == plan.because
        assert plan.desired == {"replicas": wanted}


def test_surplus_pods_are_deleted_at_once_and_expected_to_go() -> None:
    plan = plan_for(replica_set(replicas=1), [pod("a"), pod("b", ready=False), pod("c", node="")])
    together = next(action for action in plan.actions if isinstance(action, Together))
    assert [action.name for action in together.actions] == ["c", "b"]
    assert plan.expect_deletions == ("default/c", "default/b")


def test_it_waits_for_what_it_ordered() -> None:
    plan = plan_for(replica_set(replicas=3), [], may_act=False)
    assert not [action for action in plan.actions if isinstance(action, SlowStart)]
    assert "waiting" in plan.because


def test_a_replica_set_that_is_being_deleted_creates_nothing_but_tells_its_status() -> None:
    owner = replica_set(replicas=3, metadata={"deletionTimestamp": "2026-01-01T00:00:00Z", "generation": 2})
    plan = plan_for(owner, [])
    assert [type(action) for action in plan.actions] == [Update]
    assert plan.actions[0].object["status"]["observedGeneration"] == 2


def test_status_counts_labels_readiness_and_availability() -> None:
    owner = replica_set(replicas=3, spec={"minReadySeconds": 10})
    active = [
        pod("a", ready_at_ms=1_000),
        pod("b", ready_at_ms=95_000),
        pod("c", ready=False, labels={"app": "other"}),
    ]
    plan = plan_for(owner, active, terminating=2)
    update = next(action for action in plan.actions if isinstance(action, Update))
    assert update.object["status"] == {
        "replicas": 3,
        "fullyLabeledReplicas": 2,
        "readyReplicas": 2,
        "availableReplicas": 1,
        "terminatingReplicas": 2,
        "observedGeneration": 1,
    }
    assert plan.actions[-1].delay_ms == 5_000


def test_a_replication_controller_does_not_count_terminating_pods() -> None:
    owner = {**replica_set(replicas=1), "kind": "ReplicationController", "apiVersion": "v1"}
    plan = plan_for(owner, [pod("a")], terminating=1, flavour=replicaset.REPLICATION_CONTROLLER)
    assert "terminatingReplicas" not in plan.actions[-1].object["status"]


def test_a_status_that_says_so_already_is_not_written() -> None:
    status = {
        "replicas": 1,
        "fullyLabeledReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "terminatingReplicas": 0,
        "observedGeneration": 1,
    }
    assert plan_for(replica_set(replicas=1, status=status), [pod("a")]).actions == ()


def refusal(message: str, **more: Any) -> Response:
    return Response(1, 403, {"kind": "Status", "message": message, "reason": "Forbidden", **more}, {})


def test_a_failure_to_create_becomes_a_condition_and_goes_with_the_next_success() -> None:
    owner = replica_set(replicas=3)
    plan = replicaset.after_failed(owner, [], 0, 5_000, Create({}), refusal("no room"))
    assert plan is not None
    assert plan.retry
    status = plan.actions[0].object["status"]
    assert status["conditions"] == [
        {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": "2026-01-01T00:00:05Z",
            "reason": "FailedCreate",
            "message": "no room",
        }
    ]
    better = plan_for({**owner, "status": status}, [pod("a"), pod("b"), pod("c")])
    assert "conditions" not in better.actions[-1].object["status"]


def test_in_a_namespace_that_ends_nothing_is_retried() -> None:
    causes = {"details": {"causes": [{"reason": "NamespaceTerminating"}]}}
    plan = replicaset.after_failed(replica_set(), [], 0, 0, Create({}), refusal("terminating", **causes))
    assert plan is not None
    assert not plan.retry
    assert replicaset.event_of(replica_set(), Create({}), refusal("x", **causes).body, False) is None


def test_events_carry_the_real_words() -> None:
    owner = replica_set()
    made = replicaset.event_of(owner, Create({}), pod("web-abcde"), True)
    gone = replicaset.event_of(owner, Delete("pods", "default", "web-abcde"), {}, True)
    failed = replicaset.event_of(owner, Create({}), {"message": "no room"}, False)
    assert [(e.type, e.reason, e.message) for e in (made, gone, failed) if e] == [
        ("Normal", "SuccessfulCreate", "Created pod: web-abcde"),
        ("Normal", "SuccessfulDelete", "Deleted pod: web-abcde"),
        ("Warning", "FailedCreate", "Error creating: no room"),
    ]


# -- whose pods -------------------------------------------------------------------------------------------------------


def sorted_out(owner: Object, candidates: list[Object]) -> Claim:
    return claim(owner, candidates, "pods", lambda one: one["metadata"]["labels"].get("app") == "web")


def test_orphans_that_match_are_adopted_and_own_pods_that_do_not_match_are_released() -> None:
    owner, other = replica_set("web"), replica_set("other")
    orphan, lost = pod("orphan"), pod("lost", labels={"app": "debug"}, owner=owner)
    mine, foreign = pod("mine", owner=owner), pod("foreign", owner=other)
    going, stranger = pod("going", deleting=True), pod("stranger", labels={"app": "debug"})
    result = sorted_out(owner, [orphan, lost, mine, foreign, going, stranger])
    assert result.claimed == (orphan, mine)
    adopt, release = result.patches
    assert isinstance(adopt, Patch)
    assert (adopt.name, adopt.patch["metadata"]["ownerReferences"][0]["uid"]) == ("orphan", "uid-web")
    assert (release.name, release.patch["metadata"]["ownerReferences"]) == (
        "lost",
        [{"$patch": "delete", "uid": "uid-web"}],
    )


def test_an_owner_that_is_being_deleted_adopts_and_releases_nobody() -> None:
    owner = replica_set("web", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})
    result = sorted_out(owner, [pod("orphan"), pod("lost", labels={}, owner=owner), pod("mine", owner=owner)])
    assert [one["metadata"]["name"] for one in result.claimed] == ["mine"]
    assert result.patches == ()
