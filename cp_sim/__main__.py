"""The command line: `cp-sim`, or `python -m cp_sim`."""

from __future__ import annotations

import argparse
import cProfile
import gzip
import itertools
import json
import pstats
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from cp_sim.objects import meta
from cp_sim.objects.kinds import UnknownKind, kind_of

PROFILE_LINES = 30


class Refusal(Exception):
    """What was asked for cannot be done; the message is one sentence for the person who asked."""


def main(arguments: list[str] | None = None) -> int:
    """Run the command that `arguments` (without the program's name; None: those of the process) ask for."""
    parser = argparse.ArgumentParser(prog="cp-sim", description="A Kubernetes control plane inside one process.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    _add_bench(commands)
    _add_schedule(commands)
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


# -- schedule ----------------------------------------------------------------------------------------------------------


def _add_schedule(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = "decide where pods go, without a cluster, and print every decision"
    schedule = commands.add_parser("schedule", help=about, description=about)
    schedule.add_argument(
        "file",
        metavar="FILE",
        help="JSON lines (also .gz), one scenario a line, or what `kubectl get nodes,pods -A -o json` prints; "
        "- reads the standard input",
    )
    schedule.set_defaults(run=_schedule)


def _schedule(options: argparse.Namespace) -> int:
    from cp_sim.scheduler.scenario import answer

    with _opened(options.file) as lines:
        for place, scenario in _scenarios(lines, options.file):
            try:
                print(json.dumps(answer(scenario), ensure_ascii=False, separators=(",", ":")), flush=True)
            except (AttributeError, LookupError, TypeError, ValueError, UnknownKind) as problem:
                raise Refusal(f"{place} cannot be scheduled: {type(problem).__name__}: {problem}") from problem
    return 0


def _scenarios(lines: TextIO, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The scenarios of a file, each with the words for its place."""
    first = lines.readline()
    try:
        whole = isinstance(json.loads(first or "null"), dict)
    except json.JSONDecodeError:
        whole = False
    if first.strip() and not whole:  # not one document a line, then one document in many
        try:
            found = json.loads(first + lines.read())
        except json.JSONDecodeError as problem:
            raise Refusal(f"{name} is neither JSON lines nor a JSON document: {problem}") from None
        yield name, _scenario(found, name)
        return
    for number, line in enumerate(itertools.chain([first], lines), 1):
        if line.strip():
            try:
                found = json.loads(line)
            except json.JSONDecodeError as problem:
                raise Refusal(f"line {number} of {name} is not JSON: {problem}") from None
            yield f"line {number} of {name}", _scenario(found, f"line {number} of {name}")


def _scenario(found: Any, place: str) -> dict[str, Any]:
    """A scenario as it stands, or the one that a dump of a cluster poses: where do its unbound pods go?"""
    if isinstance(found, dict) and isinstance(found.get("objects"), list) and isinstance(found.get("pending"), list):
        for obj in [*found["objects"], *found["pending"]]:
            _check_kind(obj, place)
        return found
    if isinstance(found, dict) and found.get("kind") == "List" and isinstance(found.get("items"), list):
        pending = [obj for obj in found["items"] if _waits(obj)]
        return {"name": place, "objects": [obj for obj in found["items"] if not _waits(obj)], "pending": pending}
    raise Refusal(f'{place} is neither a scenario (lists "objects" and "pending") nor a List of objects')


def _check_kind(obj: Any, place: str) -> None:
    """Refuse an object of no known kind: what is left out by a typing error would change where pods go."""
    try:
        kind_of(obj)
    except (AttributeError, UnknownKind) as problem:
        raise Refusal(f"{place} cannot be scheduled: {problem}") from None


def _waits(obj: Any) -> bool:
    """Whether an object of a dump is a pod that the scheduler would take."""
    is_pod = isinstance(obj, dict) and obj.get("kind") == "Pod"
    return is_pod and not meta.node_name(obj) and not meta.is_finished(obj)


# -- replay ------------------------------------------------------------------------------------------------------------


def _add_replay(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    about = "put recorded etcd operations to the embedded store and print its answers"
    replay = commands.add_parser("replay", help=about, description=about)
    replay.add_argument("file", metavar="FILE", help="JSON lines (also .gz), one trace a line; - for standard input")
    replay.set_defaults(run=_replay)


def _replay(options: argparse.Namespace) -> int:
    from cp_sim.etcd.replay import replay_lines

    with _opened(options.file) as lines:
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


@contextmanager
def _opened(name: str) -> Iterator[TextIO]:
    if name == "-":
        yield sys.stdin
        return
    try:
        with gzip.open(name, "rt", encoding="utf-8") if name.endswith(".gz") else open(name, encoding="utf-8") as file:
            yield file
    except (OSError, EOFError, UnicodeDecodeError) as problem:
        raise Refusal(f"{name} cannot be read: {problem}") from None


if __name__ == "__main__":
    sys.exit(main())
