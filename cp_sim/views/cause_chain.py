"""Why is this object as it is? The records behind it, each caused by the one above, back to what somebody asked for.

*In Kubernetes:* nobody keeps this; one pieces it together from events, audit logs and the components' own logs.
"""

from __future__ import annotations

from typing import Any

from cp_sim.objects import kinds
from cp_sim.sim import Record
from cp_sim.views import facts
from cp_sim.views.facts import many, seconds
from cp_sim.views.lettering import fit, styled
from cp_sim.views.palette import ACTORS, component_of
from cp_sim.views.sketch import Flow
from cp_sim.views.story import asker_of, line_of, upto
from cp_sim.views.view import View

STEP_LIMIT = 24
SIBLING_LIMIT = 3


def cause_chain(cluster: Any, what: str, namespace: str = "default") -> View:
    """The chain of causes behind the last thing that happened to an object, with what else the same causes brought about.

    `what` is `"pod/web-1"`, or the subject of records, `"pods/default/web-1"`.
    """
    trace = cluster.trace
    subject = subject_from(what, namespace)
    revision = 0 if hasattr(cluster, "loop") else facts.revision_of(cluster)
    history = [record for record in trace.about(subject) if not revision or (record.revision or 0) <= revision]
    if not history:
        flow = Flow(f"Why is {subject} as it is?")
        flow.box("nothing", [f"The trace tells nothing about {subject}."], dashed=True)
        return flow.view(f"{subject}: nothing is known to have happened to it")
    return chain_of(trace, history[-1], revision)


def chain_of(trace: Any, record: Record, until_revision: int = 0) -> View:
    """The chain of causes behind one record."""
    chain = trace.chain(record)[::-1]
    shown = chain if len(chain) <= STEP_LIMIT else [chain[0], *chain[-(STEP_LIMIT - 1) :]]
    flow = Flow(f"Why: {record.verb} {record.subject}", "TB", rank_gap=18, node_gap=14)
    siblings = _siblings(upto(trace, until_revision), {one.id for one in shown})
    for place, one in enumerate(shown):
        _step(flow, trace, one, last=one is record)
        if place:
            before = shown[place - 1]
            skipped = len(chain) - len(shown) if place == 1 and len(shown) < len(chain) else 0
            flow.arrow(
                f"cause/{before.id}/{one.id}", f"record/{before.id}", f"record/{one.id}", weight="20",
                text=f"{skipped} steps between" if skipped else "", style="dashed" if skipped else "solid", pen=1.8,
            )  # fmt: skip
            _folded(flow, before, one, siblings.get(before.id, []))
    return flow.view(_as_text(chain, siblings))


def subject_from(what: str, namespace: str = "default") -> str:
    """The subject of records about `pod/web-1`; a subject is returned as it is.

    Raises:
        UnknownKind: there is no such kind.
    """
    if what.count("/") == 2:
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


def _step(flow: Flow, trace: Any, record: Record, last: bool) -> None:
    component = component_of(record.actor)
    colour, _ = ACTORS[component]
    server = component == "kube-apiserver"
    what = f"{record.verb} {record.subject}"
    head = styled(colour, record.actor) + " " + fit(what, 420)
    small = [seconds(record.time_ms)]
    if record.revision is not None:
        small.append(f"revision {record.revision}")
    if server:
        small.append(f"asked by {asker_of(trace, record)}")
    lines = [head, styled("small", " · ".join(small))]
    if record.because:
        lines.append(fit(record.because, 460, 11))
    flow.box(
        f"record/{record.id}", lines, edge=colour, fill=f"{colour}-tint", pen=2.4 if last else 1.2, width=500,
        kind=f"record {component}", detail=line_of(record),
    )  # fmt: skip


def _folded(flow: Flow, cause: Record, taken: Record, siblings: list[Record]) -> None:
    if not siblings:
        return
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for one in siblings:
        groups.setdefault((one.actor, one.verb, one.subject.partition("/")[0]), []).append(one)
    lines = [styled("small", f"the same cause also brought {many(len(siblings), 'other')}")]
    for (actor, verb, plural), members in list(groups.items())[:SIBLING_LIMIT]:
        name = f" {members[0].subject.rpartition('/')[2]}" if len(members) == 1 else f" ×{len(members)}"
        lines.append(styled("small", fit(f"{actor} {verb} {plural}{name}", 300, 9.5)))
    if len(groups) > SIBLING_LIMIT:
        lines.append(styled("small", f"and {len(groups) - SIBLING_LIMIT} more kinds of records"))
    identity = f"siblings/{cause.id}"
    flow.box(
        identity, lines, dashed=True, fill="panel", width=330, kind="siblings", detail="; ".join(line_of(one) for one in siblings[:5])
    )
    flow.arrow(f"{identity}@cause", f"record/{cause.id}", identity, pen=1, style="dashed")
    flow.same_rank(f"record/{taken.id}", identity)


def _as_text(chain: list[Record], siblings: dict[int, list[Record]]) -> str:
    lines = [f"{chain[-1].subject}, from what started it to its last change:"]
    for place, record in enumerate(chain):
        lines.append("  " + ("so " if place else "") + line_of(record))
        others = siblings.get(record.id)
        if others:
            lines.append(f"       (and {many(len(others), 'other record')} from the same cause)")
    return "\n".join(lines)


