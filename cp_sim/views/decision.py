"""A scheduling decision: the pod's way through the filters to each node, what cut it off, and how the rest were scored.

*In Kubernetes:* one scheduling cycle of kube-scheduler; of all this it tells in its event only the counted reasons.
"""

from __future__ import annotations

import re
from typing import Any

from cp_sim.views.facts import many
from cp_sim.views.lettering import fit, fit_middle, styled, width_of, wrap
from cp_sim.views.palette import OWNER_HUES
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View

NODE_LIMIT = 14  # rows; with more nodes the best are drawn, and the others summed up by reason
LANE_LIMIT = 4
POD_WIDTH, NODE_WIDTH, LANE_WIDTH = 150.0, 150.0, 112.0
ROW_HEIGHT, ROWS_TOP = 46.0, 58.0
WIDTH = 960.0
_DOMAIN = re.compile(r"\b[a-z0-9][\w-]*(\.[\w-]+)+/")


def decision(decided: Any) -> View:
    """One `Decision` of the scheduler as a picture: a green way through all filters, a red one cut where it failed."""
    rows = _rows(decided)
    lanes = _lanes(decided, rows)
    painter = _Painter(decided, rows, lanes)
    painter.head()
    for place, row in enumerate(rows):
        painter.row(row, ROWS_TOP + place * ROW_HEIGHT)
    bottom = painter.pod(ROWS_TOP + len(rows) * ROW_HEIGHT)
    painter.foot(bottom)
    return painter.sketch.view(as_text(decided))


class Row:
    """One node, or several with the same fate, in the picture."""

    def __init__(
        self, name: str, identity: str, *, verdict: Any = None, total: int | None = None, looked_at: bool = True
    ) -> None:
        self.name = name
        self.identity = identity
        self.verdict = verdict  # why not: has plugin, reasons, because
        self.total = total
        self.looked_at = looked_at


