"""NodeDeclaredFeatures: what a pod's spec asks of its kubelet, and which nodes say that they can do it.

Source: pkg/scheduler/framework/plugins/nodedeclaredfeatures/nodedeclaredfeatures_test.go,
k8s.io/component-helpers/nodedeclaredfeatures/features/restartallcontainers.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.plugins.node_declared_features import NodeDeclaredFeatures
from tests.rooms.scheduler.tables.parts import FITS, SKIPS, UNRESOLVABLE, Object, node, pod, verdicts

RESTARTS_ALL = "RestartAllContainersOnContainerExits"
MISSING = (UNRESOLVABLE, "node(s) didn't match Pod's required features")


def rules(*actions: str) -> Object:
    """A container that is restarted by rules with these actions."""
    return {"name": "c", "image": "image:1", "restartPolicyRules": [{"action": one} for one in actions]}


def declaring(*features: str) -> list[Object]:
    """A node that declares these features."""
    one = node("node1")
    return [{**one, "status": {**one["status"], "declaredFeatures": list(features)}}]


# what the pod's containers ask for: whether the plugin has anything to say
ASKING: dict[str, tuple[Object, bool]] = {
    "nothing": (pod("", "wanted"), False),
    "rules that restart the container alone": (pod("", "wanted", containers=[rules("Restart")]), False),
    "no rule at all": (pod("", "wanted", containers=[rules()]), False),
    "to restart all": (pod("", "wanted", containers=[rules("Restart", "RestartAllContainers")]), True),
    "the second container does": (pod("", "wanted", containers=[rules(), rules("RestartAllContainers")]), True),
    "an init container does": (pod("", "wanted", initContainers=[rules("RestartAllContainers")]), True),
}


@pytest.mark.parametrize("case", ASKING)
def test_what_a_spec_asks_for(case: str) -> None:
    wanted, asks = ASKING[case]
    assert verdicts((NodeDeclaredFeatures(),), wanted, declaring()) == ({"node1": MISSING} if asks else SKIPS)


# what the node declares: what it answers to a pod that asks for restarting all containers
DECLARED: dict[str, tuple[list[Object], Any]] = {
    "just that": (declaring(RESTARTS_ALL), FITS),
    "that and others": (declaring("A", RESTARTS_ALL, "Z"), FITS),
    "something else": (declaring("A"), MISSING),
    "nothing": (declaring(), MISSING),
    "an old kubelet does not say": ([node("node1")], MISSING),
}


@pytest.mark.parametrize("case", DECLARED)
def test_what_nodes_declare(case: str) -> None:
    nodes, answer = DECLARED[case]
    wanted = pod("", "wanted", containers=[rules("RestartAllContainers")])
    assert verdicts((NodeDeclaredFeatures(),), wanted, nodes) == {"node1": answer}
