"""The log of one member: what is written, how much of it is on disk, committed and applied.

    snapshot            commit        stable        last
       |                  |             |             |
       v                  v             v             v
    ...[ offset+1 ......... ] ............ ] ......... ]
             applied <= commit

*Source:* figure 2 of the Raft paper; `log.go` and `log_unstable.go` of etcd-io/raft.
"""

from __future__ import annotations

from collections.abc import Sequence

from cp_sim.raft.messages import Broken, Entry, Snapshot


class Log:
    """The entries after `offset`, all in memory.

    `offset` is the index up to which entries have been dropped (and `offset_term` the term of that entry); `stable`
    the last index that is on disk; `commit` and `applied` are indexes as in the Raft paper.  `snapshot` is the newest
    one known, `pending` the one that came from the leader and is not yet installed.
    """

    __slots__ = ("applied", "commit", "entries", "offset", "offset_term", "pending", "snapshot", "stable")

    def __init__(self, snapshot: Snapshot | None, entries: Sequence[Entry], commit: int, applied: int) -> None:
        self.snapshot = snapshot
        self.pending: Snapshot | None = None
        self.offset = snapshot.index if snapshot is not None else 0
        self.offset_term = snapshot.term if snapshot is not None else 0
        self.entries: list[Entry] = [entry for entry in entries if entry.index > self.offset]
        if self.entries and self.entries[0].index != self.offset + 1:
            raise Broken(f"the log goes on with {self.entries[0].index} after the snapshot of {self.offset}")
        self.stable = self.last_index
        self.applied = max(applied, self.offset)
        self.commit = max(commit, self.applied)
        if self.commit > self.last_index:
            raise Broken(f"the disk says that {self.commit} is committed, but its log ends with {self.last_index}")

    @property
    def first_index(self) -> int:
        """The index of the first entry that is still here."""
        return self.offset + 1

    @property
    def last_index(self) -> int:
        """The index of the last entry; `offset` if there is none."""
        return self.offset + len(self.entries)

    @property
    def last_term(self) -> int:
        """The term of the last entry."""
        return self.entries[-1].term if self.entries else self.offset_term

    def term_at(self, index: int) -> int | None:
        """The term of the entry `index`; None if it was dropped or does not exist."""
        place = index - self.offset - 1
        if place == -1:
            return self.offset_term
        if 0 <= place < len(self.entries):
            return self.entries[place].term
        return None

    def matches(self, index: int, term: int) -> bool:
        """Whether the entry `index` stands here with `term`."""
        return self.term_at(index) == term

    def is_up_to_date(self, index: int, term: int) -> bool:
        """Whether a log that ends with (`index`, `term`) is at least as new as this one (paper, section 5.4.1)."""
        return (term, index) >= (self.last_term, self.last_index)

    def after(self, index: int, limit: int) -> tuple[Entry, ...]:
        """Up to `limit` entries that follow `index`."""
        start = index - self.offset
        return tuple(self.entries[start : start + limit])

    def between(self, above: int, up_to: int) -> tuple[Entry, ...]:
        """The entries after `above`, up to and with `up_to`."""
        return tuple(self.entries[above - self.offset : up_to - self.offset])

    def unstable(self) -> tuple[Entry, ...]:
        """The entries that are not on disk."""
        start = self.stable - self.offset
        return tuple(self.entries[start:]) if start < len(self.entries) else ()

    def to_apply(self) -> tuple[Entry, ...]:
        """The entries that are committed and not yet applied."""
        return self.between(max(self.applied, self.offset), self.commit)

    def find_by_term(self, index: int, term: int) -> tuple[int, int]:
        """The last place up to `index` whose term is at most `term`, and the term there (0: not known any more).

        Two logs of which one had `term` at `index` can only agree from that place down, so both sides skip whole
        terms at once instead of single entries when they look for where they part.
        """
        while index >= self.offset:
            own = self.term_at(index)
            if own is None:
                return index, 0
            if own <= term:
                return index, own
            index -= 1
        return max(index, 0), 0

    def append(self, entry: Entry) -> None:
        """Add a leader's own entry."""
        self.entries.append(entry)

    def merge(self, entries: Sequence[Entry]) -> None:
        """Take a leader's entries: skip those that are here, cut off what differs, add the rest (paper, figure 2)."""
        for place, entry in enumerate(entries):
            if self.term_at(entry.index) != entry.term:
                if entry.index <= self.last_index:
                    self.cut(entry.index)
                self.entries.extend(entries[place:] if place else entries)
                return

    def cut(self, index: int) -> None:
        """Drop the entries from `index` on: another leader's log holds others there."""
        if index <= self.commit:
            raise Broken(f"entry {index} differs from the leader's, but entries up to {self.commit} are committed")
        del self.entries[index - self.offset - 1 :]
        self.stable = min(self.stable, index - 1)

    def commit_to(self, index: int) -> None:
        """Raise the commit index; it never falls."""
        if index > self.commit:
            if index > self.last_index:
                raise Broken(f"told to commit {index}, but the log ends with {self.last_index}")
            self.commit = index

    def persisted(self, entries: tuple[Entry, ...]) -> None:
        """The disk has confirmed `entries`; what was cut off meanwhile does not count."""
        last = entries[-1]
        if last.index > self.stable and self.matches(last.index, last.term):
            self.stable = last.index

    def restore(self, snapshot: Snapshot) -> None:
        """Forget everything and go on after `snapshot`, which waits to be installed."""
        self.snapshot = self.pending = snapshot
        self.offset, self.offset_term = snapshot.index, snapshot.term
        self.entries = []
        self.stable = self.commit = snapshot.index

    def compact(self, index: int, snapshot: Snapshot) -> None:
        """Drop the entries up to `index`; `snapshot` stands for them."""
        self.snapshot = snapshot
        if index > self.offset:
            term = self.term_at(index)
            assert term is not None
            del self.entries[: index - self.offset]
            self.offset, self.offset_term = index, term

    def describe(self) -> str:
        """The terms of the entries in order, e.g. `1 1 2 | 3`: left of the bar what is committed."""
        terms = [f"[..{self.offset}]"] if self.offset else []
        for entry in self.entries:
            if entry.index == self.commit + 1:
                terms.append("|")
            terms.append(str(entry.term))
        if self.commit == self.last_index:
            terms.append("|")
        return " ".join(terms)
