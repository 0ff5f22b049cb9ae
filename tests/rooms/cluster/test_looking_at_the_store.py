"""`cluster.etcd.keys` knows what was deleted, for as long as the past can be read."""

from __future__ import annotations

from cp_sim import Cluster

PREFIX = "/registry/configmaps/default/"


def test_keys_that_are_gone_are_known_until_they_are_compacted() -> None:
    cluster = Cluster(components=("etcd", "apiserver"), seed=7)
    for name in ("a", "b"):
        cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
    cluster.delete("configmap/a")
    assert cluster.etcd.keys(PREFIX) == [f"{PREFIX}a", f"{PREFIX}b"]
    assert [kv.key for kv in cluster.etcd.range_at(PREFIX)] == [f"{PREFIX}b"]
    assert set(cluster.etcd.keys()) > set(cluster.etcd.keys(PREFIX))
    cluster.etcd.compact(cluster.revision)
    cluster.settle()
    assert cluster.etcd.keys(PREFIX) == [f"{PREFIX}b"]
