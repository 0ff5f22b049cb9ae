"""What the trace tells of elections: who was what, in which term, from when to when.

The records are those of the members themselves: subject `members/<name>`, evidence a `RaftNote` (member, role, term,
leader, commit).  *In Kubernetes:* lines like "became leader at term 3" in the log of each etcd member.
"""

from __future__ import annotations

from typing import Any

from cp_sim.sim import Record, immutable
from cp_sim.views.palette import component_of, machine_of
from cp_sim.views.quorum import natural
from cp_sim.views.story import upto

SUBJECT = "members/"
# What whoever breaks things did to a member, or to its process or machine: it stands still, or is gone.
ABSENCES = {"crash": "crashed", "kill": "crashed", "exit": "crashed", "pause": "paused"}
RETURNS = ("restart", "resume", "start")


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


def role_records(trace: Any, until_ms: int = 0, until_revision: int = 0) -> list[tuple[str, Record]]:
    """(member, record) about the members' roles, and about what was done to them, oldest first, up to a moment and a
    revision (0: all).
    """
    known: dict[str, None] = {}
    found: list[tuple[str, Record]] = []
    for record in upto(trace, until_revision):
        if until_ms and record.time_ms > until_ms:
            break
        if record.subject.startswith(SUBJECT):
            member = record.subject[len(SUBJECT) :]
            known.setdefault(member)
            if hasattr(record.evidence, "role"):
                found.append((member, record))
        elif record.verb in ABSENCES or record.verb in RETURNS:
            found += [(member, record) for member in known if concerns(record, member)]
    return found


def concerns(record: Record, member: str) -> bool:
    """Whether something that was done to a process or a machine was done to a member of the store."""
    place, _, name = record.subject.rpartition("/")
    if place == "pods/kube-system":
        return component_of(name) == "etcd" and (name == member or member == "etcd")
    if place == "processes":
        return name == member
    return place == "nodes" and name == machine_of(member) and record.verb in ("crash", "restart")


def standing_of(member: str, record: Record, before: Standing | None) -> Standing:
    """What a member is after a record, given what it was before."""
    note = record.evidence
    old_role, old_term = (before.role, before.term) if before is not None else ("follower", 0)
    away = ABSENCES.get(record.verb)
    leader = ""
    if away:
        role = away
    elif hasattr(note, "role"):
        role, leader = str(note.role), str(note.leader)
    else:
        role = "follower" if old_role in ABSENCES.values() else old_role
    return Standing(
        member, role, int(getattr(note, "term", old_term) or old_term), leader, record.time_ms, 0, record.id
    )


def standings(trace: Any, until_ms: int = 0, until_revision: int = 0) -> list[Standing]:
    """What every member was at that moment, in the order of their names."""
    last: dict[str, Standing] = {}
    for member, record in role_records(trace, until_ms, until_revision):
        old = last.get(member)
        fresh = standing_of(member, record, old)
        if old is not None and (old.role, old.term) == (fresh.role, fresh.term):
            fresh = Standing(member, fresh.role, fresh.term, fresh.leader, old.since_ms, 0, old.record)
        last[member] = fresh
    return [last[member] for member in sorted(last, key=natural)]


def lanes(trace: Any, until_ms: int, until_revision: int = 0) -> dict[str, list[Standing]]:
    """{member: what it was, one stretch after the other}, in the order of their names."""
    found: dict[str, list[Standing]] = {}
    for member, record in role_records(trace, until_ms, until_revision):
        lane = found.setdefault(member, [])
        before = lane[-1] if lane else None
        fresh = standing_of(member, record, before)
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
