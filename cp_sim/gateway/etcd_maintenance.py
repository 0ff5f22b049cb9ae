"""The methods of etcd's service Maintenance: what `etcdctl endpoint status`, `alarm`, `defrag`, `snapshot` and
`move-leader` ask.

What concerns the group (alarms, the lead) is asked of the member; what a member tells of itself alone is looked up.

*In Kubernetes:* etcd's `server/etcdserver/api/v3rpc/maintenance.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cp_sim.etcd import api, cluster_api
from cp_sim.etcd.cluster_api import MoveLeaderRequest
from cp_sim.etcd.maintenance import AlarmRequest
from cp_sim.etcd.snapshot import snapshot_of
from cp_sim.etcd.wire.messages import Message, enum, enum_name, make
from cp_sim.gateway.etcd_services import asked, name_of
from cp_sim.gateway.member import Member, id_of

# The etcd that Kubernetes v1.36 is released with is of this line.  Source: kubernetes `build/dependencies.yaml`.
VERSION = "3.6.8"
CHUNK_BYTES = 32 * 1024
NO_LEADER = "etcdserver: no leader"


def status(member: Member, _message: Message) -> Message:
    """How the member is: its size, its place in the log, who leads, and which alarms it knows of."""
    with member.turn:
        actor = member.actor
        node, mvcc = actor.node, actor.mvcc
        errors = [] if node.leader else [NO_LEADER]
        errors += [f"memberID:{id_of(one.member)} alarm:{one.alarm} " for one in actor.applier.alarms]
        return make(
            "StatusResponse",
            header=member.header(mvcc.revision),
            version=VERSION,
            storageVersion=VERSION.rpartition(".")[0] + ".0",
            dbSize=mvcc.size_bytes,
            dbSizeInUse=mvcc.in_use_bytes,
            dbSizeQuota=actor.applier.quota_bytes,
            leader=id_of(node.leader) if node.leader else 0,
            raftIndex=node.commit,
            raftAppliedIndex=node.applied,
            raftTerm=node.term,
            isLearner=node.is_learner,
            errors=errors,
        )


def alarm(member: Member, message: Message) -> Message:
    """List, raise or disarm alarms."""
    kind = enum_name("AlarmType", message.alarm) if message.alarm else ""
    who = name_of(member, message.memberID) if message.memberID else ""
    done = asked(member, AlarmRequest(enum_name("AlarmAction", message.action), who, kind))
    alarms = [
        make("AlarmMember", memberID=id_of(one.member), alarm=enum("AlarmType", one.alarm)) for one in done.alarms
    ]
    return make("AlarmResponse", header=member.header(done.revision), alarms=alarms)


def defragment(member: Member, _message: Message) -> Message:
    """Let the member's file shrink to what is in use."""
    with member.turn:
        member.mvcc.defragment()
    return make("DefragmentResponse")


def hash_(member: Member, _message: Message) -> Message:
    """A checksum of everything the member holds."""
    with member.turn:
        number, _, revision = member.mvcc.hash_kv()
        return make("HashResponse", header=member.header(revision), hash=number)


def hash_kv(member: Member, message: Message) -> Message:
    """A checksum of what can be read up to a revision."""
    with member.turn:
        number, compacted, revision = member.mvcc.hash_kv(max(0, message.revision))
        head = member.header(member.mvcc.revision)
        return make("HashKVResponse", header=head, hash=number, compact_revision=compacted, hash_revision=revision)


def snapshot(member: Member, _message: Message) -> Iterator[Message]:
    """The member's data as a file, in pieces; its last 32 bytes are the SHA-256 of the rest, as in etcd's."""
    with member.turn:
        data = snapshot_of(member.actor.applier, member.cluster.clock.now_ms).to_bytes()
        head = member.header(member.mvcc.revision)
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
