"""The scheduler's cache, made in thought of what the API server holds, and one scheduling cycle in it."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from cp_sim.objects import edit, meta
from cp_sim.objects.kinds import UnknownKind
from cp_sim.scheduler import cycle
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.decision import SCHEDULED, Decision, Draw
from cp_sim.scheduler.framework import Profile
from cp_sim.scheduler.plugins import default_profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.scheduler import OTHERS

Object = dict[str, Any]


class Objects:
    """Everything that decisions depend on: nodes in the scheduler's order, pods, and the other objects by resource."""

    def __init__(self, nodes: dict[str, Object], pods: dict[str, Object], others: dict[str, list[Object]]) -> None:
        self.nodes = nodes
        self.pods = pods
        self.others = others

    @classmethod
    def of(cls, world: Any) -> Objects:
        """Those of a cluster, or of its past."""
        order = node_order(world)
        nodes = {meta.name(one): one for one in world.get("nodes")}
        ordered = {name: nodes[name] for name in sorted(nodes, key=lambda name: order.get(name, len(order)))}
        pods = {meta.key(one): one for one in world.get("pods", "*")}
        for key, node in assumed(world).items():
            if key in pods and not meta.node_name(pods[key]):
                pods[key] = edit.put(pods[key], "spec.nodeName", node)
        return cls(ordered, pods, {resource: listed(world, resource) for resource in OTHERS})


def listed(world: Any, resource: str) -> list[Object]:
    """All objects of a resource; none of a resource that does not exist here."""
    try:
        return list(world.get(resource, "*"))
    except UnknownKind:
        return []


class Thought:
    """One pod and a cluster as it might be.  Nothing of the real one is touched, its chance is only looked at."""

    def __init__(self, world: Any, objects: Objects, pod: Object) -> None:
        self.world = world
        self.where = meta.node_name(pod)  # the node that it is on now
        self.pod = PodInfo(without_place(pod))
        self.profile, self.start, self.chance = scheduling(world, self.pod.spec.get("schedulerName"))
        self.cache = Cache()
        for node in objects.nodes.values():
            self.cache.put_node(node)
        for resource, found in objects.others.items():
            for one in found:
                self.cache.put(resource, one)
        for key, other in objects.pods.items():
            if key != self.pod.key:
                self._place(other)

    def _place(self, pod: Object) -> None:
        if meta.is_finished(pod):
            return
        info = PodInfo(pod)
        if meta.node_name(pod):
            self.cache.put_pod(info, meta.node_name(pod))
        elif info.nominated_node:
            self.cache.nominate(info, info.nominated_node)

    def decide(self) -> Decision:
        """Where the pod would go.  A tie goes to the node that it is on, else as the scheduler would draw next."""
        if self.pod.nominated_node:
            self.cache.nominate(self.pod, self.pod.nominated_node)
        room = cycle.Room(self.start)
        decision, _ = cycle.schedule(self.cache, self.profile, self.pod, room, 1, self.chance, look_everywhere=True)
        if decision.result != SCHEDULED or self.where == decision.node or self.where not in decision.best:
            return decision
        among = decision.draw.among if decision.draw is not None else (self.where,)
        return replace(decision, node=self.where, draw=Draw(among, list(among).index(self.where)))


def without_place(pod: Object) -> Object:
    """The pod as if it had not been placed yet."""
    if not meta.node_name(pod):
        return pod
    spec = {key: value for key, value in pod["spec"].items() if key != "nodeName"}
    return edit.drop({**pod, "spec": spec}, "status.nominatedNodeName")


# -- the scheduler that would decide --------------------------------------------------------------------------------


def scheduler_of(world: Any) -> Any:
    """The scheduler that leads, else one that runs, else None (a past has none)."""
    actors = getattr(getattr(world, "loop", None), "actors", {})
    found = [one for one in actors.values() if hasattr(one, "profiles") and hasattr(one, "room")]
    return next((one for one in found if one.leading), found[0] if found else None)


def profiles_of(world: Any) -> dict[str, Profile]:
    """The profiles of the scheduler, or those that a past was given; empty where nobody knows."""
    scheduler = scheduler_of(world)
    found = scheduler.profiles if scheduler is not None else getattr(world, "profiles", None)
    return dict(found or {})


def assumed(world: Any) -> dict[str, str]:
    """{pod: node} of the pods that the scheduler has placed and that are not bound yet."""
    scheduler = scheduler_of(world)
    if scheduler is None:
        return {}
    return {one.key: scheduler.cache.node_of[uid] for uid, one in scheduler.cache.assumed.items()}


def node_order(world: Any) -> dict[str, int]:
    """{node: its place in the order in which the scheduler walks through them}."""
    scheduler = scheduler_of(world)
    names = scheduler.cache.table.ordered_names if scheduler is not None else ()
    return {name: place for place, name in enumerate(names)}


def scheduling(world: Any, name: str | None) -> tuple[Profile, int, Any]:
    """(profile of that scheduler name, where the walk through the nodes goes on, a copy of the chance that draws).

    Raises:
        LookupError: no scheduler of that name runs.
    """
    scheduler = scheduler_of(world)
    profiles = profiles_of(world) or {"default-scheduler": default_profile()}
    name = name or "default-scheduler"
    if name not in profiles:
        raise LookupError(f"the pod asks for the scheduler {name}; there is {', '.join(profiles)}")
    if scheduler is None:
        return profiles[name], 0, None
    chance = copy.deepcopy(scheduler.loop.chance).stream("scheduler") if scheduler.draw_ties else None
    return profiles[name], scheduler.room.start, chance
