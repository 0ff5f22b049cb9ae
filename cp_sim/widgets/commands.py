"""What the controls of the dashboard do: a command's name and its fields become calls on the cluster and a result in
words.

No widget library is known here.  A refusal never raises: it comes back as an `Outcome` with the API server's own
words, and where it can be told, the name of the form's field or the line of the manifest at fault.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from cp_sim.apiserver.request import ApiError
from cp_sim.objects import kinds, meta, names, quantity
from cp_sim.objects.kinds import UnknownKind
from cp_sim.sim import StillBusy, immutable
from cp_sim.views.facts import many
from cp_sim.widgets.fault_commands import FaultCommands
from cp_sim.widgets.fields import Fields, WrongField, needed, number, text_of
from cp_sim.widgets.locate import line_of_field, line_of_kind, line_of_quantity, unknown_field

CONTROL_PLANE_KEY = "node-role.kubernetes.io/control-plane"


@immutable
class Outcome:
    """What became of a command.

    `field` is the name of the form's field at fault, `line` the line of the manifest, counted from 1 (0: unknown).
    """

    ok: bool
    text: str
    command: str = ""
    field: str = ""
    line: int = 0

    def as_dict(self) -> Fields:
        """For the front end."""
        return {"ok": self.ok, "text": self.text, "command": self.command, "field": self.field, "line": self.line}


class Commands(FaultCommands):
    """The commands of the dashboard on one cluster."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster

    @classmethod
    def names(cls) -> list[str]:
        """All commands."""
        return sorted(name[3:] for name in dir(cls) if name.startswith("do_"))

    def perform(self, command: str, fields: Fields) -> Outcome:
        """Carry out one command with the fields of its form."""
        method: Callable[[Fields], str] | None = getattr(self, f"do_{command}", None)
        if method is None:
            return Outcome(False, f'there is no command "{command}"', command)
        try:
            return Outcome(True, method(fields), command)
        except ApiError as refusal:
            return self._refused(command, fields, refusal)
        except WrongField as wrong:
            return Outcome(False, str(wrong), command, wrong.field)
        except (ValueError, LookupError, UnknownKind, StillBusy, TimeoutError) as wrong:
            text = str(wrong)
            found = re.search(r"\bline (\d+)", text)
            line = int(found.group(1)) if found else line_of_kind(str(fields.get("yaml", "")), text)
            return Outcome(False, text, command, field_of_command(command), line)

    def _refused(self, command: str, fields: Fields, refusal: ApiError) -> Outcome:
        text = readable(str(refusal))
        causes = (refusal.status.get("details") or {}).get("causes") or []
        named = (str(cause["field"]) for cause in causes if cause.get("field", "patch") != "patch")
        path = next(named, "") or unknown_field(text)
        if command == "apply":
            manifest = str(fields.get("yaml", ""))
            line = line_of_field(manifest, path, refusal.status) if path else line_of_quantity(manifest, text)
            return Outcome(False, text, command, "yaml", line)
        return Outcome(False, text, command, field_of_path(path) or field_of_refusal(command, fields, refusal))

    # -- time -----------------------------------------------------------------------------------------------------

    def do_step(self, fields: Fields) -> str:
        """Let one thing happen."""
        records = self.cluster.step()
        if not records:
            return "nothing is left to do: the cluster has settled"
        last = records[-1]
        return f"{last.actor} {last.verb} {last.subject}"

    def do_tick(self, fields: Fields) -> str:
        """One beat of playing: the next thing that happens, or a second of virtual time when all is at rest."""
        if self.cluster.loop.settled:
            self.cluster.run("1s")
            return "all is at rest; time goes on"
        return self.do_step(fields)

    def do_run(self, fields: Fields) -> str:
        """Let virtual time pass."""
        duration = str(fields.get("duration") or "10s").strip()
        try:
            self.cluster.run(duration)
        except ValueError as wrong:
            raise WrongField("duration", str(wrong)) from wrong
        return f"{duration} of virtual time passed"

    def do_settle(self, fields: Fields) -> str:
        """Run until nothing is left to do."""
        before = self.cluster.trace.next_id
        self.cluster.settle()
        return f"settled after {many(self.cluster.trace.next_id - before, 'record')}"

    # -- nodes ----------------------------------------------------------------------------------------------------

    def do_add_node(self, fields: Fields) -> str:
        """Start a machine; without a name it takes the next free `worker-N`."""
        name = text_of(fields, "name") or self.next_worker()
        problems = names.dns_subdomain(name)
        if problems:
            raise WrongField("name", f'"{name}" cannot be the name of a node: {problems[0]}')
        for field in ("cpu", "memory"):
            _quantity(fields, field)
        self.cluster.add_node(
            name,
            cpu=text_of(fields, "cpu") or "4",
            memory=text_of(fields, "memory") or "8Gi",
            zone=text_of(fields, "zone") or None,
        )
        return f"machine {name} starts; its kubelet registers the node"

    def next_worker(self) -> str:
        """The next free name `worker-N`."""
        taken = {meta.name(node) for node in self.cluster.get("nodes")}
        free = 1
        while f"worker-{free}" in taken:
            free += 1
        return f"worker-{free}"

    def do_remove_node(self, fields: Fields) -> str:
        """End a machine and delete its Node."""
        name = needed(fields, "node", "choose a node")
        self.cluster.remove_node(name)
        return f"node {name} removed"

    def do_taint(self, fields: Fields) -> str:
        """Add a taint to a node."""
        name = needed(fields, "node", "choose a node")
        taint = needed(fields, "taint", 'write a taint like "gpu=true:NoSchedule"')
        try:
            self.cluster.taint(name, taint)
        except ValueError as wrong:
            raise WrongField("taint", str(wrong)) from wrong
        return f"node {name} tainted: {taint}" if not taint.endswith("-") else f"node {name} untainted: {taint[:-1]}"

    def do_untaint(self, fields: Fields) -> str:
        """Remove a taint from a node."""
        name = needed(fields, "node", "choose a node")
        taint = needed(fields, "taint", "choose a taint").removesuffix("-")
        key, _, effect = taint.rpartition(":")
        plain = f"{key.partition('=')[0]}:{effect}" if effect and key else taint
        try:
            self.cluster.taint(name, plain + "-")
        except ValueError as wrong:
            raise WrongField("taint", str(wrong)) from wrong
        return f"node {name} untainted: {plain}"

    def do_cordon(self, fields: Fields) -> str:
        """Mark a node unschedulable."""
        name = needed(fields, "node", "choose a node")
        self.cluster.cordon(name)
        return f"node {name} cordoned: no new pods come, those there stay"

    def do_uncordon(self, fields: Fields) -> str:
        """Let a node take pods again."""
        name = needed(fields, "node", "choose a node")
        self.cluster.uncordon(name)
        return f"node {name} uncordoned"

    def do_drain(self, fields: Fields) -> str:
        """Cordon a node and evict its pods."""
        name = needed(fields, "node", "choose a node")
        evicted = self.cluster.drain(name)
        return f"node {name} drained: {many(len(evicted or ()), 'pod')} evicted"

    # -- objects --------------------------------------------------------------------------------------------------

    def do_create(self, fields: Fields) -> str:
        """Create the Pod or Deployment that the form describes."""
        manifest = manifest_of(fields)
        stored = self.cluster.request("POST", _path_of(manifest), body=manifest)
        if not stored.ok:
            raise ApiError(stored.body)
        return f"{manifest['kind'].lower()} {meta.name(stored.body)} created"

    def do_apply(self, fields: Fields) -> str:
        """Apply a manifest."""
        text = str(fields.get("yaml") or "")
        if not text.strip():
            raise WrongField(
                "yaml", "there is nothing to apply: write a manifest, at least apiVersion, kind and metadata.name"
            )
        stored = self.cluster.apply(text)
        objects = stored if isinstance(stored, list) else [stored]
        return ", ".join(f"{str(obj.get('kind', '')).lower()} {meta.name(obj)}" for obj in objects) + " applied"

    def do_delete(self, fields: Fields) -> str:
        """Delete an object, named by its subject (`pods/default/web-1`)."""
        kind, namespace, name = split_subject(needed(fields, "what", "choose an object"))
        self.cluster.delete(f"{kind.resource}/{name}", namespace=namespace or "default")
        return f"{kind.singular} {name}: deletion asked for"

    def do_scale(self, fields: Fields) -> str:
        """Set the number of replicas of a workload."""
        kind, namespace, name = split_subject(needed(fields, "what", "choose a workload"))
        replicas = number(fields, "replicas")
        self.cluster.scale(f"{kind.resource}/{name}", replicas, namespace=namespace or "default")
        return f"{kind.singular} {name} scaled to {replicas}"


