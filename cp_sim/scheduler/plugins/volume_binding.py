"""VolumeBinding: claims must be usable, or become so, on the node."""

from __future__ import annotations

from typing import Any

from cp_sim.apiserver.request import Call
from cp_sim.objects import edit, meta, quantity, selectors
from cp_sim.scheduler import columns, node_matching, volumes
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.framework import (
    ERROR,
    OK,
    SKIPPED,
    UNRESOLVABLE,
    WAIT,
    CycleState,
    Only,
    Plugin,
    Prepare,
    Status,
)
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change

Object = dict[str, Any]

NODE_CONFLICT, BIND_CONFLICT, NO_SPACE, NO_VOLUME = 1, 2, 4, 8
REASONS = {
    NODE_CONFLICT: "node(s) didn't match PersistentVolume's node affinity",
    BIND_CONFLICT: "node(s) didn't find available persistent volumes to bind",
    NO_SPACE: "node(s) did not have enough free storage",
    NO_VOLUME: "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)",
}
UNBOUND = "pod has unbound immediate PersistentVolumeClaims"
ATTRIBUTES = "volumeAttributesClassName"
NO_PROVISIONER = "kubernetes.io/no-provisioner"
MIGRATED = "storage.alpha.kubernetes.io/migrated-plugins"


class Claims:
    """The claims of a pod: those that are bound, and those that wait for it to be placed; once it is, `chosen` has the
    volume for each of these that is not to be made.
    """

    __slots__ = ("bound", "chosen", "waiting")

    def __init__(self) -> None:
        self.bound: list[Object] = []
        self.waiting: list[Object] = []
        self.chosen: dict[str, str] = {}


class VolumeBinding(Plugin):
    """Rejects nodes that bound volumes cannot reach, or where no volume could be found or made for unbound claims.

    Before the pod is bound, the volumes chosen for its claims are promised to them (`spec.claimRef`), the other claims
    are told the node where a volume is to be made (annotation selected-node); then it waits until all are bound.
    Source: pkg/scheduler/framework/plugins/volumebinding/volume_binding.go, binder.go.
    *Simplified:* it does not score by capacity, nor does the real one by default.
    """

    name = "VolumeBinding"
    moved_by = (
        "nodes/add",
        "nodes/update-label",
        "persistentvolumeclaims/add",
        "persistentvolumeclaims/update",
        "persistentvolumes/add",
        "persistentvolumes/update",
        "storageclasses/add",
        "storageclasses/update",
        "csinodes/add",
        "csinodes/update",
        "csidrivers/update",
        "csistoragecapacities/add",
        "csistoragecapacities/update",
    )

    def __init__(self, bind_timeout_s: int = 600) -> None:
        self.bind_timeout_ms = bind_timeout_s * 1000

    def hint(self, pod: PodInfo, change: Change) -> bool:
        """What is new helps, and claims only if the pod mounts them; what changed only where it counts for binding."""
        if change.kind.startswith("persistentvolumeclaims/"):
            return volumes.mounts(pod, change.new)
        old, new = change.old, change.new
        if change.kind == "storageclasses/update":
            return bool(old.get("allowedTopologies") != new.get("allowedTopologies"))
        if change.kind == "csinodes/update":
            return meta.annotations(old).get(MIGRATED) != meta.annotations(new).get(MIGRATED)
        if change.kind == "csistoragecapacities/update":
            return largest(new) > largest(old)
        if change.kind == "csidrivers/update":
            named = any((one.get("csi") or {}).get("driver") == meta.name(new) for one in pod.facts.volumes)
            stopped = (old["spec"].get("storageCapacity"), new["spec"].get("storageCapacity"))
            return named and bool(stopped[0]) and not stopped[1]
        return True

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        names = volumes.claim_names(pod)
        if not names:
            return SKIPPED
        claims = Claims()
        try:
            found = [usable_claim(state.cache, pod, name, ephemeral) for name, ephemeral in names]
        except volumes.VolumeError as problem:
            return Status(UNRESOLVABLE, (str(problem),))
        for made in found:
            if volumes.is_bound(made):
                claims.bound.append(made)
            elif volumes.waits_for_consumer(state.cache, made) and not volumes.volume_of(made):
                claims.waiting.append(made)
            else:
                return Status(UNRESOLVABLE, (UNBOUND,))
        state[self.name] = claims
        return None

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        claims: Claims = state[self.name]
        codes = columns.filled(len(nodes))
        for made in claims.bound:
            volume = state.cache.get(volumes.VOLUMES, volumes.volume_of(made))
            if volume is None:
                codes = codes | NO_VOLUME
            else:
                codes = codes | (~reaches(volume, nodes) * NODE_CONFLICT)
        if claims.waiting:
            codes = codes | find_or_make(state.cache, claims.waiting, nodes)[0]
        return codes

    def outcome(self, state: CycleState, pod: PodInfo, code: int) -> tuple[str, tuple[str, ...]]:
        return UNRESOLVABLE, tuple(reason for bit, reason in REASONS.items() if code & bit)

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        claims: Claims = state[self.name]
        which = claims.bound if code & (NODE_CONFLICT | NO_VOLUME) else claims.waiting
        return {"claims": ", ".join(meta.name(made) for made in which)}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        return facts, f"claims {facts['claims']}: {', '.join(reasons)}"

    def reserve(self, state: CycleState, pod: PodInfo, node: str) -> Status:
        claims: Claims | None = state.get(self.name)
        if claims is not None and claims.waiting:
            nodes = Nodes(state.cache.table, columns.rows_of([state.cache.table.row_of[node]]))
            claims.chosen = find_or_make(state.cache, claims.waiting, nodes)[1]
            for made, volume in claims.chosen.items():
                state.cache.promised[volume] = made
        return OK

    def unreserve(self, state: CycleState, pod: PodInfo, node: str) -> None:
        claims: Claims | None = state.get(self.name)
        mine = {meta.key(made) for made in claims.waiting} if claims is not None else set()
        for volume, made in list(state.cache.promised.items()):
            if made in mine:
                del state.cache.promised[volume]

    def pre_bind_pre_flight(self, state: CycleState, pod: PodInfo, node: str) -> Status:
        claims: Claims | None = state.get(self.name)
        return OK if claims is not None and claims.waiting else SKIPPED

    def pre_bind(self, state: CycleState, pod: PodInfo, node: str) -> Status | Prepare:
        claims: Claims = state[self.name]
        calls = []
        for made in claims.waiting:
            volume = state.cache.get(volumes.VOLUMES, claims.chosen.get(meta.key(made), ""))
            if volume is None:
                body = edit.put(made, ("metadata", "annotations", volumes.SELECTED_NODE), node)
                calls.append(Call("update", volumes.CLAIMS, meta.namespace(made), meta.name(made), body=body))
            elif not volumes.is_for(volume, made):
                body = volumes.promised_to(volume, made)
                calls.append(Call("update", volumes.VOLUMES, "", meta.name(volume), body=body))
        return Prepare(tuple(calls), self.bind_timeout_ms, "binding volumes: context deadline exceeded")

    def prepared(self, state: CycleState, pod: PodInfo, node: str) -> Status:
        """Whether all claims are bound by now (`checkBindings`)."""
        claims: Claims = state[self.name]
        for made in claims.waiting:
            now = state.cache.get(volumes.CLAIMS, meta.key(made))
            if now is None:
                return Status(ERROR, (f'persistentvolumeclaim "{meta.name(made)}" not found',))
            if not volumes.is_bound(now):
                # Who cannot make a volume takes the annotation off again.
                to_make = meta.key(made) not in claims.chosen
                written = meta.resource_version(now) != meta.resource_version(made)
                if to_make and written and meta.annotations(now).get(volumes.SELECTED_NODE) != node:
                    return Status(ERROR, (f'provisioning failed for PVC "{meta.name(made)}"',))
                return Status(WAIT)
        return OK


