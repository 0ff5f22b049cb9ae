"""Members come and go: what the group knows of each, what it lets happen to it, and how it is done.

A change is an entry of the log. Before it is proposed the leader asks whether a majority would run afterwards, too:
adding a member that never starts, or removing one that is needed, can end a group for good.

*In Kubernetes:* kubeadm adds an etcd member as learner when a control plane joins, promotes it when it has caught up,
and removes it when the control plane is reset.

Source: etcd `server/etcdserver/server.go` (mayAddMember, mayRemoveMember, mayPromote),
`server/etcdserver/api/membership/cluster.go`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from cp_sim.etcd import api, cluster_api
from cp_sim.etcd.cluster_api import (
    MemberAddRequest,
    MemberInfo,
    MemberListRequest,
    MemberListResponse,
    MemberPromoteRequest,
    MemberRemoveRequest,
    MemberResponse,
    MemberUpdateRequest,
    MoveLeaderRequest,
    Publish,
)
from cp_sim.etcd.proposal import Proposal
from cp_sim.etcd.store import StoreRequest
from cp_sim.etcd.watching import Watching
from cp_sim.raft.messages import Change

CHANGES = (MemberAddRequest, MemberRemoveRequest, MemberUpdateRequest, MemberPromoteRequest)
LEARNER_LIMIT = 1
# How much of the leader's log a learner must have to be promoted.
READY_SHARE = 0.9
# A peer must have been connected for so long to count as healthy.  Source: etcd HealthInterval.
HEALTH_MS = 5_000


class Membership(Watching):
    """Keeps the roster of members, and changes it through the log."""

    def started(self) -> None:
        roster = self.disk.roster
        if not roster and not self.disk.applied:
            members = self._begins_with
            for name in members.everybody:
                joins = name == self.name and self._joins
                roster[name] = MemberInfo(name, (url_of(name),), name in members.learners, not joins)
        super().started()

    def roster(self) -> tuple[MemberInfo, ...]:
        """The members as this one knows them, by name."""
        return tuple(self.disk.roster[name] for name in sorted(self.disk.roster))

    # -- may it be?

    def _objection(self, operation: Any) -> api.EtcdError | None:
        """Why a change is refused, as its leader sees it."""
        if isinstance(operation, MemberAddRequest):
            return self._objection_to_adding(operation)
        known = self.disk.roster.get(operation.member)
        if known is None:
            return cluster_api.member_not_found()
        if isinstance(operation, MemberRemoveRequest):
            return self._objection_to_removing(known)
        if isinstance(operation, MemberPromoteRequest):
            return self._objection_to_promoting(known)
        if not operation.peer_urls:
            return cluster_api.bad_urls()
        return cluster_api.peer_url_exists() if self._is_taken(operation.peer_urls, known.name) else None

    def _objection_to_adding(self, operation: MemberAddRequest) -> api.EtcdError | None:
        voters, started = self._voters_and_started()
        if not operation.learner and not (started == 1 and voters == 1) and started < (voters + 1) // 2 + 1:
            return cluster_api.not_enough_started()
        if self._healthy() < voters:
            return cluster_api.unhealthy()
        if operation.member in self.disk.roster or operation.member in self.disk.removed:
            return cluster_api.member_exists()
        if self._is_taken(operation.peer_urls, ""):
            return cluster_api.peer_url_exists()
        if operation.learner and sum(info.learner for info in self.disk.roster.values()) >= LEARNER_LIMIT:
            return cluster_api.too_many_learners()
        return None

    def _objection_to_removing(self, known: MemberInfo) -> api.EtcdError | None:
        if known.learner:
            return None
        voters, started = self._voters_and_started()
        if started - known.started < (voters - 1) // 2 + 1:
            return cluster_api.not_enough_started()
        if not self.is_active(known.name, self.loop.clock.now_ms):
            return None  # it takes no part in the majority that is at work
        return cluster_api.unhealthy() if self._healthy() - 1 < 1 + (voters - 1) // 2 else None

    def _objection_to_promoting(self, known: MemberInfo) -> api.EtcdError | None:
        progress = self.node.progress
        own, its = progress.get(self.name), progress.get(known.name)
        if own is None or its is None or its.match < own.match * READY_SHARE:
            return cluster_api.learner_not_ready()
        if not known.learner:
            return cluster_api.not_a_learner()
        voters, started = self._voters_and_started()
        return cluster_api.not_enough_started() if started + 1 < (voters + 1) // 2 + 1 else None

    def _voters_and_started(self) -> tuple[int, int]:
        voters = [info for info in self.disk.roster.values() if not info.learner]
        return len(voters), sum(info.started for info in voters)

    def _healthy(self) -> int:
        """How many voters have been connected for long enough."""
        since_ms = self.loop.clock.now_ms - HEALTH_MS
        return sum(self.is_active(info.name, since_ms) for info in self.disk.roster.values() if not info.learner)

    def _is_taken(self, urls: tuple[str, ...], by_other_than: str) -> bool:
        others = [info for info in self.disk.roster.values() if info.name != by_other_than]
        return any(url in info.peer_urls for info in others for url in urls)

    # -- doing it

    def _propose_change(self, request: StoreRequest) -> None:
        """Let the leader judge a change and propose it."""
        operation = request.operation
        objection = self._objection(operation)
        if objection is not None:
            self._reply_error(request, objection)
            return
        asked = self._note_asked(request)
        proposal = Proposal(operation, self.name, asked.number, asked.since_ms, asked.cause)
        if isinstance(operation, MemberUpdateRequest):
            self._submit(proposal)
            return
        kind = _KINDS[type(operation)](operation)
        self.node.propose_change(Change(kind, operation.member, proposal))
        self._drive()

    def _carry_out_change(self, operation: Any) -> Any:
        """A committed change takes effect in the roster (raft has its own view of who votes)."""
        roster, name = self.disk.roster, operation.member
        known = roster.get(name) or MemberInfo(name, started=False)
        if isinstance(operation, MemberRemoveRequest):
            roster.pop(name, None)
            self.disk.removed[name] = None
        elif isinstance(operation, MemberAddRequest):
            urls = operation.peer_urls or (url_of(name),)
            known = roster[name] = MemberInfo(name, urls, operation.learner, started=False)
        elif isinstance(operation, MemberPromoteRequest):
            known = roster[name] = replace(known, learner=False)
        elif isinstance(operation, MemberUpdateRequest):
            known = roster[name] = replace(known, peer_urls=operation.peer_urls)
        elif name in roster:
            known = roster[name] = replace(known, started=True)
        return MemberResponse(known, self.roster())

    def _leader_known(self) -> None:
        super()._leader_known()
        info = self.disk.roster.get(self.name)
        if info is None or not info.started:
            self._propose_own(Publish(self.name))

    def _answer_read(self, request: StoreRequest) -> None:
        if type(request.operation) is MemberListRequest:
            self._reply(request, self._response(request.token, MemberListResponse(self.roster())))
        else:
            super()._answer_read(request)

    def _objection_to_moving(self, request: MoveLeaderRequest) -> api.EtcdError | None:
        if not self.is_primary:
            return cluster_api.not_leader()
        return None if request.target in self.node.members.voters else cluster_api.bad_transferee()


def url_of(name: str) -> str:
    """Where the peers of a member reach it, unless told otherwise."""
    return f"https://{name}:2380"


_KINDS: dict[type, Callable[[Any], str]] = {
    MemberAddRequest: lambda operation: "add learner" if operation.learner else "add voter",
    MemberRemoveRequest: lambda operation: "remove",
    MemberPromoteRequest: lambda operation: "promote",
}
