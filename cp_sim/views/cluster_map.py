"""The cluster: nodes with their taints and their room, pods in fixed slots, and the tray of pods without a node.

*In Kubernetes:* `kubectl get nodes`, `kubectl get pods -A -o wide` and the tables at the end of `kubectl describe
node`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from cp_sim.objects import meta
from cp_sim.views import facts
from cp_sim.views.facts import Object, many
from cp_sim.views.lettering import fit, fit_middle, styled
from cp_sim.views.palette import OWNER_HUES
from cp_sim.views.sketch import Sketch
from cp_sim.views.slots import Slots, from_trace
from cp_sim.views.view import View

SLOTS_PER_NODE = 8  # two columns of four; the last one says "+N" when there are more pods
NODES_PER_ROW = 4
NODE_LIMIT = 40
AGGREGATE_ABOVE = 300  # pods; above it a node's box counts its pods by workload and state

WIDTH, GAP = 214.0, 10.0
SLOT_WIDTH, SLOT_HEIGHT = 95.0, 30.0
HEAD = 74.0  # name, taints, bars
TRAY_TOP, TRAY_HEIGHT, TRAY_SLOTS = 0.0, 64.0, 8
NODES_TOP = TRAY_TOP + TRAY_HEIGHT + 14


def cluster_map(cluster: Any, slots: Slots | None = None) -> View:
    """The nodes of a cluster and the pods on them.

    Args:
        cluster: a cluster, or its past.
        slots: who sits where; kept from picture to picture it is cheaper, left out it is worked out from the trace.

    *Simplified:* above 300 pods a node counts its pods by workload and state; beyond 40 nodes the rest is one box.
    """
    nodes = in_order(facts.listed(cluster, "nodes"))
    pods = facts.listed(cluster, "pods")
    trace = getattr(cluster, "trace", None)
    if slots is None:
        slots = from_trace(trace, pods, 0 if hasattr(cluster, "loop") else facts.revision_of(cluster))
    else:
        slots.catch_up(trace, pods)
    by_node: dict[str, list[Object]] = {meta.name(node): [] for node in nodes}
    waiting: list[Object] = []
    for pod in pods:
        by_node.get(meta.node_name(pod), waiting).append(pod)
    sketch = Sketch("The cluster: nodes, their room, and the pods on them")
    painter = _Painter(sketch, slots, {f"pods/{meta.key(pod)}": pod for pod in pods}, hues(pods))
    painter.tray(waiting)
    shown = nodes if len(nodes) <= NODE_LIMIT else nodes[: NODE_LIMIT - 1]
    aggregate = len(pods) > AGGREGATE_ABOVE
    for place, node in enumerate(shown):
        painter.node(node, by_node[meta.name(node)], place, aggregate)
    if len(shown) < len(nodes):
        painter.more(nodes[len(shown) :], by_node, len(shown))
    return sketch.view(as_text(nodes, by_node, waiting))


def in_order(nodes: list[Object]) -> list[Object]:
    """Control planes first, then as they joined (so that a new node takes the next place and moves none)."""
    return sorted(nodes, key=lambda node: (not facts.is_control_plane(node), _joined(node), _natural(meta.name(node))))


def hues(pods: list[Object]) -> dict[str, str]:
    """A colour for each workload, given out in order of first appearance, so that a new one changes no other."""
    first: dict[str, str] = {}
    for pod in pods:
        name = facts.workload(pod)
        if name and meta.namespace(pod) != "kube-system":
            born = str(pod["metadata"].get("creationTimestamp") or "")
            first[name] = min(first.get(name, born), born)
    ranked = sorted(first, key=lambda name: (first[name], name))
    return {name: f"owner-{place % OWNER_HUES + 1}" for place, name in enumerate(ranked)}


def _joined(node: Object) -> str:
    return str(node["metadata"].get("creationTimestamp") or "")


def _natural(name: str) -> tuple[str, int, str]:
    head, _, tail = name.rpartition("-")
    return (head, int(tail), "") if tail.isdigit() else (name, 0, "")


class _Painter:
    """Puts the boxes of one picture on the sketch."""

    def __init__(self, sketch: Sketch, slots: Slots, pods: dict[str, Object], hue: dict[str, str]) -> None:
        self.sketch = sketch
        self.slots = slots
        self.pods = pods
        self.hue = hue

    # -- the tray ------------------------------------------------------------------------------------------------

    def tray(self, waiting: list[Object]) -> None:
        wide = NODES_PER_ROW * WIDTH + (NODES_PER_ROW - 1) * GAP
        self.sketch.region(
            "tray", 0, TRAY_TOP, wide, TRAY_HEIGHT, fill="paper", edge="line", dashed=True, kind="tray",
            detail=f"{many(len(waiting), 'pod')} without a node",
        )  # fmt: skip
        text = f"{many(len(waiting), 'pod')} without a node" if waiting else "no pod waits for a node"
        self.sketch.words("tray#name", 12, TRAY_TOP + 6, text, inside="tray", size=10.5, ink="muted")
        taken = self.slots.at("")
        last = TRAY_SLOTS - 1
        beyond = [slot for slot in taken if slot > last]
        for slot, subject in sorted(taken.items()):
            if slot < last or (slot == last and not beyond):
                self.pod(subject, 12 + slot * (SLOT_WIDTH + 14), TRAY_TOP + 25, "tray")
        if beyond:
            hidden = len(beyond) + (last in taken)
            self.plus("tray#more", hidden, 12 + last * (SLOT_WIDTH + 14), TRAY_TOP + 25, "tray")

    # -- nodes ---------------------------------------------------------------------------------------------------

    def node(self, node: Object, pods: list[Object], place: int, aggregate: bool) -> None:
        left = (place % NODES_PER_ROW) * (WIDTH + GAP)
        rows = SLOTS_PER_NODE // 2
        high = HEAD + rows * (SLOT_HEIGHT + 5) + 5
        top = NODES_TOP + (place // NODES_PER_ROW) * (high + GAP)
        identity = f"nodes/{meta.name(node)}"
        status = facts.node_status(node)
        trouble = not status.startswith("Ready")
        self.sketch.region(
            identity, left, top, WIDTH, high, fill="red-tint" if trouble else "panel",
            edge="red" if trouble else "line", dashed=facts.is_cordoned(node) or trouble, pen=1.4 if trouble else 1,
            kind="node control-plane" if facts.is_control_plane(node) else "node", detail=_node_detail(node, pods),
        )  # fmt: skip
        self._head(identity, node, status, left, top)
        self._bars(identity, node, pods, left, top + 49)
        if aggregate:
            self._groups(identity, pods, left, top + HEAD)
        else:
            self._slots(identity, meta.name(node), left, top + HEAD)

    def _head(self, identity: str, node: Object, status: str, left: float, top: float) -> None:
        sign, colour = ("●", "green") if status.startswith("Ready") else ("✕", "red")
        role = styled("small", " control plane") if facts.is_control_plane(node) else ""
        name = fit_middle(meta.name(node), 112, 12.5)
        self.sketch.words(
            f"{identity}#name", left + 12, top + 7, styled(colour, sign) + " " + styled("title", name) + role,
            inside=identity, width=WIDTH - 24,
        )  # fmt: skip
        if status != "Ready":
            self.sketch.words(
                f"{identity}#status", left + 90, top + 8, styled("small-red", _status_words(status)), inside=identity,
                align="r", width=WIDTH - 102,
            )  # fmt: skip
        self._taints(identity, node, left, top + 25)

    def _taints(self, identity: str, node: Object, left: float, top: float) -> None:
        found = facts.taints(node)
        if not found:
            self.sketch.words(f"{identity}#taints", left + 12, top + 2, styled("small", "no taints"), inside=identity)
            return
        first = facts.taint_text(found[0])
        text = _short_taint(first) + (f"  +{len(found) - 1}" if len(found) > 1 else "")
        self.sketch.box(
            f"{identity}#taints", left + 10, top, WIDTH - 20, 17, [fit("⊘ " + text, WIDTH - 38, 9.5)], inside=identity,
            size=9.5, fill="amber-tint", edge="amber", ink="amber", pen=0.8, kind="taints",
            detail="taints: " + ", ".join(facts.taint_text(taint) for taint in found),
        )  # fmt: skip

    def _bars(self, identity: str, node: Object, pods: list[Object], left: float, top: float) -> None:
        cpu, memory, count = facts.allocatable(node)
        active = [pod for pod in pods if not meta.is_finished(pod)]
        asked = [facts.pod_requests(pod) for pod in active]
        used_cpu, used_memory = sum(one[0] for one in asked), sum(one[1] for one in asked)
        wide = (WIDTH - 20 - 2 * 4) / 3
        for place, (name, used, whole, words) in enumerate(
            (
                ("cpu", used_cpu, cpu, f"cpu {facts.cpu_text(used_cpu)}/{facts.cpu_text(cpu)}"),
                ("memory", used_memory, memory, f"mem {_pair(used_memory, memory)}"),
                ("pods", len(active), count, f"pods {len(active)}/{count}"),
            )
        ):
            share = used / whole if whole else 0
            colour = "used-up" if share > 0.95 else "used-much" if share > 0.8 else "used"
            at = left + 10 + place * (wide + 4)
            detail = f"{name}: {words.partition(' ')[2]} requested of allocatable ({share:.0%})"
            text = fit(words, wide, 8.5)
            self.sketch.bar(
                f"{identity}#{name}", at, top, wide, 15, share, colour, text=text, inside=identity, detail=detail
            )

    # -- pods ----------------------------------------------------------------------------------------------------

    def _slots(self, identity: str, name: str, left: float, top: float) -> None:
        taken = self.slots.at(name)
        last = SLOTS_PER_NODE - 1
        beyond = [slot for slot in taken if slot > last]
        for slot, subject in sorted(taken.items()):
            if slot < last or (slot == last and not beyond):
                self.pod(subject, *_slot_place(slot, left, top), identity)
        if beyond:
            self.plus(f"{identity}#more", len(beyond) + (last in taken), *_slot_place(last, left, top), identity)

    def pod(self, subject: str, left: float, top: float, inside: str) -> None:
        pod = self.pods.get(subject)
        if pod is None:
            return
        status = facts.pod_status(pod)
        sign, colour = facts.sign_of(status)
        owner = facts.workload(pod)
        system = meta.namespace(pod) == "kube-system"
        hue = self.hue.get(owner, "owner-0")
        lines = [
            fit_middle(_chip_name(pod), SLOT_WIDTH - 10, 9.5),
            f"{styled('small-' + colour, sign + ' ' + fit(status, 66, 9.5))}",
        ]
        self.sketch.box(
            subject, left, top, SLOT_WIDTH, SLOT_HEIGHT, lines, inside=inside, size=9.5,
            fill="well" if system else "paper", edge="line" if system or not owner else hue,
            pen=1 if system or not owner else 1.6,
            dashed=status in ("Terminating", "Pending"), kind=f"pod {status.lower()}", detail=_pod_detail(pod, status),
        )  # fmt: skip

    def plus(self, identity: str, count: int, left: float, top: float, inside: str) -> None:
        self.sketch.box(
            identity, left, top, SLOT_WIDTH, SLOT_HEIGHT, [f"+{count}"], inside=inside, align="n", size=11, fill="well",
            edge="line", ink="muted", kind="more", detail=f"{many(count, 'more pod')}",
        )  # fmt: skip

    def _groups(self, identity: str, pods: list[Object], left: float, top: float) -> None:
        groups = Counter((facts.workload(pod) or "(no controller)", facts.pod_status(pod)) for pod in pods)
        ranked = sorted(groups, key=lambda key: (key[0] == "(no controller)", key))
        room = SLOTS_PER_NODE if len(ranked) <= SLOTS_PER_NODE else SLOTS_PER_NODE - 1
        for place, (owner, status) in enumerate(ranked[:room]):
            sign, colour = facts.sign_of(status)
            count = groups[owner, status]
            at = _slot_place(place, left, top)
            self.sketch.box(
                f"{identity}#{owner}#{status}",
                *at,
                SLOT_WIDTH,
                SLOT_HEIGHT,
                [
                    fit_middle(owner, SLOT_WIDTH - 16, 9.5),
                    styled(f"small-{colour}", f"{sign} {count} × {fit(status, 50, 9.5)}"),
                ],
                inside=identity,
                size=9.5,
                edge=self.hue.get(owner, "line"),
                pen=1.6,
                kind="pods",
                detail=f"{many(count, 'pod')} of {owner}: {status}",
            )
        rest = sum(groups[key] for key in ranked[room:])
        if rest:
            self.plus(f"{identity}#more", rest, *_slot_place(room, left, top), identity)

    def more(self, nodes: list[Object], by_node: dict[str, list[Object]], place: int) -> None:
        """One box for the nodes that are not drawn."""
        high = HEAD + SLOTS_PER_NODE // 2 * (SLOT_HEIGHT + 5) + 5
        left = (place % NODES_PER_ROW) * (WIDTH + GAP)
        top = NODES_TOP + (place // NODES_PER_ROW) * (high + GAP)
        states = Counter(facts.node_status(node) for node in nodes)
        count = sum(len(by_node[meta.name(node)]) for node in nodes)
        lines = [styled("title", f"+{many(len(nodes), 'node')}"), ""]
        lines += [f"{number} {state}" for state, number in sorted(states.items())]
        lines += [f"{many(count, 'pod')} on them"]
        self.sketch.box("nodes#more", left, top, WIDTH, high, lines, fill="panel", dashed=True, kind="more", align="n")


def _slot_place(slot: int, left: float, top: float) -> tuple[float, float]:
    return left + 10 + (slot % 2) * (SLOT_WIDTH + 4), top + (slot // 2) * (SLOT_HEIGHT + 5)


def _chip_name(pod: Object) -> str:
    """What a chip calls its pod: static pods of the control plane without their node's name."""
    name, node = meta.name(pod), meta.node_name(pod)
    if meta.namespace(pod) == "kube-system" and node and name.endswith("-" + node):
        return name[: -len(node) - 1].removeprefix("kube-")
    return facts.short_name(pod)


