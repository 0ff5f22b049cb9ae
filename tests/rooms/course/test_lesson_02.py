"""Lesson 02: wrong answers are helped, every solution solves its exercise, predictions are read off the store."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.course import compare, predict
from cp_sim.course.lessons.lesson_02 import MAPS, SHOP, became_five, busy_morning
from tests.rooms.course.learner import cluster_of, kubectl, run_solution, said

pytestmark = pytest.mark.usefixtures("own_progress")


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_five_is_found_in_any_seed(seed: int) -> None:
    cluster = busy_morning(cluster_of(seed))
    truth = became_five(cluster)
    versions = cluster.etcd.history(SHOP)
    at = {kv.mod_revision: kv.value["spec"]["replicas"] for kv in versions}
    assert at[truth] == 5, f"seed {seed}"
    assert cluster.get("deployment/shop")["spec"]["replicas"] != 5, f"seed {seed}"
    assert f"Revision {truth} wrote" in said("02-five", truth)
    later = next(revision for revision, wanted in at.items() if wanted == 5 and revision > truth)
    assert "but it was 5 before" in said("02-five", later)


def test_five_and_its_wrong_answers() -> None:
    cluster = cluster_of()
    assert "begin with busy_morning()" in said("02-five", 230)
    busy_morning(cluster)
    truth = became_five(cluster)
    assert "wants a revision" in said("02-five", "last one")
    assert "There is no revision 100000" in said("02-five", 100_000)
    first = cluster.etcd.history(SHOP)[0].mod_revision
    assert "the shop wants 2" in said("02-five", first)
    shown = next(
        kv.mod_revision
        for kv in cluster.etcd.history(SHOP)
        if kv.mod_revision > truth and kv.value["spec"]["replicas"] != 5 and kv.value["status"].get("replicas") == 5
    )
    told = said("02-five", shown)
    assert "status.replicas is 5" in told
    assert "what there was?" in told
    sets = next(record for record in cluster.trace if record.subject.startswith("replicasets/default/shop-"))
    told = said("02-five", next(one.revision for one in cluster.trace.about(sets.subject) if one.revision))
    assert "The ReplicaSet was told by somebody" in told
    assert "Hint:" in told
    assert 'solution("02-five")' in told
    pods = next(one.revision for one in cluster.trace if one.revision and one.subject.startswith("pods/default/"))
    assert "Which key holds the Deployment" in said("02-five", pods)


def test_the_order_of_the_morning_depends_on_the_seed() -> None:
    orders = {tuple(_wanted(busy_morning(cluster_of(seed)))) for seed in (1, 2, 3)}
    assert len(orders) > 1


def _wanted(cluster: Cluster) -> list[int]:
    found: list[int] = []
    for kv in cluster.etcd.history(SHOP):
        if not found or found[-1] != kv.value["spec"]["replicas"]:
            found.append(kv.value["spec"]["replicas"])
    return found


def ask(cluster: Any, revision: Any, **others: Any) -> Any:
    query = {"watch": 1, "resourceVersion": revision, "timeoutSeconds": 1, **others}
    return cluster.request("GET", MAPS, {key: value for key, value in query.items() if value is not None})


def listed(cluster: Any) -> str:
    return str(cluster.request("GET", MAPS).body["metadata"]["resourceVersion"])


def test_catching_up() -> None:
    cluster = cluster_of()
    before = (cluster.revision, cluster.clock.now_ms)
    assert "wants your function" in said("02-catch-up")
    run_solution("02-catch-up", cluster)
    assert "it missed nothing" in said("02-catch-up", run_solution("02-catch-up", cluster)["catch_up"])
    assert (cluster.revision, cluster.clock.now_ms) == before


def _never_lists(cluster: Any, seen: int) -> None:
    ask(cluster, seen)


def _always_lists(cluster: Any, seen: int) -> None:
    ask(cluster, seen)
    ask(cluster, listed(cluster))


def _watches_from_the_old_one(cluster: Any, seen: int) -> None:
    if ask(cluster, seen).body[0]["type"] == "ERROR":
        listed(cluster)
        ask(cluster, seen)


def _does_not_watch(cluster: Any, seen: int) -> None:
    listed(cluster)


def _begins_elsewhere(cluster: Any, seen: int) -> None:
    ask(cluster, 1)


def _never_ends(cluster: Any, seen: int) -> None:
    ask(cluster, seen, timeoutSeconds=None)


def _fails(cluster: Any, seen: int) -> None:
    raise KeyError("metadata")


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (_never_lists, "told 410 and left it at that"),
        (_always_lists, "although it need not"),
        (_watches_from_the_old_one, "does not watch on from the list"),
        (_does_not_watch, "never watched"),
        (_begins_elsewhere, "did not begin at revision"),
        (_never_ends, "a watch that never ends"),
        (_fails, "Your function failed: KeyError"),
    ],
)
def test_catching_up_in_wrong_ways(function: Any, words: str) -> None:
    cluster_of()
    assert words in said("02-catch-up", function)


def test_the_seat() -> None:
    cluster = cluster_of()
    assert "There is no key /course/seat" in said("02-seat")
    free = 'version("/course/seat") = "0"'
    cluster.etcd.txn(free, success="put /course/seat ann")
    assert "Nobody has written down" in said("02-seat")
    cluster.etcd.put("/course/lost", "eve")
    assert "/course/lost says 'eve'" in said("02-seat")
    run_solution("02-seat", cluster)
    assert "/course/lost says 'ann'" not in said("02-seat")
    cluster.etcd.put("/course/seat", "bob")
    assert "The seat was written 2 times" in said("02-seat")
    cluster = cluster_of()
    cluster.etcd.put("/course/seat", "bob")
    assert "On the seat sits 'bob'" in said("02-seat")
    cluster = cluster_of()
    run_solution("02-seat", cluster)
    assert "Ann sits since revision" in said("02-seat")


def test_the_solution_of_five_finds_it(capsys: pytest.CaptureFixture[str]) -> None:
    cluster = busy_morning(cluster_of())
    run_solution("02-five", cluster)
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    first = next(int(revision) for revision, wanted in printed if wanted == "5")
    assert "done" in said("02-five", first)


def test_predictions() -> None:
    cluster = cluster_of()
    for name in ("02-count", "02-delete", "02-two-writers", "02-compact"):
        predict(name, 2)
        assert "nothing to compare" in repr(compare(name)), name
    kubectl("create configmap tea --from-literal=kind=green")
    kubectl("create deployment web --image=nginx --replicas=3")
    kubectl("annotate configmap tea cups=2")
    assert "It was: 3. by 30 or more" in repr(compare("02-count"))
    kubectl("create configmap note --from-literal=text=hello")
    kubectl("delete configmap note")
    assert "It was: 3. what it was, and a mark" in repr(compare("02-delete"))
    both = cluster.get("configmap/tea")
    for text in ("ann", "bob"):
        cluster.request("PUT", f"{MAPS}/tea", body={**both, "data": {"kind": text}})
    assert repr(compare("02-two-writers")).startswith("✔")
    assert cluster.get("configmap/tea")["data"] == {"kind": "ann"}
    cluster.etcd.compact(cluster.revision)
    assert repr(compare("02-compact")).startswith("✔")
