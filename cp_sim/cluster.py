"""The public face: a cluster that people build, ask, break, rewind and fork.

`Cluster` assembles the components around one loop and speaks for a user outside: every change is a request to the API
server, sent under the user's name, and the loop runs until the answer is there.  Nothing here decides anything; what
a method does beyond sending requests is what `kubectl` does on the client's side (taint, cordon, drain, scale,
apply).
"""

from __future__ import annotations

import copy
import dataclasses
import functools
import importlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from cp_sim import cloud_controller_manager
from cp_sim.apiserver import authentication
from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.request import ApiError, HttpRequest, Response
from cp_sim.apiserver.request import User as Caller
from cp_sim.client import ClusterNetwork
from cp_sim.cloud_controller_manager import Cloud, CloudControllerManager
from cp_sim.controller_manager import ControllerManager
from cp_sim.etcd.etcd import Etcd
from cp_sim.history import Explanation, Input, Past, decorated, parse_reference, read, subject_of
from cp_sim.kubelet import Kubelets, NodeSpec
from cp_sim.objects import edit, manifests, meta, names
from cp_sim.objects.kinds import KINDS, Kind, kind_of
from cp_sim.objects.threeway import LAST_APPLIED, three_way_patch, with_last_applied
from cp_sim.scheduler import Scheduler
from cp_sim.sim import Arrival, Chance, Clock, Loop, Record, Trace, parse_duration
from cp_sim.taints import changed_taints
from cp_sim.user import User

Object = dict[str, Any]
Face = TypeVar("Face", bound=Callable[..., Any])

COMPONENTS = (
    "etcd",
    "apiserver",
    "scheduler",
    "controller-manager",
    "cloud-controller-manager",
    "kubelet",
)
CONTROL_PLANE_ROLE = "node-role.kubernetes.io/control-plane"
ZONES = ("a", "b", "c")  # the workers that a cluster starts with are spread over these
EVICTION_RETRY_MS = 5_000


def outside(method: Face) -> Face:
    """Note each call of `method` from outside in the journal; what it calls itself is not noted again."""

    @functools.wraps(method)
    def noted(self: Cluster, *args: Any, **kwargs: Any) -> Any:
        if self._depth == 0:
            self.journal.append(Input(self.clock.now_ms, method.__name__, args, tuple(kwargs.items())))
        self._depth += 1
        try:
            return method(self, *args, **kwargs)
        finally:
            self._depth -= 1

    return noted  # type: ignore[return-value]


