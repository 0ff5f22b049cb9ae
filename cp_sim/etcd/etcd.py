"""The actor `etcd`: one member of the store, which takes the messages of `store.py`, and answers them once they are
committed.

What wakes it: requests, what its peers say, its disk, timers, room to give back. What is asked becomes a proposal
(`proposal.py`), is replicated and comes back committed (`replication.py`), is applied (`applier.py`), and only then
answered; reads wait for their index (`reading.py`), leases end where the leader is (`leasing.py`), watches are told
from what this member has applied (`watching.py`). A member that is alone is its own majority: it answers at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.applier import is_read
from cp_sim.etcd.cluster_api import MemberListRequest, MoveLeaderRequest, Publish
from cp_sim.etcd.forwarding import LEADERS_MATTERS, Forwarding
from cp_sim.etcd.lease_api import (
    LeaseGrantRequest,
    LeaseRevokeRequest,
)
from cp_sim.etcd.maintenance import ACTIVATE, NOSPACE, Alarm, AlarmRequest, CompactionRequest
from cp_sim.etcd.membership import CHANGES
from cp_sim.etcd.proposal import (
    AskAgain,
    Gone,
    Leaderless,
    LeaseEnds,
    LookBack,
    Overdue,
    Proposal,
    Tick,
    Written,
    no_leader,
    not_for_learners,
    stopped,
    too_many_requests,
)
from cp_sim.etcd.reporting import REPORTS, report
from cp_sim.etcd.request_checks import check
from cp_sim.etcd.request_size import REQUEST_LIMIT_BYTES
from cp_sim.etcd.store import (
    CancelWatch,
    Compact,
    Grant,
    KeyValue,
    Put,
    Revoke,
    StoreAnswer,
    StoreRequest,
    WatchProgress,
    WatchRequest,
)
from cp_sim.raft.messages import NORMAL, Entry, Message
from cp_sim.sim import ConnectionLost

# How many changes are given back in one unit of work after a compaction.
SCRUB_BATCH = 1_000
KV_WRITES = frozenset((api.PutRequest, api.DeleteRangeRequest, api.TxnRequest))
ROSTER_ENTRIES = frozenset((*CHANGES, Publish))


class Etcd(Forwarding):
    """One etcd member with the whole key space in memory.

    *In Kubernetes:* the static pod `etcd-control-plane-1`.

    `Etcd("etcd")` is alone. `Etcd(name, peers, disk)` is one of several; `disk` outlives it (see `Disk`), `peers` are
    the names of the members that found the group. *Simplified:* requests are measured by the size of their values.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*(args or ("etcd",)), **named)

    # -- looking, without a request (for people outside the loop) -------------------------------------------------

    @property
    def current_revision(self) -> int:
        """The number of writes so far, plus one."""
        return self.mvcc.revision

    @property
    def compact_revision(self) -> int:
        """The oldest revision that can be read; 0 if nothing was compacted yet."""
        return max(0, self.mvcc.compact_revision)

    def range_at(self, prefix: str, revision: int = 0) -> list[KeyValue]:
        """The keys that begin with `prefix` as of `revision` (0: now), in order.

        Raises:
            EtcdError: the revision is compacted or still to come.
        """
        return self.mvcc.range_at(prefix, revision)

    def get_at(self, key: str, revision: int = 0) -> KeyValue | None:
        """One key as of `revision` (0: now), or None.

        Raises:
            EtcdError: the revision is compacted or still to come.
        """
        found, _ = self.mvcc.scan(key, "", revision)
        return found[0] if found else None

    def all_values(self) -> Iterator[Any]:
        """Every object that the store holds in any revision; some more than once."""
        return self.mvcc.all_values()

    # -- the actor ------------------------------------------------------------------------------------------------

    def receive(self, message: Any) -> None:
        kind = type(message)
        if self.stopped:
            self._receive_stopped(message)
        elif kind is StoreRequest:
            self._request(message)
        elif kind is Message:
            self._hear(message)
        elif kind is Tick:
            self._tick()
        elif kind is Written:
            self._written(message)
        elif kind is WatchRequest:
            self._watch(message)
        elif kind is CancelWatch:
            self._cancel(message)
        elif kind is WatchProgress:
            self._progress(message)
        else:
            self._receive_rare(message)

    def _receive_rare(self, message: Any) -> None:
        match message:
            case LeaseEnds():
                self._lease_ends(message)
            case LookBack():
                self._look_back()
            case Overdue():
                self._overdue()
            case AskAgain():
                self._ask_again()
            case Leaderless():
                self._leaderless(message)
            case StoreAnswer():
                self._leader_says(message)
            case ConnectionLost():
                self._lost(message.peer)
            case Gone():
                self._gone()
            case _:
                super().receive(message)

    def _receive_stopped(self, message: Any) -> None:
        if type(message) is StoreRequest:
            self._reply_error(message, stopped())
        elif type(message) is WatchRequest:
            self._end((message.reply_to, message.token), stopped())

    def _gone(self) -> None:
        self.stop("the member has been permanently removed from the cluster")

    def _stopped(self) -> None:
        self._end_all(stopped())
        for asked in self.requests_waiting:
            self._refuse(asked, stopped())
        self._driven()

    def is_ready(self) -> bool:
        return self.mvcc.has_garbage or bool(self._proposals and self.node.leader)

    def step(self) -> None:
        if self.stopped:
            return
        if self._proposals or self._gathering:
            self._start_reading()
            self._propose_gathered()
            self._drive()
        if self.mvcc.has_garbage:
            self.mvcc.scrub(SCRUB_BATCH)

    # -- requests -------------------------------------------------------------------------------------------------

    def _request(self, request: StoreRequest) -> None:
        operation = request.operation
        kind = type(operation)
        if kind is Put and self._alone:
            self._propose(request)
            return
        if kind in REPORTS:
            self._report(request)
            return
        if not self._alone:
            refused = self._refusal(request)
            if refused is not None:
                self._reply_error(request, refused)
                return
        if kind in LEADERS_MATTERS:
            self._ask_leader(request)
        elif kind is MoveLeaderRequest:
            self._move_leader(request)
        elif kind is not MemberListRequest and not is_read(operation):
            self._propose(request)
        elif self._alone or _serializable(operation):
            self._answer_read(request)
        else:
            self._read_linearizable(self._note_asked(request))

    def _report(self, request: StoreRequest) -> None:
        try:
            self._reply(request, self._response(request.token, report(self, request.operation)))
        except api.EtcdError as refused:
            self._reply_error(request, refused)

    def _refusal(self, request: StoreRequest) -> api.EtcdError | None:
        node = self.node
        if node.is_learner and not _serializable(request.operation):
            return not_for_learners()
        if request.require_leader and not node.leader:
            return no_leader()
        if node.commit > node.applied + self.settings.gap_limit:
            return too_many_requests()
        return None

    def _propose(self, request: StoreRequest) -> None:
        operation = request.operation
        if not self.applier.has_room_for(operation):
            if Alarm(self.name, NOSPACE) not in self.applier.alarms:
                self._propose_own(AlarmRequest(ACTIVATE, self.name, NOSPACE))
            self._reply_error(request, api.no_space())
            return
        refused = self._why_not_proposed(operation)
        if refused is not None:
            self._reply_error(request, refused)
            return
        asked = self._note_asked(request)
        self._submit(Proposal(operation, self.name, asked.number, asked.since_ms, asked.cause))

    def _why_not_proposed(self, operation: Any) -> api.EtcdError | None:
        """Why a write is not even proposed."""
        if type(operation) is Put:
            return api.request_too_large() if self.mvcc.bytes_of(operation.value) > REQUEST_LIMIT_BYTES else None
        if type(operation) in KV_WRITES:
            try:
                check(operation, through_log=True)
            except api.EtcdError as refused:
                return refused
        return None

    def _driven(self) -> None:
        if self._readable:
            self._serve_reads()
        super()._driven()

    # -- what was agreed on -----------------------------------------------------------------------------------------

    def _apply(self, entry: Entry) -> None:
        """A quorum has the proposal: apply it, answer it, tell the watches."""
        proposal: Proposal = entry.data if entry.kind == NORMAL else entry.data.context
        asked = self._asked.pop(proposal.number, None) if proposal.member == self.name else None
        if not self._alone:
            self.loop.caused_by(proposal.cause)
        mvcc = self.mvcc
        before = mvcc.revision
        answer = self._carry_out(proposal.operation, asked.request.token if asked is not None else 0)
        if asked is not None:
            self._reply(asked.request, answer)
        if mvcc.revision != before:
            self._tell()

    def _carry_out(self, operation: Any, token: int) -> StoreAnswer:
        if type(operation) in ROSTER_ENTRIES:
            return self._response(token, self._carry_out_change(operation))
        try:
            done = self.applier.apply(operation, self.loop.clock.now_ms, token)
        except api.EtcdError as refused:
            return self._error(token, refused)
        if type(operation) is not Put:
            self._after(operation, done)
        return done if type(done) is StoreAnswer else self._response(token, done)

    def _after(self, operation: Any, done: Any) -> None:
        """What time has to do with the operation: leases end, and room is given back."""
        if isinstance(operation, Grant):
            self._watch_lease(done.lease)
        elif isinstance(operation, LeaseGrantRequest):
            self._watch_lease(done.id)
        elif isinstance(operation, Revoke):
            self._lease_ended(operation.lease)
        elif isinstance(operation, LeaseRevokeRequest):
            self._lease_ended(operation.id)
        elif isinstance(operation, Compact | CompactionRequest):
            self.loop.wake(self)


def _serializable(operation: Any) -> bool:
    """Whether the caller is content with what the member has."""
    if isinstance(operation, api.TxnRequest):
        inner = (*operation.success, *operation.failure)
        return bool(inner) and all(isinstance(one, api.RangeRequest) and one.serializable for one in inner)
    return bool(getattr(operation, "serializable", False))
