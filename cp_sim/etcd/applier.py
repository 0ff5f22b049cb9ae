"""What a committed entry meets: the store as a deterministic machine, one write after the other.

Every member of a cluster applies the same entries in the same order and holds the same data afterwards; nothing here
knows of time, messages or other members. Time comes in with the entry (`now_ms`, only leases look at it), lease ids
are chosen before an entry is proposed, and values are shared between members, never edited.

*In Kubernetes:* etcd's applier (`server/etcdserver/apply.go`) with the quota around it (`quotaApplierV3`,
`applierV3Capped`); both the shapes in which the API server uses etcd (`store.py`) and etcd's own requests are taken.

*Simplified:* no users and roles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cp_sim.etcd import api, requests
from cp_sim.etcd.lease_api import (
    LeaseGrantRequest,
    LeaseGrantResponse,
    LeaseLeasesRequest,
    LeaseLeasesResponse,
    LeaseRevokeRequest,
    LeaseRevokeResponse,
    LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse,
)
from cp_sim.etcd.maintenance import (
    ACTIVATE,
    CORRUPT,
    DEACTIVATE,
    GET,
    NOSPACE,
    Alarm,
    AlarmRequest,
    AlarmResponse,
    CompactionRequest,
    CompactionResponse,
)
from cp_sim.etcd.mvcc import Mvcc
from cp_sim.etcd.quota import DEFAULT_QUOTA_BYTES, cost
from cp_sim.etcd.store import Compact, Delete, Get, Grant, List, Put, Revoke, StoreAnswer

# More than any request may ask for: as long as so much is left, nobody need look closer.
LARGEST_BYTES = 4 * 1024**2


class Applier:
    """A member's data: the key space, its leases and alarms, and how much room they may take.

    `quota_bytes` of 0 means etcd's default of 2 GiB.
    """

    def __init__(self, quota_bytes: int = 0) -> None:
        self.mvcc = Mvcc()
        self.quota_bytes = quota_bytes or DEFAULT_QUOTA_BYTES
        self.alarms: dict[Alarm, None] = {}

    # -- room -----------------------------------------------------------------------------------------------------

    def has_room_for(self, operation: Any) -> bool:
        """Whether the write fits the quota; one that only reads, deletes or compacts always does.

        Whoever takes a request asks this first, refuses what does not fit, and proposes the alarm.
        """
        if self.mvcc.size_bytes + LARGEST_BYTES < self.quota_bytes:
            return True
        needed = cost(operation)
        return not needed or self.mvcc.size_bytes + needed < self.quota_bytes

    def is_alarmed(self, alarm: str) -> bool:
        """Whether any member has raised an alarm of that kind, `NOSPACE` or `CORRUPT`."""
        return any(raised.alarm == alarm for raised in self.alarms)

    # -- writing --------------------------------------------------------------------------------------------------

    def apply(self, operation: Any, now_ms: int = 0, token: int = 0) -> Any:
        """Carry out a committed write; a shape of `store.py` is answered by a `StoreAnswer` with `token`, a request of
        etcd's API by its response.

        Raises:
            EtcdError: it was refused, and nothing has changed; or there is no room left on this member, in which case
                it was carried out nevertheless, so that all members stay equal.
            TypeError: this is no write.
        """
        write = _WRITES.get(type(operation))
        if write is None:
            raise TypeError(f"the store cannot apply {type(operation).__name__}")
        fits = self.has_room_for(operation)
        if self.alarms:
            self._refuse_if_alarmed(operation)
        result = write(self, operation, now_ms, token)
        if not fits:
            raise api.no_space()
        return result

    def _refuse_if_alarmed(self, operation: Any) -> None:
        if self.is_alarmed(CORRUPT) and not isinstance(operation, AlarmRequest):
            raise api.corrupt()
        if self.is_alarmed(NOSPACE) and cost(operation):
            raise api.no_space()

    def _put(self, operation: Put, _now_ms: int, token: int) -> StoreAnswer:
        mvcc = self.mvcc
        if operation.expect is not None:
            old = mvcc.get(operation.key)
            if (old.mod_revision if old is not None else 0) != operation.expect:
                return StoreAnswer(token, mvcc.revision, False, kv=old)
        kv = mvcc.put(operation.key, operation.value, operation.lease)
        return StoreAnswer(token, mvcc.revision, kv=kv)

    def _delete(self, operation: Delete, _now_ms: int, token: int) -> StoreAnswer:
        mvcc = self.mvcc
        old = mvcc.get(operation.key)
        if old is None or (operation.expect is not None and old.mod_revision != operation.expect):
            return StoreAnswer(token, mvcc.revision, False, kv=old)
        mvcc.delete(operation.key)
        return StoreAnswer(token, mvcc.revision, kv=old)

    def _compact(self, operation: Compact, _now_ms: int, token: int) -> StoreAnswer:
        self.mvcc.compact(operation.revision)
        return StoreAnswer(token, self.mvcc.revision)

    def _grant(self, operation: Grant, now_ms: int, token: int) -> StoreAnswer:
        lease = self.mvcc.lessor.grant(operation.ttl_s, operation.lease, now_ms)
        return StoreAnswer(token, self.mvcc.revision, lease=lease.id)

    def _revoke(self, operation: Revoke, _now_ms: int, token: int) -> StoreAnswer:
        return StoreAnswer(token, self.mvcc.revoke(operation.lease))

    def _request(self, request: api.RequestOp, _now_ms: int, _token: int) -> api.ResponseOp:
        return requests.answer(self.mvcc, request)

    def _compaction(self, request: CompactionRequest, _now_ms: int, _token: int) -> CompactionResponse:
        self.mvcc.compact(request.revision)
        return CompactionResponse(self.mvcc.revision)

    def _lease_grant(self, request: LeaseGrantRequest, now_ms: int, _token: int) -> LeaseGrantResponse:
        lease = self.mvcc.lessor.grant(request.ttl, request.id, now_ms)
        return LeaseGrantResponse(self.mvcc.revision, lease.id, lease.ttl_s)

    def _lease_revoke(self, request: LeaseRevokeRequest, _now_ms: int, _token: int) -> LeaseRevokeResponse:
        return LeaseRevokeResponse(self.mvcc.revoke(request.id))

    def _alarm(self, request: AlarmRequest, _now_ms: int, _token: int) -> AlarmResponse:
        if request.action == ACTIVATE:
            raised = Alarm(request.member, request.alarm)
            self.alarms[raised] = None
            return AlarmResponse(self.mvcc.revision, (raised,))
        if request.action == DEACTIVATE:
            meant = Alarm(request.member, request.alarm)
            disarmed = (meant,) if meant in self.alarms else ()
            self.alarms.pop(meant, None)
            return AlarmResponse(self.mvcc.revision, disarmed)
        return AlarmResponse(self.mvcc.revision, tuple(a for a in self.alarms if request.alarm in ("", a.alarm)))

    # -- reading --------------------------------------------------------------------------------------------------

    def read(self, operation: Any, now_ms: int = 0, token: int = 0) -> Any:
        """Answer what changes nothing, as `apply` answers a write: reads, txns without a write, questions about leases
        and alarms.

        Raises:
            EtcdError: it was refused.
            TypeError: this is no read.
        """
        if self.alarms and self.is_alarmed(CORRUPT) and not isinstance(operation, AlarmRequest):
            raise api.corrupt()
        if not is_read(operation):
            raise TypeError(f"the store cannot read by {type(operation).__name__}")
        return _READS[type(operation)](self, operation, now_ms, token)

    def _get(self, operation: Get, _now_ms: int, token: int) -> StoreAnswer:
        found, _ = self.mvcc.scan(operation.key, "", operation.revision)
        return StoreAnswer(token, self.mvcc.revision, kv=found[0] if found else None)

    def _list(self, operation: List, _now_ms: int, token: int) -> StoreAnswer:
        first = max(operation.start, operation.prefix)
        limit = operation.limit + 1 if operation.limit else 0
        end = api.prefix_end(operation.prefix)
        kvs, count = self.mvcc.scan(first or "\0", end, operation.revision, limit)
        more = 0 < operation.limit < len(kvs)
        if more:
            kvs.pop()
        return StoreAnswer(token, self.mvcc.revision, kvs=tuple(kvs), more=more, count=count)

    def _leases(self, _request: LeaseLeasesRequest, _now_ms: int, _token: int) -> LeaseLeasesResponse:
        return LeaseLeasesResponse(self.mvcc.revision, tuple(sorted(self.mvcc.lessor.leases)))

    def _time_to_live(self, request: LeaseTimeToLiveRequest, now_ms: int, _token: int) -> LeaseTimeToLiveResponse:
        revision, lease = self.mvcc.revision, self.mvcc.lessor.leases.get(request.id)
        if lease is None:
            return LeaseTimeToLiveResponse(revision, request.id, -1)
        left_s = max(0, lease.expires_ms - now_ms) // 1000
        keys = tuple(sorted(lease.keys)) if request.keys else ()
        return LeaseTimeToLiveResponse(revision, request.id, left_s, lease.ttl_s, keys)


def is_read(operation: Any) -> bool:
    """Whether the operation changes nothing, so that it need not go through the log.

    Source: etcd `server/etcdserver/v3_server.go`, isTxnReadonly: a txn is a read if both branches only range.
    """
    if type(operation) is Put:
        return False
    if isinstance(operation, api.TxnRequest):
        return all(
            isinstance(inner, api.RangeRequest) for branch in (operation.success, operation.failure) for inner in branch
        )
    if isinstance(operation, AlarmRequest):
        return operation.action == GET
    return type(operation) in _READS


_WRITES: dict[type, Callable[..., Any]] = {
    Put: Applier._put,
    Delete: Applier._delete,
    Compact: Applier._compact,
    Grant: Applier._grant,
    Revoke: Applier._revoke,
    api.PutRequest: Applier._request,
    api.DeleteRangeRequest: Applier._request,
    api.TxnRequest: Applier._request,
    CompactionRequest: Applier._compaction,
    LeaseGrantRequest: Applier._lease_grant,
    LeaseRevokeRequest: Applier._lease_revoke,
    AlarmRequest: Applier._alarm,
}
_READS: dict[type, Callable[..., Any]] = {
    Get: Applier._get,
    List: Applier._list,
    api.RangeRequest: Applier._request,
    api.TxnRequest: Applier._request,
    AlarmRequest: Applier._alarm,
    LeaseLeasesRequest: Applier._leases,
    LeaseTimeToLiveRequest: Applier._time_to_live,
}
