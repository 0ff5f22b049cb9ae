"""InterPodAffinity equals a slow, obvious model: every pod is looked at, for every node, for every term."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.scheduler.framework import CycleState, Only, Plugin, Status
from cp_sim.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cp_sim.scheduler.pod_index import Question
from cp_sim.scheduler.pod_info import PodInfo
from tests.rooms.scheduler.tables.parts import (
    FITS,
    KEPT_AWAY,
    NOT_FAR,
    NOT_NEAR,
    PREFERRED,
    REQUIRED,
    SKIPS,
    Object,
    namespace,
    node,
    numbered,
    pod,
    scores,
    selector,
    term,
    verdicts,
)

# -- the model ---------------------------------------------------------------------------------------------------------


class World:
    """Nodes, pods on them, and the labels of the namespaces that are known, by name."""

    def __init__(self, objects: list[Object]) -> None:
        self.nodes = {one["metadata"]["name"]: one["metadata"]["labels"] for one in objects if one["kind"] == "Node"}
        self.pods = [one for one in objects if one["kind"] == "Pod"]
        self.namespaces = {
            one["metadata"]["name"]: one["metadata"]["labels"] for one in objects if one["kind"] == "Namespace"
        }

    def labels_around(self, one: Object) -> dict[str, str]:
        """The labels of the node that a pod stands on."""
        return self.nodes.get(one["spec"]["nodeName"], {})

    def means(self, rule: Object, holder: Object, other: Object) -> bool:
        """Whether a term that `holder` has means the pod `other`."""
        own, theirs = holder["metadata"]["namespace"], other["metadata"]["namespace"]
        chosen = rule.get("namespaceSelector")
        named = rule.get("namespaces") or ([own] if chosen is None else [])
        if theirs not in named:
            waits = "nodeName" not in holder["spec"]
            if chosen is None or (waits and chosen != {} and theirs not in self.namespaces):
                return False
            if not selects(chosen, self.namespaces.get(theirs, {})):
                return False
        return rule.get("labelSelector") is not None and selects(rule["labelSelector"], other["metadata"]["labels"])

    def together(self, rule: Object, other: Object, name: str) -> bool:
        """Whether node `name` is in the domain of the node that the pod stands on."""
        key, here, there = rule["topologyKey"], self.nodes[name], self.labels_around(other)
        return key in here and key in there and here[key] == there[key]


def selects(chosen: Object, labels: dict[str, str]) -> bool:
    """What the labels wanted and the four operators say."""
    if any(labels.get(key) != value for key, value in (chosen.get("matchLabels") or {}).items()):
        return False
    for one in chosen.get("matchExpressions") or ():
        key, values = one["key"], one.get("values") or []
        holds = {
            "In": key in labels and labels[key] in values,
            "NotIn": key not in labels or labels[key] not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not holds[one["operator"]]:
            return False
    return True


def rules(one: Object, kind: str, strength: str) -> list[Object]:
    """The terms of a pod."""
    return ((one["spec"].get("affinity") or {}).get(kind) or {}).get(strength) or []  # type: ignore[no-any-return]


def near_enough(world: World, wanted: Object, name: str) -> bool:
    """Whether for each term a pod that all terms mean is in the node's domain, or the pod is the first of its kind."""
    terms = rules(wanted, "podAffinity", REQUIRED)
    meant = [one for one in world.pods if all(world.means(rule, wanted, one) for rule in terms)]
    if all(any(world.together(rule, one, name) for one in meant) for rule in terms):
        return True
    anywhere = any(rule["topologyKey"] in world.labels_around(one) for rule in terms for one in meant)
    first = not anywhere and all(world.means(rule, wanted, wanted) for rule in terms)
    return first and all(rule["topologyKey"] in world.nodes[name] for rule in terms)


def far_enough(world: World, wanted: Object, name: str) -> bool:
    """Whether no pod that any term means is in the node's domain."""
    return not any(
        world.means(rule, wanted, one) and world.together(rule, one, name)
        for rule in rules(wanted, "podAntiAffinity", REQUIRED)
        for one in world.pods
    )


def kept_away(world: World, wanted: Object, name: str) -> bool:
    """Whether a pod in the node's domain has a term of anti-affinity that means this one."""
    return any(
        world.means(rule, one, wanted) and world.together(rule, one, name)
        for one in world.pods
        for rule in rules(one, "podAntiAffinity", REQUIRED)
    )


def expected_verdicts(wanted: Object, objects: list[Object]) -> Any:
    """What each node answers; SKIPS if neither the pod nor those there have any say."""
    world = World(objects)
    own = rules(wanted, "podAffinity", REQUIRED) + rules(wanted, "podAntiAffinity", REQUIRED)
    found = {}
    for name in world.nodes:
        if not near_enough(world, wanted, name):
            found[name] = NOT_NEAR
        elif not far_enough(world, wanted, name):
            found[name] = NOT_FAR
        else:
            found[name] = KEPT_AWAY if kept_away(world, wanted, name) else FITS
    skips = not own and all(answer is FITS for answer in found.values())
    return SKIPS if skips else found


def expected_scores(wanted: Object, objects: list[Object]) -> Any:
    """(points, points from 0 to 100) of each node; SKIPS if no term ever meets a pod in a domain."""
    world = World(objects)
    points = dict.fromkeys(world.nodes, 0)
    met = False
    for one in world.pods:
        for rule, holder, other, weight in weighted(wanted, one):
            if not world.means(rule, holder, other):
                continue
            met |= rule["topologyKey"] in world.labels_around(one)
            for name in world.nodes:
                points[name] += weight * world.together(rule, one, name)
    least, most = min(points.values()), max(points.values())
    share = {name: int(100.0 * ((got - least) / (most - least))) if most > least else 0 for name, got in points.items()}
    return (points, share) if met else SKIPS


