"""Lesson 06's clusters: the one of the experiments, and those of the exercises, some chosen by the seed."""

from __future__ import annotations

import hashlib
from typing import Any

from cp_sim.cluster import CONTROL_PLANE_ROLE, Cluster
from cp_sim.course.manifest import pod
from cp_sim.kubelet import NodeSpec

Object = dict[str, Any]

HOSTNAME = "kubernetes.io/hostname"
NVME, SSD, HDD = {"disk": "nvme"}, {"disk": "ssd"}, {"disk": "hdd"}
KEY = {"key": CONTROL_PLANE_ROLE, "operator": "Exists", "effect": "NoSchedule"}


def workshop(seed: int = 7, **options: Any) -> Cluster:
    """Three workers: one with a database on it, one empty with a fast disk, one small and nearly full."""
    workers = (
        NodeSpec("worker-1", cpu="4", memory="8Gi", zone="a", labels=HDD),
        NodeSpec("worker-2", cpu="4", memory="8Gi", zone="b", labels=SSD),
        NodeSpec("worker-3", cpu="2", memory="4Gi", zone="c", labels=HDD),
    )
    cluster = Cluster(workers=0, nodes=workers, seed=seed, **options)
    cluster.apply(pod("db", "1", "2Gi", nodeSelector={HOSTNAME: "worker-1"}))
    cluster.apply(pod("batch", "1800m", "1Gi", nodeSelector={HOSTNAME: "worker-3"}))
    return cluster.settle()


def two_small_one_big(seed: int = 7, **options: Any) -> Cluster:
    """Two workers of 4 CPUs and one of 16, all empty."""
    sizes = (("4", "8Gi", "a"), ("4", "8Gi", "b"), ("16", "32Gi", "c"))
    workers = [
        NodeSpec(f"worker-{number}", cpu=cpu, memory=memory, zone=zone)
        for number, (cpu, memory, zone) in enumerate(sizes, 1)
    ]
    return Cluster(workers=0, nodes=workers, seed=seed, **options)


# -- exercise: where will the six go? ------------------------------------------------------------------------------

# role: (cpu, memory, labels)
_ROLES: dict[str, tuple[str, str, dict[str, str]]] = {
    "fast": ("4", "8Gi", SSD),
    "big": ("8", "16Gi", HDD),
    "busy": ("4", "8Gi", HDD),
    "small": ("2", "4Gi", HDD),
}


def roles(seed: int) -> dict[str, str]:
    """Which worker plays which role, drawn by the seed."""
    mixed = sorted(_ROLES, key=lambda role: hashlib.sha256(f"{seed}/{role}".encode()).hexdigest())
    return {role: f"worker-{number}" for number, role in enumerate(mixed, 1)}


def exam(seed: int = 7) -> Cluster:
    """Four workers: a big one, a small one, one with a fast disk, one that is nearly full; which is which, the seed
    decides.
    """
    found = roles(seed)
    workers = []
    for role, name in found.items():
        cpu, memory, labels = _ROLES[role]
        workers.append(NodeSpec(name, cpu=cpu, memory=memory, zone="a", labels=labels))
    cluster = Cluster(workers=0, nodes=workers, seed=seed)
    cluster.apply(pod("old", "3", "1Gi", nodeSelector={HOSTNAME: found["busy"]}))
    return cluster.settle()


def six(_cluster: Cluster) -> list[Object]:
    """The six pods of the exercise, in the order in which they are created."""
    return [
        pod("plain", "500m", "1Gi"),
        pod("picture", "1", "1Gi", nodeSelector=SSD),
        pod("giant", "6", "2Gi"),
        pod("keeper", "100m", "100Mi", nodeSelector={CONTROL_PLANE_ROLE: ""}, tolerations=[KEY]),
        pod("dreamer", "100m", "100Mi", nodeSelector=NVME),
        pod("late", "2", "1Gi"),
    ]


# -- the other exercises -------------------------------------------------------------------------------------------


def jam(seed: int = 7) -> Cluster:
    """Two workers, each half full, and two pods that wait: `heavy` wants much, `picky` a disk that nobody has."""
    workers = (
        NodeSpec("worker-1", cpu="4", memory="8Gi", zone="a", labels=HDD),
        NodeSpec("worker-2", cpu="4", memory="8Gi", zone="b", labels=SSD),
    )
    cluster = Cluster(workers=0, nodes=workers, seed=seed)
    for name, node in (("filler-1", "worker-1"), ("filler-2", "worker-2")):
        cluster.apply(pod(name, "2", "1Gi", nodeSelector={HOSTNAME: node}))
    cluster.settle()
    cluster.apply([pod("heavy", "3", "2Gi"), pod("picky", "500m", "1Gi", nodeSelector=NVME)])
    return cluster.settle()


def shelves(seed: int = 7) -> Cluster:
    """Four equal workers with different disks: hdd, ssd, hdd, nvme."""
    disks = (HDD, SSD, HDD, NVME)
    workers = [NodeSpec(f"worker-{number}", zone="a", labels=disk) for number, disk in enumerate(disks, 1)]
    return Cluster(workers=0, nodes=workers, seed=seed)
