"""Strips of time: when writes, reads and scheduling worked, for clusters of several sizes under the same faults.

*In Kubernetes:* what probes and dashboards of an operator show (the API server's availability as a service level).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cp_sim.sim.clock import format_duration
from cp_sim.views import facts
from cp_sim.views.axis import Axis
from cp_sim.views.facts import many
from cp_sim.views.lettering import fit, styled, width_of
from cp_sim.views.sketch import Sketch
from cp_sim.views.view import View

LEFT, WIDE, FIGURES = 150.0, 540.0, 300.0
STRIP, GAP = 18.0, 6.0
TITLE, SPACE = 20.0, 18.0
FAULT_ROWS = 4

# how a stretch is drawn: (fill, share of the strip's height, in words); the height says the same as the colour.
STATES: dict[str, tuple[str, float, str]] = {
    "ok": ("owner-3", 1.0, "answered"),
    "failed": ("red", 0.42, "failed"),
    "unknown": ("owner-0", 0.16, "not asked"),
}


def availability(reports: Any) -> View:
    """The strips of one report or of several, one under the other on one axis of time.

    A report has `title`, `control_planes`, `start_ms`, `end_ms`, `faults` ((time_ms, words), ...), `strips`
    ({"write": ((from_ms, to_ms, ok), ...), ...}) and `figures`.  Times are counted from each report's own start.  The
    faults are written once, at the top, where all reports have the same; a moment that no stretch covers was not
    asked about.
    """
    listed = list(reports) if isinstance(reports, Iterable) and not isinstance(reports, Mapping) else [reports]
    axis = Axis(0, max(one.end_ms - one.start_ms for one in listed), LEFT, WIDE)
    sketch = Sketch("What worked, and when: the same faults on clusters of several sizes")
    scripts = [faults_of(one) for one in listed]
    together = all(same_script(script, scripts[0]) for script in scripts)
    shared = [(time_ms, general(words)) for time_ms, words in scripts[0]] if len(listed) > 1 else scripts[0]
    top = 0.0
    if len(listed) > 1 and len({one.title for one in listed}) == 1:
        sketch.words("title", 8, 0, styled("title", listed[0].title), width=600)
        top = 24.0
    begin = top = _faults(sketch, axis, shared, "all", top) if together else top
    for place, report in enumerate(listed):
        top = _report(sketch, axis, report, place, top, together, len(listed) > 1)
    if together:
        _marks(sketch, axis, shared, "all", begin - 4, top - SPACE)
    top = axis.ticks(sketch, top - SPACE + 4)
    _legend(sketch, top + 4)
    return sketch.view(as_text(listed))


def faults_of(report: Any) -> list[tuple[int, str]]:
    """The faults of a report, with their times counted from its start."""
    return [(time_ms - report.start_ms, words) for time_ms, words in report.faults]


def general(words: str) -> str:
    """A fault without the name of whom it struck: `crash etcd leader` for `crash etcd-2 (etcd leader)`."""
    named, _, part = words.partition(" (")
    return f"{named.partition(' ')[0]} {part[:-1]}" if part.endswith(")") else words


def same_script(one: list[tuple[int, str]], other: list[tuple[int, str]]) -> bool:
    """Whether two lists of faults are the same ones at the same times, to the second."""
    told = [[(round(at / 1000), general(words)) for at, words in faults] for faults in (one, other)]
    return told[0] == told[1]


# -- faults ---------------------------------------------------------------------------------------------------------


def _faults(sketch: Sketch, axis: Axis, faults: Iterable[tuple[int, str]], name: str, top: float) -> float:
    """The faults in words above the strips, in as many rows as they need; returns where the strips may begin."""
    ends = [LEFT - 20.0] * FAULT_ROWS
    rows = 0
    for place, (time_ms, words) in enumerate(faults):
        left = axis.at(time_ms)
        row = next((row for row, end in enumerate(ends) if end <= left), None)
        if row is None:
            row = min(range(FAULT_ROWS), key=lambda one: ends[one])
        room = LEFT + WIDE + FIGURES - left - 14
        text = fit(f"▼ {place + 1}. {words}", max(60.0, room), 9.5)
        ends[row] = left + width_of(text, 9.5) * 1.1 + 14
        rows = max(rows, row + 1)
        sketch.words(
            f"fault/{name}/{place}", left - 4, top + row * 15, styled("small-amber", text),
            detail=f"at {facts.seconds(time_ms)}: {words}",
        )  # fmt: skip
    return top + rows * 15 + 8


def _marks(sketch: Sketch, axis: Axis, faults: Iterable[tuple[int, str]], name: str, top: float, bottom: float) -> None:
    for place, (time_ms, words) in enumerate(faults):
        left = axis.at(time_ms)
        sketch.arrow(
            f"fault/{name}/{place}@line", (left, top), (left, bottom), head=False, style="dashed", colour="amber",
            pen=1.1, kind="fault", detail=f"at {facts.seconds(time_ms)}: {words}",
        )  # fmt: skip


# -- strips ---------------------------------------------------------------------------------------------------------


def _report(
    sketch: Sketch, axis: Axis, report: Any, place: int, top: float, together: bool, several: bool
) -> float:  # fmt: skip
    name = f"report/{place}"
    if not together:
        top = _faults(sketch, axis, faults_of(report), name, top)
    high = TITLE + len(report.strips) * (STRIP + GAP) + 4
    planes = many(report.control_planes, "control plane")
    told = "; ".join(f"{facts.seconds(at)} {words}" for at, words in faults_of(report))
    sketch.region(
        name,
        0,
        top,
        LEFT + WIDE + FIGURES,
        high,
        fill="panel",
        kind="report",
        detail=f"{report.title}: {planes}; {told}",
    )
    size = "" if several or "control plane" in report.title else styled("small", f" {planes}")
    head = styled("title", fit(planes if several else report.title, LEFT + WIDE - 220, 12.5))
    sketch.words(f"{name}#title", 12, top + 4, head + size)
    for row, (what, stretches) in enumerate(report.strips.items()):
        at = top + TITLE + 4 + row * (STRIP + GAP)
        sketch.words(f"{name}/{what}#name", 12, at + 2, styled("bold", what), inside=name)
        share = styled("small", share_text(stretches))
        sketch.words(f"{name}/{what}#share", 66, at + 3, share, inside=name, align="r", width=LEFT - 82)
        moved = [(start - report.start_ms, stop - report.start_ms, ok) for start, stop, ok in stretches]
        _strip(sketch, axis, f"{name}/{what}", what, moved, at)
    for row, line in enumerate(figure_lines(report)):
        left = LEFT + WIDE + 14
        sketch.words(f"{name}#figure{row}", left, top + 7 + row * 14, styled("small", fit(line, FIGURES - 26, 9.5)))
    if not together:
        _marks(sketch, axis, faults_of(report), name, top, top + high)
    return top + high + SPACE


def _strip(sketch: Sketch, axis: Axis, name: str, what: str, stretches: Iterable[Any], top: float) -> None:
    """One strip: a base of what was not asked, on it what was answered (high) and what failed (low)."""
    fill, share, _ = STATES["unknown"]
    thin = STRIP * share
    sketch.box(
        f"{name}#base", LEFT, top + STRIP - thin, WIDE, thin, [], fill=fill, edge="none", pen=0,
        rounded=False, kind="strip",
    )  # fmt: skip
    for number, (begin, end, ok) in enumerate(joined(stretches)):
        state = "unknown" if ok is None else "ok" if ok else "failed"
        if state == "unknown":
            continue
        fill, share, words = STATES[state]
        left, right = axis.at(begin), axis.at(end)
        high = STRIP * share
        sketch.box(
            f"{name}#{number}", left, top + STRIP - high, max(1.2, right - left), high, [],
            fill=fill, edge="none", pen=0, rounded=False, kind=f"stretch {state}",
            detail=f"{what} {words} from {facts.seconds(begin)} to {facts.seconds(end)} ({_long(end - begin)})",
        )  # fmt: skip


def joined(stretches: Iterable[Any]) -> list[tuple[int, int, bool | None]]:
    """Stretches that follow each other with the same outcome as one."""
    found: list[tuple[int, int, bool | None]] = []
    for begin, end, ok in stretches:
        if found and found[-1][2] is ok and found[-1][1] >= begin:
            found[-1] = found[-1][0], max(end, found[-1][1]), ok
        else:
            found.append((int(begin), int(end), ok))
    return found


def share_of(stretches: Iterable[Any]) -> float | None:
    """The share of the time asked about in which the answer was good, 0 to 1; None if nobody asked."""
    good = asked = 0
    for begin, end, ok in stretches:
        if ok is not None:
            asked += end - begin
            good += (end - begin) * bool(ok)
    return good / asked if asked else None


def share_text(stretches: Iterable[Any]) -> str:
    """The share as people write it: `99.2 %`, `100 %` only when nothing failed."""
    share = share_of(stretches)
    if share is None:
        return "not asked"
    shown = f"{share * 100:.1f} %"
    if shown == "100.0 %":
        return "100 %" if share == 1 else "99.9 %"
    return shown


def longest_gap_ms(stretches: Iterable[Any]) -> int:
    """The longest time without a good answer, in milliseconds."""
    return max((end - begin for begin, end, ok in joined(stretches) if ok is not None and not ok), default=0)


# What the figures of a report are called; those of strips (a share, a gap) stand beside their strip.
FIGURE_WORDS = {
    "raft_leader_changes": "new Raft leaders",
    "lease_changes": "new lease holders",
    "acknowledged_writes": "acknowledged writes",
    "lost_acknowledged_writes": "of these lost",
}


def figure_lines(report: Any) -> list[str]:
    """The figures beside a report, one in a line."""
    gaps = {what: longest_gap_ms(stretches) for what, stretches in report.strips.items()}
    longest = ", ".join(f"{what} {_long(gap)}" for what, gap in gaps.items() if gap)
    lines = [f"longest gap: {longest}" if longest else "no gap at all"]
    for name, value in report.figures.items():
        if not name.endswith(("_availability_percent", "_gap_ms")):
            lines.append(f"{FIGURE_WORDS.get(name, name.replace('_', ' '))}: {_figure(name, value)}")
    return lines[:6]


def _figure(name: str, value: Any) -> str:
    if name.endswith("_ms") and isinstance(value, int):
        return _long(value)
    return f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def _long(duration_ms: int) -> str:
    return f"{duration_ms / 1000:.1f}s" if duration_ms % 1000 and duration_ms > 1000 else format_duration(duration_ms)


def _legend(sketch: Sketch, top: float) -> None:
    left = LEFT
    for state, (fill, share, words) in STATES.items():
        high = STRIP * share * 0.8
        sketch.box(f"legend/{state}", left, top + 14 - high, 26, high, [], fill=fill, edge="none", pen=0, rounded=False)
        sketch.words(f"legend/{state}#words", left + 34, top + 2, styled("small", words))
        left += 60 + width_of(words, 9.5) * 1.15


# -- words ----------------------------------------------------------------------------------------------------------


def as_text(reports: list[Any]) -> str:
    """The strips in words: for each what failed, and when, counted from the start."""
    lines = [reports[0].title] if len(reports) > 1 else []
    for report in reports:
        planes = many(report.control_planes, "control plane")
        size = "" if "control plane" in report.title else f" ({planes})"
        lines.append(planes if len(reports) > 1 else f"{report.title}{size}")
        for place, (time_ms, words) in enumerate(faults_of(report)):
            lines.append(f"  fault {place + 1} at {facts.seconds(time_ms)}: {words}")
        for what, stretches in report.strips.items():
            failed = [stretch for stretch in joined(stretches) if stretch[2] is not None and not stretch[2]]
            spans = [(begin - report.start_ms, end - report.start_ms) for begin, end, _ in failed[:6]]
            when = ", ".join(f"{facts.seconds(begin)} to {facts.seconds(end)}" for begin, end in spans)
            more = f" and {len(failed) - 6} more times" if len(failed) > 6 else ""
            lines.append(f"  {what}: {share_text(stretches)}" + (f", failed {when}{more}" if failed else ""))
        lines += [f"  {line}" for line in figure_lines(report)]
    return "\n".join(lines)
