"""Changes of what is around the pod: nodes more or less, cordoned, tainted, labelled; other pods that are not there."""

from __future__ import annotations

from typing import Any

from cp_sim.kubelet import NodeSpec
from cp_sim.kubelet.spec import node_object
from cp_sim.objects import edit, meta, names
from cp_sim.taints import changed_taints
from cp_sim.what_if.reading import merged, pairs, several
from cp_sim.why_not import near

Object = dict[str, Any]
UNSCHEDULABLE = "node.kubernetes.io/unschedulable"
NODE_FIELDS = ("name", "cpu", "memory", "pods", "zone", "labels", "taints")


class ClusterChanges:
    """Each method is a change of a what-if: it changes `nodes` and `pods`, and says it in `words`."""

    def __init__(self, nodes: dict[str, Object], pods: dict[str, Object], namespace: str, words: list[str]) -> None:
        self.nodes = nodes
        self.pods = pods
        self.namespace = namespace
        self.words = words

    def without(self, pods: Any) -> None:
        """These pods are not there."""
        for one in several(pods):
            name = str(one).removeprefix("pods/").removeprefix("pod/")
            key = name if "/" in name else f"{self.namespace}/{name}"
            if key not in self.pods:
                raise LookupError(f"there is no pod {key}{near(key, self.pods)}")
            del self.pods[key]
            self.words.append(f"without pod {name}")

    def add_node(self, nodes: Any) -> None:
        """A name, the arguments of `Cluster.add_node` as a dict, or a Node's manifest."""
        for one in several(nodes):
            node = one if isinstance(one, dict) and one.get("kind") == "Node" else made_node(one)
            if meta.name(node) in self.nodes:
                raise ValueError(f"there is already a node called {meta.name(node)}; choose another name")
            self.nodes[meta.name(node)] = node
            room = (node.get("status") or {}).get("allocatable") or {}
            self.words.append(f"a node more: {meta.name(node)} ({room.get('cpu')} cpu, {room.get('memory')} memory)")

    def remove_node(self, nodes: Any) -> None:
        """These nodes are gone, and the pods on them."""
        for name in several(nodes):
            self._node(name)
            del self.nodes[name]
            for key, pod in list(self.pods.items()):
                if meta.node_name(pod) == name:
                    del self.pods[key]
            self.words.append(f"without node {name} and its pods")

    def cordon(self, nodes: Any) -> None:
        """These nodes take no new pods."""
        for name in several(nodes):
            self.nodes[name] = edit.put(self._node(name), "spec.unschedulable", True)
            self.words.append(f"{name} cordoned")

    def uncordon(self, nodes: Any) -> None:
        """These nodes take new pods again."""
        for name in several(nodes):
            node = edit.drop(self._node(name), "spec.unschedulable")
            taints = [one for one in (node.get("spec") or {}).get("taints") or () if one.get("key") != UNSCHEDULABLE]
            self.nodes[name] = edit.put(node, "spec.taints", taints)
            self.words.append(f"{name} uncordoned")

    def taint(self, taints: Any) -> None:
        """`{"worker-1": "gpu=true:NoSchedule"}`; a trailing minus removes, as in kubectl."""
        for name, texts in pairs("taint", taints, '{"worker-1": "gpu=true:NoSchedule"}'):
            node = self._node(name)
            present = (node.get("spec") or {}).get("taints") or []
            self.nodes[name] = edit.put(node, "spec.taints", changed_taints(present, several(texts)))
            self.words += [f"{name} {with_or_without('taint', text)}" for text in several(texts)]

    def label_node(self, labels: Any) -> None:
        """`{"worker-1": "disk=ssd"}`; a trailing minus removes, as in kubectl."""
        for name, texts in pairs("label_node", labels, '{"worker-1": "disk=ssd"}'):
            node = self._node(name)
            changed = {}
            for text in several(texts):
                key, equals, value = str(text).partition("=")
                if not equals and not key.endswith("-"):
                    raise ValueError(f'{text!r} is no label: write "key=value", or "key-" to remove it')
                changed[key if equals else key[:-1]] = value if equals else None
                self.words.append(f"{name} {with_or_without('label', text)}")
            self.nodes[name] = edit.put(node, "metadata.labels", merged(meta.labels(node), changed))

    def _node(self, name: str) -> Object:
        if name not in self.nodes:
            raise LookupError(f"there is no node {name}{near(name, self.nodes)}")
        return self.nodes[name]


def made_node(given: Any) -> Object:
    """A node as `Cluster.add_node` would make it."""
    arguments = {"name": given} if isinstance(given, str) else dict(given)
    name = arguments.pop("name", "")
    if problems := names.dns_subdomain(name):
        raise ValueError(f"a node cannot be called {name!r}: {problems[0]}")
    for unknown in [one for one in arguments if one not in NODE_FIELDS]:
        raise ValueError(f"a node of a what-if has no {unknown!r}{near(unknown, NODE_FIELDS)}")
    taints = changed_taints([], several(arguments.pop("taints", [])))
    return node_object(NodeSpec(name, taints=taints, **arguments), "", "", {})


def with_or_without(what: str, text: str) -> str:
    """A change as kubectl writes it, in words: a trailing minus removes."""
    return f"without {what} {text[:-1]}" if text.endswith("-") else f"with {what} {text}"
