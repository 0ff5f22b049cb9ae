"""`cp-sim bench`: measure named workloads in real time."""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cp_sim.commands.counting import count
from cp_sim.commands.refusal import Refusal

PROFILE_LINES = 30


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Make the command known to the command line."""
    about = "measure named workloads in real time; without a name, all of them"
    bench = commands.add_parser("bench", help=about, description=about)
    bench.add_argument("workloads", nargs="*", metavar="WORKLOAD")
    bench.add_argument("--list", action="store_true", help="only list the workloads")
    bench.add_argument("--cycle", action="store_true", help="the scheduling cycle alone, pods assumed on their nodes")
    bench.add_argument("--nodes", type=count, help="another number of nodes")
    bench.add_argument("--pods", type=count, help="another number of measured pods")
    bench.add_argument("--before", type=count, help="another number of pods that are there before")
    bench.add_argument("--count", type=count, help="another number of measured writes or reads of the store")
    bench.add_argument("--members", type=count, help="so many members of the store, 1 unless given")
    bench.add_argument("--json", action="store_true", help="print one JSON object a workload")
    bench.add_argument("--profile", action="store_true", help="also print the functions that take the most time")
    bench.add_argument("--save", metavar="FILE", help="keep the results in a file")
    bench.add_argument("--compare", metavar="FILE", help="set the results beside those of a file")
    bench.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the workloads asked for and print what they find out.  *Raises* `Refusal`."""
    from cp_sim.bench import WORKLOADS, NoSuchMode, kept
    from cp_sim.bench import run as measured
    from cp_sim.bench.scheduler_perf import SchedulingWorkload, TooSmall

    unknown = [name for name in options.workloads if name not in WORKLOADS]
    if unknown:
        raise Refusal(f"there is no workload {unknown[0]}; there are {', '.join(WORKLOADS)}")
    if options.list:
        for workload in WORKLOADS.values():
            print(f"{workload.name}: {workload.about}")
        return 0
    every = [name for name, one in WORKLOADS.items() if isinstance(one, SchedulingWorkload) or not options.cycle]
    names = options.workloads or every
    try:
        former = kept.load(Path(options.compare)) if options.compare else None
        if len(names) > 1:
            return max(_bench_apart(name, options) for name in names)
        counts = (options.nodes, options.pods, options.before, options.count, options.members or 1)
        with _profiled(options.profile):
            report = measured(names[0], *counts, mode="cycle" if options.cycle else "whole")
        print(json.dumps(report.as_json()) if options.json else report, flush=True)
        if former is not None:
            print(kept.compared(report, former), file=sys.stderr if options.json else sys.stdout, flush=True)
        if options.save:
            kept.save(Path(options.save), report)
    except (NoSuchMode, TooSmall, kept.NotKept) as problem:
        raise Refusal(str(problem)) from None
    return 0


def _bench_apart(name: str, options: argparse.Namespace) -> int:
    """One workload in a process of its own, so that its peak of memory is its own too."""
    command = [sys.executable, "-m", "cp_sim", "bench", name]
    command += [f"--{flag}" for flag in ("json", "profile", "cycle") if getattr(options, flag)]
    for given in ("nodes", "pods", "before", "count", "members", "save", "compare"):
        if getattr(options, given) is not None:
            command.append(f"--{given}={getattr(options, given)}")
    return subprocess.run(command, check=False).returncode


@contextmanager
def _profiled(wanted: bool) -> Iterator[None]:
    if not wanted:
        yield
        return
    profile = cProfile.Profile()
    with profile:
        yield
    pstats.Stats(profile, stream=sys.stderr).sort_stats("tottime").print_stats(PROFILE_LINES)
