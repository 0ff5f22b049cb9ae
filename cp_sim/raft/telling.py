"""Raft in words: a member as one line, a message as one line."""

from __future__ import annotations

from cp_sim.raft.host import Host
from cp_sim.raft.log import Log
from cp_sim.raft.messages import FOLLOWER, Entry, Members, Message


def member_line(host: Host, width: int, with_members: bool = False) -> str:
    """For example `s1  leader      term 2  commit 1  log 1 | 2`: left of the bar stands what is committed.

    The log is shown as the terms of its entries; `[..3]` are entries that a snapshot stands for.  A member that is
    down is shown as its disk has it.  `with_members` adds whom the member takes for the group (learners with a plus).
    """
    node = host.node
    if node is None:
        disk = host.disk
        log = Log(disk.snapshot, disk.entries, disk.hard_state.commit, 0)
        term, members = disk.hard_state.term, None
    else:
        log, term, members = node.log, node.term, node.members
    line = f"{host.name:{width}}  {role_of(host):14} term {term}  commit {log.commit}  log {log.describe()}"
    if with_members and members is not None:
        line += f"  of {members_text(members)}"
    return line


def role_of(host: Host) -> str:
    """The role in a word or two: `leader`, `follows s1`, `learns from s1`, `follower` (of nobody), `(down)`, ..."""
    node = host.node
    if node is None:
        return "(down)"
    role = node.role
    if role == FOLLOWER and node.leader:
        role = f"{'learns from' if node.is_learner else 'follows'} {node.leader}"
    return f"({role})" if host.paused else role


def members_text(members: Members) -> str:
    """The voters, and learners with a plus."""
    return " ".join([*members.voters, *(f"+{learner}" for learner in members.learners)])


def entry_text(entry: Entry) -> str:
    """What an entry holds, in quotes what a client wrote."""
    if entry.kind == "change":
        return f"<{entry.data.kind} {entry.data.member}>"
    return "<empty>" if entry.data is None else str(entry.data)


def message_line(message: Message) -> str:
    """For example `s1 -> s2  term 2: append after entry 3 of term 1: x y; commit 3`."""
    term = f"term {message.term}: " if message.term else ""
    return f"{message.sender} -> {message.to}  {term}{content(message)}"


def content(message: Message) -> str:
    """What a message says, without its envelope."""
    kind, index = message.kind, message.index
    if kind == "append":
        entries = " ".join(entry_text(entry) for entry in message.entries) or "nothing new"
        return f"append after entry {index} of term {message.log_term}: {entries}; commit {message.commit}"
    if kind == "append answer":
        if message.reject:
            return f"entry {index} is not the same here; mine is of term {message.hint_term} at {message.hint}"
        return f"the same up to {index}" if index else "this is a later term than yours"
    if kind in ("vote", "prevote"):
        asks = "vote for me" if kind == "vote" else "would you vote for me"
        forced = "; the leader wants it" if message.forced else ""
        return f"{asks}, with a log up to entry {index} of term {message.log_term}{forced}"
    if kind in ("vote answer", "prevote answer"):
        return "no" if message.reject else ("yes" if kind == "vote answer" else "yes, I would")
    if kind == "snapshot" and message.snapshot is not None:
        return f"a snapshot of entries 1 to {message.snapshot.index}"
    if kind.startswith("heartbeat"):
        return kind if message.context is None else f"{kind}, for read number {message.context}"
    if kind == "propose":
        return f"please write {' '.join(entry_text(entry) for entry in message.entries)}"
    if kind == "read index":
        return f"up to where must {message.context} read?"
    if kind == "read index answer":
        return f"{message.context} must read up to {index}"
    return "stand for election now" if kind == "timeout now" else kind
