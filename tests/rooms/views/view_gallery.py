"""One of each picture, from small fixed states."""

from types import SimpleNamespace

import real_decisions
import view_decisions
from raft_stage import Group
from view_fixtures import World, node, pod, small_world

from cp_sim.apiserver.passage import Gate, Passage
from cp_sim.client.plan import Create, Delete, Emit, Later, Plan, SlowStart
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.views import (
    View,
    availability,
    cause_chain,
    cluster_map,
    control_plane,
    decision,
    guesses,
    keyspace,
    locks_and_keys,
    ownership,
    picture_of,
    preemption,
    raft,
    raft_members,
    reconcile,
    request_passage,
    term_lanes,
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


class Kept:
    """A store to look at, as `cluster.etcd` is one."""

    def __init__(self, mvcc: Mvcc) -> None:
        self.mvcc = mvcc
        self.range_at, self.history = mvcc.range_at, mvcc.versions
        self.current_revision, self.compact_revision = mvcc.revision, max(0, mvcc.compact_revision)

    def keys(self, prefix: str) -> list[str]:
        known = self.mvcc.keys()
        return [key for key in known if key.startswith(prefix)]


def stored_world() -> World:
    """A store of three keys with a history: one was created anew after its deletion, and the beginning is compacted."""
    mvcc = Mvcc()
    for key in ("/registry/pods/default/a", "/registry/pods/default/b", "/lesson"):
        mvcc.put(key, {"spec": {"nodeName": ""}})
    mvcc.put("/registry/pods/default/a", {"spec": {"nodeName": "worker-1"}})
    mvcc.delete("/registry/pods/default/b")
    mvcc.put("/registry/pods/default/b", {"spec": {}})
    mvcc.put("/lesson", "2")
    mvcc.compact(4)
    world = World(nodes=[], pods=[])
    world.revision = mvcc.revision
    world.etcd = Kept(mvcc)  # type: ignore[attr-defined]
    return world


FAULTS = ((10_000, "crash control-plane-1 (etcd leader)"), (40_000, "restart control-plane-1 (etcd leader)"))


def report(control_planes: int, gap_ms: int, start_ms: int = 0) -> SimpleNamespace:
    """What was measured while a control plane was away: writes failed for `gap_ms`."""
    end = 60_000 + start_ms
    crashed = 10_000 + start_ms
    strip = ((start_ms, crashed, True), (crashed, crashed + gap_ms, False), (crashed + gap_ms, end, True))
    return SimpleNamespace(
        title="lose one control plane",
        control_planes=control_planes,
        start_ms=start_ms,
        end_ms=end,
        faults=tuple((at + start_ms, words) for at, words in FAULTS),
        strips={"write": strip, "scheduling": strip[1:]},
        figures={"write_gap_ms": gap_ms, "raft_leader_changes": control_planes - 1, "lost_acknowledged_writes": 0},
    )


def broken_group() -> Group:
    """Five members: the leader is cut off and a new one elected, one crashed, one paused, links that lose."""
    group = Group(5).elected().run(300).propose(5).run(40)
    old = group.leader().name
    others = [name for name in sorted(group.members) if name != old]
    group.links.partition([old], others)
    group.propose(2).run(2_500)
    led = group.leader().name
    follower, crashed = (name for name in others if name != led and name != others[-1])
    group.crash(crashed)
    group.links.set(led, follower, loss=0.3)
    return group.propose(2).run(5)


def guesses_of(*names: str) -> View:
    """Guesses about real decisions: right, tied, wrong, nowhere and none."""
    made = [real_decisions.made()[name] for name in names]
    pods = [one.pod.rpartition("/")[2] for one in made]
    said = [made[0].node or "", made[1].best[-1], "nowhere", "worker-1"]
    return guesses(made, dict(zip(pods, said)))


WAYS = ("a node more", "a gate", "many nodes", "preemption")
PREEMPTIONS = ("preemption", "preemption tie", "preemption of many", "hopeless", "tie")


def gallery() -> dict[str, View]:
    """{name: one of each picture}."""
    told = told_world()
    return {
        "cluster map": cluster_map(small_world(14, 3)),
        "control plane": control_plane(told),
        "decision": decision(view_decisions.scheduled()),
        "no node": decision(view_decisions.unschedulable()),
        "gated": decision(view_decisions.refused()),
        **{f"decision: {name}": decision(made) for name, made in real_decisions.made().items()},
        **{f"preemption: {name}": preemption(real_decisions.made()[name]) for name in PREEMPTIONS},
        **{f"what if: {way}": picture_of(real_decisions.what_if(way)) for way in WAYS},
        "guesses": guesses_of("three nodes", "tie", "hopeless", "gated", "wide names"),
        "no guesses": guesses([real_decisions.made()["tie"]], {}),
        "decision: guessed": decision(real_decisions.made()["tie"], guess=["worker-1", "worker-9"]),
        "reconcile": reconcile(next(record for record in told.trace if isinstance(record.evidence, Plan))),
        "cause chain": cause_chain(told, "pod/web-7d4b9c6f5-b8c4d"),
        "ownership": ownership(owned_world(), "deployment/web"),
        "locks and keys": locks_and_keys(locked_world()),
        "request": request_passage(refused()),
        "timeline": timeline(told),
        "key space": keyspace(stored_world(), ""),
        "key space of the past": keyspace(stored_world(), "/registry/pods/default/", revision=5),
        "availability": availability([report(1, 30_000), report(3, 1_500, 600)]),
        "one availability": availability(report(3, 1_500)),
        "members": raft_members(broken_group()),
        "a vote": raft_members(Group(7).elected().run(5)),
        "terms": term_lanes(broken_group(), strips={"write": ((0, 900, True), (900, 1_500, False))}),
        "raft": raft(Group(3).elected().run(300)),
        "raft, as told": raft(broken_group().at(0)),
    }
