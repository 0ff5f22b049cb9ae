"""What is to be different: the pod, the nodes, the other pods; each change with its words for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cp_sim.apiserver.request import ApiError
from cp_sim.objects import edit, kinds, manifests, meta, strict, validation
from cp_sim.scheduler.prepare import completed, prepared
from cp_sim.what_if.cluster_changes import ClusterChanges
from cp_sim.what_if.pod_changes import PodChanges
from cp_sim.what_if.thought import Objects
from cp_sim.why_not import near

Object = dict[str, Any]
POD_CHANGES = ("requests", "labels", "node_selector", "tolerations", "affinity", "priority", "patch")
CLUSTER_CHANGES = ("add_node", "remove_node", "cordon", "uncordon", "taint", "label_node", "without")


class Changes:
    """Reads the arguments of a what-if; `original` is the pod as it is, `words` what was changed.

    Raises:
        LookupError: there is no such pod, workload or node; names the near ones.
        ValueError: something cannot be read; says what to write.
    """

    def __init__(self, world: Any, what: Any, namespace: str, changes: Mapping[str, Any]) -> None:
        self.changes = {name: change for name, change in changes.items() if change is not None}
        self.namespace = namespace
        self.words: list[str] = []
        self.objects = Objects.of(world)
        self.classes = {meta.name(one): one for one in listed_or_none(world, "priorityclasses.scheduling.k8s.io")}
        self.runtimes = {meta.name(one): one for one in listed_or_none(world, "runtimeclasses.node.k8s.io")}
        self.original = self._pod(world, what)
        self.title = f"pod {meta.name(self.original)}"

    # -- the pod -----------------------------------------------------------------------------------------------------

    def _pod(self, world: Any, what: Any) -> Object:
        """The pod asked about: one that is there, the next one of a workload, or one of a manifest."""
        if isinstance(what, str) and "\n" not in what and "{" not in what:
            found = self._existing(world, what)
            if not isinstance(found, dict):
                raise ValueError(f'what_if is about one pod, such as "pod/web-1" or "deployment/web", not "{what}"')
            if kinds.find(what.partition("/")[0]).plural == "pods":
                return found
            return self._admitted(template_of(found, what))
        documents = manifests.parse(what if isinstance(what, str) else json.dumps([what]))
        if len(documents) != 1:
            raise ValueError(f"what_if is about one pod; this manifest has {len(documents)} documents")
        made = documents[0]
        return self._admitted(made if made.get("kind") == "Pod" else template_of(made, "the manifest"))

    def _existing(self, world: Any, what: str) -> Any:
        try:
            return world.get(what, self.namespace)
        except ApiError as wrong:
            word, _, name = what.partition("/")
            known = [meta.name(one) for one in world.get(word, self.namespace)]
            kind = kinds.find(word).singular
            raise LookupError(f"there is no {kind} {name} in namespace {self.namespace}{near(name, known)}") from wrong

    def _admitted(self, pod: Object) -> Object:
        """The pod as the API server would let it in."""
        if not meta.namespace(pod):
            pod = edit.put(pod, "metadata.namespace", self.namespace)
        kind = kinds.find("pods")
        try:
            problems = strict.decode(kind, pod).problems
            ready = prepared(completed(pod), self.classes, self.runtimes)
        except strict.DecodeError as wrong:
            raise ValueError(f"pod {meta.name(pod)}: {wrong}") from wrong
        if problems:
            raise ValueError(f"pod {meta.name(pod)}: {', '.join(problems)}")
        causes = validation.on_create(kind, ready)
        if causes:
            raise ValueError(validation.message(kind, meta.name(ready), causes))
        return ready

    def changed_pod(self) -> Object:
        """The pod with its changes, admitted anew."""
        pod = self.original
        done = len(self.words)
        changes = PodChanges(self.classes, self.words)
        for name in POD_CHANGES:
            if name in self.changes:
                pod = getattr(changes, name)(pod, self.changes[name])
        if len(self.words) == done:
            return pod
        where = meta.node_name(pod)
        admitted = self._admitted(edit.drop(pod, "spec.nodeName") if where else pod)
        return edit.put(admitted, "spec.nodeName", where) if where else admitted

    def changed_objects(self) -> Objects:
        """Nodes and pods with their changes."""
        nodes, pods = dict(self.objects.nodes), dict(self.objects.pods)
        changes = ClusterChanges(nodes, pods, self.namespace, self.words)
        for name in CLUSTER_CHANGES:
            if name in self.changes:
                getattr(changes, name)(self.changes[name])
        return Objects(nodes, pods, self.objects.others)


def listed_or_none(world: Any, resource: str) -> list[Object]:
    """All objects of a resource, none where it cannot be asked for."""
    try:
        return list(world.get(resource))
    except (ApiError, kinds.UnknownKind):
        return []


def template_of(obj: Object, what: str) -> Object:
    """A pod as a workload would make it next."""
    template = edit.get(obj, "spec.template") or edit.get(obj, "spec.jobTemplate.spec.template")
    if not template:
        raise ValueError(f'what_if is about pods, such as "pod/web-1" or "deployment/web"; {what} makes none')
    metadata = {**(template.get("metadata") or {}), "name": f"{meta.name(obj)}-next", "namespace": meta.namespace(obj)}
    owner = {"apiVersion": obj.get("apiVersion"), "kind": obj["kind"], "name": meta.name(obj), "controller": True,
             "uid": meta.uid(obj) or "none"}  # fmt: skip
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "ownerReferences": [owner]},
        "spec": template["spec"],
    }
