"""Reading the trace: who asked for a write, what one request set in motion, how records are told in a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_sim.sim import Record, immutable
from cp_sim.views.facts import seconds
from cp_sim.views.palette import component_of, is_server

_OUTSIDE = "user"


@immutable
class Write:
    """A request that wrote, or was refused: who asked, what for, and the records of it (several when they are
    alike).
    """

    asker: str
    component: str
    verb: str
    subjects: tuple[str, ...]
    revisions: tuple[int, ...]
    records: tuple[Record, ...]
    refused: bool = False
    because: str = ""

    @property
    def plural(self) -> str:
        """The kind of what was written."""
        return self.subjects[0].partition("/")[0]

    def what(self) -> str:
        """The request in a few words: `create pods ×3`, `create deployments/default/web`."""
        if len(self.subjects) > 1:
            return f"{self.verb} {self.plural} ×{len(self.subjects)}"
        return f"{self.verb} {self.subjects[0]}"

    def revision_text(self) -> str:
        """`revision 57`, `3 revisions, 57 to 61`, or what became of it instead."""
        if not self.revisions:
            return "refused" if self.refused else "nothing written"
        first, last = self.revisions[0], self.revisions[-1]
        return f"revision {first}" if first == last else f"{len(self.revisions)} revisions, {first} to {last}"


def is_write(record: Record) -> bool:
    """Whether a record is the API server's note of a finished request."""
    return is_server(record.actor)


def asker_of(trace: Any, record: Record) -> str:
    """Who asked for a request that the API server noted: `admin`, `replicaset-controller`, `kubelet/worker-1`, ..."""
    user = str(getattr(record.evidence, "user", "") or "")
    if user.startswith("system:node:"):
        return f"kubelet/{user.removeprefix('system:node:')}"
    cause = trace.get(record.cause)
    if user.startswith("system:"):
        name = user.rpartition(":")[2]
        of_machine = cause is not None and cause.actor.startswith((name + "-", name + "/"))
        return str(cause.actor) if of_machine else name  # with several control planes: which of them
    if user and (cause is None or cause.actor == _OUTSIDE or is_server(cause.actor)):
        return user if user != "admin" else _OUTSIDE
    if cause is not None and component_of(cause.actor) not in ("kube-apiserver", "etcd", "load-balancer"):
        return str(cause.actor)
    return user or _OUTSIDE


def write_of(trace: Any, record: Record) -> Write:
    """A record of the API server as a `Write`."""
    asker = asker_of(trace, record)
    revisions = (record.revision,) if record.revision is not None else ()
    refused = int(getattr(record.evidence, "code", 0) or 0) >= 400
    cause = trace.get(record.cause)
    because = record.because if refused or cause is None or is_server(cause.actor) else cause.because
    return Write(asker, component_of(asker), record.verb, (record.subject,), revisions, (record,), refused, because)


def folded(writes: Iterable[Write]) -> list[Write]:
    """The writes in order of their first appearance, those of one asker, one verb and one kind folded into one.

    The kubelets count as one asker; Kubernetes Events, which everybody writes along the way, come last.
    """
    groups: dict[tuple[str, str, str, bool], list[Write]] = {}
    for write in writes:
        who = "kubelets" if write.component == "kubelet" else write.asker
        key = (who, write.verb, write.plural, write.refused)
        if write.plural == "events":
            key = ("everybody", write.verb, "events", write.refused)
        groups.setdefault(key, []).append(write)
    ranked = sorted(groups.items(), key=lambda item: item[0][2] == "events")
    return [_together(key[0], members) for key, members in ranked]


def _together(who: str, members: list[Write]) -> Write:
    first = members[0]
    if len(members) == 1:
        return first
    askers = dict.fromkeys(one.asker for one in members)
    return Write(
        first.asker if len(askers) == 1 else who,
        first.component,
        first.verb,
        tuple(dict.fromkeys(subject for one in members for subject in one.subjects)),
        tuple(revision for one in members for revision in one.revisions),
        tuple(record for one in members for record in one.records),
        first.refused,
        first.because,
    )


def roots(trace: Any, limit: int = 0, until_revision: int = 0) -> list[Record]:
    """The newest records that came from outside, newest first."""
    found: list[Record] = []
    for record in reversed(upto(trace, until_revision)):
        if record.cause is None and component_of(record.actor) == "user":
            found.append(record)
            if limit and len(found) == limit:
                break
    return found


def upto(trace: Any, until_revision: int = 0) -> list[Record]:
    """The records up to the one that wrote a revision (0: all of them), oldest first."""
    records = list(trace) if trace is not None else []
    if until_revision:
        for place, record in enumerate(records):
            if record.revision is not None and record.revision > until_revision:
                return records[:place]
    return records


def ripple(trace: Any, root: Record, until_revision: int = 0) -> list[Record]:
    """`root` and everything that it set in motion, in order."""
    members = {root.id}
    found = [root]
    for record in trace.since(root.id + 1):
        if until_revision and record.revision is not None and record.revision > until_revision:
            break
        if record.cause in members:
            members.add(record.id)
            found.append(record)
    return found


def line_of(record: Record) -> str:
    """One record in one line."""
    revision = f" → revision {record.revision}" if record.revision is not None else ""
    because = f": {record.because}" if record.because else ""
    return f"{seconds(record.time_ms)} {record.actor} {record.verb} {record.subject}{revision}{because}"
