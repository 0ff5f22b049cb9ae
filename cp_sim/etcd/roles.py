"""What a member is to its group, and how it tells of it: every change of role leaves a record in the trace.

The records are about `members/<name>`: `campaign`, `become leader`, `follow`, `step down`, `crash`, `restart`, each
with a `RaftNote` as evidence. A member that is alone has nobody to tell.
"""

from __future__ import annotations

from cp_sim.etcd.disk import Disk
from cp_sim.etcd.proposal import RaftNote, Settings
from cp_sim.raft.messages import FOLLOWER, LEADER, PRE_CANDIDATE
from cp_sim.raft.node import RaftNode
from cp_sim.sim import Actor


class Roles(Actor):
    """Looks at what has become of role, term and leader after each thing that happened.

    `node` is raft's machine, `disk` what outlives the member, `stopped` why it does nothing any more (empty while it
    runs), `elected_ms` when it last learned of a new leader.
    """

    node: RaftNode

    def __init__(self, name: str, disk: Disk | None = None, settings: Settings | None = None) -> None:
        super().__init__(name)
        self.disk = disk or Disk()
        self.settings = settings or Settings()
        self.stopped = ""
        self.elected_ms = 0
        self._alone = False
        self._seen = (FOLLOWER, 0, "")
        self._stood: tuple[str, int] = ("", -1)

    def _look(self) -> None:
        """Note what has become of role, term and leader."""
        node = self.node
        now = (node.role, node.term, node.leader)
        if now == self._seen:
            return
        (role, _, leader), self._seen = self._seen, now
        self._tell_role(role, leader)
        if node.leader and node.leader != leader:
            self.elected_ms = self.loop.clock.now_ms
            self._leader_known()
        elif leader and not node.leader:
            self._leader_lost()
        if (role == LEADER) != (node.role == LEADER):
            self._role_changed(node.role)

    def _tell_role(self, role: str, leader: str) -> None:
        node = self.node
        if role == LEADER and node.role != LEADER:
            why = f"{node.leader} leads" if node.leader else "no majority is heard, or a later term was; nobody leads"
            self._record("step down", f"{why} in term {node.term}")
        if node.role == LEADER and role != LEADER:
            self._record("become leader", f"a majority of {len(node.members.voters)} voted for it in term {node.term}")
        elif node.role == FOLLOWER and node.leader and node.leader != leader:
            self._record("follow", f"{node.leader} leads in term {node.term}")
        elif node.role not in (LEADER, FOLLOWER) and self._stood != (node.role, node.term):
            self._stood = (node.role, node.term)
            asks = f"asks for votes in term {node.term}"
            if node.role == PRE_CANDIDATE:
                asks = f"has not heard a leader; asks whether it would be elected in term {node.term + 1}"
            self._record("campaign", asks)

    def note(self) -> RaftNote:
        """What this member is now."""
        node = self.node
        role = "learner" if node.is_learner else node.role
        return RaftNote(self.name, role, node.term, node.leader, node.commit)

    def _record(self, verb: str, because: str) -> None:
        self.loop.record(verb, f"members/{self.name}", because, evidence=self.note(), actor=self.name)

    # -- what the floors above do with it ----------------------------------------------------------------------------

    def _leader_known(self) -> None:
        """Somebody was elected."""

    def _leader_lost(self) -> None:
        """Nobody leads any more, as far as this member knows."""

    def _role_changed(self, role: str) -> None:
        """The member leads, or does not any more."""
