"""Fault scripts: what can be written, who is meant, and that every script runs on every size."""

from __future__ import annotations

import pytest

from cp_sim import faults, targets
from cp_sim.cluster import Cluster
from cp_sim.faults import Fault, ScriptError

SCRIPT = """
# a bad day
at 30s crash etcd leader
90s restart etcd leader     # "at" may be left out
at 2m partition control plane 1 from the rest one way
at 3m heal
at 3m slow disk of etcd leader to 500ms
at 1m jump clock of worker 1 by -30s
"""


def test_a_script_is_read_in_the_order_of_its_times() -> None:
    script = faults.parse(SCRIPT)
    assert script.title == "a bad day"
    assert script.faults == (
        Fault(30_000, "crash", "etcd leader"),
        Fault(60_000, "jump clock", "worker 1", amount="-30s"),
        Fault(90_000, "restart", "etcd leader"),
        Fault(120_000, "partition", "control plane 1", "the rest", one_way=True),
        Fault(180_000, "heal"),
        Fault(180_000, "slow disk", "etcd leader", amount="500ms"),
    )
    assert script.end_ms == 180_000


def test_a_script_that_is_printed_can_be_read_again() -> None:
    script = faults.parse(SCRIPT)
    assert faults.parse(str(script)) == script


def test_yaml_says_the_same() -> None:
    text = "- {at: 30s, do: crash etcd leader}\n- {at: 1m, do: heal}"
    assert faults.parse(text).faults == faults.parse("at 30s crash etcd leader\nat 1m heal").faults


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("at 30s explode etcd", "line 1: 'explode etcd' is no fault; write one of: crash TARGET"),
        ("at 30s heal\nat soon crash etcd", "line 2: 'soon' is not a duration"),
        ("at 30s", "line 1: .* write it like"),
        ("at 30s slow disk of etcd to much", "'much' is not a duration"),
        ("- {when: 3s, do: heal}", "entry 1: write it like"),
        ("- {at: 3s", "this is not YAML"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(text: str, sentence: str) -> None:
    with pytest.raises(ScriptError, match=sentence):
        faults.parse(text)


def test_the_named_scripts_can_be_read_and_an_unknown_one_lists_them() -> None:
    for title in faults.NAMED:
        assert faults.named(title).faults
    with pytest.raises(ValueError, match="there are lose one control plane"):
        faults.named("lose everything")


def test_a_drawn_script_is_the_same_for_the_same_seed_and_mends_everything() -> None:
    script = faults.random_script(3)
    assert script == faults.random_script(3)
    assert script != faults.random_script(4)
    assert script.faults[-1].action == "mend everything"
    assert faults.parse(str(script)) == script


ROLES = (
    "etcd leader",
    "an etcd follower",
    "a majority of etcd",
    "scheduler leader",
    "controller manager leader",
    "an API server",
    "control plane 1",
    "control plane 2",
    "the control plane of the etcd leader",
    "load balancer",
    "worker 1",
)


@pytest.mark.parametrize("control_planes", [1, 3])
def test_roles_mean_somebody_on_every_size(control_planes: int) -> None:
    cluster = Cluster(control_planes=control_planes, workers=1)
    found = {role: targets.find(cluster, role) for role in ROLES}
    missing = [role for role, names in found.items() if not names]
    if control_planes == 1:
        assert missing == ["control plane 2", "load balancer"]
        assert found["etcd leader"] == found["an etcd follower"] == found["a majority of etcd"] == ("etcd",)
        assert found["an API server"] == ("kube-apiserver",)
    else:
        assert missing == []
        assert found["etcd leader"] == (cluster.etcd_leader,)
        assert len(found["a majority of etcd"]) == 2
        assert found["an etcd follower"] != found["etcd leader"]
    with pytest.raises(ValueError, match="nobody knows who 'the boss' is"):
        targets.find(cluster, "the boss")


def test_what_is_not_there_is_no_mistake() -> None:
    cluster = Cluster(workers=1)
    [happened] = cluster.play("at 1s crash load balancer", until="2s")
    assert happened.struck == ()
    assert "there is no load balancer here" in happened.words
    assert cluster.clock.now_ms >= 2_000


def test_a_role_is_restarted_as_whoever_was_struck_under_it() -> None:
    cluster = Cluster(control_planes=3, workers=0, seed=2)
    leader = cluster.etcd_leader
    crash, restart = cluster.play("at 1s crash etcd leader\nat 20s restart etcd leader")
    assert crash.struck == restart.struck == (leader,)
    assert f"crash {leader} (etcd leader)" in crash.words
    assert cluster.members[leader].node.leader


def test_a_script_is_one_entry_of_the_journal() -> None:
    cluster = Cluster(control_planes=3, workers=1, seed=2)
    cluster.play("lose the scheduler")
    assert [asked.method for asked in cluster.journal] == ["play"]
    again = cluster.replay()
    assert (again.revision, again.trace.next_id) == (cluster.revision, cluster.trace.next_id)
