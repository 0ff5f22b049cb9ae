"""What a user does to a cluster, as kubectl does it on the client's side: apply, scale, label, taint, drain, ...

Each is one request or a few; the API server judges them and the components act on what was written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from cp_sim.apiserver.request import ApiError
from cp_sim.asking import outside
from cp_sim.history import decorated, parse_reference
from cp_sim.kubelet import NodeSpec
from cp_sim.objects import edit, manifests, meta, names
from cp_sim.objects.kinds import KINDS, Kind, kind_of
from cp_sim.objects.threeway import LAST_APPLIED, three_way_patch, with_last_applied
from cp_sim.sim import parse_duration
from cp_sim.taints import changed_taints
from cp_sim.world import World

Object = dict[str, Any]

EVICTION_RETRY_MS = 5_000


class Operations(World):
    """The verbs of a user, on top of the world."""

    # -- changing --------------------------------------------------------------------------------------------------

    @outside
    def apply(self, manifest: str | Object | list[Object], namespace: str = "default") -> Any:
        """Create or update what the manifest describes, and return the stored object (a list for several).

        `manifest` is YAML or JSON text with one or more documents, an object, or a list of objects.  Nothing is sent
        before all of it could be read.  *In Kubernetes:* `kubectl apply -f`.

        Raises:
            ManifestError: the text cannot be read; names document and line.
            ApiError: the API server refused an object.
            UnknownKind: a document is of a kind that does not exist.
        """
        objects = _objects_of(manifest)
        kinds = [kind_of(obj) for obj in objects]
        stored = [self._apply_one(kind, obj, namespace) for kind, obj in zip(kinds, objects)]
        return stored[0] if len(stored) == 1 else stored

    def _apply_one(self, kind: Kind, obj: Object, namespace: str) -> Object:
        inside = (meta.namespace(obj) or namespace) if kind.namespaced else ""
        name = meta.name(obj)
        wanted = with_last_applied(obj)
        current = self._existing(kind, inside, name) if name else None
        if current is None:
            return self._do(
                "apply", "POST", kind, inside, name, body=wanted, because="it does not exist yet: create it"
            )
        last = meta.annotations(current).get(LAST_APPLIED)
        patch = three_way_patch(kind, last, wanted, current)
        if not patch:
            return current
        return self._do(
            "apply",
            "PATCH",
            kind,
            inside,
            name,
            body=patch,
            content_type=f"application/{'merge' if kind.custom else 'strategic-merge'}-patch+json",
            because="it exists: change what differs",
        )

    def _existing(self, kind: Kind, namespace: str, name: str) -> Object | None:
        kv = self.etcd.get_at(kind.store_key(namespace, name))
        return decorated(kv) if kv else None

    @outside
    def delete(
        self, what: str, namespace: str = "default", *, grace_s: int | None = None, propagation: str = ""
    ) -> None:
        """Ask for the deletion of `"pod/web-1"`; it takes effect as the components do their part.

        Raises:
            ApiError: there is no such object, or it may not be deleted.
        """
        kind, name = _one(what)
        options: Object = {"kind": "DeleteOptions", "apiVersion": "v1"}
        if grace_s is not None:
            options["gracePeriodSeconds"] = grace_s
        if propagation:
            options["propagationPolicy"] = propagation
        self._do("delete", "DELETE", kind, _inside(kind, namespace), name, body=options)

    @outside
    def scale(self, what: str, replicas: int, namespace: str = "default") -> Object:
        """Set the number of replicas of `"deployment/web"`; returns the Scale.

        Raises:
            ApiError: there is no such object, or the number is refused.
        """
        kind, name = _one(what)
        return self._patch("scale", kind, namespace, name, {"spec": {"replicas": replicas}}, subresource="scale")

    @outside
    def label(self, what: str, *labels: str, namespace: str = "default") -> Object:
        """Set labels, `"zone=a"`, or remove them, `"zone-"`; returns the object."""
        kind, name = _one(what)
        return self._patch("label", kind, namespace, name, {"metadata": {"labels": _changes(labels)}})

    @outside
    def annotate(self, what: str, *annotations: str, namespace: str = "default") -> Object:
        """Set annotations, `"note=hello"`, or remove them, `"note-"`; returns the object."""
        kind, name = _one(what)
        return self._patch("annotate", kind, namespace, name, {"metadata": {"annotations": _changes(annotations)}})

    def _patch(
        self,
        verb: str,
        kind: Kind,
        namespace: str,
        name: str,
        patch: Object,
        *,
        subresource: str = "",
        because: str = "",
    ) -> Any:
        return self._do(
            verb,
            "PATCH",
            kind,
            _inside(kind, namespace),
            name,
            body=patch,
            subresource=subresource,
            content_type="application/merge-patch+json",
            because=because,
        )

    # -- nodes -----------------------------------------------------------------------------------------------------

    @outside
    def taint(self, node: str, *taints: str) -> Object:
        """Add taints, `"key=value:NoSchedule"`, or remove them with a trailing minus, `"key:NoSchedule-"` or `"key-"`.

        Returns the Node.

        Raises:
            ValueError: a taint cannot be read, is there already with another value, or is not there to be removed.
            ApiError: there is no such node.
        """
        current = self.get(f"node/{node}")
        wanted = changed_taints(edit.get(current, "spec.taints", []), taints)
        return self._patch(
            "taint", kind_of(current), "", node, {"spec": {"taints": wanted or None}}, because=", ".join(taints)
        )

    @outside
    def untaint(self, node: str, *taints: str) -> Object:
        """Remove taints, `"key:NoSchedule"` or `"key"`, with or without a trailing minus; returns the Node."""
        return self.taint(node, *(text if text.endswith("-") else text + "-" for text in taints))

    @outside
    def cordon(self, node: str) -> Object:
        """Mark a node unschedulable; pods that run there stay.  Returns the Node."""
        return self._patch("cordon", KINDS["nodes"], "", node, {"spec": {"unschedulable": True}})

    @outside
    def uncordon(self, node: str) -> Object:
        """Let a cordoned node take pods again.  Returns the Node."""
        return self._patch("uncordon", KINDS["nodes"], "", node, {"spec": {"unschedulable": None}})

    @outside
    def drain(self, node: str, *, timeout: str = "2m") -> list[str]:
        """Cordon a node and evict its pods, waiting for budgets as kubectl does; returns the keys of the evicted pods.

        Static pods and pods of a DaemonSet stay (`--ignore-daemonsets`).  A budget that forbids an eviction is asked
        again every 5 s of virtual time.

        Raises:
            ApiError: a pod could still not be evicted after `timeout`; what was evicted until then stays evicted.
        """
        self.cordon(node)
        evicted = []
        deadline = self.clock.now_ms + parse_duration(timeout)
        for pod in [pod for pod in self.get("pods", "*") if meta.node_name(pod) == node and _is_evictable(pod)]:
            self._evict(pod, deadline)
            evicted.append(meta.key(pod))
        self.loop.run_until(lambda: not any(self._exists(pod) for pod in evicted), max(0, deadline - self.clock.now_ms))
        return evicted

    def _evict(self, pod: Object, deadline_ms: int) -> None:
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": meta.name(pod), "namespace": meta.namespace(pod)},
        }
        while True:
            try:
                self._do(
                    "evict",
                    "POST",
                    kind_of(pod),
                    meta.namespace(pod),
                    meta.name(pod),
                    subresource="eviction",
                    body=body,
                )
                return
            except ApiError as refusal:
                if refusal.code == 404:
                    return
                if refusal.code != 429 or self.clock.now_ms + EVICTION_RETRY_MS > deadline_ms:
                    raise
            self.loop.run(EVICTION_RETRY_MS)

    def _exists(self, pod_key: str) -> bool:
        namespace, name = meta.split_key(pod_key)
        return self.etcd.get_at(f"/registry/pods/{namespace}/{name}") is not None

    @outside
    def add_node(
        self,
        name: str,
        cpu: str = "4",
        memory: str = "8Gi",
        pods: int = 110,
        zone: str | None = None,
        labels: Mapping[str, str] | None = None,
        taints: Iterable[str] = (),
    ) -> None:
        """Start a machine with a kubelet, which registers itself as Node `name`.

        Raises:
            ValueError: there is a node of that name, or nodes cannot be called so.
            QuantityError: `cpu` or `memory` is no quantity.
        """
        if problems := names.dns_subdomain(name):
            raise ValueError(f"a node cannot be called {name!r}: {problems[0]}")
        if any(meta.name(node) == name for node in self.get("nodes")):
            raise ValueError(f"there is already a node called {name}; choose another name")
        self.loop.record("add_node", f"nodes/{name}", f"a machine with {cpu} CPU and {memory} memory", actor="user")
        self._join(
            NodeSpec(
                name,
                cpu=cpu,
                memory=memory,
                pods=pods,
                zone=zone,
                labels=dict(labels or {}),
                taints=changed_taints([], tuple(taints)),
            )
        )
        self.loop.caused_by(None)

    @outside
    def remove_node(self, name: str) -> None:
        """Take a node away for good: its machine ends and its Node object is deleted.

        Raises:
            ApiError: there is no such node.
        """
        self.delete(f"node/{name}")
        self.kubelets.remove(name)
        self.processes.kubelets.pop(name, None)
        if "cloud-controller-manager" in self.components:
            self.cloud.end_machine(name)


def _objects_of(manifest: str | Object | list[Object]) -> list[Object]:
    """The objects of a manifest; lists of kind `List` are taken apart."""
    if isinstance(manifest, str):
        return manifests.parse(manifest)
    return manifests.parse(json.dumps([manifest] if isinstance(manifest, dict) else list(manifest)))


def _one(what: str) -> tuple[Kind, str]:
    kind, name = parse_reference(what)
    if not name:
        raise ValueError(f'name one object, such as "{kind.singular}/web", not only "{what}"')
    return kind, name


def _inside(kind: Kind, namespace: str) -> str:
    return namespace if kind.namespaced else ""


def _changes(texts: Iterable[str]) -> dict[str, str | None]:
    """Labels or annotations as kubectl takes them: `key=value` sets, `key-` removes."""
    changes: dict[str, str | None] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if equals:
            changes[key] = value
        elif text.endswith("-"):
            changes[text[:-1]] = None
        else:
            raise ValueError(f'{text!r}: write "key=value" to set it or "key-" to remove it')
    return changes


def _is_evictable(pod: Object) -> bool:
    owner = meta.controller_of(pod)
    static = "kubernetes.io/config.mirror" in meta.annotations(pod)
    return not static and not (owner and owner["kind"] == "DaemonSet") and not meta.is_deleting(pod)
