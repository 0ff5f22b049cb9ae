"""Three control planes in the dashboard: the leader is crashed by hand, and every picture tells of it."""

from __future__ import annotations

import json
from typing import Any

THREE = """
from cp_sim.views.quorum import group_of
cluster = Cluster(control_planes=3, workers=1, seed=7).run("5s")
"""
LEADER = "group_of(cluster).leader.name"


def ask(lab: Any, expression: str) -> Any:
    """The value of an expression in the notebook's kernel."""
    return json.loads(lab.run(f"import json; print(json.dumps({expression}))"))


def text(desk: Any) -> str:
    """The text twin of the picture that is shown."""
    return str(desk.root.locator(".cp-twin pre").text_content())


def test_a_leader_is_crashed_and_another_elected(lab: Any, open_desk: Any) -> None:
    desk = open_desk(THREE)
    desk.press('[role="tab"][data-tab="raft"]')
    leader = ask(lab, LEADER)
    assert f"{leader}: leader, term 1" in text(desk)
    before = desk.places()
    lab.picture("dashboard-raft-three")
    desk.panel("Faults")
    desk.root.locator('select[name="target"]').select_option(leader)
    desk.press('[data-do="crash"]')
    assert desk.ok, desk.outcome
    assert f"{leader}: crashed" in text(desk)
    desk.root.locator('[name="duration"]').fill("4s")
    desk.press('[data-do="run"]')
    fresh = ask(lab, LEADER)
    assert fresh != leader
    assert f"{fresh}: leader, term 2" in text(desk)
    after = desk.places()
    members = [name for name in before if name.startswith("members/") and "#" not in name]
    assert len(members) == 3
    assert all(abs(before[name][0] - after[name][0]) + abs(before[name][1] - after[name][1]) < 2 for name in members)
    lab.picture("dashboard-raft-crashed")

    desk.press('[role="tab"][data-tab="control-plane"]')
    assert "etcd: crashed" in text(desk)
    lab.picture("dashboard-three")
    desk.press('[role="tab"][data-tab="leases"]')
    assert "kube-scheduler: control-plane-" in text(desk)
    desk.press('[role="tab"][data-tab="store"]')
    newest = ask(lab, "cluster.revision")
    assert f"looking at {newest}" in text(desk)
    desk.press('[data-do="back"]')
    assert f"looking at {newest - 1}" in text(desk)
    lab.picture("dashboard-store-past")
    desk.press('[role="tab"][data-tab="raft"]')
    assert "Logs and messages of the past are not kept" in text(desk)
    desk.press('[data-do="now"]')
    assert f"{fresh}: leader" in text(desk)
    lab.assert_clean()
