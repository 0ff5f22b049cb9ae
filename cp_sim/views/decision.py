"""A scheduling decision: the pod's way through the filters to each node, what cut it off, and how the rest were scored.

*In Kubernetes:* one scheduling cycle of kube-scheduler; of all this it tells in its event only the counted reasons.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cp_sim.views import decision_words
from cp_sim.views.decision_panels import panels_of, purpose
from cp_sim.views.decision_points import Chip, Points
from cp_sim.views.decision_rows import Row, domain_of, halves, lanes_of, rows_of, without_domains
from cp_sim.views.lettering import fit, fit_middle, styled, width_of, wrap
from cp_sim.views.sketch import Point, Sketch
from cp_sim.views.view import View

WIDTH = 960.0
POD_WIDTH = 128.0
LANES_LEFT, LANES_WIDTH = 158.0, 310.0  # as wide with one lane as with five, so that the nodes stay where they are
NODES_LEFT, NODE_WIDTH = 480.0, 152.0
RIGHT = NODES_LEFT + NODE_WIDTH + 14
ROOM = WIDTH - RIGHT
ROW_HEIGHT = 44.0
HEAD, LANE_HEAD = 26.0, 34.0
OUTCOMES = {
    "scheduled": ("green", "✓ scheduled on {}"),
    "unschedulable": ("red", "✕ no node can take it"),
    "gated": ("grey", "‖ waits at a gate"),
}


def decision(decided: Any, guess: Sequence[str] | None = None) -> View:
    """One `Decision` of the scheduler as a picture: a green way through all filters, a red one cut where it failed.

    `guess` are the names of the nodes that a learner expects the pod on (empty: on none); they are flagged, and the
    picture says what became of each.
    """
    rows = rows_of(decided, guess or ())
    painter = _Painter(decided, rows, None if guess is None else list(guess))
    painter.head()
    painter.lanes()
    for place, row in enumerate(rows):
        painter.row(row, painter.top + place * ROW_HEIGHT)
    painter.foot(painter.pod())
    view = painter.sketch.view(decision_words.as_text(decided, guess))
    view.panels = panels_of(decided, rows)
    return view


class _Painter:
    """Puts one decision on the sketch."""

    def __init__(self, decided: Any, rows: list[Row], guess: list[str] | None) -> None:
        self.decided = decided
        self.rows = rows
        self.names = lanes_of(decided, rows)
        self.guess = guess
        self.domain = domain_of(decided.nodes)
        self.sketch = Sketch(f"Where should {decided.pod} go?")
        self.sketch.reach(WIDTH)
        self.sample = decision_words.sample_words(decided)
        self.begin = HEAD + (26 if self.sample else 0)
        self.top = self.begin + LANE_HEAD
        self.points = Points(self.sketch, decided, RIGHT, ROOM)
        self.bottom = self.top + max(1, len(rows)) * ROW_HEIGHT
        self.middle = (self.top + self.bottom) / 2

    def head(self) -> None:
        decided = self.decided
        colour, words = OUTCOMES.get(decided.result, ("red", f"✕ {decided.result}"))
        attempt = styled("muted", f"· attempt {decided.attempt} ·")
        name = fit_middle(decided.pod, 460, 12.5)
        title = f"{styled('title', name)} {attempt} {styled(colour, words.format(decided.node))}"
        if decided.preemption is not None:
            title += styled("amber", f"; room is made on {fit_middle(decided.preemption.nominated, 160)}")
        self.sketch.words("decision", 8, 0, title, width=WIDTH)
        if self.sample:
            self._sample(decided.sample)

    def _sample(self, sample: Any) -> None:
        """All nodes as a strip in the scheduler's order; what was looked at is filled, round the end if need be."""
        first, width = sample.start / sample.total, 300.0
        share = sample.looked_at / sample.total
        wrapped = max(0.0, first + share - 1)
        parts = [(wrapped, "used"), (first - wrapped, "faint"), (share - wrapped, "used"), (1 - first - share, "faint")]
        parts = [(part, colour) for part, colour in parts if part >= 0.002]
        whole = sum(part for part, _ in parts)
        self.sketch.box(
            "sample", 8, HEAD, width, 12, edge="none", pen=0, rounded=False, kind="sample", detail=self.sample[0],
            fill=parts[0][1], parts=[(part / whole, colour) for part, colour in parts] if len(parts) > 1 else (),
        )  # fmt: skip
        self.sketch.box("sample#start", 8 + width * first - 1, HEAD - 3, 2, 18, fill="blue", edge="none", rounded=False)
        self.sketch.words("sample#words", width + 20, HEAD - 1, self.sample[0], size=9.5, ink="muted", width=620)

    def lanes(self) -> None:
        if not self.rows:
            return
        wide = LANES_WIDTH / max(1, len(self.names))
        for place, lane in enumerate(self.names):
            left = LANES_LEFT + place * wide
            cut = sum(row.plugin == lane for row in self.rows)
            self.sketch.region(
                f"filters/{lane}", left + 2, self.begin, wide - 4, self.bottom - self.begin - 4,
                edge="faint", kind="filter", detail=f"{lane} cuts off {cut} of these rows",
            )  # fmt: skip
            lines = halves(lane) if width_of(lane, 9.5) > wide - 16 else (lane, "")
            for line, text in enumerate(lines):
                self.sketch.words(
                    f"filters/{lane}#name{line}", left + 2, self.begin + 4 + line * 11, fit(text, wide - 4, 8.5),
                    inside=f"filters/{lane}", size=8.5, ink="muted", align="n", width=wide - 4,
                )  # fmt: skip
        if not self.names:
            self.sketch.region(
                "filters/none", LANES_LEFT + 2, self.begin, LANES_WIDTH - 4, self.bottom - self.begin - 4,
                edge="faint", kind="filter", detail="every filter passed every node that was looked at",
            )  # fmt: skip
            self.sketch.words(
                "filters/none#name", LANES_LEFT + 14, self.begin + 6, "no filter cuts anybody off", size=9.5,
                ink="muted", inside="filters/none",
            )  # fmt: skip
        if words := self.points.words():
            self.sketch.words("scores", RIGHT, self.begin + 8, words, size=9.5, ink="muted", width=ROOM)

    # -- one node ----------------------------------------------------------------------------------------------------

    def row(self, row: Row, top: float) -> None:
        middle = top + ROW_HEIGHT / 2
        chosen = bool(row.node) and row.node == self.decided.node
        name = fit_middle(row.name.removesuffix(self.domain), NODE_WIDTH - (46 if chosen else 28), 11)
        lines = [styled("bold", f"★ {name}") if chosen else name]
        if self.guess is not None and row.node in self.guess:
            right, words = decision_words.fate(self.decided, row.node)
            flag = fit(f"⚑ you: {words}", NODE_WIDTH - 18, 9.5)
            lines.append(styled("small-green" if right else "small-amber", flag))
        self.sketch.box(
            row.identity, NODES_LEFT, top + 4, NODE_WIDTH, ROW_HEIGHT - 8, lines, align="l",
            edge="green" if row.feasible else "line", pen=2.4 if chosen else 1.2,
            fill="green-tint" if chosen else "paper", dashed=not row.feasible, ink="ink" if row.feasible else "muted",
            kind="node chosen" if chosen else "node", detail=self._detail(row),
        )  # fmt: skip
        if row.missed:
            words = decision_words.missed_words(self.decided)
            for place, line in enumerate(wrap(words, ROOM - 20, 9.5, 2)):
                self.sketch.words(
                    f"{row.identity}#why{place}", RIGHT, middle - 7 + place * 13, line, size=9.5, ink="muted"
                )
        elif row.feasible:
            self._way(row, (NODES_LEFT, middle), "green", 2.4 if chosen else 1.2)
            self.points.row(row, top, self._detail(row))
        else:
            self._cut(row, middle)

    def _way(self, row: Row, end: Point, colour: str, pen: float, dashed: bool = False) -> None:
        begin = (POD_WIDTH, self.middle)
        bend = ((LANES_LEFT + 4, self.middle), (min(LANES_LEFT + 4, end[0] - 30), end[1]))
        self.sketch.arrow(
            f"way/{row.identity}", begin, end, bend=bend, colour=colour, pen=pen,
            style="dashed" if dashed else "solid", head=not dashed, detail=self._detail(row),
            kind="way " + ("cut" if dashed else "passed"),
        )  # fmt: skip

    def _cut(self, row: Row, middle: float) -> None:
        wide = LANES_WIDTH / len(self.names)
        place = self.names.index(row.plugin) if row.plugin in self.names else len(self.names) - 1
        at = LANES_LEFT + (place + 0.5) * wide
        self._way(row, (at - 8, middle), "red", 1.4, dashed=True)
        self.sketch.arrow(
            f"rest/{row.identity}", (at + 8, middle), (NODES_LEFT, middle), colour="faint", head=False, kind="rest"
        )
        self.sketch.box(
            f"cut/{row.identity}", at - 8, middle - 8, 16, 16, [styled("red", "✕")], align="n", size=9.5,
            fill="red-tint", edge="red", shape="circle", kind="cut", detail=self._detail(row),
        )  # fmt: skip
        because = str(getattr(row.verdict, "because", "") or ", ".join(row.verdict.reasons))
        reasons = ", ".join(row.verdict.reasons)
        if width_of(because, 10) > ROOM - 30:
            because = without_domains(because)
        lines = [styled("small-red", line) for line in wrap(because, ROOM - 30, 10, 2)]
        if len(lines) == 1:
            small = (row.verdict.plugin or "ruled out before the filters ran") if reasons == because else reasons
            lines.append(styled("small", fit(small, ROOM - 30, 9.5)))
        for number, line in enumerate(lines):
            at = middle - 15 + number * 14
            self.sketch.words(f"{row.identity}#why{number}", RIGHT, at, line, size=10, width=ROOM)

    def _detail(self, row: Row) -> str:
        if row.node:
            return str(self.decided.why_not(row.node))
        return f"{row.name}: {', '.join(row.verdict.reasons)}" if row.verdict is not None else row.name

    # -- the pod, and what is said below ----------------------------------------------------------------------------

    def pod(self) -> float:
        """The pod itself, on the left in the middle of the rows; returns where the picture goes on below."""
        decided, middle = self.decided, self.middle
        name = fit_middle(decided.pod.rpartition("/")[2], POD_WIDTH - 34)
        lines = [styled("bold", name), styled("small", decided.result)]
        self.sketch.box(
            f"pods/{decided.pod}", 0, middle - 26, POD_WIDTH, 52, lines, edge="violet", fill="violet-tint", pen=1.6,
            kind="pod", detail=decided.message or f"{decided.pod}: {decided.result}",
        )  # fmt: skip
        if not self.rows:
            self._refusal(middle)
        return max(self.bottom, middle + 34) + 6

    def _refusal(self, middle: float) -> None:
        """The pod was turned away as a whole, before any single node was looked at."""
        refused = self.decided.pre_enqueue or self.decided.pre_filter
        if refused is not None:
            point = "before the queue (PreEnqueue)" if self.decided.pre_enqueue else "before any node (PreFilter)"
            lines = [styled("red", f"{refused.plugin}, {point}"), *wrap(refused.reason, 560, 11, 2)]
        elif not self.decided.detailed:
            lines = ["The verdicts and scores of this attempt are not kept any more: it was too long ago."]
        else:
            lines = wrap(self.decided.message or self.decided.result, 560, 11, 3)
        self.sketch.box(
            "refused", LANES_LEFT + 40, middle - 30, 640, 60, lines, edge="red" if refused else "line",
            fill="red-tint" if refused else "panel", kind="cut", detail=self.decided.message or lines[-1],
        )  # fmt: skip
        colour = "red" if refused else "grey"
        self.sketch.arrow("way/refused", (POD_WIDTH, middle), (LANES_LEFT + 40, middle), colour=colour, style="dashed")

    def foot(self, top: float) -> None:
        if self.rows:
            below = self._chips("filters", "filters, in their order:", self._filter_chips(), top)
            if self.decided.skipped:
                words = styled("muted", "– had nothing to ask")
                self.sketch.words("filters#skipped", 8, top + 15, words, size=8.5)
                below = max(below, top + 34)
            top = below
        chips = self.points.chips()
        if chips:
            top = self._chips("legend", "points from:", chips, top)
        for place, line in enumerate(self._closing()):
            self.sketch.words(f"closing/{place}", 8, top + 4 + place * 17, line, width=WIDTH - 20)

    def _filter_chips(self) -> list[Chip]:
        """(id, words, ink, colour of the dot) of each filter that ran or had nothing to ask."""
        decided = self.decided
        cut: dict[str, int] = {}
        for group in decided.groups():
            cut[group.plugin] = cut.get(group.plugin, 0) + len(group.nodes)
        chips = []
        for plugin in decided.filters:
            if plugin in cut:
                chips.append((f"chips/{plugin}", f"{plugin} ✕{cut[plugin]}", "red", "red"))
            elif plugin in decided.skipped:
                chips.append((f"chips/{plugin}", f"{plugin} –", "muted", "faint"))
            else:
                chips.append((f"chips/{plugin}", f"{plugin} ✓", "ink", "green"))
        return chips

    def _chips(self, identity: str, words: str, chips: list[Chip], top: float) -> float:
        """A line of small labels, broken where it is full; returns where the next one may begin."""
        self.sketch.words(identity + "#head", 8, top, styled("muted", words), size=9.5)
        left = begin = 128.0
        for name, text, ink, hue in chips:
            wide = width_of(text, 9) * 1.1 + 24
            if left + wide > WIDTH:
                left, top = begin, top + 15
            self.sketch.box(f"{name}#colour", left, top + 2, 8, 8, fill=hue, edge="none", pen=0, rounded=False)
            plugin = name.partition("/")[2]
            detail = f"{plugin}: {purpose(self.decided, plugin) or 'a plugin'}" if plugin else ""
            self.sketch.words(name, left + 12, top, text, size=9, ink=ink, detail=detail)
            left += wide
        return top + 19

    def _closing(self) -> list[str]:
        decided = self.decided
        told = [("amber", f"⚑ {line}") for line in decision_words.guess_words(decided, self.guess)]
        told += [("muted", line) for line in decision_words.tie_words(decided)]
        if decided.preemption is not None:
            victims = decision_words.listed([one.rpartition("/")[2] for one in decided.preemption.victims])
            told.append(("amber", f"preemption: {victims} must give way on {decided.preemption.nominated}"))
        lines = [styled(style, line) for style, words in told for line in wrap(words, WIDTH - 140, 11, 2)]
        return [*lines, *(wrap(decided.message, WIDTH - 150, 11, 3) if self.rows else ())]
