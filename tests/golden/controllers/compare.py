"""Plays recorded runs and says where ours differ."""

from __future__ import annotations

import difflib
import gzip
import json
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cp_sim.objects import meta
from tests.golden.controllers.normal import (
    LEFT_OUT,
    Normalizer,
    Plain,
    canonical,
    controllers_writes,
    sorted_lists,
    write_of,
)
from tests.golden.controllers.world import World

Object = dict[str, Any]
FILE = Path(__file__).parent / "runs.jsonl.gz"
PARTS = ("objects", "events", "writes", "levelled", "replicasSeries", "podExtremes")
# How many pods are counted between two writes of a status depends on milliseconds.
COUNTERS = {
    f"status.{count}Replicas"
    for count in ("ready", "available", "unavailable", "terminating", "updated", "fullyLabeled")
} | {"status.replicas", "status.conditions[Available]"}
# Which of several equal pods is deleted is chance: here as it was in the recording.
SEEDS = {"o-replicaset-adopt": 1}
OTHERS = ("default-scheduler", "kubelet", "fake-kubelet")


def runs() -> Iterator[Object]:
    """All recorded runs."""
    with gzip.open(FILE, "rt") as lines:
        for line in lines:
            yield json.loads(line)


@dataclass
class Outcome:
    """How one run compares: for each step and part whether it agrees and whether it has to."""

    id: str
    steps: list[dict[str, tuple[bool, bool]]] = field(default_factory=list)  # part -> (agrees, is strict)
    differences: list[str] = field(default_factory=list)

    def agrees(self, part: str) -> bool:
        """Whether a part agrees in all steps in which it has to."""
        return all(step[part][0] or not step[part][1] for step in self.steps if part in step)


def hashes_of(writes: list[Object]) -> list[str]:
    """The hashes of templates in the order in which ReplicaSets and ControllerRevisions were created."""
    found = []
    for write in writes:
        if write["op"] == "create" and write["obj"].startswith(("ReplicaSet/", "ControllerRevision/")):
            for label in ("pod-template-hash", "controller-revision-hash"):
                found.append(write["set"].get(f"metadata.labels.{label}"))
    return [one for one in found if one]


def play(run: Object, verbose: bool = False) -> Outcome:
    """Play one run and compare it."""
    outcome = Outcome(run["id"])
    world = World(run, seed=SEEDS.get(run["id"], 0))
    normal = Normalizer(world.namespace, run["keepNode"])
    counts: dict[str, int] = {}
    ours_hashes: list[str] = []
    theirs_hashes: list[str] = []
    pods: dict[str, Object] = {}
    for recorded in run["steps"]:
        played = world.play(recorded)
        writes, extremes, series = [], Extremes(pods), {}
        relevant = [c for c in played.changes if _concerns(world, run, c)]
        for change in relevant:
            write = write_of(change, normal)
            if write is not None:
                writes.append(write)
                extremes.see(change)
                _note_replicas(series, change, normal)
                if change.kv is not None and change.kv.value["kind"] == "ReplicaSet" and change.previous is None:
                    world.last_replica_set = meta.name(change.kv.value)
        ours_hashes += hashes_of(writes)
        theirs_hashes += hashes_of(recorded["writes"])
        events = _events(relevant, normal, counts)
        objects = [normal.object(o) for o in world.objects()]
        objects = [o for o in objects if _is_shown(o, run)]
        ours = {
            "objects": objects,
            "events": events,
            "writes": writes,
            "replicasSeries": series or None,
            "podExtremes": extremes.told(),
        }
        _compare(outcome, recorded, ours, Plain(ours_hashes), Plain(theirs_hashes), played.results)
    return outcome


def _concerns(world: World, run: Object, change: Any) -> bool:
    obj = (change.kv or change.previous).value
    if not isinstance(obj, dict) or "kind" not in obj:
        return False
    if obj["kind"] == "Event":
        about = obj.get("involvedObject", {})
        return about.get("namespace") == world.namespace or about.get("name") in world.own_nodes
    if obj["kind"] == "Node":
        return meta.name(obj) in world.own_nodes
    if obj["kind"] == "Namespace":
        return meta.name(obj) == world.namespace and run["area"] in ("namespace", "serviceaccount")
    if meta.namespace(obj) != world.namespace:
        return False
    return _is_shown(obj, run)


def _is_shown(obj: Object, run: Object) -> bool:
    if obj["kind"] in LEFT_OUT and obj["kind"] != "Event":
        return False
    if run["area"] in ("namespace", "serviceaccount"):
        return True
    return (obj["kind"], meta.name(obj)) not in (("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt"))


