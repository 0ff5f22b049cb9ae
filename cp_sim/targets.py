"""Who is meant in a fault script: roles that every cluster has, however many control planes it is made of."""

from __future__ import annotations

import re
from typing import Any

from cp_sim.layout import APISERVER, BALANCER, CLOUD_MANAGER, ETCD, MANAGER, SCHEDULER

_LEADERS = {
    "scheduler leader": SCHEDULER,
    "controller manager leader": MANAGER,
    "cloud controller manager leader": CLOUD_MANAGER,
}
REST, EVERYTHING = ("the rest", "everything else"), "everything"


def find(cluster: Any, role: str) -> tuple[str, ...]:
    """The names of the processes or machines that `role` means now; empty if the cluster has no such thing.

    Raises:
        ValueError: nobody knows what is meant.
    """
    said, role = role, re.sub(r"^the (?!control plane of)", "", role.strip())
    processes = cluster.processes
    members = [process.name for process in processes.of(ETCD)]
    if role == "etcd leader":
        return _some(cluster.etcd_leader or next(iter(_alive(cluster, ETCD)), ""))
    if role in ("an etcd follower", "an etcd member"):
        others = [name for name in _alive(cluster, ETCD) if name != cluster.etcd_leader]
        return _some(next(iter(others or _alive(cluster, ETCD)), ""))
    if role == "a majority of etcd":
        leader = cluster.etcd_leader
        first = sorted(members, key=lambda name: (name != leader, members.index(name)))
        return tuple(first[: len(members) // 2 + 1])
    if role == "all etcd members":
        return tuple(members)
    if role in _LEADERS:
        component = _LEADERS[role]
        return _some(cluster.leader_of(component) or next(iter(_alive(cluster, component)), ""))
    if role in ("an API server", "an apiserver"):
        return _some(next(iter(_alive(cluster, APISERVER)), ""))
    if role == "load balancer":
        return (BALANCER,) if BALANCER in processes.all else ()
    if role == "the control plane of the etcd leader":
        [member] = find(cluster, "etcd leader") or ("",)
        host = processes.all[member].host if member else ""
        return _some(host if host in processes.kubelets else next(iter(cluster.layout.hosts)))
    numbered = re.fullmatch(r"(control plane|worker|API server|etcd member) (\d+)", role)
    if numbered is not None:
        return _numbered(cluster, numbered[1], int(numbered[2]))
    return (_by_name(cluster, said),)


def _numbered(cluster: Any, what: str, number: int) -> tuple[str, ...]:
    if what == "etcd member":
        members = [process.name for process in cluster.processes.of(ETCD)]
        return tuple(members[number - 1 : number])
    host = f"worker-{number}" if what == "worker" else f"control-plane-{number}"
    if what == "API server":
        return tuple(process.name for process in cluster.processes.of(APISERVER) if process.host == host)
    return (host,) if host in cluster.processes.kubelets or host in cluster.processes.hosts() else ()


def _by_name(cluster: Any, name: str) -> str:
    if name in cluster.processes.all or name in machines(cluster, EVERYTHING, ()) or "@" in name:
        return name
    raise ValueError(
        f"nobody knows who {name!r} is: name a machine or a process, or a role (etcd leader, an etcd follower, "
        "a majority of etcd, scheduler leader, controller manager leader, an API server, load balancer, "
        "control plane 1, worker 1, the control plane of the etcd leader)"
    )


def _some(name: str) -> tuple[str, ...]:
    return (name,) if name else ()


def _alive(cluster: Any, component: str) -> list[str]:
    return [process.name for process in cluster.processes.of(component) if process.alive]


def machine_of(cluster: Any, name: str) -> str:
    """The machine of a process, or the machine of that name."""
    process = cluster.processes.all.get(name)
    return process.host if process is not None else name.partition("@")[2] or name


def machines(cluster: Any, role: str, struck: tuple[str, ...]) -> list[str]:
    """The machines that a role means; `the rest` are those of the control planes that were not struck."""
    hosts = [*cluster.processes.hosts(), *cluster.processes.kubelets]
    if role == EVERYTHING:
        return list(dict.fromkeys(hosts))
    if role in REST:
        out = {machine_of(cluster, name) for name in struck}
        rest = [host for host in cluster.processes.hosts() if host not in out and host != BALANCER]
        return list(dict.fromkeys(rest))
    if role == "workers":
        return [host for host in cluster.processes.kubelets if host not in cluster.layout.hosts]
    if role == "user":
        return ["user"]
    return list(dict.fromkeys(machine_of(cluster, name) for name in find(cluster, role)))
