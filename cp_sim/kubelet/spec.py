"""A machine as whoever starts its kubelet describes it, and the Node object that the kubelet makes of it.

Source: `pkg/kubelet/kubelet_node_status.go`, `pkg/kubelet/nodestatus/setters.go`.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

from cp_sim.objects import quantity
from cp_sim.sim import immutable

Object = dict[str, Any]

KUBELET_VERSION = "v1.36.2"
UNINITIALIZED_TAINT: Object = {
    "key": "node.cloudprovider.kubernetes.io/uninitialized",
    "value": "true",
    "effect": "NoSchedule",
}

# type, reason and message of the conditions that a healthy kubelet posts, in its order; all are False but the last.
HEALTHY = (
    ("MemoryPressure", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    ("DiskPressure", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    ("PIDPressure", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    ("Ready", "KubeletReady", "kubelet is posting ready status"),
)


@immutable
class NodeSpec:
    """A machine and how its kubelet is started.

    `images` are the images that are there from the start, as (name, size in bytes) or plain names. `cloud` is
    `--cloud-provider=external`: a cloud controller has to initialise the node before it takes pods. `addresses` are
    the machine's own, as in `status.addresses` or plain IPs. `static_pods` are the control-plane components that run
    here as static pods (None: all of them on a control plane).

    Raises:
        QuantityError: `cpu`, `memory` or `ephemeral_storage` is no quantity.
    """

    name: str
    cpu: str = "4"
    memory: str = "8Gi"
    pods: int = 110
    zone: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    taints: list[Object] = field(default_factory=list)
    images: list[Any] = field(default_factory=list)
    control_plane: bool = False
    region: str | None = None
    ephemeral_storage: str = "100Gi"
    extended: dict[str, str] = field(default_factory=dict)
    provider_id: str = ""
    addresses: Any = None
    cloud: bool = False
    static_pods: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for amount in (self.cpu, self.memory, self.ephemeral_storage, *self.extended.values()):
            quantity.parse(amount)


def internal_address(spec: NodeSpec) -> str:
    """The machine's first internal IP, empty if none is known."""
    for entry in spec.addresses or ():
        if isinstance(entry, str):
            return entry
        if entry.get("type") == "InternalIP":
            return str(entry["address"])
    return ""


def _addresses(spec: NodeSpec, address: str) -> list[Object]:
    further = [entry for entry in spec.addresses or () if isinstance(entry, dict) and entry.get("address") != address]
    own = [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": spec.name}]
    return own + [entry for entry in further if entry not in own]


def capacity(spec: NodeSpec) -> dict[str, str]:
    """The node's resources, as quantities in canonical form."""
    amounts = {
        "cpu": quantity.canonical(spec.cpu),
        "ephemeral-storage": quantity.canonical(spec.ephemeral_storage),
        "memory": quantity.canonical(spec.memory),
        "pods": str(spec.pods),
    }
    return amounts | {name: quantity.canonical(amount) for name, amount in sorted(spec.extended.items())}


def labels(spec: NodeSpec) -> dict[str, str]:
    """The labels with which the kubelet registers; the zone is the cloud's to tell where there is a cloud."""
    found = {
        "kubernetes.io/arch": "amd64",
        "kubernetes.io/hostname": spec.name,
        "kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
    }
    if not spec.cloud:
        if spec.zone:
            found["topology.kubernetes.io/zone"] = spec.zone
        if spec.region:
            found["topology.kubernetes.io/region"] = spec.region
    return found | spec.labels


def conditions(now: str, stored: list[Object], ready: bool = True, reason: str = "", message: str = "") -> list[Object]:
    """What the kubelet posts about its node at `now`; what stays as the API server has it keeps its transition time."""
    since = {(entry["type"], entry["status"]): entry.get("lastTransitionTime") for entry in stored}
    posted = []
    for type_, healthy_reason, healthy_message in HEALTHY:
        is_ready = type_ == "Ready"
        status = str(is_ready and ready)
        posted.append(
            {
                "type": type_,
                "status": status,
                "lastHeartbeatTime": now,
                "lastTransitionTime": since.get((type_, status)) or now,
                "reason": healthy_reason if ready or not is_ready else reason,
                "message": healthy_message if ready or not is_ready else message,
            }
        )
    return posted


def images(names: dict[str, int]) -> list[Object]:
    """`status.images`, largest first, as the kubelet reports them."""
    ordered = sorted(names.items(), key=lambda item: (-item[1], item[0]))
    return [{"names": [name], "sizeBytes": size} for name, size in ordered]


def node_object(spec: NodeSpec, address: str, now: str, node_images: dict[str, int]) -> Object:
    """The Node with which the kubelet registers, its first status included."""
    taints = [*spec.taints]
    node_spec: Object = {}
    if spec.cloud:
        taints.append(UNINITIALIZED_TAINT)
    elif spec.provider_id:
        node_spec["providerID"] = spec.provider_id
    if taints:
        node_spec["taints"] = taints
    amounts = capacity(spec)
    # Ids as a machine would have them, but readable: made from the name, equal in every story.
    identity = spec.name.encode().hex()[:32].ljust(32, "0")
    status: Object = {
        "capacity": amounts,
        "allocatable": amounts,
        "conditions": conditions(now, []),
        "addresses": _addresses(spec, address),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
        "nodeInfo": {
            "machineID": identity,
            "systemUUID": f"{identity[:8]}-{identity[8:12]}-{identity[12:16]}-{identity[16:20]}-{identity[20:]}",
            "bootID": f"{identity[20:28]}-{identity[:4]}-{identity[4:8]}-{identity[8:12]}-{identity[12:24]}",
            "kernelVersion": "6.1.0",
            "osImage": "Debian GNU/Linux 12 (bookworm)",
            "containerRuntimeVersion": "containerd://2.1.0",
            "kubeletVersion": KUBELET_VERSION,
            "kubeProxyVersion": "",
            "operatingSystem": "linux",
            "architecture": "amd64",
        },
    }
    if node_images:
        status["images"] = images(node_images)
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": spec.name,
            "labels": labels(spec),
            "annotations": {"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
        },
        "spec": node_spec,
        "status": status,
    }


def lease_object(name: str, uid: str, renew_time: str) -> Object:
    """The Lease by which the kubelet of node `name` says that it lives (`pkg/kubelet/kubelet.go`, nodelease)."""
    owner = {"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": "kube-node-lease", "ownerReferences": [owner]},
        "spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": renew_time},
    }
