"""Several control planes side by side: the balancer in front, a column for each machine, who leads in each of them.

*In Kubernetes:* the stacked topology of kubernetes.io/docs/setup/production-environment/tools/kubeadm/ha-topology: on
each control-plane node an API server that talks to the etcd member beside it, and a scheduler and managers that talk
to the API server beside them; of these one of each works, elected by a Lease.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from cp_sim.objects import meta
from cp_sim.views import facts
from cp_sim.views.elections import LeaseFacts
from cp_sim.views.facts import many
from cp_sim.views.ha_facts import BALANCER, Backend, ControlPlanes, ProcessFacts, clients_of, control_planes, server_of
from cp_sim.views.lettering import fit, styled, width_of
from cp_sim.views.palette import ACTORS
from cp_sim.views.quorum import CRASHED, PAUSED, RUNNING
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View

WIDTH, GAP = 960.0, 10.0
BALANCER_TOP, BALANCER_HIGH = 86.0, 44.0
COLUMN_TOP, HEAD, PART, PART_GAP = 176.0, 44.0, 38.0, 5.0
PER_ROW = 7
LEASE_ROW = 20.0
SIGNS = {RUNNING: ("●", "green"), PAUSED: ("‖", "grey"), CRASHED: ("✕", "red")}
SHORT = {
    "kube-apiserver": "API server", "etcd": "etcd", "kube-scheduler": "scheduler",
    "kube-controller-manager": "controller manager", "cloud-controller-manager": "cloud manager",
}  # fmt: skip


def ha_control_plane(cluster: Any) -> View:
    """The control planes of a cluster, or of its past: of that only what the store and the trace keep."""
    known = control_planes(cluster)
    sketch = Sketch("The control planes: who is up, who leads, and where requests go")
    picture = _Picture(sketch, known)
    picture.clients(cluster)
    picture.balancer(cluster)
    nodes = {meta.name(node): node for node in facts.listed(cluster, "nodes")}
    for place, host in enumerate(known.hosts):
        picture.column(host, nodes.get(host), place)
    bottom = picture.store(picture.bottom() + 12)
    picture.leases(bottom)
    return sketch.view(as_text(known, facts.time_of(cluster), facts.revision_of(cluster)))


class _Picture:
    """Puts the parts of one picture on the sketch, each in its place."""

    def __init__(self, sketch: Sketch, known: ControlPlanes) -> None:
        self.sketch, self.known = sketch, known
        self.count = max(1, min(PER_ROW, len(known.hosts)))
        self.wide = (WIDTH - GAP * (self.count - 1)) / self.count if self.count > 1 else WIDTH / 2
        self.rows = max((len(known.on(host)) for host in known.hosts), default=5)
        self.flights = {(sender, to, kind): count for sender, to, kind, count in known.flights}

    def left(self, place: int) -> float:
        """The left edge of a column."""
        return (place % PER_ROW) * (self.wide + GAP)

    def bottom(self) -> float:
        """The lower edge of the columns."""
        return COLUMN_TOP + HEAD + self.rows * (PART + PART_GAP) + 4

    # -- clients and balancer ----------------------------------------------------------------------------------

    def clients(self, cluster: Any) -> None:
        nodes = len(facts.listed(cluster, "nodes"))
        lines = Counter("user" if client.startswith("user") else "kubelets" for client in clients_of(cluster))
        for name, left, wide, head, words in (
            ("user", 150.0, 190.0, "user", "kubectl, or a cell"),
            ("kubelets", 560.0, 250.0, "kubelets", f"on {many(nodes, 'node')}"),
        ):
            colour, shape = ACTORS["user" if name == "user" else "kubelet"]
            small = words + (f" · {many(lines[name], 'connection')}" if lines[name] else "")
            self.sketch.box(
                f"component/{name}", left, 0, wide, 44, [styled("title", head), styled("small", small)], shape=shape,
                fill=f"{colour}-tint", edge=colour, pen=1.4, align="n", kind="component",
                detail=f"{head}: {small}; all go through the balancer",
            )  # fmt: skip
            middle = left + wide / 2
            self._way(f"requests/{name}", name, BALANCER, (middle, 44), (middle, BALANCER_TOP), colour)

    def _way(
        self, identity: str, one: str, other: str, begin: tuple[float, float], end: tuple[float, float], colour: str
    ) -> None:
        """An arrow that says what is on its way between two ends."""
        there = self.flights.get((one, other, "request"), 0)
        back = [(kind, self.flights.get((other, one, kind), 0)) for kind in ("answer", "change")]
        words = [many(there, "request")] if there else []
        words += [many(count, kind) for kind, count in back if count]
        busy = bool(words)
        self.sketch.arrow(
            identity, begin, end, colour=colour if busy else "grey", pen=2.2 if busy else 1,
            both=any(count for _, count in back), kind="requests", detail=", ".join(words) or "nothing on its way",
        )  # fmt: skip
        if busy:
            middle = (begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2
            self.sketch.pill(f"{identity}#label", middle, ", ".join(words), colour)

    def balancer(self, cluster: Any) -> None:
        known, sketch = self.known, self.sketch
        down = known.balancer != RUNNING
        sign, colour = SIGNS[known.balancer]
        sketch.region(
            f"component/{BALANCER}", 0, BALANCER_TOP, WIDTH, BALANCER_HIGH, fill="red-tint" if down else "well",
            edge="red" if down else "grey", dashed=down, pen=1.4, kind="component",
            detail=f"load-balancer: {known.balancer}; spreads connections over the healthy API servers",
        )  # fmt: skip
        if known.past:
            head = styled("title", BALANCER) + styled(
                "small", "  health checks and connections of the past are not kept"
            )
        else:
            what = "" if not down else styled("red", f" {known.balancer}: nobody gets through")
            head = f"{styled(colour, sign)} {styled('title', BALANCER)}{what}"
            head += "" if down else styled("small", "  new connections go to the healthy ones in turn")
        sketch.words(
            f"component/{BALANCER}#name", 12, BALANCER_TOP + 5, head, inside=f"component/{BALANCER}", width=700
        )
        places = {server_of(host): place for place, host in enumerate(known.hosts)}
        for backend in known.backends:
            if backend.server in places:
                self._backend(backend, places[backend.server])

    def _backend(self, backend: Backend, place: int) -> None:
        sketch = self.sketch
        middle = self.left(place) + self.wide / 2
        there_is = next((one for one in self.known.processes if one.name == backend.server), None)
        down = there_is is not None and there_is.state != RUNNING
        colour = "amber" if backend.up and down else "green" if backend.up else "red"
        words = "✓ taken for healthy" if backend.up and down else "✓ healthy" if backend.up else "✕ down"
        said = f", {backend.said}" if backend.said and not backend.up else ""
        since = f" since {facts.seconds(backend.since_ms)}" if backend.since_ms else ""
        detail = (
            f"{backend.server}: the balancer takes it for {'healthy' if backend.up else 'down'}{since}{said}; "
            f"{many(backend.connections, 'connection')}"
        )
        sketch.words(
            f"backends/{backend.server}", middle - self.wide / 2 + 6, BALANCER_TOP + 24,
            styled(f"small-{colour}", fit(words + since, self.wide / 1.12 - 12, 9.5)),
            inside=f"component/{BALANCER}", align="n", width=self.wide - 12, detail=detail,
        )  # fmt: skip
        begin, end = (middle, BALANCER_TOP + BALANCER_HIGH), (middle, COLUMN_TOP)
        there = self.flights.get((BALANCER, backend.server, "request"), 0)
        back = sum(self.flights.get((backend.server, BALANCER, kind), 0) for kind in ("answer", "change"))
        sketch.arrow(
            f"requests/{BALANCER}/{backend.server}", begin, end, colour="blue" if backend.up else "red",
            style="solid" if backend.up else "dashed", pen=1 + min(4, backend.connections) * 0.6, both=bool(back),
            kind="requests", detail=detail,
        )  # fmt: skip
        words = many(backend.connections, "connection") if self.count <= 5 else f"{backend.connections} conn."
        moving = there + back
        words += f", {many(moving, 'message')}" if moving and self.count <= 3 else ""
        sketch.pill(
            f"requests/{BALANCER}/{backend.server}#label", (middle, (begin[1] + end[1]) / 2 - 2), words,
            "blue" if backend.up else "red", fill="" if moving else "paper", detail=detail,
        )  # fmt: skip

    # -- columns -----------------------------------------------------------------------------------------------

    def column(self, host: str, node: Any, place: int) -> None:
        sketch, left = self.sketch, self.left(place)
        processes = self.known.on(host)
        off = bool(processes) and all(one.state == CRASHED for one in processes)
        status = facts.node_status(node) if node is not None else "no Node object"
        apart = [one if other == host else other for one, other in self.known.apart if host in (one, other)]
        identity = f"nodes/{host}"
        words = status if status.startswith("Ready") else f"node {status}"
        sketch.region(
            identity, left, COLUMN_TOP, self.wide, self.bottom() - COLUMN_TOP, fill="red-tint" if off else "panel",
            edge="red" if off else "line", dashed=off, pen=1.4 if off else 1, kind="node control-plane",
            detail=f"{host}: {words}" + (f"; cut off from {', '.join(apart)}" if apart else ""),
        )  # fmt: skip
        sign, colour = ("✕", "red") if off else ("●", "green") if status.startswith("Ready") else ("◑", "amber")
        head = f"{styled(colour, sign)} {styled('title', fit(host, self.wide / 1.1 - 30, 12.5))}"
        sketch.words(f"{identity}#name", left + 10, COLUMN_TOP + 7, head, inside=identity, width=self.wide - 16)
        words = f"down; its Node is {status}" if off else words
        told = f"✂ cut off from {', '.join(apart)}" if apart else words
        style = "small-red" if apart or off else "small"
        sketch.words(
            f"{identity}#status", left + 10, COLUMN_TOP + 25, styled(style, fit(told, self.wide / 1.12 - 20, 9.5)),
            inside=identity, width=self.wide - 16,
        )  # fmt: skip
        for row, process in enumerate(processes):
            self._part(process, left + 7, COLUMN_TOP + HEAD + row * (PART + PART_GAP), self.wide - 14, identity)

    def _part(self, process: ProcessFacts, left: float, top: float, wide: float, inside: str) -> None:
        colour, _ = ACTORS[process.component]
        sign, hue = SIGNS[process.state]
        up = process.state == RUNNING
        if process.leads:
            sign, hue = "★", colour
        name = process.component if width_of(process.component, 11) * 1.14 + 30 <= wide else SHORT[process.component]
        name = name if inside else process.name
        lines = [
            f"{styled(hue, sign)} {fit(name, wide / 1.1 - 26)}",
            styled("small" if up else "small-red", fit(process.note or process.state, wide / 1.12 - 16, 9.5)),
        ]
        self.sketch.box(
            f"pods/kube-system/{process.component}-{process.host}" if inside else f"members/{process.name}",
            left, top, wide, PART, lines, inside=inside,
            fill=f"{colour}-tint" if up else "paper", edge=colour if up else hue, pen=2.4 if process.leads else 1,
            dashed=not up, kind=f"component {process.state}",
            detail=f"{process.name}: {process.state}{', leads' if process.leads else ''}; {process.note}",
        )  # fmt: skip

    def store(self, top: float) -> float:
        """The members of an external store, below the control planes; returns where the next thing may begin."""
        members = self.known.elsewhere()
        if not members:
            return top
        self.sketch.words("store", 8, top, styled("bold", "external etcd, on machines of its own"), width=500)
        wide = min(200.0, (WIDTH - GAP * (len(members) - 1)) / len(members))
        for place, member in enumerate(members):
            self._part(member, place * (wide + GAP), top + 18, wide, "")
        return top + 18 + PART + 14

    # -- leases ------------------------------------------------------------------------------------------------

    def leases(self, top: float) -> None:
        sketch = self.sketch
        if self.known.quorum:
            good = "no side has so many" not in self.known.quorum
            sketch.words(
                "quorum",
                8,
                top,
                styled("teal", "store ") + styled("muted" if good else "red", self.known.quorum),
                width=900,
            )
            top += LEASE_ROW
        for place, (name, lease) in enumerate(self.known.held):
            self._lease(name, lease, top + place * LEASE_ROW)
        if not self.known.held:
            sketch.words("leases#none", 8, top, styled("muted", "nobody has taken a Lease yet"), width=400)

    def _lease(self, name: str, lease: LeaseFacts, top: float) -> None:
        colour, _ = ACTORS[name]
        identity = f"leases/kube-system/{name}"
        share = min(1.0, lease.age_ms / lease.lease_ms) if lease.lease_ms else 1.0
        who = lease.machine or "nobody"
        words = (
            f"held by {who}" if not lease.expired else f"run out; last held by {who}" if lease.holder else "released"
        )
        down = any(
            one.component == name and one.host == lease.machine and one.state != RUNNING for one in self.known.processes
        )
        words += ", which is down" if down and lease.holder else ""
        renewed = f"renewed {lease.age_ms / 1000:.1f}s ago, lasts {lease.lease_ms // 1000}s"
        detail = f"Lease {name}: {words}, {renewed}; it has changed hands {many(lease.transitions, 'time')}"
        text = (
            f"{styled(colour, name)} {words}" if not lease.expired else f"{styled(colour, name)} {styled('red', words)}"
        )
        self.sketch.words(identity, 8, top, text, width=470, detail=detail)
        self.sketch.bar(
            f"{identity}#age", 490, top, 220, 14, share, "used-up" if lease.expired else "used", text=renewed,
            detail=detail,
        )  # fmt: skip
        changes = styled("small", f"changed hands {many(lease.transitions, 'time')}")
        self.sketch.words(f"{identity}#transitions", 726, top + 1, changes, width=200)


# -- words ----------------------------------------------------------------------------------------------------------


def as_text(known: ControlPlanes, time_ms: int, revision: int) -> str:
    """The control planes in words."""
    lines = [f"at {facts.seconds(time_ms)}, revision {revision}"]
    if known.past:
        lines.append(f"{BALANCER}: health checks and connections of the past are not kept")
    else:
        lines.append(f"{BALANCER}: {known.balancer}")
    for backend in known.backends:
        said = f" ({backend.said})" if backend.said and not backend.up else ""
        health = "healthy" if backend.up else "down"
        lines.append(f"  {backend.server}: {health}{said}, {many(backend.connections, 'connection')}")
    for host in known.hosts:
        lines.append(host)
        for one in known.on(host):
            leads = ", leads" if one.leads else ""
            lines.append(f"  {one.component}: {one.state}{leads}" + (f" ({one.note})" if one.note else ""))
    for one in known.elsewhere():
        lines.append(f"{one.name}: {one.state} ({one.note})")
    lines += [f"cut: {one} and {other}" for one, other in known.apart]
    if known.quorum:
        lines.append(f"store: {known.quorum}")
    for name, lease in known.held:
        state = "run out" if lease.expired else f"held by {lease.machine}"
        lines.append(
            f"lease {name}: {state}, renewed {lease.age_ms / 1000:.1f}s ago, changed hands {lease.transitions}"
        )
    flights = [f"{many(count, kind)} from {sender} to {to}" for sender, to, kind, count in known.flights]
    lines.append("on the way: " + (", ".join(flights) or "nothing"))
    return "\n".join(lines)
