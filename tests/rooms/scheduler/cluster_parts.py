"""What the tests of this room build clusters from: manifests in a few words, and a world with only the parts needed."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.request import Call, Response
from cp_sim.client import Component
from cp_sim.etcd.etcd import Etcd
from cp_sim.scheduler import Decision, Scheduler, cycle
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.framework import Profile
from cp_sim.scheduler.plugins import default_profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.sim import Chance, Clock, Loop, Trace

Object = dict[str, Any]

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"


def node(name: str, cpu: str = "4", memory: str = "8Gi", pods: str = "110", **more: Any) -> Object:
    """A node; `labels`, `taints`, `unschedulable`, `images` and further `resources` by name."""
    labels = {HOSTNAME: name, **more.pop("labels", {})}
    amounts = {"cpu": cpu, "memory": memory, "pods": pods, **more.pop("resources", {})}
    status: Object = {"allocatable": amounts, "capacity": amounts}
    if "images" in more:
        status["images"] = more.pop("images")
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": more,
        "status": status,
    }


def pod(name: str = "web", cpu: str = "", memory: str = "", on: str = "", **more: Any) -> Object:
    """A pod with one container; `labels`, `namespace`, `requests` by name, everything else goes into the spec."""
    requests = {**({"cpu": cpu} if cpu else {}), **({"memory": memory} if memory else {}), **more.pop("requests", {})}
    container: Object = {"name": "main", "image": more.pop("image", "nginx:1.27"), "resources": {"requests": requests}}
    if "ports" in more:
        container["ports"] = more.pop("ports")
    metadata: Object = {"name": name, "namespace": more.pop("namespace", "default"), "labels": more.pop("labels", {})}
    metadata |= more.pop("metadata", {})
    status = more.pop("status", {})
    spec = {"containers": [container], **more}
    if on:
        spec["nodeName"] = on
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


def cluster(*objects: Object) -> Cache:
    """The scheduler's view of a cluster of these nodes, pods on nodes and other objects."""
    cache = Cache()
    cache.put("namespaces", {"kind": "Namespace", "metadata": {"name": "default"}})
    for obj in objects:
        if obj["kind"] == "Node":
            cache.put_node(obj)
        elif obj["kind"] == "Pod":
            cache.put_pod(PodInfo(obj), obj["spec"]["nodeName"])
        else:
            cache.put(obj.pop("resource"), obj)
    return cache


def decide(wanted: Object, *objects: Object, profile: Profile | None = None, chance: Any = None) -> Decision:
    """What the scheduling cycle decides about one pod in a cluster of these objects."""
    decision, _ = cycle.schedule(
        cluster(*objects), profile or default_profile(), PodInfo(wanted), cycle.Room(), 1, chance
    )
    return decision


class User(Component):
    """Somebody outside who asks the API server for things and waits for the answers."""

    def __init__(self) -> None:
        super().__init__("user", "admin")
        self.answers: list[Response] = []

    def answered(self, _context: Any, response: Response) -> None:
        self.answers.append(response)


class World:
    """Store, API server and scheduler on one loop."""

    def __init__(self, *nodes: Object, seed: int = 7, **options: Any) -> None:
        self.trace = Trace()
        self.loop = Loop(Clock(), Chance(seed), self.trace)
        self.scheduler = Scheduler(**options)
        self.user = User()
        for actor in (Etcd("etcd"), ApiServer("kube-apiserver"), self.scheduler, self.user):
            self.loop.add(actor)
        self.loop.settle()
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
        self.ask(Call("create", "serviceaccounts", "default", body=account), may_fail=True)
        for one in nodes:
            self.add_node(one)

    def ask(self, call: Call, may_fail: bool = False, settle: bool = True) -> Any:
        """Send a call and let the world settle; returns the body of the answer."""
        self.user.api.send(call, "answered")
        if not settle:
            return None
        self.loop.settle()
        response = self.user.answers.pop()
        assert response.ok or may_fail, response.body
        return response.body

    def add_node(self, one: Object) -> None:
        """Create a node as it is, without the taint that new nodes are admitted with."""
        name = one["metadata"]["name"]
        self.ask(Call("create", "nodes", body=one))
        stored = self.get("nodes", name)
        spec = {**stored["spec"], "taints": one["spec"].get("taints", [])}
        self.ask(Call("update", "nodes", "", name, body={**stored, "spec": spec}))

    def add_pod(self, one: Object) -> Object:
        """Create a pod; returns it as it is after everything has settled."""
        self.ask(Call("create", "pods", one["metadata"]["namespace"], body=one))
        return self.get("pods", one["metadata"]["name"], one["metadata"]["namespace"])

    def get(self, resource: str, name: str, namespace: str = "") -> Object:
        """One object."""
        return self.ask(Call("get", resource, namespace, name))  # type: ignore[no-any-return]

    def change(self, resource: str, name: str, patch: Object, namespace: str = "", subresource: str = "") -> None:
        """Merge `patch` into an object."""
        self.ask(Call("patch", resource, namespace, name, subresource, patch, {}, "merge"))

    def events(self, reason: str) -> list[str]:
        """The messages of all Events with that reason, by name."""
        items = self.ask(Call("list", "events", "default"))["items"]
        return [one["message"] for one in items if one["reason"] == reason]

    def decisions(self) -> list[Decision]:
        """The decisions in the trace, oldest first."""
        return [record.evidence for record in self.trace.find(lambda record: record.verb == "schedule")]
