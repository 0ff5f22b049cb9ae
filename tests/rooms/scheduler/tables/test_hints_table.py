"""Queueing hints: which changes can help a pod that a plugin has rejected, and which changes there are.

Cases after Kubernetes' tests of `isSchedulableAfter...` in the packages under pkg/scheduler/framework/plugins
(interpodaffinity/plugin_test.go, podtopologyspread/plugin_test.go, nodeaffinity/node_affinity_test.go,
tainttoleration/taint_toleration_test.go, nodeunschedulable/node_unschedulable_test.go, noderesources/fit_test.go,
nodeports/node_ports_test.go, volumerestrictions/volume_restrictions_test.go, volumezone/volume_zone_test.go,
volumebinding/volume_binding_test.go, nodevolumelimits/csi_test.go, schedulinggates/scheduling_gates_test.go) and
pkg/scheduler/framework/events_test.go.
"""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.scheduler import changes
from cp_sim.scheduler.plugins import default_profile
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.queue.queueing import Change, hears
from cp_sim.scheduler.queue.worth import own_changes
from tests.rooms.scheduler.cluster_parts import HOSTNAME, ZONE, Object, node, pod

PROFILE = default_profile()
Row = tuple[str, Object, str, Object | None, Object | None, bool]  # what, waiting pod, change, old, new, helps


def waiting(**more: Any) -> Object:
    return pod("waiting", metadata={"uid": "w"}, **more)


def other(on: str = "n1", **more: Any) -> Object:
    return pod("other", metadata={"uid": "o"}, on=on, **more)


def rules(kind: str, *terms: tuple[str, Object]) -> Object:
    required = [{"topologyKey": key, "labelSelector": selector} for key, selector in terms]
    return {kind: {"requiredDuringSchedulingIgnoredDuringExecution": required}}


def among(key: str, *values: str) -> Object:
    return {"matchExpressions": [{"key": key, "operator": "In", "values": list(values)}]}


def exists(key: str) -> Object:
    return {"matchExpressions": [{"key": key, "operator": "Exists"}]}


def check(plugin: str, row: Row) -> None:
    words, one, kind, old, new, helps = row
    found = PROFILE.by_name[plugin]
    heard = hears(found.moved_by, kind)
    assert (heard and found.hint(PodInfo(one), Change(kind, old, new))) is helps, words


def told(rows: list[Row]) -> Any:
    return pytest.mark.parametrize("row", rows, ids=[row[0] for row in rows])


# -- InterPodAffinity ------------------------------------------------------------------------------------------------

NEAR = waiting(affinity=rules("podAffinity", ("region", among("service", "securityscan", "value2"))))
NEAR_BOTH = waiting(affinity=rules("podAffinity", (HOSTNAME, exists("aaa")), (HOSTNAME, exists("bbb"))))
AWAY = waiting(affinity=rules("podAntiAffinity", ("region", among("service", "securityscan", "value2"))))
AWAY_FOO = {**AWAY, "metadata": {**AWAY["metadata"], "labels": {"service": "foo"}}}
SCAN, VALUE2, NONE_OF = {"service": "securityscan"}, {"service": "value2"}, {"aaa": "a"}
KEEPS_AWAY = rules("podAntiAffinity", ("region", among("service", "securityscan", "value2")))