class Cluster:
    """A Kubernetes cluster inside this process.

    Args:
        control_planes: how many control-plane nodes, named `control-plane-1`, ...; 1 for now.
        workers: how many worker nodes, named `worker-1`, ...
        seed: of all chance (names, uids, ties, delays); the same seed tells the same story.
        components: which of `COMPONENTS` run; `("etcd", "apiserver")` is a cluster in which nobody acts.
        order: in which order messages of one instant arrive; `shuffled(7)` explores other interleavings.
        nodes: further nodes as `NodeSpec`s.
        scheduler_profiles: a `KubeSchedulerConfiguration` as YAML text or dict.
        callers: further user names and their groups, `{"carol": ("dev",)}`, for `request(..., user="carol")`.

    Raises:
        ValueError: a size or a component that cannot be.
    """

    def __init__(
        self,
        control_planes: int = 1,
        workers: int = 3,
        seed: int = 0,
        *,
        components: Iterable[str] = COMPONENTS,
        order: Arrival | None = None,
        nodes: Iterable[NodeSpec] = (),
        scheduler_profiles: Any = None,
        callers: Mapping[str, tuple[str, ...]] | None = None,
    ) -> None:
        self.components = _checked_components(components)
        _check_sizes(control_planes, workers)
        self._made_with = {
            "control_planes": control_planes,
            "workers": workers,
            "seed": seed,
            "components": self.components,
            "order": order,
            "nodes": tuple(nodes),
            "scheduler_profiles": scheduler_profiles,
            "callers": callers,
        }
        self.seed = seed
        self.clock = Clock()
        self.chance = Chance(seed)
        self.trace = Trace()
        self.loop = Loop(self.clock, self.chance, self.trace, order, ClusterNetwork())
        self.journal: list[Input] = []
        self._depth = 0
        self.user = User("user")
        self.etcd = Etcd("etcd")
        self.apiserver = ApiServer("kube-apiserver")
        self.apiserver.given_users = {name: _caller(name, groups) for name, groups in (callers or {}).items()}
        self.cloud = Cloud("cloud")
        self.kubelets = Kubelets("kubelets")
        self._start(scheduler_profiles)
        if "kubelet" in self.components:
            for number in range(1, control_planes + 1):
                self._join(_control_plane(f"control-plane-{number}"))
            for number in range(1, workers + 1):
                self._join(NodeSpec(f"worker-{number}", zone=ZONES[(number - 1) % len(ZONES)]))
            for spec in self._made_with["nodes"]:
                self._join(spec)
        self.loop.settle()

    def _start(self, scheduler_profiles: Any) -> None:
        """Let the chosen components join the loop, the store first."""
        self.loop.add(self.user)
        self.loop.add(self.etcd)
        self.loop.add(self.apiserver)
        if "cloud-controller-manager" in self.components:
            self.loop.add(self.cloud)
            for obj in cloud_controller_manager.MANIFEST:
                self._do("install", "POST", kind_of(obj), "", meta.name(obj), body=obj)
            self.loop.add(CloudControllerManager(self.cloud))
        if "controller-manager" in self.components:
            self.loop.add(ControllerManager())
        if "scheduler" in self.components:
            self.loop.add(Scheduler(profiles=scheduler_profiles))
        if "kubelet" in self.components:
            self.loop.add(self.kubelets)

    def _join(self, spec: NodeSpec) -> None:
        """Start a machine and the kubelet on it; the kubelet registers the Node."""
        if "cloud-controller-manager" in self.components:
            self.cloud.start_machine(spec.name, spec.zone or "")
            spec = dataclasses.replace(spec, cloud=True)
        self.kubelets.add(spec)

    # -- asking ----------------------------------------------------------------------------------------------------

    def get(self, what: str, namespace: str = "default") -> Any:
        """One object for `"pod/web-1"`, a list for `"pods"`; looking changes nothing and costs no time.

        `namespace="*"` lists all namespaces.  *In Kubernetes:* `kubectl get -o json`, without the request.

        Raises:
            ApiError: there is no such object.
            UnknownKind: there is no such kind.
        """
        return read(self.etcd, what, namespace, self.revision)

    @property
    def revision(self) -> int:
        """The store's current revision: the number of writes so far, plus one."""
        return self.etcd.current_revision

    def at(self, revision: int) -> Past:
        """The cluster as it was at `revision`, to read and to draw.

        Raises:
            ValueError: the revision is in the future or was compacted.
        """
        oldest = max(1, self.etcd.compact_revision)
        if not oldest <= revision <= self.revision:
            raise ValueError(f"revision {revision} cannot be shown: the store holds {oldest} to {self.revision}")
        return Past(self.etcd, self.trace, revision)

    def explain(self, what: str, namespace: str = "default") -> Explanation:
        """Why `"pod/web-1"` is as it is: the chain of causes back to what somebody asked for.

        Objects that are gone can be explained too, as long as the trace remembers them.
        """
        kind, name = parse_reference(what)
        if not name:
            raise ValueError(f'explain wants one object, such as "{kind.singular}/web-1", not "{what}"')
        return Explanation(subject_of(kind, namespace, name), self.trace)

    @outside
    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
        user: str = "admin",
    ) -> Response:
        """A raw REST call, answered as the API server answers it; errors are answers too and raise nothing.

        `query` may also stand in the path.  A watch answers with the list of its changes, after `timeoutSeconds` of
        virtual time.  `user` names the caller: `admin`, `alice`, `node-1`, ...  *In Kubernetes:* `kubectl get --raw`.
        """
        path, _, in_path = path.partition("?")
        asked_for = {
            **dict(parse_qsl(in_path, keep_blank_values=True)),
            **{key: str(value) for key, value in (query or {}).items()},
        }
        asked = HttpRequest(method, path, asked_for, dict(headers or {}), body, user)
        return self._answer(asked, record=method.upper() not in ("GET", "HEAD", "OPTIONS"))

    def _answer(self, asked: HttpRequest, record: bool) -> Response:
        if record:
            self.loop.record(asked.method.upper(), asked.path, "a request from outside", actor=asked.caller)
        token = self.user.send(asked)
        self.loop.caused_by(None)
        self.loop.run_until(lambda: token in self.user.answers)
        response = self.user.take(token)
        if response is None:
            raise TimeoutError(f"{asked.method} {asked.path}: the API server did not answer")
        return response

    def _do(
        self,
        verb: str,
        method: str,
        kind: Kind,
        namespace: str,
        name: str,
        *,
        body: Any = None,
        subresource: str = "",
        content_type: str = "application/json",
        because: str = "",
    ) -> Any:
        """A request of the user behind one of the methods below; raises `ApiError` if it is refused."""
        self.loop.record(verb, subject_of(kind, namespace, name), because, actor="user")
        path = kind.path(namespace, "" if method == "POST" and not subresource else name, subresource)
        query = {} if method == "DELETE" else {"fieldValidation": "Strict"}  # as kubectl asks
        asked = HttpRequest(method, path, query, {"content-type": content_type}, body, "admin")
        response = self._answer(asked, record=False)
        if not response.ok:
            raise ApiError(response.body)
        return response.body

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
        if "cloud-controller-manager" in self.components:
            self.cloud.end_machine(name)

    # -- time ------------------------------------------------------------------------------------------------------

    @outside
    def settle(self) -> Cluster:
        """Run until nothing is left to do (heartbeats aside); returns the cluster.

        Raises:
            StillBusy: somebody never comes to rest; the message says who.
        """
        self.loop.settle()
        return self

    @outside
    def run(self, duration: str | int) -> Cluster:
        """Let `"40s"`, `"5m"` (or so many milliseconds) of virtual time pass; returns the cluster."""
        self.loop.run(parse_duration(duration))
        return self

    @outside
    def step(self) -> list[Record]:
        """Let one thing happen; returns what the trace says about it, an empty list when all is at rest.

        Events and heartbeats are written on the way; they do not count as things of their own.
        """
        return self.loop.step(_is_worth_a_step)

    def fork(self) -> Cluster:
        """A second, independent cluster that begins in exactly this state; objects are shared, never copied."""
        memo: dict[int, Any] = {id(value): value for value in self.etcd.all_values()}
        return copy.deepcopy(self, memo)

    def replay(self) -> Cluster:
        """A new cluster to which everything in the journal was done again; it ends in the same state."""
        made_with = copy.deepcopy(self._made_with)
        again = Cluster(**made_with)
        for asked in self.journal:
            try:
                getattr(again, asked.method)(*asked.args, **dict(asked.kwargs))
            except (ApiError, ValueError, LookupError):
                continue  # it was refused then, too
        return again

    # -- seeing ----------------------------------------------------------------------------------------------------

    def dashboard(self, **options: Any) -> Any:
        """The dashboard, to be the last line of a cell: pictures, controls, the slider over revisions, the log."""
        # Widgets are above this room; the one door upward is opened by name, when somebody asks for a picture.
        return importlib.import_module("cp_sim.widgets").dashboard(self, **options)

    def __repr__(self) -> str:
        return (
            f"<Cluster of {len(self.get('nodes'))} nodes, {len(self.get('pods', '*'))} pods, "
            f"revision {self.revision}, {self.clock.timestamp()}>"
        )