def usable_claim(cache: Cache, pod: PodInfo, name: str, ephemeral: bool) -> Object:
    """The claim, if nothing speaks against it (`podHasPVCs`).  *Raises* `VolumeError`."""
    if ephemeral and cache.get(volumes.CLAIMS, f"{pod.namespace}/{name}") is None:
        raise volumes.VolumeError(
            f'waiting for ephemeral volume controller to create the persistentvolumeclaim "{name}"'
        )
    made = volumes.claim(cache, pod.namespace, name)
    if meta.phase(made) == "Lost":
        volume = volumes.volume_of(made)
        raise volumes.VolumeError(f'persistentvolumeclaim "{name}" bound to non-existent persistentvolume "{volume}"')
    if meta.is_deleting(made):
        raise volumes.VolumeError(f'persistentvolumeclaim "{name}" is being deleted')
    if ephemeral:
        volumes.check_owner(pod, made)
    return made


def reaches(volume: Object, nodes: Nodes) -> Column:
    """Which nodes a volume can be used on."""
    terms = volumes.node_terms(volume)
    if terms is None:
        return columns.flags(len(nodes), True)
    found = columns.flags(len(nodes))
    for term in terms:
        found = found | node_matching.matches_term(term, nodes)
    return found


def find_or_make(cache: Cache, waiting: list[Object], nodes: Nodes) -> tuple[Column, dict[str, str]]:
    """(a code per node, {claim: volume chosen on the last node}) for claims that are bound when the pod is placed.

    Claims with a selected node are made there; the others take the smallest volume that fits, in order of size, or
    are made.
    """
    codes = columns.filled(len(nodes))
    available = {name: cache.in_class(name) for name in sorted({volumes.class_of(made) for made in waiting})}
    reach = {
        meta.name(volume): columns.listed(reaches(volume, nodes)) for found in available.values() for volume in found
    }
    makeable = {meta.key(made): columns.listed(can_make(cache, made, nodes)) for made in waiting}
    by_size = sorted(waiting, key=lambda made: (not is_selected(made), volumes.wanted_size(made)))
    chosen: dict[str, str] = {}
    for place, name in enumerate(nodes.names()):
        chosen = {}
        for made in by_size:
            selected = meta.annotations(made).get(volumes.SELECTED_NODE)
            if selected is not None and selected != name:
                codes[place] = BIND_CONFLICT
                break
            volume = None
            if selected is None:
                here = [one for one in available[volumes.class_of(made)] if meta.name(one) not in chosen.values()]
                volume = smallest_fit(cache, made, here, reach, place)
            if volume is not None:
                chosen[meta.key(made)] = volume
        if not codes[place]:
            lacking = [makeable[meta.key(made)][place] for made in by_size if meta.key(made) not in chosen]
            codes[place] = next((code for code in lacking if code), 0)
    return codes, chosen


