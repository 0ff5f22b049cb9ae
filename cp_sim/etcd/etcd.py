"""The actor `etcd`: takes the messages of `store.py`, and answers them once they are committed.

What wakes it: requests, lease timers, room to give back. One member is a quorum of one: what is proposed is
committed at once; replication takes its place between `_propose` and `_commit`, and nobody above can tell.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from typing import Any

from cp_sim.etcd import api
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.store import (
    CancelWatch,
    Compact,
    Delete,
    Get,
    Grant,
    KeyValue,
    List,
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
        self.mvcc = Mvcc()
        self.watches = Watches()
        self._lease_timers: dict[int, Timer] = {}

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
        if type(operation) is Put and _size(operation.value) > REQUEST_LIMIT_BYTES:
            too_large = api.request_too_large().text
            self._answer(request, StoreAnswer(request.token, self.mvcc.revision, False, error=too_large))
            return
        self._commit(request)

    def _commit(self, request: StoreRequest) -> None:
        """A quorum has the request: apply it, answer it, tell the watches."""
        before = self.mvcc.revision
        try:
            answer = self._apply(request.operation, request.token)
        except api.EtcdError as refused:
            answer = StoreAnswer(request.token, self.mvcc.revision, False, error=refused.text)
        self._answer(request, answer)
        if self.mvcc.revision != before:
            self._tell()

    def _answer(self, request: StoreRequest, answer: StoreAnswer) -> None:
        if request.reply_to:
            self.loop.send(request.reply_to, answer)

    # -- operations -----------------------------------------------------------------------------------------------

    def _apply(self, operation: Any, token: int) -> StoreAnswer:
        mvcc = self.mvcc
        match operation:
            case Get(key, revision):
                found, _ = mvcc.scan(key, "", revision)
                return StoreAnswer(token, mvcc.revision, kv=found[0] if found else None)
            case Put():
                return self._put(operation, token)
            case List():
                return self._list(operation, token)
            case Delete(key, expect):
                old = mvcc.get(key)
                if old is None or (expect is not None and old.mod_revision != expect):
                    return StoreAnswer(token, mvcc.revision, False, kv=old)
                mvcc.delete(key)
                return StoreAnswer(token, mvcc.revision, kv=old)
            case Grant(ttl_s):
                return self._grant(ttl_s, token)
            case Revoke(lease):
                timer = self._lease_timers.pop(lease, None)
                if timer is not None:
                    self.loop.cancel(timer)
                return StoreAnswer(token, mvcc.revoke(lease))
            case Compact(revision):
                mvcc.compact(revision)
                self.loop.wake(self)
                return StoreAnswer(token, mvcc.revision)
        raise TypeError(f"{self.name} does not understand {type(operation).__name__}")

    def _put(self, operation: Put, token: int) -> StoreAnswer:
        mvcc = self.mvcc
        if operation.expect is not None:
            old = mvcc.get(operation.key)
            if (old.mod_revision if old is not None else 0) != operation.expect:
                return StoreAnswer(token, mvcc.revision, False, kv=old)
        kv = mvcc.put(operation.key, operation.value, operation.lease)
        return StoreAnswer(token, mvcc.revision, kv=kv)

    def _list(self, operation: List, token: int) -> StoreAnswer:
        first = max(operation.start, operation.prefix)
        limit = operation.limit + 1 if operation.limit else 0
        end = api.prefix_end(operation.prefix)
        kvs, count = self.mvcc.scan(first or "\0", end, operation.revision, limit)
        more = 0 < operation.limit < len(kvs)
        if more:
            kvs.pop()
        return StoreAnswer(token, self.mvcc.revision, kvs=tuple(kvs), more=more, count=count)

    def _grant(self, ttl_s: int, token: int) -> StoreAnswer:
        lease = self.mvcc.lessor.grant(ttl_s)
        ends = LeaseEnds(lease.id)
        self._lease_timers[lease.id] = self.loop.after(lease.ttl_s * 1000, self.name, ends, background=True)
        return StoreAnswer(token, self.mvcc.revision, lease=lease.id)

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


def _size(value: Any) -> int:
    """About how many bytes a value takes; marshal is the fastest measure at hand, its numbers are close to JSON's."""
    return len(value) if isinstance(value, str | bytes) else len(marshal.dumps(value, 2))
