"""The table of placements: one line per pod, and below it why not elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.scenario import Scenario
from cp_sim.sim import Chance
from cp_sim.views import placements
from tests.rooms.scheduler.cluster_parts import HOSTNAME, ZONE, Object, node, pod


def told(objects: list[Object], *pending: Object, chance: Any = None) -> list[str]:
    """The lines of the table without its head, blanks between cells made one."""
    attempts = Scenario(objects, chance=chance).decide(list(pending))
    return [" ".join(line.split()) for line in placements.table(attempts).splitlines()[1:]]


SPREAD = {"maxSkew": 1, "topologyKey": HOSTNAME, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
NODES = [node("n1", cpu="1"), node("n2", cpu="1"), node("n3", cpu="1")]

# The cluster, the pod, what the table says of it.
SAID: dict[str, tuple[list[Object], Object, list[str]]] = {
    "one node can": (
        [node("n1", cpu="1"), node("n2", cpu="2")],
        pod(cpu="2"),
        ["default/web n2 1/2 the only node that can take it", "1 node: needs 2 cpu, 1 free of 1 (n1)"],
    ),
    "a tie": (NODES[:2], pod(cpu="1"), ["default/web n1 2/2 398 points, a tie with n2: the smallest name"]),
    "the nearest miss": (
        [*NODES, pod("a", cpu="400m", on="n1"), pod("b", cpu="300m", on="n2"), pod("c", cpu="500m", on="n3")],
        pod(cpu="800m"),
        [
            "default/web - 0/3 3 nodes: needs 800m cpu, at most 700m free of 1 (nearest: n2)",
            "preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.",
        ],
    ),
    "several resources": (
        [node("n1", cpu="1", memory="1Gi"), node("n2", cpu="2", memory="1Gi")],
        pod(cpu="3", memory="2Gi"),
        [
            "default/web - 0/2 2 nodes: needs 3 cpu, 2 free of 2, needs 2Gi memory, 1Gi free of 1Gi (nearest: n2)",
            "preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
        ],
    ),
    "a full node": (
        [node("n1", pods="1"), pod("a", on="n1")],
        pod(),
        [
            "default/web - 0/1 1 node: already has all of its 1 pods (n1)",
            "preemption: 0/1 nodes are available: 1 No preemption victims found for incoming pod.",
        ],
    ),
    "an eviction": (
        [*NODES[:1], pod("low", cpu="1", on="n1")],
        pod(cpu="1", priority=5),
        [
            "default/web n1 0/1 evicts default/low from n1 (pushing out pods would help on 1 node)",
            "1 node: needs 1 cpu, 0 free of 1 (n1)",
        ],
    ),
    "refused as a whole": (
        NODES,
        pod(volumes=[{"name": "d", "persistentVolumeClaim": {"claimName": "d"}}]),
        ['default/web - 0/3 all nodes: persistentvolumeclaim "d" not found (VolumeRestrictions)'],
    ),
    "held back": (
        NODES,
        pod(schedulingGates=[{"name": "a/b"}]),
        ["default/web - - held back: waiting for scheduling gates: [a/b] (SchedulingGates)"],
    ),
    "its own node": (
        [node("n1", unschedulable=True)],
        pod(on="n1"),
        [
            "default/web n1 0/1 names its node itself, no scheduler decides; "
            "the node is cordoned (spec.unschedulable is true)"
        ],
    ),
    "a node that nobody knows": (
        NODES[:1],
        pod(on="n9"),
        ["default/web n9 0/1 names its node itself, which is not there"],
    ),
    "no nodes": ([], pod(), ["default/web - 0/0 no nodes available to schedule pods"]),
}


@pytest.mark.parametrize("case", SAID)
def test_what_is_said_of_a_pod(case: str) -> None:
    objects, wanted, lines = SAID[case]
    assert told(objects, wanted) == lines


def test_a_drawn_tie_says_so() -> None:
    (line,) = told(NODES, pod(cpu="1"), chance=Chance(3).stream("scheduler"))
    assert line.endswith(": drawn")


def test_of_many_explanations_one_is_shown_as_an_example() -> None:
    keys = ("a", "b", "c", "d", "e")
    nodes = [node(f"n-{key}", labels={ZONE: key}) for key in keys] + [node("free", labels={ZONE: "f"})]
    there = [pod(f"p{place}", labels={"app": "web"}, on=f"n-{key}") for place, key in enumerate(keys)]
    rule = {"topologyKey": ZONE, "labelSelector": {"matchLabels": {"app": "web"}}}
    away = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [rule]}}
    _, line = told([*nodes, *there], pod(labels={"app": "web"}, affinity=away))
    assert line == (
        "5 nodes: node(s) didn't match pod anti-affinity rules; for example n-a: "
        f"{ZONE}=a has 1 pod(s) that the pod keeps away from"
    )