def is_selected(made: Object) -> bool:
    """Whether a volume for the claim is being made for some node already."""
    return volumes.SELECTED_NODE in meta.annotations(made)


def smallest_fit(
    cache: Cache, made: Object, available: list[Object], reach: dict[str, list[bool]], place: int
) -> str | None:
    """The smallest volume on the node that a claim can have (`FindMatchingVolume`)."""
    best: tuple[int, str] | None = None
    wanted, spec = volumes.wanted_size(made), made["spec"]
    for volume in available:
        name, of = meta.name(volume), volume["spec"]
        promised = cache.promised.get(name)
        mine = volumes.is_for(volume, made)
        if (of.get("claimRef") and not mine) or (promised is not None and promised != meta.key(made)):
            continue
        size = volumes.size_of(of.get("capacity"))
        if size < wanted or (of.get("volumeMode") or "Filesystem") != (spec.get("volumeMode") or "Filesystem"):
            continue
        if meta.is_deleting(volume) or of.get(ATTRIBUTES) != spec.get(ATTRIBUTES):
            continue
        if mine:
            return name if reach[name][place] else None
        if meta.phase(volume) != "Available" or not reach[name][place]:
            continue
        if spec.get("selector") is not None and not selectors.matches(spec["selector"], meta.labels(volume)):
            continue
        if any(mode not in (of.get("accessModes") or ()) for mode in spec.get("accessModes") or ()):
            continue
        if best is None or size < best[0]:
            best = (size, name)
    return best[1] if best is not None else None


def can_make(cache: Cache, made: Object, nodes: Nodes) -> Column:
    """0 where a volume for the claim can be made, else the code that says why not (`checkVolumeProvisions`)."""
    found = cache.get(volumes.CLASSES, volumes.class_of(made))
    if found is None or found.get("provisioner") in (None, "", NO_PROVISIONER):
        return columns.filled(len(nodes), BIND_CONFLICT)
    reachable = columns.flags(len(nodes), True)
    topologies = found.get("allowedTopologies") or ()
    if topologies:
        reachable = columns.flags(len(nodes))
        for term in topologies:
            wanted = [{**one, "operator": "In"} for one in term.get("matchLabelExpressions") or ()]
            reachable = reachable | node_matching.matches_term({"matchExpressions": wanted}, nodes)
    codes = columns.where(reachable, 0, BIND_CONFLICT)
    return columns.where(reachable & ~has_room(cache, made, found, nodes), NO_SPACE, codes)


def has_room(cache: Cache, made: Object, found: Object, nodes: Nodes) -> Column:
    """Where the driver says that it has enough storage left; everywhere if it does not say (`hasEnoughCapacity`)."""
    driver = cache.get(volumes.CSI_DRIVERS, found["provisioner"])
    requests = (made["spec"].get("resources") or {}).get("requests") or {}
    if driver is None or not driver["spec"].get("storageCapacity") or "storage" not in requests:
        return columns.flags(len(nodes), True)
    enough = columns.flags(len(nodes))
    for capacity in cache.listed(volumes.CAPACITIES):
        limit = capacity.get("maximumVolumeSize") or capacity.get("capacity")
        same = capacity.get("storageClassName") == meta.name(found)
        topology = capacity.get("nodeTopology")
        if same and limit and topology is not None and quantity.value(limit) >= quantity.value(requests["storage"]):
            enough = enough | node_matching.matches_labels(topology, nodes)
    return enough


def largest(capacity: Object) -> int:
    """How large a volume a CSIStorageCapacity has room for, in billionths of a byte; -1 if it does not say."""
    limit = capacity.get("maximumVolumeSize") or capacity.get("capacity")
    return -1 if limit is None else quantity.parse(limit).nano
