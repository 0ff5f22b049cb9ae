"""DaemonSet: which nodes, which pods, how old ones are replaced. Source: pkg/controller/daemon."""

from __future__ import annotations

from typing import Any

import pytest

from cp_sim.client.plan import Create, Delete, Update
from cp_sim.controller_manager import daemonset
from cp_sim.objects.edit import put
from tests.rooms.controller_manager.makers import TEMPLATE, node, pod

Object = dict[str, Any]


def daemon(template: Object = TEMPLATE, **spec: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {
            "name": "agent",
            "namespace": "default",
            "uid": "uid-agent",
            "generation": 1,
            "annotations": {daemonset.GENERATION: "1"},
        },
        "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": template, **spec},
    }


def own(name: str, where: str, hashed: str = "h1", generation: str = "1", **more: Any) -> Object:
    tags = {"app": "web", daemonset.HASH: hashed, daemonset.POD_GENERATION: generation}
    return pod(name, node=where, labels=tags, **more)


def taint(effect: str, key: str = "dedicated") -> list[Object]:
    return [{"key": key, "effect": effect}]


@pytest.mark.parametrize(
    ("made", "template", "wanted"),
    [
        ({}, {}, (True, True)),
        ({"taints": taint("NoSchedule")}, {}, (False, True)),
        ({"taints": taint("NoExecute")}, {}, (False, False)),
        ({"taints": taint("PreferNoSchedule")}, {}, (True, True)),
        ({"taints": taint("NoSchedule", "node.kubernetes.io/unschedulable")}, {}, (True, True)),
        ({"taints": taint("NoExecute", "node.kubernetes.io/unreachable")}, {}, (True, True)),
        ({"taints": taint("NoSchedule", "node.kubernetes.io/unreachable")}, {}, (False, True)),
        ({"taints": taint("NoSchedule")}, {"tolerations": [{"operator": "Exists"}]}, (True, True)),
        ({"labels": {"pool": "a"}}, {"nodeSelector": {"pool": "a"}}, (True, True)),
        ({"labels": {"pool": "b"}}, {"nodeSelector": {"pool": "a"}}, (False, False)),
    ],
)
def test_which_nodes_get_a_pod(made: Object, template: Object, wanted: tuple[bool, bool]) -> None:
    owner = daemon({**TEMPLATE, "spec": {**TEMPLATE["spec"], **template}})
    assert daemonset.belongs(owner, node(**made)) == wanted


def test_a_pod_is_meant_for_its_node_and_tolerates_what_happens_to_nodes() -> None:
    made = daemonset.pod_for(daemon(), "n7", "h1")
    assert daemonset.target_node(made) == "n7"
    assert made["metadata"]["labels"] == {"app": "web", daemonset.HASH: "h1", daemonset.POD_GENERATION: "1"}
    assert [t["key"].partition("/")[2] for t in made["spec"]["tolerations"]] == [
        "not-ready",
        "unreachable",
        "disk-pressure",
        "memory-pressure",
        "pid-pressure",
        "unschedulable",
    ]


def test_missing_pods_are_made_and_too_many_deleted() -> None:
    nodes = [node("n1"), node("n2"), node("n3", taints=taint("NoExecute"))]
    pods = {
        "n1": [own("old", "n1", created_ms=1_000), own("new", "n1", created_ms=9_000)],
        "n3": [own("lost", "n3")],
    }
    work = daemonset.manage(daemon(), nodes, pods, "h1")
    assert [daemonset.target_node(one) for one in work.creations] == ["n2"]
    assert [one["metadata"]["name"] for one in work.deletions] == ["new", "lost"]


def test_a_terminating_pod_keeps_its_place_until_it_is_gone() -> None:
    work = daemonset.manage(daemon(), [node("n1")], {"n1": [own("a", "n1", deleting=True)]}, "h1")
    assert work.actions == []


def test_failed_pods_are_deleted_and_told_of() -> None:
    work = daemonset.manage(daemon(), [node("n1")], {"n1": [own("a", "n1", phase="Failed")]}, "h1")
    (event,) = work.events
    assert event.message == "Found failed daemon pod default/a on node n1, will try to kill it"
    assert [one["metadata"]["name"] for one in work.deletions] == ["a"]


@pytest.mark.parametrize(("most", "deleted"), [(1, ["b"]), (2, ["b", "a"]), ("50%", ["b", "a"]), (0, ["b"])])
def test_unavailable_old_pods_go_first_then_as_many_as_may_be_missing(most: Any, deleted: list[str]) -> None:
    owner = daemon(updateStrategy={"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": most}})
    owner = put(owner, ("metadata", "annotations", daemonset.GENERATION), "2")
    nodes = [node(name) for name in ("n1", "n2", "n3", "n4")]
    pods = {
        "n1": [own("a", "n1")],
        "n2": [own("b", "n2", ready=False)],
        "n3": [own("c", "n3")],
        "n4": [own("d", "n4", "h2", "2")],
    }
    work = daemonset.replace_old(owner, nodes, pods, "h2", 100_000)
    assert [one["metadata"]["name"] for one in work.deletions] == deleted
    by_hand = put(owner, "spec.updateStrategy", {"type": "OnDelete"})
    assert daemonset.replace_old(by_hand, nodes, pods, "h2", 100_000).actions == []


def test_templates_are_kept_numbered_and_found_again() -> None:
    owner = daemon()
    hashed, (create,) = daemonset.revision(owner, [])
    assert isinstance(create, Create)
    assert (create.object["revision"], create.object["metadata"]["name"]) == (1, f"agent-{hashed}")
    assert daemonset.revision(owner, [create.object]) == (hashed, ())
    newer = put(owner, "spec.template.spec.containers", [{"name": "c", "image": "app:v2"}])
    other, (second,) = daemonset.revision(newer, [create.object])
    assert other != hashed
    again, (update,) = daemonset.revision(owner, [create.object, second.object])
    assert isinstance(update, Update)
    assert (again, update.object["revision"]) == (hashed, 3)


def test_unused_templates_beyond_the_limit_go() -> None:
    owner = daemon(revisionHistoryLimit=1)
    kept = [
        {
            "metadata": {"name": f"agent-h{n}", "namespace": "default", "labels": {daemonset.HASH: f"h{n}"}},
            "revision": n,
        }
        for n in (1, 2, 3, 4)
    ]
    gone = daemonset.old_revisions(owner, kept, {"n1": [own("a", "n1", "h1")]}, "h4")
    assert [one.name for one in gone if isinstance(one, Delete)] == ["agent-h2", "agent-h3"]


def test_the_status_counts_nodes() -> None:
    nodes = [node("n1"), node("n2"), node("n3", taints=taint("NoSchedule")), node("n4")]
    pods = {"n1": [own("a", "n1")], "n2": [own("b", "n2", "h0", "0", ready=False)], "n3": [own("c", "n3")]}
    told = daemonset.with_status(daemon(), nodes, pods, "h1", 0)
    assert told["status"] == {
        "currentNumberScheduled": 2,
        "numberMisscheduled": 1,
        "desiredNumberScheduled": 3,
        "numberReady": 1,
        "observedGeneration": 1,
        "updatedNumberScheduled": 1,
        "numberAvailable": 1,
        "numberUnavailable": 2,
    }
    assert daemonset.with_status(told, nodes, pods, "h1", 0) is told