def _is_worth_a_step(record: Record) -> bool:
    return not record.subject.startswith(("events/", "leases/"))


def _checked_components(components: Iterable[str]) -> tuple[str, ...]:
    chosen = tuple(components)
    for name in chosen:
        if name not in COMPONENTS:
            raise ValueError(f"there is no component {name!r}; choose from {', '.join(COMPONENTS)}")
    for name in ("etcd", "apiserver"):
        if name not in chosen:
            raise ValueError(f"a cluster needs {name}: add it to components")
    return chosen


def _check_sizes(control_planes: int, workers: int) -> None:
    if control_planes != 1:
        raise ValueError(f"control_planes={control_planes}: a cluster has one control plane for now; leave it at 1")
    if workers < 0:
        raise ValueError(f"workers={workers}: a cluster cannot have fewer than no workers")


def _caller(name: str, groups: Iterable[str]) -> Caller:
    return Caller(name, (*groups, authentication.AUTHENTICATED))


def _objects_of(manifest: str | Object | list[Object]) -> list[Object]:
    """The objects of a manifest; lists of kind `List` are taken apart."""
    if isinstance(manifest, str):
        return manifests.parse(manifest)
    return manifests.parse(json.dumps([manifest] if isinstance(manifest, dict) else list(manifest)))


def _control_plane(name: str) -> NodeSpec:
    taint = {"key": CONTROL_PLANE_ROLE, "effect": "NoSchedule"}
    return NodeSpec(name, labels={CONTROL_PLANE_ROLE: ""}, taints=[taint], control_plane=True)


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
