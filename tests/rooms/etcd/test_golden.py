"""Answers recorded from a real etcd, word for word."""

import gzip
import json
from pathlib import Path

import pytest

from cp_sim.etcd import mvcc as mvcc_module
from cp_sim.etcd.replay import replay, replay_lines

GOLDEN = Path(__file__).parents[2] / "golden" / "etcd" / "traces.jsonl.gz"


def traces():
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def asked(trace):
    """The trace without its answers."""
    return {
        "trace": trace["trace"],
        "ops": [{name: op[name] for name in ("i", "op", "req")} for op in trace["ops"]],
        "watches": [{name: watch[name] for name in ("opened_after", "req")} for watch in trace["watches"]],
    }


def without_lost_tombstones(trace, number, events):
    """The events of a watch as etcd 3.4.23 delivers them: without the tombstones that it is noted to have lost."""
    lost = {
        (revision, key)
        for anomaly in trace.get("anomalies", ())
        if anomaly["watch"] == number
        for revision, key, _ in anomaly["missing"]
    }
    return [event for event in events if (event["kv"][2], event["kv"][0]) not in lost]


def differences(trace):
    answered = replay(asked(trace))
    for wanted, got in zip(trace["ops"], answered["ops"], strict=True):
        if wanted != got:
            yield f"trace {trace['trace']} op {wanted['i']}: wanted {wanted}, got {got}"[:600]
    for number, (wanted, got) in enumerate(zip(trace["watches"], answered["watches"], strict=True)):
        got = {**got, "events": without_lost_tombstones(trace, number, got["events"])}
        if wanted != got:
            yield f"trace {trace['trace']} watch {number}: wanted {wanted}, got {got}"[:600]
    if trace["final"] != answered["final"]:
        yield f"trace {trace['trace']}: ends as {answered['final']}, wanted {trace['final']}"


def test_every_answer_and_every_watch_is_etcds():
    recorded = traces()
    assert len(recorded) == 200
    found = [difference for trace in recorded for difference in differences(trace)]
    assert found == [], "\n".join(found[:5])


def test_a_mistake_would_be_seen(monkeypatch):
    # The control: a store that forgets one thing etcd does cannot pass.
    def forgets_to_detach(self, id_, key):
        return None

    monkeypatch.setattr("cp_sim.etcd.lease.Lessor.detach", forgets_to_detach)
    assert any(difference for trace in traces()[:60] for difference in differences(trace))


def test_a_lost_compaction_would_be_seen(monkeypatch):
    monkeypatch.setattr(mvcc_module.Mvcc, "compact", lambda self, revision: None)
    assert any(difference for trace in traces()[:20] for difference in differences(trace))


def test_lines_that_are_no_traces_are_named():
    good = json.dumps(asked(traces()[0]))
    assert len(list(replay_lines([good, "", good]))) == 2
    with pytest.raises(ValueError, match="line 2 is not JSON"):
        list(replay_lines([good, "{"]))
    with pytest.raises(ValueError, match='line 1 is no trace: it has no list "ops"'):
        list(replay_lines(["[]"]))
    with pytest.raises(ValueError, match='there is no operation "teleport"'):
        list(replay_lines(['{"ops":[{"op":"teleport"}]}']))
