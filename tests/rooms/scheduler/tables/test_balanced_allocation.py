"""NodeResourcesBalancedAllocation: what upstream's own tests ask, and what follows for the change of balance.

Source: pkg/scheduler/framework/plugins/noderesources/balanced_allocation_test.go.  Its older cases tell the balance
with the pod; since v1.36 the score is the change, 50 + (50 + with - without) / 2 cut to an integer.  Each case gives
both balances for each node.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.plugins.node_resources_balanced_allocation import NodeResourcesBalancedAllocation
from tests.rooms.scheduler.tables.parts import SKIPS, Object, node, pod, scores

CPU = {"cpu": "3000m", "memory": 0}
BOTH = {"cpu": "3000m", "memory": 5000}


def of(name: str, cpu_milli: int, memory: int) -> Object:
    return node(name, cpu=f"{cpu_milli}m", memory=memory)


# TestNodeResourcesBalancedAllocation: the pod, the nodes, who is there, (balance without, with the pod) by node.
CASES: dict[str, tuple[Object, list[Object], list[Object], Any]] = {
    "nothing asked": (pod(), [of("n1", 4000, 10000), of("n2", 4000, 10000)], [], SKIPS),
    # n1 goes from 0/0 to 75 % and 50 %: half the difference is 0.125.
    "empty nodes of different size": (
        pod(**BOTH),
        [of("n1", 4000, 10000), of("n2", 6000, 10000)],
        [],
        {"n1": (100, 87), "n2": (100, 100)},
    ),
    # n1 goes from 30/0 to 60/25, n2 from 30/25 to 60/50.
    "nodes with pods": (
        pod(**BOTH),
        [of("n1", 10000, 20000), of("n2", 10000, 20000)],
        [pod(on="n1", **CPU), pod(on="n2", **BOTH)],
        {"n1": (85, 82), "n2": (97, 95)},
    ),
    # n2 goes from 30/10 to 60/20.
    "nodes with pods, of different size": (
        pod(**BOTH),
        [of("n1", 10000, 20000), of("n2", 10000, 50000)],
        [pod(on="n1", **CPU), pod(on="n2", **BOTH)],
        {"n1": (85, 82), "n2": (90, 80)},
    ),
    # n1 goes from 50/0 to 100/0, n2 from 50/50 to 100/50.
    "the last cpu": (
        pod(**CPU),
        [of("n1", 6000, 10000), of("n2", 6000, 10000)],
        [pod(on="n1", **CPU), pod(on="n2", **BOTH)],
        {"n1": (75, 50), "n2": (100, 75)},
    ),
    # More than all there is counts as all: both go from 75/... to 100/...
    "more than there is": (
        pod(**CPU),
        [of("n1", 4000, 10000), of("n2", 4000, 10000)],
        [pod(on="n1", **CPU), pod(on="n2", **BOTH)],
        {"n1": (62, 50), "n2": (87, 75)},
    ),
    "a resource that the node lacks does not count": (
        pod(**CPU),
        [of("n1", 4000, 0), of("n2", 0, 0)],
        [],
        {"n1": (100, 100), "n2": (100, 100)},
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_balance(case: str) -> None:
    wanted, nodes, pods, balances = CASES[case]
    found = scores(NodeResourcesBalancedAllocation(), wanted, [*nodes, *pods])
    if balances == SKIPS:
        assert found == SKIPS
    else:
        expected = {name: 50 + (50 + after - before) // 2 for name, (before, after) in balances.items()}
        assert found == (expected, expected)
