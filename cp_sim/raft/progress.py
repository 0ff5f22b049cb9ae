"""What a leader knows about one follower's log, and how fast it may send.

*Source:* `tracker/progress.go` and `inflights.go` of etcd-io/raft.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

PROBE = "probe"
REPLICATE = "replicate"
SNAPSHOT = "snapshot"


@dataclass(slots=True)
class Progress:
    """A leader's view of one member.

    `match` is the last index known to be the same there, `next` the index to be sent next.  In `state` "probe" the
    leader looks for the place where both logs part, one message at a time; in "replicate" it sends ahead, up to
    `max_inflight` messages that nobody has answered (`inflight` holds the last index of each); in "snapshot" it waits
    until the follower has installed the snapshot of `snapshot_index`.  `paused` says that nothing more is sent until
    an answer comes.  `recent_active` says that the member spoke since the leader last counted its quorum.
    """

    match: int = 0
    next: int = 1
    state: str = PROBE
    inflight: deque[int] = field(default_factory=deque)
    max_inflight: int = 256
    recent_active: bool = False
    paused: bool = False
    snapshot_index: int = 0

    @property
    def is_full(self) -> bool:
        """Whether as many messages as allowed are on their way."""
        return len(self.inflight) >= self.max_inflight

    @property
    def waits(self) -> bool:
        """Whether nothing may be sent now."""
        return self.paused or self.state == SNAPSHOT

    def probe(self) -> None:
        """Look again for the place where both logs part."""
        beyond = self.snapshot_index if self.state == SNAPSHOT else 0
        self._enter(PROBE)
        self.next = max(self.match, beyond) + 1

    def replicate(self) -> None:
        """The place is found: send ahead from there."""
        self._enter(REPLICATE)
        self.next = self.match + 1

    def await_snapshot(self, index: int) -> None:
        """A snapshot is on its way."""
        self._enter(SNAPSHOT)
        self.snapshot_index = index
        self.next = index + 1

    def _enter(self, state: str) -> None:
        self.state = state
        self.paused = False
        self.snapshot_index = 0
        self.inflight.clear()

    def sent(self, count: int) -> None:
        """`count` entries from `next` on have left."""
        if self.state == REPLICATE:
            if count:
                self.next += count
                self.inflight.append(self.next - 1)
            self.paused = self.is_full
        elif count:
            self.paused = True

    def acknowledge(self, index: int) -> bool:
        """The member has everything up to `index`; whether that is news."""
        if index <= self.match:
            return False
        self.match = index
        self.next = max(self.next, index + 1)
        self.paused = False
        return True

    def free_up_to(self, index: int) -> None:
        """Messages that ended with `index` or before are answered."""
        while self.inflight and self.inflight[0] <= index:
            self.inflight.popleft()

    def refuse(self, rejected: int, hint: int) -> bool:
        """The member does not have the entry `rejected`, but perhaps `hint`; False if that is old news."""
        if self.state == REPLICATE:
            if rejected <= self.match:
                return False
            self.next = self.match + 1
            return True
        if self.next - 1 != rejected:
            return False
        self.next = max(min(rejected, hint + 1), self.match + 1)
        self.paused = False
        return True

    def describe(self) -> str:
        """For example `replicate match=7 next=9 inflight=1 paused`."""
        words = [self.state, f"match={self.match}", f"next={self.next}"]
        if self.inflight:
            words.append(f"inflight={len(self.inflight)}")
        if self.waits:
            words.append("paused")
        if not self.recent_active:
            words.append("silent")
        return " ".join(words)
