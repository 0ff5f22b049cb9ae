"""A what-if: where the pod would go as things are, and where with a change, side by side around the nodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cp_sim.scheduler.decision import Decision, Preemption
from cp_sim.views.decision_panels import panels_of
from cp_sim.views.decision_rows import domain_of, single, without_domains
from cp_sim.views.facts import many
from cp_sim.views.lettering import fit, fit_middle, styled, width_of, wrap
from cp_sim.views.panel import Panel, table
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View
from cp_sim.what_if import WhatIf
from cp_sim.what_if.outcome import Fates, place_of

WIDTH, POD_WIDTH, NODE_WIDTH, CELL = 960.0, 108.0, 140.0, 262.0
NODES_LEFT = (WIDTH - NODE_WIDTH) / 2
ROW_HEIGHT, HEAD, LIMIT = 40.0, 62.0, 14
AS_IS, CHANGED = "now", "then"


def what_if(thought: WhatIf) -> View:
    """Two decisions about one pod, mirrored around the nodes; the nodes whose fate differs are marked ≠."""
    painter = _Painter(thought)
    painter.head()
    for place, name in enumerate(painter.names):
        painter.row(name, HEAD + place * ROW_HEIGHT)
    painter.rest()
    painter.pods()
    painter.foot()
    view = painter.sketch.view(str(thought))
    view.panels = _panels(thought, painter.names)
    return view


class _Side:
    """One half of the picture: a decision, where its cells and its pod stand."""

    def __init__(self, identity: str, decision: Decision, cell: float, pod: float, flow: int) -> None:
        self.identity = identity
        self.decision = decision
        self.fates = Fates(decision)
        self.cell, self.pod = cell, pod
        self.flow = flow  # 1: from left to right
        self.pod_edge = pod + POD_WIDTH if flow > 0 else pod
        self.near = cell if flow > 0 else cell + CELL
        self.far = cell + CELL if flow > 0 else cell
        self.node_edge = NODES_LEFT if flow > 0 else NODES_LEFT + NODE_WIDTH


class _Painter:
    """Puts one what-if on the sketch."""

    def __init__(self, thought: WhatIf) -> None:
        self.thought = thought
        self.sketch = Sketch(f"What if? {thought.pod}")
        self.sketch.reach(WIDTH)
        cell = POD_WIDTH + 26
        self.sides = (
            _Side(AS_IS, thought.before, cell, 0, 1),
            _Side(CHANGED, thought.after, WIDTH - cell - CELL, WIDTH - POD_WIDTH, -1),
        )
        self.differing = {one.node for one in thought.changes}
        self.every = list(dict.fromkeys([*thought.before.nodes, *thought.after.nodes]))
        self.names = self._chosen_names()
        self.domain = domain_of(self.every)
        self.bottom = HEAD + max(1, len(self.names) + (len(self.names) < len(self.every))) * ROW_HEIGHT
        self.middle = (HEAD + self.bottom) / 2

    def _chosen_names(self) -> list[str]:
        """All nodes; of very many those that matter: where it goes, whose fate differs, then the best of the others."""
        if len(self.every) <= LIMIT:
            return self.every
        wanted = [self.thought.before.node, self.thought.after.node, self.thought.now]
        first = [name for name in wanted if name in self.every]
        kept = dict.fromkeys([*first, *(name for name in self.every if name in self.differing), *self.every])
        chosen = set(list(kept)[: LIMIT - 1])
        return [name for name in self.every if name in chosen]

    def head(self) -> None:
        thought = self.thought
        where = styled("muted", f"· now on {fit_middle(thought.now, 220)}" if thought.now else "· on no node now")
        title = f"{styled('title', 'What if?')} {styled('bold', fit_middle(thought.pod, 320))} {where}"
        self.sketch.words("what-if", 8, 0, title, width=WIDTH)
        words = "; ".join(thought.asked) or "the pod placed anew, nothing changed"
        self.sketch.words("asked", 8, 19, styled("amber", fit(words, WIDTH - 120)), width=WIDTH, detail=words)
        for side, words in zip(self.sides, ("as things are", "with the change")):
            self.sketch.words(
                f"{side.identity}/head", side.cell, HEAD - 18, styled("muted", words), size=9.5, width=CELL, align="n"
            )

    # -- one node ----------------------------------------------------------------------------------------------------

    def row(self, name: str, top: float) -> None:
        there = [name in side.fates.nodes for side in self.sides]
        chosen = name == self.thought.after.node
        differs = name in self.differing
        sign = "" if all(there) else ("+ " if there[1] else "− ")
        shown = fit_middle(name.removesuffix(self.domain), NODE_WIDTH - 40)
        small = "a node more" if sign == "+ " else "gone" if sign else "≠ differs" if differs else ""
        if name == self.thought.now:
            small = f"it is here{', ' + small if small else ''}"
        lines = [styled("bold", sign + shown) if chosen else sign + shown]
        lines += [styled("small-amber" if differs else "small", small)] if small else []
        edge, pen = ("amber", 1.8) if differs else ("line", 1)
        self.sketch.box(
            f"nodes/{name}", NODES_LEFT, top + 3, NODE_WIDTH, ROW_HEIGHT - 6, lines, edge=edge, pen=pen,
            fill="green-tint" if chosen else "paper", align="n",
            dashed=not all(there), kind="node chosen" if chosen else "node",
            detail=f"{name}: {' -> '.join(dict.fromkeys(side.fates.of(name) for side in self.sides))}",
        )  # fmt: skip
        for side in self.sides:
            self._cell(side, name, top, differs)

    def _cell(self, side: _Side, name: str, top: float, differs: bool) -> None:
        fate = side.fates.of(name)
        chosen = bool(name) and name == side.decision.node
        fits = chosen or fate.startswith("it fits")
        colour = "green" if fits else "grey" if fate in ("not there", "not looked at") else "red"
        middle = top + ROW_HEIGHT / 2
        identity = f"{side.identity}/{name}"
        plugin, _, because = fate.partition(": ")
        lines = [styled(colour, ("★ " if chosen else "✓ ") + fate)]
        if not fits:
            lines = [styled(f"small-{colour}", ("✕ " if because else "") + plugin)]
            lines += [styled("small", line) for line in wrap(without_domains(because), CELL - 40, 9.5, 1)]
        if fate not in ("not there", "not looked at"):
            self._way(side, name, middle, fits, chosen)
        self.sketch.box(
            identity, side.cell, top + 3, CELL, ROW_HEIGHT - 6, lines, size=10,
            fill=f"{colour}-tint" if differs else "paper", edge=colour if differs or chosen else "line",
            pen=2 if chosen else 0.8, dashed=not fits,
            kind="fate", detail=f"{name}: {fate}",
        )  # fmt: skip

    def _way(self, side: _Side, name: str, middle: float, fits: bool, chosen: bool) -> None:
        begin = (side.pod_edge, self.middle)
        reach = 14 * side.flow
        self.sketch.arrow(
            f"way/{side.identity}/{name}", begin, (side.near, middle),
            bend=((begin[0] + reach, self.middle), (side.near - reach, middle)), colour="green" if fits else "red",
            pen=2.4 if chosen else 1, style="solid" if fits else "dashed", head=not fits, kind="way",
        )  # fmt: skip
        if fits:
            self.sketch.arrow(
                f"on/{side.identity}/{name}", (side.far, middle), (side.node_edge, middle), colour="green",
                pen=2.4 if chosen else 1, kind="way",
            )  # fmt: skip

    def rest(self) -> None:
        """The nodes that are not drawn."""
        hidden = len(self.every) - len(self.names)
        if not hidden:
            return
        differing = sum(name in self.differing for name in self.every if name not in self.names)
        words = f"{hidden:,} more"
        small = f"{differing:,} of them differ" if differing else "no difference"
        self.sketch.box(
            "nodes#rest", NODES_LEFT, self.bottom - ROW_HEIGHT + 3, NODE_WIDTH, ROW_HEIGHT - 6,
            [words, styled("small", small)], align="n", fill="well", ink="muted", kind="more",
        )  # fmt: skip

    # -- the pod, and what is said below ----------------------------------------------------------------------------

    def pods(self) -> None:
        name = self.thought.before.pod.rpartition("/")[2]
        for side, words in zip(self.sides, ("as it is", "changed")):
            lines = [styled("bold", fit_middle(name, POD_WIDTH - 30)), styled("small", words)]
            self.sketch.box(
                f"{side.identity}/pod", side.pod, self.middle - 24, POD_WIDTH, 48, lines, edge="violet",
                fill="violet-tint", pen=1.6, kind="pod", detail=f"{words}: {place_of(side.decision)}",
            )  # fmt: skip

    def foot(self) -> None:
        top = max(self.bottom, self.middle + 30) + 6
        for place, (side, words) in enumerate(zip(self.sides, ("as things are:", "with the change:"))):
            colour = "green" if side.decision.node else "red"
            text = place_of(side.decision) if side.decision.node or side.decision.preemption else "on no node"
            self.sketch.words(f"{side.identity}/place", 8, top + place * 17, styled("muted", words), width=130)
            self.sketch.words(
                f"{side.identity}/place#node", 128, top + place * 17, styled(colour, text), width=WIDTH - 140
            )
        self.sketch.words("conclusion", 8, top + 38, styled("title", self.thought.conclusion), width=WIDTH)
        for side in self.sides:
            found = side.decision.preemption
            if found is not None and side.identity == CHANGED:
                self.sketch.words("victims", 8, top + 58, styled("amber", _victims(found)), width=WIDTH)


def _victims(found: Preemption) -> str:
    text = f"{many(len(found.victims), 'pod')} would have to leave {found.nominated}: {', '.join(found.victims)}"
    return text if width_of(text) < WIDTH - 120 else fit(text, WIDTH - 120)


def _panels(thought: WhatIf, names: list[str]) -> dict[str, Panel | str]:
    """What both decisions say of each node."""
    sides = {AS_IS: thought.before, CHANGED: thought.after}
    told = {side: _of_one(decision, names) for side, decision in sides.items()}
    found: dict[str, Panel | str] = {}
    fates = {side: Fates(decision) for side, decision in sides.items()}
    for name in names:
        rows = [
            ("", ("as things are", fates[AS_IS].of(name))),
            ("strong", ("with the change", fates[CHANGED].of(name))),
        ]
        found[f"nodes/{name}"] = Panel(f"node {name}", thought.conclusion, (table(("", "what becomes of it"), rows),))
        for side, words in ((AS_IS, "as things are"), (CHANGED, "with the change")):
            panel = told[side].get(f"nodes/{name}")
            found[f"{side}/{name}"] = f"nodes/{name}"
            if isinstance(panel, Panel):
                found[f"{side}/{name}"] = replace(panel, title=f"{panel.title}, {words}")
    return found


def _of_one(decision: Any, names: list[str]) -> dict[str, Panel | str]:
    if decision.pre_enqueue is not None or decision.pre_filter is not None:
        return {}
    return panels_of(decision, single(decision, [name for name in names if name in decision.nodes]))
