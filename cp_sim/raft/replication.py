"""The leader's log becomes everybody's log; what a majority holds is committed.

*Source:* sections 5.3 and 5.4 of the Raft paper; `raft.go` of etcd-io/raft for probing, hints and flow control.
"""

from __future__ import annotations

from typing import Any

from cp_sim.raft.messages import LEADER, NORMAL, Entry, Message, Snapshot
from cp_sim.raft.progress import PROBE, REPLICATE, SNAPSHOT, Progress
from cp_sim.raft.state import RaftState


class Replication(RaftState):
    """Appends, heartbeats and snapshots, from both sides."""

    # ---- the leader sends

    def append(self, data: Any, kind: str = NORMAL) -> None:
        """A leader writes an entry of its own term to the end of its log."""
        self.log.append(Entry(self.term, self.log.last_index + 1, data, kind))

    def broadcast_append(self) -> None:
        """Send each member what it lacks, or at least the commit index."""
        for name in self.progress:
            if name != self.id:
                self.send_append(name)

    def send_append(self, to: str, even_if_empty: bool = True) -> bool:
        """Send `to` the entries after what it has, or a snapshot if they are dropped; whether something was sent.

        *Guard:* nothing is sent to a member that is being probed and has not answered, that has too many messages
        open, or that is busy with a snapshot.
        """
        progress = self.progress[to]
        if progress.waits:
            return False
        log = self.log
        before = progress.next - 1
        before_term = log.term_at(before)
        if before_term is None:
            return self.send_snapshot(to, progress)
        full = progress.state == REPLICATE and progress.is_full
        entries = () if full else log.after(before, self.max_entries)
        if not entries and not even_if_empty:
            return False
        self.send("append", to, log_term=before_term, index=before, entries=entries, commit=log.commit)
        progress.sent(len(entries))
        return True

    def send_snapshot(self, to: str, progress: Progress) -> bool:
        """Send the newest snapshot to a member whose next entry is dropped already, if that member is alive."""
        snapshot = self.log.snapshot
        if snapshot is None or not progress.recent_active:
            return False
        progress.await_snapshot(snapshot.index)
        self.send("snapshot", to, snapshot=snapshot)
        return True

    def broadcast_heartbeat(self, context: Any = None) -> None:
        """Tell everybody that the leader lives; `commit` never exceeds what the member is known to have."""
        for name, progress in self.progress.items():
            if name != self.id:
                self.send("heartbeat", name, commit=min(progress.match, self.log.commit), context=context)

    # ---- the follower answers

    def on_append(self, message: Message) -> None:
        """Take entries from the leader.

        *When* the entry before them is committed here already: answer with the commit index.
        *When* the entry before them is here, with the same term: take them, follow the leader's commit index as far
        as both logs are now known to be the same, and answer with the last of them.
        *Otherwise* refuse, with a hint where both logs may agree.
        """
        log = self.log
        before = message.index
        if before < log.commit:
            self.send("append answer", message.sender, index=log.commit)
        elif log.matches(before, message.log_term):
            log.merge(message.entries)
            last_new = before + len(message.entries)
            log.commit_to(min(message.commit, last_new))
            self.send("append answer", message.sender, index=last_new)
        else:
            hint, hint_term = log.find_by_term(min(before, log.last_index), message.log_term)
            self.send("append answer", message.sender, index=before, reject=True, hint=hint, hint_term=hint_term)

    def on_heartbeat(self, message: Message) -> None:
        """Follow the leader's commit index, and return the context that came with the heartbeat."""
        self.log.commit_to(message.commit)
        self.send("heartbeat answer", message.sender, context=message.context)

    def on_snapshot(self, message: Message) -> None:
        """*When* the snapshot holds more than is committed here: begin anew with it.  Answer how far one is."""
        snapshot = message.snapshot
        if snapshot is not None and self.restore(snapshot):
            self.send("append answer", message.sender, index=self.log.last_index)
        else:
            self.send("append answer", message.sender, index=self.log.commit)

    def restore(self, snapshot: Snapshot) -> bool:
        """Take `snapshot` as the beginning of the log; False if it was not needed."""
        log = self.log
        if snapshot.index <= log.commit:
            return False
        if log.matches(snapshot.index, snapshot.term):
            log.commit_to(snapshot.index)
            return False
        log.restore(snapshot)
        self.members = snapshot.members
        self.members_index = snapshot.index
        return True

    # ---- the leader hears

    def on_append_answer(self, message: Message) -> None:
        """*When* refused: probe further down.  *When* taken: note it, commit what a majority has, send the rest."""
        progress = self.progress.get(message.sender)
        if progress is None:
            return
        progress.recent_active = True
        if message.reject:
            self.probe_lower(message, progress)
            return
        waited = progress.waits
        news = progress.acknowledge(message.index)
        if not news and not (progress.state == PROBE and progress.match == message.index):
            return
        self.speed_up(progress, message.index)
        if self.advance_commit():
            self.after_commit()
        elif waited:
            self.send_append(message.sender)
        while self.role == LEADER and self.send_append(message.sender, even_if_empty=False):
            pass

    def probe_lower(self, message: Message, progress: Progress) -> None:
        """The follower lacks the entry before ours: go back, by whole terms where both hints allow it."""
        agree = message.hint
        if message.hint_term > 0:
            agree, _ = self.log.find_by_term(message.hint, message.hint_term)
        if progress.refuse(message.index, agree):
            if progress.state == REPLICATE:
                progress.probe()
            self.send_append(message.sender)

    def speed_up(self, progress: Progress, index: int) -> None:
        """The follower has everything up to `index`: from now on send ahead."""
        if progress.state == PROBE or (progress.state == SNAPSHOT and progress.match >= self.log.offset):
            progress.replicate()
        elif progress.state == REPLICATE:
            progress.free_up_to(index)

    def on_heartbeat_answer(self, message: Message) -> None:
        """The member lives: let one more message go to it if it lacks something."""
        progress = self.progress.get(message.sender)
        if progress is None:
            return
        progress.recent_active = True
        progress.paused = False
        if progress.match < self.log.last_index or progress.state == PROBE:
            self.send_append(message.sender)

    # ---- commit

    def majority_match(self) -> int:
        """The highest index that a majority of the voters has on disk."""
        voters, progress = self.members.voters, self.progress
        if len(voters) == 1:
            return progress[voters[0]].match
        matches = sorted([progress[name].match for name in voters])
        return matches[(len(matches) - 1) // 2]

    def advance_commit(self) -> bool:
        """Commit what a majority of voters has; whether that is news.

        *Guard:* only an entry of the leader's own term is committed by counting; older ones are committed with it
        (paper, section 5.4.2 and figure 8).
        """
        log = self.log
        index = self.majority_match()
        if index > log.commit and log.term_at(index) == self.term:
            log.commit_to(index)
            return True
        return False

    def after_commit(self) -> None:
        """The commit index rose: tell everybody."""
        self.broadcast_append()

    # ---- what the transport tells

    def report_unreachable(self, id: str) -> None:
        """A message to `id` could not be delivered: go back to probing it."""
        progress = self.progress.get(id)
        if progress is not None and id != self.id and progress.state == REPLICATE:
            progress.probe()

    def report_snapshot(self, id: str, ok: bool) -> None:
        """The snapshot for `id` has arrived, or could not be delivered: go on probing after its next sign of life."""
        progress = self.progress.get(id)
        if progress is not None and progress.state == SNAPSHOT:
            if not ok:
                progress.snapshot_index = 0
            progress.probe()
            progress.paused = True
