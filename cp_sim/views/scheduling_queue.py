"""The scheduler's queue: which pod is tried next, which waits out its back-off, which waits for something to change.

*In Kubernetes:* activeQ, backoffQ and unschedulablePods of kube-scheduler (pkg/scheduler/backend/queue); it shows only
their sizes, as the metric `scheduler_pending_pods`.
"""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.queue import ACTIVE, BACKOFF, GATED, IN_FLIGHT, WAITING
from cp_sim.views import facts
from cp_sim.views.elections import leader_among
from cp_sim.views.facts import many, seconds
from cp_sim.views.lettering import fit_middle, styled, wrap
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View

# place: (colour, what it means)
PLACES: dict[str, tuple[str, str]] = {
    ACTIVE: ("green", "tried next, in this order"),
    IN_FLIGHT: ("blue", "being placed"),
    BACKOFF: ("sky", "tried a moment ago"),
    WAITING: ("amber", "wait for a change"),
    GATED: ("grey", "held back by a gate"),
}
COLUMN, GAP, ROW, LIMIT = 178.0, 10.0, 56.0, 7


def scheduling_queue(cluster: Any, scheduler: str = "kube-scheduler") -> View:
    """The pending pods of a scheduler, each in the part of its queue where it waits, and what it waits for; of several
    schedulers that elect a leader, those of the leader.

    Raises:
        ValueError: no scheduler of that name runs in this cluster (or this is its past, which has no queue).
    """
    actors = getattr(getattr(cluster, "loop", None), "actors", {})
    actor: Any = actors.get(leader_among(cluster, scheduler) or scheduler)
    if actor is None or not hasattr(actor, "queue"):
        raise ValueError(f"no scheduler called {scheduler} runs here; the past does not keep queues either")
    sketch = Sketch("The scheduler's queue")
    lines = []
    for column, (place, (colour, words)) in enumerate(PLACES.items()):
        waiting = actor.queue.listed(place)
        left = column * (COLUMN + GAP)
        sketch.region(
            f"queue/{place}",
            left,
            0,
            COLUMN,
            52 + LIMIT * ROW,
            kind="queue",
            detail=f"{place}: {many(len(waiting), 'pod')}",
        )
        head = f"{styled(colour, place)} {styled('bold', str(len(waiting)))}"
        sketch.words(f"queue/{place}#name", left + 12, 8, head, inside=f"queue/{place}", width=COLUMN - 20)
        sketch.words(
            f"queue/{place}#words", left + 12, 25, styled("small", words), inside=f"queue/{place}", width=COLUMN - 20
        )
        lines.append(f"{place}: {len(waiting) or 'none'} ({words})")
        shown = waiting if len(waiting) <= LIMIT else waiting[: LIMIT - 1]
        for row, one in enumerate(shown):
            name, small = _words(actor.queue, one, facts.time_of(cluster))
            told = [fit_middle(name.rpartition("/")[2], COLUMN - 36)]
            told += [styled("small", line) for line in wrap(small, COLUMN - 34, 9.5, 2)]
            sketch.box(
                f"pods/{name}", left + 8, 46 + row * ROW, COLUMN - 16, ROW - 6,
                told,
                inside=f"queue/{place}", edge=colour, kind="pod", detail=f"{name}: {small}",
            )  # fmt: skip
            lines.append(f"  {name}: {small}")
        if len(shown) < len(waiting):
            text = f"+{len(waiting) - len(shown)}"
            sketch.box(
                f"queue/{place}#more", left + 8, 46 + len(shown) * ROW, COLUMN - 16, ROW - 6, [text], align="n",
                inside=f"queue/{place}", fill="well", ink="muted", kind="more",
            )  # fmt: skip
            lines.append(f"  and {len(waiting) - len(shown)} more")
    return sketch.view("\n".join(lines))


def _words(queue: Any, one: Any, now_ms: int) -> tuple[str, str]:
    """(key of the pod, what it waits for)."""
    name = str(one.pod.key)
    attempts = many(one.attempts, "attempt")
    if one.place == BACKOFF:
        return name, f"{attempts}, again in {seconds(max(0, one.backoff_until_ms - now_ms))}"
    if one.place == WAITING:
        return name, f"{attempts}; rejected by {', '.join(one.rejected_by)}"
    if one.place == GATED and one.gate is not None:
        return name, str(one.gate.reason)
    return name, attempts
