"""The command line: `cp-sim`, or `python -m cp_sim`."""

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

from cp_sim.commands import schedule
from cp_sim.commands.files import opened
from cp_sim.commands.refusal import Refusal

PROFILE_LINES = 30


def main(arguments: list[str] | None = None) -> int:
    """Run the command that `arguments` (without the program's name; None: those of the process) ask for."""
    parser = argparse.ArgumentParser(prog="cp-sim", description="A Kubernetes control plane inside one process.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_bench(commands)
    schedule.add(commands)
    _add_replay(commands)
    _add_etcd(commands)
    options = parser.parse_args(arguments)
    if not options.command:
        parser.print_help()
        return 0
    try:
        return int(options.run(options))
    except Refusal as refusal:
        print(f"cp-sim: {refusal}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # `cp-sim ... | head`
        sys.stderr.close()
        return 1


# -- bench -------------------------------------------------------------------------------------------------------------


def _add_bench(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = "measure named workloads in real time; without a name, all of them"
    bench = commands.add_parser("bench", help=about, description=about)
    bench.add_argument("workloads", nargs="*", metavar="WORKLOAD")
    bench.add_argument("--list", action="store_true", help="only list the workloads")
    bench.add_argument("--cycle", action="store_true", help="the scheduling cycle alone, pods assumed on their nodes")
    bench.add_argument("--nodes", type=_count, help="another number of nodes")
    bench.add_argument("--pods", type=_count, help="another number of measured pods")
    bench.add_argument("--before", type=_count, help="another number of pods that are there before")
    bench.add_argument("--count", type=_count, help="another number of measured writes or reads of the store")
    bench.add_argument("--members", type=_count, help="so many members of the store, 1 unless given")
    bench.add_argument("--json", action="store_true", help="print one JSON object a workload")
    bench.add_argument("--profile", action="store_true", help="also print the functions that take the most time")
    bench.add_argument("--save", metavar="FILE", help="keep the results in a file")
    bench.add_argument("--compare", metavar="FILE", help="set the results beside those of a file")
    bench.set_defaults(run=_bench)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a count: write a whole number, such as 500")
    return int(text)


def _bench(options: argparse.Namespace) -> int:
    from cp_sim.bench import WORKLOADS, NoSuchMode, kept, run
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
            report = run(names[0], *counts, mode="cycle" if options.cycle else "whole")
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
    for name in ("nodes", "pods", "before", "count", "members", "save", "compare"):
        if getattr(options, name) is not None:
            command.append(f"--{name}={getattr(options, name)}")
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


# -- replay ------------------------------------------------------------------------------------------------------------


def _add_replay(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = "put recorded etcd operations to the embedded store and print its answers"
    replay = commands.add_parser("replay", help=about, description=about)
    replay.add_argument("file", metavar="FILE", help="JSON lines (also .gz), one trace a line; - for standard input")
    replay.set_defaults(run=_replay)


def _replay(options: argparse.Namespace) -> int:
    from cp_sim.etcd.replay import replay_lines

    with opened(options.file) as lines:
        try:
            for answer in replay_lines(lines):
                print(answer)
        except ValueError as problem:
            raise Refusal(f"{options.file}: {problem}") from None
    return 0


# -- etcd --------------------------------------------------------------------------------------------------------------


def _add_etcd(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = "run a cluster in real time and let the real etcdctl speak to its store, until interrupted"
    etcd = commands.add_parser("etcd", help=about, description=about)
    etcd.add_argument("--port", type=_count, default=2379, help="where to listen (2379); 0 for any port that is free")
    etcd.add_argument("--workers", type=_count, default=3, help="how many worker nodes (3)")
    etcd.add_argument("--control-planes", type=_count, default=1, help="how many control planes (1)")
    etcd.add_argument("--seed", type=_count, default=0, help="of all chance (0)")
    etcd.set_defaults(run=_etcd)


def _etcd(options: argparse.Namespace) -> int:
    from cp_sim.cluster import Cluster
    from cp_sim.gateway.real_time import pass_time

    try:
        cluster = Cluster(options.control_planes, options.workers, options.seed)
        with cluster.serve_etcd(options.port) as server:
            print(f"the store listens on {', '.join(server.endpoints)}; in another terminal:", flush=True)
            print(server.command, flush=True)
            pass_time(cluster)
    except (ValueError, ModuleNotFoundError) as problem:
        raise Refusal(str(problem)) from None
    except KeyboardInterrupt:
        print("the store has stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
