"""What the dashboard shows: which picture, which selection, which moment; and the frame that the front end is told.

The desk looks at one cluster, now or at a past revision.  `handle(message)` takes what the front end sends and
answers with a frame: the whole state of the page as JSON, or, to a page that says which frame it has, only what
changed in the picture and what is new in the log.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from cp_sim.apiserver.request import ApiError
from cp_sim.objects import meta
from cp_sim.objects.kinds import UnknownKind
from cp_sim.sim import Record
from cp_sim.views import (
    View,
    cause_chain,
    chain_of,
    cluster_map,
    control_plane,
    facts,
    keyspace,
    lease_line,
    locks_and_keys,
    ownership,
    raft,
    reconcile,
    request_passage,
    scheduling_queue,
    timeline,
)
from cp_sim.views.cause_chain import subject_from
from cp_sim.views.cluster_map import in_order
from cp_sim.views.palette import component_of, is_server
from cp_sim.views.panel import as_dicts
from cp_sim.views.slots import Slots
from cp_sim.views.story import upto
from cp_sim.views.versions import folder_of, store_of
from cp_sim.widgets.commands import Commands, Outcome, split_subject
from cp_sim.widgets.delta import Sheet, delta
from cp_sim.widgets.fault_commands import FAULTS, breakables
from cp_sim.widgets.scheduler_tab import SchedulerTab, decisions_among, nothing

TABS: dict[str, str] = {
    "cluster": "Cluster",
    "control-plane": "Control plane",
    "decision": "Scheduler",
    "reconcile": "Reconcile",
    "why": "Why?",
    "ownership": "Ownership",
    "locks": "Taints",
    "request": "Request",
    "queue": "Queue",
    "store": "Store",
    "raft": "Raft",
    "leases": "Leases",
}
LOG_LINES = 150
WORKLOADS = ("deployments.apps", "replicasets.apps", "statefulsets.apps", "replicationcontrollers")
SCALABLE = ("Deployment", "ReplicaSet", "StatefulSet", "ReplicationController")
TIME_COMMANDS = ("step", "tick", "run", "settle")
UNSETTLED = (*TIME_COMMANDS, *FAULTS)  # what follows is to be watched


class Snapshot:
    """A cluster, or its past, asked at most once for each list while one frame is made."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._lists: dict[tuple[str, str], Any] = {}

    def get(self, what: str, namespace: str = "default") -> Any:
        """As `Cluster.get`."""
        key = (what, namespace)
        if key not in self._lists:
            self._lists[key] = self._world.get(what, namespace)
        return self._lists[key]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)


