"""Why is this object as it is? The records behind it, each caused by the one above, back to what somebody asked for.

*In Kubernetes:* nobody keeps this; one pieces it together from events, audit logs and the components' own logs.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import kinds
from cp_sim.sim import Record
from cp_sim.views import facts
from cp_sim.views.facts import many, seconds
from cp_sim.views.lettering import fit, fit_middle, styled, width_of, wrap
from cp_sim.views.palette import ACTORS, component_of
from cp_sim.views.sketch import Sketch
from cp_sim.views.story import asker_of, line_of, upto
from cp_sim.views.view import View

NO_OBJECTS = ("members/", "processes/", "links")  # subjects of records that are no objects of the API
STEP_LIMIT = 24
SIBLING_LIMIT = 3
WIDTH, SIBLING_WIDTH = 520.0, 360.0


def cause_chain(cluster: Any, what: str, namespace: str = "default") -> View:
    """The chain of causes behind the last thing that happened to an object, with what else the same causes
    brought about.

    `what` is `"pod/web-1"`, or the subject of records, `"pods/default/web-1"`.
    """
    trace = cluster.trace
    subject = subject_from(what, namespace)
    revision = 0 if hasattr(cluster, "loop") else facts.revision_of(cluster)
    newest = max((record.id for record in upto(trace, revision)), default=0)
    history = [record for record in trace.about(subject) if record.id <= newest]
    if not history:
        sketch = Sketch(f"Why is {subject} as it is?")
        sketch.box("nothing", 0, 0, 500, 36, [f"The trace tells nothing about {subject}."], dashed=True)
        return sketch.view(f"{subject}: nothing is known to have happened to it")
    return chain_of(trace, history[-1], revision)


def chain_of(trace: Any, record: Record, until_revision: int = 0) -> View:
    """The chain of causes behind one record."""
    chain = trace.chain(record)[::-1]
    shown = chain if len(chain) <= STEP_LIMIT else [chain[0], *chain[-(STEP_LIMIT - 1) :]]
    siblings = _siblings(upto(trace, until_revision), {one.id for one in shown})
    sketch = Sketch(f"Why: {record.verb} {record.subject}")
    top = 0.0
    for place, one in enumerate(shown):
        high = _step(sketch, trace, one, top, last=one is record)
        others = siblings.get(one.id, []) if one is not record else []
        bottom = top + max(high, _folded(sketch, one, others, top))
        if place + 1 < len(shown):
            skipped = len(chain) - len(shown) if place == 0 else 0
            after = shown[place + 1]
            gap = 40 if skipped else 20
            sketch.arrow(
                f"cause/{one.id}/{after.id}",
                (WIDTH / 2, top + high),
                (WIDTH / 2, bottom + gap),
                pen=1.8,
                style="dashed" if skipped else "solid",
                detail=f"{one.verb} {one.subject} caused {after.verb} {after.subject}",
            )
            if skipped:
                sketch.pill("skipped", (WIDTH / 2, bottom + gap / 2), f"{skipped} steps between", "grey")
            top = bottom + gap
    return sketch.view(_as_text(chain, siblings))


def subject_from(what: str, namespace: str = "default") -> str:
    """The subject of records about `pod/web-1`; a subject is returned as it is.

    Raises:
        UnknownKind: there is no such kind.
    """
    if what.count("/") == 2 or what.startswith(NO_OBJECTS):
        return what
    word, _, name = what.partition("/")
    kind = kinds.find(word)
    return "/".join(part for part in (kind.plural, namespace if kind.namespaced else "", name) if part)


def _siblings(records: list[Record], chain: set[int]) -> dict[int, list[Record]]:
    """{record: what else it caused, chain aside}, for the records of the chain."""
    found: dict[int, list[Record]] = {}
    for record in records:
        if record.cause in chain and record.id not in chain:
            found.setdefault(int(record.cause or 0), []).append(record)
    return found


def _step(sketch: Sketch, trace: Any, record: Record, top: float, last: bool) -> float:
    component = component_of(record.actor)
    colour, _ = ACTORS[component]
    what = fit_middle(f"{record.verb} {record.subject}", WIDTH - 40 - width_of(record.actor))
    small = [seconds(record.time_ms)]
    if record.revision is not None:
        small.append(f"revision {record.revision}")
    if component == "kube-apiserver":
        small.append(f"asked by {asker_of(trace, record)}")
    lines = [f"{styled(colour, record.actor)} {what}", styled("small", " · ".join(small))]
    if record.because:
        lines[1:1] = wrap(record.because, WIDTH - 30, 11, 2)
    high = 13.2 * len(lines) + 12
    sketch.box(
        f"record/{record.id}", 0, top, WIDTH, high, lines, edge=colour, fill=f"{colour}-tint", pen=2.4 if last else 1.2,
        kind=f"record {component}", detail=line_of(record),
    )  # fmt: skip
    return high


def _folded(sketch: Sketch, cause: Record, siblings: list[Record], top: float) -> float:
    """The box of what else a record caused; returns its height."""
    if not siblings:
        return 0.0
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for one in siblings:
        groups.setdefault((one.actor, one.verb, one.subject.partition("/")[0]), []).append(one)
    lines = [styled("small", f"this also brought about {many(len(siblings), 'other record')}")]
    for (actor, verb, plural), members in list(groups.items())[:SIBLING_LIMIT]:
        name = f"/{members[0].subject.rpartition('/')[2]}" if len(members) == 1 else f" ×{len(members)}"
        lines.append(styled("small", fit(f"{actor} {verb} {plural}{name}", SIBLING_WIDTH - 20, 9.5)))
    if len(groups) > SIBLING_LIMIT:
        lines.append(styled("small", f"and {len(groups) - SIBLING_LIMIT} more kinds"))
    high = 13.2 * len(lines) + 10
    left = WIDTH + 50
    sketch.box(
        f"siblings/{cause.id}", left, top, SIBLING_WIDTH, high, lines, dashed=True, fill="panel", kind="siblings",
        detail="; ".join(line_of(one) for one in siblings[:5]),
    )  # fmt: skip
    sketch.arrow(f"siblings/{cause.id}@cause", (WIDTH, top + 14), (left, top + 14), pen=1, style="dashed")
    return high


def _as_text(chain: list[Record], siblings: dict[int, list[Record]]) -> str:
    lines = [f"{chain[-1].subject}, from what started it to its last change:"]
    for place, record in enumerate(chain):
        lines.append("  " + ("so " if place else "") + line_of(record))
        others = siblings.get(record.id)
        if others:
            lines.append(f"       (and {many(len(others), 'other record')} from the same cause)")
    return "\n".join(lines)
