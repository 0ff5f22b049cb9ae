"""NodePorts, NodeName, NodeUnschedulable and ImageLocality: what upstream's own tests ask, in our notation.

Sources under pkg/scheduler/framework/plugins: nodeports/node_ports_test.go, nodename/node_name_test.go,
nodeunschedulable/node_unschedulable_test.go, imagelocality/image_locality_test.go.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.plugins.image_locality import ImageLocality
from cp_sim.scheduler.plugins.node_name import NodeName
from cp_sim.scheduler.plugins.node_ports import NodePorts
from cp_sim.scheduler.plugins.node_unschedulable import NodeUnschedulable
from tests.rooms.scheduler.tables.parts import FITS, SKIPS, UNRESOLVABLE, UNSCHEDULABLE, Object, node, pod, verdicts
from tests.rooms.scheduler.tables.parts import scores as scores_of

TAKEN = (UNSCHEDULABLE, "node(s) didn't have free ports for the requested pod ports")

# Host ports as "protocol/address/port": those that the pod wants, those in use, the node's answer.
PORTS: dict[str, tuple[str, str, Any]] = {
    "no ports": ("", "", SKIPS),
    "no ports wanted": ("", "UDP/127.0.0.1/8080", SKIPS),
    "another port": ("UDP/127.0.0.1/8080", "UDP/127.0.0.1/9090", FITS),
    "the same port": ("UDP/127.0.0.1/8080", "UDP/127.0.0.1/8080", TAKEN),
    "the same port of TCP": ("TCP/127.0.0.1/8080", "TCP/127.0.0.1/8080", TAKEN),
    "another address": ("TCP/127.0.0.1/8080", "TCP/127.0.0.2/8080", FITS),
    "another protocol": ("UDP/127.0.0.1/8080", "TCP/127.0.0.1/8080", FITS),
    "the second port": ("UDP/127.0.0.1/8000 UDP/127.0.0.1/8080", "UDP/127.0.0.1/8080", TAKEN),
    "the second of those in use": (
        "TCP/127.0.0.1/8001 UDP/127.0.0.1/8080",
        "TCP/127.0.0.1/8001 UDP/127.0.0.1/81",
        TAKEN,
    ),
    "any address is wanted": ("TCP/0.0.0.0/8001", "TCP/127.0.0.1/8001", TAKEN),
    "any address is wanted, as the second": ("TCP/10.0.10.10/8001 TCP/0.0.0.0/8001", "TCP/127.0.0.1/8001", TAKEN),
    "any address is in use": ("TCP/127.0.0.1/8001", "TCP/0.0.0.0/8001", TAKEN),
    "any address, another protocol": ("UDP/127.0.0.1/8001", "TCP/0.0.0.0/8001", FITS),
    "any address of UDP": ("UDP/127.0.0.1/8001", "TCP/0.0.0.0/8001 UDP/0.0.0.0/8001", TAKEN),
    "SCTP is a protocol too": ("SCTP/127.0.0.1/8001", "SCTP/127.0.0.1/8001 TCP/127.0.0.1/8002", TAKEN),
}


def with_ports(text: str, **more: Any) -> Object:
    ports = []
    for one in text.split():
        protocol, address, port = one.split("/")
        ports.append({"protocol": protocol, "hostIP": address, "hostPort": int(port), "containerPort": 1})
    return pod(containers=[{"name": "main", "ports": ports}], **more)


@pytest.mark.parametrize("case", PORTS)
def test_host_ports(case: str) -> None:
    wanted, used, expected = PORTS[case]
    found = verdicts((NodePorts(),), with_ports(wanted), [node("n1"), with_ports(used, on="n1")])
    assert found == (SKIPS if expected is SKIPS else {"n1": expected})


@pytest.mark.parametrize(("always", "expected"), [(True, TAKEN), (False, SKIPS)], ids=["sidecar", "init container"])
def test_of_init_containers_only_sidecars_keep_their_ports(always: bool, expected: Any) -> None:
    wanted = with_ports("")
    container = with_ports("TCP/127.0.0.1/8080")["spec"]["containers"][0]
    wanted["spec"]["initContainers"] = [{**container, **({"restartPolicy": "Always"} if always else {})}]
    found = verdicts((NodePorts(),), wanted, [node("n1"), with_ports("TCP/0.0.0.0/8080", on="n1")])
    assert found == (SKIPS if expected is SKIPS else {"n1": expected})


# The name that the pod gives, the node's answer.
NAMES: dict[str, tuple[str, Any]] = {
    "none": ("", FITS),
    "this": ("foo", FITS),
    "another": ("bar", (UNRESOLVABLE, "node(s) didn't match the requested node name")),
}


@pytest.mark.parametrize("case", NAMES)
def test_a_named_node(case: str) -> None:
    name, expected = NAMES[case]
    assert verdicts((NodeName(),), pod(on=name), [node("foo")]) == {"foo": expected}


CORDONED = (UNRESOLVABLE, "node(s) were unschedulable")

# What the pod tolerates, whether the node is cordoned, its answer.
UNSCHEDULABLE_NODES: dict[str, tuple[str, bool, Any]] = {
    "cordoned": ("", True, CORDONED),
    "not cordoned": ("", False, FITS),
    "a toleration of the taint": ("node.kubernetes.io/unschedulable:NoSchedule", True, FITS),
    "a toleration of everything": ("*", True, FITS),
    "a toleration of another taint": ("node.kubernetes.io/not-ready:NoSchedule", True, CORDONED),
    "a toleration of another effect": ("node.kubernetes.io/unschedulable:NoExecute", True, CORDONED),
}


@pytest.mark.parametrize("case", UNSCHEDULABLE_NODES)
def test_cordoned_nodes(case: str) -> None:
    tolerated, cordoned, expected = UNSCHEDULABLE_NODES[case]
    found = verdicts((NodeUnschedulable(),), pod(tolerates=tolerated), [node("n1", unschedulable=cordoned)])
    assert found == {"n1": expected}


MEBIBYTE = 1024 * 1024


def holding(name: str, **sizes: int) -> Object:
    """A node with images `registry/NAME:latest` of so many MiB."""
    images = [{"names": [f"registry/{image}:latest"], "sizeBytes": size * MEBIBYTE} for image, size in sizes.items()]
    return node(name, images=images)


BIG = holding("big", a40=40, a300=300, a2000=2000)
SMALL = holding("small", a250=250, a10=10)
HUGE = holding("huge", a4000=4000, a30=30)
EMPTY = node("empty")


def points(sum_of_mebibytes: float, containers: int) -> int:
    """100 * (sum - 23) / (1000 per container - 23), in whole numbers."""
    most = 1000 * containers
    return int(100 * (min(max(sum_of_mebibytes, 23), most) - 23) / (most - 23))


# The images of the containers, the nodes, the points.
IMAGES: dict[str, tuple[list[str], list[Object], dict[str, int]]] = {
    "each node has one: the larger counts": (
        ["registry/a40", "registry/a250"],
        [BIG, SMALL],
        {"big": 0, "small": points(250 / 2, 2)},
    ),
    "one node has both": (["registry/a40", "registry/a300"], [BIG, SMALL], {"big": points(340 / 2, 2), "small": 0}),
    "no more than the most": (["registry/a4000", "registry/a10"], [HUGE, SMALL], {"huge": 100, "small": 0}),
    "a third node has nothing": (
        ["registry/a4000", "registry/a10"],
        [HUGE, SMALL, EMPTY],
        {"huge": points(4000 / 3, 2), "small": 0, "empty": 0},
    ),
    "small images": (["registry/a30", "registry/a10"], [HUGE, SMALL, EMPTY], {"huge": 0, "small": 0, "empty": 0}),
    "many containers, one image": (
        ["registry/a2000", *["elsewhere/b"] * 3],
        [BIG, SMALL],
        {"big": points(2000 / 2, 4), "small": 0},
    ),
    "the same image twice counts twice": (
        ["registry/a300", "registry/a300"],
        [BIG, SMALL],
        {"big": points(2 * 300 / 2, 2), "small": 0},
    ),
    "an image that all have counts in full": (
        ["registry/a250"],
        [SMALL, holding("other", a250=250)],
        {"small": points(250, 1), "other": points(250, 1)},
    ),
    "a tag is part of the name": (["registry/a250:2"], [SMALL, EMPTY], {"small": 0, "empty": 0}),
}


@pytest.mark.parametrize("case", IMAGES)
def test_images(case: str) -> None:
    images, nodes, expected = IMAGES[case]
    assert scores_of(ImageLocality(), pod(images=images), nodes)[1] == expected


def test_images_of_init_containers_count_and_raise_the_threshold() -> None:
    wanted = pod(images=["registry/a300"], initContainers=[{"name": "first", "image": "registry/a2000"}])
    assert scores_of(ImageLocality(), wanted, [BIG, SMALL])[1] == {"big": points(2300 / 2, 2), "small": 0}
