"""The scheduler's columns and indexes equal a slow, obvious model after any order of changes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.objects import quantity, selectors
from cp_sim.scheduler.cache import Cache
from cp_sim.scheduler.pod_index import ANTI, PodIndex, Question
from cp_sim.scheduler.pod_info import PodInfo

Object = dict[str, Any]

ZONE = "zone"
NODES = ("n1", "n2", "n3", "n4")
SELECTOR = {"matchLabels": {"app": "web"}}
TERM: Object = {"labelSelector": SELECTOR, "topologyKey": ZONE}

nodes = st.fixed_dictionaries(
    {
        "name": st.sampled_from(NODES),
        "zone": st.sampled_from([None, "a", "b", "c"]),
        "cpu": st.sampled_from(["1", "2500m"]),
        "tainted": st.booleans(),
    }
)
pods = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["p1", "p2", "p3", "p4", "p5"]),
        "app": st.sampled_from(["web", "db"]),
        "on": st.sampled_from(NODES),
        "cpu": st.sampled_from(["", "0", "100m", "1.5"]),
        "anti": st.booleans(),
        "terminating": st.booleans(),
        "port": st.sampled_from([0, 80]),
    }
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("node"), nodes),
        st.tuples(st.just("node gone"), st.sampled_from(NODES)),
        st.tuples(st.just("pod"), pods),
        st.tuples(st.just("pod gone"), st.sampled_from(["p1", "p2", "p3", "p4", "p5"])),
        st.tuples(st.just("ask")),
    ),
    max_size=40,
)


def node_object(one: Object) -> Object:
    labels = {ZONE: one["zone"]} if one["zone"] else {}
    taints = [{"key": "k", "effect": "NoSchedule"}] if one["tainted"] else []
    status = {"allocatable": {"cpu": one["cpu"], "memory": "1Gi", "pods": "10"}}
    return {"metadata": {"name": one["name"], "labels": labels}, "spec": {"taints": taints}, "status": status}


def pod_object(one: Object) -> Object:
    container: Object = {"resources": {"requests": {"cpu": one["cpu"]} if one["cpu"] else {}}}
    if one["port"]:
        container["ports"] = [{"containerPort": one["port"], "hostPort": one["port"]}]
    metadata: Object = {"name": one["name"], "namespace": "default", "uid": one["name"], "labels": {"app": one["app"]}}
    if one["terminating"]:
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    affinity = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [TERM]}} if one["anti"] else {}
    return {"metadata": metadata, "spec": {"containers": [container], "affinity": affinity, "nodeName": one["on"]}}


ASKING = PodInfo(
    pod_object({"name": "asks", "app": "web", "on": "", "cpu": "", "anti": True, "terminating": False, "port": 0})
)
NEAR = Question(ASKING.facts.anti_affinity)
STANDING = Question(ASKING.facts.anti_affinity, skip_terminating=True)


def check(cache: Cache, there: dict[str, Object], placed: dict[str, Object]) -> None:
    """Compare the columns with what follows from the plain objects."""
    table, index = cache.table, cache.index
    assert sorted(table.ordered_names) == sorted(there)
    assert [table.names[row] for row in table.order.tolist()] == list(table.ordered_names)
    zone = table.label(ZONE)
    for name, one in there.items():
        row = table.row_of[name]
        here = [pod for pod in placed.values() if pod["on"] == name]
        assert table.allocatable("cpu")[row] == quantity.milli(one["cpu"])
        assert table.requested("cpu")[row] == sum(quantity.milli(pod["cpu"] or 0) for pod in here)
        assert table.columns["non_zero_cpu"][row] == sum(quantity.milli(pod["cpu"] or "100m") for pod in here)
        assert table.columns["pods"][row] == len(here)
        assert table.taint_sets[table.columns["taints"][row]] == ((("k", "", "NoSchedule"),) if one["tainted"] else ())
        assert (zone.values[zone.ids[row]] if zone.ids[row] >= 0 else None) == one["zone"]
        webs = [pod for pod in here if selectors.matches(SELECTOR, {"app": pod["app"]})]
        assert index.rows(NEAR)[row] == len(webs)
        assert index.rows(STANDING)[row] == sum(not pod["terminating"] for pod in webs)
        ports = [pod for pod in here if pod["port"]]
        assert table.ports.get(("TCP", 80), {}).get(row, {}) == ({"0.0.0.0": len(ports)} if ports else {})
    for number, value in enumerate(zone.values):
        inside = [pod for pod in placed.values() if pod["on"] in there and there[pod["on"]]["zone"] == value]
        assert index.by_domain(NEAR, ZONE).counts[number] == sum(pod["app"] == "web" for pod in inside)
        held = index.held_against(ANTI, ASKING)
        assert (held[0].domains.fit()[number] if held else 0) == sum(pod["anti"] for pod in inside)

    untainted = index.nodes_among("untainted")
    if untainted is None:
        untainted = index.keep_among(
            "untainted", table.present() & (table.columns["taints"][: table.columns.size] == 0)
        )
    domains = index.by_domain(NEAR, ZONE, untainted)
    counting = {name: one for name, one in there.items() if not one["tainted"] and one["zone"]}
    webs = [pod["on"] for pod in placed.values() if pod["app"] == "web" and pod["on"] in counting]
    by_zone = {
        zone: sum(counting[on]["zone"] == zone for on in webs) for zone in {one["zone"] for one in counting.values()}
    }
    assert {zone.values[number]: domains.fit()[number] for number in domains.present.nonzero()[0]} == by_zone
    assert (domains.number, domains.total) == (len(by_zone), len(webs))
    assert not by_zone or domains.fewest() == min(by_zone.values())


def live(steps: list[tuple[Any, ...]], cache: Cache) -> None:
    """Play the steps against the cache and two dicts."""
    there: dict[str, Object] = {}
    placed: dict[str, Object] = {}
    for step in steps:
        if step[0] == "node":
            there[step[1]["name"]] = step[1]
            cache.put_node(node_object(step[1]))
        elif step[0] == "node gone":
            there.pop(step[1], None)
            cache.remove_node(step[1])
        elif step[0] == "pod":
            placed[step[1]["name"]] = step[1]
            cache.put_pod(PodInfo(pod_object(step[1])), step[1]["on"])
        elif step[0] == "pod gone":
            placed.pop(step[1], None)
            cache.remove_pod(step[1])
        else:
            check(cache, there, placed)
    check(cache, there, placed)


@settings(max_examples=150)
@given(STEPS)
def test_columns_follow_every_change(steps: list[tuple[Any, ...]]) -> None:
    live(steps, Cache())


class Deaf(PodIndex):
    """An index with a mistake: it does not notice that nodes change their labels."""

    def _follow_nodes(self) -> None:
        pass


def test_a_deaf_index_is_caught() -> None:
    web = {"name": "p1", "app": "web", "on": "n1", "cpu": "", "anti": True, "terminating": False, "port": 0}
    before = {"name": "n1", "zone": "a", "cpu": "1", "tainted": False}
    steps: list[tuple[Any, ...]] = [("node", before), ("pod", web), ("ask",), ("node", {**before, "zone": "b"})]
    live(steps, Cache())
    deaf = Cache()
    deaf.index = Deaf(deaf.table)
    try:
        live(steps, deaf)
    except AssertionError:
        return
    raise AssertionError("the law cannot fail")
