"""The actor `node-lifecycle-controller`: who was heard of when, which zone may be evicted how fast."""

from __future__ import annotations

from typing import Any

from cp_sim.client.controller import Controller
from cp_sim.client.informer import Informers, by_node
from cp_sim.client.plan import NOTHING, Plan
from cp_sim.controller_manager import nodelifecycle
from cp_sim.controller_manager.times import at_ms
from cp_sim.controller_manager.zones import Zone, handle_disruption, zone_key
from cp_sim.objects.edit import get
from cp_sim.objects.meta import condition, name, namespace
from cp_sim.sim import immutable

Object = dict[str, Any]

LEASES = "kube-node-lease"
TAINTING_PERIOD_MS = 100


@immutable
class Monitor:
    """Time to look at the health of all nodes."""


@immutable
class Taint:
    """Time to see whether a zone may have another node tainted."""


class NodeLifecycleController(Controller):
    """Watches leases and statuses; nodes that fall silent become Unknown and tainted, and their pods go.

    The cost of one look is that of the nodes in trouble: the others are known to have been heard of in time.

    *In Kubernetes:* `node-lifecycle-controller` in kube-controller-manager.  Flags: `--node-monitor-period` (5 s),
    `--node-monitor-grace-period` (50 s), `--node-startup-grace-period` (60 s).
    """

    resource = "nodes"

    def __init__(
        self,
        informers: Informers,
        period_ms: int = nodelifecycle.MONITOR_PERIOD_MS,
        grace_ms: int = nodelifecycle.GRACE_MS,
        startup_grace_ms: int = nodelifecycle.STARTUP_GRACE_MS,
    ) -> None:
        super().__init__(
            "node-lifecycle-controller",
            informers,
            "system:serviceaccount:kube-system:node-controller",
            "node-controller",
        )
        self.period_ms = period_ms
        self.grace_ms = grace_ms
        self.startup_grace_ms = startup_grace_ms
        self.next_look_ms = 0
        self.heard: dict[str, int] = {}  # node -> time of the look at which it was heard of, oldest first
        self.states: dict[str, tuple[str, bool | None]] = {}  # node -> (zone, ready)
        self.zones: dict[str, Zone] = {}
        self.in_trouble: dict[str, None] = {}  # not ready, or tainted
        self.registered: dict[str, Object] = {}
        self.silent: dict[str, None] = {}
        self.let_through: dict[str, None] = {}
        self.reachable: dict[str, None] = {}

    def setup(self) -> None:
        self.pods = self.informers.of("pods").index("node", by_node)
        self.nodes = self.informers.of("nodes").on_change(self, "node_changed")
        self.leases = self.informers.of("leases.coordination.k8s.io").on_change(self, "lease_changed")
        self.loop.after(0, self.name, Monitor(), background=True)

    def notice(self, message: Any) -> None:
        if isinstance(message, Monitor):
            self._look()
            self.next_look_ms = self.loop.clock.now_ms + self.period_ms
            self.loop.after(self.period_ms, self.name, message, background=True)
        elif isinstance(message, Taint):
            self._let_through()
        else:
            super().notice(message)

    # -- what it hears -------------------------------------------------------------------------------------------------

    def lease_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A kubelet has renewed its lease."""
        if namespace(new) == LEASES and change != "DELETED":
            if old is None or get(old, "spec.renewTime") != get(new, "spec.renewTime"):
                self._hear(name(new))

    def _hear(self, node: str) -> None:
        self.heard.pop(node, None)
        self.heard[node] = max(self.next_look_ms, self.loop.clock.now_ms)

    def node_changed(self, change: str, old: Object | None, new: Object) -> None:
        """A Node came, changed or went."""
        if change == "DELETED":
            self._forget(name(new))
            return
        before, now = condition(old or {}, "Ready"), condition(new, "Ready")
        if (now is not None and (before or {}).get("lastHeartbeatTime") != now.get("lastHeartbeatTime")) or old is None:
            self._hear(name(new))
        status = nodelifecycle.ready_status(new)
        self._count(name(new), zone_key(new), status == "True" if status else None)
        if status != "True" or nodelifecycle.is_tainted(new):
            self.in_trouble[name(new)] = None
        else:
            self.in_trouble.pop(name(new), None)
            self.silent.pop(name(new), None)
        self.enqueue(name(new))

    def _count(self, node: str, zone: str, ready: bool | None) -> None:
        before = self.states.get(node)
        if before == (zone, ready):
            return
        if before is not None:
            self.zones[before[0]].count(before[1], -1)
        self.states[node] = (zone, ready)
        self.zones.setdefault(zone, Zone()).count(ready, 1)

    def _forget(self, node: str) -> None:
        state = self.states.pop(node, None)
        if state is not None:
            zone = self.zones[state[0]]
            zone.count(state[1], -1)
            zone.waiting.pop(node, None)
        for kept in (self.heard, self.in_trouble, self.silent, self.let_through, self.reachable):
            kept.pop(node, None)

    # -- the look at all nodes ----------------------------------------------------------------------------------------

    def _look(self) -> None:
        """*In Kubernetes:* `monitorNodeHealth`, every five seconds."""
        if not self.informers.synced:
            return
        self._register()
        turn_taken = False
        for node in self._suspects():
            status = self._judge(node)
            if status == "True":
                self._mark_reachable(node)
            elif status and self._mark_for_tainting(node) and not turn_taken:
                # The loop that taints runs beside this one: it gets its turn before the zones are judged.
                turn_taken = True
                self._let_through(only=self.states[name(node)][0])
        self._judge_zones()
        if any(zone.waiting for zone in self.zones.values()):
            self.loop.after(TAINTING_PERIOD_MS, self.name, Taint())

    def _register(self) -> None:
        """Tell of nodes that are new and of those that are gone."""
        if len(self.registered) == len(self.nodes.objects) and all(name_ in self.registered for name_ in self.states):
            return
        for node in self.nodes.list():
            if name(node) not in self.registered:
                self.registered[name(node)] = node
                text = f"Node {name(node)} event: Registered Node {name(node)} in Controller"
                self.recorder.emit(node, "Normal", "RegisteredNode", text)
        for known in [known for known in self.registered if self.nodes.get(known) is None]:
            text = f"Node {known} event: Removing Node {known} from Controller"
            self.recorder.emit(self.registered.pop(known), "Normal", "RemovingNode", text)

    def _suspects(self) -> list[Object]:
        """The nodes that are in trouble already, and those that were not heard of for the grace period."""
        now_ms = self.loop.clock.now_ms
        names = dict(self.in_trouble)
        for node, heard_ms in self.heard.items():
            if heard_ms + self.grace_ms >= now_ms:
                break
            names[node] = None
        found = (self.nodes.get(node) for node in sorted(names))
        return [node for node in found if node is not None]

    def _judge(self, node: Object) -> str:
        """The node's Ready status, as it is or as it will be in a moment because it has fallen silent."""
        status = nodelifecycle.ready_status(node)
        now_ms = self.loop.clock.now_ms
        if status:
            is_silent = now_ms > self.heard.get(name(node), 0) + self.grace_ms
        else:
            is_silent = now_ms > (at_ms(node["metadata"].get("creationTimestamp")) or 0) + self.startup_grace_ms
        if is_silent:
            if nodelifecycle.with_unknown_conditions(node, now_ms) is not node:
                self.silent[name(node)] = None
                self.enqueue(name(node))
            self._count(name(node), zone_key(node), False)
            return "Unknown"
        return status

    def _mark_reachable(self, node: Object) -> None:
        zone = self.zones[self.states[name(node)][0]]
        zone.waiting.pop(name(node), None)
        self.let_through.pop(name(node), None)
        if nodelifecycle.is_tainted(node):
            self.reachable[name(node)] = None
            self.enqueue(name(node))

    def _mark_for_tainting(self, node: Object) -> bool:
        """Put a node in its zone's queue, unless it is tainted; the other taint is changed at once."""
        if nodelifecycle.is_tainted(node):
            wanted = (
                nodelifecycle.NOT_READY if nodelifecycle.ready_status(node) == "False" else nodelifecycle.UNREACHABLE
            )
            if not nodelifecycle.has_taint(node, wanted, "NoExecute"):
                self.let_through[name(node)] = None
                self.enqueue(name(node))
            return False
        if name(node) in self.let_through:
            return False
        zone = self.zones[self.states[name(node)][0]]
        if name(node) in zone.waiting:
            return False
        zone.waiting[name(node)] = None
        return True

    def _judge_zones(self) -> None:
        outcome = handle_disruption(self.zones, self.loop.clock.now_ms)
        if outcome == "entered":
            for zone in self.zones.values():
                zone.waiting.clear()
            for node in self.nodes.list():
                if nodelifecycle.is_tainted(node):
                    self.reachable[name(node)] = None
                    self.enqueue(name(node))
        elif outcome == "left":
            for known in list(self.heard):
                self._hear(known)

    def _let_through(self, only: str | None = None) -> None:
        """*In Kubernetes:* `doNoExecuteTaintingPass`, every 100 ms."""
        now_ms = self.loop.clock.now_ms
        next_ms: list[int] = []
        for key_, zone in self.zones.items():
            if only is not None and key_ != only:
                continue
            node = zone.take(now_ms)
            if node is not None:
                self.let_through[node] = None
                self.enqueue(node)
            if zone.waiting and zone.interval_ms is not None:
                next_ms.append(zone.token_at_ms)
        if next_ms and only is None:
            self.loop.after(max(TAINTING_PERIOD_MS, min(next_ms) - now_ms), self.name, Taint(), background=True)

    # -- what it does --------------------------------------------------------------------------------------------------

    def reconcile(self, key_: str) -> Plan:
        node = self.nodes.get(key_)
        if node is None:
            return NOTHING
        status = nodelifecycle.ready_status(node)
        may_evict = key_ in self.let_through and status in ("False", "Unknown")
        reachable = key_ in self.reachable
        plan = nodelifecycle.reconcile(
            node,
            self.pods.where("node", key_),
            self.loop.clock.now_ms,
            silent=key_ in self.silent,
            may_evict=may_evict,
            reachable=reachable,
        )
        self.silent.pop(key_, None)
        if may_evict and nodelifecycle.is_tainted(node):
            self.let_through.pop(key_, None)
        if reachable and not nodelifecycle.is_tainted(node):
            self.reachable.pop(key_, None)
        return plan
