"""Members come and go, one at a time.

A change is an entry of the log, and takes effect on each member when that member applies it.  Two majorities that
differ by one member always share a member, so no two leaders can be elected meanwhile.
*Source:* sections 4.1 to 4.3 of Ongaro's dissertation; etcd-io/raft (`applyConfChange`, without joint consensus).
"""

from __future__ import annotations

from typing import Any

from cp_sim.raft.messages import CHANGE, FOLLOWER, LEADER, NORMAL, Change, Entry
from cp_sim.raft.reading import Reading

CHANGE_KINDS = ("add voter", "add learner", "promote", "remove")


class Membership(Reading):
    """Proposed and applied changes of the group."""

    def append_proposal(self, data: Any, kind: str) -> None:
        """A leader takes a proposal into its log.

        *When* it is a change and an earlier one is not applied yet: an empty entry takes its place, so that there is
        never more than one under way.
        """
        if kind == CHANGE:
            if self.change_pending:
                data, kind = None, NORMAL
            else:
                self.pending_change_index = self.log.last_index + 1
        self.append(data, kind)

    @property
    def change_pending(self) -> bool:
        """Whether this leader's log may hold a change that is not applied."""
        return self.pending_change_index > self.log.applied

    @property
    def change_unapplied(self) -> bool:
        """Whether a change is committed but not applied: until then this member does not know who may vote."""
        return any(entry.kind == CHANGE for entry in self.log.to_apply())

    def become_leader(self) -> None:
        super().become_leader()
        # Entries of former leaders may hold a change; no look, one just waits until they are applied.
        self.pending_change_index = self.log.last_index

    def apply_change(self, entry: Entry) -> None:
        """A committed change takes effect.

        *Guard:* a snapshot that came meanwhile may know it already.
        """
        change = entry.data
        if entry.index <= self.members_index or not isinstance(change, Change):
            return
        self.members_index = entry.index
        changed = self.members.changed(change)
        if changed == self.members:
            return
        self.members = changed
        if self.role == LEADER:
            self.lead_new_members(change)
        elif self.role != FOLLOWER and not self.may_campaign:
            self.become_follower(self.term, "")

    def lead_new_members(self, change: Change) -> None:
        """A leader goes on with the new group; one that is no voter any more steps down."""
        if self.id not in self.members.voters:
            self.broadcast_append()
            self.become_follower(self.term, "")
            return
        if change.member not in self.members.everybody:
            self.progress.pop(change.member, None)
            self.confirmed.pop(change.member, None)
        elif change.member not in self.progress:
            self.progress[change.member] = self.new_progress()
            self.progress[change.member].recent_active = True
        if self.transferee == change.member and change.kind == "remove":
            self.transferee = ""
        if self.advance_commit():
            self.after_commit()
        else:
            self.broadcast_append()
        self.confirm_reads()
