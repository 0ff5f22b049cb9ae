"""NodePorts: one host port, one pod."""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler import columns
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import SKIPPED, UNSCHEDULABLE, CycleState, Only, Plugin, Status
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change, takes_room

ANY = "0.0.0.0"


class NodePorts(Plugin):
    """Rejects nodes where a wanted host port is taken; 0.0.0.0 collides with every address.

    Source: pkg/scheduler/framework/plugins/nodeports, `HostPortInfo` in pkg/scheduler/framework/types.go.
    """

    name = "NodePorts"
    local = True
    verdicts = {1: (UNSCHEDULABLE, "node(s) didn't have free ports for the requested pod ports")}
    moved_by = ("pods/delete", "nodes/add")

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """A new node helps, and a pod that leaves a port which is wanted."""
        if change.kind == "nodes/add":
            return True
        if not takes_room(change.old):
            return False
        freed = PodInfo(change.old).facts.host_ports
        return any(collide(mine, theirs) for mine in pod.facts.host_ports for theirs in freed)

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        return None if pod.facts.host_ports else SKIPPED

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        taken = columns.filled(nodes.table.columns.size)
        for ip, protocol, port in pod.facts.host_ports:
            users = nodes.table.ports.get((protocol, port), {})
            for row in users if len(users) < len(nodes) else columns.listed(nodes.rows):
                used = users.get(row)
                if used and (ip == ANY or ANY in used or ip in used):
                    taken[row] = 1
        return nodes.pick(taken)

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        return {"ports": ", ".join(f"{port}/{protocol}" for _, protocol, port in pod.facts.host_ports)}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        return facts, f"wants host port {facts['ports']}, which a pod on this node has"


def collide(one: tuple[str, str, int], other: tuple[str, str, int]) -> bool:
    """Whether two host ports, as (ip, protocol, port), cannot be on one node."""
    return one[1:] == other[1:] and (one[0] == other[0] or ANY in (one[0], other[0]))
