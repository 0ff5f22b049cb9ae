"""What users notice while a fault script plays: whether they could write, read, and get pods scheduled.

`measure` lets a script happen to a cluster with a `Prober` beside it; `compare` does so with 1, 3 and 5 control planes
and sets the reports side by side.  A try counts for the time until the next one; a pod counts as scheduled if it was
bound in time.  Every write that was acknowledged is looked for at the end: none may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cp_sim import faults
from cp_sim.cluster import Cluster
from cp_sim.faults import FaultScript, Happened
from cp_sim.prober import NAMESPACE, READ, SCHEDULING, WRITE, Prober
from cp_sim.sim import immutable

# How long a pod may wait for its node and still count as scheduled at once.
BOUND_WITHIN_MS = 1_500
# What comes back after the faults is waited for, before anything is counted.
AFTERWARDS_MS = 60_000
_MENDING = ("restart", "resume", "heal", "mend disk", "mend everything")

Strip = tuple[tuple[int, int, bool], ...]


@immutable
class Recovery:
    """After the fault `words` at `time_ms`: how long until writes went through again (0: they never stopped)."""

    time_ms: int
    words: str
    write_ms: int
    read_ms: int
    scheduling_ms: int


@immutable
class Availability:
    """How available a cluster was from `start_ms` to `end_ms`.

    `faults` are what happened, as (time_ms, words); `strips` say for `write`, `read` and `scheduling` when it worked,
    as (from_ms, to_ms, ok); `figures` are percentages, gaps in ms, and counts.  `lost_writes` are the numbers of the
    writes that were acknowledged and are not there.
    """

    title: str
    control_planes: int
    start_ms: int
    end_ms: int
    faults: tuple[tuple[int, str], ...]
    strips: dict[str, Strip]
    figures: dict[str, float]
    recoveries: tuple[Recovery, ...] = ()
    lost_writes: tuple[int, ...] = ()

    def __str__(self) -> str:
        return table((self,))


@immutable
class Comparison:
    """Reports of the same script on clusters of different sizes."""

    title: str
    reports: tuple[Availability, ...]

    def __iter__(self) -> Any:
        return iter(self.reports)

    def __getitem__(self, control_planes: int) -> Availability:
        for report in self.reports:
            if report.control_planes == control_planes:
                return report
        sizes = ", ".join(str(report.control_planes) for report in self.reports)
        raise KeyError(f"{control_planes} control planes were not measured; there are {sizes}")

    def __str__(self) -> str:
        return table(self.reports)


def measure(cluster: Any, script: FaultScript | str, until: str | int | None = None, title: str = "") -> Availability:
    """Let `script` happen to `cluster` and say what users noticed of it.

    After it, a minute passes in which everything may come back; then the writes are counted.
    """
    script = read(script)
    prober = begin(cluster)
    start_ms = cluster.clock.now_ms
    first = cluster.trace.next_id
    happened = cluster.play(script, until)
    end_ms = cluster.clock.now_ms
    prober.stop()
    cluster.run(AFTERWARDS_MS)
    return report(cluster, prober, happened, (start_ms, end_ms), first, title or script.title)


def compare(
    script: FaultScript | str,
    control_planes: Sequence[int] = (1, 3, 5),
    seed: int = 0,
    until: str | int | None = None,
    workers: int = 3,
) -> Comparison:
    """The same script on fresh clusters of these sizes."""
    script = read(script)
    reports = [
        measure(Cluster(control_planes=number, workers=workers, seed=seed), script, until) for number in control_planes
    ]
    return Comparison(script.title, tuple(reports))


def read(script: FaultScript | str) -> FaultScript:
    """A script, the name of one, or the text of one."""
    if isinstance(script, str):
        return faults.named(script) if script in faults.NAMED else faults.parse(script)
    return script


def begin(cluster: Any) -> Prober:
    """Set a prober going; its namespace is made first."""
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}})
    cluster.settle()
    prober = Prober(cluster.layout.server)
    cluster.loop.add(prober)
    return prober


# -- what the tries say ------------------------------------------------------------------------------------------------


def report(
    cluster: Any, prober: Prober, happened: Iterable[Happened], span: tuple[int, int], first: int, title: str
) -> Availability:
    """What the prober's tries and the trace since record `first` say."""
    start_ms, end_ms = span
    bound = _bound(cluster, first)
    tries = {what: [probe for probe in prober.probes if probe.what == what] for what in prober.periods_ms}
    outcomes = {
        WRITE: [(probe.sent_ms, probe.ok) for probe in tries[WRITE]],
        READ: [(probe.sent_ms, probe.ok) for probe in tries[READ]],
        SCHEDULING: [
            (
                probe.sent_ms,
                bound.get(f"probe-{probe.number}", end_ms + BOUND_WITHIN_MS) - probe.sent_ms <= BOUND_WITHIN_MS,
            )
            for probe in tries[SCHEDULING]
        ],
    }
    strips = {what: strip(found, start_ms, end_ms) for what, found in outcomes.items()}
    lost = _lost(cluster, prober)
    figures: dict[str, float] = {}
    for what in outcomes:
        figures[f"{what}_availability_percent"] = _percent(strips[what])
        figures[f"{what}_gap_ms"] = longest_gap(strips[what])
    figures |= {
        "raft_leader_changes": _count(cluster, first, "become leader"),
        "lease_changes": _count(cluster, first, "acquire lease"),
        "acknowledged_writes": len(prober.acknowledged),
        "lost_acknowledged_writes": len(lost),
    }
    struck = [one for one in happened if one.struck and one.fault.action not in _MENDING]
    recoveries = tuple(
        Recovery(one.time_ms, one.words, *(_recovery(strips[what], one.time_ms) for what in (WRITE, READ, SCHEDULING)))
        for one in struck
    )
    told = tuple((one.time_ms, one.words) for one in happened)
    return Availability(title, cluster.layout.control_planes, start_ms, end_ms, told, strips, figures, recoveries, lost)


