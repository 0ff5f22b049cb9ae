"""A dump of a cluster, sorted out: what the scheduler would know, which pods wait, and what is missing or wrong.

A dump is what `kubectl get nodes,pods,... -A -o json` (or `-o yaml`) prints, or manifests as people write them: lists,
documents one after the other, objects alone.  Whatever cannot be used gets one sentence that names object, field and
mend; the rest is decided all the same.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

from cp_sim.objects import manifests, meta, strict
from cp_sim.objects.kinds import Kind, UnknownKind, kind_of
from cp_sim.objects.wrong_fields import wrong_fields
from cp_sim.scheduler.dumps.dump_workloads import COUNTED, made_by
from cp_sim.scheduler.prepare import completed, priority_of
from cp_sim.scheduler.scenario import LOOKED_UP
from cp_sim.sim import immutable

Object = dict[str, Any]

DECIDING = ("Node", "Pod", *LOOKED_UP)
UNCOUNTED = ("DaemonSet", "CronJob")
COMMAND = (
    "kubectl get nodes,pods,pv,pvc,sc,csinodes,pdb,services,replicasets,statefulsets,priorityclasses,namespaces -A"
)
NAMELESS = "without a name"
YAML_LIMIT = 1_000_000  # a text that is no JSON and longer than this is not tried as YAML

_TABLE = re.compile(r"(NAMESPACE +)?NAME +[A-Z]")
_SAID = re.compile(r"(error:|Error from server|No resources found|The connection to the server|Unable to connect)")
_DESCRIBED = re.compile(r"Name: +\S+\n(Namespace|Roles|Priority|Labels|Annotations)[:\s]")


class DumpError(ValueError):
    """A text holds nothing to decide; the message is one sentence that names the mend."""


@immutable
class Dump:
    """`objects` of the cluster, the `pending` pods in the order of the scheduler's queue, sentences about the rest."""

    objects: tuple[Object, ...]
    pending: tuple[Object, ...]
    problems: tuple[str, ...]


# -- text to objects -------------------------------------------------------------------------------------------------


def documents(text: str, name: str) -> list[Any]:
    """The JSON or YAML values in a text; `name` says in sentences where it comes from.  *Raises* `DumpError`."""
    stripped = text.removeprefix("\ufeff").strip()
    if not stripped:
        raise DumpError(f"{name} is empty: fill it with `{COMMAND} -o json`")
    if _TABLE.match(stripped):
        raise DumpError(f"{name} is the table that kubectl prints for people: add -o json to the command")
    if _DESCRIBED.match(stripped):
        raise DumpError(f"{name} is what `kubectl describe` prints: write it with `kubectl get ... -o json`")
    if _SAID.match(stripped):
        line = stripped.splitlines()[0]
        raise DumpError(f"{name} holds no objects but what kubectl said instead: {line}")
    return _of_json(stripped, name) if stripped[0] in "{[" else _of_yaml(stripped, name)


def _of_json(text: str, name: str) -> list[Any]:
    decoder, at = json.JSONDecoder(), 0
    found: list[Any] = []
    while at < len(text):
        try:
            value, at = decoder.raw_decode(text, at)
        except json.JSONDecodeError as problem:
            return _not_json(text, name, problem)
        except RecursionError:
            raise DumpError(f"{name} is nested too deeply to be a dump of a cluster") from None
        found.append(value)
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
    return found


def _not_json(text: str, name: str, problem: json.JSONDecodeError) -> list[Any]:
    cut_off = problem.pos >= len(text) or problem.msg.startswith("Unterminated string")
    if cut_off:
        raise DumpError(
            f"{name} ends in the middle of an object, in line {problem.lineno}: it was cut off, write it again"
        )
    if len(text) < YAML_LIMIT:
        try:
            return [value for value, _ in manifests.documents(text)]
        except manifests.ManifestError:
            pass
    where = f"line {problem.lineno}, column {problem.colno}"
    raise DumpError(f"{name} is neither JSON nor YAML: {where}: {problem.msg}") from None


