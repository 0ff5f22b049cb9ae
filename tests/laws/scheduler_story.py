"""A whole scheduler with API server and store, played with what may happen to it, and what has to hold throughout.

Every pod that this scheduler has to place is in exactly one place: in its queue, or on the way to a node.  When nothing
happens any more, nobody waits who fits somewhere, within the time of a flush and the longest back-off.
"""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call
from cp_sim.client.network import ClusterNetwork
from cp_sim.objects import meta
from cp_sim.scheduler import Scheduler, cycle
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.decision import SCHEDULED
from cp_sim.scheduler.framework import Plugin, PluginError
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.scheduling_queue import ACTIVE, BACKOFF, GATED, WAITING
from tests.rooms.scheduler.cluster_parts import ZONE, Object, World, node, pod

PODS = ("a", "b", "c", "d", "e", "f")
NODES = ("n1", "n2", "n3")
TAINT = {"key": "dedicated", "effect": "NoSchedule"}
TOLERATION = {"key": "dedicated", "operator": "Exists"}
AWAY = {
    "podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "web"}}}
        ]
    }
}
# What a pod may be like, and a node.
KINDS: dict[str, Object] = {
    "small": {"cpu": "2"},
    "large": {"cpu": "3"},
    "gated": {"cpu": "1", "schedulingGates": [{"name": "wait"}]},
    "zoned": {"cpu": "1", "nodeSelector": {ZONE: "b"}},
    "alone": {"cpu": "2", "labels": {"app": "web"}, "affinity": AWAY},
    "web": {"cpu": "2", "labels": {"app": "web"}},
    "port": {"cpu": "1", "ports": [{"containerPort": 80, "hostPort": 80}]},
    "vip": {"cpu": "3", "priorityClassName": "high"},
}
# Longer than a flush, the half minute between two looks, and the longest back-off.
LONG_MS = 300_000 + 2 * 30_000 + 20_000


class Faulty(Plugin):
    """Fails for some pods, as long as it is told to."""

    name = "Faulty"

    def __init__(self) -> None:
        self.fails_for: dict[str, None] = {}

    def filter_node(self, pod: Object, node: Object) -> str | None:
        if meta.name(pod) in self.fails_for:
            raise PluginError("this plugin fails")
        return None


