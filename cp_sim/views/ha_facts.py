"""What the picture of several control planes asks: which process runs where and in what state, who leads, whom the
balancer sends to.

*In Kubernetes:* `kubectl get pods -n kube-system -o wide`, the Leases there, `etcdctl endpoint status`, and the
statistics page of the load balancer.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from cp_sim.objects import meta
from cp_sim.sim import immutable
from cp_sim.views import facts
from cp_sim.views.elections import ELECTED, LeaseFacts, leases
from cp_sim.views.palette import machine_of
from cp_sim.views.quorum import CRASHED, PAUSED, RUNNING, Group, group_of, natural
from cp_sim.views.terms import standings

ORDER = ("kube-apiserver", "etcd", "kube-scheduler", "kube-controller-manager", "cloud-controller-manager")
BALANCER = "load-balancer"
_KINDS = {"Request": "request", "Response": "answer", "WatchChange": "change", "StoreRequest": "request",
          "StoreAnswer": "answer", "WatchChanges": "change"}  # fmt: skip


@immutable
class ProcessFacts:
    """One process of the control plane: what it is, where, in what state, and one more thing to tell."""

    name: str
    component: str
    host: str
    state: str
    leads: bool = False
    note: str = ""


@immutable
class Backend:
    """An API server as the balancer sees it: whether it is sent new connections, how many lead there now."""

    server: str
    up: bool
    since_ms: int
    connections: int
    said: str = ""


@immutable
class ControlPlanes:
    """Everything the picture shows.  `past` says that only what the store and the trace keep is known."""

    hosts: tuple[str, ...]
    processes: tuple[ProcessFacts, ...]
    backends: tuple[Backend, ...] = ()
    balancer: str = RUNNING
    held: tuple[tuple[str, LeaseFacts], ...] = ()
    flights: tuple[tuple[str, str, str, int], ...] = ()
    apart: tuple[tuple[str, str], ...] = ()
    quorum: str = ""
    past: bool = False

    def on(self, host: str) -> list[ProcessFacts]:
        """The processes of a machine, from the top of the picture to its bottom."""
        return sorted((one for one in self.processes if one.host == host), key=lambda one: ORDER.index(one.component))

    def elsewhere(self) -> list[ProcessFacts]:
        """The processes that run on no control-plane node: members of an external store."""
        return [one for one in self.processes if one.host not in self.hosts]


def control_plane_hosts(cluster: Any) -> list[str]:
    """The control-plane nodes of a cluster, or of its past."""
    layout = getattr(cluster, "layout", None)
    named = {meta.name(node) for node in facts.listed(cluster, "nodes") if facts.is_control_plane(node)}
    if layout is not None and hasattr(cluster, "loop"):
        named |= set(layout.hosts)
    return sorted(named, key=natural)


def control_planes(cluster: Any) -> ControlPlanes:
    """What there is to show of a cluster, or of its past."""
    hosts = control_plane_hosts(cluster)
    held = leases(cluster)
    if not hasattr(cluster, "loop"):
        return _of_past(cluster, hosts, held)
    group = group_of(cluster)
    processes = [
        _process(cluster, process, held, group)
        for process in cluster.processes.all.values()
        if process.component in ORDER
    ]
    balancer = cluster.loop.actors.get(BALANCER)
    state = cluster.processes.all[BALANCER].state if BALANCER in cluster.processes.all else RUNNING
    return ControlPlanes(
        tuple(hosts), tuple(processes), _backends(balancer), _state(state), tuple(held.items()),
        _flights(cluster), _apart(cluster, hosts), group.quorum_words() if group else "",
    )  # fmt: skip


def _state(state: str) -> str:
    return state if state in (RUNNING, PAUSED) else CRASHED


def _process(cluster: Any, process: Any, held: dict[str, LeaseFacts], group: Group | None) -> ProcessFacts:
    state, component = _state(process.state), process.component
    leads, note = False, ""
    actor = cluster.loop.actors.get(process.name)
    if component == "etcd" and group is not None:
        member = next((one for one in group.members if one.name == process.name), None)
        if member is not None:
            leads = member.role == "leader" and member.state == RUNNING
            state = member.state
            note = f"{member.role or 'its disk'}, term {member.term}"
            note = f"learner, term {member.term}" if member.learner and state == RUNNING else note
    elif component == "kube-apiserver":
        waiting = len(getattr(actor, "in_flight", None) or ())
        note = f"{waiting} wait for etcd" if waiting else "nothing waits for etcd"
    elif component in held:
        elector = getattr(actor, "elector", None)
        lease = held[component]
        leads = state == RUNNING and lease.machine == process.host and getattr(elector, "leading", True)
        note = f"leads, renewed {lease.age_ms / 1000:.1f}s ago" if leads else "waits for the lease"
        if lease.machine == process.host and not leads:
            note = "its lease still runs" if not lease.expired else "its lease has run out"
    if state != RUNNING and component != "etcd":
        note = f"{process.state}" + (f"; {note}" if "lease" in note and "waits" not in note else "")
    return ProcessFacts(process.name, component, process.host, state, leads, note)


def _backends(balancer: Any) -> tuple[Backend, ...]:
    known = getattr(balancer, "backends", None)
    if not known:
        return ()
    lines = Counter(balancer.connected.values())
    return tuple(
        Backend(name, health.up, health.since_ms, lines[name], str(health.said)) for name, health in known.items()
    )


def clients_of(cluster: Any) -> dict[str, str]:
    """{client: backend} of the connections through the balancer."""
    balancer = getattr(getattr(cluster, "loop", None), "actors", {}).get(BALANCER)
    return dict(getattr(balancer, "connected", {}) or {})


def _flights(cluster: Any) -> tuple[tuple[str, str, str, int], ...]:
    found: Counter[tuple[str, str, str]] = Counter()
    for receiver, message, _, sender in cluster.loop.pending():
        kind = _KINDS.get(type(message).__name__)
        if kind:
            found[_end(sender), _end(receiver), kind] += 1
    return tuple((*key, found[key]) for key in sorted(found))


def _end(actor: str) -> str:
    """Whom an actor is drawn as: itself, or all kubelets together."""
    return "kubelets" if actor.startswith("kubelet") else actor


def _apart(cluster: Any, hosts: list[str]) -> tuple[tuple[str, str], ...]:
    """The pairs of control planes between which a link is cut in one direction at least."""
    links = getattr(getattr(cluster.loop, "network", None), "links", None)
    if links is None or not links.faults:
        return ()
    pairs = [(one, other) for place, one in enumerate(hosts) for other in hosts[place + 1 :]]
    return tuple(pair for pair in pairs if not (links.reaches(*pair) and links.reaches(*pair[::-1])))


def _of_past(cluster: Any, hosts: list[str], held: dict[str, LeaseFacts]) -> ControlPlanes:
    """What the store and the trace keep: the pods of the processes, the Leases, the members' roles."""
    told = {
        one.member: one
        for one in standings(getattr(cluster, "trace", None), facts.time_of(cluster), facts.revision_of(cluster))
    }
    pods = {meta.name(pod): pod for pod in facts.listed(cluster, "pods") if meta.namespace(pod) == "kube-system"}
    found = []
    for host in hosts:
        for component in ORDER:
            pod = pods.get(f"{component}-{host}")
            if pod is None:
                continue
            status = facts.pod_status(pod)
            leads, note = False, f"its pod: {status}"
            member = told.get(f"etcd-{host}") if component == "etcd" else None
            if member is not None:
                leads, note = member.role == "leader", f"{member.role}, term {member.term}"
            elif component in held and component in ELECTED:
                leads = held[component].machine == host
                note = f"holds the lease, renewed {held[component].age_ms / 1000:.1f}s before" if leads else note
            state = RUNNING if status in ("Running", "NotReady") else CRASHED
            found.append(ProcessFacts(f"{component}-{host}", component, host, state, leads, note))
    return ControlPlanes(tuple(hosts), tuple(found), held=tuple(held.items()), past=True)


def server_of(host: str) -> str:
    """The name of the API server of a control-plane node."""
    return f"kube-apiserver-{host}"


def host_of(server: str) -> str:
    """The control-plane node of a process."""
    return machine_of(server)
