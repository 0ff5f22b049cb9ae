"""`cp-sim schedule`: decide where pods go, without a cluster.

It takes recorded scenarios (JSON lines) and prints their answers as JSON lines; or it takes what `kubectl get` prints
of a real cluster and prints a table of where each pending pod goes, and why not elsewhere.
"""

from __future__ import annotations

import argparse
import copy
import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from cp_sim.commands.files import opened
from cp_sim.commands.refusal import Refusal
from cp_sim.objects import meta
from cp_sim.scheduler.configuration.configuration import ConfigurationError, read_profiles
from cp_sim.scheduler.dumps.dump import Dump, DumpError, Sorting, documents
from cp_sim.scheduler.dumps.dump_checks import lacking
from cp_sim.scheduler.framework import PluginError, Profile
from cp_sim.scheduler.scenario import Attempt, Scenario, ScenarioError, entry_of, is_known
from cp_sim.sim import Chance
from cp_sim.views import placements
from cp_sim.views.facts import many

Object = dict[str, Any]

ABOUT = "decide where pods go, without a cluster, and say why"
EPILOG = """\
  kubectl get nodes,pods,pv,pvc,sc,csinodes,pdb,services,replicasets,statefulsets,priorityclasses,namespaces \\
      -A -o json > dump.json
  cp-sim schedule dump.json                     where the cluster's pending pods go
  cp-sim schedule dump.json --pods new.yaml     and where these would go
  cp-sim schedule dump.json --why web-1         all that was found out about one pod
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Make the command known to the command line."""
    schedule = commands.add_parser(
        "schedule",
        help=ABOUT,
        description=ABOUT,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    schedule.add_argument(
        "file",
        metavar="FILE",
        help="what `kubectl get nodes,pods,... -A -o json` (or yaml) prints; or scenarios, one JSON object a line; "
        "also .gz; - reads the standard input",
    )
    schedule.add_argument(
        "--pods",
        metavar="FILE",
        action="append",
        default=[],
        help="more pods to place (YAML or JSON); also Deployments, StatefulSets, Jobs: the pods that they would make",
    )
    schedule.add_argument(
        "--why", metavar="POD", help="tell all that was found out about this pod (NAMESPACE/NAME or NAME)"
    )
    schedule.add_argument("--node", metavar="NODE", help="with --why: only why the pod does not go to this node")
    schedule.add_argument(
        "--config", metavar="FILE", help="a KubeSchedulerConfiguration (YAML): profiles, plugins, weights"
    )
    schedule.add_argument(
        "--seed",
        type=int,
        metavar="N",
        help="decide as the running scheduler does, which looks only at a part of many nodes and draws among equally "
        "good ones: this is the seed of the draw; else every node is looked at, and the smallest name wins",
    )
    schedule.add_argument("--output", choices=("table", "json"), help="table (for dumps), json (for scenarios)")
    schedule.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decide what the file asks for, and print it.  *Raises* `Refusal`."""
    profiles = _profiles(options)
    with opened(options.file) as lines:
        first = lines.readline()
        if not options.pods and _is_scenario(_json_or_none(first)):
            return _answer_lines(itertools.chain([first], lines), options, profiles)
        text = first + lines.read()
    values = _documents(text, options.file)
    if len(values) == 1 and _is_scenario(values[0]) and not options.pods:
        return _answer(values[0], options.file, options, profiles)
    return _answer_dump(_sorted_out(values, options, profiles), options, profiles)


def _profiles(options: argparse.Namespace) -> tuple[Profile, ...]:
    """The scheduler's profiles; they look at every node unless the real sampling is asked for."""
    given = None
    if options.config:
        with opened(options.config) as file:
            given = file.read()
    try:
        profiles = read_profiles(given)
    except ConfigurationError as problem:
        raise Refusal(f"{options.config}: {problem}") from None
    if options.seed is None:
        profiles = [copy.copy(profile) for profile in profiles]
        for profile in profiles:
            profile.percentage_of_nodes_to_score = 100
    return tuple(profiles)


def _chance(options: argparse.Namespace) -> Any:
    return None if options.seed is None else Chance(options.seed).stream("scheduler")


# -- scenarios ---------------------------------------------------------------------------------------------------------


def _json_or_none(text: str) -> Any:
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError):
        return None


def _is_scenario(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("objects"), list) and isinstance(value.get("pending"), list)


def _answer_lines(lines: Iterable[str], options: argparse.Namespace, profiles: tuple[Profile, ...]) -> int:
    """Answer each line; one that cannot be answered does not stop the others."""
    worst = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        place = f"line {number} of {options.file}"
        value = _json_or_none(line)
        if not _is_scenario(value):
            what = "not JSON" if value is None else 'not a scenario (an object with the lists "objects" and "pending")'
            worst = _complain(f"{place} is {what}")
            continue
        worst = max(worst, _answer(value, place, options, profiles))
    return worst


