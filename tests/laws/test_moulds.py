"""A pod that was cast in a mould is the pod that would have gone all of the way: same object, answer and passage."""

from __future__ import annotations

import copy
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cp_sim.apiserver.admission.limit_ranger import LimitRanger
from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.moulds import Moulds
from cp_sim.apiserver.request import Call
from cp_sim.client import Component
from cp_sim.etcd.etcd import Etcd
from cp_sim.sim import Chance, Clock, Loop, Trace

Object = dict[str, Any]
BOX = {"name": "web", "image": "nginx", "ports": [{"containerPort": 80}]}
CLAIM: Object = {"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}
TOKEN = {"name": "kube-api-access-mine", "emptyDir": {}}
SPECS: dict[str, Object] = {
    "plain": {"containers": [BOX]},
    "two": {
        "containers": [{**BOX, "resources": {"limits": {"cpu": "1"}}}, {"name": "side", "image": "busybox:1"}],
        "initContainers": [{"name": "first", "image": "busybox"}],
    },
    "volume": {"containers": [{**BOX, "volumeMounts": [{"name": "v", "mountPath": "/v"}]}], "volumes": [{"name": "v"}]},
    "without token": {
        "containers": [BOX],
        "automountServiceAccountToken": False,
        "tolerations": [{"operator": "Exists"}],
    },
    "token of its own": {"containers": [BOX], "volumes": [TOKEN]},
    "gated": {"containers": [BOX], "schedulingGates": [{"name": "a.b/c"}]},
    "on a node": {"containers": [BOX], "nodeName": "n1"},
    "claims": {"containers": [BOX], "volumes": [{"name": "e", "ephemeral": {"volumeClaimTemplate": CLAIM}}]},
    "first class": {"containers": [BOX], "priorityClassName": "first"},
    "wrong": {"containers": [{"name": "Web"}]},
    "misspelt": {"containers": [BOX], "nodeSelektor": {"a": "b"}},
}
# What the gates look at beside the pod.
AROUND: dict[str, tuple[str, str, Object]] = {
    "limits": (
        "limitranges",
        "default",
        {"kind": "LimitRange", "spec": {"limits": [{"type": "Container", "default": {"cpu": "2"}}]}},
    ),
    "quota": ("resourcequotas", "default", {"kind": "ResourceQuota", "spec": {"hard": {"pods": "4"}}}),
    "class": ("priorityclasses.scheduling.k8s.io", "", {"kind": "PriorityClass", "value": 7, "globalDefault": True}),
    "account": ("serviceaccounts", "default", {"kind": "ServiceAccount", "automountServiceAccountToken": False}),
}
NAMES: tuple[Object, ...] = (
    {"generateName": "web-"},
    {"generateName": "web-", "labels": {"app": "web"}},
    {"labels": {"app": "web"}},
    {"uid": "mine", "creationTimestamp": "2020-01-01T00:00:00Z"},
    {"annotations": {"kubernetes.io/config.mirror": "x"}},
    {"name": "UPPER"},
    {"name": "taken"},
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(SPECS)), st.sampled_from(NAMES)),
        st.tuples(st.sampled_from(("plain", "two")), st.sampled_from(NAMES[:3])),
        st.tuples(st.sampled_from(sorted(AROUND)), st.none()),
    ),
    min_size=2,
    max_size=14,
)


class NoMoulds(Moulds):
    def key_of(self, server: Any, work: Any) -> None:
        return None


class Creator(Component):
    """Creates things and keeps the answers."""

    def __init__(self) -> None:
        super().__init__("creator", "admin")
        self.answers: list[Any] = []

    def create(self, resource: str, namespace: str, body: Object) -> None:
        self.api.send(Call("create", resource, namespace, "", "", body), "answered")
        self.loop.settle()

    def answered(self, _context: Any, response: Any) -> None:
        self.answers.append((response.status, response.headers, response.body))


def story(steps: Any, moulds: Moulds) -> tuple[Any, ...]:
    """All answers, all records, and everything that is stored, key by key in the order of the fields."""
    loop = Loop(Clock(), Chance(7), Trace())
    etcd, server, creator = Etcd("etcd"), ApiServer(), Creator()
    server.moulds = moulds
    for actor in (etcd, server, creator):
        loop.add(actor)
    loop.settle()
    creator.create("serviceaccounts", "default", {"kind": "ServiceAccount", "metadata": {"name": "default"}})
    for number, (what, metadata) in enumerate(steps):
        if metadata is None:
            resource, namespace, body = AROUND[what]
            name = "first" if what == "class" else f"{what}-{number}"
            creator.create(resource, namespace, {**body, "metadata": {"name": name}})
            continue
        own = {} if "generateName" in metadata else {"name": f"p{number}"}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": {**own, **metadata}, "spec": SPECS[what]}
        creator.create("pods", "default", copy.deepcopy(body))
    kept = [(kv.key, kv.mod_revision, repr(kv.value)) for kv in etcd.range_at("/registry/")]
    return repr(creator.answers), [repr(record) for record in loop.trace], kept


@given(STEPS)
@settings(deadline=None, max_examples=60)
def test_a_mould_changes_nothing(steps: Any) -> None:
    assert story(steps, Moulds()) == story(steps, NoMoulds()), steps


class Counting(Moulds):
    casts = 0

    def cast(self, server: Any, work: Any, key: Any) -> Any:
        made = super().cast(server, work, key)
        self.casts += made is not None
        return made


def test_pods_of_one_template_are_cast() -> None:
    moulds = Counting()
    story([("two", NAMES[0]), ("two", NAMES[0]), ("two", NAMES[1]), ("two", NAMES[1]), ("two", NAMES[1])], moulds)
    assert moulds.casts == 3


def test_what_is_not_of_a_template_is_not_cast() -> None:
    moulds = Counting()
    for what in ("gated", "on a node", "claims", "wrong"):
        story([(what, NAMES[2])] * 3, moulds)
    assert moulds.casts == 0


@pytest.mark.parametrize("steps", [[("plain", NAMES[2]), ("limits", None), ("plain", NAMES[2])]])
def test_a_plugin_that_reads_more_than_it_says_is_found_out(steps: Any) -> None:
    """The control: with a mould that outlives what it was made from, the law fails."""
    with mock.patch.object(LimitRanger, "reads", ()):
        assert story(steps, Moulds()) != story(steps, NoMoulds())


def test_a_plugin_that_does_not_say_what_it_reads_leaves_no_moulds() -> None:
    moulds = Counting()
    with mock.patch("cp_sim.apiserver.admission.limit_ranger.LimitRanger.reads", None):
        story([("plain", NAMES[2])] * 3, moulds)
    assert moulds.casts == 0
