"""PodTopologySpread equals a slow, obvious model that counts pods node by node for every constraint."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.scheduler.framework import CycleState, Plugin
from cp_sim.scheduler.node_table import Nodes
from cp_sim.scheduler.plugins.pod_topology_spread import PodTopologySpread, Spread
from cp_sim.scheduler.pod_info import PodInfo, SpreadConstraint
from tests.laws.test_affinity_model import selects
from tests.rooms.scheduler.tables.parts import (
    FITS,
    HOSTNAME,
    REQUIRED,
    SKIPS,
    UNRESOLVABLE,
    UNSCHEDULABLE,
    Object,
    hard,
    node,
    numbered,
    on_nodes,
    pod,
    scores,
    service,
    soft,
    verdicts,
)

ZONE = "topology.kubernetes.io/zone"
SKEWED = (UNSCHEDULABLE, "node(s) didn't match pod topology spread constraints")
NO_LABEL = (UNRESOLVABLE, "node(s) didn't match pod topology spread constraints (missing required label)")

# -- the model ---------------------------------------------------------------------------------------------------------


def named(objects: list[Object], kind: str) -> dict[str, Object]:
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def is_domain(constraint: Object, wanted: Object, one: Object) -> bool:
    """Whether the policies of a constraint let a node count."""
    spec, marks = wanted["spec"], one["metadata"]["labels"]
    if constraint.get("nodeAffinityPolicy") != "Ignore":
        required = ((spec.get("affinity") or {}).get("nodeAffinity") or {}).get(REQUIRED)
        terms = required["nodeSelectorTerms"] if required else [{}]
        if any(marks.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
            return False
        if not any(selects(one, marks) for one in terms):
            return False
    tolerated = {one["key"] for one in spec.get("tolerations") or ()}
    taints = {taint["key"] for taint in one["spec"].get("taints") or () if taint["effect"] != "PreferNoSchedule"}
    return constraint.get("nodeTaintsPolicy") != "Honor" or taints <= tolerated


def counted(constraint: Object, wanted: Object, objects: list[Object], name: str) -> int:
    """How many pods on a node a constraint counts: of the pod's namespace, selected, not being deleted."""
    chosen = constraint.get("labelSelector")
    if not chosen or not (chosen.get("matchExpressions") or chosen.get("matchLabels")):
        return 0
    return sum(
        one["spec"]["nodeName"] == name
        and one["metadata"]["namespace"] == wanted["metadata"]["namespace"]
        and "deletionTimestamp" not in one["metadata"]
        and selects(chosen, one["metadata"]["labels"])
        for one in named(objects, "Pod").values()
    )


def expected_verdicts(wanted: Object, objects: list[Object]) -> Any:
    """What each node answers."""
    constraints = [one for one in spread_of(wanted) if one["whenUnsatisfiable"] == "DoNotSchedule"]
    if not constraints:
        return SKIPS
    nodes = named(objects, "Node")
    found: dict[str, Any] = dict.fromkeys(nodes, FITS)
    keys = {one["topologyKey"] for one in constraints}
    for constraint in constraints:
        key = constraint["topologyKey"]
        domains: dict[str, int] = {}
        for name, one in nodes.items():
            if keys <= one["metadata"]["labels"].keys() and is_domain(constraint, wanted, one):
                value = one["metadata"]["labels"][key]
                domains[value] = domains.get(value, 0) + counted(constraint, wanted, objects, name)
        enough = len(domains) >= (constraint.get("minDomains") or 1)
        fewest = min(domains.values()) if enough else 0
        chosen = constraint.get("labelSelector")
        itself = chosen is not None and selects(chosen, wanted["metadata"]["labels"])
        for name, one in nodes.items():
            if found[name] is not FITS:
                continue
            if key not in one["metadata"]["labels"]:
                found[name] = NO_LABEL
            elif domains.get(one["metadata"]["labels"][key], 0) + itself - fewest > constraint["maxSkew"]:
                found[name] = SKEWED
    return found


def spread_of(wanted: Object) -> list[Object]:
    return wanted["spec"].get("topologySpreadConstraints") or []


