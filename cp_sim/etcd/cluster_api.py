"""The requests and answers of etcd's Cluster service, and of the transfer of the lead, as records.

*In Kubernetes:* `etcdserverpb.Cluster`, what `etcdctl member` and kubeadm ask when a control plane joins or leaves.
*Simplified:* a member is known by its name; the real one by a number made from its addresses.

Source: etcd `api/etcdserverpb/rpc.proto`, `api/v3rpc/rpctypes/error.go`.
"""

from __future__ import annotations

import hashlib

from cp_sim.etcd.api import EtcdError
from cp_sim.sim import immutable


@immutable
class MemberInfo:
    """What the group knows of a member: its peers' way to it, whether it only learns, whether it has started."""

    name: str
    peer_urls: tuple[str, ...] = ()
    learner: bool = False
    started: bool = True


@immutable
class MemberListRequest:
    """Who belongs to the group; `serializable` asks only for what the member itself knows."""

    serializable: bool = False


@immutable
class MemberListResponse:
    """The members, by name."""

    members: tuple[MemberInfo, ...]


@immutable
class MemberAddRequest:
    """Let `member` belong to the group; it is started afterwards."""

    member: str
    peer_urls: tuple[str, ...] = ()
    learner: bool = False


@immutable
class MemberRemoveRequest:
    """Let `member` belong to the group no more; it ends."""

    member: str


@immutable
class MemberUpdateRequest:
    """Note other addresses of `member`."""

    member: str
    peer_urls: tuple[str, ...]


@immutable
class MemberPromoteRequest:
    """Let a learner become a voter."""

    member: str


@immutable
class MemberResponse:
    """The member that was added, removed, updated or promoted, and all members afterwards."""

    member: MemberInfo
    members: tuple[MemberInfo, ...]


@immutable
class MoveLeaderRequest:
    """Hand the lead over to `target`; only the leader can be asked."""

    target: str


@immutable
class MoveLeaderResponse:
    """The target leads."""


@immutable
class Publish:
    """A new member tells the group that it has started.

    *In Kubernetes:* etcd's ClusterMemberAttrSetRequest.
    """

    member: str


def member_id(name: str) -> int:
    """The number by which etcd's clients know a member, the same on every machine; etcd's own is a hash too."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")


def member_not_found() -> EtcdError:
    """There is no such member."""
    return EtcdError("NOT_FOUND", "etcdserver: member not found")


def member_exists() -> EtcdError:
    """There is such a member already."""
    return EtcdError("FAILED_PRECONDITION", "etcdserver: member ID already exist")


def peer_url_exists() -> EtcdError:
    """Another member has that address."""
    return EtcdError("FAILED_PRECONDITION", "etcdserver: Peer URLs already exists")


def bad_urls() -> EtcdError:
    """No address was given."""
    return EtcdError("INVALID_ARGUMENT", "etcdserver: given member URLs are invalid")


def not_enough_started() -> EtcdError:
    """After the change fewer members would run than a majority needs."""
    return EtcdError("FAILED_PRECONDITION", "etcdserver: re-configuration failed due to not enough started members")


def unhealthy() -> EtcdError:
    """Members are down, so that the change would put the majority at risk."""
    return EtcdError("UNAVAILABLE", "etcdserver: unhealthy cluster")


def not_a_learner() -> EtcdError:
    """It is a voter already."""
    return EtcdError("FAILED_PRECONDITION", "etcdserver: can only promote a learner member")


def learner_not_ready() -> EtcdError:
    """The learner lags."""
    text = "etcdserver: can only promote a learner member which is in sync with leader"
    return EtcdError("FAILED_PRECONDITION", text)


def too_many_learners() -> EtcdError:
    """One learner at a time."""
    return EtcdError("FAILED_PRECONDITION", "etcdserver: too many learner members in cluster")


def not_leader() -> EtcdError:
    """Only the leader can do that."""
    return EtcdError("FAILED_PRECONDITION", "etcdserver: not leader")


def bad_transferee() -> EtcdError:
    """The lead cannot go there."""
    return EtcdError("FAILED_PRECONDITION", "etcdserver: bad leader transferee")
