"""Equal pods share work: what is kept, when it is asked for again, and what is never shared."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from cp_sim.scheduler import columns, cycle
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.domains import Among, Domains
from cp_sim.scheduler.framework import CycleState, Plugin, Profile
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.plugins import DEFAULT_PLUGINS, default_profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.row_log import RowLog
from cp_sim.scheduler.shared_work import TEMPLATES
from tests.rooms.scheduler.cluster_parts import ZONE, cluster, node, pod


class Spy(Plugin):
    """Notes which nodes it is asked about."""

    name = "Spy"
    local = True

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def filter(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Any:
        self.asked.append(nodes.names())
        return None

    def score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Any:
        return columns.filled(len(nodes), 7)


def spied() -> tuple[Spy, Profile]:
    spy = Spy()
    return spy, default_profile((*DEFAULT_PLUGINS, spy))


def place(cache: Cache, profile: Profile, name: str, room: cycle.Room | None = None, **more: Any) -> str:
    one = PodInfo(pod(name, **more))
    decision, _ = cycle.schedule(cache, profile, one, room or cycle.Room())
    cache.assume(one, decision.node or "")
    return decision.node or ""


def test_only_nodes_that_changed_are_asked_again() -> None:
    spy, profile = spied()
    cache = cluster(*[node(f"n{number}") for number in range(1, 6)])
    chosen = [place(cache, profile, f"p{number}", cpu="1") for number in range(4)]
    everyone = [f"n{number}" for number in range(1, 6)]
    # The first pod is judged alone, the second begins to share, the others ask about the node of the pod before.
    assert spy.asked == [everyone, everyone, [chosen[1]], [chosen[2]]]


def test_another_template_or_profile_shares_nothing() -> None:
    spy, profile = spied()
    cache = cluster(node("n1"), node("n2"))
    for number, cpu in enumerate(("1", "200m", "300m")):
        place(cache, profile, f"p{number}", cpu=cpu)
    other, second = spied()
    place(cache, second, "p9", cpu="1")
    assert spy.asked == [["n1", "n2"]] * 3
    assert other.asked == [["n1", "n2"]]


def test_a_plugin_that_says_nothing_is_asked_for_every_pod() -> None:
    spy, profile = spied()
    spy.local = False
    cache = cluster(node("n1"), node("n2"))
    for number in range(4):
        place(cache, profile, f"p{number}")
    assert spy.asked == [["n1", "n2"]] * 4


def test_reasons_of_single_nodes_cannot_be_shared() -> None:
    with pytest.raises(TypeError, match="Named: a plugin with filter_node cannot be local"):

        class Named(Plugin):
            name = "Named"
            local = True

            def filter_node(self, pod: dict[str, Any], node: dict[str, Any]) -> str | None:
                return None


def test_what_is_not_in_the_walk_is_asked_for_later() -> None:
    spy, profile = spied()
    profile.percentage_of_nodes_to_score = 50
    cache = cluster(*[node(f"n{number:03}") for number in range(400)])
    room = cycle.Room()
    chosen = [place(cache, profile, f"p{number}", room, cpu="1") for number in range(6)]
    # One half of the nodes and the other take turns; a half is asked about when a pod was put into it, and then all
    # nodes that have changed by then.
    assert spy.asked[2:] == [sorted(chosen[1:3]), sorted(chosen[3:5])]


def test_only_so_many_templates_are_kept() -> None:
    cache = cluster(node("n1", pods="1000", cpu="1000"))
    for number in range(TEMPLATES + 20):
        place(cache, default_profile(), f"p{number}", cpu=f"{number + 1}m")
    assert len(cache.shared.templates) == TEMPLATES


def test_a_copy_starts_without_what_was_kept() -> None:
    _, profile = spied()
    cache = cluster(node("n1"), node("n2"))
    for number in range(3):
        place(cache, profile, f"p{number}")
    copied = copy.deepcopy(cache)
    assert cache.shared.templates
    assert not copied.shared.templates
    assert copied.shared.table is copied.table


def test_a_log_forgets_and_says_so() -> None:
    log = RowLog(kept=3)
    for row in range(8):
        log.note(row)
    assert log.end == 8
    assert log.since(0) is None
    assert log.since(5) == [5, 6, 7]
    assert log.since(8) == []


def test_a_cache_that_lags_far_behind_the_log_begins_anew() -> None:
    spy, profile = spied()
    cache = cluster(node("n1"), node("n2"))
    cache.table.log.kept = 2
    for number in range(3):
        place(cache, profile, f"p{number}")
    for _ in range(10):
        cache.put_node(node("n2"))
    place(cache, profile, "p9")
    assert spy.asked[-1] == ["n1", "n2"]


def test_domains_count_the_nodes_that_count() -> None:
    cache = cluster(node("a1", labels={ZONE: "a"}), node("a2", labels={ZONE: "a"}), node("b1", labels={ZONE: "b"}))
    label = cache.table.label(ZONE)
    some = columns.flags(3, True)
    some[cache.table.row_of["a2"]] = False
    domains = Domains(label, Among("some", some))
    domains.add_all(columns.of([1, 5, 2]))
    assert domains.counts[:2].tolist() == [1, 2]
    assert (domains.total, domains.number, domains.fewest()) == (3, 2, 1)
    cache.put_node(node("c1", labels={ZONE: "c"}))
    everywhere = Domains(label)
    everywhere.add_all(columns.of([1, 5, 2, 0]))
    everywhere.add(cache.table.row_of["c1"], 4)
    assert everywhere.of(cache.all_nodes()).tolist() == [
        {"a": 6, "b": 2, "c": 4}[one["metadata"]["labels"][ZONE]] for one in cache.all_nodes().objects()
    ]


def test_domains_know_values_that_came_later_and_nodes_without_one() -> None:
    cache = cluster(node("a1", labels={ZONE: "a"}))
    domains = Domains(cache.table.label(ZONE))
    domains.add_all(columns.of([3]))
    for number in range(6):
        cache.put_node(node(f"z{number}", labels={ZONE: f"z{number}"}))
    cache.put_node(node("nowhere"))
    assert domains.of(cache.all_nodes()).tolist().count(0) == 7
    assert domains.total == 3


def test_nodes_ruled_out_by_name_have_a_verdict_and_were_not_looked_at() -> None:
    terms = [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n3"]}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    cache, room = cluster(*[node(f"n{number}") for number in range(1, 6)]), cycle.Room()
    decision, _ = cycle.schedule(cache, default_profile(), PodInfo(pod("d", affinity=affinity)), room)
    assert decision.node == "n3"
    verdicts = decision.verdicts()
    assert [name for name, verdict in verdicts.items() if verdict is None] == ["n3"]
    assert len(verdicts) == len(decision.considered) == 5
    assert decision.why_not("n1") == "n1 cannot take default/d: node(s) didn't satisfy plugin(s) [NodeAffinity]."
    assert decision.sample is not None
    assert (decision.sample.looked_at, room.start) == (1, 1)


def test_specs_that_share_their_parts_share_their_facts() -> None:
    one = pod("a", cpu="1")
    assert PodInfo({**one, "spec": dict(one["spec"])}).facts is PodInfo(one).facts
    assert PodInfo(copy.deepcopy(one)).facts is PodInfo(one).facts
    assert PodInfo(pod("b", cpu="2")).facts is not PodInfo(one).facts
