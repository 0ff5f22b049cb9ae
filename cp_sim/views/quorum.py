"""What the pictures of Raft ask of a cluster: its members with their logs, what is on its way between them, who
reaches whom.

*In Kubernetes:* `etcdctl endpoint status --cluster` and `etcdctl member list` show some of it; the logs, nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from cp_sim.raft.messages import Message
from cp_sim.sim import immutable
from cp_sim.views.facts import many
from cp_sim.views.palette import component_of, machine_of

RUNNING, CRASHED, PAUSED = "running", "crashed", "paused"


@immutable
class Seen:
    """What a leader knows of one follower's log."""

    match: int
    next: int
    state: str
    waits: bool = False
    silent: bool = False


@immutable
class MemberFacts:
    """One member.  `terms` are the terms of the entries after `offset`, up to `last_index`; what is not known is 0 or
    empty (a member that has crashed shows what its disk holds).
    """

    name: str
    state: str = RUNNING
    role: str = "follower"
    term: int = 0
    vote: str = ""
    leader: str = ""
    learner: bool = False
    offset: int = 0
    terms: tuple[int, ...] = ()
    changes: tuple[int, ...] = ()
    stable: int = 0
    commit: int = 0
    applied: int = 0
    votes: tuple[tuple[str, bool], ...] = ()
    progress: tuple[tuple[str, Seen], ...] = ()
    transferee: str = ""

    @property
    def last_index(self) -> int:
        """The index of the last entry."""
        return self.offset + len(self.terms)

    @property
    def short(self) -> str:
        """The name by which pictures call it: that of its machine, where it bears one."""
        return short_of(self.name)

    @property
    def what(self) -> str:
        """What it is, in one word: its role, or that it is a learner, crashed or paused."""
        if self.state != RUNNING:
            return self.state
        return "learner" if self.learner and self.role == "follower" else self.role


@immutable
class Flight:
    """Messages of one kind on their way from one member to another."""

    sender: str
    to: str
    kind: str
    count: int
    entries: int = 0

    def words(self) -> str:
        """`append +2`, `heartbeat`, `vote answer ×2`."""
        more = f" +{self.entries}" if self.entries else ""
        return self.kind + more + (f" ×{self.count}" if self.count > 1 else "")


@immutable
class Group:
    """The members of a cluster's store.  `troubles` are links on which something is wrong: (from, to, in words)."""

    members: tuple[MemberFacts, ...]
    voters: tuple[str, ...]
    flights: tuple[Flight, ...] = ()
    troubles: tuple[tuple[str, str, str], ...] = ()

    @property
    def quorum(self) -> int:
        """How many voters are a majority."""
        return len(self.voters) // 2 + 1

    @property
    def leader(self) -> MemberFacts | None:
        """The running leader of the newest term."""
        leaders = [one for one in self.members if one.role == "leader" and one.state == RUNNING]
        return max(leaders, key=lambda one: one.term, default=None)

    def cut(self, sender: str, to: str) -> bool:
        """Whether nothing gets from one member to another."""
        return (sender, to, "cut") in self.troubles

    def sides(self) -> list[tuple[str, ...]]:
        """The running members by who can talk to whom and be answered, the largest side first."""
        left = [one.name for one in self.members if one.state == RUNNING]
        found = []
        while left:
            side, grown = [left.pop(0)], True
            while grown:
                more = [
                    name
                    for name in left
                    if any(not self.cut(name, other) and not self.cut(other, name) for other in side)
                ]
                side += more
                left = [name for name in left if name not in more]
                grown = bool(more)
            found.append(tuple(side))
        return sorted(found, key=lambda side: -len(side))

    def has_quorum(self, side: Iterable[str]) -> bool:
        """Whether the voters of one side are a majority."""
        return sum(name in self.voters for name in side) >= self.quorum

    def quorum_words(self) -> str:
        """Which side can commit, in one sentence."""
        need = f"{self.quorum} of {many(len(self.voters), 'voter')} are a quorum"
        sides = self.sides()
        for side in sides:
            if self.has_quorum(side):
                voters = [name for name in side if name in self.voters]
                if len(voters) == len(self.voters):
                    return (
                        need + ": all of them reach each other" if len(voters) > 1 else "one voter is a quorum of one"
                    )
                return f"{need}: {_listed(voters)} can go on"
        return f"{need}, and no side has so many: nothing can be written"


def short_of(member: str) -> str:
    """What pictures call a member: its machine where it bears that name, or its own name."""
    machine = machine_of(member)
    return machine if machine and not machine.isdigit() else member


