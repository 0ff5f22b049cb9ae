"""Tables for the plugins: one node or a few, one pod, the verdict or the scores.

The cases follow the tables of the plugins' own tests in kubernetes/kubernetes under pkg/scheduler/framework/plugins;
each table names its file.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler import requests
from cp_sim.scheduler.pod_info import PodInfo
from tests.rooms.scheduler.cluster_parts import HOSTNAME, ZONE, cluster, decide, node, pod

Object = dict[str, Any]

FITS = ""
CORDONED = "node(s) were unschedulable"
TAINTED = "node(s) had untolerated taint(s)"
SELECTED_OTHERS = "node(s) didn't match Pod's node affinity/selector"


def taint(key: str, value: str = "", effect: str = "NoSchedule") -> Object:
    return {"key": key, "value": value, "effect": effect}


def verdict(wanted: Object, one: Object, *others: Object) -> str:
    """The reasons for which the node cannot take the pod, empty if it can."""
    found = decide(wanted, one, *others).verdict(one["metadata"]["name"])
    return ", ".join(found.reasons) if found else FITS


# noderesources/fit_test.go: what the pod asks for, what is used on a node of 10m cpu, 20 bytes, 32 pods.
FIT = {
    "no requests always fit": ({}, {"cpu": "10m", "memory": "20"}, FITS),
    "too many of both": (
        {"cpu": "1m", "memory": "1"},
        {"cpu": "10m", "memory": "20"},
        "Insufficient cpu, Insufficient memory",
    ),
    "only memory lacks": ({"cpu": "1m", "memory": "2"}, {"cpu": "5m", "memory": "19"}, "Insufficient memory"),
    "exactly the rest": ({"cpu": "5m", "memory": "1"}, {"cpu": "5m", "memory": "19"}, FITS),
    "one too many cpu": ({"cpu": "6m", "memory": "1"}, {"cpu": "5m", "memory": "19"}, "Insufficient cpu"),
    "a device that no node has": ({"example.com/aaa": "1"}, {}, "Insufficient example.com/aaa"),
    "a device of which none is wanted": ({"example.com/aaa": "0"}, {}, FITS),
    "more storage than there is": ({"ephemeral-storage": "25"}, {"cpu": "1m"}, "Insufficient ephemeral-storage"),
    "huge pages of a size that is used up": (
        {"hugepages-2Mi": "4"},
        {"hugepages-2Mi": "3"},
        "Insufficient hugepages-2Mi",
    ),
}


@pytest.mark.parametrize("case", FIT)
def test_resources_fit(case: str) -> None:
    wanted, used, reasons = FIT[case]
    one = node("n1", "10m", "20", "32", resources={"ephemeral-storage": "20", "hugepages-2Mi": "5"})
    assert verdict(pod(requests=wanted), one, pod("there", requests=used, on="n1")) == reasons


def test_a_full_node_takes_no_pod_that_asks_for_nothing() -> None:
    full = node("n1", pods="1")
    found = decide(pod(), full, pod("there", on="n1")).verdict("n1")
    assert found is not None
    assert (found.reasons, found.code) == (("Too many pods",), "Unschedulable")
    assert found.because == "has 1 of 1 pods"


@pytest.mark.parametrize(
    ("asks", "code"), [("4", "Unschedulable"), ("5", "UnschedulableAndUnresolvable")], ids=["occupied", "too big"]
)
def test_only_what_the_empty_node_could_hold_is_resolvable(asks: str, code: str) -> None:
    found = decide(pod(cpu=asks), node("n1"), pod("there", cpu="500m", on="n1")).verdict("n1")
    assert found is not None
    assert found.code == code
    assert found.numbers["cpu"] == {"requested": asks, "free": "3500m", "allocatable": "4"}
    assert found.because == f"needs {asks} cpu, 3500m free of 4"


# component-helpers/resource/helpers_test.go: (init containers, containers) with cpu, and what counts.
REQUESTS: dict[str, tuple[list[tuple[str, bool]], list[str], int]] = {
    "containers add up": ([], ["100m", "200m"], 300),
    "the largest init container counts": ([("500m", False), ("400m", False)], ["100m", "200m"], 500),
    "sidecars add to the containers": ([("50m", True)], ["100m"], 150),
    "an init container runs beside earlier sidecars": ([("50m", True), ("300m", False)], ["100m"], 350),
    "but not beside later ones": ([("300m", False), ("50m", True)], ["100m"], 300),
    "parts of a thousandth round up at the end": ([], ["0.1m", "0.1m"], 1),
}


@pytest.mark.parametrize("case", REQUESTS)
def test_requests_of_a_pod(case: str) -> None:
    init, containers, cpu_milli = REQUESTS[case]
    spec: Object = {"containers": [{"resources": {"requests": {"cpu": text}}} for text in containers]}
    spec["initContainers"] = [
        {"resources": {"requests": {"cpu": text}}, **({"restartPolicy": "Always"} if sidecar else {})}
        for text, sidecar in init
    ]
    assert requests.in_units(requests.of_spec(spec))["cpu"] == cpu_milli


def test_a_container_that_does_not_say_counts_in_scores_but_an_explicit_zero_does_not() -> None:
    silent, zero = PodInfo(pod()).facts, PodInfo(pod(cpu="0", memory="0")).facts
    assert silent.non_zero == (100, 200 * 1024 * 1024)
    assert zero.non_zero == (0, 0)
    assert not silent.requests


# tainttoleration/taint_toleration_test.go: taints, tolerations, whether the pod may go there.
TOLERATIONS: dict[str, tuple[list[Object], list[Object], str]] = {
    "no toleration": ([taint("dedicated", "user1")], [], TAINTED),
    "equal value": (
        [taint("dedicated", "user1")],
        [{"key": "dedicated", "value": "user1", "effect": "NoSchedule"}],
        FITS,
    ),
    "another value": (
        [taint("dedicated", "user1")],
        [{"key": "dedicated", "operator": "Equal", "value": "user2"}],
        TAINTED,
    ),
    "any value": ([taint("foo", "bar")], [{"key": "foo", "operator": "Exists", "effect": "NoSchedule"}], FITS),
    "another effect": ([taint("foo", "bar")], [{"key": "foo", "operator": "Exists", "effect": "NoExecute"}], TAINTED),
    "any key and effect": ([taint("foo", "bar", "NoExecute")], [{"operator": "Exists"}], FITS),
    "one of two": ([taint("a"), taint("b")], [{"key": "a", "operator": "Exists"}], TAINTED),
    "only preferred": ([taint("foo", "bar", "PreferNoSchedule")], [], FITS),
    "an unknown operator": ([taint("foo", "bar")], [{"key": "foo", "operator": "Maybe", "value": "bar"}], TAINTED),
}


@pytest.mark.parametrize("case", TOLERATIONS)
def test_tolerations(case: str) -> None:
    taints, tolerations, reasons = TOLERATIONS[case]
    assert verdict(pod(tolerations=tolerations), node("n1", taints=taints)) == reasons


def test_the_explanation_names_the_taint_although_the_reason_does_not() -> None:
    found = decide(pod(), node("n1", taints=[taint("fine"), taint("gpu", "yes")])).verdict("n1")
    assert found is not None
    assert found.reasons == (TAINTED,)
    assert found.because == "taint fine:NoSchedule is not tolerated"
    assert (found.numbers["key"], found.numbers["effect"]) == ("fine", "NoSchedule")


def test_preferred_taints_cost_points() -> None:
    soft = [taint("a", "", "PreferNoSchedule"), taint("b", "", "PreferNoSchedule")]
    scores = decide(pod(), node("n1"), node("n2", taints=soft[:1]), node("n3", taints=soft)).scores()
    assert scores["TaintToleration"] == {"n1": 100, "n2": 50, "n3": 0}


def test_a_cordoned_node_takes_only_pods_that_tolerate_it() -> None:
    tolerant = pod(tolerations=[{"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}])
    assert verdict(pod(), node("n1", unschedulable=True)) == CORDONED
    assert verdict(tolerant, node("n1", unschedulable=True)) == FITS


# nodeaffinity/node_affinity_test.go: expressions over the labels foo=bar, gpu=3, whether the node matches.
EXPRESSIONS: dict[str, tuple[list[Object], bool]] = {
    "in": ([{"key": "foo", "operator": "In", "values": ["bar", "value2"]}], True),
    "not in": ([{"key": "foo", "operator": "NotIn", "values": ["bar"]}], False),
    "not in, without the label": ([{"key": "mem", "operator": "NotIn", "values": ["bar"]}], True),
    "exists": ([{"key": "gpu", "operator": "Exists"}], True),
    "does not exist": ([{"key": "gpu", "operator": "DoesNotExist"}], False),
    "greater": ([{"key": "gpu", "operator": "Gt", "values": ["2"]}], True),
    "greater than itself": ([{"key": "gpu", "operator": "Gt", "values": ["3"]}], False),
    "less": ([{"key": "gpu", "operator": "Lt", "values": ["10"]}], True),
    "a word is no number": ([{"key": "foo", "operator": "Gt", "values": ["2"]}], False),
    "all have to hold": ([{"key": "gpu", "operator": "Exists"}, {"key": "no", "operator": "Exists"}], False),
    "no expression matches nothing": ([], False),
}


@pytest.mark.parametrize("case", EXPRESSIONS)
def test_node_affinity(case: str) -> None:
    expressions, matches = EXPRESSIONS[case]
    terms = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
    wanted = pod(affinity={"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}})
    assert verdict(wanted, node("n1", labels={"foo": "bar", "gpu": "3"})) == (FITS if matches else SELECTED_OTHERS)


def test_terms_are_alternatives_and_the_selector_holds_beside_them() -> None:
    terms = [{"matchExpressions": [{"key": key, "operator": "Exists"}]} for key in ("a", "b")]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    wanted = pod(affinity={"nodeAffinity": required}, nodeSelector={"disk": "ssd"})
    nodes = [
        node("n1", labels={"a": ""}),
        node("n2", labels={"b": "", "disk": "ssd"}),
        node("n3", labels={"disk": "ssd"}),
    ]
    assert decide(wanted, *nodes).feasible == ("n2",)


def test_a_node_named_by_a_field_is_the_only_one_looked_at() -> None:
    fields = [{"key": "metadata.name", "operator": "In", "values": ["n2"]}]
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchFields": fields}]}}
    decision = decide(pod(affinity={"nodeAffinity": required}), node("n1"), node("n2"))
    other = decision.verdict("n1")
    assert decision.node == "n2"
    assert other is not None
    assert (other.plugin, other.reasons) == ("", ("node(s) didn't satisfy plugin(s) [NodeAffinity]",))


# nodeports/node_ports_test.go: (wanted, taken), each (ip, protocol, port), and whether they collide.
PORTS = {
    "same port": (("", "TCP", 80), ("", "TCP", 80), True),
    "another port": (("", "TCP", 80), ("", "TCP", 81), False),
    "another protocol": (("", "UDP", 80), ("", "TCP", 80), False),
    "another address": (("127.0.0.1", "TCP", 80), ("127.0.0.2", "TCP", 80), False),
    "any address collides with each": (("0.0.0.0", "TCP", 80), ("127.0.0.1", "TCP", 80), True),
    "and each with any": (("127.0.0.1", "TCP", 80), ("", "TCP", 80), True),
}


@pytest.mark.parametrize("case", PORTS)
def test_host_ports(case: str) -> None:
    first, second, collide = PORTS[case]

    def ports(one: tuple[str, str, int]) -> list[Object]:
        return [{"containerPort": 8080, "hostIP": one[0], "protocol": one[1], "hostPort": one[2]}]

    taken = pod("there", ports=ports(second), on="n1")
    reason = "node(s) didn't have free ports for the requested pod ports"
    assert verdict(pod(ports=ports(first)), node("n1"), taken) == (reason if collide else FITS)


def affinity(kind: str, app: str, key: str = ZONE, **more: Any) -> Object:
    term = {"labelSelector": {"matchLabels": {"app": app}}, "topologyKey": key, **more}
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}


ZONES = [node("a1", labels={ZONE: "a"}), node("a2", labels={ZONE: "a"}), node("b1", labels={ZONE: "b"}), node("none")]
DB = pod("db", labels={"app": "db"}, on="a1")

# interpodaffinity/filtering_test.go: the pod's affinity and labels, the pods that are there, the feasible nodes.
BETWEEN_PODS: dict[str, tuple[Object, dict[str, str], list[Object], tuple[str, ...]]] = {
    "near a pod of the same zone": (affinity("podAffinity", "db"), {}, [DB], ("a1", "a2")),
    "near a pod of the same node": (affinity("podAffinity", "db", HOSTNAME), {}, [DB], ("a1",)),
    "near nobody": (affinity("podAffinity", "cache"), {}, [DB], ()),
    "the first of its kind": (affinity("podAffinity", "web"), {"app": "web"}, [DB], ("a1", "b1", "a2")),
    "far from a pod": (affinity("podAntiAffinity", "db"), {}, [DB], ("none", "b1")),
    "pods of other namespaces do not count": (
        affinity("podAntiAffinity", "db", namespaces=["shop"]),
        {},
        [DB],
        ("a1", "none", "b1", "a2"),
    ),
    "a pod that keeps others away": (
        {},
        {"app": "web"},
        [pod("shy", on="b1", affinity=affinity("podAntiAffinity", "web"))],
        ("a1", "none", "a2"),
    ),
    "a pod that keeps away from others": (
        {},
        {"app": "x"},
        [pod("shy", on="b1", affinity=affinity("podAntiAffinity", "web"))],
        ("a1", "none", "b1", "a2"),
    ),
}


@pytest.mark.parametrize("case", BETWEEN_PODS)
def test_affinity_between_pods(case: str) -> None:
    rules, labels, there, feasible = BETWEEN_PODS[case]
    decision = decide(pod(affinity=rules, labels=labels), *ZONES, *there)
    assert sorted(decision.feasible) == sorted(feasible)


def test_affinity_tells_which_domain_and_how_many_pods() -> None:
    decision = decide(pod(affinity=affinity("podAntiAffinity", "db")), *ZONES, DB)
    found = decision.verdict("a2")
    assert found is not None
    assert found.numbers == {"topologyKey": ZONE, "domain": "a", "pods": 1}
    assert "keeps away from" in found.because


def spread(max_skew: int = 1, key: str = ZONE, when: str = "DoNotSchedule", **more: Any) -> Object:
    selector = {"matchLabels": {"app": "web"}}
    return {"maxSkew": max_skew, "topologyKey": key, "whenUnsatisfiable": when, "labelSelector": selector, **more}


def webs(**on: int) -> list[Object]:
    """So many pods app=web per node."""
    return [
        pod(f"{name}-{place}", labels={"app": "web"}, on=name) for name, count in on.items() for place in range(count)
    ]


# podtopologyspread/filtering_test.go: constraint, pods per node, feasible nodes.
SPREAD: dict[str, tuple[Object, dict[str, int], tuple[str, ...]]] = {
    "nobody there yet": (spread(), {}, ("a1", "b1", "a2")),
    "one zone ahead": (spread(), {"a1": 1}, ("b1",)),
    "the counts of a zone add up": (spread(2), {"a1": 1, "a2": 1}, ("b1",)),
    "within the skew": (spread(2), {"a1": 1}, ("a1", "b1", "a2")),
    "by node": (spread(1, HOSTNAME), {"a1": 1, "b1": 1}, ("a2", "none")),
    "too few domains": (spread(1, minDomains=3), {"a1": 1, "b1": 1}, ()),
    "soft constraints reject nobody": (spread(when="ScheduleAnyway"), {"a1": 5}, ("a1", "none", "b1", "a2")),
}


@pytest.mark.parametrize("case", SPREAD)
def test_spread(case: str) -> None:
    constraint, there, feasible = SPREAD[case]
    wanted = pod(labels={"app": "web"}, topologySpreadConstraints=[constraint])
    assert sorted(decide(wanted, *ZONES, *webs(**there)).feasible) == sorted(feasible)


def test_spread_tells_the_skew_and_the_missing_label() -> None:
    decision = decide(pod(labels={"app": "web"}, topologySpreadConstraints=[spread()]), *ZONES, *webs(a1=2))
    skewed, missing = decision.verdict("a2"), decision.verdict("none")
    assert skewed is not None
    assert missing is not None
    assert (skewed.numbers["matching"], skewed.numbers["fewest"], skewed.numbers["skew"]) == (2, 0, 3)
    assert missing.because == f"the node has no label {ZONE}"


def test_pods_of_a_service_spread_by_default() -> None:
    service = {"resource": "services", "kind": "Service", "metadata": {"name": "web", "namespace": "default"}}
    service["spec"] = {"selector": {"app": "web"}}
    wanted, there = pod(labels={"app": "web"}), webs(a1=4)
    with_service, without = decide(wanted, *ZONES, *there, service), decide(wanted, *ZONES, *there)
    scores = with_service.scores()["PodTopologySpread"]
    assert scores["a1"] < scores["a2"] < scores["b1"]
    assert "PodTopologySpread" not in without.scores()


def test_images_that_are_there_give_points_by_size_and_spread() -> None:
    image = {"names": ["registry/big:1"], "sizeBytes": 500 * 1024 * 1024}
    decision = decide(pod(image="registry/big:1"), node("n1", images=[image]), node("n2"))
    scaled = 250 - 23
    assert decision.scores()["ImageLocality"] == {"n1": 100 * scaled // (1000 - 23), "n2": 0}


def test_the_emptiest_and_the_balanced_get_points() -> None:
    there = pod("there", cpu="2", memory="1Gi", on="n1")
    scores = decide(pod(cpu="1", memory="2Gi"), node("n1"), node("n2"), there).scores()
    # 75 % of 4 cpus and 37.5 % of 8 GiB are used on n1 afterwards; 25 % of both on n2.
    assert scores["NodeResourcesFit"] == {"n1": (25 + 62) // 2, "n2": 75}
    # The difference between the fractions stays 0.375 on n1 and 0 on n2: balance does not change.
    assert scores["NodeResourcesBalancedAllocation"] == {"n1": 75, "n2": 75}


def test_the_counts_of_a_cache_follow_labels_of_nodes() -> None:
    cache = cluster(*ZONES, *webs(a1=2))
    term = PodInfo(pod(affinity=affinity("podAffinity", "web"))).facts.affinity[0]
    from cp_sim.scheduler.pod_index import Question

    question = Question((term,))
    zone = cache.table.label(ZONE)
    assert cache.index.by_domain(question, ZONE).counts.tolist()[: len(zone.values)] == [2, 0]
    cache.put_node(node("a1", labels={ZONE: "b"}))
    assert cache.index.by_domain(question, ZONE).counts.tolist()[: len(zone.values)] == [0, 2]
