"""etcd's requests about leases, members and upkeep, put to a real etcd: the records of `lease_api.py`, `maintenance.py`
and `cluster_api.py` as messages, and the answers as records.

Members are known by name here; a real etcd's number for an alarm's member is kept as text.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cp_sim.etcd.api import EtcdError
from cp_sim.etcd.cluster_api import MemberInfo, MemberListRequest, MemberListResponse
from cp_sim.etcd.lease_api import (
    LeaseGrantRequest,
    LeaseGrantResponse,
    LeaseKeepAliveRequest,
    LeaseKeepAliveResponse,
    LeaseLeasesRequest,
    LeaseLeasesResponse,
    LeaseRevokeRequest,
    LeaseRevokeResponse,
    LeaseTimeToLiveRequest,
    LeaseTimeToLiveResponse,
)
from cp_sim.etcd.maintenance import (
    Alarm,
    AlarmRequest,
    AlarmResponse,
    CompactionRequest,
    CompactionResponse,
    DefragmentRequest,
    DefragmentResponse,
    HashKVRequest,
    HashKVResponse,
    StatusRequest,
    StatusResponse,
)
from cp_sim.etcd.real.connection import Connection
from cp_sim.etcd.wire import values
from cp_sim.etcd.wire.messages import Message, enum, enum_name, make


def ask(connection: Connection, request: Any, below: str) -> Any:
    """The answer to a request that is not about keys; keys that hang on a lease lie `below` a prefix.

    Raises:
        StoreAway: etcd does not answer.
        EtcdError: it refuses, or the adapter has no words for the request.
    """
    if isinstance(request, LeaseTimeToLiveRequest):
        return _time_to_live(connection, request, below)
    if isinstance(request, LeaseKeepAliveRequest):
        answer = connection.call_once("LeaseKeepAlive", make("LeaseKeepAliveRequest", ID=request.id))
        return LeaseKeepAliveResponse(answer.header.revision, answer.ID, answer.TTL)
    found = _ASK.get(type(request))
    if found is None:
        what = type(request).__name__.removesuffix("Request")
        raise EtcdError("UNIMPLEMENTED", f"a real etcd is not asked for {what} from here: ask it with etcdctl")
    method, message, record = found
    return record(connection.call(method, message(request)))


def _time_to_live(connection: Connection, request: LeaseTimeToLiveRequest, below: str) -> LeaseTimeToLiveResponse:
    message = make("LeaseTimeToLiveRequest", ID=request.id, keys=request.keys)
    answer = connection.call("LeaseTimeToLive", message)
    keys = tuple(values.key_text(key).removeprefix(below) for key in answer.keys)
    return LeaseTimeToLiveResponse(answer.header.revision, answer.ID, answer.TTL, answer.grantedTTL, keys)


def _alarm_message(request: AlarmRequest) -> Message:
    return make(
        "AlarmRequest",
        action=enum("AlarmAction", request.action),
        memberID=int(request.member or 0),
        alarm=enum("AlarmType", request.alarm) if request.alarm else 0,
    )


def _alarms(answer: Message) -> AlarmResponse:
    alarms = [Alarm(str(one.memberID), enum_name("AlarmType", one.alarm)) for one in answer.alarms]
    return AlarmResponse(answer.header.revision, tuple(alarms))


def _status(answer: Message) -> StatusResponse:
    return StatusResponse(
        answer.header.revision,
        str(answer.header.member_id),
        answer.version,
        answer.dbSize,
        answer.dbSizeInUse,
        answer.dbSizeQuota,
        str(answer.leader or ""),
        answer.raftTerm,
        answer.raftIndex,
        answer.raftAppliedIndex,
        answer.isLearner,
        tuple(answer.errors),
    )


def _members(answer: Message) -> MemberListResponse:
    infos = [MemberInfo(one.name, tuple(one.peerURLs), one.isLearner, bool(one.name)) for one in answer.members]
    return MemberListResponse(tuple(infos))


# For each request: the method, the message, and the record of its answer.
_ASK: dict[type, tuple[str, Callable[[Any], Message], Callable[[Message], Any]]] = {
    CompactionRequest: (
        "Compact",
        lambda request: make("CompactionRequest", revision=request.revision, physical=request.physical),
        lambda answer: CompactionResponse(answer.header.revision),
    ),
    LeaseGrantRequest: (
        "LeaseGrant",
        lambda request: make("LeaseGrantRequest", TTL=request.ttl, ID=request.id),
        lambda answer: LeaseGrantResponse(answer.header.revision, answer.ID, answer.TTL),
    ),
    LeaseRevokeRequest: (
        "LeaseRevoke",
        lambda request: make("LeaseRevokeRequest", ID=request.id),
        lambda answer: LeaseRevokeResponse(answer.header.revision),
    ),
    LeaseLeasesRequest: (
        "LeaseLeases",
        lambda _: make("LeaseLeasesRequest"),
        lambda answer: LeaseLeasesResponse(answer.header.revision, tuple(sorted(one.ID for one in answer.leases))),
    ),
    AlarmRequest: ("Alarm", _alarm_message, _alarms),
    StatusRequest: ("Status", lambda _: make("StatusRequest"), _status),
    HashKVRequest: (
        "HashKV",
        lambda request: make("HashKVRequest", revision=request.revision),
        lambda answer: HashKVResponse(
            answer.header.revision, answer.hash, answer.compact_revision, answer.hash_revision
        ),
    ),
    DefragmentRequest: (
        "Defragment",
        lambda _: make("DefragmentRequest"),
        lambda answer: DefragmentResponse(answer.header.revision),
    ),
    MemberListRequest: ("MemberList", lambda _: make("MemberListRequest"), _members),
}
