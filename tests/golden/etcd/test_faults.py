"""The script of faults: three members of ours and three of a real etcd answer the same, at about the same time."""

import json

import pytest

from tests.golden.etcd.faults import GOLDEN, SCRIPT, Ours, record
from tests.rooms.etcd.real_etcd import needs_etcd

# How far times may be apart, in seconds: when a leader is elected is drawn, here as there.
TOLERANCE_S = 3.0


def differences(recorded, played):
    """Where two runs of the script are not the same, one line each."""
    for wanted, got in zip(recorded, played, strict=True):
        for left, right in zip(wanted.get("answers", [wanted]), got.get("answers", [got]), strict=True):
            late = abs(left.get("seconds", 0) - right.get("seconds", 0))
            same = {**left, "seconds": 0} == {**right, "seconds": 0}
            if not same or late > TOLERANCE_S:
                yield f"{wanted['step']}: wanted {left}, got {right}"


def recorded():
    return json.loads(GOLDEN.read_text())


def test_the_recording_is_of_this_script():
    assert [tuple(step["step"]) for step in recorded()] == [json_of(step) for step in SCRIPT]


def json_of(step):
    return tuple(json.loads(json.dumps(step)))


@pytest.mark.parametrize("seed", range(1, 6))
def test_our_members_answer_what_etcds_did(seed):
    found = list(differences(recorded(), Ours(seed).play()))
    assert not found, f"seed {seed}:\n" + "\n".join(found)


def test_a_difference_would_be_seen():
    played = Ours(1).play()
    place = next(place for place, step in enumerate(played) if step["step"][0] == "all")
    for spoiled in ({"seconds": 2.0}, {"error": "etcdserver: no leader"}):
        answers = [{**played[place]["answers"][0], **spoiled}, *played[place]["answers"][1:]]
        wrong = [*played[:place], {**played[place], "answers": answers}, *played[place + 1 :]]
        assert len(list(differences(recorded(), wrong))) == 1


def test_the_numbers_are_the_known_ones():
    """Leader killed: the next write within four seconds.  Quorum lost: errors after seven."""
    steps = recorded()
    first_put = next(step for step in steps if step["step"][0] == "patient put")
    assert 0.9 < first_put["seconds"] < 4
    lost = [answer for step in steps for answer in step.get("answers", ())]
    assert {answer["seconds"] for answer in lost} == {7.0}
    assert "etcdserver: request timed out" in {answer["error"] for answer in lost}


@needs_etcd
@pytest.mark.slow
def test_a_real_etcd_still_answers_what_it_did():
    found = list(differences(recorded(), record()))
    assert not found, "\n".join(found)
