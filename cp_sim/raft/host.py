"""One member on a stage: the machine, its disk, and a state machine that only collects values."""

from __future__ import annotations

from typing import Any

from cp_sim.raft.messages import CHANGE, Draws, Entry, HardState, Members, Ready, Snapshot
from cp_sim.raft.node import RaftNode


class Disk:
    """What survives a crash."""

    def __init__(self) -> None:
        self.hard_state = HardState()
        self.snapshot: Snapshot | None = None
        self.entries: list[Entry] = []

    def write(self, ready: Ready) -> None:
        """Write all that a Ready wants kept."""
        if ready.snapshot is not None:
            self.write_snapshot(ready.snapshot, ready.snapshot.index)
        self.write_entries(ready.entries)
        if ready.hard_state is not None:
            self.hard_state = ready.hard_state

    def write_entries(self, entries: tuple[Entry, ...]) -> None:
        """Write entries; they replace what stands from the first one on."""
        if entries:
            first = entries[0].index
            while self.entries and self.entries[-1].index >= first:
                self.entries.pop()
            self.entries.extend(entries)

    def write_snapshot(self, snapshot: Snapshot, up_to: int) -> None:
        """Write a snapshot, and drop the entries up to the index `up_to`."""
        self.snapshot = snapshot
        self.entries = [entry for entry in self.entries if entry.index > up_to]

    def describe(self) -> str:
        """For example `term 2, voted for s1, log 1 1 2`."""
        terms = [f"[..{self.snapshot.index}]"] if self.snapshot is not None else []
        kept_from = self.snapshot.index if self.snapshot is not None else 0
        terms += [str(entry.term) for entry in self.entries if entry.index > kept_from]
        vote = f", voted for {self.hard_state.vote}" if self.hard_state.vote else ""
        return f"term {self.hard_state.term}{vote}, log {' '.join(terms) or 'empty'}"


class Host:
    """Runs one `RaftNode`: writes, applies, and keeps the clients who wait for an answer.

    The state machine is `values`, the proposed data in the order in which it was applied, each once: clients propose
    again when they heard nothing, and a copy is recognised by its value.  It lives in memory and is rebuilt from the
    snapshot and the log after a crash.  `write_ticks` is how long the disk needs for a Ready.
    """

    def __init__(self, name: str, members: Members, chance: Draws, machine: type[RaftNode], **options: Any) -> None:
        self.name = name
        self.first_members = members
        self.chance = chance
        self.machine = machine
        self.options = options
        self.disk = Disk()
        self.paused = False
        self.write_ticks = 0
        self.in_hand: Ready | None = None
        self.done_at = 0
        self.node: RaftNode | None = None
        self.start()

    def start(self) -> None:
        """Start with what the disk holds."""
        disk = self.disk
        self.node = self.machine(
            self.name,
            self.first_members,
            self.chance,
            hard_state=disk.hard_state,
            snapshot=disk.snapshot,
            entries=tuple(disk.entries),
            **self.options,
        )
        self.values: list[Any] = []
        self.applied = 0
        if disk.snapshot is not None:
            self.install(disk.snapshot)
        self.waiting: dict[Any, bool] = {}
        self.reads: list[tuple[Any, int]] = []

    def crash(self, kept_entries: int = 0) -> None:
        """Lose everything but the disk; of a Ready that was being written the first `kept_entries` entries are kept."""
        if self.in_hand is not None and self.in_hand.snapshot is None:
            self.disk.write_entries(self.in_hand.entries[:kept_entries])
        self.node = None
        self.in_hand = None
        self.paused = False
        self.waiting = {}
        self.reads = []

    def install(self, snapshot: Snapshot) -> None:
        """Replace the state machine by a snapshot's."""
        self.values = list(snapshot.data or ())
        self.applied = snapshot.index

    def apply(self, entry: Entry) -> Any:
        """Apply one committed entry; gives back the value if a client of this host waits for it, else None."""
        self.applied = entry.index
        if entry.kind == CHANGE or entry.data is None:
            return None
        if entry.data not in self.values:
            self.values.append(entry.data)
        return entry.data if self.waiting.pop(entry.data, False) else None

    def readable(self) -> list[Any]:
        """The contexts of the reads that can be served now; takes them out."""
        ripe = [context for context, index in self.reads if index <= self.applied]
        if ripe:
            self.reads = [read for read in self.reads if read[1] > self.applied]
        return ripe

    def compact(self, keep: int = 0) -> None:
        """Take a snapshot, and drop all entries before it but the last `keep`."""
        node = self.node
        if node is not None and self.in_hand is None and node.applied - keep >= node.log.offset:
            up_to = node.applied - keep
            snapshot = node.compact(up_to, tuple(self.values))
            if snapshot is not None:
                self.disk.write_snapshot(snapshot, up_to)

    def describe(self) -> str:
        """The member in one line."""
        if self.node is None:
            return f"{self.name} is down (on disk: {self.disk.describe()})"
        return self.node.describe()