def _answer(scenario: Object, place: str, options: argparse.Namespace, profiles: tuple[Profile, ...]) -> int:
    """Print the answer to one scenario."""
    for name in ("objects", "pending"):
        for index, obj in enumerate(scenario[name]):
            if not isinstance(obj, dict):
                return _complain(f"{place} cannot be scheduled: {name}[{index}] is not an object with a kind")
            if name == "objects" and not is_known(obj):
                what = f"{obj.get('kind')!r} in {obj.get('apiVersion')!r}"
                _complain(f"objects[{index}] of {place} is left aside: there is no kind {what}")
    try:
        attempts = Scenario(scenario["objects"], profiles, _chance(options)).decide(scenario["pending"])
    except (ScenarioError, PluginError) as problem:
        return _complain(f"{place} cannot be scheduled: {problem}")
    _print(str(scenario.get("name", "")), attempts, options, options.output or "json")
    return 0


def _complain(sentence: str) -> int:
    print(f"cp-sim: {sentence}", file=sys.stderr)
    return 1


# -- dumps -------------------------------------------------------------------------------------------------------------


def _documents(text: str, name: str) -> list[Any]:
    try:
        return documents(text, name)
    except DumpError as problem:
        raise Refusal(str(problem)) from None


def _sorted_out(values: list[Any], options: argparse.Namespace, profiles: tuple[Profile, ...]) -> Dump:
    """The cluster of the dump and its pending pods, with those of `--pods`; problems are told on the way."""
    sorting = Sorting(tuple(profile.scheduler_name for profile in profiles))
    sorting.take(values, options.file)
    for name in options.pods:
        with opened(name) as file:
            text = file.read()
        sorting.take(_documents(text, name), name, placing=True)
    dump = sorting.result()
    for sentence in dump.problems:
        _complain(sentence)
    if not dump.objects and not dump.pending:
        raise Refusal(f"{options.file} is neither a scenario nor a dump: it holds no object that decides where pods go")
    for sentence in lacking(dump):
        _complain(sentence)
    return dump


def _answer_dump(dump: Dump, options: argparse.Namespace, profiles: tuple[Profile, ...]) -> int:
    try:
        scenario = Scenario(list(dump.objects), profiles, _chance(options), are_complete=True)
        attempts = scenario.decide(list(dump.pending))
    except (ScenarioError, PluginError) as problem:
        raise Refusal(f"{options.file} cannot be scheduled: {problem}") from None
    if any(one.decision.preemption is not None for one in attempts) and not any(map(is_budget, dump.objects)):
        _complain("there is no PodDisruptionBudget: pods are pushed out without regard to any; add pdb")
    output = options.output or "table"
    if output == "table" and not options.why:
        print(_heading(dump))
    _print(options.file, attempts, options, output)
    return 0


def is_budget(obj: Object) -> bool:
    """Whether an object says how many pods may be disrupted."""
    return bool(obj["kind"] == "PodDisruptionBudget")


def _heading(dump: Dump) -> str:
    nodes = sum(obj["kind"] == "Node" for obj in dump.objects)
    bound = sum(obj["kind"] == "Pod" and not meta.is_finished(obj) for obj in dump.objects)
    there = f"{many(nodes, 'node')}, {many(bound, 'pod')} on them"
    return f"{there}, {len(dump.pending)} to place, in the order of the scheduler's queue"


# -- printing ----------------------------------------------------------------------------------------------------------


def _print(name: str, attempts: list[Attempt], options: argparse.Namespace, output: str) -> None:
    if options.why:
        print("\n".join(_told(attempts, options)))
    elif output == "json":
        answer = {"name": name, "got": [entry_of(one.decision, one.bypass) for one in attempts]}
        print(json.dumps(answer, ensure_ascii=False, separators=(",", ":")), flush=True)
    elif attempts:
        print(placements.table(attempts), flush=True)


def _told(attempts: list[Attempt], options: argparse.Namespace) -> Iterator[str]:
    """All about the pod that `--why` names."""
    wanted = options.why
    found = [one.decision for one in attempts if wanted in (one.decision.pod, one.decision.pod.partition("/")[2])]
    if not found:
        names = sorted({one.decision.pod for one in attempts})
        raise Refusal(f"there is no pending pod {wanted}; there is {', '.join(names[:10]) or 'none at all'}")
    for decision in found:
        yield decision.why_not(options.node) if options.node else decision.describe()