def _short_taint(text: str) -> str:
    key, _, effect = text.rpartition(":")
    return f"{key.rpartition('/')[2]}:{effect}"


def _status_words(status: str) -> str:
    return status.replace("Ready,SchedulingDisabled", "cordoned").replace(",SchedulingDisabled", ", cordoned")


def _pair(used: int, whole: int) -> str:
    if used == 0:
        return f"0/{facts.memory_text(whole)}"
    return f"{facts.memory_text(used)}/{facts.memory_text(whole)}"


def _node_detail(node: Object, pods: list[Object]) -> str:
    found = ", ".join(facts.taint_text(taint) for taint in facts.taints(node)) or "no taints"
    return f"{meta.name(node)}: {facts.node_status(node)}; {found}; {many(len(pods), 'pod')}"


def _pod_detail(pod: Object, status: str) -> str:
    where = meta.node_name(pod) or "no node yet"
    owner = facts.workload(pod)
    of = f" of {owner}" if owner else ""
    why = facts.pod_problem(pod)
    return f"{meta.key(pod)}{of}: {status}, {where}" + (f"; {why}" if why else "")


def as_text(nodes: list[Object], by_node: dict[str, list[Object]], waiting: list[Object]) -> str:
    """The map in words."""
    lines = []
    for node in nodes:
        pods = by_node[meta.name(node)]
        cpu, memory, count = facts.allocatable(node)
        active = [facts.pod_requests(pod) for pod in pods if not meta.is_finished(pod)]
        found = ", ".join(facts.taint_text(taint) for taint in facts.taints(node)) or "none"
        role = " (control plane)" if facts.is_control_plane(node) else ""
        lines.append(f"{meta.name(node)}{role}: {facts.node_status(node)}")
        lines.append(f"  taints: {found}")
        lines.append(
            f"  requested: cpu {facts.cpu_text(sum(one[0] for one in active))}/{facts.cpu_text(cpu)}, "
            f"memory {_pair(sum(one[1] for one in active), memory)}, pods {len(active)}/{count}"
        )
        lines += _pod_lines(pods)
    lines.append(f"without a node: {len(waiting) or 'none'}")
    lines += [f"{line}" for line in _pod_lines(waiting, problems=True)]
    return "\n".join(lines)


def _pod_lines(pods: list[Object], limit: int = 30, problems: bool = False) -> list[str]:
    if len(pods) > limit:
        groups = Counter((facts.workload(pod) or "(no controller)", facts.pod_status(pod)) for pod in pods)
        return [f"  {count} × {owner} {status}" for (owner, status), count in sorted(groups.items())]
    lines = []
    for pod in pods:
        status = facts.pod_status(pod)
        why = facts.pod_problem(pod) if problems else ""
        lines.append(f"  {facts.sign_of(status)[0]} {meta.key(pod)} {status}" + (f": {why}" if why else ""))
    return lines