def weighted(wanted: Object, one: Object) -> list[tuple[Object, Object, Object, int]]:
    """(term, who has it, whom it may mean, weight) between the pod to place and one that is there."""
    found = []
    for sign, kind in ((1, "podAffinity"), (-1, "podAntiAffinity")):
        for rule in rules(wanted, kind, PREFERRED):
            found.append((rule["podAffinityTerm"], wanted, one, sign * rule["weight"]))
        for rule in rules(one, kind, PREFERRED):
            found.append((rule["podAffinityTerm"], one, wanted, sign * rule["weight"]))
    found += [(rule, one, wanted, 1) for rule in rules(one, "podAffinity", REQUIRED)]
    return found


# -- the law -----------------------------------------------------------------------------------------------------------

NODES = ("n1", "n2", "n3", "n4")
SPACES = ("default", "default", "shop", "unknown")
MARKS = ("app=web", "app=web tier", "app=db", "tier", "")

TERMS = st.builds(
    term,
    st.sampled_from(["app=web", "app in (db, web)", "tier", "*", "app!=web", "!tier", None]),
    st.sampled_from(["zone", "zone", "host", "host", "rack"]),
    st.sampled_from(["", "", "shop default", "shop"]),
) | st.builds(
    lambda chosen, key, spaces: term(chosen, key, namespaceSelector=selector(spaces)),
    st.sampled_from(["*", "app=web"]),
    st.sampled_from(["zone", "host"]),
    st.sampled_from(["*", "team=x", "!team", "team!=x"]),
)
NONE: Any = st.just([])
FEW = st.lists(TERMS, min_size=1, max_size=2)
SELDOM = NONE | NONE | NONE | FEW
PREFERENCES = st.lists(st.tuples(st.integers(1, 9), TERMS), max_size=2)


def made(marks: list[tuple[str, bool]]) -> list[Object]:
    """Nodes from (zone, whether it has a hostname)."""
    return [
        node(name, f"{zone and f'zone={zone}'} {f'host={name}' if host else ''}")
        for name, (zone, host) in zip(NODES, marks, strict=False)
    ]


marked = st.tuples(st.sampled_from(["a", "a", "b", ""]), st.sampled_from([True, True, False]))
nodes = st.lists(marked, min_size=2, max_size=4).map(made)


def pods(near: Any = SELDOM, far: Any = SELDOM, **place: Any) -> Any:
    return st.builds(
        lambda marks, space, near, far, prefers, avoids, **more: pod(
            marks, namespace=space, near=near, far=far, prefers=prefers, avoids=avoids, **more
        ),
        st.sampled_from(MARKS),
        st.sampled_from(SPACES),
        near,
        far,
        PREFERENCES,
        PREFERENCES,
        **place,
    )


ON = {"on": st.sampled_from(("n1", "n2", "n3", "gone")), "leaving": st.booleans()}
THERE = st.lists(pods(**ON), min_size=1, max_size=6)
KNOWN = [namespace("default"), namespace("shop", "team=x")]


def check(plugin: Plugin, wanted: Object, objects: list[Object]) -> None:
    """The filter of a plugin is that of the model, and so are the points where every node is feasible."""
    objects = numbered(objects)
    answers = expected_verdicts(wanted, objects)
    assert verdicts((plugin,), wanted, objects) == answers
    if answers == SKIPS or all(answer is FITS for answer in answers.values()):
        assert scores(plugin, wanted, objects) == expected_scores(wanted, objects)


@settings(max_examples=200, deadline=None)
@given(pods(near=NONE | FEW, far=NONE | FEW), nodes, THERE)
def test_every_node_answers_as_the_model_does(wanted: Object, nodes: list[Object], there: list[Object]) -> None:
    check(InterPodAffinity(), wanted, [*KNOWN, *nodes, *there])


@settings(max_examples=150, deadline=None)
@given(pods(near=NONE, far=NONE), nodes, st.lists(pods(far=NONE, **ON), min_size=1, max_size=6))
def test_every_node_has_the_points_of_the_model(wanted: Object, nodes: list[Object], there: list[Object]) -> None:
    check(InterPodAffinity(), wanted, [*KNOWN, *nodes, *there])


class OneByOne(InterPodAffinity):
    """A mistake: for each term of affinity another pod will do."""

    def pre_filter(self, state: CycleState, pod: PodInfo) -> Status | Only | None:
        said = super().pre_filter(state, pod)
        if pod.facts.affinity:
            index = state.cache.index
            state[self.name].affinity = [
                index.by_domain(Question((one,)), one.topology_key) for one in pod.facts.affinity
            ]
        return said


class Selfish(InterPodAffinity):
    """A mistake: what the pods that are there prefer does not count."""

    def pre_score(self, state: CycleState, pod: PodInfo, nodes: Any) -> Status | None:
        self.ignore_preferred_terms_of_existing_pods = True
        return super().pre_score(state, pod, nodes)


ONE_ZONE = [node("n1", "zone=a"), node("n2", "zone=b")]
MISTAKES: dict[type[Plugin], tuple[Object, list[Object]]] = {
    OneByOne: (pod(near=["app=web per zone", "tier per zone"]), [pod("app=web", on="n1"), pod("tier", on="n1")]),
    Selfish: (pod("app=web"), [pod(on="n1", prefers=["5: app=web per zone"])]),
}


@pytest.mark.parametrize("mistaken", MISTAKES)
def test_a_mistake_is_caught(mistaken: type[Plugin]) -> None:
    wanted, there = MISTAKES[mistaken]
    check(InterPodAffinity(), wanted, [*ONE_ZONE, *there])
    with pytest.raises(AssertionError):
        check(mistaken(), wanted, [*ONE_ZONE, *there])
