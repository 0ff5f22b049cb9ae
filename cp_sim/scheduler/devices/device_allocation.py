"""Which devices of a node resource claims could have: pools of devices in ResourceSlices, requests, constraints.

*In Kubernetes:* k8s.io/dynamic-resource-allocation/structured (`GatherPools`, `Allocator.Allocate`).  One request after
the other takes one fitting device after the other, and goes back where that leads nowhere; of a request with
alternatives the first that works is taken.  *Simplified:* partitions of devices (shared counters), shares of their
capacity, and DeviceTaintRules do not count.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta, selectors
from cp_sim.scheduler.devices.device_expressions import SelectorError
from cp_sim.scheduler.devices.device_selectors import matches, view_of
from cp_sim.scheduler.framework import Unanswerable
from cp_sim.scheduler.taints import KEEPS_OUT, tolerates
from cp_sim.sim import immutable

Object = dict[str, Any]
DeviceId = tuple[str, str, str]  # driver, pool, device

ALL = "All"
MOST_RESULTS = 32  # AllocationResultsMaxSize


@immutable
class Device:
    """A device that a node can reach, and what selectors see of it."""

    id: DeviceId
    spec: Object
    view: Object


@immutable
class Wanted:
    """A request for devices, or one of its alternatives; `name` is that of results (`gpu`, `gpu/small`)."""

    claim: int
    name: str
    request: str
    expressions: tuple[str, ...]
    count: int
    every: bool
    admin: bool
    tolerations: tuple[Object, ...]


@immutable
class Granted:
    """A device for a request."""

    claim: int
    name: str
    device: DeviceId
    admin: bool


def devices_of(slices: list[Object], node: Object) -> tuple[list[Device], bool]:
    """(the devices of all sound pools that the node can reach, whether there is a pool with a name used twice)."""
    pools: dict[tuple[str, str], list[Object]] = {}
    for one in slices:
        spec = one["spec"]
        if not any(_reaches(spec if not spec.get("perDeviceNodeSelection") else each, node) for each in _parts(spec)):
            continue
        pool = pools.setdefault((spec["driver"], spec["pool"]["name"]), [])
        generation = spec["pool"].get("generation") or 0
        newest = (pool[0]["pool"].get("generation") or 0) if pool else generation
        if generation > newest:
            pool.clear()
        if generation >= newest:
            pool.append(spec)
    found: list[Device] = []
    broken = False
    for (driver, name), specs in sorted(pools.items()):
        devices = [(spec, device) for spec in specs for device in spec.get("devices") or ()]
        if len({device["name"] for _, device in devices}) < len(devices):
            broken = True
            continue
        for spec, device in devices:
            if not spec.get("perDeviceNodeSelection") or _reaches(device, node):
                found.append(Device((driver, name, device["name"]), device, view_of(driver, device)))
    return found, broken


def _parts(spec: Object) -> list[Object]:
    return spec.get("devices") or [] if spec.get("perDeviceNodeSelection") else [spec]


def _reaches(where: Object, node: Object) -> bool:
    """Whether a slice, or a device, is for this node."""
    if where.get("nodeName"):
        return bool(where["nodeName"] == meta.name(node))
    if where.get("allNodes"):
        return True
    terms = (where.get("nodeSelector") or {}).get("nodeSelectorTerms") or ()
    return any(selectors.matches_node_term(term, meta.labels(node), meta.name(node)) for term in terms)


def wishes(claims: list[Object], classes: dict[str, Object]) -> list[list[Wanted]]:
    """The requests of claims in order, each as its alternatives."""
    found: list[list[Wanted]] = []
    for place, claim in enumerate(claims):
        for request in edges(claim):
            name = request["name"]
            subs = request.get("firstAvailable") or ()
            each = [(f"{name}/{sub['name']}", sub) for sub in subs] or [(name, request.get("exactly") or {})]
            found.append([_wanted(place, called, name, one, classes) for called, one in each])
    return found


def edges(claim: Object) -> list[Object]:
    """The requests of a claim."""
    return ((claim["spec"] or {}).get("devices") or {}).get("requests") or []


def _wanted(claim: int, name: str, request: str, one: Object, classes: dict[str, Object]) -> Wanted:
    of_class = (classes[one["deviceClassName"]].get("spec") or {}).get("selectors") or ()
    given = [*of_class, *(one.get("selectors") or ())]
    return Wanted(
        claim,
        name,
        request,
        tuple((selector.get("cel") or {}).get("expression") or "" for selector in given),
        1 if one.get("count") is None else one["count"],
        one.get("allocationMode") == ALL,
        bool(one.get("adminAccess")),
        tuple(one.get("tolerations") or ()),
    )


class Allocation:
    """The search for devices of one node for some claims."""

    def __init__(
        self, claims: list[Object], asked: list[list[Wanted]], devices: list[Device], taken: set[DeviceId]
    ) -> None:
        self.claims = claims
        self.asked = asked
        self.devices = devices
        self.taken = taken
        self.granted: list[Granted] = []
        self._fitting: dict[str, list[Device]] = {}
        self._of = {device.id: device for device in devices}

    def find(self) -> list[Granted] | None:
        """A device for everything that is asked, or None.

        Raises:
            Unanswerable: a selector has no answer for a device, or a claim asks for more than there may be.
        """
        return self.granted if self._grant(0) else None

    def _grant(self, place: int) -> bool:
        if place == len(self.asked):
            return True
        for wanted in self.asked[place]:
            fitting = self._fits(wanted)
            count = len(fitting) if wanted.every else wanted.count
            self._check_count(wanted, count)
            if (count or not wanted.every) and self._take(place, wanted, fitting, count, 0):
                return True
        return False

    def _take(self, place: int, wanted: Wanted, fitting: list[Device], count: int, start: int) -> bool:
        """Take `count` of the fitting devices from `start` on, and go on with the next request."""
        if not count:
            return self._grant(place + 1)
        for at in range(start, len(fitting) - count + 1):
            device = fitting[at]
            if not self._is_free(wanted, device) or not self._agrees(wanted, device):
                if wanted.every:
                    return False
                continue
            self.granted.append(Granted(wanted.claim, wanted.name, device.id, wanted.admin))
            if self._take(place, wanted, fitting, count - 1, at + 1):
                return True
            self.granted.pop()
        return False

    def _is_free(self, wanted: Wanted, device: Device) -> bool:
        if wanted.admin:
            return True
        return device.id not in self.taken and all(one.device != device.id or one.admin for one in self.granted)

    def _fits(self, wanted: Wanted) -> list[Device]:
        """The devices that a request's selectors match and whose taints it tolerates, free or not."""
        found = self._fitting.get(f"{wanted.claim}/{wanted.name}")
        if found is None:
            found = [one for one in self.devices if self._matches(wanted, one) and _tolerated(wanted, one)]
            self._fitting[f"{wanted.claim}/{wanted.name}"] = found
        return found

    def _matches(self, wanted: Wanted, device: Device) -> bool:
        try:
            return all(matches(expression, device.view) for expression in wanted.expressions)
        except SelectorError as problem:
            whose = meta.key(self.claims[wanted.claim])
            raise Unanswerable(f"claim {whose}, request {wanted.name}: selector: {problem}") from None

    def _check_count(self, wanted: Wanted, count: int) -> None:
        if count > MOST_RESULTS:
            raise Unanswerable(
                f"claim {meta.key(self.claims[wanted.claim])}: number of requested devices {count} exceeds the claim "
                f"limit of {MOST_RESULTS}"
            )

    def _agrees(self, wanted: Wanted, device: Device) -> bool:
        """Whether the claim's constraints allow the device beside those that are granted."""
        claim = self.claims[wanted.claim]
        for constraint in (claim["spec"].get("devices") or {}).get("constraints") or ():
            names = constraint.get("requests")
            if names and wanted.name not in names and wanted.request not in names:
                continue
            same = constraint.get("matchAttribute")
            attribute = same or constraint.get("distinctAttribute") or ""
            mine = attribute_of(device, attribute)
            if mine is None:
                return False
            for one in self.granted:
                counts = one.claim == wanted.claim and (
                    not names or one.name in names or one.name.partition("/")[0] in names
                )
                if counts and (attribute_of(self._of[one.device], attribute) == mine) is not bool(same):
                    return False
        return True


def attribute_of(device: Device, name: str) -> Object | None:
    """An attribute by its full name; those without a domain are in that of the driver."""
    attributes = device.spec.get("attributes") or {}
    domain, _, last = name.rpartition("/")
    found: Object | None = attributes.get(name)
    return attributes.get(last) if found is None and domain == device.id[0] else found


def _tolerated(wanted: Wanted, device: Device) -> bool:
    for one in device.spec.get("taints") or ():
        taint = (one["key"], one.get("value") or "", one["effect"])
        if taint[2] in KEEPS_OUT and not any(tolerates(given, taint) for given in wanted.tolerations):
            return False
    return True
