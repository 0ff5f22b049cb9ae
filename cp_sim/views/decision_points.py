"""The right side of a decision's picture: the points of each node as a bar, the ties and the lots."""

from __future__ import annotations

from typing import Any

from cp_sim.views.decision_rows import Row
from cp_sim.views.lettering import fit, styled
from cp_sim.views.palette import OWNER_HUES
from cp_sim.views.sketch import Sketch

Chip = tuple[str, str, str, str]  # id, words, ink, colour of its square


class Points:
    """Draws the scores of a decision in a column that begins at `left` and is `room` wide."""

    def __init__(self, sketch: Sketch, decided: Any, left: float, room: float) -> None:
        self.sketch = sketch
        self.decided = decided
        self.left, self.room, self.right = left, room, left + room
        given = decided.scores() if decided.detailed else {}
        self.scores = {plugin: of for plugin, of in given.items() if any(of.values())}
        self.without_points = [plugin for plugin in given if plugin not in self.scores]
        self.totals = decided.totals() if decided.detailed else {}
        among = decided.draw.among if decided.draw is not None and decided.detailed else ()
        self.lots = {name: place for place, name in enumerate(among)}

    def words(self) -> str:
        """What stands above the column."""
        if self.decided.scoring_skipped:
            return "only one node fits: it is taken without scoring"
        return "score of each plugin × its weight, and the sum" if self.scores else ""

    def chips(self) -> list[Chip]:
        """The plugins with their colours and weights, then those that gave nobody a point."""
        if not self.scores or self.decided.scoring_skipped:
            return []
        weights = self.decided.weights
        chips = [(f"legend/{one}", f"{one} ×{weights.get(one, 1)}", "ink", self._hue(one)) for one in self.scores]
        return chips + [(f"legend/{one}", f"{one} 0", "muted", "faint") for one in self.without_points]

    def row(self, row: Row, top: float, detail: str) -> None:
        """The bar of one node, striped by plugin, with its sum, what it lacks to the best, and its lot in a tie."""
        if row.total is None or not self.scores or self.decided.scoring_skipped:
            return
        decided, weights = self.decided, self.decided.weights
        whole = 100 * sum(weights.get(plugin, 1) for plugin in [*self.scores, *self.without_points]) or 1
        room = self.room - 74
        given = {plugin: of[row.node] for plugin, of in self.scores.items() if row.node in of}
        points = {plugin: value * weights.get(plugin, 1) for plugin, value in given.items()}
        parts = [(value / whole, self._hue(plugin)) for plugin, value in points.items() if value / whole >= 0.002]
        rest = 1 - sum(part for part, _ in parts)
        if rest > 0.002:
            parts.append((rest, "faint"))
        self.sketch.box(
            f"scores/{row.node}", self.left, top + 8, room, 11, parts=parts if len(parts) > 1 else (),
            fill=parts[0][1] if parts else "faint", edge="none", pen=0, rounded=False, kind="scores",
            detail=detail,
        )  # fmt: skip
        sums = " + ".join(
            f"{value}×{weights[plugin]}" if weights.get(plugin, 1) != 1 else str(value)
            for plugin, value in given.items()
        )
        self.sketch.words(
            f"scores/{row.node}#sum", self.left, top + 23, fit(sums, room, 9), size=9, ink="muted", width=room
        )
        best = row.node in decided.best
        total = styled("bold", str(row.total)) if best else str(row.total)
        self.sketch.words(f"scores/{row.node}#total", self.left + room + 6, top + 7, total, width=36)
        most = self.totals.get(decided.node) if decided.node else None
        if most is not None and row.total < most:
            less = styled("small", f"−{most - row.total}")
            self.sketch.words(f"scores/{row.node}#less", self.left + room + 6, top + 22, less, width=36)
        if row.node in self.lots:
            self._lot(row.node, top)

    def _lot(self, node: str, top: float) -> None:
        """The lot of a node in a tie; the drawn one is filled."""
        drawn = node == self.decided.node
        number = str(self.lots[node] + 1)
        how = "lot" if self.decided.draw.stream else "place by name"
        words = f"{how} {number} of {len(self.lots)}" + (", taken" if drawn else "")
        self.sketch.box(
            f"lots/{node}", self.right - 38, top + 9, 26, 18, [styled("bold" if drawn else "muted", number)], align="n",
            size=9.5, edge="green" if drawn else "amber", fill="green-tint" if drawn else "amber-tint",
            pen=1.6 if drawn else 0.8, kind="lot", detail=f"{node}: {words}",
        )  # fmt: skip
        self.sketch.words(f"lots/{node}#words", self.right - 42, top + 27, "drawn" if drawn and self.decided.draw.stream
                          else "first" if drawn else "tie", size=8.5, ink="muted", align="n", width=34)  # fmt: skip

    def _hue(self, plugin: str) -> str:
        return f"owner-{list(self.scores).index(plugin) % OWNER_HUES + 1}"
