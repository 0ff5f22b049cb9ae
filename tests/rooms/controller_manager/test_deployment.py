"""Deployment: sizes, revisions, conditions and the order of a rollout. Source: pkg/controller/deployment."""

from __future__ import annotations

import re
from typing import Any

import pytest

from cp_sim.client.plan import Create, Delete, Emit, Later, Update
from cp_sim.controller_manager.deployment import progress, reconcile, revisions, sizes
from cp_sim.controller_manager.deployment.hash import fnv1a, safe_encode, template_hash
from cp_sim.controller_manager.deployment.newest import name_taken
from cp_sim.controller_manager.ownership import Claim
from cp_sim.objects.edit import put
from tests.rooms.controller_manager.makers import TEMPLATE, deployment, pod, reference, replica_set

Object = dict[str, Any]
NEWER = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": "app:v2"}]}}


def owned(
    owner: Object, name: str, replicas: int, available: int | None = None, template: Object = TEMPLATE, **notes: Any
) -> Object:
    """A ReplicaSet of the Deployment as its controller leaves it."""
    available = replicas if available is None else available
    wanted = owner["spec"]["replicas"]
    annotations = {
        revisions.REVISION: str(notes.get("revision", 1)),
        revisions.DESIRED_REPLICAS: str(notes.get("desired", wanted)),
        revisions.MAX_REPLICAS: str(notes.get("maximum", wanted + sizes.max_surge(owner))),
    }
    status = {
        "replicas": notes.get("running", replicas),
        "readyReplicas": available,
        "availableReplicas": available,
        "observedGeneration": 1,
        "terminatingReplicas": 0,
    }
    created = {
        "creationTimestamp": f"2026-01-01T00:00:{notes.get('age', 10):02}Z",
        "ownerReferences": [reference(owner)],
    }
    return replica_set(
        name,
        replicas,
        template=put(template, ("metadata", "labels", revisions.HASH_LABEL), name.split("-")[-1]),
        metadata={**created, "annotations": annotations},
        status=status,
    )


def plan_for(owner: Object, *replica_sets: Object, pods: dict[str, list[Object]] | None = None, now_ms: int = 0) -> Any:
    return reconcile(owner, Claim(replica_sets, ()), pods or {}, now_ms)


def scalings(plan: Any) -> list[str]:
    return [action.message for action in plan.actions if isinstance(action, Emit)]


# -- arithmetic ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "up", "down"),
    [
        (10, "25%", "25%", 3, 2),
        (3, "25%", "25%", 1, 0),
        (1, "25%", "25%", 1, 0),
        (4, 0, 0, 0, 1),
        (4, "0%", "1%", 0, 1),
        (2, 5, 5, 5, 2),
        (0, "25%", 1, 0, 0),
        (7, "100%", "100%", 7, 7),
    ],
)
def test_surge_is_rounded_up_and_unavailability_down(
    replicas: int, surge: Any, unavailable: Any, up: int, down: int
) -> None:
    owner = deployment(replicas, surge=surge, unavailable=unavailable)
    assert (sizes.max_surge(owner), sizes.max_unavailable(owner)) == (up, down)


@pytest.mark.parametrize(
    ("before", "wanted", "now", "after"),
    [
        # As recorded with surge 3: sizes old and new and spec.replicas when they were set, spec.replicas now, ...
        ((8, 5, 10), 15, (8, 5), (11, 7)),
        ((11, 7, 15), 9, (11, 7), (7, 5)),
        ((7, 5, 9), 30, (7, 5), (19, 14)),
    ],
)
def test_a_deployment_scaled_in_the_middle_keeps_its_proportions(
    before: tuple[int, int, int], wanted: int, now: tuple[int, int], after: tuple[int, int]
) -> None:
    owner = deployment(wanted, surge=3, unavailable=2)
    old_one = owned(owner, "web-a", now[0], maximum=before[2] + 3, desired=before[2], age=10)
    new_one = owned(owner, "web-b", now[1], maximum=before[2] + 3, desired=before[2], age=20)
    found = {one["metadata"]["name"]: size for one, size in sizes.shares(owner, [old_one, new_one])}
    assert (found["web-a"], found["web-b"]) == after
    assert sum(found.values()) == wanted + 3