def _rows(decided: Any) -> list[Row]:
    if decided.pre_enqueue is not None or not decided.detailed:
        return []
    totals = decided.totals()
    if len(decided.nodes) <= NODE_LIMIT:
        verdicts = decided.verdicts()
        return [
            Row(name, f"nodes/{name}", verdict=verdicts.get(name), total=totals.get(name), looked_at=name in verdicts)
            for name in decided.nodes
        ]
    feasible = sorted(decided.feasible, key=lambda name: (name != decided.node, -totals.get(name, 0), name))
    rows = [Row(name, f"nodes/{name}", total=totals.get(name)) for name in feasible[: NODE_LIMIT // 2]]
    if len(feasible) > len(rows):
        rows.append(Row(f"{len(feasible) - len(rows)} more feasible nodes", "nodes#feasible"))
    for group in decided.groups()[: NODE_LIMIT - len(rows)]:
        name = group.nodes[0] if len(group.nodes) == 1 else many(len(group.nodes), "node")
        identity = (
            f"nodes/{group.nodes[0]}" if len(group.nodes) == 1 else f"nodes#{group.plugin}#{', '.join(group.reasons)}"
        )
        rows.append(Row(name, identity, verdict=decided.verdict(group.nodes[0]) if len(group.nodes) == 1 else group))
    return rows


def _lanes(decided: Any, rows: list[Row]) -> list[str]:
    """The plugins that cut somebody off, in the order in which they run."""
    cutting = {row.verdict.plugin or "PreFilter" for row in rows if row.verdict is not None}
    ordered = ["PreFilter", *decided.filters]
    found = [name for name in ordered if name in cutting] + sorted(name for name in cutting if name not in ordered)
    return found if len(found) <= LANE_LIMIT else [*found[: LANE_LIMIT - 1], "later filters"]


class _Painter:
    """Puts one decision on the sketch."""

    def __init__(self, decided: Any, rows: list[Row], lanes: list[str]) -> None:
        self.decided = decided
        self.rows = rows
        self.lanes = lanes
        self.sketch = Sketch(f"Where should {decided.pod} go?")
        self.first_lane = POD_WIDTH + 56
        self.nodes_left = self.first_lane + len(lanes) * LANE_WIDTH + 8
        self.right = self.nodes_left + NODE_WIDTH + 16
        given = decided.scores() if decided.detailed else {}
        self.scores = {plugin: of for plugin, of in given.items() if any(of.values())}
        self.without_points = [plugin for plugin in given if plugin not in self.scores]
        self.middle = ROWS_TOP + max(1, len(rows)) * ROW_HEIGHT / 2

    def head(self) -> None:
        decided = self.decided
        outcome = {
            "scheduled": ("green", f"✓ scheduled on {decided.node}"),
            "unschedulable": ("red", "✕ no node can take it"),
            "gated": ("grey", "‖ waits at a gate"),
        }.get(decided.result, ("red", decided.result))
        attempt = styled("muted", f"· attempt {decided.attempt} ·")
        title = f"{styled('title', decided.pod)} {attempt} {styled(*outcome)}"
        self.sketch.words("decision", 8, 0, title, width=WIDTH - 20)
        bottom = ROWS_TOP + len(self.rows) * ROW_HEIGHT - 4
        for place, lane in enumerate(self.lanes):
            left = self.first_lane + place * LANE_WIDTH
            self.sketch.region(
                f"filters/{lane}",
                left + 3,
                24,
                LANE_WIDTH - 6,
                bottom - 24,
                fill="panel",
                edge="faint",
                detail=f"filter {lane}",
                kind="filter",
            )
            self.sketch.words(
                f"filters/{lane}#name",
                left + 3,
                29,
                fit(lane, LANE_WIDTH - 14, 9.5),
                inside=f"filters/{lane}",
                size=9.5,
                ink="muted",
                align="n",
                width=LANE_WIDTH - 6,
            )
        if self.rows:
            words = "filters: all passed everywhere" if not self.lanes else ""
            self.sketch.words("filters", POD_WIDTH + 4, 30, words, size=9.5, ink="muted")
            self.sketch.words("scores", self.right, 30, self._score_head(), size=9.5, ink="muted")

    def _score_head(self) -> str:
        if self.scores:
            return "score of each plugin × its weight, and the sum"
        if self.decided.scoring_skipped:
            return "only one node is feasible: the scheduler does not score"
        return ""

    def row(self, row: Row, top: float) -> None:
        middle = top + ROW_HEIGHT / 2
        chosen = row.name == self.decided.node
        feasible = row.verdict is None and row.looked_at
        edge = "green" if feasible else "line"
        lines = [("★ " if chosen else "") + fit_middle(row.name, NODE_WIDTH - 34, 11)]
        if chosen:
            lines = [styled("bold", lines[0])]
        self.sketch.box(
            row.identity, self.nodes_left, top + 6, NODE_WIDTH, ROW_HEIGHT - 12, lines, edge=edge, align="l",
            pen=2.4 if chosen else 1.2, fill="green-tint" if chosen else "paper", dashed=not feasible,
            ink="ink" if feasible else "muted", kind="node chosen" if chosen else "node", detail=self._detail(row),
        )  # fmt: skip
        if not row.looked_at:
            self.sketch.words(
                f"{row.identity}#why",
                self.right,
                middle - 7,
                "not looked at: enough feasible nodes were found",
                size=9.5,
                ink="muted",
            )
            return
        if feasible:
            self._way(row, middle, self.nodes_left, "green", 2.4 if chosen else 1.2)
            self._score(row, top)
        else:
            self._cut(row, middle)

    def _way(
        self, row: Row, middle: float, until: float, colour: str, pen: float, style: str = "solid", head: bool = True
    ) -> None:
        begin = (POD_WIDTH, self.middle)
        turn = self.first_lane
        self.sketch.arrow(
            f"way/{row.identity}",
            begin,
            (until, middle),
            bend=((turn - 14, self.middle), (turn - 40, middle))
            if until > turn + 60
            else ((turn - 14, self.middle), (turn - 24, middle)),
            colour=colour,
            pen=pen,
            style=style,
            head=head,
            kind="way " + ("passed" if colour == "green" else "cut"),
            detail=self._detail(row),
        )

    def _cut(self, row: Row, middle: float) -> None:
        plugin = row.verdict.plugin or "PreFilter"
        place = self.lanes.index(plugin) if plugin in self.lanes else len(self.lanes) - 1
        at = self.first_lane + place * LANE_WIDTH + LANE_WIDTH / 2
        self._way(row, middle, at - 9, "red", 1.4, "dashed", head=False)
        self.sketch.box(
            f"cut/{row.identity}",
            at - 9,
            middle - 9,
            18,
            18,
            [styled("red", "✕")],
            align="n",
            fill="red-tint",
            edge="red",
            shape="circle",
            kind="cut",
            detail=self._detail(row),
        )
        because = str(getattr(row.verdict, "because", "") or ", ".join(row.verdict.reasons))
        reasons = ", ".join(row.verdict.reasons)
        room = WIDTH - self.right
        if width_of(because, 10) > room:  # the domain before a key says little; the text twin has it
            because = _DOMAIN.sub("", because)
        lines = wrap(because, room, 10, 2)
        if reasons and reasons != because and len(lines) == 1:
            lines.append(styled("small", fit(reasons, room, 9.5)))
        for place, line in enumerate(lines):
            self.sketch.words(
                f"{row.identity}#why{place}", self.right, middle - 7 * len(lines) + place * 14 - 1,
                line if place else styled("small-red", plugin + ": ") + fit(line, room - width_of(plugin, 9.5) - 10, 10)
                if len(lines) == 1 else line, size=10, ink="red" if not place else "ink", width=room + 10,
            )  # fmt: skip

    def _score(self, row: Row, top: float) -> None:
        if row.total is None or not self.scores:
            return
        weights = self.decided.weights
        whole = 100 * sum(weights.get(plugin, 1) for plugin in [*self.scores, *self.without_points]) or 1
        room = WIDTH - self.right - 54
        points = {
            plugin: given[row.name] * weights.get(plugin, 1)
            for plugin, given in self.scores.items()
            if row.name in given
        }
        share = {plugin: value / whole for plugin, value in points.items() if value > 0}
        parts = [(part, self._hue(plugin)) for plugin, part in share.items() if part >= 0.002]
        rest = 1 - sum(part for part, _ in parts)
        if rest > 0.002:
            parts.append((rest, "faint"))
        sums = " + ".join(
            f"{given[row.name]}" + (f"×{weights[plugin]}" if weights.get(plugin, 1) != 1 else "")
            for plugin, given in self.scores.items()
            if row.name in given
        )
        self.sketch.box(
            f"scores/{row.name}",
            self.right,
            top + 9,
            room,
            11,
            parts=parts if len(parts) > 1 else (),
            fill=parts[0][1] if parts else "faint",
            edge="none",
            pen=0,
            kind="scores",
            rounded=False,
            detail=self._detail(row),
        )
        best = row.name in self.decided.best
        self.sketch.words(
            f"scores/{row.name}#sum", self.right, top + 24, fit(sums, room, 9), size=9, ink="muted", width=room
        )
        text = styled("bold", str(row.total)) if best else str(row.total)
        self.sketch.words(f"scores/{row.name}#total", self.right + room + 8, top + 8, text, width=44)
        if best and len(self.decided.best) > 1:
            self.sketch.words(
                f"scores/{row.name}#tie", self.right + room + 8, top + 23, styled("small-amber", "= tie"), width=44
            )

    def _hue(self, plugin: str) -> str:
        return f"owner-{list(self.scores).index(plugin) % OWNER_HUES + 1}"

    def _detail(self, row: Row) -> str:
        if row.identity.startswith("nodes/"):
            return str(self.decided.why_not(row.name))
        return row.name

    def pod(self, bottom: float) -> float:
        """The pod itself, on the left in the middle of the rows; returns where the picture goes on below."""
        decided = self.decided
        refused = decided.pre_enqueue or (decided.pre_filter if not self.rows else None)
        name = decided.pod.rpartition("/")[2]
        self.sketch.box(
            f"pods/{decided.pod}",
            0,
            self.middle - 26,
            POD_WIDTH,
            52,
            [styled("bold", fit_middle(name, POD_WIDTH - 18)), styled("small", decided.result)],
            edge="violet",
            fill="violet-tint",
            pen=1.6,
            kind="pod",
            detail=decided.message or f"{decided.pod}: {decided.result}",
        )
        if refused is not None:
            lines = [styled("red", f"{refused.plugin}: {refused.code}"), *wrap(refused.reason, 500, 11, 2)]
            self.sketch.box(
                "refused", POD_WIDTH + 60, self.middle - 30, 540, 60, lines, edge="red", fill="red-tint", kind="cut"
            )
            self.sketch.arrow(
                "way/refused", (POD_WIDTH, self.middle), (POD_WIDTH + 60, self.middle), colour="red", style="dashed"
            )
        return max(bottom, self.middle + 34) + 8

    def foot(self, top: float) -> None:
        left = 8.0
        for plugin in self.scores:
            weight = self.decided.weights.get(plugin, 1)
            text = f"{plugin} ×{weight}"
            wide = width_of(text, 9.5) + 26
            if left + wide > WIDTH:
                left, top = 8.0, top + 16
            self.sketch.box(
                f"legend/{plugin}#colour",
                left,
                top + 2,
                10,
                10,
                fill=self._hue(plugin),
                edge="none",
                pen=0,
                rounded=False,
            )
            self.sketch.words(f"legend/{plugin}", left + 15, top, text, size=9.5, ink="muted")
            left += wide
        if self.without_points:
            words = f"no points from {', '.join(self.without_points)}"
            if left + width_of(words, 9.5) > WIDTH:
                left, top = 8.0, top + 16
            self.sketch.words("legend", left, top, words, size=9.5, ink="muted")
        top += 20 if self.scores else 0
        for place, line in enumerate(self._closing()):
            self.sketch.words(f"closing/{place}", 8, top + place * 17, line, width=WIDTH - 20)

    def _closing(self) -> list[str]:
        decided = self.decided
        lines = [styled("muted", line) for line in _tie_words(decided)]
        if decided.preemption is not None:
            victims = ", ".join(decided.preemption.victims)
            lines.append(
                styled("amber", f"preemption: {fit(victims, 640)} must give way on {decided.preemption.nominated}")
            )
        if decided.message:
            lines += wrap(decided.message, WIDTH - 30, 11, 2)
        return lines


def _tie_words(decided: Any) -> list[str]:
    if len(decided.best) < 2 or not decided.node:
        return []
    names = ", ".join(decided.best[:6]) + (" …" if len(decided.best) > 6 else "")
    how = "one was drawn by lot" if decided.draw is not None and decided.draw.stream else "the smallest name was taken"
    return [f"{names} are equally good; {how}: {decided.node}"]


def as_text(decided: Any) -> str:
    """The decision in words."""
    return "\n".join([decided.describe(), *(f"  {line}" for line in _tie_words(decided))])
