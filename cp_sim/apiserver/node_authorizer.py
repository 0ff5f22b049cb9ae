"""What a kubelet may do: its own node, its own pods, and what those refer to.

*In Kubernetes:* `plugin/pkg/auth/authorizer/node`.  *Simplified:* the graph of references is looked up in the
watch caches when it is needed.
"""

from __future__ import annotations

from typing import Any

PREFIX = "system:node:"

_REFERRED = {"secrets": "secrets", "configmaps": "configmaps", "persistentvolumeclaims": "persistentvolumeclaims"}


def decide(server: Any, asked: Any) -> tuple[bool, str]:
    """(allowed, why not); an empty reason leaves the decision to RBAC."""
    node = asked.user.name[len(PREFIX) :]
    resource, verb, group = asked.resource, asked.verb, asked.group
    if resource in ("secrets", "configmaps") and not group:
        return _referred(server, asked, node)
    if resource == "nodes" and not group:
        return _node(asked, node)
    if resource == "pods" and not group:
        return _pods(server, asked, node)
    if resource == "leases" and group == "coordination.k8s.io":
        return _lease(asked, node)
    if resource in _RULES.get(group, {}):
        return verb in _RULES[group][resource].get(asked.subresource, ()), ""
    return False, ""


# Source: NodeRules() in plugin/pkg/auth/authorizer/rbac/bootstrappolicy.
_RULES: dict[str, dict[str, dict[str, tuple[str, ...]]]] = {
    "": {
        "services": {"": ("get", "list", "watch")},
        "events": {"": ("create", "patch", "update")},
        "persistentvolumes": {"": ("get",)},
        "persistentvolumeclaims": {"": ("get",), "status": ("get", "patch", "update")},
        "serviceaccounts": {"token": ("create",)},
    },
    "authentication.k8s.io": {"tokenreviews": {"": ("create",)}},
    "authorization.k8s.io": {
        "subjectaccessreviews": {"": ("create",)},
        "localsubjectaccessreviews": {"": ("create",)},
    },
    "certificates.k8s.io": {"certificatesigningrequests": {"": ("create", "get", "list", "watch")}},
    "storage.k8s.io": {
        "volumeattachments": {"": ("get",)},
        "csidrivers": {"": ("get", "list", "watch")},
        "csinodes": {"": ("create", "delete", "get", "patch", "update")},
    },
    "node.k8s.io": {"runtimeclasses": {"": ("get", "list", "watch")}},
}


def _referred(server: Any, asked: Any, node: str) -> tuple[bool, str]:
    if asked.verb not in ("get", "list", "watch"):
        return False, "can only read resources of this type"
    if not asked.name:
        return False, "No Object name found"
    if node_refers(server, node, asked.resource, asked.namespace, asked.name):
        return True, ""
    return False, f"no relationship found between node '{node}' and this object"


def node_refers(server: Any, node: str, resource: str, namespace: str, name: str) -> bool:
    """Whether a pod bound to `node` mentions the Secret or ConfigMap."""
    cache = server.caches.get("pods")
    if cache is None:
        return False
    for key in cache.keys(namespace + "/"):
        spec = cache.objects[key]["spec"]
        if spec.get("nodeName") == node and name in mentioned(spec, resource):
            return True
    return False


def mentioned(spec: dict[str, Any], resource: str) -> set[str]:
    """Names of the Secrets (or ConfigMaps) that a pod spec mentions."""
    what, ref = ("secret", "secretRef") if resource == "secrets" else ("configMap", "configMapRef")
    key_ref = "secretKeyRef" if resource == "secrets" else "configMapKeyRef"
    names: set[str] = set()
    for volume in spec.get("volumes") or ():
        source = volume.get(what) or {}
        names.add(source.get("secretName") or source.get("name") or "")
        for projected in (volume.get("projected") or {}).get("sources") or ():
            names.add((projected.get(what) or {}).get("name") or "")
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        for entry in container.get("envFrom") or ():
            names.add((entry.get(ref) or {}).get("name") or "")
        for entry in container.get("env") or ():
            names.add(((entry.get("valueFrom") or {}).get(key_ref) or {}).get("name") or "")
    if resource == "secrets":
        names.update(entry.get("name") or "" for entry in spec.get("imagePullSecrets") or ())
    return names - {""}


def _node(asked: Any, node: str) -> tuple[bool, str]:
    verb = asked.verb
    if asked.subresource not in ("", "status"):
        return False, ""
    if verb == "create" and not asked.subresource:
        return True, ""
    if verb in ("get", "list", "watch") and not asked.subresource:
        if asked.name == node or (verb != "get" and f"metadata.name={node}" in asked.fields):
            return True, ""
        return False, "node 'NAME' cannot read 'OTHER', only its own Node object".replace("NAME", node).replace(
            "OTHER", asked.name
        ) if asked.name else f"node '{node}' cannot read all nodes, only its own Node object"
    if verb in ("update", "patch", "delete"):
        return True, ""  # admission NodeRestriction narrows this further where it is on
    return False, ""


def _pods(server: Any, asked: Any, node: str) -> tuple[bool, str]:
    verb = asked.verb
    if asked.subresource == "status":
        return verb in ("update", "patch"), ""
    if asked.subresource == "eviction":
        return verb == "create", ""
    if asked.subresource:
        return False, ""
    if verb in ("create", "delete"):
        return True, ""
    if verb in ("list", "watch") and not asked.name:
        if f"spec.nodeName={node}" in asked.fields:
            return True, ""
        return False, "can only list/watch pods with spec.nodeName field selector"
    if verb in ("get", "list", "watch"):
        pod = server.known("pods", f"{asked.namespace}/{asked.name}")
        if pod is not None and pod["spec"].get("nodeName") == node:
            return True, ""
        return False, f"no relationship found between node '{node}' and this object"
    return False, ""


def _lease(asked: Any, node: str) -> tuple[bool, str]:
    if asked.namespace != "kube-node-lease":
        return False, 'can only access leases in the "kube-node-lease" system namespace'
    if asked.verb != "create" and asked.name != node:
        return False, "can only access node lease with the same name as the requesting node"
    return asked.verb in ("get", "create", "update", "patch", "delete"), ""
