"""What the scheduler believes about the cluster: nodes, pods on them (bound or assumed), and what plugins look up.

*In Kubernetes:* pkg/scheduler/backend/cache and the listers of the informers.  The real scheduler takes a snapshot
before each pod; here nothing can change while a pod is being placed, so that plugins read the cache itself.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import meta
from cp_sim.scheduler.node_table import Nodes, NodeTable
from cp_sim.scheduler.pod_index import PodIndex
from cp_sim.scheduler.pod_info import PodInfo
from cp_sim.scheduler.shared_work import SharedWork

Object = dict[str, Any]


class Cache:
    """Nodes and pods in columns and indexes, and a shelf for everything else that decisions depend on.

    `others` holds the remaining objects by plural (`services`, `replicasets.apps`, `poddisruptionbudgets.policy`,
    ...), then by key; `generation_of` counts the changes per plural.
    """

    def __init__(self) -> None:
        self.table = NodeTable()
        self.index = PodIndex(self.table)
        self.shared = SharedWork(self.table)
        self.pods: dict[str, PodInfo] = {}  # uid -> pod on a node
        self.node_of: dict[str, str] = {}  # uid -> node name
        self.on_node: dict[str, dict[str, PodInfo]] = {}  # node name -> uid -> pod
        self.assumed: dict[str, PodInfo] = {}  # uid -> pod placed, binding not confirmed yet
        self.priorities: dict[int, int] = {}  # priority -> pods on nodes that have it
        self.nominated: dict[str, dict[str, PodInfo]] = {}  # node name -> uid -> pod waiting for room
        self.others: dict[str, dict[str, Object]] = {}
        self.generation_of: dict[str, int] = {}
        self.promised: dict[str, str] = {}  # volume -> claim that a placed pod will bind to it
        self.allocating: dict[str, tuple[tuple[str, str, str], ...]] = {}  # claim -> devices of a placed pod
        self._by_namespace: dict[tuple[str, str], dict[str, Object]] = {}

    # -- nodes -------------------------------------------------------------------------------------------------------

    def put_node(self, node: Object) -> None:
        """Take over a node's newest state."""
        self.table.put_node(node)

    def remove_node(self, name: str) -> None:
        """Forget a node; its pods stay noted until they are deleted."""
        self.table.remove_node(name)

    def all_nodes(self) -> Nodes:
        """All present nodes in the scheduler's order."""
        return self.table.walk(0, len(self.table))

    # -- pods on nodes -----------------------------------------------------------------------------------------------

    def put_pod(self, pod: PodInfo, node: str) -> None:
        """Note a pod on a node, in place of what was known of it."""
        if pod.uid in self.pods:
            before = self.pods[pod.uid]
            if self.node_of[pod.uid] == node and self._same(before, pod):
                if before.start_time != pod.start_time:
                    self.table.log.note(self.table.row_of[node])  # who started later is a better victim
                self.pods[pod.uid] = self.on_node[node][pod.uid] = pod
                return
            self.remove_pod(pod.uid)
        row = self.table.ensure_row(node)
        self.table.add_pod(pod, row)
        self.index.add_pod(pod, row)
        self.pods[pod.uid] = pod
        self.node_of[pod.uid] = node
        self.on_node.setdefault(node, {})[pod.uid] = pod
        self.priorities[pod.priority] = self.priorities.get(pod.priority, 0) + 1

    def remove_pod(self, uid: str) -> PodInfo | None:
        """Forget a pod; returns what was known of it."""
        pod = self.pods.pop(uid, None)
        if pod is None:
            return None
        node = self.node_of.pop(uid)
        row = self.table.row_of[node]
        self.index.add_pod(pod, row, -1)
        self.table.remove_pod(pod, row)
        del self.on_node[node][uid]
        if not self.on_node[node]:
            del self.on_node[node]
        self.assumed.pop(uid, None)
        self.priorities[pod.priority] -= 1
        if not self.priorities[pod.priority]:
            del self.priorities[pod.priority]
        return pod

    def assume(self, pod: PodInfo, node: str) -> None:
        """Count a pod as placed although the API server has not confirmed it yet."""
        self.put_pod(pod, node)
        self.assumed[pod.uid] = pod

    def confirm(self, uid: str) -> None:
        """The API server has confirmed an assumed pod."""
        self.assumed.pop(uid, None)

    @staticmethod
    def _same(one: PodInfo, other: PodInfo) -> bool:
        same = one.facts is other.facts and one.labels == other.labels
        return same and one.terminating == other.terminating and one.priority == other.priority

    # -- nominations -------------------------------------------------------------------------------------------------

    def nominate(self, pod: PodInfo, node: str) -> None:
        """Note that `pod` waits for room on `node` that a preemption makes."""
        self.drop_nomination(pod.uid)
        self.nominated.setdefault(node, {})[pod.uid] = pod
        self._note_nominations(node)

    def drop_nomination(self, uid: str) -> None:
        """Forget where a pod waits for room."""
        for node, pods in list(self.nominated.items()):
            if pods.pop(uid, None) is not None:
                self._note_nominations(node)
                if not pods:
                    del self.nominated[node]

    def _note_nominations(self, node: str) -> None:
        """What is kept about a node does not hold any more when others wait for it."""
        if node in self.table.row_of:
            self.table.log.note(self.table.row_of[node])

    # -- everything else ---------------------------------------------------------------------------------------------

    def put(self, resource: str, obj: Object) -> None:
        """Take over the newest state of some other object."""
        self.others.setdefault(resource, {})[meta.key(obj)] = obj
        self._by_namespace.setdefault((resource, meta.namespace(obj)), {})[meta.name(obj)] = obj
        self.generation_of[resource] = self.generation_of.get(resource, 0) + 1
        if resource == "persistentvolumes" and obj["spec"].get("claimRef"):
            self.promised.pop(meta.name(obj), None)
        if resource == "namespaces" and self.index.namespaces.get(meta.name(obj)) != meta.labels(obj):
            self.index.namespaces[meta.name(obj)] = meta.labels(obj)
            self.index.namespaces_changed()

    def remove(self, resource: str, obj: Object) -> None:
        """Forget some other object."""
        self.others.get(resource, {}).pop(meta.key(obj), None)
        self._by_namespace.get((resource, meta.namespace(obj)), {}).pop(meta.name(obj), None)
        self.generation_of[resource] = self.generation_of.get(resource, 0) + 1
        if resource == "persistentvolumes":
            self.promised.pop(meta.name(obj), None)
        if resource == "namespaces":
            self.index.namespaces.pop(meta.name(obj), None)
            self.index.namespaces_changed()

    def listed(self, resource: str) -> list[Object]:
        """All other objects of a plural, in the order in which they came."""
        return list(self.others.get(resource, {}).values())

    def in_namespace(self, resource: str, namespace: str) -> list[Object]:
        """The other objects of a plural in one namespace."""
        return list(self._by_namespace.get((resource, namespace), {}).values())

    def in_class(self, name: str) -> list[Object]:
        """The persistent volumes of a storage class."""
        return [one for one in self.listed("persistentvolumes") if (one["spec"].get("storageClassName") or "") == name]

    def get(self, resource: str, key: str) -> Object | None:
        """One other object, or None."""
        return self.others.get(resource, {}).get(key)
