"""The surroundings of the recordings in virtual time: controllers, fake kubelet, the actions."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from typing import Any

from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.request import Call, HttpRequest, Request, Response, WatchChange
from cp_sim.client.client import Component
from cp_sim.client.informer import Informers, Relist
from cp_sim.controller_manager import ControllerManager
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.store import CancelWatch, KeyChange, WatchChanges, WatchRequest
from cp_sim.objects import meta
from cp_sim.objects.kinds import KINDS, find
from cp_sim.sim import Actor, Arrival, Chance, Clock, Loop, Trace, immutable

Object = dict[str, Any]

ZONES = {"n1": "za", "n2": "zb", "n3": "za", "n4": "zb"}
# At which part of a second the steps of a run begin; whether a second ends in the middle of one shows in its times.
PHASES_MS = {"o-endpoints-hints": 100}
SHORT_FLAGS = {
    "node_monitor_period_ms": 1_000,
    "node_monitor_grace_period_ms": 8_000,
    "node_startup_grace_period_ms": 10_000,
    "terminated_pod_gc_threshold": 10,
}


class SlowNetwork(Loop):
    """A loop in which a request takes some milliseconds to the API server, as it did where the recordings were made.

    Without that nothing ever happens while a controller waits for an answer.
    """

    request_ms = 4
    change_ms = 1
    answer_ms = 2

    def send(self, to: str, message: Any) -> None:
        if to == "kube-apiserver" and isinstance(message, Request):
            self.after(self.request_ms, to, message)
        elif isinstance(message, Response) and not message.watching:
            self.after(self.answer_ms, to, message)
        elif isinstance(message, WatchChange):
            self.after(self.change_ms, to, message)
        else:
            super().send(to, message)


_KINDS = {kind.kind for kind in KINDS.values()}


class Recorder(Actor):
    """Notes every change of the store, in order."""

    def __init__(self) -> None:
        super().__init__("recorder")
        self.changes: list[tuple[int, KeyChange]] = []

    def started(self) -> None:
        self.loop.send("etcd", WatchRequest("/registry/", self.name, 1))

    def receive(self, message: Any) -> None:
        if isinstance(message, WatchChanges):
            self.changes.extend((self.loop.clock.now_ms, change) for change in message.changes)


class User(Actor):
    """Sends the actions' requests and keeps the answers."""

    def __init__(self) -> None:
        super().__init__("user")
        self.answers: dict[int, Response] = {}
        self.token = 0

    def receive(self, message: Any) -> None:
        self.answers[message.token] = message


@immutable
class Run:
    """A container has started."""

    key: str
    uid: str


@immutable
class Ready:
    """A container becomes ready."""

    key: str
    uid: str


@immutable
class Exit:
    """A container ends by itself."""

    key: str
    uid: str
    code: int


@immutable
class Gone:
    """A terminating pod has ended."""

    key: str
    uid: str


@immutable
class Beat:
    """Time to renew the leases."""


