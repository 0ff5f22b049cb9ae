"""The dashboard's hand that pulls plugs: on the real cluster, and what is shown of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "views")]
from toy_cluster import ToyCluster  # noqa: E402

from cp_sim.cluster import Cluster  # noqa: E402
from cp_sim.widgets.commands import Commands  # noqa: E402
from cp_sim.widgets.desk import Desk  # noqa: E402
from cp_sim.widgets.fault_commands import FAULTS, OTHERS, breakables, machines  # noqa: E402


@pytest.fixture
def desk() -> Desk:
    return Desk(Cluster(control_planes=3, workers=1, seed=7))


def told(desk: Desk, command: str, **fields: object) -> dict:
    return desk.handle({"kind": "command", "command": command, "fields": fields})


def state_of(frame: dict, name: str) -> str:
    return dict(frame["breakables"]["targets"])[name]


def test_every_fault_is_a_command() -> None:
    assert set(FAULTS) <= set(Commands.names())


def test_what_there_is_to_break(desk: Desk) -> None:
    offered = desk.frame()["breakables"]
    names = [name for name, _ in offered["targets"]]
    assert names[:4] == ["control-plane-1", "control-plane-2", "control-plane-3", "worker-1"]
    assert {"load-balancer", "etcd-control-plane-2", "kube-scheduler-control-plane-3", "kubelet@worker-1"} <= set(names)
    assert offered["members"] == [f"etcd-control-plane-{number}" for number in (1, 2, 3)]
    assert breakables(ToyCluster()) == {"targets": [], "machines": [], "members": []}
    for name in names:
        assert desk.cluster.fork().crash(name) is None, name


def test_crash_and_restart(desk: Desk) -> None:
    before = desk.cluster.clock.now_ms
    frame = told(desk, "crash", target="etcd-control-plane-1")
    assert frame["outcome"]["ok"], frame["outcome"]
    assert state_of(frame, "etcd-control-plane-1") == "crashed"
    assert desk.cluster.clock.now_ms == before, "what follows a fault is to be watched"
    refused = told(desk, "crash", target="etcd-control-plane-1")["outcome"]
    assert (refused["ok"], refused["field"]) == (False, "target")
    assert state_of(told(desk, "restart", target="etcd-control-plane-1"), "etcd-control-plane-1") == "running"
    assert told(desk, "crash", target="")["outcome"]["text"] == "choose what to crash"
    assert state_of(told(desk, "crash", target="control-plane-2"), "control-plane-2") == "off"


def test_pause_and_resume(desk: Desk) -> None:
    assert state_of(told(desk, "pause", target="load-balancer"), "load-balancer") == "paused"
    assert state_of(told(desk, "resume", target="load-balancer"), "load-balancer") == "running"
    killed = told(desk, "kill", target="kube-scheduler-control-plane-1")
    assert killed["outcome"]["ok"], killed["outcome"]
    assert not told(desk, "kill", target="worker-1")["outcome"]["ok"]


def test_cut_and_heal(desk: Desk) -> None:
    frame = told(desk, "partition", left="control-plane-3", right=OTHERS)
    assert frame["outcome"]["ok"], frame["outcome"]
    links = desk.cluster.links
    for name in machines(desk.cluster):
        assert name == "control-plane-3" or not links.reaches("control-plane-3", name)
    told(desk, "heal")
    assert not links.faults
    told(desk, "partition", left="control-plane-1", right="control-plane-2", one_way=True)
    assert not links.reaches("control-plane-1", "control-plane-2")
    assert links.reaches("control-plane-2", "control-plane-1")
    wrong = told(desk, "partition", left="worker-1", right="worker-1")["outcome"]
    assert (wrong["ok"], wrong["field"]) == (False, "right")


def test_disks(desk: Desk) -> None:
    disk = desk.cluster.processes.all["etcd-control-plane-2"].disk
    assert told(desk, "slow_disk", member="etcd-control-plane-2", fsync_ms="250")["outcome"]["ok"]
    assert disk.fsync_ms == 250
    wrong = told(desk, "slow_disk", member="etcd-control-plane-2", fsync_ms="soon")["outcome"]
    assert (wrong["ok"], wrong["field"]) == (False, "fsync_ms")
    assert not told(desk, "slow_disk", member="etcd-control-plane-2", fsync_ms="-1")["outcome"]["ok"]
    told(desk, "fill_disk", member="etcd-control-plane-2")
    assert disk.full
    told(desk, "mend_disk", member="etcd-control-plane-2")
    assert (disk.full, disk.fsync_ms) == (False, 1)


def test_a_clock_that_jumps(desk: Desk) -> None:
    frame = told(desk, "jump_clock", clock="worker-1", by="+30s")
    assert frame["outcome"]["text"] == "the clock of worker-1 has jumped by +30s"
    told(desk, "run", duration="20s")
    lease = desk.cluster.get("lease/worker-1", "kube-node-lease")
    assert lease["spec"]["renewTime"] > desk.cluster.clock.micro_timestamp()
    wrong = told(desk, "jump_clock", clock="worker-1", by="soon")["outcome"]
    assert (wrong["ok"], wrong["field"]) == (False, "by")
    assert "soon" in wrong["text"]


def test_a_script_is_played(desk: Desk) -> None:
    before, leader = desk.cluster.clock.now_ms, desk.cluster.etcd_leader
    outcome = told(desk, "play_script", script="at 5s crash etcd leader\nat 20s restart etcd leader")["outcome"]
    assert outcome["ok"], outcome
    assert f"crash {leader}" in outcome["text"]
    assert desk.cluster.clock.now_ms == before + 80_000
    assert desk.cluster.etcd_leader != leader
    wrong = told(desk, "play_script", script="at noon crash etcd leader")["outcome"]
    assert (wrong["ok"], wrong["field"]) == (False, "script")
    assert told(desk, "play_script", script=" ")["outcome"]["field"] == "script"


def test_the_desk_shows_a_cluster_that_is_broken(desk: Desk) -> None:
    for target in ("etcd-control-plane-1", "etcd-control-plane-2", "load-balancer", "kube-apiserver-control-plane-3"):
        told(desk, "crash", target=target)
    told(desk, "run", duration="20s")
    for tab in [name for name, _ in desk.frame()["tabs"]]:
        frame = desk.handle({"kind": "tab", "tab": tab})
        assert frame["picture"]["text"]
        json.dumps(frame)
    assert "nothing can be written" in desk.handle({"kind": "tab", "tab": "raft"})["picture"]["text"]
    refused = told(desk, "cordon", node="worker-1")["outcome"]
    assert not refused["ok"]


def test_nobody_is_left(desk: Desk) -> None:
    for number in (1, 2, 3):
        told(desk, "crash", target=f"control-plane-{number}")
    assert desk.frame()["status"]["nodes"] == 4
    for tab in ("cluster", "control-plane", "raft", "store", "leases"):
        assert desk.handle({"kind": "tab", "tab": tab})["picture"]["text"]


def test_tabs_that_make_no_sense_are_not_shown(desk: Desk) -> None:
    one = [name for name, _ in Desk(Cluster(workers=1, seed=7)).frame()["tabs"]]
    three = [name for name, _ in desk.frame()["tabs"]]
    assert ("raft" in one, "leases" in one, "store" in one) == (True, False, True)
    assert {"raft", "leases", "store"} <= set(three)
    assert "raft" not in [name for name, _ in Desk(ToyCluster()).frame()["tabs"]]


def test_the_store_of_what_is_selected_and_its_past(desk: Desk) -> None:
    frame = desk.handle({"kind": "select", "id": "pods/kube-system/etcd-control-plane-1", "tab": "store"})
    assert "below /registry/pods/kube-system/" in frame["picture"]["text"]
    revision = desk.cluster.revision - 4
    past = desk.handle({"kind": "look", "revision": revision})
    assert f"looking at {revision}" in past["picture"]["text"]
    assert "below the root" in desk.handle({"kind": "select", "id": ""})["picture"]["text"]


def test_members_and_their_terms_can_be_selected(desk: Desk) -> None:
    frame = desk.handle({"kind": "select", "id": "members/etcd-control-plane-1#12", "tab": "raft"})
    assert frame["selected"]["id"] == "members/etcd-control-plane-1"
    why = desk.handle({"kind": "select", "id": "members/etcd-control-plane-1", "tab": "why"})
    assert "become leader" in why["picture"]["text"]
    past = desk.handle({"kind": "look", "revision": 20})
    assert "not kept" in desk.handle({"kind": "tab", "tab": "raft"})["picture"]["text"]
    assert past["breakables"] == {}
