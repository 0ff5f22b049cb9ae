"""Looking back: the store at a revision, the causes behind an object, and the journal of what came from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cp_sim.apiserver.errors import not_found
from cp_sim.apiserver.request import ApiError
from cp_sim.etcd.etcdctl import Looking
from cp_sim.etcd.store import KeyValue
from cp_sim.objects import edit, kinds, meta
from cp_sim.objects.kinds import Kind
from cp_sim.scheduler.decision import Decision
from cp_sim.scheduler.framework import Profile
from cp_sim.sim import Record, Trace, immutable
from cp_sim.sim.clock import timestamp
from cp_sim.what_if import WhatIf, what_if
from cp_sim.why_not import last_decision, why_not

Object = dict[str, Any]


def parse_reference(text: str) -> tuple[Kind, str]:
    """(kind, name) of `pod/web-1`, `deploy/web`, or (kind, "") of `pods`.

    Raises:
        UnknownKind: there is no such kind; the text is kubectl's.
    """
    kind, _, name = text.partition("/")
    return kinds.find(kind), name


def subject_of(kind: Kind, namespace: str, name: str) -> str:
    """The subject under which the trace files an object: `plural/namespace/name`."""
    return "/".join(part for part in (kind.plural, namespace if kind.namespaced else "", name) if part)


def read(etcd: Looking, what: str, namespace: str, revision: int) -> Any:
    """What the store held at `revision`: one object for `pod/web-1`, a list for `pods`; `namespace="*"` is all of them.

    Raises:
        ApiError: there is no such object (404).
    """
    kind, name = parse_reference(what)
    inside = namespace if kind.namespaced and namespace != "*" else ""
    if name:
        kv = etcd.get_at(kind.store_key(inside, name), revision)
        if kv is None or not isinstance(kv.value, dict):
            raise not_found(kind.plural, kind.group, name)
        return decorated(kv)
    kvs = etcd.range_at(kind.store_key(inside), revision)
    return [decorated(kv) for kv in kvs if isinstance(kv.value, dict)]


def decorated(kv: KeyValue) -> Object:
    """A stored object as the API shows it: with the revision that wrote it as its resourceVersion."""
    return edit.put(kv.value, "metadata.resourceVersion", str(kv.mod_revision))


class Past:
    """The cluster as it was at one revision; it can be read and drawn, not changed.

    *In Kubernetes:* a list with `resourceVersion=N&resourceVersionMatch=Exact`, for every resource at once.
    """

    def __init__(self, etcd: Looking, trace: Trace, revision: int) -> None:
        self._etcd = etcd
        self.revision = revision
        self.profiles: dict[str, Profile] = {}  # those of the scheduler, by name; empty for the default profile
        self.trace = trace
        # Heartbeats are written without a record; the last one before tells when it was.
        written = (trace.of_revision(earlier) for earlier in range(revision, 0, -1))
        record = next((one for one in written if one is not None), None)
        self.time_ms = record.time_ms if record else 0

    def get(self, what: str, namespace: str = "default") -> Any:
        """As `Cluster.get`, of that time."""
        return read(self._etcd, what, namespace, self.revision)

    def why_not(self, what: str, node: str = "", namespace: str = "default") -> str:
        """As `Cluster.why_not`, as far as was known at that time."""
        return why_not(self, what, node, namespace)

    def what_if(self, what: str | Object, *, namespace: str = "default", **changes: Any) -> WhatIf:
        """As `Cluster.what_if`, in the cluster of that time, by the profiles of now; ties go to the smallest name."""
        return what_if(self, what, namespace, **changes)

    def __repr__(self) -> str:
        return f"<the cluster at revision {self.revision}, {timestamp(self.time_ms)}>"


class Explanation:
    """Why an object is as it is: its own history, and the chain of causes behind the last thing that happened to it."""

    def __init__(self, subject: str, trace: Trace) -> None:
        self.subject = subject
        self.history = trace.about(subject)
        self.chain = trace.chain(self.history[-1]) if self.history else []

    @property
    def decision(self) -> Decision | None:
        """The scheduler's last decision about it, to `show` or to ask `.why_not("worker-2")`; None if there is none."""
        record = last_decision(self.history)
        return record.evidence if record is not None else None

    def __iter__(self) -> Iterator[Record]:
        return iter(self.chain)

    def __str__(self) -> str:
        if not self.chain:
            return f"{self.subject}: nothing is known to have happened to it"
        lines = [f"{self.subject}, from its last change back to where it came from:"]
        lines += [("  " if step == 0 else "  because ") + sentence(record) for step, record in enumerate(self.chain)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return str(self)


def sentence(record: Record) -> str:
    """One record as a sentence for people."""
    time = f"{record.time_ms / 1000:.3f}s"
    revision = f" (revision {record.revision})" if record.revision is not None else ""
    because = f": {record.because}" if record.because else ""
    return f"{time} {record.actor} {record.verb} {record.subject}{revision}{because}"


@immutable
class Input:
    """One thing that came from outside: a method of the cluster's public face, with its arguments."""

    time_ms: int
    method: str
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        words = [repr(arg) for arg in self.args] + [f"{name}={value!r}" for name, value in self.kwargs]
        return f"{self.time_ms / 1000:.3f}s {self.method}({', '.join(words)})"


def owner_chain(past: Any, obj: Object) -> list[Object]:
    """`obj`, its controller, the controller of that, as far as they exist."""
    chain = [obj]
    while (owner := meta.controller_of(chain[-1])) is not None:
        try:
            chain.append(past.get(f"{owner['kind']}/{owner['name']}", meta.namespace(obj)))
        except (ApiError, kinds.UnknownKind):
            break
    return chain