def constraints_to_score(wanted: Object, objects: list[Object]) -> list[Object]:
    """The soft ones of the pod's own, or two by default where a Service selects it."""
    if spread_of(wanted):
        return [one for one in spread_of(wanted) if one["whenUnsatisfiable"] == "ScheduleAnyway"]
    selected: dict[str, str] = {}
    for one in named(objects, "Service").values():
        if one["spec"]["selector"].items() <= wanted["metadata"]["labels"].items():
            selected.update(one["spec"]["selector"])
    chosen = ",".join(f"{key}={value}" for key, value in selected.items())
    return [soft(3, HOSTNAME, chosen), soft(5, ZONE, chosen)] if selected else []


def expected_scores(wanted: Object, objects: list[Object], barred: str = "") -> Any:
    """(points, points from 0 to 100) of each feasible node."""
    constraints = constraints_to_score(wanted, objects)
    if not constraints:
        return SKIPS
    nodes = named(objects, "Node")
    feasible = [name for name in nodes if name not in barred.split()]
    keys = {one["topologyKey"] for one in constraints} if spread_of(wanted) else set()
    complete = [name for name in nodes if keys <= nodes[name]["metadata"]["labels"].keys()]
    counting = [name for name in feasible if name in complete]
    points = dict.fromkeys(feasible, 0.0)
    for constraint in constraints:
        key = constraint["topologyKey"]
        value_of = {name: one["metadata"]["labels"].get(key) for name, one in nodes.items()}
        domains = len(counting) if key == HOSTNAME else len({value_of[name] for name in counting})
        for name in counting:
            if value_of[name] is None:
                continue
            together = [
                other
                for other in complete
                if value_of[other] == value_of[name] and is_domain(constraint, wanted, nodes[other])
            ]
            among = [name] if key == HOSTNAME else together
            count = sum(counted(constraint, wanted, objects, other) for other in among)
            points[name] += count * math.log(domains + 2) + (constraint["maxSkew"] - 1)
    raw = {name: math.floor(points[name] + 0.5) for name in feasible}
    most, least = max((raw[name] for name in counting), default=0), min((raw[name] for name in counting), default=0)
    share = {}
    for name in feasible:
        if name not in counting:
            share[name] = 0
        else:
            share[name] = 100 if most == 0 else 100 * (most + least - raw[name]) // most
    return raw, share


# -- the law -----------------------------------------------------------------------------------------------------------

NAMES = ("n1", "n2", "n3", "n4", "n5")
SELECTORS = st.sampled_from(["app=web", "app=web", "app in (web, db)", "app", "!tier", "tier", "*", None])
MORE = st.fixed_dictionaries(
    {},
    optional={
        "nodeAffinityPolicy": st.sampled_from(["Honor", "Ignore"]),
        "nodeTaintsPolicy": st.sampled_from(["Honor", "Ignore"]),
    },
)
KEYS = st.sampled_from([ZONE, ZONE, ZONE, ZONE, HOSTNAME, HOSTNAME, "rack"])


def constraints(make: Any, **optional: Any) -> Any:
    more = st.fixed_dictionaries({}, optional=optional)
    return st.builds(
        lambda skew, key, chosen, policies, rest: make(skew, key, chosen, **policies, **rest),
        st.sampled_from([1, 1, 1, 2, 3]),
        KEYS,
        SELECTORS,
        MORE,
        more,
    )


HARD = constraints(hard, minDomains=st.integers(1, 4))
SOFT = constraints(soft)


def wanting(spread: Any) -> Any:
    return st.builds(
        lambda marks, spread, where, nodes, tolerates: pod(
            marks, spread=spread, **where, **nodes, **({"tolerates": tolerates} if tolerates else {})
        ),
        st.sampled_from(["app=web", "app=web tier", "app=db", ""]),
        spread,
        st.sampled_from([{}, {}, {"where": "disk=ssd"}]),
        st.sampled_from([{}, {}, {"nodes": on_nodes(f"{ZONE} in (a, b)", "disk")}]),
        st.sampled_from(["", "gpu"]),
    )


