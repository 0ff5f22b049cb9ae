"""Recorded decisions of the real kube-scheduler v1.36.2: every field of every decision has to be the same."""

from __future__ import annotations

import gzip
import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from cp_sim.scheduler import cycle
from cp_sim.scheduler.framework import Profile
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS, DEFAULT_WEIGHTS
from cp_sim.scheduler.prepare import completed
from cp_sim.scheduler.scenario import Scenario, answer

Object = dict[str, Any]

FOLDER = Path(__file__).parents[2] / "golden" / "scheduler"
GROUPS = 12


@lru_cache(maxsize=2)
def scenarios(name: str = "decisions") -> list[Object]:
    with gzip.open(FOLDER / f"{name}.jsonl.gz", "rt") as lines:
        return [json.loads(line) for line in lines]


def comparable(entry: Object) -> Object:
    """An entry without what has no order in the real answer."""
    found = dict(entry, best=sorted(entry["best"]))
    found["filters"] = {
        name: one and (one["plugin"], one["code"], sorted(one["reasons"])) for name, one in entry["filters"].items()
    }
    preemption = entry["preemption"]
    if preemption:
        candidates = {name: sorted(victims) for name, victims in preemption["candidates"].items()}
        tied, victims = sorted(preemption["nominatedTied"]), sorted(preemption["victims"])
        found["preemption"] = {**preemption, "candidates": candidates, "nominatedTied": tied, "victims": victims}
    return found


def differences(scenario: Object, got: list[Object]) -> list[str]:
    """Where the answer to a scenario is not the recorded one."""
    expected = scenario["expected"]
    if len(expected) != len(got):
        return [f"{scenario['name']}: {len(expected)} attempts recorded, {len(got)} made"]
    found = []
    for right, ours in zip(map(comparable, expected), map(comparable, got)):
        for field in sorted({*right, *ours}):
            if right.get(field) != ours.get(field):
                where = f"{scenario['name']} {right['pod']} {field}"
                found.append(f"{where}: recorded {right.get(field)!r}, ours {ours.get(field)!r}")
    return found


@pytest.mark.parametrize("group", range(GROUPS))
def test_decisions_are_those_of_the_real_scheduler(group: int) -> None:
    wrong = []
    for scenario in scenarios()[group::GROUPS]:
        wrong += differences(scenario, answer(scenario)["got"])
    assert not wrong, "\n".join(wrong[:5])


def test_a_cache_that_has_seen_equal_pods_decides_the_same() -> None:
    wrong = []
    for one in scenarios()[::6]:
        warm = Scenario(one["objects"])
        for pending in one["pending"] * 2:
            cycle.schedule(
                warm.cache,
                warm.profiles[0],
                warm.admitted(completed({"apiVersion": "v1", "kind": "Pod", **pending})),
                warm.room,
            )
        wrong += differences(one, warm.run(one["pending"]))
    assert not wrong, "\n".join(wrong[:5])


@pytest.mark.parametrize("scenario", scenarios("decisions-extra"), ids=lambda one: one["name"])
def test_what_is_new_is_decided_as_the_real_scheduler_does(scenario: Object) -> None:
    assert not differences(scenario, answer(scenario)["got"])


def test_the_recordings_cover_what_decisions_are_made_of() -> None:
    entries = [entry for scenario in scenarios() for entry in scenario["expected"]]
    rejecting = {one["plugin"] for entry in entries for one in entry["filters"].values() if one}
    scoring = {plugin for entry in entries for plugin in entry["scores"]}
    assert {"NodeResourcesFit", "PodTopologySpread", "InterPodAffinity", "TaintToleration", "NodePorts"} <= rejecting
    assert {"ImageLocality", "NodeAffinity", "NodeResourcesBalancedAllocation"} <= scoring
    assert sum(entry["preemption"] is not None for entry in entries) > 50


def test_another_weight_would_be_noticed() -> None:
    other = Profile(DEFAULT_PLUGINS, {**DEFAULT_WEIGHTS, "ImageLocality": 2}, percentage_of_nodes_to_score=100)
    wrong = [line for one in scenarios() for line in differences(one, answer(one, other)["got"])]
    assert any(" totals: " in line for line in wrong)