# -- manifests from the form ----------------------------------------------------------------------------------


def manifest_of(fields: Fields) -> Fields:
    """The manifest of the form's Pod or Deployment."""
    name = text_of(fields, "name")
    image = text_of(fields, "image")
    requests = {key: text_of(fields, key) for key in ("cpu", "memory") if text_of(fields, key)}
    container: Fields = {"name": "main", "image": image}
    if requests:
        container["resources"] = {"requests": requests}
    spec: Fields = {"containers": [container]}
    if fields.get("tolerate"):
        spec["tolerations"] = [{"key": CONTROL_PLANE_KEY, "operator": "Exists", "effect": "NoSchedule"}]
    if fields.get("kind") == "Pod":
        metadata: Fields = {"name": name, "labels": {"app": name}} if name else {}
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}
    labels = {"app": name or "web"}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name} if name else {},
        "spec": {
            "replicas": number(fields, "replicas"),
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def _path_of(manifest: Fields) -> str:
    group = "/api/v1" if manifest["apiVersion"] == "v1" else f"/apis/{manifest['apiVersion']}"
    return f"{group}/namespaces/default/{'pods' if manifest['kind'] == 'Pod' else 'deployments'}"


# -- fields ---------------------------------------------------------------------------------------------------


def split_subject(subject: str) -> tuple[kinds.Kind, str, str]:
    """(kind, namespace, name) of a subject such as `pods/default/web-1`, or of `pod/web-1`.

    Raises:
        UnknownKind: there is no such kind.
    """
    word, _, rest = subject.partition("/")
    namespace, _, name = rest.rpartition("/")
    return kinds.find(word), namespace, name


_LONG_VALUE = re.compile(r'"(?:[^"\\]|\\.){400,}"')


def readable(text: str) -> str:
    """The API server's words, with a value of hundreds of characters (it repeats the whole object) left out."""
    return _LONG_VALUE.sub('"…"', text)


def wrong_quantity(fields: Fields) -> str:
    """The first of the form's quantities that cannot be read."""
    for field in ("cpu", "memory"):
        try:
            _quantity(fields, field)
        except WrongField:
            return field
    return ""


_PATHS = (
    (r"metadata\.name$|metadata\.generateName$|metadata\.labels|spec\.selector|template\.labels", "name"),
    (r"spec\.replicas$", "replicas"),
    (r"\.image$", "image"),
    (r"requests[.\[]cpu", "cpu"),
    (r"requests[.\[]memory", "memory"),
    (r"taints", "taint"),
)


def field_of_path(path: str) -> str:
    """The form's field that a path of the API server speaks of, or empty."""
    return next((field for pattern, field in _PATHS if re.search(pattern, path)), "")


def field_of_refusal(command: str, fields: Fields, refusal: ApiError) -> str:
    """The form's field that a refusal without causes speaks of."""
    if command == "create":
        text = str(refusal)
        if "quantities must match" in text:  # the real server does not say which one
            return wrong_quantity(fields)
        if refusal.reason == "AlreadyExists":
            return "name"
        return next((field for field in ("replicas", "cpu", "memory", "image") if field in text), "name")
    return field_of_command(command)


def field_of_command(command: str) -> str:
    """The field that a command is mostly about."""
    return {
        "apply": "yaml",
        "taint": "taint",
        "untaint": "taint",
        "add_node": "name",
        "run": "duration",
        "scale": "replicas",
        **dict.fromkeys(("crash", "kill", "restart", "pause", "resume"), "target"),
        **dict.fromkeys(("slow_disk", "fill_disk", "mend_disk"), "member"),
        "partition": "left",
        "jump_clock": "by",
        "play_script": "script",
    }.get(command, "")


def _quantity(fields: Fields, field: str) -> None:
    text = text_of(fields, field)
    if not text:
        return
    try:
        quantity.parse(text)
    except ValueError as wrong:
        raise WrongField(field, f"{field}: {wrong}") from wrong
