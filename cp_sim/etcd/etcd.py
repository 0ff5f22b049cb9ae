"""The actor `etcd`: takes the messages of `store.py`, and answers them once they are committed.

What wakes it: requests, lease timers, room to give back. One member is a quorum of one: what is proposed is
committed at once; replication takes its place between `_propose` and `_commit`, and nobody above can tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.applier import Applier, is_read
from cp_sim.etcd.lease_api import LeaseGrantRequest, LeaseRevokeRequest
from cp_sim.etcd.maintenance import ACTIVATE, NOSPACE, AlarmRequest, CompactionRequest
from cp_sim.etcd.mvcc import Mvcc
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
    WatchChanges,
    WatchRequest,
)
from cp_sim.etcd.watch import Watches
from cp_sim.sim import Actor, Timer, immutable

# The largest request that etcd takes, 1.5 MiB.  Source: etcd `server/embed/config.go`, DefaultMaxRequestBytes.
REQUEST_LIMIT_BYTES = 3 * 512 * 1024
# How many changes are given back in one unit of work after a compaction.
SCRUB_BATCH = 5_000


@immutable
class LeaseEnds:
    """The timer message that says that a lease has not been kept alive."""

    lease: int


class Etcd(Actor):
    """One etcd member with the whole key space in memory.

    *In Kubernetes:* the static pod `etcd-control-plane-1`. *Simplified:* no disk, so a write costs no time;
    requests are measured by the size of their values.
    """

    def __init__(self, name: str = "etcd") -> None:
        super().__init__(name)
        self.applier = Applier()
        self.watches = Watches()
        self._lease_timers: dict[int, Timer] = {}

    @property
    def mvcc(self) -> Mvcc:
        """The key space as this member has it."""
        return self.applier.mvcc

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
        if type(message) is StoreRequest:
            self._propose(message)
        elif isinstance(message, WatchRequest):
            self._watch(message)
        elif isinstance(message, CancelWatch):
            self.watches.cancel((message.reply_to, message.token))
        elif isinstance(message, LeaseEnds):
            self._lease_timers.pop(message.lease, None)
            self._propose(StoreRequest(Revoke(message.lease), "", 0))
        else:
            super().receive(message)

    def is_ready(self) -> bool:
        return self.mvcc.has_garbage

    def step(self) -> None:
        self.mvcc.scrub(SCRUB_BATCH)

    def _propose(self, request: StoreRequest) -> None:
        operation = request.operation
        if type(operation) is Put and value_bytes(operation.value) > REQUEST_LIMIT_BYTES:
            refused = api.request_too_large()
            self._answer(
                request,
                StoreAnswer(request.token, self.mvcc.revision, False, error=refused.text, code=refused.code),
            )
            return
        if not self.applier.has_room_for(operation):
            self.applier.apply(AlarmRequest(ACTIVATE, self.name, NOSPACE), self.loop.clock.now_ms)
        self._commit(request)

    def _commit(self, request: StoreRequest) -> None:
        """A quorum has the request: apply it, answer it, tell the watches."""
        before = self.mvcc.revision
        try:
            answer = self._apply(request.operation, request.token)
        except api.EtcdError as refused:
            answer = StoreAnswer(request.token, self.mvcc.revision, False, error=refused.text, code=refused.code)
        self._answer(request, answer)
        if self.mvcc.revision != before:
            self._tell()

    def _answer(self, request: StoreRequest, answer: StoreAnswer) -> None:
        if request.reply_to:
            self.loop.send(request.reply_to, answer)

    def _apply(self, operation: Any, token: int) -> StoreAnswer:
        if is_read(operation):
            done = self.applier.read(operation, self.loop.clock.now_ms, token)
        else:
            done = self.applier.apply(operation, self.loop.clock.now_ms, token)
        if type(done) is StoreAnswer:
            self._after(operation, done.lease)
            return done
        self._after(operation, getattr(done, "id", 0))
        return StoreAnswer(token, self.mvcc.revision, response=done)

    def _after(self, operation: Any, lease: int) -> None:
        """What time has to do with the operation: leases end, and room is given back."""
        if isinstance(operation, Grant | LeaseGrantRequest):
            ttl_s = self.mvcc.lessor.leases[lease].ttl_s
            self._lease_timers[lease] = self.loop.after(ttl_s * 1000, self.name, LeaseEnds(lease), background=True)
        elif isinstance(operation, Revoke | LeaseRevokeRequest):
            gone = operation.lease if isinstance(operation, Revoke) else operation.id
            timer = self._lease_timers.pop(gone, None)
            if timer is not None:
                self.loop.cancel(timer)
        elif isinstance(operation, Compact | CompactionRequest):
            self.loop.wake(self)

    # -- watches --------------------------------------------------------------------------------------------------

    def _watch(self, request: WatchRequest) -> None:
        end = api.prefix_end(request.prefix)
        self.watches.create(self.mvcc, (request.reply_to, request.token), request.prefix, end, request.revision)
        self._tell()

    def _tell(self) -> None:
        for delivery in self.watches.poll(self.mvcc):
            reply_to, token = delivery.id
            error = ""
            if delivery.cancelled:
                self.watches.cancel(delivery.id)
                error = api.compacted().text
            told = WatchChanges(token, self.mvcc.revision, delivery.changes, error, delivery.compact_revision)
            self.loop.send(reply_to, told)
