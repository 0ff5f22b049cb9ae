"""A request's way through the gates of the API server, and where it ended.

*In Kubernetes:* the handler chain of kube-apiserver: authentication, authorization, decoding, mutating admission,
validation, storage.
"""

from __future__ import annotations

from typing import Any

from cp_sim.views.facts import seconds
from cp_sim.views.lettering import fit, styled, wrap
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View

GATES = ("authenticate", "authorize", "mutate", "validate", "store")
NOTES = {
    "authenticate": "who is it?",
    "authorize": "may they?",
    "decode": "can it be read?",
    "mutate": "defaults, admission",
    "validate": "does it make sense?",
    "store": "write it to etcd",
}
VERDICTS = {"passed": ("✓", "green"), "changed": ("≠", "blue"), "refused": ("✕", "red"), "": ("·", "grey")}
BOX, GAP = 140.0, 22.0


def request_passage(record: Any) -> View:
    """A record of the API server (or its evidence, a `Passage`) as a row of gates, open, or shut where the
    request died.
    """
    passage = getattr(record, "evidence", None) or record
    gates = _gates(passage)
    code = int(passage.code or 0)
    died = passage.refused_at()
    sketch = Sketch(f"{passage.verb} {passage.subject}: its way through the API server")
    moment = f" · {seconds(record.time_ms)}" if hasattr(record, "time_ms") else ""
    colour = "red" if code >= 400 else "green"
    sketch.words(
        "passage",
        8,
        0,
        styled("bold", passage.user)
        + " "
        + styled("title", f"{passage.verb} {passage.subject}")
        + styled("muted", moment),
        width=940,
    )
    for place, (name, notes) in enumerate(gates):
        _gate(sketch, name, notes, place, reached=bool(notes), died=died)
        if place:
            open_way = bool(notes) and not any(note.verdict == "refused" for note in gates[place - 1][1])
            left = (place - 1) * (BOX + GAP) + BOX
            sketch.arrow(
                f"to/{name}",
                (left, 62),
                (left + GAP, 62),
                colour="green" if open_way else "grey",
                pen=2 if open_way else 1,
                style="solid" if open_way else "dashed",
            )
    revision = getattr(record, "revision", None)
    answer = f"answered {code}" if code else "answered"
    if revision:
        answer += f", revision {revision}"
    because = str(getattr(record, "because", "") or (died.sentence if died else ""))
    sketch.words("answer", 8, 124, styled(colour, answer), width=900)
    for place, line in enumerate(wrap(because, 920, 11, 3)):
        sketch.words(f"because/{place}", 8, 141 + place * 15, line, width=940)
    return sketch.view(_as_text(passage, gates, answer, because))


def _gates(passage: Any) -> list[tuple[str, list[Any]]]:
    names = list(GATES)
    if any(gate.gate == "decode" for gate in passage.gates):
        names.insert(2, "decode")
    names += [gate.gate for gate in passage.gates if gate.gate not in names]
    return [(name, [gate for gate in passage.gates if gate.gate == name]) for name in dict.fromkeys(names)]


def _verdict(notes: list[Any]) -> str:
    for verdict in ("refused", "changed", "passed"):
        if any(note.verdict == verdict for note in notes):
            return verdict
    return ""


def _gate(sketch: Sketch, name: str, notes: list[Any], place: int, reached: bool, died: Any) -> None:
    verdict = _verdict(notes)
    sign, colour = VERDICTS[verdict]
    lines = [styled(colour, f"{sign} {name}"), styled("small", NOTES.get(name, ""))]
    words = next((note.sentence for note in notes if note.sentence), "")
    changed = [field for note in notes for field in note.changed]
    if changed:
        words = f"set {', '.join(changed[:3])}" + (" …" if len(changed) > 3 else "")
    if words:
        lines.append(styled("small", fit(words, BOX - 18, 9.5)))
    sketch.box(
        f"gates/{name}",
        place * (BOX + GAP),
        28,
        BOX,
        68,
        lines,
        edge=colour if reached else "line",
        pen=2 if verdict == "refused" else 1.2,
        fill=f"{colour}-tint" if reached else "paper",
        dashed=not reached,
        kind=f"gate {verdict or 'never-reached'}",
        detail=f"{name}: {verdict or 'never reached'}" + (f"; {words}" if words else ""),
    )


def _as_text(passage: Any, gates: list[tuple[str, list[Any]]], answer: str, because: str) -> str:
    lines = [f"{passage.user} {passage.verb} {passage.subject}"]
    for name, notes in gates:
        if not notes:
            lines.append(f"  · {name}: never reached")
        for note in notes:
            words = f": {note.sentence}" if note.sentence else ""
            changed = f" (set {', '.join(note.changed)})" if note.changed else ""
            lines.append(f"  {VERDICTS[note.verdict][0]} {name} {note.verdict}{words}{changed}")
    lines.append(f"  {answer}" + (f": {because}" if because else ""))
    return "\n".join(lines)
