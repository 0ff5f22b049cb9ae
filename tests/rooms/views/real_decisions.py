"""Decisions that the scheduler really made, from clusters of a few manifests: what the pictures have to cope with."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from cp_sim.scheduler import cycle
from cp_sim.scheduler.decision import Decision
from cp_sim.scheduler.plugins import default_profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.prepare import completed, prepared
from cp_sim.scheduler.scenario import Scenario
from cp_sim.sim.chance import Chance
from cp_sim.what_if import WhatIf

Object = dict[str, Any]
MASTER = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}


def node(
    name: str, cpu: str = "4", memory: str = "8Gi", zone: str = "", taints: tuple[Object, ...] = (), **more: Any
) -> Object:
    labels = {"kubernetes.io/hostname": name} | ({"topology.kubernetes.io/zone": zone} if zone else {})
    room = {"cpu": cpu, "memory": memory, "pods": "110"}
    spec = {"taints": list(taints)} | more
    metadata = {"name": name, "labels": labels}
    status = {"allocatable": room, "capacity": room}
    return {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "spec": spec, "status": status}


def pod(
    name: str, node: str = "", cpu: str = "", priority: int = 0, labels: Object | None = None, **spec: Any
) -> Object:
    requests = {"cpu": cpu} if cpu else {}
    containers = [{"name": "main", "image": "nginx:1.27", "resources": {"requests": requests}}]
    placed = {"nodeName": node} if node else {}
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}", "labels": labels or {}}
    started = {"startTime": "2026-01-01T00:00:00Z"} if node else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": containers, "priority": priority, **placed, **spec},
        "status": {"phase": "Running" if node else "Pending", **started},
    }


def decide(objects: list[Object], asked: Object, *, draw: bool = True, start: int = 0, percentage: int = 0) -> Decision:
    """What the scheduler decides about a pod in that cluster."""
    profile = default_profile(percentage_of_nodes_to_score=percentage)
    scene = Scenario(objects)
    info = PodInfo(prepared(completed(asked), {}, {}))
    if info.nominated_node:
        scene.cache.nominate(info, info.nominated_node)
    chance = Chance(7).stream("scheduler") if draw else None
    return cycle.schedule(scene.cache, profile, info, cycle.Room(start), 1, chance)[0]


def three_nodes() -> Decision:
    """A taint, a full node, and one that is left."""
    nodes = [node("control-plane-1", taints=(MASTER,)), node("worker-1"), node("worker-2")]
    full = [pod("filler", "worker-1", cpu="3760m")]
    return decide(nodes + full, pod("web-7d4b9c6f5-x2x7k", cpu="500m"))


def many_reasons() -> Decision:
    """Ten nodes, each with a reason of its own."""
    gpu = {"key": "gpu.example.com/dedicated-to-team-vision", "value": "true", "effect": "NoSchedule"}
    nodes = [
        node("control-plane-1", taints=(MASTER,)),
        node("worker-1", zone="a"),
        node("worker-2", zone="a", unschedulable=True),
        node("worker-3", zone="b", taints=(gpu,)),
        node("worker-4", zone="b", cpu="300m"),
        node("worker-5", zone="b"),
        node("worker-6", zone="c"),
        node("worker-7", zone="c"),
        node("worker-8"),
        node("worker-9", zone="c", memory="64Mi"),
    ]
    own = {"app": "web"}
    there = [
        pod("web-0", "worker-1", labels=own),
        pod("web-1", "worker-5", labels=own),
        pod("porter", "worker-7", containers=[{"name": "m", "ports": [{"hostPort": 80, "containerPort": 80}]}]),
    ]
    spread = {"topologyKey": "topology.kubernetes.io/zone", "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}
    anti = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": own}}
    asked = pod(
        "web-2",
        labels=own,
        topologySpreadConstraints=[{**spread, "labelSelector": {"matchLabels": own}}],
        affinity={"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [anti]}},
    )
    asked["spec"]["containers"] = [
        {
            "name": "main",
            "image": "nginx:1.27",
            "ports": [{"hostPort": 80, "containerPort": 80}],
            "resources": {"requests": {"cpu": "500m", "memory": "128Mi"}},
        }
    ]
    return decide(nodes + there, asked)


def tie() -> Decision:
    """Three nodes that are alike: a lot is drawn."""
    return decide([node(f"worker-{number}") for number in (1, 2, 3)], pod("web", cpu="500m"))


def smallest_name() -> Decision:
    """The same, with the smallest name taken."""
    return decide([node(f"worker-{number}") for number in (1, 2, 3)], pod("web", cpu="500m"), draw=False)


def sampled() -> Decision:
    """Of 5,000 nodes so many are looked at as are enough; a third is full."""
    nodes = [node(f"node-{number:04d}", zone="abc"[number % 3]) for number in range(5_000)]
    full = [pod(f"filler-{number}", f"node-{number:04d}", cpu="3800m") for number in range(0, 5_000, 3)]
    return decide(nodes + full, pod("web", cpu="500m"), start=4_900)


def hopeless() -> Decision:
    """Of 500 nodes none can take the pod."""
    nodes = [node(f"node-{number:04d}", taints=(MASTER,) if number < 5 else ()) for number in range(500)]
    nodes[77]["spec"]["unschedulable"] = True
    return decide(nodes, pod("huge", cpu="64"))


def gated() -> Decision:
    """Held back before the queue."""
    return decide([node("worker-1")], pod("held", schedulingGates=[{"name": "example.com/quota"}]))


def refused() -> Decision:
    """Refused as a whole: its claim does not exist."""
    volumes = [{"name": "data", "persistentVolumeClaim": {"claimName": "data-of-db-0"}}]
    return decide([node(f"worker-{number}") for number in (1, 2, 3)], pod("db-0", volumes=volumes))


def no_nodes() -> Decision:
    """A cluster without nodes."""
    return decide([], pod("lonely"))


def single() -> Decision:
    """One node is feasible: nothing is scored."""
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["worker-2"]}]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    nodes = [node(f"worker-{number}") for number in (1, 2, 3)]
    return decide(nodes, pod("daemon-x7", affinity={"nodeAffinity": required}))


def nominated() -> Decision:
    """The node on which an earlier preemption made room is looked at first."""
    asked = pod("high", cpu="3", priority=1000)
    asked["status"]["nominatedNodeName"] = "worker-2"
    return decide([node(f"worker-{number}") for number in (1, 2, 3)], asked)


def _low(name: str, where: str, priority: int, cpu: str, start: str, **labels: str) -> Object:
    made = pod(name, where, cpu=cpu, priority=priority, labels=labels)
    made["status"]["startTime"] = f"2026-01-01T0{start}:00Z"
    return made


def preemption() -> Decision:
    """Four candidates; the budget, then the priorities, then the number of victims decide; one pod is reprieved."""
    nodes = [node("control-plane-1", taints=(MASTER,))] + [node(f"worker-{number}") for number in (1, 2, 3, 4)]
    there = [
        _low("guarded-0", "worker-1", 10, "3", "0:00", app="guarded"),
        _low("batch-1", "worker-2", 100, "3", "1:00"),
        _low("batch-2", "worker-3", 10, "1500m", "2:00"),
        _low("batch-3", "worker-3", 10, "1500m", "2:30"),
        _low("tiny-with-a-rather-long-name-7d4b9c6f5-abcde", "worker-3", 5, "200m", "2:30"),
        _low("batch-4", "worker-4", 10, "1600m", "3:00"),
        _low("batch-5", "worker-4", 5, "1900m", "3:00"),
        _low("batch-6", "worker-4", 500, "400m", "3:00"),
    ]
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "guarded", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"app": "guarded"}}},
        "status": {"disruptionsAllowed": 0},
    }
    return decide([*nodes, *there, budget], pod("urgent-0", cpu="3", priority=1000))


def preemption_tie() -> Decision:
    """Every candidate is as good as every other."""
    nodes = [node(f"worker-{number}") for number in (1, 2, 3)]
    there = [_low(f"batch-{number}", f"worker-{number}", 10, "3", "1:00") for number in (1, 2, 3)]
    return decide([*nodes, *there], pod("urgent-0", cpu="3", priority=1000))


def preemption_of_many() -> Decision:
    """Forty candidates with many victims each."""
    nodes = [node(f"worker-{number:02d}") for number in range(40)]
    there = [
        _low(f"batch-{number:02d}-{place}", f"worker-{number:02d}", 10 + number % 3, "400m", "1:00")
        for number in range(40)
        for place in range(9)
    ]
    return decide([*nodes, *there], pod("urgent-0", cpu="3500m", priority=1000))


def wide_names() -> Decision:
    """Names as clouds give them."""
    names = [f"ip-10-0-{number}-117.eu-central-1.compute.internal" for number in range(6)]
    nodes = [node(name, cpu="2" if number % 2 else "8") for number, name in enumerate(names)]
    full = [pod("filler", names[2], cpu="7900m")]
    return decide(nodes + full, pod("recommendation-service-canary-5c8f6b7d9-hq8zv", cpu="2500m"))


def what_if(way: str) -> WhatIf:
    """A what-if made of two decisions."""
    names = [f"worker-{number}" for number in (1, 2, 3)]
    full = [pod("filler", "worker-1", cpu="1"), pod("more", "worker-2", cpu="2")]
    asked = pod("web", cpu="500m")
    before = decide([node(name) for name in names] + full, asked)
    if way == "a node more":
        after = decide([node(name) for name in names] + [node("worker-4", cpu="16"), *full], pod("web", cpu="3500m"))
        return WhatIf("pod web", "worker-3", before, after, ("requests 3500m cpu instead of 500m", "a node more"))
    if way == "a gate":
        after = decide([node(name) for name in names], pod("web", schedulingGates=[{"name": "example.com/quota"}]))
        return WhatIf("pod web", "", before, after, ("a scheduling gate",))
    if way == "many nodes":
        many = [node(f"node-{number:03d}", zone="abc"[number % 3]) for number in range(150)]
        before = decide(many, asked)
        many[4]["spec"]["unschedulable"] = many[9]["spec"]["unschedulable"] = True
        return WhatIf("pod web", "", before, decide(many, asked), ("node-004 cordoned", "node-009 cordoned"))
    after = decide(
        [node(name) for name in names[:1]] + [pod("filler", "worker-1", cpu="4")], pod("web", cpu="3", priority=9)
    )
    return WhatIf("pod web", "worker-3", before, after, ("without worker-2 and worker-3",))


REAL: dict[str, Callable[[], Decision]] = {
    "three nodes": three_nodes,
    "many reasons": many_reasons,
    "tie": tie,
    "smallest name": smallest_name,
    "sampled": sampled,
    "hopeless": hopeless,
    "gated": gated,
    "refused": refused,
    "no nodes": no_nodes,
    "single": single,
    "nominated": nominated,
    "preemption": preemption,
    "preemption tie": preemption_tie,
    "preemption of many": preemption_of_many,
    "wide names": wide_names,
}


@cache
def made() -> dict[str, Decision]:
    """Each of them, decided once."""
    return {name: scene() for name, scene in REAL.items()}