class FakeKubelet(Component):
    """All fake kubelets of the recordings: pods run 0.3 s after they were bound and end 0.5 s after their deletion."""

    def __init__(self, beat_ms: int) -> None:
        super().__init__("fake-kubelet", "admin")
        self.informers = Informers(self)
        self.beat_ms = beat_ms
        self.running: dict[str, None] = {}  # nodes
        self.seen: dict[str, str] = {}  # pod uid -> what was begun
        self.ips = 0

    def started(self) -> None:
        self.pods = self.informers.of("pods").on_change(self, "pod_changed")
        self.informers.start()
        self.loop.after(self.beat_ms, self.name, Beat(), background=True)

    def notice(self, message: Any) -> None:
        if isinstance(message, Relist):
            self.informers.notice(message)
        elif isinstance(message, Beat):
            for node in self.running:
                self.renew(node)
            self.loop.after(self.beat_ms, self.name, message, background=True)
        else:
            pod = self.pods.get(message.key)
            if pod is not None and meta.uid(pod) == message.uid and meta.node_name(pod) in self.running:
                self._act(message, pod)

    def renew(self, node: str) -> None:
        body = {"spec": {"renewTime": self.loop.clock.micro_timestamp()}}
        call = Call("patch", "leases.coordination.k8s.io", "kube-node-lease", node, body=body, patch_type="merge")
        self.api.send(call)

    def start_node(self, node: str) -> None:
        self.running[node] = None
        for pod in self.pods.list():
            if meta.node_name(pod) == node:
                self.seen.pop(meta.uid(pod), None)
                self.pod_changed("ADDED", None, pod)

    def pod_changed(self, change: str, _old: Object | None, pod: Object) -> None:
        if change == "DELETED" or meta.node_name(pod) not in self.running:
            return
        image = pod["spec"]["containers"][0]["image"]
        key, uid = meta.key(pod), meta.uid(pod)
        begun = self.seen.get(uid, "")
        if meta.is_deleting(pod):
            stuck = "stuck-terminating" in image or "fake/stuck" in meta.annotations(pod)
            if begun != "ending" and not stuck:
                self.seen[uid] = "ending"
                takes = re.match(r"term-(\d+)s", image)
                if meta.is_finished(pod):
                    delay_ms = 500
                else:
                    delay_ms = int(takes[1]) * 1000 if takes else 500
                self.loop.after(delay_ms, self.name, Gone(key, uid))
        elif not begun and meta.phase(pod) == "Pending" and "pending-forever" not in image:
            self.seen[uid] = "starting"
            self.loop.after(300, self.name, Run(key, uid))

    def _act(self, message: Any, pod: Object) -> None:
        image = pod["spec"]["containers"][0]["image"]
        after = re.match(r"ready-after-([\d.]+)s", image)
        ends = re.match(r"exit-(\d+)-after-([\d.]+)s", image)
        if isinstance(message, Gone):
            self.api.send(
                Call("delete", "pods", meta.namespace(pod), meta.name(pod), options={"gracePeriodSeconds": 0})
            )
        elif meta.is_deleting(pod) or meta.is_finished(pod):
            return
        elif isinstance(message, Run):
            self.ips += 1
            ip = f"10.{self.ips >> 16 & 255}.{self.ips >> 8 & 255}.{self.ips & 255}"
            ready = "False" if after or "never-ready" in image else "True"
            extra = {"podIP": ip, "podIPs": [{"ip": ip}], "hostIP": "192.168.0.1", "phase": "Running"}
            types = ("PodReadyToStartContainers", "Initialized")
            self._patch(pod, {**extra, "conditions": [self._condition(t, "True") for t in types] + self._ready(ready)})
            if after:
                self.loop.after(int(float(after[1]) * 1000), self.name, Ready(message.key, message.uid))
            if ends:
                delay_ms = int(float(ends[2]) * 1000)
                self.loop.after(delay_ms, self.name, Exit(message.key, message.uid, int(ends[1])))
        elif isinstance(message, Ready):
            self._patch(pod, {"conditions": self._ready("True")})
        elif isinstance(message, Exit):
            self.finish(pod, message.code)

    def finish(self, pod: Object, code: int) -> None:
        """End the pod's container with this exit code."""
        done = [self._condition(t, "False", "PodCompleted") for t in ("Ready", "ContainersReady")]
        done.append(self._condition("PodReadyToStartContainers", "False"))
        self._patch(pod, {"phase": "Failed" if code else "Succeeded", "conditions": done})

    def _ready(self, status: str) -> list[Object]:
        if status == "True":
            return [self._condition(t, status) for t in ("Ready", "ContainersReady")]
        words = ("ContainersNotReady", "containers with unready status: [c]")
        return [self._condition(t, status, *words) for t in ("Ready", "ContainersReady")]

    def _condition(self, type_: str, status: str, reason: str | None = None, message: str | None = None) -> Object:
        now = self.loop.clock.timestamp()
        return {"type": type_, "status": status, "lastTransitionTime": now, "reason": reason, "message": message}

    def _patch(self, pod: Object, status: Object) -> None:
        call = Call(
            "patch",
            "pods",
            meta.namespace(pod),
            meta.name(pod),
            "status",
            body={"status": status},
            patch_type="strategic",
        )
        self.api.send(call)


