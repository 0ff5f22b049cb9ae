"""What the trace tells of elections: who was what, in which term, from when to when.

The records are those of the members themselves: subject `members/<name>`, evidence a `RaftNote` (member, role, term,
leader, commit).  *In Kubernetes:* lines like "became leader at term 3" in the log of each etcd member.
"""

from __future__ import annotations

from typing import Any

from cp_sim.sim import Record, immutable
from cp_sim.views.quorum import natural
from cp_sim.views.story import upto

SUBJECT = "members/"
# What a record's verb says of the member where its evidence does not: it stands still, or is gone.
ABSENCES = {"crash": "crashed", "pause": "paused", "stop": "crashed"}


@immutable
class Standing:
    """What a member was from a moment on: `role` is a Raft role, or `crashed`, `paused`, `learner`."""

    member: str
    role: str
    term: int
    leader: str
    since_ms: int
    until_ms: int = 0
    record: int = 0


def role_records(trace: Any, until_ms: int = 0, until_revision: int = 0) -> list[Record]:
    """The records of the members about their roles, oldest first, up to a moment and a revision (0: all)."""
    return [
        record
        for record in upto(trace, until_revision)
        if record.subject.startswith(SUBJECT) and (not until_ms or record.time_ms <= until_ms)
    ]


def standing_of(record: Record, before: Standing | None) -> Standing:
    """What a member is after a record, given what it was before."""
    note = record.evidence
    member = record.subject.removeprefix(SUBJECT)
    old_role, old_term = (before.role, before.term) if before is not None else ("follower", 0)
    role = str(getattr(note, "role", "") or "") or ("follower" if old_role in ("crashed", "paused") else old_role)
    role = ABSENCES.get(record.verb, role)
    return Standing(
        member, role, int(getattr(note, "term", old_term) or old_term), str(getattr(note, "leader", "") or ""),
        record.time_ms, 0, record.id,
    )  # fmt: skip


def standings(trace: Any, until_ms: int = 0, until_revision: int = 0) -> list[Standing]:
    """What every member was at that moment, in the order of their names."""
    last: dict[str, Standing] = {}
    for record in role_records(trace, until_ms, until_revision):
        fresh = standing_of(record, last.get(record.subject))
        old = last.get(record.subject)
        if old is not None and (old.role, old.term) == (fresh.role, fresh.term):
            fresh = Standing(fresh.member, fresh.role, fresh.term, fresh.leader, old.since_ms, 0, old.record)
        last[record.subject] = fresh
    return [last[subject] for subject in sorted(last, key=natural)]


def lanes(trace: Any, until_ms: int, until_revision: int = 0) -> dict[str, list[Standing]]:
    """{member: what it was, one stretch after the other}, in the order of their names."""
    found: dict[str, list[Standing]] = {}
    for record in role_records(trace, until_ms, until_revision):
        member = record.subject.removeprefix(SUBJECT)
        lane = found.setdefault(member, [])
        before = lane[-1] if lane else None
        fresh = standing_of(record, before)
        if before is not None:
            if (before.role, before.term, before.leader) == (fresh.role, fresh.term, fresh.leader):
                continue
            lane[-1] = _ended(before, record.time_ms)
        lane.append(fresh)
    for lane in found.values():
        lane[-1] = _ended(lane[-1], until_ms)
    return {member: found[member] for member in sorted(found, key=natural)}


def _ended(standing: Standing, at_ms: int) -> Standing:
    return Standing(
        standing.member, standing.role, standing.term, standing.leader, standing.since_ms, at_ms, standing.record
    )
