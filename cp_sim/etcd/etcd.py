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
from cp_sim.etcd.lease_api import (
    LeaseGrantRequest,
    LeaseKeepAliveRequest,
    LeaseKeepAliveResponse,
    LeaseRevokeRequest,
    LeaseTimeToLiveRequest,
)
from cp_sim.etcd.maintenance import ACTIVATE, NOSPACE, Alarm, AlarmRequest, CompactionRequest
from cp_sim.etcd.proposal import (
    AskAgain,
    Asked,
    AskLeader,
    Gone,
    Leaderless,
    LeaderSays,
    LeaseEnds,
    Overdue,
    Proposal,
    Tick,
    Written,
    no_leader,
    not_for_learners,
    proposal_dropped,
    stopped,
    timed_out,
    timed_out_connection_lost,
    timed_out_leader_failed,
    too_many_requests,
)
from cp_sim.etcd.quota import value_bytes
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
from cp_sim.etcd.watching import Watching
from cp_sim.raft.messages import LEADER, Entry, Message
from cp_sim.sim import Timer

# The largest request that etcd takes, 1.5 MiB.  Source: etcd `server/embed/config.go`, DefaultMaxRequestBytes.
REQUEST_LIMIT_BYTES = 3 * 512 * 1024
# How many changes are given back in one unit of work after a compaction.
SCRUB_BATCH = 5_000
# After how long without a word a peer counts as not connected.  Source: etcd rafthttp, ConnReadTimeout.
SILENCE_MS = 5_000
# Room for the numbers of one boot of a member, so that no later boot uses one again.
BOOT = 1_000_000_000
_OVERDUE = Overdue()


