"""What a run of a workload found out, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from cp_sim.sim import immutable


@immutable
class Share:
    """A part of the measured real time: who worked, how long, in how many units."""

    who: str
    seconds: float
    units: int


@immutable
class Report:
    """The figures of one run.

    `p50_ms` and `p99_ms` are real milliseconds per sample: for scheduling from a pod's creation to its binding, as the
    load generator sees both; for the small workloads one whole run.  `peak_mib` is that of the process.
    """

    workload: str
    nodes: int
    pods: int
    seconds: float
    samples_ms: tuple[float, ...]
    shares: tuple[Share, ...]
    peak_mib: float
    mode: str = "whole"
    note: str = ""

    @property
    def pods_per_s(self) -> float:
        """Pods a real second."""
        return self.pods / self.seconds if self.seconds else 0.0

    def as_json(self) -> dict[str, object]:
        """The figures as one JSON object."""
        return {
            "workload": self.workload,
            "mode": self.mode,
            "nodes": self.nodes,
            "pods": self.pods,
            "pods_per_s": round(self.pods_per_s, 1),
            "p50_ms": round(percentile(self.samples_ms, 50), 3),
            "p99_ms": round(percentile(self.samples_ms, 99), 3),
            "peak_mib": round(self.peak_mib, 1),
            "seconds": round(self.seconds, 3),
            "time_ms": {share.who: round(1000 * share.seconds, 1) for share in self.shares},
        }

    def __str__(self) -> str:
        head = (
            f"{self.workload}: {self.pods_per_s:,.0f} pods/s, p50 {percentile(self.samples_ms, 50):.2f} ms, "
            f"p99 {percentile(self.samples_ms, 99):.2f} ms, peak {self.peak_mib:,.0f} MiB "
            f"({self.nodes:,} nodes, {self.pods:,} pods, {self.mode}, {self.seconds:.2f} s)"
        )
        return "\n".join([head, *self._time_lines(), *([f"  {self.note}"] if self.note else [])])

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
