"""An axis of virtual time from left to right, with round ticks; shared by all pictures that show time."""

from __future__ import annotations

from cp_sim.sim.clock import format_duration
from cp_sim.views.lettering import styled, width_of
from cp_sim.views.sketch import Sketch


class Axis:
    """Where the moments between `start_ms` and `end_ms` are, on a picture that begins at `left` and is `wide`."""

    def __init__(self, start_ms: int, end_ms: int, left: float, wide: float) -> None:
        self.start_ms, self.end_ms = start_ms, max(end_ms, start_ms + 1)
        self.left, self.wide = left, wide

    def at(self, time_ms: int) -> float:
        """Where a moment is, in pixels; what is outside is at the edge."""
        share = (time_ms - self.start_ms) / (self.end_ms - self.start_ms)
        return self.left + self.wide * min(1.0, max(0.0, share))

    def ticks(self, sketch: Sketch, top: float) -> float:
        """Draw the ticks with their times below `top`; returns where the next thing may begin."""
        every = tick_ms(self.end_ms - self.start_ms)
        for moment in range(-(-self.start_ms // every) * every, self.end_ms + 1, every):
            left = self.at(moment)
            text = format_duration(moment)
            wide = width_of(text, 8.5) + 10
            sketch.arrow(f"tick/{moment}", (left, top), (left, top + 4), head=False, pen=1)
            sketch.words(
                f"tick/{moment}#words", left - wide / 2, top + 5, styled("tiny", text), align="n", width=wide, size=8.5
            )
        return top + 22


def tick_ms(span_ms: int, most: int = 9) -> int:
    """A round distance between ticks, so that there are at most `most` on an axis of that length."""
    for unit in (1, 10, 100, 1_000, 5_000, 10_000, 15_000, 30_000, 60_000, 300_000, 600_000, 3_600_000):
        for times in (1, 2, 5) if unit < 5_000 else (1,):
            if span_ms / (unit * times) <= most:
                return unit * times
    return 6 * 3_600_000 * (1 + span_ms // (6 * 3_600_000 * most))
