"""An instructor's questions about nodes: what is asked, what is answered, and votes for nodes that are not there."""

from __future__ import annotations

from cp_sim import Cluster
from cp_sim.course.deck import question
from cp_sim.course.deck_nodes import (
    answer_nodes,
    ask_nodes,
    count_by_node,
    create,
    drawn_nodes,
    known_vote,
    message_of,
)
from cp_sim.course.manifest import pod, pods


def test_one_pod_is_asked_for_and_answered() -> None:
    cluster = create(Cluster(workers=2, seed=7), [pod("db", "1", "2Gi", nodeSelector={"disk": "ssd"})])
    web = [pod("web", "500m", "512Mi")]
    asked = repr(ask_nodes(cluster, web, 1))
    assert "1. A pod is about to be created." in asked
    assert "web: 500m cpu, 512Mi memory" in asked
    assert "control-plane-1, worker-1, worker-2, or none?" in asked
    told = repr(answer_nodes(cluster, web, {"web": "control-plane-1"}))
    assert "web is on worker-" in told
    assert "(2 were equally good). You said control-plane-1. control-plane-1 cannot take default/web" in told
    missing = [pod("lost", nodeSelector={"disk": "nvme"})]
    assert "lost is on no node: 0/3 nodes are available" in repr(answer_nodes(cluster, missing))


def test_the_numbers_of_the_complaint_get_names() -> None:
    cluster = create(Cluster(workers=7, seed=7), [pod("picky", nodeSelector={"disk": "ssd"})])
    lines = repr(message_of(cluster, "picky")).splitlines()
    assert lines[0].startswith("· 0/8 nodes are available: 1 node(s) had untolerated taint(s), 7 node(s)")
    assert lines[1] == "  1 node(s) had untolerated taint(s): control-plane-1 (TaintToleration)"
    assert lines[2].endswith("worker-1, worker-2, worker-3, worker-4, worker-5 and 2 more (NodeAffinity)")
    cluster.label("node/worker-6", "disk=ssd")
    cluster.settle()
    assert repr(message_of(cluster, "picky")).startswith("· picky is on worker-6.")


def test_many_pods() -> None:
    cluster = Cluster(workers=2, seed=7)
    shop = pods("shop", 4, "500m", "1Gi")
    asked = repr(ask_nodes(cluster, [*shop, pod("other")], 2))
    assert "2. 5 pods are about to be created." in asked
    assert "shop-1 to shop-4, each: 500m cpu, 1Gi memory" in asked
    assert "other: no requests" in asked
    create(cluster, shop)
    assert count_by_node(cluster, shop) == {"control-plane-1": 0, "worker-1": 2, "worker-2": 2}
    view = drawn_nodes(cluster, shop, {"shop-1": "nowhere", "shop-2": "worker-17"})
    assert str(view).startswith("0 of 1 guesses are right")


def test_a_vote_for_a_node_that_is_not_there_is_no_vote() -> None:
    cluster = Cluster(workers=2, seed=7)
    assert known_vote(cluster, "worker-2") == "worker-2"
    assert known_vote(cluster, "nowhere") == "nowhere"
    assert known_vote(cluster, "worker-17") == ""
    assert "You said" not in repr(answer_nodes(cluster, [pod("web")], {"web": "worker-17"}))


def test_a_sign_is_asked_about_as_a_sign() -> None:
    assert question("taint nodes worker-1 noisy:PreferNoSchedule").startswith("Not a lock, a sign")
    assert question("taint nodes worker-1 noisy:PreferNoSchedule-").startswith("The sign is gone")
    assert question("taint nodes worker-1 noisy:NoSchedule").startswith("A new lock on the door")
