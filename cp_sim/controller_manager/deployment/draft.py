"""A plan for one Deployment while it is being thought out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from cp_sim.client.plan import Action, Create, Delete, Emit, Later, Plan, Update
from cp_sim.controller_manager.deployment import revisions, sizes
from cp_sim.objects.edit import get, put
from cp_sim.objects.meta import name, namespace, uid

Object = dict[str, Any]


@dataclass(slots=True)
class Draft:
    """The actions thought of so far, and why.

    A sync that has written the Deployment's status once cannot write it again: its copy is out of date by then, the
    API server would refuse.  The change comes back through the watch and the next sync goes on from there.
    """

    deployment: Object
    now_ms: int
    actions: list[Action] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    status_written: bool = False

    def create(self, replica_set: Object) -> None:
        """Create a ReplicaSet, and tell of it unless it starts empty."""
        size = sizes.replicas(replica_set)
        because = f"no ReplicaSet has this pod template yet: create {name(replica_set)} with {size} replicas"
        self.actions.append(Create(replica_set, because))
        if size > 0:
            self._tell(f"Scaled up replica set {name(replica_set)} from 0 to {size}")
        self.reasons.append(because)

    def annotate(self, replica_set: Object, because: str) -> None:
        """Write a ReplicaSet whose annotations (or minReadySeconds) have changed."""
        self.actions.append(Update(replica_set, "", because))
        self.reasons.append(because)

    def scale(self, replica_set: Object, size: int, because: str) -> bool:
        """Give a ReplicaSet a size, and note on it how big the Deployment is; returns whether its size changes."""
        wanted = sizes.replicas(self.deployment)
        scaled = revisions.with_sizes(replica_set, wanted, wanted + sizes.max_surge(self.deployment))
        before = sizes.replicas(replica_set)
        if size != before:
            scaled = put(scaled, "spec.replicas", size)
        if scaled is replica_set:
            return False
        self.actions.append(Update(scaled, "", because))
        if size != before:
            direction = "up" if size > before else "down"
            self._tell(f"Scaled {direction} replica set {name(replica_set)} from {before} to {size}")
            self.reasons.append(f"{because}: {name(replica_set)} from {before} to {size}")
        return size != before

    def delete(self, replica_set: Object) -> None:
        """Delete a ReplicaSet that is beyond the history limit."""
        because = f"{name(replica_set)} is old, empty and beyond the history limit: delete it"
        self.actions.append(Delete("replicasets.apps", namespace(replica_set), name(replica_set), because=because))
        self.reasons.append(because)

    def write_status(self, updated: Object, because: str) -> None:
        """Write the Deployment's status (and annotations, which pass through the status as well)."""
        if not self.status_written:
            self.actions.append(Update(updated, "status", because))
            self.reasons.append(because)
            self.status_written = True

    def look_again(self, delay_ms: int, because: str) -> None:
        """Sync again later; the world need not wait for that."""
        self.actions.append(Later(delay_ms, because, background=True))

    def _tell(self, message: str) -> None:
        self.actions.append(Emit(self.deployment, "Normal", "ScalingReplicaSet", message))

    def plan(self, replica_sets: list[Object]) -> Plan:
        """The plan, with what was observed and what is desired."""
        observed = {
            name(rs): {
                "replicas": sizes.replicas(rs),
                "available": get(rs, "status.availableReplicas") or 0,
                "revision": revisions.revision(rs),
            }
            for rs in replica_sets
            if uid(rs)
        }
        return Plan(
            tuple(self.actions),
            "; ".join(self.reasons) or "nothing to do",
            observed=observed,
            desired={
                "replicas": sizes.replicas(self.deployment),
                "maxSurge": sizes.max_surge(self.deployment),
                "maxUnavailable": sizes.max_unavailable(self.deployment),
            },
            on_error="failed",
        )