def _events(changes: list[Any], normal: Normalizer, counts: dict[str, int]) -> list[Object]:
    found: dict[str, Object] = {}
    for change in changes:
        if change.kv is None or change.kv.value["kind"] != "Event":
            continue
        event = change.kv.value
        source = event.get("source", {}).get("component") or event.get("reportingComponent", "")
        about = event["involvedObject"]
        found[meta.name(event)] = {
            "type": event["type"],
            "reason": event["reason"],
            "message": normal.text(event["message"]),
            "source": source,
            "obj": f"{about['kind']}/{normal.text(about['name'])}",
        }
    return list(found.values())


class Extremes:
    """The most and fewest pods over the moments after each pod write."""

    def __init__(self, pods: dict[str, Object]) -> None:
        self.pods = pods
        self.seen: list[tuple[int, int, int]] = []

    def see(self, change: Any) -> None:
        obj = (change.kv or change.previous).value
        if obj["kind"] != "Pod":
            return
        if change.kv is None:
            self.pods.pop(change.key, None)
        else:
            self.pods[change.key] = obj
        active = [pod for pod in self.pods.values() if meta.is_active(pod)]
        self.seen.append((len(self.pods), len(active), sum(meta.is_ready(pod) for pod in active)))

    def told(self) -> Object | None:
        if not self.seen:
            return None
        columns = dict(zip(("Pods", "Active", "Ready"), zip(*self.seen)))
        return {
            f"{end}{what}": fn(values) for what, values in columns.items() for end, fn in (("max", max), ("min", min))
        }


def _note_replicas(series: Object, change: Any, normal: Normalizer) -> None:
    obj = (change.kv or change.previous).value
    if obj["kind"] not in ("ReplicaSet", "StatefulSet", "ReplicationController"):
        return
    key = f"{obj['kind']}/{normal.text(meta.name(obj))}"
    if change.kv is None:
        series.setdefault(key, []).append("deleted")
        return
    now = obj["spec"].get("replicas")
    if series.setdefault(key, [])[-1:] != [now]:
        series[key].append(now)


def _compare(
    outcome: Outcome, recorded: Object, ours: Object, our_form: Plain, their_form: Plain, results: list[Object]
) -> None:
    same = recorded.get("sameInSecondRun") or {}
    step: dict[str, tuple[bool, bool]] = {}
    for part in PARTS:
        source = "writes" if part == "levelled" else part
        one, two = _form(part, ours[source], our_form), _form(part, recorded.get(source), their_form)
        if part in ("replicasSeries", "podExtremes") and two is None:
            continue
        agrees = one == two
        strict = bool(same.get(source, part == "objects" and not same))
        step[part] = (agrees, strict)
        if not agrees:
            mark = "" if strict else " (may differ)"
            outcome.differences.append(
                f"--- {outcome.id}, step {recorded['step']!r}, {part}{mark}\n{_difference(two, one)}"
            )
    codes = [result["code"] for result in recorded["results"]]
    mine = [result["code"] for result in results]
    if codes != mine:
        outcome.differences.append(f"--- {outcome.id}, step {recorded['step']!r}: codes {codes}, ours {mine} {results}")
    outcome.steps.append(step)


def _form(part: str, value: Any, plain: Plain) -> Any:
    if value is None:
        return None
    if part == "objects":
        return sorted(canonical(sorted_lists(plain.of(_bare(_without_choice(obj))))) for obj in value)
    if part == "events":
        kept = [{k: v for k, v in e.items() if k != "count"} for e in value if e["source"] not in OTHERS]
        return sorted(Counter(canonical(plain.of(e)) for e in kept).items())
    if part in ("writes", "levelled"):
        grouped = controllers_writes(value)
        if part == "levelled":
            grouped = {obj: levelled(each) for obj, each in grouped.items()}
        return sorted(canonical(plain.of([obj.partition("#")[0], each])) for obj, each in grouped.items())
    if part == "replicasSeries":
        return plain.of(value)
    return value


def levelled(writes: list[Any]) -> list[Any]:
    """The writes of one object; those that only count pods are drawn into the next one.

    A status says "2 ready" on its way from 1 to 3 only if the controller happened to look at that moment.
    """
    found: list[Any] = []
    for op, changed in writes:
        if found and op == "update" and found[-1][0] == "update" and found[-1][1].keys() <= COUNTERS:
            found[-1] = ["update", {**found[-1][1], **changed}]
        else:
            found.append([op, changed])
    return [[op, {k: v for k, v in changed.items() if v is not None}] for op, changed in found]


