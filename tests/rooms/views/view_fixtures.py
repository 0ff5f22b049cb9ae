"""Small clusters as plain objects, exactly as the API shows them."""

from typing import Any

from cp_sim.sim import Clock, Record, Trace


class World:
    """A stand-in for a cluster: objects by kind, a trace, a clock."""

    def __init__(self, **kinds: list[dict[str, Any]]) -> None:
        self.kinds = kinds
        self.trace = Trace()
        self.clock = Clock(1500)
        self.revision = 42

    def get(self, what: str, namespace: str = "default") -> list[dict[str, Any]]:
        return self.kinds.get(what, [])

    def tell(self, actor: str, verb: str, subject: str, because: str = "", **more: Any) -> Record:
        record = Record(self.trace.next_id, self.clock.now_ms, actor, verb, subject, because, **more)
        self.trace.append(record)
        return record


def node(
    name: str, *, control_plane: bool = False, taints: tuple[str, ...] = (), ready: str = "True", **spec: Any
) -> dict:
    labels = {"kubernetes.io/hostname": name}
    if control_plane:
        labels["node-role.kubernetes.io/control-plane"] = ""
    listed = []
    for text in taints:
        key, _, effect = text.partition(":")
        listed.append({"key": key, "effect": effect})
    room = {"cpu": "4", "memory": "8Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": ({"taints": listed} if listed else {}) | spec,
        "status": {
            "allocatable": room,
            "capacity": room,
            "conditions": [{"type": "Ready", "status": ready, "reason": "KubeletReady"}],
        },
    }


def pod(
    name: str,
    on: str = "",
    *,
    owner: str = "",
    template: str = "7d4b9c6f5",
    phase: str = "",
    cpu: str = "250m",
    namespace: str = "default",
    born: int = 1,
    message: str = "",
    tolerations: tuple[dict, ...] = (),
) -> dict:
    metadata: dict[str, Any] = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{name}",
        "labels": {"app": owner} if owner else {},
        "creationTimestamp": f"2026-01-01T00:00:{born:02}Z",
    }
    if owner:
        metadata["labels"]["pod-template-hash"] = template
        metadata["ownerReferences"] = [
            {
                "apiVersion": "apps/v1",
                "kind": "ReplicaSet",
                "name": f"{owner}-{template}",
                "uid": f"uid-{owner}-{template}",
                "controller": True,
            }
        ]
    spec: dict[str, Any] = {
        "containers": [
            {"name": "main", "image": "nginx:1.27", "resources": {"requests": {"cpu": cpu, "memory": "128Mi"}}}
        ],
        "tolerations": list(tolerations),
    }
    status: dict[str, Any] = {"phase": phase or ("Running" if on else "Pending"), "conditions": []}
    if on:
        spec["nodeName"] = on
        if status["phase"] == "Running":
            status["conditions"].append({"type": "Ready", "status": "True"})
    elif message:
        status["conditions"].append(
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
        )
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec, "status": status}


CONTROL_PLANE_TAINT = "node-role.kubernetes.io/control-plane:NoSchedule"


def small_world(pods: int = 6, waiting: int = 1) -> World:
    """A control plane, three workers, a Deployment and a few pods that wait."""
    nodes = [node("control-plane-1", control_plane=True, taints=(CONTROL_PLANE_TAINT,))]
    nodes += [node(f"worker-{number}") for number in (1, 2, 3)]
    static = [
        pod(f"{name}-control-plane-1", "control-plane-1", namespace="kube-system", cpu="100m")
        for name in ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
    ]
    suffixes = (
        "x2x7k",
        "b8c4d",
        "zz9wl",
        "kq5tn",
        "m2v6p",
        "h7jrs",
        "d4f8g",
        "c9lnv",
        "t6w2x",
        "p5q7z",
        "r8s4b",
        "v2n6k",
    )
    running = [
        pod(f"web-7d4b9c6f5-{suffixes[n % 12]}{n // 12 or ''}", f"worker-{n % 3 + 1}", owner="web", born=n % 50 + 2)
        for n in range(pods)
    ]
    pending = [
        pod(f"big-{n}", born=50, cpu="16", message="0/4 nodes are available: 3 Insufficient cpu.")
        for n in range(waiting)
    ]
    return World(nodes=nodes, pods=static + running + pending)
