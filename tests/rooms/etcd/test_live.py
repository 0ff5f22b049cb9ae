"""The same nasty operations put to a real etcd and to the embedded store: every answer and every watch is the same.

Runs where etcd is installed. One seed a profile here; `CP_SIM_LIVE_TRACES=60 pytest .../test_live.py` does more.
"""

import os

import pytest

from cp_sim.etcd.replay import replay
from tests.rooms.etcd.nasty import PROFILES, Nasty
from tests.rooms.etcd.real_etcd import RealEtcd, needs_etcd

grpc = pytest.importorskip("grpc", reason="a real etcd speaks gRPC, which comes with the extra cp-sim[etcd]")

TRACES = int(os.environ.get("CP_SIM_LIVE_TRACES", "1"))
LENGTH = 150


def without_lost_tombstone(watch, real, compactions):
    """Our watch as etcd 3.4 tells it: it loses the deletions of a compacted revision at which a watch begins.

    Mended in etcd 3.4.36, 3.5.18 and 3.6 (etcd-io/etcd 18089, 19179).
    """
    start = watch["req"].get("start_revision")
    if start not in compactions:
        return watch
    kept = [
        event
        for event in watch["events"]
        if event in real["events"] or (event["type"], event["kv"][2]) != ("DELETE", start)
    ]
    return {**watch, "events": kept}


def differences(real):
    ours = replay(real)
    compactions = {op["req"]["revision"] for op in real["ops"] if op["op"] == "compact" and "resp" in op}
    for wanted, got in zip(real["ops"], ours["ops"], strict=True):
        if wanted != got:
            yield f"operation {wanted['i']}: etcd {wanted}, ours {got}"
    for number, (wanted, watch) in enumerate(zip(real["watches"], ours["watches"], strict=True)):
        got = without_lost_tombstone(watch, wanted, compactions)
        if wanted != got:
            yield f"watch {number}: etcd {wanted}, ours {got}"
    for name, wanted in real["final"].items():
        if wanted != ours["final"][name]:
            yield f"{name} at the end: etcd {wanted}, ours {ours['final'][name]}"


@needs_etcd
@pytest.mark.parametrize("profile", PROFILES)
def test_a_real_etcd_gives_the_same_answers(tmp_path, profile):
    from tests.rooms.etcd.recorder import record

    for seed in range(TRACES):
        trace = Nasty(seed, profile, LENGTH).trace()
        with RealEtcd(tmp_path / f"{seed}") as etcd:
            real = record(trace, etcd.addresses[0])
        found = list(differences(real))
        assert found == [], f"seed {seed}, profile {profile}:\n" + "\n".join(text[:600] for text in found[:3])
        assert sum("resp" in op for op in real["ops"]) > LENGTH / 4, "the trace was hardly one of successes"


@needs_etcd
def test_a_mistake_would_be_seen(tmp_path, monkeypatch):
    # The control: a store that evaluates one thing differently cannot pass.
    from tests.rooms.etcd.recorder import record

    trace = Nasty(0, "txn", LENGTH).trace()
    with RealEtcd(tmp_path) as etcd:
        real = record(trace, etcd.addresses[0])
    monkeypatch.setattr("cp_sim.etcd.requests._NOTHING", None)
    monkeypatch.setattr("cp_sim.etcd.requests._holds", lambda mvcc, compare: True)
    assert list(differences(real))
