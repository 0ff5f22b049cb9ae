"""Where somebody thought that pods would go, drawn beside where the scheduler put them.

*In Kubernetes:* no counterpart; a learner's guesses are kept by the course.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cp_sim.sim import immutable
from cp_sim.views import facts
from cp_sim.views.lettering import fit, fit_middle, styled
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View

NOWHERE = "nowhere"  # the guess that a pod will stay without a node
NODE_LIMIT, POD_LIMIT = 7, 16
LEFT, CELL, HEAD, GAP = 150.0, 112.0, 44.0, 6.0
ROW, LOW_ROW = 40.0, 30.0  # a row with a guess has two lines
WORDS = 170.0  # room for the verdict at the end of a row


@immutable
class Placement:
    """What became of one guess: `verdict` is `right`, `tied` (as good as the node that was drawn), `wrong`, or `none`
    where nothing was guessed.
    """

    pod: str
    guess: str
    node: str
    verdict: str
    because: str = ""

    @property
    def counts(self) -> bool:
        """Whether the guess counts as right: a tie is broken by lot, and nobody can know the lot."""
        return self.verdict in ("right", "tied")


_SIGNS = {
    "right": ("✓", "green", "right"),
    "tied": ("≈", "green", "as good: the lot decided"),
    "wrong": ("✕", "red", "it went elsewhere"),
    "none": ("·", "grey", "no guess"),
}


def judged(decided: Any, guess: str) -> Placement:
    """One guess beside one `Decision` of the scheduler; `nowhere` stands for no node, an empty guess for none made."""
    pod = str(decided.pod).rpartition("/")[2]
    node = decided.node or NOWHERE
    if not guess:
        return Placement(pod, "", node, "none")
    if guess == node:
        because = decided.message if node == NOWHERE else ""
        return Placement(pod, guess, node, "right", because)
    if decided.node and guess in decided.best:
        return Placement(pod, guess, node, "tied", decided.why_not(guess))
    because = f"{pod} found a node." if guess == NOWHERE else decided.why_not(guess)
    return Placement(pod, guess, node, "wrong", because)


def guesses(decisions: Sequence[Any], given: Mapping[str, str]) -> View:
    """One row for each pod, one column for each node: points, what cut a node off, the pod itself, and the guess (⚑).

    `given` is {name of the pod: name of a node or "nowhere"}; ties count as right.
    """
    found = [judged(one, given.get(str(one.pod).rpartition("/")[2], "")) for one in decisions]
    right, made = sum(one.counts for one in found), sum(bool(one.guess) for one in found)
    title = f"{right} of {made} guesses are right" if made else "Where the scheduler put them"
    sketch = Sketch("Guessed and decided")
    columns = _columns(decisions, found)
    sketch.words("guesses", 8, 0, styled("title", title), width=600)
    for place, name in enumerate(columns):
        sketch.words(
            f"columns/{name}", LEFT + place * (CELL + GAP), HEAD - 20, fit_middle(name, CELL - 6, 9.5), size=9.5,
            ink="muted", align="n", width=CELL,
        )  # fmt: skip
    shown = list(zip(decisions, found))[:POD_LIMIT]
    high = ROW if made else LOW_ROW
    for place, (decided, one) in enumerate(shown):
        _row(sketch, decided, one, columns, HEAD + place * high, high)
    bottom = HEAD + len(shown) * high + 4
    if len(shown) < len(found):
        sketch.words("more", 8, bottom, styled("muted", f"and {len(found) - len(shown)} more pods"), width=300)
        bottom += 18
    if any(len(decided.best) > 1 for decided, _ in shown):
        sketch.words("tie", 8, bottom, styled("muted", "= as good as the node that was drawn by lot"), width=400)
    return sketch.view(_as_text(title, decisions, found, columns))


def _columns(decisions: Sequence[Any], found: Sequence[Placement]) -> list[str]:
    """The nodes to draw: all of few; of many those that were guessed or chosen first."""
    every = list(dict.fromkeys(name for decided in decisions for name in decided.nodes))
    nowhere = [NOWHERE] if any(NOWHERE in (one.guess, one.node) for one in found) else []
    if len(every) <= NODE_LIMIT:
        return every + nowhere
    named = {name for one in found for name in (one.guess, one.node) if name in every}
    kept = [name for name in every if name in named][:NODE_LIMIT]
    return kept + nowhere


def _row(sketch: Sketch, decided: Any, one: Placement, columns: list[str], top: float, high: float) -> None:
    subject = f"pods/{decided.pod}"
    sketch.box(
        subject, 0, top, LEFT - 12, high - 6, [styled("bold", fit_middle(one.pod, LEFT - 30))],
        edge="violet", fill="violet-tint", kind="pod", detail=decided.message or f"{one.pod} is on {one.node}",
    )  # fmt: skip
    for place, name in enumerate(columns):
        words, colour = cell_of(decided, one, name)
        guessed = name == one.guess
        lines = [styled("bold" if name == one.node else "small", fit(words, CELL - 10, 9.5))]
        if guessed:
            sign, ink, _ = _SIGNS[one.verdict]
            lines.append(styled(f"small-{ink}", f"⚑ your guess {sign}"))
        sketch.box(
            f"{subject}@{name}", LEFT + place * (CELL + GAP), top, CELL, high - 6, lines, align="n", size=9.5,
            fill=f"{colour}-tint" if colour != "none" else "panel", edge="violet" if guessed else "none",
            pen=2.2 if guessed else 0, kind="cell", detail=_cell_detail(decided, one, name),
        )  # fmt: skip
    if one.guess:
        _verdict(sketch, one, LEFT + len(columns) * (CELL + GAP) + 8, top, high)


def _verdict(sketch: Sketch, one: Placement, left: float, top: float, high: float) -> None:
    """What became of a guess, at the end of its row."""
    sign, ink, words = _SIGNS[one.verdict]
    sketch.box(
        f"pods/{one.pod}#verdict", left, top, WORDS, high - 6, [f"{styled(ink, sign)} {styled('small', words)}"],
        fill="none", edge="none", pen=0, kind="verdict", detail=one.because or f"{one.pod}: {words}",
    )  # fmt: skip


def cell_of(decided: Any, one: Placement, name: str) -> tuple[str, str]:
    """(a few words, colour) for one pod and one node."""
    if name == one.node:
        if name == NOWHERE:
            return "○ no node", "green"
        total = None if decided.scoring_skipped else decided.totals().get(name)
        return ("● here" if total is None else f"● here: {total}"), "green"
    if name == NOWHERE:
        return "–", "none"
    if not decided.detailed or decided.pre_enqueue is not None:
        return "not looked at", "none"
    verdicts = decided.verdicts()
    if name not in verdicts:
        return "not looked at", "none"
    verdict = verdicts[name]
    if verdict is not None:
        return f"✕ {verdict.plugin or 'PreFilter'}", "red"
    total = decided.totals().get(name)
    if total is None:
        return "feasible", "none"
    return (f"= {total}" if name in decided.best else f"{total}"), "grey"


def _cell_detail(decided: Any, one: Placement, name: str) -> str:
    if name == NOWHERE:
        return str(decided.message or f"{one.pod} has a node: {one.node}")
    return str(decided.why_not(name))


def _as_text(title: str, decisions: Sequence[Any], found: Sequence[Placement], columns: list[str]) -> str:
    some = any(one.guess for one in found)
    rows = [["POD", *columns, *(["YOU SAID", "IT WENT TO", ""] if some else [])]]
    for decided, one in zip(decisions, found):
        cells = [cell_of(decided, one, name)[0] for name in columns]
        sign, _, words = _SIGNS[one.verdict]
        verdict = [one.guess or "-", one.node, f"{sign} {words}"] if some else []
        rows.append([one.pod, *cells, *verdict])
    return "\n".join([title, facts.table(rows)])
