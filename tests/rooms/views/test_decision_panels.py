"""The numbers behind a decision's picture, and what the picture says of ties, the sample, guesses and preemption."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from real_decisions import made

from cp_sim.views import decision, preemption
from cp_sim.views.decision_rows import domain_of, halves
from cp_sim.views.decision_words import ordinal
from cp_sim.views.panel import Panel

ELEMENT = re.compile(r'<g id="([^"]*)" class="(\S+)')


@pytest.mark.parametrize("name", made())
def test_every_panel_belongs_to_an_element_and_every_other_name_leads_to_one(name: str) -> None:
    view = decision(made()[name])
    for identity, panel in view.panels.items():
        found = view.panel(identity)
        assert isinstance(found, Panel), identity
        if isinstance(panel, Panel):
            assert found.title
            for table in found.tables:
                assert all(len(row) == len(table.head) for row in table.rows), identity
                assert len(table.marks) == len(table.rows)
    drawn = {identity for identity, _ in ELEMENT.findall(view.svg)}
    nodes = {identity for identity in drawn if identity.startswith(("nodes/", "nodes#")) and "#why" not in identity}
    assert nodes <= set(view.panels)
    filters = {identity for identity in drawn if identity.startswith("filters/") and "#name" not in identity}
    assert filters - {"filters/none", "filters/later filters"} <= set(view.panels)


def test_the_verdicts_of_a_node_that_was_cut_off() -> None:
    panel = decision(made()["many reasons"]).panel("cut/nodes/worker-4")
    assert panel is not None
    verdicts = {row[0]: row[1] for row in panel.tables[0].rows}
    assert verdicts["TaintToleration"] == "✓ passed"
    assert verdicts["NodeAffinity"] == "– nothing to ask"
    assert verdicts["NodeResourcesFit"] == "✕ cut off"
    assert verdicts["PodTopologySpread"] == "not reached"
    numbers = next(row[2] for row in panel.tables[0].rows if row[0] == "NodeResourcesFit")
    assert numbers == "needs 500m cpu, 300m free of 300m (cpu: requested 500m, free 300m, allocatable 300m)"
    assert len(panel.tables) == 1


def test_the_scores_of_a_node_add_up() -> None:
    decided = made()["tie"]
    panel = decision(decided).panel("scores/worker-2")
    assert panel is not None
    *parts, total = panel.tables[1].rows
    assert total == ("sum", "", "", "", str(decided.totals()["worker-2"]))
    assert sum(int(row[4]) for row in parts) == decided.totals()["worker-2"]
    assert ("TaintToleration", "0", "100", "×3", "300") in parts


def test_a_plugin_says_what_it_is_for_whom_it_cut_and_what_it_gave() -> None:
    view = decision(made()["many reasons"])
    panel = view.panel("filters/TaintToleration")
    assert panel is not None
    assert panel.text.startswith("Rejects nodes with an untolerated NoSchedule or NoExecute taint; ")
    assert "It cut off 2 of the 10 nodes looked at. Its score, 0 to 100, counts 3 times." in panel.text
    assert [row[0] for row in panel.tables[0].rows] == ["control-plane-1", "worker-3"]
    assert panel.tables[1].rows == (("worker-6", "0", "100", "300"),)
    unasked = view.panel("chips/VolumeZone")
    assert unasked is not None
    assert "The pod asks nothing of it" in unasked.text


def test_a_tie_shows_the_lots() -> None:
    view = decision(made()["tie"])
    assert "worker-1, worker-2, worker-3 are equally good; drawn by lot: worker-3, the 3rd of 3 lots" in view.text
    assert view.details["lots/worker-3"] == "worker-3: lot 3 of 3, taken"
    assert view.details["lots/worker-1"] == "worker-1: lot 1 of 3"
    assert "the smallest name was taken: worker-1" in decision(made()["smallest name"]).text


def test_the_sample_says_which_nodes_were_looked_at() -> None:
    view = decision(made()["sampled"])
    words = "looked at 750 of 5,000 nodes, from place 4,901 of the list on: 500 feasible nodes are enough"
    assert words in view.text
    assert view.details["sample"] == words
    missed = view.panel("nodes#missed")
    assert missed is not None
    assert missed.title == "4,250 nodes"
    assert "lots/node-0298" in view.details


def test_a_guess_is_told_beside_the_truth() -> None:
    tie, none = made()["tie"], made()["hopeless"]
    assert decision(tie, guess=["worker-3"]).text.endswith("you guessed worker-3: right")
    assert decision(tie, guess=["worker-1"]).text.endswith(
        "you guessed worker-1: as good, not drawn; it went to worker-3"
    )
    both = decision(tie, guess=["worker-3", "worker-9"]).text
    assert both.endswith("and it went to worker-3 (worker-3: right; worker-9: there was no such node)")
    assert decision(tie, guess=[]).text.endswith("you guessed that no node takes it: no, it went to worker-3")
    assert decision(none, guess=[]).text.endswith("you guessed that no node takes it: right")
    assert "⚑" not in decision(tie).svg
    assert decision(tie, guess=["worker-1"]).svg.count("⚑") == 2
    assert "no: NodeResourcesFit" in decision(made()["three nodes"], guess=["worker-1"]).text
    far = decision(made()["sampled"], guess=["node-2000"])
    assert "nodes/node-2000" in far.details
    assert far.text.endswith("you guessed node-2000: not looked at; it went to node-0298")


def test_nodes_stay_where_they_are_when_another_pod_follows() -> None:
    left = re.compile(r'<g id="nodes/worker-2" class="node[^"]*">.*?<rect [^>]*x="([\d.]+)" y="(-?[\d.]+)"', re.DOTALL)
    first, second = (left.search(decision(made()[name]).svg) for name in ("tie", "nominated"))
    assert first is not None
    assert second is not None
    assert first.groups() == second.groups()
    wide = {re.search(r'width="(\d+)"', decision(one).svg).group(1) for one in made().values()}  # type: ignore[union-attr]
    assert len(wide) == 1


def test_the_ladder_of_a_preemption() -> None:
    text = preemption(made()["preemption"]).text
    assert "rule 1, fewest PodDisruptionBudget violations: worker-1 1 broken, worker-2 0 broken" in text
    assert "rule 2, lowest highest priority of a victim: worker-2 100, worker-3 10, worker-4 10; 2 of 3 left" in text
    assert "rule 3, smallest sum of priorities: worker-3 20 + 2 × 2³¹, worker-4 15 + 2 × 2³¹; 1 of 2 left" in text
    assert "rule 4" not in text
    assert "default/batch-6 can stay" in text
    panel = preemption(made()["preemption"]).panel("nodes/worker-1")
    assert panel is not None
    assert panel.tables[0].rows == (("default/guarded-0", "10", "must go", "broken"),)


def test_small_words() -> None:
    assert [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 112)] == (
        ["1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "112th"]
    )
    assert halves("PodTopologySpread") == ("PodTopology", "Spread")
    assert halves("Fit") == ("Fit", "")
    assert domain_of(["a.eu.internal", "b.eu.internal"]) == ".eu.internal"
    assert domain_of(["a", "b"]) == domain_of(["a.x", "b.y"]) == domain_of(["a.x"]) == ""
