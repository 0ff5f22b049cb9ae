"""The control plane's own pods, as kubeadm lays their manifests down and the kubelet mirrors them.

A static pod runs because a file says so; the API server only holds its mirror, so that people see it. Deleting the
mirror changes nothing: the kubelet makes it again.

Source: kubeadm `cmd/kubeadm/app/phases/controlplane/manifests.go`, `pkg/kubelet/pod/mirror_client.go`.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cp_sim.objects import meta

Object = dict[str, Any]

MIRROR_ANNOTATION = "kubernetes.io/config.mirror"
COMPONENTS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "cloud-controller-manager",
)
_REQUESTS = {
    "etcd": {"cpu": "100m", "memory": "100Mi"},
    "kube-apiserver": {"cpu": "250m"},
    "kube-controller-manager": {"cpu": "200m"},
    "kube-scheduler": {"cpu": "100m"},
    "cloud-controller-manager": {"cpu": "100m"},
}
_IMAGES = {"etcd": "registry.k8s.io/etcd:3.6.8-0"}
_PORTS = {
    "etcd": 2381,
    "kube-apiserver": 6443,
    "kube-controller-manager": 10257,
    "kube-scheduler": 10259,
    "cloud-controller-manager": 10258,
}


def mirror_pod(component: str, node: Object, address: str, now: str) -> Object:
    """The mirror of `component` on `node`, e.g. `kube-apiserver-control-plane-1`."""
    digest = hashlib.md5(f"{component}/{meta.name(node)}".encode(), usedforsecurity=False).hexdigest()
    annotations = {
        "kubernetes.io/config.hash": digest,
        MIRROR_ANNOTATION: digest,
        "kubernetes.io/config.seen": now.replace("Z", ".000000000Z"),
        "kubernetes.io/config.source": "file",
    }
    if component == "kube-apiserver":
        annotations["kubeadm.kubernetes.io/kube-apiserver.advertise-address.endpoint"] = f"{address}:6443"
    if component == "etcd":
        annotations["kubeadm.kubernetes.io/etcd.advertise-client-urls"] = f"https://{address}:2379"
    owner = {"apiVersion": "v1", "kind": "Node", "name": meta.name(node), "uid": meta.uid(node), "controller": True}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": f"{component}-{meta.name(node)}",
            "namespace": "kube-system",
            "labels": {"component": component, "tier": "control-plane"},
            "annotations": annotations,
            "ownerReferences": [owner],
        },
        "spec": {
            "containers": [
                {
                    "name": component,
                    "image": _IMAGES.get(component, f"registry.k8s.io/{component}:v1.36.2"),
                    "imagePullPolicy": "IfNotPresent",
                    "command": [component],
                    "resources": {"requests": _REQUESTS[component]},
                    "livenessProbe": _probe(component, "livez"),
                }
            ],
            "hostNetwork": True,
            "nodeName": meta.name(node),
            "priorityClassName": "system-node-critical",
            "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
            "tolerations": [{"effect": "NoExecute", "operator": "Exists"}],
        },
    }


def _probe(component: str, path: str) -> Object:
    port = _PORTS[component]
    get = {"host": "127.0.0.1", "path": f"/{path}", "port": port, "scheme": "HTTP" if component == "etcd" else "HTTPS"}
    return {"httpGet": get, "failureThreshold": 8, "initialDelaySeconds": 10, "periodSeconds": 10, "timeoutSeconds": 15}


def is_mirror(pod: Object) -> bool:
    """Whether the pod is the mirror of a static pod."""
    return MIRROR_ANNOTATION in meta.annotations(pod)