def test_scaling_to_zero_shares_out_nothing() -> None:
    owner = deployment(0, surge=3)
    both = [owned(owner, "web-a", 4), owned(owner, "web-b", 2)]
    assert {size for _, size in sizes.shares(owner, both)} == {0}


# -- names -----------------------------------------------------------------------------------------------------------


def test_hashes_have_the_real_form() -> None:
    assert fnv1a(b"") == 0x811C9DC5
    assert fnv1a(b"foobar") == 0xBF9CF968
    assert safe_encode("0123456789") == "456789bcdf"  # ord(c) % 27 into the alphabet of generated names
    hashed = template_hash(TEMPLATE)
    assert re.fullmatch(r"[bcdf456789]{1,10}", hashed)
    assert hashed == template_hash(dict(reversed(TEMPLATE.items())))
    assert len({hashed, template_hash(NEWER), template_hash(TEMPLATE, 1), template_hash(TEMPLATE, 2)}) == 4


def test_a_taken_name_is_counted_unless_it_is_ours() -> None:
    owner = deployment(3)
    assert name_taken(owner, owned(owner, "web-a", 3)) == ()
    assert name_taken(owner, None) == ()  # the cache is behind: it may well be ours
    (update,) = name_taken(owner, replica_set("web-a", template=NEWER))
    assert update.object["status"]["collisionCount"] == 1
    (again,) = name_taken(update.object, replica_set("web-a", template=NEWER))
    assert again.object["status"]["collisionCount"] == 2


# -- rollout ---------------------------------------------------------------------------------------------------------


def test_the_first_replica_set_has_its_full_size_and_the_status_tells_of_it() -> None:
    plan = plan_for(deployment(3))
    create, emit, update = plan.actions
    assert isinstance(create, Create)
    assert create.object["spec"]["replicas"] == 3
    assert create.object["metadata"]["annotations"] == {
        revisions.REVISION: "1",
        revisions.DESIRED_REPLICAS: "3",
        revisions.MAX_REPLICAS: "4",
    }
    assert create.object["metadata"]["labels"][revisions.HASH_LABEL] in create.object["metadata"]["name"]
    assert emit.message == f"Scaled up replica set {create.object['metadata']['name']} from 0 to 3"
    assert update.object["metadata"]["annotations"] == {revisions.REVISION: "1"}
    (condition,) = update.object["status"]["conditions"]
    assert (condition["reason"], condition["status"]) == ("NewReplicaSetCreated", "True")
    assert "observedGeneration" not in update.object["status"]


def test_a_new_replica_set_gets_the_room_that_surge_leaves() -> None:
    owner = deployment(10, spec={"template": NEWER})
    create = plan_for(owner, owned(owner, "web-a", 10)).actions[0]
    assert create.object["spec"]["replicas"] == 3
    full = plan_for(owner, owned(owner, "web-a", 13))
    assert full.actions[0].object["spec"]["replicas"] == 0
    assert scalings(full) == []


def test_up_and_down_come_in_separate_syncs() -> None:
    owner = deployment(
        4, surge=1, unavailable=0, spec={"template": NEWER}, metadata={"annotations": {revisions.REVISION: "2"}}
    )
    old_one = owned(owner, "web-a", 4, age=10)
    small = owned(owner, "web-b", 0, template=NEWER, revision=2, age=20)
    assert scalings(plan_for(owner, old_one, small)) == ["Scaled up replica set web-b from 0 to 1"]
    grown = owned(owner, "web-b", 1, template=NEWER, revision=2, age=20)
    assert scalings(plan_for(owner, old_one, grown)) == ["Scaled down replica set web-a from 4 to 3"]
    unready = owned(owner, "web-b", 1, available=0, template=NEWER, revision=2, age=20)
    assert scalings(plan_for(owner, old_one, unready)) == []


