"""Recorded sessions with the real kube-apiserver: every answer that was exact once stays exact.

`passing.json.gz` lists the steps of each session whose answers agree; `python -m tests.rooms.apiserver.transcripts
--fails FILE` writes it.
"""

from __future__ import annotations

import copy
import gzip
import json
from typing import Any

import pytest

from tests.rooms.apiserver.transcripts import GOLDEN, Comparison, play, sessions

PASSING: dict[str, list[int]] = json.loads(gzip.decompress((GOLDEN / "passing.json.gz").read_bytes()))
SESSIONS = {session["name"]: session for session in sessions()}
TOPICS = sorted({session["topic"] for session in SESSIONS.values()})


@pytest.mark.parametrize("topic", TOPICS)
def test_answers_stay_exact(topic: str) -> None:
    worse: list[str] = []
    compared = 0
    for name, session in SESSIONS.items():
        if session["topic"] != topic or not PASSING.get(name):
            continue
        differences = play(session)
        for place in PASSING[name]:
            compared += 1
            if differences[place]:
                worse.append(f"{name} step {place}: {differences[place]}")
    assert compared > 0 or not any(PASSING.get(name) for name, one in SESSIONS.items() if one["topic"] == topic)
    assert not worse, "\n".join(worse[:20])


def test_more_than_half_of_all_answers_agree() -> None:
    total = sum(len(session["steps"]) for session in SESSIONS.values())
    assert sum(map(len, PASSING.values())) > total * 0.8


def _session() -> dict[str, Any]:
    return copy.deepcopy(SESSIONS["q186"])


def test_a_wrong_field_is_seen() -> None:
    session = _session()
    session["steps"][1]["response"]["body"]["data"]["key"] = "something else"
    assert "data.key" in play(session)[1]


def test_placeholders_are_one_value_each() -> None:
    session = _session()
    first = session["steps"][0]["response"]["body"]["metadata"]["uid"]
    session["steps"][1]["response"]["body"]["metadata"]["uid"] = first
    assert play(session)[1]


def test_resource_versions_keep_their_order() -> None:
    comparison = Comparison(_session())
    comparison.trial = {"RV-1": "7", "RV-2": "5"}
    assert comparison._order()
    comparison.trial = {"RV-1": "5", "RV-2": "7"}
    assert not comparison._order()
