"""What if?  The answer is what really happens in a fork with the change, and asking changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cp_sim import Cluster
from cp_sim.objects import meta
from cp_sim.scheduler import columns
from cp_sim.scheduler.framework import Plugin
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from cp_sim.views import decision

Change = Callable[[Cluster], Any]
CONTROL_PLANE = "node-role.kubernetes.io/control-plane:NoSchedule"


def pod(name: str, cpu: str = "", **spec: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": "nginx:1.27"}
    if cpu:
        container["resources"] = {"requests": {"cpu": cpu}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": {"containers": [container], **spec}}


def with_pods(seed: int = 7, workers: int = 3) -> Cluster:
    cluster = Cluster(workers=workers, seed=seed).settle()
    for name, cpu in (("web-1", "500m"), ("web-2", "500m"), ("db-0", "2")):
        cluster.apply(pod(name, cpu))
        cluster.settle()
    return cluster


def really(cluster: Cluster, made: dict[str, Any], change: Change | None = None) -> str | None:
    """Where the pod goes when it is really created, in a fork that the change was made to."""
    fork = cluster.fork()
    if change is not None:
        change(fork)
        fork.settle()
    fork.apply(made)
    fork.settle()
    return meta.node_name(fork.get(f"pod/{meta.name(made)}")) or None


# -- the answer is what happens -------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_a_tie_is_drawn_as_it_will_be(seed: int) -> None:
    cluster = Cluster(workers=5, seed=seed).settle()
    for number in range(4):
        made = pod(f"web-{number}", "250m")
        thought = cluster.what_if(made)
        assert thought.before.node == thought.after.node == really(cluster, made), (seed, number)
        cluster.apply(made)
        cluster.settle()


def test_ties_were_drawn() -> None:
    """The control of the test above: with other chance another node is taken."""
    nodes = {Cluster(workers=5, seed=seed).settle().what_if(pod("web", "250m")).after.node for seed in range(6)}
    assert len(nodes) > 2


def add_big(cluster: Cluster) -> None:
    cluster.add_node("worker-4", cpu="16")


def cordon_two(cluster: Cluster) -> None:
    cluster.cordon("worker-1")
    cluster.cordon("worker-2")


def untaint(cluster: Cluster) -> None:
    cluster.taint("control-plane-1", CONTROL_PLANE + "-")


def label(cluster: Cluster) -> None:
    cluster.label("node/worker-2", "disk=ssd")


def remove(cluster: Cluster) -> None:
    cluster.delete("pod/db-0", grace_s=0)


WAYS: dict[str, tuple[dict[str, Any], dict[str, Any], Change]] = {
    "a node more": (pod("new", "3500m"), {"add_node": {"name": "worker-4", "cpu": "16"}}, add_big),
    "nodes cordoned": (pod("new", "1"), {"cordon": ["worker-1", "worker-2"]}, cordon_two),
    "a taint less": (pod("new", "3500m"), {"taint": {"control-plane-1": CONTROL_PLANE + "-"}}, untaint),
    "a label": (pod("new", nodeSelector={"disk": "ssd"}), {"label_node": {"worker-2": "disk=ssd"}}, label),
    "a pod less": (pod("new", "4"), {"without": "pod/db-0"}, remove),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_change_around_the_pod(way: str) -> None:
    made, changes, change = WAYS[way]
    cluster = with_pods()
    thought = cluster.what_if(made, **changes)
    assert thought.before.node == really(cluster, made)
    assert thought.after.node == really(cluster, made, change)
    assert thought.changes
    assert len(thought.asked) == (2 if way == "nodes cordoned" else 1)


def test_a_change_of_the_pod() -> None:
    cluster = with_pods()
    small, large = pod("new", "1"), pod("new", "3")
    thought = cluster.what_if(small, requests={"cpu": "3"})
    assert (thought.before.node, thought.after.node) == (really(cluster, small), really(cluster, large))
    assert thought.asked == ("requests 3 cpu instead of 1",)
    key = {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}
    tolerant = pod("new", "3500m", tolerations=[key])
    thought = cluster.what_if(pod("new", "3500m"), tolerations=CONTROL_PLANE)
    assert thought.after.node == really(cluster, tolerant)
    assert cluster.what_if(pod("new"), node_selector={"disk": "ssd"}).after.node is None
    assert cluster.what_if(pod("new"), patch={"spec": {"schedulingGates": [{"name": "a/b"}]}}).after.result == "gated"


def test_another_priority_pushes_others_out() -> None:
    thought = with_pods(workers=1).what_if(pod("new", "3500m"), priority="system-cluster-critical")
    assert thought.before.preemption is None
    assert thought.after.preemption is not None
    assert thought.after.preemption.nominated == "worker-1"
    assert thought.conclusion == "It would push 2 pods out of worker-1, and wait until they are gone."


# -- a pod that is there --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_a_pod_that_is_there_is_as_if_placed_anew_and_stays_where_it_is_as_good(seed: int) -> None:
    cluster = Cluster(workers=4, seed=seed).settle()
    cluster.apply(pod("web-1", "500m"))
    cluster.settle()
    thought = cluster.what_if("pod/web-1")
    assert thought.now == cluster.get("pod/web-1")["spec"]["nodeName"]
    assert thought.before.node == thought.after.node == thought.now, seed
    assert thought.changes == ()
    assert thought.conclusion == f"It would stay on {thought.now}."


def test_its_own_requests_do_not_stand_in_its_way() -> None:
    cluster = Cluster(workers=1, seed=7).settle()
    cluster.apply(pod("web-1", "3"))
    cluster.settle()
    thought = cluster.what_if("pod/web-1", requests={"cpu": "3500m"})
    assert thought.after.node == "worker-1"
    assert cluster.what_if("pod/web-1", requests={"cpu": "5"}).conclusion == "No node would take it any more."


def test_the_next_pod_of_a_workload() -> None:
    cluster = Cluster(workers=2, seed=7).settle()
    spec = {"containers": pod("x", "1")["spec"]["containers"]}
    labels = {"app": "web"}
    cluster.apply(
        {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
         "spec": {"replicas": 1, "selector": {"matchLabels": labels},
                  "template": {"metadata": {"labels": labels}, "spec": spec}}}
    )  # fmt: skip
    cluster.settle()
    taken = meta.node_name(cluster.get("pods")[0])
    thought = cluster.what_if("deployment/web", requests={"cpu": "3500m"})
    assert thought.pod == "pod web-next"
    assert thought.after.node not in (None, taken)


# -- asking changes nothing -----------------------------------------------------------------------------------------


def state(cluster: Cluster) -> tuple[Any, ...]:
    """Everything that an answer might have touched."""
    scheduler: Any = cluster.loop.actors["kube-scheduler"]
    streams = {name: stream.getstate() for name, stream in cluster.loop.chance._streams.items()}
    return (
        cluster.revision, cluster.trace.next_id, cluster.clock.now_ms, len(cluster.journal), streams,
        scheduler.room.start, scheduler.cache.table.ordered_names, sorted(scheduler.cache.pods),
        sorted(scheduler.cache.nominated), columns.listed(scheduler.cache.all_nodes().requested("cpu")),
        len(cluster.loop.pending()),
    )  # fmt: skip


def test_asking_changes_nothing() -> None:
    cluster = with_pods()
    cluster.apply(pod("waits", "9"))
    cluster.settle()
    before = state(cluster)
    for what in ("pod/web-1", "pod/waits", pod("new", "3")):
        cluster.what_if(what, requests={"cpu": "3"}, add_node=["worker-8"], cordon="worker-1", without="pod/db-0")
        cluster.what_if(what, priority=100_000, remove_node="worker-2", taint={"worker-1": "a:NoExecute"})
    assert state(cluster) == before


def test_two_worlds_go_on_alike_when_one_was_asked() -> None:
    asked, silent = with_pods(), with_pods()
    for number in range(4):
        for cluster in (asked, silent):
            if cluster is asked:
                cluster.what_if(pod("new"), add_node="worker-9")
            cluster.apply(pod(f"more-{number}"))
            cluster.settle()
    places = [[(meta.name(one), meta.node_name(one)) for one in cluster.get("pods")] for cluster in (asked, silent)]
    assert places[0] == places[1]
    assert asked.revision == silent.revision


# -- of the past, and of several schedulers -------------------------------------------------------------------------


def test_of_the_past() -> None:
    cluster = with_pods()
    past = cluster.at(cluster.revision)
    cluster.cordon("worker-1")
    cluster.settle()
    assert past.what_if(pod("new", "1"), requests={"cpu": "2"}).before.verdicts()["worker-1"] is None
    assert cluster.what_if(pod("new", "1")).before.verdicts()["worker-1"] is not None


class OnlySecond(Plugin):
    name = "OnlySecond"

    def filter_node(self, pod: Any, node: Any) -> str | None:
        return None if node["metadata"]["name"] == "worker-2" else "it is not the second"


def test_a_plugin_of_ones_own_is_asked_now_and_in_the_past() -> None:
    cluster = Cluster(workers=3, seed=7, scheduler_profiles=DEFAULT_PLUGINS + (OnlySecond(),)).settle()
    for world in (cluster, cluster.at(cluster.revision)):
        thought = world.what_if(pod("new"), cordon="worker-2")
        assert (thought.before.node, thought.after.node) == ("worker-2", None)
    title, text = (getattr(decision(thought.before).panel("filters/OnlySecond"), name) for name in ("title", "text"))
    assert (title, text) == ("plugin OnlySecond", "It cut off 2 of the 4 nodes looked at.")


def test_of_several_schedulers_the_one_that_leads() -> None:
    cluster = Cluster(control_planes=3, workers=2, seed=7)
    cluster.run("30s")
    made = pod("new", "1")
    thought = cluster.what_if(made)
    fork = cluster.fork()
    fork.apply(made)
    fork.run("10s")
    assert thought.after.node == meta.node_name(fork.get("pod/new"))


# -- bad input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cordon": "wroker-1"}, "there is no node wroker-1; do you mean worker-1"),
        ({"requests": {"cpu": "lots"}}, "'lots' is no amount of cpu: write it as in a manifest"),
        ({"requests": {"cpu": "-1"}}, "must be greater than or equal to 0"),
        ({"priority": "hihg"}, "there is no PriorityClass hihg; there are system-cluster-critical"),
        ({"taint": "gpu:NoSchedule"}, 'taint wants the node and the change, such as taint={"worker-1": '),
        ({"taint": {"worker-1": "gpu"}}, "is not a taint: write"),
        ({"label_node": {"worker-1": "disk"}}, 'is no label: write "key=value"'),
        ({"tolerations": "gpu"}, "is not a taint: write"),
        ({"without": "pod/web-3"}, "there is no pod default/web-3; do you mean default/web-"),
        ({"add_node": "worker-1"}, "there is already a node called worker-1"),
        ({"add_node": {"name": "worker-4", "cpus": "4"}}, "has no 'cpus'; do you mean cpu?"),
        ({"add_node": "Worker"}, "a node cannot be called 'Worker'"),
        ({"patch": {"spec": {"nodeSelecter": {}}}}, 'unknown field "spec.nodeSelecter"'),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(changes: dict[str, Any], said: str) -> None:
    with pytest.raises((LookupError, ValueError)) as wrong:
        with_pods().what_if("pod/web-1", **changes)
    assert said in str(wrong.value)
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("pod/web-9", "there is no pod web-9 in namespace default; do you mean web-"),
        ("pods", 'such as "pod/web-1" or "deployment/web", not "pods"'),
        ("node/worker-1", "node/worker-1 makes none"),
        (pod("x", schedulerName="mine"), "asks for the scheduler mine; there is default-scheduler"),
        ({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": {}}, "spec.containers: Required value"),
    ],
)
def test_what_is_no_pod_is_told_in_a_sentence(what: Any, said: str) -> None:
    with pytest.raises((LookupError, ValueError)) as wrong:
        with_pods().what_if(what)
    assert said in str(wrong.value)


def test_in_words() -> None:
    cluster = with_pods()
    told = str(cluster.what_if("pod/db-0", requests={"cpu": "9"})).split("\n")
    assert told[0].startswith("pod db-0, which is on worker-")
    assert told[0].endswith("; what if: requests 9 cpu instead of 2?")
    assert any("it fits, " in line and " -> NodeResourcesFit: needs 9 cpu, " in line for line in told)
    assert told[-1] == "  No node would take it any more."


def test_a_long_patch_is_told_by_its_fields() -> None:
    cluster = Cluster(workers=1, seed=3)
    rule = {"maxSkew": 1, "topologyKey": "kubernetes.io/hostname", "whenUnsatisfiable": "ScheduleAnyway"}
    patch = {"spec": {"topologySpreadConstraints": [rule], "priority": 5}, "metadata": {"labels": {}}}
    (asked,) = cluster.what_if(pod("new"), patch=patch).asked
    assert asked == "patch of spec.topologySpreadConstraints, spec.priority, metadata.labels"
    (short,) = cluster.what_if(pod("new"), patch={"spec": {"hostNetwork": True}}).asked
    assert short == 'patch {"spec": {"hostNetwork": true}}'
