"""A stage that holds Raft's promises against every step of every member, and says which one was broken."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cp_sim.raft import Broken, Entry, Message, RaftNode, Ready
from cp_sim.raft.host import Host
from cp_sim.raft.stage import Served, Stage


class Violation(AssertionError):
    """A law of Raft was broken; the text names the law, the members and the seed."""


class WatchedStage(Stage):
    """The laws, each checked where it could first be seen broken (paper, figure 3, and the dissertation)."""

    def __init__(self, voters: tuple[str, ...], seed: int = 0, **options: Any) -> None:
        self.leaders: dict[int, str] = {}
        self.votes: dict[tuple[int, str], str] = {}
        self.written: dict[tuple[int, int], tuple[int | None, Any]] = {}
        self.committed: dict[int, tuple[int, Any, int]] = {}
        self.applied: dict[int, Entry] = {}
        self.signatures: dict[str, tuple[int, ...]] = {}
        self.commits: dict[str, tuple[RaftNode, int]] = {}
        self.known_before: dict[Any, tuple[int, int]] = {}
        self.longest_read: tuple[Any, ...] = ()
        self.checked = 0
        super().__init__(voters, seed, **options)

    def fail(self, law: str, what: str) -> None:
        members = "\n".join(host.describe() for host in self.hosts.values())
        raise Violation(f"{law}: {what} (seed {self.seed}, tick {self.now})\n{members}")

    # ---- after each step of a member

    def seen(self, host: Host) -> None:
        node = host.node
        if node is None:
            return
        self.checked += 1
        if node.role == "leader" and self.leaders.get(node.term) != host.name:
            self.new_leader(node)
        log = node.log
        signature = (log.offset, len(log.entries), log.last_term, log.commit)
        if self.signatures.get(host.name) != signature:
            self.signatures[host.name] = signature
            self.log_matching(node)
            self.commit(host, node)
            self.one_change(node)

    def new_leader(self, node: RaftNode) -> None:
        """Election safety, and leader completeness: whatever was committed in earlier terms is in its log."""
        other = self.leaders.setdefault(node.term, node.id)
        if other != node.id:
            self.fail("election safety", f"{other} and {node.id} both lead term {node.term}")
        for index, (term, data, when) in self.committed.items():
            if when < node.term and index > node.log.offset and node.log.term_at(index) != term:
                self.fail("leader completeness", f"{node.id} leads term {node.term} without entry {index} ({data})")

    def log_matching(self, node: RaftNode) -> None:
        """Two entries with the same index and term are the same, and so are their predecessors."""
        before: int | None = node.log.offset_term
        expected = node.log.offset + 1
        for entry in node.log.entries:
            if entry.index != expected:
                self.fail("log matching", f"entry {entry.index} of {node.id} stands in place {expected}")
            expected += 1
            mine = (before, entry.data)
            if self.written.setdefault((entry.index, entry.term), mine) != mine:
                self.fail("log matching", f"entry {entry.index} of term {entry.term} at {node.id} is another elsewhere")
            before = entry.term

    def commit(self, host: Host, node: RaftNode) -> None:
        """Commit never falls; what is committed is the same everywhere, and on the disks of a majority."""
        life, before = self.commits.get(host.name, (node, 0))
        if life is node and node.commit < before:
            self.fail("monotone commit", f"{node.id} fell back from {before} to {node.commit}")
        self.commits[host.name] = (node, node.commit)
        for entry in node.log.between(max(before if life is node else 0, node.log.offset), node.commit):
            known = self.committed.get(entry.index)
            if known is None:
                if node.role == "leader":
                    self.durable(node, entry)
                self.committed[entry.index] = (entry.term, entry.data, node.term)
            elif known[:2] != (entry.term, entry.data):
                self.fail("state machine safety", f"{node.id} commits {entry}, elsewhere that was {known[:2]}")

    def durable(self, node: RaftNode, entry: Entry) -> None:
        """A majority of voters holds a committed entry on disk."""
        holders = [name for name in node.members.voters if name in self.hosts and holds(self.hosts[name], entry)]
        if len(holders) < node.members.quorum:
            self.fail("durability", f"{node.id} commits entry {entry.index}, which only {holders} have on disk")

    def one_change(self, node: RaftNode) -> None:
        """A leader's log never holds two changes of the group that are not applied."""
        if node.role == "leader":
            changes = [
                entry.index for entry in node.log.entries if entry.kind == "change" and entry.index > node.applied
            ]
            if len(changes) > 1:
                self.fail("one change at a time", f"{node.id} has changes {changes} under way")

    # ---- what leaves a member

    def _send(self, messages: tuple[Message, ...]) -> None:
        for message in messages:
            if message.kind == "vote answer" and not message.reject:
                self.vote(message.term, message.sender, message.to)
            elif message.kind == "vote":
                self.vote(message.term, message.sender, message.sender)
        super()._send(messages)

    def vote(self, term: int, voter: str, candidate: str) -> None:
        """Nobody votes for two candidates in one term, not even across a crash."""
        first = self.votes.setdefault((term, voter), candidate)
        if first != candidate:
            self.fail("votes kept", f"{voter} votes for {first} and for {candidate} in term {term}")

    def _apply(self, host: Host, ready: Ready) -> None:
        at = host.applied
        if ready.snapshot is not None:
            if ready.snapshot.index <= at:
                self.fail("applied once", f"{host.name} installs a snapshot of {ready.snapshot.index} over {at}")
            at = ready.snapshot.index
        for entry in ready.committed:
            if entry.index != at + 1:
                self.fail("applied once", f"{host.name} applies entry {entry.index} after {at}")
            at = entry.index
            if self.applied.setdefault(at, entry) != entry:
                self.fail("state machine safety", f"{host.name} applies {entry}, others applied {self.applied[at]}")
        served = len(self.served)
        super()._apply(host, ready)
        for read in self.served[served:]:
            self.linearizable(read)

    def linearizable(self, read: Served) -> None:
        """A read sees all that was acknowledged, and all that any read had seen, before it was asked for."""
        acknowledged, seen = self.known_before[read.context]
        missing = [value for value in list(self.acknowledged)[:acknowledged] if value not in read.values]
        if missing:
            self.fail("linearizable reads", f"read {read.context} at {read.name} misses {missing}")
        if read.values[:seen] != self.longest_read[:seen]:
            self.fail("linearizable reads", f"read {read.context} at {read.name} goes back behind an earlier read")
        if len(read.values) > len(self.longest_read):
            self.longest_read = read.values

    def read(self, name: str, context: Any) -> bool:
        self.known_before[context] = (len(self.acknowledged), len(self.longest_read))
        return super().read(name, context)

    # ---- after healing

    def converge(self, ticks: int = 150) -> None:
        """All links work and all members are up: then one leads, all logs agree, and nothing acknowledged is lost."""
        self.heal()
        self.tick(ticks)
        leader = self.leader()
        if leader is None:
            self.fail("liveness", f"no leader {ticks} ticks after healing")
            return
        last = f"last-{self.now}"
        self.propose(leader.id, last)
        self.tick(3)
        if last not in self.acknowledged:
            self.fail("liveness", "a healed group takes no proposal")
        for name in leader.members.everybody:
            self.agrees(self.hosts[name], leader)
        values = self.hosts[leader.id].values
        for value in self.acknowledged:
            if values.count(value) != 1:
                self.fail("acknowledged exactly once", f"{value} is there {values.count(value)} times")

    def agrees(self, host: Host, leader: RaftNode) -> None:
        """A member of the healed group is where the leader is."""
        node = host.node
        assert node is not None
        if node is not leader and node.role != "follower":
            self.fail("one leader", f"{node.id} is a {node.role} beside {leader.id}")
        if (node.term, node.last_index, node.commit) != (leader.term, leader.last_index, leader.commit):
            self.fail("equal logs", f"{node.id} and {leader.id} differ after healing")
        if sorted(node.members.voters) != sorted(leader.members.voters):
            self.fail("equal members", f"{node.id} knows {node.members}, {leader.id} {leader.members}")
        if host.values != self.hosts[leader.id].values:
            self.fail("equal states", f"{node.id} has {host.values}, {leader.id} {self.hosts[leader.id].values}")


def holds(host: Host, entry: Entry) -> bool:
    """Whether a disk has `entry`, or a snapshot that contains it."""
    disk = host.disk
    if disk.snapshot is not None and disk.snapshot.index >= entry.index:
        return True
    return any(kept.index == entry.index and kept.term == entry.term for kept in disk.entries)


@contextmanager
def found_out(stage: WatchedStage) -> Iterator[None]:
    """What a member itself finds broken, or what breaks in it, is a violation too."""
    try:
        yield
    except Violation:
        raise
    except (Broken, AssertionError, KeyError, IndexError, RuntimeError) as found:
        raise Violation(f"a member gave up: {found!r} (seed {stage.seed}, tick {stage.now})") from found
