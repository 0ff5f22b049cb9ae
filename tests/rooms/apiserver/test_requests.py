"""The way of a request: gates, records, causes, watches, conflicts, waiting."""

from __future__ import annotations

import copy
from typing import Any

from cp_sim.apiserver.passage import Passage
from cp_sim.apiserver.request import Call, HttpRequest, Request, Response, WatchChange
from cp_sim.sim import Actor
from tests.rooms.apiserver.transcripts import World


def http(world: World, method: str, path: str, body: Any = None, user: str = "admin", **query: str) -> dict[str, Any]:
    return world.request(HttpRequest(method, path, dict(query), {}, body, user), user)


CONFIG_MAPS = "/api/v1/namespaces/default/configmaps"


class Listener(Actor):
    """Keeps messages in the order in which they came, with the cause each had."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.got: list[tuple[Any, int | None]] = []

    def receive(self, message: Any) -> None:
        self.got.append((message, self.loop.origin))


def component(world: World, name: str = "listener") -> Listener:
    listener = Listener(name)
    world.loop.add(listener)
    return listener


def send(world: World, listener: Listener, call: Call, user: str = "admin", token: int = 1) -> None:
    world.loop.send(world.server.name, Request(listener.name, token, user, call))


def pod(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "nginx"}], **spec},
    }


def with_account(world: World) -> World:
    http(world, "POST", "/api/v1/namespaces/default/serviceaccounts", {"metadata": {"name": "default"}})
    return world


def test_a_new_server_has_what_every_cluster_has() -> None:
    world = World()
    names = [item["metadata"]["name"] for item in http(world, "GET", "/api/v1/namespaces")["body"]["items"]]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]
    service = http(world, "GET", "/api/v1/namespaces/default/services/kubernetes")["body"]
    assert service["spec"]["clusterIP"] == "10.96.0.1"
    assert http(world, "GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin")["status"] == 200


def test_a_write_leaves_one_record_with_its_passage() -> None:
    world = World()
    made = http(world, "POST", CONFIG_MAPS, {"metadata": {"name": "a"}})["body"]
    record = world.loop.trace.about("configmaps/default/a")[-1]
    assert (record.actor, record.verb) == ("kube-apiserver", "create")
    assert record.revision == int(made["metadata"]["resourceVersion"])
    assert isinstance(record.evidence, Passage)
    assert [gate.gate for gate in record.evidence.gates] == [
        "authenticate",
        "authorize",
        "decode",
        "mutate",
        "validate",
        "store",
    ]


def test_a_refused_write_says_at_which_gate() -> None:
    world = World()
    refused = http(world, "POST", CONFIG_MAPS, {"metadata": {"name": "a"}}, user="bob")
    assert refused["status"] == 403
    record = world.loop.trace.about("configmaps/default")[-1]
    assert record.revision is None
    assert "cannot create resource" in record.because
    gate = record.evidence.refused_at()
    assert gate is not None
    assert gate.gate == "authorize"


def test_reads_of_components_leave_no_record() -> None:
    world = World()
    listener = component(world)
    before = len(world.loop.trace)
    send(world, listener, Call("list", "pods"))
    world.loop.settle()
    assert len(world.loop.trace) == before
    assert listener.got[0][0].body["kind"] == "PodList"


def test_watch_changes_are_caused_by_the_write_they_tell_of() -> None:
    world = World()
    listener = component(world)
    send(world, listener, Call("watch", "configmaps", options={"resourceVersion": str(world.server.revision)}))
    world.loop.settle()
    http(world, "POST", CONFIG_MAPS, {"metadata": {"name": "a"}})
    record = world.loop.trace.about("configmaps/default/a")[-1]
    changes = [(message, cause) for message, cause in listener.got if isinstance(message, WatchChange)]
    assert [(message.type, cause) for message, cause in changes] == [("ADDED", record.id)]


def test_watchers_and_readers_share_one_object() -> None:
    world = World()
    listener = component(world)
    send(world, listener, Call("watch", "configmaps", options={"resourceVersion": str(world.server.revision)}))
    world.loop.settle()
    http(world, "POST", CONFIG_MAPS, {"metadata": {"name": "a"}})
    send(world, listener, Call("get", "configmaps", "default", "a"), token=2)
    world.loop.settle()
    change = next(message for message, _ in listener.got if isinstance(message, WatchChange))
    answer = next(message for message, _ in listener.got if isinstance(message, Response) and message.token == 2)
    assert change.object is answer.body


def test_selectors_of_a_watch_make_objects_come_and_go() -> None:
    world = World()
    listener = component(world)
    options = {"resourceVersion": str(world.server.revision), "labelSelector": "tier=web"}
    send(world, listener, Call("watch", "configmaps", "default", options=options))
    world.loop.settle()
    http(world, "POST", CONFIG_MAPS, {"metadata": {"name": "a", "labels": {"tier": "db"}}})
    for tier in ("web", "db"):
        body = {"metadata": {"name": "a", "labels": {"tier": tier}}}
        http(world, "PUT", f"{CONFIG_MAPS}/a", body)
    types = [message.type for message, _ in listener.got if isinstance(message, WatchChange)]
    assert types == ["ADDED", "DELETED"]


def test_an_update_from_an_old_state_is_a_conflict_and_changes_nothing() -> None:
    world = World()
    first = http(world, "POST", CONFIG_MAPS, {"metadata": {"name": "a"}, "data": {"x": "1"}})["body"]
    http(world, "PUT", f"{CONFIG_MAPS}/a", {**first, "data": {"x": "2"}})
    late = http(world, "PUT", f"{CONFIG_MAPS}/a", {**first, "data": {"x": "3"}})
    assert late["status"] == 409
    assert late["body"]["reason"] == "Conflict"
    assert http(world, "GET", f"{CONFIG_MAPS}/a")["body"]["data"] == {"x": "2"}


def test_two_writers_at_the_same_instant_both_get_through_without_a_version() -> None:
    world = World()
    http(world, "POST", CONFIG_MAPS, {"metadata": {"name": "a"}})
    listener = component(world)
    for token, key in enumerate(("x", "y"), 1):
        body = {"data": {key: "1"}}
        send(world, listener, Call("patch", "configmaps", "default", "a", body=body, patch_type="merge"), token=token)
    world.loop.settle()
    assert [message.status for message, _ in listener.got] == [200, 200]
    assert http(world, "GET", f"{CONFIG_MAPS}/a")["body"]["data"] == {"x": "1", "y": "1"}


def test_an_update_that_changes_nothing_writes_nothing() -> None:
    world = World()
    made = http(world, "POST", CONFIG_MAPS, {"metadata": {"name": "a"}, "data": {"x": "1"}})["body"]
    revision = world.etcd.current_revision
    again = http(world, "PUT", f"{CONFIG_MAPS}/a", {"metadata": {"name": "a"}, "data": {"x": "1"}})["body"]
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]
    assert world.etcd.current_revision == revision


def test_binding_sets_the_node_and_takes_over_its_zone() -> None:
    world = with_account(World())
    labels = {"topology.kubernetes.io/zone": "a"}
    http(world, "POST", "/api/v1/nodes", {"metadata": {"name": "n1", "labels": labels}})
    http(world, "POST", "/api/v1/namespaces/default/pods", pod("p"))
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "n1"}}
    assert http(world, "POST", "/api/v1/namespaces/default/pods/p/binding", binding)["status"] == 201
    bound = http(world, "GET", "/api/v1/namespaces/default/pods/p")["body"]
    assert bound["spec"]["nodeName"] == "n1"
    assert bound["metadata"]["labels"]["topology.kubernetes.io/zone"] == "a"
    assert bound["status"]["conditions"][0]["type"] == "PodScheduled"
    again = http(world, "POST", "/api/v1/namespaces/default/pods/p/binding", binding)
    assert again["status"] == 409


def test_an_unscheduled_pod_goes_at_once_a_bound_one_gets_its_grace() -> None:
    world = with_account(World())
    http(world, "POST", "/api/v1/namespaces/default/pods", pod("here"))
    http(world, "POST", "/api/v1/namespaces/default/pods", pod("there", nodeName="n1"))
    http(world, "DELETE", "/api/v1/namespaces/default/pods/here")
    http(world, "DELETE", "/api/v1/namespaces/default/pods/there")
    assert http(world, "GET", "/api/v1/namespaces/default/pods/here")["status"] == 404
    left = http(world, "GET", "/api/v1/namespaces/default/pods/there")["body"]["metadata"]
    assert left["deletionGracePeriodSeconds"] == 30


def test_a_kubelet_watches_only_its_own_pods() -> None:
    world = with_account(World())
    listener = component(world)
    options = {"resourceVersion": str(world.server.revision), "fieldSelector": "spec.nodeName=n1"}
    send(world, listener, Call("watch", "pods", options=options), user="system:node:n1")
    world.loop.settle()
    http(world, "POST", "/api/v1/namespaces/default/pods", pod("a", nodeName="n1"))
    http(world, "POST", "/api/v1/namespaces/default/pods", pod("b", nodeName="n2"))
    names = [m.object["metadata"]["name"] for m, _ in listener.got if isinstance(m, WatchChange)]
    assert names == ["a"]


def test_a_revision_that_never_comes_is_a_timeout_after_three_seconds() -> None:
    world = World()
    before = world.loop.clock.now_ms
    answer = http(world, "GET", CONFIG_MAPS, resourceVersion="999999")
    assert answer["status"] == 504
    assert world.loop.clock.now_ms - before == 3000


def test_a_past_that_the_store_has_forgotten_is_gone() -> None:
    world = World()
    for name in ("a", "b", "c"):
        made = http(world, "POST", CONFIG_MAPS, {"metadata": {"name": name}})["body"]
    then = {"resourceVersion": str(int(made["metadata"]["resourceVersion"]) - 1), "resourceVersionMatch": "Exact"}
    page = http(world, "GET", CONFIG_MAPS, limit="1")["body"]["metadata"]["continue"]
    seen = http(world, "GET", CONFIG_MAPS, **then)["body"]["items"]
    assert [item["metadata"]["name"] for item in seen] == ["a", "b"]
    world.compact()
    assert http(world, "GET", CONFIG_MAPS, **{"continue": page, "limit": "1"})["status"] == 200
    http(world, "POST", CONFIG_MAPS, {"metadata": {"name": "d"}})
    world.compact()
    gone = http(world, "GET", CONFIG_MAPS, **then)
    assert (gone["status"], gone["body"]["reason"]) == (410, "Expired")
    assert gone["body"]["message"] == "The resourceVersion for the provided list is too old."
    later = http(world, "GET", CONFIG_MAPS, **{"continue": page, "limit": "1"})
    assert later["status"] == 410
    assert later["body"]["message"].startswith("The provided continue parameter is too old")


def test_a_world_with_a_request_in_flight_can_be_copied() -> None:
    world = World()
    listener = component(world)
    send(world, listener, Call("create", "configmaps", "default", body={"metadata": {"name": "a"}}))
    while not world.server.in_flight:
        world.loop._unit()
    waiting = next(iter(world.server.in_flight.values()))
    assert waiting.waiting_for == "etcd"
    twin = copy.deepcopy(world)
    for one in (world, twin):
        one.loop.settle()
        assert http(one, "GET", f"{CONFIG_MAPS}/a")["status"] == 200
    assert [message.status for message, _ in twin.loop.actors["listener"].got] == [201]  # type: ignore[attr-defined]


def test_heartbeats_leave_no_record_but_are_stored() -> None:
    world = World()
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    http(world, "POST", path, {"metadata": {"name": "n1"}, "spec": {"holderIdentity": "n1"}})
    before = len(world.loop.trace)
    listener = component(world)
    body = {"spec": {"leaseDurationSeconds": 40}}
    call = Call("patch", "leases.coordination.k8s.io", "kube-node-lease", "n1", body=body, patch_type="merge")
    send(world, listener, call, user="system:node:n1")
    world.loop.settle()
    assert len(world.loop.trace) == before
    assert http(world, "GET", f"{path}/n1")["body"]["spec"]["leaseDurationSeconds"] == 40


def test_roles_are_looked_up_anew_when_they_change() -> None:
    world = World()
    rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/default"
    assert http(world, "GET", CONFIG_MAPS, user="bob")["status"] == 403
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}
    http(world, "POST", f"{rbac}/roles", {"metadata": {"name": "reader"}, "rules": [rule]})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    subjects = [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "bob"}]
    http(world, "POST", f"{rbac}/rolebindings", {"metadata": {"name": "b"}, "roleRef": reference, "subjects": subjects})
    assert http(world, "GET", CONFIG_MAPS, user="bob")["status"] == 200
    http(world, "DELETE", f"{rbac}/rolebindings/b")
    assert http(world, "GET", CONFIG_MAPS, user="bob")["status"] == 403