class Etcd(Watching):
    """One etcd member with the whole key space in memory.

    *In Kubernetes:* the static pod `etcd-control-plane-1`.

    `Etcd("etcd")` is alone. `Etcd(name, peers, disk)` is one of several; `disk` outlives it (see `Disk`), `peers` are
    the names of the members that found the group. *Simplified:* requests are measured by the size of their values.
    """

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*(args or ("etcd",)), **named)
        self._asked: dict[int, Asked] = {}  # who waits for an answer, oldest first
        self._number = 0
        self._proposals: list[Proposal] = []  # of this instant, or waiting for a leader
        self._overdue_timer: Timer | None = None

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

    @property
    def requests_waiting(self) -> list[Asked]:
        """The requests that wait for a quorum, oldest first."""
        return list(self._asked.values())

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
            case Overdue():
                self._overdue()
            case AskAgain():
                self._ask_again(message)
            case Leaderless():
                self._leaderless(message)
            case AskLeader():
                self._answer_member(message)
            case LeaderSays():
                self._leader_says(message)
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
            self._flush()
        if self.mvcc.has_garbage:
            self.mvcc.scrub(SCRUB_BATCH)

    # -- requests -------------------------------------------------------------------------------------------------

    def _request(self, request: StoreRequest) -> None:
        operation = request.operation
        kind = type(operation)
        if not self._alone:
            refused = self._refusal(request)
            if refused is not None:
                self._reply_error(request, refused)
                return
        if kind is Put or not is_read(operation):
            if kind is LeaseKeepAliveRequest:
                self._ask_leader(request)
            else:
                self._propose(request)
        elif kind is LeaseTimeToLiveRequest:
            self._ask_leader(request)
        elif self._alone or _serializable(operation):
            self._answer_read(request)
        else:
            self._read_linearizable(self._note_asked(request))

    def _refusal(self, request: StoreRequest) -> api.EtcdError | None:
        node = self.node
        if node.is_learner and not _serializable(request.operation):
            return not_for_learners()
        if request.require_leader and not node.leader:
            return no_leader()
        if node.commit > node.applied + self.settings.gap_limit:
            return too_many_requests()
        return None

    def _note_asked(self, request: StoreRequest) -> Asked:
        self._number += 1
        number = self.disk.boots * BOOT + self._number
        asked = Asked(number, request, self.loop.clock.now_ms, self.loop.cause)
        self._asked[number] = asked
        if not self._alone:
            self._set_overdue()
        return asked

    def _propose(self, request: StoreRequest) -> None:
        operation = request.operation
        if type(operation) is Put and value_bytes(operation.value) > REQUEST_LIMIT_BYTES:
            self._reply_error(request, api.request_too_large())
            return
        if not self.applier.has_room_for(operation):
            if Alarm(self.name, NOSPACE) not in self.applier.alarms:
                self._propose_own(AlarmRequest(ACTIVATE, self.name, NOSPACE))
            self._reply_error(request, api.no_space())
            return
        asked = self._note_asked(request)
        self._submit(Proposal(operation, self.name, asked.number, asked.since_ms, asked.cause))

    def _propose_own(self, operation: Any) -> None:
        self._submit(Proposal(operation, self.name, 0, self.loop.clock.now_ms, self.loop.cause))

    def _submit(self, proposal: Proposal) -> None:
        if self._alone and self.node.role == LEADER:
            if not self._decide_alone(proposal):
                self.node.propose(proposal)
                self._drive()
                if self._asked:
                    self._set_overdue()
        else:
            self._proposals.append(proposal)
            self.loop.wake(self)

    def _flush(self) -> None:
        """Propose what has gathered, if somebody leads; ask for the index of the reads that have."""
        node = self.node
        self._start_reading()
        if self._proposals and node.leader:
            waiting = self._asked
            proposals = [one for one in self._proposals if not one.number or one.number in waiting]
            self._proposals = []
            if node.transferee:
                for one in proposals:
                    if one.number:
                        self._refuse(waiting[one.number], proposal_dropped())
            elif proposals:
                self._propose_all(proposals)
        self._drive()

    def _driven(self) -> None:
        if self._readable:
            self._serve_reads()
        if self._proposals and self.node.leader:
            self.loop.wake(self)
        if self._overdue_timer is not None and not self._asked:
            self.loop.cancel(self._overdue_timer)
            self._overdue_timer = None

    # -- what was agreed on -----------------------------------------------------------------------------------------

    def _apply(self, entry: Entry) -> None:
        """A quorum has the proposal: apply it, answer it, tell the watches."""
        proposal: Proposal = entry.data
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
        try:
            done = self.applier.apply(operation, self.loop.clock.now_ms, token)
        except api.EtcdError as refused:
            return self._error(token, refused)
        if type(operation) is not Put:
            self._after(operation, done)
        return done if type(done) is StoreAnswer else StoreAnswer(token, self.mvcc.revision, response=done)

    def _after(self, operation: Any, done: Any) -> None:
        """What time has to do with the operation: leases end, and room is given back."""
        if isinstance(operation, Grant):
            self._watch_lease(done.lease)
        elif isinstance(operation, LeaseGrantRequest):
            self._watch_lease(done.id)
        elif isinstance(operation, Revoke):
            self._forget_lease(operation.lease)
        elif isinstance(operation, LeaseRevokeRequest):
            self._forget_lease(operation.id)
        elif isinstance(operation, Compact | CompactionRequest):
            self.loop.wake(self)

    # -- answers --------------------------------------------------------------------------------------------------

    def _answer_read(self, request: StoreRequest) -> None:
        try:
            done = self.applier.read(request.operation, self.loop.clock.now_ms, request.token)
        except api.EtcdError as refused:
            self._reply_error(request, refused)
            return
        self._reply(request, done if type(done) is StoreAnswer else self._response(request, done))

    def _response(self, request: StoreRequest, response: Any) -> StoreAnswer:
        return StoreAnswer(request.token, self.mvcc.revision, response=response)

    def _serve_read(self, asked: Asked) -> None:
        if self._asked.pop(asked.number, None) is not None:
            self.loop.caused_by(asked.cause)
            self._answer_read(asked.request)

    def _is_waiting(self, asked: Asked) -> bool:
        return asked.number in self._asked

    def _refuse(self, asked: Asked, error: api.EtcdError) -> None:
        if self._asked.pop(asked.number, None) is not None:
            self.loop.caused_by(asked.cause)
            self._reply_error(asked.request, error)

    def _error(self, token: int, error: api.EtcdError) -> StoreAnswer:
        return StoreAnswer(token, self.mvcc.revision, False, error=error.text, code=error.code)

    def _reply_error(self, request: StoreRequest, error: api.EtcdError) -> None:
        self._reply(request, self._error(request.token, error))

    def _reply(self, request: StoreRequest, answer: StoreAnswer) -> None:
        if request.reply_to:
            self.loop.send(request.reply_to, answer)

    # -- asking the leader --------------------------------------------------------------------------------------------

    def _ask_leader(self, request: StoreRequest) -> None:
        """How long a lease lives on is not in the log: only the leader knows it."""
        if self.is_primary:
            self._reply(request, self._response(request, self._as_primary(request.operation)))
            return
        asked = self._note_asked(request)
        if self.node.leader:
            self.loop.send(self.node.leader, AskLeader(request.operation, self.name, asked.number))

    def _as_primary(self, operation: Any) -> Any:
        now_ms = self.loop.clock.now_ms
        if not isinstance(operation, LeaseKeepAliveRequest):
            return self.applier.read(operation, now_ms)
        ttl_s = self.mvcc.lessor.renew(operation.id, now_ms)
        if ttl_s:
            self._watch_lease(operation.id)
        return LeaseKeepAliveResponse(self.mvcc.revision, operation.id, ttl_s)

    def _answer_member(self, message: AskLeader) -> None:
        if self.is_primary:
            self.loop.send(message.member, LeaderSays(message.number, self._as_primary(message.operation)))

    def _leader_says(self, message: LeaderSays) -> None:
        asked = self._asked.pop(message.number, None)
        if asked is not None:
            self.loop.caused_by(asked.cause)
            self._reply(asked.request, self._response(asked.request, message.response))
        self._driven()

    def _leader_known(self) -> None:
        super()._leader_known()
        for asked in self.requests_waiting:
            if isinstance(asked.request.operation, LeaseKeepAliveRequest | LeaseTimeToLiveRequest):
                del self._asked[asked.number]
                self.loop.caused_by(asked.cause)
                self._ask_leader(asked.request)

    # -- patience -----------------------------------------------------------------------------------------------------

    def _set_overdue(self) -> None:
        if self._overdue_timer is None:
            oldest = next(iter(self._asked.values()))
            wait_ms = oldest.since_ms + self.settings.timeout_ms - self.loop.clock.now_ms
            self._overdue_timer = self.loop.after(wait_ms, self.name, _OVERDUE)

    def _overdue(self) -> None:
        self._overdue_timer = None
        latest_ms = self.loop.clock.now_ms - self.settings.timeout_ms
        for asked in self.requests_waiting:
            if asked.since_ms > latest_ms:
                break
            self._refuse(asked, self._why_late(asked))
        if self._asked:
            self._set_overdue()

    def _why_late(self, asked: Asked) -> api.EtcdError:
        """Source: etcd `server/etcdserver/server.go`, parseProposeCtxErr."""
        if is_read(asked.request.operation):
            return timed_out()
        lost_ms = self.elected_ms - 2 * self.settings.election_ms
        if lost_ms < asked.since_ms < self.elected_ms:
            return timed_out_leader_failed()
        leader = self.node.leader
        if leader and not self._is_connected(leader):
            return timed_out_connection_lost()
        return timed_out()

    def _is_connected(self, leader: str) -> bool:
        since_ms = self.loop.clock.now_ms - SILENCE_MS
        if leader != self.name:
            return self.heard_ms.get(leader, 0) > since_ms
        heard = sum(name == self.name or self.heard_ms.get(name, 0) > since_ms for name in self.node.members.voters)
        return heard >= self.node.members.quorum


def _serializable(operation: Any) -> bool:
    """Whether the caller is content with what the member has."""
    if isinstance(operation, api.TxnRequest):
        inner = (*operation.success, *operation.failure)
        return bool(inner) and all(isinstance(one, api.RangeRequest) and one.serializable for one in inner)
    return bool(getattr(operation, "serializable", False))
