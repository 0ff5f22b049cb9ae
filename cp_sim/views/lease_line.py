"""Who led when: for each elected component a line of time, striped by the node whose process held the Lease.

*In Kubernetes:* the Leases `kube-scheduler`, `kube-controller-manager` and `cloud-controller-manager` in `kube-system`;
an API server shows only who holds them now.
"""

from __future__ import annotations

from typing import Any

from cp_sim.sim.clock import format_duration
from cp_sim.views import facts
from cp_sim.views.axis import Axis, tick_ms
from cp_sim.views.elections import ELECTED, LeaseFacts, Term, leases, terms_of
from cp_sim.views.facts import many
from cp_sim.views.lettering import fit, styled, width_of
from cp_sim.views.palette import ACTORS
from cp_sim.views.quorum import natural
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View

LEFT, WIDE = 178.0, 762.0
ROW = 46.0
LIMIT = 40  # holders drawn in a line


def lease_line(cluster: Any, since: int | None = None, until: int | None = None) -> View:
    """Who held the Leases of the elected components between two moments, in milliseconds of virtual time.

    Args:
        cluster: a cluster, or its past, which shows nothing later than its revision.
        since: where the picture begins; None: when the first lease was taken, or two minutes ago if that is later.
        until: where it ends; None: now.

    Raises:
        ValueError: it would end before it begins.
    """
    end = facts.time_of(cluster) if until is None else until
    found = {name: terms_of(cluster, name, end) for name in ELECTED}
    begin = _beginning(found, end) if since is None else since
    if begin > end:
        raise ValueError(f"the line cannot end ({format_duration(end)}) before it begins ({format_duration(begin)})")
    held = leases(cluster)
    sketch = Sketch("Who led when: the Leases of the elected components")
    if not any(found.values()):
        words = "Nobody stands for election here: with one of each, none is needed."
        sketch.words("nothing", 8, 4, styled("muted", words), width=700)
        return sketch.view(words)
    axis = Axis(begin, end, LEFT, WIDE)
    machines = sorted({term.machine for terms in found.values() for term in terms}, key=natural)
    for place, (name, terms) in enumerate(found.items()):
        _line(sketch, axis, name, terms, held.get(name), machines, place * ROW)
    top = axis.ticks(sketch, len(found) * ROW + 2)
    sketch.words(
        "legend",
        LEFT,
        top + 2,
        styled("small", "one colour and number for each node · striped: its holder was away, and nobody else worked"),
    )
    return sketch.view(as_text(found, held, begin, end))


def _beginning(found: dict[str, list[Term]], end: int) -> int:
    first = min((terms[0].since_ms for terms in found.values() if terms), default=end)
    span = min(120_000, max(5_000, end - first))
    every = tick_ms(span)
    return max(0, (end - span) // every * every)


def _line(
    sketch: Sketch, axis: Axis, name: str, terms: list[Term], held: LeaseFacts | None, machines: list[str], top: float
) -> None:
    colour, _ = ACTORS[name]
    identity = f"leases/kube-system/{name}"
    sketch.region(f"{identity}#line", 0, top + 2, LEFT + WIDE, ROW - 6, edge="none", pen=0, kind="lane")
    sketch.words(identity, 10, top + 8, styled(colour, name), width=LEFT, detail=_sentence(name, held))
    sketch.words(f"{identity}#now", 10, top + 23, styled("small", fit(_now(held), LEFT - 22, 9.5)), width=LEFT)
    for term in terms[-LIMIT:]:
        if term.until_ms < axis.start_ms:
            continue
        left, right = axis.at(term.since_ms), axis.at(term.until_ms)
        wide = max(2.0, right - left)
        works = axis.at(term.gone_ms) - left if term.gone_ms else wide
        hue = f"owner-{machines.index(term.machine) % 8 + 1}"
        until = "lost or released" if term.lost else "until"
        sketch.box(
            f"record/{term.record}#{name}", left, top + 8, wide, 24, _label(term, min(works, wide)), size=9.5,
            align="l", fill="paper", edge=hue, pen=2, rounded=False, kind="holder",
            detail=f"{name}: {term.machine} {facts.seconds(term.since_ms)}, {until} {facts.seconds(term.until_ms)}",
        )  # fmt: skip
        if term.gone_ms:
            start = max(left + 2, axis.at(term.gone_ms))
            count = max(2, int((right - start) / 3))
            sketch.box(
                f"record/{term.record}#{name}#gone", start, top + 9, max(2.0, right - start - 1), 22, [], edge="line",
                parts=[(1 / count, "grey-tint" if part % 2 else "used-up") for part in range(count)], rounded=False,
                kind="gone", detail=f"{name}: {term.machine} has been away since {facts.seconds(term.gone_ms)}",
            )  # fmt: skip
        if term.lost:
            sketch.box(
                f"record/{term.record}#{name}#lost", right - 2, top + 8, 5, 24, [], fill="red", edge="none", pen=0,
                rounded=False, kind="lost",
            )  # fmt: skip


def _label(term: Term, wide: float) -> list[str]:
    number = term.machine.rpartition("-")[2]
    for text in (f"◂ {term.machine}", term.machine, number):
        if width_of(text, 9.5) * 1.12 + 6 <= wide:
            return [text]
    return []


def _now(held: LeaseFacts | None) -> str:
    if held is None:
        return "no lease yet"
    if not held.holder:
        return "released: nobody holds it"
    ago = f"renewed {held.age_ms / 1000:.1f}s ago"
    return f"{held.machine}: {'run out, ' if held.expired else ''}{ago}"


def _sentence(name: str, held: LeaseFacts | None) -> str:
    if held is None:
        return f"{name}: no lease yet"
    return f"{name}: {_now(held)}; it has changed hands {many(held.transitions, 'time')}"


# -- words ----------------------------------------------------------------------------------------------------------


def as_text(found: dict[str, list[Term]], held: dict[str, LeaseFacts], begin: int, end: int) -> str:
    """The lines in words."""
    lines = [f"from {facts.seconds(begin)} to {facts.seconds(end)}"]
    for name, terms in found.items():
        lines.append(_sentence(name, held.get(name)))
        for term in terms:
            gone = f", away since {facts.seconds(term.gone_ms)}" if term.gone_ms else ""
            lost = f"{gone}, then lost or released it" if term.lost else gone
            lines.append(f"  {facts.seconds(term.since_ms)} to {facts.seconds(term.until_ms)}: {term.machine}{lost}")
    return "\n".join(lines)
