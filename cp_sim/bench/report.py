"""What a run of a workload found out, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cp_sim.sim import immutable

# Those that upstream's scheduler_perf prints.
PERCENTILES = (50, 90, 95, 99)


@immutable
class Share:
    """A part of the measured real time: who worked, how long, in how many units."""

    who: str
    seconds: float
    units: int


@immutable
class Report:
    """The figures of one run: `done` things called `noun` in so many real seconds.

    `samples_ms` are real milliseconds per sample: for scheduling from a pod's creation to its binding, as the load
    generator sees both; for the store from a request to its answer; for the small workloads one whole run. `sizes` say
    how large the world was, e.g. `("nodes", 5000)`, `figures` are what else was measured, e.g. `("kib_per_pod", 3.1)`.
    `peak_mib` is that of the process.
    """

    workload: str
    noun: str
    done: int
    seconds: float
    samples_ms: tuple[float, ...]
    shares: tuple[Share, ...]
    peak_mib: float
    sizes: tuple[tuple[str, int], ...] = ()
    figures: tuple[tuple[str, float], ...] = ()
    mode: str = "whole"
    note: str = ""

    @property
    def per_s(self) -> float:
        """Things done in a real second."""
        return self.done / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, object]:
        """The figures as one JSON object."""
        return {
            "workload": self.workload,
            "mode": self.mode,
            **dict(self.sizes),
            self.noun: self.done,
            f"{self.noun}_per_s": round(self.per_s, 1),
            **{f"p{percent}_ms": round(percentile(self.samples_ms, percent), 3) for percent in PERCENTILES},
            **{name: round(figure, 3) for name, figure in self.figures},
            "peak_mib": round(self.peak_mib, 1),
            "seconds": round(self.seconds, 3),
            "time_ms": {share.who: round(1000 * share.seconds, 1) for share in self.shares},
            "note": self.note,
        }

    def __str__(self) -> str:
        sizes = "".join(f"{count:,} {name if count != 1 else name[:-1]}, " for name, count in self.sizes)
        head = (
            f"{self.workload}: {self.per_s:,.0f} {self.noun}/s, p50 {percentile(self.samples_ms, 50):.2f} ms, "
            f"p99 {percentile(self.samples_ms, 99):.2f} ms, peak {self.peak_mib:,.0f} MiB "
            f"({sizes}{self.done:,} {self.noun}, {self.mode}, {self.seconds:.2f} s)"
        )
        figures = [f"  {name.replace('_', ' ')}: {figure:,.2f}" for name, figure in self.figures]
        notes = [f"  {line}" for line in self.note.splitlines()]
        return "\n".join([head, *self._time_lines(), *figures, *notes])

    def _time_lines(self) -> list[str]:
        shares = [share for share in self.shares if share.seconds * 200 >= self.seconds]
        return [
            f"  {100 * share.seconds / self.seconds:5.1f} %  {share.who}"
            + (f": {1e6 * share.seconds / share.units:,.0f} µs in each of {share.units:,} units" if share.units else "")
            for share in sorted(shares, key=lambda share: -share.seconds)
        ]


def percentile(samples: Sequence[float], percent: float) -> float:
    """The value that `percent` of the samples do not exceed (nearest rank); 0 without samples."""
    if not samples:
        return 0.0
    ordered = sorted(samples)
    return ordered[max(0, -(-len(ordered) * int(percent) // 100) - 1)]


def peak_mib() -> float:
    """The most memory this process has had, in MiB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows, Pyodide
        return 0.0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most) / (2**20 if sys.platform == "darwin" else 2**10)