def test_old_pods_that_do_not_work_go_first_and_cost_no_availability() -> None:
    owner = deployment(
        4, surge=0, unavailable=1, spec={"template": NEWER}, metadata={"annotations": {revisions.REVISION: "3"}}
    )
    broken = owned(owner, "web-a", 2, available=0, age=10)
    sound = owned(owner, "web-b", 2, available=2, age=20, revision=2)
    newest = owned(owner, "web-c", 0, template=NEWER, revision=3, age=30)
    assert scalings(plan_for(owner, broken, sound, newest)) == ["Scaled down replica set web-a from 2 to 1"]


def test_a_status_from_before_a_scaling_is_not_believed() -> None:
    owner = deployment(
        6, surge=4, unavailable=3, spec={"template": NEWER}, metadata={"annotations": {revisions.REVISION: "2"}}
    )
    stale = owned(owner, "web-a", 5, available=12, age=10)
    newest = owned(owner, "web-b", 5, available=0, template=NEWER, revision=2, age=20)
    assert scalings(plan_for(owner, stale, newest)) == []


def test_a_rollback_reuses_the_replica_set_and_moves_its_revision() -> None:
    owner = deployment(2)
    old_one = owned(owner, "web-a", 0, revision=1, age=10)
    newest = owned(owner, "web-b", 2, template=NEWER, revision=2, age=20)
    (update,) = plan_for(owner, old_one, newest).actions
    assert update.object["metadata"]["name"] == "web-a"
    assert update.object["metadata"]["annotations"][revisions.REVISION] == "3"
    assert update.object["metadata"]["annotations"][revisions.REVISION_HISTORY] == "1"


def test_annotations_are_handed_down_and_stay() -> None:
    owner = deployment(
        1, metadata={"annotations": {"team": "a", "kubectl.kubernetes.io/last-applied-configuration": "{}"}}
    )
    one = owned(owner, "web-a", 1)
    updated = revisions.annotate_new(owner, put(one, ("metadata", "annotations", "gone"), "x"), 1)
    assert updated["metadata"]["annotations"]["team"] == "a"
    assert updated["metadata"]["annotations"]["gone"] == "x"
    assert "kubectl.kubernetes.io/last-applied-configuration" not in updated["metadata"]["annotations"]


def test_recreate_waits_for_the_last_old_pod() -> None:
    owner = deployment(2, spec={"template": NEWER, "strategy": {"type": "Recreate"}})
    running = owned(owner, "web-a", 2, age=10)
    assert scalings(plan_for(owner, running)) == ["Scaled down replica set web-a from 2 to 0"]
    stopped = owned(owner, "web-a", 0, age=10)
    terminating = {"uid-web-a": [pod("p", deleting=True)]}
    assert not [a for a in plan_for(owner, stopped, pods=terminating).actions if isinstance(a, Create)]
    finished = {"uid-web-a": [pod("p", phase="Failed")]}
    assert [a for a in plan_for(owner, stopped, pods=finished).actions if isinstance(a, Create)]


def test_only_empty_old_revisions_beyond_the_limit_are_deleted() -> None:
    owner = deployment(
        1, spec={"template": NEWER, "revisionHistoryLimit": 1}, metadata={"annotations": {revisions.REVISION: "4"}}
    )
    done = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
    owner["status"] = done
    history = [owned(owner, f"web-{n}", 0, revision=n, age=n) for n in (1, 2, 3)]
    newest = owned(owner, "web-9", 1, template=NEWER, revision=4, age=40)
    deleted = [a.name for a in plan_for(owner, *history, newest).actions if isinstance(a, Delete)]
    assert deleted == ["web-1", "web-2"]
    busy = owned(owner, "web-1", 0, revision=1, age=1, running=1)
    assert [rs["metadata"]["name"] for rs in revisions.to_clean_up([busy, *history[1:]], 1)] == ["web-2"]