class Story:
    """One world and what is done to it."""

    def __init__(self, seed: int = 7, make: Any = Scheduler) -> None:
        self.make = make
        self.world = World(seed=seed)
        self._replace()
        self.world.loop.network = ClusterNetwork()
        for name, value in (("high", 1_000), ("low", 1)):
            body = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
            self.ask("create", "priorityclasses.scheduling.k8s.io", "", body={**body, "value": value})
        self.world.loop.settle()

    @property
    def scheduler(self) -> Scheduler:
        return self.world.scheduler

    def ask(self, verb: str, resource: str, name: str, subresource: str = "", body: Any = None, **options: Any) -> None:
        """Ask the API server for something and do not wait; it may be refused."""
        namespace = "default" if resource == "pods" else ""
        kind = "strategic" if verb == "patch" else ""
        self.world.user.api.send(Call(verb, resource, namespace, name, subresource, body, options, kind))

    # -- what may happen ---------------------------------------------------------------------------------------------

    def create(self, name: str, kind: str) -> None:
        self.ask("create", "pods", "", body=pod(name, terminationGracePeriodSeconds=1, **KINDS[kind]))

    def delete(self, name: str) -> None:
        self.ask("delete", "pods", name, gracePeriodSeconds=0)

    def ungate(self, name: str) -> None:
        patch = {"spec": {"$setElementOrder/schedulingGates": [], "schedulingGates": None}}
        self.ask("patch", "pods", name, body=patch)

    def tolerate(self, name: str) -> None:
        found = self._pod(name)
        if found is not None:
            tolerations = [*(found["spec"].get("tolerations") or ()), TOLERATION]
            self.ask("patch", "pods", name, body={"spec": {"tolerations": tolerations}})

    def relabel(self, name: str, app: str) -> None:
        self.ask("patch", "pods", name, body={"metadata": {"labels": {"app": app}}})

    def bind(self, name: str, to: str) -> None:
        """Somebody else places the pod: whoever comes second gets a conflict."""
        target = {"apiVersion": "v1", "kind": "Node", "name": to}
        body = {"apiVersion": "v1", "kind": "Binding", "metadata": {"name": name}, "target": target}
        self.ask("create", "pods", name, "binding", body)

    def add_node(self, name: str, cpu: int, zone: str) -> None:
        self.ask("create", "nodes", "", body=node(name, cpu=str(cpu), labels={ZONE: zone}))
        self.ask("patch", "nodes", name, body={"spec": {"taints": None}})

    def remove_node(self, name: str) -> None:
        self.ask("delete", "nodes", name)
        for one in self.scheduler.pods.list("default"):
            if meta.node_name(one) == name:
                self.delete(meta.name(one))

    def taint(self, name: str, on: bool) -> None:
        self.ask("patch", "nodes", name, body={"spec": {"taints": [TAINT] if on else None}})

    def cordon(self, name: str, on: bool) -> None:
        self.ask("patch", "nodes", name, body={"spec": {"unschedulable": on or None}})

    def zone(self, name: str, zone: str) -> None:
        self.ask("patch", "nodes", name, body={"metadata": {"labels": {ZONE: zone}}})

    def fail(self, name: str, on: bool) -> None:
        faulty = self.scheduler.profiles["default-scheduler"].by_name["Faulty"]
        assert isinstance(faulty, Faulty)
        if on:
            faulty.fails_for[name] = None
        else:
            faulty.fails_for.pop(name, None)

    def restart(self) -> None:
        """The scheduler ends without a word, and another takes its place."""
        self.scheduler.api.close()
        self._replace()

    def time(self, milliseconds: int) -> None:
        self.world.loop.run(milliseconds)
        self.kubelets()

    def kubelets(self) -> None:
        """Pods on nodes that are to go are gone."""
        for one in self.scheduler.pods.list("default"):
            if meta.is_deleting(one) and meta.node_name(one):
                self.delete(meta.name(one))

    # -- what has to hold --------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Every pod that is to be placed is in exactly one place."""
        scheduler = self.scheduler
        if not scheduler.informers.synced:
            return
        queue, assumed = scheduler.queue, scheduler.cache.assumed
        pending = {
            meta.uid(one): meta.name(one)
            for one in scheduler.pods.list("default")
            if not meta.node_name(one) and not meta.is_deleting(one) and not meta.is_finished(one)
        }
        for uid, name in pending.items():
            assert (uid in queue) + (uid in assumed) == 1, f"{name} is in {self._where(uid) or 'no place'}"
        for uid, one in queue.pods.items():
            assert uid in pending, f"{one.pod.name} is not pending and {one.place}"
            assert one.place in (ACTIVE, BACKOFF, WAITING, GATED), f"{one.pod.name} is {one.place} between two steps"
        assert set(assumed) <= set(pending), "somebody is on the way to a node who need not be placed"
        assert not len(queue.in_flight), "nobody waits between two steps whether he may be bound"

    def _where(self, uid: str) -> str:
        queue = self.scheduler.queue
        found = [queue.pods[uid].place] if uid in queue else []
        return " and ".join(found + (["on the way"] if uid in self.scheduler.cache.assumed else []))

    def end(self) -> None:
        """Let all come to rest, and look whether anybody waits who fits."""
        for name in PODS:
            self.fail(name, False)
        for _ in range(8):
            self.world.loop.settle()
            self.kubelets()
        for _ in range(3):
            self.time(LONG_MS)
        self.check()
        cache = self._seen_anew()
        profile = self.scheduler.profiles["default-scheduler"]
        for one in self.scheduler.pods.list("default"):
            if not meta.node_name(one) and not one["spec"].get("schedulingGates"):
                decision, _ = cycle.schedule(cache, profile, PodInfo(one), cycle.Room())
                assert decision.result != SCHEDULED, f"{meta.name(one)} waits although {decision.node} takes it"
                assert decision.preemption is None, f"{meta.name(one)} waits although it may push out others"

    def _seen_anew(self) -> Cache:
        """The cluster as somebody sees it who has just come."""
        cache = Cache()
        for one in self.scheduler.nodes.list():
            cache.put_node(one)
        for one in self.scheduler.pods.list("default"):
            if meta.node_name(one):
                cache.put_pod(PodInfo(one), meta.node_name(one))
        return cache

    def _pod(self, name: str) -> Object | None:
        return self.scheduler.pods.get(f"default/{name}")

    def _replace(self) -> None:
        self.world.loop.remove("kube-scheduler")
        self.world.scheduler = self.make(profiles=(*DEFAULT_PLUGINS, Faulty()))
        self.world.loop.add(self.world.scheduler)


def play(steps: list[tuple[Any, ...]], story: Story) -> None:
    """Do one thing after the other; now and then the messages that are on their way arrive."""
    for word, *rest in steps:
        getattr(story, word)(*rest)
        story.check()
    story.end()