def _of_yaml(text: str, name: str) -> list[Any]:
    try:
        found = [value for value, _ in manifests.documents(text)]
    except manifests.ManifestError as problem:
        raise DumpError(f"{name} is neither JSON nor YAML: {problem}") from None
    return found


# -- objects to a cluster and its pending pods -----------------------------------------------------------------------


class Sorting:
    """Objects one after the other, each put where it belongs."""

    def __init__(self, schedulers: tuple[str, ...] = ("default-scheduler",)) -> None:
        self.schedulers = schedulers
        self.known: dict[tuple[str, str], Object] = {}  # (kind, key) -> the object
        self.problems: list[str] = []
        self._ignored: Counter[str] = Counter()
        self._left: dict[str, list[str]] = {}  # scheduler -> its pods
        self._unnamed = 0

    def take(self, values: list[Any], name: str, placing: bool = False) -> None:
        """Sort the values of one text; `placing` where all that stands in it is to be placed (`--pods`)."""
        for number, value in enumerate(values):
            where = name if len(values) == 1 else f"document {number + 1} of {name}"
            if value is not None:
                self._take(value, where, placing)

    def result(self) -> Dump:
        """All that was taken, in the order of the queue: priority first, then age, then as it came."""
        self._tell_ignored()
        pods = [one for (kind, _), one in self.known.items() if kind == "Pod"]
        waiting = [pod for pod in pods if not meta.node_name(pod) and not meta.is_finished(pod)]
        gone = {id(pod) for pod in waiting}
        pending = [pod for pod in waiting if self._is_ours(pod)]
        for scheduler, names in self._left.items():
            self.problems.append(
                f"{_some(names, 'pod')} left out: the scheduler {scheduler!r} places {_them(names)}, "
                f"this one is {' and '.join(map(repr, self.schedulers))}"
            )
        classes = {meta.name(one): one for (kind, _), one in self.known.items() if kind == "PriorityClass"}
        pending.sort(key=lambda pod: turn(pod, classes))
        objects = [one for one in self.known.values() if id(one) not in gone]
        return Dump(tuple(objects), tuple(pending), tuple(self.problems))

    def _is_ours(self, pod: Object) -> bool:
        if meta.is_deleting(pod):
            self.problems.append(f"Pod {meta.key(pod)} is left out: it is being deleted")
            return False
        scheduler = (pod.get("spec") or {}).get("schedulerName") or "default-scheduler"
        if scheduler not in self.schedulers:
            self._left.setdefault(scheduler, []).append(meta.key(pod))
            return False
        return True

    def _tell_ignored(self) -> None:
        if self._ignored:
            kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(self._ignored.items()))
            self.problems.append(f"{kinds}: left aside, they do not decide where pods go")

    # -- one value ---------------------------------------------------------------------------------------------------

    def _take(self, value: Any, where: str, placing: bool) -> None:
        if isinstance(value, list):
            for place, one in enumerate(value):
                self._take(one, f"item {place} of {where}", placing)
            return
        if not isinstance(value, dict):
            self.problems.append(f"{where} is left out: it is {_what(value)}, not an object with kind and metadata")
            return
        kind = value.get("kind")
        items = value.get("items")
        if isinstance(items, list) and (kind is None or str(kind).endswith("List")):
            of = str(kind or "List").removesuffix("List")
            for place, one in enumerate(items):
                if of and isinstance(one, dict) and not one.get("kind"):  # as the API server lists one kind
                    one = {"apiVersion": value.get("apiVersion"), "kind": of, **one}
                self._take(one, f"item {place} of {where}", placing)
        elif items is None and "items" in value:
            return  # an empty list
        elif kind == "Status":
            self.problems.append(f"{where} is an error of the API server, not an object: {value.get('message', '')}")
        elif kind == "Table":
            self.problems.append(f"{where} is a Table, as the API server prints it for people: ask for -o json")
        elif not isinstance(kind, str) or not kind:
            self.problems.append(f"{where} is left out: it has no kind, write for example `kind: Pod`")
        else:
            self._take_object(value, where, placing)

    def _take_object(self, obj: Object, where: str, placing: bool) -> None:
        try:
            kind = kind_of(obj)
        except (UnknownKind, TypeError):
            self._take_unknown(obj, where)
            return
        if placing and kind.kind in COUNTED:
            self._take_workload(kind, obj, where)
        elif placing and kind.kind in UNCOUNTED:
            self.problems.append(
                f"{kind.kind} {_key(obj)} in {where} is left out: how many pods it makes is not known here; "
                "write its template as a Pod"
            )
        elif kind.kind not in DECIDING:
            self._ignored[kind.kind] += 1
        else:
            read = self._read(kind, obj, where)
            if read is not None:
                self._keep(kind.kind, read)

    def _take_workload(self, kind: Kind, obj: Object, where: str) -> None:
        """Take the pods that a workload would make."""
        wrong = wrong_fields(kind, obj) or ([] if meta.name(obj) else [f"{kind.kind} without metadata.name"])
        self.problems += [f"{kind.kind} {_key(obj)} in {where} is left out: {one}" for one in wrong]
        for made in [] if wrong else made_by(obj):
            self._take_object(made, where, placing=False)

    def _take_unknown(self, obj: Object, where: str) -> None:
        kind, version = obj["kind"], obj.get("apiVersion")
        if kind in DECIDING and not version:
            self.problems.append(f"{kind} {_key(obj)} in {where} is left out: it has no apiVersion")
        elif kind in DECIDING:
            self.problems.append(f"{kind} {_key(obj)} is left out: v1.36 does not serve {kind} in {version}")
        else:
            self._ignored[kind] += 1

    def _read(self, kind: Kind, obj: Object, where: str) -> Object | None:
        """The object with types and defaults as the API server reads it; None, and a sentence, where it cannot be."""
        try:
            obj = self._named(kind, obj)
            read = completed(obj)
            if kind.kind != "Pod" or read["spec"].get("containers"):
                return read
            wrong = ["spec.containers is empty: give it a container"]
        except (strict.DecodeError, AttributeError, TypeError) as problem:
            wrong = wrong_fields(kind, obj) or [str(problem)]
        called = _key(obj)
        if called == NAMELESS:
            called = f"in {where}"
        self.problems += [f"{kind.kind} {called} is left out: {one}" for one in wrong]
        return None

    def _named(self, kind: Kind, obj: Object) -> Object:
        """A pod that is only to be created may have a generateName instead of a name."""
        if kind.kind != "Pod" or meta.name(obj) or not (obj.get("metadata") or {}).get("generateName"):
            return obj
        prefix = obj["metadata"]["generateName"]
        self._unnamed += 1
        return {**obj, "metadata": {**obj["metadata"], "name": f"{prefix}{self._unnamed}"}}

    def _keep(self, kind: str, obj: Object) -> None:
        key = (kind, meta.key(obj))
        before = self.known.pop(key, None)
        if before is not None and before != obj:
            self.problems.append(f"{kind} {meta.key(obj)} stands there twice: the last one counts")
        self.known[key] = obj


def turn(pod: Object, classes: dict[str, Object]) -> tuple[int, str]:
    """Sort key of a pending pod: the highest priority first, then the oldest (PrioritySort)."""
    priority, _ = priority_of(pod["spec"], classes)
    return (-priority, pod["metadata"].get("creationTimestamp") or "~")


def _key(obj: Object) -> str:
    """`namespace/name` of an object that may be of any shape."""
    metadata = obj.get("metadata")
    if not isinstance(metadata, dict):
        return NAMELESS
    return "/".join(str(metadata[part]) for part in ("namespace", "name") if metadata.get(part)) or NAMELESS


def _what(value: Any) -> str:
    return {str: "text", bool: "true or false", int: "a number", float: "a number"}.get(type(value), "nothing")


def _some(names: list[str], what: str, limit: int = 4) -> str:
    """`2 pods (a, b) are`, for the beginning of a sentence."""
    shown = ", ".join(names[:limit]) + (", ..." if len(names) > limit else "")
    return f"{len(names)} {what}{'s' if len(names) > 1 else ''} ({shown}) {'are' if len(names) > 1 else 'is'}"


def _them(names: list[str]) -> str:
    return "them" if len(names) > 1 else "it"