AFFINITY_PODS: list[Row] = [
    ("a pod comes that is wanted", NEAR, "pods/add", None, other(labels=SCAN), True),
    ("one that is on no node", NEAR, "pods/add", None, other(on="", labels=SCAN), False),
    ("one that is not wanted", NEAR, "pods/add", None, other(labels=NONE_OF), False),
    ("one becomes wanted", NEAR, "pods/update-label", other(labels=NONE_OF), other(labels=SCAN), True),
    ("one was wanted and still is", NEAR, "pods/update-label", other(labels=VALUE2), other(labels=SCAN), False),
    (
        "one becomes wanted that is on no node",
        NEAR,
        "pods/update-label",
        other("", labels=NONE_OF),
        other("", labels=SCAN),
        False,
    ),
    ("one is wanted no more", NEAR, "pods/update-label", other(labels=SCAN), other(labels=NONE_OF), False),
    ("one meets neither of two terms any more", NEAR_BOTH, "pods/update-label", other(labels=NONE_OF), other(), False),
    (
        "one comes to meet both of two terms",
        NEAR_BOTH,
        "pods/update-label",
        other(labels=NONE_OF),
        other(labels={"aaa": "", "bbb": ""}),
        True,
    ),
    (
        "the pod's own labels change",
        waiting(labels={"foo": "baz"}),
        "pods/update-label",
        waiting(labels={"foo": "bar"}),
        waiting(labels={"foo": "baz"}),
        True,
    ),
    (
        "one is kept away from no longer",
        AWAY,
        "pods/update-label",
        other(labels=SCAN),
        other(labels={"service": "aaaa"}),
        True,
    ),
    (
        "one is to be kept away from now",
        AWAY,
        "pods/update-label",
        other(labels={"service": "bbb"}),
        other(labels=SCAN),
        False,
    ),
    ("one goes that it did not mind", AWAY, "pods/delete", other(labels=NONE_OF), None, False),
    ("one goes from which it was kept away", AWAY, "pods/delete", other(labels=SCAN), None, True),
    ("one goes that kept it away", waiting(labels=SCAN), "pods/delete", other(affinity=KEEPS_AWAY), None, True),
    (
        "one goes that kept others away",
        waiting(labels={"service": "foo"}),
        "pods/delete",
        other(affinity=KEEPS_AWAY),
        None,
        False,
    ),
    (
        "one goes that it did not mind and that did not mind it",
        AWAY_FOO,
        "pods/delete",
        other(affinity=KEEPS_AWAY, labels={"service": "foo"}),
        None,
        False,
    ),
    ("a toleration does not matter", AWAY, "pods/update-tolerations", waiting(), waiting(tolerations=[{}]), False),
]

IN_ZONE = waiting(affinity=rules("podAffinity", ("zone", among("service", "securityscan"))))
OUT_OF_ZONE = waiting(affinity=rules("podAntiAffinity", ("zone", {"matchLabels": {"another": "label"}})))
Z1, Z2, BARE = node("n", labels={"zone": "1"}), node("n", labels={"zone": "2"}), node("n", labels={"aaa": "a"})
Z1_MORE = node("n", labels={"zone": "1", "unrelated": "x"})

AFFINITY_NODES: list[Row] = [
    ("near: a node of the topology comes", IN_ZONE, "nodes/add", None, Z1, True),
    ("near: one without it comes", IN_ZONE, "nodes/add", None, BARE, False),
    (
        "near: another label changes",
        IN_ZONE,
        "nodes/update-label",
        BARE,
        node("n", labels={"aaa": "b"}),
        False,
    ),
    ("near: another label is added", IN_ZONE, "nodes/update-label", Z1, Z1_MORE, False),
    ("near: it moves to another zone", IN_ZONE, "nodes/update-label", Z1, Z2, True),
    ("near: it gets a zone", IN_ZONE, "nodes/update-label", BARE, Z1, True),
    ("away: a node of the topology comes", OUT_OF_ZONE, "nodes/add", None, Z1, True),
    ("away: one without it comes", OUT_OF_ZONE, "nodes/add", None, BARE, True),
    ("away: another label is added", OUT_OF_ZONE, "nodes/update-label", Z1, Z1_MORE, False),
    ("away: it moves to another zone", OUT_OF_ZONE, "nodes/update-label", Z1, Z2, True),
    ("away: it gets a zone", OUT_OF_ZONE, "nodes/update-label", BARE, Z1, False),
    ("away: it loses its zone", OUT_OF_ZONE, "nodes/update-label", Z1, BARE, True),
    ("a taint does not matter", OUT_OF_ZONE, "nodes/update-taint", Z1, Z1, False),
]


@told(AFFINITY_PODS + AFFINITY_NODES)
def test_inter_pod_affinity(row: Row) -> None:
    check("InterPodAffinity", row)


# -- PodTopologySpread -----------------------------------------------------------------------------------------------


def spread(*keys: str, honor: bool = False, **more: Any) -> Object:
    constraints = [
        {
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "DoNotSchedule",
            "labelSelector": {"matchLabels": {"app": "web"}},
            **({"nodeTaintsPolicy": "Honor"} if honor else {}),
        }
        for key in keys
    ]
    return waiting(topologySpreadConstraints=constraints, **more)


