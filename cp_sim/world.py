"""A world: the chosen components around one loop, and the one outside who asks, looks and lets time pass.

Nothing here decides anything.  Every question of the user is a request to the API server, sent under the caller's
name, and the loop runs until the answer is there; looking (`get`, `at`, `explain`) reads the store and the trace and
changes nothing.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self, TypeVar
from urllib.parse import parse_qsl

from cp_sim import cloud_controller_manager
from cp_sim.apiserver import authentication
from cp_sim.apiserver.apiserver import ApiServer
from cp_sim.apiserver.request import ApiError, HttpRequest, Response
from cp_sim.apiserver.request import User as Caller
from cp_sim.assembly import Assembly
from cp_sim.client import ClusterNetwork
from cp_sim.cloud_controller_manager import Cloud
from cp_sim.etcd.disk import Disk
from cp_sim.etcd.etcd import Etcd
from cp_sim.etcd.etcdctl import Etcdctl
from cp_sim.etcd.opening import open_store, written_by
from cp_sim.etcd.snapshot import Snapshot
from cp_sim.etcd.store import CancelWatch, StoreAnswer
from cp_sim.fleet import Fleet, actor_of
from cp_sim.history import Explanation, Input, Past, parse_reference, read, subject_of
from cp_sim.kubelet import Kubelets, NodeSpec
from cp_sim.kubelet.staticpods import COMPONENTS as STATIC_PODS
from cp_sim.layout import (
    APISERVER,
    BALANCER,
    CLOUD_MANAGER,
    ETCD,
    KUBELET,
    MANAGER,
    SCHEDULER,
    SHORT,
    Layout,
    layout_of,
    layout_on,
)
from cp_sim.objects import meta
from cp_sim.objects.kinds import Kind, kind_of
from cp_sim.process import Process
from cp_sim.processes import Processes
from cp_sim.raft.messages import LEADER
from cp_sim.sim import Arrival, Chance, Clock, Links, Loop, Record, Trace, Turn, immutable, parse_duration
from cp_sim.user import User

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
# How long one who asks the store itself waits for its answer; etcd gives up after 7 s without a quorum.
STORE_PATIENCE_MS = 10_000
# How long changes may travel to the watches of the same one.
TOLD_PATIENCE_MS = 1_000
ZONES = ("a", "b", "c")  # the workers that a cluster starts with are spread over these


def outside(method: Face) -> Face:
    """Note each call of `method` from outside in the journal; what it calls itself is not noted again."""

    @functools.wraps(method)
    def noted(self: World, *args: Any, **kwargs: Any) -> Any:
        with self.turn:
            if self._depth == 0:
                self.loop.poll(wait=True)
                self.journal.append(Input(self.clock.now_ms, method.__name__, args, tuple(kwargs.items())))
            self._depth += 1
            try:
                return method(self, *args, **kwargs)
            finally:
                self._depth -= 1

    return noted  # type: ignore[return-value]


class World:
    """The components of a cluster, joined; see `Cluster` for the arguments."""

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
        etcd: str | None = None,
        etcd_members: int | None = None,
        leader_election: bool | None = None,
        store: Any = None,
        restore: Snapshot | None = None,
    ) -> None:
        self.components = _checked_components(components)
        layout = layout_of(control_planes, etcd, etcd_members) if store is None else layout_on(control_planes)
        if store is not None and (etcd or etcd_members):
            raise ValueError("a real etcd has its own members: leave out etcd and etcd_members")
        if workers < 0:
            raise ValueError(f"workers={workers}: a cluster cannot have fewer than no workers")
        self._made_with = {
            "control_planes": control_planes,
            "workers": workers,
            "seed": seed,
            "components": self.components,
            "order": order,
            "nodes": tuple(nodes),
            "scheduler_profiles": scheduler_profiles,
            "callers": callers,
            "etcd": etcd,
            "etcd_members": etcd_members,
            "leader_election": leader_election,
            "store": store,
            "restore": restore,
        }
        self.seed = seed
        self.clock = Clock(0 if restore is None else restore.time_ms)
        real = None if store is None else open_store(layout.members[0], store)
        # Processes that share a real etcd must not draw the same names from the same seed.
        self.chance = Chance(seed, real.salt if real is not None else "")
        self.trace = Trace()
        self.links = Links(self.clock, self.chance)
        self.loop = Loop(self.clock, self.chance, self.trace, order, ClusterNetwork(self.links))
        if not layout.plain:
            self.links.hosts["user"] = "user"
        self.journal: list[Input] = []
        self._depth = 0
        self.turn = Turn()
        self.user = User("user", layout.server)
        self.cloud = Cloud("cloud")
        given = {name: _caller(name, groups) for name, groups in (callers or {}).items()}
        elect = layout.replicated if leader_election is None else leader_election
        self.assembly = Assembly(layout, self.cloud, given, scheduler_profiles, elect, real=real)
        self.processes = Processes(self.assembly, self.links)
        self.kubelets: Kubelets | Fleet = Kubelets("kubelets")
        if self.layout.replicated:
            self.assembly.fleet = self.kubelets = Fleet(self.loop, self.layout.server)
        self._start(restore)
        if "kubelet" in self.components:
            for host in self.layout.hosts:
                self._join(control_plane(host, self.layout))
            for number in range(1, workers + 1):
                self._join(NodeSpec(f"worker-{number}", zone=ZONES[(number - 1) % len(ZONES)]))
            for spec in self._made_with["nodes"]:
                self._join(spec)
        self.loop.settle()

    def _start(self, snapshot: Snapshot | None) -> None:
        """Let the chosen components join the loop, the store first."""
        self.loop.add(self.user)
        self.loop.add(self.processes)
        for member in self.layout.members:
            disk = None if snapshot is None else Disk(backend=snapshot.restore(now_ms=self.clock.now_ms))
            self.processes.add(Process(member, ETCD, self.layout.host_of_member(member), disk=disk))
        if not self.layout.plain and self.assembly.adapter is None:
            self.loop.run_until(lambda: any(member.node.role == LEADER for member in self.members.values()))
        self._begin(APISERVER)
        if self.layout.replicated:
            self.loop.run_until(lambda: all(server.ready for server in self.apiservers.values()))
            self.processes.add(Process(BALANCER, BALANCER, BALANCER))
        if "cloud-controller-manager" in self.components:
            self.loop.add(self.cloud)
            for obj in cloud_controller_manager.MANIFEST:
                self._install(obj)
            self._begin(CLOUD_MANAGER)
        if "controller-manager" in self.components:
            self._begin(MANAGER)
        if "scheduler" in self.components:
            self._begin(SCHEDULER)
        if "kubelet" in self.components:
            self.assembly.kubelets = "kubelets"
            if isinstance(self.kubelets, Kubelets):
                self.loop.add(self.kubelets)

    def _begin(self, component: str) -> None:
        """Start the processes of a component, one on each control plane."""
        for host in self.layout.hosts:
            self.processes.add(Process(self.layout.name(component, host), component, host))

    def _install(self, obj: dict[str, Any]) -> None:
        """Create an object that the cluster is to have; a real etcd may hold it from an earlier run."""
        try:
            self._do("install", "POST", kind_of(obj), "", meta.name(obj), body=obj)
        except ApiError as refused:
            if refused.reason != "AlreadyExists":
                raise

    def _join(self, spec: NodeSpec) -> None:
        """Start a machine and the kubelet on it; the kubelet registers the Node."""
        if "cloud-controller-manager" in self.components:
            self.cloud.start_machine(spec.name, spec.zone or "")
            spec = dataclasses.replace(spec, cloud=True)
        self.kubelets.add(spec)
        name = actor_of(spec.name)
        actors = (name,) if isinstance(self.kubelets, Fleet) else ()
        self.processes.kubelets[spec.name] = Process(name, KUBELET, spec.name, actors=actors)
        if self.links.hosts:
            self.links.hosts.update(dict.fromkeys(actors, spec.name))

    # -- who is there ----------------------------------------------------------------------------------------------

    @property
    def layout(self) -> Layout:
        """Which control planes and members of the store there are, and how their processes are called."""
        return self.assembly.layout

    @property
    def etcd(self) -> Etcdctl:
        """The store as one outside sees it: to look at, and to ask as `etcdctl` does."""
        return Etcdctl(self)

    @property
    def store_actor(self) -> Any:
        """The store, as the member sees it that has seen most; of those that live, if any does. The adapter to a real
        etcd if the objects are kept there.
        """
        if self.assembly.adapter is not None:
            return self.assembly.adapter
        members = self.members
        living = [member for member in members.values() if member.name in self.loop.actors]
        return max(living or members.values(), key=lambda member: member.current_revision)

    @property
    def members(self) -> dict[str, Etcd]:
        """The simulated members of the store by name; of one that has ended, what was there when it did."""
        found: dict[str, Etcd] = {}
        if self.assembly.adapter is not None:
            return found
        for process in self.processes.of(ETCD):
            actor = self.loop.actors[process.name] if process.alive else process.remains
            assert isinstance(actor, Etcd)
            found[process.name] = actor
        return found

    @property
    def etcd_leader(self) -> str:
        """The member of the store that leads; of several that think so, the one of the latest term.  Empty if none."""
        leaders = [
            member
            for member in self.members.values()
            if self.processes.all[member.name].alive and not member.stopped and member.node.role == LEADER
        ]
        return max(leaders, key=lambda member: member.node.term).name if leaders else ""

    def leader_of(self, component: str) -> str:
        """The process that leads, of `"kube-scheduler"` or one of the managers; empty if none does.

        Where nobody stands for election the one process that runs leads.

        Raises:
            ValueError: there is no such component.
        """
        component = SHORT.get(component, component)
        if component == ETCD:
            return self.etcd_leader
        processes = self.processes.of(component)
        if not processes:
            raise ValueError(f"no process here is {component!r}; there are {', '.join(self.processes.all)}")
        for process in processes:
            elector = getattr(self.loop.actors.get(process.name), "elector", None)
            if process.alive and (elector.leading if elector is not None else not self.assembly.election):
                return process.name
        return ""

    @property
    def apiservers(self) -> dict[str, ApiServer]:
        """The API servers that run, by name."""
        running = [self.loop.actors[process.name] for process in self.processes.of(APISERVER) if process.alive]
        return {server.name: server for server in running if isinstance(server, ApiServer)}

    @property
    def apiserver(self) -> ApiServer:
        """The first API server that runs.

        Raises:
            LookupError: none does.
        """
        for server in self.apiservers.values():
            return server
        raise LookupError("no API server runs; restart one")

    def containers(self, node: str = "") -> list[RunningContainer]:
        """The containers that run now, whatever the API server may know of it; those of one node, or of all.

        *In Kubernetes:* `crictl ps` on the machine itself.
        """
        return [
            RunningContainer(machine.name, meta.key(run.pod), container.name)
            for machine in self.kubelets.nodes.values()
            if node in ("", machine.name) and not machine.off
            for run in machine.pods.values()
            for container in run.containers
            if container.state == "running"
        ]

    # -- asking ----------------------------------------------------------------------------------------------------

    def get(self, what: str, namespace: str = "default") -> Any:
        """One object for `"pod/web-1"`, a list for `"pods"`; looking changes nothing and costs no time.

        `namespace="*"` lists all namespaces.  *In Kubernetes:* `kubectl get -o json`, without the request.

        Raises:
            ApiError: there is no such object.
            UnknownKind: there is no such kind.
        """
        with self.turn:
            return read(self.etcd, what, namespace, self.revision)

    @property
    def revision(self) -> int:
        """The store's current revision: the number of writes so far, plus one."""
        with self.turn:
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

    @outside
    def ask_store(self, operation: Any, member: str = "") -> StoreAnswer:
        """A request of etcd's own API (`cp_sim.etcd.api`, `lease_api`, `maintenance`), put to a member of the store.

        *In Kubernetes:* what `etcdctl` asks, past the API server. A refusal is an answer with `error` and `code`; a
        member that does not answer gives `UNAVAILABLE`. `member` names the member's actor (empty: the first).
        """
        member = member or self.store_actor.name
        token = self.user.ask_store(member, operation)
        self.loop.caused_by(None)
        self.loop.run_until(lambda: token in self.user.told, STORE_PATIENCE_MS)
        told = self.user.told.pop(token, None)
        if told is None:
            return StoreAnswer(token, 0, False, error=f"{member} does not answer", code="UNAVAILABLE")
        subject = "" if told.error or self.trace.of_revision(told.revision) else written_by(operation, told.response)
        if subject:
            verb = type(operation).__name__.removesuffix("Request").lower()
            because = "asked of the store itself, past the API server"
            self.loop.record(verb, subject, because, revision=told.revision, actor="etcdctl")
        if self.user.heard:  # what its watches are told of the same write is on its way
            self.loop.run_until(lambda: all(to != self.user.name for to, *_ in self.loop.pending()), TOLD_PATIENCE_MS)
        return told

    @outside
    def watch_store(self, prefix: str, revision: int = 0, member: str = "") -> int:
        """Open a watch at a member of the store (empty: the first); returns its token. `cluster.etcd.watch` is the
        comfortable way.
        """
        token = self.user.watch_store(member or self.store_actor.name, prefix, revision)
        self.loop.caused_by(None)
        self.loop.run_until(lambda: bool(self.user.heard[token]), STORE_PATIENCE_MS)
        return token

    @outside
    def cancel_store_watch(self, token: int, member: str) -> None:
        """End a watch that `watch_store` has opened at `member`."""
        self.loop.send(member, CancelWatch(self.user.name, token))

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
            raise ApiError(response.body if response.status else {"code": 0, **response.body})
        return response.body

    # -- time ------------------------------------------------------------------------------------------------------

    @outside
    def settle(self) -> Self:
        """Run until nothing is left to do (heartbeats aside); returns the cluster.

        Raises:
            StillBusy: somebody never comes to rest; the message says who.
        """
        self.loop.settle()
        return self

    @outside
    def run(self, duration: str | int) -> Self:
        """Let `"40s"`, `"5m"` (or so many milliseconds) of virtual time pass; returns the cluster."""
        self.loop.run(parse_duration(duration))
        return self

    @outside
    def step(self) -> list[Record]:
        """Let one thing happen; returns what the trace says about it, an empty list when all is at rest.

        Events and heartbeats are written on the way; they do not count as things of their own.
        """
        return self.loop.step(_is_worth_a_step)


@immutable
class RunningContainer:
    """A container that runs on a node; `pod` is `namespace/name`."""

    node: str
    pod: str
    container: str


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


def _caller(name: str, groups: Iterable[str]) -> Caller:
    return Caller(name, (*groups, authentication.AUTHENTICATED))


def control_plane(name: str, layout: Layout) -> NodeSpec:
    """The machine of a control plane."""
    taint = {"key": CONTROL_PLANE_ROLE, "effect": "NoSchedule"}
    external = tuple(component for component in STATIC_PODS if component != ETCD) if layout.etcd == "external" else None
    labels = {CONTROL_PLANE_ROLE: ""}
    return NodeSpec(name, labels=labels, taints=[taint], control_plane=True, static_pods=external)
