"""The scheduler's queue, live: which pod waits where, for what, until when, and what moves it on.

*In Kubernetes:* activeQ, backoffQ and unschedulablePods of kube-scheduler (pkg/scheduler/backend/queue) and the pods
between the scheduling and the binding cycle; it shows only their sizes, as the metric `scheduler_pending_pods`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.queue.scheduling_queue import ACTIVE, BACKOFF, GATED, IN_FLIGHT, WAITING
from cp_sim.views import facts, queue_words
from cp_sim.views.elections import leader_among
from cp_sim.views.facts import many
from cp_sim.views.lettering import fit, fit_middle, styled, width_of, wrap
from cp_sim.views.queue_words import Waiting, moment
from cp_sim.views.sketch import Sketch
from cp_sim.views.slots import Slots
from cp_sim.views.view import View

# place: (colour, title, what it means)
PLACES: dict[str, tuple[str, str, str]] = {
    GATED: ("grey", "gated", "held back, not tried"),
    ACTIVE: ("green", "active", "tried in this order"),
    IN_FLIGHT: ("blue", "on the way", "has a node, not bound yet"),
    WAITING: ("amber", "unschedulable", "waits for a change"),
    BACKOFF: ("sky", "back-off", "waits for its time"),
}
# (from, to, what moves a pod on)
MOVES = (
    (GATED, ACTIVE, "gate gone"),
    (ACTIVE, IN_FLIGHT, "its turn"),
    (IN_FLIGHT, WAITING, "refused"),
    (WAITING, BACKOFF, "a change"),
)
WIDTH, GAP, TOP = 172.0, 24.0, 30.0
HEAD, ROW, LIMIT = 46.0, 94.0, 6
LINES = 5  # that a pod's box has room for below its name


def scheduling_queue(cluster: Any, scheduler: str = "kube-scheduler", slots: Slots | None = None) -> View:
    """The pending pods of a scheduler, each in the part of its queue where it waits, and what it waits for; of several
    schedulers that elect a leader, those of the leader.

    With `slots` a pod keeps its row for as long as it stays in its column, from one picture to the next.

    Raises:
        ValueError: no scheduler of that name runs in this cluster (or this is its past, which has no queue).
    """
    actors = getattr(getattr(cluster, "loop", None), "actors", {})
    actor: Any = actors.get(leader_among(cluster, scheduler) or scheduler)
    if actor is None or not hasattr(actor, "queue"):
        raise ValueError(f"no scheduler called {scheduler} runs here; the past does not keep queues either")
    found, now_ms = queue_words.of_scheduler(actor), facts.time_of(cluster)
    rows = {place: _rows(place, pods, slots) for place, pods in found.items()}
    tall = max([3, *(max(taken, default=-1) + 1 for taken in rows.values())])
    tall = min(tall, LIMIT)
    sketch = Sketch("The scheduler's queue")
    for column, place in enumerate(PLACES):
        _column(sketch, column, place, rows[place], tall, now_ms)
    _arrows(sketch, TOP + HEAD + tall * ROW)
    return sketch.view(_text(found, now_ms))


def _rows(place: str, pods: list[Waiting], slots: Slots | None) -> dict[int, Waiting]:
    """{row: pod}; whoever has a row keeps it."""
    if slots is None:
        return dict(enumerate(pods))
    column, there = f"queue/{place}", {one.key: one for one in pods}
    for key in [key for key in slots.at(column).values() if key not in there]:
        slots.leave(key)
    for key in there:
        slots.arrive(key, column)
    return {row: there[key] for row, key in sorted(slots.at(column).items())}


def _column(sketch: Sketch, column: int, place: str, rows: dict[int, Waiting], tall: int, now_ms: int) -> None:
    colour, title, words = PLACES[place]
    left, inside = column * (WIDTH + GAP), f"queue/{place}"
    told = f"{title}: {many(len(rows), 'pod')} ({words})"
    sketch.region(inside, left, TOP, WIDTH, HEAD + tall * ROW, kind="queue", detail=told)
    head = f"{styled(colour, title)} {styled('bold', str(len(rows)))}"
    sketch.words(f"{inside}#name", left + 12, TOP + 8, head, inside=inside, width=WIDTH - 20)
    sketch.words(f"{inside}#words", left + 12, TOP + 25, styled("small", words), inside=inside, width=WIDTH - 20)
    hidden = [one for row, one in rows.items() if row >= tall]
    last = tall - 1 if hidden else tall
    shown = {row: one for row, one in rows.items() if row < last}
    for row, one in shown.items():
        _pod(sketch, left + 8, TOP + HEAD + row * ROW, one, colour, inside, now_ms)
    if hidden:
        rest = [one.key for row, one in rows.items() if row >= last]
        text = f"+{len(rest)}"
        detail = f"{many(len(rest), 'more pod')}: {', '.join(rest[:20])}"
        sketch.box(
            f"{inside}#more", left + 8, TOP + HEAD + last * ROW, WIDTH - 16, ROW - 8, [text], align="n",
            inside=inside, fill="well", ink="muted", kind="more", detail=detail,
        )  # fmt: skip


def _pod(sketch: Sketch, left: float, top: float, one: Waiting, colour: str, inside: str, now_ms: int) -> None:
    """One pod: its name and attempts, what it waits for, the node promised to it, the bar of its back-off."""
    identity, wide = f"pods/{one.key}", WIDTH - 16
    tries = styled("small", f"  {one.tries}×") if one.tries else ""
    name = fit_middle(one.key.rpartition("/")[2], wide - 22 - width_of(tries))
    lines, told = [styled("bold", name) + tries], one.short or one.lines
    spare = LINES - bool(one.nominated) - bool(one.until_ms) - len(told)
    wrapped = [wrap(line, wide - 30, 9.5, 1) for line in told]
    for place in sorted(range(len(told)), key=lambda place: (place != len(told) // 2, place)):
        if spare > 0:  # what it waits for may take a second line first
            wrapped[place] = wrap(told[place], wide - 30, 9.5, 2)
            spare -= len(wrapped[place]) - 1
    lines += [styled("small", part) for parts in wrapped for part in parts]
    if one.nominated:
        lines.append(styled("small-violet", fit(f"→ nominated to {one.nominated}", wide - 26, 9.5)))
    sketch.box(
        identity, left, top, wide, ROW - 8, lines, inside=inside, edge=colour, kind="pod", detail=one.text,
        dashed=bool(one.nominated),
    )  # fmt: skip
    if one.until_ms:
        share = (now_ms - one.since_ms) / max(1, one.until_ms - one.since_ms)
        rest = f"{moment(max(0, one.until_ms - now_ms))} left"
        sketch.bar(
            f"{identity}#backoff", left + 8, top + ROW - 30, wide - 16, 13, share, "used", text=rest, inside=inside,
            detail=f"{one.key}: back-off from {moment(one.since_ms)} to {moment(one.until_ms)}",
        )  # fmt: skip


def _arrows(sketch: Sketch, bottom: float) -> None:
    """What moves a pod from one column to the next; out of back-off it goes back to the active ones."""
    order = list(PLACES)
    at = TOP + 22
    for source, target, words in MOVES:
        begin = order.index(source) * (WIDTH + GAP) + WIDTH
        sketch.arrow(f"move/{source}->{target}", (begin + 3, at), (begin + GAP - 3, at), colour="muted")
        sketch.words(
            f"move/{source}->{target}#words", begin - 20, TOP - 16, styled("tiny", words), width=GAP + 40, align="n"
        )
    _back(sketch, order, bottom, BACKOFF, "its time is up; whoever has waited long enough goes there at once")


def _back(sketch: Sketch, order: list[str], bottom: float, source: str, words: str) -> None:
    begin = order.index(source) * (WIDTH + GAP) + WIDTH / 2
    end = order.index(ACTIVE) * (WIDTH + GAP) + WIDTH / 2
    low = bottom + 26
    bend = ((begin - 60, low), (end + 60, low))
    sketch.arrow(f"move/{source}->{ACTIVE}", (begin, bottom + 2), (end, bottom + 2), bend=bend, colour="muted")
    middle = (begin + end) / 2
    sketch.words(
        f"move/{source}->{ACTIVE}#words", middle - 160, bottom + 24, styled("tiny", words), width=320, align="n"
    )


def _text(found: dict[str, list[Waiting]], now_ms: int) -> str:
    """The text twin: every column with its pods."""
    lines = [f"The scheduler's queue at {facts.seconds(now_ms)}"]
    for place, (_, title, words) in PLACES.items():
        pods = found[place]
        lines.append(f"{title}: {len(pods) or 'none'} ({words})")
        lines += [f"  {one.text}" for one in pods[:20]]
        if len(pods) > 20:
            lines.append(f"  and {len(pods) - 20} more")
    return "\n".join(lines)