class Binder(Component):
    """Binds pods to the fitting node with the fewest pods: enough where the recordings leave the choice open."""

    def __init__(self) -> None:
        super().__init__("binder", "system:kube-scheduler")
        self.informers = Informers(self)
        self.per_node: dict[str, int] = {}
        self.bound: dict[str, str] = {}

    def started(self) -> None:
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")
        self.pods = self.informers.of("pods").on_change(self, "pod_changed")
        self.informers.start()

    def notice(self, message: Any) -> None:
        self.informers.notice(message)

    def node_changed(self, _change: str, _old: Object | None, _new: Object) -> None:
        for pod in self.pods.list() if hasattr(self, "pods") else ():
            self.pod_changed("MODIFIED", pod, pod)

    def pod_changed(self, change: str, _old: Object | None, pod: Object) -> None:
        uid = meta.uid(pod)
        if change == "DELETED" or meta.is_finished(pod):
            node = self.bound.pop(uid, "")
            if node:
                self.per_node[node] -= 1
            return
        if uid in self.bound or meta.is_deleting(pod):
            return
        node = meta.node_name(pod) or self._choose(pod)
        if not node:
            return
        self.bound[uid] = node
        self.per_node[node] = self.per_node.get(node, 0) + 1
        if not meta.node_name(pod):
            body = {
                "apiVersion": "v1",
                "kind": "Binding",
                "metadata": {"name": meta.name(pod), "namespace": meta.namespace(pod)},
                "target": {"apiVersion": "v1", "kind": "Node", "name": node},
            }
            self.api.send(Call("create", "pods", meta.namespace(pod), meta.name(pod), "binding", body=body))

    def _choose(self, pod: Object) -> str:
        wanted = pod["spec"].get("nodeSelector") or {}
        fitting = [n for n in self.nodes.list() if wanted.items() <= meta.labels(n).items() and self._fits(pod, n)]
        return min((meta.name(n) for n in fitting), key=self._load, default="")

    def _load(self, node: str) -> tuple[int, str]:
        return self.per_node.get(node, 0), node

    def _fits(self, pod: Object, node: Object) -> bool:
        for taint in node["spec"].get("taints") or ():
            if taint["effect"] != "PreferNoSchedule" and not any(
                (not t.get("key") or t["key"] == taint["key"])
                and (not t.get("effect") or t["effect"] == taint["effect"])
                for t in pod["spec"].get("tolerations") or ()
            ):
                return False
        cpu = sum(_milli(c.get("resources", {}).get("requests", {}).get("cpu", "0")) for c in pod["spec"]["containers"])
        return cpu <= 64_000


def _milli(text: str) -> int:
    return int(text[:-1]) if text.endswith("m") else int(float(text) * 1000)


@dataclass
class Step:
    """What happened in one step: answers, changes of the store, time taken."""

    results: list[Object] = field(default_factory=list)
    changes: list[KeyChange] = field(default_factory=list)
    objects: list[Object] = field(default_factory=list)


