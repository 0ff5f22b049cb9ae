"""Law: the slow models hold for clusters as they were recorded, with pods of other recordings mixed in.

The other laws make up small clusters for one plugin; here labels, selectors, taints, priorities and budgets are those
of the recordings, in mixtures that nobody recorded.
"""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from cp_sim.scheduler.framework import Plugin
from cp_sim.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cp_sim.scheduler.plugins.pod_topology_spread import PodTopologySpread
from tests.laws import test_affinity_model as affinity
from tests.laws import test_preemption_model as preemption
from tests.laws import test_spread_model as spread
from tests.rooms.scheduler.tables.parts import Object, decide
from tests.rooms.scheduler.test_golden import scenarios

# What the models do not know.
UNKNOWN = ("Gt", "Lt", "matchLabelKeys", "matchFields", "tolerations", "ownerReferences", "Never")
MOST_OBJECTS = 60


def mixed(seed: int, chosen: list[Object]) -> Iterator[tuple[str, Object, list[Object]]]:
    """(what was mixed, a pod to place, a cluster), again and again."""
    chance = random.Random(seed)
    small = [one for one in chosen if len(one["objects"]) <= MOST_OBJECTS and has_nodes(one)]
    while True:
        here, there = chance.choice(small), chance.choice(small)
        objects = [one for one in here["objects"] if one["kind"] in ("Node", "Namespace", "PodDisruptionBudget")]
        nodes = sorted(one["metadata"]["name"] for one in objects if one["kind"] == "Node")
        pods = [one for one in here["objects"] if on_a_node(one)]
        guests = [one for one in there["objects"] if on_a_node(one)]
        guests = chance.sample(guests, min(len(guests), 15))
        pods += [{**one, "spec": {**one["spec"], "nodeName": chance.choice(nodes)}} for one in guests]
        wanted = chance.choice(chance.choice((here, there))["pending"])
        if not any(f'"{word}"' in json.dumps(wanted) for word in UNKNOWN) and not on_a_node(wanted):
            pods = [completed(one, f"p{place}") for place, one in enumerate(pods)]
            yield f"seed {seed}: {here['name']} and {there['name']}", completed(wanted, "wanted"), [*objects, *pods]


def has_nodes(recording: Object) -> bool:
    return any(one["kind"] == "Node" for one in recording["objects"])


def on_a_node(one: Object) -> bool:
    return one.get("kind", "Pod") == "Pod" and bool(one["spec"].get("nodeName"))


def completed(one: Object, name: str) -> Object:
    """A pod with the fields that the models read, and no nomination."""
    found = copy.deepcopy(one)
    found["metadata"] = {"labels": {}, "namespace": "default", **found["metadata"], "name": name}
    found["status"] = {**(found.get("status") or {}), "nominatedNodeName": ""} if on_a_node(one) else {}
    return found


def check(seed: int, count: int, near: Plugin, even: Plugin) -> None:
    """*Raises* `AssertionError` if a plugin differs from its model in one of so many mixtures."""
    for (mixture, wanted, objects), _ in zip(mixed(seed, scenarios()), range(count), strict=False):
        try:
            affinity.check(near, wanted, objects)
            spread.check_filter(even, wanted, objects)
            if "DoNotSchedule" not in json.dumps(wanted):
                spread.check_score(even, wanted, objects)
        except AssertionError as error:
            raise AssertionError(f"{mixture}: {error}") from error


@pytest.mark.parametrize("seed", range(4))
def test_plugins_are_their_models_on_recorded_clusters(seed: int) -> None:
    check(seed, 60, InterPodAffinity(), PodTopologySpread())


def check_preemption(seed: int, count: int) -> None:
    """*Raises* `AssertionError` if preemption differs from its model for one of so many pods that fit nowhere."""
    crowded = [one for one in scenarios() if any(entry["preemption"] for entry in one["expected"])]
    mixtures = mixed(seed, crowded)
    hopeless = (one for one in mixtures if not decide(preemption.FILTERS, one[1], one[2]).node)
    for (mixture, wanted, objects), _ in zip(hopeless, range(count), strict=False):
        try:
            preemption.keeps_its_order(wanted, objects, preemption.check(wanted, objects))
        except AssertionError as error:
            raise AssertionError(f"{mixture}: {error}") from error


@pytest.mark.parametrize("seed", range(2))
def test_preemption_is_that_of_the_model_on_recorded_clusters(seed: int) -> None:
    check_preemption(seed, 25)


MISTAKEN: dict[str, tuple[Any, Any]] = {
    "only the pod's own terms count": (affinity.Selfish, PodTopologySpread),
    "a domain is forgotten": (InterPodAffinity, spread.Forgetful),
}


@pytest.mark.parametrize("mistake", MISTAKEN)
def test_a_mistake_is_caught(mistake: str) -> None:
    near, even = MISTAKEN[mistake]
    with pytest.raises(AssertionError, match="seed 1"):
        check(1, 400, near(), even())


def test_a_mistake_of_preemption_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cp_sim.scheduler.plugins.default_preemption.by_importance", lambda pods: pods[::-1])
    with pytest.raises(AssertionError, match="seed 1"):
        check_preemption(1, 25)
