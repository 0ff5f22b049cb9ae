"""The nodes and pods that scheduling workloads are made of, after the templates of upstream's scheduler_perf.

Source: test/integration/scheduler_perf/templates and templates/churn, written anew.
"""

from __future__ import annotations

from typing import Any

Template = dict[str, Any]

HOSTNAME = "kubernetes.io/hostname"
ZONE = "topology.kubernetes.io/zone"
IMAGE = "registry.k8s.io/pause:3.10.2"
# The namespaces of the workloads on affinity: their terms look into both.
FIRST, SECOND = "sched-0", "sched-1"
NAMED_NODE = "scheduler-perf-node"


def node(capacity: dict[str, str], name: str = "") -> Template:
    """A node that is ready and has this capacity."""
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name} if name else {},
        "spec": {},
        "status": {"capacity": capacity, "conditions": [{"type": "Ready", "status": "True"}], "phase": "Running"},
    }


def pod(
    prefix: str,
    resources: dict[str, Any] | None = None,
    labels: dict[str, str] | None = None,
    port: bool = True,
    **spec: Any,
) -> Template:
    """A pod of one container, with these resources and whatever else its spec says."""
    container: Template = {"name": "pause", "image": IMAGE}
    if port:
        container["ports"] = [{"containerPort": 80}]
    if resources:
        container["resources"] = resources
    metadata: Template = {"generateName": prefix}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container], **spec}}


def amounts(cpu: str, memory: str = "500Mi") -> dict[str, Any]:
    """Requests and limits alike."""
    return {"limits": {"cpu": cpu, "memory": memory}, "requests": {"cpu": cpu, "memory": memory}}


def _near(colour: str, key: str) -> Template:
    return {"labelSelector": {"matchLabels": {"color": colour}}, "topologyKey": key, "namespaces": [SECOND, FIRST]}


def _required(rule: str, colour: str, key: str) -> Template:
    return {rule: {"requiredDuringSchedulingIgnoredDuringExecution": [_near(colour, key)]}}


def _preferred(rule: str, colour: str) -> Template:
    term = {"podAffinityTerm": _near(colour, HOSTNAME), "weight": 1}
    return {rule: {"preferredDuringSchedulingIgnoredDuringExecution": [term]}}


def _on_nodes(kind: str, key: str, values: list[str]) -> Template:
    term = {kind: [{"key": key, "operator": "In", "values": values}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}}


def _spread(when: str) -> list[Template]:
    selector = {"matchLabels": {"color": "blue"}}
    return [{"maxSkew": 5, "topologyKey": ZONE, "whenUnsatisfiable": when, "labelSelector": selector}]


SMALL = amounts("100m")

NODE = node({"pods": "110", "cpu": "4", "memory": "32Gi"})
ROOMY_NODE = node({"pods": "90000", "cpu": "4", "memory": "32Gi"}, NAMED_NODE)
CHURN_NODE = node({"pods": "0"})
SERVICE: Template = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {},
    "spec": {"selector": {"app": "foo"}, "ports": [{"protocol": "TCP", "port": 8080, "targetPort": 8080}]},
}

POD = pod("pod-", SMALL)
ANTI_AFFINITY = pod(
    "anti-affinity-pod-", SMALL, {"color": "green"}, affinity=_required("podAntiAffinity", "green", HOSTNAME)
)
MATCHING_ANTI_AFFINITY = pod("anti-affinity-matching-pod-", SMALL, {"color": "green"})
AFFINITY = pod("affinity-pod-", SMALL, {"color": "blue"}, affinity=_required("podAffinity", "blue", ZONE))
PREFERRED_AFFINITY = pod("preferred-affinity-pod-", SMALL, {"color": "red"}, affinity=_preferred("podAffinity", "red"))
PREFERRED_ANTI_AFFINITY = pod(
    "preferred-anti-affinity-pod-", SMALL, {"color": "yellow"}, affinity=_preferred("podAntiAffinity", "yellow")
)
NODE_AFFINITY = pod("node-affinity-", SMALL, affinity=_on_nodes("matchExpressions", ZONE, ["zone1", "zone2"]))
SPREAD = pod("spreading-pod-", SMALL, {"color": "blue"}, topologySpreadConstraints=_spread("DoNotSchedule"))
PREFERRED_SPREAD = pod("spreading-pod-", SMALL, {"color": "blue"}, topologySpreadConstraints=_spread("ScheduleAnyway"))
DAEMON = pod("daemonset-", port=False, affinity=_on_nodes("matchFields", "metadata.name", [NAMED_NODE]))
LOW_PRIORITY = pod("pod-", amounts("900m"), terminationGracePeriodSeconds=0)
HIGH_PRIORITY = pod("pod-", amounts("3000m"), priority=10)
TOO_LARGE = pod("pod-h-", {"requests": {"cpu": "9", "memory": "500Mi"}}, priority=10)
LIGHT = pod("light-pod-", port=False, terminationGracePeriodSeconds=0)
GATED = pod("gated-pod-", port=False, schedulingGates=[{"name": "test.k8s.io/hold"}])
