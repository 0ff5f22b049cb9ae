"""Devices: selectors in CEL, which devices claims get, and what that means for nodes.

The cases follow k8s.io/dynamic-resource-allocation/cel/compile_test.go, structured/allocator_testing.go and
pkg/scheduler/framework/plugins/dynamicresources/dynamicresources_test.go.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.devices.device_allocation import Allocation, DeviceId, devices_of, wishes
from cp_sim.scheduler.devices.device_expressions import SelectorError
from cp_sim.scheduler.devices.device_selectors import matches, view_of
from cp_sim.scheduler.framework import PluginError
from cp_sim.scheduler.scenario import answer
from tests.rooms.scheduler.cluster_parts import Object, node, pod

DRIVER = "gpu.example.com"
DEVICE: Object = {
    "name": "d0",
    "attributes": {
        "model": {"string": "h100"},
        "cores": {"int": 8},
        "shared": {"bool": False},
        "firmware": {"version": "1.10.0"},
        "other.example.com/slot": {"string": "left"},
    },
    "capacity": {"memory": {"value": "80Gi"}, "other.example.com/lanes": {"value": "16"}},
}
OWN, OTHER = f'device.attributes["{DRIVER}"]', 'device.attributes["other.example.com"]'
MEMORY = f'device.capacity["{DRIVER}"].memory'

SELECTORS: dict[str, bool] = {
    f'device.driver == "{DRIVER}"': True,
    "device.driver == 'another'": False,
    f'{OWN}.model == "h100"': True,
    f'{OWN}["model"] != "h100"': False,
    f"{OWN}.cores >= 8 && {OWN}.cores < 9": True,
    f"{OWN}.cores * 2 + 1 == 17": True,
    f"{OWN}.cores % 3 == 2": True,
    f"{OWN}.shared || false": False,
    f"!{OWN}.shared": True,
    f'{OWN}.model in ["a100", "h100"]': True,
    f'"model" in {OWN}': True,
    f'"colour" in {OWN}': False,
    f"has({OWN}.colour)": False,
    f'has({OTHER}.slot) && {OTHER}.slot == "left"': True,
    '"slot" in device.attributes["nobody.example.com"]': False,
    f'{OWN}.colour == "red" || {OWN}.cores == 8': True,
    f'{OWN}.cores == 9 && {OWN}.colour == "red"': False,
    f'{MEMORY}.compareTo(quantity("80Gi")) == 0': True,
    f'{MEMORY}.isGreaterThan(quantity("100Gi"))': False,
    f'{MEMORY} == quantity("80Gi")': True,
    'device.capacity["other.example.com"].lanes.asInteger() == 16': True,
    f'{OWN}.firmware.isGreaterThan(semver("1.9.9"))': True,
    f'{OWN}.firmware.compareTo(semver("1.10.0-rc.1")) > 0': True,
    f'{OWN}.model.startsWith("h") && {OWN}.model.matches("[0-9]{{3}}$")': True,
    f"{OWN}.shared ? false : {OWN}.cores > 4": True,
    "device.allowMultipleAllocations": False,
}


@pytest.mark.parametrize("expression", SELECTORS)
def test_selectors(expression: str) -> None:
    assert matches(expression, view_of(DRIVER, DEVICE)) is SELECTORS[expression]


# What cannot be answered, and why.
WRONG: dict[str, str] = {
    f'{OWN}.colour == "red"': "no such key: colour",
    f'{OWN}.cores > "8"': "no order",
    f"{OWN}.cores": "neither true nor false",
    "device.driver ==": "is not understood",
    "device.driver == #": "is not understood",
    'claim.name == "x"': "there is no claim, only device",
    'device.driver.reversed() == "x"': "reversed() is not known here",
    f'{OWN}.firmware == semver("one")': "is no semantic version",
    f"1 / ({OWN}.cores - 8) == 1": "division by zero",
}


@pytest.mark.parametrize("expression", WRONG)
def test_selectors_without_an_answer(expression: str) -> None:
    with pytest.raises(SelectorError) as refused:
        matches(expression, view_of(DRIVER, DEVICE))
    assert WRONG[expression] in str(refused.value)


# -- allocation --------------------------------------------------------------------------------------------------------

CLASSES: dict[str, Object] = {
    "gpu": {
        "metadata": {"name": "gpu"},
        "spec": {"selectors": [{"cel": {"expression": f'device.driver == "{DRIVER}"'}}]},
    },
    "any": {"metadata": {"name": "any"}, "spec": {}},
}


def resource_slice(name: str, *devices: str | Object, driver: str = DRIVER, pool: str = "", **spec: Any) -> Object:
    """A slice of devices, for node n1 unless it says otherwise."""
    where = spec if {"nodeName", "allNodes", "nodeSelector", "perDeviceNodeSelection"} & {*spec} else {"nodeName": "n1"}
    generation = spec.pop("generation", 1)
    made = [{"name": one} if isinstance(one, str) else one for one in devices]
    of_pool = {"name": pool or name, "generation": generation, "resourceSliceCount": 1}
    body = {"driver": driver, "pool": of_pool, "devices": made, **where}
    return {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": {"name": name}, "spec": body}


def asks(name: str = "r", of: str = "gpu", count: int = 1, **more: Any) -> Object:
    selectors = [{"cel": {"expression": one}} for one in more.pop("where", ())]
    exactly = {"deviceClassName": of, "allocationMode": "ExactCount", "count": count, "selectors": selectors, **more}
    return {"name": name, "exactly": exactly}


def first_of(name: str, *classes: str) -> Object:
    each = [{"name": f"s{place}", "deviceClassName": one, "count": 1} for place, one in enumerate(classes)]
    return {"name": name, "firstAvailable": each}


def claim(*requests: Object, name: str = "c", constraints: tuple[Object, ...] = (), **status: Any) -> Object:
    spec = {"devices": {"requests": list(requests), "constraints": list(constraints)}}
    metadata = {"name": name, "namespace": "default", "uid": f"uid-{name}"}
    made = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": metadata, "spec": spec}
    return {**made, "status": status} if status else made


def on_slot(name: str, slot: str) -> Object:
    return {"name": name, "attributes": {"slot": {"string": slot}}}


def tainted(name: str, effect: str = "NoSchedule") -> Object:
    return {"name": name, "taints": [{"key": "broken", "effect": effect}]}


SLOT = f"{DRIVER}/slot"
TOLERATION = {"key": "broken", "operator": "Exists"}

# The claims, the slices, devices that are taken; what each request gets (None: nothing works).
ALLOCATIONS: dict[str, tuple[list[Object], list[Object], list[str], list[str] | None]] = {
    "the first device": ([claim(asks())], [resource_slice("s", "d0", "d1")], [], ["r d0"]),
    "the next if it is taken": ([claim(asks())], [resource_slice("s", "d0", "d1")], ["d0"], ["r d1"]),
    "several": ([claim(asks(count=2))], [resource_slice("s", "d0", "d1")], [], ["r d0", "r d1"]),
    "too many": ([claim(asks(count=3))], [resource_slice("s", "d0", "d1")], [], None),
    "several requests": ([claim(asks("a"), asks("b"))], [resource_slice("s", "d0", "d1")], [], ["a d0", "b d1"]),
    "several claims": (
        [claim(asks()), claim(asks(), name="e")],
        [resource_slice("s", "d0", "d1")],
        [],
        ["r d0", "r d1"],
    ),
    "all of them": ([claim(asks(allocationMode="All"))], [resource_slice("s", "d0", "d1")], [], ["r d0", "r d1"]),
    "all, but one is taken": ([claim(asks(allocationMode="All"))], [resource_slice("s", "d0", "d1")], ["d1"], None),
    "all of none": ([claim(asks(allocationMode="All"))], [], [], None),
    "of another driver": ([claim(asks())], [resource_slice("s", "d0", driver="nic.example.com")], [], None),
    "of any driver": ([claim(asks(of="any"))], [resource_slice("s", "d0", driver="nic")], [], ["r d0"]),
    "by a selector": (
        [claim(asks(where=[f'device.attributes["{DRIVER}"].slot == "right"']))],
        [resource_slice("s", on_slot("d0", "left"), on_slot("d1", "right"))],
        [],
        ["r d1"],
    ),
    "back where the first choice leads nowhere": (
        [claim(asks("a"), asks("b", where=[f'device.attributes["{DRIVER}"].slot == "left"']))],
        [resource_slice("s", on_slot("d0", "left"), on_slot("d1", "right"))],
        [],
        ["a d1", "b d0"],
    ),
    "the first alternative": ([claim(first_of("r", "gpu", "any"))], [resource_slice("s", "d0")], [], ["r/s0 d0"]),
    "the second alternative": (
        [claim(first_of("r", "gpu", "any"))],
        [resource_slice("s", "d0", driver="nic")],
        [],
        ["r/s1 d0"],
    ),
    "equal attributes": (
        [claim(asks(count=2), constraints=({"matchAttribute": SLOT},))],
        [resource_slice("s", on_slot("d0", "left"), on_slot("d1", "right"), on_slot("d2", "left"))],
        [],
        ["r d0", "r d2"],
    ),
    "equal attributes of none": (
        [claim(asks(count=2), constraints=({"matchAttribute": SLOT},))],
        [resource_slice("s", on_slot("d0", "left"), "d1", on_slot("d2", "right"))],
        [],
        None,
    ),
    "different attributes": (
        [claim(asks(count=2), constraints=({"distinctAttribute": SLOT},))],
        [resource_slice("s", on_slot("d0", "left"), on_slot("d1", "left"), on_slot("d2", "right"))],
        [],
        ["r d0", "r d2"],
    ),
    "a constraint of other requests": (
        [claim(asks("a"), asks("b"), constraints=({"matchAttribute": SLOT, "requests": ["b"]},))],
        [resource_slice("s", "d0", on_slot("d1", "left"))],
        [],
        ["a d0", "b d1"],
    ),
    "a taint": ([claim(asks())], [resource_slice("s", tainted("d0"), "d1")], [], ["r d1"]),
    "a taint that is tolerated": (
        [claim(asks(tolerations=[TOLERATION]))],
        [resource_slice("s", tainted("d0"), "d1")],
        [],
        ["r d0"],
    ),
    "a taint that only warns": ([claim(asks())], [resource_slice("s", tainted("d0", "None"))], [], ["r d0"]),
    "for administrators": ([claim(asks(adminAccess=True))], [resource_slice("s", "d0")], ["d0"], ["r d0"]),
    "of another node": ([claim(asks())], [resource_slice("s", "d0", nodeName="n2")], [], None),
    "of all nodes": ([claim(asks())], [resource_slice("s", "d0", allNodes=True)], [], ["r d0"]),
    "of nodes with a label": (
        [claim(asks())],
        [
            resource_slice(
                "s",
                "d0",
                nodeSelector={
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1"]}]}
                    ]
                },
            )
        ],
        [],
        ["r d0"],
    ),
    "each device with its node": (
        [claim(asks())],
        [
            resource_slice(
                "s", {"name": "d0", "nodeName": "n2"}, {"name": "d1", "nodeName": "n1"}, perDeviceNodeSelection=True
            )
        ],
        [],
        ["r d1"],
    ),
    "an older generation does not count": (
        [claim(asks())],
        [resource_slice("old", "d0", pool="p"), resource_slice("new", "d1", pool="p", generation=2)],
        [],
        ["r d1"],
    ),
    "a name used twice": ([claim(asks())], [resource_slice("s", "d0", "d0")], [], None),
}


@pytest.mark.parametrize("case", ALLOCATIONS)
def test_allocations(case: str) -> None:
    claims, slices, names, expected = ALLOCATIONS[case]
    devices, _ = devices_of(slices, node("n1"))
    taken: set[DeviceId] = {device.id for device in devices if device.id[2] in names}
    found = Allocation(claims, wishes(claims, CLASSES), devices, taken).find()
    assert (found and [f"{one.name} {one.device[2]}" for one in found]) == expected


def test_a_selector_without_an_answer_names_the_claim() -> None:
    claims = [claim(asks(where=[f"{OWN}.colour == 1"]))]
    devices, _ = devices_of([resource_slice("s", "d0")], node("n1"))
    with pytest.raises(PluginError, match="claim default/c, request r: selector: no such key: colour"):
        Allocation(claims, wishes(claims, CLASSES), devices, set()).find()


# -- nodes for pods with claims ----------------------------------------------------------------------------------------


def wanting(name: str = "web", *claims: str, **more: Any) -> Object:
    references = [{"name": f"c{place}", "resourceClaimName": one} for place, one in enumerate(claims)]
    return pod(name, resourceClaims=references, metadata={"uid": f"uid-{name}"}, **more)


def device_class(name: str = "gpu", **spec: Any) -> Object:
    made = {**CLASSES.get(name, {"metadata": {"name": name}, "spec": {}})}
    return {**made, "apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass", "spec": {**made["spec"], **spec}}


def decided(objects: list[Object], *pending: Object) -> list[Object]:
    return answer({"objects": [node("n1"), node("n2"), *objects], "pending": list(pending)})["got"]  # type: ignore[no-any-return]


GPUS = [resource_slice("s1", "d0"), resource_slice("s2", "d0", "d1", nodeName="n2"), device_class()]


def test_pods_that_are_placed_take_devices_from_the_next() -> None:
    claims = [claim(asks(count=2), name=name) for name in ("a", "b")]
    first, second = decided([*GPUS, *claims], wanting("one", "a"), wanting("two", "b"))
    assert first["node"] == "n2"
    assert first["filters"]["n1"]["reasons"] == ["cannot allocate all claims"]
    assert second["result"] == "unschedulable"
    assert "2 cannot allocate all claims. still not schedulable" in second["message"]


def test_a_claim_that_is_being_allocated_is_waited_for() -> None:
    _, second = decided([*GPUS, claim(asks(), name="a")], wanting("one", "a"), wanting("two", "a"))
    assert second["preFilter"]["reason"] == "resource claim default/a is in the process of being allocated"


def allocated(where: str = "n1", users: int = 0, **more: Any) -> Object:
    """A claim that has device d0 of node n1."""
    expression = {"key": "kubernetes.io/hostname", "operator": "In", "values": [where]}
    selector = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    results = [{"request": "r", "driver": DRIVER, "pool": "s1", "device": "d0"}]
    reserved = [{"resource": "pods", "name": f"p{n}", "uid": f"uid-p{n}"} for n in range(users)]
    allocation = {"devices": {"results": results}, "nodeSelector": selector}
    return claim(asks(), allocation=allocation, reservedFor=reserved, **more)


def test_an_allocated_claim_binds_the_pod_to_its_node() -> None:
    (got,) = decided([*GPUS, allocated()], wanting("web", "c"))
    assert got["node"] == "n1"
    assert got["filters"]["n2"]["reasons"] == ["resourceclaim not available on the node"]


def test_devices_of_allocated_claims_are_taken() -> None:
    (got,) = decided([*GPUS, allocated(), claim(asks(), name="mine")], wanting("web", "mine"))
    assert got["node"] == "n2"


@pytest.mark.parametrize(
    ("users", "words"), [(0, "deallocation of ResourceClaim completed"), (1, "still not schedulable")]
)
def test_a_claim_on_a_node_that_is_gone(users: int, words: str) -> None:
    (got,) = decided([*GPUS, allocated("n9", users)], wanting("web", "c"))
    assert f"2 resourceclaim not available on the node. {words}" in got["message"]


def test_a_claim_has_only_so_many_users() -> None:
    (got,) = decided([*GPUS, allocated(users=256)], wanting("web", "c"))
    assert got["preFilter"]["reason"] == "resourceclaim in use"


# The pod, what else there is, what holds it back before the queue.
HELD: dict[str, tuple[Object, list[Object], str]] = {
    "a claim that is missing": (wanting("web", "c"), [], 'could not find ResourceClaim "default/c"'),
    "a claim that is not made yet": (
        pod("web", resourceClaims=[{"name": "c", "resourceClaimTemplateName": "t"}]),
        [],
        'pod "default/web": ResourceClaim not created yet',
    ),
    "a claim of another pod": (
        pod(
            "web",
            resourceClaims=[{"name": "c", "resourceClaimTemplateName": "t"}],
            status={"resourceClaimStatuses": [{"name": "c", "resourceClaimName": "c"}]},
        ),
        [claim(asks())],
        "ResourceClaim default/c was not created for pod default/web (pod is not owner)",
    ),
}


@pytest.mark.parametrize("case", HELD)
def test_pods_whose_claims_are_missing_do_not_enter_the_queue(case: str) -> None:
    wanted, objects, reason = HELD[case]
    (got,) = decided([*GPUS, *objects], wanted)
    assert (got["result"], got["preEnqueue"]["reason"]) == ("gated", reason)


def test_a_class_that_is_missing_refuses_the_pod() -> None:
    (got,) = decided([claim(asks(of="nothing"))], wanting("web", "c"))
    assert got["preFilter"]["reason"] == "request r: device class nothing does not exist"


def test_earlier_alternatives_give_more_points() -> None:
    slices = [resource_slice("s1", "d0", driver="nic"), resource_slice("s2", "d0", nodeName="n2")]
    (got,) = decided(
        [*slices, device_class(), device_class("any"), claim(first_of("r", "gpu", "any"))], wanting("w", "c")
    )
    assert got["scores"]["DynamicResources"] == {"n1": 87, "n2": 100}


def test_a_selector_without_an_answer_is_an_error_of_the_attempt() -> None:
    (got,) = decided([*GPUS, claim(asks(where=[f"{OWN}.colour == 1"]))], wanting("web", "c"))
    assert got["result"] == "error"
    assert got["message"].startswith('running "DynamicResources" filter plugin: claim default/c, request r: selector')


@pytest.mark.parametrize("resource", ["example.com/gpu", "deviceclass.resource.kubernetes.io/gpu"])
def test_a_device_class_provides_an_extended_resource(resource: str) -> None:
    objects = [*GPUS[:2], device_class(extendedResourceName="example.com/gpu")]
    first, second, third = decided(objects, *(pod(name, requests={resource: "1"}) for name in ("a", "b", "c")))
    assert [first["node"], second["node"], third["node"]] == ["n1", "n2", "n2"]
    (got,) = decided(objects, pod("many", requests={resource: "3"}))
    assert got["filters"]["n1"]["plugin"] == "DynamicResources"


def test_what_a_device_plugin_provides_is_not_taken_from_devices() -> None:
    objects = [
        *GPUS[:2],
        device_class(extendedResourceName="example.com/gpu"),
        pod("a", requests={"example.com/gpu": "1"}),
    ]
    full = node("n3", resources={"example.com/gpu": "1"})
    there = pod("there", requests={"example.com/gpu": "1"}, on="n3")
    (got,) = decided([*objects[:3], full, there], objects[3])
    assert got["filters"]["n3"]["reasons"] == ["Insufficient example.com/gpu"]
