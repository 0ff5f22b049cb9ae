"""Recorded runs of the real controllers, played here: objects at rest, Events, and the order of writes are the same."""

from __future__ import annotations

from typing import Any

import pytest

from tests.golden.controllers.compare import play, runs

# What these runs do needs controllers or admission that are not there yet.
NEED_MORE = {
    "o-deployment-quota": "ResourceQuota",
    "o-replicaset-quota-slowstart": "ResourceQuota",
    "o-endpoints-headless": "StatefulSet",
    "o-daemonset-surge": "maxSurge of DaemonSets",
}
# Parts of runs in which the recording shows one of several possible outcomes, and why.
CHANCE = {
    "o-deployment-adopt": {"podExtremes": "when a terminating pod is gone"},
    "o-deployment-delete-pods-mid": {"levelled": "whether two writes of a status fall together"},
    "o-deployment-grid06": {"podExtremes": "when a terminating pod is gone"},
    "o-deployment-pause": {"podExtremes": "when a terminating pod is gone"},
    "o-deployment-rollover": {"levelled": "whether two writes of a status fall together"},
    "o-replicaset-pod-dies": {"levelled": "whether a pod that ends at once is seen while it ends"},
    "o-nodelifecycle-stop-one": {"levelled": "whether two writes of a status fall together"},
    "o-pdb-bare": {"levelled": "whether two writes of a status fall together"},
    "o-pdb-maxunavail": {"levelled": "whether two writes of a status fall together"},
    "o-daemonset-minready": {"objects": "which of equal pods is made unready"},
    "o-daemonset-rolling": dict.fromkeys(("objects", "levelled"), "which of equal pods is replaced first"),
}
PARTS = ("objects", "events", "levelled", "replicasSeries", "podExtremes")
ALL = [run for run in runs() if run["id"] not in NEED_MORE]


@pytest.mark.parametrize("run", ALL, ids=[run["id"] for run in ALL])
def test_run_ends_as_recorded(run: dict[str, Any]) -> None:
    outcome = play(run)
    asked = [part for part in PARTS if part not in CHANCE.get(run["id"], {})]
    wrong = [part for part in asked if not outcome.agrees(part)]
    assert not wrong, f"{run['id']} differs in {wrong}:\n" + "\n".join(outcome.differences)
    compared = sum(strict for step in outcome.steps for part, (_, strict) in step.items() if part in asked)
    assert compared, f"{run['id']}: nothing of this run could be compared"


def test_a_wrong_recording_is_noticed() -> None:
    run = next(run for run in ALL if run["id"] == "o-deployment-create-paused")
    spoilt = {**run, "steps": [dict(step) for step in run["steps"]]}
    spoilt["steps"][-1]["objects"] = run["steps"][-1]["objects"][1:]
    spoilt["steps"][-1]["events"] = [{**event, "reason": "Other"} for event in run["steps"][-1]["events"]]
    outcome = play(spoilt)
    assert not outcome.agrees("objects")
    assert not outcome.agrees("events")
    assert outcome.agrees("writes")