WEB, BY_ZONE, BY_BOTH = {"app": "web"}, spread("zone"), spread("zone", "rack")
RACK1 = node("n", labels={"zone": "1", "rack": "1"})
TAINTED = node("n", labels={"zone": "1"}, taints=[{"key": "a", "effect": "NoSchedule"}])

SPREAD_ROWS: list[Row] = [
    ("a pod that counts comes", BY_ZONE, "pods/add", None, other(labels=WEB), True),
    ("one of another namespace", BY_ZONE, "pods/add", None, other(labels=WEB, namespace="far"), False),
    ("one that does not count", BY_ZONE, "pods/add", None, other(), False),
    ("one on no node", BY_ZONE, "pods/add", None, other("", labels=WEB), False),
    ("one that counts goes", BY_ZONE, "pods/delete", other(labels=WEB), None, True),
    ("one that does not count goes", BY_ZONE, "pods/delete", other(), None, False),
    ("one comes to count", BY_ZONE, "pods/update-label", other(), other(labels=WEB), True),
    ("one counts no more", BY_ZONE, "pods/update-label", other(labels=WEB), other(), True),
    (
        "one changes otherwise",
        BY_ZONE,
        "pods/update-label",
        other(labels=WEB),
        other(labels={**WEB, "a": "b"}),
        False,
    ),
    (
        "its own toleration, where taints count",
        spread("zone", honor=True),
        "pods/update-tolerations",
        spread("zone", honor=True),
        spread("zone", honor=True, tolerations=[{"operator": "Exists"}]),
        True,
    ),
    (
        "its own toleration, where they do not",
        BY_ZONE,
        "pods/update-tolerations",
        BY_ZONE,
        spread("zone", tolerations=[{"operator": "Exists"}]),
        False,
    ),
    ("its own labels", BY_ZONE, "pods/update-label", BY_ZONE, spread("zone", labels=WEB), True),
    ("a node of all topologies comes", BY_BOTH, "nodes/add", None, RACK1, True),
    ("one of a part of them", BY_BOTH, "nodes/add", None, Z1, False),
    ("one of all goes", BY_BOTH, "nodes/delete", RACK1, None, True),
    ("one of a part goes", BY_BOTH, "nodes/delete", Z1, None, False),
    ("one becomes a domain", BY_BOTH, "nodes/update-label", Z1, RACK1, True),
    ("one is a domain no more", BY_BOTH, "nodes/update-label", RACK1, Z1, True),
    ("one moves", BY_ZONE, "nodes/update-label", Z1, Z2, True),
    ("one gets another label", BY_ZONE, "nodes/update-label", Z1, Z1_MORE, False),
    ("one gets a taint", BY_ZONE, "nodes/update-taint", Z1, TAINTED, True),
    ("one that is no domain gets a taint", BY_BOTH, "nodes/update-taint", Z1, TAINTED, False),
]


@told(SPREAD_ROWS)
def test_pod_topology_spread(row: Row) -> None:
    check("PodTopologySpread", row)


# -- plugins that look at nodes --------------------------------------------------------------------------------------

FOO = waiting(nodeSelector={"foo": "bar"})
HAS, HAS_NOT = node("n", labels={"foo": "bar"}), node("n", labels={"foo": "baz"})
NODE_AFFINITY: list[Row] = [
    ("a node comes that matches", FOO, "nodes/add", None, HAS, True),
    ("one that does not", FOO, "nodes/add", None, HAS_NOT, False),
    ("one comes to match", FOO, "nodes/update-label", HAS_NOT, HAS, True),
    ("one matched before", FOO, "nodes/update-label", HAS, {**HAS}, False),
    ("one matches no more", FOO, "nodes/update-label", HAS, HAS_NOT, False),
    ("a taint does not matter", FOO, "nodes/update-taint", HAS_NOT, HAS, False),
]


@told(NODE_AFFINITY)
def test_node_affinity(row: Row) -> None:
    check("NodeAffinity", row)


