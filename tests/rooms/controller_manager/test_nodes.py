"""Nodes: conditions, taints, zones, evictions. Source: pkg/controller/{nodelifecycle,tainteviction}."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.client.plan import Delete, Emit, Patch, Together, Update
from cp_sim.controller_manager import nodelifecycle, tainteviction, ttl, zones
from cp_sim.controller_manager.zones import FULL, NORMAL, PARTIAL, Zone, handle_disruption
from cp_sim.objects.edit import put
from tests.rooms.controller_manager.makers import node, pod

Object = dict[str, Any]


def with_condition(obj: Object, type_: str, status: str) -> Object:
    conditions = [c for c in obj["status"]["conditions"] if c["type"] != type_]
    return put(obj, "status.conditions", [*conditions, {"type": type_, "status": status}])


# -- one node --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type_", "status", "taint"),
    [
        ("Ready", "False", "node.kubernetes.io/not-ready"),
        ("Ready", "Unknown", "node.kubernetes.io/unreachable"),
        ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
        ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
        ("MemoryPressure", "Unknown", None),
        ("NetworkUnavailable", "Unknown", None),
        ("Ready", "True", None),
    ],
)
def test_conditions_put_taints_on_a_node(type_: str, status: str, taint: str | None) -> None:
    plan = nodelifecycle.reconcile(with_condition(node(), type_, status), [], 7_000)
    if taint is None:
        assert plan.actions == ()
        return
    (update,) = plan.actions
    wanted = {"key": taint, "effect": "NoSchedule", "timeAdded": "2026-01-01T00:00:07Z"}
    assert update.object["spec"]["taints"] == [wanted]
    assert nodelifecycle.reconcile(with_condition(update.object, type_, "Fine"), [], 0).actions != ()


def test_cordoning_puts_a_taint_and_uncordoning_takes_it_away() -> None:
    (update,) = nodelifecycle.reconcile(node(spec={"unschedulable": True}), [], 0).actions
    assert update.object["spec"]["taints"][0]["key"] == nodelifecycle.UNSCHEDULABLE
    uncordoned = {**update.object, "spec": {"taints": update.object["spec"]["taints"]}}
    (again,) = nodelifecycle.reconcile(uncordoned, [], 0).actions
    assert again.object["spec"] == {}


def test_taints_of_users_are_left_alone() -> None:
    own = [{"key": "dedicated", "value": "db", "effect": "NoSchedule"}]
    assert nodelifecycle.reconcile(node(taints=own), [], 0).actions == ()


def test_a_silent_node_becomes_unknown_and_its_pods_not_ready() -> None:
    ready, unready = pod("a"), pod("b", ready=False)
    plan = nodelifecycle.reconcile(node(), [ready, unready], 60_000, silent=True)
    status, told, together, event, taint = plan.actions
    assert isinstance(status, Update)
    assert status.subresource == "status"
    assert {c["type"]: c["status"] for c in status.object["status"]["conditions"]} == dict.fromkeys(
        nodelifecycle.KUBELET_CONDITIONS, "Unknown"
    )
    assert {c["reason"] for c in status.object["status"]["conditions"]} == {"NodeStatusUnknown"}
    assert told.message == "Node n1 status is now: NodeNotReady"
    assert [patch.name for patch in together.actions] == ["a"]
    assert (event.type, event.message) == ("Warning", "Node is not ready")
    assert taint.object["spec"]["taints"][0]["key"] == nodelifecycle.UNREACHABLE
    assert "nothing was heard of n1" in plan.because


def test_a_node_that_never_spoke_has_never_posted_anything() -> None:
    mute = put(node(), "status", {})
    lost = nodelifecycle.with_unknown_conditions(mute, 60_000)
    assert {c["reason"] for c in lost["status"]["conditions"]} == {"NodeStatusNeverUpdated"}
    plan = nodelifecycle.reconcile(mute, [], 60_000, silent=True)
    assert not [action for action in plan.actions if isinstance(action, Emit)]


def test_a_kubelet_that_says_not_ready_leaves_its_pods_alone() -> None:
    plan = nodelifecycle.reconcile(node(ready="False"), [pod("a")], 0)
    assert not [action for action in plan.actions if isinstance(action, Emit | Together)]


def test_the_evicting_taint_comes_when_its_turn_has_come_and_goes_with_the_return() -> None:
    lost = node(ready="Unknown", taints=[{"key": nodelifecycle.UNREACHABLE, "effect": "NoSchedule"}])
    assert nodelifecycle.reconcile(lost, [], 0).actions == ()
    (update,) = nodelifecycle.reconcile(lost, [], 0, may_evict=True).actions
    assert [t["effect"] for t in update.object["spec"]["taints"]] == ["NoSchedule", "NoExecute"]
    back = with_condition(update.object, "Ready", "True")
    first, second = nodelifecycle.reconcile(back, [], 0, reachable=True).actions
    assert [t["effect"] for t in first.object["spec"]["taints"]] == ["NoExecute"]
    assert "taints" not in second.object["spec"]


def test_one_evicting_taint_takes_the_place_of_the_other() -> None:
    taints = [{"key": nodelifecycle.UNREACHABLE, "effect": effect} for effect in ("NoSchedule", "NoExecute")]
    plan = nodelifecycle.reconcile(node(ready="False", taints=taints), [], 0, may_evict=True)
    left = [(t["key"], t["effect"]) for t in plan.actions[-1].object["spec"]["taints"]]
    assert sorted(left) == [(nodelifecycle.NOT_READY, "NoExecute"), (nodelifecycle.NOT_READY, "NoSchedule")]


def test_older_labels_repeat_the_newer_ones() -> None:
    tags = {"kubernetes.io/os": "linux", "topology.kubernetes.io/zone": "a"}
    labelled = nodelifecycle.with_labels(node(labels=tags))
    assert labelled["metadata"]["labels"] == {**tags, "beta.kubernetes.io/os": "linux"}
    assert nodelifecycle.with_labels(labelled) is labelled


@pytest.mark.parametrize(("nodes", "seconds"), [(1, 0), (99, 0), (100, 15), (500, 30), (1_000, 60), (5_000, 300)])
def test_the_bigger_the_cluster_the_longer_kubelets_keep_what_they_read(nodes: int, seconds: int) -> None:
    (patch,) = ttl.reconcile(node(), nodes).actions
    assert patch.patch["metadata"]["annotations"] == {ttl.ANNOTATION: str(seconds)}


# -- zones -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ready", "not_ready", "state"),
    [
        (3, 0, NORMAL),
        (0, 0, NORMAL),
        (0, 1, FULL),
        (1, 2, NORMAL),  # two are too few to call it a disruption
        (2, 4, PARTIAL),
        (4, 4, NORMAL),
        (9, 11, PARTIAL),
        (10, 11, NORMAL),
        (0, 50, FULL),
    ],
)
def test_the_state_of_a_zone(ready: int, not_ready: int, state: str) -> None:
    assert zones.state_of(ready, not_ready) == state


def test_a_zone_lets_one_node_through_every_ten_seconds() -> None:
    zone = Zone(waiting={"a": None, "b": None})
    assert zone.take(0) == "a"
    assert zone.take(9_999) is None
    assert zone.take(10_000) == "b"
    assert zone.take(60_000) is None


@pytest.mark.parametrize(("size", "interval"), [(50, None), (51, 100_000)])
def test_a_partly_disrupted_zone_is_evicted_slowly_or_not_at_all(size: int, interval: int | None) -> None:
    assert zones.interval_ms(PARTIAL, size) == interval


def test_when_everything_is_down_nobody_is_evicted() -> None:
    both = {"a": Zone(ready=0, not_ready=2), "b": Zone(ready=1, not_ready=0)}
    assert handle_disruption(both, 0) == ""
    assert (both["a"].state, both["a"].interval_ms) == (FULL, 10_000)
    both["b"].ready, both["b"].not_ready = 0, 1
    assert handle_disruption(both, 5_000) == "entered"
    both["a"].waiting["n1"] = None
    assert both["a"].take(100_000) is None
    both["b"].ready, both["b"].not_ready = 1, 0
    assert handle_disruption(both, 200_000) == "left"
    assert both["a"].take(200_000) is None  # the bucket begins empty
    assert both["a"].take(210_000) == "n1"


# -- evictions -------------------------------------------------------------------------------------------------------

MAINT = {"key": "maint", "value": "yes", "effect": "NoExecute"}
LOST = {"key": nodelifecycle.UNREACHABLE, "effect": "NoExecute"}


@pytest.mark.parametrize(
    ("taints", "tolerations", "stays"),
    [
        ([MAINT], [], 0),
        ([], [], None),
        ([MAINT], [{"operator": "Exists"}], None),
        ([MAINT], [{"key": "maint", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 3}], 3_000),
        ([MAINT], [{"key": "maint", "operator": "Equal", "value": "yes", "tolerationSeconds": 60}], 60_000),
        ([MAINT], [{"key": "maint", "value": "no"}], 0),
        ([MAINT], [{"key": "maint", "operator": "Exists", "effect": "NoSchedule"}], 0),
        ([MAINT], [{"key": "maint", "operator": "Exists", "tolerationSeconds": -1}], 0),
        ([MAINT, LOST], [{"key": "maint", "operator": "Exists", "tolerationSeconds": 5}], 0),
        (
            [MAINT, LOST],
            [
                {"key": "maint", "operator": "Exists", "tolerationSeconds": 50},
                {"key": nodelifecycle.UNREACHABLE, "operator": "Exists", "tolerationSeconds": 20},
            ],
            20_000,
        ),
        (
            [LOST],
            [{"key": nodelifecycle.UNREACHABLE, "operator": "Exists"}, {"operator": "Exists", "tolerationSeconds": 1}],
            None,  # the first toleration that covers a taint is the one that is used
        ),
        (
            [{"key": "load", "value": "7", "effect": "NoExecute"}],
            [{"key": "load", "operator": "Gt", "value": "5"}],
            None,
        ),
        ([{"key": "load", "value": "7", "effect": "NoExecute"}], [{"key": "load", "operator": "Lt", "value": "5"}], 0),
    ],
)
def test_how_long_a_pod_may_stay(taints: list[Object], tolerations: list[Object], stays: int | None) -> None:
    assert tainteviction.stays_ms(taints, tolerations) == stays


def test_an_eviction_is_told_marked_and_done() -> None:
    told, marked, done = tainteviction.evict(pod("a"), [MAINT], 0).actions
    assert told.message == "Marking for deletion Pod default/a"
    assert isinstance(marked, Patch)
    assert marked.patch["status"]["conditions"][0]["reason"] == "DeletionByTaintManager"
    assert isinstance(done, Delete)
