"""The methods of etcd's services KV, Lease and Cluster: a message comes in, a request goes to the member, a message
goes out.

Each method is a function of the member and the message; what the store refuses is raised as `EtcdError` and leaves
with etcd's own code and text.

*In Kubernetes:* etcd's `server/etcdserver/api/v3rpc`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from cp_sim.etcd import api, cluster_api
from cp_sim.etcd.api import EtcdError
from cp_sim.etcd.cluster_api import (
    MemberAddRequest,
    MemberInfo,
    MemberListRequest,
    MemberPromoteRequest,
    MemberRemoveRequest,
    MemberUpdateRequest,
    member_id,
)
from cp_sim.etcd.lease_api import (
    LeaseGrantRequest,
    LeaseKeepAliveRequest,
    LeaseLeasesRequest,
    LeaseRevokeRequest,
    LeaseTimeToLiveRequest,
)
from cp_sim.etcd.maintenance import CompactionRequest
from cp_sim.etcd.wire import convert, values
from cp_sim.etcd.wire.messages import Message, make
from cp_sim.gateway.member import Member

# Source: etcd `server/embed/config.go`, DefaultMaxRequestBytes.
REQUEST_LIMIT_BYTES = 3 * 512 * 1024

Unary = Callable[[Member, Message], Message]


def asked(member: Member, operation: Any) -> Any:
    """The member's answer to a request of etcd's API.

    Raises:
        EtcdError: it was refused.
        Unreachable: the member is down.
    """
    answer = member.ask(operation)
    if answer.error:
        raise EtcdError(answer.code, answer.error)
    return answer.response


# -- KV --------------------------------------------------------------------------------------------------------------


def key_value(member: Member, message: Message) -> Message:
    """Range, Put, DeleteRange and Txn."""
    if message.ByteSize() > REQUEST_LIMIT_BYTES:
        raise api.request_too_large()
    done = asked(member, convert.request_record(message))
    return convert.response_message(done, member.header(done.revision))


def compact(member: Member, message: Message) -> Message:
    """Compact; the room is given back as the loop goes on, also if `physical` was asked for."""
    done = asked(member, CompactionRequest(message.revision, message.physical))
    return make("CompactionResponse", header=member.header(done.revision))


# -- Lease -----------------------------------------------------------------------------------------------------------


def lease_grant(member: Member, message: Message) -> Message:
    """Make a lease."""
    done = asked(member, LeaseGrantRequest(message.TTL, message.ID))
    return make("LeaseGrantResponse", header=member.header(done.revision), ID=done.id, TTL=done.ttl)


def lease_revoke(member: Member, message: Message) -> Message:
    """End a lease."""
    done = asked(member, LeaseRevokeRequest(message.ID))
    return make("LeaseRevokeResponse", header=member.header(done.revision))


def lease_keep_alive(member: Member, messages: Iterator[Message]) -> Iterator[Message]:
    """Begin leases anew, one message after the other."""
    for message in messages:
        done = asked(member, LeaseKeepAliveRequest(message.ID))
        yield make("LeaseKeepAliveResponse", header=member.header(done.revision), ID=done.id, TTL=done.ttl)


def lease_time_to_live(member: Member, message: Message) -> Message:
    """What a lease has left."""
    done = asked(member, LeaseTimeToLiveRequest(message.ID, message.keys))
    return make(
        "LeaseTimeToLiveResponse",
        header=member.header(done.revision),
        ID=done.id,
        TTL=done.ttl,
        grantedTTL=done.granted_ttl,
        keys=[values.key_bytes(key) for key in done.keys],
    )


def lease_leases(member: Member, _message: Message) -> Message:
    """Which leases there are."""
    done = asked(member, LeaseLeasesRequest())
    leases = [make("LeaseStatus", ID=lease) for lease in done.leases]
    return make("LeaseLeasesResponse", header=member.header(done.revision), leases=leases)


# -- Cluster ---------------------------------------------------------------------------------------------------------


def name_of(member: Member, number: int) -> str:
    """The member that clients know by a number.

    Raises:
        EtcdError: there is none.
    """
    with member.turn:
        for info in member.actor.roster():
            if member_id(info.name) == number:
                return str(info.name)
    raise cluster_api.member_not_found()


def member_list(member: Member, message: Message) -> Message:
    """Who the members are, and where the gateway serves them."""
    done = asked(member, MemberListRequest(not message.linearizable))
    return make("MemberListResponse", header=_head(member), members=_members(member, done.members))


def member_add(member: Member, message: Message) -> Message:
    """Let one more belong to the group; its name is the host of its peer address, for clients do not send one."""
    name = (urlsplit(message.peerURLs[0]).hostname or "") if message.peerURLs else ""
    done = asked(member, MemberAddRequest(name, tuple(message.peerURLs), message.isLearner))
    added = _members(member, (done.member,))[0]
    return make("MemberAddResponse", header=_head(member), member=added, members=_members(member, done.members))


def member_remove(member: Member, message: Message) -> Message:
    """Let one belong to the group no more."""
    done = asked(member, MemberRemoveRequest(name_of(member, message.ID)))
    return make("MemberRemoveResponse", header=_head(member), members=_members(member, done.members))


def member_update(member: Member, message: Message) -> Message:
    """Note another address of a member."""
    done = asked(member, MemberUpdateRequest(name_of(member, message.ID), tuple(message.peerURLs)))
    return make("MemberUpdateResponse", header=_head(member), members=_members(member, done.members))


def member_promote(member: Member, message: Message) -> Message:
    """Let a learner become a voter."""
    done = asked(member, MemberPromoteRequest(name_of(member, message.ID)))
    return make("MemberPromoteResponse", header=_head(member), members=_members(member, done.members))


def _head(member: Member) -> Message:
    # These answers have no revision: they are about the group, not about its keys.
    with member.turn:
        return member.header(0)


def _members(member: Member, infos: Sequence[MemberInfo]) -> list[Message]:
    return [
        make(
            "Member",
            ID=member_id(info.name),
            name=info.name if info.started else "",
            peerURLs=info.peer_urls,
            clientURLs=[member.served[info.name]] if info.started and info.name in member.served else [],
            isLearner=info.learner,
        )
        for info in infos
    ]


UNARY: dict[str, Unary] = {
    "Range": key_value,
    "Put": key_value,
    "DeleteRange": key_value,
    "Txn": key_value,
    "Compact": compact,
    "LeaseGrant": lease_grant,
    "LeaseRevoke": lease_revoke,
    "LeaseTimeToLive": lease_time_to_live,
    "LeaseLeases": lease_leases,
    "MemberList": member_list,
    "MemberAdd": member_add,
    "MemberRemove": member_remove,
    "MemberUpdate": member_update,
    "MemberPromote": member_promote,
}