def _listed(names: list[str]) -> str:
    short = [short_of(name) for name in names]
    return short[0] if len(short) == 1 else f"{', '.join(short[:-1])} and {short[-1]}"


# -- reading a cluster ----------------------------------------------------------------------------------------------


def members_of(cluster: Any) -> list[Any]:
    """The members of the store as actors; of one that has ended, what was there when it did."""
    known = getattr(cluster, "members", None)
    if known is not None:
        return list(known.values())
    actors = getattr(cluster.loop, "actors", {})
    return [actors[name] for name in actors if component_of(name) == "etcd"]


def state_of(cluster: Any, name: str) -> str:
    """What has become of a process: `running`, `paused`, or `crashed` where it is not there."""
    processes = getattr(cluster, "processes", None)
    process = processes.all.get(name) if processes is not None else None
    if process is not None:
        return process.state if process.state in (RUNNING, PAUSED) else CRASHED
    if name not in cluster.loop.actors:
        return CRASHED
    return PAUSED if cluster.loop.is_paused(name) else RUNNING


def group_of(cluster: Any) -> Group | None:
    """The members as they are now; None where nobody keeps a log (a store without Raft, or a past)."""
    if not hasattr(cluster, "loop"):
        return None
    found = [member for member in (_member(cluster, actor) for actor in members_of(cluster)) if member is not None]
    if not found:
        return None
    newest = max(found, key=lambda pair: (pair[0].state == RUNNING, pair[0].applied, pair[0].term))[1]
    there = {facts.name for facts, _ in found}
    missing = [MemberFacts(name, CRASHED) for name in newest.everybody if name not in there]
    members = tuple(sorted([facts for facts, _ in found] + missing, key=lambda one: natural(one.name)))
    names = [one.name for one in members]
    return Group(members, newest.voters, _flights(cluster, names), _troubles(cluster, names))


def natural(name: str) -> tuple[str, int, str]:
    """Names with a number at their end in the order of the numbers."""
    head, _, tail = name.rpartition("-")
    return (head, int(tail), "") if tail.isdigit() else (name, 0, "")


def _member(cluster: Any, actor: Any) -> tuple[MemberFacts, Any] | None:
    node = getattr(actor, "node", None)
    if node is None:
        return None
    state = CRASHED if getattr(actor, "stopped", "") else state_of(cluster, actor.name)
    if state == CRASHED:
        return _on_disk(actor), node.members
    log = node.log
    leads = node.role == "leader"
    progress = [(name, _seen(one)) for name, one in node.progress.items() if name != node.id] if leads else []
    facts = MemberFacts(
        actor.name, state, node.role, node.term, node.vote, node.leader, node.is_learner, log.offset,
        tuple(entry.term for entry in log.entries),
        tuple(entry.index for entry in log.entries if entry.kind == "change"),
        log.stable, node.commit, node.applied, tuple(node.votes.items()), tuple(progress), node.transferee,
    )  # fmt: skip
    return facts, node.members


def _on_disk(actor: Any) -> MemberFacts:
    """What the disk of a member keeps that is not there: no role, no leader, and what it had not written is lost."""
    disk = actor.disk
    kept, entries = disk.hard_state, disk.entries
    offset = disk.first_index - 1
    learner = disk.members is not None and actor.name in disk.members.learners
    return MemberFacts(
        actor.name, CRASHED, "", kept.term, kept.vote, "", learner, offset,
        tuple(entry.term for entry in entries),
        tuple(entry.index for entry in entries if entry.kind == "change"),
        offset + len(entries), kept.commit, disk.applied,
    )  # fmt: skip


def _seen(progress: Any) -> Seen:
    return Seen(progress.match, progress.next, progress.state, progress.waits, not progress.recent_active)


def _flights(cluster: Any, names: list[str]) -> tuple[Flight, ...]:
    counts: Counter[tuple[str, str, str]] = Counter()
    entries: Counter[tuple[str, str, str]] = Counter()
    for timer in cluster.loop.travelling():
        message = timer.message
        if isinstance(message, Message) and timer.to in names and message.sender in names:
            key = (message.sender, timer.to, message.kind)
            counts[key] += 1
            entries[key] += len(message.entries)
    return tuple(Flight(*key, counts[key], entries[key]) for key in sorted(counts))


def _troubles(cluster: Any, names: list[str]) -> tuple[tuple[str, str, str], ...]:
    links = getattr(getattr(cluster.loop, "network", None), "links", None)
    if links is None or not links.faults:
        return ()
    found = []
    for sender in names:
        for to in names:
            if sender != to and str(fault := links.fault(sender, to)) != "whole":
                found.append((sender, to, str(fault)))
    return tuple(found)
