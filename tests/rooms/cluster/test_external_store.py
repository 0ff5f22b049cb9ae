"""One API server and a store of several members on machines of their own: it asks another member when one is gone."""

from __future__ import annotations

import pytest

from cp_sim import Cluster

MAPS = "/api/v1/namespaces/default/configmaps"


def write(cluster: Cluster, name: str) -> int:
    return cluster.request("POST", MAPS, body={"metadata": {"name": name}}).status


def members(cluster: Cluster) -> list[str]:
    return [process.name for process in cluster.processes.of("etcd")]


@pytest.mark.parametrize("seed", [1, 7, 23])
def test_a_member_that_crashes_is_replaced_by_the_next(seed: int) -> None:
    cluster = Cluster(etcd="external", etcd_members=3, workers=1, seed=seed)
    first = cluster.apiserver.store
    assert write(cluster, "before") == 201
    cluster.crash(first)
    cluster.run("5s")
    assert cluster.apiserver.store != first, f"seed {seed}"
    assert write(cluster, "after") == 201, f"seed {seed}"
    cluster.crash(cluster.apiserver.store)
    cluster.run("5s")
    assert write(cluster, "nothing") == 500, f"seed {seed}"
    cluster.restart(first)
    cluster.run("40s")
    assert write(cluster, "again") == 201, f"seed {seed}"
    assert {obj["metadata"]["name"] for obj in cluster.get("configmaps")} >= {"before", "after", "again"}


def test_with_one_member_there_is_nobody_else_to_ask() -> None:
    cluster = Cluster(workers=1, seed=7)
    assert cluster.apiserver.stores == ("etcd",)
    cluster.crash("etcd")
    assert write(cluster, "lost") == 500
