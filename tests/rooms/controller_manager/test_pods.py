"""Who goes first, who counts as available. Source: `ActivePodsWithRanks` in pkg/controller/controller_utils.go."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from cp_sim.controller_manager import pods
from tests.rooms.controller_manager.makers import pod, replica_set

NOW_MS = 10_000_000

# (why, the pod that goes, the pod that stays)
PAIRS: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("no node before a node", {"node": ""}, {"node": "n1"}),
    ("Pending before Running", {"phase": "Pending"}, {"phase": "Running"}),
    ("Unknown before Running", {"phase": "Unknown"}, {"phase": "Running"}),
    ("Pending before Unknown", {"phase": "Pending"}, {"phase": "Unknown"}),
    ("not ready before ready", {"ready": False}, {"ready": True}),
    ("a node counts more than readiness", {"node": "", "ready": True}, {"ready": False}),
    ("low deletion cost before high", {"cost": "-5"}, {"cost": "3"}),
    ("no deletion cost is 0", {"cost": None}, {"cost": "1"}),
    ("a deletion cost that is no number is 0", {"cost": "many"}, {"cost": "1"}),
    ("ready for a short time before ready for long", {"ready_at_ms": 9_990_000}, {"ready_at_ms": 1_000_000}),
    ("many restarts before few", {"restarts": 4}, {"restarts": 1}),
    ("young before old", {"created_ms": 9_990_000}, {"created_ms": 1_000_000}),
    ("same power of two: smallest uid", {"uid": "a", "ready_at_ms": 5_000_000}, {"uid": "b", "ready_at_ms": 5_100_000}),
    ("equal in everything: smallest uid", {"uid": "a"}, {"uid": "b"}),
]


@pytest.mark.parametrize(("why", "goes", "stays"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_of_two_pods_the_less_useful_one_goes(why: str, goes: dict[str, Any], stays: dict[str, Any]) -> None:
    both = [pod("first", **goes), pod("second", **stays)]
    for order in permutations(both):
        chosen = pods.victims(list(order), [], 1, NOW_MS)
        assert [p["metadata"]["name"] for p in chosen] == ["first"], why


def test_a_pod_that_shares_its_node_goes_before_a_younger_one_that_is_alone() -> None:
    crowded = pod("crowded", node="n1", ready_at_ms=0)
    alone = pod("alone", node="n2", ready_at_ms=NOW_MS - 1000)
    sibling = pod("sibling", node="n1")
    assert pods.victims([alone, crowded], [crowded, alone, sibling], 1, NOW_MS) == [crowded]
    assert pods.victims([alone, crowded], [], 1, NOW_MS) == [alone]


def test_a_finished_sibling_makes_no_node_crowded() -> None:
    crowded, alone = pod("a", node="n1", uid="z"), pod("b", node="n2", uid="a")
    finished = pod("done", node="n1", phase="Succeeded")
    assert pods.victims([crowded, alone], [crowded, alone, finished], 1, NOW_MS) == [alone]


def test_who_asks_for_all_gets_them_unsorted() -> None:
    some = [pod("b"), pod("a", ready=False)]
    assert pods.victims(some, [], 2, NOW_MS) == some


@pytest.mark.parametrize(
    ("ready", "since_ms", "min_ready_s", "now_ms", "wanted"),
    [
        (True, 0, 0, 0, True),
        (False, 0, 0, 0, False),
        (True, 1_000, 5, 5_999, False),
        (True, 1_000, 5, 6_000, True),
        (False, 1_000, 5, 60_000, False),
    ],
)
def test_availability_begins_min_ready_seconds_after_ready(
    ready: bool, since_ms: int, min_ready_s: int, now_ms: int, wanted: bool
) -> None:
    assert pods.is_available(pod("a", ready=ready, ready_at_ms=since_ms), min_ready_s, now_ms) is wanted


def test_the_next_availability_is_that_of_the_pod_ready_longest() -> None:
    some = [pod("a", ready_at_ms=4_000), pod("b", ready_at_ms=2_000), pod("c", ready=False)]
    assert pods.next_availability_ms(some, 10, 5_000) == 7_000
    assert pods.next_availability_ms(some, 0, 5_000) is None
    assert pods.next_availability_ms(some, 10, 60_000) is None


def test_a_pod_from_a_template_knows_its_owner() -> None:
    owner = replica_set("web")
    made = pods.from_template(owner["spec"]["template"], owner)
    assert made["metadata"]["generateName"] == "web-"
    assert made["metadata"]["labels"] == {"app": "web"}
    assert made["metadata"]["ownerReferences"][0]["uid"] == "uid-web"
    assert made["metadata"]["ownerReferences"][0]["controller"] is True
