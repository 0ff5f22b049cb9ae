"""kubectl says in its own words that no server answers."""

from __future__ import annotations

from cp_sim import Cluster
from cp_sim.course.kubectl import Kubectl
from cp_sim.course.kubectl.errors import unreachable


def test_a_server_that_is_gone() -> None:
    cluster = Cluster(workers=1, seed=7)
    cluster.crash("kube-apiserver")
    for line in ("get pods", "create configmap a", "get --raw /readyz"):
        outcome = Kubectl(cluster).run(line)
        assert outcome.code == 1
        assert outcome.text == (
            "The connection to the server 10.0.0.1:6443 was refused - did you specify the right host or port?\n"
        ), line


def test_a_machine_that_does_not_answer() -> None:
    said = 'Get "https://10.0.0.1:6443/api": dial tcp 10.0.0.1:6443: i/o timeout'
    assert unreachable(said).text == "Unable to connect to the server: dial tcp 10.0.0.1:6443: i/o timeout"
