"""The picture of the scheduling queue: who waits where, for what, until when."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.scheduler.framework import OK, Plugin, PluginError, Status, wait
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from cp_sim.views import queue_words, scheduling_queue
from cp_sim.views.slots import Slots
from cp_sim.views.view import View

PRIORITY = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1_000}


class Gang(Plugin):
    """Lets the members of a gang wait for each other."""

    name = "Gang"

    def permit(self, state: Any, pod: Any, node: str) -> Status:
        return wait("60s") if pod.name.startswith("gang") else OK


class Cursed(Plugin):
    """Fails for cursed pods."""

    name = "Cursed"

    def filter_node(self, pod: dict[str, Any], node: dict[str, Any]) -> str | None:
        if pod["metadata"]["name"].startswith("cursed"):
            raise PluginError("it fell over")
        return None


def add(cluster: Cluster, name: str, cpu: str, **spec: Any) -> None:
    container = {"name": "main", "image": "nginx", "resources": {"requests": {"cpu": cpu}}}
    metadata = {"name": name, "annotations": {"cp-sim/behaviour": "term-20s"}}
    cluster.apply(
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container], **spec}}
    )


@pytest.fixture(scope="module")
def busy() -> Cluster:
    """A cluster with somebody in every part of the queue."""
    cluster = Cluster(workers=1, seed=7, scheduler_profiles=(*DEFAULT_PLUGINS, Gang(), Cursed()))
    cluster.apply(PRIORITY)
    add(cluster, "web-1", "3")
    cluster.run("3s")
    add(cluster, "gang-1", "200m")
    add(cluster, "gated", "1", schedulingGates=[{"name": "example.com/quota"}, {"name": "example.com/review"}])
    add(cluster, "picky", "100m", nodeSelector={"disk": "ssd"})
    add(cluster, "vip", "3", priorityClassName="high")
    add(cluster, "cursed", "100m")
    cluster.run("500ms")
    return cluster


def lines(view: View) -> dict[str, str]:
    """{pod: its line of the text twin}."""
    found = [line.strip() for line in str(view).splitlines() if line.startswith("  ")]
    return {line.partition(":")[0]: line.partition(": ")[2] for line in found}


def test_every_pod_says_for_what_it_waits_and_until_when(busy: Cluster) -> None:
    view = scheduling_queue(busy)
    told = lines(view)
    assert told["default/gated"] == "0 attempts; gates example.com/quota, example.com/review"
    assert told["default/gang-1"] == "1 attempt; has worker-1; waits for the word of Gang until 1m04s"
    assert told["default/picky"] == (
        "1 attempt; rejected by TaintToleration, NodeAffinity; until a node is added, a node's taints change or it is "
        "uncordoned, a node's labels change or the pod gets a toleration; anyway at 5m31s"
    )
    assert told["default/vip"].endswith("anyway at 5m31s; nominated to worker-1")
    assert told["default/cursed"].startswith("1 attempt; after an error, again at ")
    for place, number in (("gated", 1), ("on the way", 1), ("unschedulable", 2), ("back-off", 1)):
        assert f"\n{place}: {number} (" in str(view)
    assert "active: none (tried in this order)" in str(view)


def test_the_picture_has_a_box_for_each_and_a_bar_for_the_back_off(busy: Cluster) -> None:
    view = scheduling_queue(busy)
    for name in ("gated", "gang-1", "picky", "vip", "cursed"):
        assert f'id="pods/default/{name}"' in view.svg
        assert view.details[f"pods/default/{name}"].startswith(f"default/{name}: ")
    assert "back-off from" in view.details["pods/default/cursed#backoff"]
    assert "nominated to worker-1" in view.svg
    for move in ("gated->active", "active->in flight", "in flight->unschedulable", "unschedulable->backoff"):
        assert f"move/{move}" in view.graph.source


def place_of(view: View, identity: str) -> str:
    return view.graph.source.split(f'"{identity}"', 1)[1].split('pos="')[1].split('"')[0]


def test_who_has_a_row_keeps_it_and_many_are_counted() -> None:
    cluster, slots = Cluster(workers=1, seed=7), Slots()
    for number in range(5):
        add(cluster, f"huge-{number}", "40")
    cluster.settle()
    first = scheduling_queue(cluster, slots=slots)
    cluster.delete("pod/huge-1")
    cluster.settle()
    second = scheduling_queue(cluster, slots=slots)
    for number in (0, 2, 3, 4):
        identity = f"pods/default/huge-{number}"
        assert place_of(first, identity) == place_of(second, identity)
    without = scheduling_queue(cluster)
    assert place_of(without, "pods/default/huge-2") != place_of(first, "pods/default/huge-2"), "the control: it moves"
    for number in range(5, 20):
        add(cluster, f"huge-{number}", "40")
    cluster.settle()
    many = scheduling_queue(cluster, slots=slots)
    assert "+14" in many.svg
    assert "14 more pods" in many.details["queue/unschedulable#more"]
    assert "unschedulable: 19 (" in str(many)


@pytest.mark.parametrize(
    ("kinds", "words", "short"),
    [
        ((), "time has passed", ""),
        (("nodes/add",), "a node is added", "a new node"),
        (("nodes/add", "pods/delete"), "a pod leaves a node or a node is added", "a pod leaving, a new node"),
        (
            ("persistentvolumeclaims/add", "storageclasses/update"),
            "a claim is added or a storage class changes",
            "a claim is added, a storage class changes",
        ),
        (("foos/delete",), "foos goes", "foos goes"),
    ],
)
def test_changes_in_words(kinds: tuple[str, ...], words: str, short: str) -> None:
    assert queue_words.all_changes(kinds) == words
    assert queue_words.all_changes(kinds, short=True) == short


def test_every_change_that_a_default_plugin_hears_has_words() -> None:
    for plugin in DEFAULT_PLUGINS:
        for kind in plugin.moved_by:
            assert "/" not in queue_words.change(kind)