PLAIN, OPEN = waiting(), node("n")
DEDICATED = node("n", taints=[{"key": "dedicated", "value": "a", "effect": "NoSchedule"}])
SOFT = node("n", taints=[{"key": "dedicated", "value": "a", "effect": "PreferNoSchedule"}])
TOLERANT = [{"key": "dedicated", "operator": "Exists"}]
TAINTS: list[Row] = [
    ("a node without taints comes", PLAIN, "nodes/add", None, OPEN, True),
    ("one with a taint comes", PLAIN, "nodes/add", None, DEDICATED, False),
    ("one with a taint that is tolerated", waiting(tolerations=TOLERANT), "nodes/add", None, DEDICATED, True),
    ("a taint goes", PLAIN, "nodes/update-taint", DEDICATED, OPEN, True),
    ("a taint becomes soft", PLAIN, "nodes/update-taint", DEDICATED, SOFT, True),
    ("there was none that kept it out", PLAIN, "nodes/update-taint", SOFT, OPEN, False),
    ("a taint comes", PLAIN, "nodes/update-taint", OPEN, DEDICATED, False),
    ("its own toleration", PLAIN, "pods/update-tolerations", PLAIN, waiting(tolerations=TOLERANT), True),
    ("that of another pod", PLAIN, "pods/update-tolerations", other(), other(tolerations=TOLERANT), False),
]


@told(TAINTS)
def test_taint_toleration(row: Row) -> None:
    check("TaintToleration", row)