def test_pausing_and_resuming_are_told_and_a_paused_one_only_scales() -> None:
    owner = deployment(5, spec={"paused": True}, metadata={"annotations": {revisions.REVISION: "1"}})
    plan = plan_for(owner, owned(owner, "web-a", 3, desired=3, maximum=4))
    (condition,) = plan.actions[0].object["status"]["conditions"]
    assert (condition["status"], condition["reason"]) == ("Unknown", "DeploymentPaused")
    assert scalings(plan) == ["Scaled up replica set web-a from 3 to 5"]
    resumed = put(put(owner, "spec.paused", False), "status", {"conditions": [condition]})
    update = plan_for(resumed, owned(owner, "web-a", 5)).actions[0]
    assert update.object["status"]["conditions"][0]["reason"] == "DeploymentResumed"


# -- conditions ------------------------------------------------------------------------------------------------------


def rolling_status(reason: str = "ReplicaSetUpdated") -> Object:
    now = "2026-01-01T00:00:00Z"
    entry = {
        "type": "Progressing",
        "status": "True",
        "reason": reason,
        "lastUpdateTime": now,
        "lastTransitionTime": now,
    }
    return {
        "replicas": 1,
        "updatedReplicas": 1,
        "conditions": [entry],
        "observedGeneration": 1,
        "unavailableReplicas": 1,
    }


@pytest.mark.parametrize(("now_ms", "reason"), [(600_000, "ReplicaSetUpdated"), (600_001, "ProgressDeadlineExceeded")])
def test_without_progress_the_deadline_passes(now_ms: int, reason: str) -> None:
    owner = deployment(1, status=rolling_status())
    status = progress.rolled_out(owner, [one := owned(owner, "web-a", 1, available=0)], one, now_ms)
    assert next(c for c in status["conditions"] if c["type"] == "Progressing")["reason"] == reason


def test_a_rollout_that_was_complete_is_not_judged_again() -> None:
    owner = deployment(1, status=rolling_status("NewReplicaSetAvailable"))
    status = progress.rolled_out(owner, [one := owned(owner, "web-a", 1, available=0)], one, 9_999_999)
    found = {c["type"]: (c["status"], c["reason"]) for c in status["conditions"]}
    assert found["Progressing"] == ("True", "NewReplicaSetAvailable")
    assert found["Available"] == ("False", "MinimumReplicasUnavailable")


def test_the_deadline_is_looked_at_again_a_second_late() -> None:
    owner = deployment(1, status=rolling_status())
    assert progress.look_again_ms(owner, owner["status"], 1_000) == 600_000
    never = put(owner, "spec.progressDeadlineSeconds", 2**31 - 1)
    assert progress.look_again_ms(never, owner["status"], 1_000) is None


def test_a_quiet_rollout_comes_back_for_its_deadline() -> None:
    owner = deployment(1, metadata={"annotations": {revisions.REVISION: "1"}})
    one = owned(owner, "web-a", 1, available=0)
    status = progress.rolled_out(put(owner, "status", rolling_status()), [one], one, 0)
    plan = plan_for(put(owner, "status", status), one)
    assert [type(action) for action in plan.actions] == [Later]


def test_the_failure_of_a_replica_set_is_the_deployments_failure() -> None:
    failure = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "no room"}
    owner = deployment(1)
    one = put(owned(owner, "web-a", 1, available=0), "status.conditions", [failure])
    status = progress.rolled_out(owner, [one], one, 0)
    found = next(c for c in status["conditions"] if c["type"] == "ReplicaFailure")
    assert (found["reason"], found["message"]) == ("FailedCreate", "no room")
    assert "ReplicaFailure" not in str(
        progress.rolled_out(put(owner, "status", status), [owned(owner, "web-a", 1)], None, 0)
    )


def test_a_selector_that_selects_everything_is_refused() -> None:
    plan = plan_for(deployment(3, spec={"selector": {}}))
    assert [type(action) for action in plan.actions] == [Emit, Update]
    assert plan.actions[0].reason == "SelectingAll"
