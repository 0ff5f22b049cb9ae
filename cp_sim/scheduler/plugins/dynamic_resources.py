"""DynamicResources: devices that pods claim, and which nodes can give them."""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta, selectors
from cp_sim.scheduler import columns
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.columns import Column
from cp_sim.scheduler.devices import resource_claims
from cp_sim.scheduler.devices.device_allocation import Allocation, Granted, devices_of, edges, wishes
from cp_sim.scheduler.framework import (
    ERROR,
    OK,
    SKIPPED,
    UNRESOLVABLE,
    UNSCHEDULABLE,
    CycleState,
    Only,
    Plugin,
    Status,
    normalized,
)
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.pod_info import PodInfo

Object = dict[str, Any]

NOT_ENOUGH, NOT_HERE, BROKEN = 1, 2, 3
MOST_ALTERNATIVES = 8  # FirstAvailableDeviceRequestMaxSize


class Claims:
    """The claims of a pod during one cycle: those that have devices, those that need some, and what nodes offer.

    `classes` are the device classes that can provide extended resources of the pod; `found` is what was granted on
    each node; `unavailable` are claims whose devices some node cannot reach.
    """

    __slots__ = ("allocated", "classes", "found", "taken", "unavailable", "waiting")

    def __init__(self, cache: Cache, claims: list[Object], classes: dict[str, str]) -> None:
        self.allocated = [one for one in claims if resource_claims.allocation_of(one) is not None]
        self.waiting = [one for one in claims if resource_claims.allocation_of(one) is None]
        self.classes = classes
        self.taken = resource_claims.taken(cache)
        self.found: dict[str, tuple[list[Object], list[Granted]]] = {}
        self.unavailable: dict[str, Object] = {}


