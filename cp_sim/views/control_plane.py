"""The control plane at work: its components, who watches what, requests on their way, and how one request ripples
through.

*In Kubernetes:* the components of kubernetes.io/docs/concepts/overview/components; all of them talk to the API
server, and to nobody else.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from cp_sim.views import facts
from cp_sim.views.facts import many, seconds
from cp_sim.views.ha_control_plane import ha_control_plane
from cp_sim.views.ha_facts import control_plane_hosts
from cp_sim.views.lettering import fit, styled
from cp_sim.views.palette import ACTORS, component_of
from cp_sim.views.quorum import CRASHED, PAUSED, RUNNING, state_of
from cp_sim.views.sketch import Point, Sketch
from cp_sim.views.story import Write, folded, is_write, ripple, roots, write_of
from cp_sim.views.view import View

# Where each component stands: left, top, width, height.  Fixed, so that only what happens moves.
PLACES: dict[str, tuple[float, float, float, float]] = {
    "user": (0, 24, 150, 70),
    "kube-apiserver": (292, 8, 376, 102),
    "etcd": (806, 4, 154, 110),
    "kube-scheduler": (0, 232, 210, 92),
    "kube-controller-manager": (240, 232, 256, 92),
    "cloud-controller-manager": (526, 232, 204, 92),
    "kubelet": (760, 232, 200, 92),
}
# Where on the lower edge of the API server the two lines of each component end: (watch, requests).
PORTS: dict[str, tuple[float, float]] = {
    "kube-scheduler": (322, 352),
    "kube-controller-manager": (402, 432),
    "cloud-controller-manager": (528, 558),
    "kubelet": (608, 638),
}
TEXT_TOP = 350.0
STEP_LIMIT = 9
NOTES: dict[str, str] = {
    "user": "whoever asks from outside, with kubectl or from a cell",
    "kube-apiserver": "checks every request and stores it; the only one who talks to etcd",
    "etcd": "keeps every object under a key; each write is a new revision",
    "kube-scheduler": "chooses a node for each pod that has none",
    "kube-controller-manager": "compares what is with what should be, and asks for the difference",
    "cloud-controller-manager": "does the same with the cloud's machines and load balancers",
    "kubelet": "one on each node: runs the pods bound to it and reports on them",
}


def control_plane(cluster: Any) -> View:
    """The components of a cluster, what is on its way between them, and the newest request from outside with its
    ripple; with several control planes all of them, see `ha_control_plane`.
    """
    if len(control_plane_hosts(cluster)) > 1:
        return ha_control_plane(cluster)
    trace = getattr(cluster, "trace", None)
    revision = facts.revision_of(cluster)
    past = not hasattr(cluster, "loop")
    until = revision if past else 0
    newest = roots(trace, 1, until)
    writes = _writes_of(trace, ripple(trace, newest[0], until)) if newest else []
    flights = Counter() if past else in_flight(cluster)
    known = {} if past else watchers(cluster)
    watches = {name: kinds for name, kinds in known.items() if absence_of(cluster, name) != CRASHED}
    counts = Counter(component_of(record.actor) for record in trace or ())
    present = present_components(cluster)
    sketch = Sketch("The control plane: who talks to whom")
    for component in PLACES:
        _component(sketch, cluster, component, component in present, revision, writes, counts)
    _store_line(sketch, writes, flights)
    _request_line(sketch, "user", writes, flights)
    for component in PORTS:
        if component in present:
            _watch_line(sketch, component, watches.get(component, []), flights)
            _request_line(sketch, component, writes, flights)
    _steps(sketch, newest[0] if newest else None, writes)
    return sketch.view(_as_text(cluster, present, revision, newest, writes, flights, watches))


# -- what there is --------------------------------------------------------------------------------------------------


def present_components(cluster: Any) -> list[str]:
    """The components that run in this cluster, in the order of the picture."""
    chosen = getattr(cluster, "components", None)
    if chosen is None:
        return list(PLACES)
    names = {name if name in PLACES else f"kube-{name}" for name in chosen} | {"user"}
    return [name for name in PLACES if name in names]


def in_flight(cluster: Any) -> Counter[tuple[str, str, str]]:
    """How many messages of each kind are on their way: {(sender, receiver, kind): count} between components."""
    found: Counter[tuple[str, str, str]] = Counter()
    for receiver, message, _, sender in cluster.loop.pending():
        kind = _KINDS.get(type(message).__name__)
        if kind:
            found[component_of(sender), component_of(receiver), kind] += 1
    return found


_KINDS = {
    "Request": "request",
    "Response": "answer",
    "WatchChange": "change",
    "StoreRequest": "store request",
    "StoreAnswer": "store answer",
    "WatchChanges": "store change",
}


def servers_of(cluster: Any) -> list[Any]:
    """The API servers that run."""
    several = getattr(cluster, "apiservers", None)
    if several is not None:
        return list(several.values())
    one = getattr(cluster, "apiserver", None)
    return [] if one is None else [one]


def absence_of(cluster: Any, component: str) -> str:
    """`paused` or `crashed` where a component should run and does not; empty otherwise."""
    processes = getattr(cluster, "processes", None) if hasattr(cluster, "loop") else None
    if processes is None or component not in processes.all:
        return ""
    state = state_of(cluster, component)
    return "" if state == RUNNING else state


def watchers(cluster: Any) -> dict[str, list[str]]:
    """{component: plurals it watches}, as the API server knows it."""
    found: dict[str, set[str]] = {}
    for server in servers_of(cluster):
        for cache in (getattr(server, "caches", None) or {}).values():
            for watch in cache.watches.values():
                resource = str(watch.resource or cache.resource).partition(".")[0]
                found.setdefault(component_of(watch.reply_to), set()).add(resource)
    return {component: sorted(resources) for component, resources in sorted(found.items())}


def few(names: list[str], limit: int = 10) -> str:
    """The names, the first of them if they are many."""
    return (
        ", ".join(names) if len(names) <= limit else f"{', '.join(names[:limit])} and {len(names) - limit} more kinds"
    )


def _writes_of(trace: Any, records: list[Any]) -> list[Write]:
    return folded(write_of(trace, record) for record in records if is_write(record))


# -- drawing --------------------------------------------------------------------------------------------------------


def _component(
    sketch: Sketch,
    cluster: Any,
    component: str,
    present: bool,
    revision: int,
    writes: list[Write],
    counts: Counter[str],
) -> None:
    left, top, wide, high = PLACES[component]
    colour, shape = ACTORS[component]
    away = absence_of(cluster, component) if present else ""
    sketch.box(
        f"component/{component}",
        left,
        top,
        wide,
        high,
        _component_lines(cluster, component, present, revision, writes, wide - 26),
        shape=shape,
        fill="red-tint" if away else f"{colour}-tint" if present else "paper",
        edge="red" if away else colour if present else "line",
        pen=1.4,
        align="n",
        dashed=bool(away) or not present,
        ink="ink" if present else "muted",
        kind=f"component {away}".strip(),
        detail=f"{component}: {away + ', ' if away else ''}{NOTES[component]}",
    )


def _component_lines(
    cluster: Any, component: str, present: bool, revision: int, writes: list[Write], wide: float
) -> list[str]:
    head = styled("title", "kubelets" if component == "kubelet" else component)
    if not present:
        return [head, styled("small", "not running here")]
    if away := absence_of(cluster, component):
        sign = "‖" if away == PAUSED else "✕"
        return [head, styled("red", f"{sign} {away}")]
    mine = [write for write in writes if write.component == component]
    lines = [head]
    if component == "etcd":
        lines += [f"revision {revision}", styled("small", "newest")]
    elif component == "kube-apiserver":
        waiting = sum(len(getattr(server, "in_flight", None) or ()) for server in servers_of(cluster))
        lines += [
            "authenticate · authorize · mutate · validate · store",
            styled("small", f"{many(waiting, 'request')} wait for etcd" if waiting else "no request waits for etcd"),
        ]
    elif component == "kubelet":
        lines.append(styled("small", f"on {many(len(facts.listed(cluster, 'nodes')), 'node')}"))
    elif component == "kube-controller-manager" and mine:
        lines += [styled("small", fit(", ".join(_controllers(mine)), wide, 9.5))]
    if component not in ("etcd", "kube-apiserver"):
        text = mine[-1].what() if mine else "at rest" if component == "user" else "no part in this request"
        lines.append(styled("small", fit(_short(text), wide if component != "user" else 110, 9.5)))
    return lines


def _controllers(writes: list[Write]) -> list[str]:
    names: dict[str, None] = {}
    for write in writes:
        names[write.asker.rpartition("/")[2].removesuffix("-controller")] = None
    return list(names)


def _short(text: str) -> str:
    """A request without its namespace: `create deployments/web`."""
    return text.replace("/default/", "/").replace("/kube-system/", "/")


def _watch_line(
    sketch: Sketch, component: str, resources: list[str], flights: Counter[tuple[str, str, str]]
) -> None:  # fmt: skip
    left, top, wide, _ = PLACES[component]
    _, server_top, _, server_high = PLACES["kube-apiserver"]
    port = PORTS[component][0]
    begin: Point = (port, server_top + server_high)
    end: Point = (left + wide / 2 - 16, top)
    moving = flights["kube-apiserver", component, "change"]
    detail = f"{component} watches {few(resources) or 'nothing yet'}"
    sketch.arrow(
        f"watch/{component}", begin, end, bend=_bend(begin, end), colour="blue" if moving else "grey",
        style="dashed", pen=2.4 if moving else 1, kind="watch", detail=detail,
    )  # fmt: skip
    label = (
        many(moving, "change") + " on the way"
        if moving
        else f"watches {many(len(resources), 'kind')}"
        if resources
        else ""
    )
    if label:
        colour = "blue" if moving else "grey"
        middle = begin[0] * 0.84 + end[0] * 0.16, server_top + server_high + 32
        sketch.pill(f"watch/{component}#label", middle, label, colour, fill="paper", detail=detail)


def _request_line(
    sketch: Sketch, component: str, writes: list[Write], flights: Counter[tuple[str, str, str]]
) -> None:  # fmt: skip
    left, top, wide, high = PLACES[component]
    server_left, server_top, _, server_high = PLACES["kube-apiserver"]
    steps = [place + 1 for place, write in enumerate(writes) if write.component == component]
    asking = flights[component, "kube-apiserver", "request"]
    answers = flights["kube-apiserver", component, "answer"]
    if component == "user":
        begin, end = (left + wide, top + high / 2), (server_left, top + high / 2)
        bend, label_at = None, ((left + wide + server_left) / 2 - 3, top + high / 2)
    else:
        begin, end = (left + wide / 2 + 16, top), (PORTS[component][1], server_top + server_high)
        bend, label_at = _bend(begin, end), (begin[0] * 0.84 + end[0] * 0.16, top - 30)
    colour = ACTORS[component][0]
    busy = bool(steps or asking or answers)
    text = f"step {_numbers(steps)}" if steps else ""
    if asking or answers:
        text = ", ".join(
            part for part in (asking and many(asking, "request"), answers and many(answers, "answer")) if part
        )
    detail = f"{component}: {text or 'no request now'}"
    sketch.arrow(
        f"requests/{component}", begin, end, bend=bend, colour=colour if busy else "grey", pen=2.2 if busy else 1,
        kind="requests", detail=detail, both=bool(answers),
    )  # fmt: skip
    if text:
        sketch.pill(f"requests/{component}#label", label_at, text, colour, detail=detail)


def _store_line(sketch: Sketch, writes: list[Write], flights: Counter[tuple[str, str, str]]) -> None:
    left, top, wide, high = PLACES["kube-apiserver"]
    etcd_left = PLACES["etcd"][0]
    revisions = [revision for write in writes for revision in write.revisions]
    moving = flights["kube-apiserver", "etcd", "store request"] + flights["etcd", "kube-apiserver", "store answer"]
    text = many(moving, "message") if moving else ""
    if revisions and not moving:
        text = f"rev {revisions[0]}" if len(revisions) == 1 else f"rev {min(revisions)} … {max(revisions)}"
    middle = top + high / 2
    sketch.arrow(
        "requests/kube-apiserver",
        (left + wide, middle),
        (etcd_left, middle),
        colour="teal",
        pen=2.2 if text else 1,
        both=True,
        kind="requests",
        detail=f"kube-apiserver and etcd: {many(len(revisions), 'write')} in this request's ripple",
    )
    if text:
        centre = (left + wide + etcd_left) / 2
        sketch.pill("requests/kube-apiserver#label", (centre, middle), text, "teal")


def _steps(sketch: Sketch, root: Any, writes: list[Write]) -> None:
    if root is None:
        sketch.words("steps", 0, TEXT_TOP, styled("muted", "Nobody has asked for anything yet."), width=900)
        return
    title = (
        f"The newest request from outside, and all it set in motion: {len(writes)} steps"
        if len(writes) != 1
        else ("The newest request from outside: one step")
    )
    sketch.words("steps", 0, TEXT_TOP, styled("bold", title), width=900)
    rows = writes if len(writes) <= STEP_LIMIT else [*writes[: STEP_LIMIT - 1], None]
    for place, write in enumerate(rows):
        top = TEXT_TOP + 20 + place * 19
        if write is None:
            sketch.words(
                "steps/more", 34, top, styled("muted", f"… and {len(writes) - STEP_LIMIT + 1} more steps"), width=800
            )
            continue
        colour = ACTORS[write.component][0]
        identity = f"record/{write.records[0].id}"
        sketch.box(
            f"{identity}#number", 0, top, 24, 16, [styled(colour, str(place + 1))], size=9.5, align="n",
            fill=f"{colour}-tint", edge=colour, pen=0.8,
        )  # fmt: skip
        became = write.revision_text()
        tail = styled("small-red" if write.refused else "small", f" · {became}")
        why = write.because
        text = f"{styled(colour, write.asker)} {fit(_short(write.what()), 380)}{tail}"
        if why:
            text += styled("small", " · " + fit(why, 360, 9.5))
        sketch.words(identity, 34, top + 1, text, width=920, detail=f"{write.what()}; {became}. {why}".strip())


def _bend(begin: Point, end: Point) -> tuple[Point, Point]:
    middle = (begin[1] + end[1]) / 2
    return (begin[0], middle), (end[0], middle)


def _numbers(steps: list[int]) -> str:
    """`1`, `2, 5`, or `2 … 9` when there are many."""
    return ", ".join(map(str, steps)) if len(steps) <= 3 else f"{steps[0]} … {steps[-1]}"


# -- words ----------------------------------------------------------------------------------------------------------


def _as_text(
    cluster: Any, present: list[str], revision: int, newest: list[Any], writes: list[Write],
    flights: Counter[tuple[str, str, str]], watches: dict[str, list[str]],
) -> str:  # fmt: skip
    lines = [f"at {seconds(facts.time_of(cluster))}, revision {revision}"]
    for component in PLACES:
        away = absence_of(cluster, component)
        state = f" ({away})" if away else "" if component in present else " (not running here)"
        lines.append(f"{component}{state}: {NOTES[component]}")
        if watches.get(component):
            lines.append(f"  watches {few(watches[component])}")
    lines.append("on the way: " + (", ".join(_flight_words(flights)) or "nothing"))
    if newest:
        lines.append("the newest request from outside, and all it set in motion:")
        for place, write in enumerate(writes):
            lines.append(f"  {place + 1}. {write.asker} -> kube-apiserver: {write.what()}; {write.revision_text()}")
    return "\n".join(lines)


def _flight_words(flights: Counter[tuple[str, str, str]]) -> list[str]:
    return [
        f"{many(count, kind)} from {sender} to {receiver}"
        for (sender, receiver, kind), count in sorted(flights.items())
    ]
