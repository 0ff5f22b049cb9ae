"""A preemption: the nodes where it would help side by side, whom each would cost, and the rules that chose one.

*In Kubernetes:* PostFilter of the plugin DefaultPreemption in kube-scheduler; of all this only the Event at each victim
is to be seen.
"""

from __future__ import annotations

from typing import Any

from cp_sim.scheduler.candidates import Rung, ladder
from cp_sim.scheduler.decision import Candidate
from cp_sim.views.decision_rows import domain_of
from cp_sim.views.decision_words import listed
from cp_sim.views.facts import many
from cp_sim.views.lettering import fit, fit_middle, styled, wrap
from cp_sim.views.preemption_words import (
    RULE_WORDS,
    as_text,
    measure_text,
    nodes_unhelped,
    panel_of,
    priorities_of,
    sentence,
    shown_candidates,
    why_none,
)
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View

WIDTH, LEFT, GAP = 960.0, 196.0, 8.0
PODS = 6
HEAD, NODE_HEIGHT, POD_HEIGHT, RULE_HEIGHT = 26.0, 40.0, 24.0, 26.0


def preemption(decided: Any) -> View:
    """The preemption of a `Decision` as a picture; of one without, why there is none."""
    sketch = Sketch(f"Who must give way to {decided.pod}?")
    sketch.reach(WIDTH)
    found = decided.preemption
    name = styled("title", fit_middle(decided.pod, 460, 12.5))
    if found is None:
        sketch.words("preemption", 8, 0, f"{name} {styled('muted', '· no pod is asked to give way')}", width=WIDTH)
        lines = wrap(why_none(decided), 800, 11, 3)
        sketch.box("none", 0, HEAD, 860, 62, lines, fill="panel", kind="none", detail=why_none(decided))
        return sketch.view(as_text(decided))
    outcome = styled("amber", f"room is made on {fit_middle(found.nominated, 260)}")
    sketch.words("preemption", 8, 0, f"{name} {styled('muted', '· preemption ·')} {outcome}", width=WIDTH)
    painter = _Painter(sketch, decided)
    bottom = painter.candidates()
    bottom = painter.rules(bottom)
    painter.afterwards(bottom)
    view = sketch.view(as_text(decided))
    view.panels = {f"nodes/{one.node}": panel_of(one) for one in painter.shown}
    for one in painter.shown:
        view.panels[f"candidates/{one.node}"] = f"nodes/{one.node}"
        for rung in painter.rungs:
            view.panels[f"rules/{rung.rule}@{one.node}"] = f"nodes/{one.node}"
    return view


