"""What happened, one line per record, newest last.

*In Kubernetes:* `kubectl get events --sort-by=.metadata.creationTimestamp` and the audit log tell parts of it.
"""

from __future__ import annotations

from typing import Any

from cp_sim.sim import Record
from cp_sim.views import facts
from cp_sim.views.cause_chain import subject_from
from cp_sim.views.facts import seconds
from cp_sim.views.lettering import fit, fit_middle, styled
from cp_sim.views.palette import ACTORS, component_of
from cp_sim.views.sketch import Sketch
from cp_sim.views.story import upto
from cp_sim.views.view import View

ROW = 22.0
COLUMNS = (8.0, 92.0, 270.0, 400.0, 660.0, 728.0)


def timeline(cluster: Any, what: str = "", last: int = 20, namespace: str = "default") -> View:
    """The last records of the trace, of one object (`"pod/web-1"`) or of all."""
    records = records_of(cluster, what, namespace)
    shown = records[-last:]
    subject = subject_from(what, namespace) if what else ""
    sketch = Sketch(f"What happened to {subject}" if what else "What happened")
    for left, word in zip(COLUMNS, ("time", "who", "did", "to", "revision", "because")):
        sketch.words(f"head/{word}", left, 0, styled("small", word))
    for place, record in enumerate(shown):
        _row(sketch, record, 18 + place * ROW)
    if not shown:
        sketch.words("nothing", 8, 20, styled("muted", "nothing yet"))
    return sketch.view(as_text(shown, len(records) - len(shown)))


def records_of(cluster: Any, what: str = "", namespace: str = "default") -> list[Record]:
    """The records of one object, or all; of a past only those up to its revision."""
    revision = 0 if hasattr(cluster, "loop") else facts.revision_of(cluster)
    records = upto(cluster.trace, revision)
    if not what:
        return records
    subject = subject_from(what, namespace)
    return [record for record in records if record.subject == subject]


def _row(sketch: Sketch, record: Record, top: float) -> None:
    colour, _ = ACTORS[component_of(record.actor)]
    identity = f"record/{record.id}"
    because = str(record.because)
    sketch.box(
        identity, 0, top, 960, ROW - 3, fill="panel", edge="none", pen=0, kind="record", detail=because, rounded=False
    )
    cells = (
        styled("small", seconds(record.time_ms)),
        styled(f"small-{colour}", fit(record.actor, 170, 9.5)),
        styled("small", fit(record.verb, 122, 9.5)),
        fit_middle(record.subject, 252, 9.5),
        "" if record.revision is None else str(record.revision),
        styled("small", fit(because, 228, 9.5)),
    )
    for place, (left, text) in enumerate(zip(COLUMNS, cells)):
        if text:
            sketch.words(f"{identity}#{place}", left, top + 3, text, size=9.5)


def as_text(records: list[Record], before: int = 0) -> str:
    """The records as a table."""
    rows = [
        [seconds(record.time_ms), record.actor, record.verb, record.subject, record.revision or "", record.because]
        for record in records
    ]
    text = facts.table([["TIME", "WHO", "DID", "TO", "REVISION", "BECAUSE"], *rows])
    return (f"({before} earlier records)\n" if before > 0 else "") + text
