from __future__ import annotations

from typing import Any

from cp_sim.objects import edit, meta
from cp_sim.objects.kinds import KINDS
from cp_sim.objects.threeway import LAST_APPLIED, three_way_patch, with_last_applied

DEPLOYMENT = KINDS["deployments.apps"]


def manifest(image: str, **container: Any) -> dict[str, Any]:
    containers = [{"name": "web", "image": image, **container}]
    return with_last_applied(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web"},
            "spec": {"replicas": 3, "template": {"spec": {"containers": containers}}},
        }
    )


def patch(old: dict[str, Any], new: dict[str, Any], live: dict[str, Any]) -> dict[str, Any]:
    made = three_way_patch(DEPLOYMENT, meta.annotations(old)[LAST_APPLIED], new, live)
    return {key: value for key, value in made.items() if key != "metadata"}


def test_the_same_manifest_again_asks_for_nothing() -> None:
    first = manifest("nginx:1")
    live = edit.put(edit.put(first, "spec.strategy", {"type": "Recreate"}), "status", {"replicas": 3})
    assert three_way_patch(DEPLOYMENT, meta.annotations(first)[LAST_APPLIED], first, live) == {}


def test_what_was_applied_and_is_not_any_more_is_deleted_and_what_others_wrote_stays() -> None:
    first = manifest("nginx:1", env=[{"name": "A", "value": "1"}])
    live = edit.put(first, "spec.paused", True)
    second = edit.drop(manifest("nginx:1"), "spec.replicas")
    assert patch(first, second, live) == {
        "spec": {"replicas": None, "template": {"spec": {"containers": [{"name": "web", "env": None}]}}}
    }


def test_items_are_compared_by_their_merge_key() -> None:
    first = manifest("nginx:1", env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}])
    second = manifest("nginx:2", env=[{"name": "B", "value": "3"}, {"name": "C", "value": "4"}])
    assert patch(first, second, first)["spec"]["template"]["spec"]["containers"] == [
        {
            "name": "web",
            "image": "nginx:2",
            "env": [{"name": "B", "value": "3"}, {"name": "C", "value": "4"}, {"$patch": "delete", "name": "A"}],
        }
    ]