class _Painter:
    """Puts one preemption on the sketch."""

    def __init__(self, sketch: Sketch, decided: Any) -> None:
        self.sketch = sketch
        self.decided = decided
        self.found = decided.preemption
        self.rungs = ladder(self.found.candidates)
        self.shown = shown_candidates(self.found, self.rungs)
        self.wide = (WIDTH - LEFT) / max(2, len(self.shown)) - GAP
        self.domain = domain_of(decided.nodes)

    def _left(self, place: int) -> float:
        return LEFT + place * (self.wide + GAP)

    def candidates(self) -> float:
        """The candidates as columns of pods; returns where they end."""
        rest = len(self.found.candidates) - len(self.shown)
        small = "nodes that would fit it", f"{rest} more are not drawn" if rest else "without some of their pods"
        lines = [
            styled("bold", many(len(self.found.candidates), "candidate")),
            *(styled("small", line) for line in small),
        ]
        lines += (
            [styled("small-red", "⚠ its disruption budget is broken")]
            if any(one.violating for one in self.shown)
            else []
        )
        if unhelped := nodes_unhelped(self.decided):
            text = f"no help on {listed([name.removesuffix(self.domain) for name in unhelped])}"
            for number, line in enumerate(wrap(text, LEFT - 40, 9.5, 3)):
                self.sketch.words(f"unhelped/{number}", 8, HEAD + 72 + number * 13, line, size=9.5, ink="muted")
        self.sketch.box("candidates", 0, HEAD, LEFT - 8, 66, lines, edge="none", pen=0, fill="none", kind="words")
        rows = max(min(PODS, len(one.victims) + len(one.reprieved)) for one in self.shown)
        for place, one in enumerate(self.shown):
            self._candidate(one, self._left(place), rows)
        return HEAD + NODE_HEIGHT + max(2, rows) * POD_HEIGHT + 18

    def _candidate(self, one: Candidate, left: float, rows: int) -> None:
        chosen = one.node == self.found.nominated
        name = fit_middle(one.node.removesuffix(self.domain), self.wide - 40)
        count = f"{many(len(one.victims), 'pod')} must go"
        count += f", {len(one.reprieved)} stay" if one.reprieved else ""
        self.sketch.region(
            f"candidates/{one.node}", left, HEAD, self.wide, NODE_HEIGHT + max(2, rows) * POD_HEIGHT + 8,
            edge="green" if chosen else "line", fill="green-tint" if chosen else "panel", pen=2 if chosen else 1,
            kind="candidate", detail=sentence(one),
        )  # fmt: skip
        self.sketch.box(
            f"nodes/{one.node}", left + 6, HEAD + 5, self.wide - 12, NODE_HEIGHT - 8,
            [styled("bold", f"★ {name}") if chosen else name, styled("small", count)], edge="none", pen=0,
            fill="none", inside=f"candidates/{one.node}", kind="node", detail=sentence(one),
        )  # fmt: skip
        pods = [(key, True) for key in one.victims] + [(key, False) for key in one.reprieved]
        shown = pods if len(pods) <= PODS else pods[: PODS - 1]
        for row, (key, goes) in enumerate(shown):
            self._pod(one, key, goes, left + 6, HEAD + NODE_HEIGHT + row * POD_HEIGHT)
        if len(shown) < len(pods):
            go = sum(goes for _, goes in pods[len(shown) :])
            stay = len(pods) - len(shown) - go
            words = ", ".join([f"{go} more go"] * (go > 0) + [f"{stay} stay"] * (stay > 0))
            self.sketch.words(
                f"nodes/{one.node}#more", left + 16, HEAD + NODE_HEIGHT + len(shown) * POD_HEIGHT + 4, words, size=9.5,
                ink="muted", inside=f"candidates/{one.node}",
            )  # fmt: skip

    def _pod(self, one: Candidate, key: str, goes: bool, left: float, top: float) -> None:
        priority = priorities_of(one).get(key, "")
        broken = key in one.violating
        sign = ("✕⚠" if broken else "✕") if goes else "✓"
        end = f" priority {priority}"
        name = fit_middle(key.rpartition("/")[2], self.wide - 44 - len(end) * 5.4, 9.5)
        colour = "red" if goes else "green"
        fate = "must go" if goes else "stays: there is room for it after all"
        detail = f"{key}, priority {priority}: {fate}" + (
            "; its PodDisruptionBudget does not allow it" if broken else ""
        )
        self.sketch.box(
            f"pods/{key}", left, top, self.wide - 12, POD_HEIGHT - 4,
            [f"{styled(f'small-{colour}', sign)} {name}{styled('small', end)}"], size=9.5, edge=colour,
            fill=f"{colour}-tint" if goes else "paper", pen=0.8, inside=f"candidates/{one.node}",
            kind="victim" if goes else "reprieved", detail=detail,
        )  # fmt: skip

    # -- the ladder ---------------------------------------------------------------------------------------------------

    def rules(self, top: float) -> float:
        """Rule after rule, and who is left; returns where they end."""
        for number, rung in enumerate(self.rungs):
            self._rung(number, rung, top + number * RULE_HEIGHT)
        bottom = top + len(self.rungs) * RULE_HEIGHT
        if not self.rungs:
            self.sketch.words("rules", 8, top, styled("muted", "It is the only candidate: no rule has to be asked."))
            return top + 22
        if len(self.found.tied) > 1:
            self._lots(bottom)
            bottom += RULE_HEIGHT
        return bottom + 6

    def _rung(self, number: int, rung: Rung, top: float) -> None:
        before, after = len(rung.measures), len(rung.left)
        decides = after < before
        words = styled("bold" if decides else "muted", fit(f"{number + 1}. {RULE_WORDS[rung.rule]}", LEFT - 20, 9.5))
        detail = f"{rung.rule}: {many(before, 'candidate')}, {after} left"
        self.sketch.words(f"rules/{rung.rule}", 8, top + 5, words, size=9.5, width=LEFT, detail=detail)
        for place, one in enumerate(self.shown):
            if one.node not in rung.measures:
                continue
            stays = one.node in rung.left
            colour = "green" if stays and decides else "grey" if stays else "red"
            text = f"{measure_text(rung.rule, one)} {'' if stays else '✕ out'}"
            edge, ink = (colour, colour) if decides else ("line", "muted")
            self.sketch.box(
                f"rules/{rung.rule}@{one.node}", self._left(place), top + 2, self.wide, RULE_HEIGHT - 5, [text],
                size=9.5, align="n", edge=edge, fill=f"{colour}-tint", ink=ink, pen=0.8, kind="measure",
                detail=f"{one.node}, {rung.rule}: {text}",
            )  # fmt: skip

    def _lots(self, top: float) -> None:
        tied = self.found.tied
        drawn = self.found.rule == "drawn"
        words = f"{len(self.rungs) + 1}. {'by lot' if drawn else 'smallest name'}"
        self.sketch.words("rules/lot", 8, top + 5, styled("bold", words), size=9.5, width=LEFT)
        for place, one in enumerate(self.shown):
            if one.node not in tied:
                continue
            chosen = one.node == self.found.nominated
            text = f"lot {tied.index(one.node) + 1} of {len(tied)}" if drawn else "by name"
            self.sketch.box(
                f"rules/lot@{one.node}", self._left(place), top + 2, self.wide, RULE_HEIGHT - 5,
                [f"{text}: drawn" if chosen and drawn else f"{text}: first" if chosen else text], size=9.5, align="n",
                edge="green" if chosen else "amber", fill="green-tint" if chosen else "amber-tint",
                ink="green" if chosen else "amber", pen=0.8, kind="lot",
            )  # fmt: skip

    # -- what happens then -------------------------------------------------------------------------------------------

    def afterwards(self, top: float) -> None:
        """The three steps that follow."""
        name = self.decided.pod.rpartition("/")[2]
        node = self.found.nominated.removesuffix(self.domain)
        steps = (
            ("nominated", f"{name} is nominated for {node}", "status.nominatedNodeName; it is not there yet"),
            ("terminated", f"{many(len(self.found.victims), 'victim')} deleted, each with its grace period", listed(
                [key.rpartition("/")[2] for key in self.found.victims])),
            ("again", f"when they are gone, {name} is tried again", f"{node} is looked at first"),
        )  # fmt: skip
        wide = (WIDTH - 2 * 26) / 3
        for place, (identity, words, small) in enumerate(steps):
            left = place * (wide + 26)
            lines = [fit(words, wide - 26, 10.5), styled("small", fit(small, wide - 26, 9.5))]
            self.sketch.box(
                f"then/{identity}", left, top, wide, 40, lines, size=10.5, edge="violet", fill="violet-tint",
                kind="then", detail=f"{words}: {small}",
            )  # fmt: skip
            if place:
                self.sketch.arrow(f"then/{identity}#way", (left - 26, top + 20), (left, top + 20), colour="violet")
