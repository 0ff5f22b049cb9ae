"""A world of a store, an API server and kubelets, and a user who asks: all that the kubelet's tests need."""

from typing import Any

from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.request import Call, Request, Response
from cp_sim.etcd.etcd import Etcd
from cp_sim.kubelet import LESSONS, Kubelets, NodeSpec
from cp_sim.sim import Actor, Chance, Clock, Loop, Trace, parse_duration

ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}


class User(Actor):
    def __init__(self):
        super().__init__("user")
        self.answers: dict[int, Response] = {}
        self.token = 0

    def receive(self, message):
        self.answers[message.token] = message


class World:
    def __init__(self, rules=LESSONS, nodes=("worker-1",), seed=1, order=None):
        self.loop = Loop(Clock(), Chance(seed), Trace(), order)
        self.etcd, self.user, self.kubelets = Etcd(), User(), Kubelets(rules=rules)
        for actor in (self.user, self.etcd, ApiServer("kube-apiserver"), self.kubelets):
            self.loop.add(actor)
        for node in nodes:
            self.kubelets.add(node if isinstance(node, NodeSpec) else NodeSpec(node))
        self.loop.settle()
        self.ask(Call("create", "serviceaccounts", "default", body=ACCOUNT))
        self.loop.settle()

    def ask(self, call: Call) -> Any:
        self.user.token += 1
        token = self.user.token
        self.loop.send("kube-apiserver", Request("user", token, "admin", call))
        self.loop.run_until(lambda: token in self.user.answers)
        return self.user.answers[token]

    def create(self, obj, resource="pods"):
        answer = self.ask(Call("create", resource, obj["metadata"].get("namespace", ""), body=obj))
        assert answer.ok, answer.body
        return answer.body

    def get(self, resource, name, namespace="default"):
        answer = self.ask(Call("get", resource, "" if resource == "nodes" else namespace, name))
        return answer.body if answer.ok else None

    def pod(self, name, namespace="default"):
        return self.get("pods", name, namespace)

    def status(self, name):
        return self.pod(name)["status"]

    def container(self, name, place=0):
        return self.status(name)["containerStatuses"][place]

    def patch(self, name, patch):
        answer = self.ask(Call("patch", "pods", "default", name, body=patch, patch_type="strategic"))
        assert answer.ok, answer.body

    def delete(self, name, **options):
        assert self.ask(Call("delete", "pods", "default", name, options=options)).ok

    def settle(self):
        self.loop.settle()

    def run(self, duration):
        self.loop.run(parse_duration(duration))

    def events(self, name):
        """(reason, message, count) of the Events about an object, oldest first."""
        found = [kv.value for kv in self.etcd.range_at("/registry/events/")]
        about = [event for event in found if event["involvedObject"]["name"] == name]
        return [(event["reason"], event["message"], event.get("count", 1)) for event in about]

    def told(self, verb):
        return [record for record in self.loop.trace if record.verb == verb]


def pod(name, node="worker-1", image="nginx:1.27", command=None, policy="Always", annotations=None, **spec):
    container = {"name": "main", "image": image, **({"command": command} if command else {})}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", **({"annotations": annotations} if annotations else {})},
        "spec": {"nodeName": node, "restartPolicy": policy, "containers": [container], **spec},
    }


def conditions(status):
    return {entry["type"]: (entry["status"], entry.get("reason", "")) for entry in status.get("conditions", ())}
