"""The members of a Raft group in words: the text twin of their picture."""

from __future__ import annotations

from cp_sim.views import facts
from cp_sim.views.facts import many
from cp_sim.views.quorum import PAUSED, RUNNING, Group, MemberFacts


def sentence(member: MemberFacts) -> str:
    """One member in one line."""
    words = [f"{member.name}: {member.what}, term {member.term}"]
    if member.state == PAUSED or (member.learner and member.role != "follower"):
        words.append(member.role)
    if member.vote:
        words.append(f"voted for {member.vote}")
    if member.leader and member.role == "follower" and member.state == RUNNING:
        words.append(f"follows {member.leader}")
    if member.transferee:
        words.append(f"hands over to {member.transferee}")
    return ", ".join(words)


def log_text(member: MemberFacts) -> str:
    """The log as runs of terms: `4 to 9 of term 2, 10 of term 3`; what is compacted first."""
    runs: list[list[int]] = []
    for place, term in enumerate(member.terms, member.offset + 1):
        if runs and runs[-1][2] == term:
            runs[-1][1] = place
        else:
            runs.append([place, place, term])
    shown = [f"{begin if begin == end else f'{begin} to {end}'} of term {term}" for begin, end, term in runs]
    before = [f"compacted up to {member.offset}"] if member.offset else []
    return ", ".join(before + shown) or "empty"


def as_text(group: Group, time_ms: int) -> str:
    """The members in words."""
    lines = [f"at {facts.seconds(time_ms)}: {group.quorum_words()}"]
    for member in group.members:
        lines.append(sentence(member))
        if member.terms or member.offset:
            lines.append(f"  log {log_text(member)}")
            lines.append(f"  commit {member.commit}, applied {member.applied}, on disk {member.stable}")
        if member.votes and member.role in ("candidate", "pre-candidate"):
            lines.append("  votes: " + ", ".join(f"{name} {'yes' if yes else 'no'}" for name, yes in member.votes))
        for name, seen in member.progress:
            flags = (", waits" if seen.waits else "") + (", silent" if seen.silent else "")
            lines.append(f"  knows of {name}: match {seen.match}, next {seen.next}, {seen.state}{flags}")
    for sender, to, words in group.troubles:
        lines.append(f"link {sender} -> {to}: {words}")
    for flight in group.flights:
        more = f" with {many(flight.entries, 'entry').replace('entrys', 'entries')}" if flight.entries else ""
        lines.append(f"on its way {flight.sender} -> {flight.to}: {flight.count} {flight.kind}{more}")
    return "\n".join(lines)
