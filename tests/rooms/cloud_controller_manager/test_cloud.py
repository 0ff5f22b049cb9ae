from __future__ import annotations

from typing import Any

import pytest

from cp_sim.apiserver.request import ApiError
from cp_sim.cluster import Cluster
from cp_sim.objects import meta

# Nobody schedules and nobody controls: what happens here is the cloud's doing alone.
COMPONENTS = ("etcd", "apiserver", "cloud-controller-manager", "kubelet")
SERVICE = """
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  type: LoadBalancer
  selector: {app: shop}
  ports: [{port: 80, targetPort: 8080}]
"""


@pytest.fixture
def cluster() -> Cluster:
    return Cluster(workers=2, seed=1, components=COMPONENTS)


def reasons(cluster: Cluster, name: str) -> list[str]:
    events = [event for event in cluster.get("events", "*") if event["involvedObject"]["name"] == name]
    return [event["reason"] for event in events]


def shop(cluster: Cluster) -> Any:
    return cluster.get("service/shop")


def test_a_new_node_is_initialised_with_what_the_cloud_knows(cluster: Cluster) -> None:
    cluster.add_node("worker-9", zone="c")
    cluster.settle()
    node = cluster.get("node/worker-9")
    assert node["spec"]["providerID"] == "sim://local/c/worker-9"
    assert meta.labels(node)["topology.kubernetes.io/zone"] == "c"
    assert meta.labels(node)["topology.kubernetes.io/region"] == "local"
    taints = [taint["key"] for taint in node["spec"].get("taints", [])]
    assert "node.cloudprovider.kubernetes.io/uninitialized" not in taints
    assert "Synced" in reasons(cluster, "worker-9")


def test_a_service_waits_for_its_load_balancer_and_then_shows_its_address(cluster: Cluster) -> None:
    cluster.apply(SERVICE)
    cluster.run("1s")
    assert meta.finalizers(shop(cluster)) == ["service.kubernetes.io/load-balancer-cleanup"]
    assert shop(cluster)["status"] == {"loadBalancer": {}}
    cluster.settle()
    (balancer,) = cluster.cloud.load_balancers.values()
    assert shop(cluster)["status"]["loadBalancer"]["ingress"] == [{"ip": balancer.address, "ipMode": "VIP"}]
    node_port = shop(cluster)["spec"]["ports"][0]["nodePort"]
    assert balancer.ports == (("TCP", 80, node_port),)
    assert reasons(cluster, "shop") == ["EnsuringLoadBalancer", "EnsuredLoadBalancer"]


def test_a_deleted_service_stays_until_its_load_balancer_is_gone(cluster: Cluster) -> None:
    cluster.apply(SERVICE)
    cluster.settle()
    cluster.delete("service/shop")
    cluster.run("1s")
    assert meta.is_deleting(shop(cluster))
    assert cluster.cloud.load_balancers
    cluster.settle()
    assert not cluster.cloud.load_balancers
    with pytest.raises(ApiError, match='services "shop" not found'):
        shop(cluster)


def test_a_service_that_turns_inward_gives_its_load_balancer_back(cluster: Cluster) -> None:
    cluster.apply(SERVICE)
    cluster.settle()
    cluster.apply(SERVICE.replace("LoadBalancer", "ClusterIP"))
    cluster.settle()
    assert not cluster.cloud.load_balancers
    assert meta.finalizers(shop(cluster)) == []
    assert shop(cluster)["status"] == {"loadBalancer": {}}


def test_a_cloud_that_refuses_is_asked_again_after_a_while(cluster: Cluster) -> None:
    cluster.cloud.faults["ensure"] = "quota exceeded"
    cluster.apply(SERVICE)
    cluster.run("30s")
    (failure,) = [event for event in cluster.get("events") if event["reason"] == "SyncLoadBalancerFailed"]
    assert failure["message"] == "Error syncing load balancer: failed to ensure load balancer: quota exceeded"
    assert failure["count"] > 1
    cluster.cloud.faults.clear()
    cluster.run("1m")
    assert shop(cluster)["status"]["loadBalancer"]["ingress"]


def test_a_node_that_joins_is_told_to_the_load_balancer(cluster: Cluster) -> None:
    cluster.apply(SERVICE)
    cluster.settle()
    (balancer,) = cluster.cloud.load_balancers.values()
    before = set(balancer.backends)
    cluster.add_node("worker-9")
    cluster.settle()
    assert set(balancer.backends) == before | {"worker-9"}
    assert "UpdatedLoadBalancer" in reasons(cluster, "shop")


def test_a_node_without_a_machine_is_deleted_only_when_it_is_not_ready(cluster: Cluster) -> None:
    cluster.cloud.end_machine("worker-1")
    cluster.run("1m")
    assert cluster.get("node/worker-1"), "a Ready node is not asked about"
    not_ready = {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    headers = {"content-type": "application/strategic-merge-patch+json"}
    cluster.kubelets.stop("worker-1")
    cluster.settle()
    answer = cluster.request("PATCH", "/api/v1/nodes/worker-1/status", headers=headers, body=not_ready)
    assert answer.status == 200
    cluster.run("10s")
    assert [meta.name(node) for node in cluster.get("nodes")] == ["control-plane-1", "worker-2"]
    assert "DeletingNode" in reasons(cluster, "worker-1")


def test_a_machine_that_is_switched_off_taints_its_node(cluster: Cluster) -> None:
    cluster.kubelets.stop("worker-1")
    cluster.settle()
    cluster.cloud.stop_machine("worker-1")
    not_ready = {"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    headers = {"content-type": "application/strategic-merge-patch+json"}
    cluster.request("PATCH", "/api/v1/nodes/worker-1/status", headers=headers, body=not_ready)
    cluster.run("10s")
    taints = [taint["key"] for taint in cluster.get("node/worker-1")["spec"]["taints"]]
    assert "node.cloudprovider.kubernetes.io/shutdown" in taints