marked = st.tuples(
    st.sampled_from(["a", "b", "a", "b", "c", "a", "b", ""]),
    st.sampled_from([True, True, True, True, True, False]),
    st.sampled_from(["disk=ssd rack=r1", "disk=ssd", "disk=hdd rack=r1", "rack=r2"]),
    st.sampled_from(["", "", "gpu=yes:NoSchedule", "gpu=yes:PreferNoSchedule", "old:NoExecute"]),
)


def made(marks: list[tuple[str, bool, str, str]]) -> list[Object]:
    """Nodes from (zone, whether it has a hostname, further labels, taint)."""
    return [
        node(name, f"{zone and f'{ZONE}={zone}'} {more}", hostname=host, **({"taints": tainted} if tainted else {}))
        for name, (zone, host, more, tainted) in zip(NAMES, marks, strict=False)
    ]


NODES = st.lists(marked, min_size=2, max_size=5).map(made)
THERE = st.lists(
    st.builds(
        lambda marks, name, space, leaving: pod(marks, on=name, namespace=space, leaving=leaving),
        st.sampled_from(["app=web", "app=web tier", "app=db", ""]),
        st.sampled_from(("n1", "n2", "n1", "n2", "n3", "n4", "gone")),
        st.sampled_from(["default", "default", "default", "shop"]),
        st.sampled_from([False, False, False, True]),
    ),
    min_size=2,
    max_size=9,
)


def check_filter(plugin: Plugin, wanted: Object, objects: list[Object]) -> None:
    objects = numbered(objects)
    assert verdicts((plugin,), wanted, objects) == expected_verdicts(wanted, objects)


def check_score(plugin: Plugin, wanted: Object, objects: list[Object], barred: str = "") -> None:
    objects = numbered(objects)
    assert scores(plugin, wanted, objects, barred) == expected_scores(wanted, objects, barred)


@settings(max_examples=200, deadline=None)
@given(wanting(st.lists(HARD | HARD | SOFT, min_size=1, max_size=3)), NODES, THERE)
def test_every_node_answers_as_the_model_does(wanted: Object, nodes: list[Object], there: list[Object]) -> None:
    check_filter(PodTopologySpread(), wanted, [*nodes, *there])


@settings(max_examples=200, deadline=None)
@given(wanting(st.lists(SOFT, max_size=2)), NODES, THERE, st.sampled_from(["", "n2", "n1 n3"]))
def test_every_node_has_the_points_of_the_model(
    wanted: Object, nodes: list[Object], there: list[Object], barred: str
) -> None:
    if {one["metadata"]["name"] for one in nodes} <= set(barred.split()):
        return
    check_score(PodTopologySpread(), wanted, [*nodes, *there, service("app=web")], barred)


class Forgetful(PodTopologySpread):
    """A mistake: a domain without a single pod is forgotten when the fewest is looked for."""

    def _spread(self, state: CycleState, pod: PodInfo, constraint: SpreadConstraint, *rest: Any) -> Spread:
        found = super()._spread(state, pod, constraint, *rest)
        found.fewest = min((count for count in found.domains.counts.tolist() if count), default=0)
        return found


class Careless(PodTopologySpread):
    """A mistake: every feasible node counts as a domain, also one that lacks a label."""

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Nodes) -> Any:
        said = super().pre_score(state, pod, nodes)
        state[f"{self.name}/keyed"] = state[f"{self.name}/keyed"] | True
        return said


def test_a_forgotten_domain_is_caught() -> None:
    wanted, objects = (
        pod("app=web", spread=[hard(1, ZONE, "app=web")]),
        [
            node("n1", f"{ZONE}=a"),
            node("n2", f"{ZONE}=b"),
            pod("app=web", on="n1"),
        ],
    )
    check_filter(PodTopologySpread(), wanted, objects)
    with pytest.raises(AssertionError):
        check_filter(Forgetful(), wanted, objects)


def test_a_missing_label_is_caught() -> None:
    wanted, objects = (
        pod("app=web", spread=[soft(1, ZONE, "app=web")]),
        [
            node("n1", f"{ZONE}=a"),
            node("n2"),
            pod("app=web", on="n1"),
        ],
    )
    check_score(PodTopologySpread(), wanted, objects)
    with pytest.raises(AssertionError):
        check_score(Careless(), wanted, objects)
