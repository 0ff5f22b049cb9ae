"""One of each picture, from small fixed states."""

from types import SimpleNamespace

import view_decisions
from view_fixtures import World, node, pod, small_world

from cp_sim.apiserver.passage import Gate, Passage
from cp_sim.client.plan import Create, Delete, Emit, Later, Plan, SlowStart
from cp_sim.views import (
    View,
    cause_chain,
    cluster_map,
    control_plane,
    decision,
    locks_and_keys,
    ownership,
    reconcile,
    request_passage,
    timeline,
)


def told_world() -> World:
    """A Deployment of three from the first request to the last binding, as the trace tells it."""
    world = small_world()
    world.loop = SimpleNamespace(pending=list)  # type: ignore[attr-defined]
    root = world.tell("user", "apply", "deployments/default/web", "it does not exist yet: create it")
    passed = Passage("admin", "create", "deployments/default/web", (Gate("authenticate", "passed"),), 201)
    stored = world.tell(
        "kube-apiserver", "create", "deployments/default/web", revision=43, cause=root.id, evidence=passed
    )
    looked = world.tell(
        "deployment-controller",
        "reconcile",
        "deployments/default/web",
        "no ReplicaSet has its template",
        cause=stored.id,
    )
    made = world.tell("kube-apiserver", "create", "replicasets/default/web-7d4b9c6f5", revision=44, cause=looked.id)
    world.tell("kube-apiserver", "create", "events/default/web.1", revision=45, cause=looked.id)
    wants = world.tell(
        "replicaset-controller", "reconcile", "replicasets/default/web-7d4b9c6f5", cause=made.id, evidence=a_plan(world)
    )
    names = [one["metadata"]["name"] for one in world.get("pods") if one["metadata"]["namespace"] == "default"][:3]
    pods = [
        world.tell("kube-apiserver", "create", f"pods/default/{name}", revision=46 + place, cause=wants.id)
        for place, name in enumerate(names)
    ]
    for place, created in enumerate(pods):
        chosen = world.tell(
            "kube-scheduler", "schedule", created.subject, cause=created.id, evidence=view_decisions.scheduled()
        )
        world.tell("kube-apiserver", "create binding", created.subject, revision=49 + place, cause=chosen.id)
    world.revision = 51
    return world


def a_plan(world: World) -> Plan:
    missing = tuple(Create(one, "one of 3 that are missing") for one in world.get("pods")[4:7])
    return Plan(
        (
            SlowStart(missing),
            Delete("pods", "default", "web-x", because="surplus"),
            Emit({}, "Normal", "SuccessfulCreate", "Created pod: web-1"),
            Later(5_000),
        ),
        "2 of 5 pods are there: create the missing ones",
        {"replicas": 2, "ready": 2},
        {"replicas": 5},
    )


def owned_world() -> World:
    world = small_world()

    def owned(api: str, kind: str, name: str, owner: tuple[str, str] | None, **more: object) -> dict:
        metadata: dict = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
        if owner:
            metadata["ownerReferences"] = [
                {"kind": owner[0], "name": owner[1], "uid": f"uid-{owner[1]}", "controller": True}
            ]
        return {"apiVersion": api, "kind": kind, "metadata": metadata, **more}

    counts = {"replicas": 6, "readyReplicas": 6}
    world.kinds["deployments.apps"] = [owned("apps/v1", "Deployment", "web", None, spec={"replicas": 6}, status=counts)]
    world.kinds["replicasets.apps"] = [
        owned("apps/v1", "ReplicaSet", "web-7d4b9c6f5", ("Deployment", "web"), spec={"replicas": 6}, status=counts),
        owned("apps/v1", "ReplicaSet", "web-5f5d", ("Deployment", "web"), spec={"replicas": 0}, status={}),
    ]
    world.kinds["services"] = [
        {**owned("v1", "Service", "front", None, spec={"selector": {"app": "web"}, "clusterIP": "10.96.0.7"})}
    ]
    slices = owned("discovery.k8s.io/v1", "EndpointSlice", "front-abcde", ("Service", "front"))
    pods = [one["metadata"]["name"] for one in world.get("pods") if one["metadata"]["namespace"] == "default"]
    slices["endpoints"] = [
        {"targetRef": {"namespace": "default", "name": name}, "conditions": {"ready": place != 1}}
        for place, name in enumerate(pods[1:5])
    ]
    world.kinds["endpointslices.discovery.k8s.io"] = [slices]
    return world


def refused() -> Passage:
    return Passage(
        "alice",
        "create",
        "deployments/default/web",
        (
            Gate("authenticate", "passed", "alice"),
            Gate("authorize", "passed", "allowed"),
            Gate("mutate", "changed", "", ("spec.replicas",)),
            Gate("validate", "refused", "spec.replicas: Invalid value: -1: must be greater than or equal to 0"),
        ),
        422,
    )


def locked_world() -> World:
    world = small_world()
    world.kinds["nodes"][2] = node("worker-2", taints=("gpu:NoExecute", "soft:PreferNoSchedule"))
    keys = ({"key": "gpu", "operator": "Exists", "tolerationSeconds": 300},)
    world.kinds["pods"].append(pod("keyed", "worker-2", tolerations=keys))
    return world


def gallery() -> dict[str, View]:
    """{name: one of each picture}."""
    told = told_world()
    return {
        "cluster map": cluster_map(small_world(14, 3)),
        "control plane": control_plane(told),
        "decision": decision(view_decisions.scheduled()),
        "no node": decision(view_decisions.unschedulable()),
        "gated": decision(view_decisions.refused()),
        "reconcile": reconcile(next(record for record in told.trace if isinstance(record.evidence, Plan))),
        "cause chain": cause_chain(told, "pod/web-7d4b9c6f5-b8c4d"),
        "ownership": ownership(owned_world(), "deployment/web"),
        "locks and keys": locks_and_keys(locked_world()),
        "request": request_passage(refused()),
        "timeline": timeline(told),
    }