def _without_choice(obj: Object) -> Object:
    """A pod without what the scheduler chose and said, and without tolerations: that is another room's affair."""
    if obj["kind"] != "Pod":
        return obj
    tags = {k: v for k, v in obj["metadata"].get("labels", {}).items() if not k.startswith("topology.")}
    spec = {k: v for k, v in obj["spec"].items() if k != "tolerations"}
    if "nodeName" in spec:
        spec["nodeName"] = "<node>"
    conditions = [
        {k: v for k, v in c.items() if k not in ("message", "reason")} if c["type"] == "PodScheduled" else c
        for c in obj["status"].get("conditions", ())
    ]
    status = {**obj["status"], "conditions": conditions}
    return {**obj, "metadata": {**obj["metadata"], "labels": tags}, "spec": spec, "status": status}


def _bare(value: Any) -> Any:
    """Without nulls and without the fields that only one side shows."""
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if v is not None and v != {} and v != []}
    if isinstance(value, list):
        return [_bare(one) for one in value]
    return value


def _difference(recorded: Any, ours: Any) -> str:
    """The differences, as paths into the things that can be paired, in the order of the recording."""
    if not isinstance(recorded, list) or not isinstance(ours, list):
        return "\n".join(_paths("", recorded, ours))
    left = [
        json.loads(one) if isinstance(one, str) else [json.loads(one[0]), one[1]] for one in recorded if one not in ours
    ]
    right = [
        json.loads(one) if isinstance(one, str) else [json.loads(one[0]), one[1]] for one in ours if one not in recorded
    ]
    lines: list[str] = []
    for thing in left:
        same = next((other for other in right if _title(other) == _title(thing)), None)
        if same is None:
            lines.append(f"  missing {canonical(thing)}")
        else:
            right.remove(same)
            lines += [f"  {canonical(_title(thing))}{path}" for path in _paths("", thing, same)]
    return "\n".join(str(line) for line in lines + [f"  too many {canonical(thing)}" for thing in right])


def _title(thing: Any) -> Any:
    if isinstance(thing, dict) and "metadata" in thing:
        return f"{thing['kind']}/{thing['metadata']['name']}"
    return thing[0] if isinstance(thing, list) else ""


def _paths(path: str, recorded: Any, ours: Any) -> Iterator[str]:
    if isinstance(recorded, dict) and isinstance(ours, dict):
        for key in [*recorded, *(key for key in ours if key not in recorded)]:
            yield from _paths(f"{path}.{key}", recorded.get(key), ours.get(key))
    elif isinstance(recorded, list) and isinstance(ours, list) and len(recorded) == len(ours):
        for place, (one, two) in enumerate(zip(recorded, ours)):
            yield from _paths(f"{path}[{place}]", one, two)
    elif isinstance(recorded, list) and isinstance(ours, list):
        matcher = difflib.SequenceMatcher(
            a=[canonical(x) for x in recorded], b=[canonical(x) for x in ours], autojunk=False
        )
        for tag, i1, i2, j1, j2 in matcher.get_opcodes():
            if tag != "equal":
                yield f"{path}[{i1}:] was {canonical(recorded[i1:i2])}"
                yield f"{' ' * len(path)}    is {canonical(ours[j1:j2])}"
    elif recorded != ours:
        yield f"{path} was {canonical(recorded)} is {canonical(ours)}"


def main(wanted: list[str]) -> None:
    """Print where the runs differ whose ids begin with one of `wanted`, and a table."""
    table: dict[str, Counter[str]] = {}
    for run in runs():
        if wanted and not any(run["id"].startswith(one) for one in wanted):
            continue
        row = table.setdefault(run["area"], Counter())
        row["runs"] += 1
        try:
            outcome = play(run)
        except Exception as error:  # the table is to be complete
            print(f"!!! {run['id']}: {type(error).__name__}: {error}")
            if len(wanted) == 1:
                raise
            continue
        for part in PARTS:
            row[part] += outcome.agrees(part)
        row["all"] += all(outcome.agrees(part) for part in PARTS if part != "levelled")
        if wanted:
            print("\n".join(outcome.differences))
        bad = [part for part in PARTS if not outcome.agrees(part)]
        if bad:
            print(f"... {run['id']}: {', '.join(bad)}")
    for area, row in table.items():
        print(f"{area:15}", *(f"{part}={row[part]}" for part in ("runs", "all", *PARTS)))


if __name__ == "__main__":
    main(sys.argv[1:])