class World:
    """One run's cluster and namespace."""

    namespace = "scenario"

    def __init__(self, run: Object, order: Arrival | None = None, seed: int = 0) -> None:
        self.run = run
        self.loop = SlowNetwork(Clock(), Chance(seed), Trace(), order)
        short = run["flagsProfile"] == "short-nodes"
        self.recorder, self.user = Recorder(), User()
        self.kubelet = FakeKubelet(2_000 if short else 10_000)
        for actor in (self.recorder, self.user, Etcd("etcd"), ApiServer("kube-apiserver")):
            self.loop.add(actor)
        self.loop.settle()
        self.manager = ControllerManager(**(SHORT_FLAGS if short else {}))
        self.loop.add(self.manager)
        self.loop.add(_scheduler())
        self.loop.add(self.kubelet)
        self.loop.settle()
        self.own_nodes: list[str] = []
        if short:
            if "all-down" not in run["id"]:
                for number in (1, 2, 3):
                    self.add_node(
                        f"base{number}",
                        {"topology.kubernetes.io/zone": "zbase", "topology.kubernetes.io/region": "r1", "pool": "base"},
                    )
        else:
            for node, zone in ZONES.items():
                self.add_node(node, {"topology.kubernetes.io/zone": zone, "pool": "general"})
            taint = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
            self.add_node("cp1", {"topology.kubernetes.io/zone": "za"}, [taint])
        self.own_nodes.clear()
        self.last_replica_set = ""
        if run["area"] not in ("namespace", "serviceaccount"):
            self.make_namespace()
        self.phase_ms = PHASES_MS.get(run["id"], 700)
        self.loop.run(3_000 + (self.phase_ms - self.loop.clock.now_ms) % 1000)
        self.mark = len(self.recorder.changes)

    # -- requests ------------------------------------------------------------------------------------------------------

    def call(self, call: Call, user: str = "admin") -> Response:
        """Send a request and run until it is answered."""
        self.user.token += 1
        token = self.user.token
        self.loop.send("kube-apiserver", Request("user", token, user, _on_the_wire(call, user)))
        if not self.loop.run_until(self._answered, 60_000):
            raise AssertionError(f"no answer to {call}")
        return self.user.answers[token]

    def _answered(self) -> bool:
        return self.user.token in self.user.answers

    def make_namespace(self) -> None:
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace, "labels": {"fake": "1"}}}
        assert self.call(Call("create", "namespaces", body=body)).ok

    def add_node(self, name: str, labels: dict[str, str], taints: list[Object] | None = None, **kw: Any) -> Response:
        """Node, status Ready, Lease; then its kubelet runs."""
        own = {"kubernetes.io/arch": "amd64", "kubernetes.io/hostname": name, "kubernetes.io/os": "linux"}
        spec: Object = {"taints": taints} if taints else {}
        body = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {**own, **labels}},
            "spec": spec,
        }
        answer = self.call(Call("create", "nodes", body=body))
        room = {"cpu": kw.get("cpu", "64"), "memory": kw.get("mem", "256Gi"), "pods": str(kw.get("pods", 500))}
        self._post_status(name, "True", {"capacity": room, "allocatable": room})
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": name, "namespace": "kube-node-lease"},
            "spec": {"holderIdentity": name, "renewTime": self.loop.clock.micro_timestamp()},
        }
        self.call(Call("create", "leases.coordination.k8s.io", "kube-node-lease", body=lease))
        self.own_nodes.append(name)
        self.kubelet.start_node(name)
        return answer

    def _post_status(self, node: str, ready: str, more: Object | None = None) -> None:
        now = self.loop.clock.timestamp()
        words = {
            "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
            "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
            "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
            "Ready": (ready, "KubeletReady", "kubelet is posting ready status"),
        }
        if ready != "True":
            words["Ready"] = (ready, "KubeletNotReady", "container runtime network not ready")
        conditions = [
            {
                "type": type_,
                "status": status,
                "reason": reason,
                "message": message,
                "lastHeartbeatTime": now,
                "lastTransitionTime": now,
            }
            for type_, (status, reason, message) in words.items()
        ]
        body = {"status": {**(more or {}), "conditions": conditions}}
        self.call(Call("patch", "nodes", "", node, "status", body=body, patch_type="strategic"))

    # -- actions -------------------------------------------------------------------------------------------------------

    def play(self, step: Object) -> Step:
        """Perform one step and let its time pass."""
        begin = self.loop.clock.now_ms
        played = Step()
        if step["step"] == "create namespace" and not step["actions"]:
            self.make_namespace()
        for action in step["actions"]:
            played.results.append(self.act(action))
        self.loop.settle()
        left_ms = int(step["seconds"] * 1000) - (self.loop.clock.now_ms - begin)
        if left_ms > 0:
            self.loop.run(left_ms)
        # Steps began at any time of a second; most of them so that their pods became ready in the next one.
        self.loop.run((self.phase_ms - self.loop.clock.now_ms) % 1000)
        played.changes = [change for _, change in self.recorder.changes[self.mark :]]
        self.mark = len(self.recorder.changes)
        return played

    def act(self, action: Object) -> Object:
        """Perform one action; returns code and, for refusals, status."""
        outcome = getattr(self, f"do_{action['do']}")(action)
        if isinstance(outcome, Response):
            return {"code": outcome.status} if outcome.ok else {"code": outcome.status, "status": outcome.body}
        return {"code": int(outcome or 0)}

    def fill(self, value: Any) -> Any:
        """Put real values where the recording has place holders."""
        if isinstance(value, dict):
            return {key: self.fill(one) for key, one in value.items()}
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        if not isinstance(value, str):
            return value
        if value.startswith("@UID:"):
            resource, _, name = value[5:].partition("/")
            found = self.get(resource, name)
            return meta.uid(found) if found else "00000000-0000-4000-8000-000000000000"
        if value == "@NOW":
            return self.loop.clock.timestamp()
        value = value.replace("@NS", self.namespace).replace("@LASTRS", self.last_replica_set)
        if "#" in value:
            value = re.sub(r"([a-z0-9.-]+-)#(\d+)", self._real_name, value)
        return value

    def _real_name(self, match: re.Match[str]) -> str:
        names = [
            change.kv.value["metadata"]["name"]
            for _, change in self.recorder.changes
            if change.kv is not None
            and change.previous is None
            and change.kv.value["metadata"].get("generateName") == match[1]
        ]
        return names[int(match[2]) - 1]

    def get(self, resource: str, name: str) -> Object | None:
        kind = find(resource)
        answer = self.call(Call("get", kind.resource, self.namespace if kind.namespaced else "", name))
        return answer.body if answer.ok else None

    def pods(self, action: Object) -> list[Object]:
        """The pods that an action means."""
        if "pod" in action:
            named = action["pod"] if isinstance(action["pod"], list) else [action["pod"]]
            found = [self.get("pods", self.fill(one)) for one in named]
            return [pod for pod in found if pod]
        wanted = action.get("sel") or {}
        items = self.call(Call("list", "pods", self.namespace)).body["items"]
        found = sorted((p for p in items if wanted.items() <= meta.labels(p).items()), key=meta.name)
        return found[: action["n"]] if action.get("n") else found

    def do_create(self, action: Object) -> Response:
        obj = self._with_uids(self.fill(action["obj"]))
        kind = find(obj["kind"])
        if kind.namespaced:
            obj = {**obj, "metadata": {**obj["metadata"], "namespace": self.namespace}}
        if obj["kind"] == "Node":
            self.own_nodes.append(obj["metadata"]["name"])
        return self.call(Call("create", kind.resource, self.namespace if kind.namespaced else "", body=obj))

    def _with_uids(self, obj: Object) -> Object:
        """The recordings do not show the uids of owners: those that exist have theirs, unless it was a wrong one."""
        references = obj["metadata"].get("ownerReferences")
        if not references:
            return obj
        filled = []
        for reference in references:
            found = None
            if obj["metadata"]["name"] not in ("web2", "late") and reference["kind"] in _KINDS:
                found = self.get(reference["kind"], reference["name"])
            uid = meta.uid(found) if found else self.loop.chance.uid()
            filled.append({**reference, "uid": uid})
        return {**obj, "metadata": {**obj["metadata"], "ownerReferences": filled}}

    def _on(self, verb: str, action: Object, **more: Any) -> Response:
        resource, _, rest = self.fill(action["ref"]).partition("/")
        name, _, sub = rest.partition("//")
        kind = find(resource)
        inside = self.namespace if kind.namespaced else ""
        return self.call(Call(verb, kind.resource, inside, name, more.pop("subresource", sub), **more))

    def do_patch(self, action: Object) -> Response:
        return self._on("patch", action, body=self.fill(action["patch"]), patch_type=action["type"])

    def do_scale(self, action: Object) -> Response:
        body = {"spec": {"replicas": action["replicas"]}}
        return self._on("patch", action, subresource="scale", body=body, patch_type="merge")

    def do_delete(self, action: Object) -> Response:
        options: Object = {}
        if "propagation" in action:
            options["propagationPolicy"] = action["propagation"]
        if "grace" in action:
            options["gracePeriodSeconds"] = action["grace"]
        return self._on("delete", action, options=options)

    def do_deletepods(self, action: Object) -> int:
        options = {"gracePeriodSeconds": action["grace"]} if "grace" in action else {}
        for pod in self.pods(action):
            self.call(Call("delete", "pods", self.namespace, meta.name(pod), options=dict(options)))
        return 200

    def do_evict(self, action: Object) -> Response:
        """POST of an Eviction; `@app#i` is the i-th living pod of that label, the unready ones first."""
        name = action["pod"]
        if name.startswith("@"):
            app, _, place = name[1:].partition("#")
            living = [
                pod for pod in self.pods({"sel": {"app": app}}) if meta.is_active(pod) and not meta.is_deleting(pod)
            ]
            living.sort(key=lambda pod: (meta.is_ready(pod), meta.name(pod)))
            name = meta.name(living[int(place)])
        body: Object = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name}}
        if "deleteOptions" in action:
            body["deleteOptions"] = action["deleteOptions"]
        return self.call(Call("create", "pods", self.namespace, name, "eviction", body))

    def do_patchpods(self, action: Object) -> int:
        for pod in self.pods(action):
            call = Call(
                "patch", "pods", self.namespace, meta.name(pod), action.get("sub", ""), self.fill(action["patch"])
            )
            call.patch_type = "strategic"
            self.call(call)
        return 200

    def do_ready(self, action: Object) -> int:
        return self._set_ready(action, "True")

    def do_unready(self, action: Object) -> int:
        return self._set_ready(action, "False")

    def _set_ready(self, action: Object, status: str) -> int:
        found = self.pods(action)
        for pod in found:
            body = {"status": {"conditions": self.kubelet._ready(status)}}
            call = Call("patch", "pods", self.namespace, meta.name(pod), "status", body=body, patch_type="strategic")
            self.call(call)
        return len(found)

    def do_podphase(self, action: Object) -> int:
        found = self.pods(action)
        for pod in found:
            self.kubelet.finish(pod, action["exit"])
        return len(found)

    def do_sleep(self, action: Object) -> int:
        self.loop.run(int(action["s"] * 1000))
        return 0

    def do_wait(self, action: Object) -> int:
        for _ in range(int(action.get("max", 60)) * 2):
            pods = self.call(Call("list", "pods", self.namespace)).body["items"]
            if len(pods) >= action.get("pods", 0):
                return 1
            self.loop.run(500)
        return 0

    def do_nodecreate(self, action: Object) -> Response:
        return self.add_node(action["name"], action["labels"], action.get("taints"), **action.get("kw", {}))

    def do_nodestop(self, action: Object) -> int:
        self.kubelet.running.pop(action["name"], None)
        return 0

    def do_nodestart(self, action: Object) -> int:
        self._post_status(action["name"], "True")
        self.kubelet.renew(action["name"])
        self.kubelet.start_node(action["name"])
        return 0

    def do_nodedelete(self, action: Object) -> Response:
        self.kubelet.running.pop(action["name"], None)
        return self.call(Call("delete", "nodes", "", action["name"]))

    def do_nodeready(self, action: Object) -> int:
        self._post_status(action["name"], "True" if action["ready"] else "False")
        return 0

    # -- looking -------------------------------------------------------------------------------------------------------

    def objects(self) -> list[Object]:
        """Everything that the recordings show: the namespace's objects and the run's own nodes."""
        found: list[Object] = []
        for resource, kind in KINDS.items():
            if kind.namespaced and {"list", "watch"} <= set(kind.verbs) and kind.storage in ("", resource):
                if resource in ("events", "leases.coordination.k8s.io"):
                    continue
                answer = self.call(Call("list", resource, self.namespace))
                if answer.ok:
                    typed = {"apiVersion": kind.api_version, "kind": kind.kind}
                    found += [{**typed, **item} for item in answer.body["items"]]
        for node in self.own_nodes:
            one = self.get("nodes", node)
            if one is not None:
                found.append(one)
        if self.run["area"] in ("namespace", "serviceaccount"):
            one = self.get("namespaces", self.namespace)
            if one is not None:
                found.append(one)
        return found


PATCHES = {"json": "json-patch", "merge": "merge-patch", "strategic": "strategic-merge-patch"}
METHODS = {"create": "POST", "get": "GET", "list": "GET", "update": "PUT", "patch": "PATCH", "delete": "DELETE"}


def _on_the_wire(call: Call, user: str) -> HttpRequest:
    """The call as a user's client sends it, so that the server reads it as strictly."""
    path = KINDS[call.resource].path(call.namespace, call.name, call.subresource)
    headers = {"Content-Type": f"application/{PATCHES[call.patch_type]}+json"} if call.patch_type else {}
    body = {"kind": "DeleteOptions", "apiVersion": "v1", **call.options} if call.verb == "delete" else call.body
    return HttpRequest(METHODS[call.verb], path, {}, headers, body, user)


def _scheduler() -> Actor:
    """The real room if it can be had, else the binder."""
    room = importlib.import_module("cp_sim.scheduler")
    return room.Scheduler() if hasattr(room, "Scheduler") else Binder()


__all__ = ["CancelWatch", "Step", "World"]
