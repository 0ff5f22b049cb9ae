"""Reading the trace: who asked for a write, what one request set in motion, how records are told in a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cp_sim.sim import Record, immutable
from cp_sim.views.facts import seconds
from cp_sim.views.palette import component_of

SERVER = "kube-apiserver"
_OUTSIDE = "user"


@immutable
class Write:
    """A request that wrote, or was refused: who asked, what for, and the records of it (several when they are alike)."""

    asker: str
    component: str
    verb: str
    subjects: tuple[str, ...]
    revisions: tuple[int, ...]
    records: tuple[Record, ...]
    refused: bool = False

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
        """`revision 57`, `revisions 57 to 59`, or what became of it instead."""
        if not self.revisions:
            return "refused" if self.refused else "nothing written"
        first, last = self.revisions[0], self.revisions[-1]
        return f"revision {first}" if first == last else f"revisions {first} to {last}"


def is_write(record: Record) -> bool:
    """Whether a record is the API server's note of a finished request."""
    return record.actor == SERVER


def asker_of(trace: Any, record: Record) -> str:
    """The actor behind a request that the API server noted."""
    cause = trace.get(record.cause)
    if cause is not None and cause.actor not in (SERVER, "etcd"):
        return str(cause.actor)
    user = getattr(record.evidence, "user", "")
    return str(user).rpartition(":")[2] if user else (_OUTSIDE if cause is None else str(cause.actor))


def write_of(trace: Any, record: Record) -> Write:
    """A record of the API server as a `Write`."""
    asker = asker_of(trace, record)
    component = component_of(asker)
    user = getattr(record.evidence, "user", "")
    if component == "user" and str(user).startswith("system:") and asker != _OUTSIDE:
        component = component_of(str(user))
    revisions = (record.revision,) if record.revision is not None else ()
    refused = int(getattr(record.evidence, "code", 0) or 0) >= 400
    return Write(asker, component, record.verb, (record.subject,), revisions, (record,), refused)


def folded(writes: Iterable[Write]) -> list[Write]:
    """Neighbouring writes of one asker, one verb and one kind, folded into one."""
    done: list[Write] = []
    for write in writes:
        last = done[-1] if done else None
        if last and (last.asker, last.verb, last.plural, last.refused) == (
            write.asker,
            write.verb,
            write.plural,
            write.refused,
        ):
            subjects = last.subjects + tuple(one for one in write.subjects if one not in last.subjects)
            done[-1] = Write(
                last.asker,
                last.component,
                last.verb,
                subjects,
                last.revisions + write.revisions,
                last.records + write.records,
                last.refused,
            )
        else:
            done.append(write)
    return done


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
