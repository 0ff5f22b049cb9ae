"""A scheduling decision in words: the text twin of its picture, ties, the sample, and a learner's guess."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

NAMES = 6  # names in a sentence; the others are counted


def as_text(decided: Any, guess: Sequence[str] | None = None) -> str:
    """The decision in words."""
    more = [*sample_words(decided), *tie_words(decided), *guess_words(decided, guess)]
    told = [
        line for line in decided.describe().split("\n") if not line.startswith("  tie of ")
    ]  # `tie_words` says more
    return "\n".join([*told, *(f"  {line}" for line in more)])


def listed(names: Sequence[str]) -> str:
    """Names in a sentence, of very many the first few."""
    shown = list(names[: NAMES + (len(names) == NAMES + 1)])
    rest = len(names) - len(shown)
    return ", ".join(shown) + (f" and {rest:,} more" if rest else "")


def ordinal(number: int) -> str:
    """`1st`, `2nd`, `3rd`, `4th`, ..."""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def tie_words(decided: Any) -> list[str]:
    """How a tie was broken, if there was one."""
    draw = decided.draw
    if draw is None or not decided.node or len(decided.best) < 2:
        return []
    among = draw.among
    if not draw.stream:
        return [f"{listed(among)} are equally good; the smallest name was taken: {decided.node}"]
    lot = f"{ordinal(draw.index + 1)} of {len(among)} lots"
    return [f"{listed(among)} are equally good; drawn by lot: {decided.node}, the {lot}"]


def sample_words(decided: Any) -> list[str]:
    """Which nodes were looked at, where not all were."""
    sample = decided.sample
    if sample is None or sample.looked_at >= sample.total:
        return []
    found = f"{sample.wanted:,} feasible nodes are enough" if decided.feasible_count >= sample.wanted else ""
    begin = f"from place {sample.start + 1:,} of the list on"
    return [f"looked at {sample.looked_at:,} of {sample.total:,} nodes, {begin}" + (f": {found}" if found else "")]


def missed_words(decided: Any) -> str:
    """Why a node was not looked at."""
    if decided.nominated_node:
        return f"not looked at: {decided.nominated_node} was nominated by a preemption, and fits"
    return "not looked at: enough feasible nodes were found before"


# -- the learner's guess --------------------------------------------------------------------------------------------


def fate(decided: Any, name: str) -> tuple[bool, str]:
    """(whether a guess is right, what became of the guessed node in a few words)."""
    if name == decided.node:
        return True, "right"
    if name not in decided.nodes:
        return False, "there was no such node"
    if name not in decided.considered:
        return False, "not looked at"
    verdict = decided.verdict(name) if decided.pre_filter is None else decided.pre_filter
    if verdict is not None:
        return False, f"no: {verdict.plugin or 'PreFilter'}"
    if name in decided.best:
        return False, "as good, not drawn"
    return False, "it fits, with fewer points" if decided.node else "it fits"


def guess_words(decided: Any, guess: Sequence[str] | None) -> list[str]:
    """A learner's guess (None: none was made; empty: no node) beside the truth."""
    if guess is None:
        return []
    truth = f"it went to {decided.node}" if decided.node else "no node took it"
    if not guess:
        return [f"you guessed that no node takes it: {'right' if not decided.node else f'no, {truth}'}"]
    if len(guess) == 1:
        right, words = fate(decided, guess[0])
        return [f"you guessed {guess[0]}: {words}" + ("" if right else f"; {truth}")]
    told = "; ".join(f"{name}: {fate(decided, name)[1]}" for name in guess)
    if decided.node in guess:
        return [f"you guessed {listed(list(guess))}, and {truth} ({told})"]
    return [f"you guessed {listed(list(guess))}, but {truth} ({told})"]
