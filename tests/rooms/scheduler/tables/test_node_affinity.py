"""NodeAffinity: what upstream's own tests ask, in our notation.

Source: pkg/scheduler/framework/plugins/nodeaffinity/node_affinity_test.go (TestNodeAffinity, TestNodeAffinityPriority).
A term is a selector over labels; `NAMED` stands before names of `metadata.name`.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.plugins.node_affinity import NodeAffinity
from tests.rooms.scheduler.tables.parts import (
    FITS,
    PREFERRED,
    REQUIRED,
    SKIPS,
    UNRESOLVABLE,
    Object,
    decide,
    expressions,
    node,
    on_nodes,
    pod,
    scores,
    verdicts,
)

ELSEWHERE = (UNRESOLVABLE, "node(s) didn't match Pod's node affinity/selector")
NOT_LOOKED_AT = (UNRESOLVABLE, "node(s) didn't satisfy plugin(s) [NodeAffinity]")
ENFORCED = (UNRESOLVABLE, "node(s) didn't match scheduler-enforced node affinity")


def term(selector: str = "", *names: str) -> Object:
    """A term with conditions on labels, and one on the name per name given."""
    fields = [{"key": "metadata.name", "operator": "In", "values": [name]} for name in names]
    made: Object = {"matchFields": fields} if fields else {}
    return {**made, "matchExpressions": expressions(selector)} if selector else made


def terms(*each: Object) -> Object:
    return {REQUIRED: {"nodeSelectorTerms": list(each)}}


INVALID = {"key": "foo", "operator": "NotIn", "values": ["invalid value: ___@#$%^"]}

# The pod, the labels of the node (called n1), its answer.
FILTER: dict[str, tuple[Object, str, Any]] = {
    "the label is missing": (pod(where="foo=bar"), "", ELSEWHERE),
    "the same label": (pod(where="foo=bar"), "foo=bar", FITS),
    "more labels": (pod(where="foo=bar"), "foo=bar baz=blah", FITS),
    "fewer labels": (pod(where="foo=bar baz=blah"), "foo=bar", ELSEWHERE),
    "in": (pod(nodes=on_nodes("foo in (bar, value2)")), "foo=bar", FITS),
    "greater, with leading zeros": (pod(nodes=on_nodes("kernel-version>0204")), "kernel-version=0206", FITS),
    "not greater": (pod(nodes=on_nodes("kernel-version>0206")), "kernel-version=0206", ELSEWHERE),
    "not in": (pod(nodes=on_nodes("mem-type notin (DDR, DDR2)")), "mem-type=DDR3", FITS),
    "there": (pod(nodes=on_nodes("GPU")), "GPU=NVIDIA-GRID-K1", FITS),
    "another value": (pod(nodes=on_nodes("foo in (value1, value2)")), "foo=bar", ELSEWHERE),
    "a term without conditions": (pod(nodes=terms({"matchExpressions": []})), "foo=bar", ELSEWHERE),
    "nothing asked": (pod(), "foo=bar", SKIPS),
    "affinity that requires nothing": (pod(nodes={}), "foo=bar", SKIPS),
    "all conditions of a term": (pod(nodes=on_nodes("GPU,GPU notin (AMD, INTER)")), "GPU=NVIDIA-GRID-K1", FITS),
    "only one of them": (pod(nodes=on_nodes("GPU,GPU in (AMD, INTER)")), "GPU=NVIDIA-GRID-K1", ELSEWHERE),
    "one of two terms": (pod(nodes=on_nodes("foo in (bar, value2)", "diffkey in (wrong, value2)")), "foo=bar", FITS),
    "a selector beside a term": (pod(where="foo=bar", nodes=on_nodes("foo")), "foo=bar", FITS),
    "a selector that is not met": (pod(where="foo=bar", nodes=on_nodes("foo")), "foo=barrrrrr", ELSEWHERE),
    "a value that no label can have": (pod(nodes=terms({"matchExpressions": [INVALID]})), "foo=bar", ELSEWHERE),
    "its name": (pod(nodes=terms(term("", "n1"))), "", FITS),
    "another name": (pod(nodes=terms(term("", "n2"))), "", NOT_LOOKED_AT),
    "two names at once, or a label": (pod(nodes=terms(term("", "n2", "n1"), term("foo=bar"))), "foo=bar", FITS),
    "another name and its label": (pod(nodes=terms(term("foo=bar", "n2"))), "foo=bar", NOT_LOOKED_AT),
    "its name and its label": (pod(nodes=terms(term("foo=bar", "n1"))), "foo=bar", FITS),
    "its name and another label": (pod(nodes=terms(term("foo=baz", "n1"))), "foo=bar", ELSEWHERE),
    "another name, or another label": (pod(nodes=terms(term("", "n2"), term("foo=baz"))), "foo=bar", ELSEWHERE),
    "one of two names": (pod(nodes=terms(term("", "n2"), term("", "n1"))), "", FITS),
}


@pytest.mark.parametrize("case", FILTER)
def test_filter(case: str) -> None:
    wanted, marks, expected = FILTER[case]
    found = verdicts((NodeAffinity(),), wanted, [node("n1", marks)])
    assert found == (expected if expected is SKIPS else {"n1": expected})


def test_two_names_at_once_refuse_the_pod_as_a_whole() -> None:
    decision = decide((NodeAffinity(),), pod(nodes=terms(term("", "n1", "n2"))), [node("n1"), node("n2")])
    assert decision.pre_filter is not None
    assert (decision.pre_filter.code, decision.pre_filter.reason) == (UNRESOLVABLE, "pod affinity terms conflict")


# Affinity that the scheduler is configured with (addedAffinity): that of the pod, the added one, the node's answer.
ADDED: dict[str, tuple[Object, Object, Any]] = {
    "both are met": (pod(nodes=on_nodes("zone=foo")), terms(term("", "n1")), FITS),
    "only the added one": (pod(nodes=on_nodes("zone=bar")), terms(term("", "n1")), ELSEWHERE),
    "only the pod's": (pod(), on_nodes("zone=bar"), ENFORCED),
}


@pytest.mark.parametrize("case", ADDED)
def test_affinity_that_the_scheduler_adds(case: str) -> None:
    wanted, added, expected = ADDED[case]
    plugin = NodeAffinity(tuple(added[REQUIRED]["nodeSelectorTerms"]))
    assert verdicts((plugin,), wanted, [node("n1", "zone=foo")]) == {"n1": expected}


def preferring(*each: tuple[int, str]) -> Object:
    return {PREFERRED: [{"weight": weight, "preference": term(selector)} for weight, selector in each]}


FIRST = preferring((2, "foo=bar"))
SEVERAL = preferring((2, "foo=bar"), (4, "key=value"), (5, "foo=bar,key=value,az=az1"))
LABELS = {
    "n1": "foo=bar",
    "n2": "key=value",
    "n3": "az=az1",
    "n4": "abc=az11 def=az22",
    "n5": "foo=bar key=value az=az1",
}

# The pod's affinity, the one that the scheduler adds, the scores of some nodes after normalizing.
SCORES: dict[str, tuple[Object, Object | None, Any]] = {
    "nothing preferred": ({}, None, SKIPS),
    "nobody matches": (FIRST, None, {"n4": 0, "n2": 0, "n3": 0}),
    "one matches": (FIRST, None, {"n1": 100, "n2": 0, "n3": 0}),
    "weights add up": (SEVERAL, None, {"n1": 18, "n5": 100, "n2": 36}),
    "preferred by the scheduler": ({}, FIRST, {"n1": 100, "n2": 0}),
    "by both": (FIRST, preferring((3, "key=value")), {"n1": 40, "n2": 60, "n5": 100}),
    "an empty preference prefers nobody": (preferring((5, "")), None, {"n1": 0, "n2": 0}),
    "a preference without weight": (preferring((0, "foo=bar"), (1, "key=value")), None, {"n1": 0, "n2": 100}),
}


@pytest.mark.parametrize("case", SCORES)
def test_scores(case: str) -> None:
    wanted, added, expected = SCORES[case]
    names = list(LABELS) if expected is SKIPS else list(expected)
    plugin = NodeAffinity(added_preferred=tuple(added[PREFERRED])) if added is not None else NodeAffinity()
    found = scores(plugin, pod(nodes=wanted), [node(name, LABELS[name]) for name in names])
    assert found == SKIPS if expected is SKIPS else found[1] == expected
