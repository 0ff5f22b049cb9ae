"""InterPodAffinity: what upstream's own tests ask, and what they expect.

Source: pkg/scheduler/framework/plugins/interpodaffinity/filtering_test.go and scoring_test.go.  Left out are selectors
that no API server would have let in.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler.filtering import Trial
from cp_sim.scheduler.framework import CycleState, Profile
from cp_sim.scheduler.plugins.inter_pod_affinity import InterPodAffinity
from cp_sim.scheduler.pod_info import PodInfo
from tests.rooms.scheduler.tables.parts import (
    FITS,
    KEPT_AWAY,
    NOT_FAR,
    NOT_NEAR,
    SKIPS,
    Object,
    cluster,
    namespace,
    node,
    numbered,
    pod,
    scores,
    selector,
    term,
    verdicts,
)

NAMESPACES = [
    namespace("default"),
    namespace("subteam1.team1", "team=team1"),
    namespace("subteam2.team1", "team=team1"),
    namespace("subteam1.team2", "team=team2"),
    namespace("subteam2.team2", "team=team2"),
]
SCAN = "service in (securityscan, value2)"
VIRUS = "service in (antivirusscan, value2)"
TEAM1 = {"namespaceSelector": selector("team in (team1)")}
SCANNER = pod("service=securityscan", on="node1")

# TestRequiredAffinitySingleNode: the pod, who is there, what node1 (region r1, zone z11) answers.
ONE_NODE: dict[str, tuple[Object, list[Object], Any]] = {
    "nothing asked, nobody there": (pod(), [], SKIPS),
    "near a pod that In matches": (pod("security=S1", near=[f"{SCAN} per region"]), [SCANNER], FITS),
    "near a pod that NotIn matches": (
        pod("security=S1", near=["service notin (securityscan3, value3) per region"]),
        [SCANNER],
        FITS,
    ),
    "the pod to be near is in another namespace": (
        pod("security=S1", near=[term(SCAN, "", namespaces="DiffNameSpace")]),
        [pod("service=securityscan", on="node1", namespace="ns")],
        NOT_NEAR,
    ),
    "the pod to be near has other labels": (pod("service=securityscan", near=[f"{VIRUS} per "]), [SCANNER], NOT_NEAR),
    "two terms, all operators": (
        pod(
            "security=S1",
            near=[
                "service, !wrongkey per region",
                "service in (securityscan), service notin (WrongValue) per region",
            ],
        ),
        [SCANNER],
        FITS,
    ),
    "two terms, one condition of the second fails": (
        pod(
            "security=S1",
            near=[
                "service, !wrongkey per region",
                "service in (securityscan2), service notin (WrongValue) per region",
            ],
        ),
        [SCANNER],
        NOT_NEAR,
    ),
    "near one kind, far from another": (
        pod("security=S1", near=[f"{SCAN} per region"], far=[f"{VIRUS} per node"]),
        [SCANNER],
        FITS,
    ),
    "the pod there keeps away from others still": (
        pod("security=S1", near=[f"{SCAN} per region"], far=[f"{VIRUS} per node"]),
        [pod("service=securityscan", on="node1", far=[f"{VIRUS} per node"])],
        FITS,
    ),
    "near and far from the same pod": (
        pod("security=S1", near=[f"{SCAN} per region"], far=[f"{SCAN} per zone"]),
        [SCANNER],
        NOT_FAR,
    ),
    "near is met, but the pod there keeps away": (
        pod("service=securityscan", near=[f"{SCAN} per region"], far=[f"{VIRUS} per node"]),
        [pod("service=securityscan", on="node1", far=[f"{SCAN} per zone"])],
        KEPT_AWAY,
    ),
    "near what it is not itself, which is on no node of the cluster": (
        pod("service=securityscan", near=["service notin (securityscan, value2) per region"]),
        [pod("service=securityscan", on="node2")],
        NOT_NEAR,
    ),
    "a pod that asks nothing is kept away": (
        pod("service=securityscan"),
        [pod("service=securityscan", on="node1", far=[f"{SCAN} per zone"])],
        KEPT_AWAY,
    ),
    "a pod that asks nothing is not meant": (
        pod("service=securityscan"),
        [pod("service=securityscan", on="node1", far=["service notin (securityscan, value2) per zone"])],
        SKIPS,
    ),
    "far from the pod there, which would not mind": (
        pod("service=securityscan", far=["service per region", "security per region"]),
        [pod("security=S1", on="node1", far=["security per zone"])],
        NOT_FAR,
    ),
    "one of two terms meets the pod there": (
        pod("service=securityscan", far=["service per zone", "security per zone"]),
        [pod("security=S1", on="node1", far=["security per zone"])],
        NOT_FAR,
    ),
    "and the other way round": (
        pod("security=S1", far=["security per zone"]),
        [pod("service=securityscan", on="node1", far=["service per zone", "security per zone"])],
        KEPT_AWAY,
    ),
    "both keep away from one label of the other": (
        pod("abc xyz", far=["abc per zone", "def per zone"]),
        [pod("def xyz", on="node1", far=["abc per zone", "def per zone"])],
        NOT_FAR,
    ),
    "the same with the labels exchanged": (
        pod("def xyz", far=["abc per zone", "def per zone"]),
        [pod("abc xyz", on="node1", far=["abc per zone", "def per zone"])],
        NOT_FAR,
    ),
    "near a pod of a namespace that is selected": (
        pod("security=S1", near=[term(SCAN, "region", **TEAM1)]),
        [pod("service=securityscan", on="node1", namespace="subteam1.team1")],
        FITS,
    ),
    "near a pod of a namespace that is not selected": (
        pod("security=S1", near=[term(SCAN, "region", **TEAM1)]),
        [pod("service=securityscan", on="node1", namespace="subteam1.team2")],
        NOT_NEAR,
    ),
    "far from a pod of a namespace that is selected": (
        pod("security=S1", namespace="subteam1.team1", far=[term(SCAN, "zone", **TEAM1)]),
        [pod("service=securityscan", on="node1", namespace="subteam2.team1")],
        NOT_FAR,
    ),
    "far from a pod of any namespace": (
        pod("security=S1", namespace="subteam1.team1", far=[term(SCAN, "zone", namespaceSelector={})]),
        [pod("service=securityscan", on="node1", namespace="subteam2.team1")],
        NOT_FAR,
    ),
    "far from a pod of a namespace that is not selected": (
        pod("security=S1", namespace="subteam1.team1", far=[term(SCAN, "zone", **TEAM1)]),
        [pod("service=securityscan", on="node1", namespace="subteam1.team2")],
        FITS,
    ),
}


@pytest.mark.parametrize("case", ONE_NODE)
def test_one_node(case: str) -> None:
    wanted, there, answer = ONE_NODE[case]
    found = verdicts((InterPodAffinity(),), wanted, [*NAMESPACES, node("node1", "region=r1 zone=z11"), *there])
    assert (found if found == SKIPS else found["node1"]) == answer


CHINA = [node("a", "region=China"), node("b", "region=China az=az1"), node("c", "region=India")]
ONE_ZONE = [node("a", "region=r1 zone=z1 hostname=a"), node("b", "region=r1 zone=z1 hostname=b")]
TWO_ZONES = [node("a", "region=r1 zone=z1 hostname=a"), node("b", "region=r1 zone=z2 hostname=b")]
THREE_ZONES = [*TWO_ZONES, node("c", "region=r1 zone=z3 hostname=c")]
PAIR = "foo=bar service=securityscan"
PAIRED = ["foo in (bar) per zone", "service in (securityscan) per zone"]

# TestRequiredAffinityMultipleNodes: the pod, the nodes, who is there, what each node answers.
MORE_NODES: dict[str, tuple[Object, list[Object], list[Object], Any]] = {
    "every node of the region will do": (
        pod(near=["foo in (bar) per region"]),
        CHINA,
        [pod("foo=bar", on="a")],
        {"a": FITS, "b": FITS, "c": NOT_NEAR},
    ),
    "the first of its kind may go anywhere": (
        pod(PAIR, near=PAIRED),
        [node("a", "zone=az1 hostname=h1"), node("b", "zone=az2 hostname=h2")],
        [pod("foo=bar", on="a")],
        {"a": FITS, "b": FITS},
    ),
    "but only where the topology key is": (
        pod(PAIR, near=PAIRED),
        [node("a", "zoneLabel=az1 hostname=h1"), node("b", "zoneLabel=az2 hostname=h2")],
        [pod("foo=bar", on="a")],
        {"a": NOT_NEAR, "b": NOT_NEAR},
    ),
    "far from a pod is far from its region": (
        pod(far=["foo in (abc) per region"]),
        [node("a", "region=r1 hostname=a"), node("b", "region=r1 hostname=b")],
        [pod("foo=abc", on="a")],
        {"a": NOT_FAR, "b": NOT_FAR},
    ),
    "any term keeps it away": (
        pod(far=["foo in (abc) per region", "service in (securityscan) per zone"]),
        TWO_ZONES,
        [pod("foo=abc service=securityscan", on="a")],
        {"a": NOT_FAR, "b": NOT_FAR},
    ),
    "another region will do": (
        pod(far=["foo in (abc) per region"]),
        CHINA,
        [pod("foo=abc", on="a")],
        {"a": NOT_FAR, "b": NOT_FAR, "c": FITS},
    ),
    "a pod of another namespace does not keep it away": (
        pod("foo=123", namespace="NS1", far=["foo in (bar) per region"]),
        CHINA,
        [
            pod("foo=bar", on="a", namespace="NS1"),
            pod(on="c", namespace="NS2", far=["foo in (123) per region"]),
        ],
        {"a": NOT_FAR, "b": NOT_FAR, "c": FITS},
    ),
    "it is kept away by a key that no node has": (
        pod("foo"),
        ONE_ZONE,
        [pod(on="a", far=["foo per invalid-node-label"])],
        SKIPS,
    ),
    "it keeps away by a key that no node has": (
        pod(far=["foo per invalid-node-label"]),
        ONE_ZONE,
        [pod("foo", on="a")],
        {"a": FITS, "b": FITS},
    ),
    "two pods keep it away, one from each node": (
        pod("foo bar"),
        TWO_ZONES,
        [pod(on="a", far=["foo per zone"]), pod(on="a", far=["bar per region"])],
        {"a": KEPT_AWAY, "b": KEPT_AWAY},
    ),
    "it keeps away from two pods": (
        pod(far=["foo per zone", "bar per region"]),
        TWO_ZONES,
        [pod("foo", on="a"), pod("bar", on="b")],
        {"a": NOT_FAR, "b": NOT_FAR},
    ),
    "kept away by one term, the other has a key that no node has": (
        pod("foo bar"),
        TWO_ZONES,
        [pod(on="a", far=["foo per invalid-node-label", "bar per zone"])],
        {"a": KEPT_AWAY, "b": FITS},
    ),
    "keeps away by one term, the other has a key that no node has": (
        pod(far=["foo per invalid-node-label", "bar per zone"]),
        TWO_ZONES,
        [pod("foo bar", on="a")],
        {"a": NOT_FAR, "b": FITS},
    ),
    "kept away by both terms of a pod": (
        pod("foo bar"),
        TWO_ZONES,
        [pod(on="a", far=["foo per region", "bar per zone"])],
        {"a": KEPT_AWAY, "b": KEPT_AWAY},
    ),
    "keeps away by both of its terms": (
        pod(far=["foo per region", "bar per zone"]),
        TWO_ZONES,
        [pod("foo bar", on="a")],
        {"a": NOT_FAR, "b": NOT_FAR},
    ),
    "the third zone is left": (
        pod("foo bar"),
        THREE_ZONES,
        [
            pod(on="a", far=["foo per zone", "labelA per zone"]),
            pod(on="b", far=["bar per zone", "labelB per zone"]),
        ],
        {"a": KEPT_AWAY, "b": KEPT_AWAY, "c": FITS},
    ),
    "near a pod by region and by zone": (
        pod(near=["foo per region", "bar per zone"]),
        ONE_ZONE,
        [pod("foo bar", on="a")],
        {"a": FITS, "b": FITS},
    ),
    "one pod has to meet all terms": (
        pod(near=["foo per region", "bar per zone"]),
        TWO_ZONES,
        [pod("foo", on="a"), pod("bar", on="b")],
        {"a": NOT_NEAR, "b": NOT_NEAR},
    ),
}


@pytest.mark.parametrize("case", MORE_NODES)
def test_more_nodes(case: str) -> None:
    wanted, nodes, there, answer = MORE_NODES[case]
    assert verdicts((InterPodAffinity(),), wanted, [*nodes, *there]) == answer


FOO_BAR = ["foo in (bar) per region"]
COMPLEX = ["foo in (bar, buzz) per region", "service notin (bar, security, test) per zone"]
REGIONS = [node("a", "region=r1 zone=z11"), node("b", "region=r1 zone=z12"), node("c", "region=r2 zone=z21")]

# TestPreFilterStateAddRemovePod: the pod, who is there, who comes to which node in thought, and the counts that
# decide then: of pods that it wants to be far from, near to, and of those that keep it away.
TRIALS: dict[str, tuple[Object, list[Object], Object, Object, Object, Object]] = {
    "far from the one that comes, and from one that is there": (
        pod("foo=bar", far=FOO_BAR),
        [pod("foo=bar", on="a"), pod(on="c", far=FOO_BAR)],
        pod("foo=bar", on="b", far=FOO_BAR),
        {"region=r1": 2},
        {},
        {"region=r1": 1, "region=r2": 1},
    ),
    "far by two terms": (
        pod("foo=bar", far=COMPLEX),
        [pod("foo=bar", on="a"), pod(on="c", far=FOO_BAR)],
        pod("foo=bar", on="a", far=COMPLEX),
        {"region=r1": 2, "zone=z11": 2, "zone=z21": 1},
        {},
        {"region=r1": 1, "region=r2": 1, "zone=z11": 1},
    ),
    "near by two terms": (
        pod("foo=bar", near=COMPLEX),
        [pod("foo=bar", on="a"), pod(on="c", far=FOO_BAR, near=COMPLEX)],
        pod("foo=bar", on="a", far=COMPLEX),
        {},
        {"region=r1": 2, "zone=z11": 2},
        {"region=r1": 1, "region=r2": 1, "zone=z11": 1},
    ),
}


@pytest.mark.parametrize("case", TRIALS)
def test_counts_follow_a_pod_that_comes_in_thought(case: str) -> None:
    """The counts are the sums over the nodes on which a pod with that label would be refused, or let in."""
    wanted, there, comes, far, near, kept = TRIALS[case]
    plugin = InterPodAffinity()
    cache = cluster([*REGIONS, *there])
    state, pending = CycleState(cache), PodInfo(numbered([wanted])[0])
    plugin.pre_filter(state, pending)
    before = counts(plugin, state)
    with Trial(Profile((plugin,)), state, pending, comes["spec"]["nodeName"]) as trial:
        trial.add(PodInfo({**comes, "metadata": {**comes["metadata"], "name": "comes"}}))
        trial.fits()
        assert counts(plugin, state) == (far, near, kept)
    plugin.pre_filter(state, pending)
    assert counts(plugin, state) == before
    assert before != (far, near, kept)


def counts(plugin: InterPodAffinity, state: CycleState) -> tuple[Object, Object, Object]:
    """The counts above 0 that the plugin goes by, as {"key=value": pods}."""
    found: list[Object] = []
    for rules in (state[plugin.name].anti, state[plugin.name].affinity, state[plugin.name].existing):
        summed: Object = {}
        for domains in rules:
            for value, count in zip(domains.label.values, domains.counts.tolist(), strict=False):
                domain = f"{domains.label.key}={value}"
                if count:
                    summed[domain] = summed.get(domain, 0) + count
        found.append(summed)
    return found[0], found[1], found[2]


S1_IN_REGION = ["5: security in (S1) per region"]
S2_IN_REGION = ["6: security in (S2) per region"]
S1_IN_AZ = ["5: security in (S1) per az"]
S2_IN_AZ = ["5: security in (S2) per az"]
VARIED = ["8: security notin (S1), security in (S2) per region", "2: security, !wrongkey per region"]
REQUIRED_TERMS = ["security in (S1, value2) per region", "security, !wrongkey per region"]
WITH_S1_NOT_S2 = {"prefers": ["8: security in (S1) per region"], "avoids": ["5: security in (S2) per az"]}
TEAMS = [(5, term("security in (S1)", "region", "subteam2.team2", **TEAM1))]

THREE = [node("n1", "region=China"), node("n2", "region=India"), node("n3", "az=az1")]
FIVE = [
    node("n1", "region=China"),
    node("n2", "region=India"),
    node("n3", "region=China"),
    node("n4", "region=China"),
    node("n5", "region=India"),
]
ZONE_AND_REGION = [node("n1", "az=az1"), node("n2", "region=China")]
TWO = [node("n1", "region=China"), node("n2", "region=India")]


def there(*pods: str) -> list[Object]:
    """Pods from `"labels on node"`."""
    return [pod(marks, on=name) for marks, _, name in (one.rpartition(" on ") for one in pods)]


def in_namespaces(*pods: str) -> list[Object]:
    """Pods security=S1 from `"namespace on node"`."""
    return [pod("security=S1", on=on, namespace=name) for name, _, on in (one.partition(" on ") for one in pods)]


# TestPreferredAffinity: the pod, the nodes, who is there, the normalized score of each node.
PREFERRED: dict[str, tuple[Object, list[Object], list[Object], Any]] = {
    "nobody has preferences": (pod("security=S1"), THREE, [], SKIPS),
    "the region with the pod it wants; a node without the key has none": (
        pod("security=S1", prefers=S1_IN_REGION),
        THREE,
        there("security=S1 on n1", "security=S2 on n2", "security=S1 on n3"),
        {"n1": 100, "n2": 0, "n3": 0},
    ),
    "all nodes of the region are as good": (
        pod(prefers=S1_IN_REGION),
        [node("n1", "region=China"), node("n2", "region=China az=az1"), node("n3", "region=India")],
        there("security=S1 on n1"),
        {"n1": 100, "n2": 100, "n3": 0},
    ),
    "the region with more of them": (
        pod("security=S1", prefers=S2_IN_REGION),
        FIVE,
        there(*(f"security=S2 on {name}" for name in ("n1", "n1", "n2", "n3", "n4", "n5"))),
        {"n1": 100, "n2": 0, "n3": 100, "n4": 100, "n5": 0},
    ),
    "two terms of different weight": (
        pod("security=S1", prefers=VARIED),
        THREE,
        there("security=S1 on n1", "security=S2 on n2", "security=S1 on n3"),
        {"n1": 20, "n2": 100, "n3": 0},
    ),
    "a pod that is there prefers it": (
        pod("security=S2"),
        THREE,
        [pod("security=S1", on="n1", prefers=S1_IN_REGION), pod("security=S2", on="n2", prefers=S2_IN_REGION)],
        {"n1": 0, "n2": 100, "n3": 0},
    ),
    "a pod that is there prefers pods of its namespace": (
        pod("security=S1", namespace="subteam1.team1"),
        THREE,
        [pod("security=S1", on="n1", prefers=TEAMS), pod("security=S2", on="n2", prefers=S2_IN_REGION)],
        {"n1": 100, "n2": 0, "n3": 0},
    ),
    "a pod that is there avoids pods of its namespace": (
        pod("security=S1", namespace="subteam1.team1"),
        THREE,
        [pod("security=S1", on="n1", avoids=TEAMS), pod("security=S2", on="n2", prefers=S2_IN_REGION)],
        {"n1": 0, "n2": 100, "n3": 100},
    ),
    "what pods that are there require counts as a preference": (
        pod("security=S1"),
        THREE,
        [pod("security=S1", on="n1", near=REQUIRED_TERMS), pod("security=S2", on="n2", near=REQUIRED_TERMS)],
        {"n1": 100, "n2": 100, "n3": 0},
    ),
    "avoiding a pod, the other node has another": (
        pod("security=S1", avoids=S1_IN_AZ),
        ZONE_AND_REGION,
        there("security=S1 on n1", "security=S2 on n2"),
        {"n1": 0, "n2": 100},
    ),
    "avoiding a pod, the other node lacks the key": (
        pod("security=S1", avoids=S1_IN_AZ),
        ZONE_AND_REGION,
        there("security=S1 on n1", "security=S1 on n2"),
        {"n1": 0, "n2": 100},
    ),
    "avoiding two pods": (
        pod("security=S1", avoids=S1_IN_AZ),
        [node("n1", "az=az1"), node("n2", "region=India")],
        there("security=S1 on n1", "security=S1 on n1", "security=S2 on n2"),
        {"n1": 0, "n2": 100},
    ),
    "a pod that is there avoids it": (
        pod("security=S2"),
        [node("n1", "az=az1"), node("n2", "az=az2")],
        [pod("security=S1", on="n1", avoids=S2_IN_AZ), pod("security=S2", on="n2", avoids=S1_IN_AZ)],
        {"n1": 0, "n2": 100},
    ),
    "preferring one kind and avoiding another": (
        pod("security=S1", **WITH_S1_NOT_S2),
        [node("n1", "region=China"), node("n2", "az=az1")],
        there("security=S1 on n1", "security=S1 on n2"),
        {"n1": 100, "n2": 0},
    ),
    "its own kind is in both regions": (
        pod("security=S1", **WITH_S1_NOT_S2),
        [node("n1", "region=China az=az1"), *FIVE[1:]],
        there(*(f"security=S1 on {name}" for name in ("n1", "n1", "n2", "n3", "n3", "n4", "n5"))),
        {"n1": 100, "n2": 0, "n3": 100, "n4": 100, "n5": 0},
    ),
    "all four together": (
        pod("security=S1", **WITH_S1_NOT_S2),
        [node("n1", "region=China"), node("n2", "az=az1"), node("n3", "region=India"), node("n4", "az=az2")],
        [
            *there("security=S1 on n1", "security=S2 on n2"),
            pod(on="n3", **WITH_S1_NOT_S2),
            pod(on="n4", avoids=S1_IN_AZ),
        ],
        {"n1": 100, "n2": 0, "n3": 100, "n4": 0},
    ),
    "only one node of the region has a pod with preferences": (
        pod("security=S1"),
        [node("n1", "region=China"), node("n2", "region=China")],
        [*there("security=S1 on n1"), pod(on="n2", **WITH_S1_NOT_S2)],
        {"n1": 0, "n2": 0},
    ),
    "preferring pods of namespaces that are selected": (
        pod("security=S1", namespace="subteam1.team1", prefers=TEAMS),
        TWO,
        in_namespaces("subteam1.team1 on n1", "subteam1.team1 on n1", "subteam1.team2 on n1", "subteam2.team1 on n2"),
        {"n1": 100, "n2": 0},
    ),
    "preferring pods of namespaces that are selected or named": (
        pod("security=S1", namespace="subteam1.team1", prefers=TEAMS),
        TWO,
        in_namespaces("subteam1.team1 on n1", "subteam1.team1 on n1", "subteam2.team2 on n1", "subteam2.team1 on n2"),
        {"n1": 100, "n2": 0},
    ),
    "avoiding pods of namespaces that are selected": (
        pod("security=S1", namespace="subteam1.team1", avoids=TEAMS),
        TWO,
        in_namespaces("subteam1.team1 on n1", "subteam1.team1 on n1", "subteam1.team2 on n1", "subteam2.team1 on n2"),
        {"n1": 0, "n2": 100},
    ),
    "avoiding pods of namespaces that are selected or named": (
        pod("security=S1", namespace="subteam1.team1", avoids=TEAMS),
        TWO,
        in_namespaces("subteam1.team1 on n1", "subteam1.team1 on n1", "subteam2.team2 on n1", "subteam2.team1 on n2"),
        {"n1": 0, "n2": 100},
    ),
    "preferences of pods that are there count by default": (
        pod("security=S2"),
        TWO,
        [pod("security=S1", on="n1", **WITH_S1_NOT_S2), pod("security=S2", on="n2", prefers=S2_IN_REGION)],
        {"n1": 0, "n2": 100},
    ),
}


@pytest.mark.parametrize("case", PREFERRED)
def test_preferences(case: str) -> None:
    wanted, nodes, pods, answer = PREFERRED[case]
    found = scores(InterPodAffinity(), wanted, [*NAMESPACES, *nodes, *pods])
    assert (found if found == SKIPS else found[1]) == answer


NEAR_S1 = [term("service in (S1)", "region", "default subteam2.team2", **TEAM1)]

# TestPreferredAffinityWithHardPodAffinitySymmetricWeight: the namespace of a pod service=S1, the nodes' scores.
REQUIRED_BY_OTHERS: dict[str, tuple[str, Any]] = {
    "its namespace is named": ("default", {"n1": 100, "n2": 100, "n3": 0}),
    "its namespace is neither named nor selected": ("subteam1.team2", SKIPS),
    "its namespace is selected": ("subteam1.team1", {"n1": 100, "n2": 100, "n3": 0}),
    "its namespace is the other one named": ("subteam2.team2", {"n1": 100, "n2": 100, "n3": 0}),
}


@pytest.mark.parametrize("case", REQUIRED_BY_OTHERS)
def test_what_pods_that_are_there_require(case: str) -> None:
    own, answer = REQUIRED_BY_OTHERS[case]
    requiring = [pod(on="n1", near=NEAR_S1), pod(on="n2", near=NEAR_S1)]
    found = scores(InterPodAffinity(), pod("service=S1", namespace=own), [*NAMESPACES, *THREE, *requiring])
    assert (found if found == SKIPS else found[1]) == answer


def test_required_terms_of_pods_that_are_there_can_weigh_nothing() -> None:
    plugin = InterPodAffinity(hard_pod_affinity_weight=0)
    requiring = [pod(on="n1", near=NEAR_S1), pod(on="n2", near=NEAR_S1)]
    assert scores(plugin, pod("service=S1"), [*NAMESPACES, *THREE, *requiring]) == SKIPS


def test_preferences_of_pods_that_are_there_can_be_ignored() -> None:
    plugin = InterPodAffinity(ignore_preferred_terms_of_existing_pods=True)
    preferring = [pod("security=S1", on="n1", **WITH_S1_NOT_S2), pod("security=S2", on="n2", prefers=S2_IN_REGION)]
    assert scores(plugin, pod("security=S2"), [*TWO, *preferring]) == SKIPS


def test_scores_before_normalizing_are_sums_of_weights() -> None:
    """Weight 5 for each pod preferred, -5 for each avoided, 1 for each pod that requires it (scoring.go)."""
    nodes = [node("n1", "region=r1 az=z1"), node("n2", "region=r1 az=z2"), node("n3", "region=r2 az=z3")]
    pods = [*there("security=S1 on n1", "security=S1 on n2"), pod(on="n3", near=["security in (S1) per region"])]
    wanted = pod("security=S1", prefers=S1_IN_REGION, avoids=S1_IN_AZ)
    assert scores(InterPodAffinity(), wanted, [*nodes, *pods]) == (
        {"n1": 5, "n2": 5, "n3": 1},
        {"n1": 100, "n2": 100, "n3": 0},
    )