def strip(outcomes: Sequence[tuple[int, bool]], start_ms: int, end_ms: int) -> Strip:
    """When it worked and when not, from tries as (time, whether it went well); equal neighbours are one piece."""
    pieces: list[tuple[int, int, bool]] = []
    for place, (sent_ms, ok) in enumerate(outcomes):
        from_ms = start_ms if place == 0 else sent_ms
        to_ms = outcomes[place + 1][0] if place + 1 < len(outcomes) else end_ms
        if pieces and pieces[-1][2] == ok:
            pieces[-1] = (pieces[-1][0], to_ms, ok)
        elif to_ms > from_ms:
            pieces.append((from_ms, to_ms, ok))
    return tuple(pieces)


def longest_gap(pieces: Strip) -> int:
    """The longest time without success, in ms."""
    return max((to_ms - from_ms for from_ms, to_ms, ok in pieces if not ok), default=0)


def _percent(pieces: Strip) -> float:
    whole = sum(to_ms - from_ms for from_ms, to_ms, _ in pieces)
    good = sum(to_ms - from_ms for from_ms, to_ms, ok in pieces if ok)
    return round(100 * good / whole, 2) if whole else 100.0


def _recovery(pieces: Strip, time_ms: int) -> int:
    """How long after `time_ms` the gap lasted that began then, or was open then; gaps that flicker count as one."""
    recovered_ms = time_ms
    for from_ms, to_ms, ok in pieces:
        if not ok and to_ms > time_ms and from_ms <= recovered_ms + 2 * BOUND_WITHIN_MS:
            recovered_ms = to_ms
    return recovered_ms - time_ms


def _bound(cluster: Any, first: int) -> dict[str, int]:
    """When each probe's pod was bound to a node, by the trace of the API servers."""
    prefix = f"pods/{NAMESPACE}/"
    return {
        record.subject.removeprefix(prefix): record.time_ms
        for record in cluster.trace.since(first)
        if record.verb == "create binding" and record.revision is not None and record.subject.startswith(prefix)
    }


def _lost(cluster: Any, prober: Prober) -> tuple[int, ...]:
    """The acknowledged writes that the store does not hold."""
    prefix = f"/registry/configmaps/{NAMESPACE}/"
    there = {kv.key.removeprefix(prefix) for kv in cluster.etcd.range_at(prefix)}
    return tuple(number for number in prober.acknowledged if f"probe-{number}" not in there)


def _count(cluster: Any, first: int, verb: str) -> int:
    return sum(record.verb == verb for record in cluster.trace.since(first))


# -- for people --------------------------------------------------------------------------------------------------------

_ROWS = (
    ("writes that went through", "write_availability_percent", "%"),
    ("reads that went through", "read_availability_percent", "%"),
    ("pods scheduled at once", "scheduling_availability_percent", "%"),
    ("longest gap in writes", "write_gap_ms", "s"),
    ("longest gap in reads", "read_gap_ms", "s"),
    ("longest gap in scheduling", "scheduling_gap_ms", "s"),
    ("new Raft leaders", "raft_leader_changes", ""),
    ("new lease holders", "lease_changes", ""),
    ("acknowledged writes", "acknowledged_writes", ""),
    ("of these lost", "lost_acknowledged_writes", ""),
)


def table(reports: Sequence[Availability]) -> str:
    """Reports side by side, as text."""
    heads = [f"{report.control_planes} control plane{'s' if report.control_planes > 1 else ''}" for report in reports]
    rows = [[name, *(_cell(report.figures[key], unit) for report in reports)] for name, key, unit in _ROWS]
    for place, one in enumerate(reports[0].recoveries):
        cells = [_cell(r.recoveries[place].write_ms, "s") if place < len(r.recoveries) else "" for r in reports]
        at_s = (one.time_ms - reports[0].start_ms) / 1000
        rows.append([f"writes again after the fault at {at_s:.0f} s", *cells])
    first = max(len(row[0]) for row in rows)
    width = max(len(cell) for row in [heads, *(row[1:] for row in rows)] for cell in row)
    lines = [reports[0].title, " " * first + "".join(f"  {head:>{width}}" for head in heads)]
    lines += [f"{row[0]:<{first}}" + "".join(f"  {cell:>{width}}" for cell in row[1:]) for row in rows]
    return "\n".join(lines)


def _cell(figure: float, unit: str) -> str:
    if unit == "s":
        return f"{figure / 1000:.1f} s"
    return f"{figure:g} {unit}".strip()


__all__ = ["Availability", "Comparison", "Recovery", "compare", "measure"]
