"""`matchLabelKeys` and `mismatchLabelKeys` become parts of selectors (pkg/registry/core/pod/strategy_test.go)."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.apiserver.request import HttpRequest
from cp_sim.objects import label_keys
from tests.rooms.apiserver.transcripts import World

Object = dict[str, Any]

LABELS = {"app": "web", "release": "3"}
REQUIRED = label_keys.REQUIRED

# A selector, the keys to match and to mismatch, the expressions that the selector ends up with.
CASES: dict[str, tuple[Object | None, list[str], list[str], list[Object] | None]] = {
    "a label of the pod": ({}, ["app"], [], [{"key": "app", "operator": "In", "values": ["web"]}]),
    "both fields": (
        {},
        ["app"],
        ["release"],
        [{"key": "app", "operator": "In", "values": ["web"]}, {"key": "release", "operator": "NotIn", "values": ["3"]}],
    ),
    "a label that the pod lacks": ({"matchLabels": {"app": "web"}}, ["tier"], [], None),
    "no selector matches nothing and stays so": (None, ["app"], [], None),
    "beside what is there": (
        {"matchExpressions": [{"key": "tier", "operator": "Exists"}]},
        ["release"],
        [],
        [{"key": "tier", "operator": "Exists"}, {"key": "release", "operator": "In", "values": ["3"]}],
    ),
}


def term(selector: Object | None, matching: list[str], mismatching: list[str]) -> Object:
    made: Object = {"topologyKey": "zone", "matchLabelKeys": matching, "mismatchLabelKeys": mismatching}
    return made if selector is None else {**made, "labelSelector": selector}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("kind", ["podAffinity", "podAntiAffinity"])
def test_terms_of_pod_affinity(case: str, kind: str) -> None:
    selector, matching, mismatching, expressions = CASES[case]
    one = term(selector, matching, mismatching)
    for rules in ({REQUIRED: [one]}, {label_keys.PREFERRED: [{"weight": 1, "podAffinityTerm": one}]}):
        spec = {"affinity": {kind: rules}}
        found = label_keys.merged(spec, LABELS)["affinity"][kind]
        made = found[REQUIRED][0] if REQUIRED in rules else found[label_keys.PREFERRED][0]["podAffinityTerm"]
        assert made.get("labelSelector") == (
            selector if expressions is None else {**(selector or {}), "matchExpressions": expressions}
        )
        assert spec["affinity"][kind] == rules, "the given spec was edited"
        assert label_keys.merged({"affinity": {kind: found}}, LABELS)["affinity"][kind] == found


def test_the_api_server_does_it_when_a_pod_is_created() -> None:
    world = World()
    spread = {
        "maxSkew": 1,
        "topologyKey": "zone",
        "whenUnsatisfiable": "DoNotSchedule",
        "labelSelector": {"matchLabels": {"app": "web"}},
        "matchLabelKeys": ["release"],
    }
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "labels": LABELS},
        "spec": {"containers": [{"name": "main", "image": "nginx"}], "topologySpreadConstraints": [spread]},
    }
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
    world.request(HttpRequest("POST", "/api/v1/namespaces/default/serviceaccounts", {}, {}, account, "admin"))
    answer = world.request(HttpRequest("POST", "/api/v1/namespaces/default/pods", {}, {}, pod, "admin"))
    stored = answer["body"]
    selector = stored["spec"]["topologySpreadConstraints"][0]["labelSelector"]
    assert selector["matchExpressions"] == [{"key": "release", "operator": "In", "values": ["3"]}]
