"""Lesson 08's clusters: a full one with pods of different priorities, and those of spreading and of the exercises."""

from __future__ import annotations

from typing import Any

from cp_sim.cluster import Cluster
from cp_sim.course.manifest import pod
from cp_sim.kubelet import NodeSpec

Object = dict[str, Any]

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"


def priority_class(name: str, value: int, **more: Any) -> Object:
    """A PriorityClass; `preemptionPolicy="Never"` and other fields as they are."""
    return {
        "apiVersion": "scheduling.k8s.io/v1",
        "kind": "PriorityClass",
        "metadata": {"name": name},
        "value": value,
        **more,
    }


def spread(app: str, when: str = "DoNotSchedule", max_skew: int = 1) -> list[Object]:
    """The rule that keeps the pods of an app evenly over the zones."""
    selector = {"matchLabels": {"app": app}}
    return [{"maxSkew": max_skew, "topologyKey": ZONE, "whenUnsatisfiable": when, "labelSelector": selector}]


def apart(app: str) -> Object:
    """The affinity that allows no two pods of an app on one machine."""
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": HOSTNAME}
    return {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


def deployment(app: str, replicas: int, cpu: str, strategy: Object | None = None, **spec: Any) -> Object:
    """A Deployment whose pods carry the label `app`; `spec` are further fields of the pods."""
    labels = {"app": app}
    template = pod("template", cpu, "512Mi", **spec)
    wanted: Object = {
        "replicas": replicas,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": template["spec"]},
    }
    if strategy:
        wanted["strategy"] = strategy
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": app}, "spec": wanted}


def budget(app: str, min_available: int) -> Object:
    """A PodDisruptionBudget for the pods of an app."""
    spec = {"minAvailable": min_available, "selector": {"matchLabels": {"app": app}}}
    return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": app}, "spec": spec}


# -- the experiments -------------------------------------------------------------------------------------------------


def zones(seed: int = 7) -> Cluster:
    """Three zones that are not alike: a big and a usual machine in a, a usual one in b, a small one in c."""
    sizes = (("8", "16Gi", "a"), ("4", "8Gi", "a"), ("4", "8Gi", "b"), ("2", "4Gi", "c"))
    workers = [
        NodeSpec(f"worker-{number}", cpu=cpu, memory=memory, zone=zone)
        for number, (cpu, memory, zone) in enumerate(sizes, 1)
    ]
    return Cluster(workers=0, nodes=workers, seed=seed)


def three(seed: int = 7) -> Cluster:
    """Three equal workers of 4 CPUs, one in each zone, and the lesson's PriorityClasses."""
    workers = [NodeSpec(f"worker-{number}", cpu="4", memory="8Gi", zone=zone) for number, zone in enumerate("abc", 1)]
    cluster = Cluster(workers=0, nodes=workers, seed=seed)
    cluster.apply([priority_class("spare", 1), priority_class("low", 10), priority_class("middle", 100)])
    cluster.apply(priority_class("urgent", 1000))
    return cluster.settle()


# pod: (cpu, priority class, worker)
TENANTS = {
    "batch-1": ("3", "low", 1),
    "api": ("2", "middle", 2),
    "filler": ("1", "spare", 2),
    "batch-2": ("2", "low", 3),
    "batch-3": ("2", "low", 3),
}


def full_house(seed: int = 7) -> Cluster:
    """Three workers, nearly all of whose CPUs are promised to pods of low and middle priority.

    The programs in these pods take eight seconds to end when they are asked to.
    """
    cluster = three(seed)
    for name, (cpu, klass, worker) in TENANTS.items():
        tenant = pod(name, cpu, "1Gi", priorityClassName=klass, nodeSelector={HOSTNAME: f"worker-{worker}"})
        annotations = {"cp-sim/behaviour": "term-8s"}
        cluster.apply({**tenant, "metadata": {**tenant["metadata"], "annotations": annotations}})
    return cluster.settle()


def rescue(cpu: str = "3") -> Object:
    """The urgent pod that comes to a full house."""
    return pod("rescue", cpu, "1Gi", priorityClassName="urgent")


def guarded(seed: int = 7) -> Cluster:
    """Three workers, each filled by one pod of shop, whose budget says that all three must stay available."""
    cluster = three(seed)
    cluster.apply([deployment("shop", 3, "3", priorityClassName="low", affinity=apart("shop")), budget("shop", 3)])
    return cluster.settle()


# -- the exercises ---------------------------------------------------------------------------------------------------


def stuck(seed: int = 7) -> Cluster:
    """A Deployment whose pods allow no second one on their machine, in the middle of an update that cannot go on."""
    cluster = three(seed)
    cluster.apply(deployment("shop", 3, "500m", affinity=apart("shop")))
    cluster.settle()
    cluster.apply(deployment("shop", 3, "600m", affinity=apart("shop")))
    return cluster.run("10s")


def report() -> Object:
    """The pod that somebody is going to create in the cluster of `tonight`."""
    return pod("report", "2", "1Gi", priorityClassName="reports")


def tonight(seed: int = 7) -> Cluster:
    """Three workers, each with a pod of shop and little room; pods of the class `reports` are worth more than these."""
    cluster = three(seed)
    cluster.apply([priority_class("reports", 500), priority_class("business", 100)])
    cluster.apply(deployment("shop", 3, "2500m", priorityClassName="business", affinity=apart("shop")))
    return cluster.settle()