CORDONED = node("n", unschedulable=True)
CORDON_TOLERATION = [{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule", "operator": "Exists"}]
TOLERATES_CORDON = waiting(tolerations=CORDON_TOLERATION)
CORDONS: list[Row] = [
    ("an open node comes", PLAIN, "nodes/add", None, OPEN, True),
    ("a cordoned one comes", PLAIN, "nodes/add", None, CORDONED, False),
    ("one is uncordoned", PLAIN, "nodes/update-taint", CORDONED, OPEN, True),
    ("one is cordoned", PLAIN, "nodes/update-taint", OPEN, CORDONED, False),
    ("one stays cordoned", PLAIN, "nodes/update-taint", CORDONED, {**CORDONED}, False),
    ("one stays open", PLAIN, "nodes/update-taint", OPEN, {**OPEN}, False),
    ("its own toleration for that", TOLERATES_CORDON, "pods/update-tolerations", PLAIN, TOLERATES_CORDON, True),
    (
        "its own toleration for something else",
        waiting(tolerations=TOLERANT),
        "pods/update-tolerations",
        PLAIN,
        waiting(tolerations=TOLERANT),
        False,
    ),
    ("that of another pod", PLAIN, "pods/update-tolerations", other(), other(tolerations=CORDON_TOLERATION), False),
]


@told(CORDONS)
def test_node_unschedulable(row: Row) -> None:
    check("NodeUnschedulable", row)


ONE_CPU = waiting(cpu="1")
FIT: list[Row] = [
    ("a node with room comes", ONE_CPU, "nodes/add", None, node("n", cpu="2"), True),
    ("one that is too small", ONE_CPU, "nodes/add", None, node("n", cpu="500m"), False),
    ("one that takes no pods", ONE_CPU, "nodes/add", None, node("n", cpu="2", pods="0"), False),
    (
        "one gets what is asked for",
        ONE_CPU,
        "nodes/update-allocatable",
        node("n", cpu="500m"),
        node("n", cpu="2"),
        True,
    ),
    ("one gets more of it", ONE_CPU, "nodes/update-allocatable", node("n", cpu="2"), node("n", cpu="3"), True),
    ("one has less of it", ONE_CPU, "nodes/update-allocatable", node("n", cpu="3"), node("n", cpu="2"), False),
    (
        "one gets something else",
        ONE_CPU,
        "nodes/update-allocatable",
        node("n"),
        node("n", memory="64Gi"),
        False,
    ),
    ("one takes more pods", ONE_CPU, "nodes/update-allocatable", node("n"), node("n", pods="200"), True),
    ("a pod goes", ONE_CPU, "pods/delete", other(), None, True),
    ("a pod goes that was on no node", ONE_CPU, "pods/delete", other(""), None, False),
    (
        "a pod goes that was nominated to one",
        ONE_CPU,
        "pods/delete",
        other("", status={"nominatedNodeName": "n1"}),
        None,
        True,
    ),
    ("it asks for less itself", ONE_CPU, "pods/update-scale-down", waiting(cpu="2"), ONE_CPU, True),
    ("a pod takes less of that", ONE_CPU, "pods/update-scale-down", other(cpu="2"), other(cpu="1"), True),
    (
        "a pod takes less of something else",
        ONE_CPU,
        "pods/update-scale-down",
        other(cpu="2", memory="2Gi"),
        other(cpu="2", memory="1Gi"),
        False,
    ),
    (
        "a pod on no node asks for less",
        ONE_CPU,
        "pods/update-scale-down",
        other("", cpu="2"),
        other("", cpu="1"),
        False,
    ),
    ("a label does not matter", ONE_CPU, "nodes/update-label", node("n"), HAS, False),
]


@told(FIT)
def test_node_resources_fit(row: Row) -> None:
    check("NodeResourcesFit", row)


def port(number: int, ip: str = "", protocol: str = "TCP") -> Object:
    return {"containerPort": number, "hostPort": number, "hostIP": ip, "protocol": protocol}


WANTS_PORT = waiting(ports=[port(8080)])
PORTS: list[Row] = [
    ("a node comes", WANTS_PORT, "nodes/add", None, OPEN, True),
    ("a pod goes that had the port", WANTS_PORT, "pods/delete", other(ports=[port(8080)]), None, True),
    ("one that had it at one address", WANTS_PORT, "pods/delete", other(ports=[port(8080, "10.0.0.1")]), None, True),
    ("one that had another", WANTS_PORT, "pods/delete", other(ports=[port(8081)]), None, False),
    ("one with another protocol", WANTS_PORT, "pods/delete", other(ports=[port(8080, "", "UDP")]), None, False),
    ("one without ports", WANTS_PORT, "pods/delete", other(), None, False),
    ("one that was on no node", WANTS_PORT, "pods/delete", other("", ports=[port(8080)]), None, False),
]


@told(PORTS)
def test_node_ports(row: Row) -> None:
    check("NodePorts", row)


GATE = [{"name": "g"}]
GATES: list[Row] = [
    ("the last gate is gone", PLAIN, "pods/update-gates", waiting(schedulingGates=GATE), PLAIN, True),
    ("another pod's is", waiting(schedulingGates=GATE), "pods/update-gates", other(schedulingGates=GATE), PLAIN, False),
    (
        "one of two is gone",
        waiting(schedulingGates=GATE),
        "pods/update",
        waiting(schedulingGates=GATE * 2),
        PLAIN,
        False,
    ),
    ("a node comes", waiting(schedulingGates=GATE), "nodes/add", None, OPEN, False),
]


@told(GATES)
def test_scheduling_gates(row: Row) -> None:
    check("SchedulingGates", row)


# -- volumes ---------------------------------------------------------------------------------------------------------


def mounting(claim: str) -> list[Object]:
    return [{"name": "v", "persistentVolumeClaim": {"claimName": claim}}]


def disk(name: str) -> list[Object]:
    return [{"name": "v", "gcePersistentDisk": {"pdName": name}}]


def thing(name: str, namespace: str = "", **more: Any) -> Object:
    return {"metadata": {"name": name, "namespace": namespace, **more.pop("metadata", {})}, **more}


MOUNTS = waiting(volumes=mounting("data"))
CLAIM, FAR_CLAIM, OTHER_CLAIM = thing("data", "default"), thing("data", "far"), thing("logs", "default")
LATE, EARLY = thing("c", volumeBindingMode="WaitForFirstConsumer"), thing("c", volumeBindingMode="Immediate")
ZONED = thing("pv", metadata={"labels": {ZONE: "a"}}, spec={})

VOLUMES: list[tuple[str, Row]] = [
    ("VolumeRestrictions", ("a node comes", MOUNTS, "nodes/add", None, OPEN, True)),
    ("VolumeRestrictions", ("its claim comes", MOUNTS, "persistentvolumeclaims/add", None, CLAIM, True)),
    ("VolumeRestrictions", ("another claim", MOUNTS, "persistentvolumeclaims/add", None, OTHER_CLAIM, False)),
    ("VolumeRestrictions", ("of another namespace", MOUNTS, "persistentvolumeclaims/add", None, FAR_CLAIM, False)),
    ("VolumeRestrictions", ("its claim changes", MOUNTS, "persistentvolumeclaims/update", CLAIM, CLAIM, False)),
    ("VolumeRestrictions", ("who shares it goes", MOUNTS, "pods/delete", other(volumes=mounting("data")), None, True)),
    (
        "VolumeRestrictions",
        ("who has another goes", MOUNTS, "pods/delete", other(volumes=mounting("logs")), None, False),
    ),
    (
        "VolumeRestrictions",
        (
            "who has it in another namespace goes",
            MOUNTS,
            "pods/delete",
            other(volumes=mounting("data"), namespace="far"),
            None,
            False,
        ),
    ),
    (
        "VolumeRestrictions",
        ("who has the disk goes", waiting(volumes=disk("d")), "pods/delete", other(volumes=disk("d")), None, True),
    ),
    ("NodeVolumeLimits", ("who mounts a claim goes", MOUNTS, "pods/delete", other(volumes=mounting("x")), None, True)),
    ("NodeVolumeLimits", ("who mounts none goes", MOUNTS, "pods/delete", other(), None, False)),
    ("NodeVolumeLimits", ("who is on no node", MOUNTS, "pods/delete", other("", volumes=mounting("x")), None, False)),
    ("NodeVolumeLimits", ("its claim comes", MOUNTS, "persistentvolumeclaims/add", None, CLAIM, True)),
    ("NodeVolumeLimits", ("another claim comes", MOUNTS, "persistentvolumeclaims/add", None, OTHER_CLAIM, False)),
    ("NodeVolumeLimits", ("a CSINode comes", MOUNTS, "csinodes/add", None, thing("n"), True)),
    ("VolumeZone", ("its claim changes", MOUNTS, "persistentvolumeclaims/update", CLAIM, CLAIM, True)),
    ("VolumeZone", ("another claim changes", MOUNTS, "persistentvolumeclaims/update", OTHER_CLAIM, OTHER_CLAIM, False)),
    ("VolumeZone", ("a class that waits comes", MOUNTS, "storageclasses/add", None, LATE, True)),
    ("VolumeZone", ("one that does not", MOUNTS, "storageclasses/add", None, EARLY, False)),
    ("VolumeZone", ("a volume comes", MOUNTS, "persistentvolumes/add", None, ZONED, True)),
    ("VolumeZone", ("a volume gets a zone", MOUNTS, "persistentvolumes/update", thing("pv", spec={}), ZONED, True)),
    ("VolumeZone", ("a volume keeps its zone", MOUNTS, "persistentvolumes/update", ZONED, {**ZONED}, False)),
    ("VolumeBinding", ("its claim comes", MOUNTS, "persistentvolumeclaims/add", None, CLAIM, True)),
    ("VolumeBinding", ("a claim of another namespace", MOUNTS, "persistentvolumeclaims/add", None, FAR_CLAIM, False)),
    ("VolumeBinding", ("a class comes", MOUNTS, "storageclasses/add", None, EARLY, True)),
    (
        "VolumeBinding",
        (
            "a class allows other zones",
            MOUNTS,
            "storageclasses/update",
            LATE,
            {**LATE, "allowedTopologies": [{}]},
            True,
        ),
    ),
    ("VolumeBinding", ("a class changes otherwise", MOUNTS, "storageclasses/update", LATE, {**LATE}, False)),
    ("VolumeBinding", ("a CSINode comes", MOUNTS, "csinodes/add", None, thing("n"), True)),
    ("VolumeBinding", ("a CSINode changes otherwise", MOUNTS, "csinodes/update", thing("n"), thing("n"), False)),
    (
        "VolumeBinding",
        ("there is more space", MOUNTS, "csistoragecapacities/update", thing("c"), thing("c", capacity="1Gi"), True),
    ),
    (
        "VolumeBinding",
        (
            "there is less space",
            MOUNTS,
            "csistoragecapacities/update",
            thing("c", capacity="2Gi"),
            thing("c", capacity="1Gi"),
            False,
        ),
    ),
    (
        "VolumeBinding",
        (
            "its driver asks for space no longer",
            waiting(volumes=[{"name": "v", "csi": {"driver": "d"}}]),
            "csidrivers/update",
            thing("d", spec={"storageCapacity": True}),
            thing("d", spec={"storageCapacity": False}),
            True,
        ),
    ),
]


@pytest.mark.parametrize(("plugin", "row"), VOLUMES, ids=[f"{plugin}: {row[0]}" for plugin, row in VOLUMES])
def test_volumes(plugin: str, row: Row) -> None:
    check(plugin, row)


# -- which changes there are -----------------------------------------------------------------------------------------


def changed(**more: Any) -> Object:
    base = node("n")
    return {**base, **{key: {**base[key], **value} for key, value in more.items()}}


NODE_EVENTS: list[tuple[str, Object, list[str]]] = [
    ("nothing", changed(), []),
    ("allocatable", changed(status={"allocatable": {"cpu": "8"}}), ["nodes/update-allocatable"]),
    ("capacity alone", changed(status={"capacity": {"cpu": "8"}}), []),
    ("labels", changed(metadata={"labels": {"a": "b"}}), ["nodes/update-label"]),
    ("annotations", changed(metadata={"annotations": {"a": "b"}}), ["nodes/update-annotation"]),
    ("taints", changed(spec={"taints": [{"key": "a"}]}), ["nodes/update-taint"]),
    ("cordoned", changed(spec={"unschedulable": True}), []),
    (
        "a condition",
        changed(status={"conditions": [{"type": "Ready", "status": "True"}]}),
        ["nodes/update-condition"],
    ),
    ("features", changed(status={"declaredFeatures": ["a"]}), ["nodes/update-declared-features"]),
    (
        "several at once",
        changed(metadata={"labels": {"a": "b"}}, spec={"taints": [{"key": "a"}]}),
        ["nodes/update-taint", "nodes/update-label"],
    ),
]


@pytest.mark.parametrize(("new", "wanted"), [row[1:] for row in NODE_EVENTS], ids=[row[0] for row in NODE_EVENTS])
def test_what_changed_about_a_node(new: Object, wanted: list[str]) -> None:
    assert changes.of_node(node("n"), new) == wanted


def test_a_new_node_an_uncordoned_one_and_a_heartbeat() -> None:
    assert changes.of_node(None, node("n")) == ["nodes/add"]
    assert changes.of_node(node("n", unschedulable=True), node("n")) == ["nodes/update-taint"]
    beat = {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "1"}]}
    again = {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2"}]}
    assert changes.of_node(changed(status=beat), changed(status=again)) == []


POD_EVENTS: list[tuple[str, Object, Object, list[str]]] = [
    ("nothing that counts", pod(), pod(metadata={"annotations": {"a": "b"}}), ["pods/update"]),
    ("its status alone", pod(), pod(status={"nominatedNodeName": "n"}), []),
    ("labels", pod(), pod(labels={"a": "b"}), ["pods/update-label"]),
    ("less is asked for", pod(cpu="2"), pod(cpu="1"), ["pods/update-scale-down"]),
    ("something is not asked for any more", pod(cpu="2", memory="1Gi"), pod(cpu="2"), ["pods/update-scale-down"]),
    ("more is asked for", pod(cpu="1"), pod(cpu="2"), ["pods/update"]),
    ("all gates are gone", pod(schedulingGates=GATE), pod(), ["pods/update-gates"]),
    ("one gate is gone", pod(schedulingGates=GATE * 2), pod(schedulingGates=GATE), ["pods/update"]),
    ("a toleration", pod(), pod(tolerations=[{"key": "a"}]), ["pods/update-tolerations"]),
    (
        "labels and less",
        pod(cpu="2"),
        pod(cpu="1", labels={"a": "b"}),
        ["pods/update-label", "pods/update-scale-down"],
    ),
]


@pytest.mark.parametrize(("old", "new", "wanted"), [row[1:] for row in POD_EVENTS], ids=[row[0] for row in POD_EVENTS])
def test_what_changed_about_a_pod(old: Object, new: Object, wanted: list[str]) -> None:
    assert own_changes(PodInfo(old), PodInfo(new)) == wanted