class Desk:
    """The state of one dashboard."""

    def __init__(self, cluster: Any, tab: str = "cluster", select: str = "") -> None:
        if tab not in TABS:
            raise ValueError(f'there is no tab "{tab}"; choose from {", ".join(TABS)}')
        self.cluster = cluster
        self.commands = Commands(cluster)
        self.tab = tab
        self.scheduler = SchedulerTab()
        self.selected = ""
        self.looking_at = 0  # a past revision, or 0 for now
        self.automatic = True  # settle after each change
        self.outcome: Outcome | None = None
        self.seq = 0
        self._slots = Slots()
        self._rows = Slots()  # of the scheduler's queue
        self._sheet: Sheet | None = None  # the picture of the last frame
        self._logged = 0  # the last line of the log of the last frame, 0 for a past
        if select:
            self._select(subject_from(select), None)

    # -- what the front end sends ----------------------------------------------------------------------------------

    def handle(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take one message of the front end; returns the frame to show, only the changes if it says `base`."""
        kind = message.get("kind")
        base, logged = int(message.get("base") or 0), self._logged
        before = self._sheet if base and base == self.seq else None
        self.outcome = None
        if kind == "command":
            self.outcome = self._command(str(message.get("command")), message.get("fields") or {})
        elif kind == "tab":
            self.tab = message["tab"] if message.get("tab") in TABS else self.tab
        elif kind == "select":
            self._select(str(message.get("id", "")), message.get("tab"))
        elif kind == "decision":
            self.scheduler.take(message)
        elif kind == "look":
            self._look(int(message.get("revision") or 0))
        elif kind == "automatic":
            self.automatic = bool(message.get("on"))
        frame = self.frame()
        return frame if before is None else self._changes(frame, before, base, logged)

    def _changes(self, frame: dict[str, Any], before: Sheet, base: int, logged: int) -> dict[str, Any]:
        """The same frame for a page that has frame `base`."""
        changes = delta(before, self._sheet) if self._sheet else None
        picture = frame["picture"]
        if changes is not None:
            picture = {key: picture[key] for key in ("title", "text", "panels")} | {"delta": changes, "base": base}
        log = frame["log"]
        grows = logged and self._logged and log and log[0][0] <= logged + 1
        more = [line for line in log if line[0] > logged] if grows else log
        return frame | {"picture": picture, "log": more, "log_grows": bool(grows)}

    def _command(self, command: str, fields: dict[str, Any]) -> Outcome:
        if self.looking_at:
            return Outcome(False, "this is the past: return to now before you change anything", command)
        outcome = self.commands.perform(command, fields)
        if outcome.ok and self.automatic and command not in UNSETTLED:
            settled = self.commands.perform("settle", {})
            if not settled.ok:
                return settled
        return outcome

    def _select(self, identity: str, tab: Any) -> None:
        """Select what an element of a picture or a line of the log stands for."""
        self.selected = identity.partition("#")[0].partition("@")[0]
        for prefix in ("way/", "cut/", "scores/", "cause/", "owns/", "siblings/"):
            if self.selected.startswith(prefix):
                rest = self.selected[len(prefix) :]
                self.selected = f"record/{rest.partition('/')[0]}" if prefix in ("cause/", "siblings/") else rest
        if tab in TABS:
            self.tab = str(tab)
        chosen = self._selected_record()
        chain = self.cluster.trace.chain(chosen) if chosen is not None else []
        decided = next(iter(decisions_among(chain)), None)
        self.scheduler.selected(chosen.subject if chosen is not None else self.selected, decided)

    def _look(self, revision: int) -> None:
        self.looking_at = 0 if not revision or revision >= self.cluster.revision else max(self.oldest(), revision)

    def oldest(self) -> int:
        """The oldest revision that can be shown."""
        return max(1, int(getattr(self.cluster.etcd, "compact_revision", 0) or 0))

    # -- the picture -----------------------------------------------------------------------------------------------

    def world(self) -> Any:
        """The cluster, now or as it was at the revision looked at."""
        if self.looking_at and self.looking_at < self.oldest():
            self.looking_at = 0
        return Snapshot(self.cluster.at(self.looking_at) if self.looking_at else self.cluster)

    def view(self, world: Any = None) -> View:
        """The picture of the chosen tab."""
        world = world or self.world()
        match self.tab:
            case "control-plane":
                return control_plane(world)
            case "decision":
                return self.scheduler.view(world, self._records(world))
            case "reconcile":
                record = self._record_with(world, "reconcile")
                return (
                    reconcile(record) if record else nothing("Reconcile", "No controller has had anything to do yet.")
                )
            case "why":
                return self._why(world)
            case "ownership":
                return self._ownership(world)
            case "locks":
                return locks_and_keys(world)
            case "request":
                record = self._request(world)
                return request_passage(record) if record else nothing("Request", "No request has been answered yet.")
            case "queue":
                return self._queue(world)
            case "store":
                return self._store(world)
            case "raft":
                return raft(world)
            case "leases":
                return lease_line(world)
        return cluster_map(world, None if self.looking_at else self._slots)

    def _makes_sense(self, tab: str) -> bool:
        """Whether a picture has anything to show in this cluster."""
        actors = getattr(self.cluster.loop, "actors", {})
        if tab == "raft":
            return any(component_of(name) == "etcd" for name in actors)
        if tab == "leases":
            return bool(getattr(getattr(self.cluster, "assembly", None), "election", False))
        return True

    def _records(self, world: Any) -> list[Record]:
        return upto(world.trace, self.looking_at)

    def _selected_record(self) -> Record | None:
        if self.selected.startswith("record/"):
            number = self.selected.partition("/")[2]
            return self.cluster.trace.get(int(number)) if number.isdigit() else None
        return None

    def _record_with(self, world: Any, verb: str) -> Record | None:
        """The record of that verb that the selection is about: itself, its newest, the nearest in its chain,
        or the newest at all.
        """
        chosen = self._selected_record()
        if chosen is not None:
            for record in world.trace.chain(chosen):
                if record.verb == verb and record.evidence is not None:
                    return record
        for subject in [self.selected, chosen.subject if chosen else ""]:
            about = [
                record for record in world.trace.about(subject) if record.verb == verb and record.evidence is not None
            ]
            about = [record for record in about if not self.looking_at or record in self._records(world)]
            if about:
                return about[-1]
        for record in reversed(self._records(world)):
            if record.verb == verb and record.evidence is not None and getattr(record.evidence, "nodes", True):
                return record
        return None

    def _request(self, world: Any) -> Record | None:
        chosen = self._selected_record()
        candidates = (
            world.trace.chain(chosen) if chosen else world.trace.about(self.selected)[::-1] if self.selected else []
        )
        for record in [*candidates, *reversed(self._records(world))]:
            if is_server(record.actor) and getattr(record.evidence, "gates", None) is not None:
                return record
        return None

    def _queue(self, world: Any) -> View:
        try:
            return scheduling_queue(world, slots=None if self.looking_at else self._rows)
        except ValueError as wrong:
            return nothing("Queue", f"{wrong}")

    def _store(self, world: Any) -> View:
        """The key space: of the kind of what is selected, or all of it."""
        if not hasattr(store_of(world), "current_revision"):
            return nothing("Store", "This store cannot be looked into.")
        prefix = ""
        chosen = self._selected_record()
        subject = chosen.subject if chosen else self.selected
        with suppress(UnknownKind, ValueError):
            kind, namespace, name = split_subject(subject)
            prefix = folder_of(kind.store_key(namespace, name)) if kind.store_prefix and name else ""
        return keyspace(world, prefix)

    def _why(self, world: Any) -> View:
        chosen = self._selected_record()
        if chosen is not None:
            return chain_of(world.trace, chosen, self.looking_at)
        if self.selected and world.trace.about(self.selected):
            return cause_chain(world, self.selected)
        records = self._records(world)
        if not records:
            return nothing("Why?", "Nothing has happened yet.")
        return timeline(world, last=24)

    def _ownership(self, world: Any) -> View:
        for obj in self._owners_to_try(world):
            kind, namespace, name = obj
            view = ownership(world, f"{kind}/{name}", namespace or "default")
            if not view.text.endswith("not found"):
                return view
        return nothing("Ownership", "There is no workload yet: create a Deployment.")

    def _owners_to_try(self, world: Any) -> list[tuple[str, str, str]]:
        tries = []
        chosen = self._selected_record()
        for subject in (self.selected, chosen.subject if chosen else ""):
            if subject.count("/") == 2:
                plural, namespace, name = subject.split("/")
                tries.append((plural, namespace, name))
        for resource in (*WORKLOADS, "services", "pods"):
            tries += [
                (resource, meta.namespace(obj), meta.name(obj))
                for obj in facts.listed(world, resource)[:1]
                if meta.namespace(obj) != "kube-system"
            ]
        return tries

    # -- the frame -------------------------------------------------------------------------------------------------

    def frame(self) -> dict[str, Any]:
        """Everything the page shows, as JSON."""
        self.seq += 1
        world = self.world()
        try:
            view = self.view(world)
        except (ApiError, UnknownKind) as wrong:
            view = nothing(TABS[self.tab], str(wrong))
        self._sheet = Sheet(view.svg)
        log = self._log(world)
        self._logged = log[-1][0] if log and not self.looking_at else 0
        return {
            "seq": self.seq,
            "tab": self.tab,
            "tabs": [[name, words] for name, words in TABS.items() if name == self.tab or self._makes_sense(name)],
            "picture": {"title": view.title, "svg": view.svg, "text": view.text, "panels": as_dicts(view.panels)},
            "scheduler": self.scheduler.told(world, self._records(world)) if self.tab == "decision" else None,
            "status": self._status(world),
            "nodes": self._nodes(world),
            "workloads": self._workloads(world),
            "selected": self._selection(world),
            "log": log,
            "log_grows": False,
            "outcome": self.outcome.as_dict() if self.outcome else None,
            "automatic": self.automatic,
            "breakables": {} if self.looking_at else breakables(self.cluster),
            "next_worker": "" if self.looking_at else self.commands.next_worker(),
        }

    def _status(self, world: Any) -> dict[str, Any]:
        newest = self.cluster.revision
        pods = facts.listed(world, "pods")
        return {
            "time": facts.seconds(facts.time_of(world)),
            "revision": self.looking_at or newest,
            "oldest": self.oldest(),
            "newest": newest,
            "past": bool(self.looking_at),
            "settled": bool(self.cluster.loop.settled),
            "pods": len(pods),
            "waiting": sum(1 for pod in pods if not meta.node_name(pod)),
            "nodes": len(facts.listed(world, "nodes")),
        }

    def _nodes(self, world: Any) -> list[dict[str, Any]]:
        return [
            {
                "name": meta.name(node),
                "taints": [facts.taint_text(taint) for taint in facts.taints(node)],
                "cordoned": facts.is_cordoned(node),
                "status": facts.node_status(node),
            }
            for node in in_order(facts.listed(world, "nodes"))
        ]

    def _workloads(self, world: Any) -> list[dict[str, Any]]:
        return [
            {
                "id": f"deployments/{meta.key(obj)}",
                "name": meta.name(obj),
                "replicas": (obj.get("spec") or {}).get("replicas", 1),
                "ready": (obj.get("status") or {}).get("readyReplicas", 0),
            }
            for obj in facts.listed(world, "deployments.apps")
        ]

    def _selection(self, world: Any) -> dict[str, Any] | None:
        if not self.selected:
            return None
        record = self._selected_record()
        if record is not None:
            return {
                "id": self.selected,
                "kind": "record",
                "title": f"{record.actor} {record.verb} {record.subject}",
                "text": record.because or str(getattr(record.evidence, "because", "") or ""),
                "subject": record.subject,
                "tabs": self._tabs_for(record.subject),
            }
        found = self._object(world)
        if found is None:
            return {"id": self.selected, "kind": "", "title": self.selected, "text": "", "tabs": ["why"]}
        kind, obj = found
        return {
            "id": self.selected,
            "kind": kind.kind,
            "title": f"{kind.singular} {meta.name(obj)}",
            "text": self._sentence(kind.kind, obj),
            "replicas": (obj.get("spec") or {}).get("replicas") if kind.kind in SCALABLE else None,
            "deletable": kind.kind != "Node",
            "node": meta.name(obj) if kind.kind == "Node" else "",
            "tabs": self._tabs_for(self.selected),
        }

    def _object(self, world: Any) -> tuple[Any, dict[str, Any]] | None:
        try:
            kind, namespace, name = split_subject(self.selected)
            return (kind, world.get(f"{kind.resource}/{name}", namespace or "default")) if name else None
        except (ApiError, UnknownKind, ValueError):
            return None

    def _sentence(self, kind: str, obj: dict[str, Any]) -> str:
        if kind == "Pod":
            where = meta.node_name(obj) or "no node yet"
            problem = facts.pod_problem(obj)
            return f"{facts.pod_status(obj)}, {where}" + (f". {problem}" if problem else "")
        if kind == "Node":
            return facts.node_status(obj)
        status, spec = obj.get("status") or {}, obj.get("spec") or {}
        if kind in SCALABLE:
            has, ready = status.get("replicas", 0), status.get("readyReplicas", 0)
            return f"wants {spec.get('replicas', 1)}, has {has}, ready {ready}"
        return f"revision {meta.resource_version(obj)}"

    def _tabs_for(self, subject: str) -> list[str]:
        tabs = ["why", "request"]
        verbs = {record.verb for record in self.cluster.trace.about(subject)}
        if "schedule" in verbs:
            tabs.append("decision")
        if "reconcile" in verbs:
            tabs.append("reconcile")
        if subject.partition("/")[0] in ("pods", "deployments", "replicasets", "services"):
            tabs.append("ownership")
        return tabs

    def _log(self, world: Any) -> list[list[Any]]:
        return [
            [
                record.id,
                facts.seconds(record.time_ms),
                record.actor,
                component_of(record.actor),
                record.verb,
                record.subject,
                record.revision,
                record.because,
            ]
            for record in self._records(world)[-LOG_LINES:]
        ]
