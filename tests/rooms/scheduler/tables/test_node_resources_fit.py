"""NodeResourcesFit: what upstream's own tests ask of the filter, in our notation.

Source: pkg/scheduler/framework/plugins/noderesources/fit_test.go (TestEnoughRequests, TestNotEnoughRequests,
TestStorageRequests, TestRestartableInitContainers, pod-level resources).  Amounts are (thousandths of cpu, bytes of
memory, what else by name); the node has 10m cpu, 20 bytes of memory, 32 pods, 5 of example.com/aaa, 20 bytes of storage
and 5 of huge pages.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.plugins.node_resources_fit import NodeResourcesFit
from tests.rooms.scheduler.tables.parts import FITS, UNRESOLVABLE, UNSCHEDULABLE, Object, node, pod, verdicts

A, B = "example.com/aaa", "example.com/bbb"
KUBERNETES_A, KUBERNETES_B = "kubernetes.io/something", "subdomain.kubernetes.io/something"
HUGE = "hugepages-2Mi"
STORAGE = "ephemeral-storage"

Amounts = tuple[int, int] | tuple[int, int, dict[str, int]]
NOTHING: Amounts = (0, 0)


def amounts(of: Amounts) -> dict[str, str]:
    """Amounts as a resource list; what is 0 is not asked for."""
    cpu, memory, *rest = of
    found = {"cpu": f"{cpu}m"} if cpu else {}
    found |= {"memory": str(memory)} if memory else {}
    return found | {name: str(amount) for name, amount in (rest[0] if rest else {}).items()}


def containers(*each: Amounts, always: tuple[int, ...] = ()) -> list[Object]:
    """Containers that ask for these amounts; those at the places in `always` are sidecars."""
    found = []
    for place, of in enumerate(each):
        one: Object = {"name": f"c{place}", "resources": {"requests": amounts(of)}}
        found.append({**one, "restartPolicy": "Always"} if place in always else one)
    return found


def asking(*each: Amounts, init: tuple[Amounts, ...] = (), always: tuple[int, ...] = (), **spec: Any) -> Object:
    """A pod with a container for each, and init containers."""
    return pod(containers=containers(*each), initContainers=containers(*init, always=always), **spec)


def lacks(*resources: str, resolvable: bool = True) -> tuple[str, ...]:
    return (UNSCHEDULABLE if resolvable else UNRESOLVABLE, *(f"Insufficient {name}" for name in resources))


def only(name: str, amount: int) -> Amounts:
    return (0, 0, {name: amount})


# The pod, what the pods there use, the node's answer.
ENOUGH: dict[str, tuple[Object, Amounts, Any]] = {
    "nothing asked": (asking(), (10, 20), FITS),
    "both lack": (asking((1, 1)), (10, 20), lacks("cpu", "memory")),
    "cpu of an init container lacks": (asking((1, 1), init=((3, 1),)), (8, 19), lacks("cpu")),
    "cpu of the largest init container lacks": (asking((1, 1), init=((3, 1), (2, 1))), (8, 19), lacks("cpu")),
    "memory of an init container lacks": (asking((1, 1), init=((1, 3),)), (9, 19), lacks("memory")),
    "memory of the largest init container lacks": (asking((1, 1), init=((1, 3), (1, 2))), (9, 19), lacks("memory")),
    "an init container does not add": (asking((1, 1), init=((1, 1),)), (9, 19), FITS),
    "nor do several": (asking((1, 1), init=((1, 1), (1, 1))), (9, 19), FITS),
    "both fit": (asking((1, 1)), (5, 5), FITS),
    "only cpu lacks": (asking((2, 1)), (9, 5), lacks("cpu")),
    "only memory lacks": (asking((1, 2)), (5, 19), lacks("memory")),
    "the exact rest": (asking((5, 1)), (5, 19), FITS),
    "the exact rest for an init container": (asking((4, 1), init=((5, 1),)), (5, 19), FITS),
    "an extended resource": (asking(only(A, 1)), NOTHING, FITS),
    "an extended resource for an init container": (asking(NOTHING, init=(only(A, 1),)), NOTHING, FITS),
    "more than the node has at all": (asking((1, 1, {A: 10})), only(A, 0), lacks(A, resolvable=False)),
    "more for an init container": (asking(NOTHING, init=((1, 1, {A: 10}),)), only(A, 0), lacks(A, resolvable=False)),
    "all in use": (asking((1, 1, {A: 1})), only(A, 5), lacks(A)),
    "all in use, for an init container": (asking(NOTHING, init=((1, 1, {A: 1}),)), only(A, 5), lacks(A)),
    "containers add up": (asking((1, 1, {A: 3}), (1, 1, {A: 3})), only(A, 2), lacks(A, resolvable=False)),
    "init containers do not": (asking(NOTHING, init=((1, 1, {A: 3}), (1, 1, {A: 3}))), only(A, 2), FITS),
    "the largest init container counts": (
        asking(NOTHING, init=((1, 1, {A: 6}), (1, 1, {A: 3}))),
        only(A, 2),
        lacks(A, resolvable=False),
    ),
    "a resource that the node lacks": (asking((1, 1, {B: 1})), NOTHING, lacks(B, resolvable=False)),
    "the same for an init container": (asking(NOTHING, init=((1, 1, {B: 1}),)), NOTHING, lacks(B, resolvable=False)),
    "a resource of kubernetes.io": (
        asking((1, 1, {KUBERNETES_A: 10})),
        NOTHING,
        lacks(KUBERNETES_A, resolvable=False),
    ),
    "a resource of a domain below it": (
        asking(NOTHING, init=((1, 1, {KUBERNETES_B: 10}),)),
        NOTHING,
        lacks(KUBERNETES_B, resolvable=False),
    ),
    "huge pages": (asking((1, 1, {HUGE: 10})), only(HUGE, 0), lacks(HUGE, resolvable=False)),
    "huge pages for an init container": (
        asking(NOTHING, init=((1, 1, {HUGE: 10}),)),
        only(HUGE, 0),
        lacks(HUGE, resolvable=False),
    ),
    "huge pages of several containers": (
        asking((1, 1, {HUGE: 3}), (1, 1, {HUGE: 3})),
        only(HUGE, 2),
        lacks(HUGE, resolvable=False),
    ),
    "overhead that fits": (asking((1, 1), overhead={"cpu": "3m", "memory": "13"}), (5, 5), FITS),
    "overhead that does not": (asking((1, 1), overhead={"cpu": "1m", "memory": "15"}), (5, 5), lacks("memory")),
    "a sidecar adds": (asking((1, 1), init=((3, 1),), always=(0,)), (7, 1), lacks("cpu")),
    "a sidecar that fits": (asking((1, 1), init=((1, 1),), always=(0,)), (8, 1), FITS),
    "an init container after a sidecar": (asking((1, 1), init=((2, 1), (4, 1)), always=(0,)), (5, 1), lacks("cpu")),
    "an init container before a sidecar": (asking((1, 1), init=((4, 1), (2, 1)), always=(1,)), (5, 1), FITS),
    "storage in use elsewhere": (asking((1, 1)), (10, 10), lacks("cpu")),
    "more storage than there is": (asking(only(STORAGE, 25)), (2, 2), lacks(STORAGE, resolvable=False)),
    "storage that fits": (asking(only(STORAGE, 10)), (2, 2), FITS),
    "the pod as a whole asks for more": (
        asking((1, 1), resources={"requests": {"cpu": "3m", "memory": "1"}}),
        (8, 5),
        lacks("cpu"),
    ),
    "the pod as a whole asks for less": (
        asking((3, 3), resources={"requests": {"cpu": "1m", "memory": "1"}}),
        (9, 19),
        FITS,
    ),
    "what the pod does not say its containers do": (
        asking((1, 3), resources={"requests": {"cpu": "1m"}}),
        (5, 18),
        lacks("memory"),
    ),
    "extended resources are for containers only": (
        asking(only(A, 3), resources={"requests": {"cpu": "1m"}}),
        only(A, 3),
        lacks(A),
    ),
}


def answer(wanted: Object, used: Amounts, plugin: NodeResourcesFit | None = None, pods: int = 32) -> Any:
    one = node("n1", cpu="10m", memory=20, pods=pods, resources={A: 5, STORAGE: 20, HUGE: 5})
    there = pod(on="n1", containers=containers(used))
    return verdicts((plugin or NodeResourcesFit(),), wanted, [one, there])["n1"]


@pytest.mark.parametrize("case", ENOUGH)
def test_room_for_a_pod(case: str) -> None:
    wanted, used, expected = ENOUGH[case]
    assert answer(wanted, used) == expected


# TestNotEnoughRequests: a node that takes one pod, which is there.
FULL: dict[str, tuple[Object, Amounts]] = {
    "nothing asked": (asking(), (10, 20)),
    "both would fit": (asking((1, 1)), (5, 5)),
    "the exact rest": (asking((5, 1)), (5, 19)),
    "the exact rest for an init container": (asking((5, 1), init=((5, 1),)), (5, 19)),
}


@pytest.mark.parametrize("case", FULL)
def test_a_node_that_has_all_of_its_pods(case: str) -> None:
    wanted, used = FULL[case]
    assert answer(wanted, used, pods=1) == (UNSCHEDULABLE, "Too many pods")


# Resources that the filter is told to leave aside: (names, groups), the pod, the answer.
IGNORED: dict[str, tuple[tuple[str, ...], tuple[str, ...], Object, Any]] = {
    "by name": ((B,), (), asking((1, 1, {B: 1})), FITS),
    "another name": ((A,), (), asking((1, 1, {B: 1})), lacks(B, resolvable=False)),
    "by group": ((), ("example.com",), asking((1, 1, {A: 10, B: 1})), FITS),
    "another group": ((), ("other.com",), asking((1, 1, {B: 1})), lacks(B, resolvable=False)),
    "one of two": ((B,), (), asking((1, 1, {A: 6, B: 1})), lacks(A, resolvable=False)),
    "huge pages are no extended resource": ((HUGE,), (), asking(only(HUGE, 6)), lacks(HUGE, resolvable=False)),
}


@pytest.mark.parametrize("case", IGNORED)
def test_resources_that_are_left_aside(case: str) -> None:
    names, groups, wanted, expected = IGNORED[case]
    plugin = NodeResourcesFit(ignored_resources=names, ignored_resource_groups=groups)
    assert answer(wanted, NOTHING, plugin) == expected
