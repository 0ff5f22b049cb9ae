"""The methods of etcd's service Maintenance: what `etcdctl endpoint status`, `alarm`, `defrag`, `snapshot` and
`move-leader` ask.

*In Kubernetes:* etcd's `server/etcdserver/api/v3rpc/maintenance.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cp_sim.etcd import api, cluster_api
from cp_sim.etcd.cluster_api import MoveLeaderRequest, member_id
from cp_sim.etcd.maintenance import AlarmRequest, DefragmentRequest, HashKVRequest, SnapshotRequest, StatusRequest
from cp_sim.etcd.reporting import VERSION
from cp_sim.etcd.wire.messages import Message, enum, enum_name, make
from cp_sim.gateway.etcd_services import asked, name_of
from cp_sim.gateway.member import Member

CHUNK_BYTES = 32 * 1024
ALARM = "memberID:"


def status(member: Member, _message: Message) -> Message:
    """How the member is: its size, its place in the log, who leads, and which alarms it knows of."""
    found = asked(member, StatusRequest())
    return make(
        "StatusResponse",
        header=member.header(found.revision),
        version=found.version,
        storageVersion=found.version.rpartition(".")[0] + ".0",
        dbSize=found.db_size,
        dbSizeInUse=found.db_size_in_use,
        dbSizeQuota=found.db_size_quota,
        leader=member_id(found.leader) if found.leader else 0,
        raftIndex=found.raft_index,
        raftAppliedIndex=found.raft_applied_index,
        raftTerm=found.raft_term,
        isLearner=found.learner,
        errors=[_with_id(error) for error in found.errors],
    )


def _with_id(error: str) -> str:
    """An alarm's text with the number of its member; etcd's own ends with a space."""
    if not error.startswith(ALARM):
        return error
    name, _, kind = error.removeprefix(ALARM).partition(" ")
    return f"{ALARM}{member_id(name)} {kind} "


def alarm(member: Member, message: Message) -> Message:
    """List, raise or disarm alarms."""
    kind = enum_name("AlarmType", message.alarm) if message.alarm else ""
    who = name_of(member, message.memberID) if message.memberID else ""
    done = asked(member, AlarmRequest(enum_name("AlarmAction", message.action), who, kind))
    alarms = [
        make("AlarmMember", memberID=member_id(one.member), alarm=enum("AlarmType", one.alarm)) for one in done.alarms
    ]
    return make("AlarmResponse", header=member.header(done.revision), alarms=alarms)


def defragment(member: Member, _message: Message) -> Message:
    """Let the member's file shrink to what is in use."""
    asked(member, DefragmentRequest())
    return make("DefragmentResponse")


def hash_(member: Member, _message: Message) -> Message:
    """A checksum of everything the member holds."""
    found = asked(member, HashKVRequest())
    return make("HashResponse", header=member.header(found.revision), hash=found.hash)


def hash_kv(member: Member, message: Message) -> Message:
    """A checksum of what can be read up to a revision."""
    found = asked(member, HashKVRequest(max(0, message.revision)))
    return make(
        "HashKVResponse",
        header=member.header(found.revision),
        hash=found.hash,
        compact_revision=found.compact_revision,
        hash_revision=found.hash_revision,
    )


def snapshot(member: Member, _message: Message) -> Iterator[Message]:
    """The member's data as a file, in pieces; its last 32 bytes are the SHA-256 of the rest, as in etcd's."""
    found = asked(member, SnapshotRequest())
    data, head = found.snapshot.to_bytes(), member.header(found.revision)
    for start in range(0, len(data), CHUNK_BYTES):
        piece = data[start : start + CHUNK_BYTES]
        left = len(data) - start - len(piece)
        yield make("SnapshotResponse", header=head, remaining_bytes=left, blob=piece, version=VERSION)


def move_leader(member: Member, message: Message) -> Message:
    """Hand the lead over."""
    try:
        target = name_of(member, message.targetID)
    except api.EtcdError:
        raise cluster_api.bad_transferee() from None
    asked(member, MoveLeaderRequest(target))
    with member.turn:
        return make("MoveLeaderResponse", header=member.header(member.mvcc.revision))


UNARY: dict[str, Callable[[Member, Message], Message]] = {
    "Status": status,
    "Alarm": alarm,
    "Defragment": defragment,
    "Hash": hash_,
    "HashKV": hash_kv,
    "MoveLeader": move_leader,
}
