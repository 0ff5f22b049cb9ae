"""What a deck asks before a fault, tells after it, and says of the writes of a command."""

from __future__ import annotations

import pytest

from cp_sim import Cluster
from cp_sim.course.deck_faults import Drill, fault_question
from cp_sim.course.deck_writes import answer_writes, ask_writes
from cp_sim.faults import ScriptError, parse


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("at 1s crash etcd leader", "Who leads next"),
        ("at 1s crash scheduler leader", "why so long?"),
        ("at 1s crash load balancer", "through the balancer"),
        ("at 1s crash control plane 1", "A whole machine"),
        ("at 1s partition etcd leader from the rest", "Which side can write?"),
        ("at 1s heal", "Who has to forget something?"),
        ("at 1s slow disk of etcd leader to 500ms", "one disk is slow"),
        ("at 1s mend everything", "All is well again"),
    ],
)
def test_each_fault_has_its_question(line: str, words: str) -> None:
    assert words in fault_question(parse(line).faults[0])


def test_a_drill_tells_who_leads_and_what_can_be_written() -> None:
    cluster = Cluster(etcd="external", etcd_members=3, workers=1, seed=7)
    drill = Drill(cluster, ["at 5s crash etcd leader", "at 30s crash etcd leader", "at 1m mend everything"])
    assert len(drill) == 3
    assert "`at 5s crash etcd leader`" in repr(drill.ask(1))
    first, second, third = (repr(drill.answer(number)) for number in (1, 2, 3))
    assert "leads term 2 now" in first
    assert "a write: stored" in first
    assert "nobody leads now" in second
    assert "a write: refused after 7.005s: 500" in second
    assert "a write: stored" in third
    assert drill.stored == ["drill-1", "drill-3"]
    with pytest.raises(ScriptError):
        Drill(cluster, "at 5s dance")


def test_a_command_tells_what_it_wrote() -> None:
    cluster = Cluster(components=("etcd", "apiserver"), seed=7)
    line = "create configmap tea --from-literal=kind=green"
    assert "How many revisions" in repr(ask_writes(line, 1))
    told = repr(answer_writes(cluster, line))
    assert f"1 write: revision {cluster.revision}." in told
    assert "configmaps: 1 write to 1 key" in told
    assert "1 tombstone" in repr(answer_writes(cluster, "delete configmap tea"))
    assert "Nothing was written" in repr(answer_writes(cluster, "compact"))
    assert "will be refused" in repr(ask_writes("compact", 2))