class DynamicResources(Plugin):
    """Rejects nodes that cannot give the devices that the pod's resource claims ask for; of alternatives in a request
    the first ones give most points.

    An extended resource that a device class names, and that no device plugin of the node provides, counts as a claim.
    Source: pkg/scheduler/framework/plugins/dynamicresources/dynamicresources.go, extendeddynamicresources.go.
    *Simplified:* a running scheduler does not watch claims, and places a pod that has some as one that has none;
    scenarios and dumps are decided with them.
    """

    name = "DynamicResources"
    verdicts = {
        NOT_ENOUGH: (UNRESOLVABLE, "cannot allocate all claims"),
        NOT_HERE: (UNRESOLVABLE, "resourceclaim not available on the node"),
        BROKEN: (UNRESOLVABLE, "invalid resource pools were encountered"),
    }

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        cache = state.cache
        state[self.name] = None
        if not resource_claims.are_known(cache):
            return SKIPPED
        try:
            claims = resource_claims.claims_of(cache, pod)
        except resource_claims.ClaimError as problem:
            return Status(UNRESOLVABLE, (str(problem),))
        classes = resource_claims.delegated(cache, pod)
        if not claims and not classes:
            return SKIPPED
        state[self.name] = Claims(cache, claims, classes)
        why_not = next(filter(None, (refusal(cache, pod, claim) for claim in claims)), "")
        return Status(UNRESOLVABLE, (why_not,)) if why_not else None

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column | None:
        claims: Claims = state[self.name]
        codes = columns.filled(len(nodes))
        devices = {name: columns.listed(nodes.allocatable(name)) for name in claims.classes}
        for place, node in enumerate(nodes.objects()):
            provided = {name: of for name, of in claims.classes.items() if not devices[name][place]}
            codes[place] = self._judge(state, pod, node, provided)
        return codes

    def _judge(self, state: CycleState, pod: PodInfo, node: Object, provided: dict[str, str]) -> int:
        claims: Claims = state[self.name]
        for claim in claims.allocated:
            terms = ((resource_claims.allocation_of(claim) or {}).get("nodeSelector") or {}).get("nodeSelectorTerms")
            labels, name = meta.labels(node), meta.name(node)
            if terms is not None and not any(selectors.matches_node_term(one, labels, name) for one in terms):
                claims.unavailable[meta.key(claim)] = claim
                return NOT_HERE
        waiting = [*claims.waiting, *([resource_claims.extended_claim(pod, provided)] if provided else [])]
        if not waiting:
            return 0
        classes = state.cache.others.get(resource_claims.CLASSES, {})
        devices, broken = devices_of(state.cache.listed(resource_claims.SLICES), node)
        granted = Allocation(waiting, wishes(waiting, classes), devices, claims.taken).find()
        if granted is None:
            return BROKEN if broken else NOT_ENOUGH
        claims.found[meta.name(node)] = (waiting, granted)
        return 0

    def facts(self, state: CycleState, pod: PodInfo, nodes: Nodes, code: int) -> dict[str, Any]:
        claims: Claims = state[self.name]
        asked = claims.allocated if code == NOT_HERE else claims.waiting
        return {"claims": ", ".join([*map(meta.name, asked), *(claims.classes if code != NOT_HERE else ())])}

    @staticmethod
    def tell(facts: dict[str, Any], reasons: tuple[str, ...]) -> tuple[dict[str, Any], str]:
        if "not available" in reasons[0]:
            return facts, f"the devices of claim {facts['claims']} are elsewhere"
        return facts, f"has no free devices for {facts['claims']}"

    def post_filter(self, state: CycleState, pod: PodInfo, found: Any) -> Any:
        # Its state is missing when an earlier plugin refused the pod as a whole: the real one ends with that error.
        if self.name not in state:
            return Status(ERROR, ("not found",))
        claims: Claims | None = state[self.name]
        if claims is None:
            return Status(UNSCHEDULABLE, ("no new claims to deallocate",))
        for claim in claims.unavailable.values():
            users = (claim.get("status") or {}).get("reservedFor") or ()
            if all(one.get("uid") == pod.uid for one in users):
                return Status(UNSCHEDULABLE, ("deallocation of ResourceClaim completed",))
        return Status(UNSCHEDULABLE, ("still not schedulable",))

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Column:
        claims: Claims | None = state.get(self.name)
        if claims is None or not claims.found:
            return 0
        return columns.of([points(*claims.found.get(name, ([], []))) for name in nodes.names()])

    def normalize_score(self, state: CycleState, pod: PodInfo, nodes: Nodes, scores: Column) -> Column:
        return normalized(scores)

    def reserve(self, state: CycleState, pod: PodInfo, node: str) -> Status:
        claims: Claims | None = state.get(self.name)
        waiting, granted = claims.found.get(node, ([], [])) if claims is not None else ([], [])
        for place, claim in enumerate(waiting):
            devices = tuple(one.device for one in granted if one.claim == place and not one.admin)
            state.cache.allocating[meta.uid(claim) or meta.key(claim)] = devices
        return OK

    def unreserve(self, state: CycleState, pod: PodInfo, node: str) -> None:
        claims: Claims | None = state.get(self.name)
        for claim in claims.found.get(node, ([], []))[0] if claims is not None else ():
            state.cache.allocating.pop(meta.uid(claim) or meta.key(claim), None)


def held_back(cache: Cache, pod: PodInfo) -> str:
    """Why the pod does not enter the queue yet (PreEnqueue): a claim of it is missing."""
    if resource_claims.are_known(cache):
        try:
            resource_claims.claims_of(cache, pod)
        except resource_claims.ClaimError as problem:
            return str(problem)
    return ""


def refusal(cache: Cache, pod: PodInfo, claim: Object) -> str:
    """Why no node can take a pod with this claim, empty if some may."""
    if resource_claims.allocation_of(claim) is not None:
        return "resourceclaim in use" if resource_claims.is_in_use(claim, pod) else ""
    if (meta.uid(claim) or meta.key(claim)) in cache.allocating:
        return f"resource claim {meta.key(claim)} is in the process of being allocated"
    for request in edges(claim):
        subs = request.get("firstAvailable") or ()
        each = [(f"{request['name']}/{one['name']}", one) for one in subs]
        for name, one in each or [(request["name"], request.get("exactly") or {})]:
            wanted = one.get("deviceClassName") or ""
            if cache.get(resource_claims.CLASSES, wanted) is None:
                return f"request {name}: device class {wanted} does not exist"
    return ""


def points(claims: list[Object], granted: list[Granted]) -> int:
    """More points for earlier alternatives of requests (`computeScore`)."""
    total = 0
    for place, claim in enumerate(claims):
        names = {one.name for one in granted if one.claim == place}
        for request in edges(claim):
            for rank, sub in enumerate(request.get("firstAvailable") or ()):
                total += (MOST_ALTERNATIVES - rank) * (f"{request['name']}/{sub['name']}" in names)
    return total
