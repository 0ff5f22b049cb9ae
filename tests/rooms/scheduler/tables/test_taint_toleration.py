"""TaintToleration: what upstream's own tests ask, in our notation.

Source: pkg/scheduler/framework/plugins/tainttoleration/taint_toleration_test.go (TestTaintTolerationScore,
TestTaintTolerationFilter).  The comparison operators of tolerations are behind a feature gate that is off in v1.36;
with it off they tolerate nothing.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.plugins.taint_toleration import TaintToleration
from tests.rooms.scheduler.tables.parts import FITS, UNRESOLVABLE, Object, node, pod, scores, verdicts

UNTOLERATED = (UNRESOLVABLE, "node(s) had untolerated taint(s)")

# What the pod tolerates, the taints of the nodes, the scores after normalizing.
SCORES: dict[str, tuple[str, dict[str, str], dict[str, int]]] = {
    "a tolerated taint and another": (
        "foo=bar:PreferNoSchedule",
        {"a": "foo=bar:PreferNoSchedule", "b": "foo=blah:PreferNoSchedule"},
        {"a": 100, "b": 0},
    ),
    "tolerated taints do not count": (
        "cpu=arm64:PreferNoSchedule disk=ssd:PreferNoSchedule",
        {"a": "", "b": "cpu=arm64:PreferNoSchedule", "c": "cpu=arm64:PreferNoSchedule disk=ssd:PreferNoSchedule"},
        {"a": 100, "b": 100, "c": 100},
    ),
    "the others do, each": (
        "foo=bar:PreferNoSchedule",
        {"a": "", "b": "cpu=arm64:PreferNoSchedule", "c": "cpu=arm64:PreferNoSchedule disk=ssd:PreferNoSchedule"},
        {"a": 100, "b": 50, "c": 0},
    ),
    "tolerations of another effect do not help": (
        "cpu=arm64:NoSchedule disk=ssd:NoSchedule",
        {"a": "", "b": "cpu=arm64:NoSchedule", "c": "cpu=arm64:PreferNoSchedule disk=ssd:PreferNoSchedule"},
        {"a": 100, "b": 100, "c": 0},
    ),
    "a toleration of any effect does": (
        "cpu=arm64",
        {"a": "cpu=arm64:PreferNoSchedule", "b": "cpu=riscv:PreferNoSchedule"},
        {"a": 100, "b": 0},
    ),
    "no tolerations": ("", {"a": "", "b": "cpu=arm64:PreferNoSchedule"}, {"a": 100, "b": 0}),
    "no taints": ("", {"a": "", "b": ""}, {"a": 100, "b": 100}),
}


@pytest.mark.parametrize("case", SCORES)
def test_scores(case: str) -> None:
    tolerated, tainted, expected = SCORES[case]
    nodes = [node(name, taints=given) for name, given in tainted.items()]
    assert scores(TaintToleration(), pod(tolerates=tolerated), nodes)[1] == expected


def tolerating(*each: Object) -> Object:
    return pod(tolerations=list(each))


# The pod, the taints of the node, its answer.
FILTER: dict[str, tuple[Object, str, Any]] = {
    "no tolerations": (pod(), "dedicated=user1:NoSchedule", UNTOLERATED),
    "no operator means Equal": (
        tolerating({"key": "dedicated", "value": "user1", "effect": "NoSchedule"}),
        "dedicated=user1:NoSchedule",
        FITS,
    ),
    "another value": (pod(tolerates="dedicated=user2:NoSchedule"), "dedicated=user1:NoSchedule", UNTOLERATED),
    "Exists asks for no value": (pod(tolerates="foo:NoSchedule"), "foo=bar:NoSchedule", FITS),
    "each taint has its toleration": (
        pod(tolerates="dedicated=user2:NoSchedule foo:NoSchedule"),
        "dedicated=user2:NoSchedule foo=bar:NoSchedule",
        FITS,
    ),
    "one taint has none": (
        pod(tolerates="foo:NoSchedule"),
        "dedicated=user2:NoSchedule foo=bar:NoSchedule",
        UNTOLERATED,
    ),
    "another effect": (pod(tolerates="foo=bar:PreferNoSchedule"), "foo=bar:NoSchedule", UNTOLERATED),
    "any effect": (pod(tolerates="foo=bar"), "foo=bar:NoSchedule", FITS),
    "any effect of NoExecute": (pod(tolerates="foo=bar"), "foo=bar:NoExecute", FITS),
    "NoExecute keeps out too": (pod(tolerates="foo=bar:NoSchedule"), "foo=bar:NoExecute", UNTOLERATED),
    "any key": (pod(tolerates="*"), "foo=bar:NoSchedule baz:NoExecute", FITS),
    "a soft taint with another toleration": (
        pod(tolerates="dedicated=user2:NoSchedule"),
        "dedicated=user1:PreferNoSchedule",
        FITS,
    ),
    "a soft taint without": (pod(), "dedicated=user1:PreferNoSchedule", FITS),
    "a comparison, gate off": (
        tolerating({"key": "sla", "operator": "Gt", "value": "750", "effect": "NoSchedule"}),
        "sla=950:NoSchedule",
        UNTOLERATED,
    ),
    "the other comparison, gate off": (
        tolerating({"key": "sla", "operator": "Lt", "value": "950", "effect": "NoSchedule"}),
        "sla=750:NoSchedule",
        UNTOLERATED,
    ),
}


@pytest.mark.parametrize("case", FILTER)
def test_filter(case: str) -> None:
    wanted, tainted, expected = FILTER[case]
    assert verdicts((TaintToleration(),), wanted, [node("n1", taints=tainted)]) == {"n1": expected}
